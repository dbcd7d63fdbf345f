//! Fields of receipts, invoices and other documents: what they are called, and where in the text their values stand.

use serde::{Deserialize, Serialize};

use super::{TextLine, amounts::amounts, find, names, rows, words::find_phrase};

/// A field that a document may have.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
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
    /// What one item costs; the item in the task's words.
    Price(String),
    /// Any other label, as the task calls it ("cashier").
    Named(String),
}

/// A field's value.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Found {
    /// The value as it is printed, without its label and currency.
    pub value: String,
    /// The row of text that it stands in.
    pub line: String,
}

/// The value of a field in lines of text, in reading order or with places. A label's value stands right of it, else below
/// it. `None` if nothing looks like it.
pub fn field(lines: &[TextLine], wanted: &Field) -> Option<Found> {
    find::find(&rows(lines), wanted)
}

/// The currency that stands beside an amount in its line.
pub fn amounts_of(line: &str, value: &str) -> Option<String> {
    amounts(line).into_iter().filter(|amount| value.contains(&amount.text)).find_map(|amount| amount.currency)
}

impl Field {
    /// The field that a text (in lower case) speaks of first, if any.
    pub fn mentioned(text: &str) -> Option<Self> {
        let places = names::NAMES.iter().flat_map(|(field, phrases)| {
            phrases.iter().filter_map(move |phrase| Some((find_phrase(text, phrase)?, phrase.len(), field)))
        });
        // The first, and of those at one place the longest: "total tax" is a tax.
        let best = places.min_by_key(|(at, length, _)| (*at, std::cmp::Reverse(*length)))?;
        Some(best.2.clone())
    }

    /// The field whose name a text (in lower case) begins with.
    pub fn at_start(text: &str) -> Option<Self> {
        Self::prefix(text).map(|(field, _)| field)
    }

    /// The same, with how many bytes its name takes.
    pub fn prefix(text: &str) -> Option<(Self, usize)> {
        let fits = names::NAMES.iter().flat_map(|(field, phrases)| {
            phrases
                .iter()
                .filter(|phrase| find_phrase(text, phrase) == Some(0))
                .map(move |phrase| (phrase.len(), field))
        });
        fits.max_by_key(|(length, _)| *length).map(|(length, field)| (field.clone(), length))
    }

    /// Whether its value is an amount of money.
    pub fn is_amount(&self) -> bool {
        matches!(
            self,
            Self::Total | Self::Subtotal | Self::Tax | Self::Change | Self::Paid | Self::Discount | Self::Price(_)
        )
    }

    /// What it is called in English.
    pub fn name(&self) -> String {
        match self {
            Self::Total => "total".into(),
            Self::Subtotal => "subtotal".into(),
            Self::Tax => "tax".into(),
            Self::Change => "change".into(),
            Self::Paid => "amount paid".into(),
            Self::Discount => "discount".into(),
            Self::Date => "date".into(),
            Self::Time => "time".into(),
            Self::Company => "company".into(),
            Self::Address => "address".into(),
            Self::Phone => "phone number".into(),
            Self::Fax => "fax number".into(),
            Self::Email => "e-mail address".into(),
            Self::Website => "website".into(),
            Self::InvoiceNumber => "document number".into(),
            Self::Price(item) => format!("price of {item}"),
            Self::Named(name) => name.clone(),
        }
    }

    /// What it is called in Chinese.
    pub fn chinese(&self) -> String {
        match self {
            Self::Total => "总金额".into(),
            Self::Subtotal => "小计".into(),
            Self::Tax => "税额".into(),
            Self::Change => "找零".into(),
            Self::Paid => "付款金额".into(),
            Self::Discount => "折扣".into(),
            Self::Date => "日期".into(),
            Self::Time => "时间".into(),
            Self::Company => "公司".into(),
            Self::Address => "地址".into(),
            Self::Phone => "电话".into(),
            Self::Fax => "传真".into(),
            Self::Email => "邮箱".into(),
            Self::Website => "网址".into(),
            Self::InvoiceNumber => "单据号".into(),
            Self::Price(item) => format!("{item}的价格"),
            Self::Named(name) => name.clone(),
        }
    }
}
