//! BLIP's image-text matching (Li et al. 2022) as one graph: `pixel_values [1, 3, h, w]`, `input_ids [texts, tokens]`, perhaps
//! `attention_mask`, to `itm_logits [texts, 2]` (no, yes), and where exported the map `gradcam` or `attention` `[texts, tokens,
//! rows, columns]`. `tokenizer.json`, `preprocessor_config.json` and `config.json` lie beside it.
//!
//! Grad-CAM (Selvaraju et al. 2017) as PNP-VQA (Tiong et al. 2022) uses it: cross-attention times the positive part of the gradient
//! of "yes", mean over heads; here the mean over the words of the text. ONNX Runtime makes no gradients, so the graph must hold them:
//! `tests/golden/tiny_matchers.py` exports such graphs.

use std::sync::Arc;

use image::RgbImage;
use ndarray::{Array2, Array4, ArrayView4, ArrayViewD, Axis, Ix4, s};

use super::{ROLE, plane::Grid};
use crate::{
    image::Processor,
    onnx::{Dim, Input, LoadedModel, ModelError, Outputs, RunControl, Signature, TensorInfo},
    tool::{ToolCx, ToolError},
    vision::{
        beside,
        embed::{softmax, text_inputs},
        phrases::{Length, Phrases, Tokens},
        recognize::{Recognition, named_input},
    },
};

/// Tokens that the reference library gives the model of a text.
const TOKENS: usize = 35;
/// Texts in one run.
const BATCH: usize = 8;
/// The first token of a text that is read with a picture.
const ENCODE: &str = "[ENC]";
const LOGITS: &str = "itm_logits";

/// What the map of a graph shows.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum MapKind {
    /// Where the attention speaks for the text.
    GradCam,
    /// Where the attention is, whether it speaks for the text or not.
    Attention,
}

impl MapKind {
    /// The name of the output, and of the source in the tool's output.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::GradCam => "gradcam",
            Self::Attention => "attention",
        }
    }
}

/// What the model says of one text.
#[derive(Clone, Debug, PartialEq)]
pub struct Matched {
    /// Probability, 0 to 1, that the text describes the picture.
    pub probability: f32,
    /// Where it is to be seen, if the graph has a map.
    pub map: Option<Grid>,
}

/// A matcher with what lies beside it. Cheap to clone.
#[derive(Clone)]
pub struct Matcher {
    model: Arc<LoadedModel>,
    phrases: Phrases,
    processor: Processor,
    length: Length,
    first: Option<i64>,
    together: bool,
    map: Option<MapKind>,
}

impl Matcher {
    /// Loads the first model of the role that is available.
    pub async fn open(cx: &ToolCx) -> Result<Self, ToolError> {
        let installed = cx.files(ROLE).await?;
        let model = cx.model(ROLE).await?;
        let signature = model.model.signature();
        let picture = read(signature).map_err(|why| {
            ToolError::internal(format!(
                "{} matches no images and texts: {why}. It has {}",
                model.id,
                signature.describe()
            ))
            .with_hint("known is BLIP's image-text matching, as tests/golden/tiny_matchers.py --model exports it")
        })?;
        let phrases = Phrases::of(&installed)?;
        let config = beside::json(&installed, "config.json")?.unwrap_or_default();
        let first = phrases.id(ENCODE).or_else(|| encode_token(&config["text_config"]));
        // A graph of one picture and any number of texts looks at the picture once for all of them.
        let texts = signature.inputs.iter().find(|input| input.name == "input_ids");
        let together = matches!(picture.dims.first(), Some(Dim::Fixed(1)))
            && matches!(texts.and_then(|texts| texts.dims.first()), Some(Dim::Free(_)));
        let processor = beside::processor(&installed, picture)?;
        let length = Length::UpTo(TOKENS).declared(signature);
        let map = map_of(signature);
        Ok(Self { model, phrases, processor, length, first, together, map })
    }

    /// The catalog id.
    pub fn id(&self) -> &str {
        &self.model.id
    }

    /// What the map of the graph shows, if it has one.
    pub fn map(&self) -> Option<MapKind> {
        self.map
    }

