//! Animated GIF, WebP and PNG: decoded frame by frame, composited as their format says.

use std::{io::Cursor, ops::ControlFlow};

use image::{
    AnimationDecoder, DynamicImage, Frames, ImageDecoder, ImageFormat, Limits, RgbaImage,
    codecs::{gif::GifDecoder, png::PngDecoder, webp::WebPDecoder},
};
use tokio::sync::mpsc;

use super::{ClipFacts, ClipFrame, MOST_FRAMES, cuts::CutFinder};
use crate::image::{
    error::{ImageError, ImageErrorKind},
    load::LoadLimits,
};

/// The pixels of all frames together that are decoded at most: a minute or so of work.
const MOST_PIXELS: u64 = 10_000_000_000;
/// Delays below this are taken for [`USUAL_DELAY`], as browsers do.
const SHORTEST_DELAY: f64 = 0.015;
/// In seconds.
const USUAL_DELAY: f64 = 0.1;

/// The bytes of an animated picture.
pub(super) struct Animation {
    bytes: Vec<u8>,
    format: ImageFormat,
}

impl std::fmt::Debug for Animation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Animation").field("format", &self.format).field("bytes", &self.bytes.len()).finish()
    }
}

/// A frame while it is looked at.
struct Shown {
    start: f64,
    end: f64,
    pixels: RgbaImage,
}

impl Animation {
    /// The animation in these bytes, if there is more than one frame.
    pub(super) fn of(bytes: Vec<u8>) -> Option<Self> {
        let format = image::guess_format(&bytes).ok()?;
        let animated = match format {
            // Only its frames tell; two are decoded.
            ImageFormat::Gif => frames(&bytes, format).ok()?.take(2).flatten().count() == 2,
            ImageFormat::WebP => WebPDecoder::new(Cursor::new(&bytes)).ok()?.has_animation(),
            ImageFormat::Png => PngDecoder::new(Cursor::new(&bytes)).ok()?.is_apng().ok()?,
            _ => false,
        };
        animated.then_some(Self { bytes, format })
    }

    /// Its length; decodes everything.
    pub(super) fn facts(&self) -> Result<ClipFacts, ImageError> {
        let (mut frames, mut duration) = (0_u64, 0.0);
        self.scan(|shown| {
            frames += 1;
            duration = shown.end;
            ControlFlow::Continue(())
        })?;
        Ok(ClipFacts { duration, frames, fps: frames as f64 / duration })
    }

    /// The cuts between `start` and `end`; stops when nobody listens to `alive`.
    pub(super) fn cuts(&self, start: f64, end: f64, alive: &mpsc::Sender<()>) -> Result<Vec<(f64, f32)>, ImageError> {
        let mut finder = CutFinder::default();
        self.scan(|shown| {
            if shown.start >= end || alive.is_closed() {
                return ControlFlow::Break(());
            }
            if shown.end > start {
                finder.look_at(shown.start, &DynamicImage::ImageRgba8(shown.pixels));
            }
            ControlFlow::Continue(())
        })?;
        Ok(finder.found())
    }

    /// Sends the frame of each of these rising times.
    pub(super) fn send(&self, times: &[f64], to: &mpsc::Sender<ClipFrame>) -> Result<(), ImageError> {
        let mut times = times.iter().copied().peekable();
        self.scan(|shown| {
            let Some(time) = times.next_if(|time| *time < shown.end) else {
                return if to.is_closed() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) };
            };
            while times.next_if(|time| *time < shown.end).is_some() {}
            let frame = ClipFrame { time, pixels: DynamicImage::ImageRgba8(shown.pixels) };
            if to.blocking_send(frame).is_err() || times.peek().is_none() {
                ControlFlow::Break(())
            } else {
                ControlFlow::Continue(())
            }
        })
    }

    /// Decodes frame after frame, in order. Damage after the first frame ends the animation there.
    fn scan(&self, mut visit: impl FnMut(Shown) -> ControlFlow<()>) -> Result<(), ImageError> {
        let (mut clock, mut pixels) = (0.0, 0_u64);
        for (index, frame) in (0..MOST_FRAMES).zip(frames(&self.bytes, self.format)?) {
            let frame = match frame {
                Ok(frame) => frame,
                Err(error) if index > 0 => {
                    tracing::warn!(%error, index, "the animation is damaged; it ends before this frame");
                    return Ok(());
                }
                Err(error) => return Err(damaged(error)),
            };
            let (numerator, denominator) = frame.delay().numer_denom_ms();
            let delay = f64::from(numerator) / f64::from(denominator.max(1)) / 1000.0;
            let end = clock + if delay < SHORTEST_DELAY { USUAL_DELAY } else { delay };
            let buffer = frame.into_buffer();
            pixels += u64::from(buffer.width()) * u64::from(buffer.height());
            let shown = Shown { start: clock, end, pixels: buffer };
            if visit(shown).is_break() {
                return Ok(());
            }
            if pixels > MOST_PIXELS {
                tracing::warn!(index, "the animation is too much to decode; what follows is left out");
                return Ok(());
            }
            clock = end;
        }
        Ok(())
    }
}

/// The composited frames in the canvas' size.
fn frames(bytes: &[u8], format: ImageFormat) -> Result<Frames<'_>, ImageError> {
    let mut limits = Limits::no_limits();
    limits.max_alloc = Some(LoadLimits::default().decode_memory);
    let reader = Cursor::new(bytes);
    let frames = match format {
        ImageFormat::Gif => GifDecoder::new(reader).and_then(|mut decoder| {
            decoder.set_limits(limits)?;
            Ok(decoder.into_frames())
        }),
        ImageFormat::WebP => WebPDecoder::new(reader).map(AnimationDecoder::into_frames),
        _ => PngDecoder::with_limits(reader, limits).and_then(PngDecoder::apng).map(AnimationDecoder::into_frames),
    };
    frames.map_err(damaged)
}

fn damaged(error: image::ImageError) -> ImageError {
    ImageError::new(ImageErrorKind::Damaged, "the animation is damaged or of an unsupported variant").with_source(error)
}
