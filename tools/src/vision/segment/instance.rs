//! Objects with masks of their own: by models with queries, and by the segmenters of Ultralytics, which draw masks by prototypes.

use image::RgbImage;
use ndarray::{ArrayView3, s};

use super::{Found, bilinear::Grown, instance_queries::by_queries, network::unfit, queries::Queries};
use crate::{
    geom::Rle,
    onnx::{LoadedModel, ModelError, RunControl},
    store::Resize,
    tool::ToolError,
    vision::detect,
};

/// The role of models that find objects with their masks; such a model may also serve as `detect`.
pub const INSTANCE: &str = "segment_instance";

/// Objects that get a mask, the most certain first.
pub(super) const MOST: usize = 100;

/// The objects of a picture with their masks, best first. `min_score` overrides the model's threshold. Blocking.
///
/// DETR with masks, MaskFormer and Mask2Former give what transformers' `post_process_instance_segmentation` gives; YOLO
/// segmenters have prototypes as second output, and a mask is the sum of the prototypes, each times its coefficient, without the letterbox and grown to the picture, where it
/// is above 0 and inside of the object's box (Ultralytics' `retina_masks`).
pub fn instances(
    model: &LoadedModel,
    image: &RgbImage,
    min_score: Option<f32>,
    control: &RunControl,
) -> Result<Vec<Found>, ToolError> {
    if let Some(queries) = Queries::of(model.model.signature(), &model.facts) {
        return by_queries(model, &queries, image, min_score, control);
    }
    let detect::Run { objects, prototypes } = detect::run(model, image, min_score, control)?;
    let Some(prototypes) = prototypes else {
        let why =
            "it draws no masks: expected rows of boxes and prototypes [1, n, height, width], or queries with masks";
        return Err(unfit(model, INSTANCE, why));
    };
    let size = image.dimensions();
    let planes = without_padding(&prototypes.planes.view(), size, prototypes.resize);
    let (count, height, width) = planes.dim();
    let mut parts = Vec::new();
    for (detection, coefficients) in objects.into_iter().take(MOST) {
        control.check()?;
        if coefficients.len() != count || height == 0 || width == 0 {
            let given = coefficients.len();
            let shape = prototypes.planes.shape();
            return Err(ModelError::new(format!("{given} coefficients for the prototypes {shape:?}")).into());
        }
        let mut sums = vec![0.0; height * width];
        for (plane, coefficient) in planes.outer_iter().zip(&coefficients) {
            for (sum, value) in sums.iter_mut().zip(plane) {
                *sum += value * coefficient;
            }
        }
        let grown = Grown::new(&sums, (width, height), size);
        let [x1, y1, x2, y2] = <[f32; 4]>::from(detection.bbox).map(|side| side.ceil() as u32);
        let part = (x1, y1, x2 - x1, y2 - y1);
        let mask = Rle::within(size, part, |x, y| grown.at(x, y) > 0.0);
        parts.extend(Found::new(detection.label, detection.score, mask));
    }
    Ok(parts)
}

/// The part of the prototypes that shows the picture of a size (width, height).
fn without_padding<'a>(
    planes: &ArrayView3<'a, f32>,
    (width, height): (u32, u32),
    resize: Resize,
) -> ArrayView3<'a, f32> {
    let (_, rows, columns) = planes.dim();
    let gain = (rows as f32 / height as f32).min(columns as f32 / width as f32);
    let padding = |side: usize, of: u32| (side as f32 - of as f32 * gain).max(0.0);
    let (across, down) = (padding(columns, width), padding(rows, height));
    // Ultralytics puts the odd one right and bottom: round(half - 0.1).
    let halves = |padding: f32| {
        let before = (padding / 2.0 - 0.1).round_ties_even().max(0.0) as usize;
        (before, (padding / 2.0 + 0.1).round_ties_even() as usize)
    };
    let ((left, right), (top, bottom)) = match resize {
        Resize::Stretch => ((0, 0), (0, 0)),
        Resize::Letterbox => (halves(across), halves(down)),
        Resize::TopLeft => ((0, across.round() as usize), (0, down.round() as usize)),
    };
    // Of a picture that is thinner than a sample one row or column stays.
    let kept = |side: usize, before: usize, after: usize| {
        let first = before.min(side.saturating_sub(1));
        first..side.saturating_sub(after).max(first + 1).min(side)
    };
    planes.slice_move(s![.., kept(rows, top, bottom), kept(columns, left, right)])
}

#[cfg(test)]
mod tests {
    use ndarray::Array3;

    use super::*;

    #[test]
    fn padding_goes_as_it_came() {
        let planes = Array3::<f32>::zeros((2, 160, 160));
        let shape = |size, resize| without_padding(&planes.view(), size, resize).dim();
        assert_eq!(shape((640, 480), Resize::Letterbox), (2, 120, 160));
        assert_eq!(shape((97, 61), Resize::Letterbox), (2, 100, 160));
        assert_eq!(shape((480, 640), Resize::TopLeft), (2, 160, 120));
        assert_eq!(shape((480, 640), Resize::Stretch), (2, 160, 160));
        assert_eq!(shape((20_000, 1), Resize::Letterbox), (2, 1, 160));
        assert_eq!(shape((1, 1), Resize::Letterbox), (2, 160, 160));
    }
}
