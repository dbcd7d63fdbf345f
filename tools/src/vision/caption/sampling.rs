//! How the words of a caption are chosen, where that was asked for.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::{
    generate::{GenerateOptions, Strategy},
    tool::ToolError,
};

/// How a captioning model chooses its words: for several different captions of one picture, one seed each.
#[derive(Clone, Copy, Debug, Default, Deserialize, JsonSchema, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Sampling {
    /// choose each word by chance among so many of the likeliest, 1 to 1000; left out: always the likeliest
    #[serde(default)]
    top_k: Option<u32>,
    /// above 1 the choice is bolder, below 1 more careful; left out: 1
    #[serde(default)]
    temperature: Option<f32>,
    /// the same number gives the same caption; left out: 0
    #[serde(default)]
    seed: Option<u64>,
    /// tokens (about words) at least
    #[serde(default)]
    min_tokens: Option<usize>,
    /// tokens (about words) at most, 1 to 256
    #[serde(default)]
    max_tokens: Option<usize>,
}

/// Tokens of one caption.
const LONGEST: usize = 256;
/// Words to choose from where a seed or a temperature is given without their number: as PNP-VQA has it.
const TOP_K: u32 = 50;

impl Sampling {
    /// The error names the number that cannot be used.
    pub(super) fn check(&self) -> Result<(), ToolError> {
        let wrong = |what: String| Err(ToolError::invalid_input(what));
        if let Some(top_k) = self.top_k.filter(|top_k| !(1..=1000).contains(top_k)) {
            return wrong(format!("top_k is {top_k}; it must be from 1 to 1000"));
        }
        if let Some(heat) = self.temperature.filter(|heat| !(0.01..=10.0).contains(heat)) {
            return wrong(format!("temperature is {heat}; it must be from 0.01 to 10"));
        }
        let most = self.max_tokens.unwrap_or(LONGEST);
        if !(1..=LONGEST).contains(&most) {
            return wrong(format!("max_tokens is {most}; it must be from 1 to {LONGEST}"));
        }
        if let Some(least) = self.min_tokens.filter(|least| *least > most) {
            return wrong(format!("min_tokens is {least}; it must not be above {most}"));
        }
        Ok(())
    }

    /// The model's own options with what was asked for in their place.
    pub(super) fn options(&self, own: &GenerateOptions) -> GenerateOptions {
        let by_chance = self.top_k.is_some() || self.temperature.is_some() || self.seed.is_some();
        let strategy = if by_chance {
            Strategy::Sample {
                temperature: self.temperature.unwrap_or(1.0),
                top_k: self.top_k.unwrap_or(TOP_K) as usize,
                top_p: 1.0,
                seed: self.seed.unwrap_or_default(),
            }
        } else {
            own.strategy
        };
        let max_new_tokens = self.max_tokens.unwrap_or(own.max_new_tokens);
        let min_new_tokens = self.min_tokens.unwrap_or(own.min_new_tokens).min(max_new_tokens);
        GenerateOptions { max_new_tokens, min_new_tokens, strategy, ..own.clone() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_out_stays_the_models_own() {
        let own = GenerateOptions { max_new_tokens: 20, min_new_tokens: 3, ..GenerateOptions::default() };
        assert_eq!(Sampling::default().options(&own), own);
        let asked = Sampling { seed: Some(7), max_tokens: Some(2), ..Sampling::default() };
        let strategy = Strategy::Sample { temperature: 1.0, top_k: 50, top_p: 1.0, seed: 7 };
        assert_eq!(
            asked.options(&own),
            GenerateOptions { strategy, max_new_tokens: 2, min_new_tokens: 2, ..own.clone() }
        );
        let long = Sampling { min_tokens: Some(10), ..Sampling::default() };
        assert_eq!(long.options(&own), GenerateOptions { min_new_tokens: 10, ..own });
    }

    #[test]
    fn numbers_out_of_range_are_named() {
        let none = Sampling::default();
        for (sampling, part) in [
            (Sampling { top_k: Some(0), ..none }, "top_k is 0"),
            (Sampling { temperature: Some(0.0), ..none }, "temperature is 0"),
            (Sampling { max_tokens: Some(0), ..none }, "max_tokens is 0"),
            (Sampling { max_tokens: Some(10_000), ..none }, "from 1 to 256"),
            (Sampling { min_tokens: Some(9), max_tokens: Some(8), ..none }, "must not be above 8"),
        ] {
            let error = sampling.check().err().map(|error| error.feedback);
            assert!(error.as_ref().is_some_and(|error| error.contains(part)), "{error:?}");
        }
        assert!(none.check().is_ok());
    }
}
