//! A workflow as data: what a YAML file says, and what the builder makes.

use std::time::Duration;

use indexmap::IndexMap;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

use crate::language::step::Step;

/// Steps by id, in the order in which they are written.
pub type Steps = IndexMap<String, Step>;

/// A workflow: typed inputs, steps that use one another's results, and outputs.
///
/// Order comes from data: a step runs once all steps that it refers to are done, steps that do not depend on one another run at
/// the same time. Values may hold templates: `{{ inputs.image }}`, `{{ steps.found.counts.cup }}`; a value that is nothing but one
/// `{{ ... }}` keeps its type.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Definition {
    /// What it is called: letters, digits, `_` and `-`.
    #[schemars(regex(pattern = Self::NAME))]
    pub name: String,
    /// What it does, in a sentence.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// The version of the file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<Version>,
    /// What it needs, by name.
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    pub inputs: IndexMap<String, InputSpec>,
    /// What it does, by id: letters, digits and `_`.
    pub steps: Steps,
    /// What it gives, by name: values with templates. Left out: the output of the last step, as `result`.
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    pub outputs: IndexMap<String, Value>,
}

impl Definition {
    /// The pattern of a workflow's name.
    pub const NAME: &'static str = r"^[A-Za-z][A-Za-z0-9_-]*$";
}

/// A version: a number or a text.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Version {
    /// `1`
    Number(f64),
    /// `1.2.0`
    Text(String),
}

/// An input: its type alone, or with more about it.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(untagged)]
pub enum InputSpec {
    /// `image: image`
    Short(InputType),
    /// `image: {type: image, description: the photo}`
    Full(Box<Input>),
}

impl InputSpec {
    /// All that is known of the input.
    pub fn input(&self) -> Input {
        match self {
            Self::Short(kind) => Input { kind: *kind, ..Input::default() },
            Self::Full(input) => (**input).clone(),
        }
    }
}

/// What kind of value an input takes.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum InputType {
    /// A picture or clip: a path, an address or `sample:NAME`.
    Image,
    /// Several pictures; a text with `*` is a pattern of paths.
    Images,
    /// A text.
    #[default]
    Text,
    /// A number.
    Number,
    /// `true` or `false`.
    Bool,
    /// One of `values`.
    Enum,
    /// The path of a file, whose content is read as text; `shipped:NAME` is one that comes with the workflows.
    File,
    /// Any JSON.
    Json,
}

impl InputType {
    /// As it is written.
    pub fn name(self) -> &'static str {
        match self {
            Self::Image => "image",
            Self::Images => "images",
            Self::Text => "text",
            Self::Number => "number",
            Self::Bool => "bool",
            Self::Enum => "enum",
            Self::File => "file",
            Self::Json => "json",
        }
    }
}

/// An input with its constraints.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Input {
    /// What kind of value it takes.
    #[serde(rename = "type")]
    pub kind: InputType,
    /// What it is for.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// The value where none is given; without it the input is needed.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "present")]
    pub default: Option<Value>,
    /// The smallest number, the shortest text (in characters), or the fewest images.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min: Option<f64>,
    /// The largest number, the longest text (in characters), or the most images.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max: Option<f64>,
    /// Whether a number must be whole.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub integer: bool,
    /// What an enum takes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub values: Vec<String>,
    /// A JSON Schema that a `json` value has to follow.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schema: Option<Value>,
}

/// `default: null` is a default, unlike none; so are `set: null` and `output: null`.
pub(crate) fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(deserializer).map(Some)
}

/// A span of time: `500ms`, `30s`, `5m`, `2h`, or a number of seconds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Period(pub Duration);

impl Period {
    /// The pattern of its text.
    pub const PATTERN: &'static str = r"^[0-9]{1,9}(\.[0-9]+)?(ms|s|m|h)$";

    fn parse(text: &str) -> Option<Self> {
        let digits = text.find(|c: char| c.is_ascii_alphabetic())?;
        let number: f64 = text[..digits].parse().ok()?;
        let unit = match &text[digits..] {
            "ms" => 0.001,
            "s" => 1.0,
            "m" => 60.0,
            "h" => 3600.0,
            _ => return None,
        };
        Duration::try_from_secs_f64(number * unit).ok().map(Self)
    }
}

impl<'de> Deserialize<'de> for Period {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(deserializer)?;
        let period = match &value {
            Value::Number(seconds) => {
                seconds.as_f64().and_then(|seconds| Duration::try_from_secs_f64(seconds).ok()).map(Self)
            }
            Value::String(text) => Self::parse(text),
            _ => None,
        };
        period.ok_or_else(|| serde::de::Error::custom(format!("{value} is no time; write 500ms, 30s, 5m or 2h")))
    }
}

impl Serialize for Period {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_f64(self.0.as_secs_f64())
    }
}

impl JsonSchema for Period {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Period".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "a time: 500ms, 30s, 5m, 2h, or a number of seconds",
            "anyOf": [{ "type": "number", "minimum": 0, "maximum": 1e12 }, { "type": "string", "pattern": Self::PATTERN }]
        })
    }
}

/// The JSON Schema of workflow files, for editors: what `workflows/schema.json` holds.
pub fn schema() -> Value {
    let settings = schemars::generate::SchemaSettings::draft2020_12();
    let mut schema = settings.into_generator().into_root_schema_for::<Definition>().to_value();
    schema["title"] = "Argus workflow".into();
    schema
}
