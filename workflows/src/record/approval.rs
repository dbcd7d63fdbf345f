//! A person is asked whether a run may continue.

use async_trait::async_trait;
use serde_json::Value;

/// A person's answer.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Decision {
    /// Whether it is approved.
    pub approved: bool,
    /// Who decided, such as `terminal` or `--yes`.
    pub by: String,
}

/// Asks a person.
#[async_trait]
pub trait Approver: Send + Sync {
    /// Shows a value and asks.
    async fn ask(&self, question: &str, show: Option<&Value>) -> Decision;
}

/// Always the same answer.
pub struct Always {
    /// The answer.
    pub yes: bool,
    /// Who gave it.
    pub by: &'static str,
}

#[async_trait]
impl Approver for Always {
    async fn ask(&self, _: &str, _: Option<&Value>) -> Decision {
        Decision { approved: self.yes, by: self.by.into() }
    }
}
