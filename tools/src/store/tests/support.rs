//! A store in a temporary home with a catalog of the test's own.

use std::{
    ffi::OsString,
    fmt::Write as _,
    io::Write as _,
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
};

use super::super::{
    Catalog, Progress, ProgressItem, Store, StoreOptions, cache::Parts, disk, options::Clients, reach::Reach,
};
use crate::hash::sha256;

/// The machine that the tests' catalogs are for.
const PLATFORM: &str = "linux-x86_64";

/// Remembers what it was told.
#[derive(Default)]
pub(super) struct Recorder {
    pub(super) begun: Mutex<Vec<String>>,
    pub(super) warnings: Mutex<Vec<String>>,
}

struct Nothing;

impl ProgressItem for Nothing {
    fn set(&self, _bytes: u64) {}
}

impl Progress for Recorder {
    fn begin(&self, what: &str, _bytes: Option<u64>) -> Box<dyn ProgressItem> {
        self.begun.lock().unwrap().push(what.to_owned());
        Box::new(Nothing)
    }

    fn warn(&self, message: &str) {
        self.warnings.lock().unwrap().push(message.to_owned());
    }
}

/// A temporary directory with a home and with fake clients in it.
pub(super) struct Bench {
    directory: tempfile::TempDir,
    pub(super) options: StoreOptions,
    pub(super) recorder: Arc<Recorder>,
    pub(super) clients: Clients,
    pub(super) reach: Reach,
    pub(super) free_space: fn(&Path) -> Option<u64>,
    catalog: String,
}

impl Bench {
    pub(super) fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let recorder = Arc::new(Recorder::default());
        let mut options = StoreOptions::new(directory.path().join("home"));
        options.progress = Arc::<Recorder>::clone(&recorder);
        let absent = vec![vec![directory.path().join("absent-client").into_os_string()]];
        let clients = Clients {
            pip: absent.clone(),
            npm: absent.clone(),
            cargo: absent,
            cargo_home: Some(directory.path().join("cargo-home")),
        };
        Self {
            directory,
            options,
            recorder,
            clients,
            reach: Reach::default(),
            free_space: disk::free_space,
            catalog: "schema = 1\n".into(),
        }
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    pub(super) fn home(&self) -> &Path {
        &self.options.home
    }

    /// Adds an entry of role `test`; each file is its path, its content if it is pinned, and its sources as TOML.
    pub(super) fn entry(&mut self, id: &str, files: &[(&str, Option<&str>, String)]) -> &mut Self {
        write!(self.catalog, "[[model]]\nid = \"{id}\"\nrole = \"test\"\nlicence = \"MIT\"\ndescription = \"d\"\n")
            .unwrap();
        for (path, content, sources) in files {
            writeln!(self.catalog, "[[model.file]]\npath = \"{path}\"\nsources = [{sources}]").unwrap();
            if let Some(content) = content {
                writeln!(self.catalog, "bytes = {}\nsha256 = \"{}\"", content.len(), sha256(content.as_bytes()))
                    .unwrap();
            }
        }
        self
    }

    /// Adds text to the catalog.
    pub(super) fn append(&mut self, text: &str) -> &mut Self {
        self.catalog.push_str(text);
        self
    }

    pub(super) fn store(&self) -> Store {
        let parts = Parts {
            catalog: Catalog::parse(&self.catalog, PLATFORM).unwrap(),
            clients: self.clients.clone(),
            reach: self.reach.clone(),
            free_space: self.free_space,
        };
        Store::with_parts(self.options.clone(), parts).unwrap()
    }

    /// A client that is a shell script. `$COUNT` is a file that gets a line a call.
    pub(super) fn script(&self, name: &str, body: &str) -> Vec<Vec<OsString>> {
        let path = self.path(name);
        let text =
            format!("COUNT='{}'\necho call >> \"$COUNT\"\n{body}\n", self.path(&format!("{name}.count")).display());
        std::fs::write(&path, text).unwrap();
        vec![vec!["sh".into(), path.into_os_string()]]
    }

    /// How often a script was called.
    pub(super) fn calls(&self, name: &str) -> usize {
        std::fs::read_to_string(self.path(&format!("{name}.count"))).unwrap_or_default().lines().count()
    }

    /// Every file under the home except locks, relative to it.
    pub(super) fn files(&self) -> Vec<String> {
        fn walk(directory: &Path, found: &mut Vec<PathBuf>) {
            for entry in std::fs::read_dir(directory).into_iter().flatten().flatten() {
                if entry.path().is_dir() { walk(&entry.path(), found) } else { found.push(entry.path()) }
            }
        }
        let mut found = Vec::new();
        walk(self.home(), &mut found);
        let mut names: Vec<_> =
            found.iter().map(|path| path.strip_prefix(self.home()).unwrap().to_string_lossy().into_owned()).collect();
        names.retain(|name| !name.starts_with("locks"));
        names.sort();
        names
    }
}

/// A quoted string for a TOML list.
pub(super) fn quoted(text: &str) -> String {
    format!("\"{text}\"")
}

/// A zip (a wheel is one) of these members.
pub(super) fn zip_file(path: &Path, members: &[(&str, &[u8])]) {
    let mut writer = zip::ZipWriter::new(std::fs::File::create(path).unwrap());
    for (name, content) in members {
        writer.start_file(*name, zip::write::SimpleFileOptions::default()).unwrap();
        writer.write_all(content).unwrap();
    }
    writer.finish().unwrap();
}

/// A gzipped tarball of these members, under `package/`.
pub(super) fn tarball(path: &Path, members: &[(&str, &[u8])]) {
    let encoder = flate2::write::GzEncoder::new(std::fs::File::create(path).unwrap(), flate2::Compression::fast());
    let mut builder = tar::Builder::new(encoder);
    for (name, content) in members {
        let mut header = tar::Header::new_gnu();
        header.set_size(content.len() as u64);
        header.set_mode(0o644);
        builder.append_data(&mut header, format!("package/{name}"), *content).unwrap();
    }
    builder.into_inner().unwrap().finish().unwrap();
}
