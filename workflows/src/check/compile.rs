//! From a definition to a plan, with all problems found on the way.

use std::{sync::Arc, time::Duration};

use argus_tools::tool::Toolbox;
use indexmap::IndexMap;
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use crate::{
    check::{
        bodies::{hidden, references},
        names::{Names, suggestion},
        order::order,
        plan::{BodyPlan, Plan, StepPlan},
        policy::{failure_schema, handler, with_failures},
        types,
    },
    language::{
        model::{Definition, Input, InputType, Steps},
        problem::Problem,
        source::{Folder, Library},
        template::{ROOTS, Template},
        yaml::join,
    },
};

/// How deep workflows may use one another.
const DEEPEST: usize = 8;

/// What a workflow is checked against.
pub(crate) struct Compiler<'a> {
    pub(crate) toolbox: &'a Toolbox,
    /// The folder that files are named from.
    pub(crate) folder: Folder,
    /// The workflows that are being compiled, outermost first.
    pub(crate) within: Vec<String>,
    /// How many steps and workflows stand around what is being compiled.
    pub(crate) depth: usize,
    pub(crate) problems: Vec<Problem>,
    /// The digests of the workflows used.
    pub(crate) used: Vec<String>,
}

impl Compiler<'_> {
    /// The plan of a definition. Problems are left in the compiler; with errors among them the plan must not run.
    pub(crate) fn plan(&mut self, definition: &Definition) -> Plan {
        if self.within.len() > DEEPEST {
            self.report(Problem::new("", format!("workflows use one another more than {DEEPEST} deep")));
        }
        let inputs: IndexMap<String, Input> =
            definition.inputs.iter().map(|(name, spec)| (name.clone(), spec.input())).collect();
        for (name, input) in &inputs {
            self.input(name, input);
        }
        let names = Names::of_inputs(&inputs);
        let (mut body, steps) = self.body(&definition.steps, None, "steps", "", &names);
        let inner = names.with_steps(Arc::new(steps)).hiding(&hidden(&definition.steps));
        let mut gives = Map::new();
        let mut outputs = Vec::new();
        for (name, value) in &definition.outputs {
            let path = join("outputs", name);
            let template = self.template(value, &path);
            gives.insert(name.clone(), self.type_of(&template, &path, &inner));
            outputs.push((name.clone(), template));
        }
        if let (true, Some(last)) = (outputs.is_empty(), definition.steps.keys().last()) {
            let path = format!("{{{{ steps.{last} }}}}");
            let template = self.template(&path.into(), "outputs");
            gives.insert("result".into(), self.type_of(&template, "outputs", &inner));
            outputs.push(("result".into(), template));
        }
        self.unused(&body, &outputs, "steps");
        body.output = Some(Template::Map(outputs));
        let mut hash = Sha256::new();
        hash.update(serde_json::to_vec(definition).unwrap_or_default());
        self.used.iter().for_each(|digest| hash.update(digest));
        Plan {
            name: definition.name.clone(),
            description: definition.description.clone(),
            digest: crate::language::digest::hex(&hash.finalize()),
            inputs,
            body,
            gives: json!({ "type": "object", "properties": gives, "additionalProperties": false }),
        }
    }

    pub(crate) fn report(&mut self, problem: Problem) {
        if !self.problems.contains(&problem) {
            self.problems.push(problem);
        }
    }

    fn input(&mut self, name: &str, input: &Input) {
        let path = join("inputs", name);
        if !is_name(name) {
            self.report(Problem::new(&path, format!("\"{name}\" is no name of an input")).hint(NAME_HINT));
        }
        if (input.kind == InputType::Enum) == input.values.is_empty() {
            let message = if input.kind == InputType::Enum {
                "an enum needs its values".to_owned()
            } else {
                format!("values are for an enum, not for a {}", input.kind.name())
            };
            self.report(Problem::new(&path, message).hint("values: [first, second]"));
        }
        let takes = |kinds: &[InputType]| kinds.contains(&input.kind);
        let bounded = [InputType::Number, InputType::Text, InputType::Images];
        let of = |what: &str, whose: &str| format!("{what} for {whose}, not for {} input", article(input.kind.name()));
        for (there, right, field, message) in [
            (input.min.is_some(), takes(&bounded), "min", of("min is", "numbers, texts and images")),
            (input.max.is_some(), takes(&bounded), "max", of("max is", "numbers, texts and images")),
            (input.integer, takes(&[InputType::Number]), "integer", of("integer is", "numbers")),
            (input.schema.is_some(), takes(&[InputType::Json]), "schema", of("a schema is", "json")),
        ] {
            if there && !right {
                self.report(Problem::new(join(&path, field), message));
            }
        }
        if input.min.zip(input.max).is_some_and(|(min, max)| min > max) {
            self.report(Problem::new(&path, "min is more than max"));
        }
        if let Some(schema) = &input.schema
            && let Err(why) = crate::language::shape::validator(schema)
        {
            self.report(Problem::new(join(&path, "schema"), format!("this is no JSON Schema: {why}")));
        }
        if let Some(default) = &input.default
            && !(default.is_null() || matches!(input.kind, InputType::Image | InputType::Images | InputType::File))
            && let Err(why) = crate::language::input_value::plain(name, input, default)
        {
            self.report(Problem::new(join(&path, "default"), why));
        }
    }

    /// The steps of a body in the scope of `outer`, and what they give. `path` is where the steps stand, `output_path` where
    /// the body's output does.
    pub(crate) fn body(
        &mut self,
        steps: &Steps,
        output: Option<&Value>,
        path: &str,
        output_path: &str,
        outer: &Names,
    ) -> (BodyPlan, IndexMap<String, Value>) {
        if steps.is_empty() && output.is_none() {
            self.report(Problem::new(path, "there are no steps"));
        }
        let handlers: Vec<&str> = steps.values().filter_map(handler).collect();
        for id in steps.keys() {
            let at = join(path, id);
            if !is_name(id) || id.contains('-') {
                self.report(Problem::new(&at, format!("\"{id}\" is no name of a step")).hint(NAME_HINT));
            }
            if outer.has_step(id) {
                let hint = "give the inner step another name";
                self.report(Problem::new(&at, format!("a step around it is called \"{id}\" too")).hint(hint));
            }
        }
        let needs: Vec<Vec<usize>> = steps.keys().map(|id| self.needs(id, steps, path)).collect();
        let order = match order(&needs) {
            Ok(order) => order,
            Err(cycle) => {
                let ids: Vec<&str> =
                    cycle.iter().filter_map(|at| steps.get_index(*at)).map(|(id, _)| id.as_str()).collect();
                let message = format!("the steps wait for one another: {} -> {}", ids.join(" -> "), ids[0]);
                let calls = ids.iter().find_map(|id| {
                    let called = handler(steps.get(*id)?)?;
                    ids.contains(&called).then(|| {
                        format!("{called} runs when {id} fails: what failed is in {{{{ error }}}}, not in steps.{id}")
                    })
                });
                let hint = calls.unwrap_or_else(|| "one of them must do without the other".into());
                self.report(Problem::new(join(path, ids[0]), message).hint(hint));
                (0..steps.len()).collect()
            }
        };
        let known: IndexMap<String, Value> = steps.keys().map(|id| (id.clone(), types::any())).collect();
        // Names hold it only while a step is looked at: it is never copied.
        let mut gives = Arc::new(known);
        let outer = outer.hiding(&hidden(steps));
        let mut planned: Vec<Option<StepPlan>> = steps.iter().map(|_| None).collect();
        for index in &order {
            let Some((id, step)) = steps.get_index(*index) else { continue };
            let mut names = outer.with_steps(gives.clone());
            let at = join(path, id);
            if handlers.contains(&id.as_str()) {
                names = names.with_local("error", failure_schema());
            }
            let (kind, schema) = self.kind(step, &at, &names);
            let policy = self.policy(step, steps, &at, &names);
            let when = step.when.as_ref().map(|when| self.condition(when, &join(&at, "when"), &names));
            drop(names);
            let schema = types::bounded(with_failures(schema, step, &policy, &gives));
            Arc::make_mut(&mut gives).insert(id.clone(), schema);
            planned[*index] = Some(StepPlan {
                id: id.clone(),
                kind,
                when,
                needs: needs[*index].clone(),
                policy,
                handler: handlers.contains(&id.as_str()),
            });
        }
        let output = output.map(|output| self.template(output, output_path));
        if let Some(output) = &output {
            self.type_of(output, output_path, &outer.with_steps(gives.clone()));
        }
        (BodyPlan { steps: planned.into_iter().flatten().collect(), order, output }, Arc::unwrap_or_clone(gives))
    }

    /// The steps of the same body that a step waits for.
    fn needs(&mut self, id: &str, steps: &Steps, path: &str) -> Vec<usize> {
        let at = join(path, id);
        let Some(step) = steps.get(id) else { return Vec::new() };
        let mut needs = Vec::new();
        let in_files = self.file_references(step).into_iter().map(|reference| (reference, at.clone()));
        for (reference, place) in references(step, &at).into_iter().chain(in_files) {
            match reference.as_slice() {
                [root, name, ..] if root == "steps" || root == "errors" => {
                    if name == id {
                        let message = format!("the step refers to itself: {}", reference.join("."));
                        self.report(Problem::new(place, message));
                    } else if let Some(index) = steps.get_index_of(name) {
                        needs.push(index);
                    }
                }
                _ => {}
            }
        }
        for (number, name) in step.after.iter().enumerate() {
            let place = format!("{at}.after[{number}]");
            match steps.get_index_of(name) {
                Some(index) if name != id => needs.push(index),
                Some(_) => self.report(Problem::new(place, "the step waits for itself")),
                None => {
                    let known: Vec<&str> = steps.keys().map(String::as_str).collect();
                    let problem = Problem::new(place, format!("there is no step \"{name}\" beside this one"));
                    self.report(problem.hint(suggestion(name, &known)));
                }
            }
        }
        // What the handler needs must be there when the step fails.
        needs.extend(handler(step).filter(|name| *name != id).and_then(|name| steps.get_index_of(name)));
        needs.sort_unstable();
        needs.dedup();
        needs
    }

    /// Reads a value's templates.
    pub(crate) fn template(&mut self, value: &Value, path: &str) -> Template {
        let mut problems = Vec::new();
        let template = Template::read(value, path, &mut problems);
        for problem in problems {
            self.report(Problem::new(problem.path, problem.message));
        }
        template
    }

    /// Reads a condition: a template or a value.
    pub(crate) fn condition(&mut self, value: &Value, path: &str, names: &Names) -> Template {
        let template = self.template(value, path);
        if let Template::Literal(value) = &template {
            self.report(match value {
                Value::Bool(false) => {
                    Problem::warning(path, "it never holds").hint("remove the step, or the condition")
                }
                Value::Bool(true) => Problem::warning(path, "it always holds").hint("remove the condition"),
                // A text would always hold.
                _ => Problem::new(path, "this is no condition")
                    .hint("write a template: \"{{ gt (len steps.found.objects) 0 }}\""),
            });
        }
        self.type_of(&template, path, names);
        template
    }

    /// The schema of what a template gives; what it names wrongly is a problem.
    pub(crate) fn type_of(&mut self, template: &Template, path: &str, names: &Names) -> Value {
        match template {
            // Each with its own place.
            Template::List(items) => {
                let items: Vec<Value> = items
                    .iter()
                    .enumerate()
                    .map(|(at, item)| self.type_of(item, &format!("{path}[{at}]"), names))
                    .collect();
                let items = if items.is_empty() { types::any() } else { types::either(items) };
                json!({ "type": "array", "items": items })
            }
            Template::Map(fields) => {
                let properties: Map<String, Value> = fields
                    .iter()
                    .map(|(name, field)| (name.clone(), self.type_of(field, &join(path, name), names)))
                    .collect();
                json!({ "type": "object", "properties": properties, "additionalProperties": false })
            }
            one => match types::of_template(one, &|reference: &[String]| names.lookup(reference)) {
                Ok(schema) => schema,
                Err(message) => {
                    let problem = Problem::new(path, message);
                    self.report(match names.hint(one) {
                        Some(hint) => problem.hint(hint),
                        None => problem,
                    });
                    types::any()
                }
            },
        }
    }

    /// Steps whose results go nowhere.
    pub(crate) fn unused(&mut self, body: &BodyPlan, outputs: &[(String, Template)], path: &str) {
        let named = outputs.iter().flat_map(|(_, template)| template.references());
        let mut wanted: Vec<bool> = vec![false; body.steps.len()];
        let mut stack: Vec<usize> = named
            .filter_map(|reference| match reference {
                [root, name, ..] if ROOTS.contains(&root.as_str()) => {
                    body.steps.iter().position(|step| step.id == *name)
                }
                _ => None,
            })
            .collect();
        // A check or a question has its use in itself, and so has a step that holds one.
        stack.extend(body.steps.iter().enumerate().filter(|(_, step)| acts(step)).map(|(at, _)| at));
        while let Some(at) = stack.pop() {
            if !std::mem::replace(&mut wanted[at], true) {
                let step = &body.steps[at];
                stack.extend(&step.needs);
            }
        }
        for (step, _) in body.steps.iter().zip(&wanted).filter(|(_, wanted)| !**wanted) {
            let message = "nothing uses this step: no output needs it";
            self.report(Problem::warning(join(path, &step.id), message).hint("refer to it in an output, or remove it"));
        }
    }

    /// Compiles a workflow that a step uses.
    pub(crate) fn used(&mut self, name: &str, path: &str) -> Option<Arc<Plan>> {
        if self.within.iter().any(|one| one == name) {
            let chain = self.within.join(" -> ");
            self.report(Problem::new(path, format!("the workflows use one another in a circle: {chain} -> {name}")));
            return None;
        }
        match Library::open(name, &self.folder) {
            Err(error) => {
                self.report(Problem { path: path.to_owned(), place: None, ..error });
                None
            }
            Ok(opened) => {
                let mut inner = Compiler {
                    toolbox: self.toolbox,
                    folder: opened.folder.clone(),
                    within: self.within.iter().cloned().chain([name.to_owned()]).collect(),
                    depth: self.depth + 1,
                    problems: Vec::new(),
                    used: Vec::new(),
                };
                let plan = match crate::language::source::read(&opened.text, &opened.name) {
                    Ok((definition, _)) => Some(inner.plan(&definition)),
                    Err(error) => {
                        inner.problems.extend(error.problems);
                        None
                    }
                };
                if let Some(first) = inner.problems.iter().find(|problem| problem.is_error()) {
                    let message = format!("the workflow {name} has errors; the first: {first}");
                    self.report(Problem::new(path, message).hint(format!("argus workflow check {name}")));
                    return None;
                }
                let plan = Arc::new(plan?);
                self.used.push(plan.digest.clone());
                Some(plan)
            }
        }
    }
}

/// Whether a step does something beside giving a value.
fn acts(step: &StepPlan) -> bool {
    use crate::check::plan::KindPlan;
    match &step.kind {
        KindPlan::Assert { .. } | KindPlan::Approve { .. } => true,
        KindPlan::Workflow { plan, .. } => plan.body.steps.iter().any(acts),
        kind => kind.bodies().iter().any(|(_, body)| body.steps.iter().any(acts)),
    }
}

/// `a text`, `an image`
fn article(name: &str) -> String {
    let article = if name.starts_with(['a', 'e', 'i', 'o', 'u']) { "an" } else { "a" };
    format!("{article} {name}")
}

pub(crate) const NAME_HINT: &str = "a name begins with a letter and has letters, digits and _";

pub(crate) fn is_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-'))
}

/// A time limit that is none would end every step at once.
pub(crate) fn positive(period: crate::language::model::Period) -> Option<Duration> {
    (!period.0.is_zero()).then_some(period.0)
}
