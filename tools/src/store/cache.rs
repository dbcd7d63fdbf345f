//! The store: what a program asks for models.

use std::{
    collections::{HashMap, HashSet},
    fmt, io,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

use indexmap::IndexMap;

use super::{
    catalog::{Catalog, CatalogEntry},
    disk,
    error::{Attempt, StoreError},
    fetch::{Fetcher, blocking},
    install::{Installer, trusted},
    layout::Layout,
    lock::ModelLock,
    manifest::Manifest,
    options::{Clients, StoreOptions},
    reach::Reach,
    state::{FileReport, FileState, Installed, ModelState, VerifyReport},
    user::UserModel,
};
use crate::hash::hash_file;

/// The entry that holds the sample pictures.
const SAMPLES: &str = "samples";

/// What tests replace.
pub(crate) struct Parts {
    pub(crate) catalog: Catalog,
    pub(crate) clients: Clients,
    pub(crate) reach: Reach,
    pub(crate) free_space: fn(&Path) -> Option<u64>,
}

struct Inner {
    options: StoreOptions,
    catalog: Catalog,
    layout: Layout,
    fetcher: Fetcher,
    free_space: fn(&Path) -> Option<u64>,
    /// One installation of a model at a time in this process; the others wait and then find it installed.
    running: Mutex<HashMap<String, Arc<tokio::sync::Mutex<()>>>>,
}

/// Models and runtimes on disk. Clones share one store.
#[derive(Clone)]
pub struct Store(Arc<Inner>);

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Store").field(&self.0.options).finish()
    }
}

impl Store {
    /// Opens a store. Nothing is read, made or asked yet.
    pub fn open(options: StoreOptions) -> Result<Self, StoreError> {
        let parts = Parts {
            catalog: Catalog::embedded()?,
            clients: Clients::default(),
            reach: Reach::process(),
            free_space: disk::free_space,
        };
        Self::with_parts(options, parts)
    }

    pub(crate) fn with_parts(options: StoreOptions, parts: Parts) -> Result<Self, StoreError> {
        let fetcher = Fetcher::new(parts.clients, parts.reach, options.hf_endpoint.as_deref(), options.hub_offline)
            .map_err(|error| StoreError::Worker { message: format!("no HTTP client: {error}") })?;
        Ok(Self(Arc::new(Inner {
            layout: Layout::new(options.home.clone()),
            options,
            catalog: parts.catalog,
            fetcher,
            free_space: parts.free_space,
            running: Mutex::default(),
        })))
    }

    /// The store's directory.
    pub fn home(&self) -> &Path {
        self.0.layout.home()
    }

    /// What can be installed.
    pub fn catalog(&self) -> &Catalog {
        &self.0.catalog
    }

    /// The user's own models by name, best first.
    pub fn user_models(&self) -> &IndexMap<String, UserModel> {
        &self.0.options.user_models
    }

    pub(super) fn fetcher(&self) -> &Fetcher {
        &self.0.fetcher
    }

    pub(super) fn options(&self) -> &StoreOptions {
        &self.0.options
    }

    fn entry(&self, id: &str) -> Result<&CatalogEntry, StoreError> {
        let entry = self.catalog().get(id).ok_or_else(|| {
            let catalog = self.catalog().entries().map(|entry| entry.id.clone());
            StoreError::UnknownModel {
                id: id.into(),
                known: self.user_models().keys().cloned().chain(catalog).collect(),
            }
        })?;
        if entry.files.is_empty() {
            return Err(StoreError::Platform {
                id: id.into(),
                platform: super::platform::current_platform(),
                available: entry.platforms.clone(),
            });
        }
        Ok(entry)
    }

    /// Where a model stands, from the manifest and a `stat` of each file.
    pub fn state(&self, id: &str) -> Result<ModelState, StoreError> {
        let layout = &self.0.layout;
        if let Some(model) = self.user_models().get(id) {
            return Ok(if model.file.exists() { ModelState::Installed } else { ModelState::Missing { bytes: 0 } });
        }
        let entry = self.entry(id)?;
        let Some(manifest) = Manifest::read(&layout.manifest(id)) else {
            let absent = entry.files.iter().filter(|file| match &file.sha256 {
                Some(sha256) => !layout.blob(sha256).is_file(),
                None => true,
            });
            return Ok(ModelState::Missing { bytes: absent.filter_map(|file| file.bytes).sum() });
        };
        let is_whole = trusted(layout, entry, Some(&manifest)).iter().all(Option::is_some);
        Ok(if is_whole { ModelState::Installed } else { ModelState::Damaged })
    }

