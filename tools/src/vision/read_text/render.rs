//! What a model is told of the text that was read, and worked calls.

use std::fmt::Write;

use serde_json::json;

use super::ReadTextOutput;
use crate::tool::Example;

/// Lines shown; more would crowd the prompt.
const SHOWN: usize = 40;
/// Characters of one line shown.
const WIDEST: usize = 160;

/// The lines by handle, the first 40 of them.
pub(super) fn render(output: &ReadTextOutput) -> String {
    if output.lines.is_empty() {
        return "no text found".into();
    }
    let count = output.lines.len();
    let mut text = format!("{count} line{} of text", if count == 1 { "" } else { "s" });
    if count > SHOWN {
        let _ = write!(text, ", the first {SHOWN} shown (read a region to see the others)");
    }
    text.push(':');
    for line in output.lines.iter().take(SHOWN) {
        let _ = write!(text, "\n{}: {}", line.handle, shortened(&line.text));
    }
    text
}

fn shortened(text: &str) -> String {
    match text.char_indices().nth(WIDEST) {
        None => text.to_owned(),
        Some((end, _)) => format!("{}...", &text[..end]),
    }
}

/// Worked calls.
pub(super) fn examples() -> Vec<Example> {
    vec![
        Example {
            task: "What does the sign say?",
            input: json!({ "image": "img-1" }),
            output: json!({
                "text": "NO PARKING",
                "lines": [{
                    "handle": "img-1/line-1", "text": "NO PARKING", "score": 0.98,
                    "quad": [[102.0, 80.0], [310.0, 84.0], [309.0, 130.0], [101.0, 126.0]]
                }]
            }),
        },
        Example {
            task: "What is written on the bus?",
            input: json!({ "image": "img-1", "region": "img-1/bus-1" }),
            output: json!({
                "text": "42 Central Station",
                "lines": [
                    {
                        "handle": "img-1/line-1", "text": "42", "score": 0.99,
                        "quad": [[220.0, 61.0], [262.0, 61.0], [262.0, 90.0], [220.0, 90.0]]
                    },
                    {
                        "handle": "img-1/line-2", "text": "Central Station", "score": 0.96,
                        "quad": [[275.0, 62.0], [430.0, 64.0], [430.0, 90.0], [275.0, 88.0]]
                    }
                ]
            }),
        },
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{geom::Quad, vision::read_text::TextLine};

    fn output(lines: usize, text: &str) -> ReadTextOutput {
        let lines = (1..=lines).map(|n| TextLine {
            handle: format!("img-1/line-{n}"),
            text: text.to_owned(),
            score: 0.9,
            quad: Quad([[0.0; 2]; 4]),
            words: Vec::new(),
        });
        ReadTextOutput { text: String::new(), lines: lines.collect() }
    }

    #[test]
    fn lines_come_with_their_handles() {
        assert_eq!(render(&output(0, "")), "no text found");
        assert_eq!(render(&output(1, "EXIT")), "1 line of text:\nimg-1/line-1: EXIT");
        assert_eq!(render(&output(2, "a")), "2 lines of text:\nimg-1/line-1: a\nimg-1/line-2: a");
    }

    #[test]
    fn what_is_left_out_is_said() {
        let text = render(&output(50, &"é".repeat(200)));
        assert!(text.starts_with("50 lines of text, the first 40 shown"), "{text}");
        assert_eq!(text.lines().count(), 41);
        assert!(text.ends_with("é..."), "{text}");
    }
}
