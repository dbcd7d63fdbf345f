//! Where an embedding program looks in and steps in.

use async_trait::async_trait;
use serde_json::Value;

use super::{Call, CallResult};
use crate::chat::{ChatReply, ChatRequest};

/// What becomes of a tool call.
#[derive(Clone, Debug, PartialEq)]
pub enum Approval {
    /// It is made.
    Go,
    /// It is made with other arguments.
    Change(Value),
    /// It is not made; the model is told why.
    Refuse(String),
}

/// Called around every model and tool call of a run. Each does nothing unless it is overridden; what is changed goes
/// into the run and its trace. A run waits for its hooks, within its deadline.
#[async_trait]
pub trait Hooks: Send + Sync {
    /// Before the model is asked.
    async fn before_model(&self, _step: u32, _request: &mut ChatRequest) {}
    /// After it replied.
    async fn after_model(&self, _step: u32, _reply: &mut ChatReply) {}
    /// Before a tool is called, of the model's choice; the calls of image cards are the host's own and not asked for.
    async fn before_tool(&self, _step: u32, _call: &Call) -> Approval {
        Approval::Go
    }
    /// After it answered or failed.
    async fn after_tool(&self, _step: u32, _call: &Call, _result: &mut CallResult) {}
}

/// Hooks that do nothing.
pub struct NoHooks;

impl Hooks for NoHooks {}
