//! RTMPose's outputs (Jiang et al., "RTMPose", 2023): scores of x and y apart.

use ndarray::{ArrayView2, Axis, Ix2};

use super::{Joint, frame::Frame};
use crate::onnx::{ModelError, Outputs};

/// `[1, joints, width * k]` and `[1, joints, height * k]`: the best place of each; the score is the mean of both, as rtmlib has
/// it.
pub(super) fn decode(
    outputs: &Outputs<'_>,
    frame: &Frame,
    (width, height): (u32, u32),
) -> Result<[Joint; 17], ModelError> {
    let (x, y) = (plane(outputs, 0)?, plane(outputs, 1)?);
    let (bins_x, bins_y) = (x.ncols() as f32, y.ncols() as f32);
    let regular = |bins: f32, side: u32| bins > 0.0 && (bins / side as f32).fract() == 0.0;
    if x.nrows() < 17 || y.nrows() < 17 || !regular(bins_x, width) || !regular(bins_y, height) {
        return Err(ModelError::new(format!(
            "the scores have the shapes {:?} and {:?}, expected [17, k * {width}] and [17, k * {height}]",
            x.shape(),
            y.shape()
        )));
    }
    let mut joints = [Joint::default(); 17];
    for (index, joint) in joints.iter_mut().enumerate() {
        let ((at_x, score_x), (at_y, score_y)) = (best(&x.row(index)), best(&y.row(index)));
        let score = f32::midpoint(score_x, score_y);
        *joint = Joint {
            x: at_x as f32 / bins_x * frame.width + frame.left,
            y: at_y as f32 / bins_y * frame.height + frame.top,
            score: score.clamp(0.0, 1.0),
        };
    }
    Ok(joints)
}

/// The first of the largest values, as NumPy's `argmax` has it.
fn best(scores: &ndarray::ArrayView1<'_, f32>) -> (usize, f32) {
    scores.iter().enumerate().fold((0, f32::MIN), |best, (at, &score)| if score > best.1 { (at, score) } else { best })
}

/// The output at a position, `[1, a, b]` as `[a, b]`.
fn plane<'a>(outputs: &'a Outputs<'_>, index: usize) -> Result<ArrayView2<'a, f32>, ModelError> {
    let values = outputs.f32_at(index)?;
    let shape = values.shape().to_vec();
    let wrong = || ModelError::new(format!("the scores have the shape {shape:?}, expected [1, joints, places]"));
    if shape.len() != 3 || shape[0] == 0 {
        return Err(wrong());
    }
    values.index_axis_move(Axis(0), 0).into_dimensionality::<Ix2>().map_err(|_| wrong())
}
