//! `redact`: faces, text, codes or any region made unreadable on a copy of the image.

mod targets;
mod tool;

use image::{Rgba, RgbaImage, imageops};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use tool::{Redact, RedactInput, RedactOutput, RedactShape};

use crate::geom::{BBox, Quad};

/// How a place is hidden.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RedactMethod {
    /// Large squares of one color each.
    Pixelate,
    /// Smooth colors.
    Blur,
    /// Black.
    Black,
}

/// The outline of a place, in pixels.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Outline {
    /// An upright rectangle.
    Rectangle(BBox),
    /// The ellipse inside a rectangle.
    Ellipse(BBox),
    /// Four corners, as those of a slanted line of text.
    Quad(Quad),
}

impl Outline {
    fn bounds(&self) -> BBox {
        match self {
            Self::Rectangle(bbox) | Self::Ellipse(bbox) => *bbox,
            Self::Quad(quad) => quad.bounds(),
        }
    }

    fn contains(&self, x: f32, y: f32) -> bool {
        match self {
            Self::Rectangle(_) => true,
            Self::Ellipse(bbox) => {
                let (cx, cy) = bbox.center();
                let (dx, dy) = ((x - cx) / bbox.width().max(1.0), (y - cy) / bbox.height().max(1.0));
                dx * dx + dy * dy <= 0.25
            }
            Self::Quad(quad) => quad.contains(x, y),
        }
    }
}

/// Cells along the longer side of a place.
const CELLS: u32 = 8;
/// A cell is at least so many pixels, however small the place.
const LEAST_CELL: u32 = 4;

/// Hides a place. All that is left of it are the mean colors of at most 8 x 8 cells, as squares or blurred into each other,
/// or nothing: no later step can bring it back. `false` if it lies outside the picture.
pub fn hide(picture: &mut RgbaImage, outline: &Outline, method: RedactMethod) -> bool {
    let Some((x, y, width, height)) = outline.bounds().to_pixels(picture.width(), picture.height()) else {
        return false;
    };
    let cover = match method {
        RedactMethod::Black => RgbaImage::from_pixel(width, height, Rgba([0, 0, 0, 255])),
        RedactMethod::Pixelate | RedactMethod::Blur => {
            let cell = width.max(height).div_ceil(CELLS).max(LEAST_CELL);
            let cells = means(picture, (x, y, width, height), cell);
            let filter = match method {
                RedactMethod::Blur => imageops::FilterType::Gaussian,
                _ => imageops::FilterType::Nearest,
            };
            // Whole cells, of which those at the right and bottom may reach over the edge.
            imageops::resize(&cells, cells.width() * cell, cells.height() * cell, filter)
        }
    };
    for (dx, dy) in (0..height).flat_map(|dy| (0..width).map(move |dx| (dx, dy))) {
        if outline.contains((x + dx) as f32 + 0.5, (y + dy) as f32 + 0.5) {
            picture.put_pixel(x + dx, y + dy, *cover.get_pixel(dx, dy));
        }
    }
    true
}

/// The mean color of every cell; what is clear has no say in it.
fn means(picture: &RgbaImage, (x, y, width, height): (u32, u32, u32, u32), cell: u32) -> RgbaImage {
    RgbaImage::from_fn(width.div_ceil(cell), height.div_ceil(cell), |column, row| {
        let (left, top) = (column * cell, row * cell);
        let (right, bottom) = ((left + cell).min(width), (top + cell).min(height));
        let (mut sum, mut opacity) = ([0_u64; 3], 0_u64);
        for (dx, dy) in (top..bottom).flat_map(|dy| (left..right).map(move |dx| (dx, dy))) {
            let [r, g, b, a] = picture.get_pixel(x + dx, y + dy).0.map(u64::from);
            sum = [sum[0] + r * a, sum[1] + g * a, sum[2] + b * a];
            opacity += a;
        }
        let count = u64::from(right - left) * u64::from(bottom - top);
        let [r, g, b] = sum.map(|value| (value / opacity.max(1)) as u8);
        Rgba([r, g, b, (opacity / count.max(1)) as u8])
    })
}

#[cfg(test)]
mod tests;
