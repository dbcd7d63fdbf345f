//! The files of language models on this machine: which model a name means, where its files are, which `llama-server` runs it.

use std::{
    collections::HashMap,
    fmt,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError, Weak},
};

use argus_tools::{
    programs::on_path,
    store::{Catalog, Installed, ModelState, Store, StoreError, UserModel},
};
use indexmap::IndexMap;

use super::{Gguf, LocalModel, LocalOptions, LocalServer, RankedModels};
use crate::chat::ChatError;

const SERVER: &str = "llama-server";
/// The role of models that are asked about pictures alone.
const VISION: &str = "vision_llm";
/// Tokens of a question about pictures and its answer.
const VISION_CONTEXT: u32 = 4096;

/// A model on this machine as the settings name it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum LocalName {
    /// `local`: the best for this machine.
    Best,
    /// `local:ID`: one of the catalog or of the settings.
    Id(String),
    /// `local:PATH`: a GGUF file.
    File(PathBuf),
}

/// What a model on this machine is for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum LocalRole {
    /// It reasons over the tools.
    Llm,
    /// It is asked about pictures.
    VisionLlm,
}

/// The files of a model.
#[derive(Debug, PartialEq)]
struct Files {
    id: String,
    model: PathBuf,
    mmproj: Option<PathBuf>,
}

impl LocalName {
    /// `None` if the name is that of no model on this machine.
    pub fn parse(name: &str) -> Option<Self> {
        let is_path = |rest: &str| rest.contains(['/', '\\']) || is_gguf(Path::new(rest));
        match name.split_once(':') {
            None if name == "local" => Some(Self::Best),
            Some(("local", rest)) if is_path(rest) => Some(Self::File(rest.into())),
            Some(("local", id)) if !id.is_empty() => Some(Self::Id(id.to_owned())),
            _ => None,
        }
    }

    /// Whether a model for planning has a projector, as far as files and settings tell.
    pub fn takes_pictures(&self, own_models: &IndexMap<String, UserModel>) -> bool {
        let own = |id: &str| own_models.get(id).map(|own| own.mmproj.is_some() || projector(&own.file).is_some());
        match self {
            Self::File(path) => projector(path).is_some(),
            Self::Id(id) => own(id).unwrap_or_else(|| {
                Catalog::embedded().is_ok_and(|catalog| catalog.get(id).is_some_and(|entry| entry.role == VISION))
            }),
            Self::Best => {
                let mut own_llms = own_models.iter().filter(|(_, own)| own.role == "llm" && own.file.is_file());
                own_llms.next().and_then(|(id, _)| own(id)).unwrap_or(false)
            }
        }
    }

    /// Whether a file that is named is there.
    pub fn check(&self) -> Result<(), LocalError> {
        match self {
            Self::File(path) if !path.is_file() => Err(LocalError::wrong(
                format!("there is no file {}", path.display()),
                "give the path of a GGUF file or an id of `argus models list`",
            )),
            _ => Ok(()),
        }
    }
}

/// A model on this machine that cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LocalError {
    /// The name means nothing that can be used.
    #[error("{message}")]
    Name {
        /// What was wrong, and with which name.
        message: String,
        /// What would be right.
        hint: String,
    },
    /// Its files are not available.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Its file is damaged, or its server does not run.
    #[error(transparent)]
    Chat(#[from] ChatError),
}

impl LocalError {
    fn wrong(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::Name { message: message.into(), hint: hint.into() }
    }

    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Name { hint, .. } => Some(hint.clone()),
            Self::Store(error) => error.hint(),
            Self::Chat(error) => error.hint.clone(),
        }
    }
}

/// The models that run, by file: who names the same file gets the same server. It ends with its last user.
#[derive(Clone, Default)]
pub struct RunningModels(Arc<Mutex<HashMap<PathBuf, Weak<LocalModel>>>>);

impl fmt::Debug for RunningModels {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RunningModels")
    }
}

impl RunningModels {
    /// The running model of a file, or the one that `make` gives.
    fn share(
        &self,
        file: &Path,
        make: impl FnOnce() -> Result<LocalModel, ChatError>,
    ) -> Result<Arc<LocalModel>, ChatError> {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(model) = known.get(file).and_then(Weak::upgrade) {
            return Ok(model);
        }
        let model = Arc::new(make()?);
        known.insert(file.to_owned(), Arc::downgrade(&model));
        Ok(model)
    }
}

