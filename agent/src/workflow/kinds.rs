//! The ten kinds of steps: read, checked against tools and types, made ready to run.

use std::time::Duration;

use argus_tools::onnx::Device;
use indexmap::IndexMap;
use serde_json::{Value, json};

use super::{
    compile::{Compiler, positive},
    model::Steps,
    names::{Names, suggestion},
    plan::{AgentPlan, BodyPlan, KindPlan, MapPlan, OnFailure, Policy, PromptPlan, WhilePlan},
    problem::Problem,
    shape,
    source::{Folder, shipped_file},
    step::{AgentSpec, ApproveSpec, AssertSpec, Body, Count, FailureKind, OnError, OnErrorWord, PromptSpec, Step},
    template::{Template, holds_template},
    types,
    yaml::join,
};

/// The kinds as they are written.
pub(crate) const KINDS: [&str; 10] =
    ["tool", "prompt", "agent", "workflow", "map", "while", "switch", "set", "assert", "approve"];

const MOST_ITEMS: usize = 100_000;

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

/// All paths that the templates of a step name, those of steps inside of it too, with the place of each.
pub(crate) fn references(step: &Step, path: &str) -> Vec<(Vec<String>, String)> {
    let mut all = Vec::new();
    walk(&serde_json::to_value(step).unwrap_or_default(), path, &mut all);
    all
}

fn walk(value: &Value, path: &str, all: &mut Vec<(Vec<String>, String)>) {
    match value {
        Value::String(text) if text.contains("{{") => {
            let template = Template::read(value, path, &mut Vec::new());
            all.extend(template.references().into_iter().map(|reference| (reference.to_vec(), path.to_owned())));
        }
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(at, item)| walk(item, &format!("{path}[{at}]"), all));
        }
        Value::Object(map) => map.iter().for_each(|(name, value)| walk(value, &join(path, name), all)),
        _ => {}
    }
}

fn bodies(step: &Step) -> Vec<&Steps> {
    let map = step.map.iter().map(|map| &map.steps);
    let repeat = step.repeat.iter().map(|repeat| &repeat.steps);
    let switch = step.switch.iter().flat_map(|switch| switch.cases.values().chain(&switch.default));
    map.chain(repeat).chain(switch.map(|body| &body.steps)).collect()
}

