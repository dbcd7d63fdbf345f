//! `find`: things named in plain words, with boxes and counts, by detectors without fixed classes (role `find`): Grounding DINO
//! (Liu et al. 2023), OWL-ViT and OWLv2 (Minderer et al. 2022, 2023).

mod decode;
mod family;
mod prompt;
mod square;
mod tool;

use std::sync::Arc;

use image::RgbImage;
use ndarray::{Array2, Array3, Array4};

pub(super) use self::family::read;
pub use self::tool::{Find, FindInput, FindOutput};
use self::{family::Kind, prompt::Prompt, square::Square};
use super::{
    beside,
    detect::Detection,
    embed::text_inputs,
    phrases::{Length, Phrases, Tokens},
};
use crate::{
    geom::nms,
    image::{Mapping, Processor},
    onnx::{Dim, Input, LoadedModel, RunControl},
    tool::{ToolCx, ToolError},
};

/// The role of these models.
pub const ROLE: &str = "find";
/// Most boxes of one picture.
const LIMIT: usize = 300;
/// Tokens of one query of OWL-ViT.
const QUERY_TOKENS: usize = 16;

/// A detector that is told in words what to look for. Cheap to clone.
#[derive(Clone)]
pub struct Finder {
    model: Arc<LoadedModel>,
    kind: Kind,
    phrases: Phrases,
    look: Look,
}

#[derive(Clone)]
enum Look {
    /// By the steps of its own settings; boxes are shares of the whole picture.
    Plain(Processor),
    /// Padded to a square; boxes are shares of that.
    Square(Square),
}

impl Finder {
    /// Loads the first model of the role that is available.
    pub async fn open(cx: &ToolCx) -> Result<Self, ToolError> {
        let installed = cx.files(ROLE).await?;
        let model = cx.model(ROLE).await?;
        let signature = model.model.signature();
        let (kind, picture) = read(signature).map_err(|why| {
            ToolError::internal(format!(
                "{} is no detector that takes words: {why}. It has {}",
                model.id,
                signature.describe()
            ))
            .with_hint("known are Grounding DINO, OWL-ViT and OWLv2 exports with one graph")
        })?;
        let phrases = Phrases::of(&installed)?;
        let file = beside::needed(&installed, "preprocessor_config.json")?;
        let text = fs_err::read_to_string(file).map_err(|error| ToolError::internal(error.to_string()))?;
        let square = match kind {
            Kind::Owl => Square::from_json(&text).map_err(|why| ToolError::internal(format!("{}: {why}", model.id)))?,
            // Its do_pad is about batches.
            Kind::GroundingDino => None,
        };
        let look = match (square, picture.dims.get(2)) {
            (Some(square), Some(Dim::Fixed(side))) => Look::Square(square.of_side(*side as u32)),
            (Some(square), _) => Look::Square(square),
            (None, _) => Look::Plain(beside::processor(&installed, picture)?),
        };
        Ok(Self { model, kind, phrases, look })
    }

    /// The catalog id.
    pub fn id(&self) -> &str {
        &self.model.id
    }

    /// The input f32 `[1, 3, height, width]` of a picture.
    pub fn pixels(&self, image: &RgbImage) -> Array4<f32> {
        match &self.look {
            Look::Plain(processor) => processor.apply(image),
            Look::Square(square) => square.apply(image),
        }
    }

