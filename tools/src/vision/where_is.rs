//! `where`: where an object is, and how it lies to another.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{
    extent::{Extent, Relation, direction_and_distance, extent, place, relate},
    target::{image_of, region_of},
};
use crate::tool::{Effects, Example, ImageArg, RegionArg, Scene, Tool, ToolCx, ToolError};

/// Tells where things are.
pub struct Where;

/// Arguments of [`Where`].
#[derive(Debug, Deserialize, JsonSchema)]
pub struct WhereInput {
    /// the object
    what: RegionArg,
    /// another object: which way the first lies from it, and how far
    #[serde(default)]
    than: Option<RegionArg>,
    #[serde(default)]
    image: ImageArg,
}

/// Result of [`Where`].
#[derive(Debug, JsonSchema, Serialize)]
pub struct WhereOutput {
    /// The object.
    pub what: Extent,
    /// The other one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub than: Option<Extent>,
    /// How the first lies to the other.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub relation: Option<Relation>,
    /// All of it in words.
    pub words: String,
}

impl Tool for Where {
    type Input = WhereInput;
    type Output = WhereOutput;
    const NAME: &'static str = "where";
    const EFFECTS: Effects = Effects::COMPUTES;
    const SUMMARY: &'static str =
        "where an object is, or how it lies to another one: left, right, above, below, inside, how far";

    fn examples() -> Vec<Example> {
        vec![
            Example {
                task: "Is the cup left of the spoon, and how far apart are they?",
                input: json!({"what": "img-1/cup-1", "than": "img-1/spoon-1"}),
                output: json!({
                    "what": {"name": "img-1/cup-1", "box": [100.0, 80.0, 220.0, 200.0], "width": 120.0, "height": 120.0,
                        "area_fraction": 0.06, "position": "left"},
                    "than": {"name": "img-1/spoon-1", "box": [300.0, 90.0, 460.0, 130.0], "width": 160.0, "height": 40.0,
                        "area_fraction": 0.03, "position": "center"},
                    "relation": {"direction": "left", "center_distance": 222.0, "gap": 80.0, "iou": 0.0, "covered": 0.0,
                        "area_ratio": 2.25},
                    "words": "img-1/cup-1 is left of img-1/spoon-1. Their centers are 222 pixels apart, with a gap of 80 pixels."
                }),
            },
            Example {
                task: "Where is the dog?",
                input: json!({"what": "img-1/dog-1"}),
                output: json!({
                    "what": {"name": "img-1/dog-1", "box": [12.0, 40.0, 210.0, 300.0], "width": 198.0, "height": 260.0,
                        "area_fraction": 0.17, "position": "left"},
                    "words": "img-1/dog-1 is at the left of the image, its center at (111, 170)."
                }),
            },
        ]
    }

    async fn call(&self, input: WhereInput, cx: &ToolCx) -> Result<WhereOutput, ToolError> {
        let named: Vec<&RegionArg> = std::iter::once(&input.what).chain(&input.than).collect();
        let entry = image_of(cx, &input.image, &named)?;
        let what = extent(&region_of(cx, &entry, &input.what)?, &entry);
        let Some(than) = &input.than else {
            let words = place(&what);
            return Ok(WhereOutput { what, than: None, relation: None, words });
        };
        let than = extent(&region_of(cx, &entry, than)?, &entry);
        let relation = relate(&what.bbox, &than.bbox);
        let words = direction_and_distance(&what, &than, &relation);
        Ok(WhereOutput { what, than: Some(than), relation: Some(relation), words })
    }

    fn narrow(schema: Value, scene: &Scene) -> Option<Value> {
        if scene.regions.is_empty() { None } else { scene.narrow(schema) }
    }

    fn render(output: &WhereOutput) -> String {
        output.words.clone()
    }
}
