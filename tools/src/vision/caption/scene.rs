//! The composed caption: what other tools find in the picture, in words. It needs no captioning model.

use super::compose::{Scene, compose};
use crate::{
    geom::BBox,
    image::{ImageEntry, dominant_colors, to_rgb},
    tool::{ImageArg, RegionArg, Tool, ToolCx, ToolError, ToolErrorKind},
    vision::{
        detect::{Detect, DetectInput, DetectedObject},
        read_text::{ReadText, ReadTextInput, TextLine},
        segment::{mask_extent, salient_mask},
        target::Pixels,
    },
};

/// A caption made of findings.
pub(super) struct Composed {
    /// A sentence or two.
    pub(super) caption: String,
    /// The objects it speaks of.
    pub(super) objects: Vec<DetectedObject>,
    /// What could not be looked at.
    pub(super) missing: Vec<String>,
}

/// What the other tools find in a picture or a part of it. Places are pixels of the whole picture.
#[derive(Default)]
pub(in crate::vision) struct Findings {
    /// Those of enough confidence for the detector.
    pub(in crate::vision) objects: Vec<DetectedObject>,
    /// Lines of text that are surely read, in reading order.
    pub(in crate::vision) lines: Vec<TextLine>,
    /// Colors and their shares, largest first.
    pub(in crate::vision) colors: Vec<(String, f32)>,
    /// What could not be looked at because its model is not available.
    pub(in crate::vision) missing: Vec<String>,
}

/// A line that is less certain is as often none.
const LEAST_LINE: f32 = 0.6;
/// An object belongs to a part of the picture that holds at least this share of it, or is covered by it to this share.
const INSIDE: f32 = 0.5;

/// Looks for objects, text and colors.
pub(in crate::vision) async fn findings(
    entry: &ImageEntry,
    part: Option<Pixels>,
    cx: &ToolCx,
) -> Result<Findings, ToolError> {
    let mut missing = Vec::new();
    let mut objects = objects(entry, &mut missing, cx).await?;
    keep_inside(&mut objects, part);
    let image = ImageArg(Some(entry.handle.clone()));
    let input = ReadTextInput { image, region: part.map(corners).map(RegionArg::Box), ..ReadTextInput::default() };
    let read = ReadText.call(input, cx).await;
    let mut lines = available(read, "text", &mut missing)?.map(|read| read.lines).unwrap_or_default();
    lines.retain(|line| line.score > LEAST_LINE);
    let colors = colors(entry, part, cx).await?;
    Ok(Findings { objects, lines, colors, missing })
}

/// Makes sentences of what is found in a picture or a part of it.
pub(super) async fn composed(entry: &ImageEntry, part: Option<Pixels>, cx: &ToolCx) -> Result<Composed, ToolError> {
    let Findings { objects, lines, colors, mut missing } = findings(entry, part, cx).await?;
    let (x, y, width, height) = part.unwrap_or((0, 0, entry.width(), entry.height()));
    let here = |bbox: BBox| {
        let (x, y) = (x as f32, y as f32);
        BBox { x1: bbox.x1 - x, y1: bbox.y1 - y, x2: bbox.x2 - x, y2: bbox.y2 - y }.clamp(width, height)
    };
    let mut scene = Scene {
        width,
        height,
        objects: objects.iter().map(|object| (object.label.clone(), object.score, here(object.bbox))).collect(),
        salient: None,
        colors,
        lines: lines.into_iter().map(|line| line.text).collect(),
    };
    // The segmenter is the slowest of all, and says nothing that an object or a line of text does not say better.
    if scene.objects.is_empty() && scene.lines.is_empty() && scene.colors.len() > 1 && part.is_none() {
        scene.salient = available(salient(entry, cx).await, "main object", &mut missing)?.flatten();
    }
    Ok(Composed { caption: compose(&scene), objects, missing })
}

/// Only the objects that lie in a part of the picture or cover it.
pub(super) fn keep_inside(objects: &mut Vec<DetectedObject>, part: Option<Pixels>) {
    if let Some(region) = part.map(corners) {
        objects.retain(|object| object.bbox.intersection(&region) >= INSIDE * object.bbox.area().min(region.area()));
    }
}

fn corners((x, y, width, height): Pixels) -> BBox {
    BBox::from([x, y, x + width, y + height].map(|side| side as f32))
}

/// The detector's objects; none, and a word in `missing`, where it is not available.
pub(super) async fn objects(
    entry: &ImageEntry,
    missing: &mut Vec<String>,
    cx: &ToolCx,
) -> Result<Vec<DetectedObject>, ToolError> {
    let image = ImageArg(Some(entry.handle.clone()));
    let found = Detect.call(DetectInput::everything(image), cx).await;
    Ok(available(found, "objects", missing)?.map(|found| found.objects).unwrap_or_default())
}

/// A part whose model is not available is left out of the caption and named; any other failure is the caption's.
fn available<T>(result: Result<T, ToolError>, part: &str, missing: &mut Vec<String>) -> Result<Option<T>, ToolError> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(error) if error.kind == ToolErrorKind::ModelUnavailable => {
            missing.push(part.to_owned());
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

async fn colors(entry: &ImageEntry, part: Option<Pixels>, cx: &ToolCx) -> Result<Vec<(String, f32)>, ToolError> {
    let pixels = entry.pixels.clone();
    let colors = cx
        .blocking(move |_| {
            Ok(match part {
                Some((x, y, width, height)) => dominant_colors(&pixels.crop_imm(x, y, width, height), 6),
                None => dominant_colors(&pixels, 6),
            })
        })
        .await?;
    Ok(colors.into_iter().map(|color| (color.name.to_owned(), color.share)).collect())
}

async fn salient(entry: &ImageEntry, cx: &ToolCx) -> Result<Option<(BBox, f32)>, ToolError> {
    let model = cx.model("segment").await?;
    let pixels = entry.pixels.clone();
    cx.blocking(move |control| Ok(mask_extent(&salient_mask(&model, &to_rgb(&pixels), control)?))).await
}
