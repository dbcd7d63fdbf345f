//! Rectangles at any angle: the smallest one around points, and growing one on all sides.

type Point = [f32; 2];

/// A rectangle at any angle, by its four corners in order around it, in pixels.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RotatedRect {
    /// Corners (x, y), each a neighbor of the one before.
    pub corners: [Point; 4],
}

impl RotatedRect {
    /// The rectangle of least area around `points`; `None` if there are none. Points on one line give a rectangle
    /// without width. One side of the best rectangle always lies on an edge of the convex hull, so only those
    /// directions are tried.
    pub fn around(points: &[Point]) -> Option<Self> {
        let hull = convex_hull(points);
        let (&first, rest) = hull.split_first()?;
        if rest.is_empty() {
            return Some(Self { corners: [first; 4] });
        }
        let mut best: Option<(f64, Self)> = None;
        for (index, from) in hull.iter().enumerate() {
            let to = hull[(index + 1) % hull.len()];
            let (dx, dy) = (f64::from(to[0] - from[0]), f64::from(to[1] - from[1]));
            let length = dx.hypot(dy);
            if length == 0.0 {
                continue;
            }
            let (area, rect) = aligned(&hull, dx / length, dy / length);
            if best.as_ref().is_none_or(|(least, _)| area < *least) {
                best = Some((area, rect));
            }
        }
        best.map(|(_, rect)| rect)
    }

    /// Length of the sides (first to second corner, second to third), in pixels.
    pub fn sides(&self) -> (f32, f32) {
        let [a, b, c, _] = self.corners;
        (distance(a, b), distance(b, c))
    }

    /// The shorter side in pixels.
    pub fn short_side(&self) -> f32 {
        let (a, b) = self.sides();
        a.min(b)
    }

    /// The same rectangle with every side moved outwards by `by` pixels. A side of length 0 has no direction of its own
    /// and takes the normal of the other; a point grows into an upright square.
    ///
    /// This is also the smallest rectangle around the rectangle's round-cornered offset polygon. That polygon is the union
    /// of all discs of radius `by` centerd in the rectangle, so its extent in any direction is the rectangle's own plus
    /// `2 * by`. For sides a and b turned by t, the extents are `w = a|cos t| + b|sin t|` and `h = a|sin t| + b|cos t|`;
    /// both `w * h` and `w + h` are least at t = 0, and so is the area `(w + 2 by)(h + 2 by)`.
    #[must_use]
    pub fn grown(&self, by: f32) -> Self {
        let [a, b, c, d] = self.corners;
        let along = unit(a, b);
        let across = unit(b, c);
        let (u, v) = match (along, across) {
            (Some(u), Some(v)) => (u, v),
            (Some(u), None) => (u, [-u[1], u[0]]),
            (None, Some(v)) => ([v[1], -v[0]], v),
            (None, None) => ([1.0, 0.0], [0.0, 1.0]),
        };
        let moved =
            |p: Point, su: f32, sv: f32| [p[0] + by * (su * u[0] + sv * v[0]), p[1] + by * (su * u[1] + sv * v[1])];
        Self { corners: [moved(a, -1.0, -1.0), moved(b, 1.0, -1.0), moved(c, 1.0, 1.0), moved(d, -1.0, 1.0)] }
    }
}

/// The rectangle around the hull whose first side has the direction (ux, uy), and its area.
fn aligned(hull: &[Point], ux: f64, uy: f64) -> (f64, RotatedRect) {
    let (mut u0, mut u1) = (f64::INFINITY, f64::NEG_INFINITY);
    let (mut v0, mut v1) = (f64::INFINITY, f64::NEG_INFINITY);
    for p in hull {
        let (x, y) = (f64::from(p[0]), f64::from(p[1]));
        let (u, v) = (x * ux + y * uy, y * ux - x * uy);
        (u0, u1) = (u0.min(u), u1.max(u));
        (v0, v1) = (v0.min(v), v1.max(v));
    }
    let corner = |u: f64, v: f64| [(u * ux - v * uy) as f32, (u * uy + v * ux) as f32];
    let corners = [corner(u0, v0), corner(u1, v0), corner(u1, v1), corner(u0, v1)];
    ((u1 - u0) * (v1 - v0), RotatedRect { corners })
}

