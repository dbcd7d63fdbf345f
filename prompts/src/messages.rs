//! The turns of a run as messages.

use serde_json::json;

use super::{
    PromptError, Templates,
    budget::Level,
    observation::shorten_observation,
    shorten::shorten,
    views::{BestAnswer, CallView, EarlierSteps, Flags, Observations, Repair, StepView},
};
use crate::{Message, Observed, Protocol, StopReason, ToolCall, Transcript, Turn};

/// Characters of an old step's observation in its one line.
const OLD_STEP: usize = 110;

/// Renders turns under one level of shortening, and notes what it left out.
pub(super) struct Messages<'a> {
    pub(super) templates: &'a Templates,
    pub(super) run: Transcript<'a>,
    pub(super) level: Level,
    pub(super) shortened: Vec<String>,
}

impl Messages<'_> {
    /// Where the turns that are shown whole begin, and a text that stands for those before, if there are any.
    pub(super) fn old_steps(&mut self) -> Result<(usize, Option<String>), PromptError> {
        let turns = self.run.turns;
        let begins: Vec<usize> = (0..turns.len()).filter(|at| matches!(turns[*at], Turn::Model { .. })).collect();
        let cut = begins.len().saturating_sub(self.level.turns);
        let Some(first) = begins.get(cut).copied().filter(|_| cut > 0) else { return Ok((0, None)) };
        let steps = turns[..first].iter().filter_map(|turn| match turn {
            Turn::Observations { calls, step, .. } => Some((calls, *step)),
            _ => None,
        });
        let line = |call: &Observed, step: usize, at: usize| {
            let args =
                self.run.steps.get(step).and_then(|step| step.calls.get(at)).map(|record| record.args.to_string());
            StepView {
                tool: call.tool.clone(),
                args: shorten(&args.unwrap_or_default(), OLD_STEP),
                said: as_data(&shorten(call.note.as_deref().unwrap_or(&call.text), OLD_STEP).replace('\n', " ")),
            }
        };
        let steps: Vec<StepView> = steps
            .flat_map(|(calls, step)| calls.iter().enumerate().map(move |(at, call)| (call, step, at)))
            .map(|(call, step, at)| line(call, step, at))
            .collect();
        if steps.is_empty() {
            return Ok((first, None));
        }
        self.shortened.push(format!("{} earlier calls are a line each", steps.len()));
        let text = self.templates.render(self.run.task.language, "earlier_steps", &EarlierSteps { steps })?;
        Ok((first, Some(text)))
    }

    /// One turn. Under the `native` protocol the results of calls are messages of their own.
    pub(super) fn turn(&mut self, at: usize) -> Result<Vec<Message>, PromptError> {
        let run = self.run;
        let (language, protocol) = (run.task.language, run.protocol);
        Ok(match &run.turns[at] {
            Turn::Model { text, calls } => vec![model(text, calls, protocol, self.answered(at))],
            Turn::Observations { calls, step, last } => {
                let old = at + 3 < run.turns.len();
                self.observations(calls, *step, *last, old)?
            }
            Turn::Repair { reason } => {
                let variables = Repair { protocol: Flags::from(protocol), reason };
                vec![Message::user(self.templates.render(language, "repair", &variables)?)]
            }
            Turn::Stop { reason } => {
                let variables = BestAnswer {
                    steps: *reason == StopReason::StepLimit,
                    time: *reason == StopReason::Deadline,
                    budget: *reason == StopReason::TokenBudget,
                    stuck: *reason == StopReason::NoProgress,
                    text: protocol == Protocol::Text,
                    task: &run.task.text,
                };
                vec![Message::user(self.templates.render(language, "best_answer", &variables)?)]
            }
        })
    }

    /// Whether the calls of a model's turn got results: an endpoint refuses calls that have none.
    fn answered(&self, at: usize) -> bool {
        matches!(self.run.turns.get(at + 1), Some(Turn::Observations { .. }))
    }

    fn observations(
        &mut self,
        calls: &[Observed],
        step: usize,
        last: bool,
        old: bool,
    ) -> Result<Vec<Message>, PromptError> {
        let (task, protocol) = (self.run.task, self.run.protocol);
        let mut views = Vec::new();
        for (at, call) in calls.iter().enumerate() {
            views.push((call, self.call(call, step, at, old)));
        }
        let render = |calls: Vec<CallView<'_>>, last: bool| {
            let variables = Observations { calls, text: protocol == Protocol::Text, last, task: &task.text };
            self.templates.render(task.language, "observation", &variables)
        };
        let native = protocol == Protocol::Native && views.iter().all(|(call, _)| call.call_id.is_some());
        if !native {
            let views = views.into_iter().map(|(_, view)| view).collect();
            return Ok(vec![Message::user(render(views, last)?)]);
        }
        let count = views.len();
        let message = |(at, (call, view)): (usize, (&Observed, CallView<'_>))| {
            let end = at + 1 == count;
            let text = render(vec![view], last && end)?;
            Ok(Message::tool(call.call_id.clone().unwrap_or_default(), text))
        };
        views.into_iter().enumerate().map(message).collect()
    }

    fn call<'a>(&mut self, call: &'a Observed, step: usize, at: usize, old: bool) -> CallView<'a> {
        let run = self.run;
        let most = if old { self.level.old_observation } else { self.level.observation };
        let limit = run.observation_chars.min(most);
        let record = run.steps.get(step).and_then(|step| step.calls.get(at));
        let value = record.map_or(&serde_json::Value::Null, |record| &record.observation);
        let short = shorten_observation(&call.text, value, &run.task.text, limit);
        let text = match short {
            Some(short) => {
                self.shortened.push(format!(
                    "{} of {}: {} of {} characters",
                    call.id,
                    call.tool,
                    short.chars().count(),
                    call.text.chars().count()
                ));
                if old {
                    as_data(&short)
                } else {
                    format!("{}\n(shortened; all of it: recall {})", as_data(&short), call.id)
                }
            }
            None => as_data(&call.text),
        };
        CallView { tool: &call.tool, ok: call.ok, text, note: call.note.as_deref() }
    }
}

/// What the model wrote, in the form that the protocol now in use would have given it.
fn model(text: &str, calls: &[ToolCall], protocol: Protocol, answered: bool) -> Message {
    if calls.is_empty() || !answered {
        return Message::assistant(if text.trim().is_empty() { "..." } else { text });
    }
    if protocol == Protocol::Native {
        return Message::calling(text, calls.to_vec());
    }
    let line = |call: &ToolCall| {
        let args: serde_json::Value = serde_json::from_str(&call.arguments).unwrap_or_else(|_| json!(call.arguments));
        json!({ "tool": call.name, "args": args }).to_string()
    };
    Message::assistant(calls.iter().map(line).collect::<Vec<_>>().join("\n"))
}

/// Text from outside cannot close the mark-up that sets it apart.
pub(super) fn as_data(text: &str) -> String {
    text.replace("<data", "< data").replace("</data", "< /data")
}
