//! What can go wrong in a tool, told once for the operator and once for the model.

use serde::Serialize;

/// The kind of a [`ToolError`], which decides how the loop continues.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ToolErrorKind {
    /// The arguments cannot be used; the model can repair them from the feedback.
    InvalidInput,
    /// A model that the tool needs is not installed and cannot be fetched.
    ModelUnavailable,
    /// A limit of bytes, pixels, memory or time was reached.
    ResourceLimit,
    /// The call was cancelled or its deadline passed.
    Cancelled,
    /// A fault of Argus, of a model file or of the machine.
    Internal,
}

/// A failed tool call.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{message}")]
pub struct ToolError {
    /// What kind of failure this is.
    pub kind: ToolErrorKind,
    /// For the operator: names files, models, tensors. It may hold paths and never reaches the model.
    pub message: String,
    /// For the model: what was wrong and what would be valid.
    pub feedback: String,
    /// For the operator: what to do about it.
    pub hint: Option<String>,
}

impl ToolError {
    /// Arguments that cannot be used. `feedback` says what would be valid and serves as the message too.
    pub fn invalid_input(feedback: impl Into<String>) -> Self {
        let feedback = feedback.into();
        Self { kind: ToolErrorKind::InvalidInput, message: feedback.clone(), feedback, hint: None }
    }

    /// A model that is not available; the LLM only learns that the tool is out of service.
    pub fn model_unavailable(message: impl Into<String>) -> Self {
        Self {
            kind: ToolErrorKind::ModelUnavailable,
            message: message.into(),
            feedback: "this tool is not available here; use another tool or say that it cannot be done".into(),
            hint: None,
        }
    }

    /// A limit that was reached; `feedback` says which, and serves as the message too.
    pub fn resource_limit(feedback: impl Into<String>) -> Self {
        let feedback = feedback.into();
        Self { kind: ToolErrorKind::ResourceLimit, message: feedback.clone(), feedback, hint: None }
    }

    /// The call was cancelled, or its deadline passed.
    pub fn cancelled() -> Self {
        Self {
            kind: ToolErrorKind::Cancelled,
            message: "cancelled".into(),
            feedback: "the call was stopped before it finished".into(),
            hint: None,
        }
    }

    /// A fault that no change of arguments fixes.
    pub fn internal(message: impl Into<String>) -> Self {
        Self {
            kind: ToolErrorKind::Internal,
            message: message.into(),
            feedback: "the tool failed for an internal reason; do not call it again with the same arguments".into(),
            hint: None,
        }
    }

    /// The same error with a remedy for the operator.
    #[must_use]
    pub fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}
