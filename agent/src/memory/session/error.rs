//! What can go wrong with a session on disk.

use std::path::PathBuf;

/// A session that cannot be saved or resumed. The message names the file.
#[derive(Debug, thiserror::Error)]
pub enum SessionError {
    /// A file or the folder cannot be read or written.
    #[error("{} {what}", path.display())]
    Io {
        /// What.
        path: PathBuf,
        /// What was tried.
        what: &'static str,
        /// Why it failed.
        source: std::io::Error,
    },
    /// The folder holds other things, which saving must not touch.
    #[error("{} is no session: it holds {name}", folder.display())]
    Foreign {
        /// The folder.
        folder: PathBuf,
        /// The first thing in it.
        name: String,
    },
    /// A file is damaged, or was made by someone who means harm.
    #[error("{}: {wrong}", file.display())]
    Wrong {
        /// The file.
        file: PathBuf,
        /// What is wrong with it.
        wrong: String,
    },
    /// The session was saved by a program that writes another format.
    #[error("{} has version {version} of the format; this program reads version {known}", file.display())]
    Version {
        /// The file.
        file: PathBuf,
        /// Its version.
        version: u64,
        /// The version that is known here.
        known: u64,
    },
}

impl SessionError {
    /// What to do about it.
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::Io { .. } => None,
            Self::Foreign { .. } => Some("give a folder that is not there yet, is empty, or holds a session"),
            Self::Wrong { .. } => Some("take a copy that is whole, or begin a new session in another folder"),
            Self::Version { .. } => Some("update argus, or begin a new session in another folder"),
        }
    }
}