    /// The model if it is installed and unchanged, without installing anything.
    pub fn installed(&self, id: &str) -> Result<Option<Installed>, StoreError> {
        if let Some(model) = self.user_models().get(id) {
            return if model.file.exists() { user_installed(id, model).map(Some) } else { Ok(None) };
        }
        let entry = self.entry(id)?;
        let manifest = Manifest::read(&self.0.layout.manifest(id));
        let is_whole = trusted(&self.0.layout, entry, manifest.as_ref()).iter().all(Option::is_some);
        Ok(is_whole.then(|| self.catalog_installed(entry)))
    }

    fn catalog_installed(&self, entry: &CatalogEntry) -> Installed {
        let dir = self.0.layout.model(&entry.id);
        Installed {
            id: entry.id.clone(),
            role: entry.role.clone(),
            files: entry.files.iter().map(|file| (file.path.clone(), dir.join(&file.path))).collect(),
            dir,
            facts: entry.facts.clone(),
            licence: Some(entry.licence.clone()),
        }
    }

    /// The model, installed or healed first if need be. Warm, it costs a `stat` a file. Dropping the future stops the
    /// installation; the next one continues from what was downloaded.
    pub async fn ensure(&self, id: &str) -> Result<Installed, StoreError> {
        if let Some(installed) = self.installed(id)? {
            return Ok(installed);
        }
        if let Some(model) = self.user_models().get(id) {
            return user_installed(id, model);
        }
        let entry = self.entry(id)?;
        let gate = {
            let mut running = self.0.running.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(running.entry(id.to_owned()).or_default())
        };
        let _turn = gate.lock().await;
        if let Some(installed) = self.installed(id)? {
            return Ok(installed);
        }
        let installer = Installer {
            layout: &self.0.layout,
            fetcher: &self.0.fetcher,
            progress: &self.0.options.progress,
            offline: self.0.options.offline,
            free_space: &self.0.free_space,
        };
        installer.install(entry).await?;
        Ok(self.catalog_installed(entry))
    }

    /// A model for a role: `preferred` if given, else the first candidate that is installed, else the first that can be
    /// fetched. The user's own models come first.
    pub async fn ensure_role(&self, role: &str, preferred: Option<&str>) -> Result<Installed, StoreError> {
        if let Some(id) = preferred.filter(|id| *id != "auto") {
            let installed = self.ensure(id).await?;
            if installed.role != role {
                let message = format!("its role is `{}`, but a model for `{role}` is needed", installed.role);
                return Err(StoreError::Catalog { origin: format!("model `{id}`"), message });
            }
            return Ok(installed);
        }
        let candidates = self.candidates(role);
        if candidates.is_empty() {
            let mut known: Vec<String> = self.catalog().entries().map(|entry| entry.role.clone()).collect();
            known.dedup();
            return Err(StoreError::UnknownRole { role: role.into(), known });
        }
        for id in &candidates {
            if let Ok(Some(installed)) = self.installed(id) {
                return Ok(installed);
            }
        }
        let mut attempts = Vec::new();
        for id in candidates {
            match self.ensure(&id).await {
                Ok(installed) => {
                    for Attempt { what, reason } in attempts {
                        tracing::info!(role, candidate = what, reason, "skipped");
                    }
                    return Ok(installed);
                }
                Err(error) => attempts.push(Attempt { what: id, reason: brief(&error) }),
            }
        }
        Err(StoreError::NoCandidate { role: role.into(), attempts })
    }

    /// The ids that may serve a role, best first: the user's own, then the catalog's.
    pub fn candidates(&self, role: &str) -> Vec<String> {
        let own = self.user_models().iter().filter(|(_, model)| model.role == role).map(|(id, _)| id.clone());
        let mut ids: Vec<String> = own.collect();
        for entry in self.catalog().candidates(role) {
            if !ids.contains(&entry.id) {
                ids.push(entry.id.clone());
            }
        }
        ids
    }

