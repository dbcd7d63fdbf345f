//! Argument types that forgive what models really write, and errors that say what would be right.

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, de::DeserializeOwned};
use serde_json::Value;

use super::{ToolError, ToolSpec};

/// The image a tool works on: a handle (`img-1`). Left out, it is the image that entered last.
#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
#[serde(transparent)]
pub struct ImageArg(pub Option<String>);

impl ImageArg {
    /// What its schema says, by which an argument for an image is told from one of that name for something else.
    pub const DESCRIPTION: &str = "handle of the image, such as img-1";
}

impl JsonSchema for ImageArg {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "ImageArg".into()
    }
    fn inline_schema() -> bool {
        true
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "description": Self::DESCRIPTION })
    }
}

/// Texts as models write them.
#[derive(Deserialize)]
#[serde(untagged)]
enum Texts {
    One(String),
    Many(Vec<String>),
    None(()),
}

impl Texts {
    /// Reads them; `such_as` is shown where they are none.
    fn read<'de, D: Deserializer<'de>>(deserializer: D, such_as: &str) -> Result<Self, D::Error> {
        Self::deserialize(deserializer)
            .map_err(|_| serde::de::Error::custom(format!("expected a list of texts such as {such_as}")))
    }
}

/// A list of short texts. One text, or several with commas, is taken for a list too.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TextList(pub Vec<String>);

impl<'de> Deserialize<'de> for TextList {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let parts = match Texts::read(deserializer, "[\"cup\", \"spoon\"]")? {
            Texts::One(text) => text.split(',').map(str::to_owned).collect(),
            Texts::Many(texts) => texts,
            Texts::None(()) => Vec::new(),
        };
        Ok(Self(parts.into_iter().map(|part| part.trim().to_owned()).filter(|part| !part.is_empty()).collect()))
    }
}

impl JsonSchema for TextList {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "TextList".into()
    }
    fn inline_schema() -> bool {
        true
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "array", "items": { "type": "string" } })
    }
}

/// A list of sentences, which may have commas. One alone is a list too.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Sentences(pub Vec<String>);

impl<'de> Deserialize<'de> for Sentences {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = Texts::read(deserializer, "[\"a red bus\", \"two people\"]")?;
        Ok(Self(match raw {
            // A list inside a string, as some models write it.
            Texts::One(text) => serde_json::from_str(&text).unwrap_or_else(|_| vec![text]),
            Texts::Many(texts) => texts,
            Texts::None(()) => Vec::new(),
        }))
    }
}

impl JsonSchema for Sentences {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Sentences".into()
    }
    fn inline_schema() -> bool {
        true
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "array", "items": { "type": "string" } })
    }
}

/// Parses a model's arguments; the error names the argument and lists what the tool takes.
pub(super) fn parse<T: DeserializeOwned>(args: Value, spec: &ToolSpec) -> Result<T, ToolError> {
    let args = match args {
        Value::Null => Value::Object(serde_json::Map::new()),
        // A JSON object inside a string, as some models write it.
        Value::String(text) => serde_json::from_str(&text).unwrap_or(Value::String(text)),
        other => other,
    };
    if let Value::Object(given) = &args {
        let known: Vec<String> = spec.arguments().into_iter().map(|argument| argument.name).collect();
        if let Some(unknown) = given.keys().find(|name| !known.contains(name)) {
            return Err(ToolError::invalid_input(format!(
                "{} has no argument \"{unknown}\". {}",
                spec.name,
                usage(spec)
            )));
        }
    }
    serde_json::from_value(args).map_err(|error| {
        ToolError::invalid_input(format!("wrong arguments for {}: {error}. {}", spec.name, usage(spec)))
    })
}

/// `It takes: city (string), days (integer, optional).`
pub(super) fn usage(spec: &ToolSpec) -> String {
    let arguments: Vec<String> = spec
        .arguments()
        .iter()
        .map(|argument| {
            let optional = if argument.required { "" } else { ", optional" };
            format!("{} ({}{optional})", argument.name, argument.kind)
        })
        .collect();
    if arguments.is_empty() { "It takes no arguments.".into() } else { format!("It takes: {}.", arguments.join(", ")) }
}
