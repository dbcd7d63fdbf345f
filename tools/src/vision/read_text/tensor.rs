//! From pixels to the tensors that the three graphs take.

use image::RgbImage;

use crate::{
    image::{Filter, resize_rgb},
    store::Channels,
};

/// How bytes become floats: `byte * scale[c] + offset[c]`, one pair for each plane of the tensor, in plane order.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Normalise {
    scale: [f32; 3],
    offset: [f32; 3],
    bgr: bool,
}

impl Normalise {
    /// `(byte / 255 - mean) / std` per channel. Means and deviations are in the order of the tensor's planes.
    pub(super) fn new(mean: [f32; 3], std: [f32; 3], channels: Channels) -> Self {
        let scale = std.map(|s| 1.0 / (255.0 * s));
        let offset = [0, 1, 2].map(|c| -mean[c] / std[c]);
        Self { scale, offset, bgr: channels == Channels::Bgr }
    }

    /// Writes an RGB image into the top left of three planes, each `rows` x `stride` values one after the other.
    pub(super) fn write(&self, image: &RgbImage, planes: &mut [f32], stride: usize, rows: usize) {
        let (width, height) = (image.width() as usize, image.height() as usize);
        let (first, rest) = planes.split_at_mut(stride * rows);
        let (second, third) = rest.split_at_mut(stride * rows);
        let (red, green, blue) = if self.bgr { (third, second, first) } else { (first, second, third) };
        let [r, g, b] = if self.bgr { [2, 1, 0] } else { [0, 1, 2] };
        let pixels = image.as_raw().chunks_exact(width * 3);
        for (y, row) in pixels.enumerate().take(height.min(rows)) {
            let at = y * stride..y * stride + width.min(stride);
            let (red, green, blue) = (&mut red[at.clone()], &mut green[at.clone()], &mut blue[at]);
            for (((pixel, red), green), blue) in row.chunks_exact(3).zip(red).zip(green).zip(blue) {
                *red = f32::from(pixel[0]) * self.scale[r] + self.offset[r];
                *green = f32::from(pixel[1]) * self.scale[g] + self.offset[g];
                *blue = f32::from(pixel[2]) * self.scale[b] + self.offset[b];
            }
        }
    }
}

/// Bilinear resizing as the reference implementation of these models does it, whatever the ratio.
pub(super) fn resize(image: &RgbImage, width: u32, height: u32) -> RgbImage {
    resize_rgb(image, width, height, Filter::BilinearCv)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::float_cmp, reason = "these values are exact")]
    use super::*;

    #[test]
    fn planes_follow_the_channel_order() {
        let image = RgbImage::from_pixel(2, 1, image::Rgb([255, 128, 0]));
        let mut planes = vec![9.0; 3 * 4 * 2];
        Normalise::new([0.5; 3], [0.5; 3], Channels::Bgr).write(&image, &mut planes, 4, 2);
        assert_eq!([planes[0], planes[16]], [-1.0, 1.0]);
        assert!((planes[8] - 0.003_921_6).abs() < 1e-6);
        assert_eq!(planes[2], 9.0, "what the image does not cover stays");
    }
}
