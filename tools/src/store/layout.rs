//! Where everything lies under the store's home.

use std::path::{Path, PathBuf};

use super::manifest;
use crate::hash::sha256 as hash;

#[derive(Clone, Debug)]
pub(crate) struct Layout {
    home: PathBuf,
}

impl Layout {
    pub(crate) fn new(home: PathBuf) -> Self {
        Self { home }
    }

    pub(crate) fn home(&self) -> &Path {
        &self.home
    }

    /// The bytes with this hash.
    pub(crate) fn blob(&self, sha256: &str) -> PathBuf {
        let shard = sha256.get(..2).unwrap_or("00");
        self.home.join("blobs").join("sha256").join(shard).join(sha256)
    }

    pub(crate) fn models(&self) -> PathBuf {
        self.home.join("models")
    }

    pub(crate) fn model(&self, id: &str) -> PathBuf {
        self.models().join(id)
    }

    pub(crate) fn manifest(&self, id: &str) -> PathBuf {
        self.model(id).join(manifest::FILE_NAME)
    }

    pub(crate) fn lock(&self, id: &str) -> PathBuf {
        self.home.join("locks").join(format!("{id}.lock"))
    }

    /// Archives while they are unpacked. One directory a model, which is whose lock's holder may do with it as he likes.
    pub(crate) fn work(&self, id: &str) -> PathBuf {
        self.home.join("tmp").join(id)
    }

    /// Downloads of a model that can be resumed.
    pub(crate) fn partial(&self, id: &str) -> PathBuf {
        self.home.join("partial").join(id)
    }

    /// The resumable download of one address, for one expected content.
    pub(crate) fn part(&self, id: &str, address: &str, sha256: Option<&str>) -> PathBuf {
        let key = hash(format!("{address}\n{}", sha256.unwrap_or("any")).as_bytes());
        self.partial(id).join(format!("{}.part", key.get(..24).unwrap_or(&key)))
    }
}
