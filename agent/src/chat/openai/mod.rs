//! Any OpenAI-compatible endpoint: `OpenAI` itself, `llama-server`, Ollama, vLLM, LM Studio and the like.

#[cfg(test)]
mod bad_wire_tests;
mod calls;
mod gathered;
#[cfg(test)]
mod native_tests;
mod probe;
#[cfg(test)]
mod probe_tests;
mod quirks;
#[cfg(test)]
mod tests;
mod transport;
pub(super) mod wire;

use std::time::Duration;

use async_openai::{Client, config::OpenAIConfig, error::OpenAIError};
use async_trait::async_trait;
use futures_util::StreamExt;
use serde_json::{Map, Value, json};
use tokio_util::sync::CancellationToken;

use self::{
    gathered::Gathered,
    probe::Found,
    quirks::Quirks,
    transport::Transport,
    wire::{Reply, Request},
};
use super::{
    Capabilities, ChatError, ChatErrorKind, ChatModel, ChatReply, ChatRequest, Delta, Message, OnDelta,
    http::{Backoff, Endpoint, excerpt, from_environment, from_reqwest, in_band, with_request},
};

pub use super::http::Retry;
pub(super) use probe::model_context;

/// What to check when something else than the API answered.
const NO_API_HINT: &str = "check that the base URL is that of an OpenAI-compatible API (often ending in /v1)";

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
            capabilities: Capabilities { native_tools: true, json_schema: true, ..Capabilities::default() },
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
    endpoint: Endpoint,
    whole: Client<OpenAIConfig>,
    streaming: Client<OpenAIConfig>,
    capabilities: Capabilities,
    retry: Retry,
    extra: Map<String, Value>,
}

impl OpenAi {
    /// Checks the options. Nothing is sent yet.
    pub fn new(options: OpenAiOptions) -> Result<Self, ChatError> {
        let base_url = options
            .base_url
            .or_else(|| from_environment("OPENAI_BASE_URL"))
            .unwrap_or_else(|| OPENAI_BASE_URL.to_owned());
        let key = options.api_key.or_else(|| from_environment("OPENAI_API_KEY"));
        let endpoint = Endpoint::new(&base_url, key, options.connect_limit, options.idle_limit)?;
        if endpoint.key.is_none() && endpoint.host.as_ref() == "api.openai.com" {
            return Err(ChatError::new(ChatErrorKind::Auth, "OpenAI needs a key, and OPENAI_API_KEY is not set")
                .with_hint("set OPENAI_API_KEY, name another endpoint, or use the local model, which needs no key"));
        }
        // Deserialized, because every other constructor reads the environment a second time.
        let config: OpenAIConfig = serde_json::from_value(json!({
            "api_base": endpoint.base_url.as_ref(), "api_key": endpoint.key.as_deref().unwrap_or_default(),
            "org_id": "", "project_id": "",
        }))
        .map_err(|error| ChatError::new(ChatErrorKind::BadRequest, error.to_string()))?;
        let client = |streaming| {
            let transport = Transport { endpoint: endpoint.clone(), streaming };
            Client::with_config(config.clone()).with_http_service(transport)
        };
        Ok(Self {
            id: format!("openai:{}", options.model),
            model: options.model,
            whole: client(false),
            streaming: client(true),
            endpoint,
            capabilities: options.capabilities,
            retry: options.retry,
            extra: options.extra,
        })
    }

    /// The same endpoint under another name in traces.
    #[must_use]
    pub fn named(mut self, id: impl Into<String>) -> Self {
        self.id = id.into();
        self
    }

    /// Asks until the endpoint takes the form of the request, and until what may pass has passed.
    async fn ask(&self, request: &ChatRequest, mut on_delta: OnDelta<'_>) -> Result<ChatReply, ChatError> {
        let base_url = &self.endpoint.base_url;
        let mut stream = on_delta.is_some();
        let known = Quirks::known(base_url, &self.model);
        let (mut quirks, mut backoff, mut refused) = (known, Backoff::new(self.retry), None);
        loop {
            let wire = Request::new(&self.model, request, stream, quirks, &self.extra);
            let mut shown = false;
            let result = match &mut on_delta {
                Some(on_delta) if stream => {
                    let mut show = |delta| {
                        shown = true;
                        on_delta(delta);
                    };
                    self.streamed(wire, request, &mut show).await
                }
                _ => self.whole(wire, request).await,
            };
            let error = match result {
                Ok(reply) => {
                    if quirks != known {
                        quirks.remember(base_url, &self.model);
                    }
                    if let Some(on_delta) = on_delta.filter(|_| !stream) {
                        reply.show(on_delta);
                    }
                    return Ok(reply);
                }
                Err(error) => error,
            };
            if let Some(on_delta) = on_delta.as_mut().filter(|_| shown) {
                on_delta(Delta::Restart);
            }
            if let Some(next) = quirks.after(&error, request, stream) {
                tracing::debug!(%error, ?next, "the endpoint refused the form of the request");
                quirks = next;
                refused.get_or_insert(error);
                continue;
            }
            let error = with_request(error, request);
            match error.kind {
                ChatErrorKind::NoTools => {
                    Quirks { no_tools: true, ..known }.remember(base_url, &self.model);
                    return Err(error);
                }
                // The first refusal says what is wrong with the request; later ones only that plainer forms are too.
                ChatErrorKind::BadRequest => return Err(refused.unwrap_or(error)),
                // A stream that never was one.
                ChatErrorKind::BadResponse if stream && error.status.is_none() => {
                    tracing::debug!(%error, "asking for the whole reply");
                    stream = false;
                }
                _ => backoff.again(error).await?,
            }
        }
    }

