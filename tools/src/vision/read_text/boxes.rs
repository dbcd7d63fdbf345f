//! From a probability map to text boxes: the post-processing of Differentiable Binarization (Liao et al., "Real-time
//! Scene Text Detection with Differentiable Binarization", 2020).

use super::components::components;
use crate::geom::{Quad, RotatedRect};

/// How text boxes are cut out of the map.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct BoxRules {
    /// Probability above which a pixel belongs to text.
    pub(super) pixel: f32,
    /// Mean probability inside its rectangle that a box needs.
    pub(super) score: f32,
    /// How far a box grows, as a multiple of its area over its perimeter: the network marks shrunken text.
    pub(super) unclip: f32,
}

impl Default for BoxRules {
    fn default() -> Self {
        Self { pixel: 0.3, score: 0.5, unclip: 1.6 }
    }
}

/// Short side of the marked area below which it is noise, in pixels of the map.
const SHORTEST_MARK: f32 = 3.0;
/// Short side of the grown box below which it is noise, in pixels of the map.
const SHORTEST_BOX: f32 = 5.0;
/// Sides of at most this many pixels of the picture are dropped.
const SHORTEST_SIDE: f32 = 3.0;
/// More boxes than this are not looked at.
const MOST: usize = 1000;

/// A probability map: row-major values in 0..=1.
#[derive(Clone, Copy, Debug)]
pub(super) struct ProbabilityMap<'a> {
    /// `width * height` values.
    pub(super) values: &'a [f32],
    /// Values a row.
    pub(super) width: usize,
    /// Rows.
    pub(super) height: usize,
}

/// The text boxes of a map in pixels of a `width` x `height` picture: corners clockwise from the top left, unordered among
/// each other. They are not rounded to whole pixels, which would blur and shift small lines.
pub(super) fn text_boxes(map: ProbabilityMap<'_>, rules: &BoxRules, width: u32, height: u32) -> Vec<Quad> {
    let scale = [width as f32 / map.width as f32, height as f32 / map.height as f32];
    let limit = [width as f32 - 1.0, height as f32 - 1.0];
    components(map.values, map.width, rules.pixel)
        .iter()
        .take(MOST)
        .filter_map(|component| {
            let mark = RotatedRect::around(&component.ends)?;
            if mark.short_side() < SHORTEST_MARK || mean_inside(map, &mark) < rules.score {
                return None;
            }
            let (a, b) = mark.sides();
            let grown = mark.grown(a * b * rules.unclip / (2.0 * (a + b)));
            if grown.short_side() < SHORTEST_BOX {
                return None;
            }
            let corners = grown.corners.map(|p| [0, 1].map(|i| (p[i] * scale[i]).clamp(0.0, limit[i])));
            let quad = clockwise(corners);
            let [top_left, top_right, _, bottom_left] = quad.0;
            let side = |a: [f32; 2], b: [f32; 2]| (b[0] - a[0]).hypot(b[1] - a[1]).floor();
            (side(top_left, top_right) > SHORTEST_SIDE && side(top_left, bottom_left) > SHORTEST_SIDE).then_some(quad)
        })
        .collect()
}

/// The corners in the order top left, top right, bottom right, bottom left: the two leftmost by height, the two rightmost
/// by height.
fn clockwise(mut corners: [[f32; 2]; 4]) -> Quad {
    corners.sort_by(|a, b| a[0].total_cmp(&b[0]));
    let [a, b, c, d] = corners;
    let (top_left, bottom_left) = if a[1] <= b[1] { (a, b) } else { (b, a) };
    let (top_right, bottom_right) = if c[1] <= d[1] { (c, d) } else { (d, c) };
    Quad([top_left, top_right, bottom_right, bottom_left])
}

/// Mean probability of the map's pixels that a rectangle covers or touches; 0 if it covers none.
fn mean_inside(map: ProbabilityMap<'_>, rect: &RotatedRect) -> f32 {
    let corners = rect.corners.map(|p| p.map(f32::floor));
    let rows = |pick: fn(f32, f32) -> f32| corners.iter().map(|p| p[1]).reduce(pick).unwrap_or_default();
    let last = map.height.saturating_sub(1) as f32;
    let (top, bottom) = (rows(f32::min).clamp(0.0, last) as usize, rows(f32::max).clamp(0.0, last) as usize);
    let (mut sum, mut count) = (0.0_f64, 0_usize);
    for row in top..=bottom {
        let Some((from, to)) = covered(&corners, row as f32) else { continue };
        let to = to.min(map.width as f32 - 1.0);
        let from = from.max(0.0);
        if from > to {
            continue;
        }
        let values = &map.values[row * map.width..][from as usize..=to as usize];
        sum += f64::from(values.iter().sum::<f32>());
        count += values.len();
    }
    if count == 0 { 0.0 } else { (sum / count as f64) as f32 }
}

