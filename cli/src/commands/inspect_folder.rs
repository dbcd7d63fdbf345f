//! `argus models inspect FOLDER`: what a model of several graphs is, what it lacks, and the lines that make it Argus's own.

use std::{fmt::Write, path::Path, process::ExitCode};

use argus_tools::vision::folder::{FolderRecognition, Part, recognize_folder};
use owo_colors::OwoColorize;
use serde_json::json;

use crate::{commands::inspect::settings, printer::Printer};

/// Prints it. Exit code 1 if something is missing or wrong.
pub(crate) fn run(folder: &Path, as_json: bool, printer: &Printer) -> anyhow::Result<ExitCode> {
    let found = recognize_folder(folder)?;
    let lines = settings(folder, found.role, &found.settings);
    if as_json {
        let complete = found.is_complete();
        printer.json(&json!({"folder": folder, "recognized": found, "complete": complete, "settings": lines}));
    } else {
        printer.data(told(folder, &found, &lines).trim_end());
        for part in found.missing() {
            printer.warn(&format!("{} is missing: {}", part.name, part.what));
        }
        for problem in &found.problems {
            printer.warn(&format!("{}; {}", problem.what, problem.remedy));
        }
    }
    Ok(if found.is_complete() { ExitCode::SUCCESS } else { ExitCode::from(1) })
}

fn told(folder: &Path, found: &FolderRecognition, lines: &str) -> String {
    let others =
        if found.other_roles.is_empty() { String::new() } else { format!(" (or {})", found.other_roles.join(", ")) };
    let mut text = format!("{}  {}\n", folder.display().bold(), found.family);
    let _ = writeln!(text, "\n{}\n  {}{others}", "What it can be used for".underline(), found.role.bold());
    for (title, parts) in [("Graphs", &found.graphs), ("Files beside them", &found.files)] {
        if !parts.is_empty() {
            let _ = write!(text, "\n{}\n{}", title.underline(), listed(parts));
        }
    }
    let _ = write!(text, "\n{}\n{lines}", "For argus.toml".underline());
    text
}

fn listed(parts: &[Part]) -> String {
    let mut text = String::new();
    for part in parts {
        let file = part.file.as_deref().unwrap_or("missing");
        let _ = writeln!(text, "  {}  {file}; {}", part.name.bold(), part.what);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_there_is_and_what_is_missing_is_told_with_lines_to_paste() {
        let part = |name, what, file: Option<&str>| Part { name, what, file: file.map(str::to_owned) };
        let found = FolderRecognition {
            role: "caption",
            other_roles: vec!["handwriting"],
            family: "ViT-GPT2",
            graphs: vec![
                part("encoder_model", "takes pixel_values", Some("onnx/encoder_model_fp16.onnx")),
                part("decoder_model_merged", "writes the text", None),
            ],
            files: vec![part("tokenizer.json", "how words become numbers", Some("tokenizer.json"))],
            problems: Vec::new(),
            settings: Vec::new(),
        };
        let folder = Path::new("models/My Captioner");
        let lines = settings(folder, found.role, &found.settings);
        assert_eq!(lines, "[models.my-captioner]\nrole = \"caption\"\nfile = \"models/My Captioner\"\n");
        let text = told(folder, &found, &lines);
        for part in [
            "ViT-GPT2\n",
            " (or handwriting)\n",
            "onnx/encoder_model_fp16.onnx; takes pixel_values\n",
            "missing; writes the text\n",
            "tokenizer.json; how words become numbers\n",
            "[models.my-captioner]\n",
        ] {
            assert!(text.contains(part), "{part}: {text}");
        }
        assert!(!found.is_complete());
    }
}
