//! One line of a trace: an event, when it came, and what else the writer knows.

use argus_tools::image::Region;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    prompts::PromptParts,
    run::{Limits, RunEvent},
};

/// The version of [`TraceLine`]'s and [`TraceHeader`]'s shape; events have their own
/// ([`EVENT_VERSION`](crate::run::EVENT_VERSION)).
pub const TRACE_VERSION: u32 = 1;
/// The `event` of a header.
pub(super) const HEADER: &str = "trace_started";

/// The first line: how the runs of this file were set up, so that they can be run again.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(default)]
pub struct TraceHeader {
    /// [`TRACE_VERSION`]; filled in by the writer.
    pub trace: u32,
    /// The program's version, such as `0.1.0`.
    pub argus: String,
    /// The tools that the model could call, in order.
    pub tools: Vec<String>,
    /// When a run stops.
    pub limits: Limits,
    /// The tools that look at the images first.
    pub card_tools: Vec<String>,
    /// Which optional parts of the prompt were used.
    pub prompt_parts: PromptParts,
}

/// One event of a trace.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TraceLine {
    /// Milliseconds since the trace began.
    pub at_ms: f64,
    /// What happened.
    #[serde(flatten)]
    pub event: RunEvent,
    /// Of an added image: its picture, relative to the trace's folder. It may be missing, and its long side is at most
    /// 1600 pixels.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// Of an added image: where it came from, in a few words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// Of a finished tool: the regions that have handles since.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub regions: Vec<Region>,
}

impl TraceLine {
    /// An event alone.
    pub fn new(at_ms: f64, event: RunEvent) -> Self {
        Self { at_ms, event, file: None, source: None, regions: Vec::new() }
    }

    /// Reads a line from its JSON object. What the event does not know is skipped; regions that cannot be read are
    /// left out, for they only draw boxes.
    pub(super) fn from_value(mut value: Value) -> Result<Self, serde_json::Error> {
        let mut take = |name: &str| value.as_object_mut().and_then(|object| object.shift_remove(name));
        let at_ms = take("at_ms").and_then(|value| value.as_f64()).unwrap_or_default();
        let text = |value: Option<Value>| value.and_then(|value| value.as_str().map(str::to_owned));
        let (file, source) = (text(take("file")), text(take("source")));
        let regions = match take("regions") {
            Some(Value::Array(items)) => {
                items.into_iter().filter_map(|item| serde_json::from_value(item).ok()).collect()
            }
            _ => Vec::new(),
        };
        Ok(Self { at_ms, event: serde_json::from_value(value)?, file, source, regions })
    }
}
