//! The loop: think, call tools, read what they report, until the task is done or a stop condition is met.
//!
//! [`Run`] is a pure state machine, serializable at every step: it says what to do next and is fed the result. The
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
mod react;
mod restated;

pub use argus_prompts::{
    Call, CallRecord, CallResult, Card, Earlier, ImageFact, ModelRecord, Observed, Protocol, Purpose, Step, StopReason,
    TaskFacts, Transcript, Turn,
};
pub use cards::{build_card, card_tools};
pub use event::{EVENT_VERSION, NoRunEvents, RecordedIn, RunEvent, RunEvents, WorkflowEvent};
pub(crate) use facts::facts;
pub use ground::{Supported, supported};
pub use hooks::{Approval, Hooks, NoHooks};
pub use lenient::any as lenient_json;
pub use limits::Limits;
pub use machine::{Action, Input, Run, RunSetup, UnexpectedInput};
pub use outcome::{ImageRecord, Outcome};
pub use parse::{Move, ParseError, Parsed, parse, parse_reply};

/// Milliseconds since then, to a tenth: short enough to survive JSON unchanged.
pub fn ms_since(begin: std::time::Instant) -> f64 {
    tenth(begin.elapsed().as_secs_f64() * 1000.0)
}

fn tenth(ms: f64) -> f64 {
    (ms * 10.0).round() / 10.0
}
