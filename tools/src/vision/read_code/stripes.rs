//! How far the stripes of a bar code reach. Readers see one line across them; a code is a stack of like lines.

use image::GrayImage;

use crate::geom::Quad;

type Point = [f32; 2];

/// Points at which a line is looked at.
const SAMPLES: usize = 240;
/// Correlation with the line that was read from which a line is one of the same stripes.
const LIKE: f32 = 0.6;
/// Unlike lines that a scratch may make.
const SCRATCH: usize = 2;
/// What reads like a bar code but is lower than this many pixels is a line of print or a texture.
const LEAST_HEIGHT: usize = 6;

/// The corners of the bar code that was read from `start` to `end` (pixels), clockwise from its own top left; `None` if the
/// lines beside that one do not look like it.
pub(super) fn extent(picture: &GrayImage, start: Point, end: Point) -> Option<Quad> {
    let end = last_dark(picture, start, end)?;
    let along = unit(start, end)?;
    let base = profile(picture, start, end)?;
    let across = [-along[1], along[0]];
    // The line may cross the stripes on a slant: the place where a line some pixels off is most alike tells how much.
    let slant = slant(picture, &base, start, end, along, across);
    let stripe = normal([across[0] + slant * along[0], across[1] + slant * along[1]])?;
    let reading = [stripe[1], -stripe[0]];
    let half = distance(start, end) / 2.0 * (reading[0] * along[0] + reading[1] * along[1]);
    let middle = [f32::midpoint(start[0], end[0]), f32::midpoint(start[1], end[1])];
    let (left, right) = (step(middle, reading, -half), step(middle, reading, half));
    let base = profile(picture, left, right)?;
    let reach = |sign: f32| reach(picture, &base, left, right, [sign * stripe[0], sign * stripe[1]]);
    let (up, down) = (reach(-1.0), reach(1.0));
    if up + down < LEAST_HEIGHT.max((half / 20.0) as usize) {
        return None;
    }
    let back = [-reading[0], -reading[1]];
    let (left, right) =
        (outermost(picture, &base, left, back, 2.0 * half), outermost(picture, &base, right, reading, 2.0 * half));
    let (up, down) = (up as f32 + 0.5, down as f32 + 0.5);
    Some(Quad([step(left, stripe, -up), step(right, stripe, -up), step(right, stripe, down), step(left, stripe, down)]))
}

/// The last dark point of the line: some readers give an end in the quiet zone, or one outside the picture.
fn last_dark(picture: &GrayImage, start: Point, end: Point) -> Option<Point> {
    let along = unit(start, end)?;
    let points = (0..=distance(start, end) as u32).map(|pixel| step(start, along, pixel as f32));
    let line: Vec<(Point, f32)> = points.filter_map(|point| Some((point, sample(picture, point)?))).collect();
    let (low, high) = line.iter().fold((f32::MAX, f32::MIN), |(low, high), (_, v)| (low.min(*v), high.max(*v)));
    let dark = f32::midpoint(low, high);
    line.iter().rev().find(|(_, value)| *value < dark).map(|(point, _)| *point)
}

/// How far the stripes move along the line for each pixel across it, told from lines further and further off.
fn slant(picture: &GrayImage, base: &[f32], start: Point, end: Point, along: Point, across: Point) -> f32 {
    let likeness = |rows: f32, slant: f32| {
        let moved = |point: Point| step(step(point, across, rows), along, slant * rows);
        profile(picture, moved(start), moved(end)).map_or(0.0, |line| correlation(base, &line))
    };
    let mut slant = 0.0;
    for (rows, grain) in [(4.0, 0.1), (12.0, 0.03), (36.0, 0.01)] {
        let mut best = (0.0, slant);
        // From the middle outwards: the straighter way wins where several are as good.
        for candidate in (0..=10_i16).flat_map(|steps| [steps, -steps]).map(|steps| slant + f32::from(steps) * grain) {
            let found = likeness(rows, candidate).max(likeness(-rows, candidate));
            if found > best.0 + 1e-3 {
                best = (found, candidate);
            }
        }
        if best.0 < LIKE {
            break;
        }
        slant = best.1;
    }
    slant
}

/// How many pixels further in a direction the lines still look like `base`.
fn reach(picture: &GrayImage, base: &[f32], left: Point, right: Point, direction: Point) -> usize {
    let (mut last, mut missed, mut rows) = (0, 0, 0);
    while missed <= SCRATCH {
        rows += 1;
        let moved = |point: Point| step(point, direction, rows as f32);
        let Some(line) = profile(picture, moved(left), moved(right)) else { break };
        if correlation(base, &line) >= LIKE {
            (last, missed) = (rows, 0);
        } else {
            missed += 1;
        }
    }
    last
}

/// Readers give the middle of the first and last group of bars; the code ends with the outermost bar, before the quiet zone.
/// `length` is that of the line in pixels.
fn outermost(picture: &GrayImage, base: &[f32], from: Point, outwards: Point, length: f32) -> Point {
    let (low, high) = base.iter().fold((f32::MAX, f32::MIN), |(low, high), v| (low.min(*v), high.max(*v)));
    let dark = f32::midpoint(low, high);
    let mut last = 0.0;
    for pixel in 0..(length / 8.0) as u32 {
        let by = pixel as f32;
        match sample(picture, step(from, outwards, by)) {
            Some(value) if value < dark => last = by,
            Some(_) if by - last < length / 24.0 + 2.0 => {}
            _ => break,
        }
    }
    step(from, outwards, last + 0.5)
}

/// The brightness (0..=255) along a line; `None` if it leaves the picture.
fn profile(picture: &GrayImage, start: Point, end: Point) -> Option<Vec<f32>> {
    let part = |index: usize| index as f32 / (SAMPLES - 1) as f32;
    (0..SAMPLES)
        .map(|index| {
            let t = part(index);
            sample(picture, [start[0] + t * (end[0] - start[0]), start[1] + t * (end[1] - start[1])])
        })
        .collect()
}

fn sample(picture: &GrayImage, [x, y]: Point) -> Option<f32> {
    let inside = x >= 0.0 && y >= 0.0 && x < picture.width() as f32 && y < picture.height() as f32;
    inside.then(|| f32::from(picture.get_pixel(x as u32, y as u32).0[0]))
}

/// Pearson's correlation; 0 for a flat line.
fn correlation(a: &[f32], b: &[f32]) -> f32 {
    let mean = |values: &[f32]| values.iter().sum::<f32>() / values.len().max(1) as f32;
    let (mean_a, mean_b) = (mean(a), mean(b));
    let (mut shared, mut own_a, mut own_b) = (0.0, 0.0, 0.0);
    for (a, b) in a.iter().zip(b) {
        let (a, b) = (a - mean_a, b - mean_b);
        (shared, own_a, own_b) = (shared + a * b, own_a + a * a, own_b + b * b);
    }
    if own_a > 0.0 && own_b > 0.0 { shared / (own_a * own_b).sqrt() } else { 0.0 }
}

fn step(from: Point, direction: Point, by: f32) -> Point {
    [from[0] + direction[0] * by, from[1] + direction[1] * by]
}

fn distance(a: Point, b: Point) -> f32 {
    (b[0] - a[0]).hypot(b[1] - a[1])
}

fn unit(a: Point, b: Point) -> Option<Point> {
    normal([b[0] - a[0], b[1] - a[1]])
}

fn normal(direction: Point) -> Option<Point> {
    let length = direction[0].hypot(direction[1]);
    (length > 1e-3).then(|| direction.map(|value| value / length))
}
