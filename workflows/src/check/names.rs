//! What a template can name at a place, and what is known of it.

use std::sync::Arc;

use argus_tools::suggest::similar_names;
use indexmap::IndexMap;
use serde_json::{Map, Value, json};

use crate::{
    check::types,
    language::{
        helpers::helper,
        model::Input,
        template::{ROOTS, Template},
    },
};

/// The names at one place of a workflow. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Names {
    inputs: Arc<IndexMap<String, Value>>,
    /// Steps that are to be seen: those around, outermost first, then those beside.
    steps: Vec<Arc<IndexMap<String, Value>>>,
    locals: Vec<(String, Value)>,
    /// Steps inside of others, with the step that holds them.
    hidden: Arc<Vec<(String, String)>>,
}

impl Names {
    pub(crate) fn of_inputs(inputs: &IndexMap<String, Input>) -> Self {
        let inputs = inputs.iter().map(|(name, input)| {
            let schema = types::of_input(input);
            let optional = input.default == Some(Value::Null);
            let null = json!({ "type": "null" });
            (name.clone(), if optional { types::either(vec![schema, null]) } else { schema })
        });
        Self { inputs: Arc::new(inputs.collect()), steps: Vec::new(), locals: Vec::new(), hidden: Arc::default() }
    }

    /// The same with more steps.
    pub(crate) fn with_steps(&self, steps: Arc<IndexMap<String, Value>>) -> Self {
        let mut names = self.clone();
        names.steps.push(steps);
        names
    }

    /// The same with a local name.
    pub(crate) fn with_local(&self, name: &str, schema: Value) -> Self {
        let mut names = self.clone();
        names.locals.retain(|(known, _)| known != name);
        names.locals.push((name.to_owned(), schema));
        names
    }

    /// The same, with the steps that are inside of others.
    pub(crate) fn hiding(&self, hidden: &[(String, String)]) -> Self {
        let mut all = (*self.hidden).clone();
        all.extend_from_slice(hidden);
        Self { hidden: Arc::new(all), ..self.clone() }
    }

    /// Whether a name means something in a body: the item of a map, a round.
    pub(crate) fn has_local(&self, name: &str) -> bool {
        self.locals.iter().any(|(known, _)| known == name)
    }

    pub(crate) fn has_step(&self, id: &str) -> bool {
        self.step(id).is_some()
    }

    /// The schema of what a step gives.
    fn step(&self, id: &str) -> Option<&Value> {
        self.steps.iter().rev().find_map(|steps| steps.get(id))
    }

    /// The schema of a path's beginning, and how many parts it takes.
    pub(crate) fn lookup(&self, path: &[String]) -> Result<(Value, usize), String> {
        let Some(root) = path.first() else { return Err("a template names something".into()) };
        if let Some((_, schema)) = self.locals.iter().find(|(name, _)| name == root) {
            return Ok((schema.clone(), 1));
        }
        let name = path.get(1);
        match (root.as_str(), name) {
            ("inputs", Some(name)) => {
                let found = self.inputs.get(name).cloned();
                found.map(|schema| (schema, 2)).ok_or_else(|| format!("there is no input \"{name}\""))
            }
            ("steps", Some(name)) => {
                let found = self.step(name).cloned();
                found.map(|schema| (schema, 2)).ok_or_else(|| match self.holder(name) {
                    Some(holder) => {
                        format!("\"{name}\" is a step inside of \"{holder}\", not to be seen from here")
                    }
                    None => format!("there is no step \"{name}\""),
                })
            }
            ("errors", Some(name)) if self.has_step(name) => {
                Ok((types::either(vec![crate::check::policy::failure_schema(), json!({ "type": "null" })]), 2))
            }
            ("errors", Some(name)) => Err(format!("there is no step \"{name}\"")),
            ("run", Some(_)) => Ok((json!({ "type": "object", "properties": { "id": { "type": "string" } } }), 1)),
            ("inputs", None) => Ok((object(self.inputs.iter()), 1)),
            ("steps", None) => Ok((object(self.steps.iter().flat_map(|steps| steps.iter())), 1)),
            ("errors" | "run", None) => Err(format!("{root} is not a value: name something in it")),
            (other, _) => Err(format!("there is no \"{other}\"")),
        }
    }

    fn holder(&self, name: &str) -> Option<&str> {
        self.hidden.iter().find(|(inner, _)| inner == name).map(|(_, holder)| holder.as_str())
    }

    /// What would be right instead of the first path of a template that leads nowhere.
    pub(crate) fn hint(&self, template: &Template) -> Option<String> {
        let wrong = template.references().into_iter().find(|reference| self.lookup(reference).is_err())?;
        let [root, rest @ ..] = wrong else { return None };
        let inputs: Vec<&str> = self.inputs.keys().map(String::as_str).collect();
        let steps: Vec<&str> = self.steps.iter().flat_map(|steps| steps.keys()).map(String::as_str).collect();
        match (root.as_str(), rest.first()) {
            ("inputs", Some(name)) => Some(suggestion(name, &inputs)),
            ("steps" | "errors", Some(name)) => Some(match self.holder(name) {
                Some(holder) => format!("use what it gives: steps.{holder}"),
                None => suggestion(name, &steps),
            }),
            (other, _) => {
                let locals = self.locals.iter().map(|(name, _)| name.as_str());
                let roots: Vec<&str> = ROOTS.into_iter().chain(locals).collect();
                Some(if let Some(known) = helper(other) {
                    format!("{other} is a helper: it {}", known.takes())
                } else if steps.contains(&other) {
                    format!("did you mean steps.{other}?")
                } else if inputs.contains(&other) {
                    format!("did you mean inputs.{other}?")
                } else {
                    format!("a template names {}", roots.join(", "))
                })
            }
        }
    }
}

fn object<'a>(fields: impl Iterator<Item = (&'a String, &'a Value)>) -> Value {
    let fields: Map<String, Value> = fields.map(|(name, schema)| (name.clone(), schema.clone())).collect();
    json!({ "type": "object", "properties": fields })
}

/// `did you mean x?`, or what there is.
pub(crate) fn suggestion(name: &str, known: &[&str]) -> String {
    // Of names of one or two letters every other one is near.
    let near = if name.chars().count() < 3 { Vec::new() } else { similar_names(name, known.iter().copied()) };
    match near.as_slice() {
        [] if known.is_empty() => "there are none".into(),
        [] => format!("there are: {}", known.join(", ")),
        near => format!("did you mean {}?", near.join(" or ")),
    }
}
