//! What was read, as rows of evidence: lines, words, and of a whole page its tables, fields and items.

use super::{ReadTextOutput, TextLine};
use crate::{
    document::{self, Document, PageCell, page_tables},
    evidence::Rows,
};

/// Lines below this confidence are told as uncertain.
const SURE: f32 = 0.6;

pub(super) fn rows(output: &ReadTextOutput, whole: bool) -> Rows {
    let mut rows = Rows::default();
    for (at, line) in output.lines.iter().enumerate() {
        line_rows(&mut rows, at + 1, line);
    }
    if whole {
        let lines: Vec<document::TextLine> = output
            .lines
            .iter()
            .map(|line| document::TextLine { text: line.text.clone(), bbox: Some(line.quad.bounds()) })
            .collect();
        fields(&mut rows, &lines);
        rows.tables = Some(page_tables(&lines));
    }
    rows
}

fn line_rows(rows: &mut Rows, number: usize, line: &TextLine) {
    let values = [
        ("id", line.handle.as_str().into()),
        ("n", number.into()),
        ("text", line.text.as_str().into()),
        ("score", line.score.into()),
    ];
    rows.add_box("line", values, &line.quad.bounds());
    if line.score < SURE {
        let why = format!("read with confidence {:.2}", line.score);
        rows.add("uncertain", [("what", line.handle.as_str().into()), ("why", why.into())]);
    }
    for (at, word) in line.words.iter().enumerate() {
        let values =
            [("line", line.handle.as_str().into()), ("n", (at + 1).into()), ("text", word.text.as_str().into())];
        rows.add_box("word", values, &word.quad.bounds());
    }
}

fn fields(rows: &mut Rows, lines: &[document::TextLine]) {
    let page = Document::read(lines);
    for field in page.fields {
        let typed = PageCell::parse(&field.value);
        let money = typed.number.and(page.currency.clone()).filter(|_| typed.date.is_none());
        let values = [
            ("name", field.name.into()),
            ("value", field.value.into()),
            ("number", typed.number.into()),
            ("unit", money.into()),
            ("date", typed.date.into()),
        ];
        rows.add("field", values);
    }
    for check in page.checks.iter().filter(|check| !check.holds) {
        rows.add("uncertain", [("what", check.what.as_str().into()), ("why", check.sum.as_str().into())]);
    }
    for (at, item) in page.items.iter().enumerate() {
        let values = [
            ("n", (at + 1).into()),
            ("name", item.name.as_str().into()),
            ("quantity", item.quantity.into()),
            ("amount", PageCell::parse(&item.amount).number.into()),
        ];
        rows.add("item", values);
    }
}
