//! `table`: exact operations over the tables that stand on pages.

pub(crate) mod operation;
#[cfg(test)]
mod tests;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

pub use self::operation::{Condition, ConditionValue, Operation, Test};
use self::operation::{extreme, printed, values};
use super::read_text::{ReadText, ReadTextInput};
use crate::{
    document::{ColumnKind, PageColumn, PageRow, PageTable},
    suggest::similar_names,
    tool::{Effects, Example, ImageArg, Scene, Tool, ToolCx, ToolError},
};

/// Lists, filters, compares and adds up the rows of a table.
pub struct TableTool;

/// Arguments of [`TableTool`].
#[derive(Debug, Deserialize, JsonSchema)]
pub struct TableInput {
    /// name of the table, such as page_1_table_1; left out: the first one
    #[serde(default)]
    table: Option<String>,
    /// what to do with the rows
    #[serde(default, rename = "do")]
    operation: Operation,
    /// the column whose values are compared or added up
    #[serde(default)]
    column: Option<String>,
    /// only rows that meet all of these
    #[serde(default, rename = "where")]
    conditions: Vec<Condition>,
}

/// Result of [`TableTool`].
#[derive(Debug, JsonSchema, Serialize)]
pub struct TableOutput {
    /// The table.
    pub table: String,
    /// What was done.
    #[serde(rename = "do")]
    pub operation: Operation,
    /// The column whose values were compared or added up.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub column: Option<String>,
    /// The value that came out, as the page would print it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub result: Option<String>,
    /// How many rows met the conditions.
    pub matched: usize,
    /// How many rows the table has, without those that sum up others.
    pub of: usize,
    /// The rows: column by column what the page says.
    pub rows: Vec<indexmap::IndexMap<String, String>>,
}

/// Rows that a result holds at most.
const MOST_ROWS: usize = 40;

impl Tool for TableTool {
    type Input = TableInput;
    type Output = TableOutput;
    const NAME: &'static str = "table";
    const EFFECTS: Effects = Effects::COMPUTES;
    const SUMMARY: &'static str =
        "rows of a table or chart that was read: choose rows by conditions; largest, smallest, sum, average, count";
    const ROLES: &'static [&'static str] = ReadText::ROLES;

    fn examples() -> Vec<Example> {
        vec![
            Example {
                task: "How many players have more than 20 points?",
                input: json!({"table": "page_1_table_1", "do": "count", "where": [
                    {"column": "Points", "test": "above", "value": 20}
                ]}),
                output: json!({"table": "page_1_table_1", "do": "count", "result": "2", "matched": 2, "of": 5, "rows": [
                    {"Player": "Ito", "Points": "31"}, {"Player": "Diaz", "Points": "24"}
                ]}),
            },
            Example {
                task: "Which drink is the cheapest?",
                input: json!({"do": "min", "column": "Price"}),
                output: json!({"table": "page_1_table_1", "do": "min", "column": "Price", "result": "1.80", "matched": 6, "of": 6,
                    "rows": [{"Drink": "Water", "Price": "1.80"}]}),
            },
        ]
    }

    async fn call(&self, input: TableInput, cx: &ToolCx) -> Result<TableOutput, ToolError> {
        let evidence = cx.images.evidence();
        for entry in cx.images.images().into_iter().filter(|entry| entry.parent.is_none()) {
            if !evidence.has_looked(&entry.handle, ReadText::NAME) {
                let image = ImageArg(Some(entry.handle.clone()));
                let read = ReadText.call(ReadTextInput { image, ..ReadTextInput::default() }, cx).await?;
                let rows = ReadText::evidence(&read, true);
                let kept = evidence.record(&entry.handle, ReadText::NAME, "", rows);
                kept.map_err(|error| ToolError::internal(format!("table: rows cannot be kept: {error:?}")))?;
                evidence.note_look(&entry.handle, ReadText::NAME);
            }
        }
        let tables: Vec<(String, PageTable)> =
            evidence.page_tables().into_iter().map(|(name, _, table)| (name, table)).collect();
        run(&input, &tables)
    }

    fn narrow(schema: Value, scene: &Scene) -> Option<Value> {
        let tables: Vec<Value> =
            scene.tables.iter().take(MOST_TABLES).map(|(name, table)| slots(name, table)).collect();
        match tables.len() {
            0 => None,
            1 => tables.into_iter().next(),
            _ => Some(json!({ "anyOf": tables })),
        }
        .or_else(|| scene.unread.then_some(schema))
    }

    fn render(output: &TableOutput) -> String {
        let row = |row: &indexmap::IndexMap<String, String>| {
            let cells: Vec<String> = row.iter().map(|(name, text)| format!("{name}: {text}")).collect();
            cells.join(", ")
        };
        let rows: Vec<String> = output.rows.iter().map(row).collect();
        let rows = rows.join("\n");
        let of = format!("{} of {} rows", output.matched, output.of);
        let column = output.column.as_deref().unwrap_or_default();
        match (output.operation, &output.result) {
            (Operation::List, _) => format!("{of}:\n{rows}"),
            (Operation::Count, _) => format!("{of}{}{rows}", if rows.is_empty() { "" } else { ":\n" }),
            (Operation::Max, Some(result)) => format!("largest {column} of {of}: {result}\n{rows}"),
            (Operation::Min, Some(result)) => format!("smallest {column} of {of}: {result}\n{rows}"),
            (Operation::Sum, Some(result)) => format!("sum of {column} over {of}: {result}"),
            (Operation::Average, Some(result)) => format!("average of {column} over {of}: {result}"),
            (_, None) => format!("{of}; none of them has a value"),
        }
    }
}

