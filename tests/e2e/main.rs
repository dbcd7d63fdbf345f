//! End-to-end tests of the `argus` binary: real tools, real models, the real local LLM. What they need is fetched into
//! the shared cache at first use.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "a test fails where its set-up does, and says what it skips"
)]

mod ask;
mod chat;
mod clips;
mod devices;
mod errors;
mod images;
mod models;
mod support;
mod tool_states;
mod tools;
mod trace;
mod user_models;
mod workflows;
