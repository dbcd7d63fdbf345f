//! The tool around what matches texts and images.

use image::DynamicImage;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{
    plane::Grid,
    score::{Scored, Scores, scores},
};
use crate::{
    image::{Operation, to_rgb},
    tool::{Effects, Example, ImageArg, Sentences, Tool, ToolCx, ToolError},
    vision::target::check_pixels,
};

/// Says how well texts fit an image.
pub struct Match;

/// Arguments of [`Match`].
#[derive(Debug, Deserialize, JsonSchema)]
pub struct MatchInput {
    #[serde(default)]
    image: ImageArg,
    /// 1 to 64 sentences, questions or phrases, such as "a man rides a horse"
    texts: Sentences,
    /// true to make a picture for each text that is light where the text is relevant; left out: false
    #[serde(default)]
    map: bool,
    /// true to give the relevance of each patch of the image as numbers, for programs; left out: false
    #[serde(default)]
    #[schemars(extend("x-advanced" = true))]
    grid: bool,
}

/// Result of [`Match`].
#[derive(Debug, JsonSchema, Serialize)]
pub struct MatchOutput {
    /// In the order of the texts.
    pub scores: Vec<TextMatch>,
    /// What scored them: "matching", "similarity" or "relevance" and the model's id, or "composed" from what other tools find.
    pub source: String,
    /// What such a score is.
    pub meaning: String,
    /// What made the maps: "gradcam", "attention" or "relevance" and the model's id, or "composed"; left out without maps.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub map_source: Option<String>,
    /// What could not be looked at because its model is not available: "objects", "text".
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub missing: Vec<String>,
}

/// How well a text fits.
#[derive(Debug, JsonSchema, Serialize)]
pub struct TextMatch {
    /// The text.
    pub text: String,
    /// 0 to 1; `meaning` says what it is.
    #[serde(serialize_with = "crate::geom::thousandths")]
    pub score: f32,
    /// The cosine of the two vectors, -1 to 1, where vectors were compared.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub similarity: Option<f64>,
    /// Handle of the picture that is light where the text is relevant, if it was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub map: Option<String>,
    /// The share of each patch in the text's relevance, if it was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub relevance: Option<Grid>,
}

/// Texts of a call.
const MOST: usize = 64;
/// Characters of a text; the models read 35 to 77 tokens, which is less.
const LONGEST: usize = 500;

impl Tool for Match {
    type Input = MatchInput;
    type Output = MatchOutput;
    const NAME: &'static str = "match";
    const EFFECTS: Effects = Effects::SEES_AND_DRAWS;
    const SUMMARY: &'static str = "tell how well sentences fit an image, and where in it they are to be seen";
    const LIMITS: &'static str =
        "what a score means depends on the model at hand, see `meaning`; fine differences are often missed";
    // Ready with these alone; the roles match, embed and segment_text make it better.
    const ROLES: &'static [&'static str] = &["detect", "ocr-det", "ocr-cls", "ocr-rec"];
    const ADVANCED: bool = true;

    fn examples() -> Vec<Example> {
        let meaning = "probability that the text describes the image";
        vec![
            Example {
                task: "Which caption fits better: \"a dog on a sofa\" or \"a cat on a sofa\"?",
                input: json!({"image": "img-1", "texts": ["a dog on a sofa", "a cat on a sofa"]}),
                output: json!({
                    "scores": [{"text": "a dog on a sofa", "score": 0.03}, {"text": "a cat on a sofa", "score": 0.98}],
                    "source": "matching, blip-itm",
                    "meaning": meaning
                }),
            },
            Example {
                task: "Make a heat map of where the umbrella is.",
                input: json!({"image": "img-1", "texts": ["an umbrella"], "map": true}),
                output: json!({
                    "scores": [{"text": "an umbrella", "score": 0.94, "map": "img-2"}],
                    "source": "matching, blip-itm",
                    "meaning": meaning,
                    "map_source": "gradcam, blip-itm"
                }),
            },
        ]
    }

    async fn call(&self, input: MatchInput, cx: &ToolCx) -> Result<MatchOutput, ToolError> {
        let texts = checked(&input.texts.0)?;
        let entry = cx.image(&input.image)?;
        check_pixels(&entry, "texts are matched with")?;
        let Scores { texts: scored, source, meaning, map_source, missing } =
            scores(&entry, texts.clone(), input.map || input.grid, cx).await?;
        let mut all = Vec::with_capacity(scored.len());
        for (text, Scored { score, similarity, map }) in texts.into_iter().zip(scored) {
            let drawn = match map.clone().filter(|_| input.map) {
                Some(map) => {
                    let pixels = entry.pixels.clone();
                    let lit = cx.blocking(move |_| Ok(map.spotlight(&to_rgb(&pixels)))).await?;
                    let args = json!({"image": entry.handle, "texts": [text], "map": true});
                    let operation = Operation { tool: Self::NAME.into(), args };
                    Some(cx.images.derive(&entry, operation, DynamicImage::ImageRgb8(lit)).handle.clone())
                }
                None => None,
            };
            let relevance = map.filter(|_| input.grid).map(|map| map.small().shares());
            // Cosines lie close together: ten-thousandths.
            let similarity = similarity.map(|cosine| (f64::from(cosine) * 1e4).round() / 1e4);
            all.push(TextMatch { text, score, similarity, map: drawn, relevance });
        }
        Ok(MatchOutput { scores: all, source, meaning: meaning.into(), map_source, missing })
    }

    fn render(output: &MatchOutput) -> String {
        let one = |text: &TextMatch| {
            let map = text.map.as_ref().map(|map| format!(", light in {map} where it is relevant")).unwrap_or_default();
            let grid = text.relevance.as_ref().map(|grid| format!(", {} x {} patches", grid.rows, grid.columns));
            format!("\"{}\" {:.2}{map}{}", text.text, text.score, grid.unwrap_or_default())
        };
        let parts: Vec<String> = output.scores.iter().map(one).collect();
        let maps = output.map_source.as_ref().map(|source| format!("; maps: {source}")).unwrap_or_default();
        let mut text = format!("{} ({}; {}{maps})", parts.join("; "), output.source, output.meaning);
        if !output.missing.is_empty() {
            text = format!("{text} (not looked at: {})", output.missing.join(", "));
        }
        text
    }
}

/// Texts with single spaces; the error names the one that cannot be used.
fn checked(texts: &[String]) -> Result<Vec<String>, ToolError> {
    if texts.is_empty() || texts.len() > MOST {
        return Err(ToolError::invalid_input(format!("{} texts are given; it must be 1 to {MOST}", texts.len())));
    }
    let one = |text: &String| {
        let plain = text.split_whitespace().collect::<Vec<_>>().join(" ");
        let length = plain.chars().count();
        if !plain.chars().any(char::is_alphanumeric) {
            return Err(ToolError::invalid_input(format!(
                "the text \"{plain}\" has no words; say what may be seen, such as \"a red bus\""
            )));
        }
        if length > LONGEST {
            let start: String = plain.chars().take(30).collect();
            return Err(ToolError::invalid_input(format!(
                "the text \"{start}...\" has {length} characters; a sentence is enough, at most {LONGEST} characters"
            )));
        }
        Ok(plain)
    };
    texts.iter().map(one).collect()
}
