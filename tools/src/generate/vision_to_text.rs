//! A picture encoder with a text decoder: ViT-GPT2, TrOCR, Donut and what else `VisionEncoderDecoderModel` exports.

use std::{path::Path, sync::Arc};

use image::RgbImage;
use ndarray::Array4;
use serde::Deserialize;

use super::{
    Decoder, Encoded, GenerateOptions, Generated, Prompt, Strategy, Tokenizer, config::Generation, decoder::states,
    generate,
};
use crate::{
    image::Processor,
    onnx::{Input, Model, ModelError, RunControl},
};

/// The two tokens of a BLIP's `config.json` that its texts stand between.
#[derive(Default, Deserialize)]
#[serde(default)]
struct BlipConfig {
    text_config: BlipTextConfig,
}

#[derive(Deserialize)]
#[serde(default)]
struct BlipTextConfig {
    bos_token_id: i64,
    sep_token_id: i64,
}

impl Default for BlipTextConfig {
    /// `[DEC]` and `[SEP]` of the published models.
    fn default() -> Self {
        Self { bos_token_id: 30522, sep_token_id: 102 }
    }
}

/// What lies next to the graphs of such a model.
pub struct VisionToText {
    processor: Processor,
    tokenizer: Arc<Tokenizer>,
    start: i64,
    /// The model's own options.
    pub options: GenerateOptions,
}

impl VisionToText {
    /// Reads `preprocessor_config.json`, `tokenizer.json` and `generation_config.json` of a directory.
    pub fn open(folder: &Path) -> Result<Self, ModelError> {
        Self::with(folder, Generation::from_json(&read(folder, "generation_config.json")?)?)
    }

    /// The same for BLIP (Li et al. 2022), whose texts begin and end with tokens that its `config.json` names.
    pub fn open_blip(folder: &Path) -> Result<Self, ModelError> {
        let config: BlipConfig = serde_json::from_str(&read(folder, "config.json")?)
            .map_err(|error| ModelError::new(format!("config.json cannot be read: {error}")))?;
        let BlipTextConfig { bos_token_id, sep_token_id } = config.text_config;
        let options =
            GenerateOptions { eos: vec![sep_token_id], strategy: Strategy::Greedy, ..GenerateOptions::default() };
        Self::with(folder, Generation { options, start: Some(bos_token_id), says_length: false })
    }

    fn with(folder: &Path, generation: Generation) -> Result<Self, ModelError> {
        let processor = Processor::from_json(&read(folder, "preprocessor_config.json")?).map_err(ModelError::new)?;
        let Generation { options, start, .. } = generation;
        let start = start.ok_or_else(|| {
            ModelError::new(
                "generation_config.json names no decoder_start_token_id: the decoder has nothing to begin with",
            )
        })?;
        Ok(Self { processor, tokenizer: Tokenizer::shared(&folder.join("tokenizer.json"))?, start, options })
    }

    /// The encoder's input f32 `[1, 3, height, width]` of a picture.
    pub fn pixels(&self, image: &RgbImage) -> Array4<f32> {
        self.processor.apply(image)
    }

    /// The encoder's states of its input.
    pub fn encode(
        &self,
        encoder: &dyn Model,
        pixels: &Array4<f32>,
        control: &RunControl,
    ) -> Result<Encoded, ModelError> {
        let pixels = ("pixel_values", Input::F32(pixels.view().into_dyn()));
        states(encoder, "the encoder", pixels, control).map(Encoded::all)
    }

    /// The token ids of a picture's text. `decoder`: the merged graph, or the pair with and without a past.
    pub fn ids(
        &self,
        decoder: Decoder<'_>,
        encoded: Encoded,
        options: &GenerateOptions,
        control: &RunControl,
    ) -> Result<Vec<i64>, ModelError> {
        Ok(self.say(decoder, encoded, options, control)?.ids)
    }

    /// The same, with how probable the text is.
    pub fn say(
        &self,
        decoder: Decoder<'_>,
        encoded: Encoded,
        options: &GenerateOptions,
        control: &RunControl,
    ) -> Result<Generated, ModelError> {
        let decoder = decoder.with_encoded(encoded);
        generate(&decoder, &Prompt::Ids(vec![self.start]), options, control, &mut |_| true)
    }

    /// The text of ids, without special tokens and outer spaces.
    pub fn text(&self, ids: &[i64]) -> Result<String, ModelError> {
        Ok(self.tokenizer.decode(ids, false)?.trim().to_owned())
    }
}

fn read(folder: &Path, name: &str) -> Result<String, ModelError> {
    fs_err::read_to_string(folder.join(name)).map_err(|error| ModelError::new(error.to_string()))
}
