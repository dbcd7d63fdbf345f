//! Ultralytics' pose outputs: boxes with joints for the whole picture.

use ndarray::{ArrayView1, ArrayView2, Axis, Ix2};

use super::{Joint, PersonPose};
use crate::{
    geom::{BBox, Candidate, nms},
    onnx::{ModelError, Outputs},
};

/// Rows of the plain output: box, score and 17 joints.
pub(super) const ROWS: usize = 5 + 17 * 3;
/// Columns of the end-to-end one, which has a class as well.
pub(super) const END_TO_END: usize = 6 + 17 * 3;

const LIMIT: usize = 300;
const BEFORE_NMS: usize = 30_000;

/// `[1, 56, anchors]`: people of at least `threshold`, best first, in pixels of the input.
pub(super) fn decode(outputs: &Outputs<'_>, threshold: f32, iou: f32) -> Result<Vec<PersonPose>, ModelError> {
    let output = plane(outputs)?;
    if output.nrows() != ROWS {
        return Err(ModelError::new(format!("the poses have {} rows, expected {ROWS}", output.nrows())));
    }
    let mut found: Vec<PersonPose> = (0..output.ncols())
        .filter(|anchor| output[[4, *anchor]] > threshold)
        .map(|anchor| {
            let column = output.column(anchor);
            let bbox = BBox::from_center(column[0], column[1], column[2], column[3]);
            PersonPose { bbox, score: column[4].min(1.0), joints: joints(&column, 5) }
        })
        .collect();
    found.sort_by(|a, b| b.score.total_cmp(&a.score));
    found.truncate(BEFORE_NMS);
    // Suppression knows boxes alone; the joints are those of the first, and so best, person of that box.
    let candidates = found.iter().map(|person| Candidate { bbox: person.bbox, score: person.score, class: 0 });
    let kept = nms(candidates.collect(), iou, LIMIT);
    let of = |kept: Candidate| found.iter().find(|person| person.bbox == kept.bbox).cloned();
    Ok(kept.into_iter().filter_map(of).collect())
}

/// `[1, n, 57]`: the same, suppression done.
pub(super) fn decode_end_to_end(outputs: &Outputs<'_>, threshold: f32) -> Result<Vec<PersonPose>, ModelError> {
    let output = plane(outputs)?;
    if output.ncols() != END_TO_END {
        return Err(ModelError::new(format!("the poses have {} columns, expected {END_TO_END}", output.ncols())));
    }
    let rows = output.outer_iter().filter(|row| row[4] > threshold);
    let mut found: Vec<PersonPose> = rows
        .map(|row| PersonPose {
            bbox: BBox { x1: row[0], y1: row[1], x2: row[2], y2: row[3] },
            score: row[4].min(1.0),
            joints: joints(&row, 6),
        })
        .collect();
    found.sort_by(|a, b| b.score.total_cmp(&a.score));
    found.truncate(LIMIT);
    Ok(found)
}

fn joints(values: &ArrayView1<'_, f32>, first: usize) -> [Joint; 17] {
    std::array::from_fn(|index| {
        let at = first + 3 * index;
        Joint { x: values[at], y: values[at + 1], score: values[at + 2].clamp(0.0, 1.0) }
    })
}

/// `[1, a, b]` as `[a, b]`.
fn plane<'a>(outputs: &'a Outputs<'_>) -> Result<ArrayView2<'a, f32>, ModelError> {
    let values = outputs.f32_at(0)?;
    let shape = values.shape().to_vec();
    let wrong = || ModelError::new(format!("the poses have the shape {shape:?}, expected [1, a, b]"));
    if shape.len() != 3 || shape[0] == 0 {
        return Err(wrong());
    }
    values.index_axis_move(Axis(0), 0).into_dimensionality::<Ix2>().map_err(|_| wrong())
}
