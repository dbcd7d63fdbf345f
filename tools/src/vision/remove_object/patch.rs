//! The square around a hole that a model sees, and what of its answer is pasted back.

use image::{GrayImage, ImageBuffer, Luma, Pixel, RgbImage, imageops};
use imageproc::filter::gaussian_blur_f32;

use super::Hole;
use crate::image::mirrored;

/// Sides of the square per longer side of the hole: the model needs context to go by.
const MARGIN: f32 = 2.0;
/// Least side in pixels.
const LEAST: u32 = 64;

/// A square of the picture; where the picture ends, it goes on mirrored.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Patch {
    x: u32,
    y: u32,
    width: u32,
    height: u32,
    side: u32,
}

impl Patch {
    /// Around a hole; `None` for a picture without pixels.
    pub(super) fn around(hole: &Hole, (width, height): (u32, u32)) -> Option<Self> {
        let (x, y, hole_width, hole_height) = hole.bounds();
        let longer = hole_width.max(hole_height);
        let side = ((longer as f32 * MARGIN).round() as u32).max(LEAST).min(width.max(height)).max(longer);
        // Centerd, but pushed inside the picture, and no longer than that.
        let place = |start: u32, length: u32, whole: u32| {
            let length_here = side.min(whole);
            let centred = i64::from(start) + i64::from(length) / 2 - i64::from(side) / 2;
            (centred.clamp(0, i64::from(whole - length_here)) as u32, length_here)
        };
        let ((x, part_width), (y, part_height)) = (place(x, hole_width, width), place(y, hole_height, height));
        (part_width > 0 && part_height > 0).then_some(Self { x, y, width: part_width, height: part_height, side })
    }

    /// The square out of a picture, or out of its mask.
    pub(super) fn cut<P: Pixel + 'static>(
        &self,
        picture: &ImageBuffer<P, Vec<P::Subpixel>>,
    ) -> ImageBuffer<P, Vec<P::Subpixel>> {
        let part = imageops::crop_imm(picture, self.x, self.y, self.width, self.height).to_image();
        mirrored(&part, self.side, self.side)
    }

    /// Puts the pixels of a hole into the picture, from a filled square of the size that [`cut`](Self::cut) gave. Over the
    /// hole's rim they fade in; no other pixel changes.
    pub(super) fn paste(&self, picture: &mut RgbImage, hole: &Hole, filled: &RgbImage) {
        let mask = GrayImage::from_fn(self.width, self.height, |x, y| Luma([hole.at(self.x + x, self.y + y)]));
        // Half at the hole's edge, whole where the thing began.
        let blurred = gaussian_blur_f32(&mask, (hole.rim as f32 / 2.5).max(0.8));
        for (x, y, value) in mask.enumerate_pixels() {
            if value.0[0] == 0 {
                continue;
            }
            let share = ((f32::from(blurred.get_pixel(x, y).0[0]) / 255.0 - 0.5) * 2.0 * 1.03).clamp(0.0, 1.0);
            let old = &mut picture.get_pixel_mut(self.x + x, self.y + y).0;
            for (old, new) in old.iter_mut().zip(filled.get_pixel(x, y).0) {
                *old = (f32::from(*old) * (1.0 - share) + f32::from(new) * share).round() as u8;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use image::Rgb;

    use super::*;

    fn hole(x: u32, y: u32, width: u32, height: u32) -> Hole {
        Hole { x, y, mask: GrayImage::from_pixel(width, height, Luma([255])), rim: 4 }
    }

    #[test]
    fn the_square_stays_in_the_picture_and_is_filled_up_by_mirroring() {
        let of = |hole: Hole, size| Patch::around(&hole, size);
        let patch = |x, y, width, height, side| Some(Patch { x, y, width, height, side });
        assert_eq!(of(hole(100, 100, 50, 40), (400, 300)), patch(75, 70, 100, 100, 100));
        assert_eq!(of(hole(0, 280, 50, 20), (400, 300)), patch(0, 200, 100, 100, 100));
        assert_eq!(of(hole(10, 10, 80, 60), (400, 90)), patch(0, 0, 160, 90, 160));
        assert_eq!(of(hole(0, 0, 1, 1), (1, 1)), patch(0, 0, 1, 1, 1));
        let strip = RgbImage::from_fn(400, 90, |_, y| Rgb([y as u8; 3]));
        let cut = of(hole(10, 10, 80, 60), (400, 90)).map(|patch| patch.cut(&strip));
        assert_eq!(cut.map(|cut| (cut.dimensions(), cut.get_pixel(0, 91).0[0])), Some(((160, 160), 88)));
    }

    #[test]
    fn only_the_hole_changes_and_its_middle_does_wholly() {
        let mut picture = RgbImage::from_pixel(120, 100, Rgb([10; 3]));
        let hole = hole(40, 30, 40, 40);
        let Some(patch) = Patch::around(&hole, (120, 100)) else { unreachable!() };
        let filled = RgbImage::from_pixel(80, 80, Rgb([210; 3]));
        patch.paste(&mut picture, &hole, &filled);
        for (x, y, pixel) in picture.enumerate_pixels() {
            let inside = (40..80).contains(&x) && (30..70).contains(&y);
            assert!(inside || pixel.0 == [10; 3], "{x} {y}");
            // Behind the rim of four pixels.
            let whole = (44..76).contains(&x) && (34..66).contains(&y);
            assert!(!whole || pixel.0[0] >= 208, "{x} {y}: {:?}", pixel.0);
        }
        let edge: Vec<u8> = (40..46).map(|x| picture.get_pixel(x, 50).0[0]).collect();
        assert!(edge.windows(2).all(|pair| pair[0] <= pair[1]) && edge[0] < 90, "{edge:?}");
    }
}
