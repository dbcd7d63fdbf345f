//! Florence-2 (Xiao et al. 2023, arXiv 2311.06242): one model that captions, detects, grounds, outlines and reads, asked in
//! prompts and answering in words and location marks.
//!
//! A picture is looked at once ([`Florence::look`]); every task about it ([`Task`]) is then a prompt ([`Florence::say`], or
//! [`Florence::answer`] for what the answer means). The layout is that of the exports on the hub: `vision_encoder`,
//! `embed_tokens`, `encoder_model` and a decoder that takes embeddings, with `preprocessor_config.json` and `tokenizer.json`.

mod answer;
mod location;
mod pieces;
mod settings;
mod task;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use image::RgbImage;
use ndarray::{Array2, Array3, Array4, Axis, concatenate};

use self::settings::Settings;
use crate::{
    generate::{DecoderGraphs, Encoded, GenerateOptions, Prompt, generate},
    onnx::{Input, LoadedModel, Model, ModelError, RunControl, has_graph},
    store::Installed,
    tool::{ToolCx, ToolError},
};

pub use answer::{Answer, Found, Shape, parse};
pub use location::region_input;
pub use task::{AnswerKind, Task, TaskInput};

const VISION: &str = "vision_encoder";
const EMBEDDER: &str = "embed_tokens";
const ENCODER: &str = "encoder_model";

/// Reads the files beside the graphs; the error says what is wrong with them.
pub(super) fn readable(folder: &std::path::Path) -> Result<(), String> {
    Settings::open(folder).map(|_| ()).map_err(|error| error.to_string())
}

/// A loaded Florence-2. All of its methods block but [`Florence::load`].
pub struct Florence {
    /// The id of the model.
    pub id: String,
    /// The execution provider of its vision encoder.
    pub provider: String,
    settings: Settings,
    vision: Arc<LoadedModel>,
    embedder: Arc<LoadedModel>,
    encoder: Arc<LoadedModel>,
    decoder: DecoderGraphs,
}

/// What the vision encoder made of a picture, good for any number of tasks.
#[derive(Clone, Debug)]
pub struct Features {
    /// `[1, tokens, width]`: 577 tokens of a picture of 768 x 768.
    pub values: Array3<f32>,
    /// Width and height of the picture in pixels.
    pub size: (u32, u32),
}

impl Florence {
    /// Whether a model has the graphs of this family.
    pub fn has_graphs(installed: &Installed) -> bool {
        [VISION, EMBEDDER, ENCODER].iter().all(|name| has_graph(installed, name))
    }

    /// Loads the model that serves a role. `installed`: the files of that model. Refuses graphs of another family and names
    /// their tensors.
    pub async fn load(role: &str, installed: &Installed, cx: &ToolCx) -> Result<Self, ToolError> {
        let folder = installed.dir.clone();
        let settings = cx.blocking(move |_| Ok(Settings::open(&folder)?)).await?;
        let graph = async |name: &str, inputs: &[&str], output: &str| {
            let loaded = cx.model(&format!("{role}-{name}")).await?;
            check(&installed.id, name, loaded.model.as_ref(), inputs, output)?;
            Ok::<_, ToolError>(loaded)
        };
        let vision = graph(VISION, &["pixel_values"], "image_features").await?;
        let embedder = graph(EMBEDDER, &["input_ids"], "inputs_embeds").await?;
        let encoder = graph(ENCODER, &["inputs_embeds", "attention_mask"], "last_hidden_state").await?;
        let decoder = DecoderGraphs::load(role, installed, cx).await?;
        decoder.decoder()?;
        let (id, provider) = (installed.id.clone(), vision.provider.clone());
        Ok(Self { id, provider, settings, vision, embedder, encoder, decoder })
    }

    /// How answers are generated, by the model's own settings.
    pub fn options(&self) -> &GenerateOptions {
        &self.settings.options
    }

    /// The input f32 `[1, 3, height, width]` of the vision encoder.
    pub fn pixels(&self, image: &RgbImage) -> Array4<f32> {
        self.settings.processor.apply(image)
    }

    /// Looks at a picture.
    pub fn look(&self, image: &RgbImage, control: &RunControl) -> Result<Features, ToolError> {
        self.look_at(&self.pixels(image), image.dimensions(), control)
    }

    /// Looks at a prepared picture; `size`: width and height before it was prepared.
    pub fn look_at(&self, pixels: &Array4<f32>, size: (u32, u32), control: &RunControl) -> Result<Features, ToolError> {
        control.check()?;
        let pixels = [("pixel_values", Input::F32(pixels.view().into_dyn()))];
        Ok(Features { values: states(self.vision.model.as_ref(), VISION, &pixels, control)?, size })
    }

    /// The token ids of a task's prompt, with the marks around it. A wrong input is an error that says what is right.
    pub fn prompt(&self, task: Task, input: &str) -> Result<Vec<i64>, ToolError> {
        self.settings.prompt(task, input)
    }

