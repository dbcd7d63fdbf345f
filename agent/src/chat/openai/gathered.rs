//! A reply put together from what an endpoint sends.

use super::{
    calls::Calls,
    wire::{Choice, WireUsage, finish},
};
use crate::chat::{ChatReply, ChatRequest, Delta, Finish, Usage};

/// What has come of a reply.
#[derive(Default)]
pub(super) struct Gathered {
    text: String,
    reasoning: String,
    calls: Calls,
    finish: Option<Finish>,
    logprob: Option<f64>,
    pub(super) usage: Option<WireUsage>,
    /// Whether its end has come.
    pub(super) done: bool,
}

impl Gathered {
    pub(super) fn add(&mut self, choice: &Choice, on_delta: &mut (dyn FnMut(Delta) + Send)) {
        if let Some(reasoning) = choice.reasoning() {
            self.reasoning.push_str(reasoning);
            on_delta(Delta::Reasoning(reasoning.to_owned()));
        }
        let piece = choice.text();
        if !piece.is_empty() {
            self.text.push_str(&piece);
            on_delta(Delta::Text(piece));
        }
        for call in choice.calls() {
            let index = if choice.is_whole() { self.calls.add_whole(&call) } else { self.calls.add(&call) };
            on_delta(Delta::ToolCall { index, arguments: call.function.text(), name: call.function.name });
        }
        if let Some(logprob) = choice.logprob() {
            *self.logprob.get_or_insert(0.0) += logprob;
        }
        self.finish = choice.finish_reason.as_deref().map(finish).or(self.finish);
        self.done |= self.finish.is_some() || choice.is_whole();
    }

    /// The reply. A server that does not count is counted for: about four bytes a token.
    pub(super) fn finished(self, request: &ChatRequest) -> ChatReply {
        let finish = self.finish.unwrap_or(Finish::Stop);
        let before = request.messages.iter().map(|message| message.tool_calls.len()).sum();
        let tool_calls = self.calls.finish(before, finish == Finish::Length);
        let usage = self.usage.map_or_else(
            || {
                let prompt: usize = request.messages.iter().map(|message| message.content.len()).sum();
                let called: usize = tool_calls.iter().map(|call| call.name.len() + call.arguments.len()).sum();
                let written = self.text.len() + self.reasoning.len() + called;
                Usage { prompt_tokens: prompt.div_ceil(4) as u64, completion_tokens: written.div_ceil(4) as u64 }
            },
            |usage| Usage { prompt_tokens: usage.prompt_tokens, completion_tokens: usage.completion_tokens },
        );
        ChatReply { text: self.text, tool_calls, reasoning: self.reasoning, finish, usage, logprob: self.logprob }
    }
}
