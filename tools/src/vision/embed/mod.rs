//! Pictures and texts as vectors of one space (CLIP, SigLIP; role `embed`): how well a text fits a picture, how alike two
//! pictures are. One graph for both or a `vision_model` and a `text_model`, with `tokenizer.json` and
//! `preprocessor_config.json` beside them.
//!
//! Sources: Radford et al. 2021 (CLIP), Zhai et al. 2023 (SigLIP), and the exports of optimum.

mod family;
mod likeness;
mod memory;
mod tool;

use std::{path::PathBuf, sync::Arc};

use image::RgbImage;
use indexmap::IndexSet;
use ndarray::{Array4, ArrayViewD, Axis};

pub(super) use self::likeness::{cosine, softmax};
pub use self::{
    family::Kind,
    likeness::Scale,
    tool::{Embed, EmbedInput, EmbedOutput, Embedded},
};
use self::{
    family::Names,
    likeness::unit,
    memory::{Vectors, memory},
};
use super::{
    beside,
    phrases::{Length, Phrases, Tokens},
};
use crate::{
    image::Processor,
    onnx::{Input, LoadedModel, ModelError, Outputs, RunControl, Signature, TensorInfo, has_graph},
    tool::{ToolCx, ToolError},
};

/// The role of these models.
pub const ROLE: &str = "embed";
/// Texts in one run: a bound on memory, and a chance to stop between runs.
const BATCH: usize = 32;
/// Texts that tell the factors of a joint graph where a call has too few of its own.
const PROBES: [&str; 2] = ["a photo", "a page of text"];

/// A model that maps pictures and texts to vectors of length 1. Cheap to clone.
#[derive(Clone)]
pub struct Embedder {
    /// The catalog id.
    pub id: String,
    /// How its likeness is read.
    pub kind: Kind,
    vision: Arc<LoadedModel>,
    /// None: one graph does both.
    text: Option<Arc<LoadedModel>>,
    names: Names,
    phrases: Phrases,
    length: Length,
    processor: Processor,
    scale: Option<Scale>,
    graph: PathBuf,
}

/// The picture that goes into a joint graph, or what does not fit.
pub(super) fn read(signature: &Signature) -> Result<&TensorInfo, String> {
    family::joint(signature, None)?;
    signature.inputs.iter().find(|input| input.name == "pixel_values").ok_or_else(|| "it has no picture".into())
}

impl Embedder {
    /// Loads the first model of the role that is available.
    pub async fn open(cx: &ToolCx) -> Result<Self, ToolError> {
        let installed = cx.files(ROLE).await?;
        let is_split = !has_graph(&installed, "model")
            && has_graph(&installed, "vision_model")
            && has_graph(&installed, "text_model");
        let (vision, text) = if is_split {
            (cx.model("embed-vision_model").await?, Some(cx.model("embed-text_model").await?))
        } else {
            (cx.model(ROLE).await?, None)
        };
        let facts = &installed.facts;
        let signature = vision.model.signature();
        let family = facts.family.as_deref();
        let read = match &text {
            Some(text) => family::split(signature, text.model.signature(), family),
            None => family::joint(signature, family),
        };
        let (kind, names) = read.map_err(|why| {
            let all = text.iter().chain([&vision]).map(|model| model.model.signature().describe());
            let all: Vec<String> = all.collect();
            ToolError::internal(format!(
                "{} maps no pictures and texts to one space: {why}. It has {}",
                installed.id,
                all.join("; and ")
            ))
            .with_hint("known are CLIP and SigLIP, as one graph or as vision_model and text_model")
        })?;
        let phrases = Phrases::of(&installed)?;
        let config = beside::json(&installed, "config.json")?;
        let positions = config.as_ref().and_then(|config| config["text_config"]["max_position_embeddings"].as_u64());
        let most = positions.map_or(kind.usual_length(), |positions| positions as usize);
        let usual = match kind {
            Kind::Clip => Length::UpTo(most),
            Kind::Siglip => Length::Exactly(most),
        };
        let length = usual.declared(text.as_ref().unwrap_or(&vision).model.signature());
        let picture = signature.inputs.iter().find(|input| input.name == "pixel_values");
        let processor = beside::processor(&installed, picture.unwrap_or(&EMPTY))?;
        let scale = match (facts.logit_scale, kind) {
            (Some(factor), _) => Some(Scale { factor, bias: facts.logit_bias.unwrap_or(0.0) }),
            (None, Kind::Clip) if is_split => Some(Scale { factor: 100.0, bias: 0.0 }),
            _ => None,
        };
        let graph = installed.main().to_owned();
        Ok(Self { id: installed.id, kind, vision, text, names, phrases, length, processor, scale, graph })
    }

    /// The input f32 `[1, 3, height, width]` of a picture.
    pub fn pixels(&self, image: &RgbImage) -> Array4<f32> {
        self.processor.apply(image)
    }