/// The convex hull in order around it, without points on its edges (Andrew's monotone chain).
pub fn convex_hull(points: &[Point]) -> Vec<Point> {
    let mut sorted = points.to_vec();
    sorted.sort_by(|a, b| a[1].total_cmp(&b[1]).then(a[0].total_cmp(&b[0])));
    sorted.dedup();
    if sorted.len() < 3 {
        return sorted;
    }
    let mut hull = half_hull(sorted.iter().copied());
    let other = half_hull(sorted.iter().rev().copied());
    hull.extend(other);
    hull
}

/// One side of the hull from the first to the last point, without the last.
fn half_hull(points: impl Iterator<Item = Point>) -> Vec<Point> {
    let mut chain: Vec<Point> = Vec::new();
    for p in points {
        while let [.., a, b] = chain[..] {
            let turn =
                f64::from(b[0] - a[0]) * f64::from(p[1] - a[1]) - f64::from(b[1] - a[1]) * f64::from(p[0] - a[0]);
            if turn > 0.0 {
                break;
            }
            chain.pop();
        }
        chain.push(p);
    }
    chain.pop();
    chain
}

fn distance(a: Point, b: Point) -> f32 {
    (b[0] - a[0]).hypot(b[1] - a[1])
}

fn unit(a: Point, b: Point) -> Option<Point> {
    let length = distance(a, b);
    (length > 1e-6).then(|| [(b[0] - a[0]) / length, (b[1] - a[1]) / length])
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a failed test may panic")]
    use super::*;

    fn turned(width: f32, height: f32, angle: f32) -> Vec<Point> {
        let (sin, cos) = angle.sin_cos();
        [[0.0, 0.0], [width, 0.0], [width, height], [0.0, height]]
            .map(|[x, y]| [50.0 + x * cos - y * sin, 40.0 + x * sin + y * cos])
            .to_vec()
    }

    #[test]
    fn finds_the_rectangle_its_own_corners_span() {
        for step in 0..18 {
            let points = turned(60.0, 12.0, step as f32 * 0.17);
            let (a, b) = RotatedRect::around(&points).unwrap().sides();
            assert!((a.max(b) - 60.0).abs() < 1e-3 && (a.min(b) - 12.0).abs() < 1e-3, "{a} x {b}");
        }
    }

    #[test]
    fn takes_points_and_lines() {
        assert_eq!(RotatedRect::around(&[]), None);
        assert_eq!(RotatedRect::around(&[[3.0, 4.0]]).unwrap().sides(), (0.0, 0.0));
        let line = RotatedRect::around(&[[0.0, 0.0], [6.0, 8.0], [3.0, 4.0]]).unwrap();
        assert!(line.short_side() < 1e-5);
        let grown = line.grown(1.0).sides();
        assert!((grown.0.max(grown.1) - 12.0).abs() < 1e-4 && (grown.0.min(grown.1) - 2.0).abs() < 1e-4, "{grown:?}");
    }

    #[test]
    fn growing_equals_the_box_of_the_round_offset_polygon() {
        // The offset polygon as a polygon library builds it: an arc of many points at every corner.
        for step in 0..12 {
            let rect = RotatedRect::around(&turned(80.0, 20.0, step as f32 * 0.26)).unwrap();
            let distance = 7.5;
            let round: Vec<Point> = rect
                .corners
                .iter()
                .flat_map(|c| {
                    (0..720).map(move |i| {
                        let (sin, cos) = (i as f32 / 720.0 * std::f32::consts::TAU).sin_cos();
                        [c[0] + distance * cos, c[1] + distance * sin]
                    })
                })
                .collect();
            let sorted = |r: RotatedRect| {
                let (a, b) = r.sides();
                (a.min(b), a.max(b))
            };
            let (expected, got) = (sorted(RotatedRect::around(&round).unwrap()), sorted(rect.grown(distance)));
            assert!((expected.0 - got.0).abs() < 0.01 && (expected.1 - got.1).abs() < 0.01, "{expected:?} {got:?}");
        }
    }

    #[test]
    fn the_hull_leaves_out_inner_and_edge_points() {
        let hull = convex_hull(&[[0.0, 0.0], [2.0, 0.0], [4.0, 0.0], [4.0, 4.0], [2.0, 2.0], [0.0, 4.0]]);
        assert_eq!(hull, [[0.0, 0.0], [4.0, 0.0], [4.0, 4.0], [0.0, 4.0]]);
    }
}
