//! A report as text for a person.

use std::fmt::{self, Display, Write as _};

use crate::{CaseResult, Report, Summary};

/// Characters of an answer or expectation in the list of failures.
const SHOWN: usize = 300;

impl Display for Report {
    /// A table by kind of task, one by language where ids name it, and the list of what went wrong.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kinds = self.kinds.iter().map(|(kind, summary)| (&**kind, summary));
        table(f, "kind", &kinds.chain([("overall", &self.overall)]).collect::<Vec<_>>())?;
        let notes = [(self.overall.repairs as usize, "repairs of replies"), (self.overall.errors, "runs with errors")];
        for (count, what) in notes.iter().filter(|(count, _)| *count > 0) {
            writeln!(f, "{count} {what}")?;
        }
        if self.skipped > 0 {
            writeln!(f, "cases skipped, as their shared pictures are not here: {}", self.skipped)?;
        }
        if !self.complete {
            writeln!(f, "stopped early: not all cases were run")?;
        }
        if !self.languages.is_empty() {
            writeln!(f)?;
            let languages = self.languages.iter().map(|(language, summary)| (&**language, summary));
            table(f, "language", &languages.collect::<Vec<_>>())?;
        }
        let mut failures = self.results.iter().filter(|result| !result.success).peekable();
        if failures.peek().is_some() {
            writeln!(f, "\nnot right:")?;
        }
        for result in failures {
            f.write_str(&failure(result))?;
        }
        Ok(())
    }
}

/// A line for each summary, under a heading.
fn table(f: &mut fmt::Formatter<'_>, heading: &str, rows: &[(&str, &Summary)]) -> fmt::Result {
    let width = rows.iter().map(|(name, _)| name.chars().count()).fold(heading.len(), usize::max);
    writeln!(
        f,
        "{heading:<width$} {:>5} {:>6} {:>6} {:>6} {:>6} {:>6} {:>6} {:>6} {:>7} {:>6} {:>8} {:>7} {:>7}",
        "runs",
        "right",
        "ok %",
        "score",
        "ground",
        "tool P",
        "tool R",
        "tool F",
        "steps",
        "reads",
        "writes",
        "med s",
        "p90 s"
    )?;
    rows.iter().try_for_each(|(name, summary)| writeln!(f, "{name:<width$} {}", row(summary)))
}

fn row(summary: &Summary) -> String {
    let percent = |value: f64| format!("{:.1}", value * 100.0);
    let maybe = |value: Option<f64>| value.map_or("-".to_owned(), percent);
    format!(
        "{:>5} {:>6} {:>6} {:>6} {:>6} {:>6} {:>6} {:>6} {:>7.1} {:>6.0} {:>8.0} {:>7.1} {:>7.1}",
        summary.runs,
        summary.right,
        percent(summary.success),
        percent(summary.score),
        percent(summary.grounded),
        maybe(summary.tool_precision),
        maybe(summary.tool_recall),
        maybe(summary.tool_f1),
        summary.steps,
        summary.prompt_tokens,
        summary.completion_tokens,
        summary.median_seconds,
        summary.p90_seconds,
    )
}

fn failure(result: &CaseResult) -> String {
    let run = if result.run > 1 { format!(", run {}", result.run) } else { String::new() };
    let mut text = format!("- {} ({}{run}): {}\n", result.id, result.kind, one_line(&result.task));
    let mut line = |name: &str, value: &str| {
        let _ = writeln!(text, "    {name}: {}", one_line(value));
    };
    line("expected", &result.expected);
    line("answer", result.answer.as_deref().unwrap_or("(none)"));
    if !result.why.is_empty() {
        line("why", &result.why.join("; "));
    }
    if !result.called.is_empty() {
        line("called", &result.called.join(", "));
    }
    if let Some(error) = &result.error {
        line("error", error);
    }
    if let Some(trace) = &result.trace {
        line("record", trace);
    }
    text
}

fn one_line(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.chars().count() <= SHOWN { line } else { line.chars().take(SHOWN).chain("...".chars()).collect() }
}
