//! Language models on this machine: their files, and the `llama-server` that runs them.

use std::{
    collections::HashMap,
    fmt,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError, Weak},
};

use argus_agent::chat::{
    ChatError,
    local::{Gguf, LocalModel, LocalOptions, LocalServer},
};
use argus_tools::store::{Catalog, Installed, ModelState, Store};

use super::Shelf;
use crate::{commands::doctor::on_path, config::Config, printer::UsageError};

const SERVER: &str = "llama-server";
/// The role of models that are asked about pictures alone.
const VISION: &str = "vision_llm";
/// Tokens of a question about pictures and its answer.
const LOOKING_CONTEXT: u32 = 4096;

/// A model on this machine as the settings name it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Local {
    /// `local`: the best for this machine.
    Best,
    /// `local:ID`: one of the catalog or of the settings.
    Id(String),
    /// `local:PATH`: a GGUF file.
    File(PathBuf),
}

/// What a model is for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Use {
    /// It reasons over the tools.
    Planning,
    /// It is asked about pictures.
    Looking,
}

/// The local models that run, by file: who names the same file gets the same server. It ends with its last user.
#[derive(Clone, Default)]
pub(crate) struct LocalModels(Arc<Mutex<HashMap<PathBuf, Weak<LocalModel>>>>);

impl fmt::Debug for LocalModels {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LocalModels")
    }
}

impl LocalModels {
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

/// The files of a model.
#[derive(Debug, PartialEq)]
struct Files {
    id: String,
    model: PathBuf,
    mmproj: Option<PathBuf>,
}

impl Local {
    /// `None` if the name is that of no model on this machine.
    pub(crate) fn parse(name: &str) -> Option<Self> {
        let is_path = |rest: &str| rest.contains(['/', '\\']) || is_gguf(Path::new(rest));
        match name.split_once(':') {
            None if name == "local" => Some(Self::Best),
            Some(("local", rest)) if is_path(rest) => Some(Self::File(rest.into())),
            Some(("local", id)) if !id.is_empty() => Some(Self::Id(id.to_owned())),
            _ => None,
        }
    }

    /// Whether a model for planning has a projector, as far as files and settings tell.
    pub(crate) fn takes_pictures(&self, config: &Config) -> bool {
        let own = |id: &str| config.models.get(id).map(|own| own.mmproj.is_some() || beside(&own.file).is_some());
        match self {
            Self::File(path) => beside(path).is_some(),
            Self::Id(id) => own(id).unwrap_or_else(|| {
                Catalog::embedded().is_ok_and(|catalog| catalog.get(id).is_some_and(|entry| entry.role == VISION))
            }),
            Self::Best => {
                let mut own_models = config.models.iter().filter(|(_, own)| own.role == "llm" && own.file.is_file());
                own_models.next().and_then(|(id, _)| own(id)).unwrap_or(false)
            }
        }
    }

    /// The model, its files fetched if need be. Its server starts when it is first asked.
    pub(crate) async fn model(&self, purpose: Use, config: &Config, store: &Store) -> anyhow::Result<Arc<LocalModel>> {
        // What is wrong with the name is told before a server is fetched.
        self.check()?;
        if let Self::File(path) = self {
            Gguf::read(path)?;
        }
        let (server, files) = tokio::try_join!(server(config, store), self.files(purpose, config, store))?;
        if purpose == Use::Looking && files.mmproj.is_none() {
            return Err(UsageError::new(
                format!("{} takes no pictures: it has no projector", files.id),
                "put its mmproj*.gguf beside it, or name it by mmproj in argus.toml",
            )
            .into());
        }
        let model = config.local.share(&files.model, || {
            let mut options = LocalOptions::new(&server.program, &files.model, store.home().join("llama"));
            options.id = format!("local:{}", files.id);
            options.library_dir.clone_from(&server.libraries);
            options.mmproj.clone_from(&files.mmproj);
            if purpose == Use::Looking {
                options.context_tokens = LOOKING_CONTEXT;
            }
            Ok(LocalModel::new(options.read_header()?))
        })?;
        Ok(model)
    }

    /// Whether a file that is named is there.
    pub(crate) fn check(&self) -> Result<(), UsageError> {
        match self {
            Self::File(path) if !path.is_file() => Err(UsageError::new(
                format!("there is no file {}", path.display()),
                "give the path of a GGUF file or an id of `argus models list`",
            )),
            _ => Ok(()),
        }
    }

