//! Videos, read by `ffmpeg`. Only the `file` protocol is open to it, so that no file makes it fetch something.

use std::{
    ffi::OsString,
    io::Write,
    path::{Path, PathBuf},
    time::Duration,
};

use image::DynamicImage;
use serde::Deserialize;
use tempfile::TempPath;
use tokio::sync::mpsc;

use super::{
    ClipFacts, ClipFrame, MOST_FRAMES, Moments, VIDEO_SIDE,
    cuts::{CutFinder, SIDE},
    ppm::PpmStream,
    program::{AsyncTake, Keep, Programs, run},
};
use crate::image::error::{ImageError, ImageErrorKind};

/// How long a single frame or a header may take.
const SHORT: Duration = Duration::from_secs(30);
/// How long a pass over a stretch may take.
const LONG: Duration = Duration::from_mins(5);
/// A stretch of seconds up to which evenly spaced frames come in one pass; in longer ones every frame is sought.
const ONE_PASS: f64 = 60.0;
/// Bytes of `ffprobe`'s answer.
const ANSWER: usize = 1 << 20;

/// A video file.
#[derive(Debug)]
pub(super) struct Video {
    path: PathBuf,
    /// Deletes the file when the clip goes, if it is ours.
    _own: Option<TempPath>,
    programs: Programs,
}

/// What `ffprobe` says.
#[derive(Default, Deserialize)]
struct Probe {
    #[serde(default)]
    streams: Vec<Stream>,
    #[serde(default)]
    format: Format,
}

/// Numbers are texts there.
#[derive(Default, Deserialize)]
struct Stream {
    avg_frame_rate: Option<String>,
    r_frame_rate: Option<String>,
    nb_frames: Option<String>,
    nb_read_packets: Option<String>,
    duration: Option<String>,
}

#[derive(Default, Deserialize)]
struct Format {
    duration: Option<String>,
}

impl Video {
    pub(super) fn file(path: PathBuf, programs: Programs) -> Self {
        Self { path, _own: None, programs }
    }

    /// Blocking.
    pub(super) fn bytes(bytes: &[u8], programs: Programs) -> Result<Self, ImageError> {
        let write = || {
            let mut file = tempfile::Builder::new().prefix("argus-clip-").tempfile()?;
            file.write_all(bytes)?;
            Ok(file.into_temp_path())
        };
        let own = write().map_err(|error: std::io::Error| {
            ImageError::new(ImageErrorKind::Unreadable, "the video cannot be kept in a temporary file")
                .with_source(error)
        })?;
        Ok(Self { path: own.to_path_buf(), _own: Some(own), programs })
    }

    pub(super) async fn facts(&self) -> Result<ClipFacts, ImageError> {
        let probe = self.probe(false).await?;
        if let Some(facts) = facts(&probe) {
            return Ok(facts);
        }
        // Some recordings do not say how long they are: their packets are counted.
        facts(&self.probe(true).await?).ok_or_else(|| {
            let message = "ffprobe does not tell how long the video is";
            ImageError::new(ImageErrorKind::Damaged, message)
                .with_hint("convert it first: `ffmpeg -i INPUT output.mp4`")
        })
    }

    async fn probe(&self, count: bool) -> Result<Probe, ImageError> {
        let entries = "stream=avg_frame_rate,r_frame_rate,nb_frames,nb_read_packets,duration:format=duration";
        let mut arguments: Vec<OsString> = ["-v", "error", "-protocol_whitelist", "file"].map(Into::into).to_vec();
        if count {
            arguments.push("-count_packets".into());
        }
        arguments.extend(["-select_streams", "V:0", "-show_entries", entries, "-of", "json"].map(Into::into));
        arguments.push(input(&self.path));
        let mut bytes = Vec::new();
        let limit = if count { LONG } else { SHORT };
        run(&self.programs.ffprobe, arguments, limit, Keep { bytes: &mut bytes, most: ANSWER }).await?;
        let probe: Probe = serde_json::from_slice(&bytes).map_err(|error| {
            ImageError::new(ImageErrorKind::Damaged, "ffprobe's answer cannot be read").with_source(error)
        })?;
        if probe.streams.is_empty() {
            return Err(ImageError::new(ImageErrorKind::NotAnImage, "it has no moving picture, perhaps sound only"));
        }
        Ok(probe)
    }

    pub(super) async fn cuts(&self, start: f64, end: f64) -> Result<Vec<(f64, f32)>, ImageError> {
        let length = (end - start).max(0.0);
        let rate = self.facts().await?.fps.min(MOST_FRAMES as f64 / length.max(0.1));
        let mut finder = CutFinder::default();
        let mut index = 0_u32;
        let filter = format!("fps={rate:.6}:start_time=0:round=up,scale={SIDE}:{SIDE}:flags=area");
        let pass = Pass { start, length: Some(length), filter, most: MOST_FRAMES };
        let (sender, mut receiver) = mpsc::channel(4);
        let look = async {
            while let Some(frame) = receiver.recv().await {
                let DynamicImage::ImageRgb8(small) = frame else { continue };
                finder.look(start + f64::from(index) / rate, small.into_raw());
                index += 1;
            }
            Ok(())
        };
        tokio::try_join!(self.pass(pass, sender), look)?;
        Ok(finder.found())
    }

