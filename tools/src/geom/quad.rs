//! Quadrilaterals, as text lines have.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::BBox;

/// Four corners (x, y) in pixels, clockwise from the text's own top left.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(from = "[[f32; 2]; 4]", into = "[[f64; 2]; 4]")]
#[schemars(with = "[[f32; 2]; 4]")]
pub struct Quad(pub [[f32; 2]; 4]);

impl From<[[f32; 2]; 4]> for Quad {
    fn from(points: [[f32; 2]; 4]) -> Self {
        Self(points)
    }
}

impl From<Quad> for [[f64; 2]; 4] {
    /// Rounded to a tenth of a pixel.
    fn from(quad: Quad) -> Self {
        quad.0.map(|point| point.map(super::tenths))
    }
}

impl Quad {
    /// The smallest axis-aligned box around the four corners.
    pub fn bounds(&self) -> BBox {
        let fold =
            |axis: usize, pick: fn(f32, f32) -> f32| self.0.iter().map(|p| p[axis]).reduce(pick).unwrap_or_default();
        BBox { x1: fold(0, f32::min), y1: fold(1, f32::min), x2: fold(0, f32::max), y2: fold(1, f32::max) }
    }
}
