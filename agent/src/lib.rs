//! The embeddable agent of Argus: a text-only LLM that reasons over a registry of vision tools.
//!
//! It knows tools only through `argus_tools::tool`. Its rooms: [`chat`] (language models), [`prompt`] (everything a
//! model reads), [`run`] (the loop: a pure state machine and the driver that does its IO). [`Agent`] puts them together.

mod agent;
pub mod chat;
pub mod eval;
#[cfg(test)]
mod fakes;
pub mod prompt;
pub mod run;

pub use agent::{Agent, AgentBuilder, AgentError, Task};
pub use run::{Outcome, StopReason};
