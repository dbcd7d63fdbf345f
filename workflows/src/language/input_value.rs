//! The value of an input that nothing has to be loaded for.

use serde_json::Value;

use crate::language::{
    model::{Input, InputType},
    shape::{self, short},
};

/// The value of an input as templates see it, of all types that nothing has to be loaded for. The error says what is wrong.
pub(crate) fn plain(name: &str, input: &Input, given: &Value) -> Result<Value, String> {
    let wrong = |what: &str| format!("the input \"{name}\" is {}; it takes {what}", short(given));
    // The command line gives texts.
    let word = given.as_str().map(str::trim);
    let value = match input.kind {
        InputType::Text => match given {
            Value::String(_) => given.clone(),
            Value::Number(_) | Value::Bool(_) => given.to_string().into(),
            _ => return Err(wrong("a text")),
        },
        InputType::Number => {
            let number = match (given, word) {
                (Value::Number(number), _) => Some(number.clone()),
                (_, Some(word)) => serde_json::from_str(word).ok(),
                _ => None,
            };
            let number = number.ok_or_else(|| wrong("a number"))?;
            if input.integer && number.as_f64().is_some_and(|number| number.fract() != 0.0) {
                return Err(wrong("a whole number"));
            }
            Value::Number(number)
        }
        InputType::Bool => match (given, word) {
            (Value::Bool(_), _) => given.clone(),
            (_, Some("true" | "yes")) => true.into(),
            (_, Some("false" | "no")) => false.into(),
            _ => return Err(wrong("true or false")),
        },
        InputType::Enum => match word {
            Some(word) if input.values.iter().any(|value| value == word) => word.into(),
            _ => return Err(wrong(&format!("one of {}", input.values.join(", ")))),
        },
        InputType::Json => {
            let value = match word {
                Some(text) if text.starts_with(['[', '{', '"']) => {
                    serde_json::from_str(text).map_err(|error| format!("the input \"{name}\" is no JSON: {error}"))?
                }
                _ => given.clone(),
            };
            if let Some(schema) = &input.schema
                && let Ok(validator) = shape::validator(schema)
                && let Some(problem) = shape::check(&validator, &value, name, schema).first()
            {
                return Err(format!("the input {}: {}", problem.path, problem.message));
            }
            value
        }
        InputType::Image | InputType::Images | InputType::File => return Err(wrong("something to load")),
    };
    let (size, unit) = match &value {
        Value::Number(number) => (number.as_f64().unwrap_or_default(), ""),
        Value::String(text) => (text.chars().count() as f64, " characters"),
        _ => return Ok(value),
    };
    bounds(name, input, size, unit)?;
    Ok(value)
}

pub(crate) fn bounds(name: &str, input: &Input, size: f64, unit: &str) -> Result<(), String> {
    let few = input.min.filter(|min| size < *min).map(|min| format!("at least {min}"));
    let many = input.max.filter(|max| size > *max).map(|max| format!("at most {max}"));
    match few.or(many) {
        Some(bound) => Err(format!("the input \"{name}\" has {size}{unit}; it takes {bound}")),
        None => Ok(()),
    }
}
