//! What a running tool may use: images, models, cancellation, deadline, events.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use serde::Serialize;
use tokio_util::sync::CancellationToken;

use super::ImageArg;
use crate::{
    error::ToolError,
    image::{ImageEntry, ImageStore},
    onnx::{EventSink, LoadContext, LoadedModel, ModelProvider, NoEvents, RunControl},
    store::Installed,
};

/// Which model a call used and which execution provider ran it.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct ModelUse {
    /// The catalog id.
    pub model: String,
    /// The execution provider that really ran it (`cpu`, `openvino`, `cuda`, ...).
    pub provider: String,
}

/// The context of one tool call. Cheap to clone; clones share everything.
#[derive(Clone)]
pub struct ToolCx {
    /// The session's images, by handle.
    pub images: ImageStore,
    /// Gives loaded models by role.
    pub models: Arc<dyn ModelProvider>,
    /// Cancelled by Ctrl-C, a deadline or the caller.
    pub cancel: CancellationToken,
    /// When the call must be over.
    pub deadline: Option<Instant>,
    /// Where progress goes.
    pub events: Arc<dyn EventSink>,
    used: Arc<Mutex<Vec<ModelUse>>>,
}

impl ToolCx {
    /// A context without deadline that tells nobody of its progress.
    pub fn new(images: ImageStore, models: Arc<dyn ModelProvider>) -> Self {
        Self {
            images,
            models,
            cancel: CancellationToken::new(),
            deadline: None,
            events: Arc::new(NoEvents),
            used: Arc::default(),
        }
    }

    /// The same context for another call: its own record of models used and its own deadline.
    #[must_use]
    pub fn for_call(&self, cancel: CancellationToken, limit: Option<Duration>) -> Self {
        let own = limit.map(|limit| Instant::now() + limit);
        let deadline = [self.deadline, own].into_iter().flatten().min();
        Self { cancel, deadline, used: Arc::default(), ..self.clone() }
    }

    /// The image that an argument names; left out, the one that entered last.
    pub fn image(&self, arg: &ImageArg) -> Result<Arc<ImageEntry>, ToolError> {
        match &arg.0 {
            Some(handle) => self.images.get(handle),
            None => self.images.newest().ok_or_else(|| ToolError::invalid_input("there is no image yet")),
        }
    }

    /// The model for a role, loaded at its first use.
    pub async fn model(&self, role: &str) -> Result<Arc<LoadedModel>, ToolError> {
        let loaded = self.models.load(role, self.load_context()).await?;
        let entry = ModelUse { model: loaded.id.clone(), provider: loaded.provider.clone() };
        let mut used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        if !used.contains(&entry) {
            used.push(entry);
        }
        drop(used);
        Ok(loaded)
    }

    /// What the loading of a model for this call needs.
    pub fn load_context(&self) -> LoadContext<'_> {
        LoadContext { cancel: &self.cancel, events: &*self.events }
    }

    /// The files of the model for a role, without loading any of its graphs.
    pub async fn files(&self, role: &str) -> Result<Installed, ToolError> {
        self.models.files(role, self.load_context()).await
    }

    /// The models this call used so far, in order of first use.
    pub fn used(&self) -> Vec<ModelUse> {
        self.used.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Runs pixel work or inference on a blocking thread. Cancellation and deadline reach it through the
    /// [`RunControl`], and end the wait at once.
    pub async fn blocking<T, F>(&self, work: F) -> Result<T, ToolError>
    where
        T: Send + 'static,
        F: FnOnce(&RunControl) -> Result<T, ToolError> + Send + 'static,
    {
        let control = RunControl::new();
        let inner = control.clone();
        let mut task = tokio::task::spawn_blocking(move || work(&inner));
        let joined = tokio::select! {
            joined = &mut task => joined,
            stopped = self.stopped() => {
                control.cancel();
                return Err(stopped);
            }
        };
        joined.unwrap_or_else(|error| Err(ToolError::internal(format!("the tool's thread ended badly: {error}"))))
    }

    /// Waits for work that ends when it is dropped, such as a child process. Cancellation and deadline end the wait.
    pub async fn within<T>(&self, work: impl Future<Output = Result<T, ToolError>>) -> Result<T, ToolError> {
        tokio::select! {
            done = work => done,
            stopped = self.stopped() => Err(stopped),
        }
    }

    /// Returns once the call is cancelled or over its deadline, with the error that says so.
    async fn stopped(&self) -> ToolError {
        let expired = async {
            match self.deadline {
                Some(at) => tokio::time::sleep_until(at.into()).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = self.cancel.cancelled() => ToolError::cancelled(),
            () = expired => ToolError::resource_limit("the tool did not finish within its time limit"),
        }
    }
}
