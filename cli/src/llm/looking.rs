//! A local model that is asked about pictures: fetched and started at the first question.

use std::sync::Arc;

use argus_agent::chat::{
    Capabilities, ChatError, ChatErrorKind, ChatModel, ChatReply, ChatRequest, OnDelta,
    local::{LocalError, LocalModel, LocalName, LocalRole},
};
use argus_tools::store::Store;
use async_trait::async_trait;
use tokio::sync::OnceCell;
use tokio_util::sync::CancellationToken;

use super::local_models;
use crate::config::Config;

/// The model behind `ask_image`.
pub(crate) struct Looking {
    id: String,
    local: LocalName,
    role: LocalRole,
    config: Config,
    /// None where tools are only listed.
    store: Option<Store>,
    started: OnceCell<Arc<LocalModel>>,
}

impl Looking {
    pub(crate) fn new(local: LocalName, role: LocalRole, config: Config, store: Option<Store>) -> Self {
        let id = match &local {
            LocalName::Best => "local".to_owned(),
            LocalName::Id(id) => format!("local:{id}"),
            LocalName::File(path) => format!("local:{}", path.file_stem().unwrap_or_default().to_string_lossy()),
        };
        Self { id, local, role, config, store, started: OnceCell::new() }
    }

    async fn started(&self) -> Result<&Arc<LocalModel>, ChatError> {
        let failed = |message: String| ChatError::new(ChatErrorKind::LocalServer, message);
        let Some(store) = &self.store else { return Err(failed(format!("{} was not made ready", self.id))) };
        let start = || async {
            local_models(&self.config, store).model(&self.local, self.role).await.map_err(|error| match error {
                LocalError::Chat(error) => error,
                error => ChatError { hint: error.hint(), ..failed(error.to_string()) },
            })
        };
        self.started.get_or_try_init(start).await
    }
}

#[async_trait]
impl ChatModel for Looking {
    fn id(&self) -> &str {
        &self.id
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities::default()
    }

    async fn complete(
        &self,
        request: &ChatRequest,
        on_delta: OnDelta<'_>,
        cancel: &CancellationToken,
    ) -> Result<ChatReply, ChatError> {
        let model = tokio::select! {
            biased;
            () = cancel.cancelled() => return Err(ChatError::cancelled()),
            model = self.started() => model?,
        };
        model.complete(request, on_delta, cancel).await
    }
}
