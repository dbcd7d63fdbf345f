//! Whole workflows: read, checked, drawn, run.

mod asked;
mod bad;
mod bad_yaml;
mod built;
mod check;
mod engine;
mod graphs;
mod harness;
mod language;
mod resumed;
mod suite;