/// Does what the arguments say.
fn run(input: &TableInput, tables: &[(String, PageTable)]) -> Result<TableOutput, ToolError> {
    let names: Vec<&str> = tables.iter().map(|(name, _)| name.as_str()).collect();
    let found = match &input.table {
        None => tables.first(),
        Some(wanted) => tables.iter().find(|(name, _)| name == wanted),
    };
    let Some((name, table)) = found else {
        return Err(ToolError::invalid_input(if tables.is_empty() {
            "no table stands on the pages".to_owned()
        } else {
            let wanted = input.table.as_deref().unwrap_or_default();
            format!("there is no table \"{wanted}\"; there is {}", names.join(", "))
        }));
    };
    let mut conditions = Vec::new();
    for condition in &input.conditions {
        conditions.push((condition, column(table, &condition.column)?));
    }
    let items: Vec<&PageRow> = table.rows.iter().filter(|row| !row.summary).collect();
    let meets = |row: &&PageRow| conditions.iter().all(|(condition, at)| condition.holds(row, *at));
    let mut chosen: Vec<&PageRow> = items.iter().copied().filter(meets).collect();
    // A condition may name the very row that sums up: "Total".
    if chosen.is_empty() && !conditions.is_empty() {
        chosen = table.rows.iter().filter(meets).collect();
    }
    let matched = chosen.len();
    let at = match (&input.column, input.operation) {
        (Some(name), _) => Some(column(table, name)?),
        (None, Operation::List | Operation::Count) => None,
        (None, _) => Some(counted(table).ok_or_else(|| {
            ToolError::invalid_input(format!("{name} has no column of numbers; its columns are {}", heads(table)))
        })?),
    };
    let numbers = at.map(|at| values(chosen.iter().copied(), table, at)).unwrap_or_default();
    let sum = || numbers.iter().map(|(_, number)| number).sum::<f64>();
    let (result, shown) = match input.operation {
        Operation::List => (None, chosen),
        Operation::Count => (Some(matched.to_string()), chosen),
        Operation::Max | Operation::Min => {
            let best = extreme(&numbers, input.operation == Operation::Max);
            let shown: Vec<&PageRow> = numbers
                .iter()
                .filter(|(_, number)| best.is_some_and(|(_, best)| (best - number).abs() < 1e-9))
                .map(|(row, _)| *row)
                .collect();
            let text = |(row, _): (&PageRow, f64)| at.and_then(|at| row.cells.get(at)).map(|cell| cell.text.clone());
            (best.and_then(text), shown)
        }
        Operation::Sum | Operation::Average if numbers.is_empty() => (None, Vec::new()),
        Operation::Sum => (at.map(|at| printed(sum(), table, at)), Vec::new()),
        Operation::Average => (at.map(|at| printed(sum() / numbers.len() as f64, table, at)), Vec::new()),
    };
    let listed = |row: &&PageRow| {
        let cells = table.columns.iter().zip(&row.cells).filter(|(_, cell)| !cell.text.is_empty());
        cells.map(|(column, cell)| (column.name.clone(), cell.text.clone())).collect()
    };
    Ok(TableOutput {
        table: name.clone(),
        operation: input.operation,
        column: at.and_then(|at| table.columns.get(at)).map(|column| column.name.clone()),
        result,
        matched,
        of: items.len(),
        rows: shown.iter().take(MOST_ROWS).map(listed).collect(),
    })
}

