//! Installing one model: look at what is there, fetch what is missing, put the manifest last.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use futures_util::{StreamExt, TryStreamExt, stream};
use tokio::sync::oneshot;

use super::{
    catalog::{CatalogEntry, CatalogFile},
    disk,
    error::StoreError,
    fetch::{Fetched, Fetcher, Job, blocking},
    layout::Layout,
    lock::ModelLock,
    manifest::{Manifest, ManifestFile, Stamp},
    progress::{Progress, ProgressItem},
};
use crate::hash::hash_file;

/// Files of one model that are fetched at once.
const FILES: usize = 4;
/// Room that stays free beside what is computed.
const MARGIN: u64 = 64 << 20;

/// What an installation works with.
pub(crate) struct Installer<'a> {
    pub(crate) layout: &'a Layout,
    pub(crate) fetcher: &'a Fetcher,
    pub(crate) progress: &'a Arc<dyn Progress>,
    pub(crate) offline: bool,
    pub(crate) free_space: &'a (dyn Fn(&Path) -> Option<u64> + Send + Sync),
}

/// Where a file of an entry stands.
enum Standing {
    /// There, with the right hash.
    Good(ManifestFile),
    Missing,
}

/// The files of an entry that a manifest vouches for; `None` for one that must be looked at or fetched. A few `stat`s.
pub(crate) fn trusted(layout: &Layout, entry: &CatalogEntry, manifest: Option<&Manifest>) -> Vec<Option<ManifestFile>> {
    let directory = layout.model(&entry.id);
    let vouched = |file: &CatalogFile| {
        let recorded = manifest?.file(&file.path)?;
        let is_same = file.sha256.as_ref().is_none_or(|sha256| *sha256 == recorded.sha256);
        let stamp = Stamp::of(&directory.join(&file.path)).ok()?;
        (is_same && stamp == recorded.stamp).then(|| recorded.clone())
    };
    entry.files.iter().map(vouched).collect()
}

