//! What a workflow runs in: tools, models, pictures, a person to ask.

use std::{path::PathBuf, sync::Arc};

use argus_agent::{
    chat::ChatModel,
    prompts::Language,
    run::{Limits, NoRunEvents, Protocol, RunEvents},
};
use argus_tools::{
    onnx::{ModelProvider, cores},
    tool::{ToolCx, Toolbox},
};
use async_trait::async_trait;
use tokio::sync::Semaphore;

use crate::{
    engine::{gather::Gathering, inputs::Loader},
    language::step::FailureKind,
    record::{
        approval::{Always, Approver},
        failure::Failure,
    },
};

/// Gives language models, started when the first step asks.
#[async_trait]
pub trait LlmSource: Send + Sync {
    /// The model that a step names, or the usual one; `None` where there is none.
    async fn chat(&self, name: Option<&str>) -> Result<Option<Arc<dyn ChatModel>>, Failure>;
}

/// No language model.
pub struct NoLlm;

#[async_trait]
impl LlmSource for NoLlm {
    async fn chat(&self, _: Option<&str>) -> Result<Option<Arc<dyn ChatModel>>, Failure> {
        Ok(None)
    }
}

/// Always the same language model.
pub struct OneLlm(pub Arc<dyn ChatModel>);

#[async_trait]
impl LlmSource for OneLlm {
    async fn chat(&self, _: Option<&str>) -> Result<Option<Arc<dyn ChatModel>>, Failure> {
        Ok(Some(self.0.clone()))
    }
}

/// Gives the vision models of a step that names a device or a model of its own.
pub trait ProviderSource: Send + Sync {
    /// The provider for a tool on a device (`None`: the usual one) with a model by id (`None`: the usual one) for these roles.
    fn provider(
        &self,
        device: Option<&str>,
        model: Option<&str>,
        roles: &[&str],
    ) -> Result<Arc<dyn ModelProvider>, Failure>;
}

/// One provider for all steps.
pub struct OneProvider;

impl ProviderSource for OneProvider {
    fn provider(&self, _: Option<&str>, _: Option<&str>, _: &[&str]) -> Result<Arc<dyn ModelProvider>, Failure> {
        Err(Failure::new(FailureKind::InvalidInput, "here a step cannot choose its device or model"))
    }
}

/// How much runs at the same time, of all runs of a host together.
pub struct Permits {
    tools: Semaphore,
    /// A graphics card gains little from more than one call while another is made ready.
    accelerator: Semaphore,
    pub(crate) llm: Semaphore,
    pub(crate) gathering: Gathering,
}

impl Permits {
    /// So many tool calls and so many calls of language models.
    pub fn new(tools: usize, llm: usize) -> Self {
        Self {
            tools: Semaphore::new(tools.max(1)),
            accelerator: Semaphore::new(2),
            llm: Semaphore::new(llm.max(1)),
            gathering: Gathering::default(),
        }
    }

    /// The permits of tools on a device; `None`: the usual one.
    pub(crate) fn tools(&self, device: Option<&str>) -> &Semaphore {
        match device {
            None | Some("auto" | "cpu") => &self.tools,
            Some(_) => &self.accelerator,
        }
    }
}

/// All that runs need from outside. Cheap to clone.
#[derive(Clone)]
pub struct Host {
    /// The tools.
    pub toolbox: Toolbox,
    /// The context of tool calls. Its images are not used: every run has its own.
    pub cx: ToolCx,
    /// Loads pictures.
    pub loader: Arc<Loader>,
    /// Gives language models.
    pub llm: Arc<dyn LlmSource>,
    /// Gives vision models to steps that choose.
    pub providers: Arc<dyn ProviderSource>,
    /// Asks a person.
    pub approver: Arc<dyn Approver>,
    /// Where events go.
    pub events: Arc<dyn RunEvents>,
    /// Bounds of agent steps.
    pub limits: Limits,
    /// How models are asked in agent steps; what suits them best if none.
    pub protocol: Option<Protocol>,
    /// The language of prompts; that of the task if none.
    pub language: Option<Language>,
    /// Directory of templates that replace the built-in prompts.
    pub prompts: Option<PathBuf>,
    /// How much runs at the same time.
    pub permits: Arc<Permits>,
    /// Where results of steps with `cache` are kept; nowhere if none.
    pub cache: Option<PathBuf>,
}

impl Host {
    /// A host with tools and pictures, and nothing else: no language model, no person to ask.
    pub fn new(toolbox: Toolbox, cx: ToolCx, loader: Loader) -> Self {
        Self {
            toolbox,
            cx,
            loader: Arc::new(loader),
            llm: Arc::new(NoLlm),
            providers: Arc::new(OneProvider),
            approver: Arc::new(Always { yes: false, by: "nobody is there to ask" }),
            events: Arc::new(NoRunEvents),
            limits: Limits::default(),
            protocol: None,
            language: None,
            prompts: None,
            permits: Arc::new(Permits::new(cores(), 1)),
            cache: None,
        }
    }
}
