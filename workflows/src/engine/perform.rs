//! Performs one try of a step, by kind.

use std::{sync::Arc, time::Instant};

use argus_agent::run::ms_since;
use argus_tools::{
    onnx::cores,
    tool::{ToolCx, ToolSpec},
};
use futures_util::{
    FutureExt,
    stream::{self, StreamExt},
};
use serde_json::{Map, Value, json};

use crate::{
    check::plan::{KindPlan, MapPlan, Plan, StepPlan, WhilePlan},
    engine::{
        Engine, fill,
        view::{Finished, View},
    },
    language::{
        digest,
        helpers::{shown, truthy},
        step::{FailureKind, ItemError},
        template::Template,
    },
    record::{
        cache,
        failure::Failure,
        runner::{Done, RecordedIn, ToolCall, Work},
    },
};

/// A step that was done, and where its result was recorded if it was not run now.
pub(crate) type Performed = Result<(Finished, Option<RecordedIn>), Failure>;

impl Engine {
    /// One try of a step.
    pub(crate) async fn once(&self, step: &StepPlan, view: &View, path: &str, tries: u32) -> Performed {
        let plain = |value| Ok((Finished { value, error: Value::Null, layers: view.layers.clone() }, None));
        match &step.kind {
            KindPlan::Set(value) => plain(fill(value, view)?),
            KindPlan::Assert { that, words, message } => {
                if truthy(&fill(that, view)?) {
                    return plain(true.into());
                }
                let message = match message {
                    Some(message) => shown(&fill(message, view)?),
                    None => format!("it does not hold that {words}"),
                };
                Err(Failure::new(FailureKind::Assertion, message))
            }
            KindPlan::Approve { question, show } => {
                let question = shown(&fill(question, view)?);
                let show = show.as_ref().map(|show| fill(show, view)).transpose()?;
                let decision = self.runner.signal(path, &question, show.as_ref(), &*self.host.approver).await?;
                plain(json!({ "approved": decision.approved, "by": decision.by }))
            }
            // In boxes of their own: steps in steps in steps would need much stack otherwise.
            KindPlan::Tool { tool, with } => self.tool(step, tool, with, view, path, tries).boxed().await,
            KindPlan::Prompt(prompt) => self.prompt(step, prompt, view, path).boxed().await,
            KindPlan::Agent(agent) => self.agent(step, agent, view, path).boxed().await,
            KindPlan::Workflow { plan, with } => self.workflow(plan, with, view, path).boxed().await,
            KindPlan::Map(map) => self.map(map, view, path).boxed().await,
            KindPlan::While(repeat) => self.repeat(repeat, view, path).boxed().await,
            KindPlan::Switch { value, cases, default } => {
                let value = shown(&fill(value, view)?);
                let chosen = cases.iter().find(|(name, _)| *name == value).map(|(_, body)| body);
                match chosen.or(default.as_ref()) {
                    Some(body) => {
                        let name = if chosen.is_some() { value.as_str() } else { "default" };
                        let finished = self.body(body, view, &format!("{path}.{name}.")).await?;
                        Ok((with_layers(finished, view), None))
                    }
                    None => plain(Value::Null),
                }
            }
        }
    }

