//! Fields of receipts, invoices and other documents: what they are called, and where in the text their values stand.

use serde::{Deserialize, Serialize};

use super::amounts::amounts;

/// A field that a document may have.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Field {
    /// What is to be paid in all.
    Total,
    /// The sum before tax or rounding.
    Subtotal,
    /// The tax.
    Tax,
    /// What was given back.
    Change,
    /// What was given.
    Paid,
    /// What was taken off.
    Discount,
    /// The day.
    Date,
    /// The time of day.
    Time,
    /// Who issued it.
    Company,
    /// Where he is.
    Address,
    /// A telephone number.
    Phone,
    /// A fax number.
    Fax,
    /// An e-mail address.
    Email,
    /// A web address.
    Website,
    /// The number of the invoice, receipt or document.
    InvoiceNumber,
}

/// A field's value.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Found {
    /// The value as it is printed, without its label and currency.
    pub value: String,
    /// The row of text that it stands in.
    pub line: String,
}

/// The currency that stands beside an amount in its line.
pub fn amounts_of(line: &str, value: &str) -> Option<String> {
    amounts(line).into_iter().filter(|amount| value.contains(&amount.text)).find_map(|amount| amount.currency)
}

impl Field {
    /// All of them.
    pub const ALL: [Self; 15] = [
        Self::Total,
        Self::Subtotal,
        Self::Tax,
        Self::Change,
        Self::Paid,
        Self::Discount,
        Self::Date,
        Self::Time,
        Self::Company,
        Self::Address,
        Self::Phone,
        Self::Fax,
        Self::Email,
        Self::Website,
        Self::InvoiceNumber,
    ];

    /// What it is called in English.
    pub fn name(self) -> &'static str {
        match self {
            Self::Total => "total",
            Self::Subtotal => "subtotal",
            Self::Tax => "tax",
            Self::Change => "change",
            Self::Paid => "amount paid",
            Self::Discount => "discount",
            Self::Date => "date",
            Self::Time => "time",
            Self::Company => "company",
            Self::Address => "address",
            Self::Phone => "phone number",
            Self::Fax => "fax number",
            Self::Email => "e-mail address",
            Self::Website => "website",
            Self::InvoiceNumber => "document number",
        }
    }
}
