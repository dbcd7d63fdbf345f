//! What the rows say, as texts: for whoever asks where a number or a word comes from.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Evidence, EvidenceError};
use crate::{
    document::{PageRow, PageTable},
    geom::BBox,
};

/// A row of evidence with what it says.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
pub struct Said {
    /// its table: one of the schema, or `page_1_table_1`
    pub table: String,
    /// handle of its image
    pub image: String,
    /// handle of its region, or the name of its row
    #[serde(skip_serializing_if = "Option::is_none")]
    pub row: Option<String>,
    /// what it says
    pub text: String,
    /// its box: [x1, y1, x2, y2] in pixels of the image
    #[serde(rename = "box", default, skip_serializing_if = "Option::is_none")]
    pub bbox: Option<BBox>,
}

/// Fields before lines: they say what a value is.
const TEXTS: &str = "SELECT 'field' AS t, image, name AS row, name || ' ' || value AS text, \
      NULL AS x1, NULL AS y1, NULL AS x2, NULL AS y2 FROM field \
    UNION ALL SELECT 'code', image, NULL, text, NULL, NULL, NULL, NULL FROM code \
    UNION ALL SELECT 'line', image, id, text, x1, y1, x2, y2 FROM line \
    UNION ALL SELECT 'caption', image, NULL, text, NULL, NULL, NULL, NULL FROM caption \
    UNION ALL SELECT 'object', image, id, label || coalesce(' ' || color, '') || ' ' || CAST(round(width) AS INTEGER) || ' x ' \
      || CAST(round(height) AS INTEGER), x1, y1, x2, y2 FROM object \
    UNION ALL SELECT 'image', image, NULL, width || ' x ' || height, NULL, NULL, NULL, NULL FROM image";

impl Evidence {
    /// The rows of texts, codes, captions, objects, images and page tables as texts.
    pub fn said(&self) -> Result<Vec<Said>, EvidenceError> {
        let mut said: Vec<Said> =
            self.page_tables().iter().flat_map(|(name, image, table)| rows(name, image, table)).collect();
        let text = |row: &serde_json::Value, name: &str| row[name].as_str().map(str::to_owned);
        said.extend(self.select(TEXTS, &[])?.iter().filter_map(|row| {
            Some(Said {
                table: text(row, "t")?,
                image: text(row, "image")?,
                row: text(row, "row"),
                bbox: bbox(row),
                text: text(row, "text")?,
            })
        }));
        Ok(said)
    }
}

fn bbox(row: &serde_json::Value) -> Option<BBox> {
    let side = |name: &str| row[name].as_f64().map(|number| number as f32);
    BBox::from_corners([side("x1")?, side("y1")?, side("x2")?, side("y2")?])
}

fn rows(name: &str, image: &str, table: &PageTable) -> Vec<Said> {
    let row = |row: &PageRow| {
        let cells: Vec<&str> =
            row.cells.iter().map(|cell| cell.text.as_str()).filter(|text| !text.is_empty()).collect();
        Said {
            table: name.to_owned(),
            image: image.to_owned(),
            row: row.cells.get(table.names).map(|cell| cell.text.clone()),
            text: cells.join(" | "),
            bbox: row.bbox,
        }
    };
    table.rows.iter().map(row).collect()
}
