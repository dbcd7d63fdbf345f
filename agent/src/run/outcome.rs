//! What a run gives: one shape for CLI, library, server and trace.

use argus_tools::image::ImageEntry;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Card, Protocol, Run, Step, StopReason, Supported};
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

impl From<&ImageEntry> for ImageRecord {
    fn from(image: &ImageEntry) -> Self {
        Self {
            handle: image.handle.clone(),
            path: None,
            parent: image.parent.clone(),
            op: image.operation.as_ref().map(|operation| operation.tool.clone()),
            args: image.operation.as_ref().map(|operation| operation.args.clone()),
        }
    }
}

/// The result of a run.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
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
    /// The numbers, quotations and handles of the answer that rows of evidence say, with these rows. Empty in a replay:
    /// recorded tools leave no rows.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub evidence: Vec<Supported>,
    /// How the model was asked at last; null where none was.
    #[serde(default)]
    pub protocol: Option<Protocol>,
    /// What was left out of prompts so that they fitted the context, in words.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub shortened: Vec<String>,
    /// The model's turns, in order.
    pub steps: Vec<Step>,
    /// What was perceived before the first turn.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub cards: Vec<Card>,
    /// The session's images, in order of entry.
    pub images: Vec<ImageRecord>,
    /// Tokens of all model calls.
    pub usage: Usage,
    /// What they cost, where a price is set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost: Option<f64>,
    /// Wall time in milliseconds.
    pub ms: f64,
    /// Why the model could not be asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<ChatError>,
}

impl From<&Run> for Outcome {
    /// What the run itself knows; images, what was shortened and the time are the caller's.
    fn from(run: &Run) -> Self {
        Self {
            answer: run.answer().map(str::to_owned),
            grounded: run.answer().is_some() && run.ungrounded().is_empty(),
            ungrounded: run.ungrounded().to_vec(),
            protocol: Some(run.protocol()),
            steps: run.steps().to_vec(),
            cards: run.task().seen.clone(),
            usage: run.usage(),
            cost: run.cost(),
            error: run.error().cloned(),
            ..Self::default()
        }
    }
}
