//! The KV state of a prompt's fixed beginning, kept on disk between runs: reading it back takes milliseconds, computing
//! it again some twelve seconds a thousand tokens on two cores.

use std::{
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use sha2::{Digest, Sha256};

/// States that are kept; each is some 30 MB.
const KEPT: usize = 4;

/// The directory of saved states.
pub(super) struct Prefixes {
    directory: PathBuf,
}

impl Prefixes {
    /// Opens the directory, making it if need be.
    pub(super) fn open(directory: PathBuf) -> std::io::Result<Self> {
        fs_err::create_dir_all(&directory)?;
        Ok(Self { directory })
    }

    pub(super) fn directory(&self) -> &Path {
        &self.directory
    }

    /// The file name for a prefix under the server that `setup` describes.
    pub(super) fn name(setup: &str, prefix: &str) -> String {
        let mut hash = Sha256::new();
        hash.update(setup.as_bytes());
        hash.update([0]);
        hash.update(prefix.as_bytes());
        format!("{}.kv", argus_tools::hash::hex(&hash.finalize()[..16]))
    }

    /// Whether a state is there. Marks it as used, so that pruning spares it.
    pub(super) fn has(&self, name: &str) -> bool {
        let path = self.directory.join(name);
        let there = path.is_file();
        if there && let Ok(file) = fs_err::File::options().write(true).open(&path) {
            let _ = file.file().set_modified(SystemTime::now());
        }
        there
    }

    /// A name to save under until the state is whole.
    pub(super) fn unfinished(name: &str) -> String {
        format!("{name}.{}.part", std::process::id())
    }

    /// Gives a whole state its name, and removes old ones.
    pub(super) fn finish(&self, unfinished: &str, name: &str) -> std::io::Result<()> {
        fs_err::rename(self.directory.join(unfinished), self.directory.join(name))?;
        self.prune();
        Ok(())
    }

    /// Forgets a state that cannot be used.
    pub(super) fn remove(&self, name: &str) {
        let _ = fs_err::remove_file(self.directory.join(name));
    }

    fn prune(&self) {
        let Ok(entries) = fs_err::read_dir(&self.directory) else { return };
        let mut files: Vec<(SystemTime, PathBuf)> = entries
            .flatten()
            .filter_map(|entry| Some((entry.metadata().ok()?.modified().ok()?, entry.path())))
            .collect();
        let has_extension = |path: &Path, wanted: &str| path.extension().is_some_and(|found| found == wanted);
        files.sort();
        let hour_ago = SystemTime::now().checked_sub(Duration::from_hours(1));
        for (modified, path) in &files {
            if has_extension(path, "part") && hour_ago.is_some_and(|then| *modified < then) {
                let _ = fs_err::remove_file(path);
            }
        }
        let states: Vec<&PathBuf> =
            files.iter().map(|(_, path)| path).filter(|path| has_extension(path, "kv")).collect();
        for path in states.iter().take(states.len().saturating_sub(KEPT)) {
            let _ = fs_err::remove_file(path);
        }
    }
}

/// What makes a file another one: path, size, time of change.
pub(super) fn identity(path: &Path) -> String {
    let facts = fs_err::metadata(path).ok();
    let size = facts.as_ref().map_or(0, std::fs::Metadata::len);
    let modified = facts
        .and_then(|facts| facts.modified().ok())
        .and_then(|time| time.duration_since(SystemTime::UNIX_EPOCH).ok())
        .map_or(0, |age| age.as_nanos());
    format!("{} {size} {modified}", path.display())
}

/// The beginning that two texts share.
pub(super) fn common_prefix<'a>(a: &'a str, b: &str) -> &'a str {
    let length = a.char_indices().zip(b.chars()).take_while(|((_, x), y)| x == y).map(|((i, x), _)| i + x.len_utf8());
    &a[..length.last().unwrap_or(0)]
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failed set-up fails the test")]
mod tests {
    use super::*;

    #[test]
    fn old_states_go_when_a_new_one_comes() {
        let directory = tempfile::tempdir().unwrap();
        let prefixes = Prefixes::open(directory.path().join("kv")).unwrap();
        for number in 0..6 {
            let (name, part) = (format!("{number}.kv"), format!("{number}.kv.1.part"));
            fs_err::write(prefixes.directory().join(&part), "state").unwrap();
            let file = fs_err::File::options().write(true).open(prefixes.directory().join(&part)).unwrap();
            let past = SystemTime::now().checked_sub(Duration::from_secs(60 - number)).unwrap();
            file.file().set_modified(past).unwrap();
            if number == 3 {
                // Using the oldest one spares it.
                assert!(prefixes.has("0.kv"));
            }
            prefixes.finish(&part, &name).unwrap();
        }
        let kept: Vec<bool> = (0..6).map(|number| prefixes.directory().join(format!("{number}.kv")).exists()).collect();
        assert_eq!(kept, [true, false, false, true, true, true]);
    }

    #[test]
    fn the_name_depends_on_server_and_text() {
        assert_eq!(Prefixes::name("a", "b"), Prefixes::name("a", "b"));
        assert_ne!(Prefixes::name("a", "b"), Prefixes::name("ab", ""));
    }

    #[test]
    fn common_prefix_ends_at_a_character() {
        assert_eq!(common_prefix("aé1", "aé2"), "aé");
        assert_eq!(common_prefix("é", "è"), "");
    }
}
