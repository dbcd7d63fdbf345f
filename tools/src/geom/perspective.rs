//! The perspective map from a rectangle onto a quadrilateral.

use super::Quad;

/// Maps points of a rectangle `(0, 0)..(width, height)` to points of a quadrilateral.
#[derive(Clone, Copy, Debug)]
pub struct Perspective {
    rows: [[f64; 3]; 3],
}

impl Perspective {
    /// The map that takes `(0, 0)`, `(width, 0)`, `(width, height)`, `(0, height)` to the quad's corners in their order.
    /// Sizes in pixels, above 0. (P. Heckbert, "Fundamentals of Texture Mapping and Image Warping", 1989, section 2.2.3.)
    pub fn onto(quad: &Quad, width: f32, height: f32) -> Self {
        let [p0, p1, p2, p3] = quad.0.map(|p| p.map(f64::from));
        let sum = [p0[0] - p1[0] + p2[0] - p3[0], p0[1] - p1[1] + p2[1] - p3[1]];
        let (d1, d2) = ([p1[0] - p2[0], p1[1] - p2[1]], [p3[0] - p2[0], p3[1] - p2[1]]);
        let det = d1[0] * d2[1] - d2[0] * d1[1];
        let (g, h) = if det == 0.0 {
            (0.0, 0.0)
        } else {
            ((sum[0] * d2[1] - d2[0] * sum[1]) / det, (d1[0] * sum[1] - sum[0] * d1[1]) / det)
        };
        let (w, hh) = (f64::from(width), f64::from(height));
        let row = |axis: usize| {
            [(p1[axis] - p0[axis] + g * p1[axis]) / w, (p3[axis] - p0[axis] + h * p3[axis]) / hh, p0[axis]]
        };
        Self { rows: [row(0), row(1), [g / w, h / hh, 1.0]] }
    }

    /// Where a point of the rectangle lies in the quad's frame.
    pub fn map(&self, x: f64, y: f64) -> (f64, f64) {
        let dot = |row: &[f64; 3]| row[0] * x + row[1] * y + row[2];
        let scale = dot(&self.rows[2]);
        (dot(&self.rows[0]) / scale, dot(&self.rows[1]) / scale)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn corners_go_to_corners() {
        let quad = Quad([[10.0, 5.0], [90.0, 12.0], [80.0, 50.0], [4.0, 41.0]]);
        let map = Perspective::onto(&quad, 40.0, 20.0);
        for ((x, y), [qx, qy]) in [(0.0, 0.0), (40.0, 0.0), (40.0, 20.0), (0.0, 20.0)].into_iter().zip(quad.0) {
            let (mx, my) = map.map(x, y);
            assert!((mx - f64::from(qx)).abs() < 1e-4 && (my - f64::from(qy)).abs() < 1e-4, "{mx} {my}");
        }
    }

    #[test]
    fn straight_lines_stay_straight() {
        let quad = Quad([[10.0, 5.0], [90.0, 12.0], [80.0, 50.0], [4.0, 41.0]]);
        let map = Perspective::onto(&quad, 1.0, 1.0);
        let [a, b, c] = [0.2, 0.5, 0.9].map(|t| map.map(t, 0.3 + 0.4 * t));
        let turn = (b.0 - a.0) * (c.1 - a.1) - (b.1 - a.1) * (c.0 - a.0);
        assert!(turn.abs() < 1e-6, "{turn}");
    }
}
