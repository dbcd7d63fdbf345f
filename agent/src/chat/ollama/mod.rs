//! Ollama through its own API. Its OpenAI-compatible route cuts every prompt to a short default context without a word;
//! here the context is asked for with each request.

mod address;
#[cfg(test)]
mod tests;
mod wire;

use std::{
    collections::HashMap,
    sync::{LazyLock, Mutex, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use self::wire::{Chunk, Gathered};
use super::{
    Capabilities, ChatError, ChatErrorKind, ChatModel, ChatReply, ChatRequest, Delta, OnDelta, Retry,
    http::{Backoff, Endpoint, excerpt, from_environment, from_reqwest, in_band, lines::Lines, refusal, with_request},
    openai::model_context,
};

/// Where to find a model, and how to run it.
#[derive(Clone, Debug)]
pub struct OllamaOptions {
    /// The model's name, such as `qwen3:4b`.
    pub model: String,
    /// The server's address. `None`: `OLLAMA_HOST`, else `http://localhost:11434`.
    pub base_url: Option<String>,
    /// The key of a proxy in front of the server. `None`: `OLLAMA_API_KEY`; a server of one's own needs none.
    pub api_key: Option<String>,
    /// Tokens that prompt and reply may fill together, at most; the server keeps as much memory ready.
    pub context_tokens: u32,
    /// Whether a model that can think does so. `None`: as the server sees fit.
    pub think: Option<bool>,
    /// The longest wait for a connection.
    pub connect_limit: Duration,
    /// The longest silence of the server, also while it loads the model and reads the prompt.
    pub idle_limit: Duration,
    /// How often a request is repeated that may pass later.
    pub retry: Retry,
}

impl OllamaOptions {
    /// A model by name, at the address of the environment, with a context of 8192 tokens.
    pub fn new(model: impl Into<String>) -> Self {
        Self {
            model: model.into(),
            base_url: None,
            api_key: None,
            context_tokens: 8192,
            think: None,
            connect_limit: Duration::from_secs(5),
            idle_limit: Duration::from_mins(5),
            retry: Retry::default(),
        }
    }
}

/// The address that is used when none is given: `OLLAMA_HOST` in whichever of its forms, else `http://localhost:11434`.
pub fn default_base_url() -> String {
    from_environment("OLLAMA_HOST").map_or_else(|| address::LOCAL.to_owned(), |host| address::of_host(&host))
}

/// What `/api/show` said of a model.
#[derive(Clone, Copy, Debug, Default)]
struct Found {
    native_tools: Option<bool>,
    context_tokens: Option<u32>,
}

/// By address and model, for the life of the process.
static FOUND: LazyLock<Mutex<HashMap<(String, String), Found>>> = LazyLock::new(Mutex::default);

/// A model of an Ollama server.
pub struct Ollama {
    id: String,
    options: OllamaOptions,
    endpoint: Endpoint,
}

impl Ollama {
    /// Checks the options. Nothing is sent yet.
    pub fn new(options: OllamaOptions) -> Result<Self, ChatError> {
        let base_url = options.base_url.clone().unwrap_or_else(default_base_url);
        let key = options.api_key.clone().or_else(|| from_environment("OLLAMA_API_KEY"));
        let base_url = address::without_route(&base_url);
        let endpoint = Endpoint::new(base_url, key, options.connect_limit, options.idle_limit)?;
        Ok(Self { id: format!("ollama:{}", options.model), options, endpoint })
    }

    fn key(&self) -> (String, String) {
        (self.endpoint.base_url.to_string(), self.options.model.clone())
    }

    fn found(&self) -> Found {
        FOUND.lock().unwrap_or_else(PoisonError::into_inner).get(&self.key()).copied().unwrap_or_default()
    }

    fn keep(&self, found: Found) {
        FOUND.lock().unwrap_or_else(PoisonError::into_inner).insert(self.key(), found);
    }

    /// The context that is asked for: no longer than the model was made for.
    fn context(&self) -> u32 {
        self.options.context_tokens.min(self.found().context_tokens.unwrap_or(u32::MAX))
    }

    async fn ask(&self, request: &ChatRequest, mut on_delta: OnDelta<'_>) -> Result<ChatReply, ChatError> {
        let body = wire::request(&self.options, self.context(), request, on_delta.is_some());
        let mut backoff = Backoff::new(self.options.retry);
        loop {
            let mut shown = false;
            let mut show = |delta| {
                shown = true;
                if let Some(on_delta) = &mut on_delta {
                    on_delta(delta);
                }
            };
            let error = match self.once(&body, request, &mut show).await {
                Ok(reply) => return Ok(reply),
                Err(error) => error,
            };
            if let Some(on_delta) = on_delta.as_mut().filter(|_| shown) {
                on_delta(Delta::Restart);
            }
            let error = with_request(self.told(error), request);
            if error.kind == ChatErrorKind::NoTools {
                self.keep(Found { native_tools: Some(false), ..self.found() });
            }
            backoff.again(error).await?;
        }
    }

    /// One attempt. A whole reply is a stream of one line.
    async fn once(
        &self,
        body: &Value,
        request: &ChatRequest,
        show: &mut (dyn FnMut(Delta) + Send),
    ) -> Result<ChatReply, ChatError> {
        let base_url = &self.endpoint.base_url;
        let send = self.endpoint.authorised(self.endpoint.client.post(format!("{base_url}/api/chat")).json(body));
        let response = send.send().await.map_err(|error| from_reqwest(&error, base_url))?;
        if !response.status().is_success() {
            return Err(refusal(response, base_url).await);
        }
        let mut lines = Lines::new(response, base_url.clone());
        let mut gathered = Gathered::default();
        while let Some(line) = lines.next().await? {
            let chunk: Chunk = match serde_json::from_str(&line) {
                Ok(chunk) => chunk,
                Err(error) if error.is_eof() => break,
                Err(error) => return Err(self.no_chat(&format!("({error}): {}", excerpt(&line)))),
            };
            if let Some(error) = &chunk.error {
                return Err(in_band(error, base_url));
            }
            if gathered.add(chunk, show) {
                return Ok(gathered.finished(request));
            }
        }
        if gathered.is_empty() {
            return Err(self.no_chat("at all"));
        }
        Err(ChatError::new(ChatErrorKind::Connection, format!("{base_url} broke off its reply")))
    }

    fn no_chat(&self, words: &str) -> ChatError {
        let message = format!("{} did not answer in the form of Ollama's /api/chat {words}", self.endpoint.base_url);
        ChatError::new(ChatErrorKind::BadResponse, message)
            .with_hint("check that the address is that of an Ollama server, such as http://localhost:11434")
    }

    /// The error with the remedy that is Ollama's.
    fn told(&self, mut error: ChatError) -> ChatError {
        let hint = match (error.kind, error.status) {
            (ChatErrorKind::BadRequest, Some(404)) => format!("fetch it with `ollama pull {}`", self.options.model),
            (ChatErrorKind::Connection, None) => "start it with `ollama serve`, or set OLLAMA_HOST".into(),
            (ChatErrorKind::Auth, _) => "set OLLAMA_API_KEY to what the server or its proxy asks for".into(),
            _ => return error,
        };
        error.hint = Some(hint);
        error
    }
}

#[async_trait]
impl ChatModel for Ollama {
    fn id(&self) -> &str {
        &self.id
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities {
            native_tools: self.found().native_tools.unwrap_or(true),
            json_schema: true,
            context_tokens: Some(self.context()),
            ..Capabilities::default()
        }
    }

    async fn probe(&self, cancel: &CancellationToken) -> Capabilities {
        if self.found().context_tokens.is_some() {
            return self.capabilities();
        }
        let url = format!("{}/api/show", self.endpoint.base_url);
        let name = json!({ "model": self.options.model });
        let show = tokio::select! {
            biased;
            () = cancel.cancelled() => None,
            show = self.endpoint.ask(&url, Some(&name)) => show,
        };
        if let Some(show) = show {
            let able = show["capabilities"].as_array();
            let native_tools = able.map(|able| able.iter().any(|one| one == "tools"));
            let native_tools = native_tools.or(self.found().native_tools);
            self.keep(Found { native_tools, context_tokens: model_context(&show) });
        }
        self.capabilities()
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
