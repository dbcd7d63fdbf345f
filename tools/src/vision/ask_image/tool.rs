//! The tool around a vision-language model.

use std::sync::Arc;

use image::{RgbImage, imageops};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::ROLE;
use crate::{
    generate::{AskError, Graphs, Turn, VisionLanguage},
    image::{ImageEntry, to_rgb},
    onnx::{LoadedModel, RunControl},
    tool::{Example, ImageArg, RegionArg, TextList, Tool, ToolCx, ToolError},
    vision::target::{image_of, part_of},
};

/// Answers a question about pictures.
pub struct AskImage;

/// Arguments of [`AskImage`].
#[derive(Debug, Deserialize, JsonSchema)]
pub struct AskImageInput {
    #[serde(default)]
    image: ImageArg,
    /// the question, in a sentence; English is understood best
    question: String,
    /// handles of further images that the question is about, such as img-2
    #[serde(default)]
    others: TextList,
    /// only this part of the image, such as img-1/person-1; left out: the whole image
    #[serde(default)]
    region: Option<RegionArg>,
    /// true to look at small things too, which takes many times longer; left out: false
    #[serde(default)]
    detail: Option<bool>,
    /// pictures with questions and right answers, to show how to answer
    #[serde(default)]
    examples: Option<Vec<AskExample>>,
}

/// A picture with a question and its answer.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct AskExample {
    /// handle of the example's image
    image: String,
    /// what is asked about it
    question: String,
    /// the right answer
    answer: String,
}

/// Result of [`AskImage`].
#[derive(Debug, JsonSchema, Serialize)]
pub struct AskImageOutput {
    /// What the model answered.
    pub answer: String,
    /// The id of the model.
    pub source: String,
    /// Whether the answer was cut off at its greatest length; left out if not.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub cut_off: bool,
}

/// Letters of a question or an example's answer; longer ones leave small models no room for the picture.
const LETTERS: usize = 2000;
/// Pictures in all.
const PICTURES: usize = 8;
/// Tokens of an answer.
const TOKENS: usize = 128;

impl Tool for AskImage {
    type Input = AskImageInput;
    type Output = AskImageOutput;
    const NAME: &'static str = "ask_image";
    const SUMMARY: &'static str =
        "ask a small vision model a free question: activities, moods, reasons, weather, clothes, comparisons";
    const LIMITS: &'static str = "the model is small and may be wrong: objects, counts, positions and texts are more certain from \
                                  the other tools";
    const ROLES: &'static [&'static str] = &[ROLE];
    const ADVANCED: bool = true;

    fn examples() -> Vec<Example> {
        let output = |answer: &str| json!({"answer": answer, "source": "smolvlm-256m-instruct"});
        vec![
            Example {
                task: "What is the man doing?",
                input: json!({"image": "img-1", "question": "What is the man doing?"}),
                output: output("He is riding a bicycle along the beach."),
            },
            Example {
                task: "What is the weather like in both pictures?",
                input: json!({"image": "img-1", "question": "What is the weather like in each picture?", "others": ["img-2"]}),
                output: output("It is sunny in the first picture and raining in the second."),
            },
        ]
    }

    async fn call(&self, input: AskImageInput, cx: &ToolCx) -> Result<AskImageOutput, ToolError> {
        let examples = input.examples.as_deref().unwrap_or_default();
        let question = worded("question", &input.question)?;
        let mut turns = Vec::with_capacity(examples.len() + 1);
        let mut pictures = Vec::new();
        for example in examples {
            pictures.push((cx.images.get(&example.image)?, None));
            turns.push(Turn::example(
                worded("question of an example", &example.question)?,
                worded("answer of an example", &example.answer)?,
            ));
        }
        let asked = asked(&input, cx)?;
        turns.push(Turn::ask(asked.len(), question));
        pictures.extend(asked);
        if pictures.len() > PICTURES {
            return Err(ToolError::invalid_input(format!(
                "{} pictures are too many for one question, at most {PICTURES}, those of examples included",
                pictures.len()
            )));
        }
        let files = cx.files(ROLE).await?;
        let vision_encoder = cx.model("vqa-vision_encoder").await?;
        let embed_tokens = cx.model("vqa-embed_tokens").await?;
        let decoder = cx.model("vqa-decoder_model_merged").await?;
        let source = vision_encoder.id.clone();
        let job =
            Job { turns, pictures, detail: input.detail.unwrap_or_default(), vision_encoder, embed_tokens, decoder };
        let (answer, ended) = cx
            .blocking(move |control| {
                let mut model = VisionLanguage::open(&files.dir)?.with_longest_edge(files.facts.size);
                model.options.max_new_tokens = TOKENS;
                job.run(&model, control)
            })
            .await?;
        Ok(AskImageOutput { answer, source, cut_off: !ended })
    }

    fn render(output: &AskImageOutput) -> String {
        let more = if output.cut_off { " ..." } else { "" };
        match output.answer.as_str() {
            "" => "the vision model gave no answer; ask in other words".into(),
            answer => format!("{answer}{more}"),
        }
    }
}

