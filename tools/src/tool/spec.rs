//! A tool as data: what help, docs, prompts and schemas are rendered from.

use std::borrow::Cow;

use indexmap::IndexSet;
use serde::Serialize;
use serde_json::Value;

/// One worked call of a tool. The same examples feed help, docs, prompts and tests.
#[derive(Clone, Debug, Serialize)]
pub struct Example {
    /// A question or order for which this call is the right one.
    pub task: &'static str,
    /// The arguments, as JSON.
    pub input: Value,
    /// What the tool answers, as JSON; numbers are typical, not exact.
    pub output: Value,
}

/// What a call of a tool does besides answering.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, Serialize)]
#[expect(clippy::struct_excessive_bools, reason = "each is one independent property")]
pub struct Effects {
    /// It looks at pixels: what it reports was not known before.
    pub perceives: bool,
    /// It makes new images.
    pub derives_images: bool,
    /// It sends or changes something outside of the session.
    pub writes_outside: bool,
    /// The same call over the same images gives the same result.
    pub deterministic: bool,
}

impl Effects {
    const NONE: Self = Self { perceives: false, derives_images: false, writes_outside: false, deterministic: true };
    /// It looks and reports.
    pub const SEES: Self = Self { perceives: true, ..Self::NONE };
    /// It makes a new image.
    pub const EDITS: Self = Self { derives_images: true, ..Self::NONE };
    /// It reports, and can draw what it found.
    pub const SEES_AND_DRAWS: Self = Self { perceives: true, derives_images: true, ..Self::NONE };
    /// It works with what is known already.
    pub const COMPUTES: Self = Self::NONE;
    /// It asks a program or a service.
    pub const ASKS_OUTSIDE: Self = Self { perceives: true, writes_outside: true, deterministic: false, ..Self::NONE };
}

/// Everything that is known about a tool without running it.
#[derive(Clone, Debug, Serialize)]
pub struct ToolSpec {
    /// The name a model or a person calls it by.
    pub name: Cow<'static, str>,
    /// One line that says when to use it.
    pub summary: Cow<'static, str>,
    /// What it cannot do and how far it can be trusted; may be empty.
    pub limits: &'static str,
    /// Model roles it needs (`detect`, `ocr`, ...); empty for a classical tool.
    pub roles: &'static [&'static str],
    /// What a call does besides answering.
    pub effects: Effects,
    /// Whether it is for rare needs.
    pub advanced: bool,
    /// JSON Schema of the arguments, properties in declaration order.
    pub input_schema: Value,
    /// JSON Schema of the output.
    pub output_schema: Value,
    /// Worked calls.
    pub examples: Vec<Example>,
}

impl ToolSpec {
    /// The tool without the arguments for rare needs, which are marked `x-advanced` in their schema: a small model fills in every
    /// one that it is offered.
    pub fn plain(&self) -> Cow<'_, Self> {
        let advanced = |schema: &Value| schema.get("x-advanced").is_some();
        let properties = self.input_schema.get("properties").and_then(Value::as_object);
        if !properties.is_some_and(|properties| properties.values().any(advanced)) {
            return Cow::Borrowed(self);
        }
        let mut tool = self.clone();
        if let Some(properties) = tool.input_schema.get_mut("properties").and_then(Value::as_object_mut) {
            properties.retain(|_, schema| !advanced(schema));
        }
        Cow::Owned(tool)
    }

    /// The roles without their parts, each once: `ocr-det` is a part of `ocr`.
    pub fn base_roles(&self) -> Vec<&'static str> {
        let bases = self.roles.iter().map(|role| role.split_once('-').map_or(*role, |(base, _)| base));
        bases.collect::<IndexSet<_>>().into_iter().collect()
    }

    /// The arguments as (name, short type, required, description), in declaration order.
    pub fn arguments(&self) -> Vec<Argument> {
        properties(&self.input_schema)
    }

    /// The fields of the output in the same form, those inside of others after them: `objects`, `objects[].label`, ...
    pub fn results(&self) -> Vec<Argument> {
        let mut all = Vec::new();
        nested(&self.output_schema, "", &mut all);
        all
    }
}

fn properties(schema: &Value) -> Vec<Argument> {
    let required: Vec<&str> = schema
        .get("required")
        .and_then(Value::as_array)
        .map(|names| names.iter().filter_map(Value::as_str).collect())
        .unwrap_or_default();
    let Some(properties) = schema.get("properties").and_then(Value::as_object) else {
        return Vec::new();
    };
    properties
        .iter()
        .map(|(name, schema)| Argument {
            name: name.clone(),
            kind: short_type(schema),
            required: required.contains(&name.as_str()),
            description: schema.get("description").and_then(Value::as_str).unwrap_or_default().replace('\n', " "),
        })
        .collect()
}

fn nested(schema: &Value, before: &str, all: &mut Vec<Argument>) {
    for field in properties(schema) {
        let of_field = &schema["properties"][&field.name];
        let name = format!("{before}{}", field.name);
        all.push(Argument { name: name.clone(), ..field });
        match of_field.get("items") {
            Some(items) => nested(items, &format!("{name}[]."), all),
            None => nested(of_field, &format!("{name}."), all),
        }
    }
}

/// One argument or result of a tool, for a person or a prompt.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Argument {
    /// Its name.
    pub name: String,
    /// Its type in a word or two (`string`, `number`, `list of string`, `"a" or "b"`).
    pub kind: String,
    /// Whether it must be given, or is always there.
    pub required: bool,
    /// One line about it.
    pub description: String,
}

fn short_type(schema: &Value) -> String {
    if let Some(options) = schema.get("enum").and_then(Value::as_array) {
        return options.iter().filter(|v| !v.is_null()).map(Value::to_string).collect::<Vec<_>>().join(" or ");
    }
    for key in ["anyOf", "oneOf"] {
        if let Some(options) = schema.get(key).and_then(Value::as_array) {
            let mut kinds: Vec<String> = options.iter().map(short_type).filter(|kind| kind != "null").collect();
            kinds.dedup();
            return kinds.join(" or ");
        }
    }
    if let Some(constant) = schema.get("const") {
        return constant.to_string();
    }
    let one = |kind: &str| match kind {
        "array" => match schema.get("items") {
            Some(items) => format!("list of {}", short_type(items)),
            None => "list".into(),
        },
        other => other.to_owned(),
    };
    match schema.get("type") {
        Some(Value::String(kind)) => one(kind),
        Some(Value::Array(kinds)) => kinds
            .iter()
            .filter_map(Value::as_str)
            .filter(|kind| *kind != "null")
            .map(one)
            .collect::<Vec<_>>()
            .join(" or "),
        _ => "any".into(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn arguments_for_rare_needs_are_left_out_of_the_plain_tool() {
        let spec = ToolSpec {
            name: "segment".into(),
            summary: "cut out".into(),
            limits: "",
            roles: &["segment-encoder", "segment-decoder", "ocr"],
            effects: Effects::EDITS,
            advanced: false,
            input_schema: json!({"properties": {
                "image": {"type": "string"},
                "kind": {"type": "string", "x-advanced": true}
            }}),
            output_schema: json!({}),
            examples: Vec::new(),
        };
        let names: Vec<String> = spec.plain().arguments().into_iter().map(|argument| argument.name).collect();
        assert_eq!(names, ["image"]);
        assert_eq!(spec.base_roles(), ["segment", "ocr"], "graphs of one model are one role");
        assert!(matches!(spec.plain().plain(), Cow::Borrowed(_)));
    }
}
