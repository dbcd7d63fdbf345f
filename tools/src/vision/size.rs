//! `size`: how large an object or an image is, and which of two is larger.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{
    extent::{Extent, extent, larger, size},
    target::{image_of, region_of},
};
use crate::tool::{Effects, Example, ImageArg, RegionArg, Scene, Tool, ToolCx, ToolError};

/// Tells how large things are.
pub struct Size;

/// Arguments of [`Size`].
#[derive(Debug, Deserialize, JsonSchema)]
pub struct SizeInput {
    /// the object; left out: the whole image
    #[serde(default)]
    of: Option<RegionArg>,
    /// another object: which of them is larger
    #[serde(default)]
    than: Option<RegionArg>,
    #[serde(default)]
    image: ImageArg,
}

/// Result of [`Size`].
#[derive(Debug, JsonSchema, Serialize)]
pub struct SizeOutput {
    /// The object or the image.
    pub of: Extent,
    /// The other one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub than: Option<Extent>,
    /// All of it in words.
    pub words: String,
}

impl Tool for Size {
    type Input = SizeInput;
    type Output = SizeOutput;
    const NAME: &'static str = "size";
    const EFFECTS: Effects = Effects::COMPUTES;
    const SUMMARY: &'static str = "width and height in pixels of an object or of the image, or which of two is larger";

    fn examples() -> Vec<Example> {
        vec![
            Example {
                task: "How large is the picture?",
                input: json!({"image": "img-1"}),
                output: json!({
                    "of": {"name": "img-1", "box": [0.0, 0.0, 640.0, 480.0], "width": 640.0, "height": 480.0,
                        "area_fraction": 1.0, "position": "whole image"},
                    "words": "img-1 is 640 x 480 pixels."
                }),
            },
            Example {
                task: "How wide is the car?",
                input: json!({"of": "img-1/car-1"}),
                output: json!({
                    "of": {"name": "img-1/car-1", "box": [100.0, 200.0, 300.0, 320.0], "width": 200.0, "height": 120.0,
                        "area_fraction": 0.078, "position": "left"},
                    "words": "img-1/car-1 is 200 x 120 pixels, 8 % of the image."
                }),
            },
        ]
    }

    async fn call(&self, input: SizeInput, cx: &ToolCx) -> Result<SizeOutput, ToolError> {
        let named: Vec<&RegionArg> = input.of.iter().chain(&input.than).collect();
        let entry = image_of(cx, &input.image, &named)?;
        let whole = RegionArg::Name(entry.handle.clone());
        let of = extent(&region_of(cx, &entry, input.of.as_ref().unwrap_or(&whole))?, &entry);
        let Some(than) = &input.than else {
            let words = size(&of);
            return Ok(SizeOutput { of, than: None, words });
        };
        let than = extent(&region_of(cx, &entry, than)?, &entry);
        let words = [size(&of), size(&than), larger(&of, &than)].join(" ");
        Ok(SizeOutput { of, than: Some(than), words })
    }

    fn narrow(schema: Value, scene: &Scene) -> Option<Value> {
        // The prompt gives the size of an image with its handle.
        if scene.regions.is_empty() { None } else { scene.narrow(schema) }
    }

    fn render(output: &SizeOutput) -> String {
        output.words.clone()
    }
}
