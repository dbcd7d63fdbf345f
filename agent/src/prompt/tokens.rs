//! Tokens of a request, estimated where no tokenizer can be asked.

use crate::chat::{ChatRequest, Message, estimate_tokens as estimate};

/// What chat templates add around a message.
const PER_MESSAGE: usize = 6;

/// About how many tokens messages are.
pub(crate) fn estimate_messages(messages: &[Message]) -> usize {
    let calls = |message: &Message| {
        message.tool_calls.iter().map(|call| estimate(&call.name) + estimate(&call.arguments) + 8).sum::<usize>()
    };
    messages.iter().map(|message| estimate(&message.content) + calls(message) + PER_MESSAGE).sum()
}

/// About how many tokens a request is, its tool declarations included. A schema is not part of the prompt.
pub(crate) fn estimate_request(request: &ChatRequest) -> usize {
    let tools = request
        .tools
        .iter()
        .map(|tool| estimate(&tool.name) + estimate(&tool.description) + estimate(&tool.parameters.to_string()) + 12);
    estimate_messages(&request.messages) + tools.sum::<usize>()
}
