//! Does the IO of a [`Run`]: asks the model, calls the tools, watches the clock and the cancellation, tells of it all.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use argus_tools::tool::{Event, EventSink, ToolCx, ToolError, ToolErrorKind, Toolbox};
use serde_json::Value;
use tokio::task::JoinSet;

use super::{
    Action, Approval, Call, CallResult, Hooks, ImageRecord, Input, Limits, ModelRecord, Purpose, Run, RunEvent,
    RunEvents, StopReason, ms_since,
};
use crate::{
    chat::{ChatError, ChatErrorKind, ChatModel, Delta, Message},
    prompts::{Prompt, PromptError, PromptManager},
};

/// The longest part of a deadline that is kept for a best answer.
const RESERVE: Duration = Duration::from_secs(15);
/// What a tool that ignores its own deadline gets on top.
const GRACE: Duration = Duration::from_secs(1);
/// From this share of the context on, the model's own tokenizer is asked.
const NEARLY_FULL: f64 = 0.8;

/// All that a run needs from outside.
pub struct Driver<'a> {
    /// The model.
    pub model: &'a dyn ChatModel,
    /// The tools.
    pub toolbox: &'a Toolbox,
    /// The prompt manager.
    pub prompts: &'a PromptManager,
    /// The context of tool calls; its token cancels the run.
    pub cx: &'a ToolCx,
    /// Where events go.
    pub events: &'a Arc<dyn RunEvents>,
    /// Called around model and tools.
    pub hooks: &'a dyn Hooks,
    /// When the run began.
    pub begin: Instant,
}

/// What has been told of a run so far.
#[derive(Default)]
struct Told {
    /// The prompt of the last model call.
    messages: Vec<Message>,
    /// What was left out of prompts, each once.
    shortened: Vec<String>,
    repairs: usize,
    protocol_changes: usize,
}

