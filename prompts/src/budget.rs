//! How much of a conversation fits the model's context, and what gives way first when it does not.

use crate::Transcript;

/// Tokens kept free beside the reply: templates of servers add some of their own.
const MARGIN: usize = 48;

/// How far a prompt is shortened. Each level gives up what is least missed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Level {
    /// Characters of an observation of the last two turns.
    pub(crate) observation: usize,
    /// Characters of an older observation.
    pub(crate) old_observation: usize,
    /// Turns of the model that are kept whole; older ones become a line each.
    pub(crate) turns: usize,
    /// Characters of a card.
    pub(crate) card: usize,
    /// Whether earlier tasks of the conversation are shown.
    pub(crate) earlier: bool,
    /// Whether a similar solved task is shown.
    pub(crate) example: bool,
    /// Whether the fixed examples are shown.
    pub(crate) fixed_examples: bool,
    /// Characters of the task.
    pub(crate) task: usize,
}

const ALL: usize = usize::MAX;

/// From nothing shortened to the least that can still be worked with. Observations are bounded at every level.
pub(crate) const LEVELS: [Level; 6] = [
    Level {
        observation: ALL,
        old_observation: ALL,
        turns: ALL,
        card: ALL,
        earlier: true,
        example: true,
        fixed_examples: true,
        task: ALL,
    },
    Level {
        observation: 1200,
        old_observation: 300,
        turns: ALL,
        card: ALL,
        earlier: true,
        example: false,
        fixed_examples: true,
        task: ALL,
    },
    Level {
        observation: 800,
        old_observation: 160,
        turns: 3,
        card: 1000,
        earlier: true,
        example: false,
        fixed_examples: true,
        task: 4000,
    },
    Level {
        observation: 500,
        old_observation: 120,
        turns: 2,
        card: 600,
        earlier: false,
        example: false,
        fixed_examples: true,
        task: 2000,
    },
    Level {
        observation: 300,
        old_observation: 80,
        turns: 1,
        card: 300,
        earlier: false,
        example: false,
        fixed_examples: false,
        task: 1000,
    },
    Level {
        observation: 120,
        old_observation: 60,
        turns: 1,
        card: 120,
        earlier: false,
        example: false,
        fixed_examples: false,
        task: 400,
    },
];

/// Tokens that a prompt may have so that the reply still fits; `None` where the context is not known.
pub(crate) fn prompt_tokens(run: &Transcript<'_>) -> Option<usize> {
    let context = run.context_tokens? as usize;
    Some(context.saturating_sub(run.reply_tokens as usize + MARGIN).max(context / 4))
}

/// The beginning and the end of a text that is too long, with the gap marked.
pub(crate) fn cut_middle(text: &str, limit: usize) -> Option<String> {
    let length = text.chars().count();
    if length <= limit {
        return None;
    }
    let (head, tail) = (limit * 2 / 3, limit / 3);
    let first: String = text.chars().take(head).collect();
    let last: String = text.chars().skip(length - tail).collect();
    Some(format!("{first} [... {} characters left out ...] {last}", length - head - tail))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_middle_gives_way() {
        assert_eq!(cut_middle("short", 10), None);
        let cut = cut_middle(&"é".repeat(100), 30);
        assert_eq!(cut, Some(format!("{} [... 70 characters left out ...] {}", "é".repeat(20), "é".repeat(10))));
    }

    #[test]
    fn every_level_is_smaller_than_the_one_before() {
        for pair in LEVELS.windows(2) {
            let (a, b) = (pair[0], pair[1]);
            assert!(b.observation < a.observation && b.old_observation < a.old_observation);
            assert!(b.turns <= a.turns && b.card <= a.card && b.task <= a.task);
            assert!(b.earlier <= a.earlier && b.example <= a.example && b.fixed_examples <= a.fixed_examples);
        }
    }
}