    pub(super) async fn send(&self, moments: &Moments, to: &mpsc::Sender<ClipFrame>) -> Result<(), ImageError> {
        let filter =
            format!("scale='min({VIDEO_SIDE},iw)':'min({VIDEO_SIDE},ih)':force_original_aspect_ratio=decrease");
        match moments {
            Moments::Even { first, spacing, count } if *count > 1 && spacing * (*count as f64) <= ONE_PASS => {
                // Rounded up, the filter gives the frame that is shown at each moment, and none that comes after it.
                let filter = format!("fps={:.6}:start_time=0:round=up,{filter}", 1.0 / spacing);
                // Half a step more, so that rounding never costs the last frame.
                let length = Some(spacing * (*count as f64 - 0.5));
                let pass = Pass { start: *first, length, filter, most: *count as u64 };
                self.forward(pass, moments.times(), to).await.map(drop)
            }
            _ => {
                for time in moments.times() {
                    // Near the end no frame comes any more: the last one before it is meant.
                    for back in [0.0, 0.1, 0.5, 2.0] {
                        let pass = Pass { start: time - back, length: None, filter: filter.clone(), most: 1 };
                        if self.forward(pass, vec![time], to).await? > 0 || to.is_closed() {
                            break;
                        }
                    }
                }
                Ok(())
            }
        }
    }

    /// Sends the frames of a pass with their times; how many there were.
    async fn forward(&self, pass: Pass, times: Vec<f64>, to: &mpsc::Sender<ClipFrame>) -> Result<usize, ImageError> {
        let (sender, mut receiver) = mpsc::channel(1);
        let mut sent = 0;
        let forward = async {
            for time in times {
                let Some(pixels) = receiver.recv().await else { break };
                if to.send(ClipFrame { time, pixels }).await.is_err() {
                    break;
                }
                sent += 1;
            }
            // The pass sees by the closed channel that it may end.
            drop(receiver);
            Ok(())
        };
        tokio::try_join!(self.pass(pass, sender), forward)?;
        Ok(sent)
    }

    async fn pass(&self, pass: Pass, to: mpsc::Sender<DynamicImage>) -> Result<(), ImageError> {
        let limit = if pass.most == 1 { SHORT } else { LONG };
        let frames = Frames { stream: PpmStream::default(), left: pass.most, to };
        run(&self.programs.ffmpeg, pass.arguments(&self.path), limit, frames).await
    }
}

/// One run of `ffmpeg` over a stretch.
struct Pass {
    start: f64,
    length: Option<f64>,
    filter: String,
    most: u64,
}

impl Pass {
    fn arguments(&self, path: &Path) -> Vec<OsString> {
        let mut all: Vec<OsString> =
            ["-nostdin", "-v", "error", "-protocol_whitelist", "file"].map(Into::into).to_vec();
        all.extend(["-ss".into(), format!("{:.3}", self.start.max(0.0)).into()]);
        if let Some(length) = self.length {
            all.extend(["-t".into(), format!("{length:.3}").into()]);
        }
        all.extend(["-i".into(), input(path), "-map".into(), "0:V:0".into(), "-vf".into(), self.filter.clone().into()]);
        all.extend(["-frames:v".into(), self.most.to_string().into()]);
        all.extend(["-f", "image2pipe", "-c:v", "ppm", "-"].map(Into::into));
        all
    }
}

/// Takes frames out of the stream and passes them on.
struct Frames {
    stream: PpmStream,
    left: u64,
    to: mpsc::Sender<DynamicImage>,
}

impl AsyncTake for Frames {
    async fn take(&mut self, piece: &[u8]) -> Result<bool, ImageError> {
        self.stream.push(piece);
        while let Some(frame) = self.stream.take_frame()? {
            if self.to.send(DynamicImage::ImageRgb8(frame)).await.is_err() {
                return Ok(false);
            }
            self.left = self.left.saturating_sub(1);
            if self.left == 0 {
                return Ok(false);
            }
        }
        Ok(!self.to.is_closed())
    }
}

/// A path as an input that cannot be taken for an option or an address.
fn input(path: &Path) -> OsString {
    let mut name = OsString::from("file:");
    name.push(path);
    name
}

/// Length, rate and number of frames, as far as the answer tells them or they follow from each other.
fn facts(probe: &Probe) -> Option<ClipFacts> {
    let stream = probe.streams.first()?;
    let positive = |text: Option<&str>| text?.parse::<f64>().ok().filter(|value| value.is_finite() && *value > 0.0);
    let rate = |text: Option<&str>| {
        let (over, under) = text?.split_once('/')?;
        let value = over.parse::<f64>().ok()? / under.parse::<f64>().ok()?;
        (0.001..=1000.0).contains(&value).then_some(value)
    };
    let fps = rate(stream.avg_frame_rate.as_deref()).or_else(|| rate(stream.r_frame_rate.as_deref()))?;
    let frames = positive(stream.nb_frames.as_deref()).or_else(|| positive(stream.nb_read_packets.as_deref()));
    let duration = positive(stream.duration.as_deref()).or_else(|| positive(probe.format.duration.as_deref()));
    let duration = duration.or_else(|| frames.map(|frames| frames / fps))?;
    Some(ClipFacts { duration, frames: frames.unwrap_or(duration * fps).round() as u64, fps })
}
