//! The region that an argument names.

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer};

use crate::geom::BBox;

/// A region of an image: a handle (`img-1/bus-1`), a label (`bus`: its most certain object), the text of a line, a part
/// (`left half`), or a box `[x1, y1, x2, y2]` in pixels.
#[derive(Clone, Debug, PartialEq)]
pub enum RegionArg {
    /// A region handle, a label, the text of a line, or a part such as `left half`.
    Name(String),
    /// A box in pixels of the image.
    Box(BBox),
}

impl<'de> Deserialize<'de> for RegionArg {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Raw {
            Name(String),
            Box([f32; 4]),
        }
        let wrong = "a region is a handle (\"img-1/cup-1\"), a label (\"cup\"), a line of text, a part (\"left half\") or a box [x1, y1, x2, y2] with x1 < x2 and y1 < y2";
        match Raw::deserialize(deserializer) {
            Ok(Raw::Name(name)) => match box_in_text(&name) {
                Some(corners) => {
                    BBox::from_corners(corners).map(Self::Box).ok_or_else(|| serde::de::Error::custom(wrong))
                }
                None => Ok(Self::Name(name)),
            },
            Ok(Raw::Box(corners)) => {
                BBox::from_corners(corners).map(Self::Box).ok_or_else(|| serde::de::Error::custom(wrong))
            }
            Err(_) => Err(serde::de::Error::custom(wrong)),
        }
    }
}

/// `"[10, 20, 30, 40]"` or `"10,20,30,40"`: models often put a box into quotes.
fn box_in_text(text: &str) -> Option<[f32; 4]> {
    let numbers: Vec<f32> = text
        .trim()
        .trim_matches(['[', ']', '(', ')'])
        .split(',')
        .map(|n| n.trim().parse().ok())
        .collect::<Option<_>>()?;
    numbers.try_into().ok()
}

impl JsonSchema for RegionArg {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "RegionArg".into()
    }
    fn inline_schema() -> bool {
        true
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "region handle (img-1/cup-1), label (cup), line of text, part (left half) or box [x1, y1, x2, y2]",
            "anyOf": [
                { "type": "string" },
                { "type": "array", "items": { "type": "number" }, "minItems": 4, "maxItems": 4 }
            ]
        })
    }
}
