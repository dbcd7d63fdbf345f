//! `upscale`: a larger picture with more detail than resizing gives.

mod family;
mod recognize;
mod tiles;
mod tool;

use image::{Rgb, RgbImage, imageops};
use ndarray::{Array4, Axis, Ix3};

pub use tool::{Upscale, UpscaleInput, UpscaleOutput};

pub(super) use recognize::recognize;

use self::{
    family::Family,
    tiles::{across, down, spans},
};
use crate::{
    onnx::{Input, LoadedModel, ModelError, RunControl},
    tool::ToolError,
};

/// Role of the upscaler.
pub const UPSCALER: &str = "upscale";

/// Most pixels of a result; the limits of `transform` too.
const MAX_PIXELS: u64 = 50_000_000;
/// Longest side of a result.
const MAX_SIDE: u32 = 16_384;

/// The picture enlarged by a model's own factor (Swin2SR, Real-ESRGAN and others of the kind `[1, 3, h, w]` to
/// `[1, 3, f * h, f * w]`), and that factor. Large pictures go through in tiles that fade into each other. Blocking; a tile of
/// 256 x 256 takes seconds on a CPU.
pub fn upscale(model: &LoadedModel, image: &RgbImage, control: &RunControl) -> Result<(RgbImage, u32), ToolError> {
    let family = Family::of(model)?;
    let (width, height) = image.dimensions();
    let (columns, rows) = (spans(width, family.tile.0), spans(height, family.tile.1));
    let mut whole: Option<(RgbImage, u32)> = None;
    for (row, &(top, bottom)) in rows.iter().enumerate() {
        let mut band: Option<RgbImage> = None;
        for (column, &(left, right)) in columns.iter().enumerate() {
            control.check()?;
            let part = imageops::crop_imm(image, left, top, right - left, bottom - top).to_image();
            let (tile, factor) = enlarged(model, &family, &part, control)?;
            // Only the first answer tells how large all will be.
            if whole.is_none() {
                check_size(u64::from(width) * u64::from(factor), u64::from(height) * u64::from(factor))?;
                whole = Some((RgbImage::new(width * factor, height * factor), factor));
            }
            let strip = band.get_or_insert_with(|| RgbImage::new(width * factor, tile.height()));
            if tile.height() != strip.height() || whole.as_ref().is_some_and(|(_, first)| *first != factor) {
                return Err(ModelError::new(format!("the graph enlarged one tile by {factor}, others not")).into());
            }
            across(strip, &tile, left * factor, factor, column > 0);
        }
        if let (Some(band), Some((picture, factor))) = (band, whole.as_mut()) {
            down(picture, &band, top * *factor, *factor, row > 0);
        }
    }
    whole.ok_or_else(|| ToolError::invalid_input("the picture is empty"))
}

/// Refuses results that would not fit the memory.
fn check_size(width: u64, height: u64) -> Result<(), ToolError> {
    if width.max(height) <= u64::from(MAX_SIDE) && width * height <= MAX_PIXELS {
        return Ok(());
    }
    Err(ToolError::resource_limit(format!(
        "the result would have {width} x {height} pixels; at most {MAX_SIDE} a side and {} million in all: name a region, or \
         resize the image first",
        MAX_PIXELS / 1_000_000
    )))
}

/// The input tensor f32 `[1, 3, height, width]` of a picture or tile, mirrored over its right and bottom edges to the sides
/// that the graph wants.
pub fn upscaler_pixels(model: &LoadedModel, image: &RgbImage) -> Result<Array4<f32>, ToolError> {
    Ok(Family::of(model)?.pixels(image))
}

/// One tile, and by how much it grew.
fn enlarged(
    model: &LoadedModel,
    family: &Family,
    part: &RgbImage,
    control: &RunControl,
) -> Result<(RgbImage, u32), ToolError> {
    let tensor = family.pixels(part);
    let (fed_height, fed_width) = (tensor.len_of(Axis(2)), tensor.len_of(Axis(3)));
    let mut made = (RgbImage::new(0, 0), 0);
    model.model.run(&[(&family.input, Input::F32(tensor.view().into_dyn()))], control, &mut |outputs| {
        let output = outputs.f32("reconstruction").or_else(|_| outputs.f32_at(0))?;
        let shape = output.shape().to_vec();
        let wrong = || {
            ModelError::new(format!(
                "the enlarged picture has the shape {shape:?}, expected [1, 3, f * {fed_height}, f * {fed_width}] for a whole \
                 number f"
            ))
        };
        if shape.len() != 4 || shape[0] == 0 || shape[1] != 3 {
            return Err(wrong());
        }
        let factor = shape[2] / fed_height;
        if factor == 0 || shape[2] != factor * fed_height || shape[3] != factor * fed_width {
            return Err(wrong());
        }
        let planes = output.index_axis_move(Axis(0), 0).into_dimensionality::<Ix3>().map_err(|_| wrong())?;
        let order = family.order();
        let byte = |value: f32| (value / family.scale).round().clamp(0.0, 255.0) as u8;
        let factor = factor as u32;
        let picture = RgbImage::from_fn(part.width() * factor, part.height() * factor, |x, y| {
            Rgb(order.map(|channel| byte(planes[[channel, y as usize, x as usize]])))
        });
        made = (picture, factor);
        Ok(())
    })?;
    Ok(made)
}

#[cfg(test)]
mod tests;
