//! Any OpenAI-compatible endpoint: `OpenAI` itself, `llama-server`, Ollama, vLLM, LM Studio and the like.

mod quirks;
#[cfg(test)]
mod tests;
mod transport;
mod wire;

use std::{sync::Arc, time::Duration};

use async_openai::{Client, config::OpenAIConfig, error::OpenAIError};
use async_trait::async_trait;
use futures_util::StreamExt;
use serde_json::{Map, Value, json};
use tokio_util::sync::CancellationToken;

use self::{
    quirks::Quirks,
    transport::{Transport, excerpt, from_reqwest},
    wire::{Reply, Request, WireUsage},
};
use super::{
    Capabilities, ChatError, ChatErrorKind, ChatModel, ChatReply, ChatRequest, Delta, Finish, OnDelta, Usage,
    install_tls,
};

pub use transport::Retry;

/// The endpoint of `OpenAI`.
pub const OPENAI_BASE_URL: &str = "https://api.openai.com/v1";

/// Where to find a model.
#[derive(Clone, Debug)]
pub struct OpenAiOptions {
    /// The model's name at the endpoint.
    pub model: String,
    /// The endpoint up to `/chat/completions`. `None`: `OPENAI_BASE_URL`, else `OpenAI`'s own.
    pub base_url: Option<String>,
    /// The key. `None`: `OPENAI_API_KEY`. An endpoint other than `OpenAI`'s may do without.
    pub api_key: Option<String>,
    /// What the model can do. `json_schema` may be left on: an endpoint that refuses it is asked in plainer forms.
    pub capabilities: Capabilities,
    /// The longest wait for a connection.
    pub connect_limit: Duration,
    /// The longest silence of the endpoint, also before the first token.
    pub idle_limit: Duration,
    /// How often a request is repeated that may pass later.
    pub retry: Retry,
    /// Further fields of the request body, as some servers take them.
    pub extra: Map<String, Value>,
}

impl OpenAiOptions {
    /// A model by name, with the endpoint and the key of the environment.
    pub fn new(model: impl Into<String>) -> Self {
        Self {
            model: model.into(),
            base_url: None,
            api_key: None,
            capabilities: Capabilities { native_tools: true, json_schema: true, context_tokens: None },
            connect_limit: Duration::from_secs(5),
            idle_limit: Duration::from_mins(2),
            retry: Retry::default(),
            extra: Map::new(),
        }
    }
}

/// A model behind an OpenAI-compatible endpoint.
pub struct OpenAi {
    id: String,
    model: String,
    base_url: Arc<str>,
    client: Client<OpenAIConfig>,
    capabilities: Capabilities,
    attempts: u32,
    extra: Map<String, Value>,
}

