//! Tests of the store against fake servers and clients, and a few against the real ones.
#![expect(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod catalog;
mod clients;
mod download;
mod healing;
mod ready;
mod real;
mod roles;
mod support;
