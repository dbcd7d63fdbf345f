//! The lock of a model, held during installation and removal, across processes.

use std::{fs::TryLockError, io, path::Path, time::Duration};

use fs_err as fs;

/// Held until dropped, also when the process is killed.
#[derive(Debug)]
pub(crate) struct ModelLock {
    // Closing the file releases the lock.
    _file: std::fs::File,
}

impl ModelLock {
    /// Takes the lock if it is free.
    pub(crate) fn try_take(path: &Path) -> io::Result<Option<Self>> {
        if let Some(directory) = path.parent() {
            fs::create_dir_all(directory)?;
        }
        let file: std::fs::File =
            fs::OpenOptions::new().create(true).truncate(false).write(true).open(path)?.into_parts().0;
        match file.try_lock() {
            Ok(()) => Ok(Some(Self { _file: file })),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(error),
        }
    }

    /// Waits for the lock; `on_wait` is called once if somebody else holds it. Dropping the future stops the waiting.
    pub(crate) async fn take(path: &Path, on_wait: impl FnOnce()) -> io::Result<Self> {
        let mut on_wait = Some(on_wait);
        loop {
            if let Some(lock) = Self::try_take(path)? {
                return Ok(lock);
            }
            if let Some(on_wait) = on_wait.take() {
                on_wait();
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }
}
