//! The whole way from pixels to lines: detect, cut out, set upright, recognise, order.

use std::time::{Duration, Instant};

use image::RgbImage;

use super::{classifier::Classifier, crop::LineCrop, detector::Detector, frame::Frame, order, recognizer::Recognizer};
use crate::{
    geom::Quad,
    onnx::{LoadedModel, RunControl},
    tool::ToolError,
};

/// Confidence below which a line is not reported.
const LEAST_SCORE: f32 = 0.5;

/// The three graphs of PP-OCR (v2 to v6): text detector, line direction classifier, text recogniser.
pub struct TextReader<'a> {
    detector: Detector<'a>,
    classifier: Classifier<'a>,
    recognizer: Recognizer<'a>,
    least_score: f32,
}

/// One line of text as read.
#[derive(Clone, Debug, PartialEq)]
pub struct ReadLine {
    /// What it says.
    pub text: String,
    /// Mean probability of its characters, 0..=1.
    pub score: f32,
    /// Where, in pixels of the picture, corners clockwise from the text's own top left.
    pub quad: Quad,
}

/// Wall time of the stages.
#[derive(Clone, Copy, Debug, Default)]
pub struct StageTimes {
    /// Resizing, the detection graph and its post-processing.
    pub detect: Duration,
    /// Cutting the lines out and setting them upright.
    pub classify: Duration,
    /// Recognition.
    pub recognize: Duration,
}

/// All lines of a picture.
#[derive(Clone, Debug, Default)]
pub struct Reading {
    /// Rows in reading order, each with its lines in reading order.
    pub rows: Vec<Vec<ReadLine>>,
    /// What took how long.
    pub times: StageTimes,
}

impl Reading {
    /// The lines in reading order.
    pub fn lines(&self) -> impl Iterator<Item = &ReadLine> {
        self.rows.iter().flatten()
    }

    /// The full text: rows on lines of their own, the lines of a row joined by a space.
    pub fn text(&self) -> String {
        let rows: Vec<String> = self
            .rows
            .iter()
            .map(|row| row.iter().map(|line| line.text.as_str()).collect::<Vec<_>>().join(" "))
            .collect();
        rows.join("\n")
    }
}

impl<'a> TextReader<'a> {
    /// A reader over loaded graphs. Fails if the recogniser's characters are not known.
    pub fn new(
        detector: &'a LoadedModel,
        classifier: &'a LoadedModel,
        recognizer: &'a LoadedModel,
    ) -> Result<Self, ToolError> {
        Ok(Self {
            detector: Detector::new(detector.model.as_ref(), &detector.facts),
            classifier: Classifier::new(classifier.model.as_ref(), &classifier.facts),
            recognizer: Recognizer::new(recognizer.model.as_ref(), &recognizer.facts)?,
            least_score: recognizer.facts.threshold.unwrap_or(LEAST_SCORE),
        })
    }

    /// Reads a picture. Blocking; stops soon after the control was cancelled.
    pub fn read(&self, image: &RgbImage, control: &RunControl) -> Result<Reading, ToolError> {
        if image.width() == 0 || image.height() == 0 {
            return Ok(Reading::default());
        }
        let mut times = StageTimes::default();
        let start = Instant::now();
        let frame = Frame::new(image)?;
        let quads = self.detector.find(&frame.pixels, control)?;
        times.detect = start.elapsed();
        let start = Instant::now();
        let mut lines: Vec<LineCrop> = quads.into_iter().map(|quad| LineCrop::new(&frame.pixels, quad)).collect();
        control.check()?;
        self.classifier.set_upright(&mut lines, control)?;
        times.classify = start.elapsed();
        let start = Instant::now();
        let texts = self.recognizer.read(&lines, control)?;
        times.recognize = start.elapsed();
        let found: Vec<ReadLine> = lines
            .iter()
            .zip(texts)
            .filter(|(_, (text, score))| *score >= self.least_score && !text.trim().is_empty())
            .map(|(line, (text, score))| ReadLine {
                text: text.trim().to_owned(),
                score,
                quad: frame.to_original(line.quad),
            })
            .collect();
        Ok(Reading { rows: in_rows(found), times })
    }
}

fn in_rows(lines: Vec<ReadLine>) -> Vec<Vec<ReadLine>> {
    let quads: Vec<Quad> = lines.iter().map(|line| line.quad).collect();
    let letters: Vec<usize> = lines.iter().map(|line| line.text.chars().count()).collect();
    let mut lines: Vec<Option<ReadLine>> = lines.into_iter().map(Some).collect();
    order::rows(&quads, &letters)
        .into_iter()
        .map(|row| row.into_iter().filter_map(|index| lines[index].take()).collect())
        .collect()
}
