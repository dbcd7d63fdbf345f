//! A detector over one picture or many: what is fed, the run, and which box is of which picture.

use image::RgbImage;
use ndarray::{Array2, Array4, Axis, Ix3, concatenate};

use super::{Detection, Prototypes, Run, decode, family::Family, names};
use crate::{
    image::Mapping,
    onnx::{Batched, Input, LoadedModel, ModelError, Outputs, RunControl, most_together, run_all},
    tool::ToolError,
    vision::segment::all_valid,
};

/// Values of the input that most detectors take.
const USUAL_VALUES: usize = 3 * 640 * 640;

/// Runs a detector on many pictures: one answer for each, in their order, as [`detect`](super::detect) gives it. Pictures come
/// with the least score (none: the family's threshold), and are taken from the iterator on a thread of its own while earlier
/// ones run, so that decoding one costs no wait; at most two batches are held. Those that have the same input size run
/// together, up to eight, where the graph's first dimension is free. A picture that is an error fails alone. Blocking.
pub fn detect_many(
    model: &LoadedModel,
    pictures: impl ExactSizeIterator<Item = (Result<RgbImage, ToolError>, Option<f32>)> + Send,
    control: &RunControl,
) -> Vec<Result<Vec<Detection>, ToolError>> {
    let runs = run_all(&Detector { model }, pictures, control).into_iter();
    runs.map(|run| Ok(run?.objects.into_iter().map(|(detection, _)| detection).collect())).collect()
}

/// A picture ready for a detector.
pub(super) struct Fed {
    family: Family,
    /// `[1, 3, height, width]`.
    tensor: Array4<f32>,
    mapping: Mapping,
    threshold: f32,
}

impl Fed {
    pub(super) fn of(model: &LoadedModel, image: &RgbImage, min_score: Option<f32>) -> Result<Self, ToolError> {
        let family = Family::of(model, image.dimensions())?;
        let (tensor, mapping) = family.preprocess.apply(image);
        let threshold = min_score.unwrap_or(family.threshold);
        Ok(Self { family, tensor, mapping, threshold })
    }
}

struct Detector<'a> {
    model: &'a LoadedModel,
}

impl Batched for Detector<'_> {
    type Item = (Result<RgbImage, ToolError>, Option<f32>);
    type Fed = Fed;
    type Answer = Run;

    fn prepare(&self, (picture, min_score): Self::Item) -> Result<Fed, ToolError> {
        Fed::of(self.model, &picture?, min_score)
    }

    fn most(&self, fed: &Fed) -> usize {
        most_together(self.model.model.signature(), fed.tensor.len())
    }

    fn ahead(&self) -> usize {
        most_together(self.model.model.signature(), USUAL_VALUES)
    }

    fn alike(&self, one: &Fed, other: &Fed) -> bool {
        one.tensor.dim() == other.tensor.dim()
    }

    fn run(&self, fed: &[Fed], control: &RunControl) -> Result<Vec<Run>, ToolError> {
        run(self.model, fed, control)
    }
}

/// One run over pictures of one input size.
pub(super) fn run(model: &LoadedModel, fed: &[Fed], control: &RunControl) -> Result<Vec<Run>, ToolError> {
    let Some(Fed { family, tensor, .. }) = fed.first() else { return Ok(Vec::new()) };
    let stacked = match fed {
        [_] => None,
        several => {
            let views: Vec<_> = several.iter().map(|one| one.tensor.view()).collect();
            Some(concatenate(Axis(0), &views).map_err(|error| ModelError::new(error.to_string()))?)
        }
    };
    let tensor = stacked.as_ref().unwrap_or(tensor);
    let size = |one: usize, side: usize| {
        let Mapping { width, height, .. } = fed[one].mapping;
        i64::from(if side == 0 { width } else { height })
    };
    let sizes = Array2::from_shape_fn((fed.len(), 2), |(one, side)| size(one, side)).into_dyn();
    let mut inputs = vec![(family.input.as_str(), Input::F32(tensor.view().into_dyn()))];
    if let Some(name) = &family.size_input {
        inputs.push((name, Input::I64(sizes.view())));
    }
    let mask = family.mask_input.as_ref().map(|info| (info, all_valid(info, tensor)));
    if let Some((info, mask)) = &mask {
        inputs.push((&info.name, Input::I64(mask.view().into_dyn())));
    }
    let mut runs = Vec::with_capacity(fed.len());
    model.model.run(&inputs, control, &mut |outputs| {
        if let [one] = fed {
            runs.push(read(one, outputs, model)?);
            return Ok(());
        }
        for (index, one) in fed.iter().enumerate() {
            runs.push(read(one, &outputs.item(index, fed.len())?, model)?);
        }
        Ok(())
    })?;
    Ok(runs)
}

/// The objects of one picture.
fn read(fed: &Fed, outputs: &Outputs<'_>, model: &LoadedModel) -> Result<Run, ModelError> {
    let family = &fed.family;
    let mut objects = Vec::new();
    for (candidate, row) in decode::decode(family, outputs, fed.threshold, &fed.mapping)? {
        if candidate.bbox.area() <= 0.0 {
            continue;
        }
        let label = family.labels.get(candidate.class).cloned().ok_or_else(|| {
            ModelError::new(format!(
                "{} answered class {} but has {} class names; give all of them as labels",
                model.id,
                candidate.class,
                family.labels.len()
            ))
        })?;
        if label == names::NO_CLASS {
            continue;
        }
        let coefficients =
            if family.coefficients > 0 { decode::coefficients(family, outputs, row)? } else { Vec::new() };
        objects.push((Detection { label, score: candidate.score, bbox: candidate.bbox }, coefficients));
    }
    let prototypes = if family.coefficients > 0 {
        let planes = outputs.f32_at(1)?.index_axis_move(Axis(0), 0).into_dimensionality::<Ix3>();
        let planes = planes.map_err(|error| ModelError::new(format!("the prototypes of masks: {error}")))?;
        Some(Prototypes { planes: planes.to_owned(), resize: family.preprocess.resize })
    } else {
        None
    };
    Ok(Run { objects, prototypes })
}
