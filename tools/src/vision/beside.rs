//! What lies beside the graphs of a model in the hub's layout: settings and tokenizer.

use std::path::Path;

use image::RgbImage;
use serde_json::Value;

use crate::{
    image::Processor,
    onnx::{Dim, TensorInfo},
    store::Installed,
    tool::ToolError,
};

/// The file of that name, which the model cannot do without.
pub(super) fn needed<'a>(installed: &'a Installed, name: &str) -> Result<&'a Path, ToolError> {
    installed.beside(name).ok_or_else(|| {
        let names: Vec<&str> = installed.files.keys().map(String::as_str).collect();
        ToolError::model_unavailable(format!("{} has no {name}, only {}", installed.id, names.join(", ")))
            .with_hint("name the folder that has it beside the graph as the model's `file`")
    })
}

/// A JSON file, if it is there.
pub(super) fn json(installed: &Installed, name: &str) -> Result<Option<Value>, ToolError> {
    let Some(path) = installed.beside(name) else { return Ok(None) };
    let wrong = |error: String| ToolError::internal(format!("{} of {}: {error}", name, installed.id));
    let text = fs_err::read_to_string(path).map_err(|error| wrong(error.to_string()))?;
    serde_json::from_str(&text).map(Some).map_err(|error| wrong(error.to_string()))
}

/// The steps of `preprocessor_config.json`; where the graph takes one size only, that size.
pub(super) fn processor(installed: &Installed, picture: &TensorInfo) -> Result<Processor, ToolError> {
    let file = needed(installed, "preprocessor_config.json")?;
    let text = fs_err::read_to_string(file).map_err(|error| ToolError::internal(error.to_string()))?;
    let processor =
        Processor::from_json(&text).map_err(|why| ToolError::internal(format!("{}: {why}", installed.id)))?;
    Ok(fitted(processor, picture))
}

/// The steps, brought to the size that the graph declares if that is another than theirs.
pub(super) fn fitted(processor: Processor, picture: &TensorInfo) -> Processor {
    match picture.dims.as_slice() {
        [_, _, Dim::Fixed(height), Dim::Fixed(width)] => {
            let probe = processor.apply(&RgbImage::new(64, 48));
            if probe.shape()[2..] == [*height, *width] {
                processor
            } else {
                processor.stretched(*width as u32, *height as u32)
            }
        }
        _ => processor,
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failed set-up fails the test")]
mod tests {
    use std::path::PathBuf;

    use super::*;
    use crate::{
        onnx::{ElementType, fake::tensor},
        store::ModelFacts,
    };

    fn installed(names: &[&str]) -> Installed {
        Installed {
            id: "it".into(),
            role: "embed".into(),
            dir: PathBuf::new(),
            files: names.iter().map(|name| ((*name).to_owned(), PathBuf::from(name))).collect(),
            facts: ModelFacts::default(),
            licence: None,
        }
    }

    #[test]
    fn what_is_missing_is_named_with_what_there_is() {
        let error = needed(&installed(&["clip.onnx"]), "tokenizer.json").unwrap_err();
        assert_eq!(error.message, "it has no tokenizer.json, only clip.onnx");
        assert!(needed(&installed(&["a/tokenizer.json"]), "tokenizer.json").is_ok());
    }

    #[test]
    fn a_graph_of_one_size_gets_that_size() {
        let square = || Processor::from_json(r#"{"size": 32}"#).unwrap();
        let picture = RgbImage::new(50, 20);
        for (dims, expected) in [([1, 3, 0, 0], [32, 32]), ([1, 3, 32, 32], [32, 32]), ([1, 3, 24, 40], [24, 40])] {
            let fitted = fitted(square(), &tensor("pixel_values", ElementType::F32, &dims));
            assert_eq!(fitted.apply(&picture).shape()[2..], expected);
        }
    }
}
