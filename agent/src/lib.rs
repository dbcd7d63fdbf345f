//! The embeddable agent of Argus: a text-only LLM that reasons over a registry of vision tools.
//!
//! It knows tools only through `argus_tools::tool`. Its rooms: [`chat`] (language models), [`prompt`] (everything a
//! model reads), [`run`] (the loop: a pure state machine and the driver that does its IO), [`route`] (rules that need no
//! model), [`memory`] (conversations and sessions on disk), [`trace`] (what happened in a run, on disk: written, read, shown,
//! replayed). [`Agent`] puts them together.

mod agent;
pub mod chat;
pub mod eval;
#[cfg(test)]
mod fakes;
pub mod memory;
pub mod prompt;
pub mod route;
pub mod run;
pub mod trace;

pub use agent::{Agent, AgentBuilder, AgentError, RunStream, Task};
pub use run::{Outcome, StopReason};