impl Installer<'_> {
    /// Installs or heals an entry. The caller lets only one of these run for an entry in this process.
    pub(crate) async fn install(&self, entry: &CatalogEntry) -> Result<Manifest, StoreError> {
        let mut waiting = None;
        let lock_path = self.layout.lock(&entry.id);
        let lock = ModelLock::take(&lock_path, || {
            waiting =
                Some(self.progress.begin(&format!("waiting for another process that installs {}", entry.id), None));
        });
        let _lock = lock.await.map_err(|error| StoreError::io(format!("locking `{}`", entry.id), error))?;
        drop(waiting);
        let action = || format!("installing `{}`", entry.id);
        // Left behind by a run that was killed.
        disk::remove_directory(&self.layout.work(&entry.id)).map_err(|error| StoreError::io(action(), error))?;
        let path = self.layout.manifest(&entry.id);
        let manifest = Manifest::read(&path);
        let mut standings = Vec::with_capacity(entry.files.len());
        for (file, known) in entry.files.iter().zip(trusted(self.layout, entry, manifest.as_ref())) {
            standings.push(match known {
                Some(known) => Standing::Good(known),
                None => self.look(entry, file, manifest.as_ref()).await?,
            });
        }
        let missing: Vec<&CatalogFile> = entry
            .files
            .iter()
            .zip(&standings)
            .filter_map(|(file, standing)| matches!(standing, Standing::Missing).then_some(file))
            .collect();
        if !missing.is_empty() {
            if self.offline {
                let files = missing.iter().map(|file| file.path.clone()).collect();
                return Err(StoreError::Offline { id: entry.id.clone(), files });
            }
            self.check_space(entry, &missing)?;
        }
        let mut fetched = self.fetch(entry, &missing, manifest.as_ref()).await?.into_iter();
        let mut files = Vec::with_capacity(standings.len());
        for standing in standings {
            files.extend(match standing {
                Standing::Good(file) => Some(file),
                Standing::Missing => fetched.next(),
            });
        }
        let manifest = Manifest::new(&entry.id, files);
        manifest.write(&path).map_err(|error| StoreError::io(action(), error))?;
        disk::remove_directory(&self.layout.partial(&entry.id)).map_err(|error| StoreError::io(action(), error))?;
        Ok(manifest)
    }

    /// Looks at a file that no stamp vouches for: in the model's directory, then among the blobs. What is wrong is removed.
    async fn look(
        &self,
        entry: &CatalogEntry,
        file: &CatalogFile,
        manifest: Option<&Manifest>,
    ) -> Result<Standing, StoreError> {
        let recorded = manifest.and_then(|manifest| manifest.file(&file.path)).map(|file| file.sha256.clone());
        let Some(expected) = file.sha256.clone().or(recorded) else { return Ok(Standing::Missing) };
        let target = self.layout.model(&entry.id).join(&file.path);
        let blob = self.layout.blob(&expected);
        let (path, executable) = (file.path.clone(), file.executable);
        let work = move || {
            let mut damaged = false;
            for candidate in [&target, &blob] {
                if !candidate.is_file() {
                    continue;
                }
                if hash_file(candidate)?.sha256 == expected {
                    if candidate == &blob {
                        disk::link(&blob, &target, executable)?;
                    }
                    let stamp = Stamp::of(&target)?;
                    return Ok((Standing::Good(ManifestFile { path, sha256: expected, stamp }), damaged));
                }
                damaged = true;
                disk::remove_file(candidate)?;
            }
            Ok((Standing::Missing, damaged))
        };
        let (standing, damaged) =
            blocking(work).await?.map_err(|error| StoreError::io(format!("checking `{}`", entry.id), error))?;
        if damaged {
            self.progress.warn(&format!("{}: {} was damaged and is installed again", entry.id, file.path));
        }
        Ok(standing)
    }

    /// Room for the files, for the archives they come in, and for the few parts that wait to be joined.
    fn check_space(&self, entry: &CatalogEntry, missing: &[&CatalogFile]) -> Result<(), StoreError> {
        let needed: u64 = missing
            .iter()
            .map(|file| {
                let bytes = file.bytes.unwrap_or(0);
                let parts = file.sources.iter().map(|source| source.0.len()).max().unwrap_or(1) as u64;
                if file.sources.iter().all(|source| source.0.iter().all(|part| part.members.is_empty())) {
                    bytes
                } else if parts == 1 {
                    bytes * 2
                } else {
                    bytes + bytes / parts * parts.min(2 * FILES as u64)
                }
            })
            .sum::<u64>()
            + MARGIN;
        match (self.free_space)(self.layout.home()) {
            Some(free) if free < needed => Err(StoreError::DiskFull {
                id: entry.id.clone(),
                path: self.layout.home().to_owned(),
                needed: needed / 1_000_000 + 1,
                free: free / 1_000_000,
            }),
            _ => Ok(()),
        }
    }

    /// Fetches the missing files, several at once, and puts each in place as it comes. The result is in their order.
    async fn fetch(
        &self,
        entry: &CatalogEntry,
        missing: &[&CatalogFile],
        manifest: Option<&Manifest>,
    ) -> Result<Vec<ManifestFile>, StoreError> {
        if missing.is_empty() {
            return Ok(Vec::new());
        }
        let work = WorkDirectory::make(self.layout.work(&entry.id))?;
        let total = missing.iter().map(|file| file.bytes).sum::<Option<u64>>();
        let item = self.progress.begin(&format!("installing {}", entry.id), total);
        let _watch = watch(item, total, vec![work.0.clone(), self.layout.partial(&entry.id)]);
        let job = Job::new(self.fetcher, self.layout, &entry.id, missing);
        let futures: Vec<_> = missing.iter().map(|file| self.fetch_one(&job, entry, file, manifest)).collect();
        stream::iter(futures).buffered(FILES).try_collect().await
    }

    async fn fetch_one<'a>(
        &self,
        job: &Job<'a>,
        entry: &CatalogEntry,
        file: &'a CatalogFile,
        manifest: Option<&Manifest>,
    ) -> Result<ManifestFile, StoreError> {
        let recorded = manifest.and_then(|manifest| manifest.file(&file.path)).map(|file| file.sha256.as_str());
        let Fetched { path, content } = job.file(file, recorded).await?;
        let blob = self.layout.blob(&content.sha256);
        let target = self.layout.model(&entry.id).join(&file.path);
        let executable = file.executable;
        let work = move || {
            disk::store_blob(&path, &blob, executable)?;
            disk::link(&blob, &target, executable)?;
            Stamp::of(&target)
        };
        let stamp = blocking(work)
            .await?
            .map_err(|error| StoreError::io(format!("putting {} of `{}` in place", file.path, entry.id), error))?;
        Ok(ManifestFile { path: file.path.clone(), sha256: content.sha256, stamp })
    }
}

/// Where archives are unpacked. It goes when the installation ends or is given up; resumable parts lie elsewhere and stay.
struct WorkDirectory(PathBuf);

impl WorkDirectory {
    fn make(path: PathBuf) -> Result<Self, StoreError> {
        disk::create_directory(&path).map_err(|error| StoreError::io("making a work directory", error))?;
        Ok(Self(path))
    }
}

impl Drop for WorkDirectory {
    fn drop(&mut self) {
        // What cannot be removed now is removed by the model's next installation.
        if let Err(error) = disk::remove_directory(&self.0) {
            tracing::debug!(%error, "a work directory stays");
        }
    }
}

/// Shows how directories grow until the returned handle is dropped. Package clients tell nobody how far they are.
fn watch(item: Box<dyn ProgressItem>, total: Option<u64>, directories: Vec<PathBuf>) -> oneshot::Sender<()> {
    let (sender, mut stop) = oneshot::channel();
    tokio::spawn(async move {
        let mut most = 0;
        while tokio::time::timeout(Duration::from_millis(200), &mut stop).await.is_err() {
            let paths = directories.clone();
            let size = blocking(move || paths.iter().map(|path| disk::size_of(path)).sum::<u64>()).await.unwrap_or(0);
            // Unpacking doubles some bytes and deleting takes them back.
            most = size.max(most);
            item.set(total.map_or(most, |total| most.min(total)));
        }
    });
    sender
}
