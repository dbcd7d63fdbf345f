//! A task into its parts: sentences, then clauses that ask for something by themselves. What asks for nothing ("In the
//! second picture,", "I have two dogs.") stays with what it belongs to.

use super::{
    fields::Field,
    words::{
        AUXILIARY, CHINESE_REQUESTS, DETERMINER, MAYBE_VERBS, QUESTION, VERBS, has_any, has_han, plain,
        without_politeness, words,
    },
};

/// What may stand between two clauses, longer ones first.
const JOINTS: &[&str] = &[
    ", and then ",
    ", and also ",
    ", and finally ",
    "; and ",
    ", and ",
    ", then ",
    ", also ",
    ", plus ",
    ", as well as ",
    ", or ",
    " and then ",
    " and also ",
    " and finally ",
    " and after that ",
    " as well as ",
    " and ",
    " then ",
    " also ",
    " & ",
    ", ",
    " plus ",
];
const CHINESE_JOINTS: &[&str] = &[
    "，然后",
    "，并且",
    "，同时",
    "，以及",
    "，还有",
    "，再",
    "，并",
    "然后",
    "并且",
    "以及",
    "还有",
    "，",
    "、",
    "再",
    "并",
    "和",
    ",",
];
/// Joints at which the right side may ask anywhere, not only at its beginning.
const CHINESE_MARKS: &[&str] = &["，", "，同时", "，还有", "，以及", ",", "，然后", "，并且", "，再", "，并"];

/// The parts of a task, in its own words and order; one for a simple task, none for an empty one.
pub fn parts(task: &str) -> Vec<String> {
    let mut segments: Vec<String> = Vec::new();
    for sentence in sentences(task) {
        segments.extend(clauses(&sentence));
    }
    let segments = merged(segments);
    if segments.is_empty() {
        let whole = task.trim();
        return if whole.is_empty() { Vec::new() } else { vec![whole.to_owned()] };
    }
    segments
}

/// Sentences with their end marks.
fn sentences(task: &str) -> Vec<String> {
    let mut found = Vec::new();
    let (mut start, mut quoted) = (0, false);
    let mut characters = task.char_indices().peekable();
    while let Some((at, character)) = characters.next() {
        match character {
            '"' => quoted = !quoted,
            '“' | '「' => quoted = true,
            '”' | '」' => quoted = false,
            _ => {}
        }
        let next = characters.peek().map(|(_, c)| *c);
        let ends = match character {
            '?' | '!' | ';' | '？' | '！' | '；' | '。' | '\n' => !quoted,
            '.' => !quoted && next.is_none_or(char::is_whitespace) && !is_abbreviation(&task[start..at]),
            _ => false,
        };
        // "What?!" is one end.
        if ends && !next.is_some_and(|c| matches!(c, '?' | '!' | '？' | '！')) {
            let end = at + character.len_utf8();
            found.push(task[start..end].to_owned());
            start = end;
        }
    }
    found.push(task[start..].to_owned());
    let trimmed = found.into_iter().map(|sentence| without_number(sentence.trim()).to_owned());
    trimmed.filter(|sentence| sentence.chars().any(char::is_alphanumeric)).collect()
}

/// A point behind "No", "Mr", a lone letter or the number of a list item ends no sentence.
fn is_abbreviation(before: &str) -> bool {
    const SHORT: [&str; 12] = ["no", "mr", "mrs", "ms", "dr", "st", "vs", "e.g", "i.e", "etc", "approx", "nr"];
    let word = before.rsplit(char::is_whitespace).next().unwrap_or_default().to_lowercase();
    let item = !word.is_empty() && word.chars().all(|c| c.is_ascii_digit()) && before.trim() == word;
    SHORT.contains(&word.as_str()) || item || (word.len() == 1 && word.chars().all(char::is_alphabetic))
}

/// Without the number or bullet of a list item.
fn without_number(sentence: &str) -> &str {
    let bullet = sentence.trim_start_matches(['-', '*', '•', '·']).trim_start();
    let digits = bullet.chars().take_while(char::is_ascii_digit).count();
    if digits == 0 || digits > 2 {
        return bullet;
    }
    let rest = &bullet[digits..];
    match rest.strip_prefix(['.', ')', '、']) {
        Some(tail) if tail.starts_with(char::is_whitespace) || rest.starts_with('、') => tail.trim_start(),
        _ => bullet,
    }
}

