//! Feeding a picture to a graph of one picture input, as its settings say.

use image::RgbImage;
use ndarray::{Array3, Array4, ArrayView2, ArrayView3, ArrayViewD, Axis, Ix2, Ix3};

use crate::{
    image::Preprocess,
    onnx::{Dim, Input, LoadedModel, ModelError, Outputs, RunControl, Signature, TensorInfo},
    store::ModelFacts,
    tool::ToolError,
    vision::input::{self, input_size},
};

/// Mean and deviation of ImageNet's pictures, by which most segmenters of the hub are trained.
const IMAGE_NET: ([f32; 3], [f32; 3]) = ([0.485, 0.456, 0.406], [0.229, 0.224, 0.225]);
/// Input side where neither the graph nor the settings say one.
const USUAL_SIDE: u32 = 512;

/// The picture input of a graph, and the mask of its valid pixels where it wants one.
pub(super) struct Network<'a> {
    model: &'a LoadedModel,
    pixels: &'a TensorInfo,
    pixel_mask: Option<&'a TensorInfo>,
}

impl<'a> Network<'a> {
    /// The error names the role and what the graph has.
    pub(super) fn of(model: &'a LoadedModel, role: &str) -> Result<Self, ToolError> {
        let signature = model.model.signature();
        Self::read(model, signature).map_err(|why| unfit(model, role, &why))
    }

    fn read(model: &'a LoadedModel, signature: &'a Signature) -> Result<Self, String> {
        let pixels = signature.inputs.iter().find(|input| input.dims.len() == 4);
        let pixels = pixels.ok_or("no input of four dimensions [batch, 3, height, width]")?;
        let pixel_mask = signature.inputs.iter().find(|input| input.name == "pixel_mask");
        let known = |input: &&TensorInfo| input.name == pixels.name || input.name == "pixel_mask";
        match signature.inputs.iter().find(|input| !known(input)) {
            Some(unfed) => Err(format!("the input {} is not understood", unfed.name)),
            None => Ok(Self { model, pixels, pixel_mask }),
        }
    }

    /// The input f32 `[1, 3, height, width]` of a picture.
    pub(super) fn tensor(&self, image: &RgbImage) -> Array4<f32> {
        let size = input_size(self.pixels, &self.model.facts, image.dimensions(), USUAL_SIDE);
        stretched(&self.model.facts, size).apply(image).0
    }

    /// Runs the graph on an input that [`Network::tensor`] made.
    pub(super) fn run(
        &self,
        tensor: &Array4<f32>,
        control: &RunControl,
        read: &mut dyn FnMut(&Outputs<'_>) -> Result<(), ModelError>,
    ) -> Result<(), ToolError> {
        let mut inputs = vec![(self.pixels.name.as_str(), Input::F32(tensor.view().into_dyn()))];
        let mask = self.pixel_mask.map(|info| all_valid(info, tensor));
        if let Some(mask) = &mask {
            inputs.push(("pixel_mask", Input::I64(mask.view().into_dyn())));
        }
        Ok(self.model.model.run(&inputs, control, read)?)
    }
}

/// A model whose tensors do not fit its role.
pub(super) fn unfit(model: &LoadedModel, role: &str, why: &str) -> ToolError {
    let described = model.model.signature().describe();
    ToolError::internal(format!("{} does not fit the role {role}: {why}. It has {described}", model.id))
}

/// A mask i64 `[batch, height, width]` of ones: no pixel is padding. A graph that declares a size of its own gets that.
pub(in crate::vision) fn all_valid(info: &TensorInfo, tensor: &Array4<f32>) -> Array3<i64> {
    let side = |index: usize| match info.dims.get(index) {
        Some(Dim::Fixed(size)) => *size,
        _ => tensor.shape()[index + 1],
    };
    Array3::ones((tensor.shape()[0], side(1), side(2)))
}

/// Stretched to a size and normalized, by default as for ImageNet.
pub(super) fn stretched(facts: &ModelFacts, size: (u32, u32)) -> Preprocess {
    input::stretched(facts, size, IMAGE_NET)
}

/// The first item of a batch of `[1, a, b]`.
pub(super) fn plane<'a>(values: ArrayViewD<'a, f32>, name: &str) -> Result<ArrayView2<'a, f32>, ModelError> {
    first(values, name, 3)?.into_dimensionality::<Ix2>().map_err(|error| ModelError::new(error.to_string()))
}

/// The first item of a batch of `[1, a, b, c]`.
pub(super) fn planes<'a>(values: ArrayViewD<'a, f32>, name: &str) -> Result<ArrayView3<'a, f32>, ModelError> {
    first(values, name, 4)?.into_dimensionality::<Ix3>().map_err(|error| ModelError::new(error.to_string()))
}

fn first<'a>(values: ArrayViewD<'a, f32>, name: &str, rank: usize) -> Result<ArrayViewD<'a, f32>, ModelError> {
    if values.ndim() != rank || values.is_empty() {
        let shape = values.shape();
        return Err(ModelError::new(format!("the output {name} has the shape {shape:?}, expected {rank} dimensions")));
    }
    Ok(values.index_axis_move(Axis(0), 0))
}

/// Probabilities of logits: each above 0, together 1.
pub(super) fn softmax(logits: impl Iterator<Item = f32> + Clone) -> Vec<f32> {
    let most = logits.clone().fold(f32::NEG_INFINITY, f32::max);
    let powers: Vec<f32> = logits.map(|logit| (logit - most).exp()).collect();
    let sum: f32 = powers.iter().sum();
    powers.into_iter().map(|power| power / sum).collect()
}

pub(super) fn sigmoid(logit: f32) -> f32 {
    1.0 / (1.0 + (-logit).exp())
}

/// The name of a class of a model.
pub(super) fn label(facts: &ModelFacts, class: usize) -> String {
    facts.labels.get(class).cloned().unwrap_or_else(|| format!("class-{class}"))
}
