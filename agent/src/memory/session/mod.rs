//! Sessions on disk: a folder with `session.json` and one PNG an image.
//!
//! Pictures are written first, under names that hold a part of their hash, and never changed; `session.json`, which
//! names them, is then replaced in one step. Whatever happens in between, the folder holds the old or the new session,
//! never a half. Pictures that no session names any more go last.

mod error;
mod file;
mod load;

use std::{
    collections::HashMap,
    io::Write,
    path::{Path, PathBuf},
    sync::Arc,
};

use argus_tools::image::{ImageEntry, Snapshot, encode_png};

use self::file::{Contents, Header, PictureFile};
use super::Memory;
use crate::run::Card;

pub use error::SessionError;

/// The file that holds everything but pixels.
const MAIN: &str = "session.json";
/// Files that are being written begin with this.
const UNFINISHED: &str = ".unfinished-";

/// A conversation with its images, as it is saved and resumed.
#[derive(Clone, Debug, Default)]
pub struct Session {
    /// What was said.
    pub memory: Memory,
    /// The images and their regions.
    pub images: Snapshot,
    /// The image cards that were made.
    pub cards: Vec<Card>,
}

/// A folder that a session is saved in. It remembers which pictures lie there already, so that saving again costs little.
#[derive(Debug)]
pub struct SessionFolder {
    path: PathBuf,
    /// The entries whose pixels are there, by handle.
    written: HashMap<String, (Arc<ImageEntry>, PictureFile)>,
    /// Whether the folder is known to hold a session or nothing.
    ours: bool,
}

impl SessionFolder {
    /// A folder that may not be there yet.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into(), written: HashMap::new(), ours: false }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whether something that calls itself a session is there.
    pub fn exists(&self) -> bool {
        self.path.join(MAIN).exists()
    }

    /// Saves a session in the place of the one that is there. Blocking: new pictures are encoded, about half a second for
    /// a 12-megapixel photo. A folder that holds anything but a session is refused.
    pub fn save(&mut self, session: &Session) -> Result<(), SessionError> {
        let sizes = session.images.images.iter().map(|image| (image.width(), image.height()));
        if let Some(wrong) = file::too_much(sizes) {
            return Err(SessionError::Wrong { file: self.path.join(MAIN), wrong });
        }
        fs_err::create_dir_all(&self.path).map_err(|source| self.io("cannot be made", source))?;
        if !self.ours {
            self.check_ours()?;
            self.ours = true;
        }
        let mut images = Vec::new();
        let mut written = HashMap::new();
        for entry in &session.images.images {
            let file = match self.written.get(&entry.handle) {
                Some((old, file)) if Arc::ptr_eq(&old.pixels, &entry.pixels) && self.path.join(&file.name).exists() => {
                    file.clone()
                }
                _ => self.write_picture(entry)?,
            };
            written.insert(entry.handle.clone(), (entry.clone(), file.clone()));
            images.push(file::ImageFile::new(entry, file));
        }
        let contents = Contents {
            header: Header::current(),
            memory: session.memory.clone(),
            images,
            regions: session.images.regions.clone(),
            cards: session.cards.clone(),
        };
        let text = serde_json::to_vec_pretty(&contents)
            .map_err(|error| self.io("cannot be written as JSON", std::io::Error::other(error)))?;
        self.write(MAIN, &text)?;
        self.written = written;
        self.tidy();
        Ok(())
    }

    /// Reads the session. Nothing in the folder is trusted: names may not lead out of it, and sizes, hashes and handles
    /// have to agree.
    pub fn load(&mut self) -> Result<Session, SessionError> {
        let (session, files) = load::load(&self.path)?;
        let entries = session.images.images.iter().cloned();
        self.written = entries.zip(files).map(|(entry, file)| (entry.handle.clone(), (entry, file))).collect();
        self.ours = true;
        Ok(session)
    }

    fn check_ours(&self) -> Result<(), SessionError> {
        if self.exists() {
            return load::header(&self.path).map(|_| ());
        }
        let mut entries = fs_err::read_dir(&self.path).map_err(|source| self.io("cannot be read", source))?;
        let leftover = |name: &str| name.starts_with(UNFINISHED) || file::is_picture_name(name);
        let foreign = entries.find_map(|entry| {
            let name = entry.ok()?.file_name().to_string_lossy().into_owned();
            (!leftover(&name)).then_some(name)
        });
        match foreign {
            Some(name) => Err(SessionError::Foreign { folder: self.path.clone(), name }),
            None => Ok(()),
        }
    }

    fn write_picture(&self, entry: &ImageEntry) -> Result<PictureFile, SessionError> {
        let wrong = |error: argus_tools::image::ImageError| SessionError::Wrong {
            file: self.path.join(&entry.handle),
            wrong: error.chain(),
        };
        let bytes = encode_png(&entry.pixels).map_err(wrong)?;
        let sha256 = argus_tools::hash::sha256(&bytes);
        let file = PictureFile { name: file::picture_name(&entry.handle, &sha256), bytes: bytes.len() as u64, sha256 };
        self.write(&file.name, &bytes)?;
        Ok(file)
    }

    /// Whole or not at all: written beside, on the disk for good, then renamed.
    fn write(&self, name: &str, bytes: &[u8]) -> Result<(), SessionError> {
        let path = self.path.join(name);
        let io = |source| SessionError::Io { path: path.clone(), what: "cannot be written", source };
        let mut file = tempfile::Builder::new().prefix(UNFINISHED).tempfile_in(&self.path).map_err(io)?;
        file.write_all(bytes).and_then(|()| file.as_file().sync_all()).map_err(io)?;
        file.persist(&path).map_err(|error| io(error.error))?;
        if cfg!(unix) {
            std::fs::File::open(&self.path).and_then(|folder| folder.sync_all()).map_err(io)?;
        }
        Ok(())
    }

    /// Removes what no session names. What cannot be removed does no harm.
    fn tidy(&self) {
        let Ok(entries) = fs_err::read_dir(&self.path) else { return };
        for entry in entries.flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            let named = self.written.values().any(|(_, file)| file.name == name);
            if file::is_picture_name(&name) && !named {
                let _ = fs_err::remove_file(entry.path());
            }
        }
    }

    fn io(&self, what: &'static str, source: std::io::Error) -> SessionError {
        SessionError::Io { path: self.path.clone(), what, source }
    }
}

#[cfg(test)]
mod tests;
