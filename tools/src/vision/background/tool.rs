//! The tool that changes the background.

use image::{DynamicImage, GrayImage};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{Backdrop, replace_background};
use crate::{
    geom::BBox,
    image::{ImageEntry, Operation, to_rgb},
    tool::{Effects, Example, ImageArg, RegionArg, Tool, ToolCx, ToolError},
    vision::{
        segment::{MASK, mask_extent, object_mask},
        target::{image_of, region_of},
    },
};

/// Changes the background behind the main object.
pub struct Background;

/// Arguments of [`Background`].
#[derive(Debug, Deserialize, JsonSchema)]
pub struct BackgroundInput {
    #[serde(default)]
    image: ImageArg,
    /// what to put behind the object: "transparent", "blur", a color (white, light blue, #ffcc00) or an image handle (img-2);
    /// left out: transparent
    #[serde(default)]
    background: Option<String>,
    /// keep only the object in this region, such as img-1/dog-1; left out: the main object of the whole image
    #[serde(default)]
    region: Option<RegionArg>,
}

/// Result of [`Background`].
#[derive(Debug, JsonSchema, Serialize)]
pub struct BackgroundOutput {
    /// Handle of the picture with the new background, of the same size.
    pub image: String,
    /// What the background is now: `transparent`, `blurred`, `#rrggbb` or the handle of an image.
    pub background: String,
    /// [x1, y1, x2, y2] of the object that was kept, in pixels.
    #[serde(rename = "box")]
    pub bbox: BBox,
}

/// Above this many pixels the copies that are needed fill the memory.
const MAX_PIXELS: u64 = 50_000_000;

impl Tool for Background {
    type Input = BackgroundInput;
    type Output = BackgroundOutput;
    const NAME: &'static str = "background";
    const EFFECTS: Effects = Effects::EDITS;
    const SUMMARY: &'static str =
        "change what is behind the main object: transparent, blurred, a color or another image";
    const ROLES: &'static [&'static str] = &["segment"];
    const ADVANCED: bool = true;

    fn examples() -> Vec<Example> {
        let output =
            |background: &str| json!({"image": "img-2", "background": background, "box": [40.0, 12.0, 310.0, 280.0]});
        vec![
            Example {
                task: "Put the product on a white background.",
                input: json!({"image": "img-1", "background": "white"}),
                output: output("#ffffff"),
            },
            Example {
                task: "Blur the background behind the dog.",
                input: json!({"image": "img-1", "background": "blur", "region": "dog"}),
                output: output("blurred"),
            },
        ]
    }

    async fn call(&self, input: BackgroundInput, cx: &ToolCx) -> Result<BackgroundOutput, ToolError> {
        let entry = image_of(cx, &input.image, input.region.as_ref().as_slice())?;
        let wanted = input.background.unwrap_or_default();
        let backdrop = Backdrop::parse(&wanted, &entry.handle, cx)?;
        let region = input.region.as_ref().map(|region| region_of(cx, &entry, region)).transpose()?;
        if u64::from(entry.width()) * u64::from(entry.height()) > MAX_PIXELS {
            return Err(ToolError::resource_limit(format!(
                "{} has {} x {} pixels; backgrounds are changed up to {} million: resize it first",
                entry.handle,
                entry.width(),
                entry.height(),
                MAX_PIXELS / 1_000_000
            )));
        }
        let subject = match &region {
            Some(region) => json!({"image": entry.handle, "region": region.handle}),
            None => json!({"image": entry.handle}),
        };
        // A box bears the image's handle, so its mask cannot be told from that of another box.
        let named = region.as_ref().is_none_or(|region| region.handle != entry.handle);
        let known = named.then(|| known_mask(cx, &entry, &subject)).flatten();
        let mask = if let Some(mask) = known {
            mask
        } else {
            let model = cx.model("segment").await?;
            let (pixels, focus) = (entry.pixels.clone(), region.as_ref().map(|region| region.bbox));
            cx.blocking(move |control| object_mask(&model, &to_rgb(&pixels), focus, control)).await?
        };
        let Some((bbox, _)) = mask_extent(&mask) else {
            return Err(ToolError::invalid_input(format!(
                "nothing stands out from the background of {}; name the region of an object",
                entry.handle
            )));
        };
        let background = backdrop.name(&wanted);
        let pixels = entry.pixels.clone();
        let made = cx.blocking(move |control| replace_background(&pixels, &mask, &backdrop, control)).await?;
        let mut args = subject;
        args["background"] = json!(background);
        let derived = cx.images.derive(&entry, Operation { tool: Self::NAME.into(), args }, made);
        Ok(BackgroundOutput { image: derived.handle.clone(), background, bbox })
    }

    fn render(output: &BackgroundOutput) -> String {
        let [x1, y1, x2, y2] = <[f32; 4]>::from(output.bbox).map(f32::round);
        let background = match output.background.as_str() {
            known @ ("transparent" | "blurred") => format!("a {known} background"),
            other => format!("the background {other}"),
        };
        format!("{} shows the object at [{x1}, {y1}, {x2}, {y2}] before {background}", output.image)
    }
}

/// The mask that `segment` has made of the same subject already.
fn known_mask(cx: &ToolCx, entry: &ImageEntry, subject: &Value) -> Option<GrayImage> {
    let masks = cx.images.images().into_iter().rev();
    let mut same = masks.filter(|image| {
        image.parent.as_deref() == Some(&entry.handle)
            && image.operation.as_ref().is_some_and(|operation| operation.tool == MASK && operation.args == *subject)
    });
    match same.next()?.pixels.as_ref() {
        DynamicImage::ImageLuma8(mask) if mask.dimensions() == (entry.width(), entry.height()) => Some(mask.clone()),
        _ => None,
    }
}
