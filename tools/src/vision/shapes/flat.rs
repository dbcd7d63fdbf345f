//! Flat areas: connected pixels of one color, and which of them are shapes.

use image::{DynamicImage, RgbaImage, imageops::FilterType};

use super::name::shape_name;
use crate::{geom::BBox, onnx::RunControl, tool::ToolError};

/// A flat area with the name of its shape.
pub(super) struct FlatShape {
    /// What it is called.
    pub name: &'static str,
    /// How well its pixels fit the name, 0 to 1.
    pub score: f32,
    /// Its mean red, green and blue.
    pub rgb: [u8; 3],
    /// Where, in pixels of the picture.
    pub bbox: BBox,
}

/// Longest side of the copy that is looked at.
const SIDE: u32 = 512;
/// How far a channel may be from that of the first pixel of its area, of 255.
const TOLERANCE: u8 = 14;
/// How far neighbors may differ in an area without texture.
const SMOOTH: u8 = 2;
/// The least share of smooth neighbors in an area without texture.
const SMOOTH_SHARE: f32 = 0.85;
/// Neighbors across a border that differ by less fade into each other.
const FADING: u8 = 6;
/// The largest share of a shape's border across which it fades: a part of a gradient has more.
const FADING_SHARE: f32 = 0.2;
/// The least share of the picture that a shape covers, holes included.
const LEAST_SHARE: f32 = 0.0012;
/// The least side of a shape, in pixels of the copy.
const LEAST_SIDE: u32 = 7;
/// Longer shapes are lines.
const LONGEST: f32 = 20.0;
/// The least share of a drawing that flat areas cover.
const DRAWN: f32 = 0.6;
/// An area that covers less of what it encloses is an outline.
const OUTLINE: f32 = 0.35;
/// An area that covers less of what it encloses has a hole that belongs to it.
const RING: f32 = 0.75;

/// Connected pixels of one color.
struct Area {
    seed: [u8; 3],
    sum: [u64; 3],
    count: u32,
    smooth: u32,
    border: u32,
    fading: u32,
    left: u32,
    top: u32,
    right: u32,
    bottom: u32,
}

impl Area {
    fn width(&self) -> u32 {
        self.right - self.left + 1
    }

    fn height(&self) -> u32 {
        self.bottom - self.top + 1
    }

    fn is_flat(&self) -> bool {
        self.smooth as f32 >= SMOOTH_SHARE * self.count as f32
            && self.fading as f32 <= FADING_SHARE * self.border as f32
    }

    fn contains(&self, other: &Self) -> bool {
        self.left <= other.left && self.right >= other.right && self.top <= other.top && self.bottom >= other.bottom
    }
}

/// The shapes of a drawing, the largest first; none where the picture is no drawing.
pub(super) fn flat_shapes(picture: &DynamicImage, control: &RunControl) -> Result<Vec<FlatShape>, ToolError> {
    let long = picture.width().max(picture.height());
    let side = |side: u32| (side * SIDE).div_ceil(long).max(1);
    // Colors must stay those of the drawing: no pixel is a mixture of others.
    let small = if long > SIDE {
        picture.resize_exact(side(picture.width()), side(picture.height()), FilterType::Nearest).to_rgba8()
    } else {
        picture.to_rgba8()
    };
    let scale = (picture.width() as f32 / small.width() as f32, picture.height() as f32 / small.height() as f32);
    let (areas, owners) = areas(&small);
    control.check()?;
    let all = small.width() as f32 * small.height() as f32;
    let flat = |area: &&Area| area.is_flat() && area.count as f32 >= LEAST_SHARE * all;
    let drawn: f32 = areas.iter().filter(flat).map(|area| area.count as f32).sum();
    if drawn < DRAWN * all {
        return Ok(Vec::new());
    }
    let Some(background) = areas.iter().max_by_key(|area| area.count).map(|area| area.seed) else {
        return Ok(Vec::new());
    };
    let mut found = Vec::new();
    for (number, area) in areas.iter().enumerate() {
        let (width, height) = (area.width(), area.height());
        let fills = width as f32 > 0.95 * small.width() as f32 && height as f32 > 0.95 * small.height() as f32;
        let (short, long) = (width.min(height), width.max(height) as f32);
        if fills
            || short < LEAST_SIDE
            || long > LONGEST * short as f32
            || !area.is_flat() && area.count as f32 > 0.5 * (width * height) as f32
        {
            continue;
        }
        control.check()?;
        let mask = Mask::new(area, number, &owners, small.width());
        if (mask.count as f32) < LEAST_SHARE * all {
            continue;
        }
        let own = area.count as f32 / mask.count as f32;
        found.push((area, mask, own));
    }
    let is_background = |area: &Area| differ(area.seed, background) <= TOLERANCE;
    // An outline and its interior are one shape: the outline if the interior has the color of the background.
    let same = |a: &Area, b: &Area| boxed(a).iou(&boxed(b)) > 0.7;
    let kept = |at: usize| {
        let (area, _, own) = &found[at];
        let others = || found.iter().enumerate().filter(move |(other, _)| *other != at).map(|(_, other)| other);
        let hole = || others().any(|(outer, _, own)| *own < RING && outer.contains(area));
        let filled = || others().any(|(inner, ..)| !is_background(inner) && area.contains(inner) && same(area, inner));
        !((is_background(area) && hole()) || (*own < OUTLINE && filled()))
    };
    let mut shapes: Vec<(u32, FlatShape)> = (0..found.len())
        .filter(|at| kept(*at))
        .map(|at| {
            let (area, mask, own) = &found[at];
            let (name, score) = shape_name(mask);
            let ring = matches!(name, "circle" | "ellipse") && (OUTLINE..RING).contains(own);
            let count = u64::from(area.count.max(1));
            let bbox = boxed(area);
            let (x, y) = scale;
            let bbox = BBox { x1: bbox.x1 * x, y1: bbox.y1 * y, x2: bbox.x2 * x, y2: bbox.y2 * y };
            let rgb = area.sum.map(|sum| u8::try_from(sum / count).unwrap_or(u8::MAX));
            (mask.count, FlatShape { name: if ring { "ring" } else { name }, score, rgb, bbox })
        })
        .collect();
    shapes.sort_by_key(|(size, _)| std::cmp::Reverse(*size));
    Ok(shapes.into_iter().map(|(_, shape)| shape).collect())
}

