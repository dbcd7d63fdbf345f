//! `caption`: what an image shows, in words.
//!
//! A model of the role `caption` writes it where one is available: Florence-2, BLIP, or an encoder-decoder such as ViT-GPT2.
//! The role is not among the tool's [`ROLES`](crate::tool::Tool::ROLES), because the tool is ready without it: where no such
//! model is available (`ModelUnavailable`), the caption is composed from objects, text and colors, and says so in its `source`.

mod captioner;
mod compose;
mod sampling;
mod scene;
#[cfg(test)]
mod tests;
mod words;

use std::time::Instant;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

pub use compose::{Scene, compose};
pub use sampling::Sampling;
pub(super) use scene::{Findings, findings};

use self::captioner::Captioner;
use crate::{
    evidence::Rows,
    geom::BBox,
    image::{ImageEntry, NewRegion, RegionKind},
    tool::{Event, Example, ImageArg, RegionArg, Tool, ToolCx, ToolError, ToolErrorKind},
    vision::{
        detect::DetectedObject,
        target::{Pixels, image_of, part_of, rgb_of},
    },
};

/// Role of the captioning model.
pub const CAPTIONER: &str = "caption";

/// Describes an image.
pub struct Caption;

/// How much a caption says.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq)]
#[serde(rename_all = "snake_case")]
pub enum Detail {
    /// A sentence.
    #[default]
    Brief,
    /// A paragraph.
    Detailed,
    /// A sentence, and one for each part worth a word.
    Regions,
}

/// Arguments of [`Caption`].
#[derive(Debug, Deserialize, JsonSchema)]
pub struct CaptionInput {
    #[serde(default)]
    image: ImageArg,
    /// left out: brief; "regions" also describes and locates the parts
    #[serde(default)]
    #[schemars(extend("x-advanced" = true))]
    detail: Detail,
    /// only this part, such as img-1/person-1; left out: the whole image
    #[serde(default)]
    #[schemars(extend("x-advanced" = true))]
    region: Option<RegionArg>,
    /// for several different captions of one image: {"top_k": 50, "seed": 1, "min_tokens": 10, "max_tokens": 20}; left out: the
    /// likeliest caption
    #[serde(default)]
    #[schemars(extend("x-advanced" = true))]
    sampling: Sampling,
}

impl CaptionInput {
    /// A sentence on the image of this handle.
    pub(crate) fn brief(handle: &str) -> Self {
        Self {
            image: ImageArg(Some(handle.to_owned())),
            detail: Detail::Brief,
            region: None,
            sampling: Sampling::default(),
        }
    }
}

/// Result of [`Caption`].
#[derive(Debug, JsonSchema, Serialize)]
pub struct CaptionOutput {
    /// A sentence or two; a paragraph if it was asked for in detail.
    pub caption: String,
    /// `composed` from other tools' findings, or the id of the model that wrote it.
    pub source: String,
    /// Parts of the image, if they were asked for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub regions: Vec<CaptionedRegion>,
    /// What is other than asked, where the model at hand cannot do it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remark: Option<String>,
    /// What could not be looked at because its model is not available: "objects", "text".
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub missing: Vec<String>,
}

/// A part of an image in words.
#[derive(Debug, JsonSchema, Serialize)]
pub struct CaptionedRegion {
    /// What it shows.
    pub caption: String,
    /// [x1, y1, x2, y2] in pixels.
    #[serde(rename = "box")]
    pub bbox: BBox,
    /// Its region handle, such as `img-1/region-1`.
    pub handle: String,
}

impl From<DetectedObject> for CaptionedRegion {
    fn from(object: DetectedObject) -> Self {
        Self { caption: object.label, bbox: object.bbox, handle: object.handle }
    }
}

