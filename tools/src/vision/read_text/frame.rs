//! The picture as the detector works on it: sides within bounds, very flat pictures padded; and the way back.

use std::borrow::Cow;

use image::RgbImage;

use super::tensor::resize;
use crate::{geom::Quad, tool::ToolError};

/// Longest side that is worked on, in pixels; larger pictures are shrunk first.
const LONGEST: u32 = 2000;
/// Shortest side; smaller pictures are enlarged first.
const SHORTEST: u32 = 30;
/// Longer pictures than this after enlarging are refused: padded to a readable shape, they would fill the memory.
const LONGEST_ENLARGED: u32 = 6000;
/// Pictures wider than this times their height get black bands above and below, or the detector sees no line in them.
const FLATTEST: u32 = 8;

/// A picture brought within the bounds, and how its coordinates go back to the original.
#[derive(Debug)]
pub(super) struct Frame<'a> {
    /// The pixels to work on.
    pub(super) pixels: Cow<'a, RgbImage>,
    original: (u32, u32),
    ratio: (f32, f32),
    top: u32,
}

impl<'a> Frame<'a> {
    /// Brings a picture within the bounds. A picture so long and thin that its short side would vanish is an error.
    pub(super) fn new(image: &'a RgbImage) -> Result<Self, ToolError> {
        let original = image.dimensions();
        let mut pixels = Cow::Borrowed(image);
        let longest = original.0.max(original.1);
        if longest > LONGEST {
            pixels = Cow::Owned(scaled(&pixels, f64::from(LONGEST) / f64::from(longest))?);
        }
        let shortest = pixels.width().min(pixels.height());
        if shortest < SHORTEST {
            pixels = Cow::Owned(scaled(&pixels, f64::from(SHORTEST) / f64::from(shortest))?);
        }
        let ratio = (original.0 as f32 / pixels.width() as f32, original.1 as f32 / pixels.height() as f32);
        let top = band(pixels.width(), pixels.height());
        if top > 0 {
            let mut padded = RgbImage::new(pixels.width(), pixels.height() + 2 * top);
            image::imageops::replace(&mut padded, pixels.as_ref(), 0, i64::from(top));
            pixels = Cow::Owned(padded);
        }
        Ok(Self { pixels, original, ratio, top })
    }

    /// The outline of the whole picture in the frame, bands left out.
    pub(super) fn whole(&self) -> Quad {
        let (width, top) = (self.pixels.width() as f32, self.top as f32);
        let bottom = self.pixels.height() as f32 - top;
        Quad([[0.0, top], [width, top], [width, bottom], [0.0, bottom]])
    }

    /// A quad of the frame in pixels of the original picture, kept inside it.
    pub(super) fn to_original(&self, quad: Quad) -> Quad {
        let (width, height) = (self.original.0 as f32, self.original.1 as f32);
        Quad(quad.0.map(|[x, y]| {
            [(x * self.ratio.0).clamp(0.0, width), ((y - self.top as f32) * self.ratio.1).clamp(0.0, height)]
        }))
    }
}

/// A side as the reference rounds it: to the nearest multiple of 32, halves to the even one.
pub(super) fn to_multiple_of_32(side: f64) -> u32 {
    ((side.floor() / 32.0).round_ties_even() * 32.0) as u32
}

fn scaled(image: &RgbImage, ratio: f64) -> Result<RgbImage, ToolError> {
    let side = |side: u32| to_multiple_of_32(f64::from(side) * ratio);
    let (width, height) = (side(image.width()), side(image.height()));
    if width == 0 || height == 0 || width.max(height) > LONGEST_ENLARGED {
        return Err(ToolError::invalid_input(format!(
            "the picture is {} x {} pixels, too long and thin to look for text in; crop it into shorter pieces first",
            image.width(),
            image.height()
        )));
    }
    Ok(resize(image, width, height))
}

/// Height of each black band that a flat picture needs, 0 if none.
fn band(width: u32, height: u32) -> u32 {
    if height > SHORTEST && width <= FLATTEST * height {
        return 0;
    }
    let wanted = (width / FLATTEST).max(SHORTEST) * 2;
    wanted.abs_diff(height) / 2
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a failed test may panic")]
    use super::*;

    #[test]
    fn a_picture_within_bounds_is_not_copied() {
        let image = RgbImage::new(640, 480);
        let frame = Frame::new(&image).unwrap();
        assert!(matches!(frame.pixels, Cow::Borrowed(_)));
    }

    #[test]
    fn coordinates_survive_shrinking_and_padding() {
        let image = RgbImage::new(4000, 300);
        let frame = Frame::new(&image).unwrap();
        assert_eq!(frame.pixels.dimensions(), (1984, 160 + 2 * 168));
        let back = frame.to_original(Quad([[0.0, 168.0], [1984.0, 168.0], [1984.0, 328.0], [0.0, 328.0]]));
        assert_eq!(back, Quad([[0.0, 0.0], [4000.0, 0.0], [4000.0, 300.0], [0.0, 300.0]]));
    }

    #[test]
    fn a_tiny_picture_is_enlarged() {
        assert_eq!(Frame::new(&RgbImage::new(80, 20)).unwrap().pixels.dimensions(), (128, 32));
    }

    #[test]
    fn a_hair_is_refused_with_advice() {
        let error = Frame::new(&RgbImage::new(9000, 2)).unwrap_err();
        assert!(error.feedback.contains("9000 x 2"), "{error}");
        assert!(Frame::new(&RgbImage::new(2000, 1)).is_err());
    }
}
