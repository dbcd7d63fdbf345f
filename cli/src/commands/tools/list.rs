//! The list for people: name, state, summary, within 100 columns.

use argus_tools::{store::Readiness, tool::ToolSpec};
use owo_colors::OwoColorize;
use unicode_width::UnicodeWidthStr;

use super::state_words;

/// Columns of a line at most.
const COLUMNS: usize = 100;

/// A line a tool, more where its summary is long.
pub(super) fn list(rows: &[(&ToolSpec, Readiness)]) -> String {
    let names = rows.iter().map(|(spec, _)| spec.name.width()).max().unwrap_or(0);
    let states = rows.iter().map(|(_, readiness)| state_words(readiness).width()).max().unwrap_or(0);
    let indent = names + states + 4;
    let mut lines = Vec::new();
    for (spec, readiness) in rows {
        let mut summary = wrapped(&spec.summary, COLUMNS.saturating_sub(indent)).into_iter();
        let state = format!("{:states$}", state_words(readiness));
        let state = match readiness {
            Readiness::Ready => state.green().to_string(),
            Readiness::NeedsDownload { .. } => state.yellow().to_string(),
            Readiness::NeedsModel { .. } => state.red().to_string(),
        };
        let name = format!("{:names$}", spec.name);
        lines.push(format!("{}  {state}  {}", name.bold(), summary.next().unwrap_or_default()));
        lines.extend(summary.map(|rest| format!("{:indent$}{rest}", "")));
    }
    lines.join("\n")
}

/// The words in lines of at most `width` columns; a longer word stands alone.
fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.width() + 1 + word.width() <= width => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use argus_tools::vision;

    use super::*;

    #[test]
    fn every_state_has_its_words_and_fits() {
        let tools = vision::toolbox();
        let states = [
            Readiness::Ready,
            Readiness::NeedsDownload { bytes: 361_000_000 },
            Readiness::NeedsModel { role: "detect".into(), reason: "none".into() },
        ];
        let rows: Vec<(&ToolSpec, Readiness)> =
            tools.specs().enumerate().map(|(at, spec)| (spec, states[at % 3].clone())).collect();
        let plain = anstream::adapter::strip_str(&list(&rows)).to_string();
        assert!(plain.lines().all(|line| line.width() <= COLUMNS), "{plain}");
        let first = plain.lines().next().unwrap_or_default();
        assert!(first.split_whitespace().take(3).eq(["detect", "ready", "find,"]), "{first}");
        assert!(plain.contains("needs download of 361 MB  ") && plain.contains("needs a model  "), "{plain}");
    }

    #[test]
    fn words_wrap() {
        assert_eq!(wrapped("one two three", 7), ["one two", "three"]);
        assert_eq!(wrapped("immeasurable one", 3), ["immeasurable", "one"]);
        assert!(wrapped("", 3).is_empty());
    }
}
