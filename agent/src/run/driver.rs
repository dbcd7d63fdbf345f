//! Does the IO of a [`Run`]: asks the model, calls the tools, watches the clock and the cancellation, tells of it all.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use argus_tools::tool::{Event, EventSink, ToolCx, ToolError, ToolErrorKind, Toolbox};
use serde_json::Value;
use tokio::task::JoinSet;

use super::{
    Action, Call, CallResult, Input, Limits, ModelRecord, Purpose, Run, RunEvent, RunEvents, StopReason, ms_since,
};
use crate::{
    chat::{ChatError, ChatErrorKind, ChatModel, Delta},
    prompt::{PromptError, PromptManager},
};

/// The longest part of a deadline that is kept for a best answer.
const RESERVE: Duration = Duration::from_secs(15);
/// What a tool that ignores its own deadline gets on top.
const GRACE: Duration = Duration::from_secs(1);

/// All that a run needs from outside.
pub struct Driver<'a> {
    /// The model.
    pub model: &'a dyn ChatModel,
    /// The tools.
    pub toolbox: &'a Toolbox,
    /// The prompt manager.
    pub prompts: &'a PromptManager,
    /// The surroundings of tool calls; its token cancels the run.
    pub cx: &'a ToolCx,
    /// Where events go.
    pub events: &'a Arc<dyn RunEvents>,
    /// When the run began.
    pub begin: Instant,
}

impl Driver<'_> {
    /// Takes a run to its end.
    pub async fn drive(&self, run: &mut Run) -> StopReason {
        let hard = run.limits().deadline.map(|limit| self.begin + limit);
        let soft = run.limits().deadline.map(|limit| self.begin + limit.saturating_sub((limit / 5).min(RESERVE)));
        loop {
            let action = run.next();
            let step = run.steps().len() as u32 + 1;
            let until = if action == Action::CallModel(Purpose::BestAnswer) { hard } else { soft };
            let repairs = run.repair_reasons();
            let input = match &action {
                Action::Finish(reason) => return *reason,
                action => tokio::select! {
                    biased;
                    () = self.cx.cancel.cancelled() => Input::Cancelled,
                    () = at(until) => Input::TimeUp,
                    input = self.act(run, action, step) => input,
                },
            };
            if run.feed(input).is_err() {
                // Cannot be: the input is made for the action.
                return StopReason::ModelError;
            }
            if let Some(reason) = run.last_repair().filter(|_| run.repair_reasons() > repairs) {
                self.events.emit(RunEvent::Repair { step, reason: reason.to_owned() });
            }
        }
    }

    async fn act(&self, run: &Run, action: &Action, step: u32) -> Input {
        match action {
            Action::CallModel(purpose) => self.ask(run, *purpose, step).await,
            Action::CallTools(calls) => {
                let results = call_tools(calls, step, self.toolbox, self.cx, run.limits(), self.events).await;
                Input::Results { results, handles: handles(self.cx) }
            }
            Action::Finish(_) => Input::Cancelled,
        }
    }

    async fn ask(&self, run: &Run, purpose: Purpose, step: u32) -> Input {
        let request = match self.prompts.request(run, purpose) {
            Ok(request) => request,
            Err(error) => {
                return Input::ModelFailed(unusable(&error));
            }
        };
        if purpose == Purpose::BestAnswer
            && let Some(reason) = run.stopping()
        {
            self.events.emit(RunEvent::BestAnswer { reason });
        }
        let tokens = request.messages.iter().map(|message| message.content.len().div_ceil(4)).sum();
        let messages = request.messages.clone();
        self.events.emit(RunEvent::ModelStarted { step, kept: 0, messages, tokens });
        let begin = Instant::now();
        let mut on_delta = |delta| match delta {
            Delta::Text(text) => self.events.emit(RunEvent::ModelDelta { step, text }),
            Delta::Restart => self.events.emit(RunEvent::ModelRestarted { step }),
            Delta::Reasoning(_) | Delta::ToolCall { .. } => {}
        };
        let reply = self.model.complete(&request, Some(&mut on_delta), &self.cx.cancel).await;
        let ms = ms_since(begin);
        match reply {
            Ok(reply) => {
                let (text, usage) = (reply.text, reply.usage);
                let (tool_calls, shown) = (reply.tool_calls, text.clone());
                self.events.emit(RunEvent::ModelFinished { step, text: shown, tool_calls, ms, usage });
                Input::Reply { text, usage, ms }
            }
            Err(error) => {
                self.events.emit(RunEvent::ModelFailed { step, error: error.clone() });
                Input::ModelFailed(error)
            }
        }
    }
}

