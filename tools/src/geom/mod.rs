//! Boxes, quadrilaterals, masks and what is computed from them. Coordinates are pixels of the image as seen upright,
//! x to the right, y down, floats, right and bottom exclusive.

mod bbox;
mod nms;
mod perspective;
mod quad;
mod rotated;

pub use bbox::BBox;
pub use nms::{Candidate, nms};
pub use perspective::Perspective;
pub use quad::Quad;
pub use rotated::{RotatedRect, convex_hull};
