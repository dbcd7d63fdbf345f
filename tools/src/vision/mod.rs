//! The tools. Each is one file or folder; this list is all of them.

pub mod detect;
pub mod labels;
pub mod read_text;
pub mod segment;
