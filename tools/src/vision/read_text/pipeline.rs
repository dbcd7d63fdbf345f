//! The whole way from pixels to lines: detect, cut out, set upright, recognize, order.

use std::time::{Duration, Instant};

use image::RgbImage;

use super::{
    classifier::Classifier,
    crop::LineCrop,
    cutout,
    detector::Detector,
    frame::Frame,
    handwriting::Handwriting,
    order,
    recognizer::{Recognizer, Text},
    words::{ReadWord, words},
};
use crate::{
    generate::VisionToTextModel,
    geom::Quad,
    onnx::{LoadedModel, RunControl},
    tool::ToolError,
};

/// Confidence below which a line is not reported.
const LEAST_SCORE: f32 = 0.5;

/// The same for handwriting, of whose letters a model is less sure.
const LEAST_SCORE_HANDWRITTEN: f32 = 0.3;

/// The same where the detector saw no text and the whole picture was read as one line.
const LEAST_SCORE_UNDETECTED: f32 = 0.7;
/// Confidence from which a reading is taken without trying another way.
const CONVINCING: f32 = 0.9;
/// The three graphs of PP-OCR (v2 to v6): text detector, line direction classifier, text recognizer; or a reader of
/// handwriting instead of the last.
pub struct TextReader<'a> {
    detector: Detector<'a>,
    classifier: Classifier<'a>,
    recognizer: Box<dyn ReadLines + 'a>,
    least_score: f32,
}

/// What reads lines that were cut out and set upright.
pub(super) trait ReadLines {
    /// Text and confidence in 0..=1 of each line, in the order given.
    fn read(&self, lines: &[LineCrop], control: &RunControl) -> Result<Vec<Text>, ToolError>;
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
    /// Its words from left to right.
    pub words: Vec<ReadWord>,
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
    /// A reader over loaded graphs. Fails if the recognizer's characters are not known.
    pub fn new(
        detector: &'a LoadedModel,
        classifier: &'a LoadedModel,
        recognizer: &'a LoadedModel,
    ) -> Result<Self, ToolError> {
        Ok(Self {
            detector: Detector::new(detector.model.as_ref(), &detector.facts),
            classifier: Classifier::new(classifier.model.as_ref(), &classifier.facts),
            recognizer: Box::new(Recognizer::new(recognizer.model.as_ref(), &recognizer.facts)?),
            least_score: recognizer.facts.threshold.unwrap_or(LEAST_SCORE),
        })
    }

    /// A reader of handwriting: lines are found and set upright as printed ones are, and `model` (TrOCR) reads each.
    /// `least_score`: confidence below which a line is not reported, 0.3 if absent.
    pub fn handwritten(
        detector: &'a LoadedModel,
        classifier: &'a LoadedModel,
        model: &'a VisionToTextModel,
        least_score: Option<f32>,
    ) -> Self {
        Self {
            detector: Detector::new(detector.model.as_ref(), &detector.facts),
            classifier: Classifier::new(classifier.model.as_ref(), &classifier.facts),
            recognizer: Box::new(Handwriting(model)),
            least_score: least_score.unwrap_or(LEAST_SCORE_HANDWRITTEN),
        }
    }

    /// Reads a picture. Blocking; stops soon after the control was cancelled.
    pub fn read(&self, image: &RgbImage, control: &RunControl) -> Result<Reading, ToolError> {
        if image.width() == 0 || image.height() == 0 {
            return Ok(Reading::default());
        }
        let mut times = StageTimes::default();
        let frame = Frame::new(image)?;
        if cutout::is_probably_line(image) {
            let lines = self.recognize(&frame, vec![frame.whole()], &mut times, control)?;
            if lines.iter().all(|line| line.score >= CONVINCING) && !lines.is_empty() {
                return Ok(Reading { rows: in_rows(lines), times });
            }
        }
        let start = Instant::now();
        let quads = self.detector.find(&frame.pixels, control)?;
        times.detect += start.elapsed();
        let (quads, least_score) = if quads.is_empty() && cutout::may_be_line(image) {
            (vec![frame.whole()], self.least_score.max(LEAST_SCORE_UNDETECTED))
        } else {
            (quads, self.least_score)
        };
        let mut lines = self.recognize(&frame, quads, &mut times, control)?;
        lines.retain(|line| line.score >= least_score);
        Ok(Reading { rows: in_rows(lines), times })
    }

    /// Cuts the lines out, sets them upright and reads them. Lines without any text are left out.
    fn recognize(
        &self,
        frame: &Frame<'_>,
        quads: Vec<Quad>,
        times: &mut StageTimes,
        control: &RunControl,
    ) -> Result<Vec<ReadLine>, ToolError> {
        let start = Instant::now();
        let mut lines: Vec<LineCrop> = quads.into_iter().map(|quad| LineCrop::new(&frame.pixels, quad)).collect();
        control.check()?;
        let turned = self.classifier.set_upright(&mut lines, control)?;
        times.classify += start.elapsed();
        let start = Instant::now();
        let mut texts = self.recognizer.read(&lines, control)?;
        self.read_back(&turned, &mut lines, &mut texts, control)?;
        times.recognize += start.elapsed();
        let read = lines.iter().zip(texts).map(|(line, text)| ReadLine {
            text: text.text(),
            score: text.score,
            quad: frame.to_original(line.quad),
            words: words(&text.letters, &frame.to_original(line.quad)),
        });
        Ok(read.filter(|line| !line.text.is_empty()).collect())
    }

    /// Reads lines that were turned over and came out badly as they stood before, and keeps what reads better. The
    /// classifier sees a long line squeezed to a tenth of its width and takes some for lines on their head.
    fn read_back(
        &self,
        turned: &[usize],
        lines: &mut [LineCrop],
        texts: &mut [Text],
        control: &RunControl,
    ) -> Result<(), ToolError> {
        let doubtful: Vec<usize> = turned.iter().copied().filter(|&line| texts[line].score < CONVINCING).collect();
        let mut back: Vec<LineCrop> = doubtful.iter().map(|&line| lines[line].clone()).collect();
        back.iter_mut().for_each(LineCrop::turn_over);
        let again = self.recognizer.read(&back, control)?;
        for ((line, crop), text) in doubtful.into_iter().zip(back).zip(again) {
            if text.score > texts[line].score {
                lines[line] = crop;
                texts[line] = text;
            }
        }
        Ok(())
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
