//! Fields of documents ([`argus_tools::document`]) in the words of a task.

pub use argus_tools::document::{Field, Found, TextLine, field};
pub(super) use argus_tools::document::{
    Row, amounts, amounts_of, date as date_in, looks_like, rows, time_range, times_in,
};

use super::words::{has_han, is_han, plain, words};

/// The lines of text that bear on a task, in their order: those that share a word with it, and those that look like the
/// value of a field that it asks for. Empty if none does.
pub fn lines_about<'a>(task: &str, lines: &'a [String]) -> Vec<&'a str> {
    let plain = plain(task);
    let wanted: Vec<String> = if has_han(task) {
        let han: Vec<char> = task.chars().filter(|c| is_han(*c)).collect();
        han.windows(2).map(|pair| pair.iter().collect()).collect()
    } else {
        words(&plain).into_iter().filter(|word| is_telling(word)).collect()
    };
    let field = Field::mentioned(&plain);
    let bears = |line: &String| {
        let lower = line.to_lowercase();
        let shared = wanted.iter().any(|word| {
            let stem = word.strip_suffix('s').filter(|stem| stem.len() > 2).unwrap_or(word);
            lower.contains(stem)
        });
        shared || field.as_ref().is_some_and(|field| looks_like(&lower, field))
    };
    lines.iter().filter(|line| bears(line)).map(String::as_str).collect()
}

/// Words that are in every question say nothing about what it is after.
fn is_telling(word: &str) -> bool {
    const COMMON: [&str; 48] = [
        "the", "and", "what", "which", "how", "many", "much", "are", "was", "were", "there", "this", "that", "these",
        "those", "does", "did", "has", "have", "for", "from", "with", "about", "tell", "give", "show", "find", "read",
        "please", "image", "picture", "photo", "text", "say", "says", "line", "lines", "written", "receipt", "invoice",
        "document", "page", "you", "can", "who", "where", "when", "its",
    ];
    word.chars().count() > 2 && !COMMON.contains(&word) || word.chars().any(|c| c.is_ascii_digit())
}

#[cfg(test)]
mod receipts;
#[cfg(test)]
mod tests;
