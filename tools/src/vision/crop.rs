//! `crop`: a part of an image as an image of its own.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::target::{image_of, region_of};
use crate::{
    geom::BBox,
    image::Operation,
    tool::{Effects, Example, ImageArg, RegionArg, Tool, ToolCx, ToolError},
};

/// Cuts a rectangle out of an image.
pub struct Crop;

/// Arguments of [`Crop`].
#[derive(Debug, Deserialize, JsonSchema)]
pub struct CropInput {
    #[serde(default)]
    image: ImageArg,
    region: RegionArg,
    /// how much to keep around it, as a fraction of its size: 0.1 keeps a tenth more on each side
    #[serde(default)]
    margin: Option<f32>,
}

/// Result of [`Crop`].
#[derive(Debug, JsonSchema, Serialize)]
pub struct CropOutput {
    /// Handle of the part.
    pub image: String,
    /// Where it was, [x1, y1, x2, y2] in whole pixels of the image it was cut from.
    #[serde(rename = "box")]
    pub bbox: BBox,
    /// Width of the part in pixels.
    pub width: u32,
    /// Height of the part in pixels.
    pub height: u32,
}

const MAX_MARGIN: f32 = 5.0;

impl Tool for Crop {
    type Input = CropInput;
    type Output = CropOutput;
    const NAME: &'static str = "crop";
    const EFFECTS: Effects = Effects::EDITS;
    const SUMMARY: &'static str = "cut out a region as a new image, to look at it or work on it alone";

    fn examples() -> Vec<Example> {
        vec![
            Example {
                task: "Crop the first cup.",
                input: json!({"image": "img-1", "region": "img-1/cup-1"}),
                output: json!({"image": "img-2", "box": [200.0, 60.0, 420.0, 300.0], "width": 220, "height": 240}),
            },
            Example {
                task: "Read the sign at the top left.",
                input: json!({"image": "img-1", "region": [0, 0, 320, 200], "margin": 0.1}),
                output: json!({"image": "img-2", "box": [0.0, 0.0, 352.0, 220.0], "width": 352, "height": 220}),
            },
        ]
    }

    async fn call(&self, input: CropInput, cx: &ToolCx) -> Result<CropOutput, ToolError> {
        let margin = input.margin.unwrap_or_default();
        if !(0.0..=MAX_MARGIN).contains(&margin) {
            return Err(ToolError::invalid_input(format!("margin is {margin}; it must be from 0 to {MAX_MARGIN}")));
        }
        let entry = image_of(cx, &input.image, &[&input.region])?;
        let region = region_of(cx, &entry, &input.region)?;
        let b = region.bbox;
        let (dx, dy) = (b.width() * margin, b.height() * margin);
        let wide = BBox { x1: b.x1 - dx, y1: b.y1 - dy, x2: b.x2 + dx, y2: b.y2 + dy };
        let (x, y, width, height) = wide
            .to_pixels(entry.width(), entry.height())
            .ok_or_else(|| ToolError::invalid_input(format!("{} lies outside {}", region.handle, entry.handle)))?;
        let pixels = entry.pixels.clone();
        let part = cx.blocking(move |_| Ok(pixels.crop_imm(x, y, width, height))).await?;
        let (x1, y1) = (x as f32, y as f32);
        let bbox = BBox { x1, y1, x2: x1 + width as f32, y2: y1 + height as f32 };
        let args = json!({"image": entry.handle, "region": bbox});
        let derived = cx.images.derive(&entry, Operation { tool: Self::NAME.into(), args }, part);
        Ok(CropOutput { image: derived.handle.clone(), bbox, width, height })
    }

    fn render(output: &CropOutput) -> String {
        let [x1, y1, x2, y2] = <[f32; 4]>::from(output.bbox);
        format!(
            "the part [{x1}, {y1}, {x2}, {y2}] is now {}, {} x {} pixels",
            output.image, output.width, output.height
        )
    }
}
