//! `background`: another background behind the main object: none, a blurred one, a color or a picture.

mod backdrop;
mod spread;
mod tool;

use image::{DynamicImage, GrayImage, Rgb, RgbImage, Rgba, RgbaImage, imageops};
use imageproc::{distance_transform::Norm, morphology::erode};

pub use backdrop::Backdrop;
pub use tool::{Background, BackgroundInput, BackgroundOutput};

use self::spread::spread;
use crate::{
    image::{Filter, resize_rgb, to_rgb},
    onnx::RunControl,
    tool::ToolError,
};

/// Opacities of the mask (0..=255) that become clear and solid. Models draw the edge a little outside the object, so more is
/// taken from below than from above; judged by eye on white, blue and blurred grounds.
const DOUBT: (f32, f32) = (100.0, 250.0);
/// Below this (0..=255) a pixel shows background alone.
const GROUND: u8 = 25;
/// How far colors are carried over the edge, as a share of the longer side.
const EDGE: f32 = 0.01;
/// Blur of a background, as a share of the longer side.
const BLUR: f32 = 0.025;

/// The picture's object before another background, at the picture's size: RGBA for [`Backdrop::Clear`], else RGB. `mask` is
/// the object's opacity, 0..=255, at the picture's size. Blocking.
///
/// Pixels at the edge hold colors of both sides. Left as they are, they make a halo before another background; so the
/// object's own color is estimated there from the object next to it (after Forte and Pitié, "Approximate Fast Foreground
/// Color Estimation", 2021), and a blurred background is made of background alone.
pub fn replace_background(
    picture: &DynamicImage,
    mask: &GrayImage,
    backdrop: &Backdrop,
    control: &RunControl,
) -> Result<DynamicImage, ToolError> {
    let colors = picture.to_rgba8();
    let (width, height) = colors.dimensions();
    let flat = to_rgb(picture);
    let object = opacity(mask, &colors);
    // Some pixels inside the edge, lest the last rest of the background counts as object.
    let inside = (width.max(height) / 250).clamp(1, 8) as u8;
    let solid = erode(&weights(&object, |value| value >= 250), Norm::LInf, inside);
    let ground = weights(mask, |value| value <= GROUND);
    control.check()?;
    let inner = spread(&flat, &solid, EDGE);
    let outer = spread(&flat, &ground, EDGE);
    control.check()?;
    let behind = match backdrop {
        Backdrop::Clear => None,
        Backdrop::Blur => Some(spread(&flat, &ground, BLUR)),
        Backdrop::Color(color) => Some(RgbImage::from_pixel(width, height, Rgb(*color))),
        Backdrop::Picture(other) => Some(covering(&to_rgb(other), width, height)),
    };
    control.check()?;
    let own = |x: u32, y: u32| {
        let opacity = object.get_pixel(x, y).0[0];
        let [r, g, b, _] = colors.get_pixel(x, y).0;
        let color = match opacity {
            0 | 255 => [r, g, b],
            _ => object_color([r, g, b], inner.get_pixel(x, y).0, outer.get_pixel(x, y).0, opacity),
        };
        (color, opacity)
    };
    Ok(match behind {
        None => DynamicImage::ImageRgba8(RgbaImage::from_fn(width, height, |x, y| {
            let ([r, g, b], opacity) = own(x, y);
            Rgba([r, g, b, opacity])
        })),
        Some(behind) => DynamicImage::ImageRgb8(RgbImage::from_fn(width, height, |x, y| {
            let (color, opacity) = own(x, y);
            let share = f32::from(opacity) / 255.0;
            let mixed = |channel: usize| {
                let (front, back) = (f32::from(color[channel]), f32::from(behind.get_pixel(x, y).0[channel]));
                (share * front + (1.0 - share) * back).round() as u8
            };
            Rgb([mixed(0), mixed(1), mixed(2)])
        })),
    })
}

/// The mask without its doubt, and no more opaque than the picture itself.
fn opacity(mask: &GrayImage, colors: &RgbaImage) -> GrayImage {
    let mut clear = mask.clone();
    for (value, color) in clear.pixels_mut().zip(colors.pixels()) {
        let part = ((f32::from(value.0[0]) - DOUBT.0) / (DOUBT.1 - DOUBT.0)).clamp(0.0, 1.0);
        value.0[0] = (part * f32::from(color.0[3])).round() as u8;
    }
    clear
}

/// 255 where a pixel counts, else 0.
fn weights(opacity: &GrayImage, counts: fn(u8) -> bool) -> GrayImage {
    let mut weights = opacity.clone();
    for value in weights.pixels_mut() {
        value.0[0] = if counts(value.0[0]) { 255 } else { 0 };
    }
    weights
}

/// The object's part of a mixed color: the estimate, moved by what the mix of both estimates leaves unexplained.
fn object_color(seen: [u8; 3], inner: [u8; 3], outer: [u8; 3], opacity: u8) -> [u8; 3] {
    let share = f32::from(opacity) / 255.0;
    [0, 1, 2].map(|channel| {
        let [seen, inner, outer] = [seen, inner, outer].map(|color: [u8; 3]| f32::from(color[channel]));
        let rest = seen - share * inner - (1.0 - share) * outer;
        (inner + share * rest).round().clamp(0.0, 255.0) as u8
    })
}

/// A picture scaled to cover a frame, its middle kept.
fn covering(picture: &RgbImage, width: u32, height: u32) -> RgbImage {
    let (own_width, own_height) = (picture.width().max(1) as f32, picture.height().max(1) as f32);
    let ratio = (width as f32 / own_width).max(height as f32 / own_height);
    // Only the part that will be seen is scaled: a long strip scaled to cover a square would not fit the memory.
    let (seen_width, seen_height) = ((width as f32 / ratio).min(own_width), (height as f32 / ratio).min(own_height));
    let (x, y) = ((own_width - seen_width) / 2.0, (own_height - seen_height) / 2.0);
    let part = imageops::crop_imm(
        picture,
        x as u32,
        y as u32,
        (seen_width.round() as u32).max(1),
        (seen_height.round() as u32).max(1),
    )
    .to_image();
    resize_rgb(&part, width, height, Filter::Bicubic)
}

#[cfg(test)]
mod tests;
