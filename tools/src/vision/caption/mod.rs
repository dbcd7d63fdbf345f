//! `caption`: what an image shows, in a sentence or two, composed from objects, text and colours.

mod compose;
#[cfg(test)]
mod tests;
mod words;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

pub use compose::{Scene, compose};

use crate::{
    image::{ImageEntry, dominant_colors, to_rgb},
    tool::{Example, ImageArg, Tool, ToolCx, ToolError, ToolErrorKind},
    vision::{
        detect::{Detect, DetectInput},
        read_text::{ReadText, ReadTextInput},
        segment::{mask_extent, salient_mask},
    },
};

/// Describes an image.
pub struct Caption;

/// Arguments of [`Caption`].
#[derive(Debug, Deserialize, JsonSchema)]
pub struct CaptionInput {
    #[serde(default)]
    image: ImageArg,
}

/// Result of [`Caption`].
#[derive(Debug, JsonSchema, Serialize)]
pub struct CaptionOutput {
    /// A sentence or two.
    pub caption: String,
    /// `composed` from other tools' findings, or the id of the model that wrote it.
    pub source: String,
    /// What could not be looked at because its model is not available: "objects", "text".
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub missing: Vec<String>,
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
        ]
    }

    async fn call(&self, input: CaptionInput, cx: &ToolCx) -> Result<CaptionOutput, ToolError> {
        let entry = cx.image(&input.image)?;
        let image = || ImageArg(Some(entry.handle.clone()));
        let mut missing = Vec::new();
        let found = Detect.call(DetectInput::everything(image()), cx).await;
        let objects = available(found, "objects", &mut missing)?.map(|found| found.objects).unwrap_or_default();
        let read = ReadText.call(ReadTextInput { image: image(), ..ReadTextInput::default() }, cx).await;
        let lines = available(read, "text", &mut missing)?.map(|read| read.lines).unwrap_or_default();
        let mut scene = Scene {
            width: entry.width(),
            height: entry.height(),
            objects: objects.into_iter().map(|object| (object.label, object.score, object.bbox)).collect(),
            salient: None,
            colors: colors(&entry, cx).await?,
            lines: lines.into_iter().filter(|line| line.score > 0.6).map(|line| line.text).collect(),
        };
        // The segmenter is the slowest of all, and says nothing that an object or a line of text does not say better.
        if scene.objects.is_empty() && scene.lines.is_empty() && scene.colors.len() > 1 {
            scene.salient = available(salient(&entry, cx).await, "main object", &mut missing)?.flatten();
        }
        Ok(CaptionOutput { caption: compose(&scene), source: "composed".into(), missing })
    }

    fn render(output: &CaptionOutput) -> String {
        if output.missing.is_empty() {
            return output.caption.clone();
        }
        format!("{} (not looked at: {})", output.caption, output.missing.join(", "))
    }
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

async fn salient(entry: &ImageEntry, cx: &ToolCx) -> Result<Option<(crate::geom::BBox, f32)>, ToolError> {
    let model = cx.model("segment").await?;
    let pixels = entry.pixels.clone();
    cx.blocking(move |control| Ok(mask_extent(&salient_mask(&model, &to_rgb(&pixels), control)?))).await
}
