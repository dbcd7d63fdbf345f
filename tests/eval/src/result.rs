//! What came of one run of one case.

use argus_agent::run::StopReason;
use indexmap::IndexSet;
use serde::{Deserialize, Serialize};

/// The tools that were called beside those that a right run calls, as sets of names.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Serialize)]
pub struct ToolScore {
    /// Tools in both.
    pub hits: usize,
    /// Tools that were called.
    pub called: usize,
    /// Tools that a right run calls.
    pub wanted: usize,
}

impl ToolScore {
    /// Compares two lists of names as sets.
    pub fn of(called: &[String], wanted: &[String]) -> Self {
        let called: IndexSet<&String> = called.iter().collect();
        let wanted: IndexSet<&String> = wanted.iter().collect();
        Self { hits: called.intersection(&wanted).count(), called: called.len(), wanted: wanted.len() }
    }

    /// The share of the called tools that were wanted; 1 if none was called.
    pub fn precision(self) -> f64 {
        share(self.hits, self.called)
    }

    /// The share of the wanted tools that were called; 1 if none was wanted.
    pub fn recall(self) -> f64 {
        share(self.hits, self.wanted)
    }

    /// The harmonic mean of precision and recall; 1 if nothing was wanted and nothing called.
    pub fn f1(self) -> f64 {
        if self.called + self.wanted == 0 { 1.0 } else { 2.0 * self.hits as f64 / (self.called + self.wanted) as f64 }
    }
}

fn share(part: usize, whole: usize) -> f64 {
    if whole == 0 { 1.0 } else { part as f64 / whole as f64 }
}

/// One run of one case.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct CaseResult {
    /// The case.
    pub id: String,
    /// Its kind.
    pub kind: String,
    /// Which run of it, from 1.
    pub run: u32,
    /// What was asked.
    pub task: String,
    /// Whether all is right.
    pub success: bool,
    /// How right it is, from 0 to 1.
    pub score: f64,
    /// What is wrong.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub why: Vec<String>,
    /// What was expected, in words.
    pub expected: String,
    /// The answer.
    pub answer: Option<String>,
    /// Why the run ended; null if it could not be made.
    pub stop: Option<StopReason>,
    /// Whether the answer rests on what was observed.
    pub grounded: bool,
    /// The tools that the model called, in order.
    pub called: Vec<String>,
    /// How that compares with the tools that a right run calls, where that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tools: Option<ToolScore>,
    /// The model's turns.
    pub steps: usize,
    /// Tokens that the model read.
    pub prompt_tokens: u64,
    /// Tokens that it wrote.
    pub completion_tokens: u64,
    /// Wall time.
    pub seconds: f64,
    /// How often the model was told what is wrong with its reply.
    pub repairs: u32,
    /// Why the run could not be made or kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// Where its record lies.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trace: Option<String>,
}