    /// The input f32 `[1, 3, height, width]` of a picture.
    pub fn pixels(&self, image: &RgbImage) -> Array4<f32> {
        self.processor.apply(image)
    }

    /// The token ids of a text, with the marks around it.
    pub fn ids(&self, text: &str) -> Result<Vec<i64>, ToolError> {
        let Tokens { ids, mask } = self.tokens(&[text.to_owned()])?;
        let used = ids.iter().zip(&mask).filter(|(_, used)| **used == 1);
        Ok(used.map(|(id, _)| *id).collect())
    }

    /// How well each text fits the picture of this input. Blocking.
    pub fn matches(
        &self,
        pixels: &Array4<f32>,
        texts: &[String],
        control: &RunControl,
    ) -> Result<Vec<Matched>, ToolError> {
        let mut found = Vec::with_capacity(texts.len());
        for batch in texts.chunks(if self.together { BATCH } else { 1 }) {
            control.check()?;
            let tokens = self.tokens(batch)?;
            let mut inputs = text_inputs(self.model.model.signature(), &tokens);
            inputs.push(("pixel_values", Input::F32(pixels.view().into_dyn())));
            self.model.model.run(&inputs, control, &mut |outputs| {
                found.extend(self.read(outputs, &tokens.mask)?);
                Ok(())
            })?;
        }
        Ok(found)
    }

    fn tokens(&self, texts: &[String]) -> Result<Tokens, ModelError> {
        let mut tokens = self.phrases.tokens(texts, self.length)?;
        if let (Some(first), true) = (self.first, tokens.ids.len_of(Axis(1)) > 0) {
            tokens.ids.column_mut(0).fill(first);
        }
        Ok(tokens)
    }

    fn read(&self, outputs: &Outputs<'_>, mask: &Array2<i64>) -> Result<Vec<Matched>, ModelError> {
        let logits = outputs.f32(LOGITS)?;
        let shape = logits.shape().to_vec();
        let texts = mask.len_of(Axis(0));
        if shape != [texts, 2] {
            return Err(ModelError::new(format!("{LOGITS} has the shape {shape:?}, expected [{texts}, 2]")));
        }
        let map = self.map.map(|kind| outputs.f32(kind.name())).transpose()?;
        let map = map.map(|map| checked(map, mask)).transpose()?;
        let rows = logits.axis_iter(Axis(0)).enumerate();
        Ok(rows
            .map(|(text, row)| {
                let shares = softmax(&row.iter().copied().collect::<Vec<f32>>());
                let map = map.as_ref().map(|map| mean_of_words(map, mask, text));
                Matched { probability: shares.get(1).copied().unwrap_or_default(), map }
            })
            .collect())
    }
}

/// A map that has a place for every token and at least one patch.
fn checked<'a>(map: ArrayViewD<'a, f32>, mask: &Array2<i64>) -> Result<ArrayView4<'a, f32>, ModelError> {
    let (shape, tokens) = (map.shape().to_vec(), mask.shape());
    match map.into_dimensionality::<Ix4>() {
        Ok(map) if shape[..2] == *tokens && !map.is_empty() => Ok(map),
        _ => Err(ModelError::new(format!(
            "the map has the shape {shape:?}, expected [{}, {}, rows, columns]",
            tokens[0], tokens[1]
        ))),
    }
}

/// The mean map of a text's words: its tokens without the marks at both ends.
fn mean_of_words(map: &ArrayView4<'_, f32>, mask: &Array2<i64>, text: usize) -> Grid {
    let used = mask.row(text).iter().filter(|used| **used == 1).count();
    let words = if used > 2 { 1..used - 1 } else { 0..used.max(1) };
    let words = map.slice(s![text, words, .., ..]);
    let (rows, columns) = (map.len_of(Axis(2)), map.len_of(Axis(3)));
    let values = words.mean_axis(Axis(0)).map(|mean| mean.iter().copied().collect()).unwrap_or_default();
    Grid { rows, columns, values }
}

