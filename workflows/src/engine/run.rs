//! Runs a workflow and reports its result.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Instant,
};

use argus_agent::{
    chat::Usage,
    run::{ImageRecord, WorkflowEvent, driver::sleep_until, ms_since},
};
use argus_tools::{
    image::{FetchPolicy, Fetcher, ImageStore, LoadLimits, Snapshot},
    onnx::{PoolOptions, SessionPool},
    store::{Store, StoreOptions},
    tool::ToolCx,
    vision,
};
use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::{
    check::workflow::Workflow,
    engine::{
        Engine,
        host::Host,
        inputs::{self, Loader},
        view::View,
    },
    language::step::FailureKind,
    record::{
        failure::Failure,
        runner::{Local, StepRunner},
    },
};

/// The result of a run.
#[derive(Clone, Debug, Default, Serialize)]
pub struct RunReport {
    /// The workflow.
    pub workflow: String,
    /// The run's name.
    pub run: String,
    /// Whether it went to its end.
    pub ok: bool,
    /// The outputs; empty if it failed.
    pub outputs: Map<String, Value>,
    /// Why it failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<Failure>,
    /// The images of the inputs and those that the outputs name.
    pub images: Vec<ImageRecord>,
    /// Tokens of all calls of language models that were made now.
    pub usage: Usage,
    /// Wall time in milliseconds.
    pub ms: f64,
    /// All images of the run, those of [`RunReport::images`] among them.
    #[serde(skip)]
    pub pictures: Snapshot,
}

impl Workflow {
    /// Runs the workflow on inputs: names and values as JSON, pictures by path, address or `sample:NAME`. Tools and models are those of
    /// this machine, fetched when a step needs them; there is no language model, and nobody to ask.
    pub async fn run(&self, inputs: Map<String, Value>) -> Result<RunReport, Failure> {
        let internal = |error: &dyn std::fmt::Display| Failure::new(FailureKind::Internal, error.to_string());
        let store = StoreOptions::from_env().and_then(Store::open).map_err(|error| internal(&error))?;
        let pool = Arc::new(SessionPool::new(store.clone(), PoolOptions::default()));
        let fetcher = Fetcher::new(FetchPolicy::default()).map_err(|error| internal(&error))?;
        let loader = Loader { fetcher, samples: Arc::new(store), limits: LoadLimits::default() };
        let host = Host::new(vision::toolbox(), ToolCx::new(ImageStore::new(), pool), loader);
        let report = self.run_in(inputs, &host, Arc::new(Local::new("run"))).await;
        match report.error {
            Some(error) => Err(error),
            None => Ok(report),
        }
    }

    /// Runs the workflow in a host. A failure is part of the report.
    pub async fn run_in(&self, inputs: Map<String, Value>, host: &Host, runner: Arc<dyn StepRunner>) -> RunReport {
        let begin = Instant::now();
        let store = ImageStore::new();
        let loaded = inputs::load(&self.plan.inputs, &inputs, &store, &host.loader).await;
        match loaded {
            Ok(values) => self.run_loaded(values, &store, host, runner, begin).await,
            Err(error) => {
                self.tell_begin(runner.id(), host);
                self.report(Err(error), Usage::default(), &store.own(), runner.id(), begin, host)
            }
        }
    }

    /// Runs the workflow on inputs that are loaded: values by name, images in the store.
    pub(crate) async fn run_loaded(
        &self,
        inputs: Map<String, Value>,
        store: &ImageStore,
        host: &Host,
        runner: Arc<dyn StepRunner>,
        begin: Instant,
    ) -> RunReport {
        let roots = Arc::new(store.own());
        let id = runner.id().to_owned();
        self.tell_begin(&id, host);
        let engine = Engine {
            host: host.clone(),
            runner,
            cancel: host.cx.cancel.child_token(),
            usage: Mutex::default(),
            roots: roots.images.iter().map(|image| image.handle.clone()).collect(),
        };
        let _stop_on_drop = engine.cancel.clone().drop_guard();
        let view = View {
            inputs: Arc::new(Value::Object(inputs)),
            run: Arc::new(json!({ "id": id })),
            steps: Vec::new(),
            locals: Vec::new(),
            layers: vec![roots.clone()],
        };
        let finished = tokio::select! {
            finished = engine.body(&self.plan.body, &view, "") => finished,
            () = engine.cancel.cancelled() => Err(Failure::new(FailureKind::Cancelled, "cancelled")),
            () = sleep_until(host.cx.deadline) => Err(Failure::new(FailureKind::Timeout, "the run did not finish within its time")),
        };
        let usage = *engine.usage.lock().unwrap_or_else(PoisonError::into_inner);
        let mut seen = (*roots).clone();
        let finished = finished.map(|finished| {
            for layer in &finished.layers {
                seen.images.extend(layer.images.iter().cloned());
            }
            finished.value
        });
        self.report(finished, usage, &seen, &id, begin, host)
    }

    fn tell_begin(&self, run: &str, host: &Host) {
        host.events
            .emit(WorkflowEvent::WorkflowStarted { workflow: self.plan.name.clone(), run: run.to_owned() }.into());
    }

    fn report(
        &self,
        finished: Result<Value, Failure>,
        usage: Usage,
        seen: &Snapshot,
        run: &str,
        begin: Instant,
        host: &Host,
    ) -> RunReport {
        let mut report = RunReport {
            workflow: self.plan.name.clone(),
            run: run.to_owned(),
            usage,
            ms: ms_since(begin),
            ..RunReport::default()
        };
        match finished {
            Ok(Value::Object(outputs)) => {
                report.ok = true;
                report.outputs = outputs;
            }
            Ok(_) => {}
            Err(error) => report.error = Some(error),
        }
        let mut named = Vec::new();
        report.outputs.values().for_each(|value| texts(value, &mut named));
        let wanted = |image: &&Arc<argus_tools::image::ImageEntry>| {
            image.parent.is_none() && image.operation.is_none() || named.iter().any(|name| *name == image.handle)
        };
        report.images = seen.images.iter().filter(wanted).map(|image| ImageRecord::from(&**image)).collect();
        report.pictures.images.clone_from(&seen.images);
        host.events.emit(
            WorkflowEvent::WorkflowFinished {
                ok: report.ok,
                error: report.error.as_ref().map(ToString::to_string),
                usage,
                ms: report.ms,
            }
            .into(),
        );
        report
    }
}

/// All texts in a value.
fn texts<'a>(value: &'a Value, all: &mut Vec<&'a str>) {
    match value {
        Value::String(text) => all.push(text),
        Value::Array(items) => items.iter().for_each(|item| texts(item, all)),
        Value::Object(map) => map.values().for_each(|value| texts(value, all)),
        _ => {}
    }
}