impl OpenAi {
    /// Checks the options. Nothing is sent yet.
    pub fn new(options: OpenAiOptions) -> Result<Self, ChatError> {
        let from_environment = |name: &str| std::env::var(name).ok().filter(|value| !value.trim().is_empty());
        let base_url = options
            .base_url
            .or_else(|| from_environment("OPENAI_BASE_URL"))
            .unwrap_or_else(|| OPENAI_BASE_URL.to_owned());
        let base_url = base_url.trim().trim_end_matches('/').to_owned();
        let parsed = reqwest::Url::parse(&base_url).ok().filter(|url| matches!(url.scheme(), "http" | "https"));
        let Some(parsed) = parsed else {
            return Err(ChatError::new(ChatErrorKind::BadRequest, format!("\"{base_url}\" is not an http(s) address"))
                .with_hint("a base URL looks like http://localhost:11434/v1"));
        };
        let key = options.api_key.or_else(|| from_environment("OPENAI_API_KEY"));
        let key = key.map(|key| key.trim().to_owned()).filter(|key| !key.is_empty());
        if key.is_none() && parsed.host_str() == Some("api.openai.com") {
            return Err(ChatError::new(ChatErrorKind::Auth, "OpenAI needs a key, and OPENAI_API_KEY is not set")
                .with_hint("set OPENAI_API_KEY, name another endpoint, or use the local model, which needs no key"));
        }
        // The library turns the key into a header without a check.
        if key.as_deref().is_some_and(|key| !key.bytes().all(|byte| byte.is_ascii_graphic())) {
            return Err(ChatError::new(ChatErrorKind::Auth, "the API key holds characters that no key has")
                .with_hint("copy the key again, without line breaks and quotation marks"));
        }
        install_tls();
        let mut http = reqwest::Client::builder()
            .connect_timeout(options.connect_limit)
            .read_timeout(options.idle_limit)
            .user_agent(concat!("argus/", env!("CARGO_PKG_VERSION")));
        if matches!(parsed.host_str(), Some("localhost" | "127.0.0.1" | "[::1]")) {
            http = http.no_proxy();
        }
        let http = http.build().map_err(|error| {
            ChatError::new(ChatErrorKind::Connection, format!("the HTTP client cannot be set up: {error}"))
        })?;
        // Deserialised, because every other constructor reads the environment a second time.
        let config: OpenAIConfig = serde_json::from_value(json!({
            "api_base": base_url, "api_key": key.as_deref().unwrap_or_default(), "org_id": "", "project_id": "",
        }))
        .map_err(|error| ChatError::new(ChatErrorKind::BadRequest, error.to_string()))?;
        let base_url: Arc<str> = base_url.into();
        let transport =
            Transport { client: http, retry: options.retry, base_url: base_url.clone(), has_key: key.is_some() };
        Ok(Self {
            id: format!("openai:{}", options.model),
            model: options.model,
            base_url,
            client: Client::with_config(config).with_http_service(transport),
            capabilities: options.capabilities,
            attempts: options.retry.attempts.max(1),
            extra: options.extra,
        })
    }

    /// The same endpoint under another name in traces.
    #[must_use]
    pub fn named(mut self, id: impl Into<String>) -> Self {
        self.id = id.into();
        self
    }

    /// Asks until the endpoint takes the form of the request.
    async fn ask(&self, request: &ChatRequest, mut on_delta: OnDelta<'_>) -> Result<ChatReply, ChatError> {
        let mut stream = on_delta.is_some();
        let known = Quirks::known(&self.base_url, &self.model);
        let (mut quirks, mut attempt, mut refused) = (known, 1, None);
        loop {
            let wire = Request::new(&self.model, request, stream, quirks, &self.extra);
            let result = match &mut on_delta {
                Some(on_delta) if stream => self.streamed(wire, request, *on_delta).await,
                _ => self.whole(wire, request).await,
            };
            let error = match result {
                Ok(reply) => {
                    if quirks != known {
                        quirks.remember(&self.base_url, &self.model);
                    }
                    if let Some(on_delta) = on_delta.filter(|_| !stream) {
                        on_delta(Delta::Text(reply.text.clone()));
                    }
                    return Ok(reply);
                }
                Err(error) => error,
            };
            if let Some(next) = quirks.after(&error, request, stream) {
                tracing::debug!(%error, ?next, "the endpoint refused the form of the request");
                quirks = next;
                refused.get_or_insert(error);
                continue;
            }
            match error.kind {
                // A stream that broke off, or that never was one.
                ChatErrorKind::Connection | ChatErrorKind::BadResponse
                    if stream && error.status.is_none() && attempt < self.attempts =>
                {
                    tracing::debug!(%error, attempt, "the stream broke off");
                    stream = error.kind == ChatErrorKind::Connection;
                    attempt += 1;
                    if let Some(on_delta) = &mut on_delta {
                        on_delta(Delta::Restart);
                    }
                }
                // The first refusal says what is wrong with the request; later ones only that plainer forms are too.
                _ => return Err(refused.filter(|_| error.kind == ChatErrorKind::BadRequest).unwrap_or(error)),
            }
        }
    }

    async fn whole(&self, wire: Request, request: &ChatRequest) -> Result<ChatReply, ChatError> {
        let reply: Reply = self.client.chat().create_byot(wire).await.map_err(|error| self.error(error))?;
        if let Some(error) = &reply.error {
            return Err(self.failed(error));
        }
        let Some(choice) = reply.choices.first() else {
            return Err(ChatError::new(
                ChatErrorKind::BadResponse,
                format!("{} answered without a choice", self.base_url),
            ));
        };
        let finish = choice.finish_reason.as_deref().map_or(Finish::Stop, wire::finish);
        Ok(finished(choice.text(), finish, reply.usage, request))
    }

