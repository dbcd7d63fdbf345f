//! One file a command.

pub(crate) mod ask;
pub(crate) mod bench;
pub(crate) mod chat;
pub(crate) mod doctor;
pub(crate) mod inspect;
mod inspect_folder;
pub(crate) mod look;
pub(crate) mod models;
pub(crate) mod query;
pub(crate) mod run;
pub(crate) mod tool;
pub(crate) mod tools;
pub(crate) mod trace;
pub(crate) mod workflow;
