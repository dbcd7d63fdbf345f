//! Running a depth estimator: Depth Anything, DPT and others with `pixel_values` to `predicted_depth`.

use image::RgbImage;
use ndarray::{Array4, ArrayView4};

use super::map::DepthMap;
use crate::{
    image::Processor,
    onnx::{Dim, Input, LoadedModel, ModelError, RunControl, Signature},
    store::ModelFacts,
    tool::ToolError,
    vision::input::plane,
};

/// How a depth estimator is fed and read. Source: transformers' `DPTImageProcessor`, which Depth Anything uses too.
#[derive(Clone, Debug, PartialEq)]
pub struct DepthEstimator {
    processor: Processor,
    input: String,
    /// Distances instead of their inverse: what is near is small.
    metric: bool,
}

impl DepthEstimator {
    /// From the graph, the text of its `preprocessor_config.json` (without one, Depth Anything's settings and the model's
    /// facts hold) and of its `config.json`, which says whether depths are distances.
    pub fn of(model: &LoadedModel, preprocessor: Option<&str>, config: Option<&str>) -> Result<Self, ToolError> {
        let signature = model.model.signature();
        let refuse = |why: String| {
            ToolError::internal(format!(
                "{} is no depth estimator that is known here: {why}. It has {}",
                model.id,
                signature.describe()
            ))
            .with_hint("known are Depth Anything, DPT and others that make predicted_depth [1, height, width]")
        };
        let input = read(signature).map_err(&refuse)?;
        let settings = preprocessor.map_or_else(|| usual(&model.facts), str::to_owned);
        let mut processor = Processor::from_json(&settings).map_err(refuse)?;
        if let [_, _, Dim::Fixed(height), Dim::Fixed(width)] = input.1 {
            processor = processor.stretched(*width as u32, *height as u32);
        }
        let config: serde_json::Value =
            config.and_then(|text| serde_json::from_str(text).ok()).unwrap_or(serde_json::Value::Null);
        let metric =
            config["depth_estimation_type"] == "metric" || model.facts.family.as_deref() == Some("metric-depth");
        Ok(Self { processor, input: input.0.to_owned(), metric })
    }

    /// The input tensor f32 `[1, 3, height, width]`.
    pub fn pixels(&self, image: &RgbImage) -> Array4<f32> {
        self.processor.apply(image)
    }

    /// The depth map at the graph's own size; larger is nearer. Blocking.
    pub fn run(
        &self,
        model: &LoadedModel,
        pixels: &ArrayView4<'_, f32>,
        control: &RunControl,
    ) -> Result<DepthMap, ToolError> {
        let mut map = DepthMap::default();
        model.model.run(&[(&self.input, Input::F32(pixels.view().into_dyn()))], control, &mut |outputs| {
            let output = outputs.f32("predicted_depth").or_else(|_| outputs.f32_at(0))?;
            let plane = plane(output, "depth map", "[1, height, width]")?;
            if plane.is_empty() || plane.iter().any(|value| !value.is_finite()) {
                return Err(ModelError::new("the depth map is empty or holds numbers that are not finite"));
            }
            // The inverse of a distance, so that larger is nearer here as well; half a millimetre is no distance.
            let nearness = |value: f32| if self.metric { 1.0 / value.max(5e-4) } else { value };
            map = DepthMap {
                width: plane.ncols() as u32,
                height: plane.nrows() as u32,
                values: plane.iter().map(|value| nearness(*value)).collect(),
            };
            Ok(())
        })?;
        Ok(map)
    }

    /// From a picture to its depth map at the picture's size. Blocking.
    pub fn estimate(
        &self,
        model: &LoadedModel,
        image: &RgbImage,
        control: &RunControl,
    ) -> Result<(DepthMap, DepthMap), ToolError> {
        let own = self.run(model, &self.pixels(image).view(), control)?;
        control.check()?;
        let whole = own.resized(image.width(), image.height());
        Ok((own, whole))
    }
}

/// The name and dims of the picture that goes in, or why it is no depth estimator.
pub(super) fn read(signature: &Signature) -> Result<(&str, &[Dim]), String> {
    let [input] = signature.inputs.as_slice() else {
        return Err(format!("it has {} inputs, expected one picture", signature.inputs.len()));
    };
    if !matches!(input.dims.as_slice(), [_, Dim::Fixed(3) | Dim::Free(_), _, _]) {
        return Err("its input is no picture [batch, 3, height, width]".into());
    }
    let is_map = |dims: &[Dim]| match dims {
        [_, _, _] => true,
        [_, channels, _, _] => matches!(channels, Dim::Fixed(1) | Dim::Free(_)),
        _ => false,
    };
    let named = signature.outputs.iter().find(|output| output.name == "predicted_depth");
    let only = signature.outputs.first().filter(|_| signature.outputs.len() == 1);
    match named.or(only) {
        Some(output) if is_map(&output.dims) => Ok((&input.name, &input.dims)),
        _ => Err("it makes no map predicted_depth [batch, height, width]".into()),
    }
}

/// Depth Anything's settings, with the model's own facts before them.
fn usual(facts: &ModelFacts) -> String {
    let size = facts.size.unwrap_or(518);
    serde_json::json!({
        "size": {"height": size, "width": size},
        "keep_aspect_ratio": facts.resize.is_none(),
        "ensure_multiple_of": 14,
        "resample": 3,
        "rescale_factor": facts.scale.unwrap_or(1.0 / 255.0),
        "image_mean": facts.mean.unwrap_or([0.485, 0.456, 0.406]),
        "image_std": facts.std.unwrap_or([0.229, 0.224, 0.225]),
    })
    .to_string()
}