/// Gives the language models of this machine: fetches their files and starts their servers, each once.
#[derive(Clone, Debug)]
pub struct LocalModels {
    store: Store,
    prefer: IndexMap<String, String>,
    running: RunningModels,
}

impl LocalModels {
    /// Models of this store and of the settings that it was opened with.
    pub fn new(store: Store) -> Self {
        Self { store, prefer: IndexMap::new(), running: RunningModels::default() }
    }

    /// Models for single roles by id, instead of the best for this machine.
    #[must_use]
    pub fn prefer(mut self, prefer: IndexMap<String, String>) -> Self {
        self.prefer = prefer;
        self
    }

    /// Shares the servers that run already.
    #[must_use]
    pub fn running(mut self, running: RunningModels) -> Self {
        self.running = running;
        self
    }

    /// A model, its files fetched if need be. Its server starts when it is first asked.
    pub async fn model(&self, name: &LocalName, role: LocalRole) -> Result<Arc<LocalModel>, LocalError> {
        // What is wrong with the name is reported before a server is fetched.
        name.check()?;
        if let LocalName::File(path) = name {
            Gguf::read(path)?;
        }
        let (server, files) = tokio::try_join!(self.server(), self.files(name, role))?;
        if role == LocalRole::VisionLlm && files.mmproj.is_none() {
            return Err(LocalError::wrong(
                format!("{} takes no pictures: it has no projector", files.id),
                "put its mmproj*.gguf into the same folder, or name it by mmproj in argus.toml",
            ));
        }
        Ok(self.running.share(&files.model, || {
            let mut options = LocalOptions::new(&server.program, &files.model, self.store.home().join("llama"));
            options.id = format!("local:{}", files.id);
            options.library_dir.clone_from(&server.libraries);
            options.mmproj.clone_from(&files.mmproj);
            if role == LocalRole::VisionLlm {
                options.context_tokens = VISION_CONTEXT;
            }
            Ok(LocalModel::new(options.read_header()?))
        })?)
    }

    async fn files(&self, name: &LocalName, role: LocalRole) -> Result<Files, LocalError> {
        let store = &self.store;
        let catalog_role = if role == LocalRole::Llm { "llm" } else { VISION };
        let installed = match (name, self.prefer.get(catalog_role)) {
            (LocalName::File(path), _) => {
                let id = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
                return Ok(Files { id, model: path.clone(), mmproj: projector(path) });
            }
            (LocalName::Id(id), _) => store.ensure(id).await?,
            (LocalName::Best, Some(id)) if id != "auto" => store.ensure_role(catalog_role, Some(id)).await?,
            (LocalName::Best, _) if role == LocalRole::VisionLlm => store.ensure_role(VISION, None).await?,
            (LocalName::Best, _) => RankedModels::new(store).await.ensure(store).await?,
        };
        if !matches!(installed.role.as_str(), "llm" | VISION) {
            return Err(LocalError::wrong(
                format!("{} is no language model: its role is {}", installed.id, installed.role),
                "`argus models list` shows the ids with the role llm",
            ));
        }
        let model = installed.main().to_owned();
        let mut mmproj = installed.files.values().skip(1).find(|path| is_gguf(path)).cloned();
        if store.user_models().contains_key(&installed.id) {
            mmproj = mmproj.or_else(|| projector(&model));
        }
        Ok(Files { id: installed.id, model, mmproj })
    }

    /// `llama-server` on PATH, else the installed one, else the first that can be fetched and runs on this machine.
    async fn server(&self) -> Result<Server, LocalError> {
        let store = &self.store;
        if let Some(program) = on_path(SERVER) {
            return Ok(Server { program: program.into(), libraries: None });
        }
        let is_there = |id: &String| matches!(store.state(id), Ok(ModelState::Installed));
        let known = store.candidates(SERVER).iter().any(is_there);
        let preferred = self.prefer.get(SERVER).map(String::as_str).filter(|id| *id != "auto");
        let installed = store.ensure_role(SERVER, preferred).await?;
        let first = Server::installed(&installed);
        if known || preferred.is_some() {
            return Ok(first);
        }
        let Err(error) = first.check().await else { return Ok(first) };
        // It was made for another system. Another build may run: that one is kept then.
        for id in store.candidates(SERVER).into_iter().filter(|id| *id != installed.id) {
            let Ok(other) = store.ensure(&id).await else { continue };
            let other = Server::installed(&other);
            if other.check().await.is_ok() {
                tracing::warn!(%error, "{} does not run on this machine; {id} is used instead", installed.id);
                let _ = store.remove(&installed.id);
                return Ok(other);
            }
        }
        Err(error.into())
    }
}

