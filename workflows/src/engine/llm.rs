//! Steps that ask a language model.

use std::{sync::Arc, time::Instant};

use argus_agent::{
    Agent, AgentBuilder, Task,
    chat::{ChatModel, ChatRequest, Message},
    prompts::{Language, Templates},
    run::{StopReason, card_tools, lenient_json, ms_since},
};
use argus_tools::image::{ImageEntry, ImageStore, Origin, Snapshot};
use serde_json::{Value, json};

use crate::{
    check::plan::{AgentPlan, PromptPlan, StepPlan},
    engine::{
        Engine, fill,
        perform::{Performed, finished},
        recorded::{RecordedChat, recorded_tools},
        view::{View, handle_name},
    },
    language::{helpers::shown, shape, step::FailureKind},
    record::{cache::Kept, failure::Failure, runner::Done},
};

/// How often a reply that does not follow its schema is asked for again.
const REPAIRS: u32 = 2;

impl Engine {
    /// One call of the language model, with repair where a schema is given.
    pub(crate) async fn prompt(&self, step: &StepPlan, plan: &PromptPlan, view: &View, path: &str) -> Performed {
        let text = shown(&fill(&plan.text, view)?);
        let system = plan.system.as_ref().map(|system| fill(system, view)).transpose()?;
        let mut messages: Vec<Message> = system.iter().map(|system| Message::system(shown(system))).collect();
        messages.push(Message::user(text.clone()));
        let chat = self.chat(step).await?.ok_or_else(|| {
            let mut failure = Failure::new(FailureKind::Llm, "there is no language model to ask");
            failure.hint = Some("choose one with --llm".into());
            failure
        })?;
        let max_tokens = most_tokens(&fill(&plan.max_tokens, view)?)?;
        let mut request = ChatRequest {
            messages,
            schema: plan.schema.as_ref().map(|(schema, _)| schema.clone()),
            max_tokens: Some(max_tokens),
            temperature: Some(plan.temperature),
            seed: plan.seed,
            stop: plan.stop.clone(),
            logprobs: plan.logprobs,
            ..ChatRequest::default()
        };
        let folder = self.host.cache.as_ref().filter(|_| step.policy.cache);
        let kept = folder.map(|folder| Kept::by(folder, &json!(["prompt", chat.id(), request])));
        if let Some(done) = kept.as_ref().and_then(Kept::find) {
            return Ok(finished(done, view));
        }
        let recorded = RecordedChat::new(chat, self, path);
        let begin = Instant::now();
        let mut tries = 0;
        let value = loop {
            let reply = recorded.complete(&request, None, &self.cancel).await?;
            self.spend(reply.usage);
            let Some((schema, validator)) = &plan.schema else {
                let text = reply.text.trim();
                break if plan.logprobs { json!({ "text": text, "logprob": reply.logprob }) } else { text.into() };
            };
            let wrong = match lenient_json(&reply.text) {
                None => vec!["it is no JSON".to_owned()],
                Some(value) => {
                    let problems = shape::check(validator, &value, "", schema);
                    if problems.is_empty() {
                        break value;
                    }
                    problems.iter().map(ToString::to_string).collect()
                }
            };
            tries += 1;
            if tries > REPAIRS {
                let message = format!("the reply does not follow the schema: {}", wrong.join("; "));
                return Err(Failure::new(FailureKind::Llm, message));
            }
            request.messages.push(Message::assistant(reply.text));
            request.messages.push(Message::user(self.repair(&text, &wrong)?));
        };
        let done = Done { value, ms: ms_since(begin), tries: tries + 1, ..Done::default() };
        if let Some(kept) = kept {
            kept.keep(&done).await;
        }
        Ok(finished(done, view))
    }

    /// The text for a model whose reply cannot be used.
    fn repair(&self, task: &str, wrong: &[String]) -> Result<String, Failure> {
        let templates = match &self.host.prompts {
            Some(folder) => Templates::with_directory(folder),
            None => Templates::embedded(),
        };
        let language = self.host.language.unwrap_or_else(|| Language::of(task));
        templates
            .and_then(|templates| templates.render(language, "workflow_repair", &json!({ "wrong": wrong })))
            .map_err(|error| Failure::new(FailureKind::Internal, error.to_string()))
    }

    async fn chat(&self, step: &StepPlan) -> Result<Option<Arc<dyn ChatModel>>, Failure> {
        self.host.llm.chat(step.policy.model.as_deref()).await
    }

