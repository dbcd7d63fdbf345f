//! Workflows: from one file to a batch of thousands.
//!
//! [`Definition`] is a workflow as data, read from YAML or made by the builder. [`Workflow`] is one that was checked against
//! the tools: every error is found before anything runs.

mod alternatives;
mod batch;
mod blobs;
mod blocks;
mod bodies;
mod builder;
mod cache;
mod chance;
mod compile;
mod digest;
mod engine;
mod failure;
mod gather;
mod graph;
mod helpers;
mod host;
mod inputs;
mod journal;
mod kinds;
mod llm;
mod model;
mod names;
mod order;
mod paths;
mod perform;
mod plan;
mod policy;
mod problem;
mod record;
mod recorded;
mod run;
mod runner;
mod shape;
mod source;
mod step;
mod template;
mod types;
mod view;
mod words;
#[expect(clippy::module_inception, reason = "it holds the type of this name")]
mod workflow;
mod yaml;

pub use batch::{Batch, BatchReport, ItemRecord, SavePictures};
pub use failure::Failure;
pub use host::{Always, Approver, Decision, Host, LlmSource, NoLlm, OneLlm, OneProvider, Permits, ProviderSource};
pub use inputs::Loader;
pub use journal::{Header, Journal, JournalError};
pub use model::{Definition, Input, InputSpec, InputType, Period, Steps, Version, schema};
pub use paths::matching;
pub use problem::{Place, Problem, Severity, WorkflowError, render};
pub use run::RunReport;
pub use runner::{Done, Local, RecordedIn, StepRunner, ToolCall, Work};
pub use source::Library;
pub use step::{
    AgentSpec, AgentTask, ApproveSpec, Arguments, AssertSpec, Body, Count, FailureKind, ItemError, MapSpec, OnError,
    OnErrorWord, Prompt, PromptSpec, Retry, RetrySpec, Step, SwitchSpec, WhileSpec,
};
pub use workflow::Workflow;

#[cfg(test)]
mod tests;
