//! Which older exchanges a task asks about.

use std::collections::{BTreeMap, BTreeSet};

use super::{Memory, words};

/// Exchanges that a task may bring back.
const MOST: usize = 2;

/// Phrases that look back.
const LOOKS_BACK: &[&str] = &[
    "again",
    "at the beginning",
    "at the start",
    "before",
    "did i ask",
    "did i say",
    "did we",
    "did you answer",
    "did you find",
    "did you say",
    "earlier",
    "i asked",
    "my first",
    "previous",
    "remember",
    "remind",
    "you answered",
    "you found",
    "you said",
    "you told",
    "之前",
    "先前",
    "刚才",
    "前面",
    "再说一遍",
    "最开始",
    "记得",
    "说过",
    "问过",
    "问的",
    "第一个问题",
];

/// Phrases that mean the very first exchange, if the task looks back.
const FIRST: &[&str] = &["first", "at the beginning", "at the start", "第一", "最开始", "最初"];

/// What a task has to do with the past.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(super) struct Recalled {
    /// Whether its words look back.
    pub(super) asked: bool,
    /// The exchanges that it means, by index, the most fitting first.
    pub(super) exchanges: Vec<usize>,
}

/// Finds the exchanges before the last `recent` ones that share words with the task. Rare words count for more.
pub(super) fn recalled(memory: &Memory, task: &str, recent: usize) -> Recalled {
    let older = &memory.exchanges[..memory.exchanges.len().saturating_sub(recent)];
    let lower = words::pieces(task).join(" ");
    let says = |phrase: &str| if phrase.is_ascii() { contains(&lower, phrase) } else { task.contains(phrase) };
    let asked = LOOKS_BACK.iter().any(|phrase| says(phrase));
    if older.is_empty() {
        return Recalled { asked, exchanges: Vec::new() };
    }
    let wanted = words::content(task);
    let has: Vec<BTreeSet<String>> = older
        .iter()
        .map(|exchange| {
            let mut words = words::content(&exchange.task);
            words.extend(exchange.answer.as_deref().map(words::content).unwrap_or_default());
            words
        })
        .collect();
    let mut often: BTreeMap<&String, usize> = BTreeMap::new();
    for word in has.iter().flat_map(|words| words.intersection(&wanted)) {
        *often.entry(word).or_default() += 1;
    }
    let rare = (older.len() / 10).max(2);
    let mut scored: Vec<(f64, usize)> = Vec::new();
    for (index, words) in has.iter().enumerate() {
        let shared: Vec<usize> = words.intersection(&wanted).filter_map(|word| often.get(word).copied()).collect();
        // Without a word that looks back, two shared words, one of them rare, are no accident.
        let meant = if asked { !shared.is_empty() } else { shared.len() > 1 && shared.iter().any(|n| *n <= rare) };
        if meant {
            scored.push((shared.iter().map(|n| 1.0 / *n as f64).sum(), index));
        }
    }
    scored.sort_by(|a, b| b.0.total_cmp(&a.0).then(b.1.cmp(&a.1)));
    let mut exchanges: Vec<usize> = scored.into_iter().map(|(_, index)| index).collect();
    let of_questions = contains(&lower, "ask") || contains(&lower, "question") || task.contains('问');
    if asked && of_questions && FIRST.iter().any(|phrase| says(phrase)) {
        exchanges.retain(|index| *index != 0);
        exchanges.insert(0, 0);
    }
    exchanges.truncate(MOST);
    Recalled { asked, exchanges }
}

/// Whether whole words of a text begin with a phrase: "ask" is in "i asked", not in "basket".
fn contains(text: &str, phrase: &str) -> bool {
    text.match_indices(phrase).any(|(at, _)| at == 0 || text[..at].ends_with(' '))
}
