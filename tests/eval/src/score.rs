//! How a run is judged, by the source of its case.

use argus_agent::run::{Call, Outcome};

use crate::{Expect, functions, matching, replay, vqa};

/// What a right run does and says.
#[derive(Clone, Debug, PartialEq)]
pub enum Scoring {
    /// The answer and the pictures made meet an expectation.
    Expect(Expect),
    /// The answer agrees with what people said.
    Vqa(vqa::Truth),
    /// The answer agrees with a reference answer.
    Replay(replay::Truth),
    /// The first call is one of those allowed, or there is none.
    Calls(functions::Truth),
}

/// How right a run was.
#[derive(Clone, Debug, PartialEq)]
pub struct Score {
    /// From 0 to 1.
    pub value: f64,
    /// Whether that is enough.
    pub right: bool,
    /// What is wrong; empty if all is right.
    pub why: Vec<String>,
}

impl Score {
    /// All right, or nothing, for these reasons.
    pub(super) fn all_or_nothing(why: Vec<String>) -> Self {
        Self { value: if why.is_empty() { 1.0 } else { 0.0 }, right: why.is_empty(), why }
    }
}

impl Scoring {
    /// Judges a run by its outcome and the calls that the model made.
    pub fn score(&self, outcome: &Outcome, calls: &[Call]) -> Score {
        match self {
            Self::Expect(expect) => Score::all_or_nothing(matching::unmet(expect, outcome)),
            Self::Vqa(truth) => truth.score(outcome.answer.as_deref().unwrap_or_default()),
            Self::Replay(truth) => truth.score(outcome),
            Self::Calls(truth) => truth.score(calls),
        }
    }

    /// What is expected, in words for a report.
    pub fn describe(&self) -> String {
        match self {
            Self::Expect(expect) => {
                let json = serde_json::to_value(expect).unwrap_or_default();
                let parts = json.as_object().into_iter().flatten();
                parts.map(|(name, value)| format!("{name} {value}")).collect::<Vec<_>>().join(", ")
            }
            Self::Vqa(truth) => truth.describe(),
            Self::Replay(truth) => truth.describe(),
            Self::Calls(truth) => truth.describe(),
        }
    }
}