    /// The vector of a picture, of length 1. Blocking.
    pub fn picture(&self, pixels: &Array4<f32>, control: &RunControl) -> Result<Vec<f32>, ToolError> {
        match self.text {
            Some(_) => self.seen(pixels, control),
            None => self.both(pixels, &[PROBES[0].to_owned()], control).map(|seen| seen.picture),
        }
    }

    /// How likely each text fits a picture, 0..=1: for CLIP shares of 1, for `SigLIP` each by itself. Texts are encoded once in
    /// a process. Blocking.
    pub fn likelihoods(
        &self,
        pixels: &Array4<f32>,
        texts: &[String],
        control: &RunControl,
    ) -> Result<Vec<f32>, ToolError> {
        let (cosines, scale) = self.cosines(pixels, texts, control)?;
        Ok(scale.probabilities(self.kind, &cosines))
    }

    /// The cosine of the picture's vector and each text's, -1..=1, and the factors that make logits of them. Blocking.
    pub fn cosines(
        &self,
        pixels: &Array4<f32>,
        texts: &[String],
        control: &RunControl,
    ) -> Result<(Vec<f32>, Scale), ToolError> {
        let texts = written(texts);
        let mut known = memory().vectors(&self.graph, &texts);
        let missing: IndexSet<String> = texts.iter().filter(|text| !known.contains_key(*text)).cloned().collect();
        let (picture, scale) = if let Some(model) = &self.text {
            self.by_two(model, pixels, missing, &mut known, control)?
        } else {
            self.by_one(pixels, missing, &mut known, control)?
        };
        let scale = scale.ok_or_else(|| self.no_scale())?;
        let cosines = texts.iter().map(|text| match known.get(text) {
            Some(vector) if vector.len() == picture.len() => Ok(cosine(vector, &picture)),
            other => Err(ToolError::internal(format!(
                "{} gives {} values for a text and {} for a picture, which cannot be compared",
                self.id,
                other.map_or(0, |vector| vector.len()),
                picture.len()
            ))),
        });
        Ok((cosines.collect::<Result<Vec<f32>, _>>()?, scale))
    }

    /// The vectors of texts, of length 1. Texts are encoded once in a process. Blocking.
    pub fn texts(&self, texts: &[String], control: &RunControl) -> Result<Vec<Vec<f32>>, ToolError> {
        let texts = written(texts);
        let mut known = memory().vectors(&self.graph, &texts);
        let missing: IndexSet<String> = texts.iter().filter(|text| !known.contains_key(*text)).cloned().collect();
        let missing: Vec<String> = missing.into_iter().collect();
        // A joint graph wants some picture; what it shows does not change the texts.
        let blank = self.text.is_none().then(|| self.pixels(&RgbImage::new(8, 8)));
        for batch in missing.chunks(BATCH) {
            control.check()?;
            let found = match (&self.text, &blank) {
                (Some(model), _) => self.read(model, batch, control)?,
                (None, Some(blank)) => self.both(blank, batch, control)?.texts,
                (None, None) => Vec::new(),
            };
            self.take(batch, found, &mut known);
        }
        Ok(texts.iter().map(|text| known.get(text).map(|vector| vector.to_vec()).unwrap_or_default()).collect())
    }

    /// The picture's vector, and those of the missing texts, by two graphs.
    fn by_two(
        &self,
        model: &LoadedModel,
        pixels: &Array4<f32>,
        missing: IndexSet<String>,
        known: &mut Vectors,
        control: &RunControl,
    ) -> Result<(Vec<f32>, Option<Scale>), ToolError> {
        let missing: Vec<String> = missing.into_iter().collect();
        for batch in missing.chunks(BATCH) {
            control.check()?;
            self.take(batch, self.read(model, batch, control)?, known);
        }
        control.check()?;
        Ok((self.seen(pixels, control)?, self.scale))
    }

    /// The same by one graph, which tells the factors too.
    fn by_one(
        &self,
        pixels: &Array4<f32>,
        mut missing: IndexSet<String>,
        known: &mut Vectors,
        control: &RunControl,
    ) -> Result<(Vec<f32>, Option<Scale>), ToolError> {
        let mut scale = self.scale.or_else(|| memory().scale(&self.graph));
        // The graph wants texts even where all are known, and two tell the factors.
        if scale.is_none() || missing.is_empty() {
            missing.extend(PROBES.iter().map(|probe| (*probe).to_owned()));
        }
        let missing: Vec<String> = missing.into_iter().collect();
        let mut picture = Vec::new();
        for batch in missing.chunks(BATCH) {
            control.check()?;
            let seen = self.both(pixels, batch, control)?;
            if let (None, Some(found)) = (scale, seen.scale) {
                scale = Some(found);
                memory().keep_scale(&self.graph, found);
            }
            picture = seen.picture;
            self.take(batch, seen.texts, known);
        }
        Ok((picture, scale))
    }