/// The steps inside of these, at any depth, with the one of these that holds them.
pub(crate) fn hidden(steps: &Steps) -> Vec<(String, String)> {
    let mut all = Vec::new();
    for (id, step) in steps {
        for body in bodies(step) {
            all.extend(body.keys().map(|inner| (inner.clone(), id.clone())));
            all.extend(hidden(body).into_iter().map(|(inner, _)| (inner, id.clone())));
        }
    }
    all
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
    /// What a step does, and the schema of what it gives.
    pub(crate) fn kind(&mut self, step: &Step, at: &str, names: &Names) -> (KindPlan, Value) {
        let nothing = || (KindPlan::Set(Template::Literal(Value::Null)), types::any());
        let given = given(step);
        let [kind] = given.as_slice() else {
            let problem = match given.as_slice() {
                [] => Problem::new(at, "the step does nothing").hint(format!("it needs one of {}", KINDS.join(", "))),
                many => Problem::new(at, format!("the step has {} kinds: {}", many.len(), many.join(", ")))
                    .hint("make a step of each"),
            };
            self.report(problem);
            return nothing();
        };
        self.misplaced(step, kind, at);
        if let Some(tool) = &step.tool {
            return self.tool(tool, step, at, names);
        }
        if let Some(prompt) = &step.prompt {
            return self.prompt(prompt, &join(at, "prompt"), names);
        }
        if let Some(agent) = &step.agent {
            return self.agent(agent, &join(at, "agent"), names);
        }
        if let Some(name) = &step.workflow {
            return self.workflow(name, step, at, names);
        }
        if step.map.is_some() {
            return self.map(step, at, names);
        }
        if step.repeat.is_some() {
            return self.repeat(step, at, names);
        }
        if step.switch.is_some() {
            return self.switch(step, at, names);
        }
        if let Some(value) = &step.set {
            let path = join(at, "set");
            let template = self.template(value, &path);
            let schema = self.type_of(&template, &path, names);
            return (KindPlan::Set(template), schema);
        }
        if let Some(assert) = &step.assert {
            let (that, message, path) = match assert {
                AssertSpec::That(that) => (that, None, join(at, "assert")),
                AssertSpec::Full { that, message } => (that, message.as_ref(), join(at, "assert.that")),
            };
            let words = that.trim().trim_start_matches("{{").trim_end_matches("}}").trim().to_owned();
            let that = self.condition(&that.clone().into(), &path, names);
            let message = message.map(|message| self.text(message, &join(at, "assert.message"), names));
            return (KindPlan::Assert { that, words, message }, json!({ "type": "boolean" }));
        }
        if let Some(approve) = &step.approve {
            let (question, show) = match approve {
                ApproveSpec::Question(question) => (question, None),
                ApproveSpec::Full { question, show } => (question, show.as_ref()),
            };
            let question = self.text(question, &join(at, "approve"), names);
            let show = show.map(|show| {
                let path = join(at, "approve.show");
                let template = self.template(show, &path);
                self.type_of(&template, &path, names);
                template
            });
            let text = json!({ "type": "string" });
            let gives = json!({ "type": "object", "properties": { "approved": { "type": "boolean" }, "by": text } });
            return (KindPlan::Approve { question, show }, gives);
        }
        nothing()
    }

    /// What a step has that its kind has no use for.
    fn misplaced(&mut self, step: &Step, kind: &str, at: &str) {
        if !step.with.is_empty() && !matches!(kind, "tool" | "workflow") {
            let message = format!("a {kind} takes no \"with\"");
            self.report(Problem::new(join(at, "with"), message).hint("with is for tools and workflows"));
        }
        if step.device.is_some() && kind != "tool" {
            self.report(Problem::new(join(at, "device"), format!("a {kind} runs on no device of its own")));
        }
        if step.model.is_some() && !matches!(kind, "tool" | "prompt" | "agent") {
            self.report(Problem::new(join(at, "model"), format!("a {kind} has no model")));
        }
        if step.cache && !matches!(kind, "tool" | "prompt") {
            let message = format!("the result of a {kind} is not kept; cache is for tools and prompts");
            self.report(Problem::new(join(at, "cache"), message));
        }
        if let Some(device) = &step.device
            && let Err(message) = device.parse::<Device>()
        {
            self.report(Problem::new(join(at, "device"), message));
        }
    }

    fn text(&mut self, text: &str, path: &str, names: &Names) -> Template {
        let template = self.template(&text.into(), path);
        self.type_of(&template, path, names);
        template
    }

    fn tool(&mut self, tool: &str, step: &Step, at: &str, names: &Names) -> (KindPlan, Value) {
        let with_path = join(at, "with");
        let with = serde_json::to_value(&step.with).unwrap_or_default();
        let template = self.template(&with, &with_path);
        let spec = match self.toolbox.spec(tool) {
            Ok(spec) => spec.clone(),
            Err(_) => {
                let known: Vec<String> = self.toolbox.specs().map(|spec| spec.name.to_string()).collect();
                let known: Vec<&str> = known.iter().map(String::as_str).collect();
                let problem = Problem::new(join(at, "tool"), format!("there is no tool \"{tool}\""));
                self.report(problem.hint(suggestion(tool, &known)));
                self.type_of(&template, &with_path, names);
                return (KindPlan::Tool { tool: tool.to_owned(), with: template }, types::any());
            }
        };
        let arguments = spec.arguments();
        let known: Vec<&str> = arguments.iter().map(|argument| argument.name.as_str()).collect();
        for (name, value) in &step.with {
            let path = join(&with_path, name);
            let Some(schema) = spec.input_schema["properties"].get(name) else {
                let problem = Problem::new(&path, format!("{tool} has no argument \"{name}\""));
                self.report(problem.hint(suggestion(name, &known)));
                continue;
            };
            self.argument(value, schema, &path, names);
        }
        for argument in arguments.iter().filter(|argument| argument.required && !step.with.contains_key(&argument.name))
        {
            let message = format!("{tool} needs \"{}\" ({})", argument.name, argument.kind);
            self.report(Problem::new(at, message).hint(format!("with: {{{}: ...}}", argument.name)));
        }
        (KindPlan::Tool { tool: tool.to_owned(), with: template }, spec.output_schema.clone())
    }

    /// A value against the schema of what is wanted.
    fn argument(&mut self, value: &Value, schema: &Value, path: &str, names: &Names) {
        let template = self.template(value, path);
        let given = self.type_of(&template, path, names);
        if holds_template(value) {
            if let Some(why) = types::clash(&given, schema) {
                self.report(Problem::new(path, why));
            }
        } else if let Ok(validator) = shape::validator(schema) {
            for problem in shape::check(&validator, value, path, schema) {
                self.report(problem);
            }
        }
    }

    fn prompt(&mut self, spec: &PromptSpec, at: &str, names: &Names) -> (KindPlan, Value) {
        let prompt = spec.prompt();
        let text_path = if matches!(spec, PromptSpec::Text(_)) { at.to_owned() } else { join(at, "text") };
        let text = match (&prompt.text, &prompt.file) {
            (Some(text), None) => text.clone(),
            (None, Some(file)) => self.prompt_file(file, &join(at, "file")),
            (Some(_), Some(_)) => {
                self.report(Problem::new(at, "a prompt has a text or a file, not both"));
                String::new()
            }
            (None, None) => {
                self.report(Problem::new(at, "a prompt needs a text or a file"));
                String::new()
            }
        };
        let text_path = if prompt.file.is_some() { join(at, "file") } else { text_path };
        let text = self.text(&text, &text_path, names);
        let system = prompt.system.map(|system| self.text(&system, &join(at, "system"), names));
        let schema = prompt.schema.and_then(|schema| match shape::validator(&schema) {
            Ok(validator) => Some((schema, validator)),
            Err(why) => {
                self.report(Problem::new(join(at, "schema"), format!("this is no JSON Schema: {why}")));
                None
            }
        });
        let text_schema = json!({ "type": "string" });
        let gives = match &schema {
            Some(_) if prompt.logprobs => {
                self.report(Problem::new(
                    join(at, "logprobs"),
                    "a reply with a schema is given without log-probability",
                ));
                types::any()
            }
            Some((schema, _)) => schema.clone(),
            None if prompt.logprobs => json!({ "type": "object", "properties": {
                "text": text_schema, "logprob": { "type": ["number", "null"] }
            } }),
            None => text_schema,
        };
        let plan = PromptPlan {
            system,
            text,
            schema,
            max_tokens: self.count(prompt.max_tokens, 512, &join(at, "max_tokens"), names),
            temperature: prompt.temperature.unwrap_or(0.0),
            seed: prompt.seed,
            stop: prompt.stop,
            logprobs: prompt.logprobs,
        };
        (KindPlan::Prompt(Box::new(plan)), gives)
    }

    /// A whole number from 1, or a template that gives a number.
    fn count(&mut self, count: Option<Count>, usual: u32, path: &str, names: &Names) -> Template {
        let template = match count {
            None => return Template::Literal(usual.into()),
            Some(Count::Template(text)) => self.template(&text.into(), path),
            Some(Count::Number(number)) => Template::Literal(number.into()),
        };
        let given = self.type_of(&template, path, names);
        if let Some(why) = types::clash(&given, &json!({ "type": "number" })) {
            self.report(Problem::new(path, why));
        } else if matches!(&template, Template::Literal(value) if *value == 0) {
            self.report(Problem::new(path, "at least 1"));
        }
        template
    }

    fn prompt_file(&mut self, file: &str, at: &str) -> String {
        match self.prompt_text(file) {
            Ok(text) => {
                self.used.push(super::digest::of_value(&text.as_str().into()));
                text
            }
            Err(problem) => {
                self.report(Problem { path: at.to_owned(), ..problem });
                String::new()
            }
        }
    }

    fn prompt_text(&self, file: &str) -> Result<String, Problem> {
        let path = match &self.folder {
            Folder::At(folder) => folder.join(file),
            Folder::Shipped => {
                let text = shipped_file(file).map(str::to_owned);
                return text.ok_or_else(|| Problem::new("", format!("there is no shipped file {file}")));
            }
            Folder::None => {
                return Err(Problem::new("", "this workflow is no file: it has no folder to find a prompt in"));
            }
        };
        fs_err::read_to_string(&path).map_err(|error| {
            if error.kind() == std::io::ErrorKind::NotFound {
                Problem::new("", format!("there is no file {}", path.display()))
                    .hint("the path begins at the folder of the workflow")
            } else {
                Problem::new("", format!("the file cannot be read: {error}"))
            }
        })
    }

    /// All paths that the prompt files of a step name, those of steps inside of it too.
    pub(crate) fn file_references(&self, step: &Step) -> Vec<Vec<String>> {
        let file = step.prompt.as_ref().and_then(|prompt| prompt.prompt().file);
        let text = file.and_then(|file| self.prompt_text(&file).ok());
        let template = text.map(|text| Template::read(&text.into(), "", &mut Vec::new()));
        let own: Vec<Vec<String>> =
            template.iter().flat_map(|template| template.references().into_iter().map(<[String]>::to_vec)).collect();
        let inner = bodies(step).into_iter().flat_map(IndexMap::values);
        own.into_iter().chain(inner.flat_map(|step| self.file_references(step))).collect()
    }

    fn agent(&mut self, spec: &AgentSpec, at: &str, names: &Names) -> (KindPlan, Value) {
        let task = spec.task();
        let path = if matches!(spec, AgentSpec::Text(_)) { at.to_owned() } else { join(at, "task") };
        if task.task.trim().is_empty() {
            self.report(Problem::new(&path, "the task is empty"));
        }
        let known: Vec<String> = self.toolbox.specs().map(|spec| spec.name.to_string()).collect();
        let known: Vec<&str> = known.iter().map(String::as_str).collect();
        for (number, tool) in task.tools.iter().enumerate().filter(|(_, tool)| !known.contains(&tool.as_str())) {
            let problem = Problem::new(format!("{at}.tools[{number}]"), format!("there is no tool \"{tool}\""));
            self.report(problem.hint(suggestion(tool, &known)));
        }
        let images_path = join(at, "images");
        let images = task.images.map(|images| {
            let template = self.template(&images, &images_path);
            let given = self.type_of(&template, &images_path, names);
            let wanted = types::either(vec![types::image(), json!({ "type": "array", "items": types::image() })]);
            if let Some(why) = types::clash(&given, &wanted) {
                self.report(Problem::new(&images_path, why));
            }
            template
        });
        let plan = AgentPlan {
            task: self.text(&task.task, &path, names),
            images,
            tools: task.tools,
            max_steps: task.max_steps,
            max_tokens: task.max_tokens,
            deadline: task.deadline.and_then(positive),
            cards: task.cards.unwrap_or(true),
        };
        let image = types::image();
        let gives = json!({ "type": "object", "properties": {
            "answer": { "type": ["string", "null"] },
            "stop": { "type": "string" },
            "grounded": { "type": "boolean" },
            "images": { "type": "array", "items": image },
            "steps": { "type": "integer" },
            "usage": { "type": "object", "properties": {
                "prompt_tokens": { "type": "integer" }, "completion_tokens": { "type": "integer" }
            } }
        } });
        (KindPlan::Agent(Box::new(plan)), gives)
    }

    fn workflow(&mut self, name: &str, step: &Step, at: &str, names: &Names) -> (KindPlan, Value) {
        let with_path = join(at, "with");
        let with = serde_json::to_value(&step.with).unwrap_or_default();
        let template = self.template(&with, &with_path);
        let Some(plan) = self.used(name, &join(at, "workflow")) else {
            self.type_of(&template, &with_path, names);
            return (KindPlan::Set(Template::Literal(Value::Null)), types::any());
        };
        let known: Vec<&str> = plan.inputs.keys().map(String::as_str).collect();
        for (given, value) in &step.with {
            let path = join(&with_path, given);
            let Some(input) = plan.inputs.get(given) else {
                let problem = Problem::new(&path, format!("{name} has no input \"{given}\""));
                self.report(problem.hint(suggestion(given, &known)));
                continue;
            };
            self.argument(value, &types::of_input(input), &path, names);
        }
        for (needed, input) in &plan.inputs {
            if input.default.is_none() && !step.with.contains_key(needed) {
                let message = format!("{name} needs the input \"{needed}\" ({})", input.kind.name());
                self.report(Problem::new(at, message).hint(format!("with: {{{needed}: ...}}")));
            }
        }
        let gives = plan.gives.clone();
        (KindPlan::Workflow { plan, with: template }, gives)
    }

    fn map(&mut self, step: &Step, at: &str, names: &Names) -> (KindPlan, Value) {
        let Some(spec) = &step.map else { return (KindPlan::Set(Template::Literal(Value::Null)), types::any()) };
        let at = join(at, "map");
        let path = join(&at, "for_each");
        let for_each = self.template(&spec.for_each, &path);
        let list = self.type_of(&for_each, &path, names);
        if let Some(why) = types::clash(&list, &json!({ "type": "array" })) {
            self.report(Problem::new(&path, why).hint("a range of numbers is {{ range 5 }}"));
        }
        let item = list.get("items").cloned().unwrap_or_else(types::any);
        let name = spec.name.clone().unwrap_or_else(|| "item".into());
        if super::template::ROOTS.contains(&name.as_str()) || name == "index" {
            self.report(Problem::new(
                join(&at, "as"),
                format!("\"{name}\" has a meaning of its own; choose another name"),
            ));
        }
        let inner = names.with_local(&name, item).with_local("index", json!({ "type": "integer" }));
        let (body, gives) = self.inner(&spec.steps, spec.output.as_ref(), &at, &inner);
        if spec.parallel == Some(0) {
            self.report(Problem::new(join(&at, "parallel"), "at least one item at a time"));
        }
        let gives = match spec.on_item_error.unwrap_or_default() {
            super::step::ItemError::Null => types::either(vec![gives, json!({ "type": "null" })]),
            _ => gives,
        };
        let plan = MapPlan {
            for_each,
            name,
            parallel: spec.parallel,
            max_items: spec.max_items.unwrap_or(MOST_ITEMS),
            on_item_error: spec.on_item_error.unwrap_or_default(),
            body,
        };
        (KindPlan::Map(Box::new(plan)), json!({ "type": "array", "items": gives }))
    }

    fn repeat(&mut self, step: &Step, at: &str, names: &Names) -> (KindPlan, Value) {
        let Some(spec) = &step.repeat else { return (KindPlan::Set(Template::Literal(Value::Null)), types::any()) };
        let at = join(at, "while");
        let start_path = join(&at, "start");
        let start = self.template(&spec.start, &start_path);
        let start_schema = self.type_of(&start, &start_path, names);
        // What a round gives is not known before its steps are looked at.
        let inner = names.with_local("round", json!({ "type": "integer" })).with_local("last", types::any());
        let condition = self.condition(&spec.condition, &join(&at, "condition"), &inner);
        let (body, gives) = self.inner(&spec.steps, spec.output.as_ref(), &at, &inner);
        let max_rounds = spec.max_rounds.unwrap_or(10);
        if max_rounds == 0 {
            self.report(Problem::new(join(&at, "max_rounds"), "at least one round"));
        }
        (
            KindPlan::While(Box::new(WhilePlan { condition, start, max_rounds, body })),
            types::either(vec![gives, start_schema]),
        )
    }

    fn switch(&mut self, step: &Step, at: &str, names: &Names) -> (KindPlan, Value) {
        let Some(spec) = &step.switch else { return (KindPlan::Set(Template::Literal(Value::Null)), types::any()) };
        let at = join(at, "switch");
        let path = join(&at, "value");
        let value = self.template(&spec.value, &path);
        let schema = self.type_of(&value, &path, names);
        if let Template::Literal(_) = &value {
            self.report(Problem::warning(&path, "the value is always the same: one case is ever chosen"));
        }
        let options = schema.get("enum").and_then(Value::as_array).cloned();
        let cases_path = join(&at, "cases");
        let mut gives = Vec::new();
        let mut cases = Vec::new();
        for (name, body) in &spec.cases {
            let path = join(&cases_path, name);
            let can_be = options.as_ref().is_none_or(|options| options.iter().any(|option| option == name));
            if !can_be {
                let options: Vec<String> =
                    options.iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect();
                let problem =
                    Problem::warning(&path, format!("this case is never reached: the value is never \"{name}\""));
                self.report(problem.hint(format!("it is one of {}", options.join(", "))));
            }
            let (plan, schema) = self.case(body, &path, names);
            gives.push(schema);
            cases.push((name.clone(), plan));
        }
        let all = options.is_some_and(|options| {
            options.iter().all(|option| option.as_str().is_some_and(|option| spec.cases.contains_key(option)))
        });
        if let (true, Some(_)) = (all, &spec.default) {
            let message = "this is never reached: there is a case for every value";
            self.report(Problem::warning(join(&at, "default"), message));
        }
        let default = spec.default.as_ref().map(|body| {
            let (plan, schema) = self.case(body, &join(&at, "default"), names);
            gives.push(schema);
            plan
        });
        if default.is_none() && !all {
            gives.push(json!({ "type": "null" }));
        }
        (KindPlan::Switch { value, cases, default }, types::either(gives))
    }

    fn case(&mut self, body: &Body, path: &str, names: &Names) -> (BodyPlan, Value) {
        self.inner(&body.steps, body.output.as_ref(), path, names)
    }

    /// A body inside of a step, and the schema of what it gives.
    fn inner(&mut self, steps: &Steps, output: Option<&Value>, at: &str, names: &Names) -> (BodyPlan, Value) {
        let (steps_path, output_path) = (join(at, "steps"), join(at, "output"));
        let (body, gives) = self.body(steps, output, &steps_path, &output_path, names);
        let schema = match &body.output {
            Some(output) => {
                let names = names.with_steps(gives);
                types::of_template(output, &|path: &[String]| names.lookup(path)).unwrap_or_else(|_| types::any())
            }
            None => gives.values().last().cloned().unwrap_or_else(types::any),
        };
        let last = steps.keys().last().filter(|_| body.output.is_none());
        let named: Vec<(String, Template)> = match (&body.output, last) {
            (Some(output), _) => vec![("output".into(), output.clone())],
            (None, Some(last)) => {
                let path = super::template::Expr::Path(vec!["steps".into(), last.clone()]);
                vec![("output".into(), Template::One(path))]
            }
            (None, None) => Vec::new(),
        };
        self.unused(&body, &named, &steps_path);
        (body, schema)
    }

    /// How a step is run.
    pub(crate) fn policy(&mut self, step: &Step, steps: &Steps, at: &str, names: &Names) -> Policy {
        let retry = step.retry.as_ref().map(super::step::RetrySpec::retry).unwrap_or_default();
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
            Some(OnError::GoTo { go_to }) => match steps.get_full(go_to) {
                Some((index, _, target)) => {
                    let place = join(at, "on_error.go_to");
                    if target == step {
                        self.report(Problem::new(place, "a step cannot be its own handler"));
                    } else if handler(target).is_some() {
                        self.report(Problem::new(place, "a handler has no handler of its own"));
                    }
                    OnFailure::GoTo(index)
                }
                None => {
                    let known: Vec<&str> = steps.keys().map(String::as_str).collect();
                    let problem = Problem::new(
                        join(at, "on_error.go_to"),
                        format!("there is no step \"{go_to}\" beside this one"),
                    );
                    self.report(problem.hint(suggestion(go_to, &known)));
                    OnFailure::Fail
                }
            },
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

/// The kinds that a step has.
fn given(step: &Step) -> Vec<&'static str> {
    let there = [
        step.tool.is_some(),
        step.prompt.is_some(),
        step.agent.is_some(),
        step.workflow.is_some(),
        step.map.is_some(),
        step.repeat.is_some(),
        step.switch.is_some(),
        step.set.is_some(),
        step.assert.is_some(),
        step.approve.is_some(),
    ];
    KINDS.into_iter().zip(there).filter(|(_, there)| *there).map(|(kind, _)| kind).collect()
}
