//! The managed server as a [`ChatModel`].

use std::time::{Duration, Instant};

use async_trait::async_trait;
use serde_json::{Map, json};
use tokio::sync::{Mutex, OnceCell};
use tokio_util::sync::CancellationToken;

use super::{
    LocalOptions, LocalServer,
    prefix::{Prefixes, common_prefix},
    server::failure,
};
use crate::chat::Protocol;
use crate::chat::{
    Capabilities, ChatError, ChatErrorKind, ChatModel, ChatReply, ChatRequest, Message, OnDelta, Role,
    openai::{OpenAi, OpenAiOptions, Retry},
};

struct Running {
    server: LocalServer,
    client: OpenAi,
    /// Asks about pictures, in a slot of its own: the conversation's state stays what it is.
    looking: OpenAi,
}

/// A model run by a `llama-server` of Argus's own. The server starts at the first `prepare` or `complete` and ends when
/// this is dropped.
pub struct LocalModel {
    options: LocalOptions,
    running: OnceCell<Running>,
    /// The prefix that the server's slot was last made ready for.
    prepared: Mutex<Option<Vec<Message>>>,
}

impl LocalModel {
    /// Nothing is started yet.
    pub fn new(options: LocalOptions) -> Self {
        Self { options, running: OnceCell::new(), prepared: Mutex::new(None) }
    }

    /// The server, started at the first call.
    async fn running(&self, cancel: &CancellationToken) -> Result<&Running, ChatError> {
        self.running
            .get_or_try_init(|| async {
                let server = LocalServer::start(&self.options, cancel).await?;
                let client = |slot: u32| {
                    OpenAi::new(OpenAiOptions {
                        base_url: Some(format!("{}/v1", server.base_url())),
                        api_key: Some(server.key().to_owned()),
                        capabilities: self.capabilities(),
                        // A long prompt on a slow machine is read for minutes before the first token.
                        idle_limit: Duration::from_mins(15),
                        // The server drops idle connections: a request on one of them is sent again at once.
                        retry: Retry { attempts: 3, first_wait: Duration::from_millis(50), ..Retry::default() },
                        extra: Map::from_iter([
                            ("cache_prompt".to_owned(), json!(true)),
                            ("id_slot".to_owned(), json!(slot)),
                        ]),
                        ..OpenAiOptions::new("default")
                    })
                };
                let (client, looking) = (client(0)?, client(u32::from(self.options.mmproj.is_some()))?);
                Ok(Running { server, client, looking })
            })
            .await
    }

    /// Makes the slot hold the state of a prompt's fixed beginning: from disk, else computed and then saved. Either way
    /// the next request continues from there, so that computing it here delays nothing.
    async fn load_prefix(&self, server: &LocalServer, prefix: &[Message]) -> Result<(), ChatError> {
        let Some(prefixes) = server.prefixes() else { return Ok(()) };
        let mut prepared = self.prepared.lock().await;
        if prepared.as_deref() == Some(prefix) {
            return Ok(());
        }
        let begin = Instant::now();
        let text: Vec<&str> = prefix.iter().map(|message| message.content.as_str()).collect();
        let text = text.join("\0");
        let name = Prefixes::name(server.setup(), &text);
        if prefixes.has(&name) {
            match server.post("/slots/0?action=restore", &json!({ "filename": name })).await {
                Ok(_) => {
                    tracing::debug!(ms = begin.elapsed().as_millis(), "prompt state restored");
                    *prepared = Some(prefix.to_vec());
                    return Ok(());
                }
                Err(error) => {
                    tracing::debug!(%error, "prompt state not usable");
                    prefixes.remove(&name);
                }
            }
        }
        // Two conversations that differ from the first user word on: what they share is what every one begins with.
        let with_user = |word: &str| [prefix, &[Message::user(word)]].concat();
        let (one, two) = (server.template(&with_user("a")).await?, server.template(&with_user("b")).await?);
        let shared = common_prefix(&one, &two);
        let prime = json!({ "prompt": shared, "n_predict": 0, "cache_prompt": true, "id_slot": 0 });
        server.post("/completion", &prime).await?;
        let unfinished = Prefixes::unfinished(&name);
        server.post("/slots/0?action=save", &json!({ "filename": unfinished })).await?;
        prefixes.finish(&unfinished, &name).map_err(|error| failure(error.to_string()))?;
        tracing::debug!(ms = begin.elapsed().as_millis(), "prompt state computed and saved");
        *prepared = Some(prefix.to_vec());
        Ok(())
    }
}

#[async_trait]
impl ChatModel for LocalModel {
    fn id(&self) -> &str {
        &self.options.id
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities {
            native_tools: true,
            json_schema: true,
            context_tokens: Some(self.options.context_tokens),
            // Measured: small models choose tools better in one constrained object than in tool calls.
            preferred: Some(if self.options.is_large() { Protocol::Native } else { Protocol::Schema }),
        }
    }

    async fn probe(&self, cancel: &CancellationToken) -> Capabilities {
        let assumed = self.capabilities();
        if assumed.preferred != Some(Protocol::Native) {
            return assumed;
        }
        // Whether the model's template knows tools, only its server can tell. A failure comes back from `prepare`.
        let native_tools = tokio::select! {
            biased;
            () = cancel.cancelled() => true,
            found = async {
                match self.running(cancel).await {
                    Ok(running) => running.client.probe(cancel).await.native_tools,
                    Err(_) => true,
                }
            } => found,
        };
        let preferred = Some(if native_tools { Protocol::Native } else { Protocol::Schema });
        Capabilities { native_tools, preferred, ..assumed }
    }

    async fn count_tokens(&self, messages: &[Message], cancel: &CancellationToken) -> Option<usize> {
        tokio::select! {
            biased;
            () = cancel.cancelled() => None,
            count = async { self.running(cancel).await.ok()?.client.count(messages).await.ok() } => count,
        }
    }

    async fn prepare(&self, prefix: &[Message], cancel: &CancellationToken) -> Result<(), ChatError> {
        tokio::select! {
            biased;
            () = cancel.cancelled() => Err(ChatError::cancelled()),
            done = async {
                let running = self.running(cancel).await?;
                if !prefix.is_empty() && let Err(error) = self.load_prefix(&running.server, prefix).await {
                    // Only speed is lost, unless the server died.
                    tracing::debug!(%error, "the prompt's beginning could not be prepared");
                    running.server.alive()?;
                }
                Ok(())
            } => done,
        }
    }

    async fn complete(
        &self,
        request: &ChatRequest,
        on_delta: OnDelta<'_>,
        cancel: &CancellationToken,
    ) -> Result<ChatReply, ChatError> {
        let looks = request.messages.iter().any(|message| !message.pictures.is_empty());
        let system = request.messages.iter().take_while(|message| message.role == Role::System && !looks).count();
        let prepared = self.prepared.lock().await.as_ref().is_some_and(|begin| request.messages.starts_with(begin));
        if !prepared {
            self.prepare(&request.messages[..system], cancel).await?;
        }
        let running = self.running(cancel).await?;
        let client = if looks { &running.looking } else { &running.client };
        let reply = client.complete(request, on_delta, cancel).await;
        match reply {
            Err(error) if matches!(error.kind, ChatErrorKind::Connection | ChatErrorKind::Server) => {
                running.server.alive()?;
                Err(error)
            }
            other => other,
        }
    }
}
