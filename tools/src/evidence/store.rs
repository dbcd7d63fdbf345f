//! The evidence of a session: an SQLite database in memory, opened at its first use.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use indexmap::{IndexMap, IndexSet};
use rusqlite::{Connection, functions::FunctionFlags, params_from_iter, types::ToSqlOutput};

use super::{
    EvidenceError, Row, Rows, Value,
    schema::{COMMON, RELATION_SQL, TABLES, table},
};
use crate::document::{ColumnKind, PageCell, PageTable};

/// What tools saw in the images of a session. Clones share one database.
#[derive(Clone, Default)]
pub struct Evidence {
    inner: Arc<Mutex<Inner>>,
}

#[derive(Default)]
pub(super) struct Inner {
    connection: Option<Connection>,
    /// The tables on the pages, by the name of the table that holds their rows, with their image.
    pages: IndexMap<String, (String, PageTable)>,
    /// Which tool looked at the whole of which image.
    looked: IndexSet<(String, String)>,
}

impl rusqlite::ToSql for Value {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        match self {
            Self::Null => Ok(ToSqlOutput::from(rusqlite::types::Null)),
            Self::Integer(number) => Ok(ToSqlOutput::from(*number)),
            Self::Real(number) => Ok(ToSqlOutput::from(*number)),
            Self::Text(text) => Ok(ToSqlOutput::from(text.as_str())),
        }
    }
}

impl Evidence {
    /// Without any rows.
    pub fn new() -> Self {
        Self::default()
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Stores what a tool saw in an image. A row with the key of an older one replaces it.
    pub fn record(&self, image: &str, tool: &str, model: &str, rows: Rows) -> Result<(), EvidenceError> {
        if rows.is_empty() {
            return Ok(());
        }
        let mut inner = self.lock();
        let transaction = inner.open()?.transaction()?;
        for row in &rows.rows {
            insert(&transaction, image, tool, model, row)?;
        }
        transaction.commit()?;
        match rows.tables {
            Some(tables) => inner.set_tables(image, tool, model, tables),
            None => Ok(()),
        }
    }

    /// Notes that a tool looked at the whole of an image, whatever it found.
    pub(crate) fn note_look(&self, image: &str, tool: &str) {
        self.lock().looked.insert((image.to_owned(), tool.to_owned()));
    }

    /// Whether a tool looked at the whole of an image.
    pub fn has_looked(&self, image: &str, tool: &str) -> bool {
        self.lock().looked.contains(&(image.to_owned(), tool.to_owned()))
    }

    /// The tables that are on the pages of these images, each with the name of its rows and its image.
    pub fn page_tables(&self) -> Vec<(String, String, PageTable)> {
        self.lock().pages.iter().map(|(name, (image, table))| (name.clone(), image.clone(), table.clone())).collect()
    }

    /// The rows of a statement of our own, as JSON objects.
    pub(crate) fn select(&self, sql: &str, parameters: &[&str]) -> Result<Vec<serde_json::Value>, EvidenceError> {
        let mut inner = self.lock();
        let connection = inner.open()?;
        let mut statement = connection.prepare_cached(sql)?;
        let names: Vec<String> = statement.column_names().map(str::to_owned).collect();
        let mut rows = statement.query(params_from_iter(parameters))?;
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            let mut object = serde_json::Map::new();
            for (at, name) in names.iter().enumerate() {
                object.insert(name.clone(), json(row.get_ref(at)?));
            }
            found.push(serde_json::Value::Object(object));
        }
        Ok(found)
    }
}

/// A value of the database as JSON.
pub(super) fn json(value: rusqlite::types::ValueRef<'_>) -> serde_json::Value {
    use rusqlite::types::ValueRef;
    match value {
        ValueRef::Null => serde_json::Value::Null,
        ValueRef::Integer(number) => number.into(),
        ValueRef::Real(number) => serde_json::Number::from_f64(number).map_or(serde_json::Value::Null, Into::into),
        ValueRef::Text(text) => String::from_utf8_lossy(text).into_owned().into(),
        ValueRef::Blob(bytes) => format!("{} bytes", bytes.len()).into(),
    }
}

