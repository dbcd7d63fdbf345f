//! Why a step failed.

use argus_agent::chat::{ChatError, ChatErrorKind};
use argus_tools::tool::{ToolError, ToolErrorKind};
use serde::Serialize;
use serde_json::{Value, json};

use crate::language::step::FailureKind;

/// A step or a run that failed.
#[derive(Clone, Debug, Serialize, thiserror::Error)]
#[error("{}{message}", if step.is_empty() { String::new() } else { format!("{step}: ") })]
pub struct Failure {
    /// The step, such as `steps.each[3].crop`; empty for the run as a whole.
    pub step: String,
    /// What kind of failure it is.
    pub kind: FailureKind,
    /// What went wrong.
    pub message: String,
    /// What to do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
}

impl Failure {
    /// A failure of no step yet.
    pub fn new(kind: FailureKind, message: impl Into<String>) -> Self {
        Self { step: String::new(), kind, message: message.into(), hint: None }
    }

    /// The same with the step that failed, unless one inside of it is named already.
    #[must_use]
    pub(crate) fn of(mut self, step: &str) -> Self {
        if self.step.is_empty() {
            step.clone_into(&mut self.step);
        }
        self
    }

    /// As templates see it.
    pub(crate) fn value(&self) -> Value {
        json!({ "step": self.step, "kind": self.kind, "message": self.message })
    }
}

impl From<ToolError> for Failure {
    fn from(error: ToolError) -> Self {
        let kind = match error.kind {
            ToolErrorKind::InvalidInput => FailureKind::InvalidInput,
            ToolErrorKind::ModelUnavailable => FailureKind::ModelUnavailable,
            ToolErrorKind::ResourceLimit => FailureKind::ResourceLimit,
            ToolErrorKind::Cancelled => FailureKind::Cancelled,
            ToolErrorKind::Internal => FailureKind::Internal,
        };
        Self { step: String::new(), kind, message: error.message, hint: error.hint }
    }
}

impl From<ChatError> for Failure {
    fn from(error: ChatError) -> Self {
        let kind = if error.kind == ChatErrorKind::Cancelled { FailureKind::Cancelled } else { FailureKind::Llm };
        let hint = error.hint.clone();
        Self { step: String::new(), kind, message: error.to_string(), hint }
    }
}
