//! Where a picture comes from: a path, standard input, an address, a sample.

use std::{
    io::{IsTerminal, Read},
    path::{Path, PathBuf},
    sync::Arc,
};

use futures_util::future::BoxFuture;
use image::DynamicImage;
use url::Url;

use super::{
    Clip, Origin, PhotoInfo, Programs,
    error::{ImageError, ImageErrorKind},
    fetch::Fetcher,
    load::{LoadLimits, decode},
    sniff,
};
use crate::suggest::similar_names;

/// Gives the sample pictures that `sample:NAME` means.
pub trait SampleProvider: Send + Sync {
    /// The file of a sample, fetched if it is not there yet.
    fn path<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Result<PathBuf, ImageError>>;

    /// The names there are, for errors that suggest some.
    fn names(&self) -> Vec<String>;
}

/// A provider without samples.
pub struct NoSamples;

impl SampleProvider for NoSamples {
    fn path<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Result<PathBuf, ImageError>> {
        let message = format!("sample:{name}: there are no sample pictures here");
        Box::pin(async move { Err(ImageError::new(ImageErrorKind::NotFound, message)) })
    }

    fn names(&self) -> Vec<String> {
        Vec::new()
    }
}

/// A picture as a user names it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum ImageSource {
    /// A file.
    Path(PathBuf),
    /// Standard input, written `-`.
    Stdin,
    /// An http or https address.
    Url(Url),
    /// A sample picture, written `sample:NAME`.
    Sample(String),
}

impl ImageSource {
    /// Tells by its form what a name is: `-`, `sample:NAME`, `http(s)://...`, `file://...`, or else a path.
    pub fn parse(name: &str) -> Result<Self, ImageError> {
        let wrong = |why: &str| ImageError::new(ImageErrorKind::InvalidSource, format!("\"{name}\": {why}"));
        let name = name.trim();
        let lower = name.to_ascii_lowercase();
        if name.is_empty() {
            return Err(wrong("a picture has to be named").with_hint("give a path, an address, sample:NAME or -"));
        }
        if name == "-" {
            return Ok(Self::Stdin);
        }
        if lower.starts_with("sample:") {
            return Ok(Self::Sample(name["sample:".len()..].trim().to_lowercase()));
        }
        let Some((scheme, _)) = lower.split_once("://") else {
            return Ok(Self::Path(PathBuf::from(name)));
        };
        match scheme {
            "http" | "https" => {
                Url::parse(name).map(Self::Url).map_err(|error| wrong("not a valid address").with_source(error))
            }
            "file" => {
                let path = Url::parse(name).ok().and_then(|url| url.to_file_path().ok());
                path.map(Self::Path).ok_or_else(|| wrong("a file:// address must hold a full local path"))
            }
            scheme if scheme.chars().all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c)) => {
                Err(wrong(&format!("{scheme}:// is not supported, only http and https are")))
            }
            _ => Ok(Self::Path(PathBuf::from(name))),
        }
    }

    /// Reads and decodes the picture; of an animated picture or a video the first frame, with the clip next to it. Reading
    /// and decoding run on a blocking thread. A video at a path may be of any size; `ffmpeg` must be on PATH for it.
    pub async fn load(
        &self,
        fetcher: &Fetcher,
        samples: &dyn SampleProvider,
        limits: &LoadLimits,
    ) -> Result<Loaded, ImageError> {
        let (limits, name) = (*limits, self.to_string());
        let (content, origin) = match self {
            Self::Path(path) => {
                let path = path.clone();
                let names = samples.names();
                let work = move || read_file(&path, &limits, &names).and_then(|read| read.open(&limits));
                (blocking(&name, work).await?, Origin::Path(name.clone()))
            }
            Self::Stdin => {
                let work = move || read_stdin(&limits).and_then(|bytes| Found::Bytes(bytes).open(&limits));
                (blocking("standard input", work).await?, Origin::Stdin)
            }
            Self::Url(url) => {
                let bytes = fetcher.fetch(url, &limits).await?;
                (blocking(&name, move || Found::Bytes(bytes).open(&limits)).await?, Origin::Url(name.clone()))
            }
            Self::Sample(sample) => {
                let path = sample_path(sample, samples).await?;
                let work = move || read_file(&path, &limits, &[]).and_then(|read| read.open(&limits));
                (blocking(&name, work).await?, Origin::Sample(sample.clone()))
            }
        };
        let (pixels, clip, photo) = match content {
            Content::Picture(pixels, clip, photo) => (pixels, clip, photo),
            Content::Video(clip) => (clip.first().await.map_err(|error| error.of(&name))?, Some(clip), None),
        };
        Ok(Loaded { pixels, origin, clip: clip.map(Arc::new), photo })
    }
}

/// A picture that was read, and where it came from.
#[derive(Debug)]
pub struct Loaded {
    /// Its pixels, upright; the first frame of a clip.
    pub pixels: DynamicImage,
    /// Where it came from.
    pub origin: Origin,
    /// The clip that further frames can be taken from, if it is one.
    pub clip: Option<Arc<Clip>>,
    /// What a camera wrote into it.
    pub photo: Option<PhotoInfo>,
}

/// What a source gave.
enum Found {
    /// All of it.
    Bytes(Vec<u8>),
    /// A video that stays where it is.
    Video(PathBuf),
}

/// What it turned out to be.
enum Content {
    Picture(DynamicImage, Option<Clip>, Option<PhotoInfo>),
    Video(Clip),
}

