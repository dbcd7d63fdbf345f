//! `detect`: objects of a fixed set of classes, with boxes and counts.

mod decode;
mod family;
mod many;
mod names;
mod recognize;
mod tool;

use image::RgbImage;
use ndarray::Array3;

pub use many::detect_many;
pub(in crate::vision) use names::parse_names;
pub use tool::{Detect, DetectInput, DetectOutput, DetectedObject};
pub(in crate::vision) use tool::{Wanted, listing, named};

pub(super) use recognize::recognize;

use self::{family::Family, many::Fed};
use crate::{
    geom::BBox,
    onnx::{LoadedModel, RunControl},
    store::Resize,
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

/// A size of picture for what does not depend on it.
const ANY_SIZE: (u32, u32) = (640, 640);

/// The class names of a detector, in index order without the numbers that stand for no class.
pub fn class_names(model: &LoadedModel) -> Result<Vec<String>, ToolError> {
    let mut labels = Family::of(model, ANY_SIZE)?.labels;
    labels.retain(|label| label != names::NO_CLASS);
    Ok(labels)
}

/// Runs a detector on one picture. Best first; `min_score` overrides the family's threshold. Blocking.
pub fn detect(
    model: &LoadedModel,
    image: &RgbImage,
    min_score: Option<f32>,
    control: &RunControl,
) -> Result<Vec<Detection>, ToolError> {
    let Run { objects, .. } = run(model, image, min_score, control)?;
    Ok(objects.into_iter().map(|(detection, _)| detection).collect())
}

/// What one run of a detector gives.
pub(in crate::vision) struct Run {
    /// The objects, best first, each with the coefficients of its mask, if the model has masks.
    pub(in crate::vision) objects: Vec<(Detection, Vec<f32>)>,
    /// What those are coefficients of.
    pub(in crate::vision) prototypes: Option<Prototypes>,
}

/// What a segmenter of Ultralytics adds to its boxes.
pub(in crate::vision) struct Prototypes {
    /// `[coefficients, height, width]`: the sum of them all, each times its coefficient, is above 0 inside of an object.
    pub(in crate::vision) planes: Array3<f32>,
    /// How the picture was brought to the input.
    pub(in crate::vision) resize: Resize,
}

/// Whether a detector also draws masks.
pub(in crate::vision) fn has_masks(model: &LoadedModel) -> bool {
    Family::of(model, ANY_SIZE).is_ok_and(|family| family.coefficients > 0)
}

/// [`detect`], with the coefficients of each mask and the prototypes where the model has them.
pub(in crate::vision) fn run(
    model: &LoadedModel,
    image: &RgbImage,
    min_score: Option<f32>,
    control: &RunControl,
) -> Result<Run, ToolError> {
    let fed = Fed::of(model, image, min_score)?;
    let mut runs = many::run(model, std::slice::from_ref(&fed), control)?;
    runs.pop().ok_or_else(|| ToolError::internal(format!("{} gave nothing", model.id)))
}

#[cfg(test)]
mod tests;
