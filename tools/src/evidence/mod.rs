//! What tools saw, as tables: verbatim text, labels, boxes, scores, and which tool and model saw it.
//!
//! A tool says how its output becomes [`Rows`]; [`Evidence`] keeps them in an SQLite database in memory. Prompts, checks, the
//! document of `argus look` and the queries of `argus query` all read from there. [`schema`] is the list of tables.

mod query;
mod rows;
mod said;
pub mod schema;
mod store;

pub use query::{QueryLimits, QueryOutput};
pub use rows::{Row, Rows, Value};
pub use said::Said;
pub use store::Evidence;

#[cfg(test)]
mod tests;

/// Evidence that cannot be stored or asked.
#[derive(Debug, thiserror::Error)]
pub enum EvidenceError {
    /// The database failed.
    #[error("the evidence database failed")]
    Database(#[from] rusqlite::Error),
    /// A table or column that is not in the schema.
    #[error("evidence has no {0}")]
    Unknown(String),
    /// The database could not be opened.
    #[error("the evidence database is closed")]
    Closed,
    /// A query that is not allowed or not right, with what would be right.
    #[error("{0}")]
    Query(String),
}
