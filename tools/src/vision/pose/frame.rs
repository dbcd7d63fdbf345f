//! The part of a picture that a person's joints are looked for in, and the way back from it.

use image::{Rgb, RgbImage};

use crate::geom::BBox;

/// How much larger than the person's box it is, as both families were trained.
const PADDING: f32 = 1.25;

/// A rectangle of the picture with the aspect of the graph's input; it may reach over the picture's edges.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Frame {
    pub(super) left: f32,
    pub(super) top: f32,
    pub(super) width: f32,
    pub(super) height: f32,
}

impl Frame {
    /// Around a box, for an input of a width and height: the shorter side grows until the aspect is right.
    pub(super) fn around(bbox: &BBox, width: u32, height: u32) -> Self {
        let aspect = width as f32 / height.max(1) as f32;
        let (mut w, mut h) = (bbox.width().max(1.0), bbox.height().max(1.0));
        if w > aspect * h {
            h = w / aspect;
        } else {
            w = h * aspect;
        }
        let ((cx, cy), (w, h)) = (bbox.center(), (w * PADDING, h * PADDING));
        Self { left: cx - w / 2.0, top: cy - h / 2.0, width: w, height: h }
    }

    /// Its pixels at the input's size, bilinear between the four nearest at any scale, black outside the picture.
    ///
    /// The plain transform steps `width / size` and mixes black in over the edge (OpenCV's `warpAffine`, RTMPose); the
    /// unbiased one of ViTPose steps `width / (size - 1)` and is black from the last pixel's center on (SciPy).
    pub(super) fn cut(&self, image: &RgbImage, (width, height): (u32, u32), unbiased: bool) -> RgbImage {
        let step = |length: f32, size: u32| length / size.saturating_sub(u32::from(unbiased)).max(1) as f32;
        let (step_x, step_y) = (step(self.width, width), step(self.height, height));
        let (last_x, last_y) = (image.width() as f32 - 1.0, image.height() as f32 - 1.0);
        let at = |x: i64, y: i64| {
            let inside = x >= 0 && y >= 0 && x <= last_x as i64 && y <= last_y as i64;
            if inside { image.get_pixel(x as u32, y as u32).0.map(f32::from) } else { [0.0; 3] }
        };
        RgbImage::from_fn(width, height, |column, row| {
            let (x, y) = (self.left + column as f32 * step_x, self.top + row as f32 * step_y);
            let inside = (0.0..=last_x).contains(&x) && (0.0..=last_y).contains(&y);
            if unbiased && !inside {
                return Rgb([0; 3]);
            }
            let (left, top) = (x.floor(), y.floor());
            let (fx, fy) = (x - left, y - top);
            let (left, top) = (left as i64, top as i64);
            let corners = [at(left, top), at(left + 1, top), at(left, top + 1), at(left + 1, top + 1)];
            Rgb([0, 1, 2].map(|channel| {
                let [a, b, c, d] = corners.map(|pixel| pixel[channel]);
                let upper = a + (b - a) * fx;
                let lower = c + (d - c) * fx;
                (upper + (lower - upper) * fy).round() as u8
            }))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_frame_has_the_aspect_and_a_margin() {
        let tall = Frame::around(&BBox { x1: 10.0, y1: 20.0, x2: 30.0, y2: 100.0 }, 192, 256);
        assert_eq!((tall.width, tall.height, tall.left, tall.top), (75.0, 100.0, -17.5, 10.0));
        let wide = Frame::around(&BBox { x1: 0.0, y1: 0.0, x2: 120.0, y2: 40.0 }, 192, 256);
        assert_eq!((wide.width, wide.height), (150.0, 200.0));
        let none = Frame::around(&BBox { x1: 5.0, y1: 5.0, x2: 5.0, y2: 5.0 }, 192, 256);
        assert!(none.width > 0.0 && none.height > 0.0);
    }

    #[test]
    fn both_transforms_step_and_end_as_their_references_do() {
        let image = RgbImage::from_fn(20, 20, |x, y| Rgb([(x * 10) as u8, (y * 10) as u8, 200]));
        let frame = Frame { left: 2.0, top: 2.0, width: 8.0, height: 8.0 };
        let plain = frame.cut(&image, (4, 4), false);
        assert_eq!([0, 1, 2, 3].map(|x| plain.get_pixel(x, 0).0[0]), [20, 40, 60, 80]);
        let unbiased = frame.cut(&image, (5, 5), true);
        assert_eq!([0, 1, 2, 3, 4].map(|x| unbiased.get_pixel(x, 4).0), [20, 40, 60, 80, 100].map(|r| [r, 100, 200]));
        let over = Frame { left: 18.5, top: 0.0, width: 2.0, height: 2.0 };
        assert_eq!(over.cut(&image, (2, 2), false).get_pixel(1, 0).0[2], 100, "half of it is black");
        assert_eq!(over.cut(&image, (3, 3), true).get_pixel(1, 0).0[2], 0, "outside is black");
        let one = RgbImage::from_pixel(1, 1, Rgb([9; 3]));
        assert_eq!(frame.cut(&one, (4, 4), true).dimensions(), (4, 4));
    }
}
