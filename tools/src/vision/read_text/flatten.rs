//! Any picture as opaque RGB on which text can be read.

use image::{DynamicImage, RgbImage};

/// The picture as RGB. A transparent one is laid over white or black, whichever stands out more from what is drawn on it:
/// black letters on a transparent ground would vanish on black.
pub fn flatten(image: &DynamicImage) -> RgbImage {
    if !image.color().has_alpha() {
        return image.to_rgb8();
    }
    let pixels = image.to_rgba8();
    let mut luminance = 0.0;
    let mut weight = 0.0;
    for pixel in pixels.pixels() {
        let [r, g, b, a] = pixel.0.map(f64::from);
        luminance += a * (0.299 * r + 0.587 * g + 0.114 * b);
        weight += a;
    }
    let ground: u32 = if luminance < 128.0 * weight || weight == 0.0 { 255 } else { 0 };
    RgbImage::from_fn(pixels.width(), pixels.height(), |x, y| {
        let [r, g, b, a] = pixels.get_pixel(x, y).0.map(u32::from);
        image::Rgb([r, g, b].map(|v| ((v * a + ground * (255 - a) + 127) / 255) as u8))
    })
}

#[cfg(test)]
mod tests {
    use image::{Rgba, RgbaImage};

    use super::*;

    fn drawn(ink: u8) -> RgbImage {
        let mut image = RgbaImage::from_pixel(8, 4, Rgba([0, 0, 0, 0]));
        for x in 2..6 {
            image.put_pixel(x, 2, Rgba([ink, ink, ink, 255]));
        }
        flatten(&DynamicImage::ImageRgba8(image))
    }

    #[test]
    fn the_ground_contrasts_with_the_ink() {
        assert_eq!((drawn(10).get_pixel(0, 0).0, drawn(10).get_pixel(3, 2).0), ([255; 3], [10; 3]));
        assert_eq!((drawn(240).get_pixel(0, 0).0, drawn(240).get_pixel(3, 2).0), ([0; 3], [240; 3]));
    }

    #[test]
    fn an_opaque_alpha_channel_changes_nothing() {
        let image = RgbaImage::from_fn(3, 3, |x, y| Rgba([x as u8 * 40, y as u8 * 50, 7, 255]));
        let plain = DynamicImage::ImageRgba8(image.clone()).to_rgb8();
        assert_eq!(flatten(&DynamicImage::ImageRgba8(image)), plain);
    }
}
