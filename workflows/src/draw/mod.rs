//! A workflow as a picture: what is done, in which order, inside of what.

mod layout;
mod mermaid;
mod svg;

use std::collections::BTreeSet;

use serde_json::Value;

use crate::{
    check::{bodies::references, kinds::given, plan::BodyPlan, policy::handler, workflow::Workflow},
    language::{
        helpers::shown,
        model::{Definition, Steps},
        shape,
        step::{AgentSpec, ApproveSpec, AssertSpec, OnError, OnErrorWord, PromptSpec, Step},
    },
};

/// The longest line of a node in characters.
const LONGEST: usize = 44;

impl Workflow {
    /// The workflow as a Mermaid flowchart: bodies of steps as subgraphs, dotted arrows where the order is by `after` or a step is
    /// called when another fails.
    pub fn mermaid(&self) -> String {
        mermaid::draw(&self.drawing())
    }

    /// The workflow as an SVG picture, light or dark as the reader's screen is.
    pub fn svg(&self) -> String {
        svg::draw(&self.drawing())
    }

    fn drawing(&self) -> Drawing {
        let mut drawing = Drawing::of(self.definition());
        drawing.body.complete(&self.plan.body);
        drawing
    }
}

/// A workflow as boxes and arrows.
pub(crate) struct Drawing {
    pub(crate) title: String,
    pub(crate) description: String,
    pub(crate) body: Group,
}

/// Boxes that stand together: a workflow, or the body of a step.
#[derive(Default)]
pub(crate) struct Group {
    /// What it is, where a step has several: the value of a case.
    pub(crate) label: String,
    pub(crate) nodes: Vec<Node>,
    pub(crate) edges: Vec<Edge>,
}

impl Group {
    /// Adds the arrows that the definition alone does not tell: what prompts in files of their own refer to.
    fn complete(&mut self, plan: &BodyPlan) {
        for (to, step) in plan.steps.iter().enumerate() {
            for from in step.needs.iter().copied() {
                let joins = |edge: &Edge| (edge.from, edge.to) == (from, to) || (edge.from, edge.to) == (to, from);
                if !self.edges.iter().any(joins) {
                    self.edges.push(Edge { from, to, kind: EdgeKind::Data });
                }
            }
            if let Some(node) = self.nodes.get_mut(to) {
                node.groups.iter_mut().zip(step.kind.bodies()).for_each(|(group, (_, body))| group.complete(body));
            }
        }
    }
}

/// A box.
pub(crate) struct Node {
    pub(crate) kind: NodeKind,
    /// The id of a step.
    pub(crate) title: String,
    /// The lines under it: what it does, how it is run.
    pub(crate) lines: Vec<String>,
    /// The bodies in it.
    pub(crate) groups: Vec<Group>,
}

/// What a box stands for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum NodeKind {
    /// The inputs or outputs of the workflow.
    End,
    /// A step of this kind.
    Step(&'static str),
}

/// An arrow between two boxes of a group, by index.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Edge {
    pub(crate) from: usize,
    pub(crate) to: usize,
    pub(crate) kind: EdgeKind,
}

/// Why one comes after the other.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum EdgeKind {
    /// It uses its result.
    Data,
    /// `after` says so.
    After,
    /// It is called when the other fails.
    Failure,
}

impl Drawing {
    pub(crate) fn of(definition: &Definition) -> Self {
        let mut body = group(&definition.steps, String::new());
        let steps = body.nodes.len();
        let end = |title: &str, names: Vec<String>| Node {
            kind: NodeKind::End,
            title: title.into(),
            lines: names,
            groups: Vec::new(),
        };
        if !definition.inputs.is_empty() {
            let of = |(name, spec): (&String, &crate::language::model::InputSpec)| {
                format!("{name}: {}", spec.input().kind.name())
            };
            body.nodes.push(end("inputs", definition.inputs.iter().map(of).collect()));
            let inputs = body.nodes.len() - 1;
            for (to, step) in definition.steps.values().enumerate() {
                // Arrows from the inputs to every step that uses one would hide the others.
                let first = !body.edges.iter().any(|edge| edge.to == to);
                if first && references(step, "").iter().any(|(path, _)| path[0] == "inputs") {
                    body.edges.push(Edge { from: inputs, to, kind: EdgeKind::Data });
                }
            }
        }
        let names: Vec<String> = if definition.outputs.is_empty() {
            vec!["result".into()]
        } else {
            definition.outputs.keys().cloned().collect()
        };
        body.nodes.push(end("outputs", names));
        let outputs = body.nodes.len() - 1;
        let value = Value::Object(definition.outputs.clone().into_iter().collect());
        let mut used = named(&Step { set: Some(value), ..Step::default() }, &definition.steps);
        if definition.outputs.is_empty() {
            used.extend(steps.checked_sub(1));
        }
        body.edges.extend(used.into_iter().map(|from| Edge { from, to: outputs, kind: EdgeKind::Data }));
        Self { title: definition.name.clone(), description: definition.description.clone(), body }
    }
}

/// The steps of a body.
fn group(steps: &Steps, label: String) -> Group {
    let mut group = Group { label, ..Group::default() };
    for (to, (id, step)) in steps.iter().enumerate() {
        group.nodes.push(node(id, step));
        let used = named(step, steps);
        group.edges.extend(used.iter().map(|from| Edge { from: *from, to, kind: EdgeKind::Data }));
        let after = step.after.iter().filter_map(|name| steps.get_index_of(name));
        let after = after.filter(|from| !used.contains(from));
        group.edges.extend(after.map(|from| Edge { from, to, kind: EdgeKind::After }));
        if let Some(called) = handler(step).and_then(|name| steps.get_index_of(name)) {
            group.edges.push(Edge { from: to, to: called, kind: EdgeKind::Failure });
        }
    }
    group
}