fn heads(table: &PageTable) -> String {
    table.columns.iter().map(|column| column.name.as_str()).collect::<Vec<_>>().join(", ")
}

/// The index of a column by its name; case does not count.
fn column(table: &PageTable, wanted: &str) -> Result<usize, ToolError> {
    let same = |column: &PageColumn| column.name.to_lowercase() == wanted.trim().to_lowercase();
    table.columns.iter().position(same).ok_or_else(|| {
        let close = similar_names(wanted, table.columns.iter().map(|column| column.name.as_str()));
        let hint = if close.is_empty() { String::new() } else { format!("; did you mean {}?", close.join(" or ")) };
        ToolError::invalid_input(format!("there is no column \"{wanted}\"{hint}; its columns are {}", heads(table)))
    })
}

fn is_numeric(kind: ColumnKind) -> bool {
    matches!(kind, ColumnKind::Number | ColumnKind::Money)
}

/// The column that is meant where none is named: the last of amounts, else of numbers, else of times.
fn counted(table: &PageTable) -> Option<usize> {
    let last = |kind: ColumnKind| table.columns.iter().rposition(|column| column.kind == kind);
    last(ColumnKind::Money).or_else(|| last(ColumnKind::Number)).or_else(|| last(ColumnKind::Time))
}

/// Tables, columns and values of a column that a schema lists at most.
const MOST_TABLES: usize = 4;
const MOST_COLUMNS: usize = 12;
const MOST_VALUES: usize = 16;

/// The arguments for one table: its columns by name, and for columns of few texts these.
fn slots(name: &str, table: &PageTable) -> Value {
    let columns = &table.columns[..table.columns.len().min(MOST_COLUMNS)];
    let names: Vec<&str> = columns.iter().map(|column| column.name.as_str()).collect();
    let valued: Vec<&str> =
        columns.iter().filter(|column| column.kind != ColumnKind::Text).map(|column| column.name.as_str()).collect();
    let conditions: Vec<Value> = columns.iter().enumerate().map(|(at, column)| condition(table, at, column)).collect();
    json!({
        "type": "object",
        "properties": {
            "table": { "const": name },
            "do": { "enum": if valued.is_empty() { json!(["list", "count"]) } else {
                json!(["list", "max", "min", "sum", "average", "count"]) } },
            "column": { "enum": if valued.is_empty() { &names } else { &valued } },
            "where": { "type": "array", "items": { "anyOf": conditions }, "maxItems": 3 }
        },
        "required": ["table", "do"]
    })
}

fn condition(table: &PageTable, at: usize, column: &PageColumn) -> Value {
    let mut texts: Vec<&str> = Vec::new();
    for cell in table.rows.iter().filter_map(|row| row.cells.get(at)) {
        if !cell.text.is_empty() && !texts.contains(&cell.text.as_str()) {
            texts.push(&cell.text);
        }
    }
    let (tests, value) = match column.kind {
        ColumnKind::Text if texts.len() <= MOST_VALUES && !texts.is_empty() => {
            (json!(["is", "is_not"]), json!({ "enum": texts }))
        }
        ColumnKind::Text => (json!(["is", "is_not", "contains"]), json!({ "type": "string" })),
        kind if is_numeric(kind) => {
            (json!(["is", "above", "below", "at_least", "at_most"]), json!({ "type": "number" }))
        }
        _ => (json!(["is", "above", "below", "at_least", "at_most"]), json!({ "type": "string" })),
    };
    json!({
        "type": "object",
        "properties": { "column": { "const": column.name }, "test": { "enum": tests }, "value": value },
        "required": ["column", "test", "value"],
        "additionalProperties": false
    })
}
