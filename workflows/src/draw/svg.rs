//! The picture as SVG.

use std::fmt::Write;

use crate::draw::{
    Drawing, EdgeKind, Group, Node, NodeKind,
    layout::{Placed, dotted, place},
};

/// Space inside of boxes.
const INSIDE: f64 = 12.0;
/// Space around bodies in a box.
const AROUND: f64 = 16.0;
/// Space around the whole.
const MARGIN: f64 = 24.0;
/// The height of a title's line and of the others.
const TITLE: f64 = 18.0;
const LINE: f64 = 16.0;

const STYLE: &str = "
.page{fill:#ffffff}.box{fill:#ffffff;stroke:#c3c9d4}.body{fill:#f5f7fa;stroke:#c3c9d4}.case{fill:#fbfcfd;stroke:#d8dde5}
.end{fill:#eef1f6;stroke:#c3c9d4}text{font-family:system-ui,-apple-system,'Segoe UI',Roboto,'DejaVu Sans',sans-serif;font-size:12px;fill:#475066}
.title{font-size:13px;font-weight:600;fill:#1a2130}.name{font-size:16px;font-weight:600;fill:#1a2130}
.arrow{fill:none;stroke:#7b8598;stroke-width:1.4}.dotted{stroke-dasharray:4 4}.failure{stroke:#c4443c}.tip{fill:#7b8598}.failed{fill:#c4443c}
.note{font-size:11px;fill:#5a647a;stroke:#ffffff;stroke-width:4px;paint-order:stroke;stroke-linejoin:round}
.tool{fill:#2f6fde}.llm{fill:#8a4fd3}.flow{fill:#128a7d}.value{fill:#8690a3}.check{fill:#c98a12}
@media (prefers-color-scheme:dark){.page{fill:#14171d}.box{fill:#1e232c;stroke:#3c4555}.body{fill:#191d25;stroke:#3c4555}
.case{fill:#1c212a;stroke:#343c4a}.end{fill:#262d39;stroke:#3c4555}text{fill:#a9b3c5}.title,.name{fill:#e8ecf3}.note{fill:#a9b3c5;stroke:#14171d}
.arrow{stroke:#76829a}.tip{fill:#76829a}.failure{stroke:#e0716a}.failed{fill:#e0716a}}
";

/// A whole picture.
pub(crate) fn draw(drawing: &Drawing) -> String {
    let body = Layout::of(&drawing.body);
    let head = if drawing.description.is_empty() { 34.0 } else { 52.0 };
    let description = crate::draw::cut_to(&drawing.description, 100);
    let wide = text_width(&drawing.title, 9.5).max(text_width(&description, 6.9));
    let width = body.placed.width.max(wide) + 2.0 * MARGIN;
    let height = body.placed.height + head + 2.0 * MARGIN;
    let mut svg = String::new();
    let title = escaped(&drawing.title);
    // Writing to a text does not fail.
    let _ = write!(
        svg,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width:.0}\" height=\"{height:.0}\" viewBox=\"0 0 {width:.0} {height:.0}\" \
         role=\"img\">\n<title>{title}</title>\n<style>{STYLE}</style>\n\
         <defs>{}{}</defs>\n<rect class=\"page\" width=\"100%\" height=\"100%\"/>\n",
        marker("tip", "tip"),
        marker("failed", "failed"),
    );
    words(&mut svg, "name", MARGIN, MARGIN + 14.0, &drawing.title);
    words(&mut svg, "about", MARGIN, MARGIN + 34.0, &description);
    body.draw(&mut svg, (width - body.placed.width) / 2.0, MARGIN + head);
    svg.push_str("</svg>\n");
    svg
}

fn marker(id: &str, class: &str) -> String {
    format!(
        "<marker id=\"{id}\" viewBox=\"0 0 8 8\" refX=\"7\" refY=\"4\" markerWidth=\"8\" markerHeight=\"8\" \
         markerUnits=\"userSpaceOnUse\" orient=\"auto\"><path class=\"{class}\" d=\"M0 0L8 4L0 8z\"/></marker>"
    )
}

/// A group with all that is in it, laid out from the inside to the outside.
struct Layout<'a> {
    group: &'a Group,
    placed: Placed,
    /// The bodies of each node.
    inner: Vec<Vec<Layout<'a>>>,
}

impl<'a> Layout<'a> {
    fn of(group: &'a Group) -> Self {
        let inner: Vec<Vec<Self>> = group.nodes.iter().map(|node| node.groups.iter().map(Self::of).collect()).collect();
        let sizes: Vec<(f64, f64)> = group.nodes.iter().zip(&inner).map(|(node, inner)| size(node, inner)).collect();
        Self { group, placed: place(&sizes, &group.edges), inner }
    }

    /// The size of a body with its frame, and the height of what stands above the boxes in it.
    fn framed(&self) -> (f64, f64, f64) {
        let head = if self.group.label.is_empty() { 0.0 } else { TITLE + 4.0 };
        let around = if self.group.label.is_empty() { 0.0 } else { 2.0 * INSIDE };
        let width = self.placed.width.max(text_width(&self.group.label, 7.6));
        (width + around, self.placed.height + around + head, head)
    }

    fn draw(&self, svg: &mut String, x: f64, y: f64) {
        for (edge, points) in self.group.edges.iter().zip(&self.placed.arrows) {
            let mut points: Vec<(f64, f64)> = points.iter().map(|(px, py)| (px + x, py + y)).collect();
            if self.placed.boxes[edge.from].y > self.placed.boxes[edge.to].y {
                points.reverse();
            }
            let failure = edge.kind == EdgeKind::Failure;
            let class = match (dotted(edge), failure) {
                (_, true) => "arrow dotted failure",
                (true, false) => "arrow dotted",
                (false, false) => "arrow",
            };
            let tip = if failure { "failed" } else { "tip" };
            let _ = writeln!(svg, "<path class=\"{class}\" d=\"{}\" marker-end=\"url(#{tip})\"/>", curve(&points));
        }
        for ((node, area), inner) in self.group.nodes.iter().zip(&self.placed.boxes).zip(&self.inner) {
            frame(svg, node, (x + area.x, y + area.y, area.width, area.height));
            let mut left = x + area.x + AROUND;
            let top = y + area.y + head(node);
            for body in inner {
                let (width, height, label) = body.framed();
                if label > 0.0 {
                    let _ = writeln!(
                        svg,
                        "<rect class=\"case\" x=\"{left:.1}\" y=\"{top:.1}\" width=\"{width:.1}\" height=\"{height:.1}\" rx=\"6\"/>"
                    );
                    words(svg, "title", left + INSIDE, top + INSIDE + 8.0, &body.group.label);
                    body.draw(svg, left + (width - body.placed.width) / 2.0, top + INSIDE + label);
                } else {
                    body.draw(svg, left + (area.width - 2.0 * AROUND - body.placed.width) / 2.0, top);
                }
                left += width + AROUND;
            }
        }
        for (edge, points) in self.group.edges.iter().zip(&self.placed.arrows) {
            let note = match edge.kind {
                EdgeKind::Data => continue,
                EdgeKind::After => "after",
                EdgeKind::Failure => "on error",
            };
            if let [(x1, y1), (x2, y2), ..] = points.as_slice() {
                let (middle, level) = (f64::midpoint(*x1, *x2) + x, f64::midpoint(*y1, *y2) + y + 4.0);
                let _ = writeln!(
                    svg,
                    "<text class=\"note\" text-anchor=\"middle\" x=\"{middle:.1}\" y=\"{level:.1}\">{note}</text>"
                );
            }
        }
    }
}

/// The box of a node with its texts.
fn frame(svg: &mut String, node: &Node, (x, y, width, height): (f64, f64, f64, f64)) {
    let class = match (node.kind, node.groups.is_empty()) {
        (NodeKind::End, _) => "end",
        (_, true) => "box",
        (_, false) => "body",
    };
    let round = if node.kind == NodeKind::End { 14.0 } else { 6.0 };
    let _ = writeln!(
        svg,
        "<rect class=\"{class}\" x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{height:.1}\" rx=\"{round}\"/>"
    );
    let mut text = x + INSIDE;
    if let NodeKind::Step(kind) = node.kind {
        let (bar, tall) = (y + 8.0, head(node).min(height) - 16.0);
        let _ = writeln!(
            svg,
            "<rect class=\"{}\" x=\"{:.1}\" y=\"{bar:.1}\" width=\"3\" height=\"{tall:.1}\" rx=\"1.5\"/>",
            family(kind),
            x + 8.0,
        );
        text = x + 18.0;
    }
    let mut level = y + INSIDE + 10.0;
    words(svg, "title", text, level, &node.title);
    for line in &node.lines {
        level += LINE;
        words(svg, "line", text, level, line);
    }
}

/// The height of a node's texts.
fn head(node: &Node) -> f64 {
    INSIDE * 2.0 + TITLE + LINE * node.lines.len() as f64 - 6.0
}

fn size(node: &Node, inner: &[Layout<'_>]) -> (f64, f64) {
    let lines = node.lines.iter().map(|line| text_width(line, 6.9)).fold(text_width(&node.title, 7.8), f64::max);
    let own = (lines + 18.0 + INSIDE).max(90.0);
    if inner.is_empty() {
        return (own, head(node));
    }
    let framed: Vec<(f64, f64, f64)> = inner.iter().map(Layout::framed).collect();
    let wide: f64 = framed.iter().map(|(width, ..)| width).sum::<f64>() + AROUND * (framed.len() + 1) as f64;
    let tall = framed.iter().map(|(_, height, _)| *height).fold(0.0, f64::max);
    (own.max(wide), head(node) + tall + AROUND)
}

/// Colors by what a step works with: vision, language model, other steps, values, conditions.
fn family(kind: &str) -> &'static str {
    match kind {
        "tool" => "tool",
        "prompt" | "agent" => "llm",
        "map" | "while" | "switch" | "workflow" => "flow",
        "assert" | "approve" => "check",
        _ => "value",
    }
}

/// A smooth line that leaves and reaches boxes upright and passes layers straight.
fn curve(points: &[(f64, f64)]) -> String {
    let mut path = String::new();
    for (at, (x, y)) in points.iter().enumerate() {
        let _ = match at.checked_sub(1).map(|before| points[before]) {
            None => write!(path, "M{x:.1} {y:.1}"),
            Some((px, _)) if (px - x).abs() < 0.05 => write!(path, "L{x:.1} {y:.1}"),
            Some((px, py)) => {
                let middle = f64::midpoint(py, *y);
                write!(path, "C{px:.1} {middle:.1} {x:.1} {middle:.1} {x:.1} {y:.1}")
            }
        };
    }
    path
}

fn words(svg: &mut String, class: &str, x: f64, y: f64, text: &str) {
    if !text.is_empty() {
        let _ = writeln!(svg, "<text class=\"{class}\" x=\"{x:.1}\" y=\"{y:.1}\">{}</text>", escaped(text));
    }
}

/// The width of a text whose letters are so wide on average; those of Chinese, Japanese and Korean count twice.
fn text_width(text: &str, letter: f64) -> f64 {
    let wide = |c: char| if (c as u32) < 0x1100 { 1.0 } else { 1.8 };
    text.chars().map(wide).sum::<f64>() * letter
}

/// A text as it may stand in SVG; what no XML can hold is left out.
fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\n' | '\t' => safe.push(' '),
            c if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => {}
            c => safe.push(c),
        }
    }
    safe
}
