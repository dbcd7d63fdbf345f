//! The embeddable agent of Argus: a text-only LLM that reasons over a registry of vision tools.
//!
//! It knows tools only through `argus_tools::tool`. Its rooms: [`chat`] (language models), [`prompts`] (everything a
//! model reads), [`run`] (the loop: a pure state machine and the driver that does its IO), [`memory`] (conversations and sessions on disk), [`trace`] (what happened in a run, on disk: written, read, shown,
//! replayed). [`Agent`] puts them together.
//!
//! A tool of one's own, and a run (here on a scripted model, so that it needs no network):
//!
//! ```
//! use std::sync::Arc;
//!
//! use argus_agent::{Agent, chat::scripted::Scripted};
//! use argus_tools::{image::ImageStore, onnx::NoModels, tool::{Example, Tool, ToolCx, ToolError, Toolbox}};
//! use schemars::JsonSchema;
//! use serde::{Deserialize, Serialize};
//! use serde_json::json;
//!
//! #[derive(Deserialize, JsonSchema)]
//! struct Sides { sides: u32 }
//! #[derive(Serialize, JsonSchema)]
//! struct Rolled { number: u32 }
//! struct Dice;
//! impl Tool for Dice {
//!     type Input = Sides;
//!     type Output = Rolled;
//!     const NAME: &'static str = "dice";
//!     const SUMMARY: &'static str = "roll a dice";
//!     fn examples() -> Vec<Example> {
//!         vec![Example { task: "Roll a dice.", input: json!({ "sides": 6 }), output: json!({ "number": 4 }) }]
//!     }
//!     async fn call(&self, input: Sides, _: &ToolCx) -> Result<Rolled, ToolError> {
//!         Ok(Rolled { number: input.sides / 2 + 1 })
//!     }
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let model = Scripted::replies([
//!     r#"{"thought": "roll it", "tool": "dice", "args": {"sides": 6}}"#,
//!     r#"{"thought": "a 4", "answer": "It shows 4."}"#,
//! ]);
//! let agent = Agent::builder()
//!     .chat(Arc::new(model))
//!     .toolbox(Toolbox::new().with(Dice))
//!     .cx(ToolCx::new(ImageStore::new(), Arc::new(NoModels)))
//!     .build()?;
//! let outcome = agent.run("Roll the dice.").await;
//! assert_eq!(outcome.answer.as_deref(), Some("It shows 4."));
//! assert!(outcome.grounded);
//! # Ok(())
//! # }
//! ```

mod agent;
mod argus;
pub mod chat;
#[cfg(any(test, feature = "test-util"))]
pub mod fakes;
pub mod look;
pub mod memory;
#[cfg(test)]
mod prompt_tests;
pub mod run;
pub mod trace;

pub use argus_prompts as prompts;

pub use agent::{Agent, AgentBuilder, AgentError, Conversation, RunStream, Task, Undone};
pub use argus::{Answer, Argus, Ask, AskError, Picture};
pub use run::{Outcome, StopReason};

/// What most programs need: `use argus_agent::prelude::*`.
pub mod prelude {
    pub use argus_tools::tool::{Example, ImageArg, RegionArg, Tool, ToolCx, ToolError, Toolbox};

    pub use crate::{Agent, Answer, Argus, AskError, Outcome, Task, run::Limits};
}
