//! Bodies of steps: those of a map, a while and a switch, and what the steps around them see of them.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::{
    check::{
        compile::{Compiler, NAME_HINT, is_name},
        names::Names,
        plan::{BodyPlan, KindPlan, MapPlan, WhilePlan},
        types,
    },
    language::{
        model::Steps,
        problem::Problem,
        step::{Body, ItemError, Step},
        template::{ROOTS, Template},
        yaml::join,
    },
};

/// How deep steps may be nested, those of other workflows too; each takes stack when it runs.
const DEEPEST: usize = 16;

/// The most items of a map that says nothing about it.
const MOST_ITEMS: usize = 100_000;

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

pub(crate) fn bodies(step: &Step) -> Vec<&Steps> {
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

impl Compiler<'_> {
    pub(crate) fn map(&mut self, step: &Step, at: &str, names: &Names) -> (KindPlan, Value) {
        let Some(spec) = &step.map else { return (KindPlan::Set(Template::Literal(Value::Null)), types::any()) };
        let at = join(at, "map");
        let path = join(&at, "for_each");
        let for_each = self.template(&spec.for_each, &path);
        let list = self.type_of(&for_each, &path, names);
        if spec.for_each.is_null() {
            self.report(Problem::new(&at, "a map needs a list").hint("for_each: \"{{ steps.found.objects }}\""));
        } else if let Some(why) = types::clash(&list, &json!({ "type": "array" })) {
            self.report(Problem::new(&path, why).hint("a range of numbers is {{ range 5 }}"));
        }
        let item = list.get("items").cloned().unwrap_or_else(types::any);
        let name = spec.name.clone().unwrap_or_else(|| "item".into());
        let as_path = join(&at, "as");
        if ROOTS.contains(&name.as_str()) || name == "index" {
            let message = format!("\"{name}\" has a meaning of its own; choose another name");
            self.report(Problem::new(&as_path, message));
        } else if !is_name(&name) || name.contains('-') {
            self.report(Problem::new(&as_path, format!("\"{name}\" is no name of an item")).hint(NAME_HINT));
        } else if spec.name.is_some() && names.has_local(&name) {
            let message = format!("\"{name}\" has a meaning in a step around this one; choose another name");
            self.report(Problem::new(&as_path, message));
        }
        let inner = names.with_local(&name, item).with_local("index", json!({ "type": "integer" }));
        let (body, gives) = self.inner(&spec.steps, spec.output.as_ref(), &at, &inner);
        if spec.parallel == Some(0) {
            self.report(Problem::new(join(&at, "parallel"), "at least one item at a time"));
        }
        let gives = match spec.on_item_error.unwrap_or_default() {
            ItemError::Null => types::either(vec![gives, json!({ "type": "null" })]),
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

    pub(crate) fn repeat(&mut self, step: &Step, at: &str, names: &Names) -> (KindPlan, Value) {
        let Some(spec) = &step.repeat else { return (KindPlan::Set(Template::Literal(Value::Null)), types::any()) };
        let at = join(at, "while");
        let start_path = join(&at, "start");
        let start = self.template(&spec.start, &start_path);
        let start_schema = self.type_of(&start, &start_path, names);
        // What a round gives is not known before its steps are looked at.
        let inner = names.with_local("round", json!({ "type": "integer" })).with_local("last", types::any());
        let condition = if spec.condition.is_null() {
            let problem = Problem::new(&at, "a while needs a condition");
            self.report(problem.hint("condition: \"{{ lt (len last) 3 }}\""));
            Template::Literal(Value::Null)
        } else {
            self.condition(&spec.condition, &join(&at, "condition"), &inner)
        };
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

    pub(crate) fn switch(&mut self, step: &Step, at: &str, names: &Names) -> (KindPlan, Value) {
        let Some(spec) = &step.switch else { return (KindPlan::Set(Template::Literal(Value::Null)), types::any()) };
        let at = join(at, "switch");
        let path = join(&at, "value");
        let value = self.template(&spec.value, &path);
        let schema = self.type_of(&value, &path, names);
        if spec.value.is_null() {
            self.report(Problem::new(&at, "a switch needs a value").hint("value: \"{{ inputs.kind }}\""));
        } else if let Template::Literal(_) = &value {
            self.report(Problem::warning(&path, "the value is always the same: one case is ever chosen"));
        }
        if spec.cases.is_empty() {
            self.report(Problem::new(&at, "a switch needs cases").hint("cases: { cup: { steps: ... } }"));
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
        if self.depth == DEEPEST {
            let problem = Problem::new(&steps_path, format!("steps stand more than {DEEPEST} deep in one another"));
            self.report(problem);
            return (BodyPlan { steps: Vec::new(), order: Vec::new(), output: None }, types::any());
        }
        self.depth += 1;
        let (body, gives) = self.body(steps, output, &steps_path, &output_path, names);
        self.depth -= 1;
        let gives = Arc::new(gives);
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
                let path = crate::language::template::Expr::Path(vec!["steps".into(), last.clone()]);
                vec![("output".into(), Template::One(path))]
            }
            (None, None) => Vec::new(),
        };
        self.unused(&body, &named, &steps_path);
        (body, schema)
    }
}
