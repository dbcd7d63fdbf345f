//! `classify`: which of some labels fits an image best, or what it shows in everyday words.

mod classifier;
mod tags;

use image::RgbImage;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use self::classifier::Classifier;
pub(super) use self::classifier::picture;
use super::{
    embed::{Embedder, Kind},
    phrases,
    target::{image_of, part_of, rgb_of},
};
use crate::tool::{Example, ImageArg, RegionArg, TextList, Tool, ToolCx, ToolError, ToolErrorKind};

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
    const LIMITS: &'static str = "it always ranks, even if no label fits: a low best score means that none may";
    const ROLES: &'static [&'static str] = &["embed"];
    const WHEN: &'static [&'static str] = &[
        "classif",
        "categor",
        "kind of",
        "type of",
        "sort of",
        "breed",
        "species",
        "scene",
        "style",
        "mood",
        "genre",
        "material",
        "season",
        "weather",
        "indoor",
        "outdoor",
        "tags",
        "tag the",
        "tag this",
        "label the",
        "label this",
        "keywords",
        "best describes",
        "best fits",
        "is this a photo",
        "is it a photo",
        "分类",
        "类别",
        "种类",
        "哪种",
        "品种",
        "场景",
        "风格",
        "标签",
        "室内",
        "室外",
    ];

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
        let labels = phrases::checked(&input.labels.0, MOST)?;
        let entry = image_of(cx, &input.image, input.region.as_ref().as_slice())?;
        let part = input.region.as_ref().map(|region| part_of(cx, &entry, region)).transpose()?;
        let pixels = entry.pixels.clone();
        let picture = move || rgb_of(&pixels, part);
        if labels.is_empty() {
            match cx.files(FIXED).await {
                Ok(installed) => {
                    let model = cx.model(FIXED).await?;
                    let classifier = Classifier::of(&model, &installed)?;
                    let source = format!("classifier, {}", model.id);
                    let found = cx.blocking(move |control| classifier.run(&model, &picture(), control)).await?;
                    return Ok(output(found, TOP, source));
                }
                // Most have none: the everyday words serve as well.
                Err(error) if error.kind == ToolErrorKind::ModelUnavailable => {
                    tracing::debug!("no classifier of fixed classes: {error}");
                }
                Err(error) => return Err(error),
            }
        }
        let embedder = Embedder::open(cx).await?;
        if labels.len() == 1 && embedder.kind == Kind::Clip {
            return Err(ToolError::invalid_input(format!(
                "one label alone is always the best: give \"{}\" and at least one other to choose between",
                labels[0]
            )));
        }
        let (labels, most) = if labels.is_empty() { (tags::everyday(), TOP) } else { (labels, usize::MAX) };
        let source = format!("zero-shot, {}", embedder.id);
        let found = cx.blocking(move |control| zero_shot(&embedder, &picture(), labels, control)).await?;
        Ok(output(found, most, source))
    }

    fn render(output: &ClassifyOutput) -> String {
        /// More would only cost tokens.
        const SHOWN: usize = 10;
        let one = |label: &ScoredLabel| format!("{} {:.2}", label.label, label.score);
        let parts: Vec<String> = output.labels.iter().take(SHOWN).map(one).collect();
        format!("{} ({})", parts.join(", "), output.source)
    }
}

/// The labels by how well "a photo of" each fits, best first. Blocking.
fn zero_shot(
    embedder: &Embedder,
    image: &RgbImage,
    labels: Vec<String>,
    control: &crate::onnx::RunControl,
) -> Result<Vec<(String, f32)>, ToolError> {
    let texts: Vec<String> = labels.iter().map(|label| format!("This is a photo of {label}.")).collect();
    let scores = embedder.likelihoods(&embedder.pixels(image), &texts, control)?;
    let mut found: Vec<(String, f32)> = labels.into_iter().zip(scores).collect();
    found.sort_by(|a, b| b.1.total_cmp(&a.1));
    Ok(found)
}

fn output(found: Vec<(String, f32)>, most: usize, source: String) -> ClassifyOutput {
    let labels = found.into_iter().take(most).map(|(label, score)| ScoredLabel { label, score }).collect();
    ClassifyOutput { labels, source }
}
