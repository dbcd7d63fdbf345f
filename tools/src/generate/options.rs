//! How the next token is chosen and when it ends.

use serde::{Deserialize, Serialize};

/// How tokens are chosen.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "snake_case", tag = "strategy")]
pub enum Strategy {
    /// The most likely one.
    #[default]
    Greedy,
    /// The most likely text among this many kept side by side.
    Beam {
        /// Texts kept, 2 or more.
        beams: usize,
        /// The exponent of a text's length that divides its score: above 0 longer texts are preferred.
        length_penalty: f32,
        /// Whether to end as soon as there are enough finished texts.
        early_stopping: bool,
    },
    /// By chance, the same for the same seed.
    Sample {
        /// Divides the logits: below 1 the likely ones become likelier.
        temperature: f32,
        /// Only that many of the likeliest; 0 for all.
        top_k: usize,
        /// Only the likeliest that together have this probability; 1 for all.
        top_p: f32,
        /// Where the chances begin.
        seed: u64,
    },
}

/// Options of one generation, named as in a model's `generation_config.json`.
#[derive(Clone, Debug, PartialEq)]
pub struct GenerateOptions {
    /// New tokens at most; the prompt does not count.
    pub max_new_tokens: usize,
    /// New tokens before the text may end.
    pub min_new_tokens: usize,
    /// Tokens that end the text.
    pub eos: Vec<i64>,
    /// How tokens are chosen.
    pub strategy: Strategy,
    /// Divides the logits of tokens that were said (CTRL, Keskar et al. 2019); 1 for none.
    pub repetition_penalty: f32,
    /// No run of so many tokens comes twice; 0 for no such rule.
    pub no_repeat_ngram: usize,
    /// Never said.
    pub suppress: Vec<i64>,
    /// The first new token, whatever is likely.
    pub forced_bos: Option<i64>,
    /// The last token where the text reaches its greatest length.
    pub forced_eos: Option<i64>,
}

impl Default for GenerateOptions {
    fn default() -> Self {
        Self {
            max_new_tokens: 64,
            min_new_tokens: 0,
            eos: Vec::new(),
            strategy: Strategy::Greedy,
            repetition_penalty: 1.0,
            no_repeat_ngram: 0,
            suppress: Vec::new(),
            forced_bos: None,
            forced_eos: None,
        }
    }
}
