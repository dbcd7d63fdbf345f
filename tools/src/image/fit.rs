//! Bringing a picture to a model's input, and coordinates back. The geometry lives here alone, with its inverse.

use image::RgbImage;
use ndarray::Array4;

use super::resize::{Filter, resize_rgb};
use crate::{
    geom::BBox,
    store::{Channels, Resize},
};

/// How a picture becomes an input tensor.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Preprocess {
    /// Input width in pixels.
    pub width: u32,
    /// Input height in pixels.
    pub height: u32,
    /// How the aspect ratio is treated.
    pub resize: Resize,
    /// Interpolation.
    pub filter: Filter,
    /// Channel order.
    pub channels: Channels,
    /// Value of the padding, 0..=255, before normalization.
    pub pad: u8,
    /// Multiplies the 0..=255 value first.
    pub scale: f32,
    /// Subtracted after scaling, in the order of `channels`.
    pub mean: [f32; 3],
    /// Divides after the mean, in the order of `channels`.
    pub std: [f32; 3],
}

/// The way from the model's frame back to the picture: `x_image = (x_model - left) / scale_x`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Mapping {
    /// Model pixels per image pixel, horizontally.
    pub scale_x: f32,
    /// Model pixels per image pixel, vertically.
    pub scale_y: f32,
    /// Padding on the left, in model pixels.
    pub left: f32,
    /// Padding at the top, in model pixels.
    pub top: f32,
    /// Picture width in pixels.
    pub width: u32,
    /// Picture height in pixels.
    pub height: u32,
}

impl Mapping {
    /// A box of the model's frame (pixels) as a box of the picture, clipped to it.
    pub fn to_image(&self, model: BBox) -> BBox {
        let x = |v: f32| (v - self.left) / self.scale_x;
        let y = |v: f32| (v - self.top) / self.scale_y;
        BBox { x1: x(model.x1), y1: y(model.y1), x2: x(model.x2), y2: y(model.y2) }.clamp(self.width, self.height)
    }

    /// A point of the model's frame (pixels) as a point of the picture; it may lie outside.
    pub fn point_to_image(&self, [x, y]: [f32; 2]) -> [f32; 2] {
        [(x - self.left) / self.scale_x, (y - self.top) / self.scale_y]
    }

    /// A box of the picture in the model's frame.
    pub fn to_model(&self, image: BBox) -> BBox {
        let x = |v: f32| v * self.scale_x + self.left;
        let y = |v: f32| v * self.scale_y + self.top;
        BBox { x1: x(image.x1), y1: y(image.y1), x2: x(image.x2), y2: y(image.y2) }
    }
}

impl Preprocess {
    /// The input tensor f32 `[1, 3, height, width]`, and the mapping back.
    pub fn apply(&self, image: &RgbImage) -> (Array4<f32>, Mapping) {
        let (fitted, mapping, (left, top)) = self.fit(image);
        let order = match self.channels {
            Channels::Rgb => [0, 1, 2],
            Channels::Bgr => [2, 1, 0],
        };
        let (width, height) = (self.width as usize, self.height as usize);
        let mut tensor = Array4::zeros((1, 3, height, width));
        let (inner_width, inner_height) = (fitted.width() as usize, fitted.height() as usize);
        for (channel, source) in order.into_iter().enumerate() {
            let table: Vec<f32> = (0..=255u8).map(|value| self.normalise(value, channel)).collect();
            let mut plane = tensor.slice_mut(ndarray::s![0, channel, .., ..]);
            if (inner_width, inner_height) != (width, height) {
                plane.fill(table[usize::from(self.pad)]);
            }
            let rows = fitted.as_raw().chunks_exact(inner_width * 3);
            for (row, mut target) in rows.zip(plane.outer_iter_mut().skip(top)) {
                let target = target.iter_mut().skip(left).take(inner_width);
                for (pixel, value) in row.chunks_exact(3).zip(target) {
                    *value = table[usize::from(pixel[source])];
                }
            }
        }
        (tensor, mapping)
    }

    fn normalise(&self, value: u8, channel: usize) -> f32 {
        (f32::from(value) * self.scale - self.mean[channel]) / self.std[channel]
    }

