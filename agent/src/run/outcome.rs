//! What a run gives: one shape for CLI, library, server and trace.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Card, Step, StopReason};
use crate::chat::{ChatError, Usage};

/// An image of the session and how it came to be.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct ImageRecord {
    /// Its handle.
    pub handle: String,
    /// Where it lies on disk; filled in by whoever writes pictures out.
    pub path: Option<String>,
    /// The image it was made from.
    pub parent: Option<String>,
    /// The tool that made it.
    pub op: Option<String>,
    /// The tool's arguments.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub args: Option<Value>,
}

/// The result of a run.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Outcome {
    /// The answer; null if there is none.
    pub answer: Option<String>,
    /// Why the run ended.
    pub stop: StopReason,
    /// Whether handles, numbers and quotations of the answer all come from what was observed.
    pub grounded: bool,
    /// What in the answer does not.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ungrounded: Vec<String>,
    /// The model's turns, in order.
    pub steps: Vec<Step>,
    /// What was perceived before the first turn.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub cards: Vec<Card>,
    /// The session's images, in order of entry.
    pub images: Vec<ImageRecord>,
    /// Tokens of all model calls.
    pub usage: Usage,
    /// Wall time in milliseconds.
    pub ms: f64,
    /// Why the model could not be asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<ChatError>,
}
