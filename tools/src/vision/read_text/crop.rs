//! A text line cut out of the picture and laid flat.

use image::{Rgb, RgbImage, imageops};

use crate::geom::{Perspective, Quad};

/// Height over width from which a line is taken for a vertical one.
const VERTICAL: f32 = 1.5;

/// One line's pixels, upright as far as its shape tells, with its outline.
#[derive(Clone, Debug)]
pub(super) struct LineCrop {
    /// The pixels, at least 1 x 1.
    pub(super) pixels: RgbImage,
    /// Where it is, corners clockwise from the crop's own top left.
    pub(super) quad: Quad,
}

impl LineCrop {
    /// Cuts a quad (corners clockwise from the top left) out of a picture and lays it flat. A box at least 1.5 times as
    /// high as wide is turned by 90 degrees counter-clockwise: its text runs downwards.
    pub(super) fn new(image: &RgbImage, quad: Quad) -> Self {
        let [a, b, c, d] = quad.0;
        let length = |p: [f32; 2], q: [f32; 2]| (q[0] - p[0]).hypot(q[1] - p[1]);
        let width = (length(a, b).max(length(c, d)) as u32).max(1);
        let height = (length(a, d).max(length(b, c)) as u32).max(1);
        let pixels = warp(image, &quad, width, height);
        if height as f32 >= VERTICAL * width as f32 {
            Self { pixels: imageops::rotate270(&pixels), quad: Quad([b, c, d, a]) }
        } else {
            Self { pixels, quad }
        }
    }

    /// The same line turned by 180 degrees.
    pub(super) fn turn_over(&mut self) {
        imageops::rotate180_in_place(&mut self.pixels);
        self.quad.0.rotate_left(2);
    }

    /// Width over height.
    pub(super) fn aspect(&self) -> f32 {
        self.pixels.width() as f32 / self.pixels.height() as f32
    }
}

/// The quad's content as a `width` x `height` picture: bicubic, with the border repeated outside.
fn warp(image: &RgbImage, quad: &Quad, width: u32, height: u32) -> RgbImage {
    let map = Perspective::onto(quad, width as f32, height as f32);
    let (columns, rows) = (i64::from(image.width()), i64::from(image.height()));
    let source = image.as_raw();
    RgbImage::from_fn(width, height, |x, y| {
        let (sx, sy) = map.map(f64::from(x), f64::from(y));
        let (left, top) = (sx.floor() as i64, sy.floor() as i64);
        let horizontal = cubic((sx - sx.floor()) as f32);
        let vertical = cubic((sy - sy.floor()) as f32);
        let mut sum = [0.0_f32; 3];
        for (row, &weight) in (top - 1..).zip(&vertical) {
            let line = (row.clamp(0, rows - 1) * columns) as usize;
            let mut across = [0.0_f32; 3];
            for (column, &weight) in (left - 1..).zip(&horizontal) {
                let at = (line + column.clamp(0, columns - 1) as usize) * 3;
                for (value, &byte) in across.iter_mut().zip(&source[at..at + 3]) {
                    *value += weight * f32::from(byte);
                }
            }
            for (value, part) in sum.iter_mut().zip(across) {
                *value += weight * part;
            }
        }
        Rgb(sum.map(|v| v.round().clamp(0.0, 255.0) as u8))
    })
}

/// Weights of the four pixels around a position `t` in 0..1 after the second (R. Keys, "Cubic convolution interpolation
/// for digital image processing", 1981, with a = -0.75 as `OpenCV` has it).
fn cubic(t: f32) -> [f32; 4] {
    const A: f32 = -0.75;
    let outer = |d: f32| ((A * d - 5.0 * A) * d + 8.0 * A) * d - 4.0 * A;
    let inner = |d: f32| ((A + 2.0) * d - (A + 3.0)) * d * d + 1.0;
    let (w0, w1, w2) = (outer(1.0 + t), inner(t), inner(1.0 - t));
    [w0, w1, w2, 1.0 - w0 - w1 - w2]
}

#[cfg(test)]
mod tests {
    #![expect(clippy::float_cmp, reason = "whole numbers come back exactly")]
    use super::*;

    fn gradient(width: u32, height: u32) -> RgbImage {
        RgbImage::from_fn(width, height, |x, y| Rgb([(x * 2) as u8, (y * 3) as u8, 77]))
    }

    #[test]
    fn warping_an_upright_box_is_copying() {
        let image = gradient(100, 60);
        let quad = Quad([[10.0, 5.0], [60.0, 5.0], [60.0, 25.0], [10.0, 25.0]]);
        assert_eq!(warp(&image, &quad, 50, 20), imageops::crop_imm(&image, 10, 5, 50, 20).to_image());
    }

    #[test]
    fn a_slanted_box_follows_the_gradient() {
        let image = gradient(100, 80);
        let crop = LineCrop::new(&image, Quad([[20.0, 10.0], [70.0, 30.0], [62.0, 50.0], [12.0, 30.0]]));
        assert_eq!(crop.pixels.dimensions(), (53, 21));
        let [r, g, b] = crop.pixels.get_pixel(26, 10).0;
        let (x, y) = (20.0 + 50.0 * 26.0 / 53.0 - 8.0 * 10.0 / 21.0, 10.0 + 20.0 * (26.0 / 53.0 + 10.0 / 21.0));
        assert!((f64::from(r) - 2.0 * x).abs() < 1.0 && (f64::from(g) - 3.0 * y).abs() < 1.0 && b == 77, "{r} {g} {b}");
    }

    #[test]
    fn a_tall_box_is_turned_and_its_corners_with_it() {
        let image = gradient(60, 80);
        let crop = LineCrop::new(&image, Quad([[10.0, 5.0], [20.0, 5.0], [20.0, 65.0], [10.0, 65.0]]));
        assert_eq!(crop.pixels.dimensions(), (60, 10));
        assert_eq!(crop.quad.0[0], [20.0, 5.0]);
        assert_eq!(crop.pixels.get_pixel(0, 0), image.get_pixel(19, 5), "the crop's top left is the box's top right");
        assert_eq!(crop.pixels.get_pixel(59, 9), image.get_pixel(10, 64));
    }

    #[test]
    fn turning_over_turns_pixels_and_corners() {
        let image = gradient(60, 40);
        let mut crop = LineCrop::new(&image, Quad([[10.0, 5.0], [40.0, 5.0], [40.0, 15.0], [10.0, 15.0]]));
        crop.turn_over();
        assert_eq!((crop.quad.0[0], crop.pixels.get_pixel(0, 0)), ([40.0, 15.0], image.get_pixel(39, 14)));
    }

    #[test]
    fn outside_the_border_repeats() {
        let image = gradient(40, 30);
        let crop = warp(&image, &Quad([[-5.0, 1.0], [9.0, 2.0], [9.0, 12.0], [-5.0, 11.0]]), 14, 10);
        assert_eq!(crop.get_pixel(0, 0).0, image.get_pixel(0, 1).0);
    }
}
