//! Where text is: one run of the detection graph.

use image::RgbImage;
use ndarray::ArrayView4;

use super::{
    boxes::{BoxRules, ProbabilityMap, text_boxes},
    frame::to_multiple_of_32,
    tensor::{Normalise, resize},
};
use crate::{
    geom::Quad,
    onnx::{Input, Model, ModelError, RunControl},
    store::{Channels, ModelFacts},
    tool::ToolError,
};

/// Shorter sides are enlarged to this before detection, in pixels.
const SHORT_SIDE: u32 = 736;
/// Pictures are enlarged this much at most: letters of a small cut-out would grow beyond what the detector was trained on.
const MOST_ENLARGED: f64 = 3.0;
/// Largest input of the graph in pixels; more would fill the memory of a small machine.
const LARGEST: f64 = 4_400_000.0;

/// The text detector: a graph and how to feed and read it.
pub(super) struct Detector<'a> {
    model: &'a dyn Model,
    normalise: Normalise,
    short_side: u32,
    rules: BoxRules,
}

impl<'a> Detector<'a> {
    /// A detector over a graph that takes `[1, 3, H, W]` floats, H and W multiples of 32, and gives `[1, 1, H, W]`
    /// probabilities. Facts override the mean and deviation (0.5), the channel order (BGR) and the short side (736).
    pub(super) fn new(model: &'a dyn Model, facts: &ModelFacts) -> Self {
        Self {
            model,
            normalise: Normalise::new(
                facts.mean.unwrap_or([0.5; 3]),
                facts.std.unwrap_or([0.5; 3]),
                facts.channels.unwrap_or(Channels::Bgr),
            ),
            short_side: facts.size.unwrap_or(SHORT_SIDE),
            rules: BoxRules::default(),
        }
    }

    /// The text boxes of a picture in its own pixels, unordered.
    pub(super) fn find(&self, image: &RgbImage, control: &RunControl) -> Result<Vec<Quad>, ToolError> {
        let (width, height) = self.input_size(image.width(), image.height());
        let resized = resize(image, width, height);
        let (columns, rows) = (width as usize, height as usize);
        let mut planes = vec![0.0; 3 * columns * rows];
        self.normalise.write(&resized, &mut planes, columns, rows);
        drop(resized);
        control.check()?;
        let tensor = ArrayView4::from_shape((1, 3, rows, columns), &planes)
            .map_err(|error| ToolError::internal(format!("the detector's input: {error}")))?;
        let mut boxes = Vec::new();
        let name = super::only_input(self.model)?;
        self.model.run(&[(name, Input::F32(tensor.into_dyn()))], control, &mut |outputs| {
            let map = outputs.f32_at(0)?;
            if map.shape() != [1, 1, rows, columns] {
                return Err(ModelError::new(format!(
                    "the text detector gave {:?}, expected [1, 1, {rows}, {columns}]",
                    map.shape()
                )));
            }
            let map = map.as_standard_layout();
            let values = map.as_slice().unwrap_or_default();
            let map = ProbabilityMap { values, width: columns, height: rows };
            boxes = text_boxes(map, &self.rules, image.width(), image.height());
            Ok(())
        })?;
        Ok(boxes)
    }

    /// Width and height of the graph's input: the short side enlarged if it is too short, both multiples of 32.
    fn input_size(&self, width: u32, height: u32) -> (u32, u32) {
        let mut ratio = (f64::from(self.short_side) / f64::from(width.min(height))).clamp(1.0, MOST_ENLARGED);
        let area = f64::from(width) * f64::from(height) * ratio * ratio;
        if area > LARGEST {
            ratio *= (LARGEST / area).sqrt();
        }
        let side = |side: u32| to_multiple_of_32(f64::from(side) * ratio).max(32);
        (side(width), side(height))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vision::read_text::fakes::Fake;

    fn size(width: u32, height: u32) -> (u32, u32) {
        let fake = Fake::new(|_, _| Ok(()));
        Detector::new(&fake, &ModelFacts::default()).input_size(width, height)
    }

    #[test]
    fn input_sizes_are_those_of_the_reference() {
        assert_eq!(size(500, 300), (1216, 736));
        assert_eq!(size(1280, 720), (1312, 736));
        assert_eq!(size(1000, 1400), (992, 1408));
        assert_eq!(size(200, 100), (608, 288), "but small cut-outs are enlarged three times only");
        let (width, height) = size(6000, 700);
        assert!(f64::from(width) * f64::from(height) < LARGEST * 1.05);
    }
}
