//! Taking members out of wheels, zips and gzipped tarballs.

use std::{
    collections::HashMap,
    fmt,
    io::{self, BufReader, Read, Seek},
    path::{Path, PathBuf},
};

use fs_err as fs;

use crate::hash::{Hasher, copy};

/// Why a member could not be taken out.
#[derive(Debug)]
pub(crate) enum ArchiveError {
    /// The archive is damaged, of an unknown kind, or lacks the member.
    Content(String),
    /// The disk failed.
    Io(io::Error),
}

impl fmt::Display for ArchiveError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Content(message) => f.write_str(message),
            Self::Io(error) => error.fmt(f),
        }
    }
}

impl From<io::Error> for ArchiveError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

/// Writes `members` to files `into/PREFIX0`, `into/PREFIX1`... of our own naming: no name in the archive ever becomes a
/// path. A member must be a regular file of exactly this name. Tarballs wrap everything in one directory, which the
/// members do not name. Blocking.
pub(crate) fn extract(
    archive: &Path,
    members: &[String],
    into: &Path,
    prefix: &str,
) -> Result<Vec<PathBuf>, ArchiveError> {
    fs::create_dir_all(into)?;
    let targets: Vec<PathBuf> = (0..members.len()).map(|index| into.join(format!("{prefix}{index}"))).collect();
    let mut file = fs::File::open(archive)?;
    let mut magic = [0; 4];
    let count = read_magic(&mut file, &mut magic)?;
    file.rewind()?;
    match magic.get(..count) {
        Some([b'P', b'K', 3 | 5, _]) => extract_zip(file, members, &targets)?,
        Some([0x1f, 0x8b, ..]) => extract_tarball(file, members, &targets)?,
        _ => return Err(ArchiveError::Content("the archive is neither a zip nor a gzipped tarball".into())),
    }
    Ok(targets)
}

fn read_magic(file: &mut impl Read, magic: &mut [u8; 4]) -> io::Result<usize> {
    let mut taken = file.take(4);
    let mut bytes = Vec::with_capacity(4);
    taken.read_to_end(&mut bytes)?;
    for (slot, byte) in magic.iter_mut().zip(&bytes) {
        *slot = *byte;
    }
    Ok(bytes.len())
}

/// A damaged stream shows as an `io::Error` of reading, a full disk as one of writing: they must not be confused.
struct Source<R>(R);

#[derive(Debug)]
struct Damaged(io::Error);

impl fmt::Display for Damaged {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl std::error::Error for Damaged {}

impl<R: Read> Read for Source<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.read(buffer).map_err(|error| io::Error::other(Damaged(error)))
    }
}

fn write_member(from: impl Read, target: &Path) -> Result<(), ArchiveError> {
    let mut file = fs::File::create(target)?;
    copy(&mut Source(from), &mut file, &mut Hasher::default()).map_err(|error| {
        if error.get_ref().is_some_and(<dyn std::error::Error + Send + Sync>::is::<Damaged>) {
            ArchiveError::Content(format!("the archive is damaged: {error}"))
        } else {
            ArchiveError::Io(error)
        }
    })
}

fn extract_zip(file: fs::File, members: &[String], targets: &[PathBuf]) -> Result<(), ArchiveError> {
    let mut zip = zip::ZipArchive::new(BufReader::new(file))
        .map_err(|error| ArchiveError::Content(format!("the archive is damaged: {error}")))?;
    for (member, target) in members.iter().zip(targets) {
        let entry = zip
            .by_name(member)
            .map_err(|error| ArchiveError::Content(format!("the archive does not give `{member}`: {error}")))?;
        if !entry.is_file() || entry.is_symlink() {
            return Err(ArchiveError::Content(format!("`{member}` is not a regular file in the archive")));
        }
        write_member(entry, target)?;
    }
    Ok(())
}

fn extract_tarball(file: fs::File, members: &[String], targets: &[PathBuf]) -> Result<(), ArchiveError> {
    let damaged = |error: io::Error| ArchiveError::Content(format!("the archive is damaged: {error}"));
    let mut wanted: HashMap<&str, &PathBuf> = members.iter().map(String::as_str).zip(targets).collect();
    let mut archive = tar::Archive::new(flate2::read::GzDecoder::new(BufReader::new(file)));
    for entry in archive.entries().map_err(damaged)? {
        let entry = entry.map_err(damaged)?;
        let name = entry.path_bytes().into_owned();
        let name = String::from_utf8_lossy(&name);
        let Some(target) = name.split_once('/').and_then(|(_, inner)| wanted.get(inner)) else { continue };
        if !entry.header().entry_type().is_file() {
            return Err(ArchiveError::Content(format!("`{name}` is not a regular file in the archive")));
        }
        let target = (*target).clone();
        wanted.retain(|_, other| **other != target);
        write_member(entry, &target)?;
        if wanted.is_empty() {
            return Ok(());
        }
    }
    let mut missing: Vec<_> = wanted.into_keys().collect();
    missing.sort_unstable();
    Err(ArchiveError::Content(format!("the archive does not hold {}", missing.join(", "))))
}
