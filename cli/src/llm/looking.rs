//! A local model that is asked about pictures: fetched and started at the first question.

use std::sync::Arc;

use argus_agent::chat::{
    Capabilities, ChatError, ChatErrorKind, ChatModel, ChatReply, ChatRequest, OnDelta, local::LocalModel,
};
use argus_tools::store::{Store, StoreError};
use async_trait::async_trait;
use tokio::sync::OnceCell;
use tokio_util::sync::CancellationToken;

use super::{Local, Use};
use crate::{config::Config, printer::UsageError};

/// The model behind `ask_image`.
pub(crate) struct Looking {
    id: String,
    local: Local,
    purpose: Use,
    config: Config,
    /// None where tools are only listed.
    store: Option<Store>,
    started: OnceCell<Arc<LocalModel>>,
}

impl Looking {
    pub(crate) fn new(local: Local, purpose: Use, config: Config, store: Option<Store>) -> Self {
        let id = match &local {
            Local::Best => "local".to_owned(),
            Local::Id(id) => format!("local:{id}"),
            Local::File(path) => format!("local:{}", path.file_stem().unwrap_or_default().to_string_lossy()),
        };
        Self { id, local, purpose, config, store, started: OnceCell::new() }
    }

    async fn started(&self) -> Result<&Arc<LocalModel>, ChatError> {
        let failed = |message: String| ChatError::new(ChatErrorKind::LocalServer, message);
        let Some(store) = &self.store else { return Err(failed(format!("{} was not made ready", self.id))) };
        let start = || async {
            self.local.model(self.purpose, &self.config, store).await.map_err(|error| {
                if let Some(error) = error.downcast_ref::<ChatError>() {
                    return error.clone();
                }
                let hint = error.downcast_ref::<UsageError>().and_then(|error| error.hint.clone());
                let hint = hint.or_else(|| error.downcast_ref::<StoreError>().and_then(StoreError::hint));
                ChatError { hint, ..failed(format!("{error:#}")) }
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
