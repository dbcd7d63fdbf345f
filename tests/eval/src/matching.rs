//! Whether an outcome meets an expectation.

use argus_agent::run::{ImageRecord, Outcome};
use argus_tools::geom::BBox;
use serde_json::Value;

use crate::{
    Expect, Made, MadeSpec, NumberSpec,
    sense::{polarity, refuses},
    text::{Token, compact, contains, numbers, tokens},
};

/// Letters and digits that a text of several words needs before its spaces may be missing in the answer.
const COMPACT_LENGTH: usize = 8;
/// The smallest IoU of the region that was asked for and the one that was taken.
const REGION_IOU: f32 = 0.5;

/// What of the expectation an outcome does not meet, in words; empty if it is right.
pub(super) fn unmet(expect: &Expect, outcome: &Outcome) -> Vec<String> {
    let answer = outcome.answer.as_deref().unwrap_or_default();
    let mut wrong = Vec::new();
    if answer.trim().is_empty() {
        wrong.push("there is no answer".to_owned());
    }
    let words = tokens(answer);
    let says = |entry: &String| mentions(answer, &words, entry);
    wrong.extend(expect.all.iter().filter(|entry| !says(entry)).map(|entry| format!("it does not say \"{entry}\"")));
    if !expect.any.is_empty() && !expect.any.iter().any(says) {
        wrong.push(format!("it says none of \"{}\"", expect.any.join("\", \"")));
    }
    wrong.extend(expect.none.iter().filter(|entry| says(entry)).map(|entry| format!("it says \"{entry}\"")));
    if let Some(number) = expect.number
        && !numbers(&words).iter().any(|given| number.accepts(*given))
    {
        wrong.push(format!("it does not give the number {number}"));
    }
    if let Some(yes) = expect.yes
        && polarity(answer) != Some(yes)
    {
        wrong.push(format!("it does not say {}", if yes { "yes" } else { "no" }));
    }
    if expect.refuses && !refuses(answer) {
        wrong.push("it does not say that it cannot be told".to_owned());
    }
    if expect.no_tools && outcome.steps.iter().any(|step| !step.calls.is_empty()) {
        wrong.push("a tool was called though none is needed".to_owned());
    }
    if let Some(made) = &expect.made {
        wrong.extend(not_made(made, &outcome.images));
    }
    wrong
}

/// Whether a text holds one of the alternatives of an entry.
pub(super) fn mentions(answer: &str, words: &[Token], entry: &str) -> bool {
    entry.split('|').any(|alternative| holds(answer, words, alternative))
}

/// Whether a text holds another, as whole words, numbers by value. A longer text may have lost its spaces.
pub(super) fn holds(answer: &str, words: &[Token], part: &str) -> bool {
    let wanted = tokens(part);
    if contains(words, &wanted) {
        return true;
    }
    let short = compact(part);
    let wordy = wanted.len() > 1 && wanted.iter().any(|token| token.number().is_none());
    wordy && short.chars().count() >= COMPACT_LENGTH && compact(answer).contains(&short)
}

fn not_made(made: &Made, images: &[ImageRecord]) -> Option<String> {
    let mut derived = images.iter().filter(|image| image.op.is_some());
    match made {
        Made::Any(true) => derived.next().is_none().then(|| "no picture was made".to_owned()),
        Made::Any(false) => derived.next().map(|image| format!("{} was made", image.handle)),
        Made::By(spec) => (!derived.any(|image| spec.accepts(image))).then(|| format!("no picture was made by {spec}")),
    }
}

impl MadeSpec {
    fn accepts(&self, image: &ImageRecord) -> bool {
        let op = image.op.as_deref().unwrap_or_default();
        let by = op == self.op || op.split('.').next() == Some(&self.op);
        let args = image.args.as_ref();
        let has = |(name, value): (&String, &Value)| {
            args.and_then(|args| args.get(name)).is_some_and(|given| same_value(given, value))
        };
        let there = self.region.is_none_or(|wanted| {
            let given = args.and_then(|args| args.get("region")).cloned();
            let given: Option<[f32; 4]> = given.and_then(|region| serde_json::from_value(region).ok());
            given.is_some_and(|given| BBox::from(given).iou(&BBox::from(wanted)) >= REGION_IOU)
        });
        by && there && self.args.iter().all(has)
    }
}

/// 90 and 90.0 are the same number.
fn same_value(a: &Value, b: &Value) -> bool {
    match (a.as_f64(), b.as_f64()) {
        (Some(a), Some(b)) => (a - b).abs() < 1e-6,
        _ => a == b,
    }
}

impl NumberSpec {
    fn accepts(self, given: f64) -> bool {
        let (value, tolerance) = match self {
            Self::Exact(value) => (value, 0.0),
            Self::Near { value, tolerance } => (value, tolerance),
        };
        (given - value).abs() <= tolerance + 1e-6 * value.abs().max(1.0)
    }
}

impl std::fmt::Display for NumberSpec {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Exact(value) => write!(f, "{value}"),
            Self::Near { value, tolerance } => write!(f, "{value} (within {tolerance})"),
        }
    }
}

impl std::fmt::Display for MadeSpec {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.op)?;
        if let Some([x1, y1, x2, y2]) = self.region {
            write!(f, " near [{x1}, {y1}, {x2}, {y2}]")?;
        }
        if !self.args.is_empty() {
            write!(f, " with {}", Value::Object(self.args.clone()))?;
        }
        Ok(())
    }
}
