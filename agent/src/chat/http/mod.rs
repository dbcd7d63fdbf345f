//! What every client of an HTTP endpoint shares: the connection, what a refusal means, and patience.

mod endpoint;
pub(super) mod lines;
#[cfg(test)]
pub(crate) mod loopback;
mod refusal;
mod retry;

pub(super) use endpoint::{Endpoint, from_environment};
pub(super) use refusal::{excerpt, from_reqwest, in_band, is_about_tools, refusal, with_request};
pub use retry::Retry;
pub(super) use retry::{Backoff, retry_after};
