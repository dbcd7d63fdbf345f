//! The results of a batch, overall and by kind of task.

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::CaseResult;

/// The version of [`Report`]'s shape.
const VERSION: u32 = 1;

/// The languages that results are summed up by, as they stand in ids: `lang-fr-menu-total`.
const LANGUAGES: [&str; 8] = ["en", "de", "fr", "es", "pt", "it", "ja", "zh"];

/// A batch of runs.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Report {
    /// Version of this shape.
    pub version: u32,
    /// The LLM's id.
    pub model: String,
    /// What else was set, for whoever compares reports.
    pub settings: IndexMap<String, Value>,
    /// Cases that were not run because a shared picture of theirs is not on this machine.
    #[serde(default)]
    pub skipped: usize,
    /// Whether all cases were run.
    pub complete: bool,
    /// All runs together.
    pub overall: Summary,
    /// By kind of task, in order of first appearance.
    pub kinds: IndexMap<String, Summary>,
    /// By the language in the id, as far as ids name one.
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    pub languages: IndexMap<String, Summary>,
    /// Every run.
    pub results: Vec<CaseResult>,
}

/// What several runs come to.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Summary {
    /// How many runs.
    pub runs: usize,
    /// How many were right.
    pub right: usize,
    /// The share that was right, from 0 to 1.
    pub success: f64,
    /// The mean score, from 0 to 1; above the share where runs can be right in part.
    pub score: f64,
    /// The share of the answers that rest on what was observed.
    pub grounded: f64,
    /// Hits among the called tools over all runs whose tools are known.
    pub tool_precision: Option<f64>,
    /// Hits among the wanted tools over all runs whose tools are known.
    pub tool_recall: Option<f64>,
    /// The mean over these runs of the F1 of their tools.
    pub tool_f1: Option<f64>,
    /// The mean number of turns.
    pub steps: f64,
    /// The mean number of tokens read.
    pub prompt_tokens: f64,
    /// The mean number of tokens written.
    pub completion_tokens: f64,
    /// The median wall time in seconds.
    pub median_seconds: f64,
    /// The wall time in seconds that nine of ten runs stay within.
    pub p90_seconds: f64,
    /// How often a model was told what is wrong with its reply.
    pub repairs: u32,
    /// Runs that could not be made.
    pub errors: usize,
}

impl Report {
    /// Sums results up. `expected` is the number of runs that there should be.
    pub fn new(
        model: impl Into<String>,
        settings: IndexMap<String, Value>,
        results: Vec<CaseResult>,
        expected: usize,
    ) -> Self {
        let mut kinds: IndexMap<String, Vec<&CaseResult>> = IndexMap::new();
        for result in &results {
            kinds.entry(result.kind.clone()).or_default().push(result);
        }
        let languages = LANGUAGES.into_iter().filter_map(|language| {
            let own: Vec<&CaseResult> =
                results.iter().filter(|result| language_of(&result.id) == Some(language)).collect();
            (!own.is_empty()).then(|| (language.to_owned(), Summary::of(&own)))
        });
        let languages = languages.collect();
        let kinds = kinds.into_iter().map(|(kind, results)| (kind, Summary::of(&results))).collect();
        Self {
            version: VERSION,
            model: model.into(),
            settings,
            skipped: 0,
            complete: results.len() == expected,
            overall: Summary::of(&results.iter().collect::<Vec<_>>()),
            kinds,
            languages,
            results,
        }
    }
}

impl Summary {
    /// Sums up some runs; all zero if there are none.
    pub fn of(results: &[&CaseResult]) -> Self {
        let count = results.len();
        let mean = |value: &dyn Fn(&CaseResult) -> f64| {
            if count == 0 { 0.0 } else { results.iter().map(|result| value(result)).sum::<f64>() / count as f64 }
        };
        let right = results.iter().filter(|result| result.success).count();
        let answered: Vec<&&CaseResult> = results.iter().filter(|result| result.answer.is_some()).collect();
        let grounded = answered.iter().filter(|result| result.grounded).count();
        let tools: Vec<_> = results.iter().filter_map(|result| result.tools).collect();
        let of_tools = |value: f64| (!tools.is_empty()).then_some(value);
        let hits: usize = tools.iter().map(|tools| tools.hits).sum();
        let share = |whole: usize| if whole == 0 { 1.0 } else { hits as f64 / whole as f64 };
        let mut seconds: Vec<f64> = results.iter().map(|result| result.seconds).collect();
        seconds.sort_by(f64::total_cmp);
        Self {
            runs: count,
            right,
            success: rounded(right as f64 / count.max(1) as f64),
            score: rounded(mean(&|result| result.score)),
            grounded: rounded(grounded as f64 / answered.len().max(1) as f64),
            tool_precision: of_tools(rounded(share(tools.iter().map(|tools| tools.called).sum()))),
            tool_recall: of_tools(rounded(share(tools.iter().map(|tools| tools.wanted).sum()))),
            tool_f1: of_tools(rounded(tools.iter().map(|tools| tools.f1()).sum::<f64>() / tools.len().max(1) as f64)),
            steps: rounded(mean(&|result| result.steps as f64)),
            prompt_tokens: rounded(mean(&|result| result.prompt_tokens as f64)),
            completion_tokens: rounded(mean(&|result| result.completion_tokens as f64)),
            median_seconds: rounded(quantile(&seconds, 0.5)),
            p90_seconds: rounded(quantile(&seconds, 0.9)),
            repairs: results.iter().map(|result| result.repairs).sum(),
            errors: results.iter().filter(|result| result.error.is_some()).count(),
        }
    }
}

/// The language of an id `PREFIX-LANGUAGE-REST`.
fn language_of(id: &str) -> Option<&str> {
    let (language, rest) = id.split_once('-')?.1.split_once('-')?;
    (LANGUAGES.contains(&language) && !rest.is_empty()).then_some(language)
}

/// Thousandths: short, and unchanged by JSON.
fn rounded(value: f64) -> f64 {
    (value * 1000.0).round() / 1000.0
}

/// The value that this share of a sorted list does not exceed, between neighbours where it falls between them.
fn quantile(sorted: &[f64], share: f64) -> f64 {
    let Some(last) = sorted.len().checked_sub(1) else { return 0.0 };
    let at = share * last as f64;
    let (low, high) = (sorted[at.floor() as usize], sorted[at.ceil() as usize]);
    low + (high - low) * at.fract()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn languages_stand_second_in_ids() {
        assert_eq!((language_of("h3-de-count-cups"), language_of("lang-zh-sum")), (Some("de"), Some("zh")));
        assert_eq!(["de-cups", "cups", "h3-de", "h2-count-de-cups", "h3-nl-cups"].map(language_of), [None; 5]);
    }

    #[test]
    fn quantiles_lie_between_neighbours() {
        assert!((quantile(&[1.0, 2.0, 3.0, 10.0], 0.5) - 2.5).abs() < 1e-9);
        assert!((quantile(&[1.0, 2.0], 0.9) - 1.9).abs() < 1e-9);
        assert!(quantile(&[], 0.5).abs() < 1e-9 && (quantile(&[4.0], 0.9) - 4.0).abs() < 1e-9);
    }
}
