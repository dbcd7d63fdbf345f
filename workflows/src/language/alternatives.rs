//! What a schema with several alternatives expected, where a value is none of them.

use argus_tools::suggest::similar_names;
use jsonschema::{ValidationError, error::ValidationErrorKind};
use serde_json::Value;

use crate::language::{
    problem::Problem,
    shape::{short, type_words},
};

/// Whether a value is of another type, or another word, than an alternative is about: what is inside of it does not matter then.
pub(crate) fn of_other_type(errors: &[ValidationError<'static>], here: &str) -> bool {
    errors.iter().filter(|error| error.instance_path().to_string() == here).any(|error| match error.kind() {
        ValidationErrorKind::Type { .. } | ValidationErrorKind::Enum { .. } | ValidationErrorKind::Constant { .. } => {
            true
        }
        ValidationErrorKind::AnyOf { context } | ValidationErrorKind::OneOfNotValid { context } => {
            context.iter().all(|errors| of_other_type(errors, here))
        }
        _ => false,
    })
}

/// A value that is of another type than all alternatives.
pub(crate) fn problem(path: &str, value: &Value, context: &[Vec<ValidationError<'static>>]) -> Problem {
    let (mut words, mut types) = (Vec::new(), Vec::new());
    for errors in context {
        expected(errors, &mut words, &mut types);
    }
    types.retain(|kind| kind != "nothing");
    types.dedup();
    if types.is_empty() {
        return none_of(path, value, &words);
    }
    let mut all: Vec<String> = words.iter().map(word).collect();
    all.extend(types);
    let last = all.pop().unwrap_or_default();
    let expected = if all.is_empty() { last } else { format!("{} or {last}", all.join(", ")) };
    with_near(Problem::new(path, format!("expected {expected}, found {}", short(value))), value, &words)
}

/// A value that is none of these.
pub(crate) fn none_of(path: &str, value: &Value, options: &[Value]) -> Problem {
    let names: Vec<String> = options.iter().filter(|option| !option.is_null()).map(word).collect();
    let problem = Problem::new(path, format!("{} is none of {}", short(value), names.join(", ")));
    with_near(problem, value, options)
}

fn with_near(problem: Problem, value: &Value, options: &[Value]) -> Problem {
    let given = value.as_str().unwrap_or_default();
    match similar_names(given, options.iter().filter_map(Value::as_str)).as_slice() {
        [] => problem,
        near => problem.hint(format!("did you mean {}?", near.join(" or "))),
    }
}

fn expected(errors: &[ValidationError<'static>], words: &mut Vec<Value>, types: &mut Vec<String>) {
    let mut own: Vec<Value> = Vec::new();
    for error in errors {
        match error.kind() {
            ValidationErrorKind::Constant { expected_value } => own.push(Value::clone(expected_value)),
            ValidationErrorKind::Enum { options } => own.extend(options.as_array().into_iter().flatten().cloned()),
            ValidationErrorKind::AnyOf { context } | ValidationErrorKind::OneOfNotValid { context } => {
                for errors in context {
                    expected(errors, words, types);
                }
            }
            _ => {}
        }
    }
    if own.is_empty() {
        types.extend(errors.iter().filter_map(|error| match error.kind() {
            ValidationErrorKind::Type { kind } => Some(type_words(kind)),
            _ => None,
        }));
    }
    words.extend(own);
}

/// A word bare, another value as JSON.
fn word(value: &Value) -> String {
    value.as_str().map_or_else(|| short(value), str::to_owned)
}
