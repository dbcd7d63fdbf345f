//! What is to be filled: the mask of a thing, with a rim, at its place in the picture.

use image::{GenericImageView, GrayImage, Luma, RgbImage, imageops};
use imageproc::{distance_transform::Norm, morphology::dilate};

use crate::{
    geom::{BBox, Quad},
    onnx::{LoadedModel, RunControl},
    tool::ToolError,
    vision::segment::object_mask,
};

/// A part of a picture that is to be filled.
#[derive(Clone, Debug, PartialEq)]
pub struct Hole {
    /// Left edge of the mask in pixels of the picture.
    pub x: u32,
    /// Top edge.
    pub y: u32,
    /// 255 where the picture is to be filled, else 0.
    pub mask: GrayImage,
    /// How many pixels wide the rim is that was added around the thing; the filling fades in within it.
    pub rim: u32,
}

/// The rim as a share of the longer side: shadows, and edges that a mask misses, go with the thing.
const RIM: f32 = 0.03;
/// Opacity, 0..=255, from which a pixel belongs to the thing: soft edges go with it.
const SOLID: u8 = 64;
/// A mask of less than this share of its box has missed the thing.
const LEAST: f32 = 0.08;

impl Hole {
    /// The box (x, y, width, height) in pixels.
    pub(super) fn bounds(&self) -> (u32, u32, u32, u32) {
        (self.x, self.y, self.mask.width(), self.mask.height())
    }

    /// How much of a pixel of the picture is to be filled, 0 or 255.
    pub(super) fn at(&self, x: u32, y: u32) -> u8 {
        let inside = x.checked_sub(self.x).zip(y.checked_sub(self.y));
        inside.and_then(|(x, y)| self.mask.get_pixel_checked(x, y)).map_or(0, |value| value.0[0])
    }

    pub(super) fn mark(&self, all: &mut GrayImage, value: u8) {
        for (x, y, pixel) in self.mask.enumerate_pixels() {
            if pixel.0[0] > 0 {
                all.put_pixel(self.x + x, self.y + y, Luma([value]));
            }
        }
    }
}

/// The hole of everything inside an outline (a box, or four corners); `None` if that lies outside the picture.
pub fn outline_hole(bbox: &BBox, quad: Option<&Quad>, (width, height): (u32, u32)) -> Option<Hole> {
    grown(bbox, (width, height), |x, y| quad.is_none_or(|quad| quad.contains(x as f32 + 0.5, y as f32 + 0.5)))
}

/// The hole of the object in a box, by a salient-object model; `None` if it finds none there. Blocking.
pub fn object_hole(
    model: &LoadedModel,
    image: &RgbImage,
    bbox: &BBox,
    control: &RunControl,
) -> Result<Option<Hole>, ToolError> {
    let mask = object_mask(model, image, Some(*bbox), control)?;
    let Some((x, y, width, height)) = bbox.to_pixels(image.width(), image.height()) else { return Ok(None) };
    let part = imageops::crop_imm(&mask, x, y, width, height);
    let solid = part.pixels().filter(|(_, _, value)| value.0[0] >= SOLID).count();
    if (solid as f32) < LEAST * width as f32 * height as f32 {
        return Ok(None);
    }
    Ok(grown(bbox, image.dimensions(), |x, y| mask.get_pixel(x, y).0[0] >= SOLID))
}

/// What is inside of a box and counts, with a rim around it.
fn grown(bbox: &BBox, (width, height): (u32, u32), counts: impl Fn(u32, u32) -> bool) -> Option<Hole> {
    let inner = bbox.to_pixels(width, height)?;
    let rim = ((inner.2.max(inner.3) as f32 * RIM).round() as u32).clamp(4, 32);
    let margin = rim as f32;
    let wide = BBox { x1: bbox.x1 - margin, y1: bbox.y1 - margin, x2: bbox.x2 + margin, y2: bbox.y2 + margin };
    let (x, y, outer_width, outer_height) = wide.to_pixels(width, height)?;
    let thing = GrayImage::from_fn(outer_width, outer_height, |dx, dy| {
        let (px, py) = (x + dx, y + dy);
        let inside = (inner.0..inner.0 + inner.2).contains(&px) && (inner.1..inner.1 + inner.3).contains(&py);
        Luma([u8::from(inside && counts(px, py)) * 255])
    });
    let mask = dilate(&thing, Norm::LInf, rim as u8);
    mask.pixels().any(|value| value.0[0] > 0).then_some(Hole { x, y, mask, rim })
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failed set-up fails the test")]
mod tests {
    use super::*;

    #[test]
    fn a_box_gets_a_rim_inside_the_picture() {
        let bbox = BBox { x1: 2.0, y1: 20.0, x2: 42.0, y2: 50.0 };
        let hole = outline_hole(&bbox, None, (100, 60)).unwrap();
        assert_eq!((hole.bounds(), hole.rim), ((0, 16, 46, 38), 4));
        assert!(hole.mask.pixels().all(|value| value.0[0] == 255));
        assert_eq!((hole.at(45, 53), hole.at(46, 53), hole.at(0, 15)), (255, 0, 0));
        let quad = Quad([[22.0, 20.0], [42.0, 35.0], [22.0, 50.0], [2.0, 35.0]]);
        let slanted = outline_hole(&bbox, Some(&quad), (100, 60)).unwrap();
        assert_eq!((slanted.at(22, 35), slanted.at(3, 21), slanted.at(40, 48)), (255, 0, 0));
        let outside = BBox { x1: 200.0, y1: 20.0, x2: 242.0, y2: 50.0 };
        assert_eq!(outline_hole(&outside, None, (100, 60)), None);
        assert_eq!(
            outline_hole(&BBox { x1: 0.0, y1: 0.0, x2: 1.0, y2: 1.0 }, None, (1, 1)).unwrap().bounds(),
            (0, 0, 1, 1)
        );
    }
}
