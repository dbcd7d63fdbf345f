//! Workflows: from one file to a batch of thousands.
//!
//! [`Definition`] is a workflow as data, read from YAML or made by the builder. [`Workflow`] is one that was checked against
//! the tools: every error is found before anything runs.

mod compile;
mod digest;
mod failure;
mod helpers;
mod inputs;
mod kinds;
mod model;
mod names;
mod order;
mod paths;
mod plan;
mod problem;
mod shape;
mod source;
mod step;
mod template;
mod types;
mod workflow;
mod yaml;

pub use failure::Failure;
pub use inputs::Loader;
pub use model::{Definition, Input, InputSpec, InputType, Period, Steps, Version, schema};
pub use paths::matching;
pub use problem::{Place, Problem, Severity, WorkflowError, render};
pub use source::Library;
pub use step::{
    AgentSpec, AgentTask, ApproveSpec, Arguments, AssertSpec, Body, FailureKind, ItemError, MapSpec, OnError,
    OnErrorWord, Prompt, PromptSpec, Retry, RetrySpec, Step, SwitchSpec, WhileSpec,
};
pub use workflow::Workflow;

#[cfg(test)]
mod tests;