impl Inner {
    /// The database with its tables.
    pub(super) fn open(&mut self) -> Result<&mut Connection, EvidenceError> {
        if self.connection.is_none() {
            let connection = Connection::open_in_memory()?;
            // The bundled library has no mathematics of its own.
            let flags = FunctionFlags::SQLITE_DETERMINISTIC | FunctionFlags::SQLITE_UTF8;
            connection.create_scalar_function("sqrt", 1, flags, |context| {
                Ok(context.get::<Option<f64>>(0)?.map(f64::sqrt))
            })?;
            let mut sql = String::new();
            for table in TABLES {
                sql.push_str(&table.sql());
                sql.push_str(";\n");
            }
            sql.push_str(RELATION_SQL);
            connection.execute_batch(&sql)?;
            self.connection = Some(connection);
        }
        self.connection.as_mut().ok_or(EvidenceError::Closed)
    }

    /// Replaces the tables of an image.
    fn set_tables(
        &mut self,
        image: &str,
        tool: &str,
        model: &str,
        tables: Vec<PageTable>,
    ) -> Result<(), EvidenceError> {
        let old: Vec<String> =
            self.pages.iter().filter(|(_, (of, _))| of == image).map(|(name, _)| name.clone()).collect();
        let page =
            image.rsplit('-').next().filter(|number| number.bytes().all(|b| b.is_ascii_digit())).unwrap_or(image);
        let named: Vec<(String, PageTable)> = tables
            .into_iter()
            .enumerate()
            .map(|(at, table)| (format!("page_{page}_table_{}", at + 1), table))
            .collect();
        let transaction = self.open()?.transaction()?;
        for name in &old {
            transaction.execute(&format!("DROP TABLE IF EXISTS {}", quoted(name)), [])?;
        }
        transaction.execute("DELETE FROM tables WHERE image = ?1", [image])?;
        for (name, table) in &named {
            create(&transaction, name, table)?;
            insert(&transaction, image, tool, model, &listed(name, table))?;
        }
        transaction.commit()?;
        self.pages.retain(|name, _| !old.contains(name));
        self.pages.extend(named.into_iter().map(|(name, table)| (name, (image.to_owned(), table))));
        Ok(())
    }
}

fn insert(connection: &Connection, image: &str, tool: &str, model: &str, row: &Row) -> Result<(), EvidenceError> {
    let own = table(row.table).ok_or_else(|| EvidenceError::Unknown(row.table.to_owned()))?;
    let mut names = Vec::new();
    let mut values: Vec<Value> = Vec::new();
    for column in own.all_columns() {
        let given = row.values.iter().find(|(name, _)| *name == column.name).map(|(_, value)| value.clone());
        let common = match column.name {
            "image" => Some(image),
            "tool" => Some(tool),
            "model" => Some(model),
            _ => None,
        };
        if let Some(value) = given.or_else(|| common.map(Value::from)) {
            names.push(quoted(column.name));
            values.push(value);
        }
    }
    if let Some((stray, _)) = row.values.iter().find(|(name, _)| own.all_columns().all(|column| column.name != *name)) {
        return Err(EvidenceError::Unknown(format!("{}.{stray}", row.table)));
    }
    let places: Vec<String> = (1..=values.len()).map(|at| format!("?{at}")).collect();
    let common: Vec<String> = COMMON.iter().map(|column| quoted(column.name)).collect();
    let told = names.iter().filter(|name| !common.contains(name));
    let update: Vec<String> = told.map(|name| format!("{name} = excluded.{name}")).collect();
    let key: Vec<String> = own.key.iter().map(|name| quoted(name)).collect();
    // Columns that this output says nothing of keep what an earlier one said.
    let sql = format!(
        "INSERT INTO {} ({}) VALUES ({}) ON CONFLICT ({}) DO UPDATE SET {}",
        quoted(row.table),
        names.join(", "),
        places.join(", "),
        key.join(", "),
        update.join(", ")
    );
    connection.prepare_cached(&sql)?.execute(params_from_iter(values))?;
    Ok(())
}

