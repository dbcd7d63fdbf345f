//! What the lines say.

use ndarray::{ArrayView4, Axis, Ix3};

use super::{
    crop::LineCrop,
    ctc::Alphabet,
    pipeline::ReadLines,
    split::{self, Piece},
    tensor::{Normalise, resize},
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

/// The text recogniser: a graph that takes `[B, 3, 48, W]` and gives `[B, T, classes]` probabilities.
pub(super) struct Recognizer<'a> {
    model: &'a dyn Model,
    normalise: Normalise,
    height: usize,
    alphabet: Alphabet,
}

impl<'a> Recognizer<'a> {
    /// A recogniser; facts override the channel order (BGR) and give the dictionary where the graph has none.
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
        texts: &mut [(String, f32)],
        control: &RunControl,
    ) -> Result<(), ToolError> {
        let widest = batch.iter().map(|&piece| pieces[piece].aspect()).fold(0.0, f32::max);
        let columns = ((self.height as f32 * widest) as usize).max(NARROWEST);
        let size = 3 * self.height * columns;
        let mut values = vec![0.0; batch.len() * size];
        for (&piece, planes) in batch.iter().zip(values.chunks_exact_mut(size)) {
            let width = ((self.height as f32 * pieces[piece].aspect()).ceil() as usize).clamp(1, columns);
            let resized = resize(&pieces[piece].pixels, width as u32, self.height as u32);
            self.normalise.write(&resized, planes, columns, self.height);
        }
        let tensor = ArrayView4::from_shape((batch.len(), 3, self.height, columns), &values)
            .map_err(|error| ToolError::internal(format!("the text recogniser's input: {error}")))?;
        let name = super::only_input(self.model)?;
        self.model.run(&[(name, Input::F32(tensor.into_dyn()))], control, &mut |outputs| {
            let classes = self.alphabet.classes();
            let output = outputs.f32_at(0)?;
            let shape = output.shape().to_vec();
            let wrong = || {
                ModelError::new(format!(
                    "the text recogniser gave {shape:?}, expected [{}, T, {classes}] (blank, dictionary, space)",
                    batch.len()
                ))
            };
            let output = output.into_dimensionality::<Ix3>().map_err(|_| wrong())?;
            if output.len_of(Axis(0)) != batch.len() || output.len_of(Axis(2)) != classes {
                return Err(wrong());
            }
            for (&piece, columns) in batch.iter().zip(output.outer_iter()) {
                texts[piece] = self.alphabet.decode(&columns);
            }
            Ok(())
        })?;
        Ok(())
    }
}

impl ReadLines for Recognizer<'_> {
    fn read(&self, lines: &[LineCrop], control: &RunControl) -> Result<Vec<(String, f32)>, ToolError> {
        let pieces: Vec<Piece<'_>> =
            lines.iter().enumerate().flat_map(|(index, line)| split::pieces(index, &line.pixels)).collect();
        // Pieces of like width share a run, so that little of it is padding.
        let mut order: Vec<usize> = (0..pieces.len()).collect();
        order.sort_by(|&a, &b| pieces[a].aspect().total_cmp(&pieces[b].aspect()));
        let mut texts = vec![(String::new(), 0.0); pieces.len()];
        for batch in order.chunks(BATCH) {
            control.check()?;
            self.read_batch(&pieces, batch, &mut texts, control)?;
        }
        Ok(assemble(lines.len(), &pieces, &texts))
    }
}

/// The lines out of their pieces; a line's confidence is the mean over its characters.
fn assemble(lines: usize, pieces: &[Piece<'_>], texts: &[(String, f32)]) -> Vec<(String, f32)> {
    let mut whole = vec![(String::new(), 0.0_f32, 0_usize); lines];
    for (piece, (text, score)) in pieces.iter().zip(texts) {
        let (line, sum, count) = &mut whole[piece.line];
        let letters = text.chars().count();
        split::join(line, text, piece.after_gap);
        *sum += score * letters as f32;
        *count += letters;
    }
    whole.into_iter().map(|(text, sum, count)| (text, if count == 0 { 0.0 } else { sum / count as f32 })).collect()
}
