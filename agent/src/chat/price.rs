//! What tokens cost.

use serde::{Deserialize, Serialize};

use super::Usage;

/// Prices of a model in any currency, per million tokens.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Price {
    /// A million tokens of prompts.
    pub prompt: f64,
    /// A million tokens of replies.
    pub completion: f64,
}

impl Price {
    /// What this usage costs, in the currency of the prices.
    pub fn cost(&self, usage: Usage) -> f64 {
        (usage.prompt_tokens as f64 * self.prompt + usage.completion_tokens as f64 * self.completion) / 1e6
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prompts_and_replies_have_their_own_price() {
        let price = Price { prompt: 0.15, completion: 0.6 };
        let usage = Usage { prompt_tokens: 2_000_000, completion_tokens: 500_000 };
        assert!((price.cost(usage) - 0.6).abs() < 1e-9);
        assert!(price.cost(Usage::default()).abs() < f64::EPSILON);
    }
}