/// A prompt that cannot be made is a request that cannot be sent.
pub(crate) fn unusable(error: &PromptError) -> ChatError {
    let cause = std::error::Error::source(error).map(|cause| format!(": {cause}")).unwrap_or_default();
    ChatError::new(ChatErrorKind::BadRequest, format!("{error}{cause}"))
}

/// Every image and region handle that exists, in order.
pub(crate) fn handles(cx: &ToolCx) -> Vec<String> {
    let images = cx.images.images();
    let regions = images.iter().flat_map(|image| cx.images.regions(&image.handle)).map(|region| region.handle);
    images.iter().map(|image| image.handle.clone()).chain(regions).collect()
}

async fn at(instant: Option<Instant>) {
    match instant {
        Some(instant) => tokio::time::sleep_until(instant.into()).await,
        None => std::future::pending().await,
    }
}

/// Calls tools in parallel; results stand in the order of the calls. A tool that panics or overruns is a failed call.
/// Dropping the future stops them.
pub(crate) async fn call_tools(
    calls: &[Call],
    step: u32,
    toolbox: &Toolbox,
    cx: &ToolCx,
    limits: &Limits,
    events: &Arc<dyn RunEvents>,
) -> Vec<CallResult> {
    let before = cx.images.images().len();
    let cancel = cx.cancel.child_token();
    let _stop_on_drop = cancel.clone().drop_guard();
    let mut running = JoinSet::new();
    for (index, call) in calls.iter().enumerate() {
        let mut own = cx.for_call(cancel.clone(), limits.tool_deadline);
        own.events = Arc::new(Progress { step, index, events: events.clone() });
        let (toolbox, call, deadline) = (toolbox.clone(), call.clone(), limits.tool_deadline);
        events.emit(RunEvent::ToolStarted { step, index, tool: call.tool.clone(), args: call.args.clone() });
        let events = events.clone();
        running.spawn(async move {
            let begin = Instant::now();
            let answered = async {
                match deadline {
                    Some(limit) => tokio::time::timeout(limit + GRACE, toolbox.call(&call.tool, call.args, &own))
                        .await
                        .unwrap_or_else(|_| Err(ToolError::resource_limit("the tool did not finish within its time"))),
                    None => toolbox.call(&call.tool, call.args, &own).await,
                }
            };
            let answered = answered.await;
            let ms = ms_since(begin);
            let models: Vec<ModelRecord> = own.used().into_iter().map(ModelRecord::from).collect();
            let error = answered.as_ref().err().map(for_operator);
            let result = result(answered, models, ms);
            events.emit(RunEvent::ToolFinished {
                step,
                index,
                tool: call.tool,
                ok: result.ok,
                text: result.text.clone(),
                value: result.value.clone(),
                repairable: result.repairable,
                error,
                models: result.models.clone(),
                ms,
            });
            (index, result)
        });
    }
    let mut results: Vec<Option<CallResult>> = vec![None; calls.len()];
    while let Some(done) = running.join_next().await {
        if let Ok((index, result)) = done {
            results[index] = Some(result);
        }
    }
    let made = |call: &Call| {
        let entries = cx.images.images().into_iter().skip(before);
        let of_call = entries.filter(|entry| {
            entry.operation.as_ref().is_some_and(|operation| operation.tool.split('.').next() == Some(&call.tool))
        });
        of_call.map(|entry| entry.handle.clone()).collect()
    };
    let results = results.into_iter().zip(calls).map(|(done, call)| {
        let panicked = || result(Err(ToolError::internal("the tool's code panicked")), Vec::new(), 0.0);
        let mut done = done.unwrap_or_else(panicked);
        if done.ok {
            done.made = made(call);
        }
        done
    });
    results.collect()
}

fn result(
    answered: Result<argus_tools::tool::Observation, ToolError>,
    models: Vec<ModelRecord>,
    ms: f64,
) -> CallResult {
    match answered {
        Ok(observation) => CallResult {
            ok: true,
            text: observation.text,
            value: observation.value,
            repairable: false,
            made: Vec::new(),
            models,
            ms,
        },
        Err(error) => CallResult {
            ok: false,
            repairable: error.kind == ToolErrorKind::InvalidInput,
            text: error.feedback,
            value: Value::Null,
            made: Vec::new(),
            models,
            ms,
        },
    }
}

fn for_operator(error: &ToolError) -> String {
    match &error.hint {
        Some(hint) => format!("{} (hint: {hint})", error.message),
        None => error.message.clone(),
    }
}

/// Passes a tool's events on as the run's.
struct Progress {
    step: u32,
    index: usize,
    events: Arc<dyn RunEvents>,
}

impl EventSink for Progress {
    fn emit(&self, progress: Event) {
        self.events.emit(RunEvent::ToolProgress { step: self.step, index: self.index, progress });
    }
}