    /// The things of these names, best first, boxes in pixels of a picture of `size` (width, height) whose input is `pixels`.
    /// `min_score` overrides the model's threshold. Blocking.
    pub fn find(
        &self,
        pixels: &Array4<f32>,
        size: (u32, u32),
        labels: &[String],
        min_score: Option<f32>,
        control: &RunControl,
    ) -> Result<Vec<Detection>, ToolError> {
        let facts = &self.model.facts;
        let threshold = min_score.or(facts.threshold).unwrap_or(self.kind.usual_threshold());
        let (width, height) = size;
        let (across, down) = match self.look {
            Look::Plain(_) => (width as f32, height as f32),
            Look::Square(_) => (width.max(height) as f32, width.max(height) as f32),
        };
        // From a frame whose sides are 1.
        let mapping = Mapping { scale_x: 1.0 / across, scale_y: 1.0 / down, left: 0.0, top: 0.0, width, height };
        let found = match self.kind {
            Kind::GroundingDino => self.by_prompt(pixels, labels, threshold, &mapping, control)?,
            Kind::Owl => self.by_queries(pixels, labels, threshold, &mapping, control)?,
        };
        let found = found.into_iter().filter(|candidate| candidate.bbox.area() > 0.0).collect();
        let kept = nms(found, facts.iou.unwrap_or(self.kind.usual_iou()), LIMIT);
        let detection = |candidate: crate::geom::Candidate| {
            let label = labels.get(candidate.class).cloned().unwrap_or_default();
            Detection { label, score: candidate.score, bbox: candidate.bbox }
        };
        Ok(kept.into_iter().map(detection).collect())
    }

    /// Grounding DINO: one text of all labels.
    fn by_prompt(
        &self,
        pixels: &Array4<f32>,
        labels: &[String],
        threshold: f32,
        mapping: &Mapping,
        control: &RunControl,
    ) -> Result<Vec<crate::geom::Candidate>, ToolError> {
        let Prompt { ids, spans } = Prompt::of(labels, &self.phrases)?;
        let count = ids.len();
        let row = |value| Array2::from_elem((1, count), value);
        let mut tokens = Tokens { ids: row(0), mask: row(1) };
        tokens.ids.iter_mut().zip(&ids).for_each(|(place, id)| *place = *id);
        let types = row(0);
        let everywhere = Array3::from_elem((1, pixels.shape()[2], pixels.shape()[3]), 1_i64);
        let signature = self.model.model.signature();
        let mut inputs = text_inputs(signature, &tokens);
        inputs.push(("pixel_values", Input::F32(pixels.view().into_dyn())));
        for (name, values) in
            [("token_type_ids", types.view().into_dyn()), ("pixel_mask", everywhere.view().into_dyn())]
        {
            if signature.inputs.iter().any(|input| input.name == name) {
                inputs.push((name, Input::I64(values)));
            }
        }
        let mut found = Vec::new();
        self.model.model.run(&inputs, control, &mut |outputs| {
            found = decode::grounding_dino(outputs, &spans, threshold, mapping)?;
            Ok(())
        })?;
        Ok(found)
    }

    /// OWL-ViT: a text for each label.
    fn by_queries(
        &self,
        pixels: &Array4<f32>,
        labels: &[String],
        threshold: f32,
        mapping: &Mapping,
        control: &RunControl,
    ) -> Result<Vec<crate::geom::Candidate>, ToolError> {
        let texts: Vec<String> = labels.iter().map(|label| query(label)).collect();
        let length = Length::Exactly(QUERY_TOKENS).declared(self.model.model.signature());
        let tokens = self.phrases.tokens(&texts, length)?;
        let mut inputs = text_inputs(self.model.model.signature(), &tokens);
        inputs.push(("pixel_values", Input::F32(pixels.view().into_dyn())));
        let mut found = Vec::new();
        self.model.model.run(&inputs, control, &mut |outputs| {
            found = decode::owl(outputs, texts.len(), threshold, mapping)?;
            Ok(())
        })?;
        Ok(found)
    }
}

/// The words that OWL-ViT was trained with.
fn query(label: &str) -> String {
    let lower = label.to_lowercase();
    let bare = ["a ", "an ", "the "].iter().find_map(|article| lower.strip_prefix(article)).unwrap_or(&lower);
    format!("a photo of a {bare}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn queries_have_one_article() {
        assert_eq!(
            ["Cat", "a red hat", "the sign", "anchor"].map(query),
            ["a photo of a cat", "a photo of a red hat", "a photo of a sign", "a photo of a anchor"]
        );
    }
}
