//! Which lines stand on their head.

use ndarray::ArrayView4;

use super::{
    crop::LineCrop,
    tensor::{Normalise, resize},
};
use crate::{
    onnx::{Dim, Input, Model, ModelError, RunControl},
    store::{Channels, ModelFacts},
    tool::ToolError,
};

/// Lines a run.
const BATCH: usize = 6;
/// Score above which a line is turned over.
const CERTAIN: f32 = 0.9;
/// Input height and width where the graph leaves them free.
const SIZE: (usize, usize) = (48, 192);

/// The line direction classifier: a graph that takes `[B, 3, H, W]` and gives `[B, 2]` probabilities of 0 and 180 degrees.
pub(super) struct Classifier<'a> {
    model: &'a dyn Model,
    normalise: Normalise,
    size: (usize, usize),
}

impl<'a> Classifier<'a> {
    /// A classifier; facts override the channel order (BGR).
    pub(super) fn new(model: &'a dyn Model, facts: &ModelFacts) -> Self {
        let size = match model.signature().inputs.first().map(|input| input.dims.as_slice()) {
            Some([_, _, Dim::Fixed(height), Dim::Fixed(width)]) => (*height, *width),
            _ => SIZE,
        };
        Self { model, normalise: Normalise::new([0.5; 3], [0.5; 3], facts.channels.unwrap_or(Channels::Bgr)), size }
    }

    /// Turns over the lines that stand on their head and gives their positions.
    pub(super) fn set_upright(&self, lines: &mut [LineCrop], control: &RunControl) -> Result<Vec<usize>, ToolError> {
        let name = super::only_input(self.model)?;
        let (rows, columns) = self.size;
        let mut turned = Vec::new();
        for (number, batch) in lines.chunks_mut(BATCH).enumerate() {
            control.check()?;
            let mut values = vec![0.0; batch.len() * 3 * rows * columns];
            for (line, planes) in batch.iter().zip(values.chunks_exact_mut(3 * rows * columns)) {
                let width = ((rows as f32 * line.aspect()).ceil() as usize).clamp(1, columns);
                self.normalise.write(&resize(&line.pixels, width as u32, rows as u32), planes, columns, rows);
            }
            let tensor = ArrayView4::from_shape((batch.len(), 3, rows, columns), &values)
                .map_err(|error| ToolError::internal(format!("the direction classifier's input: {error}")))?;
            self.model.run(&[(name, Input::F32(tensor.into_dyn()))], control, &mut |outputs| {
                let scores = outputs.f32_at(0)?;
                if scores.shape() != [batch.len(), 2] {
                    return Err(ModelError::new(format!(
                        "the direction classifier gave {:?}, expected [{}, 2]",
                        scores.shape(),
                        batch.len()
                    )));
                }
                for (index, (line, score)) in batch.iter_mut().zip(scores.outer_iter()).enumerate() {
                    if score[1] > CERTAIN {
                        line.turn_over();
                        turned.push(number * BATCH + index);
                    }
                }
                Ok(())
            })?;
        }
        Ok(turned)
    }
}
