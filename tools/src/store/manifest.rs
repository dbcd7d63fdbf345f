//! What is installed of a model: the file that is written last.

use std::{io, path::Path, time::UNIX_EPOCH};

use serde::{Deserialize, Serialize};

/// Its name in the model's directory.
pub(crate) const FILE_NAME: &str = "manifest.json";
const SCHEMA: u32 = 1;

#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub(crate) struct Manifest {
    schema: u32,
    pub(crate) id: String,
    pub(crate) files: Vec<ManifestFile>,
}

#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub(crate) struct ManifestFile {
    pub(crate) path: String,
    pub(crate) sha256: String,
    /// The file as it was when its hash was last seen to be right.
    pub(crate) stamp: Stamp,
}

/// Size and time of change. A file that still has both is taken for unchanged without reading it, which keeps the start
/// of a warm program at a few milliseconds; `verify` reads every byte.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub(crate) struct Stamp {
    pub(crate) bytes: u64,
    seconds: u64,
    nanoseconds: u32,
}

impl Stamp {
    pub(crate) fn of(path: &Path) -> io::Result<Self> {
        let metadata = fs_err::metadata(path)?;
        let changed = metadata.modified()?.duration_since(UNIX_EPOCH).unwrap_or_default();
        Ok(Self { bytes: metadata.len(), seconds: changed.as_secs(), nanoseconds: changed.subsec_nanos() })
    }
}

impl Manifest {
    pub(crate) fn new(id: &str, files: Vec<ManifestFile>) -> Self {
        Self { schema: SCHEMA, id: id.into(), files }
    }

    /// Reads it; `None` if there is none, or none that can be used: the files are then looked at again, so nothing is lost.
    pub(crate) fn read(path: &Path) -> Option<Self> {
        let text = match fs_err::read(path) {
            Ok(text) => text,
            Err(error) => {
                if error.kind() != io::ErrorKind::NotFound {
                    tracing::warn!(%error, "an install manifest cannot be read");
                }
                return None;
            }
        };
        match serde_json::from_slice::<Self>(&text) {
            Ok(manifest) if manifest.schema == SCHEMA => Some(manifest),
            Ok(manifest) => {
                tracing::warn!(path = %path.display(), schema = manifest.schema, "an install manifest of another version");
                None
            }
            Err(error) => {
                tracing::warn!(path = %path.display(), %error, "a damaged install manifest; its files are checked again");
                None
            }
        }
    }

    pub(crate) fn file(&self, path: &str) -> Option<&ManifestFile> {
        self.files.iter().find(|file| file.path == path)
    }

    pub(crate) fn write(&self, path: &Path) -> io::Result<()> {
        let text = serde_json::to_vec_pretty(self).map_err(io::Error::other)?;
        super::disk::write_atomically(path, &text)
    }
}