    async fn lock(&self, id: &str) -> Result<ModelLock, StoreError> {
        let progress = &self.0.options.progress;
        let mut waiting = None;
        ModelLock::take(&self.0.layout.lock(id), || {
            waiting = Some(progress.begin(&format!("waiting for another process that uses {id}"), None));
        })
        .await
        .map_err(|error| StoreError::io(format!("locking `{id}`"), error))
    }

    /// Reads every byte of a model. A damaged file is removed, so that the next `ensure` heals it.
    pub async fn verify(&self, id: &str) -> Result<VerifyReport, StoreError> {
        let layout = &self.0.layout;
        if let Some(model) = self.user_models().get(id) {
            let state = if model.file.exists() { FileState::Good } else { FileState::Missing };
            let path = model.file.display().to_string();
            return Ok(VerifyReport { id: id.into(), files: vec![FileReport { path, state }] });
        }
        let entry = self.entry(id)?;
        let _lock = self.lock(id).await?;
        let manifest = Manifest::read(&layout.manifest(id));
        let mut files = Vec::new();
        for file in &entry.files {
            let recorded = manifest.as_ref().and_then(|manifest| manifest.file(&file.path));
            let expected = file.sha256.clone().or_else(|| recorded.map(|file| file.sha256.clone()));
            let target = layout.model(id).join(&file.path);
            let blob = expected.as_ref().map(|sha256| layout.blob(sha256));
            let state = blocking(move || check(&target, blob.as_deref(), expected.as_deref()))
                .await?
                .map_err(|error| StoreError::io(format!("verifying `{id}`"), error))?;
            files.push(FileReport { path: file.path.clone(), state });
        }
        Ok(VerifyReport { id: id.into(), files })
    }

    /// Removes a model and the bytes that no other model shares. Returns the bytes freed.
    pub fn remove(&self, id: &str) -> Result<u64, StoreError> {
        if let Some(model) = self.user_models().get(id) {
            let message = format!("it is your own file {}; delete it yourself", model.file.display());
            return Err(StoreError::Catalog { origin: format!("model `{id}`"), message });
        }
        let entry = self.entry(id)?;
        let action = |error| StoreError::io(format!("removing `{id}`"), error);
        let layout = &self.0.layout;
        let Some(_lock) = ModelLock::try_take(&layout.lock(id)).map_err(action)? else {
            return Err(StoreError::Busy { id: id.into() });
        };
        let mut hashes: HashSet<String> = entry.files.iter().filter_map(|file| file.sha256.clone()).collect();
        if let Some(manifest) = Manifest::read(&layout.manifest(id)) {
            hashes.extend(manifest.files.into_iter().map(|file| file.sha256));
        }
        let mut freed = disk::size_of(&layout.partial(id)) + disk::size_of(&layout.work(id));
        // The manifest goes first: without it the rest is no installed model.
        disk::remove_file(&layout.manifest(id)).map_err(action)?;
        for directory in [layout.model(id), layout.partial(id), layout.work(id)] {
            disk::remove_directory(&directory).map_err(action)?;
        }
        let shared = self.hashes_in_use();
        for hash in hashes.difference(&shared) {
            let blob = layout.blob(hash);
            if let Ok(metadata) = fs_err::metadata(&blob) {
                freed += metadata.len();
                disk::remove_file(&blob).map_err(action)?;
            }
        }
        Ok(freed)
    }

    /// The hashes that the manifests of all installed models name.
    fn hashes_in_use(&self) -> HashSet<String> {
        let Ok(models) = std::fs::read_dir(self.0.layout.models()) else { return HashSet::new() };
        models
            .flatten()
            .filter_map(|model| Manifest::read(&self.0.layout.manifest(&model.file_name().to_string_lossy())))
            .flat_map(|manifest| manifest.files)
            .map(|file| file.sha256)
            .collect()
    }

    /// The names that [`Store::sample`] knows.
    pub fn samples(&self) -> Vec<String> {
        let files = self.catalog().get(SAMPLES).map(|entry| entry.files.as_slice()).unwrap_or_default();
        files.iter().map(|file| stem(&file.path).to_owned()).collect()
    }

