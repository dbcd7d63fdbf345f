//! What a shape is called.

use image::{GrayImage, Luma};
use imageproc::{
    contours::{BorderType, find_contours},
    geometry::{approximate_polygon_dp, arc_length, contour_area, convex_hull, min_area_rect},
    point::Point,
};

use super::flat::Mask;

/// How well pixels must fit a rectangle or an ellipse, 0 to 1.
const FITS: f32 = 0.93;
/// Sides that differ by less are equal.
const EQUAL: f32 = 0.1;
/// A corner lies at least this far from the line between its neighbors, in lengths of the outline.
const CORNER: f64 = 0.02;
/// The least share of its convex hull that a convex shape fills.
const CONVEX: f64 = 0.92;
/// A star fills less of its convex hull.
const STAR: f64 = 0.75;

fn equal(a: f32, b: f32) -> bool {
    (a - b).abs() <= EQUAL * a.max(b)
}

/// The name of a shape, and how well it fits, 0 to 1.
pub(super) fn shape_name(mask: &Mask) -> (&'static str, f32) {
    let (width, height) = (mask.width as f32, mask.height as f32);
    let all = width * height;
    let fill = mask.count as f32 / all;
    if fill > FITS {
        return (if equal(width, height) { "square" } else { "rectangle" }, fill);
    }
    let in_ellipse = |at: usize| {
        let (x, y) = ((at as u32 % mask.width) as f32 + 0.5, (at as u32 / mask.width) as f32 + 0.5);
        let (x, y) = (2.0 * x / width - 1.0, 2.0 * y / height - 1.0);
        x * x + y * y <= 1.0
    };
    let agree = mask.inside.iter().enumerate().filter(|(at, inside)| in_ellipse(*at) == **inside).count();
    let agree = agree as f32 / all;
    let corners = corners(mask);
    // A small octagon is nearly a circle.
    if agree > 0.96 || (agree > FITS && corners.len() > 8) {
        return (if equal(width, height) { "circle" } else { "ellipse" }, agree);
    }
    if corners.len() < 3 {
        return ("shape", fill);
    }
    let area = contour_area(&corners);
    let hull = contour_area(&convex_hull(corners.clone())).max(1.0);
    // The outline runs through the middles of the outermost pixels.
    let (outer, filled) = (area + arc_length(&corners, true) / 2.0, f64::from(mask.count));
    let score = (outer.min(filled) / outer.max(filled).max(1.0)) as f32;
    if score < FITS {
        return ("shape", score);
    }
    if area > CONVEX * hull {
        let name = match corners.len() {
            3 => "triangle",
            4 => four_sided(&corners, area, fill),
            5 => "pentagon",
            6 => "hexagon",
            8 => "octagon",
            _ => "shape",
        };
        return (name, score);
    }
    if area < STAR * hull && (8..=16).contains(&corners.len()) && corners.len().is_multiple_of(2) {
        return ("star", score);
    }
    ("shape", score)
}

fn four_sided(corners: &[Point<i32>], area: f64, fill: f32) -> &'static str {
    let side = |a: Point<i32>, b: Point<i32>| ((a.x - b.x) as f32).hypot((a.y - b.y) as f32);
    let sides: Vec<f32> = (0..4).map(|at| side(corners[at], corners[(at + 1) % 4])).collect();
    let rectangle = area > 0.9 * contour_area(&min_area_rect(corners));
    let all_equal = equal(sides[0], sides[2]) && equal(sides[1], sides[3]) && equal(sides[0], sides[1]);
    match (all_equal, rectangle) {
        // On its corner a square fills half of its box.
        (true, _) if fill < 0.58 => "diamond",
        (true, true) => "square",
        (false, true) => "rectangle",
        _ => "shape",
    }
}

/// The corners of its outline, in order.
fn corners(mask: &Mask) -> Vec<Point<i32>> {
    // `find_contours` needs a margin.
    let mut picture = GrayImage::new(mask.width + 2, mask.height + 2);
    for (at, _) in mask.inside.iter().enumerate().filter(|(_, inside)| **inside) {
        picture.put_pixel(at as u32 % mask.width + 1, at as u32 / mask.width + 1, Luma([255]));
    }
    let outlines = find_contours::<i32>(&picture);
    let outer = outlines.iter().filter(|outline| outline.border_type == BorderType::Outer);
    let Some(outline) = outer.max_by_key(|outline| outline.points.len()) else { return Vec::new() };
    let least = CORNER * arc_length(&outline.points, true);
    let mut corners = approximate_polygon_dp(&outline.points, least, true);
    // The point where the outline begins need not be a corner.
    let mut at = 0;
    while corners.len() > 3 && at < corners.len() {
        let (before, after) = (corners[(at + corners.len() - 1) % corners.len()], corners[(at + 1) % corners.len()]);
        if from_line(corners[at], before, after) < least {
            corners.remove(at);
        } else {
            at += 1;
        }
    }
    corners
}

/// How far a point lies from the line through two others.
fn from_line(point: Point<i32>, a: Point<i32>, b: Point<i32>) -> f64 {
    let (dx, dy) = (f64::from(b.x - a.x), f64::from(b.y - a.y));
    let length = dx.hypot(dy);
    if length == 0.0 {
        return f64::from(point.x - a.x).hypot(f64::from(point.y - a.y));
    }
    (dx * f64::from(point.y - a.y) - dy * f64::from(point.x - a.x)).abs() / length
}
