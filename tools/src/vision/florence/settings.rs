//! What lies beside Florence-2's graphs: how pictures are prepared, the tokenizer, how texts are generated.

use std::{io, path::Path, sync::Arc};

use serde::Deserialize;

use super::Task;
use crate::{
    generate::{GenerateOptions, Generation, Strategy, Tokenizer},
    image::Processor,
    onnx::ModelError,
    tool::ToolError,
};

/// Settings of one model.
pub(super) struct Settings {
    pub(super) processor: Processor,
    tokenizer: Arc<Tokenizer>,
    /// Tokens around a prompt.
    around: (i64, i64),
    /// The token that an answer begins with.
    pub(super) start: i64,
    pub(super) options: GenerateOptions,
    /// Positions that the encoder and the decoder know.
    pub(super) positions: usize,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Config {
    text_config: TextConfig,
}

#[derive(Deserialize)]
#[serde(default)]
struct TextConfig {
    max_position_embeddings: usize,
}

impl Default for TextConfig {
    fn default() -> Self {
        Self { max_position_embeddings: 1024 }
    }
}

impl Settings {
    /// Reads `preprocessor_config.json` and `tokenizer.json` of a directory, `config.json` and `generation_config.json` where
    /// they are. Without the last one the published model's settings hold: three beams, no three words twice.
    pub(super) fn open(folder: &Path) -> Result<Self, ModelError> {
        let processor = match read(folder, "preprocessor_config.json")? {
            Some(text) => Processor::from_json(&text).map_err(ModelError::new)?,
            None => return Err(ModelError::new(format!("{} has no preprocessor_config.json", folder.display()))),
        };
        let tokenizer = Tokenizer::shared(&folder.join("tokenizer.json"))?;
        let token = |token: &str| {
            tokenizer.id(token).ok_or_else(|| ModelError::new(format!("the tokenizer does not know {token}")))
        };
        let (begin, end) = (token("<s>")?, token("</s>")?);
        let positions = match read(folder, "config.json")? {
            Some(text) => serde_json::from_str::<Config>(&text)
                .map_err(|error| ModelError::new(format!("config.json cannot be read: {error}")))?,
            None => Config::default(),
        };
        let positions = positions.text_config.max_position_embeddings;
        let Generation { mut options, start, says_length } = match read(folder, "generation_config.json")? {
            Some(text) => Generation::from_json(&text)?,
            None => published(begin, end),
        };
        let most = positions.saturating_sub(1).max(1);
        options.max_new_tokens = if says_length { options.max_new_tokens.min(most) } else { most };
        if options.eos.is_empty() {
            options.eos.push(end);
        }
        Ok(Self { processor, tokenizer, around: (begin, end), start: start.unwrap_or(end), options, positions })
    }

    /// The token ids of a task's prompt.
    pub(super) fn prompt(&self, task: Task, input: &str) -> Result<Vec<i64>, ToolError> {
        let words = self.tokenizer.encode(&task.prompt(input)?, false)?;
        Ok([vec![self.around.0], words, vec![self.around.1]].concat())
    }

    /// The text of ids with its special tokens.
    pub(super) fn text(&self, ids: &[i64]) -> Result<String, ModelError> {
        self.tokenizer.decode(ids, true)
    }
}

fn published(begin: i64, end: i64) -> Generation {
    let options = GenerateOptions {
        eos: vec![end],
        strategy: Strategy::Beam { beams: 3, length_penalty: 1.0, early_stopping: true },
        no_repeat_ngram: 3,
        forced_bos: Some(begin),
        forced_eos: Some(end),
        ..GenerateOptions::default()
    };
    Generation { options, start: Some(end), says_length: false }
}

/// The text of a file; nothing if there is none.
fn read(folder: &Path, name: &str) -> Result<Option<String>, ModelError> {
    match fs_err::read_to_string(folder.join(name)) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(ModelError::new(error.to_string())),
    }
}