    /// What the encoder makes of a picture and a prompt. A prompt longer than the positions that are left is an error.
    pub fn encode(&self, features: &Features, prompt: &[i64], control: &RunControl) -> Result<Encoded, ToolError> {
        let seen = features.values.len_of(Axis(1));
        if seen + prompt.len() > self.settings.positions {
            return Err(ToolError::invalid_input(format!(
                "the text is too long for {}: with the question around it it has {} tokens, and at most {} are possible",
                self.id,
                prompt.len(),
                self.settings.positions.saturating_sub(seen)
            )));
        }
        control.check()?;
        let ids = Array2::from_shape_fn((1, prompt.len()), |(_, at)| prompt[at]);
        let ids = [("input_ids", Input::I64(ids.view().into_dyn()))];
        let words = states(self.embedder.model.as_ref(), EMBEDDER, &ids, control)?;
        let embeds = concatenate(Axis(1), &[features.values.view(), words.view()]).map_err(|_| {
            ModelError::new(format!(
                "{}: {VISION} gives [1, tokens, {}] and {EMBEDDER} [1, tokens, {}]; the last sizes should be the same",
                self.id,
                features.values.len_of(Axis(2)),
                words.len_of(Axis(2))
            ))
        })?;
        let mask: Array2<i64> = Array2::ones((1, embeds.len_of(Axis(1))));
        let inputs = [
            ("inputs_embeds", Input::F32(embeds.view().into_dyn())),
            ("attention_mask", Input::I64(mask.view().into_dyn())),
        ];
        Ok(Encoded::all(states(self.encoder.model.as_ref(), ENCODER, &inputs, control)?))
    }

    /// The token ids of the answer.
    pub fn ids(
        &self,
        encoded: Encoded,
        options: &GenerateOptions,
        control: &RunControl,
    ) -> Result<Vec<i64>, ToolError> {
        let decoder = self.decoder.decoder()?.with_embedder(self.embedder.model.as_ref()).with_encoded(encoded);
        let start = Prompt::Ids(vec![self.settings.start]);
        Ok(generate(&decoder, &start, options, control, &mut |_| true)?.ids)
    }

    /// The answer to a task as the model gives it, with its special tokens. `input`: what the task needs beside the picture,
    /// empty for most ([`Task::input`]).
    pub fn say(&self, features: &Features, task: Task, input: &str, control: &RunControl) -> Result<String, ToolError> {
        self.say_with(features, (task, input), &self.settings.options, control)
    }

    /// The same, generated in another way than by the model's own settings ([`Florence::options`]).
    pub fn say_with(
        &self,
        features: &Features,
        (task, input): (Task, &str),
        options: &GenerateOptions,
        control: &RunControl,
    ) -> Result<String, ToolError> {
        let prompt = self.prompt(task, input)?;
        let encoded = self.encode(features, &prompt, control)?;
        let ids = self.ids(encoded, options, control)?;
        Ok(self.settings.text(&ids)?)
    }

    /// The answer to a task, with places in pixels of the picture.
    pub fn answer(
        &self,
        features: &Features,
        task: Task,
        input: &str,
        control: &RunControl,
    ) -> Result<Answer, ToolError> {
        Ok(parse(task, &self.say(features, task, input, control)?, features.size))
    }
}

/// Whether a graph takes no other inputs than these and gives this output.
fn check(id: &str, name: &str, model: &dyn Model, inputs: &[&str], output: &str) -> Result<(), ToolError> {
    let signature = model.signature();
    let understood = signature.inputs.iter().all(|input| inputs.contains(&input.name.as_str()));
    let has = |wanted: &str| signature.inputs.iter().any(|input| input.name == wanted);
    if understood && has(inputs[0]) && signature.outputs.iter().any(|known| known.name == output) {
        return Ok(());
    }
    Err(ToolError::internal(format!(
        "{id}: {name} should take {} and give {output}, as Florence-2's does; {}",
        inputs.join(" and "),
        signature.describe()
    )))
}

/// The first output `[1, tokens, width]` of a graph, fed with those of the inputs that it declares.
fn states(
    model: &dyn Model,
    name: &str,
    inputs: &[(&str, Input<'_>)],
    control: &RunControl,
) -> Result<Array3<f32>, ModelError> {
    let declared = |wanted: &str| model.signature().inputs.iter().any(|input| input.name == wanted);
    let inputs: Vec<(&str, Input<'_>)> = inputs.iter().filter(|(input, _)| declared(input)).cloned().collect();
    let mut states = None;
    model.run(&inputs, control, &mut |outputs| {
        let values = outputs.f32_at(0)?;
        let shape = values.shape().to_vec();
        let values = values.to_owned().into_dimensionality::<ndarray::Ix3>();
        states =
            Some(values.map_err(|_| {
                ModelError::new(format!("{name} gave the shape {shape:?}, expected [1, tokens, width]"))
            })?);
        Ok(())
    })?;
    states.ok_or_else(|| ModelError::new(format!("{name} gave nothing")))
}
