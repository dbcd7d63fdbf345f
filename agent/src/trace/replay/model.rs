//! A model that gives the recorded replies, and compares what it is asked with what was asked then.

use std::{
    collections::VecDeque,
    fmt,
    sync::{Mutex, PoisonError},
};

use async_trait::async_trait;
use tokio_util::sync::CancellationToken;

use crate::{
    chat::{
        Capabilities, ChatError, ChatErrorKind, ChatModel, ChatReply, ChatRequest, Delta, Finish, Message, OnDelta,
        Role,
    },
    run::{Protocol, RunEvent},
    trace::{TraceLine, prompts},
};

/// Characters of a message shown around the place where it differs.
const SHOWN: usize = 160;

/// Where a prompt differs from the recorded one first.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Difference {
    /// The step of the recorded prompt.
    pub step: u32,
    /// Which message, from 0.
    pub message: usize,
    /// The recorded message from shortly before the difference on; `None` if there was none.
    pub recorded: Option<String>,
    /// The same of the message of today; `None` if there is none.
    pub now: Option<String>,
}

impl fmt::Display for Difference {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { step, message, .. } = self;
        let quoted = |text: &Option<String>| text.as_ref().map_or("no such message".into(), |text| format!("{text:?}"));
        write!(
            formatter,
            "the prompt of step {step} differs from the recorded one in message {}: recorded {}, now {}",
            message + 1,
            quoted(&self.recorded),
            quoted(&self.now)
        )
    }
}

struct Turn {
    step: u32,
    prompt: Vec<Message>,
    reply: Result<ChatReply, ChatError>,
}

/// A [`ChatModel`] that returns the replies of a recorded run, in order. A request beyond them is an error of kind
/// [`ChatErrorKind::BadRequest`], and so is, if it is strict, a prompt that differs from the recorded one.
pub struct ReplayModel {
    id: String,
    capabilities: Capabilities,
    turns: Mutex<VecDeque<Turn>>,
    differences: Mutex<Vec<Difference>>,
    strict: bool,
}

impl ReplayModel {
    /// The model of a recorded run.
    pub fn new(run: &[TraceLine], strict: bool) -> Self {
        let mut model = Self {
            id: "replay".into(),
            // What a run had before it told of its protocol.
            capabilities: Capabilities { json_schema: true, ..Capabilities::default() },
            turns: Mutex::default(),
            differences: Mutex::default(),
            strict,
        };
        let mut turns: Vec<Turn> = prompts(run)
            .into_iter()
            .map(|prompt| Turn { step: prompt.step, prompt: prompt.messages, reply: Err(cut_off()) })
            .collect();
        let mut asked: usize = 0;
        let mut first = true;
        for line in run {
            let turn = asked.checked_sub(1).and_then(|at| turns.get_mut(at));
            match (&line.event, turn) {
                (RunEvent::RunStarted { model: id, .. }, _) => model.id.clone_from(id),
                (RunEvent::ModelReady { protocol, context_tokens, .. }, _) if std::mem::take(&mut first) => {
                    model.capabilities = Capabilities {
                        native_tools: *protocol == Protocol::Native,
                        json_schema: *protocol == Protocol::Schema,
                        context_tokens: *context_tokens,
                        preferred: Some(*protocol),
                    };
                }
                (RunEvent::ModelStarted { .. }, _) => asked += 1,
                (RunEvent::ModelFinished { text, tool_calls, usage, .. }, Some(turn)) => {
                    turn.reply = Ok(ChatReply {
                        text: text.clone(),
                        tool_calls: tool_calls.clone(),
                        reasoning: String::new(),
                        finish: Finish::Stop,
                        usage: *usage,
                        logprob: None,
                    });
                }
                (RunEvent::ModelFailed { error, .. }, Some(turn)) => turn.reply = Err(error.clone()),
                _ => {}
            }
        }
        model.turns = Mutex::new(turns.into());
        model
    }

    /// Where prompts differed so far, one difference a prompt at most.
    pub fn differences(&self) -> Vec<Difference> {
        self.differences.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Recorded replies that were not asked for.
    pub fn left(&self) -> usize {
        self.turns.lock().unwrap_or_else(PoisonError::into_inner).len()
    }
}

fn cut_off() -> ChatError {
    ChatError::new(ChatErrorKind::BadResponse, "the recording has no reply to this request: the run was stopped there")
}

#[async_trait]
impl ChatModel for ReplayModel {
    fn id(&self) -> &str {
        &self.id
    }

    fn capabilities(&self) -> Capabilities {
        self.capabilities
    }

    async fn complete(
        &self,
        request: &ChatRequest,
        on_delta: OnDelta<'_>,
        cancel: &CancellationToken,
    ) -> Result<ChatReply, ChatError> {
        if cancel.is_cancelled() {
            return Err(ChatError::cancelled());
        }
        let turn = self.turns.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
        let Some(Turn { step, prompt, reply }) = turn else {
            let message = "the recording has no reply left: this run takes more turns than the recorded one";
            return Err(ChatError::new(ChatErrorKind::BadRequest, message));
        };
        if let Some(difference) = difference(step, &prompt, &request.messages) {
            let told = difference.to_string();
            self.differences.lock().unwrap_or_else(PoisonError::into_inner).push(difference);
            if self.strict {
                return Err(ChatError::new(ChatErrorKind::BadRequest, told));
            }
        }
        let reply = reply?;
        if let Some(on_delta) = on_delta {
            on_delta(Delta::Text(reply.text.clone()));
        }
        Ok(reply)
    }
}

fn difference(step: u32, recorded: &[Message], now: &[Message]) -> Option<Difference> {
    let message = (0..recorded.len().max(now.len())).find(|at| recorded.get(*at) != now.get(*at))?;
    let text = |message: Option<&Message>| message.map(whole);
    let (recorded, now) = (text(recorded.get(message)), text(now.get(message)));
    let same = match (&recorded, &now) {
        (Some(recorded), Some(now)) => recorded.chars().zip(now.chars()).take_while(|(a, b)| a == b).count(),
        _ => 0,
    };
    let around = |text: String| text.chars().skip(same.saturating_sub(SHOWN / 4)).take(SHOWN).collect();
    Some(Difference { step, message, recorded: recorded.map(around), now: now.map(around) })
}

/// A message with all that a model sees of it.
fn whole(message: &Message) -> String {
    let role = match message.role {
        Role::System => "system",
        Role::User => "user",
        Role::Assistant => "assistant",
        Role::Tool => "tool",
    };
    let calls = message.tool_calls.iter().map(|call| format!("\n-> {} {}", call.name, call.arguments));
    let of = message.tool_call_id.as_ref().map(|id| format!(" (of {id})")).unwrap_or_default();
    format!("{role}{of}: {}{}", message.content, calls.collect::<String>())
}
