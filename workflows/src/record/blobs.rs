//! Pictures and large values on disk, under the hash of their content.

use std::{
    io::Write,
    path::{Path, PathBuf},
};

use crate::language::digest;

/// A folder of files that are named after their content. Writing the same content twice writes once.
#[derive(Clone, Debug)]
pub(crate) struct Blobs {
    folder: PathBuf,
}

impl Blobs {
    pub(crate) fn new(folder: PathBuf) -> Self {
        Self { folder }
    }

    /// Writes bytes and gives their name, `<sha256>.<ending>`. On return they are on the disk. Blocking.
    pub(crate) fn put(&self, bytes: &[u8], ending: &str) -> std::io::Result<String> {
        let name = format!("{}.{ending}", digest::of_bytes(bytes));
        let path = self.folder.join(&name);
        if path.metadata().is_ok_and(|facts| facts.len() == bytes.len() as u64) {
            return Ok(name);
        }
        fs_err::create_dir_all(&self.folder)?;
        let mut file = tempfile::NamedTempFile::new_in(&self.folder)?;
        file.write_all(bytes)?;
        file.as_file().sync_data()?;
        file.persist(&path).map_err(|error| error.error)?;
        Ok(name)
    }

    /// The bytes of a name; an error where they are not what the name says. Blocking.
    pub(crate) fn get(&self, name: &str) -> std::io::Result<Vec<u8>> {
        let plain = Path::new(name).file_name().is_some_and(|own| own == name);
        let bytes = if plain { fs_err::read(self.folder.join(name))? } else { Vec::new() };
        if name.split('.').next() != Some(digest::of_bytes(&bytes).as_str()) {
            let message = format!("{} has not the content that its name says", self.folder.join(name).display());
            return Err(std::io::Error::new(std::io::ErrorKind::InvalidData, message));
        }
        Ok(bytes)
    }
}
