//! The workflows of a trace, step by step.

use serde::Serialize;

use super::Trace;
use crate::{
    chat::Usage,
    run::{RecordedIn, RunEvent, WorkflowEvent},
};

/// One run of a workflow.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct WorkflowView {
    /// The workflow.
    pub workflow: String,
    /// The run's name.
    pub run: String,
    /// Whether it went to its end; `None` if the trace ends before.
    pub ok: Option<bool>,
    /// Why it failed.
    pub error: Option<String>,
    /// Its steps, those inside of others too, in the order in which they began.
    pub steps: Vec<FlowStepView>,
    /// Tokens of its calls of language models.
    pub usage: Usage,
    /// When it began, in milliseconds since the trace began.
    pub at_ms: f64,
    /// Wall time in milliseconds.
    pub ms: f64,
}

/// One step of a workflow.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct FlowStepView {
    /// Its path, such as `each[3].crop`.
    pub path: String,
    /// Its kind; empty for a step that was skipped.
    pub kind: String,
    /// Whether it was skipped.
    pub skipped: bool,
    /// Whether it succeeded; `None` if the trace ends before it did, or it was skipped.
    pub ok: Option<bool>,
    /// Why it failed, each time.
    pub errors: Vec<String>,
    /// How often it was tried.
    pub tries: u32,
    /// Where its result was recorded, if it was not run now.
    pub recorded: Option<RecordedIn>,
    /// When it began, in milliseconds since the trace began.
    pub at_ms: f64,
    /// Wall time of all tries in milliseconds.
    pub ms: f64,
}

/// The workflows of a trace. Items of a batch that run at the same time share their lines: a step belongs to the last workflow that
/// began and has a step of its path that is not over.
pub(super) fn workflows(trace: &Trace) -> Vec<WorkflowView> {
    let mut all: Vec<WorkflowView> = Vec::new();
    for line in &trace.lines {
        let RunEvent::Workflow(event) = &line.event else { continue };
        match event {
            WorkflowEvent::WorkflowStarted { workflow, run } => all.push(WorkflowView {
                workflow: workflow.clone(),
                run: run.clone(),
                at_ms: line.at_ms,
                ..WorkflowView::default()
            }),
            WorkflowEvent::StepStarted { path, kind } => {
                let step = FlowStepView {
                    path: path.clone(),
                    kind: kind.clone(),
                    at_ms: line.at_ms,
                    ..FlowStepView::default()
                };
                add(&mut all, step);
            }
            WorkflowEvent::StepSkipped { path } => {
                let step =
                    FlowStepView { path: path.clone(), skipped: true, at_ms: line.at_ms, ..FlowStepView::default() };
                add(&mut all, step);
            }
            WorkflowEvent::StepRetried { path, error, tries } => {
                if let Some(step) = open(&mut all, path) {
                    step.errors.push(error.clone());
                    step.tries = *tries;
                }
            }
            WorkflowEvent::StepFinished { path, ok, error, tries, recorded, ms } => {
                if let Some(step) = open(&mut all, path) {
                    step.errors.extend(error.clone());
                    (step.ok, step.tries, step.recorded, step.ms) = (Some(*ok), *tries, *recorded, *ms);
                }
            }
            WorkflowEvent::WorkflowFinished { ok, error, usage, ms } => {
                if let Some(workflow) = all.iter_mut().find(|workflow| workflow.ok.is_none()) {
                    (workflow.ok, workflow.usage, workflow.ms) = (Some(*ok), *usage, *ms);
                    workflow.error.clone_from(error);
                }
            }
        }
    }
    all
}

/// Adds a step to the first workflow that still runs and has none of its path yet.
fn add(all: &mut [WorkflowView], step: FlowStepView) {
    let has = |workflow: &WorkflowView| workflow.steps.iter().any(|known| known.path == step.path);
    let at = all.iter().position(|workflow| workflow.ok.is_none() && !has(workflow));
    let at = at.or_else(|| all.iter().rposition(|workflow| workflow.ok.is_none()));
    if let Some(workflow) = at.and_then(|at| all.get_mut(at)) {
        workflow.steps.push(step);
    }
}

fn open<'a>(all: &'a mut [WorkflowView], path: &str) -> Option<&'a mut FlowStepView> {
    let steps = all.iter_mut().flat_map(|workflow| &mut workflow.steps);
    steps.into_iter().find(|step| step.path == path && step.ok.is_none() && !step.skipped)
}
