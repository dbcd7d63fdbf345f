//! `argus query SQL IMAGE...`: what is seen, asked by SQL, without any LLM.

use std::{path::Path, process::ExitCode, time::Duration};

use argus_tools::evidence::{EvidenceError, QueryLimits, QueryOutput, schema};
use serde_json::{Map, Value};
use unicode_width::UnicodeWidthStr;

use super::look::see;
use crate::{
    arguments::{Global, QueryCommand},
    printer::{Printer, UsageError},
    records::{parquet::write_rows, table::Kind},
    setup::Setup,
};

/// Runs the tools that the query's tables need, then the query.
pub(crate) async fn run(command: QueryCommand, global: &Global, printer: &Printer) -> anyhow::Result<ExitCode> {
    if command.markdown {
        printer.data(schema::markdown().trim_end());
        return Ok(ExitCode::SUCCESS);
    }
    let sql = command.sql.unwrap_or_default();
    let write = command.out.as_deref().map(format_of).transpose()?;
    let setup = Setup::new(global, &[], printer)?;
    let entries = setup.load_images(&command.images).await?;
    setup.cx.images.record_images()?;
    for tool in schema::tools_for(&sql) {
        for entry in &entries {
            see(&setup, tool, entry, printer).await?;
        }
    }
    let limits = QueryLimits { time: Duration::from_secs(30), rows: command.rows, bytes: 256 << 20 };
    let output = setup.cx.images.evidence().query(&sql, limits).map_err(|error| match error {
        EvidenceError::Query(why) => {
            anyhow::Error::from(UsageError::new(why, "docs/evidence.md lists the tables and their columns"))
        }
        other => other.into(),
    })?;
    if output.more {
        printer.warn(&format!("there are more than {} rows; --rows N gives more", output.rows.len()));
    }
    match (command.out.as_deref().zip(write), command.json, command.csv) {
        (Some((file, format)), ..) => {
            write_file(file, format, &output)?;
            printer.note(&format!("{} rows: {}", output.rows.len(), file.display()));
        }
        (None, true, _) => printer.json(&objects(&output)),
        (None, _, true) => printer.data(String::from_utf8(csv(&output)?)?.trim_end()),
        (None, ..) => printer.data(&aligned(&output)),
    }
    Ok(ExitCode::SUCCESS)
}

/// What rows are written as.
#[derive(Clone, Copy)]
enum Format {
    Csv,
    Json,
    Parquet,
}

fn format_of(file: &Path) -> Result<Format, UsageError> {
    match file.extension().unwrap_or_default().to_string_lossy().to_lowercase().as_str() {
        "csv" => Ok(Format::Csv),
        "json" => Ok(Format::Json),
        "parquet" => Ok(Format::Parquet),
        ending => Err(UsageError::new(
            format!("--out {}: the ending \"{ending}\" is no format of rows", file.display()),
            "give a file that ends in .csv, .json or .parquet",
        )),
    }
}

fn write_file(file: &Path, format: Format, output: &QueryOutput) -> anyhow::Result<()> {
    if let Some(folder) = file.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        fs_err::create_dir_all(folder)?;
    }
    match format {
        Format::Csv => fs_err::write(file, csv(output)?)?,
        Format::Json => fs_err::write(file, serde_json::to_vec_pretty(&objects(output))?)?,
        Format::Parquet => {
            let columns: Vec<(&str, Kind)> =
                output.columns.iter().enumerate().map(|(at, name)| (name.as_str(), kind(output, at))).collect();
            write_rows(file, &columns, &output.rows, Vec::clone)?;
        }
    }
    Ok(())
}

/// What all values of a column are.
fn kind(output: &QueryOutput, at: usize) -> Kind {
    let all = |is: fn(&Value) -> bool| output.rows.iter().map(|row| &row[at]).all(|value| value.is_null() || is(value));
    if all(Value::is_i64) {
        Kind::Integer
    } else if all(Value::is_number) {
        Kind::Number
    } else {
        Kind::Text
    }
}

fn objects(output: &QueryOutput) -> Value {
    let object = |row: &Vec<Value>| -> Value {
        Value::Object(output.columns.iter().cloned().zip(row.iter().cloned()).collect::<Map<_, _>>())
    };
    output.rows.iter().map(object).collect()
}

fn text(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

fn csv(output: &QueryOutput) -> anyhow::Result<Vec<u8>> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(&output.columns)?;
    for row in &output.rows {
        writer.write_record(row.iter().map(text))?;
    }
    Ok(writer.into_inner().map_err(csv::IntoInnerError::into_error)?)
}

/// Rows in columns; numbers stand to the right.
fn aligned(output: &QueryOutput) -> String {
    let cells: Vec<Vec<String>> = std::iter::once(output.columns.clone())
        .chain(output.rows.iter().map(|row| row.iter().map(|value| text(value).replace('\n', " ")).collect()))
        .collect();
    let widths: Vec<usize> =
        (0..output.columns.len()).map(|at| cells.iter().map(|row| row[at].width()).max().unwrap_or(0)).collect();
    let line = |row: &Vec<String>| {
        let columns = row.iter().enumerate().map(|(at, cell)| {
            let pad = " ".repeat(widths[at] - cell.width());
            if matches!(kind(output, at), Kind::Text) { format!("{cell}{pad}") } else { format!("{pad}{cell}") }
        });
        columns.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    cells.iter().map(line).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_of_evidence_is_that_of_the_schema() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/evidence.md");
        let page = fs_err::read_to_string(path).unwrap_or_default();
        let fresh = schema::markdown();
        assert!(
            page.trim_end() == fresh.trim_end(),
            "renew it with `cargo run -- query --markdown > docs/evidence.md`"
        );
    }

    #[test]
    fn rows_are_aligned_and_written_as_csv() {
        let output = QueryOutput {
            columns: vec!["label".into(), "n".into()],
            rows: vec![vec!["cup".into(), 12.into()], vec!["猫".into(), Value::Null]],
            more: false,
        };
        assert_eq!(aligned(&output), "label   n\ncup    12\n猫");
        assert_eq!(csv(&output).ok().as_deref(), Some(&b"label,n\ncup,12\n\xe7\x8c\xab,\n"[..]));
    }
}
