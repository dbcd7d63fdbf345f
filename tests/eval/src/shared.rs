//! The folder of pictures and data that is shared between developers and is not part of the repository.

use std::path::{Path, PathBuf};

/// Where the shared data lies, if it is on this machine.
#[derive(Clone, Debug)]
pub struct Shared {
    folder: PathBuf,
}

impl Shared {
    /// The folder given, else that of `ARGUS_SHARED`, else `../shared` beside the repository.
    pub fn locate(given: Option<&Path>) -> Self {
        let named = given.map(Path::to_owned).or_else(|| std::env::var_os("ARGUS_SHARED").map(PathBuf::from));
        Self { folder: named.unwrap_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared")) }
    }

    /// The folder, whether it is there or not.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// A file by its path in the folder or in the `data` of it; `None` if it is not there.
    pub fn file(&self, name: &str) -> Option<PathBuf> {
        [self.folder.join("data").join(name), self.folder.join(name)].into_iter().find(|path| path.is_file())
    }
}
