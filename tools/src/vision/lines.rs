//! `lines`: straight line segments, by the progressive probabilistic Hough transform (Matas, Galambos and Kittler 2000).

use image::{DynamicImage, GrayImage, Rgb, RgbImage};
use imageproc::drawing::draw_antialiased_line_segment_mut;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::edges::canny_of_any;
use crate::{
    image::{Operation, to_rgb},
    tool::{Effects, Example, ImageArg, Tool, ToolCx, ToolError},
};

/// Finds straight lines.
pub struct Lines;

/// Arguments of [`Lines`].
#[derive(Debug, Deserialize, JsonSchema)]
pub struct LinesInput {
    #[serde(default)]
    image: ImageArg,
    /// least length in pixels; left out: a tenth of the shorter side
    #[serde(default)]
    min_length: Option<f32>,
    /// whether to draw them as white lines on black, as a new image
    #[serde(default)]
    draw: bool,
}

/// Result of [`Lines`].
#[derive(Debug, JsonSchema, Serialize)]
pub struct LinesOutput {
    /// The longest first, at most 200.
    pub lines: Vec<LineSegment>,
    /// How many more there are.
    pub more: usize,
    /// Handle of the drawing, if one was asked for.
    pub image: Option<String>,
}

/// A straight piece of an edge.
#[derive(Clone, Copy, Debug, JsonSchema, PartialEq, Serialize)]
pub struct LineSegment {
    /// [x, y] in pixels.
    pub from: [f32; 2],
    /// [x, y] in pixels.
    pub to: [f32; 2],
    /// In pixels.
    #[serde(serialize_with = "crate::geom::thousandths")]
    pub length: f32,
    /// Against the horizontal, from -90 (exclusive) to 90 degrees; positive falls to the right.
    #[serde(serialize_with = "crate::geom::thousandths")]
    pub angle: f32,
}

const LISTED: usize = 200;
/// Angles of the accumulator: one a degree.
const ANGLES: usize = 180;
/// Pixels that may be missing within a line.
const GAP: u32 = 4;
/// The long side at which lines are sought; more pixels only cost time.
const LONG_SIDE: u32 = 1600;

impl Tool for Lines {
    type Input = LinesInput;
    type Output = LinesOutput;
    const NAME: &'static str = "lines";
    const EFFECTS: Effects = Effects::SEES_AND_DRAWS;
    const SUMMARY: &'static str = "find straight lines, such as edges of walls, tables and pages, with their angles";
    const ADVANCED: bool = true;

    fn examples() -> Vec<Example> {
        vec![Example {
            task: "Is the horizon level?",
            input: json!({"image": "img-1", "min_length": 300}),
            output: json!({
                "lines": [{"from": [4.0, 312.0], "to": [1180.0, 301.0], "length": 1176.1, "angle": -0.5}],
                "more": 0, "image": null
            }),
        }]
    }

    async fn call(&self, input: LinesInput, cx: &ToolCx) -> Result<LinesOutput, ToolError> {
        let entry = cx.image(&input.image)?;
        let least = input.min_length.unwrap_or(entry.width().min(entry.height()) as f32 / 10.0);
        if !(least.is_finite() && least >= 0.0) {
            return Err(ToolError::invalid_input(format!("min_length is {least}; it must be 0 or more pixels")));
        }
        let pixels = entry.pixels.clone();
        let found = cx
            .blocking(move |control| {
                let gray = DynamicImage::ImageRgb8(to_rgb(&pixels)).to_luma8();
                control.check()?;
                Ok(segments(&gray, least))
            })
            .await?;
        let image = input.draw.then(|| {
            let mut drawing = RgbImage::new(entry.width(), entry.height());
            for line in &found {
                draw_antialiased_line_segment_mut(
                    &mut drawing,
                    (line.from[0] as i32, line.from[1] as i32),
                    (line.to[0] as i32, line.to[1] as i32),
                    Rgb([255, 255, 255]),
                    imageproc::pixelops::interpolate,
                );
            }
            let operation =
                Operation { tool: Self::NAME.into(), args: json!({"image": entry.handle, "min_length": least}) };
            cx.images.derive(&entry, operation, DynamicImage::ImageRgb8(drawing)).handle.clone()
        });
        let more = found.len().saturating_sub(LISTED);
        Ok(LinesOutput { lines: found.into_iter().take(LISTED).collect(), more, image })
    }

