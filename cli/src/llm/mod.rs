//! The LLM that the settings name.

mod looking;

use std::sync::Arc;

use argus_agent::chat::{
    ChatError, ChatModel,
    local::{LocalError, LocalModels, LocalName, LocalRole, RankedModels, choice::Candidate},
    ollama::{Ollama, OllamaOptions},
    openai::{OpenAi, OpenAiOptions},
};
use argus_tools::store::Store;

use looking::Looking;

use crate::{config::Config, human_bytes::human_bytes, printer::UsageError};

/// The LLM that the settings name: `local`, `local:ID`, `local:PATH`, `openai:MODEL`, `ollama:MODEL`.
pub async fn chat_model(config: &Config, store: &Store) -> anyhow::Result<Arc<dyn ChatModel>> {
    let name = config.llm.as_deref().unwrap_or("local");
    if name == "none" {
        return Err(UsageError::new(
            "without a language model there is nobody to answer",
            "argus look and argus query show what is seen, argus tool calls one tool, argus run a workflow; none of them needs one",
        )
        .into());
    }
    if let Some(chat) = behind_endpoint(name, config.base_url.as_ref())? {
        return Ok(chat);
    }
    if config.base_url.is_some() {
        return Err(UsageError::new(
            "--base-url names an endpoint, but no model of it",
            "name the model too, such as --llm openai:qwen3-4b, or --llm ollama:qwen3:4b for Ollama's own API",
        )
        .into());
    }
    let Some(local) = LocalName::parse(name) else {
        return Err(UsageError::new(
            format!("\"{name}\" is no LLM"),
            "give local, local:ID (argus models list shows the ids with the role llm), local:PATH of a GGUF file, \
             openai:MODEL or ollama:MODEL",
        )
        .into());
    };
    let model = local_models(config, store).model(&local, LocalRole::Llm).await;
    Ok(model.map_err(|error| match error {
        LocalError::Store(error) => anyhow::Error::new(error),
        LocalError::Chat(error) => error.into(),
        wrong => UsageError { hint: wrong.hint(), message: wrong.to_string() }.into(),
    })?)
}

/// The language models of this machine, as the settings have them.
fn local_models(config: &Config, store: &Store) -> LocalModels {
    LocalModels::new(store.clone()).prefer(config.prefer.clone()).running(config.local.clone())
}

/// A line for each model that could be taken, the best for this machine first: id, and what to know of it.
pub(crate) fn describe_models(ranked: &RankedModels, store: &Store) -> Vec<(String, String)> {
    let describe = |(candidate, reason): (&Candidate, String)| {
        let entry = store.catalog().get(&candidate.id);
        let facts = [
            (candidate.parameters > 0.0).then(|| format!("{:.1}B", candidate.parameters)),
            entry.map(|entry| human_bytes(entry.bytes())),
            entry.map(|entry| entry.licence.clone()),
            Some(format!("takes {} of memory", human_bytes(candidate.memory))),
        ];
        let facts: Vec<String> = facts.into_iter().flatten().collect();
        (candidate.id.clone(), format!("{}; {reason}", facts.join(", ")))
    };
    ranked.candidates().map(describe).collect()
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

/// The model that `ask_image` asks instead of the usual one: that of the settings, else the LLM itself if it takes pictures.
/// A local one is fetched and started at the first question; without a store it is only named.
pub(crate) fn vision_model(config: &Config, store: Option<&Store>) -> Result<Option<Arc<dyn ChatModel>>, UsageError> {
    let planner = config.llm.as_deref().unwrap_or("local");
    let looking = |local: LocalName, purpose| -> Arc<dyn ChatModel> {
        Arc::new(Looking::new(local, purpose, config.clone(), store.cloned()))
    };
    let Some(name) = config.vision_llm.as_deref() else {
        return match &config.vision_base_url {
            None => {
                let local = LocalName::parse(planner)
                    .filter(|local| config.base_url.is_none() && local.takes_pictures(&config.models));
                Ok(local.map(|local| looking(local, LocalRole::Llm)))
            }
            Some(_) => Err(UsageError::new(
                "vision_base_url names an endpoint, but no model of it",
                "name the model too, such as vision_llm = \"openai:qwen2.5-vl-7b\"",
            )),
        };
    };
    if let Some(local) = LocalName::parse(name) {
        let purpose =
            if name == planner && local.takes_pictures(&config.models) { LocalRole::Llm } else { LocalRole::VisionLlm };
        return Ok(Some(looking(local, purpose)));
    }
    let found = behind_endpoint(name, config.vision_base_url.as_ref());
    let found = found.map_err(|error| UsageError { message: error.to_string(), hint: error.hint })?;
    found.map(Some).ok_or_else(|| {
        UsageError::new(
            format!("vision_llm is \"{name}\", which is no model"),
            "give local, local:ID, local:PATH of a GGUF file, openai:MODEL or ollama:MODEL",
        )
    })
}
