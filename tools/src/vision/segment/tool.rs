//! The tool around the segmenters.

use image::{DynamicImage, GrayImage};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{
    Found, MASK,
    args::{Points, SegmentKind},
    make::{Made, Part, make},
    mask_extent,
    picture::{cut_out, map, together},
    request::Request,
};
use crate::{
    geom::{BBox, Rle},
    image::{ImageEntry, NewRegion, Operation, RegionKind},
    tool::{Effects, Example, ImageArg, RegionArg, Tool, ToolCx, ToolError},
    vision::target::image_of,
};

/// Cuts objects out of their background.
pub struct Segment;

/// Arguments of [`Segment`].
#[derive(Debug, Deserialize, JsonSchema)]
pub struct SegmentInput {
    #[serde(default)]
    image: ImageArg,
    /// only the object in this region, such as img-1/dog-1; left out: the main object of the whole image
    #[serde(default)]
    pub(super) region: Option<RegionArg>,
    #[serde(default)]
    #[schemars(extend("x-advanced" = true))]
    pub(super) point: Points,
    /// what to cut out, in a word or two: all objects of that name
    #[serde(default)]
    #[schemars(extend("x-advanced" = true))]
    pub(super) text: Option<String>,
    /// everything in the image: by class (semantic), object by object (instance) or both (panoptic); left out: one object
    #[serde(default)]
    #[schemars(extend("x-advanced" = true))]
    pub(super) kind: Option<SegmentKind>,
    /// whether each segment also gets a mask picture of its own
    #[serde(default)]
    #[schemars(extend("x-advanced" = true))]
    masks: Option<bool>,
}

/// Result of [`Segment`].
#[derive(Debug, Default, JsonSchema, Serialize)]
pub struct SegmentOutput {
    /// Handle of the mask: white where the object is, or all objects that were asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mask: Option<String>,
    /// Handle of that on a transparent background, cropped to it; absent if nothing stands out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cutout: Option<String>,
    /// [x1, y1, x2, y2] of the object in pixels, or around all of them; absent if nothing stands out.
    #[serde(rename = "box", skip_serializing_if = "Option::is_none")]
    pub bbox: Option<BBox>,
    /// The share of the image area that is covered, 0 to 1.
    #[serde(serialize_with = "crate::geom::thousandths")]
    pub area_fraction: f32,
    /// One by one, where something was asked for by a point, a region or a text, or by kind.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub segments: Vec<SegmentedPart>,
    /// What was asked for by text, if none was found.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub not_found: Option<String>,
    /// Handle of the image with every segment in the color of its label.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub map: Option<String>,
}

/// One segment.
#[derive(Debug, JsonSchema, Serialize)]
pub struct SegmentedPart {
    /// Its region handle, such as `img-1/dog-1`.
    pub handle: String,
    /// What it shows; `object` if that is not known.
    pub label: String,
    /// Confidence from 0 to 1.
    #[serde(serialize_with = "crate::geom::thousandths")]
    pub score: f32,
    /// [x1, y1, x2, y2] in pixels.
    #[serde(rename = "box")]
    pub bbox: BBox,
    /// Its share of the image area, 0 to 1.
    #[serde(serialize_with = "crate::geom::thousandths")]
    pub area_fraction: f32,
    /// Its pixels as run lengths in COCO's uncompressed form: counts go down the columns and begin outside.
    pub rle: Rle,
    /// Handle of its mask, if masks were asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mask: Option<String>,
}

/// Segments that get a mask picture of their own.
const MOST_MASKS: usize = 24;

