//! `detect`: objects of a fixed set of classes, with boxes and counts.

mod decode;
mod family;
mod names;
mod recognise;
mod tool;

use image::RgbImage;

pub(in crate::vision) use names::parse_names;
pub(in crate::vision) use tool::{Wanted, listing};
pub use tool::{Detect, DetectInput, DetectOutput, DetectedObject};

pub(super) use recognise::recognise;

use self::family::Family;
use crate::{
    geom::BBox,
    onnx::{Input, LoadedModel, ModelError, RunControl},
    tool::ToolError,
};

/// One object that a detector found.
#[derive(Clone, Debug, PartialEq)]
pub struct Detection {
    /// Class name.
    pub label: String,
    /// Confidence in 0..=1.
    pub score: f32,
    /// Where, in pixels of the picture.
    pub bbox: BBox,
}

/// The class names of a detector, in index order.
pub fn class_names(model: &LoadedModel) -> Result<Vec<String>, ToolError> {
    Ok(Family::of(model)?.labels)
}

/// Runs a detector on one picture. Best first; `min_score` overrides the family's threshold. Blocking.
pub fn detect(
    model: &LoadedModel,
    image: &RgbImage,
    min_score: Option<f32>,
    control: &RunControl,
) -> Result<Vec<Detection>, ToolError> {
    let family = Family::of(model)?;
    let (tensor, mapping) = family.preprocess.apply(image);
    let threshold = min_score.unwrap_or(family.threshold);
    let view = tensor.view().into_dyn();
    let size = ndarray::arr2(&[[i64::from(image.width()), i64::from(image.height())]]).into_dyn();
    let mut inputs = vec![(family.input.as_str(), Input::F32(view))];
    if let Some(name) = &family.size_input {
        inputs.push((name, Input::I64(size.view())));
    }
    let mut found = Vec::new();
    model.model.run(&inputs, control, &mut |outputs| {
        found = decode::decode(&family, outputs, threshold, &mapping)?;
        Ok(())
    })?;
    found
        .into_iter()
        .filter(|candidate| candidate.bbox.area() > 0.0)
        .map(|candidate| {
            let label = family.labels.get(candidate.class).cloned().ok_or_else(|| {
                ModelError::new(format!(
                    "{} answered class {} but has {} class names; give all of them as labels",
                    model.id,
                    candidate.class,
                    family.labels.len()
                ))
            })?;
            Ok(Detection { label, score: candidate.score, bbox: candidate.bbox })
        })
        .collect()
}

#[cfg(test)]
mod tests;
