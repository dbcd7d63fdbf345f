//! What an endpoint says of itself, asked once a process for each model.

use std::{
    collections::HashMap,
    sync::{Arc, LazyLock, Mutex, PoisonError},
};

use serde_json::{Value, json};
use tokio::sync::OnceCell;

use super::wire::wire_messages;
use crate::chat::{Capabilities, ChatError, ChatErrorKind, Message, http::Endpoint};

/// What Ollama's OpenAI-compatible route cuts a prompt to, without a word, unless the model's file sets `num_ctx`.
const OLLAMA_DEFAULT_CONTEXT: u32 = 4096;

/// What was found.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(super) struct Found {
    native_tools: Option<bool>,
    context_tokens: Option<u32>,
    /// It has `llama-server`'s own API.
    pub(super) llama_server: bool,
}

type Cell = Arc<OnceCell<Found>>;

static FOUND: LazyLock<Mutex<HashMap<(String, String), Cell>>> = LazyLock::new(Mutex::default);

fn cell(endpoint: &Endpoint, model: &str) -> Cell {
    let mut found = FOUND.lock().unwrap_or_else(PoisonError::into_inner);
    found.entry((endpoint.base_url.to_string(), model.to_owned())).or_default().clone()
}

impl Found {
    /// What was found before.
    pub(super) fn known(endpoint: &Endpoint, model: &str) -> Self {
        cell(endpoint, model).get().copied().unwrap_or_default()
    }

    /// Asks, unless that was done. An endpoint that cannot be reached is asked again another time.
    pub(super) async fn ask(endpoint: &Endpoint, model: &str) -> Self {
        if endpoint.host.as_ref() == "api.openai.com" {
            return Self::default();
        }
        let cell = cell(endpoint, model);
        cell.get_or_try_init(async || Self::look(endpoint, model).await.ok_or(())).await.copied().unwrap_or_default()
    }

    /// Asks in the ways of all servers at once, since an endpoint does not say which one it is.
    async fn look(endpoint: &Endpoint, model: &str) -> Option<Self> {
        let (root, base) = (endpoint.root(), &endpoint.base_url);
        let (props, show, models, studio) = (
            format!("{root}/props"),
            format!("{root}/api/show"),
            format!("{base}/models"),
            format!("{root}/api/v0/models"),
        );
        let name = json!({ "model": model });
        let (props, show, models, studio) = tokio::join!(
            endpoint.ask(&props, None),
            endpoint.ask(&show, Some(&name)),
            endpoint.ask(&models, None),
            endpoint.ask(&studio, None),
        );
        let readings = [
            props.as_ref().map(llama_server),
            show.as_ref().map(ollama),
            studio.as_ref().map(|list| listed(list, model)),
            models.as_ref().map(|list| listed(list, model)),
        ];
        readings.into_iter().flatten().reduce(Self::or)
    }

    fn or(self, other: Self) -> Self {
        Self {
            native_tools: self.native_tools.or(other.native_tools),
            context_tokens: self.context_tokens.or(other.context_tokens),
            llama_server: self.llama_server || other.llama_server,
        }
    }

    /// What is assumed, corrected by what was found.
    pub(super) fn correct(self, assumed: Capabilities) -> Capabilities {
        Capabilities {
            native_tools: assumed.native_tools && self.native_tools.unwrap_or(true),
            context_tokens: self.context_tokens.or(assumed.context_tokens),
            ..assumed
        }
    }
}

fn tokens(value: &Value) -> Option<u32> {
    value.as_u64().and_then(|tokens| u32::try_from(tokens).ok()).filter(|tokens| *tokens > 0)
}

/// `GET /props` of `llama-server`.
fn llama_server(props: &Value) -> Found {
    let settings = &props["default_generation_settings"];
    let caps = &props["chat_template_caps"];
    Found {
        // A template that knows no tools is served too, by a form that the server makes up: worse than a schema.
        native_tools: caps["supports_tool_calls"].as_bool().or_else(|| caps["supports_tools"].as_bool()),
        context_tokens: tokens(&settings["n_ctx"]),
        llama_server: settings.is_object(),
    }
}

/// `POST /api/show` of Ollama.
fn ollama(show: &Value) -> Found {
    let able = show["capabilities"].as_array();
    let parameters = show["parameters"].as_str().unwrap_or_default();
    let set = parameters.lines().find_map(|line| line.trim().strip_prefix("num_ctx")?.trim().parse().ok());
    Found {
        native_tools: able.map(|able| able.iter().any(|one| one == "tools")),
        context_tokens: model_context(show).map(|most| most.min(set.unwrap_or(OLLAMA_DEFAULT_CONTEXT))),
        llama_server: false,
    }
}

/// The context that the model of an `/api/show` answer was made for.
pub(in crate::chat) fn model_context(show: &Value) -> Option<u32> {
    let info = show["model_info"].as_object()?;
    info.iter().find(|(key, _)| key.ends_with(".context_length")).and_then(|(_, value)| tokens(value))
}

/// `GET /v1/models`, and LM Studio's list of its own.
fn listed(list: &Value, model: &str) -> Found {
    let Some(entries) = list["data"].as_array() else { return Found::default() };
    let entry = entries.iter().find(|entry| entry["id"] == model);
    let Some(entry) = entry.or_else(|| entries.first().filter(|_| entries.len() == 1)) else {
        return Found::default();
    };
    let names = ["max_model_len", "loaded_context_length", "max_context_length", "context_length", "context_window"];
    let able = entry["capabilities"].as_array();
    Found {
        native_tools: able.map(|able| able.iter().any(|one| one == "tool_use")),
        context_tokens: names.into_iter().find_map(|name| tokens(&entry[name])),
        llama_server: false,
    }
}

/// Counts with `llama-server`'s own template and tokenizer.
pub(super) async fn count(endpoint: &Endpoint, messages: &[Message]) -> Result<usize, ChatError> {
    let wrong = |what: &str| ChatError::new(ChatErrorKind::BadResponse, format!("{} sent no {what}", endpoint.root()));
    let url = |path: &str| format!("{}/{path}", endpoint.root());
    let messages = json!({ "messages": wire_messages(messages) });
    let templated = endpoint.post(&url("apply-template"), &messages).await?;
    let prompt = templated["prompt"].as_str().ok_or_else(|| wrong("prompt"))?;
    let text = json!({ "content": prompt, "add_special": true, "parse_special": true });
    let tokens = endpoint.post(&url("tokenize"), &text).await?;
    tokens["tokens"].as_array().map(Vec::len).ok_or_else(|| wrong("tokens"))
}
