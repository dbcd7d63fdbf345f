//! YuNet's outputs (Wu et al., "YuNet: A Tiny Millisecond-level Face Detector", 2023; OpenCV's `FaceDetectorYN`).

use ndarray::{ArrayView2, Axis, Ix2};

use super::Face;
use crate::{
    geom::BBox,
    onnx::{ModelError, Outputs},
};

/// Input pixels per cell of the three grids.
pub(super) const STRIDES: [u32; 3] = [8, 16, 32];

/// For each stride `cls_S` and `obj_S` `[1, cells, 1]`, `bbox_S` `[1, cells, 4]`, `kps_S` `[1, cells, 10]`, cells row by row.
/// The score is the root of class times object, a center is the cell's corner plus an offset, a size an exponential, all in
/// strides.
pub(super) fn decode(outputs: &Outputs<'_>, threshold: f32, width: u32, height: u32) -> Result<Vec<Face>, ModelError> {
    let mut faces = Vec::new();
    for stride in STRIDES {
        let (columns, rows) = ((width / stride) as usize, (height / stride) as usize);
        let cells = columns * rows;
        let part = |name: &str, values: usize| part(outputs, &format!("{name}_{stride}"), cells, values);
        let (class, object) = (part("cls", 1)?, part("obj", 1)?);
        let (boxes, points) = (part("bbox", 4)?, part("kps", 10)?);
        let size = stride as f32;
        for cell in 0..cells {
            let score = (class[[cell, 0]].clamp(0.0, 1.0) * object[[cell, 0]].clamp(0.0, 1.0)).sqrt();
            if score > threshold {
                let (x, y) = ((cell % columns) as f32, (cell / columns) as f32);
                let bbox = BBox::from_center(
                    (x + boxes[[cell, 0]]) * size,
                    (y + boxes[[cell, 1]]) * size,
                    boxes[[cell, 2]].exp() * size,
                    boxes[[cell, 3]].exp() * size,
                );
                let point =
                    |index: usize| [(x + points[[cell, 2 * index]]) * size, (y + points[[cell, 2 * index + 1]]) * size];
                faces.push(Face { bbox, score, landmarks: [0, 1, 2, 3, 4].map(point) });
            }
        }
    }
    Ok(faces)
}

/// The output of a name, `[1, cells, values]` as `[cells, values]`.
fn part<'a>(
    outputs: &'a Outputs<'_>,
    name: &str,
    cells: usize,
    values: usize,
) -> Result<ArrayView2<'a, f32>, ModelError> {
    let output = outputs.f32(name)?;
    let shape = output.shape().to_vec();
    let wrong =
        || ModelError::new(format!("output {name} of YuNet has the shape {shape:?}, expected [1, {cells}, {values}]"));
    if shape != [1, cells, values] {
        return Err(wrong());
    }
    output.index_axis_move(Axis(0), 0).into_dimensionality::<Ix2>().map_err(|_| wrong())
}
