//! Records of a batch's items in a file: JSON lines, CSV or Parquet.

pub(crate) mod parquet;
pub(crate) mod table;

use std::{
    io::{BufWriter, Write},
    path::{Path, PathBuf},
};

use anyhow::Context;
use argus_workflows::{ItemRecord, Workflow};

use self::table::Table;
use crate::printer::{Printer, UsageError};

/// Takes records one by one.
pub(crate) enum Records {
    /// A JSON object a line.
    Lines(Box<dyn Write>),
    /// A row with a column for each input and output.
    Csv(Box<csv::Writer<BufWriter<std::fs::File>>>, Table),
    /// The same in columns, written when all rows are there.
    Parquet(PathBuf, Table, Vec<ItemRecord>),
}

impl Records {
    /// A writer of the format that the file's ending names; without a file, JSON lines on standard output.
    pub(crate) fn open(file: Option<&Path>, workflow: &Workflow, printer: &Printer) -> anyhow::Result<Self> {
        let Some(path) = file else { return Ok(Self::Lines(printer.lines())) };
        let ending = path.extension().unwrap_or_default().to_string_lossy().to_lowercase();
        if !matches!(ending.as_str(), "jsonl" | "ndjson" | "csv" | "parquet") {
            return Err(UsageError::new(
                format!("--out {}: the ending \"{ending}\" is no format of records", path.display()),
                "give a file that ends in .jsonl, .csv or .parquet",
            )
            .into());
        }
        if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            fs_err::create_dir_all(folder)?;
        }
        if ending == "parquet" {
            return Ok(Self::Parquet(path.to_owned(), Table::of(workflow), Vec::new()));
        }
        let file = BufWriter::new(fs_err::File::create(path)?.into_parts().0);
        if ending == "csv" {
            let table = Table::of(workflow);
            let mut writer = csv::Writer::from_writer(file);
            writer.write_record(table.names())?;
            writer.flush()?;
            return Ok(Self::Csv(Box::new(writer), table));
        }
        Ok(Self::Lines(Box::new(file)))
    }

    /// Takes a record. Lines and rows are handed to the system at once, so that a reader sees them.
    pub(crate) fn take(&mut self, record: ItemRecord) -> anyhow::Result<()> {
        match self {
            Self::Lines(out) => {
                let mut line = serde_json::to_vec(&record)?;
                line.push(b'\n');
                match out.write_all(&line).and_then(|()| out.flush()) {
                    // Whoever read it has what he wanted.
                    Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
                    other => other.context("a record cannot be written"),
                }
            }
            Self::Csv(writer, table) => {
                writer.write_record(table.row(&record).iter().map(table::text))?;
                writer.flush().context("a record cannot be written")
            }
            Self::Parquet(_, _, rows) => {
                rows.push(record);
                Ok(())
            }
        }
    }

    /// Writes what waits.
    pub(crate) fn finish(self) -> anyhow::Result<()> {
        match self {
            Self::Parquet(path, table, rows) => {
                parquet::write(&path, &table, &rows).with_context(|| format!("{} cannot be written", path.display()))
            }
            _ => Ok(()),
        }
    }
}
