//! RGB without alpha, as models want it.

use image::{DynamicImage, Rgb, RgbImage, RgbaImage};

const WHITE: u8 = 255;
const DARK: u8 = 40;

/// The picture as RGB, 8 bit, row-major; alpha is composited on white.
///
/// White, because pictures with alpha are mostly logos, icons, signatures and cut-outs made for a white page: dark on
/// clear would vanish on black. Where everything visible is itself nearly white, and would vanish on white, the ground
/// is dark gray instead.
pub fn to_rgb(picture: &DynamicImage) -> RgbImage {
    match picture {
        DynamicImage::ImageRgb8(rgb) => rgb.clone(),
        other if !other.color().has_alpha() => other.to_rgb8(),
        other => {
            let rgba = other.to_rgba8();
            let ground = if vanishes_on_white(&rgba) { DARK } else { WHITE };
            composite(&rgba, ground)
        }
    }
}

fn composite(rgba: &RgbaImage, ground: u8) -> RgbImage {
    let blend = |value: u8, alpha: u8| {
        let (value, alpha, ground) = (u32::from(value), u32::from(alpha), u32::from(ground));
        ((value * alpha + ground * (255 - alpha) + 127) / 255) as u8
    };
    RgbImage::from_fn(rgba.width(), rgba.height(), |x, y| {
        let [r, g, b, a] = rgba.get_pixel(x, y).0;
        Rgb([blend(r, a), blend(g, a), blend(b, a)])
    })
}

fn vanishes_on_white(rgba: &RgbaImage) -> bool {
    let mut visible = false;
    let mut clear = false;
    for pixel in rgba.pixels() {
        let [r, g, b, a] = pixel.0;
        clear |= a < 128;
        if a >= 64 {
            visible = true;
            if r.min(g).min(b) < 235 {
                return false;
            }
        }
    }
    visible && clear
}

#[cfg(test)]
mod tests {
    use image::{GrayAlphaImage, LumaA, Rgba};

    use super::*;

    #[test]
    fn dark_on_clear_lands_on_white() {
        let mut rgba = RgbaImage::new(2, 1);
        rgba.put_pixel(0, 0, Rgba([0, 0, 0, 255]));
        let rgb = to_rgb(&DynamicImage::ImageRgba8(rgba));
        assert_eq!((rgb.get_pixel(0, 0).0, rgb.get_pixel(1, 0).0), ([0; 3], [255; 3]));
    }

    #[test]
    fn white_on_clear_lands_on_dark() {
        let mut rgba = RgbaImage::new(2, 1);
        rgba.put_pixel(0, 0, Rgba([250, 255, 255, 255]));
        let rgb = to_rgb(&DynamicImage::ImageRgba8(rgba));
        assert_eq!((rgb.get_pixel(0, 0).0, rgb.get_pixel(1, 0).0), ([250, 255, 255], [40; 3]));
    }

    #[test]
    fn half_clear_is_blended() {
        let gray = GrayAlphaImage::from_pixel(1, 1, LumaA([100, 128]));
        assert_eq!(to_rgb(&DynamicImage::ImageLumaA8(gray)).get_pixel(0, 0).0, [177; 3]);
    }
}
