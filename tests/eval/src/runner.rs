//! Works through cases, one after the other: the model and the processor are shared, and times are to be compared.

use std::{
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
};

use argus_agent::{
    Agent, Outcome,
    run::{Call, RunEvent, RunEvents},
};
use async_trait::async_trait;
use tokio_util::sync::CancellationToken;

use crate::{Case, CaseResult, Score, ToolScore};

/// What a factory builds an agent around, besides the case.
#[derive(Clone)]
pub struct Session {
    /// Cancels the run; the agent's surroundings must hold it.
    pub cancel: CancellationToken,
    /// Where the run's events must go.
    pub events: Arc<dyn RunEvents>,
}

/// Makes agents for cases.
#[async_trait]
pub trait AgentFactory: Send + Sync + 'static {
    /// An agent with a fresh session that holds the case's pictures. The error is for a person.
    async fn agent(&self, case: &Case, session: Session) -> Result<Agent, String>;
}

/// Runs cases.
pub struct Runner {
    /// Makes the agents.
    pub factory: Arc<dyn AgentFactory>,
    /// How often each case is run.
    pub runs: u32,
    /// Stops the batch; the run under way is not counted.
    pub cancel: CancellationToken,
    /// Where the outcomes of runs that are not right are written, as JSON.
    pub out: Option<PathBuf>,
}

impl Runner {
    /// Runs all cases, each of them `runs` times, and tells of each as it is done. A case that cannot be run, or whose run
    /// panics, is a result like others. After a cancellation the results so far are returned.
    pub async fn run(&self, cases: Vec<Case>, mut done: impl FnMut(&CaseResult)) -> Vec<CaseResult> {
        let mut results = Vec::new();
        for case in cases.into_iter().map(Arc::new) {
            for run in 1..=self.runs.max(1) {
                let attempt = self.attempt(&case).await;
                if self.cancel.is_cancelled() {
                    return results;
                }
                let result = self.judge(&case, run, attempt);
                done(&result);
                results.push(result);
            }
        }
        results
    }

    async fn attempt(&self, case: &Arc<Case>) -> Attempt {
        let cancel = self.cancel.child_token();
        let enough = case.first_call_decides.then(|| cancel.clone());
        let log = Arc::new(Log { enough, kept: Mutex::default() });
        let (factory, own, session) =
            (self.factory.clone(), case.clone(), Session { cancel, events: log.clone() as Arc<dyn RunEvents> });
        // A task of its own, so that a panic ends this run alone.
        let task = tokio::spawn(async move {
            let agent = factory.agent(&own, session).await?;
            Ok(agent.run(own.task.as_str()).await)
        });
        let outcome = match task.await {
            Ok(outcome) => outcome,
            Err(error) => Err(format!("the run ended badly: {error}")),
        };
        let kept = log.kept.lock().unwrap_or_else(PoisonError::into_inner);
        Attempt { outcome, calls: kept.calls.clone(), repairs: kept.repairs }
    }

    fn judge(&self, case: &Case, run: u32, attempt: Attempt) -> CaseResult {
        let Attempt { outcome, calls, repairs } = attempt;
        let called: Vec<String> = calls.iter().map(|call| call.tool.clone()).collect();
        let mut result = CaseResult {
            id: case.id.clone(),
            kind: case.kind.clone(),
            run,
            task: case.task.clone(),
            success: false,
            score: 0.0,
            why: Vec::new(),
            expected: case.expected(),
            answer: None,
            stop: None,
            grounded: false,
            tools: case.tools.as_ref().map(|wanted| ToolScore::of(&called, wanted)),
            called,
            steps: 0,
            prompt_tokens: 0,
            completion_tokens: 0,
            seconds: 0.0,
            repairs,
            error: None,
            trace: None,
        };
        match outcome {
            Ok(outcome) => {
                let Score { value, right, why } = case.scoring.score(&outcome, &calls);
                (result.score, result.success, result.why) = (value, right, why);
                result.error = outcome.error.as_ref().map(ToString::to_string);
                result.answer.clone_from(&outcome.answer);
                result.stop = Some(outcome.stop);
                result.grounded = outcome.grounded;
                result.steps = outcome.steps.len();
                result.prompt_tokens = outcome.usage.prompt_tokens;
                result.completion_tokens = outcome.usage.completion_tokens;
                result.seconds = outcome.ms / 1000.0;
                if !result.success {
                    self.keep(&mut result, &outcome);
                }
            }
            Err(error) => result.error = Some(error),
        }
        result
    }

    /// Writes the outcome of a run that is not right. That it cannot be written is told with the case.
    fn keep(&self, result: &mut CaseResult, outcome: &Outcome) {
        let Some(folder) = &self.out else { return };
        let safe: String =
            result.id.chars().map(|c| if c.is_alphanumeric() || matches!(c, '-' | '_') { c } else { '-' }).collect();
        let path = folder.join(format!("{safe}.run-{}.json", result.run));
        let json = serde_json::to_string_pretty(outcome).map_err(std::io::Error::other);
        let written = fs_err::create_dir_all(folder).and(json).and_then(|json| fs_err::write(&path, json));
        match written {
            Ok(()) => result.trace = Some(path.display().to_string()),
            Err(error) => result.error = Some(format!("the outcome cannot be kept: {error}")),
        }
    }
}

struct Attempt {
    outcome: Result<Outcome, String>,
    calls: Vec<Call>,
    repairs: u32,
}

/// What a run's events tell beyond its outcome.
struct Log {
    enough: Option<CancellationToken>,
    kept: Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    calls: Vec<Call>,
    repairs: u32,
}

impl RunEvents for Log {
    fn emit(&self, event: RunEvent) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        match event {
            // Step 0 is the first look at the pictures, which the model did not ask for.
            RunEvent::ToolStarted { step, tool, args, .. } if step > 0 => {
                kept.calls.push(Call { tool, args });
                if let Some(enough) = &self.enough {
                    enough.cancel();
                }
            }
            RunEvent::Repair { .. } => kept.repairs += 1,
            _ => {}
        }
    }
}