/// The steps of the same body whose results a step names, by index.
fn named(step: &Step, steps: &Steps) -> BTreeSet<usize> {
    let references = references(step, "");
    let names = references.iter().filter_map(|(path, _)| match path.as_slice() {
        [root, name, ..] if root == "steps" || root == "errors" => steps.get_index_of(name),
        _ => None,
    });
    names.collect()
}

fn node(id: &str, step: &Step) -> Node {
    let kind = given(step).first().copied().unwrap_or("set");
    let mut lines = vec![what(kind, step)];
    if let Some(when) = &step.when {
        lines.push(format!("when {}", expression(when)));
    }
    lines.extend(policy(step));
    let mut groups = Vec::new();
    if let Some(map) = &step.map {
        groups.push(group(&map.steps, String::new()));
    }
    if let Some(repeat) = &step.repeat {
        groups.push(group(&repeat.steps, String::new()));
    }
    if let Some(switch) = &step.switch {
        let cases = switch.cases.iter().map(|(value, body)| (value.as_str(), body));
        for (value, body) in cases.chain(switch.default.iter().map(|body| ("otherwise", body))) {
            let mut inner = group(&body.steps, value.to_owned());
            if let (true, Some(output)) = (inner.nodes.is_empty(), &body.output) {
                let lines = vec![cut(&expression(output))];
                inner.nodes.push(Node { kind: NodeKind::End, title: "gives".into(), lines, groups: Vec::new() });
            }
            groups.push(inner);
        }
    }
    let lines = lines.iter().map(|line| cut(line)).collect();
    Node { kind: NodeKind::Step(kind), title: id.to_owned(), lines, groups }
}

/// What a step does, in a line.
fn what(kind: &str, step: &Step) -> String {
    let about = match kind {
        "tool" => step.tool.clone(),
        "workflow" => step.workflow.clone(),
        "prompt" => step.prompt.as_ref().map(|prompt| match prompt {
            PromptSpec::Text(text) => text.clone(),
            PromptSpec::Full(prompt) => prompt.text.clone().or(prompt.file.clone()).unwrap_or_default(),
        }),
        "agent" => step.agent.as_ref().map(|agent| match agent {
            AgentSpec::Text(task) => task.clone(),
            AgentSpec::Full(task) => task.task.clone(),
        }),
        "map" => step.map.as_ref().map(|map| {
            let name = map.name.as_deref().unwrap_or("item");
            format!("each {name} of {}", expression(&map.for_each))
        }),
        "while" => step.repeat.as_ref().map(|repeat| expression(&repeat.condition)),
        "switch" => step.switch.as_ref().map(|switch| expression(&switch.value)),
        "set" => step.set.as_ref().map(expression),
        "assert" => step.assert.as_ref().map(|assert| match assert {
            AssertSpec::That(that) | AssertSpec::Full { that, .. } => expression(&Value::from(that.as_str())),
        }),
        "approve" => step.approve.as_ref().map(|approve| match approve {
            ApproveSpec::Question(question) | ApproveSpec::Full { question, .. } => question.clone(),
        }),
        _ => None,
    };
    // A map says itself that it is one.
    match (kind, about) {
        ("map", Some(about)) => about,
        (kind, Some(about)) => format!("{kind} {about}"),
        (kind, None) => kind.to_owned(),
    }
}

/// How a step is run, in as many lines as it takes.
fn policy(step: &Step) -> Vec<String> {
    let mut said = Vec::new();
    if let Some(retry) = &step.retry {
        said.push(format!("retry {}", retry.retry().max));
    }
    if let Some(limit) = &step.timeout {
        said.push(format!("timeout {:?}", limit.0));
    }
    match &step.on_error {
        Some(OnError::Word(OnErrorWord::Continue)) => said.push("on error go on".into()),
        Some(OnError::Default { default }) => said.push(format!("on error {}", shape::short(default))),
        _ => {}
    }
    if step.cache {
        said.push("cached".into());
    }
    said.extend(step.device.iter().map(|device| format!("on {device}")));
    said.extend(step.model.iter().map(|model| format!("with {model}")));
    let mut lines: Vec<String> = Vec::new();
    for one in said {
        match lines.last_mut() {
            Some(line) if line.chars().count() + one.chars().count() + 3 <= LONGEST => {
                line.push_str(" · ");
                line.push_str(&one);
            }
            _ => lines.push(one),
        }
    }
    lines
}

/// A value without the braces of its template.
fn expression(value: &Value) -> String {
    let text = if value.is_null() { "null".to_owned() } else { shown(value) };
    let inner = text.trim().strip_prefix("{{").and_then(|text| text.strip_suffix("}}"));
    match inner {
        Some(inner) if !inner.contains("{{") => inner.trim().to_owned(),
        _ => text,
    }
}

fn cut(text: &str) -> String {
    cut_to(text, LONGEST)
}

/// A text in one line that is not too long.
fn cut_to(text: &str, longest: usize) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.chars().count() <= longest {
        return line;
    }
    let short: String = line.chars().take(longest - 1).collect();
    format!("{}…", short.trim_end())
}
