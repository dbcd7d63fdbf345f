//! `read_text`: finds and reads text. PP-OCR: detection by Differentiable Binarization, line direction, recognition by
//! CTC; pre- and post-processing as `RapidOCR` 3.10 does them for the same graphs.

mod boxes;
mod classifier;
mod components;
mod crop;
mod ctc;
mod cutout;
mod detector;
#[cfg(test)]
mod fakes;
mod flatten;
mod frame;
#[cfg(test)]
mod golden;
mod handwriting;
mod language;
mod order;
mod pipeline;
mod recognizer;
mod render;
mod rows;
mod split;
mod tensor;
#[cfg(test)]
mod tests;
mod words;

use std::sync::Arc;

use image::{RgbImage, imageops};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    evidence::Rows,
    generate::VisionToTextModel,
    geom::Quad,
    image::{ImageEntry, NewRegion, RegionKind},
    onnx::{LoadedModel, Model},
    tool::{Event, Example, ImageArg, RegionArg, Tool, ToolCx, ToolError},
    vision::target,
};

pub use flatten::flatten;
pub use pipeline::{ReadLine, Reading, StageTimes, TextReader};
pub use words::ReadWord;

/// Role of the text detector.
pub const DETECTOR: &str = "ocr-det";
/// Role of the line direction classifier.
pub const CLASSIFIER: &str = "ocr-cls";
/// Role of the text recognizer.
pub const RECOGNIZER: &str = "ocr-rec";
/// Role of the model that reads handwriting. The tool is ready without it: only `style` handwritten needs it.
pub const HANDWRITING: &str = "handwriting";

/// Reads the text of an image.
#[derive(Clone, Copy, Debug, Default)]
pub struct ReadText;

/// What to read.
#[derive(Debug, Default, Deserialize, JsonSchema)]
pub struct ReadTextInput {
    /// handle of the image, such as img-1
    #[serde(default)]
    pub image: ImageArg,
    /// read only this part: region handle (img-1/cup-1), label (cup) or box [x1, y1, x2, y2]
    #[serde(default)]
    pub region: Option<RegionArg>,
    /// whether to tell the place of each word too
    #[serde(default)]
    #[schemars(extend("x-advanced" = true))]
    pub words: bool,
    /// printed (left out) or handwritten
    #[serde(default)]
    #[schemars(extend("x-advanced" = true))]
    pub style: Style,
    /// of the text, such as korean or russian; left out: Latin letters, Chinese, Japanese
    #[serde(default)]
    #[schemars(extend("x-advanced" = true))]
    pub language: Option<String>,
}

/// How a text was put on the page.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq)]
#[serde(rename_all = "snake_case")]
pub enum Style {
    /// Printed or on a screen.
    #[default]
    Printed,
    /// Written by hand, in English.
    Handwritten,
}

/// What was read.
#[derive(Clone, Debug, JsonSchema, PartialEq, Serialize)]
pub struct ReadTextOutput {
    /// the full text: rows on lines of their own, what stands side by side joined by a space
    pub text: String,
    /// each line by itself, in reading order
    pub lines: Vec<TextLine>,
}

/// One line of text.
#[derive(Clone, Debug, JsonSchema, PartialEq, Serialize)]
pub struct TextLine {
    /// handle of the line, such as img-1/line-3
    pub handle: String,
    /// what it says
    pub text: String,
    /// confidence in 0..=1
    #[serde(serialize_with = "crate::geom::thousandths")]
    pub score: f32,
    /// corners (x, y) in pixels of the image, clockwise from the text's own top left
    pub quad: Quad,
    /// its words from left to right, if they were asked for
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub words: Vec<TextWord>,
}

/// One word of a line.
#[derive(Clone, Debug, JsonSchema, PartialEq, Serialize)]
pub struct TextWord {
    /// what it says
    pub text: String,
    /// corners (x, y) in pixels of the image; its ends are known to about half a letter
    pub quad: Quad,
}

