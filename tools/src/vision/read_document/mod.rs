//! `read_document`: the text of a document taken apart: fields, items, sums that are checked, tables, Markdown.

mod places;
#[cfg(test)]
mod tests;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

pub use self::places::DocumentPart;
use super::read_text::{ReadText, ReadTextInput, ReadTextOutput};
use crate::{
    document::{self, Check, Document, DocumentKind, Item, Table, TextLine, markdown},
    geom::BBox,
    tool::{Example, ImageArg, RegionArg, Tool, ToolCx, ToolError},
};

/// Reads a document.
pub struct ReadDocument;

/// Arguments of [`ReadDocument`].
#[derive(Debug, Default, Deserialize, JsonSchema)]
pub struct ReadDocumentInput {
    /// handle of the image, such as img-1
    #[serde(default)]
    pub image: ImageArg,
    /// read only this part: region handle (img-1/book-1), label (book) or box [x1, y1, x2, y2]
    #[serde(default)]
    pub region: Option<RegionArg>,
}

/// Result of [`ReadDocument`].
#[derive(Clone, Debug, JsonSchema, PartialEq, Serialize)]
pub struct ReadDocumentOutput {
    /// what the document is
    pub kind: DocumentKind,
    /// labels and values, those of the whole document first
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<DocumentField>,
    /// currency of the amounts, as printed
    #[serde(skip_serializing_if = "Option::is_none")]
    pub currency: Option<String>,
    /// what was bought
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub items: Vec<Item>,
    /// sums of the document, made again
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub checks: Vec<Check>,
    /// rows of the table, its headers first
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub table: Vec<Vec<String>>,
    /// where the items or the table stand
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub parts: Vec<DocumentPart>,
    /// the whole text as Markdown
    pub markdown: String,
}

/// A label, its value and where that stands.
#[derive(Clone, Debug, JsonSchema, PartialEq, Serialize)]
pub struct DocumentField {
    /// what it is called, such as total or date
    pub name: String,
    /// what the document says, as printed
    pub value: String,
    /// [x1, y1, x2, y2] of the value in pixels of the image, where one place is known
    #[serde(rename = "box", skip_serializing_if = "Option::is_none")]
    pub bbox: Option<BBox>,
}

impl Tool for ReadDocument {
    type Input = ReadDocumentInput;
    type Output = ReadDocumentOutput;
    const NAME: &'static str = "read_document";
    const SUMMARY: &'static str = "take a receipt, invoice, business card, form, table or page apart: its fields, items and sums, and its text as Markdown";
    const ROLES: &'static [&'static str] = ReadText::ROLES;
    const ADVANCED: bool = true;

    fn examples() -> Vec<Example> {
        vec![
            Example {
                task: "Extract all fields of the receipt.",
                input: json!({"image": "img-1"}),
                output: json!({
                    "kind": "receipt",
                    "fields": [
                        {"name": "company", "value": "GREEN LEAF CAFE", "box": [88.0, 20.0, 262.0, 44.0]},
                        {"name": "date", "value": "05/03/2025", "box": [120.0, 52.0, 230.0, 72.0]},
                        {"name": "total", "value": "8.50", "box": [240.0, 180.0, 330.0, 202.0]}
                    ],
                    "currency": "EUR",
                    "items": [
                        {"name": "Green tea", "quantity": 2.0, "amount": "6.00"},
                        {"name": "Scone", "amount": "2.50"}
                    ],
                    "checks": [{"what": "items = total", "sum": "6.00 + 2.50 = 8.50", "holds": true}],
                    "parts": [{"name": "items", "box": [20.0, 100.0, 330.0, 160.0]}],
                    "markdown": "GREEN LEAF CAFE  \n05/03/2025\n\n|  |  |\n| --- | --- |\n| 2 x Green tea | 6.00 |\n| Scone | 2.50 |\n| TOTAL | EUR 8.50 |\n"
                }),
            },
            Example {
                task: "Turn this page into Markdown.",
                input: json!({"image": "img-1"}),
                output: json!({
                    "kind": "page",
                    "markdown": "## Opening hours\n\nThe library is open on all days but Monday.\n"
                }),
            },
        ]
    }

    async fn call(&self, input: ReadDocumentInput, cx: &ToolCx) -> Result<ReadDocumentOutput, ToolError> {
        let read = ReadText
            .call(ReadTextInput { image: input.image, region: input.region, ..ReadTextInput::default() }, cx)
            .await?;
        Ok(take_apart(&read))
    }

    fn render(output: &ReadDocumentOutput) -> String {
        let mut parts: Vec<String> =
            output.fields.iter().map(|field| format!("{}: {}", field.name, field.value)).collect();
        if let Some(currency) = &output.currency {
            parts.push(format!("currency: {currency}"));
        }
        parts.extend(output.items.iter().map(|item| {
            let quantity = item.quantity.map(|quantity| format!("{quantity} x ")).unwrap_or_default();
            format!("item: {quantity}{}: {}", item.name, item.amount)
        }));
        parts.extend(output.checks.iter().map(|check| {
            let verdict = if check.holds { "right" } else { "not right" };
            format!("checked: {} ({verdict}: {})", check.what, check.sum)
        }));
        // The fields say what a receipt says; a page is its text.
        if parts.is_empty() || matches!(output.kind, DocumentKind::Page | DocumentKind::Table) {
            parts.push(if output.markdown.is_empty() { "no text found".into() } else { output.markdown.clone() });
        }
        parts.join("\n")
    }
}

fn take_apart(read: &ReadTextOutput) -> ReadDocumentOutput {
    let lines: Vec<TextLine> =
        read.lines.iter().map(|line| TextLine { text: line.text.clone(), bbox: Some(line.quad.bounds()) }).collect();
    let Document { kind, fields, currency, items, checks, table } = Document::read(&lines);
    // The rows of a receipt are its items already.
    let table = table.filter(|_| items.is_empty() && kind != DocumentKind::Form);
    let placed = |field: document::FieldValue| {
        let bbox = places::of_field(&field.name, &field.value, &lines);
        DocumentField { name: field.name, value: field.value, bbox }
    };
    let of_table = table.as_ref().and_then(|table| places::of_table(table, &lines));
    ReadDocumentOutput {
        kind,
        fields: fields.into_iter().map(placed).collect(),
        currency,
        parts: places::of_items(&items, &lines).into_iter().chain(of_table).collect(),
        items,
        checks,
        table: table.as_ref().map(cells).unwrap_or_default(),
        markdown: markdown(&lines),
    }
}

/// The cells of a table by rows, its headers first where it has some.
fn cells(table: &Table) -> Vec<Vec<String>> {
    let width = table.headers.len().max(table.columns());
    let row = |record: &document::Record| {
        (0..width).map(|column| record.cell(column).map(|cell| cell.text.clone()).unwrap_or_default()).collect()
    };
    let headed = table.headers.iter().any(|header| !header.is_empty());
    let mut headers = table.headers.clone();
    headers.resize(width, String::new());
    headed.then_some(headers).into_iter().chain(table.records.iter().map(row)).collect()
}
