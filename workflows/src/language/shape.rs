//! Whether a value has the shape of a schema: all that is wrong at once, in words that a user understands.

use argus_tools::suggest::similar_names;
use jsonschema::{
    JsonType, ValidationError, Validator,
    error::{TypeKind, ValidationErrorKind},
};
use serde_json::Value;

use crate::language::{
    alternatives,
    model::{Definition, Period},
    problem::Problem,
    yaml::join,
};

/// A schema that can be checked against.
pub(crate) fn validator(schema: &Value) -> Result<Validator, String> {
    jsonschema::options().build(schema).map_err(|error| match error.kind() {
        ValidationErrorKind::AnyOf { .. } | ValidationErrorKind::OneOfNotValid { .. } => {
            let place = located("", &error.instance_path().to_string(), schema);
            format!("{} cannot be {}", if place.is_empty() { "it" } else { &place }, short(error.instance()))
        }
        _ => error.to_string(),
    })
}

/// What is wrong with a value, in the order of the schema; `path` is where the value stands.
pub(crate) fn check(validator: &Validator, value: &Value, path: &str, schema: &Value) -> Vec<Problem> {
    let mut problems = Vec::new();
    for error in validator.iter_errors(value) {
        explain(&error, path, schema, value, &mut problems);
    }
    // A name that is missing and one that was meant to be it are one mistake.
    let meant: Vec<(String, String)> = problems
        .iter()
        .filter_map(|problem| {
            let name = problem.hint.as_ref()?.strip_prefix("did you mean ")?.strip_suffix('?')?;
            let (outer, _) = problem.path.rsplit_once('.').unwrap_or(("", &problem.path));
            Some((outer.to_owned(), format!("\"{name}\" is missing")))
        })
        .collect();
    problems.retain(|problem| !meant.iter().any(|(at, message)| *at == problem.path && *message == problem.message));
    problems
}

/// Turns a validator's error into problems; of several alternatives the one is explained that the value comes nearest to.
fn explain(error: &ValidationError<'_>, path: &str, schema: &Value, value: &Value, problems: &mut Vec<Problem>) {
    let at = located(path, &error.instance_path().to_string(), value);
    match error.kind() {
        ValidationErrorKind::AnyOf { context } | ValidationErrorKind::OneOfNotValid { context } => {
            let here = error.instance_path().to_string();
            let fitting = context.iter().filter(|errors| !alternatives::of_other_type(errors, &here));
            match fitting.min_by_key(|errors| distance(errors, schema)) {
                Some(nearest) => nearest.iter().for_each(|e| explain(e, path, schema, value, problems)),
                None => problems.push(alternatives::problem(&at, error.instance(), context)),
            }
        }
        ValidationErrorKind::AdditionalProperties { unexpected } => {
            let known = properties(schema, &error.schema_path().to_string());
            for name in unexpected {
                let hint = match near_to(name, &known) {
                    _ if known.is_empty() => "nothing can stand here".into(),
                    near if near.is_empty() => format!("there are: {}", known.join(", ")),
                    near => format!("did you mean {}?", near.join(" or ")),
                };
                problems.push(Problem::new(join(&at, name), format!("there is no \"{name}\" here")).hint(hint));
            }
        }
        ValidationErrorKind::Required { property } => {
            let name = property.as_str().unwrap_or_default();
            problems.push(Problem::new(&at, format!("\"{name}\" is missing")));
        }
        ValidationErrorKind::Enum { options } => {
            let options = options.as_array().map(Vec::as_slice).unwrap_or_default();
            problems.push(alternatives::none_of(&at, error.instance(), options));
        }
        kind => {
            let problem = Problem::new(&at, words(kind, error));
            let given = error.instance().as_str().unwrap_or_default();
            let glued = given.contains(':') && !given.contains(' ') && words_for_fields(kind);
            problems.push(if glued { problem.hint("a space follows the colon: name: value") } else { problem });
        }
    }
}

/// How far a value is from an alternative: a name that was meant to be another one is less than one that is unknown.
fn distance(errors: &[ValidationError<'static>], schema: &Value) -> usize {
    let unexpected: Vec<(&str, Vec<String>)> = errors
        .iter()
        .filter_map(|error| match error.kind() {
            ValidationErrorKind::AdditionalProperties { unexpected } => {
                let known = properties(schema, &error.schema_path().to_string());
                Some(unexpected.iter().map(move |name| (name.as_str(), near_to(name, &known))))
            }
            _ => None,
        })
        .flatten()
        .collect();
    let others = errors.iter().filter(|error| match error.kind() {
        ValidationErrorKind::AdditionalProperties { .. } => false,
        ValidationErrorKind::Required { property } => {
            !unexpected.iter().any(|(_, near)| near.iter().any(|name| Some(name.as_str()) == property.as_str()))
        }
        _ => true,
    });
    2 * others.count() + unexpected.iter().map(|(_, near)| if near.is_empty() { 2 } else { 1 }).sum::<usize>()
}

fn near_to(name: &str, known: &[String]) -> Vec<String> {
    similar_names(name, known.iter().map(String::as_str)).into_iter().map(str::to_owned).collect()
}

fn words(kind: &ValidationErrorKind, error: &ValidationError<'_>) -> String {
    let value = short(error.instance());
    match kind {
        ValidationErrorKind::Type { kind } => format!("expected {}, found {value}", type_words(kind)),
        ValidationErrorKind::Constant { expected_value } => format!("{value} is not {}", short(expected_value)),
        ValidationErrorKind::Minimum { limit } => format!("{value} is less than {limit}"),
        ValidationErrorKind::Maximum { limit } => format!("{value} is more than {limit}"),
        ValidationErrorKind::MinItems { limit } => format!("the list has fewer than {limit} items"),
        ValidationErrorKind::MaxItems { limit } => format!("the list has more than {limit} items"),
        ValidationErrorKind::Pattern { pattern } if pattern == Period::PATTERN => {
            format!("{value} is no time; write 500ms, 30s, 5m or 2h")
        }
        ValidationErrorKind::Pattern { pattern } if pattern == Definition::NAME => {
            format!("{value} is no name: a name begins with a letter and has letters, digits, _ and -")
        }
        ValidationErrorKind::Pattern { pattern } => format!("{value} does not have the form {pattern}"),
        _ => error.to_string(),
    }
}

fn words_for_fields(kind: &ValidationErrorKind) -> bool {
    matches!(kind, ValidationErrorKind::Type { kind } if type_words(kind).starts_with("fields"))
}

pub(crate) fn type_words(kind: &TypeKind) -> String {
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
            let kinds: Vec<&str> = kinds.iter().map(JsonType::as_str).filter(|kind| *kind != "null").collect();
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
