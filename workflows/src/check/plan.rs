//! A checked workflow: templates read, references resolved, order known.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use indexmap::IndexMap;
use jsonschema::Validator;
use serde_json::Value;

use crate::language::{
    model::Input,
    step::{FailureKind, ItemError},
    template::Template,
};

/// A workflow that can run.
pub(crate) struct Plan {
    pub(crate) name: String,
    pub(crate) description: String,
    /// The sha256 of its definition and those of all workflows that it uses.
    pub(crate) digest: String,
    pub(crate) inputs: IndexMap<String, Input>,
    /// Its output is the object of the workflow's outputs.
    pub(crate) body: BodyPlan,
    /// The schema of the outputs together.
    pub(crate) gives: Value,
}

/// Steps with a result.
pub(crate) struct BodyPlan {
    pub(crate) steps: Vec<StepPlan>,
    /// The steps in an order in which each stands behind those that it needs.
    pub(crate) order: Vec<usize>,
    /// What it gives; the output of the last step if none.
    pub(crate) output: Option<Template>,
}

/// A step.
pub(crate) struct StepPlan {
    pub(crate) id: String,
    pub(crate) kind: KindPlan,
    pub(crate) when: Option<Template>,
    /// The steps of the same body that must be done before, in order.
    pub(crate) needs: Vec<usize>,
    pub(crate) policy: Policy,
    /// Whether it runs only when another one fails.
    pub(crate) handler: bool,
}

/// How a step is run.
#[derive(Clone, Debug)]
pub(crate) struct Policy {
    pub(crate) retries: u32,
    pub(crate) backoff: Duration,
    pub(crate) retry_on: Vec<FailureKind>,
    pub(crate) timeout: Option<Duration>,
    pub(crate) on_error: OnFailure,
    pub(crate) cache: bool,
    pub(crate) device: Option<String>,
    pub(crate) model: Option<String>,
}

/// What becomes of a workflow whose step failed.
#[derive(Clone, Debug)]
pub(crate) enum OnFailure {
    Fail,
    Continue,
    Default(Template),
    /// A handler by its index beside the step.
    GoTo(usize),
}

/// What a step does.
pub(crate) enum KindPlan {
    Tool { tool: String, with: Template },
    Prompt(Box<PromptPlan>),
    Agent(Box<AgentPlan>),
    Workflow { plan: Arc<Plan>, with: Template },
    Map(Box<MapPlan>),
    While(Box<WhilePlan>),
    Switch { value: Template, cases: Vec<(String, BodyPlan)>, default: Option<BodyPlan> },
    Set(Template),
    Assert { that: Template, words: String, message: Option<Template> },
    Approve { question: Template, show: Option<Template> },
}

impl KindPlan {
    /// As it is written.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Tool { .. } => "tool",
            Self::Prompt(_) => "prompt",
            Self::Agent(_) => "agent",
            Self::Workflow { .. } => "workflow",
            Self::Map(_) => "map",
            Self::While(_) => "while",
            Self::Switch { .. } => "switch",
            Self::Set(_) => "set",
            Self::Assert { .. } => "assert",
            Self::Approve { .. } => "approve",
        }
    }

    /// The bodies inside of it, each with the name that leads to it.
    pub(crate) fn bodies(&self) -> Vec<(String, &BodyPlan)> {
        match self {
            Self::Map(map) => vec![("item".into(), &map.body)],
            Self::While(repeat) => vec![("round".into(), &repeat.body)],
            Self::Switch { cases, default, .. } => {
                let cases = cases.iter().map(|(name, body)| (name.clone(), body));
                cases.chain(default.iter().map(|body| ("default".into(), body))).collect()
            }
            _ => Vec::new(),
        }
    }
}

pub(crate) struct PromptPlan {
    pub(crate) system: Option<Template>,
    pub(crate) text: Template,
    pub(crate) schema: Option<(Value, Validator)>,
    pub(crate) max_tokens: Template,
    pub(crate) temperature: f32,
    pub(crate) seed: Option<u64>,
    pub(crate) stop: Vec<String>,
    /// Whether the reply's log-probability is given with its text.
    pub(crate) logprobs: bool,
}

pub(crate) struct AgentPlan {
    pub(crate) task: Template,
    pub(crate) images: Option<Template>,
    pub(crate) tools: Vec<String>,
    pub(crate) max_steps: Option<u32>,
    pub(crate) max_tokens: Option<u64>,
    pub(crate) deadline: Option<Duration>,
    pub(crate) cards: bool,
}

pub(crate) struct MapPlan {
    pub(crate) for_each: Template,
    pub(crate) name: String,
    pub(crate) parallel: Option<usize>,
    pub(crate) max_items: usize,
    pub(crate) on_item_error: ItemError,
    pub(crate) body: BodyPlan,
}

pub(crate) struct WhilePlan {
    pub(crate) condition: Template,
    pub(crate) start: Template,
    pub(crate) max_rounds: u32,
    pub(crate) body: BodyPlan,
}

impl Plan {
    /// Every tool that it calls, with those of the workflows that it uses.
    pub(crate) fn tools(&self) -> Vec<String> {
        let mut seen = BTreeSet::new();
        self.walk(&mut |step| {
            if let KindPlan::Tool { tool, .. } = &step.kind {
                seen.insert(tool.clone());
            }
        });
        seen.into_iter().collect()
    }

    /// Whether a language model is asked anywhere.
    pub(crate) fn asks_model(&self) -> bool {
        let mut asks = false;
        self.walk(&mut |step| asks |= matches!(step.kind, KindPlan::Prompt(_) | KindPlan::Agent(_)));
        asks
    }

    /// Looks at every step, also those inside of others and of other workflows.
    pub(crate) fn walk(&self, look: &mut dyn FnMut(&StepPlan)) {
        walk(&self.body, look);
    }
}

fn walk(body: &BodyPlan, look: &mut dyn FnMut(&StepPlan)) {
    for step in &body.steps {
        look(step);
        if let KindPlan::Workflow { plan, .. } = &step.kind {
            plan.walk(look);
        }
        for (_, inner) in step.kind.bodies() {
            walk(inner, look);
        }
    }
}
