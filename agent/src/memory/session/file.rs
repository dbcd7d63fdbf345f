//! The shape of `session.json`.

use argus_tools::image::{ImageEntry, Origin, Region};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{memory::Memory, run::Card};

/// What tells a session from other JSON files.
pub(super) const FORMAT: &str = "argus-session";
/// The version that is written and read; it grows when older programs would misread a newer file.
pub(super) const VERSION: u64 = 1;

/// The largest `session.json`, in bytes.
pub(super) const LARGEST: u64 = 64 << 20;
/// The most images of a session.
const IMAGES: usize = 1000;
/// The most pixels of all images together; 4 GB when each has four channels.
const PIXELS: u64 = 1_000_000_000;

/// What is too much for a session, before anything is read or written of it.
pub(super) fn too_much(sizes: impl Iterator<Item = (u32, u32)>) -> Option<String> {
    let (mut named, mut pixels) = (0, 0);
    for (width, height) in sizes {
        named += 1;
        pixels += u64::from(width) * u64::from(height);
    }
    if named > IMAGES {
        Some(format!("it names {named} images, more than the {IMAGES} that are allowed"))
    } else if pixels > PIXELS {
        let (megapixels, most) = (pixels / 1_000_000, PIXELS / 1_000_000);
        Some(format!("its images have {megapixels} megapixels together, more than the {most} that are allowed"))
    } else {
        None
    }
}

/// The beginning of the file, read first.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(super) struct Header {
    pub(super) format: String,
    pub(super) version: u64,
}

impl Header {
    pub(super) fn current() -> Self {
        Self { format: FORMAT.into(), version: VERSION }
    }
}

#[derive(Debug, Deserialize, Serialize)]
pub(super) struct Contents {
    #[serde(flatten)]
    pub(super) header: Header,
    pub(super) memory: Memory,
    pub(super) images: Vec<ImageFile>,
    pub(super) regions: Vec<Region>,
    pub(super) cards: Vec<Card>,
}

/// A picture's file.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub(super) struct PictureFile {
    #[serde(rename = "file")]
    pub(super) name: String,
    pub(super) bytes: u64,
    pub(super) sha256: String,
}

#[derive(Debug, Deserialize, Serialize)]
pub(super) struct ImageFile {
    pub(super) handle: String,
    #[serde(flatten)]
    pub(super) file: PictureFile,
    pub(super) width: u32,
    pub(super) height: u32,
    pub(super) origin: Origin,
    pub(super) parent: Option<String>,
    pub(super) op: Option<String>,
    pub(super) args: Option<Value>,
}

impl ImageFile {
    pub(super) fn new(entry: &ImageEntry, file: PictureFile) -> Self {
        let (op, args) = entry.operation.as_ref().map(|made| (made.tool.clone(), made.args.clone())).unzip();
        Self {
            handle: entry.handle.clone(),
            file,
            width: entry.width(),
            height: entry.height(),
            origin: entry.origin.clone(),
            parent: entry.parent.clone(),
            op,
            args,
        }
    }
}

/// `img-1.3fa2b4c5d6e7.png`.
pub(super) fn picture_name(handle: &str, sha256: &str) -> String {
    format!("{handle}.{}.png", sha256.get(..12).unwrap_or(sha256))
}

/// Whether a name is one that [`picture_name`] makes: nothing else in a folder is ever read as a picture, or removed.
pub(super) fn is_picture_name(name: &str) -> bool {
    let mut parts = name.split('.');
    let number = parts.next().and_then(|handle| handle.strip_prefix("img-"));
    let (hash, end, more) = (parts.next(), parts.next(), parts.next());
    number.is_some_and(|number| !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()))
        && hash.is_some_and(|hash| hash.len() == 12 && hash.bytes().all(|byte| byte.is_ascii_hexdigit()))
        && (end, more) == (Some("png"), None)
}
