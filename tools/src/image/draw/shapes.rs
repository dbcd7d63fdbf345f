//! Strokes and fills that show on any background: every line is a colored core inside a dark halo.

use image::{GrayImage, Rgb, RgbImage};

pub(super) const DARK: Rgb<u8> = Rgb([16, 16, 16]);
const HALO_OPACITY: f32 = 0.55;

/// Mixes `color` into one pixel; outside the picture nothing happens.
pub(super) fn blend(canvas: &mut RgbImage, x: i64, y: i64, color: Rgb<u8>, opacity: f32) {
    let (Ok(x), Ok(y)) = (u32::try_from(x), u32::try_from(y)) else { return };
    let Some(pixel) = canvas.get_pixel_mut_checked(x, y) else { return };
    let opacity = opacity.clamp(0.0, 1.0);
    for (old, new) in pixel.0.iter_mut().zip(color.0) {
        *old = (f32::from(*old) * (1.0 - opacity) + f32::from(new) * opacity).round() as u8;
    }
}

/// A filled rectangle (left, top, right and bottom exclusive).
pub(super) fn fill(canvas: &mut RgbImage, [x1, y1, x2, y2]: [i64; 4], color: Rgb<u8>, opacity: f32) {
    let (width, height) = (i64::from(canvas.width()), i64::from(canvas.height()));
    for y in y1.max(0)..y2.min(height) {
        for x in x1.max(0)..x2.min(width) {
            blend(canvas, x, y, color, opacity);
        }
    }
}

/// The frame of a rectangle: `line` pixels of color inwards from the edge, a dark pixel or more on both sides.
pub(super) fn frame(canvas: &mut RgbImage, rect: [i64; 4], line: i64, color: Rgb<u8>) {
    let halo = (line / 3).max(1);
    ring(canvas, rect.map_sides(-halo), halo, DARK, HALO_OPACITY);
    ring(canvas, rect.map_sides(line), halo, DARK, HALO_OPACITY);
    ring(canvas, rect, line, color, 1.0);
}

trait Sides {
    fn map_sides(self, inset: i64) -> Self;
}

impl Sides for [i64; 4] {
    fn map_sides(self, inset: i64) -> Self {
        let [x1, y1, x2, y2] = self;
        [x1 + inset, y1 + inset, x2 - inset, y2 - inset]
    }
}

fn ring(canvas: &mut RgbImage, [x1, y1, x2, y2]: [i64; 4], thickness: i64, color: Rgb<u8>, opacity: f32) {
    if x2 <= x1 || y2 <= y1 {
        return;
    }
    if x2 - x1 <= 2 * thickness || y2 - y1 <= 2 * thickness {
        return fill(canvas, [x1, y1, x2, y2], color, opacity);
    }
    fill(canvas, [x1, y1, x2, y1 + thickness], color, opacity);
    fill(canvas, [x1, y2 - thickness, x2, y2], color, opacity);
    fill(canvas, [x1, y1 + thickness, x1 + thickness, y2 - thickness], color, opacity);
    fill(canvas, [x2 - thickness, y1 + thickness, x2, y2 - thickness], color, opacity);
}

/// A closed outline through points (x, y), smooth-edged.
pub(super) fn outline(canvas: &mut RgbImage, points: &[[f32; 2]], line: f32, color: Rgb<u8>) {
    let halo = (line / 3.0).max(1.0);
    let next = points.iter().cycle().skip(1);
    for (from, to) in points.iter().zip(next.clone()) {
        segment(canvas, *from, *to, line + 2.0 * halo, DARK, HALO_OPACITY);
    }
    for (from, to) in points.iter().zip(next) {
        segment(canvas, *from, *to, line, color, 1.0);
    }
}

/// Lines (from, to, color) that share one halo, so that none of them cuts another where they meet.
pub(super) fn lines(canvas: &mut RgbImage, all: &[([f32; 2], [f32; 2], Rgb<u8>)], width: f32) {
    let halo = (width / 3.0).max(1.0);
    for (from, to, _) in all {
        segment(canvas, *from, *to, width + 2.0 * halo, DARK, HALO_OPACITY);
    }
    for (from, to, color) in all {
        segment(canvas, *from, *to, width, *color, 1.0);
    }
}

