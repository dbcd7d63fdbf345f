//! From pixels to the tensors that the three graphs take.

use fast_image_resize::{
    FilterType, PixelType, ResizeAlg, ResizeOptions, Resizer,
    images::{Image, ImageRef},
};
use image::RgbImage;

use crate::{store::Channels, tool::ToolError};

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

/// Bilinear resizing without antialiasing, as the reference implementation of these models does it (OpenCV's
/// `INTER_LINEAR`), whatever the ratio.
pub(super) fn resize(image: &RgbImage, width: u32, height: u32) -> Result<RgbImage, ToolError> {
    if image.dimensions() == (width, height) {
        return Ok(image.clone());
    }
    let failed = |error: &dyn std::fmt::Display| {
        ToolError::internal(format!(
            "cannot resize {} x {} to {width} x {height} pixels: {error}",
            image.width(),
            image.height()
        ))
    };
    let source = ImageRef::new(image.width(), image.height(), image.as_raw(), PixelType::U8x3).map_err(|e| failed(&e))?;
    let mut target = Image::new(width, height, PixelType::U8x3);
    let options = ResizeOptions::new().resize_alg(ResizeAlg::Interpolation(FilterType::Bilinear));
    Resizer::new().resize(&source, &mut target, &options).map_err(|e| failed(&e))?;
    RgbImage::from_raw(width, height, target.into_vec()).ok_or_else(|| failed(&"the buffer has another size"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn planes_follow_the_channel_order() -> Result<(), ToolError> {
        let image = RgbImage::from_pixel(2, 1, image::Rgb([255, 128, 0]));
        let mut planes = vec![9.0; 3 * 4 * 2];
        Normalise::new([0.5; 3], [0.5; 3], Channels::Bgr).write(&image, &mut planes, 4, 2);
        assert_eq!([planes[0], planes[16]], [-1.0, 1.0]);
        assert!((planes[8] - 0.003_921_6).abs() < 1e-6);
        assert_eq!(planes[2], 9.0, "what the image does not cover stays");
        Ok(())
    }

    #[test]
    fn halving_averages_and_doubling_interpolates() -> Result<(), ToolError> {
        let image = RgbImage::from_fn(4, 2, |x, _| image::Rgb([[0, 100, 200, 40][x as usize]; 3]));
        let small = resize(&image, 2, 1)?;
        assert_eq!([small.get_pixel(0, 0).0[0], small.get_pixel(1, 0).0[0]], [50, 120]);
        let large: Vec<u8> = resize(&image, 8, 2)?.pixels().take(8).map(|p| p.0[0]).collect();
        assert_eq!(large, [0, 25, 75, 125, 175, 160, 80, 40]);
        Ok(())
    }
}
