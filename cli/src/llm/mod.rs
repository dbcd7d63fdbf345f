//! The LLM that the settings name.

use std::{path::PathBuf, sync::Arc};

use argus_agent::chat::{
    ChatError, ChatModel,
    local::{LocalModel, LocalOptions},
    ollama::{Ollama, OllamaOptions},
    openai::{OpenAi, OpenAiOptions},
};
use argus_tools::store::{Installed, Store};

use crate::{commands::doctor::on_path, config::Config, printer::UsageError};

/// The LLM that the settings name: `local`, `local:ID`, `openai:MODEL`, `ollama:MODEL`; `None` for `none`.
pub(crate) async fn chat_model(config: &Config, store: &Store) -> anyhow::Result<Option<Arc<dyn ChatModel>>> {
    let name = config.llm.as_deref().unwrap_or("local");
    if name == "none" {
        return Ok(None);
    }
    if let Some(chat) = behind_endpoint(name, config.base_url.as_ref())? {
        return Ok(Some(chat));
    }
    if config.base_url.is_some() {
        return Err(UsageError::new(
            "--base-url names an endpoint, but no model of it",
            "name the model too, such as --llm openai:qwen3-4b, or --llm ollama:qwen3:4b for Ollama's own API",
        )
        .into());
    }
    let id = match name.split_once(':') {
        None if name == "local" => None,
        Some(("local", id)) if !id.is_empty() => Some(id),
        _ => {
            return Err(UsageError::new(
                format!("\"{name}\" is no LLM"),
                "give local, local:ID (argus models list shows the ids with the role llm), openai:MODEL, \
                 ollama:MODEL or none",
            )
            .into());
        }
    };
    let (server, model) = tokio::try_join!(server(store), store.ensure_role("llm", id))?;
    let state = store.home().join("llama");
    let mut options = LocalOptions::new(server.program, model.main(), state);
    options.id = format!("local:{}", model.id);
    options.library_dir = server.libraries;
    Ok(Some(Arc::new(LocalModel::new(options))))
}

/// The model of an endpoint, if the name is that of one.
fn behind_endpoint(name: &str, base_url: Option<&String>) -> Result<Option<Arc<dyn ChatModel>>, ChatError> {
    let named = |prefix| name.strip_prefix(prefix).filter(|model: &&str| !model.trim().is_empty());
    if let Some(model) = named("openai:") {
        let options = OpenAiOptions { base_url: base_url.cloned(), ..OpenAiOptions::new(model) };
        return Ok(Some(Arc::new(OpenAi::new(options)?)));
    }
    if let Some(model) = named("ollama:") {
        let options = OllamaOptions { base_url: base_url.cloned(), ..OllamaOptions::new(model) };
        return Ok(Some(Arc::new(Ollama::new(options)?)));
    }
    Ok(None)
}

/// The model that `ask_image` asks instead of the local one, if the settings name one.
pub(crate) fn vision_model(config: &Config) -> Result<Option<Arc<dyn ChatModel>>, UsageError> {
    let Some(name) = config.vision_llm.as_deref() else {
        return match &config.vision_base_url {
            None => Ok(None),
            Some(_) => Err(UsageError::new(
                "vision_base_url names an endpoint, but no model of it",
                "name the model too, such as vision_llm = \"openai:qwen2.5-vl-7b\"",
            )),
        };
    };
    let found = behind_endpoint(name, config.vision_base_url.as_ref());
    let found = found.map_err(|error| UsageError { message: error.to_string(), hint: error.hint })?;
    found.map(Some).ok_or_else(|| {
        UsageError::new(
            format!("vision_llm is \"{name}\", which is no model behind an endpoint"),
            "give openai:MODEL or ollama:MODEL; without it, ask_image uses a local model",
        )
    })
}

struct Server {
    program: PathBuf,
    libraries: Option<PathBuf>,
}

/// `llama-server` on PATH wins over the installed one.
async fn server(store: &Store) -> Result<Server, argus_tools::store::StoreError> {
    if let Some(program) = on_path("llama-server") {
        return Ok(Server { program: program.into(), libraries: None });
    }
    let installed: Installed = store.ensure_role("llama-server", None).await?;
    let program = installed.main().to_owned();
    let libraries = program.parent().map(PathBuf::from);
    Ok(Server { program, libraries })
}
