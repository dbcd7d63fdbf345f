//! Grounding DINO's prompt: all phrases in one text, each ended by a full stop, and the tokens that are each phrase's.

use std::ops::Range;

use crate::{tool::ToolError, vision::phrases::Phrases};

/// Tokens that the text encoder takes.
const MOST: usize = 256;

/// A prompt as tokens.
#[derive(Debug, PartialEq)]
pub(super) struct Prompt {
    pub(super) ids: Vec<i64>,
    /// For each label its tokens, without the full stop.
    pub(super) spans: Vec<Range<usize>>,
}

/// `a cat. a remote.`
pub(super) fn text(labels: &[String]) -> String {
    // A full stop inside would end the phrase.
    let phrase = |label: &String| label.to_lowercase().replace('.', " ").trim().to_owned();
    let phrases: Vec<String> = labels.iter().map(phrase).collect();
    format!("{}.", phrases.join(". "))
}

impl Prompt {
    pub(super) fn of(labels: &[String], phrases: &Phrases) -> Result<Self, ToolError> {
        let ids = phrases.ids(&text(labels))?;
        let stop = phrases.id(".").ok_or_else(|| ToolError::internal("the tokenizer has no full stop"))?;
        if ids.len() > MOST {
            return Err(ToolError::invalid_input(format!(
                "the labels make {} tokens, and {MOST} are the most; name fewer things, or in fewer words",
                ids.len()
            )));
        }
        let spans = spans(&ids, stop);
        if spans.len() != labels.len() {
            return Err(ToolError::invalid_input(format!(
                "the labels read as {} phrases, not {}; use plain words",
                spans.len(),
                labels.len()
            )));
        }
        Ok(Self { ids, spans })
    }
}

/// What lies between the mark at the start and the full stops.
fn spans(ids: &[i64], stop: i64) -> Vec<Range<usize>> {
    let mut start = 1;
    let mut found = Vec::new();
    for (at, _) in ids.iter().enumerate().filter(|(_, id)| **id == stop) {
        if at > start {
            found.push(start..at);
        }
        start = at + 1;
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn phrases_are_lower_case_and_end_with_a_full_stop() {
        let labels = ["A cat".to_owned(), "St. Bernard dog".to_owned(), "no. 5".to_owned()];
        assert_eq!(text(&labels), "a cat. st  bernard dog. no  5.");
    }

    #[test]
    fn each_phrase_has_its_tokens() {
        // [CLS] a cat . remote . [SEP]
        assert_eq!(spans(&[101, 7, 8, 1012, 9, 1012, 102], 1012), [1..3, 4..5]);
        assert!(spans(&[101, 1012, 102], 1012).is_empty());
    }
}