type Part = Option<(u32, u32, u32, u32)>;

/// The pictures that the question is about, each once, and the part of the first.
fn asked(input: &AskImageInput, cx: &ToolCx) -> Result<Vec<(Arc<ImageEntry>, Part)>, ToolError> {
    let mut pictures: Vec<(Arc<ImageEntry>, Part)> = Vec::new();
    // Of several named ones, none is "the newest".
    if input.image.0.is_some() || input.region.is_some() || input.others.0.is_empty() {
        let entry = image_of(cx, &input.image, input.region.as_ref().as_slice())?;
        let part = input.region.as_ref().map(|region| part_of(cx, &entry, region)).transpose()?;
        pictures.push((entry, part));
    }
    for handle in &input.others.0 {
        let other = cx.images.get(handle)?;
        if pictures.iter().all(|(known, _)| known.handle != other.handle) {
            pictures.push((other, None));
        }
    }
    Ok(pictures)
}

/// A text that has words, and not too many, without outer spaces; `what` names it in the error.
pub fn worded(what: &str, text: &str) -> Result<String, ToolError> {
    let text = text.trim();
    let letters = text.chars().count();
    if text.is_empty() {
        return Err(ToolError::invalid_input(format!("the {what} is empty; it must be a sentence")));
    }
    if letters > LETTERS {
        return Err(ToolError::invalid_input(format!(
            "the {what} is {letters} characters long; at most {LETTERS} are taken, and a sentence is best"
        )));
    }
    Ok(text.to_owned())
}

/// What is done on a blocking thread.
struct Job {
    turns: Vec<Turn>,
    pictures: Vec<(Arc<ImageEntry>, Part)>,
    detail: bool,
    vision_encoder: Arc<LoadedModel>,
    embed_tokens: Arc<LoadedModel>,
    decoder: Arc<LoadedModel>,
}

impl Job {
    fn run(&self, model: &VisionLanguage, control: &RunControl) -> Result<(String, bool), ToolError> {
        for text in self.turns.iter().flat_map(|turn| [Some(&turn.question), turn.answer.as_ref()]).flatten() {
            if let Some(token) = model.reserved(text) {
                return Err(ToolError::invalid_input(format!(
                    "\"{token}\" has a meaning of its own to the vision model; leave it out of the text"
                )));
            }
        }
        let mut views = Vec::with_capacity(self.pictures.len());
        let detail = self.detail && model.cuts(self.pictures.len());
        for (entry, part) in &self.pictures {
            control.check()?;
            views.push(model.view(&pixels(entry, *part), detail));
        }
        control.check()?;
        let graphs = Graphs {
            vision_encoder: &*self.vision_encoder.model,
            embed_tokens: &*self.embed_tokens.model,
            decoder: &*self.decoder.model,
        };
        let answer = model.answer(&graphs, &self.turns, &views, control, &mut |_| !control.is_cancelled());
        let answer = answer.map_err(|error| match error {
            AskError::Model(_) if control.is_cancelled() => ToolError::cancelled(),
            other => other.into(),
        })?;
        Ok((answer.text, answer.ended))
    }
}

fn pixels(entry: &ImageEntry, part: Part) -> RgbImage {
    let picture = to_rgb(&entry.pixels);
    match part {
        Some((x, y, width, height)) => imageops::crop_imm(&picture, x, y, width, height).to_image(),
        None => picture,
    }
}
