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
mod view;
mod words;

pub use intent::{By, Edit, Intent, intent};
pub use parts::parts;
pub use view::RouteView;

use crate::run::Move;

/// The next move: calls (they may run in parallel), or the answer. It never repeats a call that was made, so a run of the router
/// always ends.
pub fn decide(view: &RouteView<'_>) -> Move {
    plan::decide(view)
}

#[cfg(test)]
mod tests;