impl Tool for ReadText {
    type Input = ReadTextInput;
    type Output = ReadTextOutput;
    const NAME: &'static str = "read_text";
    const SUMMARY: &'static str = "read the text in an image or in a part of it: signs, labels, documents, receipts";
    const ROLES: &'static [&'static str] = &[DETECTOR, CLASSIFIER, RECOGNIZER];

    fn examples() -> Vec<Example> {
        render::examples()
    }

    async fn call(&self, input: ReadTextInput, cx: &ToolCx) -> Result<ReadTextOutput, ToolError> {
        let image = target::image_of(cx, &input.image, &input.region.iter().collect::<Vec<_>>())?;
        let part = input.region.map(|region| part(&image, &region, cx)).transpose()?;
        let detector = cx.model(DETECTOR).await?;
        let classifier = cx.model(CLASSIFIER).await?;
        let reads = match input.style {
            Style::Printed => {
                let chosen = language::load(input.language.as_deref(), cx).await?;
                LineModel::Printed(chosen.model, chosen.right_to_left)
            }
            Style::Handwritten
                if !matches!(input.language.as_deref(), None | Some("" | "en" | "english" | "English")) =>
            {
                return Err(ToolError::invalid_input(
                    "handwriting is read in English only; leave language out, or style for printed text",
                ));
            }
            Style::Handwritten => handwriting::load(cx).await?,
        };
        let pixels = image.pixels.clone();
        let called = |model: &LoadedModel| (model.id.clone(), model.provider.clone());
        let models = [called(&detector), called(&classifier), reads.called()];
        let right_to_left = matches!(reads, LineModel::Printed(_, true));
        let mut reading = cx
            .blocking(move |control| {
                let reader = match &reads {
                    LineModel::Printed(recognizer, _) => TextReader::new(&detector, &classifier, recognizer)?,
                    LineModel::Handwritten(model, least) => {
                        TextReader::handwritten(&detector, &classifier, model, *least)
                    }
                };
                match part {
                    None => reader.read(&flatten(&pixels), control),
                    Some(part) => read_part(&reader, &flatten(&pixels), part, control),
                }
            })
            .await?;
        if right_to_left {
            for line in reading.rows.iter_mut().flatten() {
                line.text = language::from_the_right(&line.text);
                for word in &mut line.words {
                    word.text = language::from_the_right(&word.text);
                }
            }
        }
        tell(cx, models, reading.times);
        Ok(name_lines(&image, &reading, input.words, cx))
    }

    fn evidence(output: &ReadTextOutput, whole: bool) -> Rows {
        rows::rows(output, whole)
    }

    fn render(output: &ReadTextOutput) -> String {
        render::render(output)
    }
}

/// The model that reads lines.
enum LineModel {
    /// And whether it reads a script from right to left.
    Printed(Arc<LoadedModel>, bool),
    /// With the confidence below which a line is not reported, where its settings name one.
    Handwritten(Box<VisionToTextModel>, Option<f32>),
}

impl LineModel {
    /// Its id and execution provider.
    fn called(&self) -> (String, String) {
        match self {
            Self::Printed(model, _) => (model.id.clone(), model.provider.clone()),
            Self::Handwritten(model, _) => (model.id.clone(), model.provider.clone()),
        }
    }
}

/// x, y, width, height in pixels of the image.
type Part = (u32, u32, u32, u32);

fn part(image: &ImageEntry, region: &RegionArg, cx: &ToolCx) -> Result<Part, ToolError> {
    let bbox = target::region_of(cx, image, region)?.bbox;
    bbox.to_pixels(image.width(), image.height())
        .ok_or_else(|| ToolError::invalid_input(format!("the region lies outside {}", image.handle)))
}

fn read_part(
    reader: &TextReader<'_>,
    image: &RgbImage,
    (x, y, width, height): Part,
    control: &crate::onnx::RunControl,
) -> Result<Reading, ToolError> {
    let mut reading = reader.read(&imageops::crop_imm(image, x, y, width, height).to_image(), control)?;
    for line in reading.rows.iter_mut().flatten() {
        let moved = |quad: Quad| Quad(quad.0.map(|p| [p[0] + x as f32, p[1] + y as f32]));
        line.quad = moved(line.quad);
        for word in &mut line.words {
            word.quad = moved(word.quad);
        }
    }
    Ok(reading)
}

fn tell(cx: &ToolCx, models: [(String, String); 3], times: StageTimes) {
    for ((model, provider), time) in models.into_iter().zip([times.detect, times.classify, times.recognize]) {
        cx.events.emit(Event::ModelRan { model, provider, ms: time.as_secs_f64() * 1000.0 });
    }
}

fn name_lines(image: &ImageEntry, reading: &Reading, with_words: bool, cx: &ToolCx) -> ReadTextOutput {
    let words = |line: &ReadLine| -> Vec<TextWord> {
        let word = |word: &ReadWord| TextWord { text: word.text.clone(), quad: word.quad };
        if with_words { line.words.iter().map(word).collect() } else { Vec::new() }
    };
    let found = reading.lines().map(|line| NewRegion {
        stem: "line".into(),
        label: line.text.clone(),
        kind: RegionKind::Line,
        score: line.score,
        bbox: line.quad.bounds(),
        quad: Some(line.quad),
    });
    let regions = cx.images.name_regions(&image.handle, found.collect());
    let lines = reading.lines().zip(regions).map(|(line, region)| TextLine {
        handle: region.handle,
        text: line.text.clone(),
        score: (line.score * 1000.0).round() / 1000.0,
        quad: line.quad,
        words: words(line),
    });
    ReadTextOutput { text: reading.text(), lines: lines.collect() }
}

/// The name of a graph's only input; the graphs of different versions name it differently.
fn only_input(model: &dyn Model) -> Result<&str, ToolError> {
    match model.signature().inputs.as_slice() {
        [input] => Ok(&input.name),
        _ => Err(ToolError::internal(format!(
            "the graph is not one of PP-OCR, which take one input; {}",
            model.signature().describe()
        ))),
    }
}