fn clauses(sentence: &str) -> Vec<String> {
    let chinese = has_han(sentence);
    let joints = if chinese { CHINESE_JOINTS } else { JOINTS };
    let lower = sentence.to_ascii_lowercase();
    let mut found = Vec::new();
    let (mut start, mut at, mut depth) = (0, 0, 0_i32);
    while at < sentence.len() {
        if !sentence.is_char_boundary(at) {
            at += 1;
            continue;
        }
        match sentence[at..].chars().next() {
            Some('(' | '[' | '“' | '（') => depth += 1,
            Some(')' | ']' | '”' | '）') => depth -= 1,
            Some('"') => depth = i32::from(depth == 0),
            _ => {}
        }
        let joint = joints.iter().find(|joint| depth == 0 && lower[at..].starts_with(**joint));
        let splits = joint.filter(|joint| {
            let (left, right) = (&sentence[start..at], &sentence[at + joint.len()..]);
            if chinese { splits_chinese(left, joint, right) } else { splits_english(left, joint, right) }
        });
        if let Some(joint) = splits {
            found.push(sentence[start..at].to_owned());
            at += joint.len();
            start = at;
        } else {
            at += joint.map_or(1, |joint| joint.len().min(1));
        }
    }
    found.push(sentence[start..].to_owned());
    found
}

fn splits_english(left: &str, joint: &str, right: &str) -> bool {
    if !asks(left) {
        return false;
    }
    let right = words(without_politeness(&right.to_lowercase()));
    // "On which day and in which room is it?" is one question; ", and in which room?" is a second one.
    let by_preposition = joint.starts_with(',') && asks_by_preposition(&right);
    let starts = joint.trim() != ", or" && (by_preposition || begins_request(&right));
    starts || (joint != " plus " && lists_fields(left, &right))
}

/// Whether the words begin a request of their own.
fn begins_request(words: &[String]) -> bool {
    let Some(first) = words.first().map(String::as_str) else { return false };
    let second = words.get(1).map(String::as_str);
    let thing = || second.is_some_and(|word| DETERMINER.contains(&word) || word.starts_with("img-"));
    // "and what is left of it" asks; "and which" alone asks too.
    QUESTION.contains(&first)
        || (AUXILIARY.contains(&first) && thing())
        || (VERBS.contains(&first) && second.is_none_or(|word| !AUXILIARY.contains(&word)))
        || (MAYBE_VERBS.contains(&first) && thing())
}

/// "From which platform", "by how much".
fn asks_by_preposition(words: &[String]) -> bool {
    let [first, second, _, ..] = words else { return false };
    matches!(first.as_str(), "in" | "on" | "at" | "from" | "by" | "to" | "for" | "with" | "of" | "until")
        && QUESTION.contains(&second.as_str())
}

/// "What is the total and the date?" asks for two fields of a document.
fn lists_fields(left: &str, right: &[String]) -> bool {
    let skip = usize::from(right.first().is_some_and(|word| matches!(word.as_str(), "the" | "its" | "their" | "a")));
    let phrase = right[skip.min(right.len())..].join(" ");
    Field::at_start(&phrase).is_some() && Field::mentioned(&plain(left)).is_some()
}

/// Whether a text asks for anything.
fn asks(text: &str) -> bool {
    if has_han(text) {
        return CHINESE_REQUESTS.iter().any(|word| text.contains(word)) || Field::at_start(text.trim()).is_some();
    }
    let lower = text.to_lowercase();
    let pieces = || lower.split([',', ':']);
    let begins = pieces().any(|piece| {
        let words = words(without_politeness(piece));
        begins_request(&words) || asks_by_preposition(&words) || bare_verb(piece)
    });
    // "I have two dogs that are what I love" is no question; "tell me how many" is.
    begins
        || has_any(&lower, &["tell me", "let me know"])
        || words(&lower).windows(2).any(|pair| pair[0] == "how" && matches!(pair[1].as_str(), "many" | "much"))
        || Field::at_start(&plain(without_politeness(&lower)).replace("the ", "")).is_some()
}

