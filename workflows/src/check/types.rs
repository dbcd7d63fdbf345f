//! What is known of values before a run: JSON Schemas of what expressions give.

use serde_json::{Map, Value, json};

use crate::language::{
    helpers::Helper,
    model::{Input, InputType},
    template::{Expr, Template},
};

/// A schema that anything follows.
pub(crate) fn any() -> Value {
    Value::Bool(true)
}

/// The schema of an image handle.
pub(crate) fn image() -> Value {
    json!({ "type": "string", "format": "image" })
}

/// The schema of an input's value.
pub(crate) fn of_input(input: &Input) -> Value {
    match input.kind {
        InputType::Image => image(),
        InputType::Images => json!({ "type": "array", "items": image() }),
        InputType::Text | InputType::File => json!({ "type": "string", "format": "text" }),
        InputType::Number => json!({ "type": if input.integer { "integer" } else { "number" } }),
        InputType::Bool => json!({ "type": "boolean" }),
        InputType::Enum => json!({ "type": "string", "enum": input.values }),
        InputType::Json => input.schema.clone().unwrap_or_else(any),
    }
}

/// One of several.
pub(crate) fn either(schemas: Vec<Value>) -> Value {
    if schemas.iter().any(|schema| *schema == any()) {
        return any();
    }
    let mut unique: Vec<Value> = Vec::new();
    for schema in schemas {
        if !unique.contains(&schema) {
            unique.push(schema);
        }
    }
    match unique.len() {
        1 => unique.remove(0),
        _ => json!({ "anyOf": unique }),
    }
}

/// The most parts of a schema that is resumed.
const LARGEST: usize = 5_000;

/// The schema, or that of anything where it is too large: steps that put others' values together twice would double it each time.
pub(crate) fn bounded(schema: Value) -> Value {
    fn parts(value: &Value, left: &mut usize) -> bool {
        *left = left.saturating_sub(1);
        *left > 0
            && match value {
                Value::Array(items) => items.iter().all(|item| parts(item, left)),
                Value::Object(map) => map.values().all(|value| parts(value, left)),
                _ => true,
            }
    }
    if parts(&schema, &mut LARGEST.clone()) { schema } else { any() }
}

/// Finds the schema of a root and the first name in it, and how many parts of the path that takes.
pub(crate) type Lookup<'a> = dyn Fn(&[String]) -> Result<(Value, usize), String> + 'a;

/// The schema of what a template gives; a path that leads nowhere is an error.
pub(crate) fn of_template(template: &Template, lookup: &Lookup<'_>) -> Result<Value, String> {
    Ok(match template {
        Template::Literal(value) => of_value(value),
        Template::One(expr) => of_expr(expr, lookup, false)?,
        Template::Text(pieces) => {
            for piece in pieces {
                if let crate::language::template::Piece::Value(expr) = piece {
                    of_expr(expr, lookup, false)?;
                }
            }
            json!({ "type": "string" })
        }
        Template::Blocks(_, references) => {
            for path in references {
                let (mut schema, taken) = lookup(path)?;
                for at in taken..path.len() {
                    // Inside of a block a value may be missing on purpose: {{#if}} asks for it.
                    schema = inner(&schema, path, at).unwrap_or_else(|_| any());
                }
            }
            json!({ "type": "string" })
        }
        Template::List(items) => {
            let items = items.iter().map(|item| of_template(item, lookup)).collect::<Result<Vec<_>, _>>()?;
            json!({ "type": "array", "items": if items.is_empty() { any() } else { either(items) } })
        }
        Template::Map(fields) => {
            let mut properties = Map::new();
            for (name, field) in fields {
                properties.insert(name.clone(), of_template(field, lookup)?);
            }
            json!({ "type": "object", "properties": properties, "additionalProperties": false })
        }
    })
}

