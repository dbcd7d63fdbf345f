//! Raw outputs to boxes of the picture.

use std::ops::Range;

use ndarray::{ArrayView2, ArrayViewD, Axis, Ix2};

use crate::{
    geom::{BBox, Candidate},
    image::Mapping,
    onnx::{ModelError, Outputs},
};

/// A token counts for a phrase above this, as in the reference's post-processing.
const TEXT_THRESHOLD: f32 = 0.25;

/// The first item of a batch: `[1, a, b]` as `[a, b]`.
fn plane<'a>(values: ArrayViewD<'a, f32>, name: &str) -> Result<ArrayView2<'a, f32>, ModelError> {
    let shape = values.shape().to_vec();
    let wrong = || ModelError::new(format!("the output {name} has the shape {shape:?}, expected [1, a, b]"));
    if shape.len() != 3 || shape[0] != 1 {
        return Err(wrong());
    }
    values.index_axis_move(Axis(0), 0).into_dimensionality::<Ix2>().map_err(|_| wrong())
}

/// `logits` and `pred_boxes`, as many of the one as of the other.
fn both<'a>(outputs: &'a Outputs<'_>) -> Result<(ArrayView2<'a, f32>, ArrayView2<'a, f32>), ModelError> {
    let (logits, boxes) = (plane(outputs.f32("logits")?, "logits")?, plane(outputs.f32("pred_boxes")?, "pred_boxes")?);
    if logits.nrows() != boxes.nrows() || boxes.ncols() != 4 {
        let shapes = (logits.shape(), boxes.shape());
        return Err(ModelError::new(format!("logits {:?} and pred_boxes {:?} do not go together", shapes.0, shapes.1)));
    }
    Ok((logits, boxes))
}

fn sigmoid(logit: f32) -> f32 {
    1.0 / (1.0 + (-logit).exp())
}

/// A center box of the model's frame, whose sides are 1, as a box of the picture.
fn placed(boxes: &ArrayView2<'_, f32>, row: usize, mapping: &Mapping) -> BBox {
    let at = |column: usize| boxes[[row, column]];
    mapping.to_image(BBox::from_center(at(0), at(1), at(2), at(3)))
}

/// Grounding DINO: a box counts by its best token; it is of the phrase that has the best token, if that token says enough.
pub(super) fn grounding_dino(
    outputs: &Outputs<'_>,
    spans: &[Range<usize>],
    threshold: f32,
    mapping: &Mapping,
) -> Result<Vec<Candidate>, ModelError> {
    let (logits, boxes) = both(outputs)?;
    let last = spans.iter().map(|span| span.end).max().unwrap_or(0);
    if logits.ncols() < last {
        return Err(ModelError::new(format!("logits are of {} tokens, the prompt has {last}", logits.ncols())));
    }
    let mut found = Vec::new();
    for (row, tokens) in logits.outer_iter().enumerate() {
        let best_of = |span: Range<usize>| span.map(|token| tokens[token]).fold(f32::NEG_INFINITY, f32::max);
        let score = sigmoid(best_of(0..tokens.len()));
        let phrases = spans.iter().map(|span| best_of(span.clone())).enumerate();
        let Some((class, best)) = phrases.max_by(|a, b| a.1.total_cmp(&b.1).then(b.0.cmp(&a.0))) else { continue };
        if score > threshold && sigmoid(best) > TEXT_THRESHOLD {
            found.push(Candidate { bbox: placed(&boxes, row, mapping), score, class });
        }
    }
    Ok(found)
}

/// OWL-ViT: a box is of the text that fits best.
pub(super) fn owl(
    outputs: &Outputs<'_>,
    texts: usize,
    threshold: f32,
    mapping: &Mapping,
) -> Result<Vec<Candidate>, ModelError> {
    let (logits, boxes) = both(outputs)?;
    if logits.ncols() != texts {
        return Err(ModelError::new(format!("logits are of {} texts, {texts} were given", logits.ncols())));
    }
    let mut found = Vec::new();
    for (row, fits) in logits.outer_iter().enumerate() {
        let best = fits.iter().copied().enumerate().max_by(|a, b| a.1.total_cmp(&b.1).then(b.0.cmp(&a.0)));
        if let Some((class, logit)) = best.filter(|(_, logit)| sigmoid(*logit) > threshold) {
            found.push(Candidate { bbox: placed(&boxes, row, mapping), score: sigmoid(logit), class });
        }
    }
    Ok(found)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failed set-up fails the test")]
mod tests {
    use ndarray::{CowArray, arr2, arr3};

    use super::*;

    /// Logits of one picture whose boxes are all its left half.
    fn outputs(logits: ndarray::Array2<f32>) -> Outputs<'static> {
        let boxes = vec![[[0.25, 0.5, 0.5, 1.0]; 1]; 1];
        let all = arr3(&boxes).broadcast((1, logits.nrows(), 4)).unwrap().to_owned();
        let mut outputs = Outputs::new();
        outputs.push_f32("logits", CowArray::from(logits.insert_axis(Axis(0)).into_dyn()));
        outputs.push_f32("pred_boxes", CowArray::from(all.into_dyn()));
        outputs
    }

    fn mapping(side_x: f32, side_y: f32) -> Mapping {
        Mapping { scale_x: 1.0 / side_x, scale_y: 1.0 / side_y, left: 0.0, top: 0.0, width: 256, height: 128 }
    }

    #[test]
    fn a_box_is_of_the_phrase_with_the_best_token() {
        let low = -4.0;
        let hidden = f32::NEG_INFINITY;
        // [CLS] a cat . remote . [SEP], then padding.
        let logits = arr2(&[
            [low, low, 1.0, low, 0.5, low, low, hidden],
            [low, low, low, low, 2.0, low, low, hidden],
            [low, low, low, low, low, low, low, hidden],
            // A special token is sure, no phrase is.
            [3.0, low, low, low, low, low, low, hidden],
        ]);
        let found = grounding_dino(&outputs(logits), &[1..3, 4..5], 0.3, &mapping(256.0, 128.0)).unwrap();
        assert_eq!(found.iter().map(|one| one.class).collect::<Vec<_>>(), [0, 1]);
        assert!((found[1].score - 0.880_797).abs() < 1e-5);
        assert_eq!(found[0].bbox, BBox { x1: 0.0, y1: 0.0, x2: 128.0, y2: 128.0 });
    }

    #[test]
    fn owl_boxes_are_of_the_padded_square_and_clipped() {
        let found = owl(&outputs(arr2(&[[-9.0, 0.0], [-9.0, -9.0]])), 2, 0.1, &mapping(256.0, 256.0)).unwrap();
        assert_eq!(found.len(), 1);
        assert_eq!((found[0].class, found[0].score), (1, 0.5));
        assert_eq!(found[0].bbox, BBox { x1: 0.0, y1: 0.0, x2: 128.0, y2: 128.0 });
    }

    #[test]
    fn outputs_of_other_shapes_are_refused() {
        let error = owl(&outputs(arr2(&[[0.0, 0.0]])), 3, 0.1, &mapping(1.0, 1.0)).unwrap_err();
        assert_eq!(error.to_string(), "logits are of 2 texts, 3 were given");
        let error = grounding_dino(&outputs(arr2(&[[0.0]])), &[1..2, 2..3], 0.1, &mapping(1.0, 1.0)).unwrap_err();
        assert!(error.to_string().contains("1 tokens, the prompt has 3"), "{error}");
    }
}