    /// A bounded loop of the language model over tools, in a session of its own. Every call of the model and of a tool is recorded.
    pub(crate) async fn agent(&self, step: &StepPlan, plan: &AgentPlan, view: &View, path: &str) -> Performed {
        let task = shown(&fill(&plan.task, view)?);
        let session = Session::new(self, plan, view, path)?;
        let chat = self.chat(step).await?;
        let tools =
            if plan.tools.is_empty() { self.host.toolbox.clone() } else { self.host.toolbox.only(&plan.tools)? };
        let mut cx = self.host.cx.for_call(self.cancel.child_token(), step.policy.timeout);
        let _stop_on_drop = cx.cancel.clone().drop_guard();
        cx.images = session.store.clone();
        let mut limits = self.host.limits.clone();
        limits.max_steps = plan.max_steps.unwrap_or(limits.max_steps);
        limits.max_tokens = plan.max_tokens.or(limits.max_tokens);
        limits.deadline = plan.deadline.or(limits.deadline);
        let builder = Agent::builder()
            .toolbox(recorded_tools(&tools, self, path))
            .cx(cx)
            .limits(limits)
            .card_tools(if plan.cards { card_tools() } else { Vec::new() })
            .events(self.host.events.clone());
        let builder = self.host.protocol.into_iter().fold(builder, AgentBuilder::protocol);
        let builder = self.host.language.into_iter().fold(builder, AgentBuilder::language);
        let builder = self.host.prompts.iter().fold(builder, AgentBuilder::prompts);
        let Some(chat) = chat else {
            let what = "an agent step needs a language model, and the settings name none";
            return Err(Failure::new(FailureKind::InvalidInput, what));
        };
        let builder = builder.chat(Arc::new(RecordedChat::new(chat, self, path)));
        let agent = builder.build().map_err(|error| Failure::new(FailureKind::Internal, error.to_string()))?;
        let outcome = agent.run(Task::new(task)).await;
        self.spend(outcome.usage);
        match (outcome.stop, &outcome.error) {
            (StopReason::Cancelled, _) => return Err(Failure::new(FailureKind::Cancelled, "cancelled")),
            (StopReason::ModelError, Some(error)) if outcome.answer.is_none() => return Err(error.clone().into()),
            _ => {}
        }
        let (made, images) = session.made();
        let answer = outcome.answer.as_ref().map(|answer| session.renamed(answer));
        let value = json!({
            "answer": answer,
            "stop": outcome.stop,
            "grounded": outcome.grounded,
            "images": images,
            "steps": outcome.steps.len(),
            "usage": outcome.usage,
        });
        let done = Done { value, made, ms: outcome.ms, tries: 1, ..Done::default() };
        Ok(finished(done, view))
    }
}

fn most_tokens(value: &Value) -> Result<u32, Failure> {
    value.as_f64().filter(|count| (1.0..=1e6).contains(count)).map(|count| count as u32).ok_or_else(|| {
        Failure::new(FailureKind::InvalidInput, format!("max_tokens is {value}; it must be a number from 1"))
    })
}

/// The session of an agent step: its images are `img-1`, `img-2`, ... as the model knows them.
struct Session {
    store: ImageStore,
    /// The workflow's handle of each image that went in.
    given: Vec<String>,
    name: String,
}

impl Session {
    fn new(engine: &Engine, plan: &AgentPlan, view: &View, path: &str) -> Result<Self, Failure> {
        let seen = view.images(path);
        let handles = match &plan.images {
            None => engine.roots.clone(),
            Some(images) => match fill(images, view)? {
                Value::Array(items) => items.iter().map(shown).collect(),
                Value::Null => Vec::new(),
                one => vec![shown(&one)],
            },
        };
        let store = ImageStore::new();
        for handle in &handles {
            let image = seen.get(handle)?;
            store.insert((*image.pixels).clone(), Origin::Memory(handle.clone()));
        }
        Ok(Self { store, given: handles, name: handle_name(path) })
    }

    /// The workflow's handle of an image of the session.
    fn outer(&self, handle: &str) -> String {
        let number = handle.strip_prefix("img-").and_then(|number| number.parse::<usize>().ok()).unwrap_or_default();
        match number.checked_sub(1).and_then(|at| self.given.get(at)) {
            Some(given) => given.clone(),
            None => format!("{}-{}", self.name, number.saturating_sub(self.given.len())),
        }
    }

    /// What the session made, under handles of the workflow.
    fn made(&self) -> (Snapshot, Vec<String>) {
        let images: Vec<Arc<ImageEntry>> = self
            .store
            .images()
            .iter()
            .skip(self.given.len())
            .map(|image| {
                Arc::new(ImageEntry {
                    handle: self.outer(&image.handle),
                    parent: image.parent.as_ref().map(|parent| self.outer(parent)),
                    ..(**image).clone()
                })
            })
            .collect();
        let handles = images.iter().map(|image| image.handle.clone()).collect();
        (Snapshot { images, regions: Vec::new() }, handles)
    }

    /// A text with the workflow's handles in the place of the session's.
    fn renamed(&self, text: &str) -> String {
        let mut renamed = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(at) = rest.find("img-") {
            let digits = rest[at + 4..].find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len() - at - 4);
            let end = at + 4 + digits;
            renamed.push_str(&rest[..at]);
            if digits == 0 {
                renamed.push_str(&rest[at..end]);
            } else {
                renamed.push_str(&self.outer(&rest[at..end]));
            }
            rest = &rest[end..];
        }
        renamed + rest
    }
}