    async fn whole(&self, wire: Request, request: &ChatRequest) -> Result<ChatReply, ChatError> {
        let reply: Reply = self.whole.chat().create_byot(wire).await.map_err(|error| self.error(error))?;
        if let Some(error) = &reply.error {
            return Err(in_band(error, &self.endpoint.base_url));
        }
        let Some(choice) = reply.choices.first() else {
            return Err(ChatError::new(
                ChatErrorKind::BadResponse,
                format!("{} answered without a choice", self.endpoint.base_url),
            ));
        };
        let mut gathered = Gathered::default();
        gathered.usage = reply.usage;
        gathered.add(choice, &mut |_| ());
        Ok(gathered.finished(request))
    }

    async fn streamed(
        &self,
        wire: Request,
        request: &ChatRequest,
        on_delta: &mut (dyn FnMut(Delta) + Send),
    ) -> Result<ChatReply, ChatError> {
        let stream = self.streaming.chat().create_stream_byot::<_, Reply>(wire).await;
        let mut stream = stream.map_err(|error| self.error(error))?;
        let mut gathered = Gathered::default();
        while let Some(chunk) = stream.next().await {
            let chunk = match chunk {
                // An event without data keeps the connection alive.
                Err(OpenAIError::JSONDeserialize(_, body)) if body.trim().is_empty() => continue,
                chunk => chunk.map_err(|error| self.error(error))?,
            };
            if let Some(error) = &chunk.error {
                return Err(in_band(error, &self.endpoint.base_url));
            }
            gathered.usage = chunk.usage.or(gathered.usage);
            match chunk.choices.first() {
                Some(choice) => gathered.add(choice, on_delta),
                // The totals come last: a server that sends them is done, though it may not say why.
                None => gathered.done |= chunk.usage.is_some(),
            }
        }
        if gathered.done {
            return Ok(gathered.finished(request));
        }
        let message = format!("{} broke off its reply", self.endpoint.base_url);
        Err(ChatError::new(ChatErrorKind::Connection, message))
    }

    fn error(&self, error: OpenAIError) -> ChatError {
        let base_url = &self.endpoint.base_url;
        match error {
            OpenAIError::Boxed(inner) => match inner.downcast::<ChatError>() {
                Ok(error) => *error,
                Err(inner) => ChatError::new(ChatErrorKind::Connection, format!("{base_url}: {inner}")),
            },
            OpenAIError::Reqwest(error) => from_reqwest(&error, base_url),
            OpenAIError::JSONDeserialize(error, body) if error.is_eof() && !body.trim().is_empty() => {
                ChatError::new(ChatErrorKind::Connection, format!("{base_url} broke off its reply"))
            }
            OpenAIError::JSONDeserialize(error, body) => ChatError::new(
                ChatErrorKind::BadResponse,
                format!("{base_url} answered something else than a chat completion ({error}): {}", excerpt(&body)),
            )
            .with_hint(NO_API_HINT),
            OpenAIError::StreamError(error) => {
                ChatError::new(ChatErrorKind::Connection, format!("{base_url} broke off its reply: {error}"))
            }
            other => ChatError::new(ChatErrorKind::BadRequest, format!("{base_url}: {other}")),
        }
    }

    /// Tokens of these messages, asked of the API of a `llama-server`.
    pub(super) async fn count(&self, messages: &[Message]) -> Result<usize, ChatError> {
        probe::count(&self.endpoint, messages).await
    }
}

#[async_trait]
impl ChatModel for OpenAi {
    fn id(&self) -> &str {
        &self.id
    }

    fn capabilities(&self) -> Capabilities {
        let mut capabilities = Found::known(&self.endpoint, &self.model).correct(self.capabilities);
        capabilities.native_tools &= !Quirks::known(&self.endpoint.base_url, &self.model).no_tools;
        capabilities
    }

    async fn probe(&self, cancel: &CancellationToken) -> Capabilities {
        tokio::select! {
            biased;
            () = cancel.cancelled() => {}
            _ = Found::ask(&self.endpoint, &self.model) => {}
        }
        self.capabilities()
    }

    async fn count_tokens(&self, messages: &[Message], cancel: &CancellationToken) -> Option<usize> {
        tokio::select! {
            biased;
            () = cancel.cancelled() => None,
            count = async {
                let found = Found::ask(&self.endpoint, &self.model).await;
                if found.llama_server { self.count(messages).await.ok() } else { None }
            } => count,
        }
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
