//! The arguments of a user's tool: from the short form or a JSON Schema of `argus.toml` to the schema of a [`ToolSpec`].
//!
//! [`ToolSpec`]: crate::tool::ToolSpec

use std::path::Path;

use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::tool::ImageArg;

/// The argument that is always the handle of an image.
pub(super) const IMAGE: &str = "image";

/// Types of the short form.
const TYPES: [&str; 5] = ["string", "integer", "number", "boolean", "array"];

/// One argument in the short form, when it is more than a description.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Short {
    #[serde(rename = "type")]
    kind: Option<String>,
    #[serde(default)]
    description: String,
    #[serde(default)]
    optional: bool,
    #[serde(rename = "enum")]
    options: Option<Vec<toml::Value>>,
    /// The type of an array's items.
    items: Option<String>,
}

/// The JSON Schema of the arguments, properties in the order in which they are written. The error says what is wrong and
/// what would be right.
pub(super) fn schema(arguments: &toml::Table, folder: Option<&Path>) -> Result<Value, String> {
    let given = arguments.get("schema").filter(|schema| schema.is_table());
    let file = arguments.get("schema_file");
    if given.is_none() && file.is_none() {
        return short_form(arguments);
    }
    if arguments.len() > 1 {
        return Err("mixes `schema` or `schema_file` with other arguments: use one of the forms".into());
    }
    let schema = match (given, file) {
        (Some(schema), _) => json_of(schema)?,
        (None, Some(toml::Value::String(file))) => read(file, folder)?,
        (None, _) => return Err("has a schema_file that is no text: give the path of a JSON file".into()),
    };
    checked(schema)
}

fn json_of(value: &toml::Value) -> Result<Value, String> {
    serde_json::to_value(value).map_err(|error| format!("has arguments that JSON cannot hold: {error}"))
}

fn read(file: &str, folder: Option<&Path>) -> Result<Value, String> {
    let path = folder.map_or_else(|| file.into(), |folder| folder.join(file));
    let text =
        fs_err::read_to_string(&path).map_err(|error| format!("has a schema_file that cannot be read: {error}"))?;
    serde_json::from_str(&text)
        .map_err(|error| format!("has the schema_file {}, which is no JSON: {error}", path.display()))
}

fn short_form(arguments: &toml::Table) -> Result<Value, String> {
    let (mut properties, mut required) = (Map::new(), Vec::new());
    for (name, value) in arguments {
        named(name)?;
        let short = match value {
            toml::Value::String(description) => {
                Short { kind: None, description: description.clone(), optional: false, options: None, items: None }
            }
            toml::Value::Table(table) => toml::Value::Table(table.clone())
                .try_into()
                .map_err(|error: toml::de::Error| format!("has a wrong argument `{name}`: {}", error.message()))?,
            other => {
                return Err(format!(
                    "has the argument `{name}` as {}: describe it in a text, or as {{ type = \"integer\", description = \"...\" }}",
                    other.type_str()
                ));
            }
        };
        if !short.optional && name != IMAGE {
            required.push(name.clone());
        }
        properties.insert(name.clone(), property(name, short)?);
    }
    Ok(json!({ "type": "object", "properties": properties, "required": required }))
}

fn property(name: &str, short: Short) -> Result<Value, String> {
    let kind = short.kind.as_deref();
    if name == IMAGE {
        if !matches!(kind, None | Some("image" | "string")) {
            return Err("has an argument `image` that is no image: give it another name".into());
        }
        if short.optional || short.options.is_some() || short.items.is_some() {
            return Err(
                "has an argument `image` with more than a type and a description: left out, it is the newest image"
                    .into(),
            );
        }
        return Ok(image());
    }
    let known = |kind: &str| {
        let types = TYPES.join(", ");
        match kind {
            "image" => Err(format!("has the argument `{name}` of the type image: only one called `image` can be one")),
            kind if TYPES.contains(&kind) => Ok(kind.to_owned()),
            kind => Err(format!("has the argument `{name}` of the unknown type \"{kind}\": there are {types}")),
        }
    };
    let mut property = Map::new();
    let options =
        short.options.map(|options| options.iter().map(json_of).collect::<Result<Vec<_>, _>>()).transpose()?;
    if options.as_ref().is_some_and(Vec::is_empty) {
        return Err(format!("has the argument `{name}` with an empty enum: list what it may be"));
    }
    // Values of an enum may be of any type; without a type they say it themselves.
    if options.is_none() || kind.is_some() {
        property.insert("type".into(), json!(known(kind.unwrap_or("string"))?));
    }
    if kind == Some("array") {
        property.insert("items".into(), json!({ "type": known(short.items.as_deref().unwrap_or("string"))? }));
    } else if short.items.is_some() {
        return Err(format!("has the argument `{name}` with items: only one of the type array has them"));
    }
    if let Some(options) = options {
        property.insert("enum".into(), json!(options));
    }
    if !short.description.is_empty() {
        property.insert("description".into(), json!(short.description));
    }
    Ok(Value::Object(property))
}

/// The image argument as the tools of Argus have it, by which a prompt knows that it needs an image.
fn image() -> Value {
    json!({ "type": "string", "description": ImageArg::DESCRIPTION })
}

