//! Arguments of the tool that other tools do not have.

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer};

/// What to tell apart.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq)]
#[serde(rename_all = "snake_case")]
pub enum SegmentKind {
    /// The object that stands out.
    Salient,
    /// Every pixel by its class: sky, road, wall, ...
    Semantic,
    /// Things one by one, and the rest by class.
    Panoptic,
    /// Objects one by one.
    Instance,
}

impl SegmentKind {
    /// Its name as an argument.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Salient => "salient",
            Self::Semantic => "semantic",
            Self::Panoptic => "panoptic",
            Self::Instance => "instance",
        }
    }
}

/// Points `[x, y]` in pixels: one after another in one list, each in a list of its own, or as a text. Models write all of them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Points(pub Vec<[f32; 2]>);

impl<'de> Deserialize<'de> for Points {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Raw {
            One([f32; 2]),
            Many(Vec<[f32; 2]>),
            Flat(Vec<f32>),
            Named { x: f32, y: f32 },
            Text(String),
            None(()),
        }
        let wrong = || serde::de::Error::custom("a point is [x, y] in pixels; several are [[x, y], [x, y]]");
        let points = match Raw::deserialize(deserializer).map_err(|_| wrong())? {
            Raw::One(point) => vec![point],
            Raw::Many(points) => points,
            Raw::Flat(numbers) => in_pairs(&numbers).ok_or_else(wrong)?,
            Raw::Named { x, y } => vec![[x, y]],
            Raw::Text(text) => pairs(&text).ok_or_else(wrong)?,
            Raw::None(()) => Vec::new(),
        };
        Ok(Self(points))
    }
}

/// `"120, 80"` or `"[[120, 80], [40, 20]]"`.
fn pairs(text: &str) -> Option<Vec<[f32; 2]>> {
    let plain = text.replace(['[', ']', '(', ')'], " ");
    let numbers = plain.split([',', ' ', ';']).filter(|part| !part.is_empty()).map(|part| part.parse().ok());
    let numbers: Vec<f32> = numbers.collect::<Option<_>>()?;
    in_pairs(&numbers)
}

fn in_pairs(numbers: &[f32]) -> Option<Vec<[f32; 2]>> {
    let whole = !numbers.is_empty() && numbers.len().is_multiple_of(2);
    whole.then(|| numbers.chunks_exact(2).map(|pair| [pair[0], pair[1]]).collect())
}

impl JsonSchema for Points {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Points".into()
    }
    fn inline_schema() -> bool {
        true
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "x, y of a point on the object in pixels, or of several points one after another",
            "type": "array",
            "items": { "type": "number" }
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn points_come_in_many_forms() {
        for (given, points) in [
            (json!([120, 80.5]), vec![[120.0, 80.5]]),
            (json!([[1, 2], [3, 4]]), vec![[1.0, 2.0], [3.0, 4.0]]),
            (json!([1, 2, 3, 4]), vec![[1.0, 2.0], [3.0, 4.0]]),
            (json!({"x": 5, "y": 6}), vec![[5.0, 6.0]]),
            (json!("120, 80"), vec![[120.0, 80.0]]),
            (json!("[[1, 2], [3, 4]]"), vec![[1.0, 2.0], [3.0, 4.0]]),
            (json!([]), vec![]),
            (json!(null), vec![]),
        ] {
            assert_eq!(serde_json::from_value::<Points>(given.clone()).ok(), Some(Points(points)), "{given}");
        }
        for given in [json!([1]), json!([1, 2, 3]), json!("dog"), json!("1, 2, 3"), json!(7), json!(["a", "b"])] {
            let error = serde_json::from_value::<Points>(given.clone()).err().map(|error| error.to_string());
            assert_eq!(error.as_deref(), Some("a point is [x, y] in pixels; several are [[x, y], [x, y]]"), "{given}");
        }
    }
}
