//! What the lines say.

use ndarray::{ArrayView4, Axis, Ix3};

use super::{
    crop::LineCrop,
    ctc::Alphabet,
    pipeline::ReadLines,
    split::{self, Piece},
    tensor::{Normalise, resize},
    words::Letter,
};
use crate::{
    onnx::{Dim, Input, Model, ModelError, RunControl},
    store::{Channels, ModelFacts},
    tool::ToolError,
};

/// Lines a run.
const BATCH: usize = 6;
/// Line height where the graph leaves it free, in pixels.
const HEIGHT: usize = 48;
/// Shorter lines are padded to this width. The reference pads to 320, which costs up to three times the work on short
/// lines (prices, labels) and reads them no better.
const NARROWEST: usize = 96;

/// The text recognizer: a graph that takes `[B, 3, 48, W]` and gives `[B, T, classes]` probabilities.
pub(super) struct Recognizer<'a> {
    model: &'a dyn Model,
    normalise: Normalise,
    height: usize,
    alphabet: Alphabet,
}

impl<'a> Recognizer<'a> {
    /// A recognizer; facts override the channel order (BGR) and give the dictionary where the graph has none.
    pub(super) fn new(model: &'a dyn Model, facts: &ModelFacts) -> Result<Self, ToolError> {
        let height = match model.signature().inputs.first().map(|input| input.dims.as_slice()) {
            Some([_, _, Dim::Fixed(height), _]) => *height,
            _ => HEIGHT,
        };
        Ok(Self {
            model,
            normalise: Normalise::new([0.5; 3], [0.5; 3], facts.channels.unwrap_or(Channels::Bgr)),
            height,
            alphabet: Alphabet::of(model, facts)?,
        })
    }

    fn read_batch(
        &self,
        pieces: &[Piece<'_>],
        batch: &[usize],
        texts: &mut [Text],
        control: &RunControl,
    ) -> Result<(), ToolError> {
        let widest = batch.iter().map(|&piece| pieces[piece].aspect()).fold(0.0, f32::max);
        let columns = ((self.height as f32 * widest) as usize).max(NARROWEST);
        let size = 3 * self.height * columns;
        let mut values = vec![0.0; batch.len() * size];
        let width = |piece: usize| ((self.height as f32 * pieces[piece].aspect()).ceil() as usize).clamp(1, columns);
        for (&piece, planes) in batch.iter().zip(values.chunks_exact_mut(size)) {
            let width = width(piece);
            let resized = resize(&pieces[piece].pixels, width as u32, self.height as u32);
            self.normalise.write(&resized, planes, columns, self.height);
        }
        let tensor = ArrayView4::from_shape((batch.len(), 3, self.height, columns), &values)
            .map_err(|error| ToolError::internal(format!("the text recognizer's input: {error}")))?;
        let name = super::only_input(self.model)?;
        self.model.run(&[(name, Input::F32(tensor.into_dyn()))], control, &mut |outputs| {
            let classes = self.alphabet.classes();
            let output = outputs.f32_at(0)?;
            let shape = output.shape().to_vec();
            let wrong = || {
                ModelError::new(format!(
                    "the text recognizer gave {shape:?}, expected [{}, T, {classes}] (blank, dictionary, space)",
                    batch.len()
                ))
            };
            let output = output.into_dimensionality::<Ix3>().map_err(|_| wrong())?;
            if output.len_of(Axis(0)) != batch.len() || output.len_of(Axis(2)) != classes {
                return Err(wrong());
            }
            for (&piece, output) in batch.iter().zip(output.outer_iter()) {
                let (mut letters, score) = self.alphabet.decode(&output);
                // From shares of the padded width to shares of the line.
                let (start, length) = pieces[piece].place;
                for letter in &mut letters {
                    letter.at = start + length * (letter.at * columns as f32 / width(piece) as f32).min(1.0);
                }
                texts[piece] = Text { letters, score };
            }
            Ok(())
        })?;
        Ok(())
    }
}

/// A line or a piece of one as read.
#[derive(Clone, Debug, Default)]
pub(super) struct Text {
    /// Its letters, spaces among them, with their places in the line.
    pub(super) letters: Vec<Letter>,
    /// Mean probability of its letters, 0..=1.
    pub(super) score: f32,
}

impl Text {
    /// A text of whose letters no places are known.
    pub(super) fn unplaced(text: &str, score: f32) -> Self {
        let letters = text.chars().map(|letter| Letter { text: letter.into(), at: f32::NAN }).collect();
        Self { letters, score }
    }

    /// What it says, without spaces at the ends.
    pub(super) fn text(&self) -> String {
        let text: String = self.letters.iter().map(|letter| letter.text.as_str()).collect();
        text.trim().to_owned()
    }
}

impl ReadLines for Recognizer<'_> {
    fn read(&self, lines: &[LineCrop], control: &RunControl) -> Result<Vec<Text>, ToolError> {
        let pieces: Vec<Piece<'_>> =
            lines.iter().enumerate().flat_map(|(index, line)| split::pieces(index, &line.pixels)).collect();
        // Pieces of like width share a run, so that little of it is padding.
        let mut order: Vec<usize> = (0..pieces.len()).collect();
        order.sort_by(|&a, &b| pieces[a].aspect().total_cmp(&pieces[b].aspect()));
        let mut texts = vec![Text::default(); pieces.len()];
        for batch in order.chunks(BATCH) {
            control.check()?;
            self.read_batch(&pieces, batch, &mut texts, control)?;
        }
        Ok(assemble(lines.len(), &pieces, texts))
    }
}

/// The lines out of their pieces; a line's confidence is the mean over its characters.
fn assemble(lines: usize, pieces: &[Piece<'_>], texts: Vec<Text>) -> Vec<Text> {
    let mut whole = vec![(Text::default(), 0_usize); lines];
    for (piece, text) in pieces.iter().zip(texts) {
        let (line, count) = &mut whole[piece.line];
        line.score += text.score * text.letters.len() as f32;
        *count += text.letters.len();
        split::join(&mut line.letters, text.letters, piece.after_gap);
    }
    let mean = |(line, count): (Text, usize)| Text { score: line.score / count.max(1) as f32, ..line };
    whole.into_iter().map(mean).collect()
}