    async fn tool(
        &self,
        step: &StepPlan,
        tool: &str,
        with: &Template,
        view: &View,
        path: &str,
        tries: u32,
    ) -> Performed {
        let mut args = match fill(with, view)? {
            Value::Object(args) => args,
            _ => Map::new(),
        };
        // Null stands for an argument that is left out.
        args.retain(|_, value| !value.is_null());
        let args = Value::Object(args);
        let policy = &step.policy;
        let call = ToolCall { tool: tool.to_owned(), args: args.clone() };
        let digest = digest::of_value(&json!([tool, args, policy.device, policy.model]));
        let work: Work<'_> = Box::pin(async {
            let cx = self.tool_cx(step, tool, view, path)?;
            let kept = match (&self.host.cache, policy.cache) {
                (Some(folder), true) => {
                    Some(cache::Kept::of(folder, tool, &args, policy, &cx, &self.host.toolbox).await?)
                }
                _ => None,
            };
            if let Some(done) = kept.as_ref().and_then(cache::Kept::find) {
                return Ok(done);
            }
            let begin = Instant::now();
            let _stop_on_drop = cx.cancel.clone().drop_guard();
            let observation = if self.host.toolbox.shares_runs(tool) {
                let lane = format!("{tool} {:?} {:?}", policy.device, policy.model);
                let permits = self.host.permits.tools(policy.device.as_deref());
                self.host.permits.gathering.call(&lane, permits, tool, &args, &cx, &self.host).await?
            } else {
                let _permit = self.host.permits.tools(policy.device.as_deref()).acquire().await;
                self.host.toolbox.call(tool, args.clone(), &cx).await?
            };
            let done = Done {
                value: observation.value,
                made: cx.images.own(),
                models: cx.used().into_iter().map(|used| used.model).collect(),
                ms: ms_since(begin),
                tries,
                ..Done::default()
            };
            if let Some(kept) = kept {
                kept.keep(&done).await;
            }
            Ok(done)
        });
        let done = self.runner.call(path, &digest, policy.device.as_deref().unwrap_or("cpu"), &call, work).await?;
        Ok(finished(done, view))
    }

    /// The context of a tool call: what the step sees, the models that it chose.
    fn tool_cx(&self, step: &StepPlan, tool: &str, view: &View, path: &str) -> Result<ToolCx, Failure> {
        let policy = &step.policy;
        let mut cx = self.host.cx.for_call(self.cancel.child_token(), policy.timeout);
        cx.images = view.images(path);
        if policy.device.is_some() || policy.model.is_some() {
            let roles = self.host.toolbox.spec(tool).map(ToolSpec::base_roles).unwrap_or_default();
            cx.models = self.host.providers.provider(policy.device.as_deref(), policy.model.as_deref(), &roles)?;
        }
        Ok(cx)
    }

    async fn workflow(&self, plan: &Arc<Plan>, with: &Template, view: &View, path: &str) -> Performed {
        let mut inputs = Map::new();
        let given = match fill(with, view)? {
            Value::Object(given) => given,
            _ => Map::new(),
        };
        for (name, input) in &plan.inputs {
            let value = given.get(name).filter(|value| !value.is_null()).or(input.default.as_ref());
            inputs.insert(name.clone(), value.cloned().unwrap_or_default());
        }
        let inner = View {
            inputs: Arc::new(Value::Object(inputs)),
            run: view.run.clone(),
            steps: Vec::new(),
            locals: Vec::new(),
            layers: view.layers.clone(),
        };
        let finished = self.body(&plan.body, &inner, &format!("{path}.")).await?;
        Ok((with_layers(finished, view), None))
    }

    async fn map(&self, map: &MapPlan, view: &View, path: &str) -> Performed {
        let items = match fill(&map.for_each, view)? {
            Value::Array(items) => items,
            Value::Null => Vec::new(),
            other => {
                let message = format!("for_each is {}, not a list", crate::language::shape::short(&other));
                return Err(Failure::new(FailureKind::InvalidInput, message));
            }
        };
        if items.len() > map.max_items {
            let message = format!("for_each has {} items, more than the {} of max_items", items.len(), map.max_items);
            return Err(Failure::new(FailureKind::ResourceLimit, message));
        }
        let parallel = map.parallel.unwrap_or_else(cores).max(1);
        let work = items.into_iter().enumerate().map(|(index, item)| async move {
            let inner = view.with_local(&map.name, item).with_local("index", index.into());
            self.body(&map.body, &inner, &format!("{path}[{index}].")).await
        });
        let mut done = stream::iter(work).buffered(parallel);
        let (mut values, mut layers) = (Vec::new(), Vec::new());
        while let Some(item) = done.next().await {
            match (item, map.on_item_error) {
                (Ok(finished), _) => {
                    values.push(finished.value);
                    layers.extend(finished.layers);
                }
                (Err(failure), ItemError::Fail) => return Err(failure),
                (Err(failure), _) if failure.kind == FailureKind::Cancelled => return Err(failure),
                (Err(_), ItemError::Skip) => {}
                (Err(_), ItemError::Null) => values.push(Value::Null),
            }
        }
        Ok((with_layers(Finished { value: values.into(), error: Value::Null, layers }, view), None))
    }

    async fn repeat(&self, repeat: &WhilePlan, view: &View, path: &str) -> Performed {
        let mut last = fill(&repeat.start, view)?;
        let mut view = view.clone();
        for round in 0.. {
            view = view.with_local("round", round.into()).with_local("last", last.clone());
            if !truthy(&fill(&repeat.condition, &view)?) {
                break;
            }
            if round == repeat.max_rounds {
                let message = format!("the condition still holds after the {round} rounds of max_rounds");
                return Err(Failure::new(FailureKind::ResourceLimit, message));
            }
            let finished = self.body(&repeat.body, &view, &format!("{path}[{round}].")).await?;
            last = finished.value;
            view.layers.extend(finished.layers);
        }
        Ok((Finished { value: last, error: Value::Null, layers: view.layers }, None))
    }
}

/// A finished step on top of what it saw.
pub(crate) fn finished(done: Done, view: &View) -> (Finished, Option<RecordedIn>) {
    let mut layers = view.layers.clone();
    if !(done.made.images.is_empty() && done.made.regions.is_empty()) {
        layers.push(Arc::new(done.made));
    }
    (Finished { value: done.value, error: Value::Null, layers }, done.recorded)
}

fn with_layers(finished: Finished, view: &View) -> Finished {
    let mut layers = view.layers.clone();
    layers.extend(finished.layers);
    Finished { layers, ..finished }
}
