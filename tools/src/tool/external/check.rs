//! Whether a model's arguments fit a schema, forgiving what models really write.

use serde_json::{Map, Value};

use crate::tool::{ToolError, ToolSpec, args::usage};

/// The arguments as the schema has them: quoted numbers become numbers, numbers for a text become text, null is as good as
/// left out. What does not fit is an error that lists what the tool takes. Deeper levels than lists of plain values are
/// passed on as they are.
pub(super) fn fitting(args: Value, spec: &ToolSpec) -> Result<Map<String, Value>, ToolError> {
    let wrong = |why: String| Err(ToolError::invalid_input(format!("{why}. {}", usage(spec))));
    let given = match args {
        Value::Null => Map::new(),
        Value::Object(given) => given,
        // A JSON object inside a string, as some models write it.
        Value::String(text) if text.trim().is_empty() => Map::new(),
        Value::String(text) => match serde_json::from_str(&text) {
            Ok(Value::Object(given)) => given,
            _ => return wrong(format!("the arguments of {} are a text, not an object", spec.name)),
        },
        other => return wrong(format!("the arguments of {} are {}, not an object", spec.name, kind_of(&other))),
    };
    let none = Map::new();
    let properties = spec.input_schema.get("properties").and_then(Value::as_object).unwrap_or(&none);
    let open = spec
        .input_schema
        .get("additionalProperties")
        .is_some_and(|more| *more == Value::Bool(true) || more.is_object());
    let mut fitting = Map::new();
    for (name, value) in given.into_iter().filter(|(_, value)| !value.is_null()) {
        let Some(property) = properties.get(&name) else {
            if open {
                fitting.insert(name, value);
                continue;
            }
            return wrong(format!("{} has no argument \"{name}\"", spec.name));
        };
        match fit(value, property) {
            Ok(value) => fitting.insert(name, value),
            Err(why) => return wrong(format!("the argument \"{name}\" of {} {why}", spec.name)),
        };
    }
    let required = spec.input_schema.get("required").and_then(Value::as_array);
    let missing = required.into_iter().flatten().filter_map(Value::as_str).find(|name| !fitting.contains_key(*name));
    match missing {
        Some(name) => wrong(format!("{} needs the argument \"{name}\"", spec.name)),
        None => Ok(fitting),
    }
}

/// The value as its schema wants it.
fn fit(value: Value, schema: &Value) -> Result<Value, String> {
    let value = match schema.get("type").and_then(Value::as_str) {
        Some(kind) => typed(value, kind, schema)?,
        None => value,
    };
    let Some(options) = schema.get("enum").and_then(Value::as_array) else { return Ok(value) };
    if let Some(same) = options.iter().find(|option| same(option, &value)) {
        return Ok(same.clone());
    }
    let options: Vec<String> = options.iter().map(Value::to_string).collect();
    Err(format!("is {value}; it must be {}", options.join(" or ")))
}

/// Case and quotation marks around a number are no difference.
fn same(option: &Value, value: &Value) -> bool {
    let plain = |value: &Value| value.as_str().map_or_else(|| value.to_string(), |text| text.trim().to_lowercase());
    option == value || plain(option) == plain(value)
}

fn typed(value: Value, kind: &str, schema: &Value) -> Result<Value, String> {
    let wrong = |value: &Value| format!("is {}; it must be of the type {kind}", brief(value));
    match (kind, value) {
        ("string", value @ (Value::Number(_) | Value::Bool(_))) => Ok(Value::String(value.to_string())),
        ("integer", Value::Number(number)) => whole(&number).ok_or_else(|| wrong(&Value::Number(number))),
        ("integer" | "number" | "boolean", Value::String(text)) => {
            let parsed = serde_json::from_str(text.trim()).unwrap_or(Value::Null);
            if parsed.is_string() || parsed.is_null() {
                return Err(wrong(&Value::String(text)));
            }
            typed(parsed, kind, schema)
        }
        ("array", Value::Array(items)) => match schema.get("items") {
            Some(inner) => items.into_iter().map(|item| fit(item, inner)).collect::<Result<_, _>>().map(Value::Array),
            None => Ok(Value::Array(items)),
        },
        // One value is a list of one.
        ("array", value @ (Value::String(_) | Value::Number(_) | Value::Bool(_))) => {
            typed(Value::Array(vec![value]), kind, schema)
        }
        ("string", value @ Value::String(_))
        | ("number", value @ Value::Number(_))
        | ("boolean", value @ Value::Bool(_))
        | ("object", value @ Value::Object(_)) => Ok(value),
        ("string" | "integer" | "number" | "boolean" | "array" | "object", value) => Err(wrong(&value)),
        (_, value) => Ok(value),
    }
}

