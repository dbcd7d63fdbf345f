//! A classifier of fixed classes: one picture in, one score a class out (ImageNet models of timm, torchvision, transformers;
//! Ultralytics `-cls`).

use image::RgbImage;
use ndarray::{Array4, Axis};
use serde_json::{Value, json};

use crate::{
    image::Processor,
    onnx::{Dim, Input, LoadedModel, ModelError, RunControl, Signature, TensorInfo},
    store::{Installed, ModelFacts},
    tool::ToolError,
    vision::{beside, detect::parse_names, embed::softmax},
};

/// A classifier ready to be fed.
pub(super) struct Classifier {
    processor: Processor,
    labels: Vec<String>,
}

/// The picture that goes in; the error says why a signature is no classifier's.
pub(in crate::vision) fn picture(signature: &Signature) -> Result<&TensorInfo, String> {
    let [input] = signature.inputs.as_slice() else {
        return Err(format!("it has {} inputs, expected one picture", signature.inputs.len()));
    };
    if !matches!(input.dims.as_slice(), [_, Dim::Fixed(3) | Dim::Free(_), _, _]) {
        return Err("its input is no picture [batch, 3, height, width]".into());
    }
    let [output] = signature.outputs.as_slice() else {
        return Err(format!("it has {} outputs, expected one [batch, classes]", signature.outputs.len()));
    };
    // A row of values under these names is no row of classes.
    let embedding = ["image_embeds", "pooler_output"].contains(&output.name.as_str()) || output.name.contains("embed");
    match output.dims.as_slice() {
        [_, Dim::Fixed(0..=2)] => Err("its output is no row of three or more classes".into()),
        [_, _] if !embedding => Ok(input),
        _ => Err("its output is not [batch, classes]".into()),
    }
}

impl Classifier {
    pub(super) fn of(model: &LoadedModel, installed: &Installed) -> Result<Self, ToolError> {
        let signature = model.model.signature();
        let input = picture(signature).map_err(|why| {
            ToolError::internal(format!("{} is no classifier: {why}. It has {}", model.id, signature.describe()))
        })?;
        let processor = match installed.beside("preprocessor_config.json") {
            Some(_) => beside::processor(installed, input)?,
            None => usual(signature, &model.facts, input)
                .map_err(|why| ToolError::internal(format!("{}: {why}", model.id)))?,
        };
        let config = beside::json(installed, "config.json")?;
        Ok(Self { processor, labels: labels(&model.facts, signature, config.as_ref()) })
    }

    /// The input f32 `[1, 3, height, width]` of a picture.
    pub(super) fn pixels(&self, image: &RgbImage) -> Array4<f32> {
        self.processor.apply(image)
    }

    /// The probability of each class for each picture of a batch f32 `[count, 3, height, width]`, most likely first. Blocking.
    pub(super) fn run(
        &self,
        model: &LoadedModel,
        pixels: &Array4<f32>,
        control: &RunControl,
    ) -> Result<Vec<Vec<(String, f32)>>, ToolError> {
        let name = model.model.signature().inputs.first().map(|input| input.name.as_str()).unwrap_or_default();
        let count = pixels.len_of(Axis(0));
        let mut rows: Vec<Vec<f32>> = Vec::new();
        model.model.run(&[(name, Input::F32(pixels.view().into_dyn()))], control, &mut |outputs| {
            let values = outputs.f32_at(0)?;
            let shape = values.shape();
            if shape.first() != Some(&count) {
                return Err(ModelError::new(format!(
                    "the classes have the shape {shape:?}, expected [{count}, classes]"
                )));
            }
            rows = values.outer_iter().map(|row| row.iter().copied().collect()).collect();
            Ok(())
        })?;
        rows.into_iter().map(|values| self.named(model, values)).collect()
    }

    fn named(&self, model: &LoadedModel, values: Vec<f32>) -> Result<Vec<(String, f32)>, ToolError> {
        if !self.labels.is_empty() && self.labels.len() != values.len() {
            return Err(ToolError::internal(format!(
                "{} answers {} classes but has {} class names; give all of them as labels",
                model.id,
                values.len(),
                self.labels.len()
            )));
        }
        let name = |index: usize| self.labels.get(index).cloned().unwrap_or_else(|| format!("class-{index}"));
        let mut found: Vec<(String, f32)> =
            probabilities(values).into_iter().enumerate().map(|(index, score)| (name(index), score)).collect();
        found.sort_by(|a, b| b.1.total_cmp(&a.1));
        Ok(found)
    }
}

/// Logits as probabilities; what sums to 1 is taken for those already.
fn probabilities(values: Vec<f32>) -> Vec<f32> {
    let done =
        values.iter().all(|value| (0.0..=1.0).contains(value)) && (values.iter().sum::<f32>() - 1.0).abs() < 0.01;
    if done { values } else { softmax(&values) }
}

/// The class names: the config's, the graph's metadata (`names`), or those of `config.json`.
fn labels(facts: &ModelFacts, signature: &Signature, config: Option<&Value>) -> Vec<String> {
    if !facts.labels.is_empty() {
        return facts.labels.clone();
    }
    if let Some(names) = signature.metadata.get("names").and_then(|text| parse_names(text)) {
        return names;
    }
    let Some(names) = config.and_then(|config| config["id2label"].as_object()) else { return Vec::new() };
    let name = |index: usize| names.get(&index.to_string()).and_then(Value::as_str).map(str::to_owned);
    (0..names.len()).map_while(name).collect()
}

