//! What a model's own `generation_config.json` says.

use serde::Deserialize;

use super::{GenerateOptions, Strategy};
use crate::onnx::ModelError;

/// One token, or several of which each will do.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub(super) enum Tokens {
    One(i64),
    Several(Vec<i64>),
}

impl Tokens {
    pub(super) fn list(self) -> Vec<i64> {
        match self {
            Self::One(token) => vec![token],
            Self::Several(tokens) => tokens,
        }
    }
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Config {
    decoder_start_token_id: Option<i64>,
    bos_token_id: Option<i64>,
    eos_token_id: Option<Tokens>,
    max_length: Option<usize>,
    max_new_tokens: Option<usize>,
    min_new_tokens: Option<usize>,
    num_beams: Option<usize>,
    length_penalty: Option<f32>,
    early_stopping: Option<serde_json::Value>,
    repetition_penalty: Option<f32>,
    no_repeat_ngram_size: Option<usize>,
    suppress_tokens: Option<Vec<i64>>,
    forced_bos_token_id: Option<i64>,
    forced_eos_token_id: Option<Tokens>,
    do_sample: Option<bool>,
    temperature: Option<f32>,
    top_k: Option<usize>,
    top_p: Option<f32>,
}

/// What a `generation_config.json` says.
#[derive(Clone, Debug, PartialEq)]
pub struct Generation {
    /// The options, with 64 new tokens where the file names no number.
    pub options: GenerateOptions,
    /// The token that a decoder with an encoder begins with.
    pub start: Option<i64>,
    /// Whether the file says how long a text may become.
    pub says_length: bool,
}

/// New tokens where the model does not say how many.
const NEW_TOKENS: usize = 64;
/// New tokens at most, whatever a model says.
const MOST: usize = 1024;

impl Generation {
    /// Reads the text of a `generation_config.json`.
    pub fn from_json(text: &str) -> Result<Self, ModelError> {
        let config: Config = serde_json::from_str(text)
            .map_err(|error| ModelError::new(format!("generation_config.json cannot be read: {error}")))?;
        let strategy = match config.num_beams {
            Some(beams) if beams > 1 => Strategy::Beam {
                beams,
                length_penalty: config.length_penalty.unwrap_or(1.0),
                early_stopping: config.early_stopping == Some(serde_json::Value::Bool(true)),
            },
            _ if config.do_sample == Some(true) => Strategy::Sample {
                temperature: config.temperature.unwrap_or(1.0),
                top_k: config.top_k.unwrap_or(50),
                top_p: config.top_p.unwrap_or(1.0),
                seed: 0,
            },
            _ => Strategy::Greedy,
        };
        let most = config.max_new_tokens.or(config.max_length.map(|length| length.saturating_sub(1)));
        let forced_eos = config.forced_eos_token_id.and_then(|tokens| tokens.list().first().copied());
        Ok(Self {
            start: config.decoder_start_token_id.or(config.bos_token_id),
            says_length: most.is_some(),
            options: GenerateOptions {
                max_new_tokens: most.unwrap_or(NEW_TOKENS).clamp(1, MOST),
                min_new_tokens: config.min_new_tokens.unwrap_or(0),
                eos: config.eos_token_id.map(Tokens::list).unwrap_or_default(),
                strategy,
                repetition_penalty: config.repetition_penalty.unwrap_or(1.0),
                no_repeat_ngram: config.no_repeat_ngram_size.unwrap_or(0),
                suppress: config.suppress_tokens.unwrap_or_default(),
                forced_bos: config.forced_bos_token_id,
                forced_eos,
            },
        })
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failed set-up fails the test")]
mod tests {
    use super::*;

    #[test]
    fn a_config_gives_options() {
        let text = r#"{"decoder_start_token_id": 2, "eos_token_id": [2, 5], "num_beams": 3, "early_stopping": true,
            "no_repeat_ngram_size": 3, "forced_bos_token_id": 0, "max_length": 21, "transformers_version": "4.57"}"#;
        let generation = Generation::from_json(text).unwrap();
        let beam = Strategy::Beam { beams: 3, length_penalty: 1.0, early_stopping: true };
        assert_eq!((generation.start, &generation.options.eos), (Some(2), &vec![2, 5]));
        assert_eq!((generation.options.strategy, generation.options.max_new_tokens), (beam, 20));
        assert!(generation.says_length);
        assert_eq!((generation.options.no_repeat_ngram, generation.options.forced_bos), (3, Some(0)));
        let plain = Generation::from_json(r#"{"eos_token_id": 7}"#).unwrap();
        assert_eq!((plain.options.eos, plain.options.max_new_tokens, plain.says_length), (vec![7], 64, false));
        assert!(Generation::from_json("[").unwrap_err().to_string().contains("generation_config.json"));
    }
}
