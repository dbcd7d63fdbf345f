//! `classify`: which of some labels fits an image best, or what it shows in everyday words.

mod classifier;
mod many;
mod tags;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

pub(super) use self::classifier::picture;
use self::many::{Asked, Chosen};
use super::{
    phrases,
    target::{image_of, part_of},
};
use crate::evidence::Rows;
use crate::tool::{Example, ImageArg, RegionArg, TextList, Tool, ToolCx, ToolError, at_once};

/// The role of a classifier of fixed classes.
const FIXED: &str = "classify";
/// Labels that a call may give.
const MOST: usize = 200;
/// What is said without labels.
const TOP: usize = 5;

/// Says which label fits.
pub struct Classify;

/// Arguments of [`Classify`].
#[derive(Debug, Deserialize, JsonSchema)]
pub struct ClassifyInput {
    #[serde(default)]
    image: ImageArg,
    /// what to choose between, a few words each, such as "kitchen" and "living room"; left out: everyday things and scenes
    #[serde(default)]
    labels: TextList,
    /// only this part, such as img-1/dog-1; left out: the whole image
    #[serde(default)]
    region: Option<RegionArg>,
}

/// Result of [`Classify`].
#[derive(Debug, JsonSchema, Serialize)]
pub struct ClassifyOutput {
    /// The likeliest first: all that were given, or the first 5.
    pub labels: Vec<ScoredLabel>,
    /// What chose: "zero-shot" or "classifier", and the model's id.
    pub source: String,
}

/// How well a label fits.
#[derive(Debug, JsonSchema, Serialize)]
pub struct ScoredLabel {
    /// The label.
    pub label: String,
    /// Probability, 0 to 1. Those of one call sum to 1 for models whose labels compete (CLIP, classifiers).
    #[serde(serialize_with = "crate::geom::thousandths")]
    pub score: f32,
}

impl Tool for Classify {
    type Input = ClassifyInput;
    type Output = ClassifyOutput;
    const NAME: &'static str = "classify";
    const SUMMARY: &'static str =
        "say which of some labels fits an image best: kind, breed, scene, style, mood, material";
    const SHARES_RUNS: bool = true;
    const LIMITS: &'static str = "it always ranks, even if no label fits: a low best score means that none may";
    const ROLES: &'static [&'static str] = &["embed"];
    const ADVANCED: bool = true;

    fn examples() -> Vec<Example> {
        vec![
            Example {
                task: "Is this a kitchen, a bathroom or an office?",
                input: json!({"image": "img-1", "labels": ["kitchen", "bathroom", "office"]}),
                output: json!({
                    "labels": [
                        {"label": "kitchen", "score": 0.94},
                        {"label": "office", "score": 0.04},
                        {"label": "bathroom", "score": 0.02}
                    ],
                    "source": "zero-shot, clip-vit-base-patch32"
                }),
            },
            Example {
                task: "What kind of dog is it, a poodle or a beagle?",
                input: json!({"labels": ["poodle", "beagle"], "region": "img-1/dog-1"}),
                output: json!({
                    "labels": [{"label": "beagle", "score": 0.91}, {"label": "poodle", "score": 0.09}],
                    "source": "zero-shot, clip-vit-base-patch32"
                }),
            },
        ]
    }

    async fn call(&self, input: ClassifyInput, cx: &ToolCx) -> Result<ClassifyOutput, ToolError> {
        let mut results = self.call_many(vec![(input, cx.clone())], cx).await;
        results.pop().unwrap_or_else(|| Err(ToolError::internal("nothing was chosen")))
    }

    async fn call_many(
        &self,
        calls: Vec<(ClassifyInput, ToolCx)>,
        cx: &ToolCx,
    ) -> Vec<Result<ClassifyOutput, ToolError>> {
        let asked: Vec<_> = calls.iter().map(|(input, own)| asked(input, own)).collect();
        at_once(asked, async |calls| {
            let chosen = many::choose(calls, cx).await;
            chosen.into_iter().map(|chosen| chosen.map(output)).collect()
        })
        .await
    }

    fn evidence(output: &ClassifyOutput, _: bool) -> Rows {
        let mut rows = Rows::default();
        for label in &output.labels {
            rows.add("label", [("name", label.label.as_str().into()), ("score", label.score.into())]);
        }
        rows
    }

    fn render(output: &ClassifyOutput) -> String {
        /// More would only cost tokens.
        const SHOWN: usize = 10;
        let one = |label: &ScoredLabel| format!("{} {:.2}", label.label, label.score);
        let parts: Vec<String> = output.labels.iter().take(SHOWN).map(one).collect();
        format!("{} ({})", parts.join(", "), output.source)
    }
}

/// A call whose arguments are right.
fn asked(input: &ClassifyInput, cx: &ToolCx) -> Result<Asked, ToolError> {
    let labels = phrases::checked(&input.labels.0, MOST)?;
    let entry = image_of(cx, &input.image, input.region.as_ref().as_slice())?;
    let part = input.region.as_ref().map(|region| part_of(cx, &entry, region)).transpose()?;
    Ok(Asked { pixels: entry.pixels.clone(), part, labels })
}

fn output(chosen: Chosen) -> ClassifyOutput {
    let labels = chosen.found.into_iter().take(chosen.most).map(|(label, score)| ScoredLabel { label, score });
    ClassifyOutput { labels: labels.collect(), source: chosen.source }
}
