//! How a step is run: retries, time limit, what becomes of its failure.

use std::time::Duration;

use indexmap::IndexMap;
use serde_json::{Value, json};

use crate::{
    check::{
        compile::{Compiler, positive},
        names::{Names, suggestion},
        plan::{OnFailure, Policy},
        types,
    },
    language::{
        model::Steps,
        problem::Problem,
        step::{FailureKind, OnError, OnErrorWord, Step},
        template::Template,
        yaml::join,
    },
};

/// What failed, as templates see it.
pub(crate) fn failure_schema() -> Value {
    let text = json!({ "type": "string" });
    json!({ "type": "object", "properties": { "step": text, "kind": text, "message": text } })
}

/// The step that a step calls when it fails.
pub(crate) fn handler(step: &Step) -> Option<&str> {
    match &step.on_error {
        Some(OnError::GoTo { go_to }) => Some(go_to),
        _ => None,
    }
}

/// What a step gives, if it can also be skipped or fail without ending the run.
pub(crate) fn with_failures(schema: Value, step: &Step, policy: &Policy, gives: &IndexMap<String, Value>) -> Value {
    let null = json!({ "type": "null" });
    let mut all = vec![schema];
    match &policy.on_error {
        OnFailure::Fail => {}
        OnFailure::Continue => all.push(null.clone()),
        OnFailure::Default(Template::Literal(value)) => all.push(types::of_value(value)),
        OnFailure::Default(_) => all.push(types::any()),
        OnFailure::GoTo(at) => all.extend(gives.get_index(*at).map(|(_, schema)| schema.clone())),
    }
    if step.when.is_some() {
        all.push(null);
    }
    types::either(all)
}

impl Compiler<'_> {
    /// How a step is run.
    pub(crate) fn policy(&mut self, step: &Step, steps: &Steps, at: &str, names: &Names) -> Policy {
        let retry = step.retry.as_ref().map(crate::language::step::RetrySpec::retry).unwrap_or_default();
        if retry.max > 100 {
            self.report(Problem::new(join(at, "retry"), "at most 100 retries"));
        }
        if step.timeout.is_some_and(|period| period.0.is_zero()) {
            self.report(Problem::new(join(at, "timeout"), "a time limit is more than nothing"));
        }
        let on_error = match &step.on_error {
            None | Some(OnError::Word(OnErrorWord::Fail)) => OnFailure::Fail,
            Some(OnError::Word(OnErrorWord::Continue)) => OnFailure::Continue,
            Some(OnError::Default { default }) => {
                let path = join(at, "on_error.default");
                let template = self.template(default, &path);
                self.type_of(&template, &path, names);
                OnFailure::Default(template)
            }
            Some(OnError::GoTo { go_to }) => {
                let place = join(at, "on_error.go_to");
                if let Some((index, _, target)) = steps.get_full(go_to) {
                    if at.rsplit('.').next() == Some(go_to) {
                        self.report(Problem::new(place, "a step cannot be its own handler"));
                    } else if handler(target).is_some() {
                        self.report(Problem::new(place, "a handler has no handler of its own"));
                    }
                    OnFailure::GoTo(index)
                } else {
                    let known: Vec<&str> = steps.keys().map(String::as_str).collect();
                    let problem = Problem::new(place, format!("there is no step \"{go_to}\" beside this one"));
                    self.report(problem.hint(suggestion(go_to, &known)));
                    OnFailure::Fail
                }
            }
        };
        let transient = [
            FailureKind::ModelUnavailable,
            FailureKind::ResourceLimit,
            FailureKind::Timeout,
            FailureKind::Llm,
            FailureKind::Internal,
        ];
        Policy {
            retries: retry.max,
            backoff: retry.backoff.map_or(Duration::from_millis(500), |period| period.0),
            retry_on: if retry.on.is_empty() { transient.to_vec() } else { retry.on },
            timeout: step.timeout.and_then(positive),
            on_error,
            cache: step.cache,
            device: step.device.clone(),
            model: step.model.clone(),
        }
    }
}