    fn render(output: &LinesOutput) -> String {
        const SHOWN: usize = 8;
        if output.lines.is_empty() {
            return "no straight line of that length".into();
        }
        let count = output.lines.len() + output.more;
        let shown: Vec<String> = output
            .lines
            .iter()
            .take(SHOWN)
            .map(|line| {
                let [x1, y1] = line.from.map(f32::round);
                let [x2, y2] = line.to.map(f32::round);
                format!("({x1}, {y1}) to ({x2}, {y2}), {:.0} pixels, {:.0} degrees", line.length, line.angle)
            })
            .collect();
        let rest = if count > SHOWN { format!("; and {} more", count - SHOWN) } else { String::new() };
        let drawing = output.image.as_ref().map(|image| format!("; drawn as {image}")).unwrap_or_default();
        format!("{count} lines, the longest first: {}{rest}{drawing}", shown.join("; "))
    }
}

/// The segments of a picture that are at least `least` pixels long, the longest first.
fn segments(gray: &GrayImage, least: f32) -> Vec<LineSegment> {
    let long = gray.width().max(gray.height());
    let scale = if long > LONG_SIDE { LONG_SIDE as f32 / long as f32 } else { 1.0 };
    let small;
    let working = if scale < 1.0 {
        let side = |side: u32| ((side as f32 * scale).round() as u32).max(1);
        small = image::imageops::resize(
            gray,
            side(gray.width()),
            side(gray.height()),
            image::imageops::FilterType::Triangle,
        );
        &small
    } else {
        gray
    };
    let edges = canny_of_any(working, 60.0, 140.0);
    let mut found: Vec<LineSegment> = hough(edges, (least * scale).max(2.0))
        .into_iter()
        .map(|line| {
            let point = |(x, y): (u32, u32)| [x as f32 / scale, y as f32 / scale];
            segment(point(line.0), point(line.1))
        })
        .filter(|line| line.length >= least)
        .collect();
    found.sort_by(|a, b| b.length.total_cmp(&a.length));
    found
}

/// From left to right.
fn segment(a: [f32; 2], b: [f32; 2]) -> LineSegment {
    let (from, to) = if (a[0], a[1]) <= (b[0], b[1]) { (a, b) } else { (b, a) };
    let (dx, dy) = (to[0] - from[0], to[1] - from[1]);
    let angle = dy.atan2(dx).to_degrees();
    let tenth = |value: f32| (value * 10.0).round() / 10.0;
    LineSegment { from: from.map(tenth), to: to.map(tenth), length: tenth(dx.hypot(dy)), angle: tenth(angle) }
}

type Point = (u32, u32);

/// Votes pixel by pixel in a random but fixed order; where a line has enough votes it is walked along, and its pixels are taken
/// out of the picture and of the votes.
fn hough(mut edges: GrayImage, least: f32) -> Vec<(Point, Point)> {
    let (width, height) = edges.dimensions();
    let diagonal = (width as f32).hypot(height as f32).ceil() as usize + 1;
    let trigonometry: Vec<(f32, f32)> = (0..ANGLES).map(|angle| (angle as f32).to_radians().sin_cos()).collect();
    let mut votes = vec![0_u16; ANGLES * 2 * diagonal];
    let cell = |angle: usize, (x, y): Point| {
        let (sin, cos) = trigonometry[angle];
        let rho = (x as f32 * cos + y as f32 * sin).round() as i64 + diagonal as i64;
        angle * 2 * diagonal + rho.clamp(0, 2 * diagonal as i64 - 1) as usize
    };
    let mut points: Vec<Point> =
        edges.enumerate_pixels().filter(|(_, _, pixel)| pixel.0[0] > 0).map(|(x, y, _)| (x, y)).collect();
    shuffle(&mut points);
    let mut voted = vec![false; (width * height) as usize];
    let index = |(x, y): Point| (y * width + x) as usize;
    let threshold = (least * 0.5).max(8.0) as u16;
    let mut found = Vec::new();
    for point in points {
        if edges.get_pixel(point.0, point.1).0[0] == 0 {
            continue;
        }
        voted[index(point)] = true;
        let (mut best, mut most) = (0, 0);
        for angle in 0..ANGLES {
            let vote = &mut votes[cell(angle, point)];
            *vote = vote.saturating_add(1);
            if *vote > most {
                (best, most) = (angle, *vote);
            }
        }
        if most < threshold {
            continue;
        }
        let line = walk(&edges, point, trigonometry[best]);
        let long = {
            let (a, b) = (line.ends.0, line.ends.1);
            (a.0.abs_diff(b.0) as f32).hypot(a.1.abs_diff(b.1) as f32) >= least
        };
        for pixel in line.pixels {
            if long && voted[index(pixel)] {
                for angle in 0..ANGLES {
                    let vote = &mut votes[cell(angle, pixel)];
                    *vote = vote.saturating_sub(1);
                }
            }
            edges.get_pixel_mut(pixel.0, pixel.1).0[0] = 0;
        }
        if long {
            found.push(line.ends);
        }
    }
    found
}