/// A JSON Schema as it is given, if a tool can have it.
fn checked(mut schema: Value) -> Result<Value, String> {
    let object = schema.as_object_mut().ok_or("has a schema that is no object: give {\"type\": \"object\", ...}")?;
    for prose in ["$schema", "$id", "title", "description"] {
        object.shift_remove(prose);
    }
    if object.entry("type").or_insert_with(|| json!("object")).as_str() != Some("object") {
        return Err("has a schema of another type than object: its arguments are the properties of one".into());
    }
    let properties = object.entry("properties").or_insert_with(|| json!({}));
    let properties = properties.as_object_mut().ok_or("has a schema whose properties are no object")?;
    for (name, property) in properties.iter_mut() {
        named(name)?;
        if !property.is_object() || property.get("$ref").is_some() {
            return Err(format!("has a schema whose property `{name}` is no object of its own: write it out in place"));
        }
        if name == IMAGE {
            *property = image();
        }
    }
    let names: Vec<String> = properties.keys().cloned().collect();
    if let Some(required) = object.get_mut("required") {
        let list = required.as_array_mut().ok_or("has a schema whose `required` is no list")?;
        if let Some(unknown) = list.iter().find(|name| !names.iter().any(|known| name.as_str() == Some(known))) {
            return Err(format!("has a schema that requires {unknown}, which is none of its properties"));
        }
        list.retain(|name| name.as_str() != Some(IMAGE));
    }
    Ok(schema)
}

/// Names become JSON keys, flags of the command line and placeholders.
fn named(name: &str) -> Result<(), String> {
    let fits = name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
        && name.len() <= 40;
    if fits {
        return Ok(());
    }
    Err(format!(
        "has the argument `{name}`: names are small letters, digits and _, begin with a letter, and have at most 40 of them"
    ))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;

    fn of(text: &str) -> Result<Value, String> {
        schema(&toml::from_str(text).unwrap(), None)
    }

    #[test]
    fn the_short_form_becomes_a_schema_in_the_order_written() {
        let schema = of("zone = \"where\"\n\
             image = \"what to look at\"\n\
             days = { type = \"integer\", description = \"from today\", optional = true }\n\
             unit = { enum = [\"C\", \"F\"] }\n\
             names = { type = \"array\", optional = true }")
        .unwrap();
        assert_eq!(
            schema,
            json!({
                "type": "object",
                "properties": {
                    "zone": {"type": "string", "description": "where"},
                    "image": {"type": "string", "description": ImageArg::DESCRIPTION},
                    "days": {"type": "integer", "description": "from today"},
                    "unit": {"enum": ["C", "F"]},
                    "names": {"type": "array", "items": {"type": "string"}},
                },
                "required": ["zone", "unit"],
            })
        );
        let order: Vec<&String> = schema["properties"].as_object().unwrap().keys().collect();
        assert_eq!(order, ["zone", "image", "days", "unit", "names"]);
        assert_eq!(of("").unwrap(), json!({"type": "object", "properties": {}, "required": []}));
    }

    #[test]
    fn a_schema_is_taken_as_it_is_but_for_the_image() {
        let schema =
            of("schema = { title = \"T\", properties = { n = { type = \"number\" }, image = { type = \"string\" } }, \
             required = [\"n\", \"image\"] }")
            .unwrap();
        let image = json!({"type": "string", "description": ImageArg::DESCRIPTION});
        assert_eq!(schema["properties"], json!({"n": {"type": "number"}, "image": image}));
        assert_eq!((&schema["type"], &schema["required"]), (&json!("object"), &json!(["n"])));
        assert!(schema.get("title").is_none());
    }

    #[test]
    fn a_schema_file_lies_beside_the_settings() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("a.json"), r#"{"type": "object", "properties": {"x": {"type": "string"}}}"#)
            .unwrap();
        std::fs::write(folder.path().join("b.json"), "{").unwrap();
        let read =
            |file: &str| schema(&toml::from_str(&format!("schema_file = \"{file}\"")).unwrap(), Some(folder.path()));
        assert_eq!(read("a.json").unwrap()["properties"], json!({"x": {"type": "string"}}));
        assert!(read("b.json").unwrap_err().contains("which is no JSON"));
        assert!(read("c.json").unwrap_err().contains("c.json"));
    }

    #[test]
    fn what_is_no_argument_is_named_with_what_would_be_right() {
        for (text, says) in [
            ("a = 3", "as integer: describe it"),
            ("a = { type = \"text\" }", "unknown type \"text\": there are string, integer"),
            ("a = { type = \"image\" }", "only one called `image`"),
            ("a = { kind = \"string\" }", "unknown field `kind`"),
            ("a = { enum = [] }", "empty enum"),
            ("a = { items = \"string\" }", "only one of the type array"),
            ("image = { type = \"integer\" }", "another name"),
            ("image = { optional = true }", "the newest image"),
            ("\"a b\" = \"x\"", "small letters"),
            ("Nr = \"x\"", "small letters"),
            ("schema_file = 3", "path of a JSON file"),
            ("schema = { type = \"array\" }", "another type than object"),
            ("schema = { required = [\"x\"] }", "requires \"x\""),
            ("schema = { properties = { x = { \"$ref\" = \"#/y\" } } }", "write it out"),
            ("a = \"x\"\nschema_file = \"y\"", "mixes"),
        ] {
            let error = of(text).unwrap_err();
            assert!(error.contains(says), "{text}: {error}");
        }
    }
}
