//! What a document says, by its kind: the fields of a receipt, an invoice, a card or a form, the items and whether they add up.

use serde::Serialize;

use super::{
    Field, Row, Table, TextLine,
    amounts::{amounts, amounts_in, notation},
    amounts_of, card,
    checks::{Check, checks},
    find,
    items::{Item, items},
    language::{Label, says},
    pairs, rows,
};

/// What a document is.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum DocumentKind {
    /// What was bought and paid for.
    Receipt,
    /// What is to be paid for.
    Invoice,
    /// A business card.
    Card,
    /// Labels with values.
    Form,
    /// Rows and columns.
    Table,
    /// Anything else.
    Page,
}

/// A label and its value.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, schemars::JsonSchema)]
pub struct FieldValue {
    /// what it is called, such as total or date
    pub name: String,
    /// what the document says, as printed
    pub value: String,
}

/// A document, taken apart.
#[derive(Clone, Debug, PartialEq)]
pub struct Document {
    /// What it is.
    pub kind: DocumentKind,
    /// Its fields, those of the whole document first.
    pub fields: Vec<FieldValue>,
    /// The currency of its amounts, as printed.
    pub currency: Option<String>,
    /// What was bought.
    pub items: Vec<Item>,
    /// Whether its sums are right.
    pub checks: Vec<Check>,
    /// Its table, if it has one.
    pub table: Option<Table>,
}

const ISSUER: [Field; 6] = [Field::Company, Field::Address, Field::Phone, Field::Fax, Field::Email, Field::Website];
const PAPER: [Field; 3] = [Field::InvoiceNumber, Field::Date, Field::Time];
const SUMS: [Field; 6] = [Field::Subtotal, Field::Discount, Field::Tax, Field::Total, Field::Paid, Field::Change];

impl Document {
    /// Takes the lines of a document apart.
    pub fn read(lines: &[TextLine]) -> Self {
        let rows = rows(lines);
        let table = Table::read(lines).filter(|table| !table.loose);
        let pairs = pairs::pairs(&rows);
        let kind = kind(&rows, table.as_ref(), pairs.len());
        let known = |fields: &[Field]| -> Vec<FieldValue> {
            let value = |wanted: Field| {
                Some(FieldValue { name: wanted.name().to_owned(), value: find::find(&rows, wanted)?.value })
            };
            fields.iter().copied().filter_map(value).collect()
        };
        let mut fields = match kind {
            DocumentKind::Receipt | DocumentKind::Invoice => known(&[&ISSUER[..], &PAPER, &SUMS].concat()),
            DocumentKind::Card => card::fields(&rows, known(&ISSUER)),
            DocumentKind::Form | DocumentKind::Table | DocumentKind::Page => Vec::new(),
        };
        if matches!(kind, DocumentKind::Receipt | DocumentKind::Invoice | DocumentKind::Form) {
            for pair in pairs {
                if fields.iter().all(|known| known.name != pair.name && known.value != pair.value) {
                    fields.push(pair);
                }
            }
        }
        let priced = matches!(kind, DocumentKind::Receipt | DocumentKind::Invoice);
        let items = if priced { items(&rows) } else { Vec::new() };
        let checks = if priced { checks(&rows, &items) } else { Vec::new() };
        let currency = priced.then(|| find::find(&rows, Field::Total)).flatten().and_then(|total| {
            amounts_of(&total.line, &total.value)
                .or_else(|| rows.iter().flat_map(|row| amounts(&row.text())).find_map(|amount| amount.currency))
        });
        Self { kind, fields, currency, items, checks, table }
    }
}

/// Rows of a business card at most.
const CARD_ROWS: usize = 14;
/// Labels with values that make a form.
const FORM_PAIRS: usize = 3;

fn kind(rows: &[Row], table: Option<&Table>, pairs: usize) -> DocumentKind {
    let texts: Vec<String> = rows.iter().map(|row| row.text().to_lowercase()).collect();
    let any = |labels: &[Label]| texts.iter().any(|text| says(text, labels));
    let page = notation(texts.iter().map(String::as_str));
    let priced = |text: &&String| amounts_in(text, page).iter().any(|amount| amount.exact || amount.currency.is_some());
    let totalled = any(&[Label::Total, Label::TotalFinal]);
    if totalled && texts.iter().filter(priced).count() > 1 {
        return if !any(&[Label::Receipt]) && any(&[Label::Invoice]) {
            DocumentKind::Invoice
        } else {
            DocumentKind::Receipt
        };
    }
    let reachable =
        [Field::Email, Field::Website, Field::Phone].into_iter().filter(|way| find::find(rows, *way).is_some());
    if rows.len() <= CARD_ROWS && reachable.count() > 1 {
        return DocumentKind::Card;
    }
    let of_table = table.map_or(0, |table| table.records.len());
    if pairs >= FORM_PAIRS && pairs >= of_table {
        DocumentKind::Form
    } else if of_table >= 3 && of_table * 2 >= rows.len() {
        DocumentKind::Table
    } else {
        DocumentKind::Page
    }
}
