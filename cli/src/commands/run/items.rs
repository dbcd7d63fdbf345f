//! What `--each` names: the items of a batch.

use std::path::Path;

use anyhow::Context;
use argus_workflows::{Workflow, matching};
use serde_json::{Map, Value};

use crate::printer::UsageError;

/// The inputs of each item: those of `--each` over those that all have.
pub(crate) fn items(
    each: &str,
    fixed: &Map<String, Value>,
    workflow: &Workflow,
) -> anyhow::Result<Vec<Map<String, Value>>> {
    let ending = Path::new(each).extension().unwrap_or_default().to_string_lossy().to_lowercase();
    let rows = match each.split_once('=') {
        Some((name, pattern)) if !name.contains(['/', '.', '\\']) => by_pattern(name, pattern)?,
        _ if ending == "csv" => by_csv(each)?,
        _ if matches!(ending.as_str(), "jsonl" | "ndjson") => by_lines(each)?,
        _ => {
            return Err(UsageError::new(
                format!("--each {each} is neither NAME=PATTERN nor a .csv or .jsonl file"),
                "such as --each image='photos/*.jpg' or --each rows.csv",
            )
            .into());
        }
    };
    if rows.is_empty() {
        return Err(
            UsageError::new(format!("--each {each} gives no items"), "nothing matches, or the file is empty").into()
        );
    }
    let known = &workflow.definition().inputs;
    if let Some(name) = rows.iter().flat_map(Map::keys).find(|name| !known.contains_key(*name)) {
        let names: Vec<&str> = known.keys().map(String::as_str).collect();
        let message = format!("--each {each}: {} has no input \"{name}\"", workflow.name());
        return Err(UsageError::new(message, format!("its inputs are {}", names.join(", "))).into());
    }
    Ok(rows
        .into_iter()
        .map(|row| {
            let mut item = fixed.clone();
            item.extend(row);
            item
        })
        .collect())
}

fn by_pattern(name: &str, pattern: &str) -> anyhow::Result<Vec<Map<String, Value>>> {
    let paths = matching(pattern).map_err(|message| UsageError { message, hint: None })?;
    Ok(paths.into_iter().map(|path| Map::from_iter([(name.to_owned(), path.into())])).collect())
}

fn by_csv(file: &str) -> anyhow::Result<Vec<Map<String, Value>>> {
    let text = fs_err::read(file)?;
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::Headers).from_reader(text.as_slice());
    let header = reader.headers().with_context(|| format!("{file} is no CSV"))?.clone();
    let mut rows = Vec::new();
    for row in reader.records() {
        let row = row.with_context(|| format!("{file} is no CSV"))?;
        // An empty cell is an input that is not given.
        let cells = header.iter().zip(row.iter()).filter(|(_, cell)| !cell.is_empty());
        rows.push(cells.map(|(name, cell)| (name.to_owned(), cell.into())).collect());
    }
    Ok(rows)
}

fn by_lines(file: &str) -> anyhow::Result<Vec<Map<String, Value>>> {
    let text = fs_err::read_to_string(file)?;
    let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    lines
        .map(|(at, line)| {
            serde_json::from_str(line).with_context(|| format!("{file}, line {}: this is no JSON object", at + 1))
        })
        .collect()
}