struct Walked {
    ends: (Point, Point),
    pixels: Vec<Point>,
}

/// Both ways along a line from one of its pixels, over gaps and one pixel to either side.
fn walk(edges: &GrayImage, start: Point, (sin, cos): (f32, f32)) -> Walked {
    // The line runs at a right angle to its normal; one pixel a step along the steeper axis.
    let (dx, dy) = (-sin, cos);
    let length = dx.abs().max(dy.abs());
    let step = (dx / length, dy / length);
    let (mut ends, mut pixels) = ([start, start], vec![start]);
    for (end, sign) in ends.iter_mut().zip([1.0_f32, -1.0]) {
        let (mut x, mut y, mut gap) = (start.0 as f32, start.1 as f32, 0);
        while gap <= GAP {
            x += sign * step.0;
            y += sign * step.1;
            let (column, row) = (x.round() as i64, y.round() as i64);
            if column < 0 || row < 0 || column >= i64::from(edges.width()) || row >= i64::from(edges.height()) {
                break;
            }
            let side = if step.0.abs() >= step.1.abs() { (0, 1) } else { (1, 0) };
            let mut hit = false;
            for offset in [0_i64, 1, -1] {
                let (column, row) = (column + offset * side.0, row + offset * side.1);
                let inside =
                    column >= 0 && row >= 0 && column < i64::from(edges.width()) && row < i64::from(edges.height());
                if inside && edges.get_pixel(column as u32, row as u32).0[0] > 0 {
                    pixels.push((column as u32, row as u32));
                    if !hit {
                        *end = (column as u32, row as u32);
                    }
                    hit = true;
                }
            }
            gap = if hit { 0 } else { gap + 1 };
        }
    }
    Walked { ends: (ends[0], ends[1]), pixels }
}

/// Fisher and Yates, with a fixed generator: the same picture gives the same lines.
fn shuffle(points: &mut [Point]) {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    for at in (1..points.len()).rev() {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        points.swap(at, (state % (at as u64 + 1)) as usize);
    }
}

#[cfg(test)]
mod tests {
    use image::Luma;
    use imageproc::{drawing::draw_filled_rect_mut, rect::Rect};

    use super::*;

    #[test]
    fn the_sides_of_a_rectangle_are_found() {
        let mut gray = GrayImage::new(300, 200);
        draw_filled_rect_mut(&mut gray, Rect::at(50, 40).of_size(200, 100), Luma([230]));
        let lines = segments(&gray, 60.0);
        let level = lines.iter().filter(|line| line.angle.abs() < 2.0 && line.length > 180.0).count();
        let upright = lines.iter().filter(|line| line.angle.abs() > 88.0 && line.length > 85.0).count();
        assert_eq!((level, upright), (2, 2), "{lines:?}");
        assert_eq!(segments(&gray, 60.0), lines, "the same again");
        assert!(segments(&gray, 250.0).is_empty());
    }

    #[test]
    fn a_slanted_line_has_its_angle() {
        let gray = GrayImage::from_fn(240, 240, |x, y| Luma([if y * 2 > x + 60 { 200 } else { 20 }]));
        let line = segments(&gray, 100.0)[0];
        assert!((line.angle - 26.6).abs() < 1.5, "{line:?}");
        assert!(line.length > 200.0);
    }

    #[test]
    fn nothing_is_found_in_nothing() {
        for (width, height) in [(1, 1), (3, 500), (400, 300)] {
            assert!(segments(&GrayImage::new(width, height), 10.0).is_empty());
        }
    }
}
