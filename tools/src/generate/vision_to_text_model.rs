//! A loaded picture-to-text model: its graphs and what lies next to them.

use std::sync::Arc;

use image::RgbImage;

use super::{DecoderGraphs, GenerateOptions, Generated, VisionToText};
use crate::{
    onnx::{Dim, LoadedModel, RunControl, Signature, has_graph},
    store::Installed,
    tool::{ToolCx, ToolError},
};

/// The graph that looks at the picture, as optimum names it.
const ENCODER: &str = "encoder_model";
/// The graphs of a BLIP: the picture's, and that of the text, which has no cache.
const BLIP: [&str; 2] = ["visual", "textual"];

/// A picture encoder and a text decoder, ready to run: ViT-GPT2 and BLIP caption, TrOCR reads a line of text.
pub struct VisionToTextModel {
    /// The id of the model.
    pub id: String,
    /// The execution provider of its encoder.
    pub provider: String,
    settings: VisionToText,
    encoder: Arc<LoadedModel>,
    decoder: DecoderGraphs,
}

impl VisionToTextModel {
    /// Whether a model has the graphs of this family: `encoder_model` and a decoder, or files for `visual` and `textual`.
    pub fn has_graphs(installed: &Installed) -> bool {
        has_graph(installed, ENCODER) || is_blip(installed)
    }

    /// Loads the model that serves a role. `installed`: the files of that model. Refuses graphs that are no such model and
    /// names their tensors.
    pub async fn load(role: &str, installed: &Installed, cx: &ToolCx) -> Result<Self, ToolError> {
        let (folder, blip) = (installed.dir.clone(), !has_graph(installed, ENCODER) && is_blip(installed));
        let open = if blip { VisionToText::open_blip } else { VisionToText::open };
        let settings = cx.blocking(move |_| Ok(open(&folder)?)).await?;
        let name = if blip { BLIP[0] } else { ENCODER };
        let encoder = cx.model(&format!("{role}-{name}")).await?;
        let signature = encoder.model.signature();
        if !takes_a_picture(signature) {
            return Err(ToolError::internal(format!(
                "{}: {name} should take pixel_values [batch, 3, height, width] alone; {}",
                installed.id,
                signature.describe()
            )));
        }
        let decoder = if blip {
            DecoderGraphs::One(cx.model(&format!("{role}-{}", BLIP[1])).await?)
        } else {
            DecoderGraphs::load(role, installed, cx).await?
        };
        decoder.decoder()?;
        Ok(Self { id: installed.id.clone(), provider: encoder.provider.clone(), settings, encoder, decoder })
    }

    /// The text of a picture, without outer spaces. Blocking.
    pub fn read(&self, image: &RgbImage, control: &RunControl) -> Result<String, ToolError> {
        self.read_with(image, self.options(), control)
    }

    /// How texts are generated, by the model's own settings.
    pub fn options(&self) -> &GenerateOptions {
        &self.settings.options
    }

    /// The text of a picture, generated in another way than by the model's own settings. Blocking.
    pub fn read_with(
        &self,
        image: &RgbImage,
        options: &GenerateOptions,
        control: &RunControl,
    ) -> Result<String, ToolError> {
        Ok(self.settings.text(&self.say(image, options, control)?.ids)?)
    }

    /// The same as [`Self::read`], and how sure the model is of it, in 0..=1. Blocking.
    pub fn read_scored(&self, image: &RgbImage, control: &RunControl) -> Result<(String, f32), ToolError> {
        let said = self.say(image, self.options(), control)?;
        Ok((self.settings.text(&said.ids)?, said.confidence()))
    }

    fn say(&self, image: &RgbImage, options: &GenerateOptions, control: &RunControl) -> Result<Generated, ToolError> {
        let encoded = self.settings.encode(self.encoder.model.as_ref(), &self.settings.pixels(image), control)?;
        control.check()?;
        Ok(self.settings.say(self.decoder.decoder()?, encoded, options, control)?)
    }
}

/// Exports of BLIP put the name of the model around the graph's: `blip-base-visual.onnx`.
fn is_blip(installed: &Installed) -> bool {
    let has = |word: &str| {
        let words = |file: &str| file.strip_suffix(".onnx").is_some_and(|stem| parts(stem).any(|part| part == word));
        installed.files.keys().any(|file| words(&file.to_lowercase()))
    };
    BLIP.iter().all(|word| has(word))
}

fn parts(stem: &str) -> impl Iterator<Item = &str> {
    stem.split(|c: char| !c.is_alphanumeric())
}

/// `pixel_values [batch, 3, height, width]` and nothing else.
fn takes_a_picture(signature: &Signature) -> bool {
    match signature.inputs.as_slice() {
        [input] => {
            input.name == "pixel_values" && matches!(input.dims.as_slice(), [_, Dim::Fixed(3) | Dim::Free(_), _, _])
        }
        _ => false,
    }
}
