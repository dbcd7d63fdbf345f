//! How much each pixel is what a text says, by CLIPSeg (Lüddecke and Ecker 2022; role `segment_text`): a picture and a few words
//! to a map. One graph, `tokenizer.json` and `preprocessor_config.json` beside it.
//!
//! This is no tool of its own: `segment` and others may ask [`relevance`].

use std::sync::Arc;

use image::{DynamicImage, GrayImage, Luma, RgbImage};
use ndarray::{Array4, ArrayViewD};

use super::{
    beside,
    embed::text_inputs,
    phrases::{Length, Phrases},
};
use crate::{
    image::{Filter, Processor, resize_plane, to_rgb},
    onnx::{Dim, Input, LoadedModel, ModelError, RunControl, Signature, TensorInfo},
    tool::{ToolCx, ToolError},
};

/// The role of these models.
pub const ROLE: &str = "segment_text";
/// Tokens that CLIP's text encoder takes.
const TOKENS: usize = 77;
/// Characters of a text; CLIP reads 77 tokens, which is less.
const LONGEST: usize = 500;

/// How much each pixel of a picture is what a text says.
#[derive(Clone, Debug, PartialEq)]
pub struct Relevance {
    /// The text.
    pub text: String,
    /// The picture's width in pixels.
    pub width: u32,
    /// The picture's height in pixels.
    pub height: u32,
    /// 0..=1, row by row. CLIPSeg is at ease between 0.3 and 0.5 for "this is it".
    pub values: Vec<f32>,
}

impl Relevance {
    /// The same as grey levels, 255 for 1.
    pub fn gray(&self) -> GrayImage {
        let at = |x: u32, y: u32| self.values.get((y as usize) * (self.width as usize) + x as usize);
        GrayImage::from_fn(self.width, self.height, |x, y| {
            Luma([at(x, y).map_or(0, |value| (value.clamp(0.0, 1.0) * 255.0).round() as u8)])
        })
    }

    /// 255 where the value is at least `threshold`, 0 elsewhere.
    pub fn mask(&self, threshold: f32) -> GrayImage {
        let at = |x: u32, y: u32| self.values.get((y as usize) * (self.width as usize) + x as usize);
        GrayImage::from_fn(self.width, self.height, |x, y| {
            Luma([if at(x, y).is_some_and(|value| *value >= threshold) { 255 } else { 0 }])
        })
    }
}

/// A map for each text, at the picture's size, by the first model of the role that is available. Errors name a text that is empty
/// or too long.
pub async fn relevance(cx: &ToolCx, image: &Arc<DynamicImage>, texts: &[String]) -> Result<Vec<Relevance>, ToolError> {
    let texts = texts.iter().map(|text| plain(text)).collect::<Result<Vec<_>, _>>()?;
    let segmenter = TextSegmenter::open(cx).await?;
    let image = image.clone();
    cx.blocking(move |control| {
        let image = to_rgb(&image);
        let pixels = segmenter.pixels(&image);
        let mut maps = Vec::with_capacity(texts.len());
        for text in texts {
            control.check()?;
            maps.push(segmenter.relevance(&pixels, image.dimensions(), text, control)?);
        }
        Ok(maps)
    })
    .await
}

/// A text with single spaces.
fn plain(text: &str) -> Result<String, ToolError> {
    let plain = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let length = plain.chars().count();
    if plain.is_empty() {
        return Err(ToolError::invalid_input("the text is empty; say what to look for, such as \"a red hat\""));
    }
    if length > LONGEST {
        return Err(ToolError::invalid_input(format!(
            "the text has {length} characters; a few words are enough, at most {LONGEST} characters"
        )));
    }
    Ok(plain)
}

/// CLIPSeg with what lies beside it. Cheap to clone.
#[derive(Clone)]
pub struct TextSegmenter {
    model: Arc<LoadedModel>,
    phrases: Phrases,
    processor: Processor,
    length: Length,
}

impl TextSegmenter {
    /// Loads the first model of the role that is available.
    pub async fn open(cx: &ToolCx) -> Result<Self, ToolError> {
        let installed = cx.files(ROLE).await?;
        let model = cx.model(ROLE).await?;
        let signature = model.model.signature();
        let picture = read(signature).map_err(|why| {
            ToolError::internal(format!("{} is no CLIPSeg: {why}. It has {}", model.id, signature.describe()))
        })?;
        let processor = beside::processor(&installed, picture)?;
        let length = Length::UpTo(TOKENS).declared(signature);
        let phrases = Phrases::of(&installed)?;
        Ok(Self { model, phrases, processor, length })
    }

    /// The catalog id.
    pub fn id(&self) -> &str {
        &self.model.id
    }

    /// The input f32 `[1, 3, height, width]` of a picture.
    pub fn pixels(&self, image: &RgbImage) -> Array4<f32> {
        self.processor.apply(image)
    }