/// First and last column that a convex polygon covers in a row, its outline included.
fn covered(corners: &[[f32; 2]; 4], row: f32) -> Option<(f32, f32)> {
    let mut range: Option<(f32, f32)> = None;
    for (index, &from) in corners.iter().enumerate() {
        let to = corners[(index + 1) % 4];
        let (upper, lower) = if from[1] <= to[1] { (from, to) } else { (to, from) };
        let (y0, y1) = ((row - 0.5).max(upper[1]), (row + 0.5).min(lower[1]));
        if y0 > y1 {
            continue;
        }
        let height = lower[1] - upper[1];
        let column = |y: f32| upper[0] + (lower[0] - upper[0]) * (y - upper[1]) / height;
        let ends = if height == 0.0 { [upper[0], lower[0]] } else { [column(y0), column(y1)] };
        for x in ends.map(f32::round) {
            range = Some(range.map_or((x, x), |(a, b)| (a.min(x), b.max(x))));
        }
    }
    range
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(width: usize, height: usize, inside: impl Fn(f32, f32) -> bool) -> Vec<f32> {
        (0..width * height)
            .map(|i| if inside((i % width) as f32 + 0.5, (i / width) as f32 + 0.5) { 0.9 } else { 0.05 })
            .collect()
    }

    fn boxes(values: &[f32], width: usize, scale: f32) -> Vec<Quad> {
        let height = values.len() / width;
        let map = ProbabilityMap { values, width, height };
        text_boxes(map, &BoxRules::default(), (width as f32 * scale) as u32, (height as f32 * scale) as u32)
    }

    #[test]
    fn a_bar_grows_by_the_unclip_distance_and_is_scaled() {
        let values = drawn(100, 60, |x, y| (20.0..80.0).contains(&x) && (20.0..30.0).contains(&y));
        // 60 x 10 marked: distance 600 * 1.6 / 140 = 6.857 on every side, then twice the size.
        let found = boxes(&values, 100, 2.0);
        let expected = [[26.29, 26.29], [173.71, 26.29], [173.71, 73.71], [26.29, 73.71]];
        assert_eq!(found.len(), 1);
        for (corner, expected) in found[0].0.iter().zip(expected) {
            assert!((corner[0] - expected[0]).abs() < 0.01 && (corner[1] - expected[1]).abs() < 0.01, "{found:?}");
        }
    }

    #[test]
    fn a_turned_bar_gives_a_turned_box() {
        let (sin, cos) = 0.5_f32.sin_cos();
        let values = drawn(200, 200, |x, y| {
            let (dx, dy) = (x - 100.0, y - 100.0);
            (dx * cos + dy * sin).abs() < 50.0 && (dy * cos - dx * sin).abs() < 8.0
        });
        let found = boxes(&values, 200, 1.0);
        assert_eq!(found.len(), 1);
        let Quad([a, b, _, d]) = found[0];
        let angle = (b[1] - a[1]).atan2(b[0] - a[0]);
        assert!((angle - 0.5).abs() < 0.03, "{angle}");
        // 100 x 16 marked, grown by 11.03 on every side.
        let (along, across) = ((b[0] - a[0]).hypot(b[1] - a[1]), (d[0] - a[0]).hypot(d[1] - a[1]));
        assert!((along - 122.0).abs() < 4.0 && (across - 38.0).abs() < 4.0, "{along} {across}");
    }

    #[test]
    fn specks_and_faint_areas_are_dropped() {
        let speck = drawn(60, 40, |x, y| (10.0..12.0).contains(&x) && (10.0..12.0).contains(&y));
        assert_eq!(boxes(&speck, 60, 1.0), []);
        let faint: Vec<f32> = drawn(60, 40, |x, y| (10.0..40.0).contains(&x) && (10.0..20.0).contains(&y))
            .into_iter()
            .map(|p| p * 0.45)
            .collect();
        assert_eq!(boxes(&faint, 60, 1.0), []);
    }

    #[test]
    fn boxes_stay_inside_the_picture() {
        let values = drawn(64, 32, |_, y| y < 12.0);
        let found = boxes(&values, 64, 1.0);
        assert!(
            found.len() == 1 && found[0].0.iter().all(|[x, y]| (0.0..=63.0).contains(x) && (0.0..=31.0).contains(y))
        );
    }
}
