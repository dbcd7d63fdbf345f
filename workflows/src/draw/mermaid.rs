//! The picture as text for Mermaid.

use std::fmt::Write;

use crate::draw::{Drawing, Edge, EdgeKind, Group, Node, NodeKind};

/// A flowchart from top to bottom.
pub(crate) fn draw(drawing: &Drawing) -> String {
    let mut chart = Chart { text: "flowchart TD\n".into(), count: 0 };
    let names = chart.nodes(&drawing.body, 1);
    chart.edges(&drawing.body.edges, &names, 1);
    chart.text
}

struct Chart {
    text: String,
    /// How many names were given.
    count: usize,
}

impl Chart {
    /// A name that Mermaid has no meaning for (`end`, `class`), and that no other box has.
    fn name(&mut self, about: &str) -> String {
        self.count += 1;
        let plain = about.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '_');
        format!("n{}_{}", self.count, plain.collect::<String>())
    }

    fn line(&mut self, depth: usize, line: &str) {
        // Writing to a text does not fail.
        let _ = writeln!(self.text, "{}{line}", "    ".repeat(depth));
    }

    fn nodes(&mut self, group: &Group, depth: usize) -> Vec<String> {
        group.nodes.iter().map(|node| self.node(node, depth)).collect()
    }

    fn node(&mut self, node: &Node, depth: usize) -> String {
        let name = self.name(&node.title);
        let label = label(node);
        if node.groups.is_empty() {
            let (open, close) = shape(node.kind);
            self.line(depth, &format!("{name}{open}\"{label}\"{close}"));
            return name;
        }
        self.line(depth, &format!("subgraph {name} [\"{label}\"]"));
        for group in &node.groups {
            if group.label.is_empty() {
                self.group(group, depth + 1);
            } else {
                let case = self.name(&group.label);
                self.line(depth + 1, &format!("subgraph {case} [\"{}\"]", escaped(&group.label)));
                self.group(group, depth + 2);
                self.line(depth + 1, "end");
            }
        }
        self.line(depth, "end");
        name
    }

    fn group(&mut self, group: &Group, depth: usize) {
        let names = self.nodes(group, depth);
        self.edges(&group.edges, &names, depth);
    }

    fn edges(&mut self, edges: &[Edge], names: &[String], depth: usize) {
        for edge in edges {
            let arrow = match edge.kind {
                EdgeKind::Data => "-->",
                EdgeKind::After => "-.->|after|",
                EdgeKind::Failure => "-.->|on error|",
            };
            self.line(depth, &format!("{} {arrow} {}", names[edge.from], names[edge.to]));
        }
    }
}

/// What encloses the label of a box: ends are round, questions are pointed.
fn shape(kind: NodeKind) -> (&'static str, &'static str) {
    match kind {
        NodeKind::End => ("([", "])"),
        NodeKind::Step("assert" | "approve") => ("{{", "}}"),
        NodeKind::Step("workflow") => ("[[", "]]"),
        NodeKind::Step(_) => ("[", "]"),
    }
}

fn label(node: &Node) -> String {
    let lines = node.lines.iter().map(|line| format!("<br/>{}", escaped(line)));
    format!("<b>{}</b>{}", escaped(&node.title), lines.collect::<String>())
}

/// A text that Mermaid takes as it stands: what has a meaning in it or in HTML stands as an entity.
fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '"' => safe.push_str("#quot;"),
            '<' => safe.push_str("#lt;"),
            '>' => safe.push_str("#gt;"),
            '&' => safe.push_str("#amp;"),
            '#' | '`' | '|' | ';' | '\\' => {
                let _ = write!(safe, "#{};", u32::from(c));
            }
            c if c.is_control() => safe.push(' '),
            c => safe.push(c),
        }
    }
    safe
}
