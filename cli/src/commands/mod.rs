//! One file a command.

pub mod ask;
pub mod bench;
pub mod doctor;
pub mod models;
pub mod tool;
pub mod tools;