fn boxed(area: &Area) -> BBox {
    BBox { x1: area.left as f32, y1: area.top as f32, x2: (area.right + 1) as f32, y2: (area.bottom + 1) as f32 }
}

fn differ(a: [u8; 3], b: [u8; 3]) -> u8 {
    (0..3).map(|channel| a[channel].abs_diff(b[channel])).max().unwrap_or(0)
}

/// The pixel on white, as it is seen.
fn seen(pixel: image::Rgba<u8>) -> [u8; 3] {
    let [r, g, b, a] = pixel.0.map(u32::from);
    [r, g, b].map(|value| u8::try_from((value * a + 255 * (255 - a)) / 255).unwrap_or(u8::MAX))
}

/// The pixels to the left, right, top and bottom that lie in the picture.
fn neighbors(x: u32, y: u32, width: u32, height: u32) -> impl Iterator<Item = (u32, u32)> {
    let around = [(x.wrapping_sub(1), y), (x + 1, y), (x, y.wrapping_sub(1)), (x, y + 1)];
    around.into_iter().filter(move |(x, y)| *x < width && *y < height)
}

/// All areas in the order of their first pixels, and for each pixel, row by row, the number of its area.
fn areas(picture: &RgbaImage) -> (Vec<Area>, Vec<u32>) {
    const FREE: u32 = u32::MAX;
    let (width, height) = picture.dimensions();
    let pixels: Vec<[u8; 3]> = picture.pixels().map(|pixel| seen(*pixel)).collect();
    let mut owners = vec![FREE; pixels.len()];
    let mut areas: Vec<Area> = Vec::new();
    let mut open = Vec::new();
    for start in 0..pixels.len() {
        if owners[start] != FREE {
            continue;
        }
        let (x, y) = (start as u32 % width, start as u32 / width);
        let seed = pixels[start];
        let mut area =
            Area { seed, sum: [0; 3], count: 0, smooth: 0, border: 0, fading: 0, left: x, top: y, right: x, bottom: y };
        let number = areas.len() as u32;
        owners[start] = number;
        open.push((x, y));
        while let Some((x, y)) = open.pop() {
            let own = pixels[(y * width + x) as usize];
            area.count += 1;
            area.sum = [0, 1, 2].map(|channel| area.sum[channel] + u64::from(own[channel]));
            area.left = area.left.min(x);
            area.right = area.right.max(x);
            area.top = area.top.min(y);
            area.bottom = area.bottom.max(y);
            let mut smooth = true;
            for (x, y) in neighbors(x, y, width, height) {
                let at = (y * width + x) as usize;
                let is_own = owners[at] == number || (owners[at] == FREE && differ(pixels[at], seed) <= TOLERANCE);
                if !is_own {
                    area.border += 1;
                    area.fading += u32::from(differ(pixels[at], own) <= FADING);
                    continue;
                }
                smooth &= differ(pixels[at], own) <= SMOOTH;
                if owners[at] == FREE {
                    owners[at] = number;
                    open.push((x, y));
                }
            }
            area.smooth += u32::from(smooth);
        }
        areas.push(area);
    }
    (areas, owners)
}

/// The pixels of an area's box that it covers or encloses.
pub(super) struct Mask {
    /// Width of the box in pixels.
    pub width: u32,
    /// Height of the box in pixels.
    pub height: u32,
    /// Row by row.
    pub inside: Vec<bool>,
    /// How many pixels are inside.
    pub count: u32,
}

impl Mask {
    fn new(area: &Area, number: usize, owners: &[u32], row: u32) -> Self {
        let (width, height) = (area.width(), area.height());
        let own = |x: u32, y: u32| owners[((area.top + y) * row + area.left + x) as usize] == number as u32;
        let mut inside = vec![true; (width * height) as usize];
        let mut open: Vec<(u32, u32)> = Vec::new();
        let borders = (0..width)
            .flat_map(|x| [(x, 0), (x, height - 1)])
            .chain((0..height).flat_map(|y| [(0, y), (width - 1, y)]));
        for (x, y) in borders {
            if inside[(y * width + x) as usize] && !own(x, y) {
                inside[(y * width + x) as usize] = false;
                open.push((x, y));
            }
        }
        while let Some((x, y)) = open.pop() {
            for (x, y) in neighbors(x, y, width, height) {
                let at = (y * width + x) as usize;
                if inside[at] && !own(x, y) {
                    inside[at] = false;
                    open.push((x, y));
                }
            }
        }
        let count = inside.iter().filter(|inside| **inside).count() as u32;
        Self { width, height, inside, count }
    }
}
