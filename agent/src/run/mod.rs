//! The loop: think, call tools, read what they report, until the task is done or a stop condition is met.
//!
//! [`Run`] is a pure state machine, serialisable at every step: it says what to do next and is fed what came of it. The
//! [`driver`] does the IO. Nothing here reads a clock, a file or a socket but the driver.

mod cards;
pub mod driver;
mod event;
mod facts;
mod ground;
mod hooks;
mod lenient;
mod limits;
mod machine;
mod outcome;
mod parse;
mod protocol;
mod react;
mod record;
mod restated;

pub use cards::{Card, build_card, card_tools};
pub use event::{EVENT_VERSION, NoRunEvents, RunEvent, RunEvents};
pub(crate) use facts::facts;
pub use ground::{Supported, supported};
pub use hooks::{Approval, Hooks, NoHooks};
pub(crate) use lenient::any as lenient_json;
pub use limits::{Limits, StopReason};
pub use machine::{Action, Input, Misfed, Purpose, Run, RunSetup, Turn};
pub use outcome::{ImageRecord, Outcome};
pub use parse::{Move, ParseError, Parsed, parse, parse_reply};
pub use protocol::Protocol;
pub use record::{Call, CallRecord, CallResult, Earlier, ImageFact, ModelRecord, Observed, Step, TaskFacts};

/// Milliseconds since then, to a tenth: short enough to survive JSON unchanged.
pub(crate) fn ms_since(begin: std::time::Instant) -> f64 {
    tenth(begin.elapsed().as_secs_f64() * 1000.0)
}

fn tenth(ms: f64) -> f64 {
    (ms * 10.0).round() / 10.0
}
