//! Tokens of a request, estimated where no tokenizer can be asked.

use crate::chat::{ChatRequest, estimate_messages, estimate_tokens as estimate};

/// About how many tokens a request is, its tool declarations included. A schema is not part of the prompt.
pub(crate) fn estimate_request(request: &ChatRequest) -> usize {
    let tools = request
        .tools
        .iter()
        .map(|tool| estimate(&tool.name) + estimate(&tool.description) + estimate(&tool.parameters.to_string()) + 12);
    estimate_messages(&request.messages) + tools.sum::<usize>()
}