/// "Crop" or "Count" alone, or before a plural: "count cups".
fn bare_verb(piece: &str) -> bool {
    let words = words(without_politeness(piece));
    words.first().is_some_and(|word| MAYBE_VERBS.contains(&word.as_str()))
}

fn splits_chinese(left: &str, joint: &str, right: &str) -> bool {
    let starts = |text: &str| {
        let text = without_politeness(text.trim());
        let text = text.strip_prefix('有').or(text.strip_prefix('把')).or(text.strip_prefix('将')).unwrap_or(text);
        CHINESE_REQUESTS.iter().filter(|word| **word != "呢").any(|word| text.starts_with(word))
    };
    let fields = || Field::mentioned(left).is_some() && Field::at_start(right.trim()).is_some();
    let anywhere = CHINESE_MARKS.contains(&joint) || joint == "然后" || joint == "并且";
    let right_asks = asks(right) || (joint.contains('再') && right.contains("转"));
    (asks(left) && right_asks && (anywhere || starts(right))) || (fields() && (asks(right) || !anywhere))
}

/// Joins what asks for nothing to its neighbour, drops greetings, and tidies the edges.
fn merged(segments: Vec<String>) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    let mut waiting = String::new();
    let any = segments.iter().any(|segment| asks(segment));
    for segment in segments {
        if any && is_greeting(&segment) {
            continue;
        }
        if !asks(&segment) && any {
            match found.last_mut() {
                Some(last) if !has_own_context(&segment) => {
                    last.push(' ');
                    last.push_str(segment.trim());
                }
                _ => {
                    waiting.push_str(segment.trim());
                    waiting.push(' ');
                }
            }
            continue;
        }
        found.push(format!("{}{}", std::mem::take(&mut waiting), segment.trim()));
    }
    if let (Some(last), false) = (found.last_mut(), waiting.is_empty()) {
        last.push(' ');
        last.push_str(waiting.trim());
    }
    if !any {
        return vec![found.join(" ").trim().to_owned()].into_iter().filter(|part| !part.is_empty()).collect();
    }
    let tidy = |part: String| {
        let part = part.trim().trim_end_matches([',', ';', '，', '；', '、', '。']).trim_end_matches(". ");
        let part = if part.ends_with('.') && !part.ends_with("..") { &part[..part.len() - 1] } else { part };
        ["and ", "then ", "also ", "And ", "Then ", "Also "]
            .iter()
            .find_map(|joint| part.strip_prefix(joint))
            .unwrap_or(part)
            .trim()
            .to_owned()
    };
    found.into_iter().map(tidy).filter(|part| !part.is_empty()).collect()
}

/// A remark that explains what comes next rather than what came before.
fn has_own_context(segment: &str) -> bool {
    let lower = segment.trim_start().to_lowercase();
    ["i ", "we ", "my ", "if ", "this ", "here", "in ", "on ", "look", "suppose", "there ", "for ", "at "]
        .iter()
        .any(|start| lower.starts_with(start))
}

fn is_greeting(segment: &str) -> bool {
    const WORDS: [&str; 20] = [
        "hello",
        "hi",
        "hey",
        "thanks",
        "thank",
        "you",
        "please",
        "good",
        "morning",
        "evening",
        "afternoon",
        "dear",
        "argus",
        "there",
        "so",
        "much",
        "bye",
        "ok",
        "okay",
        "everyone",
    ];
    const CHINESE: [&str; 5] = ["你好", "您好", "谢谢", "谢谢你", "多谢"];
    let plain = plain(segment);
    let marks = ['。', '！', '，', ' '];
    if CHINESE.contains(&plain.trim_matches(marks)) {
        return true;
    }
    let words = words(&plain);
    !words.is_empty() && words.iter().all(|word| WORDS.contains(&word.as_str()))
}

#[cfg(test)]
#[path = "parts_tests.rs"]
mod tests;