/// `[ENC]` of a vocabulary that leaves it out, as the published one does: the last of the text model's, right after `[DEC]`,
/// which the configuration names as the start of texts.
fn encode_token(text_config: &serde_json::Value) -> Option<i64> {
    // Those of the published models, whose configuration leaves out what is usual.
    let number = |key: &str, usual: i64| text_config[key].as_i64().unwrap_or(usual);
    let (start, size) = (number("bos_token_id", 30522), number("vocab_size", 30524));
    (start + 2 == size).then_some(start + 1)
}

fn map_of(signature: &Signature) -> Option<MapKind> {
    let has = |kind: &MapKind| signature.outputs.iter().any(|output| output.name == kind.name());
    [MapKind::GradCam, MapKind::Attention].into_iter().find(has)
}

/// The picture that goes in, or what does not fit.
pub(super) fn read(signature: &Signature) -> Result<&TensorInfo, String> {
    let known = ["pixel_values", "input_ids", "attention_mask"];
    if let Some(other) = signature.inputs.iter().find(|input| !known.contains(&input.name.as_str())) {
        return Err(format!("the input {} is not understood", other.name));
    }
    if signature.inputs.iter().all(|input| input.name != "input_ids") {
        return Err("it has no input input_ids".into());
    }
    if signature.outputs.iter().all(|output| output.name != LOGITS) {
        return Err(format!("it has no output {LOGITS}"));
    }
    let picture = signature.inputs.iter().find(|input| input.name == "pixel_values");
    let picture = picture.ok_or("it has no input pixel_values")?;
    match picture.dims.as_slice() {
        [_, Dim::Fixed(3) | Dim::Free(_), _, _] => Ok(picture),
        _ => Err("pixel_values is no picture [1, 3, height, width]".into()),
    }
}

/// For `argus models inspect`.
pub(in crate::vision) fn recognize(signature: &Signature) -> Result<Recognition, String> {
    let picture = read(signature)?;
    let family = match map_of(signature) {
        Some(MapKind::GradCam) => "BLIP image-text matching with Grad-CAM",
        Some(MapKind::Attention) => "BLIP image-text matching with attention maps",
        None => "BLIP image-text matching",
    };
    Ok(named_input(ROLE, family, picture))
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failed set-up fails the test")]
mod tests {
    use ndarray::{ArrayD, IxDyn, arr2};
    use serde_json::json;

    use super::*;

    #[test]
    fn a_map_is_the_mean_of_the_words_between_the_marks() {
        // Two texts of two words and of one, over patches [1, 2]: the mark, the words, the mark, padding.
        let values = vec![9.0, 9.0, 1.0, 2.0, 3.0, 6.0, 9.0, 9.0, 9.0, 9.0, 5.0, 7.0, 9.0, 9.0, 0.0, 0.0];
        let map = ArrayD::from_shape_vec(IxDyn(&[2, 4, 1, 2]), values).unwrap();
        let mask = arr2(&[[1, 1, 1, 1], [1, 1, 1, 0]]);
        let map = checked(map.view(), &mask).unwrap();
        assert_eq!(mean_of_words(&map, &mask, 0), Grid { rows: 1, columns: 2, values: vec![2.0, 4.0] });
        assert_eq!(mean_of_words(&map, &mask, 1).values, [5.0, 7.0]);
    }

    #[test]
    fn maps_of_another_shape_are_refused() {
        let mask = arr2(&[[1, 1, 1]]);
        for shape in [vec![1, 2, 4, 4], vec![1, 3, 16], vec![1, 3, 0, 4], vec![2, 3, 4, 4]] {
            let error = checked(ArrayD::zeros(IxDyn(&shape)).view(), &mask).unwrap_err().to_string();
            assert!(error.contains("expected [1, 3, rows, columns]"), "{error}");
        }
    }

    #[test]
    fn the_mark_of_the_text_encoder_comes_after_the_start_of_texts() {
        assert_eq!(encode_token(&json!({"bos_token_id": 30522, "vocab_size": 30524})), Some(30523));
        assert_eq!(encode_token(&json!(null)), Some(30523));
        assert_eq!(encode_token(&json!({"vocab_size": 30522})), None);
    }
}