fn is_gguf(path: &Path) -> bool {
    path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("gguf"))
}

/// The projector in the folder of a model: a file `mmproj*.gguf`; of several the one whose name is most like the model's.
fn projector(model: &Path) -> Option<PathBuf> {
    let name = |path: &Path| path.file_name().unwrap_or_default().to_string_lossy().to_lowercase();
    let folder = model.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let own = name(model);
    let mut found: Vec<PathBuf> = fs_err::read_dir(folder).ok()?.flatten().map(|entry| entry.path()).collect();
    found.retain(|path| is_gguf(path) && name(path).starts_with("mmproj") && name(path) != own && path.is_file());
    found.sort();
    let likeness = |path: &PathBuf| {
        let other = name(path);
        let other = other.trim_start_matches("mmproj").trim_start_matches(['-', '_', '.']);
        own.chars().zip(other.chars()).take_while(|(one, two)| one == two).count()
    };
    // The first of the best: `max_by_key` would take the last.
    found.into_iter().rev().max_by_key(likeness)
}

/// The program that runs models.
struct Server {
    program: PathBuf,
    /// Where its libraries lie, unless the system knows.
    libraries: Option<PathBuf>,
}

impl Server {
    fn installed(installed: &Installed) -> Self {
        Self { program: installed.main().to_owned(), libraries: installed.main().parent().map(PathBuf::from) }
    }

    async fn check(&self) -> Result<(), ChatError> {
        LocalServer::check(&self.program, self.libraries.as_deref()).await
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a failed set-up fails the test")]

    use super::*;

    #[test]
    fn names_are_ids_or_paths() {
        let file = |path: &str| Some(LocalName::File(path.into()));
        assert_eq!(LocalName::parse("local"), Some(LocalName::Best));
        assert_eq!(LocalName::parse("local:qwen3-4b-q4_k_m"), Some(LocalName::Id("qwen3-4b-q4_k_m".into())));
        assert_eq!(LocalName::parse("local:mine.GGUF"), file("mine.GGUF"));
        assert_eq!(LocalName::parse("local:./models/mine"), file("./models/mine"));
        assert_eq!(LocalName::parse("local:C:\\models\\mine.gguf"), file("C:\\models\\mine.gguf"));
        assert_eq!(
            [LocalName::parse("local:"), LocalName::parse("clever"), LocalName::parse("openai:m")],
            [None, None, None]
        );
    }

    #[test]
    fn a_file_that_is_not_there_is_named() {
        let error = LocalName::parse("local:no/such.gguf").unwrap().check().unwrap_err();
        assert_eq!(error.to_string(), "there is no file no/such.gguf");
        assert_eq!(error.hint().unwrap(), "give the path of a GGUF file or an id of `argus models list`");
    }

    #[test]
    fn the_projector_next_to_a_model_is_the_one_that_is_named_like_it() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str| fs_err::write(folder.path().join(name), "").unwrap();
        let model = folder.path().join("Qwen2.5-VL-3B-Q4_K_M.gguf");
        write("Qwen2.5-VL-3B-Q4_K_M.gguf");
        assert_eq!(projector(&model), None);
        write("mmproj-SmolVLM2-Q8_0.gguf");
        assert_eq!(projector(&model), Some(folder.path().join("mmproj-SmolVLM2-Q8_0.gguf")));
        write("mmproj-Qwen2.5-VL-3B-f16.gguf");
        assert_eq!(projector(&model), Some(folder.path().join("mmproj-Qwen2.5-VL-3B-f16.gguf")));
        write("mmproj-Qwen2.5-VL-3B-f16.gguf.part");
        let none = IndexMap::new();
        assert!(LocalName::File(model).takes_pictures(&none));
        assert!(LocalName::Id("smolvlm2-2.2b-instruct-q4_k_m".into()).takes_pictures(&none));
        assert!(
            !LocalName::Id("qwen3-4b-q4_k_m".into()).takes_pictures(&none) && !LocalName::Best.takes_pictures(&none)
        );
    }
}