impl Driver<'_> {
    /// Takes a run to its end. Gives back why it ended and what was left out of its prompts.
    pub async fn drive(&self, run: &mut Run) -> (StopReason, Vec<String>) {
        let hard = run.limits().deadline.map(|limit| self.begin + limit);
        let soft = run.limits().deadline.map(|limit| self.begin + limit.saturating_sub((limit / 5).min(RESERVE)));
        let mut told = Told::default();
        loop {
            let action = run.next();
            let step = run.steps().len() as u32 + 1;
            let until = if action == Action::CallModel(Purpose::BestAnswer) { hard } else { soft };
            let input = match &action {
                Action::Finish(reason) => return (*reason, told.shortened),
                action => tokio::select! {
                    biased;
                    () = self.cx.cancel.cancelled() => Input::Cancelled,
                    () = sleep_until(until) => Input::TimeUp,
                    input = self.act(run, action, step, &mut told) => input,
                },
            };
            if run.feed(input).is_err() {
                // Cannot be: the input is made for the action.
                return (StopReason::ModelError, told.shortened);
            }
            self.tell(run, step, &mut told);
        }
    }

    /// Tells of what the run made of an input.
    fn tell(&self, run: &Run, step: u32, told: &mut Told) {
        let repairs = run.repair_reasons();
        if let Some(reason) = run.last_repair().filter(|_| repairs > told.repairs) {
            self.events.emit(RunEvent::Repair { step, reason: reason.to_owned() });
        }
        told.repairs = repairs;
        for reason in &run.protocol_changes()[told.protocol_changes..] {
            self.events.emit(RunEvent::ModelReady {
                protocol: run.protocol(),
                context_tokens: run.context_tokens(),
                reason: Some(reason.clone()),
            });
        }
        told.protocol_changes = run.protocol_changes().len();
    }

    async fn act(&self, run: &mut Run, action: &Action, step: u32, told: &mut Told) -> Input {
        match action {
            Action::CallModel(purpose) => self.ask(run, *purpose, step, told).await,
            Action::CallTools(calls) => {
                let results = self.call(run, calls, step).await;
                Input::Results { results, handles: handles(self.cx), offered: self.toolbox.narrowed(&self.cx.images) }
            }
            Action::Finish(_) => Input::Cancelled,
        }
    }

    /// The calls of one turn: the host's own are answered here, the others made if the hooks allow them.
    async fn call(&self, run: &Run, calls: &[Call], step: u32) -> Vec<CallResult> {
        let before = self.cx.images.images().len();
        let mut results: Vec<Option<CallResult>> = Vec::new();
        let mut made: Vec<(usize, Call)> = Vec::new();
        for (index, call) in calls.iter().enumerate() {
            let known = run.host_call(call, self.prompts.tools());
            if known.is_some() {
                results.push(known);
                continue;
            }
            match self.hooks.before_tool(step, call).await {
                Approval::Go => made.push((index, call.clone())),
                Approval::Change(args) => made.push((index, Call { tool: call.tool.clone(), args })),
                Approval::Refuse(reason) => {
                    results.push(Some(result(Err(not_allowed(&call.tool, &reason)), Vec::new(), 0.0)));
                    continue;
                }
            }
            results.push(None);
        }
        let (indices, own): (Vec<usize>, Vec<Call>) = made.into_iter().unzip();
        let answered = call_tools(&own, step, self.toolbox, self.cx, run.limits(), self.events).await;
        for ((index, call), mut answered) in indices.into_iter().zip(&own).zip(answered) {
            self.hooks.after_tool(step, call, &mut answered).await;
            results[index] = Some(answered);
        }
        tell_images(self.cx, before, self.events);
        let missing = || result(Err(ToolError::internal("the call was lost")), Vec::new(), 0.0);
        results.into_iter().map(|result| result.unwrap_or_else(missing)).collect()
    }

    async fn ask(&self, run: &mut Run, purpose: Purpose, step: u32, told: &mut Told) -> Input {
        let model = self.model;
        let Prompt { mut request, tokens, shortened } = match self.prompt(run, purpose, model).await {
            Ok(prompt) => prompt,
            Err(error) => return Input::ModelFailed { error: unusable(&error), estimated: 0 },
        };
        if purpose == Purpose::BestAnswer
            && let Some(reason) = run.stopping()
        {
            self.events.emit(RunEvent::BestAnswer { reason });
        }
        let new: Vec<String> = shortened.into_iter().filter(|what| !told.shortened.contains(what)).collect();
        if !new.is_empty() {
            told.shortened.extend(new.iter().cloned());
            self.events.emit(RunEvent::Shortened { step, what: new });
        }
        self.hooks.before_model(step, &mut request).await;
        let kept = told.messages.iter().zip(&request.messages).take_while(|(old, new)| old == new).count();
        let messages = request.messages[kept..].to_vec();
        told.messages.truncate(kept);
        told.messages.extend_from_slice(&messages);
        self.events.emit(RunEvent::ModelStarted { step, kept, messages, tokens });
        let begin = Instant::now();
        let mut on_delta = |delta| match delta {
            Delta::Text(text) => self.events.emit(RunEvent::ModelDelta { step, text }),
            Delta::Restart => self.events.emit(RunEvent::ModelRestarted { step }),
            Delta::Reasoning(_) | Delta::ToolCall { .. } => {}
        };
        let reply = model.complete(&request, Some(&mut on_delta), &self.cx.cancel).await;
        let ms = ms_since(begin);
        match reply {
            Ok(mut reply) => {
                self.hooks.after_model(step, &mut reply).await;
                let (text, tool_calls, usage) = (reply.text, reply.tool_calls, reply.usage);
                self.events.emit(RunEvent::ModelFinished {
                    step,
                    text: text.clone(),
                    tool_calls: tool_calls.clone(),
                    ms,
                    usage,
                });
                Input::Reply { text, tool_calls, usage, estimated: tokens, ms }
            }
            Err(error) => {
                self.events.emit(RunEvent::ModelFailed { step, error: error.clone() });
                Input::ModelFailed { error, estimated: tokens }
            }
        }
    }

    /// Renders the prompt. Close to the context's end the model's own tokenizer has the word.
    async fn prompt(&self, run: &mut Run, purpose: Purpose, model: &dyn ChatModel) -> Result<Prompt, PromptError> {
        let prompt = self.prompts.request(&run.transcript(), purpose)?;
        let room = run.context_tokens().map(|context| context.saturating_sub(run.limits().reply_tokens));
        let close = room.is_some_and(|room| prompt.tokens as f64 * run.token_ratio() > f64::from(room) * NEARLY_FULL);
        if !close {
            return Ok(prompt);
        }
        let Some(real) = model.count_tokens(&prompt.request.messages, &self.cx.cancel).await else { return Ok(prompt) };
        run.counted(real, prompt.tokens);
        self.prompts.request(&run.transcript(), purpose)
    }
}

/// Tells of the images that came since there were `before`.
pub(crate) fn tell_images(cx: &ToolCx, before: usize, events: &Arc<dyn RunEvents>) {
    for image in cx.images.images().into_iter().skip(before) {
        let (width, height) = (image.width(), image.height());
        events.emit(RunEvent::ImageAdded { image: ImageRecord::from(&*image), width, height });
    }
}

fn not_allowed(tool: &str, reason: &str) -> ToolError {
    let mut error = ToolError::resource_limit(format!("the call of {tool} was not allowed: {reason}"));
    error.hint = Some("the program that runs Argus decides which calls are made".into());
    error
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

/// Waits until then; forever without a time.
pub async fn sleep_until(instant: Option<Instant>) {
    match instant {
        Some(instant) => tokio::time::sleep_until(instant.into()).await,
        None => std::future::pending().await,
    }
}

/// Calls tools in parallel; results are in the order of the calls. A tool that panics or overruns is a failed call.
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
            let same = done.made.iter().filter_map(|handle| Some((handle, unchanged(handle, cx)?)));
            let same: Vec<String> =
                same.map(|(new, old)| format!("\n{new} is the same as {old}: nothing changed.")).collect();
            done.text.push_str(&same.concat());
        }
        done
    });
    results.collect()
}

/// The image that an edit left as it was. The first frame of a clip is no edit.
fn unchanged(handle: &str, cx: &ToolCx) -> Option<String> {
    let made = cx.images.get(handle).ok()?;
    let parent = cx.images.get(made.parent.as_deref()?).ok()?;
    (parent.clip.is_none() && made.pixels == parent.pixels).then(|| parent.handle.clone())
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
