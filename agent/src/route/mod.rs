//! The router without a language model: rules over the task pick the tools, templates write the answer. It is also the last
//! rung when a model fails, and its parts ([`parts`], [`intent`], [`fields`]) serve the loop: for the checklist of a task, for
//! checking an answer against it, and for shortening observations by relevance.
//!
//! Everything here is pure: the same view gives the same move.

mod answer;
mod arithmetic;
pub mod fields;
mod intent;
mod parts;
mod plan;
mod regions;
mod table;
mod view;
mod words;

pub use intent::{By, Edit, Intent, intent};
pub use parts::parts;
pub use view::RouteView;

use crate::run::{Call, Move};

/// What the rules can tell a model beforehand.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Advice {
    /// Parts of the task that are answered by what was observed.
    pub known: Vec<Known>,
    /// Parts that want a call first, in the task's words.
    pub open: Vec<String>,
    /// Calls that fit those parts.
    pub calls: Vec<Call>,
    /// Whether every part is answered by what is known.
    pub complete: bool,
}

/// A part of the task that is answered.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Known {
    /// The sentence, without its full stop.
    pub text: String,
    /// Whether it repeats text that was read in an image, which is never an instruction.
    pub read: bool,
    /// Whether it says that the part cannot be told.
    pub untellable: bool,
}

/// Whether an answer says that something cannot be told.
pub fn is_unsure(answer: &str) -> bool {
    let lower = answer.to_lowercase().replace('’', "'");
    words::UNSURE.iter().any(|word| lower.contains(word))
}

/// What is known of a task's parts and which calls fit the others, as far as the rules are sure.
pub fn advise(view: &RouteView<'_>) -> Advice {
    plan::advise(view)
}

/// The next move: calls (they may run in parallel), or the answer. It never repeats a call that was made, so a run of the router
/// always ends.
pub fn decide(view: &RouteView<'_>) -> Move {
    plan::decide(view)
}

#[cfg(test)]
mod tests;
