//! The tool around the finder.

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::Finder;
use crate::{
    image::to_rgb,
    tool::{Example, ImageArg, TextList, Tool, ToolCx, ToolError},
    vision::{
        detect::{DetectedObject, listing, named},
        phrases,
    },
};

/// Labels that a call may give.
const MOST: usize = 30;

/// Finds things by description.
pub struct Find;

/// Arguments of [`Find`].
#[derive(Debug, Deserialize, JsonSchema)]
pub struct FindInput {
    #[serde(default)]
    image: ImageArg,
    /// what to look for, one thing in a few plain words each, such as "red hat" and "license plate"
    labels: TextList,
    /// least confidence from 0 to 1
    #[serde(default)]
    min_score: Option<f32>,
}

/// Result of [`Find`].
#[derive(Debug, JsonSchema, Serialize)]
pub struct FindOutput {
    /// Best first.
    pub objects: Vec<DetectedObject>,
    /// How many of each label; labels that were not found count 0.
    pub counts: IndexMap<String, usize>,
    /// The id of the model that found them.
    pub source: String,
}

impl Tool for Find {
    type Input = FindInput;
    type Output = FindOutput;
    const NAME: &'static str = "find";
    const SUMMARY: &'static str =
        "find, count or locate anything described in words that detect does not know, such as \"red hat\"";
    const LIMITS: &'static str = "slower than detect, and may take a similar thing for the one described";
    const ROLES: &'static [&'static str] = &["find"];
    // Detect is shown for every task; these are things and looks that its usual 80 classes lack.
    const ADVANCED: bool = true;

    fn examples() -> Vec<Example> {
        vec![
            Example {
                task: "Where are the hats?",
                input: json!({"image": "img-1", "labels": ["hat"]}),
                output: json!({
                    "objects": [{"handle": "img-1/hat-1", "label": "hat", "score": 0.62, "box": [120.0, 20.0, 210.0, 88.0]}],
                    "counts": {"hat": 1},
                    "source": "grounding-dino-tiny"
                }),
            },
            Example {
                task: "Is there a logo or a QR code on the box?",
                input: json!({"labels": ["logo", "QR code"]}),
                output: json!({
                    "objects": [{"handle": "img-1/logo-1", "label": "logo", "score": 0.48, "box": [31.0, 40.0, 96.0, 71.0]}],
                    "counts": {"logo": 1, "QR code": 0},
                    "source": "grounding-dino-tiny"
                }),
            },
        ]
    }

    async fn call(&self, input: FindInput, cx: &ToolCx) -> Result<FindOutput, ToolError> {
        if let Some(score) = input.min_score.filter(|score| !(0.0..=1.0).contains(score)) {
            return Err(ToolError::invalid_input(format!("min_score is {score}; it must be from 0 to 1")));
        }
        let labels = phrases::checked(&input.labels.0, MOST)?;
        if labels.is_empty() {
            return Err(ToolError::invalid_input("say what to look for: labels is a list such as [\"red hat\"]"));
        }
        let entry = cx.image(&input.image)?;
        let finder = Finder::open(cx).await?;
        let (pixels, min_score, asked) = (entry.pixels.clone(), input.min_score, labels.clone());
        let source = finder.id().to_owned();
        let found = cx
            .blocking(move |control| {
                let image = to_rgb(&pixels);
                let tensor = finder.pixels(&image);
                control.check()?;
                finder.find(&tensor, image.dimensions(), &asked, min_score, control)
            })
            .await?;
        let counts = labels.into_iter().map(|label| (label, 0)).collect();
        let (objects, counts) = named(cx, &entry.handle, found, counts);
        Ok(FindOutput { objects, counts, source })
    }

    fn render(output: &FindOutput) -> String {
        listing(&output.objects, &output.counts).join("\n")
    }
}
