//! What a model may reply with. Under the `schema` protocol: a JSON Schema of one call with that tool's own arguments, or
//! the answer; an endpoint that constrains its output to it (llama.cpp makes a grammar of it) cannot misname a tool or an
//! argument. Under `native`: the tools' declarations.

use argus_tools::tool::ToolSpec;
use serde_json::{Map, Value, json};

use crate::ToolDeclaration;

/// The host's tool that reads an observation again.
pub const RECALL: &str = "recall";
/// The host's tool that describes tools which the prompt only names.
pub const SHOW_TOOLS: &str = "show_tools";

/// Tools that the loop itself answers, offered only where they have a use.
#[derive(Clone, Debug, Default)]
pub struct HostTools {
    /// The observations that can be read again.
    pub(crate) recall: Option<Vec<String>>,
    /// Whether tools are hidden that the model may ask for.
    pub(crate) show_tools: bool,
}

impl HostTools {
    /// Name, summary and argument schema of each that is offered.
    fn offered(&self) -> Vec<(&'static str, &'static str, Value)> {
        let mut offered = Vec::new();
        if let Some(results) = &self.recall {
            let arguments = json!({
                "type": "object",
                "properties": {
                    "result": { "enum": results },
                    "find": { "type": "string", "description": "words that the wanted lines hold" },
                    "from": { "type": "integer", "minimum": 1, "description": "number of the first line" }
                },
                "required": ["result"]
            });
            offered.push((RECALL, "read a shortened observation further", arguments));
        }
        if self.show_tools {
            let arguments = json!({
                "type": "object",
                "properties": { "names": { "type": "array", "items": { "type": "string" } } },
                "required": ["names"]
            });
            offered.push((SHOW_TOOLS, "show what other tools do and take", arguments));
        }
        offered
    }
}

/// The tools as the `native` protocol declares them.
pub(crate) fn declarations<'a>(tools: impl Iterator<Item = &'a ToolSpec>, host: &HostTools) -> Vec<ToolDeclaration> {
    let own = tools.map(|tool| ToolDeclaration {
        name: tool.name.to_string(),
        description: match tool.limits {
            "" => tool.summary.to_string(),
            limits => format!("{}; {limits}", tool.summary),
        },
        parameters: with_properties(&tool.input_schema),
    });
    let host = host.offered().into_iter().map(|(name, summary, parameters)| ToolDeclaration {
        name: name.into(),
        description: summary.into(),
        parameters,
    });
    own.chain(host).collect()
}

/// Endpoints want an object schema with properties, also of a tool that takes nothing.
fn with_properties(schema: &Value) -> Value {
    let mut schema = schema.clone();
    if let Some(object) = schema.as_object_mut() {
        object.entry("type").or_insert_with(|| json!("object"));
        let properties = object.entry("properties").or_insert_with(|| json!({}));
        // For what small models are shown; no keyword of JSON Schema.
        for property in properties.as_object_mut().into_iter().flat_map(Map::values_mut) {
            if let Some(property) = property.as_object_mut() {
                property.shift_remove("x-advanced");
            }
        }
    }
    schema
}

/// What a reply may be.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum ReplyForm {
    /// A call or the answer.
    Any,
    /// The answer only.
    Answer,
}

/// The schema of a reply: the tool or the answer, at once. A small model that thinks before it answers answers less well, more
/// often in English, and later; one that names the language of the task first answers in it. Each tool comes with the schema of its
/// arguments, limited to what there is.
pub fn reply_schema<'a>(tools: impl Iterator<Item = (&'a str, &'a Value)>, host: &HostTools, form: ReplyForm) -> Value {
    let answer = json!({
        "type": "object",
        "properties": {
            "language": { "type": "string", "minLength": 2, "maxLength": 20 },
            "answer": { "type": "string", "minLength": 1 }
        },
        "required": ["language", "answer"],
        "additionalProperties": false
    });
    if form == ReplyForm::Answer {
        return answer;
    }
    let call = |name: &str, schema: &Value| {
        json!({
            "type": "object",
            "properties": { "tool": { "const": name }, "args": arguments(schema) },
            "required": ["tool", "args"],
            "additionalProperties": false
        })
    };
    let mut forms = vec![answer];
    forms.extend(tools.map(|(name, schema)| call(name, schema)));
    forms.extend(host.offered().iter().map(|(name, _, schema)| call(name, schema)));
    json!({ "anyOf": forms })
}

/// A tool's argument schema as far as a grammar goes: without prose, without null, closed.
fn arguments(schema: &Value) -> Value {
    let mut tidy = tidy(schema);
    if let Some(object) = tidy.as_object_mut() {
        if let Some(Value::Array(options)) = object.get_mut("anyOf") {
            *options = options.iter().map(arguments).collect();
            return tidy;
        }
        object.entry("type").or_insert_with(|| json!("object"));
        object.entry("properties").or_insert_with(|| json!({}));
        object.insert("additionalProperties".into(), json!(false));
    }
    tidy
}

fn tidy(schema: &Value) -> Value {
    match schema {
        Value::Object(fields) => {
            let mut kept = Map::new();
            for (name, field) in fields {
                match name.as_str() {
                    "description" | "title" | "default" | "examples" | "format" | "$schema" => {}
                    "properties" => {
                        // A small model fills in every argument that it is offered.
                        let plain = |(_, field): &(&String, &Value)| field.get("x-advanced").is_none();
                        let inner = field.as_object().into_iter().flatten().filter(plain);
                        kept.insert(name.clone(), inner.map(|(name, field)| (name.clone(), tidy(field))).collect());
                    }
                    "type" => {
                        kept.insert(name.clone(), without_null(field));
                    }
                    "anyOf" | "oneOf" => {
                        let options: Vec<Value> = field
                            .as_array()
                            .into_iter()
                            .flatten()
                            .filter(|option| option.get("type").and_then(Value::as_str) != Some("null"))
                            .map(tidy)
                            .collect();
                        match (options.len(), options.first()) {
                            (1, Some(Value::Object(only))) => kept.extend(only.clone()),
                            _ => {
                                kept.insert("anyOf".into(), options.into());
                            }
                        }
                    }
                    "enum" => {
                        let values: Vec<Value> =
                            field.as_array().into_iter().flatten().filter(|value| !value.is_null()).cloned().collect();
                        kept.insert(name.clone(), values.into());
                    }
                    _ => {
                        kept.insert(name.clone(), tidy(field));
                    }
                }
            }
            Value::Object(kept)
        }
        Value::Array(items) => items.iter().map(tidy).collect(),
        other => other.clone(),
    }
}

fn without_null(kinds: &Value) -> Value {
    let Some(list) = kinds.as_array() else { return kinds.clone() };
    let rest: Vec<&Value> = list.iter().filter(|kind| kind.as_str() != Some("null")).collect();
    match rest.as_slice() {
        [only] => (*only).clone(),
        _ => json!(rest),
    }
}