impl Found {
    /// Blocking.
    fn open(self, limits: &LoadLimits) -> Result<Content, ImageError> {
        match self {
            Self::Video(path) => Ok(Content::Video(Clip::video(path, Programs::default()))),
            Self::Bytes(bytes) if sniff::is_video(&bytes) => {
                Clip::video_bytes(&bytes, Programs::default()).map(Content::Video)
            }
            Self::Bytes(bytes) => {
                let pixels = decode(&bytes, limits)?;
                let photo = PhotoInfo::read(&bytes);
                Ok(Content::Picture(pixels, Clip::animation(bytes), photo))
            }
        }
    }
}

impl std::fmt::Display for ImageSource {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Path(path) => write!(f, "{}", path.display()),
            Self::Stdin => write!(f, "-"),
            Self::Url(url) => write!(f, "{url}"),
            Self::Sample(name) => write!(f, "sample:{name}"),
        }
    }
}

async fn blocking<T, F>(name: &str, work: F) -> Result<T, ImageError>
where
    T: Send + 'static,
    F: FnOnce() -> Result<T, ImageError> + Send + 'static,
{
    let joined = tokio::task::spawn_blocking(work).await;
    joined
        .unwrap_or_else(|error| {
            Err(ImageError::new(ImageErrorKind::Damaged, "the decoding thread ended badly").with_source(error))
        })
        .map_err(|error| error.of(name))
}

async fn sample_path(sample: &str, samples: &dyn SampleProvider) -> Result<PathBuf, ImageError> {
    let names = samples.names();
    if names.is_empty() || names.iter().any(|name| name == sample) {
        return samples.path(sample).await;
    }
    let near = similar_names(sample, names.iter().map(String::as_str));
    let hint = if near.is_empty() { format!("there are: {}", names.join(", ")) } else { did_you_mean(&near) };
    let message = format!("sample:{sample}: there is no such sample picture");
    Err(ImageError::new(ImageErrorKind::NotFound, message).with_hint(hint))
}

fn did_you_mean(names: &[&str]) -> String {
    format!("did you mean {}?", names.join(" or "))
}

fn read_file(path: &Path, limits: &LoadLimits, samples: &[String]) -> Result<Found, ImageError> {
    let mut file = std::fs::File::open(path).map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => missing(path, samples),
        _ => unreadable(error),
    })?;
    let facts = file.metadata().map_err(unreadable)?;
    if facts.is_dir() {
        return Err(ImageError::new(ImageErrorKind::InvalidSource, "this is a folder, not a picture")
            .with_hint("name a file in it"));
    }
    let mut head = Vec::new();
    file.by_ref().take(sniff::HEAD).read_to_end(&mut head).map_err(unreadable)?;
    // ffmpeg seeks in it, so it must be a plain file; a pipe is read like standard input.
    if facts.is_file() && sniff::is_video(&head) {
        return std::path::absolute(path).map(Found::Video).map_err(unreadable);
    }
    limits.check_bytes(facts.len())?;
    read_limited(std::io::Cursor::new(head).chain(file), limits).map(Found::Bytes)
}

fn read_stdin(limits: &LoadLimits) -> Result<Vec<u8>, ImageError> {
    let stdin = std::io::stdin();
    if stdin.is_terminal() {
        return Err(ImageError::new(ImageErrorKind::InvalidSource, "no picture is piped in")
            .with_hint("write for instance `cat photo.jpg | argus ... -`"));
    }
    read_limited(stdin.lock(), limits)
}

/// Reads to the end, but never more than the limit: a pipe or a device has no length to check before.
fn read_limited(reader: impl Read, limits: &LoadLimits) -> Result<Vec<u8>, ImageError> {
    let mut bytes = Vec::new();
    reader.take(limits.bytes.saturating_add(1)).read_to_end(&mut bytes).map_err(unreadable)?;
    limits.check_bytes(bytes.len() as u64)?;
    Ok(bytes)
}

fn unreadable(error: std::io::Error) -> ImageError {
    ImageError::new(ImageErrorKind::Unreadable, "it cannot be read").with_source(error)
}

/// How many names of a folder are looked at for a suggestion.
const FOLDER_NAMES: usize = 5000;

fn missing(path: &Path, samples: &[String]) -> ImageError {
    let wanted = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let folder = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let Ok(entries) = std::fs::read_dir(folder) else {
        let message = format!("there is no such file, nor a readable folder {}", folder.display());
        return ImageError::new(ImageErrorKind::NotFound, message);
    };
    let names: Vec<String> = entries
        .filter_map(Result::ok)
        .take(FOLDER_NAMES)
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect();
    let error = ImageError::new(ImageErrorKind::NotFound, "there is no such file");
    let beside = |name: &str| match path.parent() {
        Some(parent) => parent.join(name).display().to_string(),
        None => name.to_owned(),
    };
    let mut found: Vec<String> =
        similar_names(&wanted, names.iter().map(String::as_str)).into_iter().map(beside).collect();
    let stem = Path::new(&wanted).file_stem().unwrap_or_default().to_string_lossy().into_owned();
    if found.is_empty() {
        let same_stem = |name: &&String| Path::new(name.as_str()).file_stem().is_some_and(|s| s == stem.as_str());
        found.extend(names.iter().filter(same_stem).map(|name| beside(name)).take(3));
        found.sort();
    }
    found.extend(
        similar_names(&stem, samples.iter().map(String::as_str)).into_iter().map(|name| format!("sample:{name}")),
    );
    if found.is_empty() {
        return error;
    }
    let found: Vec<&str> = found.iter().map(String::as_str).collect();
    error.with_hint(did_you_mean(&found))
}
