//! Documents in lines of text with their places: rows, tables, and the fields of receipts, invoices and cards.
//!
//! Everything here is pure: it looks at what [`crate::vision::read_text`] read, never at pixels.

mod amounts;
mod blocks;
mod card;
mod cell;
mod checks;
mod clock;
mod dates;
mod extract;
mod field;
mod find;
mod items;
mod language;
mod layout;
mod markdown;
mod notation;
mod page_table;
mod pairs;
mod quantity;
mod read;
mod table;
pub mod words;

pub use amounts::{Amount, amounts, number};
pub use cell::Kind;
pub use checks::Check;
pub use dates::date;
pub use extract::{Document, DocumentKind, FieldValue};
pub use field::{Field, Found, amounts_of};
pub use find::looks_like;
pub use items::Item;
pub use layout::{Row, TextLine, rows};
pub use markdown::markdown;
pub use page_table::{ColumnKind, PageCell, PageColumn, PageRow, PageTable, page_tables};
pub use table::{Cell, Record, Table};

#[cfg(test)]
mod tests;
