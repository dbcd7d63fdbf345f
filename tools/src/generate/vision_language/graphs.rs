//! The three graphs, checked by their signatures.

use ndarray::{Array1, Array2, Array4, ArrayD, Axis, IxDyn};

use super::{config::Family, view::View};
use crate::onnx::{ElementType, Input, Model, ModelError, RunControl};

/// The graphs of a vision-language model.
#[derive(Clone, Copy)]
pub struct Graphs<'a> {
    /// `pixel_values` (and `pixel_attention_mask`) to `image_features [.., count, width]`; for LLaVA-NeXT also to the model's
    /// weight `image_newline [width]`, without which its pictures stay whole.
    pub vision_encoder: &'a dyn Model,
    /// `input_ids [batch, length]` to `inputs_embeds [batch, length, width]`.
    pub embed_tokens: &'a dyn Model,
    /// `inputs_embeds`, the attention mask, positions and a cache to `logits` and the cache.
    pub decoder: &'a dyn Model,
}

const PIXELS: &str = "pixel_values";
const MASK: &str = "pixel_attention_mask";
const NEWLINE: &str = "image_newline";

impl Graphs<'_> {
    /// Refuses a vision encoder or an embedder that is not of the family; the decoder is looked at when it begins.
    pub(super) fn check(&self, family: Family, model_type: &str) -> Result<(), ModelError> {
        let signature = self.vision_encoder.signature();
        let shape =
            if family == Family::Idefics3 { "[batch, tiles, 3, height, width]" } else { "[batch, 3, height, width]" };
        let pixels = signature.inputs.iter().find(|input| input.name == PIXELS);
        let fits = pixels.is_some_and(|input| input.dims.len() == shape.split(',').count());
        let others = signature.inputs.iter().all(|input| input.name == PIXELS || input.name == MASK);
        if !fits || !others {
            return Err(ModelError::new(format!(
                "the vision encoder of a model of type {model_type} takes {PIXELS} {shape}; {}",
                signature.describe()
            )));
        }
        let signature = self.embed_tokens.signature();
        if signature.inputs.len() != 1 || signature.inputs[0].name != "input_ids" {
            return Err(ModelError::new(format!("embed_tokens takes input_ids; {}", signature.describe())));
        }
        Ok(())
    }

    /// The features `[count, width]` of a view, tile by tile, so that memory stays bounded and a stop is heard in between.
    pub fn features(&self, view: &View, control: &RunControl) -> Result<Array2<f32>, ModelError> {
        self.features_and_newline(view, control).map(|(features, _)| features)
    }

    /// Whether the vision encoder gives [`Graphs::features_and_newline`] a newline.
    pub(super) fn gives_newline(&self) -> bool {
        self.vision_encoder.signature().outputs.iter().any(|output| output.name == NEWLINE)
    }

    /// The same, and the feature that ends a row of tiles where the graph gives it.
    pub(super) fn features_and_newline(
        &self,
        view: &View,
        control: &RunControl,
    ) -> Result<(Array2<f32>, Option<Array1<f32>>), ModelError> {
        let (mut all, mut newline): (Option<Array2<f32>>, _) = (None, None);
        for tile in view.pixels.axis_chunks_iter(Axis(0), 1) {
            let features;
            (features, newline) = self.features_of(&tile.to_owned(), control)?;
            match &mut all {
                None => all = Some(features),
                Some(all) => {
                    all.append(Axis(0), features.view()).map_err(|error| ModelError::new(error.to_string()))?;
                }
            }
        }
        all.map(|all| (all, newline)).ok_or_else(|| ModelError::new("a view has no tile"))
    }

    fn features_of(
        &self,
        tile: &Array4<f32>,
        control: &RunControl,
    ) -> Result<(Array2<f32>, Option<Array1<f32>>), ModelError> {
        let signature = self.vision_encoder.signature();
        let input = |name: &str| signature.inputs.iter().find(|input| input.name == name);
        let (_, channels, height, width) = tile.dim();
        let nested = input(PIXELS).is_some_and(|input| input.dims.len() == 5);
        let shape: &[usize] = if nested { &[1, 1, channels, height, width] } else { &[1, channels, height, width] };
        let wrong = |error: ndarray::ShapeError| ModelError::new(error.to_string());
        let pixels = tile.view().into_shape_with_order(IxDyn(shape)).map_err(wrong)?;
        let mask_shape: &[usize] = if nested { &[1, 1, height, width] } else { &[1, height, width] };
        let flags = ArrayD::from_elem(IxDyn(mask_shape), true);
        let ones = ArrayD::from_elem(IxDyn(mask_shape), 1_i64);
        let mut inputs = vec![(PIXELS, Input::F32(pixels))];
        match input(MASK).map(|input| input.element) {
            None => {}
            Some(ElementType::Bool) => inputs.push((MASK, Input::Bool(flags.view()))),
            Some(_) => inputs.push((MASK, Input::I64(ones.view()))),
        }
        let mut features = None;
        self.vision_encoder.run(&inputs, control, &mut |outputs| {
            let named = signature.outputs.iter().position(|output| output.name == "image_features");
            let values = outputs.f32_at(named.unwrap_or_default())?;
            let shape = values.shape().to_vec();
            let Some((width, counts)) = shape.split_last().filter(|(_, counts)| !counts.is_empty()) else {
                return Err(ModelError::new(format!(
                    "image_features have the shape {shape:?}, expected [.., count, width]"
                )));
            };
            let rows: usize = counts.iter().product();
            let newline = self.gives_newline().then(|| outputs.f32(NEWLINE)).transpose()?;
            let newline = newline.map(|newline| newline.iter().copied().collect());
            features = Some((values.to_owned().into_shape_with_order((rows, *width)).map_err(wrong)?, newline));
            Ok(())
        })?;
        features.ok_or_else(|| ModelError::new("the vision encoder gave nothing"))
    }
}
