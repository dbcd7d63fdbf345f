//! What the store says of models and their files.

use std::path::{Path, PathBuf};

use indexmap::IndexMap;

use super::facts::ModelFacts;

/// Where a model stands.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum ModelState {
    /// All files are there, unchanged since their hashes were seen to be right.
    Installed,
    /// Not installed.
    Missing {
        /// The bytes to fetch, as far as they are known beforehand.
        bytes: u64,
    },
    /// Installed once, but a file is gone or was changed; `ensure` heals it.
    Damaged,
}

/// Where a file stands after every byte was read.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum FileState {
    /// The right bytes.
    Good,
    /// Not there.
    Missing,
    /// It had other bytes and was removed, so that `ensure` fetches it again.
    Damaged,
}

/// What [`Store::verify`] found of a file.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct FileReport {
    /// Path in the model's directory.
    pub path: String,
    /// What was found.
    pub state: FileState,
}

/// What [`Store::verify`] found.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct VerifyReport {
    /// The model.
    pub id: String,
    /// Its files in catalog order.
    pub files: Vec<FileReport>,
}

impl VerifyReport {
    /// Whether every file has the right bytes.
    pub fn is_good(&self) -> bool {
        self.files.iter().all(|file| file.state == FileState::Good)
    }
}

/// A model that can be used now.
#[derive(Clone, Debug)]
pub struct Installed {
    /// Its id.
    pub id: String,
    /// Its role.
    pub role: String,
    /// The directory of its files. Shared libraries lie here beside each other.
    pub dir: PathBuf,
    /// Its files by their path in the catalog, the main one first. Never empty.
    pub files: IndexMap<String, PathBuf>,
    /// What the graph does not declare.
    pub facts: ModelFacts,
    /// SPDX expression, if known.
    pub licence: Option<String>,
}

impl Installed {
    /// The file of that name, in the model's folder or in a folder inside, such as `config.json`.
    pub fn beside(&self, name: &str) -> Option<&Path> {
        let found = self.files.iter().find(|(path, _)| path.rsplit('/').next() == Some(name));
        found.map(|(_, path)| path.as_path())
    }

    /// The main file: the graph, the library or the program.
    pub fn main(&self) -> &Path {
        self.files.values().next().map_or(self.dir.as_path(), PathBuf::as_path)
    }
}
