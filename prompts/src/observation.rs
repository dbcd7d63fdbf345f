//! Observations in fewer words, by kind: of objects the largest stay, of text the lines that bear on the task, of anything
//! else the beginning. What is left out is counted, and where the whole can be read is said.

use std::collections::HashMap;

use serde_json::Value;

use super::shorten;
use crate::similarity::Similarity;

/// Shortens what a tool said to about `limit` characters. `value` is its output as data, `task` what it is needed for.
/// `None` if it is short enough as it is.
pub(crate) fn shorten_observation(text: &str, value: &Value, task: &str, limit: usize) -> Option<String> {
    if text.chars().count() <= limit {
        return None;
    }
    let short = if let Some(objects) = value.get("objects").and_then(Value::as_array) {
        largest(text, objects, limit)
    } else if value.get("lines").is_some() && text.lines().count() >= 4 {
        Some(relevant_lines(text, task, limit))
    } else {
        None
    };
    Some(short.unwrap_or_else(|| shorten(text, limit)))
}

/// The objects of a rendering that cover most of the image, in the order of the rendering.
fn largest(text: &str, objects: &[Value], limit: usize) -> Option<String> {
    let area = |object: &Value| -> Option<(String, f64)> {
        let corners: Vec<f64> = object.get("box")?.as_array()?.iter().filter_map(Value::as_f64).collect();
        let [x1, y1, x2, y2] = corners.try_into().ok()?;
        Some((object.get("handle")?.as_str()?.to_owned(), (x2 - x1) * (y2 - y1)))
    };
    let areas: HashMap<String, f64> = objects.iter().filter_map(area).collect();
    let items: Vec<&str> = text.split("; ").collect();
    let size = |item: &str| {
        let named = item.split_whitespace().filter_map(|word| areas.get(word.trim_matches([',', '(', ')', ':'])));
        named.copied().fold(f64::NAN, f64::max)
    };
    let mut order: Vec<usize> = (0..items.len()).filter(|at| !size(items[*at]).is_nan()).collect();
    if order.len() < 2 {
        return None;
    }
    order.sort_by(|a, b| size(items[*b]).total_cmp(&size(items[*a])));
    let (mut used, mut kept) = (0, Vec::new());
    for at in order.iter().copied() {
        used += items[at].chars().count() + 2;
        if used > limit && !kept.is_empty() {
            break;
        }
        kept.push(at);
    }
    let left = order.len() - kept.len();
    kept.sort_unstable();
    let kept: Vec<&str> = kept.into_iter().map(|at| items[at]).collect();
    Some(format!("{}; and {left} more, all smaller", kept.join("; ")))
}

/// The lines that are like the task, the first lines, and lines with numbers, in their order; gaps are marked.
pub(crate) fn relevant_lines(text: &str, task: &str, limit: usize) -> String {
    let lines: Vec<&str> = text.lines().collect();
    let similarity = Similarity::new(lines.iter().copied());
    let worth = |at: usize| {
        let shared = 4.0 * similarity.likeness(task, lines[at]);
        let number = if lines[at].chars().any(|c| c.is_ascii_digit()) { 0.3 } else { 0.0 };
        let near_top = 0.5 / (1.0 + at as f64);
        shared + number + near_top
    };
    let mut order: Vec<(usize, f64)> = (0..lines.len()).map(|at| (at, worth(at))).collect();
    order.sort_by(|a, b| b.1.total_cmp(&a.1));
    let (mut used, mut kept) = (0, Vec::new());
    for (at, _) in order {
        let length = lines[at].chars().count() + 1;
        if used + length > limit && !kept.is_empty() {
            continue;
        }
        used += length;
        kept.push(at);
    }
    kept.sort_unstable();
    let mut shown: Vec<String> = Vec::new();
    let mut next = 0;
    for at in kept {
        if at > next {
            shown.push(format!("[{} lines left out]", at - next));
        }
        shown.push(lines[at].chars().take(limit).collect());
        next = at + 1;
    }
    if next < lines.len() {
        shown.push(format!("[{} lines left out]", lines.len() - next));
    }
    shown.join("\n")
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failed set-up fails the test")]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn of_objects_the_largest_stay() {
        let objects: Vec<Value> = (1..=20)
            .map(|n| json!({ "handle": format!("img-1/cup-{n}"), "label": "cup", "box": [0, 0, n * 10, 10] }))
            .collect();
        let items: Vec<String> = (1..=20).map(|n| format!("img-1/cup-{n} box [0, 0, {}, 10]", n * 10)).collect();
        let text = format!("20 cup: {}", items.join("; "));
        let short = shorten_observation(&text, &json!({ "objects": objects }), "How many cups?", 150).unwrap();
        assert!(short.ends_with("img-1/cup-20 box [0, 0, 200, 10]; and 16 more, all smaller"), "{short}");
        assert!(short.starts_with("img-1/cup-17 box"), "{short}");
        assert_eq!(shorten_observation(&text, &json!({ "objects": [] }), "", 10_000), None);
    }

    #[test]
    fn of_text_the_lines_that_bear_on_the_task_stay() {
        let mut lines: Vec<String> = (1..=60).map(|n| format!("a row about nothing, number {n}")).collect();
        lines[0] = "ACME STORE".into();
        lines[40] = "Grand total 12.50".into();
        let text = lines.join("\n");
        let value = json!({ "lines": [] });
        let short = shorten_observation(&text, &value, "What is the total?", 200).unwrap();
        assert!(short.starts_with("ACME STORE\n") && short.contains("Grand total 12.50"), "{short}");
        assert!(short.contains("lines left out]"), "{short}");
    }
}
