//! What the lines say.

use ndarray::{ArrayView4, Axis, Ix3};

use super::{
    crop::LineCrop,
    ctc::Alphabet,
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
/// Shorter lines are padded to this width, as in the network's training.
const NARROWEST: usize = 320;

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

    /// Text and confidence of each line, in the order given.
    pub(super) fn read(&self, lines: &[LineCrop], control: &RunControl) -> Result<Vec<(String, f32)>, ToolError> {
        // Lines of like width share a run, so that little of it is padding.
        let mut order: Vec<usize> = (0..lines.len()).collect();
        order.sort_by(|&a, &b| lines[a].aspect().total_cmp(&lines[b].aspect()));
        let mut texts = vec![(String::new(), 0.0); lines.len()];
        for batch in order.chunks(BATCH) {
            control.check()?;
            self.read_batch(lines, batch, &mut texts, control)?;
        }
        Ok(texts)
    }

    fn read_batch(
        &self,
        lines: &[LineCrop],
        batch: &[usize],
        texts: &mut [(String, f32)],
        control: &RunControl,
    ) -> Result<(), ToolError> {
        let widest = batch.iter().map(|&line| lines[line].aspect()).fold(0.0, f32::max);
        let columns = ((self.height as f32 * widest) as usize).max(NARROWEST);
        let size = 3 * self.height * columns;
        let mut values = vec![0.0; batch.len() * size];
        for (&line, planes) in batch.iter().zip(values.chunks_exact_mut(size)) {
            let width = ((self.height as f32 * lines[line].aspect()).ceil() as usize).clamp(1, columns);
            let resized = resize(&lines[line].pixels, width as u32, self.height as u32);
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
            for (&line, columns) in batch.iter().zip(output.outer_iter()) {
                texts[line] = self.alphabet.decode(columns);
            }
            Ok(())
        })?;
        Ok(())
    }
}
