//! Queries by people and large models: one SELECT, read-only, within bounds of time, rows and bytes.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use rusqlite::{
    Connection,
    hooks::{AuthAction, AuthContext, Authorization},
    limits::Limit,
};
use schemars::JsonSchema;
use serde::Serialize;

use super::{Evidence, EvidenceError, schema::TABLES, store::json};
use crate::suggest::similar_names;

/// What a query may take.
#[derive(Clone, Copy, Debug)]
pub struct QueryLimits {
    /// Wall time.
    pub time: Duration,
    /// Rows of the result.
    pub rows: usize,
    /// Bytes of the result's texts together.
    pub bytes: usize,
}

impl Default for QueryLimits {
    fn default() -> Self {
        Self { time: Duration::from_secs(2), rows: 1000, bytes: 1 << 20 }
    }
}

/// The rows that a query gave.
#[derive(Clone, Debug, Default, JsonSchema, PartialEq, Serialize)]
pub struct QueryOutput {
    /// names of the columns
    pub columns: Vec<String>,
    /// rows of values: numbers, texts or null, in the order of the columns
    pub rows: Vec<Vec<serde_json::Value>>,
    /// whether there are more rows than were given
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub more: bool,
}

/// Bytes of a statement.
const MOST_SQL: i32 = 20_000;
/// Operations of SQLite's machine between two looks at the clock.
const TICK: i32 = 1000;

impl Evidence {
    /// The rows of one SELECT. The error says what is not allowed, and which tables and columns there are.
    pub fn query(&self, sql: &str, limits: QueryLimits) -> Result<QueryOutput, EvidenceError> {
        let mut inner = self.lock();
        let connection = inner.open()?;
        let forbidden = Arc::new(AtomicBool::new(false));
        let late = Arc::new(AtomicBool::new(false));
        connection.set_limit(Limit::SQLITE_LIMIT_SQL_LENGTH, MOST_SQL)?;
        connection.set_limit(Limit::SQLITE_LIMIT_LENGTH, i32::try_from(limits.bytes).unwrap_or(i32::MAX))?;
        let (denied, until, over) = (forbidden.clone(), Instant::now() + limits.time, late.clone());
        connection.authorizer(Some(move |context: AuthContext<'_>| {
            let allowed = is_read(&context.action);
            denied.fetch_or(!allowed, Ordering::Relaxed);
            if allowed { Authorization::Allow } else { Authorization::Deny }
        }))?;
        connection.progress_handler(
            TICK,
            Some(move || {
                let stop = Instant::now() > until;
                over.fetch_or(stop, Ordering::Relaxed);
                stop
            }),
        )?;
        let answered = select(connection, sql, limits);
        connection.authorizer(None::<fn(AuthContext<'_>) -> Authorization>)?;
        connection.progress_handler(0, None::<fn() -> bool>)?;
        connection.set_limit(Limit::SQLITE_LIMIT_LENGTH, i32::MAX)?;
        answered.map_err(|error| {
            if late.load(Ordering::Relaxed) {
                return EvidenceError::Query(format!(
                    "the query took longer than {} s; ask for less",
                    limits.time.as_secs_f32()
                ));
            }
            if forbidden.load(Ordering::Relaxed) {
                return EvidenceError::Query("only one SELECT over the tables of evidence is allowed".into());
            }
            match error {
                EvidenceError::Database(error) => EvidenceError::Query(explained(connection, &error.to_string())),
                other => other,
            }
        })
    }
}

/// Whether an action only reads.
fn is_read(action: &AuthAction<'_>) -> bool {
    match action {
        AuthAction::Select | AuthAction::Recursive => true,
        AuthAction::Read { table_name, .. } => !table_name.starts_with("sqlite_"),
        AuthAction::Function { function_name } => !matches!(
            function_name.to_lowercase().as_str(),
            "load_extension" | "readfile" | "writefile" | "edit" | "fts3_tokenizer" | "randomblob" | "zeroblob"
        ),
        _ => false,
    }
}

fn select(connection: &Connection, sql: &str, limits: QueryLimits) -> Result<QueryOutput, EvidenceError> {
    let mut statement = match connection.prepare(sql) {
        Err(rusqlite::Error::MultipleStatement) => {
            return Err(EvidenceError::Query("there is more than one statement; give one SELECT".into()));
        }
        prepared => prepared?,
    };
    if statement.column_count() == 0 || !statement.readonly() {
        return Err(EvidenceError::Query("only one SELECT over the tables of evidence is allowed".into()));
    }
    let mut output =
        QueryOutput { columns: statement.column_names().map(str::to_owned).collect(), ..QueryOutput::default() };
    let mut bytes = 0;
    let mut rows = statement.raw_query();
    while let Some(row) = rows.next()? {
        let values: Vec<serde_json::Value> =
            (0..output.columns.len()).map(|at| Ok(json(row.get_ref(at)?))).collect::<rusqlite::Result<_>>()?;
        bytes += values.iter().map(|value| value.as_str().map_or(8, str::len)).sum::<usize>();
        if output.rows.len() == limits.rows || bytes > limits.bytes {
            output.more = true;
            break;
        }
        output.rows.push(values);
    }
    Ok(output)
}

/// SQLite's message with what there is: tables for an unknown table, columns for an unknown column.
fn explained(connection: &Connection, message: &str) -> String {
    let message = message.split(" in ").next().unwrap_or(message);
    let unknown = |prefix: &str| message.split_once(prefix).map(|(_, name)| name.trim().to_owned());
    let tables = names(connection);
    let hint = |wanted: &str, known: Vec<&str>| {
        let mut close = similar_names(wanted, known.iter().copied());
        close.dedup();
        if close.is_empty() { String::new() } else { format!("; did you mean {}?", close.join(" or ")) }
    };
    if let Some(name) = unknown("no such table: ") {
        let known: Vec<&str> = tables.iter().map(|(name, _)| name.as_str()).collect();
        return format!("there is no table {name}{}; the tables are: {}", hint(&name, known.clone()), known.join(", "));
    }
    if let Some(name) = unknown("no such column: ") {
        let column = name.rsplit('.').next().unwrap_or(&name).trim_matches('"').to_owned();
        let known: Vec<&str> = tables.iter().flat_map(|(_, columns)| columns).map(String::as_str).collect();
        let listed: Vec<String> =
            tables.iter().map(|(name, columns)| format!("{name} ({})", columns.join(", "))).collect();
        return format!("there is no column {name}{}; the tables are: {}", hint(&column, known), listed.join("; "));
    }
    format!("the query is wrong: {message}")
}

/// The tables with their columns: those of the schema that have rows, the others by name alone, then those of pages.
fn names(connection: &Connection) -> Vec<(String, Vec<String>)> {
    let columns = |name: &str| -> Vec<String> {
        let statement = connection.prepare(&format!("SELECT * FROM {} LIMIT 0", super::store::quoted(name)));
        statement.map(|s| s.column_names().map(str::to_owned).collect()).unwrap_or_default()
    };
    let own = TABLES.iter().map(|table| table.name.to_owned()).chain(["relation".to_owned()]);
    let pages: Vec<String> = connection
        .prepare("SELECT name FROM tables ORDER BY rowid")
        .and_then(|mut statement| statement.query_map([], |row| row.get(0))?.collect())
        .unwrap_or_default();
    own.chain(pages).map(|name| (name.clone(), columns(&name))).collect()
}
