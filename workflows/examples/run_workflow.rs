//! A workflow run inside of another program, with the local language model for the steps that ask one. Prints the report as JSON; the
//! pictures go to the folder of `--out`.
//!
//! `cargo run -p argus-agent --example run_workflow -- describe image=sample:cat --out /tmp/pictures`
//! `cargo run -p argus-agent --example run_workflow -- ./own.yaml image=photo.jpg question="How many cups are there?"`
#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use std::{error::Error, path::PathBuf, sync::Arc};

use argus_agent::chat::{
    ChatError, ChatErrorKind, ChatModel,
    local::{LocalModel, LocalOptions},
};
use argus_tools::{
    image::{FetchPolicy, Fetcher, ImageStore, LoadLimits},
    onnx::{PoolOptions, SessionPool},
    store::{Store, StoreError, StoreOptions},
    tool::ToolCx,
    vision,
};
use argus_workflows::{Failure, Host, LlmSource, Loader, Local, Workflow};
use async_trait::async_trait;
use serde_json::{Map, Value};
use tokio::sync::OnceCell;

/// The local model, started when the first step asks for it.
struct LocalLlm {
    store: Store,
    started: OnceCell<Arc<dyn ChatModel>>,
}

impl LocalLlm {
    async fn start(&self) -> Result<Arc<dyn ChatModel>, StoreError> {
        let (server, model) =
            tokio::try_join!(self.store.ensure_role("llama-server", None), self.store.ensure_role("llm", None))?;
        let program = server.main().to_owned();
        let libraries = program.parent().map(PathBuf::from);
        let mut options = LocalOptions::new(program, model.main(), self.store.home().join("llama"));
        options.id = format!("local:{}", model.id);
        options.library_dir = libraries;
        Ok(Arc::new(LocalModel::new(options)))
    }
}

#[async_trait]
impl LlmSource for LocalLlm {
    async fn chat(&self, _: Option<&str>) -> Result<Option<Arc<dyn ChatModel>>, Failure> {
        let started = self.started.get_or_try_init(|| self.start()).await;
        let failed = |error: StoreError| Failure::from(ChatError::new(ChatErrorKind::Server, error.to_string()));
        started.cloned().map(Some).map_err(failed)
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let name = arguments.next().ok_or("name a workflow, and give its inputs as NAME=VALUE")?;
    let (mut inputs, mut out) = (Map::new(), None);
    while let Some(argument) = arguments.next() {
        match argument.split_once('=') {
            _ if argument == "--out" => out = arguments.next().map(PathBuf::from),
            Some((input, value)) => {
                inputs.insert(input.to_owned(), Value::from(value));
            }
            None => return Err(format!("\"{argument}\" is no NAME=VALUE").into()),
        }
    }
    // Everything that is wrong with a workflow is told before it runs, with the lines.
    let workflow = Workflow::load(&name)?;
    let store = Store::open(StoreOptions::from_env()?)?;
    let pool = Arc::new(SessionPool::new(store.clone(), PoolOptions::default()));
    let loader = Loader {
        fetcher: Fetcher::new(FetchPolicy::default())?,
        samples: Arc::new(store.clone()),
        limits: LoadLimits::default(),
    };
    let mut host = Host::new(vision::toolbox(), ToolCx::new(ImageStore::new(), pool), loader);
    host.llm = Arc::new(LocalLlm { store, started: OnceCell::new() });
    let report = workflow.run_in(inputs, &host, Arc::new(Local::new("example"))).await;
    if let Some(out) = out {
        std::fs::create_dir_all(&out)?;
        for image in &report.pictures.images {
            image.pixels.save(out.join(format!("{}.png", image.handle)))?;
        }
    }
    println!("{}", serde_json::to_string_pretty(&report)?);
    if report.ok { Ok(()) } else { Err("the workflow failed".into()) }
}
