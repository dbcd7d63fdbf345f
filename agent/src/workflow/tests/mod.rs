//! Whole workflows: read, checked, drawn, run.

mod built;
mod check;
mod graphs;
mod language;
