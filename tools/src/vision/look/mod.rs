//! A first look at an image: cheap tools see what they can, and what they saw becomes a [`Card`] for a prompt and a [`Document`]
//! for programs.

mod card;
mod document;

pub use card::{
    Card, CardCell, CardColumn, CardExtreme, CardField, CardGroup, CardRegion, CardRow, CardTable, CardValues,
};
pub use document::{DOCUMENT_VERSION, Document};

/// The tools that look first, in parallel, and those that need what these found.
pub const LOOK: [&[&str]; 2] = [&["detect", "read_text", "quality"], &["colors"]];
