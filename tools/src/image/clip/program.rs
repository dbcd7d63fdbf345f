//! Running `ffmpeg` and `ffprobe`: never through a shell, with a limit of time, ended when nobody waits any more.

use std::{
    ffi::{OsStr, OsString},
    io,
    process::Stdio,
    time::Duration,
};

use tokio::{io::AsyncReadExt, process::Command};

use crate::image::error::{ImageError, ImageErrorKind};

/// How the two programs are called: a name that PATH knows, or a path.
#[derive(Clone, Debug)]
pub struct Programs {
    /// Decodes.
    pub ffmpeg: OsString,
    /// Tells what a file holds.
    pub ffprobe: OsString,
}

impl Default for Programs {
    /// Those on PATH.
    fn default() -> Self {
        Self { ffmpeg: "ffmpeg".into(), ffprobe: "ffprobe".into() }
    }
}

/// What to do where there is no `ffmpeg`.
pub(super) const REMEDY: &str = "videos are read through ffmpeg: install it (`apt install ffmpeg`, `brew install ffmpeg`, \
                                 `winget install ffmpeg`), or give an animated GIF, WebP or PNG, or a single frame";
/// Bytes of error messages that are kept.
const WORDS: u64 = 16_384;

/// Runs a program and hands every piece of its output to `take`. Dropping the future ends the program.
pub(super) async fn run(
    program: &OsStr,
    arguments: Vec<OsString>,
    limit: Duration,
    mut take: impl AsyncTake,
) -> Result<(), ImageError> {
    let name = program.to_string_lossy().into_owned();
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    let mut child = command.spawn().map_err(|error| not_started(&name, error))?;
    let words = child.stderr.take().map(|stderr| tokio::spawn(words(stderr)));
    let work = async {
        if let Some(mut stdout) = child.stdout.take() {
            let mut buffer = vec![0; 1 << 16];
            loop {
                let count = stdout.read(&mut buffer).await.map_err(|error| broken(&name, error))?;
                if count == 0 {
                    break;
                }
                if !take.take(&buffer[..count]).await? {
                    // Dropping the child ends it.
                    return Ok(());
                }
            }
        }
        let status = child.wait().await.map_err(|error| broken(&name, error))?;
        if status.success() {
            return Ok(());
        }
        let said = match words {
            Some(words) => words.await.unwrap_or_default(),
            None => String::new(),
        };
        Err(failed(&name, &said))
    };
    tokio::time::timeout(limit, work).await.unwrap_or_else(|_| {
        let message = format!("{name} did not finish within {} s", limit.as_secs());
        Err(ImageError::new(ImageErrorKind::Timeout, message).with_hint("ask for a shorter stretch of the clip"))
    })
}

/// What a program says on its error stream, cut off where it becomes too much; the stream is read to its end.
async fn words(stderr: tokio::process::ChildStderr) -> String {
    let mut words = Vec::new();
    let mut limited = stderr.take(WORDS);
    // Words that cannot be read are missing from a message, no more.
    let _ = limited.read_to_end(&mut words).await;
    let _ = tokio::io::copy(&mut limited.into_inner(), &mut tokio::io::sink()).await;
    String::from_utf8_lossy(&words).into_owned()
}

/// Who takes a program's output.
pub(super) trait AsyncTake: Send {
    /// Takes a piece; `false` ends the program.
    fn take(&mut self, piece: &[u8]) -> impl Future<Output = Result<bool, ImageError>> + Send;
}

/// Keeps all output, up to a limit of bytes.
pub(super) struct Keep<'a> {
    pub(super) bytes: &'a mut Vec<u8>,
    pub(super) most: usize,
}

impl AsyncTake for Keep<'_> {
    async fn take(&mut self, piece: &[u8]) -> Result<bool, ImageError> {
        if self.bytes.len() + piece.len() > self.most {
            return Err(ImageError::new(ImageErrorKind::Damaged, "ffprobe says more than can be true"));
        }
        self.bytes.extend_from_slice(piece);
        Ok(true)
    }
}

fn not_started(name: &str, error: io::Error) -> ImageError {
    if error.kind() == io::ErrorKind::NotFound {
        let message = format!("it is a video, and {name} is not on PATH");
        return ImageError::new(ImageErrorKind::Unsupported, message).with_hint(REMEDY);
    }
    ImageError::new(ImageErrorKind::Unreadable, format!("{name} cannot be started")).with_source(error)
}

fn broken(name: &str, error: io::Error) -> ImageError {
    ImageError::new(ImageErrorKind::Unreadable, format!("{name} broke off")).with_source(error)
}

/// The last line of what it said is the reason.
fn failed(name: &str, words: &str) -> ImageError {
    let last = words.lines().map(str::trim).rfind(|line| !line.is_empty()).unwrap_or("it does not say why");
    ImageError::new(ImageErrorKind::Damaged, format!("{name} cannot read the video: {last:.300}"))
}
