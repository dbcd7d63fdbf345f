//! When a run stops.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::chat::Price;

/// Bounds of one run.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(default)]
pub struct Limits {
    /// Turns with tool calls.
    pub max_steps: u32,
    /// Wall time of the whole run, cards included. The last fifth (at most 15 s) is kept for a best answer.
    pub deadline: Option<Duration>,
    /// Prompt and completion tokens of all model calls together.
    pub max_tokens: Option<u64>,
    /// Money that all model calls together may cost; needs a price.
    pub max_cost: Option<f64>,
    /// What the model's tokens cost.
    pub price: Option<Price>,
    /// Wall time of one tool call.
    pub tool_deadline: Option<Duration>,
    /// Tokens of one reply.
    pub reply_tokens: u32,
    /// Characters of one observation in the prompt; longer ones are shortened with a note.
    pub observation_chars: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_steps: 8,
            deadline: None,
            max_tokens: None,
            max_cost: None,
            price: None,
            tool_deadline: Some(Duration::from_mins(2)),
            reply_tokens: 400,
            observation_chars: 1500,
        }
    }
}
