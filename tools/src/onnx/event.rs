//! What happens while models are fetched, loaded and run, and what a load needs of its caller.

use serde::{Deserialize, Serialize};
use tokio_util::sync::CancellationToken;

/// Something that happens while a tool runs, for progress lines and traces.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// A model is being fetched or loaded.
    Preparing {
        /// What, in a few words.
        what: String,
    },
    /// A model answered.
    ModelRan {
        /// The catalog id.
        model: String,
        /// The execution provider that ran it.
        provider: String,
        /// Wall time.
        ms: f64,
    },
}

/// Where events go.
pub trait EventSink: Send + Sync {
    /// Takes one event; must not block.
    fn emit(&self, event: Event);
}

/// A sink that forgets everything.
pub struct NoEvents;

impl EventSink for NoEvents {
    fn emit(&self, _: Event) {}
}

/// The caller's side of a load: what stops it, and where its progress goes.
#[derive(Clone, Copy)]
pub struct LoadContext<'a> {
    /// Ends the wait once it is cancelled.
    pub cancel: &'a CancellationToken,
    /// Where progress goes.
    pub events: &'a dyn EventSink,
}
