//! Agents for cases: a session of images each, models and LLM shared.

use std::sync::Arc;

use anyhow::Context;
use argus_agent::{
    Agent,
    chat::ChatModel,
    run::{Limits, RunEvents},
};
use argus_cli::{Config, Setup, prompting};
use argus_eval::{AgentFactory, Case, CaseImage, Session};
use argus_tools::{
    image::{FetchPolicy, Fetcher, ImageSource, ImageStore, LoadLimits, Origin},
    store::Store,
    tool::{ToolCx, Toolbox},
};
use async_trait::async_trait;
use image::DynamicImage;

use crate::arguments::Switches;

/// All that the cases share.
pub(super) struct Factory {
    /// The LLM.
    pub(super) chat: Arc<dyn ChatModel>,
    tools: Toolbox,
    cx: ToolCx,
    store: Store,
    fetcher: Fetcher,
    limits: Limits,
    config: Config,
    switches: Switches,
}

impl Factory {
    /// A factory for a command's settings and the tools that can be had.
    pub(super) fn new(
        setup: &Setup,
        tools: Toolbox,
        chat: Arc<dyn ChatModel>,
        limits: Limits,
        switches: Switches,
    ) -> anyhow::Result<Self> {
        let fetcher = Fetcher::new(FetchPolicy::default())?;
        Ok(Self {
            chat,
            tools,
            cx: setup.cx.clone(),
            store: setup.store.clone(),
            fetcher,
            limits,
            config: setup.config.clone(),
            switches,
        })
    }

    /// An agent on a session that is there already.
    pub(super) fn build(&self, case: &Case, cx: ToolCx, events: Arc<dyn RunEvents>) -> anyhow::Result<Agent> {
        let toolbox = case.toolbox.as_ref().map_or_else(|| self.tools.clone(), |make| make());
        let builder = Agent::builder().toolbox(toolbox).cx(cx).limits(self.limits.clone()).events(events);
        let builder = prompting(builder, &self.config)?;
        let builder = builder.chat(self.chat.clone());
        Ok(self.switches.apply(builder).build()?)
    }

    async fn enter(&self, image: &CaseImage, cx: &ToolCx) -> anyhow::Result<()> {
        let source = match image {
            CaseImage::Sample(name) => ImageSource::Sample(name.clone()),
            CaseImage::Path(path) => ImageSource::Path(path.clone()),
            CaseImage::Absent(name) => anyhow::bail!("the shared picture {name} is not on this machine"),
            CaseImage::Blank(width, height) => {
                cx.images.insert(DynamicImage::new_rgb8(*width, *height), Origin::Memory("blank".into()));
                return Ok(());
            }
        };
        let loaded = source.load(&self.fetcher, &self.store, &LoadLimits::default()).await;
        cx.images.take_in(loaded.with_context(|| format!("the picture {source} cannot be used"))?);
        Ok(())
    }
}

#[async_trait]
impl AgentFactory for Factory {
    async fn agent(&self, case: &Case, session: Session) -> Result<Agent, String> {
        let mut cx = ToolCx::new(ImageStore::new(), self.cx.models.clone());
        cx.cancel = session.cancel;
        for image in &case.images {
            self.enter(image, &cx).await.map_err(|error| format!("{error:#}"))?;
        }
        self.build(case, cx, session.events).map_err(|error| format!("{error:#}"))
    }
}
