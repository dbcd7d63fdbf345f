//! A report beside an earlier one: which cases changed.

use std::fmt;

use indexmap::IndexMap;
use serde::Serialize;

use crate::{CaseResult, Report};

/// How two reports of the same cases differ.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Comparison {
    /// Cases in both.
    pub common: usize,
    /// Share of their runs that was right before, from 0 to 1.
    pub before: f64,
    /// Share of their runs that is right now, from 0 to 1.
    pub now: f64,
    /// Cases that are right more often than before.
    pub gained: Vec<String>,
    /// Cases that are right less often.
    pub lost: Vec<String>,
    /// Median seconds of the runs of the common cases, before and now.
    pub seconds: (f64, f64),
    /// Cases that only one of the reports has.
    pub unmatched: Vec<String>,
}

/// Compares by kind and id; of cases with several runs the share that was right counts.
pub fn compare(before: &Report, now: &Report) -> Comparison {
    let (old, new) = (by_case(before), by_case(now));
    let common: Vec<&(String, String)> = new.keys().filter(|key| old.contains_key(*key)).collect();
    let name = |key: &&(String, String)| key.1.clone();
    let differs = |better: bool| -> Vec<String> {
        let moved = |key: &&&(String, String)| {
            let (was, is) = (right(&old[**key]), right(&new[**key]));
            if better { is > was + 1e-9 } else { is < was - 1e-9 }
        };
        common.iter().filter(moved).map(name).collect()
    };
    let runs = |cases: &IndexMap<(String, String), Vec<CaseResult>>| -> Vec<CaseResult> {
        common.iter().flat_map(|key| cases[*key].clone()).collect()
    };
    let summary = |runs: &[CaseResult]| crate::Summary::of(&runs.iter().collect::<Vec<_>>());
    let (was, is) = (summary(&runs(&old)), summary(&runs(&new)));
    let unmatched =
        old.keys().filter(|key| !new.contains_key(*key)).chain(new.keys().filter(|key| !old.contains_key(*key)));
    Comparison {
        common: common.len(),
        before: was.success,
        now: is.success,
        gained: differs(true),
        lost: differs(false),
        seconds: (was.median_seconds, is.median_seconds),
        unmatched: unmatched.map(|key| key.1.clone()).collect(),
    }
}

fn by_case(report: &Report) -> IndexMap<(String, String), Vec<CaseResult>> {
    let mut cases: IndexMap<(String, String), Vec<CaseResult>> = IndexMap::new();
    for result in &report.results {
        cases.entry((result.kind.clone(), result.id.clone())).or_default().push(result.clone());
    }
    cases
}

fn right(runs: &[CaseResult]) -> f64 {
    runs.iter().filter(|run| run.success).count() as f64 / runs.len().max(1) as f64
}

impl fmt::Display for Comparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "beside the earlier report, {} cases: {:.1} % right before, {:.1} % now; median {:.1} s before, {:.1} s now",
            self.common,
            self.before * 100.0,
            self.now * 100.0,
            self.seconds.0,
            self.seconds.1
        )?;
        for (what, cases) in
            [("gained", &self.gained), ("lost", &self.lost), ("only in one of the reports", &self.unmatched)]
        {
            if !cases.is_empty() {
                writeln!(f, "  {what}: {}", cases.join(", "))?;
            }
        }
        Ok(())
    }
}