    async fn files(&self, purpose: Use, config: &Config, store: &Store) -> anyhow::Result<Files> {
        let role = if purpose == Use::Planning { "llm" } else { VISION };
        let installed = match (self, config.prefer.get(role)) {
            (Self::File(path), _) => {
                let id = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
                return Ok(Files { id, model: path.clone(), mmproj: beside(path) });
            }
            (Self::Id(id), _) => store.ensure(id).await?,
            (Self::Best, Some(id)) if id != "auto" => store.ensure_role(role, Some(id)).await?,
            (Self::Best, _) if purpose == Use::Looking => store.ensure_role(VISION, None).await?,
            (Self::Best, _) => Shelf::look(store).await.ensure(store).await?,
        };
        if !matches!(installed.role.as_str(), "llm" | VISION) {
            return Err(UsageError::new(
                format!("{} is no language model: its role is {}", installed.id, installed.role),
                "`argus models list` shows the ids with the role llm",
            )
            .into());
        }
        let model = installed.main().to_owned();
        let mut mmproj = installed.files.values().skip(1).find(|path| is_gguf(path)).cloned();
        if store.user_models().contains_key(&installed.id) {
            mmproj = mmproj.or_else(|| beside(&model));
        }
        Ok(Files { id: installed.id, model, mmproj })
    }
}

fn is_gguf(path: &Path) -> bool {
    path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("gguf"))
}

/// The projector that lies beside a model: a file `mmproj*.gguf`; of several the one whose name is most like the model's.
fn beside(model: &Path) -> Option<PathBuf> {
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

/// `llama-server` on PATH, else the installed one, else the first that can be fetched and runs on this machine.
async fn server(config: &Config, store: &Store) -> anyhow::Result<Server> {
    if let Some(program) = on_path(SERVER) {
        return Ok(Server { program: program.into(), libraries: None });
    }
    let is_there = |id: &String| matches!(store.state(id), Ok(ModelState::Installed));
    let known = store.candidates(SERVER).iter().any(is_there);
    let preferred = config.prefer.get(SERVER).map(String::as_str).filter(|id| *id != "auto");
    let installed = store.ensure_role(SERVER, preferred).await?;
    let first = Server::installed(&installed);
    if known || preferred.is_some() {
        return Ok(first);
    }
    let Err(error) = first.check().await else { return Ok(first) };
    // It was made for another system. Another build may run, which is then the one that stays.
    for id in store.candidates(SERVER).into_iter().filter(|id| *id != installed.id) {
        let Ok(other) = store.ensure(&id).await else { continue };
        let other = Server::installed(&other);
        if other.check().await.is_ok() {
            tracing::warn!(%error, "{} does not run on this machine; {id} takes its place", installed.id);
            let _ = store.remove(&installed.id);
            return Ok(other);
        }
    }
    Err(error.into())
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a failed set-up fails the test")]

    use super::*;

    #[test]
    fn names_are_ids_or_paths() {
        let file = |path: &str| Some(Local::File(path.into()));
        assert_eq!(Local::parse("local"), Some(Local::Best));
        assert_eq!(Local::parse("local:qwen3-4b-q4_k_m"), Some(Local::Id("qwen3-4b-q4_k_m".into())));
        assert_eq!(Local::parse("local:mine.GGUF"), file("mine.GGUF"));
        assert_eq!(Local::parse("local:./models/mine"), file("./models/mine"));
        assert_eq!(Local::parse("local:C:\\models\\mine.gguf"), file("C:\\models\\mine.gguf"));
        assert_eq!([Local::parse("local:"), Local::parse("clever"), Local::parse("openai:m")], [None, None, None]);
    }

    #[test]
    fn a_file_that_is_not_there_is_named() {
        let error = Local::parse("local:no/such.gguf").unwrap().check().unwrap_err();
        assert_eq!(error.to_string(), "there is no file no/such.gguf");
        assert_eq!(error.hint.unwrap(), "give the path of a GGUF file or an id of `argus models list`");
    }

    #[test]
    fn the_projector_beside_a_model_is_the_one_that_is_named_like_it() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str| fs_err::write(folder.path().join(name), "").unwrap();
        let model = folder.path().join("Qwen2.5-VL-3B-Q4_K_M.gguf");
        write("Qwen2.5-VL-3B-Q4_K_M.gguf");
        assert_eq!(beside(&model), None);
        write("mmproj-SmolVLM2-Q8_0.gguf");
        assert_eq!(beside(&model), Some(folder.path().join("mmproj-SmolVLM2-Q8_0.gguf")));
        write("mmproj-Qwen2.5-VL-3B-f16.gguf");
        assert_eq!(beside(&model), Some(folder.path().join("mmproj-Qwen2.5-VL-3B-f16.gguf")));
        write("mmproj-Qwen2.5-VL-3B-f16.gguf.part");
        let config = Config { llm: Some(format!("local:{}", model.display())), ..Config::default() };
        assert!(Local::File(model).takes_pictures(&config));
        assert!(Local::Id("smolvlm2-2.2b-instruct-q4_k_m".into()).takes_pictures(&config));
        assert!(!Local::Id("qwen3-4b-q4_k_m".into()).takes_pictures(&config) && !Local::Best.takes_pictures(&config));
    }
}
