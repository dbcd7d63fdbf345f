//! Everything that was seen in an image as one document.

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use crate::{
    document::PageTable,
    evidence::{Evidence, EvidenceError, schema::TABLES},
};

/// Raised where a document is no longer what an older reader expects.
pub const DOCUMENT_VERSION: u32 = 1;

/// The evidence of one image, table by table, in a stable order.
#[derive(Clone, Debug, JsonSchema, Serialize)]
pub struct Document {
    /// [`DOCUMENT_VERSION`].
    pub version: u32,
    /// Its handle.
    pub image: String,
    /// The rows of each table of evidence that has some, as objects by column.
    pub evidence: IndexMap<String, Vec<Value>>,
    /// The tables that stand on the page, by name, with typed columns, rows and boxes.
    #[schemars(with = "IndexMap<String, Value>")]
    pub tables: IndexMap<String, PageTable>,
}

impl Document {
    /// What is known of an image.
    pub fn new(image: &str, evidence: &Evidence) -> Result<Self, EvidenceError> {
        let mut found = IndexMap::new();
        for table in TABLES {
            let sql = format!("SELECT * FROM \"{}\" WHERE image = ?1 ORDER BY rowid", table.name);
            let rows = evidence.select(&sql, &[image])?;
            if !rows.is_empty() {
                found.insert(table.name.to_owned(), rows);
            }
        }
        let tables = evidence.page_tables().into_iter().filter(|(_, of, _)| of == image);
        Ok(Self {
            version: DOCUMENT_VERSION,
            image: image.to_owned(),
            evidence: found,
            tables: tables.map(|(name, _, table)| (name, table)).collect(),
        })
    }
}
