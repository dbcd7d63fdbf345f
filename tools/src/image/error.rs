//! What can go wrong between a name of a picture and its pixels.

use serde::Serialize;

use crate::error::{ToolError, ToolErrorKind};

/// The kind of an [`ImageError`].
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ImageErrorKind {
    /// The name is no path, address or sample that could be meant.
    InvalidSource,
    /// There is no such file or sample, or the server says so.
    NotFound,
    /// The file is there but cannot be read.
    Unreadable,
    /// The bytes are something else (a web page, a PDF, nothing at all).
    NotAnImage,
    /// A picture in a format, or a variant of one, that is not decoded here.
    Unsupported,
    /// The file ends before the picture does.
    Truncated,
    /// The file contradicts its own format.
    Damaged,
    /// More bytes, pixels or memory than the limits allow.
    TooLarge,
    /// The address is private, or a redirect leads somewhere it should not.
    Refused,
    /// The server cannot be reached, or answers with an error.
    Network,
    /// The download took too long.
    Timeout,
}

/// A picture that could not be loaded. The message names it; the cause, if any, is the `source`.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct ImageError {
    /// What kind of failure this is.
    pub kind: ImageErrorKind,
    /// What was wrong, and with which picture once that is known.
    pub message: String,
    /// What to do about it.
    pub hint: Option<String>,
    /// The error underneath.
    #[source]
    pub source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl ImageError {
    /// An error without hint and cause.
    pub fn new(kind: ImageErrorKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), hint: None, source: None }
    }

    /// The same error with a remedy.
    #[must_use]
    pub fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// The same error with its cause.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// The same error with the picture's name in front.
    #[must_use]
    pub fn of(mut self, name: &str) -> Self {
        self.message = format!("{name}: {}", self.message);
        self
    }

    /// The message and those of all causes, in one line.
    pub fn chain(&self) -> String {
        let mut text = self.message.clone();
        let mut cause = std::error::Error::source(self);
        while let Some(error) = cause {
            let part = error.to_string();
            if !text.contains(&part) {
                text = format!("{text}: {part}");
            }
            cause = error.source();
        }
        text
    }
}

impl From<ImageError> for ToolError {
    fn from(error: ImageError) -> Self {
        let kind = match error.kind {
            ImageErrorKind::TooLarge | ImageErrorKind::Timeout => ToolErrorKind::ResourceLimit,
            _ => ToolErrorKind::InvalidInput,
        };
        let feedback = "the picture could not be loaded".into();
        Self { kind, message: error.chain(), feedback, hint: error.hint }
    }
}
