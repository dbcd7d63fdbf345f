//! CenterFace's outputs (Xu et al., "CenterFace: Joint Face Detection and Alignment Using Face as Point", 2019).

use ndarray::{ArrayView3, Axis, Ix3};

use super::Face;
use crate::{
    geom::BBox,
    onnx::{ModelError, Outputs},
};

/// Channels of the outputs in graph order: heat map, sizes, offsets, landmarks, each `[1, channels, height / 4, width / 4]`.
pub(super) const CHANNELS: [usize; 4] = [1, 2, 2, 10];
/// Input pixels per cell.
const STRIDE: f32 = 4.0;

/// Every cell of the heat map above `threshold` is a face: its center is the cell's middle moved by the offsets, its size the
/// exponential of the sizes, and landmarks are fractions of the size from the top left corner. Pairs are (y, x).
pub(super) fn decode(outputs: &Outputs<'_>, threshold: f32) -> Result<Vec<Face>, ModelError> {
    let [heat, sizes, offsets, landmarks] = [0, 1, 2, 3].map(|index| plane(outputs, index));
    let (heat, sizes, offsets, landmarks) = (heat?, sizes?, offsets?, landmarks?);
    for (values, what) in [(&sizes, "sizes"), (&offsets, "offsets"), (&landmarks, "landmarks")] {
        if values.shape()[1..] != heat.shape()[1..] {
            return Err(ModelError::new(format!(
                "CenterFace's {what} have the shape {:?}, its heat map {:?}",
                values.shape(),
                heat.shape()
            )));
        }
    }
    let mut faces = Vec::new();
    for ((_, row, column), &score) in heat.indexed_iter() {
        if score > threshold {
            let size = |axis: usize| sizes[[axis, row, column]].exp() * STRIDE;
            let (height, width) = (size(0), size(1));
            let center = |cell: usize, axis: usize| (cell as f32 + offsets[[axis, row, column]] + 0.5) * STRIDE;
            let bbox = BBox::from_center(center(column, 1), center(row, 0), width, height);
            let landmarks = [0, 1, 2, 3, 4].map(|point| {
                let part = |axis: usize| landmarks[[2 * point + axis, row, column]];
                [bbox.x1 + part(1) * width, bbox.y1 + part(0) * height]
            });
            faces.push(Face { bbox, score, landmarks });
        }
    }
    Ok(faces)
}

/// The first item of a batch: `[1, channels, rows, columns]` as `[channels, rows, columns]`.
fn plane<'a>(outputs: &'a Outputs<'_>, index: usize) -> Result<ArrayView3<'a, f32>, ModelError> {
    let values = outputs.f32_at(index)?;
    let shape = values.shape().to_vec();
    let wrong = || {
        ModelError::new(format!(
            "output {index} of CenterFace has the shape {shape:?}, expected [1, {}, height / 4, width / 4]",
            CHANNELS[index]
        ))
    };
    if shape.len() != 4 || shape[0] == 0 || shape[1] != CHANNELS[index] {
        return Err(wrong());
    }
    values.index_axis_move(Axis(0), 0).into_dimensionality::<Ix3>().map_err(|_| wrong())
}
