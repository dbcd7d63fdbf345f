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
    /// Beginnings of words that call for it, in lower case; empty: it is always shown to a model.
    pub when: Vec<Cow<'static, str>>,
    /// JSON Schema of the arguments, properties in declaration order.
    pub input_schema: Value,
    /// JSON Schema of the output.
    pub output_schema: Value,
    /// Worked calls.
    pub examples: Vec<Example>,
}

impl ToolSpec {
    /// Whether a task calls for this tool: one without [`ToolSpec::when`] suits every task.
    pub fn suits(&self, task: &str) -> bool {
        self.when.is_empty() || names_any(task, self.when.iter().map(AsRef::as_ref))
    }

    /// The tool as a small model should see it for a task: without the arguments for rare needs that the task does not call for.
    /// Those have a list of beginnings of words, as [`ToolSpec::when`], under `x-when` in their schema.
    pub fn for_task(&self, task: &str) -> Cow<'_, Self> {
        let uncalled = |schema: &Value| {
            let words = schema.get("x-when").and_then(Value::as_array);
            words.is_some_and(|words| !names_any(task, words.iter().filter_map(Value::as_str)))
        };
        let Some(properties) = self.input_schema.get("properties").and_then(Value::as_object) else {
            return Cow::Borrowed(self);
        };
        if !properties.values().any(uncalled) {
            return Cow::Borrowed(self);
        }
        let mut tool = self.clone();
        if let Some(properties) = tool.input_schema.get_mut("properties").and_then(Value::as_object_mut) {
            properties.retain(|_, schema| !uncalled(schema));
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

/// Whether a word of a task begins with one of these; Chinese has no borders of words.
fn names_any<'a>(task: &str, mut stems: impl Iterator<Item = &'a str>) -> bool {
    let task = task.to_lowercase();
    let begins_a_word = |at: usize| !task[..at].ends_with(|c: char| c.is_ascii_alphanumeric());
    stems.any(|stem| task.match_indices(stem).any(|(at, _)| !stem.is_ascii() || begins_a_word(at)))
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
    fn arguments_for_rare_needs_come_with_the_words_that_call_for_them() {
        let spec = ToolSpec {
            name: "segment".into(),
            summary: "cut out".into(),
            limits: "",
            roles: &[],
            when: Vec::new(),
            input_schema: json!({"properties": {
                "image": {"type": "string"},
                "kind": {"type": "string", "x-when": ["panoptic", "全景"]}
            }}),
            output_schema: json!({}),
            examples: Vec::new(),
        };
        let names = |task: &str| -> Vec<String> {
            spec.for_task(task).arguments().into_iter().map(|argument| argument.name).collect()
        };
        assert_eq!(names("Cut out the dog."), ["image"]);
        assert_eq!(names("A Panoptic map, please."), ["image", "kind"]);
        assert_eq!(names("做一个全景分割"), ["image", "kind"]);
        assert_eq!(names("hyperpanoptic"), ["image"]);
        assert!(matches!(spec.for_task("panoptic"), Cow::Borrowed(_)));
    }
}
