//! Whether a value has the shape of a schema: all that is wrong at once, in words that a user understands.

use argus_tools::image::near;
use jsonschema::{
    ValidationError, Validator,
    error::{TypeKind, ValidationErrorKind},
};
use serde_json::Value;

use super::{problem::Problem, yaml::join};

/// A schema that can be checked against.
pub(crate) fn validator(schema: &Value) -> Result<Validator, String> {
    jsonschema::options().build(schema).map_err(|error| error.to_string())
}

/// What is wrong with a value, in the order of the schema; `path` is where the value stands.
pub(crate) fn check(validator: &Validator, value: &Value, path: &str, schema: &Value) -> Vec<Problem> {
    let mut problems = Vec::new();
    for error in validator.iter_errors(value) {
        explain(&error, path, schema, value, &mut problems);
    }
    problems
}

/// Turns a validator's error into problems; of several alternatives the one is explained that the value comes nearest to.
fn explain(error: &ValidationError<'_>, path: &str, schema: &Value, value: &Value, problems: &mut Vec<Problem>) {
    let at = located(path, &error.instance_path().to_string(), value);
    match error.kind() {
        ValidationErrorKind::AnyOf { context } | ValidationErrorKind::OneOfNotValid { context } => {
            let here = error.instance_path().to_string();
            let of_other_type = |errors: &Vec<ValidationError<'static>>| {
                errors.iter().any(|e| {
                    e.instance_path().to_string() == here
                        && matches!(e.kind(), ValidationErrorKind::Type { .. } | ValidationErrorKind::Enum { .. })
                })
            };
            let fitting: Vec<_> = context.iter().filter(|errors| !of_other_type(errors)).collect();
            match fitting.iter().min_by_key(|errors| errors.len()) {
                Some(nearest) => nearest.iter().for_each(|e| explain(e, path, schema, value, problems)),
                None => problems.push(Problem::new(&at, alternatives(error.instance(), context))),
            }
        }
        ValidationErrorKind::AdditionalProperties { unexpected } => {
            let known = properties(schema, &error.schema_path().to_string());
            for name in unexpected {
                let names = known.iter().map(String::as_str);
                let near: Vec<String> = near(name, names).into_iter().map(str::to_owned).collect();
                let hint = match near.as_slice() {
                    [] if known.is_empty() => "nothing can stand here".into(),
                    [] => format!("there are: {}", known.join(", ")),
                    near => format!("did you mean {}?", near.join(" or ")),
                };
                let mut problem = Problem::new(join(&at, name), format!("there is no \"{name}\" here")).hint(hint);
                problem.path = join(&at, name);
                problems.push(problem);
            }
        }
        ValidationErrorKind::Required { property } => {
            let name = property.as_str().unwrap_or_default();
            problems.push(Problem::new(&at, format!("\"{name}\" is missing")));
        }
        kind => problems.push(Problem::new(&at, words(kind, error))),
    }
}

fn words(kind: &ValidationErrorKind, error: &ValidationError<'_>) -> String {
    let value = short(error.instance());
    match kind {
        ValidationErrorKind::Type { kind } => format!("expected {}, found {value}", type_words(kind)),
        ValidationErrorKind::Enum { options } => {
            let options: Vec<String> =
                options.as_array().into_iter().flatten().filter(|option| !option.is_null()).map(short).collect();
            format!("{value} is none of {}", options.join(", "))
        }
        ValidationErrorKind::Minimum { limit } => format!("{value} is less than {limit}"),
        ValidationErrorKind::Maximum { limit } => format!("{value} is more than {limit}"),
        ValidationErrorKind::MinItems { limit } => format!("the list has fewer than {limit} items"),
        ValidationErrorKind::MaxItems { limit } => format!("the list has more than {limit} items"),
        ValidationErrorKind::Pattern { pattern } => format!("{value} does not have the form {pattern}"),
        _ => error.to_string(),
    }
}

fn alternatives(value: &Value, context: &[Vec<ValidationError<'static>>]) -> String {
    let mut expected = Vec::new();
    for error in context.iter().flatten() {
        match error.kind() {
            ValidationErrorKind::Type { kind } => expected.push(type_words(kind)),
            ValidationErrorKind::Enum { options } => {
                expected.extend(options.as_array().into_iter().flatten().map(short));
            }
            ValidationErrorKind::Constant { expected_value } => expected.push(short(expected_value)),
            _ => {}
        }
    }
    expected.dedup();
    format!("expected {}, found {}", expected.join(" or "), short(value))
}

fn type_words(kind: &TypeKind) -> String {
    let name = |kind: &str| match kind {
        "object" => "fields (name: value)",
        "array" => "a list",
        "string" => "a text",
        "number" => "a number",
        "integer" => "a whole number",
        "boolean" => "true or false",
        _ => "nothing",
    };
    match kind {
        TypeKind::Single(kind) => name(kind.as_str()).to_owned(),
        TypeKind::Multiple(kinds) => {
            let kinds: Vec<&str> = kinds.iter().map(|kind| kind.as_str()).filter(|kind| *kind != "null").collect();
            kinds.into_iter().map(name).collect::<Vec<_>>().join(" or ")
        }
    }
}

/// A value in a few characters.
pub(crate) fn short(value: &Value) -> String {
    let text = match value {
        Value::Null => "nothing".into(),
        other => other.to_string(),
    };
    if text.chars().count() <= 60 { text } else { format!("{}...", text.chars().take(57).collect::<String>()) }
}

/// `/steps/a/with` under `x` is `x.steps.a.with`; the value tells an index from a key of digits.
fn located(path: &str, pointer: &str, root: &Value) -> String {
    let (mut path, mut value) = (path.to_owned(), Some(root));
    for part in pointer.split('/').skip(1) {
        let name = part.replace("~1", "/").replace("~0", "~");
        match value {
            Some(Value::Array(items)) => {
                path = format!("{path}[{name}]");
                value = name.parse::<usize>().ok().and_then(|index| items.get(index));
            }
            other => {
                path = join(&path, &name);
                value = other.and_then(|object| object.get(&name));
            }
        }
    }
    path
}

/// The names of the object schema that forbids others.
fn properties(schema: &Value, schema_path: &str) -> Vec<String> {
    let mut at = schema;
    for part in schema_path.split('/').skip(1) {
        let name = part.replace("~1", "/").replace("~0", "~");
        if name == "additionalProperties" {
            break;
        }
        let next = at.get(&name).or_else(|| name.parse::<usize>().ok().and_then(|index| at.get(index)));
        // A path goes through `$ref` by name.
        let Some(next) = next else { break };
        at = match next.as_str().and_then(|target| target.strip_prefix('#')) {
            Some(pointer) if name == "$ref" => schema.pointer(pointer).unwrap_or(next),
            _ => next,
        };
    }
    at.get("properties").and_then(Value::as_object).map(|map| map.keys().cloned().collect()).unwrap_or_default()
}
