//! The tool that takes things out.

use std::sync::Arc;

use image::{DynamicImage, RgbImage};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{Hole, INPAINTER, fill, object_hole, outline_hole};
use crate::{
    image::{Operation, Region, RegionKind},
    onnx::LoadedModel,
    tool::{Effects, Example, ImageArg, RegionArg, Tool, ToolCx, ToolError, ToolErrorKind},
    vision::{
        draw::{RegionList, marked_by},
        target::{called, check_pixels, image_of},
    },
};

/// Takes things out of an image.
pub struct RemoveObject;

/// What of a region is taken out.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RemoveShape {
    /// The object in it, by its outline.
    Object,
    /// Everything in it.
    Box,
}

/// Arguments of [`RemoveObject`].
#[derive(Debug, Deserialize, JsonSchema)]
pub struct RemoveInput {
    #[serde(default)]
    image: ImageArg,
    /// what to take out: handles, labels (all of that label) or boxes
    regions: RegionList,
    /// object: what stands out in each region; box: all that is in it; left out: object for what detect found, box for boxes
    #[serde(default)]
    shape: Option<RemoveShape>,
}

/// Result of [`RemoveObject`].
#[derive(Debug, JsonSchema, Serialize)]
pub struct RemoveOutput {
    /// Handle of the picture without the things.
    pub image: String,
    /// What was taken out: handles, or boxes as text.
    pub removed: Vec<String>,
    /// Those of which the whole box was filled, for no outline of an object was known in it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub whole_boxes: Vec<String>,
}

/// Most things of one call: each takes a run of its own.
const MOST: usize = 30;

impl Tool for RemoveObject {
    type Input = RemoveInput;
    type Output = RemoveOutput;
    const NAME: &'static str = "remove_object";
    const EFFECTS: Effects = Effects::EDITS;
    const SUMMARY: &'static str =
        "take objects, people, text or marks out of an image and fill in what was behind them";
    const LIMITS: &'static str = "what is filled in is made up; shadows and reflections outside the region stay";
    const ROLES: &'static [&'static str] = &[INPAINTER];
    const ADVANCED: bool = true;

    fn examples() -> Vec<Example> {
        vec![
            Example {
                task: "Remove the person on the left from the photo.",
                input: json!({"image": "img-1", "regions": ["img-1/person-2"]}),
                output: json!({"image": "img-2", "removed": ["img-1/person-2"]}),
            },
            Example {
                task: "Erase all cups and the mark in the corner.",
                input: json!({"image": "img-1", "regions": ["cup", [560, 400, 630, 470]]}),
                output: json!({
                    "image": "img-2", "removed": ["img-1/cup-1", "img-1/cup-2", "the area [560, 400, 630, 470]"],
                    "whole_boxes": ["the area [560, 400, 630, 470]"]
                }),
            },
        ]
    }

    async fn call(&self, input: RemoveInput, cx: &ToolCx) -> Result<RemoveOutput, ToolError> {
        let wanted: Vec<&RegionArg> = input.regions.0.iter().collect();
        if wanted.is_empty() {
            return Err(ToolError::invalid_input("regions is empty; it takes handles, labels or boxes"));
        }
        let entry = image_of(cx, &input.image, &wanted)?;
        check_pixels(&entry, "things are removed from")?;
        let mut regions: Vec<Region> = Vec::new();
        for region in wanted {
            for found in marked_by(cx, &entry, region)? {
                if !regions.contains(&found) {
                    regions.push(found);
                }
            }
        }
        check(&regions, entry.bounds().area(), &entry.handle)?;
        let shape = input.shape;
        let by_outline = |region: &Region| match shape {
            Some(shape) => shape == RemoveShape::Object,
            None => region.kind == RegionKind::Object && region.quad.is_none(),
        };
        let outlined: Vec<bool> = regions.iter().map(by_outline).collect();
        let segmenter = if outlined.contains(&true) { segmenter(cx).await? } else { None };
        let model = cx.model(INPAINTER).await?;
        let pixels = entry.pixels.clone();
        let named: Vec<String> = regions.iter().map(called).collect();
        let (made, whole) = cx
            .blocking(move |control| {
                let mut colors = pixels.to_rgb8();
                let mut holes: Vec<Hole> = Vec::new();
                let mut whole = Vec::new();
                for (region, outlined) in regions.iter().zip(outlined) {
                    control.check()?;
                    let by_model = match segmenter.as_ref().filter(|_| outlined) {
                        Some(segmenter) => object_hole(segmenter, &colors, &region.bbox, control)?,
                        None => None,
                    };
                    whole.push(by_model.is_none());
                    let by_box = || outline_hole(&region.bbox, region.quad.as_ref(), colors.dimensions());
                    holes.extend(by_model.or_else(by_box));
                }
                fill(&model, &mut colors, &holes, control)?;
                Ok((with_opacity(&pixels, colors), whole))
            })
            .await?;
        let args = json!({"image": entry.handle, "regions": named, "shape": shape});
        let derived = cx.images.derive(&entry, Operation { tool: Self::NAME.into(), args }, made);
        let whole_boxes = named.iter().zip(whole).filter(|(_, whole)| *whole).map(|(name, _)| name.clone()).collect();
        Ok(RemoveOutput { image: derived.handle.clone(), removed: named, whole_boxes })
    }

    fn render(output: &RemoveOutput) -> String {
        let boxes = match output.whole_boxes.as_slice() {
            [] => String::new(),
            all if all.len() == output.removed.len() => "; whole boxes were filled".to_owned(),
            some => format!("; whole boxes were filled for {}", some.join(", ")),
        };
        format!("{} is the image without {}{boxes}", output.image, output.removed.join(", "))
    }
}

/// Too many things, or all of the picture, make no sense.
fn check(regions: &[Region], area: f32, image: &str) -> Result<(), ToolError> {
    if regions.len() > MOST {
        return Err(ToolError::resource_limit(format!(
            "{} things are too many; at most {MOST} are removed in one call",
            regions.len()
        )));
    }
    match regions.iter().find(|region| region.bbox.area() > 0.8 * area) {
        Some(region) => Err(ToolError::invalid_input(format!(
            "{} covers nearly all of {image}: too little is left to fill it from; name a smaller region",
            called(region)
        ))),
        None => Ok(()),
    }
}

/// The salient-object model where it is available; boxes serve without it.
async fn segmenter(cx: &ToolCx) -> Result<Option<Arc<LoadedModel>>, ToolError> {
    match cx.model("segment").await {
        Ok(model) => Ok(Some(model)),
        Err(error) if error.kind == ToolErrorKind::ModelUnavailable => Ok(None),
        Err(error) => Err(error),
    }
}

/// The new colors with the old opacity.
fn with_opacity(picture: &DynamicImage, colors: RgbImage) -> DynamicImage {
    if !picture.color().has_alpha() {
        return DynamicImage::ImageRgb8(colors);
    }
    let mut rgba = picture.to_rgba8();
    for (pixel, color) in rgba.pixels_mut().zip(colors.pixels()) {
        pixel.0[..3].copy_from_slice(&color.0);
    }
    DynamicImage::ImageRgba8(rgba)
}
