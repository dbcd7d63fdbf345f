//! Which image and which part of it a call is about.

use std::sync::Arc;

use image::{DynamicImage, RgbImage};

use crate::{
    image::{ImageEntry, Region, to_rgb},
    tool::{ImageArg, RegionArg, ToolCx, ToolError},
};

/// Above this many pixels the copies that pixel work needs fill the memory.
const MAX_PIXELS: u64 = 50_000_000;

/// Refuses pictures that are too large; `work` is what is done, such as "depths are estimated of".
pub(super) fn check_pixels(image: &ImageEntry, work: &str) -> Result<(), ToolError> {
    if u64::from(image.width()) * u64::from(image.height()) <= MAX_PIXELS {
        return Ok(());
    }
    Err(ToolError::resource_limit(format!(
        "{} has {} x {} pixels; {work} at most {} million: resize it first",
        image.handle,
        image.width(),
        image.height(),
        MAX_PIXELS / 1_000_000
    )))
}

/// The image of a call whose region may name the image too: `img-1/cup-1` is about `img-1`, whichever image is newest.
pub(super) fn image_of(cx: &ToolCx, image: &ImageArg, regions: &[&RegionArg]) -> Result<Arc<ImageEntry>, ToolError> {
    if image.0.is_none() {
        let named = regions.iter().find_map(|region| match region {
            RegionArg::Name(name) => {
                let handle = name.trim().split('/').next().unwrap_or_default();
                cx.images.images().into_iter().find(|entry| entry.handle == handle)
            }
            RegionArg::Box(_) => None,
        });
        if let Some(entry) = named {
            return Ok(entry);
        }
    }
    cx.image(image)
}

/// A region of this very image.
pub(super) fn region_of(cx: &ToolCx, image: &ImageEntry, region: &RegionArg) -> Result<Region, ToolError> {
    let found = cx.images.region(image, region)?;
    if found.image == image.handle {
        return Ok(found);
    }
    Err(ToolError::invalid_input(format!("{} is a part of {}, not of {}", found.handle, found.image, image.handle)))
}

/// A part of a picture in whole pixels: x, y, width, height.
pub(super) type Pixels = (u32, u32, u32, u32);

/// The pixels of a picture, or of a part of it.
pub(super) fn rgb_of(picture: &DynamicImage, part: Option<Pixels>) -> RgbImage {
    match part {
        Some((x, y, width, height)) => to_rgb(&picture.crop_imm(x, y, width, height)),
        None => to_rgb(picture),
    }
}

/// The pixels of a region of this very image.
pub(super) fn part_of(cx: &ToolCx, image: &ImageEntry, region: &RegionArg) -> Result<Pixels, ToolError> {
    let region = region_of(cx, image, region)?;
    let part = region.bbox.to_pixels(image.width(), image.height());
    part.ok_or_else(|| ToolError::invalid_input(format!("{} lies outside {}", region.handle, image.handle)))
}

/// How a region is called in words: its label and handle.
pub(super) fn called(region: &Region) -> String {
    match region.label.as_str() {
        "area" => {
            let [x1, y1, x2, y2] = <[f32; 4]>::from(region.bbox).map(f32::round);
            format!("the area [{x1}, {y1}, {x2}, {y2}]")
        }
        _ => region.handle.clone(),
    }
}