impl Tool for Segment {
    type Input = SegmentInput;
    type Output = SegmentOutput;
    const NAME: &'static str = "segment";
    const EFFECTS: Effects = Effects::EDITS;
    const SUMMARY: &'static str = "cut the main object out: remove the background, make a mask, measure its area";
    const ROLES: &'static [&'static str] = &["segment"];

    fn examples() -> Vec<Example> {
        let output =
            json!({"mask": "img-2", "cutout": "img-3", "box": [40.0, 12.0, 310.0, 280.0], "area_fraction": 0.38});
        let dog = json!({
            "handle": "img-1/dog-1", "label": "dog", "score": 0.91, "box": [40.0, 12.0, 310.0, 280.0], "area_fraction": 0.38,
            "rle": {"size": [2, 3], "counts": [1, 2, 3]}
        });
        let with_segments = json!({
            "mask": "img-2", "cutout": "img-3", "box": [40.0, 12.0, 310.0, 280.0], "area_fraction": 0.38, "segments": [dog.clone()]
        });
        let all = json!({"box": [0.0, 0.0, 640.0, 480.0], "area_fraction": 0.97, "segments": [dog], "map": "img-2"});
        vec![
            Example { task: "Remove the background.", input: json!({"image": "img-1"}), output },
            Example {
                task: "Cut out the dog.",
                input: json!({"image": "img-1", "text": "dog"}),
                output: with_segments.clone(),
            },
            Example {
                task: "Cut out what is at (120, 80).",
                input: json!({"image": "img-1", "point": [120, 80]}),
                output: with_segments,
            },
            Example {
                task: "How much of the picture is sky?",
                input: json!({"image": "img-1", "kind": "semantic"}),
                output: all,
            },
        ]
    }

    async fn call(&self, input: SegmentInput, cx: &ToolCx) -> Result<SegmentOutput, ToolError> {
        let entry = image_of(cx, &input.image, input.region.as_ref().as_slice())?;
        let request = Request::of(&input, cx, &entry)?;
        let args = arguments(&request, &entry);
        let masks = input.masks.unwrap_or(false);
        match make(cx, &entry, &request).await? {
            Made::Salient(mask) => {
                let output = cut(cx, &entry, &args, mask).await?;
                if let (Request::Salient(None), Some(bbox)) = (&request, output.bbox) {
                    cx.images.name_regions(&entry.handle, vec![region("subject", RegionKind::Area, 1.0, bbox)]);
                }
                Ok(output)
            }
            Made::Asked(parts, _) if parts.is_empty() && request.text().is_some() => {
                Ok(SegmentOutput { not_found: request.text().map(str::to_owned), ..SegmentOutput::default() })
            }
            Made::Asked(parts, kind) => {
                let mask = together(parts.iter().map(|(found, _)| found), (entry.width(), entry.height()));
                let output = cut(cx, &entry, &args, mask).await?;
                let segments = publish(cx, &entry, parts, kind, &args, masks);
                Ok(SegmentOutput { segments, ..output })
            }
            Made::Everything(parts, kind) => {
                let found: Vec<Found> = parts.iter().map(|(found, _)| found.clone()).collect();
                let pixels = entry.pixels.clone();
                let (drawn, extent) = cx
                    .blocking(move |control| {
                        let covered = together(found.iter(), (pixels.width(), pixels.height()));
                        Ok((map(&pixels, &found, control)?, mask_extent(&covered)))
                    })
                    .await?;
                let operation = Operation { tool: "segment.map".into(), args: args.clone() };
                let drawn = cx.images.derive(&entry, operation, DynamicImage::ImageRgb8(drawn));
                Ok(SegmentOutput {
                    bbox: extent.map(|(bbox, _)| bbox),
                    area_fraction: extent.map_or(0.0, |(_, share)| share),
                    segments: publish(cx, &entry, parts, kind, &args, masks),
                    map: Some(drawn.handle.clone()),
                    ..SegmentOutput::default()
                })
            }
        }
    }

    fn render(output: &SegmentOutput) -> String {
        super::render::words(output)
    }
}

/// What the made images say of how they were made.
fn arguments(request: &Request, entry: &ImageEntry) -> Value {
    let mut args = json!({"image": entry.handle});
    match request {
        Request::Salient(region) | Request::Prompt(_, region) => {
            if let Some(region) = region {
                args["region"] = json!(region.handle);
            }
            if let Request::Prompt(prompt, _) = request
                && !prompt.points.is_empty()
            {
                args["point"] = json!(prompt.points);
            }
        }
        Request::Named(text) => args["text"] = json!(text),
        Request::All(kind, text) => {
            args["kind"] = json!(kind.name());
            if let Some(text) = text {
                args["text"] = json!(text);
            }
        }
    }
    args
}

fn region(label: &str, kind: RegionKind, score: f32, bbox: BBox) -> NewRegion {
    NewRegion { stem: label.into(), label: label.into(), kind, score, bbox, quad: None }
}

/// The mask and the cut-out as images.
async fn cut(cx: &ToolCx, entry: &ImageEntry, args: &Value, mask: GrayImage) -> Result<SegmentOutput, ToolError> {
    let pixels = entry.pixels.clone();
    let (mask, cutout, extent) = cx
        .blocking(move |_| {
            let extent = mask_extent(&mask);
            let cutout = extent.and_then(|(bbox, _)| cut_out(&pixels.to_rgba8(), &mask, bbox));
            Ok((mask, cutout, extent))
        })
        .await?;
    let derive = |tool: &str, image: DynamicImage| {
        let operation = Operation { tool: tool.into(), args: args.clone() };
        cx.images.derive(entry, operation, image).handle.clone()
    };
    let mask = derive(MASK, DynamicImage::ImageLuma8(mask));
    let cutout = cutout.map(|image| derive("segment.cutout", DynamicImage::ImageRgba8(image)));
    Ok(SegmentOutput {
        mask: Some(mask),
        cutout,
        bbox: extent.map(|(bbox, _)| bbox),
        area_fraction: extent.map_or(0.0, |(_, share)| share),
        ..SegmentOutput::default()
    })
}

/// Names the parts as regions of the image; what has a handle keeps it.
fn publish(
    cx: &ToolCx,
    entry: &ImageEntry,
    parts: Vec<Part>,
    kind: RegionKind,
    args: &Value,
    masks: bool,
) -> Vec<SegmentedPart> {
    let mut segments = Vec::new();
    for (index, (found, handle)) in parts.into_iter().enumerate() {
        let handle = handle.unwrap_or_else(|| {
            let new = region(&found.label, kind, found.score, found.bbox);
            let named = cx.images.name_regions(&entry.handle, vec![new]);
            named.into_iter().next().map_or_else(|| entry.handle.clone(), |region| region.handle)
        });
        let mask = (masks && index < MOST_MASKS).then(|| {
            let mut args = args.clone();
            args["segment"] = json!(handle);
            let operation = Operation { tool: "segment.part".into(), args };
            cx.images.derive(entry, operation, DynamicImage::ImageLuma8(found.mask.to_mask())).handle.clone()
        });
        segments.push(SegmentedPart {
            handle,
            area_fraction: found.mask.area_fraction(),
            label: found.label,
            score: found.score,
            bbox: found.bbox,
            rle: found.mask,
            mask,
        });
    }
    segments
}
