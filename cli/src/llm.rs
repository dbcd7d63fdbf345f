//! The LLM that the settings name.

use std::{path::PathBuf, sync::Arc};

use argus_agent::chat::{
    ChatModel,
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
    let named = |prefix| name.strip_prefix(prefix).filter(|model: &&str| !model.trim().is_empty());
    if let Some(model) = named("openai:") {
        let options = OpenAiOptions { base_url: config.base_url.clone(), ..OpenAiOptions::new(model) };
        return Ok(Some(Arc::new(OpenAi::new(options)?)));
    }
    if let Some(model) = named("ollama:") {
        let options = OllamaOptions { base_url: config.base_url.clone(), ..OllamaOptions::new(model) };
        return Ok(Some(Arc::new(Ollama::new(options)?)));
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