    /// The map of a text over a picture of `size` (width, height) whose input is `pixels`. Blocking.
    pub fn relevance(
        &self,
        pixels: &Array4<f32>,
        size: (u32, u32),
        text: String,
        control: &RunControl,
    ) -> Result<Relevance, ToolError> {
        let tokens = self.phrases.tokens(std::slice::from_ref(&text), self.length)?;
        let mut inputs = text_inputs(self.model.model.signature(), &tokens);
        inputs.push(("pixel_values", Input::F32(pixels.view().into_dyn())));
        let mut values = Vec::new();
        self.model.model.run(&inputs, control, &mut |outputs| {
            let (plane, from) = probabilities(&outputs.f32("logits")?)?;
            values = resize_plane(&plane, from, size.0, size.1, Filter::BilinearCv);
            Ok(())
        })?;
        Ok(Relevance { text, width: size.0, height: size.1, values })
    }
}

/// The picture that goes in: `input_ids [1, tokens]`, `pixel_values [1, 3, h, w]`, perhaps `attention_mask`, to `logits [1, h, w]`.
pub(super) fn read(signature: &Signature) -> Result<&TensorInfo, String> {
    let known = ["pixel_values", "input_ids", "attention_mask"];
    if let Some(other) = signature.inputs.iter().find(|input| !known.contains(&input.name.as_str())) {
        return Err(format!("the input {} is not understood", other.name));
    }
    if signature.inputs.iter().all(|input| input.name != "input_ids") {
        return Err("it has no input input_ids".into());
    }
    if signature.outputs.iter().all(|output| output.name != "logits") {
        return Err("it has no output logits".into());
    }
    if signature.outputs.iter().any(|output| output.name == "pred_boxes") {
        return Err("it answers boxes, no map".into());
    }
    let picture = signature.inputs.iter().find(|input| input.name == "pixel_values");
    let picture = picture.ok_or("it has no input pixel_values")?;
    match picture.dims.as_slice() {
        [_, Dim::Fixed(3) | Dim::Free(_), _, _] => Ok(picture),
        _ => Err("pixel_values is no picture [1, 3, height, width]".into()),
    }
}

/// Sigmoids of `[h, w]`, `[1, h, w]` or `[1, 1, h, w]` (older exports drop dimensions of 1), with width and height.
fn probabilities(logits: &ArrayViewD<'_, f32>) -> Result<(Vec<f32>, (u32, u32)), ModelError> {
    let shape = logits.shape().to_vec();
    match shape.as_slice() {
        [before @ .., height, width] if before.iter().all(|size| *size == 1) && *height > 0 && *width > 0 => {
            let plane = logits.iter().map(|logit| 1.0 / (1.0 + (-logit).exp())).collect();
            Ok((plane, (*width as u32, *height as u32)))
        }
        _ => Err(ModelError::new(format!("logits have the shape {shape:?}, expected [1, height, width]"))),
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failed set-up fails the test")]
mod tests {
    use ndarray::{ArrayD, IxDyn};

    use super::*;
    use crate::onnx::{ElementType, fake::tensor};

    #[test]
    fn maps_of_any_rank_are_read() {
        for shape in [vec![2, 3], vec![1, 2, 3], vec![1, 1, 2, 3]] {
            let (plane, size) = probabilities(&ArrayD::zeros(IxDyn(&shape)).view()).unwrap();
            assert_eq!((plane, size), (vec![0.5; 6], (3, 2)));
        }
        let error = probabilities(&ArrayD::zeros(IxDyn(&[2, 2, 3])).view()).unwrap_err();
        assert!(error.to_string().contains("[2, 2, 3]"), "{error}");
    }

    #[test]
    fn a_map_becomes_grey_levels_or_a_mask() {
        let map = Relevance { text: "cat".into(), width: 2, height: 1, values: vec![0.2, 0.8] };
        assert_eq!(map.gray().into_raw(), [51, 204]);
        assert_eq!(map.mask(0.5).into_raw(), [0, 255]);
    }

    #[test]
    fn texts_that_cannot_be_used_are_named() {
        assert_eq!(plain(" red \n hat ").unwrap(), "red hat");
        assert!(plain("  ").unwrap_err().feedback.contains("the text is empty"));
        assert!(plain(&"a".repeat(10_000)).unwrap_err().feedback.contains("10000 characters"));
    }

    #[test]
    fn a_detector_is_not_taken_for_it() {
        let all = |names: &[&str]| -> Vec<TensorInfo> {
            names.iter().map(|name| tensor(name, ElementType::F32, &[0, 3, 0, 0])).collect()
        };
        let of = |inputs: &[&str], outputs: &[&str]| Signature {
            inputs: all(inputs),
            outputs: all(outputs),
            ..Signature::default()
        };
        assert!(read(&of(&["input_ids", "pixel_values", "attention_mask"], &["logits"])).is_ok());
        assert!(read(&of(&["input_ids", "pixel_values"], &["logits", "pred_boxes"])).unwrap_err().contains("boxes"));
        assert!(read(&of(&["pixel_values"], &["logits"])).unwrap_err().contains("input_ids"));
    }
}