    /// A sample picture by name, without its file ending. The first call fetches all of them, a few MB.
    pub async fn sample(&self, name: &str) -> Result<PathBuf, StoreError> {
        let known = self.samples();
        if !known.iter().any(|known| known == name) {
            return Err(StoreError::UnknownSample { name: name.into(), known });
        }
        let samples = self.ensure(SAMPLES).await?;
        let found = samples.files.into_iter().find(|(path, _)| stem(path) == name).map(|(_, path)| path);
        found.ok_or(StoreError::UnknownSample { name: name.into(), known })
    }
}

fn stem(path: &str) -> &str {
    path.rsplit_once('.').map_or(path, |(stem, _)| stem)
}

/// One line for a list of candidates.
fn brief(error: &StoreError) -> String {
    match error {
        StoreError::Sources { attempts, .. } => attempts.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "),
        StoreError::Io { action, source } => format!("{action}: {source}"),
        other => other.to_string(),
    }
}

fn user_installed(id: &str, model: &UserModel) -> Result<Installed, StoreError> {
    let origin = || format!("model `{id}` of the configuration");
    let wrong = |message: String| StoreError::Catalog { origin: origin(), message };
    let io = |error| StoreError::io(origin(), error);
    let path = std::path::absolute(&model.file).map_err(io)?;
    let (dir, files) = if path.is_dir() {
        let files = folder_files(&path).map_err(io)?;
        if !files.keys().any(|name| is_graph(name)) {
            let message = "has no .onnx file, neither in itself nor in its folder `onnx`";
            return Err(wrong(format!("its folder {} {message}", model.file.display())));
        }
        (path, files)
    } else if path.is_file() {
        let named = |path: PathBuf| (file_name(&path), path);
        let dir = path.parent().map(Path::to_owned).unwrap_or_default();
        let mut files = IndexMap::from([named(path)]);
        if let Some(projector) = &model.mmproj {
            let projector = std::path::absolute(projector).map_err(io)?;
            if !projector.is_file() {
                return Err(wrong(format!("its mmproj {} does not exist", projector.display())));
            }
            files.extend([named(projector)]);
        }
        (dir, files)
    } else {
        return Err(wrong(format!("its file {} does not exist", model.file.display())));
    };
    Ok(Installed {
        id: id.into(),
        role: model.role.clone(),
        dir,
        files,
        facts: model.read_facts()?,
        licence: model.licence.clone(),
    })
}

fn file_name(path: &Path) -> String {
    path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}

fn is_graph(name: &str) -> bool {
    Path::new(name).extension().is_some_and(|ending| ending.eq_ignore_ascii_case("onnx"))
}

/// The files of a folder and of its folder `onnx`, as the hub lays them out, by their path inside; graphs first.
pub fn folder_files(folder: &Path) -> io::Result<IndexMap<String, PathBuf>> {
    let mut found = Vec::new();
    for (before, directory) in [("", folder.to_owned()), ("onnx/", folder.join("onnx"))] {
        if !directory.is_dir() {
            continue;
        }
        for entry in fs_err::read_dir(directory)? {
            let entry = entry?;
            if entry.path().is_file() {
                found.push((format!("{before}{}", entry.file_name().to_string_lossy()), entry.path()));
            }
        }
    }
    found.sort_by_key(|(name, _)| (!is_graph(name), name.clone()));
    Ok(found.into_iter().collect())
}

/// Reads a file and its blob; what has other bytes than expected is removed. Blocking.
fn check(target: &Path, blob: Option<&Path>, expected: Option<&str>) -> io::Result<FileState> {
    let Some(expected) = expected else { return Ok(FileState::Missing) };
    let mut state = FileState::Missing;
    if target.is_file() {
        if hash_file(target)?.sha256 == expected {
            return Ok(FileState::Good);
        }
        disk::remove_file(target)?;
        state = FileState::Damaged;
    }
    if let Some(blob) = blob.filter(|blob| blob.is_file())
        && hash_file(blob)?.sha256 != expected
    {
        disk::remove_file(blob)?;
        state = FileState::Damaged;
    }
    Ok(state)
}
