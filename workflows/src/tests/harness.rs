//! What the engine's tests run in: drawn-up scenes, tools that wait, fail and count, scripted models.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a failed set-up fails the test")]

use std::{
    path::Path,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use argus_agent::{
    chat::{ChatModel, scripted::Scripted},
    fakes::Scene,
    run::{RunEvent, WorkflowEvent},
};
use argus_tools::{
    image::{FetchPolicy, Fetcher, ImageStore, LoadLimits, NoSamples},
    onnx::NoModels,
    tool::{DynTool, Observation, ToolCx, ToolError, ToolSpec},
};
use async_trait::async_trait;
use futures_util::{FutureExt, future::BoxFuture};
use serde_json::{Map, Value, json};

use crate::Approver;
use crate::Decision;
use crate::Failure;
use crate::Host;
use crate::Journal;
use crate::Loader;
use crate::Local;
use crate::OneLlm;
use crate::Permits;
use crate::RunReport;
use crate::StepRunner;
use crate::ToolCall;
use crate::Work;
use crate::Workflow;

/// What a fake tool does with its arguments in its n-th call (from 0).
type Does = dyn Fn(Value, usize) -> BoxFuture<'static, Result<Value, ToolError>> + Send + Sync;

/// A tool that takes `x`, `ms` and `key`, and does what it is told.
struct Fake {
    name: &'static str,
    does: Arc<Does>,
    calls: Calls,
}

/// The calls of all fake tools, in the order in which they began.
pub(super) type Calls = Arc<Mutex<Vec<(String, Value)>>>;

impl DynTool for Fake {
    fn spec(&self) -> ToolSpec {
        ToolSpec {
            name: self.name.into(),
            summary: "does what a test says".into(),
            limits: "",
            roles: &[],
            effects: argus_tools::tool::Effects::default(),
            advanced: false,
            input_schema: json!({"type": "object", "properties": {"x": {}, "ms": {}, "key": {}}}),
            output_schema: Value::Bool(true),
            examples: Vec::new(),
        }
    }
    fn call_json<'a>(&'a self, args: Value, cx: &'a ToolCx) -> BoxFuture<'a, Result<Observation, ToolError>> {
        let number = {
            let mut calls = self.calls.lock().unwrap_or_else(PoisonError::into_inner);
            let number = calls.iter().filter(|(name, _)| name == self.name).count();
            calls.push((self.name.to_owned(), args.clone()));
            number
        };
        let work = (self.does)(args, number);
        async move {
            tokio::select! {
                value = work => Ok(Observation { text: String::new(), value: value? }),
                () = cx.cancel.cancelled() => Err(ToolError::cancelled()),
            }
        }
        .boxed()
    }
}

/// A host with fakes, and what they saw.
pub(super) struct Harness {
    pub(super) host: Host,
    pub(super) calls: Calls,
    pub(super) events: Arc<Mutex<Vec<RunEvent>>>,
    pub(super) folder: tempfile::TempDir,
}

impl Harness {
    /// Scenes and the tools `echo` (gives x), `wait` (gives x after ms) and `count` (gives the number of its calls before this one).
    pub(super) fn new() -> Self {
        let scene = Scene {
            size: (64, 48),
            objects: vec![
                ("cup", [2.0, 2.0, 12.0, 14.0]),
                ("cup", [20.0, 5.0, 30.0, 21.0]),
                ("plate", [30.0, 20.0, 60.0, 44.0]),
            ],
            lines: vec!["ROUTE 42"],
        };
        let loader = Loader {
            fetcher: Fetcher::new(FetchPolicy::default()).unwrap(),
            samples: Arc::new(NoSamples),
            limits: LoadLimits::default(),
        };
        let events = Arc::new(Mutex::new(Vec::new()));
        let mut host = Host::new(scene.toolbox(), ToolCx::new(ImageStore::new(), Arc::new(NoModels)), loader);
        host.permits = Arc::new(Permits::new(8, 4));
        let sink = events.clone();
        host.events = Arc::new(move |event| sink.lock().unwrap_or_else(PoisonError::into_inner).push(event));
        let folder = tempfile::tempdir().unwrap();
        image::RgbImage::from_pixel(64, 48, image::Rgb([9, 99, 200])).save(folder.path().join("a.png")).unwrap();
        Self { host, calls: Calls::default(), events, folder }
            .with("echo", |args, _| async move { Ok(args["x"].clone()) })
            .with("wait", |args, _| async move {
                tokio::time::sleep(Duration::from_millis(args["ms"].as_u64().unwrap_or_default())).await;
                Ok(args["x"].clone())
            })
            .with("count", |_, number| async move { Ok(number.into()) })
    }

    /// The same with another fake tool.
    pub(super) fn with<F>(
        mut self,
        name: &'static str,
        does: impl Fn(Value, usize) -> F + Send + Sync + 'static,
    ) -> Self
    where
        F: Future<Output = Result<Value, ToolError>> + Send + 'static,
    {
        let fake = Fake { name, does: Arc::new(move |args, at| does(args, at).boxed()), calls: self.calls.clone() };
        self.host.toolbox = self.host.toolbox.with(fake);
        self
    }

    /// The same with a language model.
    pub(super) fn llm(mut self, model: Arc<dyn ChatModel>) -> Self {
        self.host.llm = Arc::new(OneLlm(model));
        self
    }

    /// The same with a script of replies.
    pub(super) fn replies(self, texts: &[&str]) -> Self {
        self.llm(Arc::new(Scripted::replies(texts.iter().copied())))
    }

    pub(super) fn workflow(&self, text: &str) -> Workflow {
        Workflow::read(text, "test.yaml", Some(self.folder.path()), &self.host.toolbox)
            .unwrap_or_else(|error| panic!("{error}"))
    }

    /// The inputs of a workflow that takes an image.
    pub(super) fn image(&self) -> Map<String, Value> {
        fields(&json!({"image": self.folder.path().join("a.png")}))
    }

    pub(super) async fn run(&self, text: &str, inputs: &Value) -> RunReport {
        self.workflow(text).run_in(fields(inputs), &self.host, Arc::new(Local::new("run"))).await
    }

    /// The outputs of a workflow of these steps, without inputs.
    pub(super) async fn steps(&self, steps: &str) -> Result<Value, Failure> {
        let report = self.run(&format!("name: t\nsteps:\n{steps}"), &json!({})).await;
        match report.error {
            Some(failure) => Err(failure),
            None => Ok(Value::Object(report.outputs)),
        }
    }

    /// How often a fake tool was called.
    pub(super) fn count(&self, name: &str) -> usize {
        self.calls.lock().unwrap().iter().filter(|(called, _)| called == name).count()
    }

    /// The paths of events of a kind.
    pub(super) fn skipped(&self) -> Vec<String> {
        let events = self.events.lock().unwrap();
        let paths = events.iter().filter_map(|event| match event {
            RunEvent::Workflow(WorkflowEvent::StepSkipped { path }) => Some(path.clone()),
            _ => None,
        });
        paths.collect()
    }

    /// The paths of steps that were recorded before, and of those that ran now.
    pub(super) fn finished(&self) -> (Vec<String>, Vec<String>) {
        let (mut before, mut now) = (Vec::new(), Vec::new());
        for event in self.events.lock().unwrap().drain(..) {
            if let RunEvent::Workflow(WorkflowEvent::StepFinished { path, recorded, .. }) = event {
                if recorded.is_some() { before.push(path) } else { now.push(path) }
            }
        }
        (before, now)
    }
}

pub(super) fn fields(value: &Value) -> Map<String, Value> {
    value.as_object().cloned().unwrap_or_default()
}

/// A runner that does not wait, and remembers how long it should have.
#[derive(Default)]
pub(super) struct Hasty {
    pub(super) waits: Mutex<Vec<Duration>>,
}

#[async_trait]
impl StepRunner for Hasty {
    fn id(&self) -> &'static str {
        "hasty"
    }
    async fn run<'a>(&'a self, _: &str, _: &str, work: Work<'a>) -> Result<crate::Done, Failure> {
        work.await
    }
    fn knows(&self, _: &str) -> bool {
        false
    }
    async fn call<'a>(
        &'a self,
        _: &str,
        _: &str,
        _: &str,
        _: &ToolCall,
        local: Work<'a>,
    ) -> Result<crate::Done, Failure> {
        local.await
    }
    async fn sleep(&self, period: Duration) {
        self.waits.lock().unwrap().push(period);
    }
    fn now(&self) -> std::time::SystemTime {
        std::time::SystemTime::now()
    }
    fn random(&self, _: &str) -> u64 {
        0
    }
    async fn signal(
        &self,
        _: &str,
        question: &str,
        show: Option<&Value>,
        approver: &dyn Approver,
    ) -> Result<Decision, Failure> {
        Ok(approver.ask(question, show).await)
    }
}

/// A runner over a journal that is begun or resumed.
pub(super) fn journaled(folder: &Path, workflow: &Workflow, inputs: &Value) -> Arc<Local> {
    let header = crate::Header::new(workflow.name(), workflow.digest(), inputs.clone());
    let journal = if folder.join("journal.jsonl").exists() {
        Journal::resume(folder).unwrap()
    } else {
        Journal::create(folder, header.clone()).unwrap()
    };
    journal.matches(&header).unwrap();
    Arc::new(Local::with_journal("run", journal))
}
