//! A first look at an image: cheap tools see what they can, and what they saw becomes a [`Card`] for a prompt and a [`Document`]
//! for programs.

mod card;
mod card_table;
mod document;

pub use card::{Card, CardField, CardGroup, CardRegion};
pub use card_table::{CardCell, CardColumn, CardExtreme, CardRow, CardTable, CardValues};
pub use document::{DOCUMENT_VERSION, Document};

/// The tools that look first, in parallel, and those that need what these found.
pub const LOOK: [&[&str]; 2] = [&["detect", "read_text", "quality"], &["shapes", "colors"]];
