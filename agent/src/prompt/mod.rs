//! Everything a model reads: templates, the rendering of a run into a request, the schema of a reply.

mod render;
mod schema;
mod shorten;
mod templates;

pub use render::PromptManager;
pub use schema::{ReplyForm, reply_schema};
pub use shorten::shorten;
pub use templates::{PromptError, Templates};
