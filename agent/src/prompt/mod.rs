//! Everything a model reads: templates, examples, the rendering of a run into a request that fits the context, the schema
//! of a reply.

mod budget;
mod examples;
mod language;
mod messages;
mod observation;
mod render;
mod schema;
mod selection;
mod shorten;
mod templates;
mod tokens;
mod views;

pub use language::Language;
pub use render::{Prompt, PromptManager, PromptParts};
pub use schema::{HostTools, ReplyForm, reply_schema};
pub(crate) use schema::{RECALL, SHOW_TOOLS};
pub use shorten::shorten;
pub use templates::{PromptError, Templates};

#[cfg(test)]
mod tests;
