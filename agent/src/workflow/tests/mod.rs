//! Whole workflows: read, checked, run.

mod check;
mod language;
