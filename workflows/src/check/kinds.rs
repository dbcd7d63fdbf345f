//! The ten kinds of steps: read, checked against tools and types, made ready to run.

use std::io::ErrorKind;

use argus_tools::onnx::Device;
use serde_json::{Value, json};

use crate::{
    check::{
        bodies::bodies,
        compile::{Compiler, positive},
        names::{Names, suggestion},
        plan::{AgentPlan, KindPlan, PromptPlan},
        types,
    },
    language::{
        problem::Problem,
        shape,
        source::{Folder, shipped_file},
        step::{AgentSpec, ApproveSpec, AssertSpec, Count, PromptSpec, Step},
        template::{Template, holds_template},
        yaml::join,
    },
};

/// The kinds as they are written.
pub(crate) const KINDS: [&str; 10] =
    ["tool", "prompt", "agent", "workflow", "map", "while", "switch", "set", "assert", "approve"];

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
        let Ok(spec) = self.toolbox.spec(tool).cloned() else {
            let known: Vec<String> = self.toolbox.specs().map(|spec| spec.name.to_string()).collect();
            let known: Vec<&str> = known.iter().map(String::as_str).collect();
            let problem = Problem::new(join(at, "tool"), format!("there is no tool \"{tool}\""));
            self.report(problem.hint(suggestion(tool, &known)));
            self.type_of(&template, &with_path, names);
            return (KindPlan::Tool { tool: tool.to_owned(), with: template }, types::any());
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
            (Some(text), None) => Some(text.clone()),
            (None, Some(file)) => self.prompt_file(file, &join(at, "file")),
            (Some(_), Some(_)) => {
                self.report(Problem::new(at, "a prompt has a text or a file, not both"));
                None
            }
            (None, None) => {
                self.report(Problem::new(at, "a prompt needs a text or a file"));
                None
            }
        };
        let text_path = if prompt.file.is_some() { join(at, "file") } else { text_path };
        let empty = text.as_ref().is_some_and(|text| text.trim().is_empty());
        if empty {
            self.report(Problem::new(&text_path, "the prompt is empty"));
        }
        let text = text.unwrap_or_default();
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

    fn prompt_file(&mut self, file: &str, at: &str) -> Option<String> {
        match self.prompt_text(file) {
            Ok(text) => {
                self.used.push(crate::language::digest::of_value(&text.as_str().into()));
                Some(text)
            }
            Err(problem) => {
                self.report(Problem { path: at.to_owned(), ..problem });
                None
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
        let shown = path.display();
        std::fs::read_to_string(&path).map_err(|error| match error.kind() {
            ErrorKind::NotFound => Problem::new("", format!("there is no file {shown}"))
                .hint("the path begins at the folder of the workflow"),
            ErrorKind::InvalidData => Problem::new("", format!("{shown} is no UTF-8 text")),
            _ => Problem::new("", format!("{shown} cannot be read: {error}")),
        })
    }

    /// All paths that the prompt files of a step name, those of steps inside of it too.
    pub(crate) fn file_references(&self, step: &Step) -> Vec<Vec<String>> {
        let file = step.prompt.as_ref().and_then(|prompt| prompt.prompt().file);
        let text = file.and_then(|file| self.prompt_text(&file).ok());
        let template = text.map(|text| Template::read(&text.into(), "", &mut Vec::new()));
        let own: Vec<Vec<String>> =
            template.iter().flat_map(|template| template.references().into_iter().map(<[String]>::to_vec)).collect();
        let inner = bodies(step).into_iter().flat_map(indexmap::IndexMap::values);
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
}

/// The kinds that a step has.
pub(crate) fn given(step: &Step) -> Vec<&'static str> {
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