/// The schema of one expression. With `lenient`, a field that is not known gives null.
pub(crate) fn of_expr(expr: &Expr, lookup: &Lookup<'_>, lenient: bool) -> Result<Value, String> {
    match expr {
        Expr::Literal(value) => Ok(of_value(value)),
        Expr::Path(path) => {
            let (mut schema, taken) = lookup(path)?;
            for at in taken..path.len() {
                schema = match inner(&schema, path, at) {
                    Ok(schema) => schema,
                    Err(_) if lenient => return Ok(any()),
                    Err(message) => return Err(message),
                };
            }
            Ok(schema)
        }
        Expr::Call(helper, arguments) => {
            let schemas = arguments
                .iter()
                .map(|argument| of_expr(argument, lookup, helper.lenient))
                .collect::<Result<Vec<_>, _>>()?;
            Ok(of_call(helper, arguments, &schemas))
        }
    }
}

fn of_call(helper: &Helper, arguments: &[Expr], schemas: &[Value]) -> Value {
    match helper.name {
        "choose" => either(schemas[1..].to_vec()),
        "default" => either(schemas.to_vec()),
        "filter" | "sort" | "reverse" | "unique" | "slice" | "sample" | "without" => schemas[0].clone(),
        "chunk" => json!({ "type": "array", "items": schemas[0] }),
        "list" if !schemas.is_empty() => json!({ "type": "array", "items": either(schemas.to_vec()) }),
        "tally" => {
            let value = schemas[0].get("items").cloned().unwrap_or_else(any);
            let count = json!({ "type": "integer" });
            let entry = json!({ "type": "object", "properties": { "value": value, "count": count } });
            json!({ "type": "array", "items": entry })
        }
        "words" | "phrases" => json!({ "type": "array", "items": { "type": "string" } }),
        "patch_box" => json!({ "type": "array", "items": { "type": "number" } }),
        "first" => schemas[0].get("items").cloned().unwrap_or_else(any),
        "pluck" => {
            let field = match &arguments[1] {
                Expr::Literal(Value::String(field)) => field.split('.').map(str::to_owned).collect(),
                _ => Vec::new(),
            };
            let item = schemas[0].get("items").cloned().unwrap_or_else(any);
            let found = (0..field.len()).try_fold(item, |schema, at| inner(&schema, &field, at));
            json!({ "type": "array", "items": found.unwrap_or_else(|_| any()) })
        }
        _ if helper.gives.is_empty() => any(),
        _ => json!({ "type": helper.gives }),
    }
}

/// The schema of a value that is known.
pub(crate) fn of_value(value: &Value) -> Value {
    match value {
        Value::Null => json!({ "type": "null" }),
        Value::Bool(_) => json!({ "type": "boolean" }),
        Value::Number(number) if number.is_f64() => json!({ "type": "number" }),
        Value::Number(_) => json!({ "type": "integer" }),
        Value::String(text) => json!({ "type": "string", "const": text }),
        Value::Array(items) => {
            let items: Vec<Value> = items.iter().map(of_value).collect();
            json!({ "type": "array", "items": if items.is_empty() { any() } else { either(items) } })
        }
        Value::Object(map) => {
            let properties: Map<String, Value> =
                map.iter().map(|(name, value)| (name.clone(), of_value(value))).collect();
            json!({ "type": "object", "properties": properties, "additionalProperties": false })
        }
    }
}

/// The schema of a part of a value; an error where there cannot be such a part.
pub(crate) fn inner(schema: &Value, path: &[String], at: usize) -> Result<Value, String> {
    let part = &path[at];
    if let Some(alternatives) = alternatives(schema) {
        let found: Vec<Result<Value, String>> = alternatives.iter().map(|one| inner(one, path, at)).collect();
        let good: Vec<Value> = found.iter().filter_map(|one| one.clone().ok()).collect();
        return match found.into_iter().find_map(Result::err) {
            Some(error) if good.is_empty() => Err(error),
            _ => Ok(either(good)),
        };
    }
    let before = path[..at].join(".");
    let kinds = kinds(schema);
    if kinds & (OBJECT | ARRAY) == 0 {
        return Err(format!("{before} is {}: it has no {part}", words(kinds)));
    }
    if kinds & OBJECT == 0 {
        return match part.parse::<usize>() {
            Ok(_) => Ok(schema.get("items").cloned().unwrap_or_else(any)),
            Err(_) => Err(format!(
                "{before} is a list: an item is {before}.[0], all of them {{{{pluck {before} \"{part}\"}}}}"
            )),
        };
    }
    let properties = schema.get("properties").and_then(Value::as_object);
    if let Some(found) = properties.and_then(|map| map.get(part)) {
        return Ok(found.clone());
    }
    match (properties, schema.get("additionalProperties")) {
        (_, Some(Value::Object(more))) => Ok(Value::Object(more.clone())),
        // What a struct gives is all that there is.
        (Some(map), _) if !map.is_empty() => {
            let names: Vec<&str> = map.keys().map(String::as_str).collect();
            Err(format!("{before} has no {part}; it has {}", names.join(", ")))
        }
        _ => Ok(any()),
    }
}