    /// The resized picture, the mapping, and where the picture starts in the frame (left, top).
    fn fit(&self, image: &RgbImage) -> (RgbImage, Mapping, (usize, usize)) {
        let (width, height) = image.dimensions();
        let (frame_width, frame_height) = (self.width as f32, self.height as f32);
        let ratio = (frame_width / width as f32).min(frame_height / height as f32);
        let scaled = |side: u32, frame: u32| ((side as f32 * ratio).round() as u32).clamp(1, frame);
        let (new_width, new_height) = match self.resize {
            Resize::Stretch => (self.width, self.height),
            Resize::Letterbox | Resize::TopLeft => (scaled(width, self.width), scaled(height, self.height)),
        };
        let (left, top) = match self.resize {
            // Ultralytics puts the odd pixel right and bottom: round(half - 0.1).
            Resize::Letterbox => {
                let before = |frame: u32, inner: u32| ((frame - inner) as f32 / 2.0 - 0.1).round().max(0.0);
                (before(self.width, new_width), before(self.height, new_height))
            }
            Resize::Stretch | Resize::TopLeft => (0.0, 0.0),
        };
        let (scale_x, scale_y) = match self.resize {
            Resize::Stretch => (frame_width / width as f32, frame_height / height as f32),
            Resize::Letterbox | Resize::TopLeft => (ratio, ratio),
        };
        let mapping = Mapping { scale_x, scale_y, left, top, width, height };
        (resize_rgb(image, new_width, new_height, self.filter), mapping, (left as usize, top as usize))
    }
}

#[cfg(test)]
mod tests {
    use image::Rgb;

    use super::*;

    fn preprocess(resize: Resize) -> Preprocess {
        Preprocess {
            width: 64,
            height: 64,
            resize,
            filter: Filter::BilinearCv,
            channels: Channels::Rgb,
            pad: 114,
            scale: 1.0 / 255.0,
            mean: [0.0; 3],
            std: [1.0; 3],
        }
    }

    #[test]
    fn letterbox_pads_evenly_and_maps_back() {
        let image = RgbImage::from_pixel(128, 64, Rgb([255, 0, 0]));
        let (tensor, mapping) = preprocess(Resize::Letterbox).apply(&image);
        assert_eq!((mapping.left, mapping.top), (0.0, 16.0));
        assert!((tensor[[0, 0, 0, 0]] - 114.0 / 255.0).abs() < 1e-6, "padding above");
        assert!((tensor[[0, 0, 16, 0]] - 1.0).abs() < 1e-6, "picture from row 16");
        assert!((tensor[[0, 0, 48, 0]] - 114.0 / 255.0).abs() < 1e-6, "padding below");
        let back = mapping.to_image(BBox { x1: 8.0, y1: 20.0, x2: 24.0, y2: 40.0 });
        assert_eq!(back, BBox { x1: 16.0, y1: 8.0, x2: 48.0, y2: 48.0 });
    }

    #[test]
    fn every_fit_is_inverted() {
        let image = RgbImage::new(97, 41);
        let inside = BBox { x1: 10.0, y1: 5.0, x2: 60.0, y2: 30.0 };
        for resize in [Resize::Stretch, Resize::Letterbox, Resize::TopLeft] {
            let (_, mapping) = preprocess(resize).apply(&image);
            let back = mapping.to_image(mapping.to_model(inside));
            for (a, b) in [(back.x1, inside.x1), (back.y1, inside.y1), (back.x2, inside.x2), (back.y2, inside.y2)] {
                assert!((a - b).abs() < 1e-3, "{resize:?}: {back:?}");
            }
            let model = mapping.to_model(inside);
            let [x, y] = mapping.point_to_image([model.x1, model.y1]);
            assert!((x - inside.x1).abs() < 1e-3 && (y - inside.y1).abs() < 1e-3, "{resize:?}: {x} {y}");
        }
    }

    #[test]
    fn bgr_swaps_the_outer_channels() {
        let image = RgbImage::from_pixel(64, 64, Rgb([255, 0, 51]));
        let (tensor, _) = Preprocess { channels: Channels::Bgr, ..preprocess(Resize::Stretch) }.apply(&image);
        assert!((tensor[[0, 0, 3, 3]] - 0.2).abs() < 1e-6 && (tensor[[0, 2, 3, 3]] - 1.0).abs() < 1e-6);
    }
}
