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

/// Why a run ended.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum StopReason {
    /// The model answered.
    Answered,
    /// The most steps were taken.
    StepLimit,
    /// The time was up.
    Deadline,
    /// The tokens, or the money, were used up.
    TokenBudget,
    /// Calls were repeated, failed again and again, or the model could not be understood.
    NoProgress,
    /// The caller cancelled.
    Cancelled,
    /// The model could not be asked.
    #[default]
    ModelError,
}

impl StopReason {
    /// Whether the run was stopped by one of its limits.
    pub fn is_limit(self) -> bool {
        matches!(self, Self::StepLimit | Self::Deadline | Self::TokenBudget | Self::NoProgress)
    }

    /// What a model is told when it is asked for its best answer.
    pub fn words(self) -> &'static str {
        match self {
            Self::StepLimit => "No steps are left.",
            Self::Deadline => "The time is up.",
            Self::TokenBudget => "The token budget is used up.",
            Self::NoProgress => "The last steps brought nothing new.",
            Self::Answered | Self::Cancelled | Self::ModelError => "The run ends here.",
        }
    }
}
