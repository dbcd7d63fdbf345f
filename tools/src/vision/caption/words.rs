//! English in small: articles, plurals, numbers, lists.

/// "a cup", "an umbrella", "two cups", "24 people".
pub(super) fn counted(label: &str, count: usize) -> String {
    let label = spoken(label);
    match (label, count) {
        ("skis" | "scissors", 1) => format!("a pair of {label}"),
        ("skis" | "scissors", count) => format!("{} pairs of {label}", number(count)),
        ("broccoli", _) => "some broccoli".into(),
        (label, 1) => with_article(label),
        (label, count) => format!("{} {}", number(count), plural(label)),
    }
}

/// What people call a class.
fn spoken(label: &str) -> &str {
    match label {
        "tv" => "TV",
        "sports ball" => "ball",
        "airplane" => "plane",
        "remote" => "remote control",
        other => other,
    }
}

/// A noun phrase with "a" or "an".
pub(super) fn with_article(phrase: &str) -> String {
    let lower = phrase.to_lowercase();
    let consonant_sound = ["uni", "use", "eu", "one", "ut"].iter().any(|start| lower.starts_with(start));
    let vowel = lower.starts_with(['a', 'e', 'i', 'o', 'u']) && !consonant_sound;
    format!("{} {phrase}", if vowel { "an" } else { "a" })
}

pub(super) fn plural(noun: &str) -> String {
    let (before, last) = match noun.rsplit_once(' ') {
        Some((before, last)) => (format!("{before} "), last),
        None => (String::new(), noun),
    };
    let last = match last {
        "person" => "people".into(),
        "man" | "woman" => last.replace("man", "men"),
        "child" => "children".into(),
        "mouse" => "mice".into(),
        "knife" => "knives".into(),
        "sheep" | "fish" | "deer" => last.to_owned(),
        word if ["s", "x", "z", "ch", "sh"].iter().any(|ending| word.ends_with(ending)) => format!("{word}es"),
        word => match word.strip_suffix('y') {
            Some(stem) if !stem.ends_with(['a', 'e', 'i', 'o', 'u']) => format!("{stem}ies"),
            _ => format!("{word}s"),
        },
    };
    format!("{before}{last}")
}

/// Words up to twelve, digits above.
pub(super) fn number(count: usize) -> String {
    const WORDS: [&str; 13] =
        ["no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"];
    WORDS.get(count).map_or_else(|| count.to_string(), |word| (*word).to_owned())
}

/// "a", "a and b", "a, b and c".
pub(super) fn list(items: &[String]) -> String {
    match items {
        [] => String::new(),
        [one] => one.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

/// With a capital at the start and a full stop at the end.
pub(super) fn sentence(text: &str) -> String {
    let mut characters = text.chars();
    let first: String = characters.next().map(|c| c.to_uppercase().collect()).unwrap_or_default();
    format!("{first}{}.", characters.as_str())
}

/// In double quotes, shortened, in one line, without double quotes of its own.
pub(super) fn quoted(text: &str, limit: usize) -> String {
    let flat = text.split_whitespace().collect::<Vec<_>>().join(" ").replace(['"', '“', '”'], "'");
    if flat.chars().count() <= limit {
        return format!("\"{flat}\"");
    }
    let cut: String = flat.chars().take(limit).collect();
    let cut = cut.rsplit_once(' ').map_or(cut.as_str(), |(words, _)| words);
    format!("\"{}...\"", cut.trim_end())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn articles_plurals_and_numbers() {
        let cases = [
            (counted("umbrella", 1), "an umbrella"),
            (counted("person", 5), "five people"),
            (counted("bus", 2), "two buses"),
            (counted("wine glass", 3), "three wine glasses"),
            (counted("knife", 2), "two knives"),
            (counted("bench", 14), "14 benches"),
            (counted("tv", 2), "two TVs"),
            (counted("scissors", 1), "a pair of scissors"),
            (counted("sheep", 3), "three sheep"),
            (counted("utility pole", 1), "a utility pole"),
            (counted("story", 2), "two stories"),
            (counted("toy", 2), "two toys"),
            (quoted("say \"hi\"\nthere", 40), "\"say 'hi' there\""),
            (quoted("a rather long line of text", 12), "\"a rather...\""),
        ];
        for (made, right) in cases {
            assert_eq!(made, right);
        }
    }
}
