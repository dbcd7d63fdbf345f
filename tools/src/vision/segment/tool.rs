//! The tool around the segmenter.

use image::{DynamicImage, GrayImage, RgbaImage, imageops};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{MASK, mask_extent, object_mask};
use crate::{
    geom::BBox,
    image::{NewRegion, Operation, RegionKind, to_rgb},
    tool::{Example, ImageArg, RegionArg, Tool, ToolCx, ToolError},
    vision::target::{image_of, region_of},
};

/// Cuts the main object out of its background.
pub struct Segment;

/// Arguments of [`Segment`].
#[derive(Debug, Deserialize, JsonSchema)]
pub struct SegmentInput {
    #[serde(default)]
    image: ImageArg,
    /// only the object in this region, such as img-1/dog-1; left out: the main object of the whole image
    #[serde(default)]
    region: Option<RegionArg>,
}

/// Result of [`Segment`].
#[derive(Debug, JsonSchema, Serialize)]
pub struct SegmentOutput {
    /// Handle of the mask: white where the object is.
    pub mask: String,
    /// Handle of the object on a transparent background, cropped to it; absent if nothing stands out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cutout: Option<String>,
    /// [x1, y1, x2, y2] of the object in pixels; absent if nothing stands out.
    #[serde(rename = "box", skip_serializing_if = "Option::is_none")]
    pub bbox: Option<BBox>,
    /// The object's share of the image area, 0 to 1.
    #[serde(serialize_with = "crate::geom::thousandths")]
    pub area_fraction: f32,
}

impl Tool for Segment {
    type Input = SegmentInput;
    type Output = SegmentOutput;
    const NAME: &'static str = "segment";
    const SUMMARY: &'static str = "cut the main object out: remove the background, make a mask, measure its area";
    const ROLES: &'static [&'static str] = &["segment"];

    fn examples() -> Vec<Example> {
        let output =
            json!({"mask": "img-2", "cutout": "img-3", "box": [40.0, 12.0, 310.0, 280.0], "area_fraction": 0.38});
        vec![
            Example { task: "Remove the background.", input: json!({"image": "img-1"}), output: output.clone() },
            Example { task: "Cut out the dog.", input: json!({"image": "img-1", "region": "dog"}), output },
        ]
    }

    async fn call(&self, input: SegmentInput, cx: &ToolCx) -> Result<SegmentOutput, ToolError> {
        let entry = image_of(cx, &input.image, &input.region.iter().collect::<Vec<_>>())?;
        let region = input.region.as_ref().map(|region| region_of(cx, &entry, region)).transpose()?;
        let model = cx.model("segment").await?;
        let pixels = entry.pixels.clone();
        let focus = region.as_ref().map(|region| region.bbox);
        let (mask, cutout, extent) = cx
            .blocking(move |control| {
                let mask = object_mask(&model, &to_rgb(&pixels), focus, control)?;
                let extent = mask_extent(&mask);
                let cutout = extent.and_then(|(bbox, _)| cut_out(&pixels.to_rgba8(), &mask, bbox));
                Ok((mask, cutout, extent))
            })
            .await?;
        let args = match &region {
            Some(region) => json!({"image": entry.handle, "region": region.handle}),
            None => json!({"image": entry.handle}),
        };
        let operation = |tool: &str| Operation { tool: tool.into(), args: args.clone() };
        let mask = cx.images.derive(&entry, operation(MASK), DynamicImage::ImageLuma8(mask)).handle.clone();
        let cutout = cutout.map(|image| {
            cx.images.derive(&entry, operation("segment.cutout"), DynamicImage::ImageRgba8(image)).handle.clone()
        });
        if let Some((bbox, _)) = extent.filter(|_| region.is_none()) {
            let subject = NewRegion {
                stem: "subject".into(),
                label: "subject".into(),
                kind: RegionKind::Area,
                score: 1.0,
                bbox,
                quad: None,
            };
            cx.images.name_regions(&entry.handle, vec![subject]);
        }
        let area = extent.map_or(0.0, |(_, share)| share);
        Ok(SegmentOutput { mask, cutout, bbox: extent.map(|(bbox, _)| bbox), area_fraction: area })
    }

    fn render(output: &SegmentOutput) -> String {
        match (&output.cutout, output.bbox) {
            (Some(cutout), Some(bbox)) => {
                let [x1, y1, x2, y2] = <[f32; 4]>::from(bbox).map(f32::round);
                format!(
                    "cut-out on transparent background: {cutout}; mask: {}; the object's box is [{x1}, {y1}, {x2}, {y2}] and it covers \
                     {:.0} % of the image",
                    output.mask,
                    output.area_fraction * 100.0
                )
            }
            _ => format!("nothing stands out from the background; mask: {}", output.mask),
        }
    }
}

fn cut_out(picture: &RgbaImage, mask: &GrayImage, bbox: BBox) -> Option<RgbaImage> {
    let (x, y, width, height) = bbox.to_pixels(picture.width(), picture.height())?;
    let mut cut = imageops::crop_imm(picture, x, y, width, height).to_image();
    for (dx, dy, pixel) in cut.enumerate_pixels_mut() {
        let opacity = u16::from(mask.get_pixel(x + dx, y + dy).0[0]);
        pixel.0[3] = (u16::from(pixel.0[3]) * opacity / 255) as u8;
    }
    Some(cut)
}