    async fn streamed(
        &self,
        wire: Request,
        request: &ChatRequest,
        on_delta: &mut (dyn FnMut(Delta) + Send),
    ) -> Result<ChatReply, ChatError> {
        let stream = self.client.chat().create_stream_byot::<_, Reply>(wire).await;
        let mut stream = stream.map_err(|error| self.error(error))?;
        let (mut text, mut finish, mut usage, mut chunks) = (String::new(), None, None, 0_usize);
        while let Some(chunk) = stream.next().await {
            let chunk = chunk.map_err(|error| self.error(error))?;
            chunks += 1;
            if let Some(error) = &chunk.error {
                return Err(self.failed(error));
            }
            usage = chunk.usage.or(usage);
            let Some(choice) = chunk.choices.first() else { continue };
            if let Some(reasoning) = choice.reasoning() {
                on_delta(Delta::Reasoning(reasoning.to_owned()));
            }
            let piece = choice.text();
            if !piece.is_empty() {
                text.push_str(&piece);
                on_delta(Delta::Text(piece));
            }
            finish = choice.finish_reason.as_deref().map(wire::finish).or(finish);
        }
        let Some(finish) = finish else {
            let (kind, words) = if chunks == 0 {
                (ChatErrorKind::BadResponse, "did not stream its reply")
            } else {
                (ChatErrorKind::Connection, "broke off its reply")
            };
            return Err(ChatError::new(kind, format!("{} {words}", self.base_url)));
        };
        Ok(finished(text, finish, usage, request))
    }

    /// An error object inside a reply.
    fn failed(&self, error: &Value) -> ChatError {
        let words = excerpt(&json!({ "error": error }).to_string());
        let mut failed = ChatError::new(ChatErrorKind::Server, format!("{} failed: {words}", self.base_url));
        failed.status = error.get("code").and_then(Value::as_u64).and_then(|code| code.try_into().ok());
        failed
    }

    fn error(&self, error: OpenAIError) -> ChatError {
        let base_url = &self.base_url;
        match error {
            OpenAIError::Boxed(inner) => match inner.downcast::<ChatError>() {
                Ok(error) => *error,
                Err(inner) => ChatError::new(ChatErrorKind::Connection, format!("{base_url}: {inner}")),
            },
            OpenAIError::Reqwest(error) => from_reqwest(&error, base_url),
            OpenAIError::JSONDeserialize(error, body) => ChatError::new(
                ChatErrorKind::BadResponse,
                format!("{base_url} answered something else than a chat completion ({error}): {}", excerpt(&body)),
            )
            .with_hint("check that the base URL is that of an OpenAI-compatible API (often ending in /v1)"),
            OpenAIError::StreamError(error) => {
                ChatError::new(ChatErrorKind::Connection, format!("{base_url} broke off its reply: {error}"))
            }
            other => ChatError::new(ChatErrorKind::BadRequest, format!("{base_url}: {other}")),
        }
    }
}

/// Puts a reply together. A server that does not count is counted for: about four bytes a token.
fn finished(text: String, finish: Finish, usage: Option<WireUsage>, request: &ChatRequest) -> ChatReply {
    let usage = usage.map_or_else(
        || {
            let prompt: usize = request.messages.iter().map(|message| message.content.len()).sum();
            Usage { prompt_tokens: prompt.div_ceil(4) as u64, completion_tokens: text.len().div_ceil(4) as u64 }
        },
        |usage| Usage { prompt_tokens: usage.prompt_tokens, completion_tokens: usage.completion_tokens },
    );
    ChatReply { text, tool_calls: Vec::new(), reasoning: String::new(), finish, usage }
}

#[async_trait]
impl ChatModel for OpenAi {
    fn id(&self) -> &str {
        &self.id
    }

    fn capabilities(&self) -> Capabilities {
        self.capabilities
    }

    async fn complete(
        &self,
        request: &ChatRequest,
        on_delta: OnDelta<'_>,
        cancel: &CancellationToken,
    ) -> Result<ChatReply, ChatError> {
        tokio::select! {
            biased;
            () = cancel.cancelled() => Err(ChatError::cancelled()),
            reply = self.ask(request, on_delta) => reply,
        }
    }
}
