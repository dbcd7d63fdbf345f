//! File operations that survive a power cut, and free space.

use std::{
    io::{self, Write},
    path::Path,
};

use fs_err as fs;

/// Flushes a directory, so that a rename in it lasts. Only Unix can.
pub(crate) fn sync_directory(path: &Path) -> io::Result<()> {
    #[cfg(unix)]
    fs::File::open(path)?.sync_all()?;
    #[cfg(not(unix))]
    let _ = path;
    Ok(())
}

fn parent(path: &Path) -> io::Result<&Path> {
    path.parent().ok_or_else(|| io::Error::other(format!("{} has no parent directory", path.display())))
}

/// Puts a small file in place so that it is there in full or not at all.
pub(crate) fn write_atomically(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let directory = parent(path)?;
    fs::create_dir_all(directory)?;
    let mut file = tempfile::Builder::new().prefix(".new-").tempfile_in(directory)?;
    file.write_all(bytes)?;
    // Temporary files are private; a cache may be shared by the users of a machine.
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        file.as_file().set_permissions(std::fs::Permissions::from_mode(0o644))?;
    }
    file.as_file().sync_all()?;
    file.persist(path)?;
    sync_directory(directory)
}

/// Moves a finished file to its blob: read-only, flushed, renamed, and the directory flushed too.
pub(crate) fn store_blob(from: &Path, blob: &Path, executable: bool) -> io::Result<()> {
    let directory = parent(blob)?;
    fs::create_dir_all(directory)?;
    fs::File::open(from)?.sync_all()?;
    protect(from, executable)?;
    fs::rename(from, blob)?;
    sync_directory(directory)
}

/// Read-only, and executable where that is a bit.
fn protect(path: &Path, executable: bool) -> io::Result<()> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = if executable { 0o555 } else { 0o444 };
        fs::set_permissions(path, std::fs::Permissions::from_mode(mode))?;
    }
    #[cfg(not(unix))]
    let _ = (path, executable);
    Ok(())
}

/// Makes a blob appear in a model's directory: a hard link, or a copy where the file system has none.
pub(crate) fn link(blob: &Path, target: &Path, executable: bool) -> io::Result<()> {
    let directory = parent(target)?;
    fs::create_dir_all(directory)?;
    remove_file(target)?;
    if executable {
        protect(blob, true)?;
    }
    if fs::hard_link(blob, target).is_err() {
        let copy = tempfile::Builder::new().prefix(".new-").tempfile_in(directory)?;
        fs::copy(blob, copy.path())?;
        copy.as_file().sync_all()?;
        copy.persist(target)?;
    }
    sync_directory(directory)
}

/// Makes a directory with its parents.
pub(crate) fn create_directory(path: &Path) -> io::Result<()> {
    fs::create_dir_all(path)
}

/// Removes a file; that there is none is fine.
pub(crate) fn remove_file(path: &Path) -> io::Result<()> {
    absent_is_fine(fs::remove_file(path))
}

/// Removes a directory with all that is in it; that there is none is fine.
pub(crate) fn remove_directory(path: &Path) -> io::Result<()> {
    absent_is_fine(fs::remove_dir_all(path))
}

fn absent_is_fine(result: io::Result<()>) -> io::Result<()> {
    match result {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

/// The bytes under a directory, for progress; what vanishes meanwhile counts nothing.
pub(crate) fn size_of(path: &Path) -> u64 {
    let Ok(entries) = std::fs::read_dir(path) else { return 0 };
    entries
        .flatten()
        .map(|entry| match entry.metadata() {
            Ok(metadata) if metadata.is_dir() => size_of(&entry.path()),
            Ok(metadata) => metadata.len(),
            Err(_) => 0,
        })
        .sum()
}

/// Bytes that this user may still write on the disk of `path`; `None` where that cannot be known.
pub(crate) fn free_space(path: &Path) -> Option<u64> {
    #[cfg(unix)]
    {
        let existing = path.ancestors().find(|path| path.exists())?;
        let statistics = rustix::fs::statvfs(existing).ok()?;
        Some(statistics.f_bavail.saturating_mul(statistics.f_frsize))
    }
    #[cfg(not(unix))]
    {
        let _ = path;
        None
    }
}
