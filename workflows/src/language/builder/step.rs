//! Steps made in Rust.

use serde_json::Value;

use crate::language::{
    model::Period,
    step::{
        AgentSpec, ApproveSpec, AssertSpec, MapSpec, OnError, OnErrorWord, PromptSpec, RetrySpec, Step, SwitchSpec,
        WhileSpec,
    },
};

/// The ten kinds.
impl Step {
    /// Calls a vision tool; its arguments are added by [`Step::with`].
    pub fn tool(name: impl Into<String>) -> Self {
        Self { tool: Some(name.into()), ..Self::default() }
    }

    /// Asks the language model once: a text, or a [`Prompt`](crate::Prompt).
    pub fn prompt(prompt: impl Into<PromptSpec>) -> Self {
        Self { prompt: Some(prompt.into()), ..Self::default() }
    }

    /// Lets the language model work with tools: a task, or an [`AgentTask`](crate::AgentTask).
    pub fn agent(task: impl Into<AgentSpec>) -> Self {
        Self { agent: Some(task.into()), ..Self::default() }
    }

    /// Runs another workflow, a shipped one by name or a file; its inputs are added by [`Step::with`].
    pub fn workflow(name_or_path: impl Into<String>) -> Self {
        Self { workflow: Some(name_or_path.into()), ..Self::default() }
    }

    /// Does the same for each item of a list.
    pub fn map(map: MapSpec) -> Self {
        Self { map: Some(Box::new(map)), ..Self::default() }
    }

    /// Repeats as long as a condition holds (`while` in YAML).
    pub fn repeat(repeat: WhileSpec) -> Self {
        Self { repeat: Some(Box::new(repeat)), ..Self::default() }
    }

    /// Does one of several things, by a value.
    pub fn switch(switch: SwitchSpec) -> Self {
        Self { switch: Some(Box::new(switch)), ..Self::default() }
    }

    /// Makes a value: its templates filled in.
    pub fn set(value: impl Into<Value>) -> Self {
        Self { set: Some(value.into()), ..Self::default() }
    }

    /// Fails unless a condition holds: a template, or an [`AssertSpec`] with a message.
    pub fn assert(condition: impl Into<AssertSpec>) -> Self {
        Self { assert: Some(condition.into()), ..Self::default() }
    }

    /// Waits until a person says yes: a question, or an [`ApproveSpec`] with what is shown.
    pub fn approve(question: impl Into<ApproveSpec>) -> Self {
        Self { approve: Some(question.into()), ..Self::default() }
    }
}

/// How it is run.
impl Step {
    /// Says what it is for.
    #[must_use]
    pub fn describe(mut self, description: impl Into<String>) -> Self {
        self.description = description.into();
        self
    }

    /// Adds an argument of a tool, or an input of a workflow: a value with templates.
    #[must_use]
    pub fn with(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.with.insert(name.into(), value.into());
        self
    }

    /// Runs it only if this holds.
    #[must_use]
    pub fn when(mut self, condition: impl Into<Value>) -> Self {
        self.when = Some(condition.into());
        self
    }

    /// Runs it after another step, beside those that it refers to.
    #[must_use]
    pub fn after(mut self, step: impl Into<String>) -> Self {
        self.after.push(step.into());
        self
    }

    /// Tries it again after a failure: a number, or a [`Retry`](crate::Retry).
    #[must_use]
    pub fn retry(mut self, retry: impl Into<RetrySpec>) -> Self {
        self.retry = Some(retry.into());
        self
    }

    /// The longest time of one try.
    #[must_use]
    pub fn timeout(mut self, limit: impl Into<Period>) -> Self {
        self.timeout = Some(limit.into());
        self
    }

    /// Goes on if it fails; its output is null then.
    #[must_use]
    pub fn or_continue(mut self) -> Self {
        self.on_error = Some(OnError::Word(OnErrorWord::Continue));
        self
    }

    /// Goes on with this output if it fails.
    #[must_use]
    pub fn or_default(mut self, value: impl Into<Value>) -> Self {
        self.on_error = Some(OnError::Default { default: value.into() });
        self
    }

    /// Runs another step of the same body if it fails, whose output takes the place of its own.
    #[must_use]
    pub fn or_go_to(mut self, step: impl Into<String>) -> Self {
        self.on_error = Some(OnError::GoTo { go_to: step.into() });
        self
    }

    /// Keeps its result beyond the run.
    #[must_use]
    pub fn cached(mut self) -> Self {
        self.cache = true;
        self
    }

    /// Where the tool's models run: auto, cpu, cuda, ...
    #[must_use]
    pub fn device(mut self, device: impl Into<String>) -> Self {
        self.device = Some(device.into());
        self
    }

    /// The model of the tool by catalog id, or the language model.
    #[must_use]
    pub fn model(mut self, model: impl Into<String>) -> Self {
        self.model = Some(model.into());
        self
    }
}
