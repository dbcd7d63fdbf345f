//! Workflows: from one file to a batch of thousands.
//!
//! [`Definition`] is a workflow as data, read from YAML or made by the builder. [`Workflow`] is one that was checked against
//! the tools: every error is found before anything runs.

mod check;
mod draw;
mod engine;
mod language;
mod record;

pub use check::workflow::Workflow;
pub use engine::batch::{Batch, BatchReport, ItemRecord, SavePictures};
pub use engine::host::{Host, LlmSource, NoLlm, OneLlm, OneProvider, Permits, ProviderSource};
pub use engine::inputs::Loader;
pub use engine::run::RunReport;
pub use language::model::{Definition, Input, InputSpec, InputType, Period, Steps, Version, schema};
pub use language::paths::matching;
pub use language::problem::{Place, Problem, Severity, WorkflowError, render};
pub use language::source::Library;
pub use language::step::{
    AgentSpec, AgentTask, ApproveSpec, Arguments, AssertSpec, Body, Count, FailureKind, ItemError, MapSpec, OnError,
    OnErrorWord, Prompt, PromptSpec, Retry, RetrySpec, Step, SwitchSpec, WhileSpec,
};
pub use record::approval::{Always, Approver, Decision};
pub use record::failure::Failure;
pub use record::journal::{Header, Journal, JournalError};
pub use record::runner::{Done, Local, RecordedIn, StepRunner, ToolCall, Work};

#[cfg(test)]
mod tests;
