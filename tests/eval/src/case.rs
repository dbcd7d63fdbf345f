//! Cases: what is asked about which pictures, and what a right answer holds.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use argus_tools::tool::Toolbox;
use serde::{Deserialize, Serialize};

use crate::{Scoring, Shared};

/// A picture of a case.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum CaseImage {
    /// A sample picture by its name.
    Sample(String),
    /// A file.
    Path(PathBuf),
    /// One of the shared data, by its name there, that is not on this machine.
    Absent(String),
    /// An empty picture of this width and height, so that a handle exists.
    Blank(u32, u32),
}

/// One task with pictures, ready to be run and scored.
pub struct Case {
    /// Unique in its set.
    pub id: String,
    /// The kind of task, for the table.
    pub kind: String,
    /// The pictures, in order of their handles.
    pub images: Vec<CaseImage>,
    /// What is asked.
    pub task: String,
    /// What a right run does and says.
    pub scoring: Scoring,
    /// The tools that a right run calls; empty: none is needed; `None`: not scored.
    pub tools: Option<Vec<String>>,
    /// Makes tools of the case's own, in place of the agent's, anew for each run.
    pub toolbox: Option<MakeToolbox>,
    /// Whether the first call says it all: the run is ended there.
    pub first_call_decides: bool,
}

/// Makes the tools of one run.
pub type MakeToolbox = Arc<dyn Fn() -> Toolbox + Send + Sync>;

impl Case {
    /// Whether all its pictures can be had; a case with an absent one is skipped.
    pub fn is_whole(&self) -> bool {
        !self.images.iter().any(|image| matches!(image, CaseImage::Absent(_)))
    }

    /// What is expected, in words for a report.
    pub fn expected(&self) -> String {
        self.scoring.describe()
    }
}

/// What a right answer holds. Every given part must be met. Text is compared without case, punctuation and typography, by
/// whole words; numbers by value, `two` like 2. An entry of a list may hold alternatives with `|`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Expect {
    /// Each occurs in the answer.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub all: Vec<String>,
    /// At least one occurs.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub any: Vec<String>,
    /// None occurs.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub none: Vec<String>,
    /// A number of the answer is this one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub number: Option<NumberSpec>,
    /// The answer says yes (true) or no (false).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub yes: Option<bool>,
    /// A picture was made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub made: Option<Made>,
    /// No tool was called.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub no_tools: bool,
    /// The answer says that it cannot be told.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub refuses: bool,
}

/// A number that an answer must hold.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Serialize)]
#[serde(untagged, deny_unknown_fields, expecting = "number is a number or {\"value\": x, \"tolerance\": y}")]
pub enum NumberSpec {
    /// This very number.
    Exact(f64),
    /// One near it.
    Near {
        /// The number.
        value: f64,
        /// The largest difference.
        tolerance: f64,
    },
}

/// A picture that must have been made.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(untagged, expecting = "made is true, false or {\"op\": TOOL, \"region\": [x1, y1, x2, y2], \"args\": {}}")]
pub enum Made {
    /// Any (true), or none at all (false).
    Any(bool),
    /// One by this operation.
    By(MadeSpec),
}

/// How a picture must have been made.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct MadeSpec {
    /// The tool, or tool and part (`segment.cutout`).
    pub op: String,
    /// Where in the picture it was cut out, `[x1, y1, x2, y2]` in pixels: the IoU with the argument `region` is at least 0.5.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<[f32; 4]>,
    /// Arguments that it was made with, among others.
    #[serde(default, skip_serializing_if = "serde_json::Map::is_empty")]
    pub args: serde_json::Map<String, serde_json::Value>,
}

/// A case file that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum CaseError {
    /// The file cannot be read.
    #[error("the cases cannot be read")]
    Read(#[from] std::io::Error),
    /// A line is wrong.
    #[error("{file}, line {line}: {why}")]
    Line {
        /// The file's name.
        file: String,
        /// The line, from 1.
        line: usize,
        /// What is wrong with it and what would be right.
        why: String,
    },
    /// The file as a whole is wrong.
    #[error("{file}: {why}")]
    File {
        /// The file's name.
        file: String,
        /// What is wrong with it.
        why: String,
    },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    id: String,
    kind: String,
    #[serde(default)]
    images: Vec<String>,
    task: String,
    expect: Expect,
    tools: Option<Vec<String>>,
}

/// Reads a JSONL file of cases: one a line, empty lines and lines that begin with `//` are passed over. Pictures are
/// `sample:NAME`, `shared:PATH` in the shared data, or paths relative to the file.
pub fn load_cases(path: &Path, shared: &Shared) -> Result<Vec<Case>, CaseError> {
    let text = fs_err::read_to_string(path)?;
    let folder = path.parent().unwrap_or(Path::new("")).to_owned();
    parse_cases(&path.display().to_string(), &text, shared, |name| Ok(CaseImage::Path(folder.join(name))))
}

/// Reads cases out of a text; `picture` gives the picture of a relative path, or says why there is none.
pub fn parse_cases(
    file: &str,
    text: &str,
    shared: &Shared,
    picture: impl Fn(&str) -> Result<CaseImage, String>,
) -> Result<Vec<Case>, CaseError> {
    let mut cases: Vec<Case> = Vec::new();
    for (at, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        if line.trim_start().starts_with("//") {
            continue;
        }
        let wrong = |why: String| CaseError::Line { file: file.to_owned(), line: at + 1, why };
        let line: Line = serde_json::from_str(line).map_err(|error| wrong(located(&error)))?;
        if cases.iter().any(|case| case.id == line.id) {
            return Err(wrong(format!("the id \"{}\" is there already; ids must be unique", line.id)));
        }
        if line.expect == Expect::default() {
            return Err(wrong(
                "\"expect\" is empty; give at least one of all, any, none, number, yes, made, no_tools, refuses".into(),
            ));
        }
        let image = |name: &String| match name.split_once(':') {
            Some(("sample", name)) => Ok(CaseImage::Sample(name.to_owned())),
            Some(("shared", name)) => Ok(shared.file(name).map_or(CaseImage::Absent(name.to_owned()), CaseImage::Path)),
            _ => picture(name),
        };
        cases.push(Case {
            images: line.images.iter().map(image).collect::<Result<_, String>>().map_err(wrong)?,
            id: line.id,
            kind: line.kind,
            task: line.task,
            scoring: Scoring::Expect(line.expect),
            tools: line.tools,
            toolbox: None,
            first_call_decides: false,
        });
    }
    if cases.is_empty() {
        return Err(CaseError::File { file: file.to_owned(), why: "there is no case in it".into() });
    }
    Ok(cases)
}

/// serde's message with the column; its line number is that of the one line.
fn located(error: &serde_json::Error) -> String {
    let text = error.to_string();
    match text.rsplit_once(" at line 1 column ") {
        Some((message, column)) => format!("{message}, at column {column}"),
        None => text,
    }
}

/// Reads a JSON Lines data file, one record of `T` a line.
pub(super) fn read_cases<T: serde::de::DeserializeOwned>(path: &Path) -> Result<Vec<T>, CaseError> {
    let text = fs_err::read_to_string(path)?;
    let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    lines
        .map(|(at, line)| {
            let wrong = |error: serde_json::Error| CaseError::Line {
                file: path.display().to_string(),
                line: at + 1,
                why: located(&error),
            };
            serde_json::from_str(line).map_err(wrong)
        })
        .collect()
}
