//! Reads a trace back, as far as it can be read.

use std::{
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
};

use indexmap::IndexMap;
use serde_json::Value;

use super::{TRACE_VERSION, TraceError, TraceHeader, TraceLine, line::HEADER, picture};
use crate::run::{EVENT_VERSION, RunEvent};

/// A trace that was read.
#[derive(Clone, Debug)]
pub struct Trace {
    /// The file.
    pub file: PathBuf,
    /// How its runs were set up; traces of other sinks may have none.
    pub header: Option<TraceHeader>,
    /// The events, in order.
    pub lines: Vec<TraceLine>,
    /// What could not be read and was skipped, in words.
    pub notes: Vec<String>,
}

/// Events of one kind that were skipped.
struct Skipped {
    count: usize,
    first: usize,
    why: String,
}

impl Trace {
    /// Reads a trace. Events and fields that are not known are skipped and noted, and so is a last line that was cut
    /// off. A file of something else, and a trace of a later version, are errors that name the line.
    pub fn read(file: impl Into<PathBuf>) -> Result<Self, TraceError> {
        let file = file.into();
        let bytes =
            fs_err::read(&file).map_err(|source| TraceError::Io { file: file.clone(), doing: "read", source })?;
        Self::parse(&bytes, file)
    }

    /// Reads a trace from memory; `file` is what errors call it and where its pictures are looked for.
    pub fn parse(bytes: &[u8], file: impl Into<PathBuf>) -> Result<Self, TraceError> {
        let mut trace = Self { file: file.into(), header: None, lines: Vec::new(), notes: Vec::new() };
        let mut skipped: IndexMap<String, Skipped> = IndexMap::new();
        let whole = bytes.ends_with(b"\n");
        let count = bytes.split(|byte| *byte == b'\n').count();
        let mut seen = false;
        for (number, bytes) in bytes.split(|byte| *byte == b'\n').enumerate() {
            let number = number + 1;
            let text = String::from_utf8_lossy(bytes);
            if text.trim().is_empty() {
                continue;
            }
            let value = match event(&text) {
                Ok(value) => value,
                // What begins with something else is something else altogether.
                Err(found) if !seen => {
                    return Err(TraceError::NotATrace { file: trace.file, line: number, found });
                }
                Err(_) if number == count && !whole => {
                    trace.notes.push(format!("line {number}, the last one, was cut off and is skipped"));
                    continue;
                }
                Err(found) => {
                    trace.notes.push(format!("line {number} is {found} and is skipped"));
                    continue;
                }
            };
            seen = true;
            trace.check_version(&value, number)?;
            let kind = value["event"].as_str().unwrap_or_default().to_owned();
            if kind == HEADER {
                // A header of a later shape has defaults for what is not there.
                trace.header = serde_json::from_value(value).ok();
                continue;
            }
            match TraceLine::from_value(value) {
                Ok(line) => trace.lines.push(line),
                Err(error) => {
                    let why = error.to_string();
                    let why = why.split(", expected").next().unwrap_or_default().to_owned();
                    skipped.entry(kind).or_insert(Skipped { count: 0, first: number, why }).count += 1;
                }
            }
        }
        if !seen {
            return Err(TraceError::NotATrace { file: trace.file, line: 1, found: "empty".into() });
        }
        for (kind, Skipped { count, first, why }) in skipped {
            let events = if count == 1 { "event" } else { "events" };
            trace.notes.push(format!("{count} {events} \"{kind}\" skipped, first on line {first}: {why}"));
        }
        Ok(trace)
    }

    /// Whether a file is a trace, told by its first line.
    pub(super) fn check(file: &Path) -> Result<(), TraceError> {
        let failed = |source| TraceError::Io { file: file.to_owned(), doing: "read", source };
        let mut first = Vec::new();
        // A line of a trace may be long, but not this long before its event is named.
        let limited = std::io::Read::take(fs_err::File::open(file).map_err(failed)?, 16 << 20);
        BufReader::new(limited).read_until(b'\n', &mut first).map_err(failed)?;
        event(&String::from_utf8_lossy(&first)).map(drop).map_err(|found| TraceError::NotATrace {
            file: file.to_owned(),
            line: 1,
            found,
        })
    }

    fn check_version(&self, value: &Value, line: usize) -> Result<(), TraceError> {
        let kind = value["event"].as_str().unwrap_or_default();
        let (version, known) = match kind {
            HEADER => (&value["trace"], TRACE_VERSION),
            "run_started" => (&value["version"], EVENT_VERSION),
            _ => return Ok(()),
        };
        match version.as_u64() {
            Some(version) if version > u64::from(known) => {
                Err(TraceError::Newer { file: self.file.clone(), line, version, known })
            }
            _ => Ok(()),
        }
    }

    /// The runs of the trace, in order: each from its begin to the next. Images that were announced before a run belong
    /// to it.
    pub fn runs(&self) -> Vec<&[TraceLine]> {
        let is_begin = |line: &TraceLine| matches!(line.event, RunEvent::RunStarted { .. });
        let is_image = |line: &&TraceLine| matches!(line.event, RunEvent::ImageAdded { .. });
        let mut begins: Vec<usize> = Vec::new();
        for (at, _) in self.lines.iter().enumerate().filter(|(_, line)| is_begin(line)) {
            begins.push(at - self.lines[..at].iter().rev().take_while(is_image).count());
        }
        let ends = begins.iter().skip(1).copied().chain([self.lines.len()]);
        begins.iter().zip(ends).map(|(begin, end)| &self.lines[*begin..end]).collect()
    }

    /// The run of a number from 1; without one, the only run.
    pub fn run(&self, number: Option<usize>) -> Result<&[TraceLine], TraceError> {
        let runs = self.runs();
        let missing = |message| TraceError::Missing { file: self.file.clone(), message };
        match (number, runs.len()) {
            (_, 0) => Err(missing("holds no run".into())),
            (None, 1) => Ok(runs[0]),
            (None, count) => Err(missing(format!("holds {count} runs; say which one"))),
            (Some(number), count) => runs
                .get(number.wrapping_sub(1))
                .copied()
                .ok_or_else(|| missing(format!("holds no run {number}; its runs are 1 to {count}"))),
        }
    }

    /// The path of a picture that an event names; `None` if it is not below the trace's folder.
    pub fn picture(&self, file: &str) -> Option<PathBuf> {
        picture::located(&self.file, file)
    }
}

/// The JSON object of a line, or what the line is instead.
fn event(text: &str) -> Result<Value, String> {
    let value: Value = serde_json::from_str(text.trim()).map_err(|_| "no JSON".to_owned())?;
    if !value.is_object() {
        return Err("no JSON object".into());
    }
    match value.get("event") {
        Some(Value::String(_)) if value.get("at_ms").is_some_and(Value::is_number) => Ok(value),
        _ => Err("an object without at_ms and event".into()),
    }
}
