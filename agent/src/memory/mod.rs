//! What a conversation remembers: its exchanges, what of them goes into the next prompt, and sessions on disk.
//!
//! [`Memory`] and its [`Window`] are pure: no clock, no file, no model. `Conversation` puts them together with
//! an agent, [`SessionFolder`] keeps all of it on disk.

mod focus;
mod recall;
mod session;
mod text;
mod window;

use serde::{Deserialize, Serialize};

use crate::run::{Outcome, StopReason};

pub use session::{Session, SessionError, SessionFolder};
pub use window::{ImageRef, Window};

/// One task and its result.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Exchange {
    /// What the user wanted, in their own words.
    pub task: String,
    /// The answer, if there was one.
    pub answer: Option<String>,
    /// Why the run ended.
    pub stop: StopReason,
    /// How many images there were when the run began.
    pub images_before: usize,
    /// The images that it was about: those in focus, and those that calls or the answer named.
    pub about: Vec<String>,
    /// The images that it made.
    pub made: Vec<String>,
    /// When it began, in seconds since the epoch.
    pub at: u64,
}

impl Exchange {
    /// The answer, or in brackets why there is none.
    pub fn said(&self) -> String {
        match (&self.answer, self.stop) {
            (Some(answer), _) => answer.clone(),
            (None, StopReason::Cancelled) => "(no answer: cancelled)".into(),
            (None, StopReason::ModelError) => "(no answer: the model could not be asked)".into(),
            (None, stop) => format!("(no answer: {})", stop.words()),
        }
    }
}

/// How an exchange began.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Began {
    /// How many images there were.
    pub images: usize,
    /// The images in focus.
    pub focus: Vec<String>,
    /// When, in seconds since the epoch.
    pub at: u64,
}

/// All exchanges of a conversation, the oldest first.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct Memory {
    /// The exchanges.
    pub exchanges: Vec<Exchange>,
}

impl Memory {
    /// Keeps the result of a task.
    pub fn record(&mut self, task: &str, began: Began, outcome: &Outcome) {
        let made: Vec<String> = outcome.images.iter().skip(began.images).map(|image| image.handle.clone()).collect();
        let known = |handle: &String| outcome.images.iter().any(|image| image.handle == *handle);
        let arguments = outcome.steps.iter().flat_map(|step| &step.calls).map(|call| call.args.to_string());
        let texts = [task.to_owned(), outcome.answer.clone().unwrap_or_default()];
        let named = arguments.chain(texts).flat_map(|text| text::handles(&text)).filter(known);
        let mut about = began.focus;
        for handle in named {
            if !about.contains(&handle) && !made.contains(&handle) {
                about.push(handle);
            }
        }
        self.exchanges.push(Exchange {
            task: task.to_owned(),
            answer: outcome.answer.clone(),
            stop: outcome.stop,
            images_before: began.images,
            about,
            made,
            at: began.at,
        });
    }

    /// Forgets the last exchange and returns it. Its images are the caller's to remove.
    pub fn undo(&mut self) -> Option<Exchange> {
        self.exchanges.pop()
    }
}

#[cfg(test)]
mod tests;
