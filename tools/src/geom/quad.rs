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

    /// Whether a point (pixels) lies inside or on the edge. Corners may go round either way; the shape must be convex.
    pub fn contains(&self, x: f32, y: f32) -> bool {
        let turns = (0..4).map(|index| {
            let ([ax, ay], [bx, by]) = (self.0[index], self.0[(index + 1) % 4]);
            (bx - ax) * (y - ay) - (by - ay) * (x - ax)
        });
        let (left, right) = turns.fold((true, true), |(left, right), turn| (left && turn <= 0.0, right && turn >= 0.0));
        left || right
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_point_is_inside_whichever_way_the_corners_go() {
        let mut quad = Quad([[10.0, 0.0], [20.0, 10.0], [10.0, 20.0], [0.0, 10.0]]);
        for _ in 0..2 {
            assert!(quad.contains(10.0, 10.0) && quad.contains(15.0, 5.0) && quad.contains(1.0, 10.0));
            assert!(!quad.contains(2.0, 2.0) && !quad.contains(19.0, 19.0) && !quad.contains(21.0, 10.0));
            quad.0.reverse();
        }
    }
}
