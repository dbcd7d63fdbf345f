//! End-to-end tests of the `argus` binary: real tools, real models, the real local LLM. What they need is fetched into
//! the shared cache at first use.
#![expect(clippy::unwrap_used, reason = "tests")]

mod ask;
mod devices;
mod errors;
mod images;
mod models;
mod support;
mod tools;