fn alternatives(schema: &Value) -> Option<&Vec<Value>> {
    ["anyOf", "oneOf"].iter().find_map(|key| schema.get(key)).and_then(Value::as_array)
}

/// Sets of JSON types as bits.
pub(crate) type Kinds = u8;
const NULL: Kinds = 1;
const BOOLEAN: Kinds = 2;
const NUMBER: Kinds = 4;
const STRING: Kinds = 8;
const ARRAY: Kinds = 16;
const OBJECT: Kinds = 32;
const ALL: Kinds = 63;

/// The JSON types that a schema allows.
pub(crate) fn kinds(schema: &Value) -> Kinds {
    let of = |kind: &Value| match kind.as_str() {
        Some("null") => NULL,
        Some("boolean") => BOOLEAN,
        Some("number" | "integer") => NUMBER,
        Some("string") => STRING,
        Some("array") => ARRAY,
        Some("object") => OBJECT,
        _ => ALL,
    };
    match schema.get("type") {
        Some(Value::Array(several)) => return several.iter().map(of).fold(0, |all, one| all | one),
        Some(one) => return of(one),
        None => {}
    }
    if let Some(alternatives) = alternatives(schema) {
        return alternatives.iter().map(kinds).fold(0, |all, one| all | one);
    }
    let values = schema.get("enum").and_then(Value::as_array).cloned();
    let values = values.or_else(|| schema.get("const").map(|one| vec![one.clone()]));
    values.map_or(ALL, |values| values.iter().map(|value| kinds(&of_value(value))).fold(0, |all, one| all | one))
}

fn words(kinds: Kinds) -> String {
    let names = [
        (BOOLEAN, "true or false"),
        (NUMBER, "a number"),
        (STRING, "a text"),
        (ARRAY, "a list"),
        (OBJECT, "an object"),
    ];
    let names: Vec<&str> = names.iter().filter(|(kind, _)| kinds & kind != 0).map(|(_, name)| *name).collect();
    if names.is_empty() { "nothing".into() } else { names.join(" or ") }
}

/// Why a value of one schema can never be taken where another is wanted; `None` if it may.
pub(crate) fn clash(given: &Value, wanted: &Value) -> Option<String> {
    let (has, takes) = (kinds(given), kinds(wanted));
    // A null stands for an argument that is left out.
    if has & takes & !NULL == 0 && has != NULL && has != ALL {
        return Some(format!("it is {}, but {} is needed", words(has), words(takes)));
    }
    if let Some(several) = alternatives(wanted) {
        let mut why = several.iter().map(|one| clash(given, one));
        return why.clone().all(|why| why.is_some()).then(|| why.next().flatten()).flatten();
    }
    let description = wanted.get("description").and_then(Value::as_str).unwrap_or_default();
    let wants_image = description == argus_tools::tool::ImageArg::DESCRIPTION
        || wanted.get("format").and_then(Value::as_str) == Some("image");
    let is_text = given.get("enum").is_some() || given.get("format").and_then(Value::as_str) == Some("text");
    if wants_image && is_text {
        return Some("it is a text, but an image is needed: give the input the type image".into());
    }
    if has == ARRAY && takes & ARRAY != 0 {
        let (given, wanted) = (given.get("items"), wanted.get("items"));
        if let (Some(given), Some(wanted)) = (given, wanted) {
            return clash(given, wanted).map(|why| format!("of each item, {why}"));
        }
    }
    None
}
