//! Pictures of what was found: cut-outs, masks of several parts together, maps of all of them.

use image::{DynamicImage, GrayImage, Luma, RgbImage, RgbaImage, imageops};

use super::Found;
use crate::{geom::BBox, image::Canvas, onnx::RunControl, tool::ToolError};

/// The object on a transparent background, cropped to its box; `None` if that lies outside the picture.
pub(super) fn cut_out(picture: &RgbaImage, mask: &GrayImage, bbox: BBox) -> Option<RgbaImage> {
    let (x, y, width, height) = bbox.to_pixels(picture.width(), picture.height())?;
    let mut cut = imageops::crop_imm(picture, x, y, width, height).to_image();
    for (dx, dy, pixel) in cut.enumerate_pixels_mut() {
        let opacity = u16::from(mask.get_pixel(x + dx, y + dy).0[0]);
        pixel.0[3] = (u16::from(pixel.0[3]) * opacity / 255) as u8;
    }
    Some(cut)
}

/// 255 where any part is.
pub(super) fn together<'a>(parts: impl Iterator<Item = &'a Found>, (width, height): (u32, u32)) -> GrayImage {
    let mut mask = GrayImage::new(width, height);
    for part in parts {
        part.mask.each((width, height), |x, y| mask.put_pixel(x, y, Luma([255])));
    }
    mask
}

/// The picture with every part tinted and named; parts of one label have one color.
pub(super) fn map(picture: &DynamicImage, parts: &[Found], control: &RunControl) -> Result<RgbImage, ToolError> {
    let mut canvas = Canvas::new(picture);
    for part in parts {
        control.check()?;
        canvas = canvas.mask(&part.mask.to_mask(), &part.label, None);
    }
    Ok(canvas.finish())
}
