//! What tokens cost.

use serde::{Deserialize, Serialize};

use super::Usage;

/// The price of a model, in any currency, for a million tokens.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Price {
    /// A million tokens of prompts.
    pub prompt: f64,
    /// A million tokens of replies.
    pub completion: f64,
}

impl Price {
    /// What so many tokens cost, in the currency of the price.
    pub fn cost(&self, usage: Usage) -> f64 {
        (usage.prompt_tokens as f64 * self.prompt + usage.completion_tokens as f64 * self.completion) / 1e6
    }
}
