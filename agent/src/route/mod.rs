//! The router without a language model: rules over the task pick the tools, templates write the answer. It is also the last
//! rung when a model fails, and its parts ([`parts`], [`intent`], [`fields`]) serve the loop: for the checklist of a task, for
//! checking an answer against it, and for shortening observations by relevance.

mod arithmetic;
pub mod fields;
mod intent;
mod parts;
mod words;

pub use intent::{By, Edit, Intent, intent};
pub use parts::parts;
