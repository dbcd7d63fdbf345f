//! Runs bodies of steps: each as soon as what it needs is done, within the bounds of the host.

pub(crate) mod batch;
pub(crate) mod gather;
pub(crate) mod host;
pub(crate) mod inputs;
pub(crate) mod llm;
pub(crate) mod perform;
pub(crate) mod recorded;
pub(crate) mod run;
pub(crate) mod view;

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use argus_agent::{
    chat::Usage,
    run::{WorkflowEvent, ms_since},
};
use futures_util::{
    FutureExt,
    future::BoxFuture,
    stream::{FuturesUnordered, StreamExt},
};
use serde_json::Value;
use tokio_util::sync::CancellationToken;

use crate::{
    check::plan::{BodyPlan, OnFailure, StepPlan},
    engine::{
        host::Host,
        view::{Finished, View},
    },
    language::{helpers::truthy, step::FailureKind, template::Template},
    record::{failure::Failure, runner::StepRunner},
};

/// The longest wait before a step is tried again.
const LONGEST_WAIT: Duration = Duration::from_mins(1);

/// One run of a workflow.
pub(crate) struct Engine {
    pub(crate) host: Host,
    pub(crate) runner: Arc<dyn StepRunner>,
    pub(crate) cancel: CancellationToken,
    pub(crate) usage: Mutex<Usage>,
    /// The images of the inputs.
    pub(crate) roots: Vec<String>,
}

