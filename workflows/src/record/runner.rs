//! The seam between a workflow and whatever makes its steps durable.

use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

pub use argus_agent::run::RecordedIn;
use argus_tools::image::Snapshot;
use async_trait::async_trait;
use futures_util::future::BoxFuture;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    record::approval::{Approver, Decision},
    record::{failure::Failure, journal::Journal},
};

/// What a step left.
#[derive(Clone, Debug, Default)]
pub struct Done {
    /// Its output.
    pub value: Value,
    /// The output in the words that a model reads; empty where nobody reads it.
    pub text: String,
    /// The images and regions that it made.
    pub made: Snapshot,
    /// The models that it used.
    pub models: Vec<String>,
    /// Wall time of the try that succeeded, in milliseconds.
    pub ms: f64,
    /// How often it was tried.
    pub tries: u32,
    /// Whether it was not run now: its result was recorded earlier.
    pub recorded: Option<RecordedIn>,
}

/// Work that runs once, and is dropped where its result is recorded already.
pub type Work<'a> = BoxFuture<'a, Result<Done, Failure>>;

/// Runs the steps of one run so that a finished one is never done again. A workflow is written once against this: here steps run in
/// the process and are recorded in a file, a durable engine can take its place.
///
/// Between steps a workflow is deterministic: it reads clock and random numbers through the runner, and goes through lists in order.
#[async_trait]
pub trait StepRunner: Send + Sync {
    /// The run's name.
    fn id(&self) -> &str;

    /// Runs a step, or gives what is recorded under this key, if it was recorded for the same `digest` of what goes in.
    async fn run<'a>(&'a self, key: &str, digest: &str, work: Work<'a>) -> Result<Done, Failure>;

    /// Whether something is recorded under a key.
    fn knows(&self, key: &str) -> bool;

    /// Calls a tool, which a durable engine may do in another process. `scope` names the pool that it may use.
    async fn call<'a>(
        &'a self,
        key: &str,
        digest: &str,
        _scope: &str,
        _call: &ToolCall,
        local: Work<'a>,
    ) -> Result<Done, Failure> {
        self.run(key, digest, local).await
    }

    /// Waits.
    async fn sleep(&self, period: Duration);

    /// The time.
    fn now(&self) -> SystemTime;

    /// A random number, the same whenever a run is resumed.
    fn random(&self, key: &str) -> u64;

    /// Waits for a person's word on a question.
    async fn signal(
        &self,
        key: &str,
        question: &str,
        show: Option<&Value>,
        approver: &dyn Approver,
    ) -> Result<Decision, Failure>;
}

/// A tool call as a durable engine sends it.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct ToolCall {
    /// The tool.
    pub tool: String,
    /// Its arguments; images and regions by handle.
    pub args: Value,
}

/// Runs steps in this process, with a journal or without. Cheap to clone.
#[derive(Clone)]
pub struct Local {
    journal: Option<Arc<Journal>>,
    /// Comes before every key: which item of a batch it is.
    prefix: String,
    id: String,
}

impl Local {
    /// Without a journal: nothing is recorded.
    pub fn new(id: impl Into<String>) -> Self {
        Self { journal: None, prefix: String::new(), id: id.into() }
    }

    /// Every finished step is recorded in the journal, and what is recorded there is not done again.
    pub fn with_journal(id: impl Into<String>, journal: Arc<Journal>) -> Self {
        Self { journal: Some(journal), prefix: String::new(), id: id.into() }
    }

    /// The same journal for one item of a batch.
    #[must_use]
    pub fn item(&self, name: &str) -> Self {
        Self { journal: self.journal.clone(), prefix: format!("{name}/"), id: self.id.clone() }
    }

    /// How many steps are recorded; 0 without a journal.
    pub fn recorded(&self) -> usize {
        self.journal.as_ref().map_or(0, |journal| journal.len())
    }

    fn key(&self, key: &str) -> String {
        format!("{}{key}", self.prefix)
    }
}

#[async_trait]
impl StepRunner for Local {
    fn id(&self) -> &str {
        &self.id
    }

    async fn run<'a>(&'a self, key: &str, digest: &str, work: Work<'a>) -> Result<Done, Failure> {
        let Some(journal) = &self.journal else { return work.await };
        let key = self.key(key);
        if let Some(done) = journal.recorded(&key, digest).await? {
            return Ok(done);
        }
        let done = work.await?;
        journal.record(&key, digest, &done).await?;
        Ok(done)
    }

    fn knows(&self, key: &str) -> bool {
        self.journal.as_ref().is_some_and(|journal| journal.knows(&self.key(key)))
    }

    async fn sleep(&self, period: Duration) {
        tokio::time::sleep(period).await;
    }

    fn now(&self) -> SystemTime {
        SystemTime::now()
    }

    fn random(&self, key: &str) -> u64 {
        let digest = crate::language::digest::of_bytes(format!("{}/{}", self.id, self.key(key)).as_bytes());
        u64::from_str_radix(&digest[..16], 16).unwrap_or_default()
    }

    async fn signal(
        &self,
        key: &str,
        question: &str,
        show: Option<&Value>,
        approver: &dyn Approver,
    ) -> Result<Decision, Failure> {
        let work: Work<'_> = Box::pin(async {
            let decision = approver.ask(question, show).await;
            let value = serde_json::json!({ "approved": decision.approved, "by": decision.by });
            // A no is not recorded: whoever resumes the run is asked again.
            if decision.approved {
                return Ok(Done { value, tries: 1, ..Done::default() });
            }
            let message = format!("\"{question}\" was refused ({})", decision.by);
            Err(Failure::new(crate::language::step::FailureKind::Refused, message))
        });
        let asked = crate::language::digest::of_bytes(question.as_bytes());
        let done = self.run(key, &asked, work).await?;
        Ok(Decision {
            approved: done.value["approved"].as_bool().unwrap_or_default(),
            by: done.value["by"].as_str().unwrap_or_default().to_owned(),
        })
    }
}