/// `3.0` is a whole number too.
fn whole(number: &serde_json::Number) -> Option<Value> {
    if number.is_i64() || number.is_u64() {
        return Some(Value::Number(number.clone()));
    }
    let float = number.as_f64().filter(|float| float.fract() == 0.0 && float.abs() < 9e15)?;
    Some(Value::from(float as i64))
}

fn brief(value: &Value) -> String {
    let text = value.to_string();
    if text.chars().count() <= 60 { text } else { format!("{}...", text.chars().take(57).collect::<String>()) }
}

fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::Array(_) => "a list",
        Value::Number(_) => "a number",
        Value::Bool(_) => "true or false",
        _ => "something else",
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use serde_json::json;

    use super::*;

    fn spec() -> ToolSpec {
        ToolSpec {
            name: "weather".into(),
            summary: "s".into(),
            limits: "",
            roles: &[],
            effects: crate::tool::Effects::default(),
            advanced: false,
            input_schema: json!({
                "type": "object",
                "properties": {
                    "city": {"type": "string"}, "days": {"type": "integer"}, "unit": {"enum": ["C", "F"]},
                    "hours": {"type": "array", "items": {"type": "number"}}, "wind": {"type": "boolean"}
                },
                "required": ["city"]
            }),
            output_schema: json!({}),
            examples: Vec::new(),
        }
    }

    #[test]
    fn what_models_write_is_forgiven() {
        let args = json!({"city": 10115, "days": "3", "unit": "f", "hours": "6", "wind": "true"});
        let fine = json!({"city": "10115", "days": 3, "unit": "F", "hours": [6], "wind": true});
        assert_eq!(Value::Object(fitting(args.clone(), &spec()).unwrap()), fine);
        assert_eq!(Value::Object(fitting(json!(args.to_string()), &spec()).unwrap()), fine);
        let left_out = fitting(json!({"city": "Ulm", "days": null}), &spec()).unwrap();
        assert_eq!(Value::Object(left_out), json!({"city": "Ulm"}));
        assert_eq!(fitting(json!({"city": "Ulm", "days": 2.0}), &spec()).unwrap()["days"], json!(2));
    }

    #[test]
    fn what_does_not_fit_says_what_the_tool_takes() {
        for (args, says) in [
            (json!({}), "weather needs the argument \"city\""),
            (json!(null), "needs the argument \"city\""),
            (json!({"town": "Ulm"}), "weather has no argument \"town\""),
            (json!({"city": "Ulm", "days": 1.5}), "\"days\" of weather is 1.5; it must be of the type integer"),
            (json!({"city": "Ulm", "days": "soon"}), "is \"soon\"; it must be of the type integer"),
            (json!({"city": ["Ulm"]}), "must be of the type string"),
            (json!({"city": "Ulm", "unit": "K"}), "is \"K\"; it must be \"C\" or \"F\""),
            (json!({"city": "Ulm", "hours": ["x"]}), "must be of the type number"),
            (json!("Ulm"), "are a text, not an object"),
            (json!([1]), "are a list, not an object"),
        ] {
            let error = fitting(args.clone(), &spec()).unwrap_err();
            assert!(error.feedback.contains(says), "{args}: {}", error.feedback);
            assert!(error.feedback.contains("It takes: city (string), days (integer, optional)"), "{}", error.feedback);
        }
    }
}
