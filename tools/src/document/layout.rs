//! Lines of text by their places: rows, and what stands beside and below what.

use serde_json::Value;

use crate::geom::BBox;

/// One line of text, and where it stands if that is known.
#[derive(Clone, Debug, PartialEq)]
pub struct TextLine {
    /// What it says.
    pub text: String,
    /// Its box in pixels of the image.
    pub bbox: Option<BBox>,
}

impl TextLine {
    /// A line of which only the text is known.
    pub fn new(text: impl Into<String>) -> Self {
        Self { text: text.into(), bbox: None }
    }

    /// The lines of an output of `read_text`: those with their corners where it has them, else those of its text.
    pub fn of_output(output: &Value) -> Vec<Self> {
        let placed = output
            .get("lines")
            .and_then(Value::as_array)
            .map(|lines| lines.iter().filter_map(Self::of_value).collect::<Vec<_>>());
        placed.filter(|lines| !lines.is_empty()).unwrap_or_else(|| {
            let text = output.get("text").and_then(Value::as_str).unwrap_or_default();
            text.lines().map(str::trim).filter(|line| !line.is_empty()).map(Self::new).collect()
        })
    }

    fn of_value(line: &Value) -> Option<Self> {
        let text = line.get("text")?.as_str()?.trim().to_owned();
        let corners = line.get("quad").and_then(Value::as_array);
        let points: Option<Vec<(f32, f32)>> = corners.map(|corners| {
            let number = |corner: &Value, at: usize| corner.get(at).and_then(Value::as_f64).map(|n| n as f32);
            corners.iter().filter_map(|corner| Some((number(corner, 0)?, number(corner, 1)?))).collect()
        });
        let bbox = points.filter(|points| points.len() == 4).and_then(|points| {
            let (x, y) = (points.iter().map(|p| p.0), points.iter().map(|p| p.1));
            BBox::from_corners([
                x.clone().fold(f32::MAX, f32::min),
                y.clone().fold(f32::MAX, f32::min),
                x.fold(f32::MIN, f32::max),
                y.fold(f32::MIN, f32::max),
            ])
        });
        (!text.is_empty()).then_some(Self { text, bbox })
    }
}

/// What stands side by side, from left to right.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Row {
    /// From left to right.
    pub cells: Vec<TextLine>,
}

impl Row {
    /// Its cells in one line.
    pub fn text(&self) -> String {
        self.cells.iter().map(|cell| cell.text.as_str()).collect::<Vec<_>>().join(" ")
    }
}

/// The rows of lines from top to bottom; lines without places are a row each.
pub fn rows(lines: &[TextLine]) -> Vec<Row> {
    if lines.iter().any(|line| line.bbox.is_none()) {
        return lines.iter().map(|line| Row { cells: vec![line.clone()] }).collect();
    }
    let mut order: Vec<(&TextLine, BBox)> = lines.iter().filter_map(|line| Some((line, line.bbox?))).collect();
    order.sort_by(|a, b| a.1.center().1.total_cmp(&b.1.center().1));
    let mut rows: Vec<Vec<(&TextLine, BBox)>> = Vec::new();
    for (line, bbox) in order {
        let beside = |row: &&mut Vec<(&TextLine, BBox)>| {
            row.iter().any(|(_, other)| level(other, &bbox)) && !row.iter().any(|(_, other)| covers(other, &bbox))
        };
        // A row that a tall stamp opened must not keep the line from its own.
        let nearest =
            rows.iter_mut().rev().take(3).filter(beside).min_by(|a, b| gap(a, &bbox).total_cmp(&gap(b, &bbox)));
        match nearest {
            Some(row) => row.push((line, bbox)),
            None => rows.push(vec![(line, bbox)]),
        }
    }
    let row = |mut cells: Vec<(&TextLine, BBox)>| {
        cells.sort_by(|a, b| a.1.x1.total_cmp(&b.1.x1));
        Row { cells: cells.into_iter().map(|(line, _)| line.clone()).collect() }
    };
    rows.into_iter().map(row).collect()
}

/// Whether two boxes are at one height and of like size.
fn level(a: &BBox, b: &BBox) -> bool {
    let apart = (a.center().1 - b.center().1).abs();
    apart < 0.5 * a.height().min(b.height()) && a.height().max(b.height()) < 2.2 * a.height().min(b.height())
}

/// Whether two boxes lie over each other.
fn covers(a: &BBox, b: &BBox) -> bool {
    let shared = a.x2.min(b.x2) - a.x1.max(b.x1);
    shared > 0.5 * a.width().min(b.width())
}

fn gap(row: &[(&TextLine, BBox)], bbox: &BBox) -> f32 {
    row.iter().map(|(_, other)| (other.center().1 - bbox.center().1).abs()).fold(f32::MAX, f32::min)
}