/// A name as SQL takes it, whatever stands in it.
pub(super) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

fn listed(name: &str, table: &PageTable) -> Row {
    let columns: serde_json::Map<String, serde_json::Value> =
        table.columns.iter().map(|column| (column.name.clone(), kind_name(column.kind).into())).collect();
    Row {
        table: "tables",
        values: vec![
            ("name", name.into()),
            ("title", table.title.clone().into()),
            ("rows", table.rows.len().into()),
            ("columns", serde_json::Value::Object(columns).to_string().into()),
        ],
    }
}

/// The name of a kind of column.
pub(super) fn kind_name(kind: ColumnKind) -> &'static str {
    match kind {
        ColumnKind::Text => "text",
        ColumnKind::Number => "number",
        ColumnKind::Money => "money",
        ColumnKind::Time => "time",
        ColumnKind::Date => "date",
    }
}

/// Columns that SQLite takes at most, besides ours.
const MOST_COLUMNS: usize = 1500;

/// Makes the table with the rows of one on a page.
fn create(connection: &Connection, name: &str, table: &PageTable) -> Result<(), EvidenceError> {
    let columns = &table.columns[..table.columns.len().min(MOST_COLUMNS)];
    let declared: Vec<String> = columns
        .iter()
        .map(|column| {
            let numeric = matches!(column.kind, ColumnKind::Number | ColumnKind::Money);
            format!("{} {}", quoted(&column.name), if numeric { "REAL" } else { "TEXT" })
        })
        .collect();
    let own = ["\"_row\" INTEGER".to_owned(), "\"_summary\" INTEGER".to_owned()];
    let all: Vec<String> = declared.into_iter().chain(own).collect();
    connection.execute(&format!("CREATE TABLE {} ({})", quoted(name), all.join(", ")), [])?;
    let places: Vec<String> = (1..=all.len()).map(|at| format!("?{at}")).collect();
    let mut statement = connection.prepare(&format!("INSERT INTO {} VALUES ({})", quoted(name), places.join(", ")))?;
    for (at, row) in table.rows.iter().enumerate() {
        let mut values: Vec<Value> =
            columns.iter().enumerate().map(|(at, column)| stored(row.cells.get(at), column.kind)).collect();
        values.push((at + 1).into());
        values.push(usize::from(row.summary).into());
        statement.execute(params_from_iter(values))?;
    }
    Ok(())
}

/// What a cell is in the database: of a typed column its value, else, and where it has none, its text.
fn stored(cell: Option<&PageCell>, kind: ColumnKind) -> Value {
    let Some(cell) = cell.filter(|cell| !cell.text.is_empty()) else { return Value::Null };
    let typed = match kind {
        ColumnKind::Number | ColumnKind::Money => cell.number.map(Value::Real),
        ColumnKind::Date => cell.date.clone().map(Value::Text),
        ColumnKind::Time => cell.minutes.map(|minutes| Value::Text(clock(minutes))),
        ColumnKind::Text => None,
    };
    typed.unwrap_or_else(|| cell.text.as_str().into())
}

/// Minutes of the day as `HH:MM`, with seconds where there are some.
fn clock(minutes: f64) -> String {
    let seconds = (minutes * 60.0).round() as u64;
    let (hours, rest) = (seconds / 3600, seconds % 3600);
    match rest % 60 {
        0 => format!("{hours:02}:{:02}", rest / 60),
        seconds => format!("{hours:02}:{:02}:{seconds:02}", rest / 60),
    }
}
