//! Recorded exchanges: a reader for the flat YAML that they are kept in.

use std::path::{Path, PathBuf};

use serde_json::Value;

/// One request and its answer.
#[derive(Debug, Default)]
pub(super) struct Exchange {
    pub(super) path: String,
    /// Of the request.
    pub(super) asked: Value,
    pub(super) status: u16,
    /// Of the answer.
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: String,
}

/// The files, in order; `None` where there are none on this machine.
pub(super) fn files() -> Option<Vec<PathBuf>> {
    let shared = std::env::var_os("ARGUS_SHARED").map(PathBuf::from);
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared");
    let folder = [shared, Some(beside)].into_iter().flatten().find_map(|shared| {
        [shared.join("data/wire"), shared.join("wire")].into_iter().find(|folder| folder.is_dir())
    })?;
    let entries = fs_err::read_dir(folder).unwrap();
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "yaml"));
    files.sort();
    Some(files)
}

/// All exchanges of a file. What the reader does not know is an error, so that nothing is skipped.
pub(super) fn read(path: &Path) -> Vec<Exchange> {
    let text = fs_err::read_to_string(path).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    lines.split(|line| *line == "---").map(exchange).collect()
}

fn exchange(lines: &[&str]) -> Exchange {
    let (mut exchange, mut answer, mut name) = (Exchange::default(), false, String::new());
    let mut at = 0;
    while at < lines.len() {
        let line = lines[at];
        at += 1;
        let (key, value) = line.trim_start_matches([' ', '-']).split_once(':').unwrap_or((line, ""));
        match (key, value.trim_start()) {
            ("when", "") => answer = false,
            ("then", "") => answer = true,
            ("path", value) => value.clone_into(&mut exchange.path),
            ("status", value) => exchange.status = value.parse().unwrap(),
            ("name", value) => name = scalar(value),
            ("value", value) if answer => exchange.headers.push((std::mem::take(&mut name), scalar(value))),
            ("body", value) => {
                let body = if value.starts_with('|') { block(lines, &mut at, value) } else { scalar(value) };
                if answer {
                    exchange.body = body;
                } else {
                    exchange.asked = serde_json::from_str(&body).unwrap();
                }
            }
            ("value" | "method" | "header", _) | ("query_param", "[]") => {}
            _ => panic!("not read: {line}"),
        }
    }
    assert!(exchange.status > 0 && !exchange.body.is_empty() && exchange.asked.is_object());
    exchange
}

/// A plain or single-quoted scalar of one line.
fn scalar(text: &str) -> String {
    let Some(quoted) = text.strip_prefix('\'') else {
        assert!(!text.starts_with(['"', '>', '&', '*', '[', '{']), "not read: {text}");
        return text.to_owned();
    };
    quoted.strip_suffix('\'').unwrap().replace("''", "'")
}

/// A literal block: what is indented by four, with the blank lines between.
fn block(lines: &[&str], at: &mut usize, style: &str) -> String {
    let mut text = String::new();
    while let Some(line) = lines.get(*at).filter(|line| line.is_empty() || line.starts_with("    ")) {
        text.push_str(line.strip_prefix("    ").unwrap_or_default());
        text.push('\n');
        *at += 1;
    }
    match style {
        "|+" => text,
        "|" => format!("{}\n", text.trim_end_matches('\n')),
        "|-" => text.trim_end_matches('\n').to_owned(),
        _ => panic!("not read: {style}"),
    }
}
