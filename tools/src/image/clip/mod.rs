//! Moving pictures: animated GIF, WebP and PNG decoded here, videos through `ffmpeg`. An image that came from one is its
//! first frame; the clip stays with it, so that further frames can be taken.

mod animation;
mod cuts;
mod ppm;
mod program;
#[cfg(test)]
pub(crate) mod tests;
mod video;

use std::{path::PathBuf, sync::Arc};

use image::DynamicImage;
use tokio::sync::mpsc;

use self::{animation::Animation, video::Video};
pub use self::{cuts::CUT_THRESHOLD, program::Programs};
use super::error::{ImageError, ImageErrorKind};

/// The most frames of a clip that are looked at.
pub const MOST_FRAMES: u64 = 10_000;
/// The long side in pixels above which the frames of a video are scaled down.
pub const VIDEO_SIDE: u32 = 1920;

/// A clip that can be read again and again.
#[derive(Debug)]
pub struct Clip(Content);

#[derive(Debug)]
enum Content {
    Animation(Arc<Animation>),
    Video(Video),
}

/// How long a clip is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ClipFacts {
    /// Length in seconds.
    pub duration: f64,
    /// Number of frames; for a video that does not say it, length times rate.
    pub frames: u64,
    /// Frames a second, on average.
    pub fps: f64,
}

/// The moments of a clip at which frames are taken, in seconds from its beginning, in rising order.
#[derive(Clone, Debug, PartialEq)]
pub enum Moments {
    /// `count` moments from `first` on, `spacing` apart.
    Even {
        /// The first one.
        first: f64,
        /// Seconds from one to the next, above 0.
        spacing: f64,
        /// How many.
        count: usize,
    },
    /// These.
    At(Vec<f64>),
}

impl Moments {
    /// The middles of `count` equal parts of a stretch.
    pub fn middles(start: f64, end: f64, count: usize) -> Self {
        let spacing = (end - start) / count.max(1) as f64;
        Self::Even { first: start + spacing / 2.0, spacing, count }
    }

    /// All of them.
    pub fn times(&self) -> Vec<f64> {
        match self {
            Self::Even { first, spacing, count } => (0..*count).map(|index| first + spacing * index as f64).collect(),
            Self::At(times) => times.clone(),
        }
    }
}

/// A frame, composited and upright.
#[derive(Clone, Debug)]
pub struct ClipFrame {
    /// When it is shown, in seconds from the clip's beginning.
    pub time: f64,
    /// Its pixels: RGBA of an animation, RGB of a video.
    pub pixels: DynamicImage,
}

impl Clip {
    /// The animation in the bytes of a picture, if it has more than one frame.
    pub(super) fn animation(bytes: Vec<u8>) -> Option<Self> {
        Animation::of(bytes).map(|animation| Self(Content::Animation(Arc::new(animation))))
    }

    /// A video file.
    pub(crate) fn video(path: PathBuf, programs: Programs) -> Self {
        Self(Content::Video(Video::file(path, programs)))
    }

    /// A video that came as bytes: it is kept in a temporary file as long as the clip. Blocking.
    pub(super) fn video_bytes(bytes: &[u8], programs: Programs) -> Result<Self, ImageError> {
        Video::bytes(bytes, programs).map(|video| Self(Content::Video(video)))
    }

    /// Whether `ffmpeg` reads it.
    pub fn is_video(&self) -> bool {
        matches!(self.0, Content::Video(_))
    }

    /// Its length. An animation is decoded to its end for it, a video's header is read by `ffprobe`.
    pub async fn facts(&self) -> Result<ClipFacts, ImageError> {
        match &self.0 {
            Content::Animation(animation) => {
                let animation = animation.clone();
                blocking(move || animation.facts()).await
            }
            Content::Video(video) => video.facts().await,
        }
    }

    /// The moments in a stretch at which the picture changes at once, with how much it changes (see [`CUT_THRESHOLD`]).
    /// Every frame of the stretch is decoded, at most [`MOST_FRAMES`]. Dropping the future stops it.
    pub async fn cuts(&self, start: f64, end: f64) -> Result<Vec<(f64, f32)>, ImageError> {
        match &self.0 {
            Content::Animation(animation) => {
                let animation = animation.clone();
                // Nobody sends; the thread sees by it that nobody waits any more.
                let (alive, waiting) = mpsc::channel(1);
                let found = blocking(move || animation.cuts(start, end, &alive)).await;
                drop(waiting);
                found
            }
            Content::Video(video) => video.cuts(start, end).await,
        }
    }

    /// Sends the frames at these moments, in order; moments that fall on the same frame of an animation give it once. One
    /// frame at a time is in memory besides those in the channel. Closing the channel or dropping the future stops it.
    pub async fn send(&self, moments: &Moments, to: mpsc::Sender<ClipFrame>) -> Result<(), ImageError> {
        match &self.0 {
            Content::Animation(animation) => {
                let (animation, times) = (animation.clone(), moments.times());
                blocking(move || animation.send(&times, &to)).await
            }
            Content::Video(video) => video.send(moments, &to).await,
        }
    }

    /// The frames at these moments, all in memory.
    pub async fn frames(&self, moments: &Moments) -> Result<Vec<ClipFrame>, ImageError> {
        let (sender, mut receiver) = mpsc::channel(1);
        let receive = async {
            let mut frames = Vec::new();
            while let Some(frame) = receiver.recv().await {
                frames.push(frame);
            }
            Ok(frames)
        };
        let ((), frames) = tokio::try_join!(self.send(moments, sender), receive)?;
        Ok(frames)
    }

    /// The first frame.
    pub(super) async fn first(&self) -> Result<DynamicImage, ImageError> {
        let frames = self.frames(&Moments::At(vec![0.0])).await?;
        let first = frames.into_iter().next().map(|frame| frame.pixels);
        first.ok_or_else(|| ImageError::new(ImageErrorKind::Damaged, "the clip has no frame that can be read"))
    }
}

async fn blocking<T, F>(work: F) -> Result<T, ImageError>
where
    T: Send + 'static,
    F: FnOnce() -> Result<T, ImageError> + Send + 'static,
{
    tokio::task::spawn_blocking(work).await.unwrap_or_else(|error| {
        Err(ImageError::new(ImageErrorKind::Damaged, "the animation's decoder failed on it").with_source(error))
    })
}
