//! Which older exchanges a task brings back: those that it is most like.

use super::Memory;
use argus_prompts::Similarity;

/// Exchanges that a task may bring back.
const MOST: usize = 2;
/// How like an exchange a task must be.
const ALIKE: f64 = 0.2;

/// The exchanges before the last `recent` ones that a task is like, by index, the most alike first.
pub(super) fn recalled(memory: &Memory, task: &str, recent: usize) -> Vec<usize> {
    let older = &memory.exchanges[..memory.exchanges.len().saturating_sub(recent)];
    let texts: Vec<String> = older.iter().map(|exchange| format!("{} {}", exchange.task, exchange.said())).collect();
    let similarity = Similarity::new(texts.iter().map(String::as_str));
    let likeness = |(index, exchange): (usize, &super::Exchange)| {
        let own = similarity.likeness(task, &exchange.task);
        let with_answer = similarity.likeness(task, &texts[index]);
        (own.max(with_answer), index)
    };
    let mut scored: Vec<(f64, usize)> =
        older.iter().enumerate().map(likeness).filter(|(alike, _)| *alike >= ALIKE).collect();
    scored.sort_by(|a, b| b.0.total_cmp(&a.0).then(b.1.cmp(&a.1)));
    scored.into_iter().take(MOST).map(|(_, index)| index).collect()
}
