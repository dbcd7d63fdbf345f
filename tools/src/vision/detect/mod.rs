//! `detect`: objects of a fixed set of classes, with boxes and counts.

mod decode;
mod family;
mod names;
mod recognise;
mod tool;

use image::RgbImage;
use ndarray::{Array3, Axis, Ix3};

pub(in crate::vision) use names::parse_names;
pub use tool::{Detect, DetectInput, DetectOutput, DetectedObject};
pub(in crate::vision) use tool::{Wanted, listing, named};

pub(super) use recognise::recognise;

use self::family::Family;
use crate::{
    geom::BBox,
    onnx::{Input, LoadedModel, ModelError, RunControl},
    store::Resize,
    tool::ToolError,
    vision::segment::all_valid,
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
    let family = Family::of(model, image.dimensions())?;
    let (tensor, mapping) = family.preprocess.apply(image);
    let threshold = min_score.unwrap_or(family.threshold);
    let view = tensor.view().into_dyn();
    let size = ndarray::arr2(&[[i64::from(image.width()), i64::from(image.height())]]).into_dyn();
    let mut inputs = vec![(family.input.as_str(), Input::F32(view))];
    if let Some(name) = &family.size_input {
        inputs.push((name, Input::I64(size.view())));
    }
    let mask = family.mask_input.as_ref().map(|info| (info, all_valid(info, &tensor)));
    if let Some((info, mask)) = &mask {
        inputs.push((&info.name, Input::I64(mask.view().into_dyn())));
    }
    let (mut found, mut prototypes) = (Vec::new(), None);
    model.model.run(&inputs, control, &mut |outputs| {
        for (candidate, row) in decode::decode(&family, outputs, threshold, &mapping)? {
            let coefficients =
                if family.coefficients > 0 { decode::coefficients(&family, outputs, row)? } else { Vec::new() };
            found.push((candidate, coefficients));
        }
        if family.coefficients > 0 {
            let planes = outputs.f32_at(1)?.index_axis_move(Axis(0), 0).into_dimensionality::<Ix3>();
            let planes = planes.map_err(|error| ModelError::new(format!("the prototypes of masks: {error}")))?;
            prototypes = Some(Prototypes { planes: planes.to_owned(), resize: family.preprocess.resize });
        }
        Ok(())
    })?;
    let named = found.into_iter().filter(|(candidate, _)| candidate.bbox.area() > 0.0).map(|(candidate, mask)| {
        let label = family.labels.get(candidate.class).cloned().ok_or_else(|| {
            ModelError::new(format!(
                "{} answered class {} but has {} class names; give all of them as labels",
                model.id,
                candidate.class,
                family.labels.len()
            ))
        })?;
        Ok((Detection { label, score: candidate.score, bbox: candidate.bbox }, mask))
    });
    let mut objects = named.collect::<Result<Vec<_>, ToolError>>()?;
    objects.retain(|(detection, _)| detection.label != names::NO_CLASS);
    Ok(Run { objects, prototypes })
}

#[cfg(test)]
mod tests;