impl Tool for Caption {
    type Input = CaptionInput;
    type Output = CaptionOutput;
    const NAME: &'static str = "caption";
    const SUMMARY: &'static str = "describe what the whole image shows in a sentence or two";
    const ROLES: &'static [&'static str] = &["detect", "ocr-det", "ocr-cls", "ocr-rec", "segment"];

    fn examples() -> Vec<Example> {
        vec![
            Example {
                task: "What does the picture show?",
                input: json!({"image": "img-1"}),
                output: json!({
                    "caption": "A large bus in the center, with two people on the right and a car. The main colors are red and \
                                light gray, and the text \"Qbuzz\" is visible.",
                    "source": "composed"
                }),
            },
            Example {
                task: "Describe the second image.",
                input: json!({"image": "img-2"}),
                output: json!({
                    "caption": "A document or text page with 18 lines of text on a white background. It begins with \
                                \"INVOICE\", \"No. 2024-117\" and \"Customer\".",
                    "source": "composed"
                }),
            },
            Example {
                task: "Describe the parts of the picture one by one.",
                input: json!({"image": "img-1", "detail": "regions"}),
                output: json!({
                    "caption": "A red bus on a street.",
                    "source": "florence-2-base-ft",
                    "regions": [
                        {"caption": "red bus with a white roof", "box": [31.5, 80.2, 520.4, 402.8], "handle": "img-1/region-1"},
                        {"caption": "man in a dark coat", "box": [540.0, 190.1, 601.3, 388.0], "handle": "img-1/region-2"}
                    ]
                }),
            },
        ]
    }

    async fn call(&self, input: CaptionInput, cx: &ToolCx) -> Result<CaptionOutput, ToolError> {
        let CaptionInput { image, detail, region, sampling } = input;
        sampling.check()?;
        let entry = image_of(cx, &image, region.as_ref().as_slice())?;
        let part = region.as_ref().map(|region| part_of(cx, &entry, region)).transpose()?;
        let order = Order { detail, part, sampling };
        match Captioner::load(cx).await {
            Ok(captioner) => written(captioner, &entry, order, cx).await,
            Err(error) if error.kind == ToolErrorKind::ModelUnavailable => {
                tracing::debug!("no captioning model, so the caption is composed: {error}");
                composed(&entry, order, cx).await
            }
            Err(error) => Err(error),
        }
    }

    fn evidence(output: &CaptionOutput, _: bool) -> Rows {
        let mut rows = Rows::default();
        rows.add("caption", [("text", output.caption.as_str().into()), ("source", output.source.as_str().into())]);
        rows
    }

    fn render(output: &CaptionOutput) -> String {
        const SHOWN: usize = 20;
        let mut text = output.caption.clone();
        if !output.missing.is_empty() {
            text = format!("{text} (not looked at: {})", output.missing.join(", "));
        }
        if let Some(remark) = &output.remark {
            text = format!("{text} ({remark})");
        }
        for region in output.regions.iter().take(SHOWN) {
            let [x1, y1, x2, y2] = <[f32; 4]>::from(region.bbox).map(f32::round);
            text = format!("{text}\n{}: {}, box [{x1}, {y1}, {x2}, {y2}]", region.handle, region.caption);
        }
        if output.regions.len() > SHOWN {
            text = format!("{text}\nand {} more regions", output.regions.len() - SHOWN);
        }
        text
    }
}

/// What is wanted of a caption.
#[derive(Clone, Copy)]
struct Order {
    detail: Detail,
    part: Option<Pixels>,
    sampling: Sampling,
}

/// The caption that a model writes.
async fn written(
    captioner: Captioner,
    entry: &ImageEntry,
    order: Order,
    cx: &ToolCx,
) -> Result<CaptionOutput, ToolError> {
    let Order { detail, part, sampling } = order;
    let pixels = entry.pixels.clone();
    let start = Instant::now();
    let (captioner, said) = cx
        .blocking(move |control| {
            let said = captioner.describe(&rgb_of(&pixels, part), detail, sampling, control)?;
            Ok((captioner, said))
        })
        .await?;
    let (model, provider) = captioner.called();
    let ms = start.elapsed().as_secs_f64() * 1000.0;
    cx.events.emit(Event::ModelRan { model: model.to_owned(), provider: provider.to_owned(), ms });
    let mut missing = Vec::new();
    let regions = match said.parts {
        Some(parts) => {
            let (x, y) = part.map_or((0.0, 0.0), |(x, y, ..)| (x as f32, y as f32));
            let moved = |bbox: BBox| BBox { x1: bbox.x1 + x, y1: bbox.y1 + y, x2: bbox.x2 + x, y2: bbox.y2 + y };
            named(entry, parts.into_iter().map(|(caption, bbox)| (caption, moved(bbox))).collect(), cx)
        }
        None if detail == Detail::Regions => {
            let mut objects = scene::objects(entry, &mut missing, cx).await?;
            scene::keep_inside(&mut objects, part);
            objects.into_iter().map(CaptionedRegion::from).collect()
        }
        None => Vec::new(),
    };
    let (source, remark) = (model.to_owned(), captioner.remark(detail));
    Ok(CaptionOutput { caption: said.caption, source, regions, remark, missing })
}

/// The caption without a model of its own. It says the same in any detail; its parts are the objects.
async fn composed(entry: &ImageEntry, order: Order, cx: &ToolCx) -> Result<CaptionOutput, ToolError> {
    let Order { detail, part, sampling } = order;
    let scene::Composed { caption, objects, missing } = scene::composed(entry, part, cx).await?;
    let (regions, remark) = match detail {
        Detail::Brief if sampling != Sampling::default() => {
            (Vec::new(), Some("no captioning model is available: composed, and the same whatever the sampling"))
        }
        Detail::Brief => (Vec::new(), None),
        Detail::Detailed => (Vec::new(), Some("no captioning model is available: composed from other findings")),
        Detail::Regions => (objects, Some("no captioning model is available: the regions are detected objects")),
    };
    Ok(CaptionOutput {
        caption,
        source: "composed".into(),
        regions: regions.into_iter().map(CaptionedRegion::from).collect(),
        remark: remark.map(str::to_owned),
        missing,
    })
}

fn named(entry: &ImageEntry, parts: Vec<(String, BBox)>, cx: &ToolCx) -> Vec<CaptionedRegion> {
    let new = parts.iter().map(|(caption, bbox)| NewRegion {
        stem: "region".into(),
        label: caption.clone(),
        kind: RegionKind::Area,
        // The model says what it sees without saying how sure it is.
        score: 1.0,
        bbox: *bbox,
        quad: None,
    });
    let regions = cx.images.name_regions(&entry.handle, new.collect());
    let captioned = parts.into_iter().zip(regions);
    captioned.map(|((caption, bbox), region)| CaptionedRegion { caption, bbox, handle: region.handle }).collect()
}
