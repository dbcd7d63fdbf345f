//! Calls of language models and tools that a run records one by one.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU32, Ordering},
    },
    time::Instant,
};

use argus_agent::{
    chat::{Capabilities, ChatError, ChatErrorKind, ChatModel, ChatReply, ChatRequest, Message, OnDelta},
    run::ms_since,
};
use argus_tools::{
    image::Snapshot,
    tool::{DynTool, Observation, ToolCx, ToolError, ToolSpec, Toolbox},
};
use async_trait::async_trait;
use futures_util::{FutureExt, future::BoxFuture};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use crate::{
    engine::{Engine, host::Permits},
    language::{digest, step::FailureKind},
    record::{
        failure::Failure,
        runner::{Done, StepRunner, ToolCall, Work},
    },
};

/// A language model whose replies are recorded as `PATH/llm-0`, `PATH/llm-1`, ...
pub(crate) struct RecordedChat {
    inner: Arc<dyn ChatModel>,
    runner: Arc<dyn StepRunner>,
    permits: Arc<Permits>,
    path: String,
    calls: AtomicU32,
}

impl RecordedChat {
    pub(crate) fn new(inner: Arc<dyn ChatModel>, engine: &Engine, path: &str) -> Self {
        Self {
            inner,
            runner: engine.runner.clone(),
            permits: engine.host.permits.clone(),
            path: path.to_owned(),
            calls: AtomicU32::new(0),
        }
    }

    fn key(&self, call: u32) -> String {
        format!("{}/llm-{call}", self.path)
    }
}

#[async_trait]
impl ChatModel for RecordedChat {
    fn id(&self) -> &str {
        self.inner.id()
    }
    fn capabilities(&self) -> Capabilities {
        self.inner.capabilities()
    }
    async fn probe(&self, cancel: &CancellationToken) -> Capabilities {
        self.inner.probe(cancel).await
    }
    async fn count_tokens(&self, messages: &[Message], cancel: &CancellationToken) -> Option<usize> {
        self.inner.count_tokens(messages, cancel).await
    }
    async fn prepare(&self, prefix: &[Message], cancel: &CancellationToken) -> Result<(), ChatError> {
        // Where replies are recorded the model may not be needed at all.
        if self.runner.knows(&self.key(0)) { Ok(()) } else { self.inner.prepare(prefix, cancel).await }
    }
    async fn complete(
        &self,
        request: &ChatRequest,
        _: OnDelta<'_>,
        cancel: &CancellationToken,
    ) -> Result<ChatReply, ChatError> {
        let key = self.key(self.calls.fetch_add(1, Ordering::Relaxed));
        let asked = digest::of_value(&json!([self.inner.id(), request]));
        let failed: Mutex<Option<ChatError>> = Mutex::new(None);
        let work: Work<'_> = Box::pin(async {
            let _permit = self.permits.llm.acquire().await;
            let begin = Instant::now();
            let reply = self.inner.complete(request, None, cancel).await.map_err(|error| {
                *failed.lock().unwrap_or_else(PoisonError::into_inner) = Some(error.clone());
                Failure::from(error)
            })?;
            let value =
                serde_json::to_value(&reply).map_err(|error| Failure::new(FailureKind::Internal, error.to_string()))?;
            Ok(Done {
                value,
                models: vec![self.inner.id().to_owned()],
                ms: ms_since(begin),
                tries: 1,
                ..Done::default()
            })
        });
        let done = self.runner.run(&key, &asked, work).await;
        // The model's own error says more than a failure of a step.
        if let Some(error) = failed.into_inner().unwrap_or_else(PoisonError::into_inner) {
            return Err(error);
        }
        let other = |message: String| ChatError::new(ChatErrorKind::BadRequest, message);
        let done = done.map_err(|failure| other(failure.to_string()))?;
        serde_json::from_value(done.value).map_err(|error| other(format!("a recorded reply cannot be read: {error}")))
    }
}

/// The same tools, each call recorded as `PATH/TOOL-DIGEST-N`.
pub(crate) fn recorded_tools(tools: &Toolbox, engine: &Engine, path: &str) -> Toolbox {
    let counts = Arc::new(Mutex::new(HashMap::new()));
    tools.specs().fold(Toolbox::new(), |all, spec| {
        all.with(RecordedTool {
            spec: spec.clone(),
            tools: tools.clone(),
            runner: engine.runner.clone(),
            permits: engine.host.permits.clone(),
            path: path.to_owned(),
            counts: counts.clone(),
        })
    })
}

struct RecordedTool {
    spec: ToolSpec,
    tools: Toolbox,
    runner: Arc<dyn StepRunner>,
    permits: Arc<Permits>,
    path: String,
    /// How often each call was made so far.
    counts: Arc<Mutex<HashMap<String, u32>>>,
}

impl RecordedTool {
    async fn call(&self, args: Value, cx: &ToolCx) -> Result<Observation, ToolError> {
        let call = ToolCall { tool: self.spec.name.to_string(), args };
        let digest = digest::of_value(&json!(call));
        let count = {
            let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
            let count = counts.entry(digest.clone()).or_insert(0);
            *count += 1;
            *count - 1
        };
        let key = format!("{}/{}-{}-{count}", self.path, call.tool, &digest[..8]);
        let failed: Mutex<Option<ToolError>> = Mutex::new(None);
        let work: Work<'_> = Box::pin(async {
            let _permit = self.permits.tools(None).acquire().await;
            let begin = Instant::now();
            let before = cx.images.snapshot();
            let observation = self.tools.call(&call.tool, call.args.clone(), cx).await.map_err(|error| {
                *failed.lock().unwrap_or_else(PoisonError::into_inner) = Some(error.clone());
                Failure::from(error)
            })?;
            Ok(Done {
                value: observation.value,
                text: observation.text,
                made: since(&before, cx.images.snapshot()),
                models: cx.used().into_iter().map(|used| used.model).collect(),
                ms: ms_since(begin),
                tries: 1,
                recorded: None,
            })
        });
        let done = self.runner.call(&key, &digest, "agent", &call, work).await;
        if let Some(error) = failed.into_inner().unwrap_or_else(PoisonError::into_inner) {
            return Err(error);
        }
        let done = done.map_err(|failure| match failure.kind {
            FailureKind::Cancelled => ToolError::cancelled(),
            _ => ToolError::internal(failure.to_string()),
        })?;
        if done.recorded.is_some() {
            cx.images.put_back(&done.made);
        }
        Ok(Observation { value: done.value, text: done.text })
    }
}

impl DynTool for RecordedTool {
    fn spec(&self) -> ToolSpec {
        self.spec.clone()
    }
    fn call_json<'a>(&'a self, args: Value, cx: &'a ToolCx) -> BoxFuture<'a, Result<Observation, ToolError>> {
        self.call(args, cx).boxed()
    }
}

/// What is there now and was not before.
fn since(before: &Snapshot, now: Snapshot) -> Snapshot {
    let (images, regions) = (before.images.len(), before.regions.len());
    Snapshot {
        images: now.images.into_iter().skip(images).collect(),
        regions: now.regions.into_iter().skip(regions).collect(),
    }
}
