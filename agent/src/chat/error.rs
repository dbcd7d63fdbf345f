//! What can go wrong between Argus and a language model.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// The kind of a [`ChatError`], which decides about retries and how the loop continues.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ChatErrorKind {
    /// The key is missing or was refused.
    Auth,
    /// The endpoint cannot be reached, or the connection broke.
    Connection,
    /// Too many requests, or the account is used up.
    RateLimit,
    /// No byte came within the limit.
    Timeout,
    /// The reply is not what the protocol promises.
    BadResponse,
    /// The request was refused.
    BadRequest,
    /// The endpoint or its model takes no tool declarations; another protocol will do.
    NoTools,
    /// Prompt and reply do not fit the model's context.
    ContextLength,
    /// The endpoint failed.
    Server,
    /// The managed server could not be started, or died.
    LocalServer,
    /// The caller cancelled.
    Cancelled,
}

impl ChatErrorKind {
    /// Whether only the user can fix it: a wrong key, address or request. Nothing takes the model's place then.
    pub fn is_for_the_user(self) -> bool {
        matches!(self, Self::Auth | Self::BadRequest)
    }
}

/// A request to a language model that gave no reply.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize, thiserror::Error)]
#[error("{message}")]
pub struct ChatError {
    /// What kind of failure this is.
    pub kind: ChatErrorKind,
    /// What happened, with the endpoint and, for a refusal, status and an excerpt of the body.
    pub message: String,
    /// What to do about it.
    pub hint: Option<String>,
    /// HTTP status, where there was an answer.
    pub status: Option<u16>,
    /// How long the endpoint asked to wait.
    pub retry_after: Option<Duration>,
}

impl ChatError {
    /// An error without status.
    pub fn new(kind: ChatErrorKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), hint: None, status: None, retry_after: None }
    }

    /// The caller cancelled.
    pub fn cancelled() -> Self {
        Self::new(ChatErrorKind::Cancelled, "cancelled")
    }

    /// The same error with a remedy.
    #[must_use]
    pub fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}
