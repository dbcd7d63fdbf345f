//! Times of day, and the numbers that dates and times are made of.

/// How many bytes the time of day takes that a text begins with.
pub(super) fn clock(text: &str) -> Option<usize> {
    let (hours, rest) = digits(text, 1, 2)?;
    let (minutes, mut rest) = digits(rest.strip_prefix([':', '：'])?, 2, 2)?;
    if hours > 24 || minutes > 59 {
        return None;
    }
    if let Some((_, after)) = rest.strip_prefix(':').and_then(|rest| digits(rest, 2, 2)) {
        rest = after;
    }
    Some(text.len() - half(rest).map_or(rest, |(_, after)| after).len())
}

/// `am` or `pm` at the start of a text: whether it is the second half of the day, and what follows.
pub(super) fn half(text: &str) -> Option<(bool, &str)> {
    let marked = text.trim_start();
    let found = ["am", "pm", "a.m.", "p.m.", "a.m", "p.m"]
        .iter()
        .find(|half| marked.get(..half.len()).is_some_and(|start| start.eq_ignore_ascii_case(half)))?;
    let rest = &marked[found.len()..];
    (!rest.starts_with(char::is_alphabetic)).then_some((found.starts_with('p'), rest))
}

/// A number of so many digits, and what follows it; `None` if it continues.
pub(super) fn digits(text: &str, least: usize, most: usize) -> Option<(u32, &str)> {
    let length = text.chars().take_while(char::is_ascii_digit).count();
    if length < least || length > most {
        return None;
    }
    Some((text[..length].parse().ok()?, &text[length..]))
}
