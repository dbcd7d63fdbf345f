//! Everything a model reads: templates, examples, the rendering of a run into a request that fits the context, the schema
//! of a reply. Also the vocabulary of both sides: messages, protocols, the transcript of a run.

mod budget;
mod examples;
mod language;
mod message;
mod messages;
mod observation;
mod protocol;
mod render;
mod schema;
mod selection;
mod shorten;
mod similarity;
mod templates;
mod tokens;
mod transcript;
mod views;

pub use language::Language;
pub use message::{ChatRequest, Message, Role, ToolCall, ToolDeclaration};
pub use protocol::Protocol;
pub use render::{Prompt, PromptManager, PromptParts};
pub use schema::{HostTools, RECALL, ReplyForm, SHOW_TOOLS, reply_schema};
pub use shorten::shorten;
pub use similarity::{Similarity, is_unspaced};
pub use templates::{PromptError, Templates};
pub use tokens::{estimate_messages, estimate_tokens};
pub use transcript::{
    Call, CallRecord, CallResult, Card, Earlier, ImageFact, ModelRecord, Observed, Purpose, Step, StopReason,
    TaskFacts, Transcript, Turn,
};

#[cfg(test)]
mod tests;