    fn take(&self, texts: &[String], found: Vec<Vec<f32>>, known: &mut Vectors) {
        let mut memory = memory();
        for (text, vector) in texts.iter().zip(found) {
            let vector: Arc<[f32]> = vector.into();
            memory.keep(&self.graph, text, vector.clone());
            known.insert(text.clone(), vector);
        }
    }

    fn no_scale(&self) -> ToolError {
        ToolError::internal(format!("{} does not tell its logit scale and bias", self.id)).with_hint(
            "give logit_scale and logit_bias (those of the model's own weights, the scale after exp) with the model, or use \
             its joint graph",
        )
    }

    /// The picture's vector by the vision graph alone.
    fn seen(&self, pixels: &Array4<f32>, control: &RunControl) -> Result<Vec<f32>, ToolError> {
        let inputs = [("pixel_values", Input::F32(pixels.view().into_dyn()))];
        let mut rows = Vec::new();
        self.vision.model.run(&inputs, control, &mut |outputs| {
            rows = vectors(&outputs.f32(self.names.picture)?, self.names.picture, 1)?;
            Ok(())
        })?;
        Ok(rows.remove(0))
    }

    /// The texts' vectors by the text graph alone.
    fn read(&self, model: &LoadedModel, texts: &[String], control: &RunControl) -> Result<Vec<Vec<f32>>, ToolError> {
        let tokens = self.phrases.tokens(texts, self.length)?;
        let mut rows = Vec::new();
        model.model.run(&text_inputs(model.model.signature(), &tokens), control, &mut |outputs| {
            rows = vectors(&outputs.f32(self.names.text)?, self.names.text, texts.len())?;
            Ok(())
        })?;
        Ok(rows)
    }

    /// Picture and texts by one graph.
    fn both(&self, pixels: &Array4<f32>, texts: &[String], control: &RunControl) -> Result<Seen, ToolError> {
        let tokens = self.phrases.tokens(texts, self.length)?;
        let mut inputs = text_inputs(self.vision.model.signature(), &tokens);
        inputs.push(("pixel_values", Input::F32(pixels.view().into_dyn())));
        let mut seen = Seen::default();
        self.vision.model.run(&inputs, control, &mut |outputs| {
            seen = Seen {
                picture: vectors(&outputs.f32(self.names.picture)?, self.names.picture, 1)?.remove(0),
                texts: vectors(&outputs.f32(self.names.text)?, self.names.text, texts.len())?,
                scale: None,
            };
            seen.scale = self.graph_scale(outputs, &seen);
            Ok(())
        })?;
        Ok(seen)
    }

    /// The factors by which the graph made its logits.
    fn graph_scale(&self, outputs: &Outputs<'_>, seen: &Seen) -> Option<Scale> {
        let logits: Vec<f32> = outputs.f32("logits_per_image").ok()?.iter().copied().collect();
        let cosines: Vec<f32> = seen.texts.iter().map(|text| cosine(text, &seen.picture)).collect();
        (logits.len() == cosines.len()).then(|| Scale::fitted(self.kind, &cosines, &logits)).flatten()
    }
}

/// What one run of a joint graph gives.
#[derive(Default)]
struct Seen {
    picture: Vec<f32>,
    texts: Vec<Vec<f32>>,
    scale: Option<Scale>,
}

/// `SigLIP` was trained on lower case; CLIP's tokenizer makes it so.
fn written(texts: &[String]) -> Vec<String> {
    texts.iter().map(|text| text.to_lowercase()).collect()
}

static EMPTY: TensorInfo = TensorInfo { name: String::new(), element: crate::onnx::ElementType::F32, dims: Vec::new() };

/// Token ids, and the mask where the graph asks for it.
pub(super) fn text_inputs<'a>(signature: &Signature, tokens: &'a Tokens) -> Vec<(&'static str, Input<'a>)> {
    let mut inputs = vec![("input_ids", Input::I64(tokens.ids.view().into_dyn()))];
    if signature.inputs.iter().any(|input| input.name == "attention_mask") {
        inputs.push(("attention_mask", Input::I64(tokens.mask.view().into_dyn())));
    }
    inputs
}

/// The rows of `[count, d]`, brought to length 1.
fn vectors(values: &ArrayViewD<'_, f32>, name: &str, count: usize) -> Result<Vec<Vec<f32>>, ModelError> {
    if values.ndim() != 2 || values.shape()[0] != count {
        let shape = values.shape();
        return Err(ModelError::new(format!("the output {name} has the shape {shape:?}, expected [{count}, values]")));
    }
    Ok(values.axis_iter(Axis(0)).map(|row| unit(row.iter().copied().collect())).collect())
}
