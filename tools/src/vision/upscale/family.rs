//! Which upscaler a graph is, told by its signature.

use image::RgbImage;
use ndarray::Array4;

use super::tiles::{OVERLAP, TILE};
use crate::{
    image::mirrored,
    onnx::{Dim, LoadedModel, Signature, TensorInfo},
    store::{Channels, ModelFacts},
    tool::ToolError,
};

/// What a side must be.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Sides {
    /// The next multiple of 8 above it, also where it is one: Swin2SR's own padding.
    AboveEight,
    /// A multiple of 4: Real-ESRGAN halves the picture once for its factor 2, twice for 1.
    Fours,
    /// What the graph declares.
    Fixed(u32, u32),
}

/// An upscaler ready to be fed and read.
pub(super) struct Family {
    pub(super) input: String,
    /// Largest tile (width, height).
    pub(super) tile: (u32, u32),
    /// Multiplies the 0..=255 values that go in, divides those that come out.
    pub(super) scale: f32,
    channels: Channels,
    sides: Sides,
    /// What it is called.
    pub(super) name: &'static str,
}

impl Family {
    pub(super) fn of(model: &LoadedModel) -> Result<Self, ToolError> {
        let signature = model.model.signature();
        Self::read(signature, &model.facts).map_err(|why| {
            ToolError::internal(format!(
                "{} is no upscaler that is known here: {why}. It has {}",
                model.id,
                signature.describe()
            ))
            .with_hint("known are Swin2SR, Real-ESRGAN and others from [1, 3, h, w] to [1, 3, f * h, f * w]")
        })
    }

    /// The same from what a file declares; the error says what does not fit.
    pub(super) fn read(signature: &Signature, facts: &ModelFacts) -> Result<Self, String> {
        let [input] = signature.inputs.as_slice() else {
            return Err(format!("it has {} inputs, expected one picture", signature.inputs.len()));
        };
        let is_picture = |info: &TensorInfo| matches!(info.dims.as_slice(), [_, Dim::Fixed(3) | Dim::Free(_), _, _]);
        if !is_picture(input) {
            return Err("its input is no picture [batch, 3, height, width]".into());
        }
        let named = signature.outputs.iter().find(|output| output.name == "reconstruction");
        let Some(output) = named.or(signature.outputs.first()).filter(|output| is_picture(output)) else {
            return Err("its output is no picture [batch, 3, height, width]".into());
        };
        let sides = match (&input.dims[2], &input.dims[3]) {
            (Dim::Fixed(height), Dim::Fixed(width)) => Sides::Fixed(*width as u32, *height as u32),
            _ if output.name == "reconstruction" => Sides::AboveEight,
            _ => Sides::Fours,
        };
        let tile = match sides {
            Sides::Fixed(width, height) if width.min(height) < 2 * OVERLAP => {
                return Err(format!("its input of {width} x {height} pixels is too small for tiles"));
            }
            Sides::Fixed(width, height) => (width, height),
            _ => [facts.size.unwrap_or(TILE).max(2 * OVERLAP); 2].into(),
        };
        Ok(Self {
            input: input.name.clone(),
            tile,
            scale: facts.scale.filter(|scale| *scale > 0.0).unwrap_or(1.0 / 255.0),
            channels: facts.channels.unwrap_or(Channels::Rgb),
            sides,
            name: if output.name == "reconstruction" { "Swin2SR" } else { "Real-ESRGAN or another of its kind" },
        })
    }

    /// Where red, green and blue lie in a tensor.
    pub(super) fn order(&self) -> [usize; 3] {
        match self.channels {
            Channels::Rgb => [0, 1, 2],
            Channels::Bgr => [2, 1, 0],
        }
    }

    /// The input tensor f32 `[1, 3, height, width]`.
    pub(super) fn pixels(&self, image: &RgbImage) -> Array4<f32> {
        let (width, height) = image.dimensions();
        let (width, height) = match self.sides {
            Sides::AboveEight => ((width / 8 + 1) * 8, (height / 8 + 1) * 8),
            Sides::Fours => (width.next_multiple_of(4), height.next_multiple_of(4)),
            Sides::Fixed(width, height) => (width, height),
        };
        let padded = mirrored(image, width, height);
        let order = self.order();
        let raw = padded.as_raw();
        Array4::from_shape_fn((1, 3, height as usize, width as usize), |(_, channel, y, x)| {
            f32::from(raw[(y * width as usize + x) * 3 + order[channel]]) * self.scale
        })
    }
}