/// Where there is no `preprocessor_config.json`: the short side and the middle, ImageNet's mean and deviation unless the facts
/// say something else. Ultralytics takes the whole short side and plain values in 0..=1.
fn usual(signature: &Signature, facts: &ModelFacts, input: &TensorInfo) -> Result<Processor, String> {
    let ultralytics = signature.metadata.get("task").is_some_and(|task| task == "classify");
    let declared = match input.dims.get(2) {
        Some(Dim::Fixed(size)) => u32::try_from(*size).ok(),
        _ => None,
    };
    let side = facts.size.or(declared).unwrap_or(224);
    let (mean, std) = if ultralytics { ([0.0; 3], [1.0; 3]) } else { ([0.485, 0.456, 0.406], [0.229, 0.224, 0.225]) };
    // torchvision and most of timm crop 224 of 256.
    let shortest = if ultralytics { side } else { (f64::from(side) / 0.875).round() as u32 };
    let config = json!({
        "size": {"shortest_edge": shortest},
        "do_center_crop": true,
        "crop_size": {"height": side, "width": side},
        "rescale_factor": facts.scale.unwrap_or(1.0 / 255.0),
        "image_mean": facts.mean.unwrap_or(mean),
        "image_std": facts.std.unwrap_or(std),
        "do_flip_channel_order": facts.channels == Some(crate::store::Channels::Bgr),
    });
    Processor::from_json(&config.to_string()).map(|processor| beside::fitted(processor, input))
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failed set-up fails the test")]
mod tests {
    use std::path::PathBuf;

    use image::Rgb;
    use indexmap::IndexMap;
    use ndarray::{Array, IxDyn};

    use super::*;
    use crate::onnx::{
        ElementType,
        fake::{FakeModel, FakeOutput, tensor},
    };

    fn signature(input: &[usize], output: (&str, &[usize]), metadata: &[(&str, &str)]) -> Signature {
        Signature {
            inputs: vec![tensor("input", ElementType::F32, input)],
            outputs: vec![tensor(output.0, ElementType::F32, output.1)],
            metadata: metadata.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect(),
        }
    }

    fn installed() -> Installed {
        let facts = ModelFacts::default();
        Installed {
            id: "it".into(),
            role: "classify".into(),
            dir: PathBuf::new(),
            files: IndexMap::new(),
            facts,
            licence: None,
        }
    }

    /// Answers the mean of each channel of the input.
    fn means(signature: Signature, facts: ModelFacts) -> LoadedModel {
        FakeModel::loaded(signature, facts, |input| {
            let side = input.shape()[2] * input.shape()[3];
            let sums = input.sum_axis(ndarray::Axis(3)).sum_axis(ndarray::Axis(2));
            let row: Vec<f32> = sums.iter().map(|sum| sum / side as f32).collect();
            vec![("output0", FakeOutput::F32(Array::from_shape_vec(IxDyn(&[1, 3]), row).unwrap()))]
        })
    }

    #[test]
    fn the_likeliest_class_comes_first() {
        let names = [("names", "{0: 'red', 1: 'green', 2: 'blue'}"), ("task", "classify")];
        let model = means(signature(&[1, 3, 32, 32], ("output0", &[1, 3]), &names), ModelFacts::default());
        let classifier = Classifier::of(&model, &installed()).unwrap();
        let image = RgbImage::from_pixel(64, 40, Rgb([0, 255, 51]));
        let found = classifier.run(&model, &classifier.pixels(&image), &RunControl::new()).unwrap().remove(0);
        let order: Vec<&str> = found.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(order, ["green", "blue", "red"]);
        // The softmax of 1, 0.2 and 0.
        let sum = 1f32.exp() + 0.2f32.exp() + 1.0;
        assert!((found[0].1 - 1f32.exp() / sum).abs() < 1e-5, "{found:?}");
    }

    #[test]
    fn probabilities_are_not_made_so_twice() {
        assert_eq!(probabilities(vec![0.25, 0.75]), [0.25, 0.75]);
        assert!((probabilities(vec![2.0, 2.0])[0] - 0.5).abs() < 1e-6);
    }

    #[test]
    fn names_come_from_the_facts_the_graph_or_the_config() {
        let plain = signature(&[1, 3, 0, 0], ("logits", &[1, 0]), &[]);
        let config = json!({"id2label": {"0": "tench", "10": "k", "1": "goldfish"}});
        assert_eq!(labels(&ModelFacts::default(), &plain, Some(&config)), ["tench", "goldfish"]);
        let facts = ModelFacts { labels: vec!["own".into()], ..ModelFacts::default() };
        assert_eq!(labels(&facts, &plain, Some(&config)), ["own"]);
        let model = means(signature(&[1, 3, 8, 8], ("logits", &[1, 3]), &[]), facts);
        let classifier = Classifier::of(&model, &installed()).unwrap();
        let pixels = classifier.pixels(&RgbImage::new(8, 8));
        let error = classifier.run(&model, &pixels, &RunControl::new()).unwrap_err();
        assert!(error.message.contains("answers 3 classes but has 1 class names"), "{error}");
    }

    #[test]
    fn other_graphs_are_refused_with_what_they_have() {
        for (input, output, why) in [
            (vec![1, 3, 8, 8], ("image_embeds", vec![1, 512]), "not [batch, classes]"),
            (vec![1, 3, 48, 192], ("out", vec![1, 2]), "three or more classes"),
            (vec![1, 8, 8, 3], ("logits", vec![1, 1000]), "no picture"),
            (vec![1, 3, 8, 8], ("output0", vec![1, 84, 8400]), "not [batch, classes]"),
        ] {
            let model = means(signature(&input, (output.0, &output.1), &[]), ModelFacts::default());
            let error = Classifier::of(&model, &installed()).err().unwrap();
            assert!(error.message.contains(why) && error.message.contains("inputs: input F32"), "{error}");
        }
    }
}
