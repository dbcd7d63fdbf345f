//! `calculate`: arithmetic that a small model should not do in its head.

mod evaluate;
mod lexer;

#[cfg(test)]
mod tests;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use self::evaluate::{Value, evaluate, tidy};
use crate::tool::{Effects, Example, Scene, Tool, ToolCx, ToolError};

/// Computes an arithmetic expression.
pub struct Calculate;

/// Arguments of [`Calculate`].
#[derive(Debug, Deserialize, JsonSchema)]
pub struct CalculateInput {
    /// numbers with + - * / % ^ ( ), comparisons such as 3 > 2, and sum, min, max, avg, median, round, floor, ceil, abs, sqrt;
    /// a time of day such as 9:05 counts in minutes
    expression: String,
}

/// Result of [`Calculate`].
#[derive(Debug, JsonSchema, Serialize)]
pub struct CalculateOutput {
    /// What was computed.
    pub expression: String,
    /// A number, or true or false for a comparison. Minutes where times of day were computed with.
    pub result: Answer,
    /// The same in hours and minutes, where times of day were computed with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub time: Option<String>,
}

/// A number or a truth value.
#[derive(Clone, Copy, Debug, JsonSchema, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Answer {
    /// A whole number.
    Whole(i64),
    /// A number with decimals, to 12 significant digits.
    Decimal(f64),
    /// What a comparison says.
    Truth(bool),
}

impl std::fmt::Display for Answer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Whole(value) => write!(f, "{value}"),
            Self::Decimal(value) => write!(f, "{value}"),
            Self::Truth(value) => write!(f, "{value}"),
        }
    }
}

/// An expression that cannot be computed.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{why}{}", position.map(|at| format!(" (at character {at})")).unwrap_or_default())]
pub struct CalculateError {
    why: String,
    position: Option<usize>,
}

impl CalculateError {
    fn at(position: usize, why: impl Into<String>) -> Self {
        Self { why: why.into(), position: Some(position) }
    }

    fn whole(why: impl Into<String>) -> Self {
        Self { why: why.into(), position: None }
    }
}

/// What an expression looks like that computes something: a number alone does not.
const COMPUTES: &str = "^[0-9a-z(-][0-9a-z(). :]*[-+*/%^<>=!,(][0-9a-z(). :,%^+*/<>=!-]*[0-9a-z)%]$";

/// Computes an expression. Nothing but arithmetic can happen: no names, no files, bounded length and depth.
pub fn calculate(expression: &str) -> Result<Answer, CalculateError> {
    /// Whole numbers up to here are exact in a float.
    const EXACT: f64 = 9_007_199_254_740_992.0;
    Ok(match evaluate(&percentages(expression))? {
        Value::Truth(value) => Answer::Truth(value),
        Value::Number(value) if value.fract() == 0.0 && value.abs() < EXACT => Answer::Whole(value as i64),
        Value::Number(value) => match tidy(value) {
            whole if whole.fract() == 0.0 && whole.abs() < 1e12 => Answer::Whole(whole as i64),
            decimal => Answer::Decimal(decimal),
        },
    })
}

/// `17.5% of 240` and `17.5 percent of 240` as the fraction that they mean; `10 % 3` stays the remainder.
fn percentages(expression: &str) -> String {
    let mut text = expression.to_lowercase();
    for words in ["percent of", "per cent of", "% of"] {
        text = text.replace(words, "/ 100 *");
    }
    text
}

impl Tool for Calculate {
    type Input = CalculateInput;
    type Output = CalculateOutput;
    const NAME: &'static str = "calculate";
    const EFFECTS: Effects = Effects::COMPUTES;
    const SUMMARY: &'static str =
        "compute with numbers or times of day: sums, differences, averages, comparisons, percentages (N% of M)";

    fn examples() -> Vec<Example> {
        vec![
            Example {
                task: "What do the three items cost together?",
                input: json!({"expression": "4.50 + 12.00 + 1,299.99"}),
                output: json!({"expression": "4.50 + 12.00 + 1,299.99", "result": 1316.49}),
            },
            Example {
                task: "Are there more dogs (3) than cats (2)?",
                input: json!({"expression": "3 > 2"}),
                output: json!({"expression": "3 > 2", "result": true}),
            },
            Example {
                task: "How long does it take from 8:25 to 11:30?",
                input: json!({"expression": "11:30 - 8:25"}),
                output: json!({"expression": "11:30 - 8:25", "result": 185, "time": "3 hours 5 minutes"}),
            },
        ]
    }

    fn narrow(mut schema: serde_json::Value, _: &Scene) -> Option<serde_json::Value> {
        schema["properties"]["expression"]["pattern"] = COMPUTES.into();
        Some(schema)
    }

    async fn call(&self, input: CalculateInput, _: &ToolCx) -> Result<CalculateOutput, ToolError> {
        let expression = input.expression.trim().trim_end_matches(['=', '?']).trim().to_owned();
        let result = calculate(&expression)
            .map_err(|error| ToolError::invalid_input(format!("cannot compute \"{expression}\": {error}")))?;
        let time = lexer::has_time(&expression).then(|| hours(result)).flatten();
        Ok(CalculateOutput { expression, result, time })
    }

    fn render(output: &CalculateOutput) -> String {
        let expression = &output.expression;
        match (output.result, &output.time) {
            (Answer::Truth(value), _) => format!("{expression} is {value}"),
            (Answer::Whole(minutes @ 0..), Some(time)) => {
                format!("{expression} = {}:{:02} ({minutes} minutes, {time})", minutes / 60, minutes % 60)
            }
            (number, Some(time)) => format!("{expression} = {number} minutes ({time})"),
            (number, None) => format!("{expression} = {number}"),
        }
    }
}

/// Minutes as "2 hours 32 minutes".
fn hours(result: Answer) -> Option<String> {
    let Answer::Whole(minutes) = result else { return None };
    let (hours, rest) = (minutes.abs() / 60, minutes.abs() % 60);
    let sign = if minutes < 0 { "-" } else { "" };
    let one = |count: i64, unit: &str| format!("{count} {unit}{}", if count == 1 { "" } else { "s" });
    Some(match (hours, rest) {
        (0, rest) => format!("{sign}{}", one(rest, "minute")),
        (hours, 0) => format!("{sign}{}", one(hours, "hour")),
        (hours, rest) => format!("{sign}{} {}", one(hours, "hour"), one(rest, "minute")),
    })
}
