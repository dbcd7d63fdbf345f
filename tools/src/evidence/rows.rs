//! Rows of evidence before they are stored: what a tool's output becomes.

use crate::{document::PageTable, geom::BBox};

/// One value of a row.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// Nothing is known.
    Null,
    /// A whole number.
    Integer(i64),
    /// A number with decimals.
    Real(f64),
    /// A text.
    Text(String),
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<f64> for Value {
    fn from(number: f64) -> Self {
        Self::Real(number)
    }
}

impl From<f32> for Value {
    /// Rounded to thousandths, so that the same picture gives the same bytes.
    fn from(number: f32) -> Self {
        Self::Real((f64::from(number) * 1000.0).round() / 1000.0)
    }
}

impl From<usize> for Value {
    fn from(number: usize) -> Self {
        Self::Integer(i64::try_from(number).unwrap_or(i64::MAX))
    }
}

impl From<u32> for Value {
    fn from(number: u32) -> Self {
        Self::Integer(i64::from(number))
    }
}

impl<T: Into<Self>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

/// One row of a table of the schema; columns that are left out are null.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// The table.
    pub table: &'static str,
    /// Columns with their values.
    pub values: Vec<(&'static str, Value)>,
}

/// What one output becomes.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Rows {
    /// Rows of the schema's tables, in a stable order.
    pub rows: Vec<Row>,
    /// The tables that are on the page; `None` where the output says nothing of them.
    pub tables: Option<Vec<PageTable>>,
}

impl Rows {
    /// Whether it says nothing.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty() && self.tables.is_none()
    }

    /// Adds a row.
    pub fn add<const N: usize>(&mut self, table: &'static str, values: [(&'static str, Value); N]) {
        self.rows.push(Row { table, values: values.into() });
    }

    /// Adds a row with the box of what it is about.
    pub fn add_box<const N: usize>(&mut self, table: &'static str, values: [(&'static str, Value); N], bbox: &BBox) {
        let mut values: Vec<(&'static str, Value)> = values.into();
        let corners = [("x1", bbox.x1), ("y1", bbox.y1), ("x2", bbox.x2), ("y2", bbox.y2)];
        values.extend(corners.map(|(name, at)| (name, at.into())));
        self.rows.push(Row { table, values });
    }
}
