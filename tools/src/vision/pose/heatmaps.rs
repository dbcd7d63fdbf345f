//! ViTPose's heat maps: the best cell of each, refined below a cell (Zhang et al., "Distribution-Aware Coordinate
//! Representation", 2020; transformers' `VitPoseImageProcessor`).

use ndarray::{Array2, ArrayView2, Axis, Ix3};

use super::{Joint, frame::Frame};
use crate::onnx::{ModelError, Outputs};

const SIGMA: f64 = 0.8;
const RADIUS: i64 = 5;
/// Farthest that a refinement moves a joint, in cells: a peak lies within one, and a flat map would send it anywhere.
const FARTHEST: f64 = 2.0;

/// `[1, joints, height, width]`.
pub(super) fn decode(outputs: &Outputs<'_>, frame: &Frame) -> Result<[Joint; 17], ModelError> {
    let values = outputs.f32("heatmaps").or_else(|_| outputs.f32_at(0))?;
    let shape = values.shape().to_vec();
    let wrong = || ModelError::new(format!("the heat maps have the shape {shape:?}, expected [1, 17, height, width]"));
    if shape.len() != 4 || shape[0] == 0 || shape[1] < 17 || shape[2] < 2 || shape[3] < 2 {
        return Err(wrong());
    }
    let maps = values.index_axis_move(Axis(0), 0).into_dimensionality::<Ix3>().map_err(|_| wrong())?;
    let (rows, columns) = (shape[2] as f32 - 1.0, shape[3] as f32 - 1.0);
    let mut joints = [Joint::default(); 17];
    for (joint, map) in joints.iter_mut().zip(maps.outer_iter()) {
        let ((row, column), score) = best(&map);
        let (x, y) = if score > 0.0 { refined(&map, row, column) } else { (column as f32, row as f32) };
        *joint = Joint {
            x: x * frame.width / columns + frame.left,
            y: y * frame.height / rows + frame.top,
            score: score.clamp(0.0, 1.0),
        };
    }
    Ok(joints)
}

/// The first of the largest values and its cell (row, column).
fn best(map: &ArrayView2<'_, f32>) -> ((usize, usize), f32) {
    map.indexed_iter().fold(((0, 0), f32::MIN), |best, (at, &score)| if score > best.1 { (at, score) } else { best })
}

/// One step of Newton's method on the logarithm of the smoothed map: (x, y) in cells.
fn refined(map: &ArrayView2<'_, f32>, row: usize, column: usize) -> (f32, f32) {
    let smooth = patch(map, row, column);
    // Around the middle of the patch: what lies over the map's edge is its edge.
    let (rows, columns) = (map.nrows() as i64, map.ncols() as i64);
    let at = |dy: i64, dx: i64| {
        let y = (row as i64 + dy).clamp(0, rows - 1) - row as i64 + 1;
        let x = (column as i64 + dx).clamp(0, columns - 1) - column as i64 + 1;
        smooth[[y as usize, x as usize]].clamp(0.001, 50.0).ln()
    };
    let middle = at(0, 0);
    let (dx, dy) = (0.5 * (at(0, 1) - at(0, -1)), 0.5 * (at(1, 0) - at(-1, 0)));
    let dxx = at(0, 1) - 2.0 * middle + at(0, -1) + f64::from(f32::EPSILON);
    let dyy = at(1, 0) - 2.0 * middle + at(-1, 0) + f64::from(f32::EPSILON);
    let dxy = 0.5 * (at(1, 1) - at(0, 1) - at(1, 0) + 2.0 * middle - at(0, -1) - at(-1, 0) + at(-1, -1));
    let determinant = dxx * dyy - dxy * dxy;
    let step = |value: f64| if value.is_finite() { value.clamp(-FARTHEST, FARTHEST) } else { 0.0 };
    let (step_x, step_y) = ((dyy * dx - dxy * dy) / determinant, (dxx * dy - dxy * dx) / determinant);
    ((column as f64 - step(step_x)) as f32, (row as f64 - step(step_y)) as f32)
}

/// The 3 x 3 cells around one, smoothed by a Gaussian; the map is mirrored over its edges.
fn patch(map: &ArrayView2<'_, f32>, row: usize, column: usize) -> Array2<f64> {
    let weights: Vec<f64> =
        (-RADIUS..=RADIUS).map(|step| (-0.5 * (step * step) as f64 / (SIGMA * SIGMA)).exp()).collect();
    let sum: f64 = weights.iter().sum();
    let fold = |at: i64, length: usize| {
        let length = length as i64;
        let at = at.rem_euclid(2 * length);
        (if at < length { at } else { 2 * length - 1 - at }) as usize
    };
    Array2::from_shape_fn((3, 3), |(dy, dx)| {
        let (y, x) = (row as i64 + dy as i64 - 1, column as i64 + dx as i64 - 1);
        let across = |y: usize| -> f64 {
            (-RADIUS..=RADIUS)
                .zip(&weights)
                .map(|(step, weight)| f64::from(map[[y, fold(x + step, map.ncols())]]) * weight)
                .sum()
        };
        let down = (-RADIUS..=RADIUS).zip(&weights).map(|(step, weight)| across(fold(y + step, map.nrows())) * weight);
        down.sum::<f64>() / (sum * sum)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_peak_between_cells_is_found_between_them() {
        for (x, y) in [(5.3, 7.6), (4.0, 4.0), (1.2, 1.4), (9.8, 13.6)] {
            let map = Array2::from_shape_fn((16, 12), |(row, column)| {
                let (dx, dy) = (column as f32 - x, row as f32 - y);
                0.9 * (-(dx * dx + dy * dy) / 8.0).exp()
            });
            let ((row, column), _) = best(&map.view());
            let (found_x, found_y) = refined(&map.view(), row, column);
            assert!((found_x - x).abs() < 0.35 && (found_y - y).abs() < 0.35, "{x} {y}: {found_x} {found_y}");
        }
        // At the map's edge the reference has no slope to go by; but it stays near.
        let corner = Array2::from_shape_fn((6, 6), |(row, column)| 0.9_f32.powi((row + column) as i32));
        let (x, y) = refined(&corner.view(), 0, 0);
        assert!(x.abs() <= FARTHEST as f32 && y.abs() <= FARTHEST as f32, "{x} {y}");
        let flat = Array2::from_elem((4, 4), 0.5);
        assert_eq!(refined(&flat.view(), 1, 2), (2.0, 1.0));
    }
}
