//! Records as rows of columns.

use argus_workflows::{ItemRecord, Workflow};
use serde_json::Value;

/// What a column holds.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Kind {
    /// Whole numbers.
    Integer,
    /// Numbers.
    Number,
    /// `true` or `false`.
    Bool,
    /// Texts.
    Text,
    /// Anything else, as JSON.
    Json,
}

#[derive(Clone, Debug)]
enum Source {
    Item,
    Ok,
    Error,
    Ms,
    Images,
    Input(String),
    Output(String),
}

/// The columns of a workflow's records: `item`, `ok`, the inputs, the outputs, `images`, `error`, `ms`.
#[derive(Clone, Debug)]
pub(crate) struct Table {
    columns: Vec<(String, Kind, Source)>,
}

impl Table {
    /// The columns of a workflow. An output that is called like an input, or like a column that is always there, is called
    /// `output.NAME`.
    pub(crate) fn of(workflow: &Workflow) -> Self {
        let mut columns =
            vec![("item".to_owned(), Kind::Integer, Source::Item), ("ok".to_owned(), Kind::Bool, Source::Ok)];
        let fixed = [
            ("images".to_owned(), Kind::Json, Source::Images),
            ("error".to_owned(), Kind::Text, Source::Error),
            ("ms".to_owned(), Kind::Number, Source::Ms),
        ];
        let taken = |name: &str, columns: &[(String, Kind, Source)]| {
            columns.iter().chain(&fixed).any(|(known, ..)| known == name)
        };
        for name in workflow.definition().inputs.keys() {
            let column = if taken(name, &columns) { format!("input.{name}") } else { name.clone() };
            columns.push((column, Kind::Text, Source::Input(name.clone())));
        }
        for (name, schema) in workflow.output_schema()["properties"].as_object().into_iter().flatten() {
            let column = if taken(name, &columns) { format!("output.{name}") } else { name.clone() };
            columns.push((column, kind(schema), Source::Output(name.clone())));
        }
        columns.extend(fixed);
        Self { columns }
    }

    /// The names of the columns.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.columns.iter().map(|(name, ..)| name.as_str())
    }

    /// The kinds of the columns.
    pub(crate) fn kinds(&self) -> impl Iterator<Item = Kind> {
        self.columns.iter().map(|(_, kind, _)| *kind)
    }

    /// A record's values, one a column.
    pub(crate) fn row(&self, record: &ItemRecord) -> Vec<Value> {
        let value = |source: &Source| match source {
            Source::Item => record.item.into(),
            Source::Ok => record.ok.into(),
            Source::Error => record.error.clone().map_or(Value::Null, Value::from),
            Source::Ms => record.ms.into(),
            Source::Images => {
                let files = record.images.iter().filter(|image| image.op.is_some());
                let files: Vec<Value> = files.filter_map(|image| image.path.clone()).map(Value::from).collect();
                if files.is_empty() { Value::Null } else { files.into() }
            }
            Source::Input(name) => record.inputs.get(name).cloned().unwrap_or_default(),
            Source::Output(name) => record.outputs.get(name).cloned().unwrap_or_default(),
        };
        self.columns.iter().map(|(.., source)| value(source)).collect()
    }
}

fn kind(schema: &Value) -> Kind {
    match schema.get("type").and_then(Value::as_str) {
        Some("integer") => Kind::Integer,
        Some("number") => Kind::Number,
        Some("boolean") => Kind::Bool,
        Some("string") => Kind::Text,
        _ => Kind::Json,
    }
}

/// A value as a cell of text: texts bare, nothing for null, the rest as JSON.
pub(crate) fn text(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}