/// A dot with a thin dark ring.
pub(super) fn knot(canvas: &mut RgbImage, at: [f32; 2], radius: f32, color: Rgb<u8>) {
    segment(canvas, at, at, 2.0 * radius + (radius * 0.6).max(1.5), DARK, 0.8);
    segment(canvas, at, at, 2.0 * radius, color, 1.0);
}

fn segment(canvas: &mut RgbImage, a: [f32; 2], b: [f32; 2], width: f32, color: Rgb<u8>, opacity: f32) {
    let (dx, dy) = (b[0] - a[0], b[1] - a[1]);
    let length = dx.hypot(dy);
    if !length.is_finite() {
        return;
    }
    let half = width / 2.0;
    // Steps along the longer axis, so that the band to visit across it stays narrow.
    let steep = dy.abs() > dx.abs();
    let (along, across) = if steep { (1, 0) } else { (0, 1) };
    let size = if steep { canvas.height() } else { canvas.width() };
    let slope = if length > 0.0 { (b[across] - a[across]) / (b[along] - a[along]) } else { 0.0 };
    let band = half * (1.0 + slope * slope).sqrt() + 1.5;
    let first = (a[along].min(b[along]) - half - 1.0).max(0.0) as u32;
    let last = (a[along].max(b[along]) + half + 1.0).clamp(0.0, size as f32) as u32;
    for step in first..last {
        let middle = a[across]
            + (step as f32 + 0.5 - a[along]).clamp((b[along] - a[along]).min(0.0), (b[along] - a[along]).max(0.0))
                * slope;
        for side in (middle - band).floor() as i64..=(middle + band).ceil() as i64 {
            let (x, y) = if steep { (side, i64::from(step)) } else { (i64::from(step), side) };
            let (px, py) = (x as f32 + 0.5 - a[0], y as f32 + 0.5 - a[1]);
            let t = if length > 0.0 { ((px * dx + py * dy) / (length * length)).clamp(0.0, 1.0) } else { 0.0 };
            let coverage = (half + 0.5 - (px - t * dx).hypot(py - t * dy)).clamp(0.0, 1.0);
            if coverage > 0.0 {
                blend(canvas, x, y, color, coverage * opacity);
            }
        }
    }
}

/// A dot with a white and a dark ring.
pub(super) fn dot(canvas: &mut RgbImage, at: [f32; 2], radius: f32, color: Rgb<u8>) {
    segment(canvas, at, at, 2.0 * radius * 1.7, DARK, HALO_OPACITY);
    segment(canvas, at, at, 2.0 * radius * 1.4, Rgb([255; 3]), 1.0);
    segment(canvas, at, at, 2.0 * radius, color, 1.0);
}

const MASK_OPACITY: f32 = 0.45;

/// Tints the pixels of a mask (0..=255, same size as the canvas) and draws its outline, `line` pixels wide.
pub(super) fn mask(canvas: &mut RgbImage, mask: &GrayImage, line: i64, color: Rgb<u8>) {
    let (width, height) = (i64::from(mask.width()), i64::from(mask.height()));
    let inside =
        |x: i64, y: i64| x >= 0 && y >= 0 && x < width && y < height && mask.get_pixel(x as u32, y as u32).0[0] >= 128;
    let around = |x: i64, y: i64, r: i64, wanted: bool| {
        let d = (r * 7 / 10).max(1);
        [(r, 0), (-r, 0), (0, r), (0, -r), (d, d), (d, -d), (-d, d), (-d, -d)]
            .iter()
            .any(|(dx, dy)| inside(x + dx, y + dy) == wanted)
    };
    let halo = (line / 3).max(1);
    for (x, y, value) in mask.enumerate_pixels() {
        let (px, py) = (i64::from(x), i64::from(y));
        if inside(px, py) {
            let edge = around(px, py, line, false);
            blend(canvas, px, py, color, if edge { 1.0 } else { MASK_OPACITY });
        } else if around(px, py, halo, true) {
            blend(canvas, px, py, DARK, HALO_OPACITY);
        } else if value.0[0] > 0 {
            blend(canvas, px, py, color, MASK_OPACITY * f32::from(value.0[0]) / 255.0);
        }
    }
}
