//! `argus models inspect FILE.onnx`: what a model file is and what Argus can use it for.

use std::{fmt::Write, path::Path, process::ExitCode};

use argus_tools::{
    onnx::{FileTensor, ModelFile},
    vision::recognize::{Recognition, Setting, recognize},
};
use owo_colors::OwoColorize;
use serde_json::json;

use crate::{commands::inspect_folder, human_bytes::human_bytes, printer::Printer};

/// Prints it; of a folder the models in it together. Exit code 1 if something keeps the model from running.
pub(crate) fn run(path: &Path, as_json: bool, printer: &Printer) -> anyhow::Result<ExitCode> {
    if path.is_dir() {
        return inspect_folder::run(path, as_json, printer);
    }
    let file = ModelFile::read(path)?;
    let recognized = recognize(&file.signature());
    let found = recognized.as_deref().unwrap_or_default();
    let lines = found.first().map(|first| settings(&file.path, first.role, &first.settings));
    if as_json {
        let mut value = serde_json::to_value(&file)?;
        value["recognized"] = json!(found);
        let refused = recognized.as_ref().err().map(Vec::as_slice).unwrap_or_default();
        value["not_recognized"] = refused.iter().map(|(role, why)| json!({ "role": role, "why": why })).collect();
        value["settings"] = json!(lines);
        printer.json(&value);
    } else {
        let mut text = header(&file);
        match &recognized {
            Ok(found) => text.push_str(&uses(found)),
            Err(refused) => text.push_str(&no_use(refused)),
        }
        if let Some(lines) = &lines {
            let _ = write!(text, "\n{}\n{lines}", "For argus.toml".underline());
        }
        printer.data(text.trim_end());
        for problem in &file.problems {
            printer.warn(&format!("{}; {}", problem.what, problem.remedy));
        }
    }
    Ok(if file.problems.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(1) })
}

fn header(file: &ModelFile) -> String {
    let opsets: Vec<String> = file.opsets.iter().map(|(domain, version)| format!("{domain} {version}")).collect();
    let by = if file.producer.is_empty() { String::new() } else { format!(", written by {}", file.producer) };
    let mut text = format!("{}  {}{by}\n", file.path.display().bold(), human_bytes(file.bytes));
    let _ = writeln!(
        text,
        "ONNX format {}, operators {}; {} operations, {} constants",
        file.ir_version,
        if opsets.is_empty() { "of no version".into() } else { opsets.join(", ") },
        file.nodes,
        file.constants
    );
    for (title, tensors) in [("Inputs", &file.inputs), ("Outputs", &file.outputs)] {
        let _ = writeln!(text, "\n{}", title.underline());
        for tensor in tensors {
            let _ = writeln!(text, "  {}  {} {}", tensor.name.bold(), tensor.element, shape(tensor));
        }
        if tensors.is_empty() {
            text.push_str("  none\n");
        }
    }
    if !file.metadata.is_empty() {
        let _ = writeln!(text, "\n{}", "Metadata".underline());
        for (key, value) in &file.metadata {
            let _ = writeln!(text, "  {}  {}", key.bold(), brief(value));
        }
    }
    if !file.external.is_empty() {
        let _ = writeln!(text, "\n{}", "Weights in other files".underline());
        for data in &file.external {
            let found = data.found.map_or_else(|| "missing".to_owned(), human_bytes);
            let _ = writeln!(text, "  {}  {found}", data.location);
        }
    }
    if !file.foreign_operators.is_empty() {
        let _ = writeln!(text, "\n{}", "Operators that are not ONNX's own".underline());
        for (domain, names) in &file.foreign_operators {
            let _ = writeln!(text, "  {}  {}", domain.bold(), brief(&names.join(", ")));
        }
    }
    text
}

fn uses(found: &[Recognition]) -> String {
    let mut text = format!("\n{}\n", "What it can be used for".underline());
    for one in found {
        let size = one.size.map_or_else(|| "any size".into(), |[width, height]| format!("{width} x {height} pixels"));
        let _ = writeln!(text, "  {}  {}, {size}", one.role.bold(), one.family);
        if !one.labels.is_empty() {
            let _ = writeln!(text, "    {} classes: {}", one.labels.len(), brief(&one.labels.join(", ")));
        }
        for missing in one.settings.iter().filter(|setting| !setting.why.is_empty()) {
            let _ = writeln!(text, "    {}: {}", missing.key, missing.why);
        }
    }
    text
}

fn no_use(refused: &[(&'static str, String)]) -> String {
    let mut text = format!("\n{}\n", "No tool of Argus can use it".underline());
    for (role, why) in refused {
        let _ = writeln!(text, "  {}  {why}", role.bold());
    }
    text
}

/// The table that makes it the first choice of its role. What is not needed is commented out.
pub(super) fn settings(path: &Path, role: &str, settings: &[Setting]) -> String {
    // What follows a dot in the name of a folder is no ending.
    let stem = if path.is_dir() { path.file_name() } else { path.file_stem() };
    let stem = stem.map(|stem| stem.to_string_lossy().to_lowercase()).unwrap_or_default();
    let id: String = stem.chars().map(|c| if c.is_ascii_alphanumeric() || c == '_' { c } else { '-' }).collect();
    let file = toml::Value::String(path.display().to_string());
    let mut text =
        format!("[models.{}]\nrole = \"{}\"\nfile = {file}\n", if id.is_empty() { "mine" } else { &id }, role);
    for setting in settings {
        let mark = if setting.needed { "" } else { "# " };
        let why = if setting.why.is_empty() { String::new() } else { format!("  # {}", setting.why) };
        let _ = writeln!(text, "{mark}{} = {}{why}", setting.key, setting.value);
    }
    text
}

/// `[1, 3, height, 640]`
fn shape(tensor: &FileTensor) -> String {
    let Some(dims) = &tensor.shape else { return "of unknown shape".into() };
    let dims: Vec<String> = dims.iter().map(ToString::to_string).collect();
    format!("[{}]", dims.join(", "))
}

/// One line of at most 100 characters; files from elsewhere hold anything.
fn brief(text: &str) -> String {
    const LONGEST: usize = 100;
    let line: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    let count = line.chars().count();
    if count <= LONGEST {
        line
    } else {
        format!("{}... ({count} characters)", line.chars().take(LONGEST).collect::<String>())
    }
}
