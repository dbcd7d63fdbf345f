//! Boxes, quadrilaterals, masks and what is computed from them. Coordinates are pixels of the image as seen upright,
//! x to the right, y down, floats, right and bottom exclusive.

mod bbox;
mod nms;
mod perspective;
mod quad;
mod rle;
mod rotated;

pub use bbox::BBox;
pub use nms::{Candidate, nms, nms_by};
pub use perspective::Perspective;
pub use quad::Quad;
pub use rle::Rle;
pub use rotated::{RotatedRect, convex_hull};

/// A coordinate rounded to a tenth, in the type whose decimals print short.
fn tenths(value: f32) -> f64 {
    (f64::from(value) * 10.0).round() / 10.0
}

/// Serializes a score or a share rounded to thousandths: `0.82`, not `0.8199999928474426`.
pub fn thousandths<S: serde::Serializer>(value: &f32, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64((f64::from(*value) * 1000.0).round() / 1000.0)
}
