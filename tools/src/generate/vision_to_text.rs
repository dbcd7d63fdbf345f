//! A picture encoder with a text decoder: ViT-GPT2, TrOCR, Donut and what else `VisionEncoderDecoderModel` exports.

use std::path::Path;

use image::RgbImage;
use ndarray::Array4;

use super::{Decoder, Encoded, GenerateOptions, Prompt, Tokenizer, config::Generation, decoder::states, generate};
use crate::{
    image::Processor,
    onnx::{Input, Model, ModelError, RunControl},
};

/// What lies beside the graphs of such a model.
pub struct VisionToText {
    processor: Processor,
    tokenizer: Tokenizer,
    start: i64,
    /// The model's own options.
    pub options: GenerateOptions,
}

impl VisionToText {
    /// Reads `preprocessor_config.json`, `tokenizer.json` and `generation_config.json` of a directory.
    pub fn open(folder: &Path) -> Result<Self, ModelError> {
        let read = |name: &str| {
            let file = folder.join(name);
            fs_err::read_to_string(&file).map_err(|error| ModelError::new(error.to_string()))
        };
        let processor = Processor::from_json(&read("preprocessor_config.json")?).map_err(ModelError::new)?;
        let Generation { options, start } = Generation::from_json(&read("generation_config.json")?)?;
        let start = start.ok_or_else(|| {
            ModelError::new(
                "generation_config.json names no decoder_start_token_id: the decoder has nothing to begin with",
            )
        })?;
        Ok(Self { processor, tokenizer: Tokenizer::open(&folder.join("tokenizer.json"))?, start, options })
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
        let decoder = decoder.with_encoded(encoded);
        Ok(generate(&decoder, &Prompt::Ids(vec![self.start]), options, control, &mut |_| true)?.ids)
    }

    /// The text of ids, without special tokens and outer spaces.
    pub fn text(&self, ids: &[i64]) -> Result<String, ModelError> {
        Ok(self.tokenizer.decode(ids, false)?.trim().to_owned())
    }
}
