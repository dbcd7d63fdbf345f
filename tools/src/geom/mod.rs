//! Boxes, quadrilaterals, masks and what is computed from them. Coordinates are pixels of the image as seen upright,
//! x to the right, y down, floats, right and bottom exclusive.

mod bbox;
mod nms;
mod quad;

pub use bbox::BBox;
pub use nms::{Candidate, nms};
pub use quad::Quad;