impl Engine {
    /// Runs a body and gives what it gives, with all layers that its steps made.
    pub(crate) fn body<'a>(
        &'a self,
        body: &'a BodyPlan,
        view: &'a View,
        path: &'a str,
    ) -> BoxFuture<'a, Result<Finished, Failure>> {
        async move {
            let ids: Vec<Arc<str>> = body.steps.iter().map(|step| step.id.as_str().into()).collect();
            let mut done: Vec<Option<Arc<Finished>>> = vec![None; body.steps.len()];
            let mut open: Vec<usize> = body.steps.iter().map(|step| step.needs.len()).collect();
            let mut users: Vec<Vec<usize>> = vec![Vec::new(); body.steps.len()];
            for (index, step) in body.steps.iter().enumerate() {
                step.needs.iter().for_each(|need| users[*need].push(index));
            }
            let mut running = FuturesUnordered::new();
            let sees = |step: &StepPlan, done: &[Option<Arc<Finished>>]| {
                let mut view = view.clone();
                for need in &step.needs {
                    if let Some(finished) = &done[*need] {
                        view.add(&ids[*need], finished);
                    }
                }
                view
            };
            for index in body.order.iter().copied().filter(|index| body.steps[*index].needs.is_empty()) {
                running.push(self.numbered(index, body, sees(&body.steps[index], &done), path));
            }
            // Dropping what still runs cancels it.
            while let Some((index, finished)) = running.next().await {
                done[index] = Some(Arc::new(finished?));
                for user in &users[index] {
                    open[*user] -= 1;
                    if open[*user] == 0 {
                        running.push(self.numbered(*user, body, sees(&body.steps[*user], &done), path));
                    }
                }
            }
            let mut all = view.clone();
            for (id, finished) in ids.iter().zip(&done) {
                if let Some(finished) = finished {
                    all.add(id, finished);
                }
            }
            let value = match &body.output {
                Some(output) => fill(output, &all).map_err(|failure| failure.of(&format!("{path}output")))?,
                None => done.last().and_then(Option::as_ref).map_or(Value::Null, |last| last.value.clone()),
            };
            let made = all.layers.into_iter().filter(|layer| !view.layers.iter().any(|old| Arc::ptr_eq(old, layer)));
            Ok(Finished { value, error: Value::Null, layers: made.collect() })
        }
        .boxed()
    }

    async fn numbered(
        &self,
        index: usize,
        body: &BodyPlan,
        view: View,
        path: &str,
    ) -> (usize, Result<Finished, Failure>) {
        let step = &body.steps[index];
        if step.handler {
            // It runs when another step calls it.
            return (index, Ok(Finished { layers: view.layers, ..Finished::default() }));
        }
        (index, self.step(step, body, view, &format!("{path}{}", step.id)).await)
    }

    /// A step with its condition and what becomes of its failure.
    async fn step(&self, step: &StepPlan, body: &BodyPlan, view: View, path: &str) -> Result<Finished, Failure> {
        if let Some(when) = &step.when
            && !truthy(&fill(when, &view).map_err(|failure| failure.of(path))?)
        {
            self.host.events.emit(WorkflowEvent::StepSkipped { path: path.to_owned() }.into());
            return Ok(Finished { layers: view.layers, ..Finished::default() });
        }
        let failure = match self.tried(step, &view, path).await {
            Ok(finished) => return Ok(finished),
            Err(failure) => failure.of(path),
        };
        if failure.kind == FailureKind::Cancelled && self.cancel.is_cancelled() {
            return Err(failure);
        }
        let error = failure.value();
        let goes_on = |value| Ok(Finished { value, error: error.clone(), layers: view.layers.clone() });
        match &step.policy.on_error {
            OnFailure::Fail => Err(failure),
            OnFailure::Continue => goes_on(Value::Null),
            OnFailure::Default(value) => goes_on(fill(value, &view).map_err(|failure| failure.of(path))?),
            OnFailure::GoTo(handler) => {
                let handler = &body.steps[*handler];
                let view = view.with_local("error", error.clone());
                let path = format!("{path}.{}", handler.id);
                let finished = self.tried(handler, &view, &path).await.map_err(|failure| failure.of(&path))?;
                Ok(Finished { error, ..finished })
            }
        }
    }

    /// Tries a step as often as its policy says.
    async fn tried(&self, step: &StepPlan, view: &View, path: &str) -> Result<Finished, Failure> {
        let policy = &step.policy;
        let begin = Instant::now();
        let events = &self.host.events;
        events.emit(WorkflowEvent::StepStarted { path: path.to_owned(), kind: step.kind.name().to_owned() }.into());
        let mut tries = 0;
        loop {
            tries += 1;
            let work = self.once(step, view, path, tries);
            let result = match policy.timeout {
                Some(limit) => tokio::time::timeout(limit, work).await.unwrap_or_else(|_| {
                    let message = format!("the step did not finish within {limit:?}");
                    Err(Failure::new(FailureKind::Timeout, message))
                }),
                None => work.await,
            };
            let failure = match result {
                Ok((finished, recorded)) => {
                    events.emit(
                        WorkflowEvent::StepFinished {
                            path: path.to_owned(),
                            ok: true,
                            error: None,
                            tries,
                            recorded,
                            ms: ms_since(begin),
                        }
                        .into(),
                    );
                    return Ok(finished);
                }
                Err(failure) => failure,
            };
            if tries > policy.retries || !policy.retry_on.contains(&failure.kind) || self.cancel.is_cancelled() {
                events.emit(
                    WorkflowEvent::StepFinished {
                        path: path.to_owned(),
                        ok: false,
                        error: Some(failure.to_string()),
                        tries,
                        recorded: None,
                        ms: ms_since(begin),
                    }
                    .into(),
                );
                return Err(failure);
            }
            let wait = policy.backoff.saturating_mul(1 << (tries - 1).min(16)).min(LONGEST_WAIT);
            events.emit(WorkflowEvent::StepRetried { path: path.to_owned(), error: failure.to_string(), tries }.into());
            tokio::select! {
                () = self.runner.sleep(wait) => {}
                () = self.cancel.cancelled() => {
                    return Err(Failure::new(FailureKind::Cancelled, "cancelled"));
                }
            }
        }
    }

    pub(crate) fn spend(&self, usage: Usage) {
        *self.usage.lock().unwrap_or_else(PoisonError::into_inner) += usage;
    }
}

/// A value with its templates filled in.
pub(crate) fn fill(template: &Template, view: &View) -> Result<Value, Failure> {
    template.fill(view).map_err(|message| Failure::new(FailureKind::Template, message))
}
