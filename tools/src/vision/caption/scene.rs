//! The composed caption: what other tools find in the picture, in words. It needs no captioning model.

use super::compose::{Scene, compose};
use crate::{
    geom::BBox,
    image::{ImageEntry, dominant_colors, to_rgb},
    tool::{ImageArg, Tool, ToolCx, ToolError, ToolErrorKind},
    vision::{
        detect::{Detect, DetectInput, DetectedObject},
        read_text::{ReadText, ReadTextInput},
        segment::{mask_extent, salient_mask},
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

/// Looks for objects, text and colours and makes sentences of them.
pub(super) async fn composed(entry: &ImageEntry, cx: &ToolCx) -> Result<Composed, ToolError> {
    let mut missing = Vec::new();
    let objects = objects(entry, &mut missing, cx).await?;
    let image = ImageArg(Some(entry.handle.clone()));
    let read = ReadText.call(ReadTextInput { image, ..ReadTextInput::default() }, cx).await;
    let lines = available(read, "text", &mut missing)?.map(|read| read.lines).unwrap_or_default();
    let mut scene = Scene {
        width: entry.width(),
        height: entry.height(),
        objects: objects.iter().map(|object| (object.label.clone(), object.score, object.bbox)).collect(),
        salient: None,
        colors: colors(entry, cx).await?,
        lines: lines.into_iter().filter(|line| line.score > 0.6).map(|line| line.text).collect(),
    };
    // The segmenter is the slowest of all, and says nothing that an object or a line of text does not say better.
    if scene.objects.is_empty() && scene.lines.is_empty() && scene.colors.len() > 1 {
        scene.salient = available(salient(entry, cx).await, "main object", &mut missing)?.flatten();
    }
    Ok(Composed { caption: compose(&scene), objects, missing })
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

async fn colors(entry: &ImageEntry, cx: &ToolCx) -> Result<Vec<(String, f32)>, ToolError> {
    let pixels = entry.pixels.clone();
    let colors = cx.blocking(move |_| Ok(dominant_colors(&pixels, 6))).await?;
    Ok(colors.into_iter().map(|color| (color.name.to_owned(), color.share)).collect())
}

async fn salient(entry: &ImageEntry, cx: &ToolCx) -> Result<Option<(BBox, f32)>, ToolError> {
    let model = cx.model("segment").await?;
    let pixels = entry.pixels.clone();
    cx.blocking(move |control| Ok(mask_extent(&salient_mask(&model, &to_rgb(&pixels), control)?))).await
}
