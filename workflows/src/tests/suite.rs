//! The public yaml-test-suite (<https://github.com/yaml/yaml-test-suite>) against the loader. It is not part of the repository:
//! its branch `data` lies in the folder that `ARGUS_YAML_SUITE` names.
//!
//! ```text
//! ARGUS_YAML_SUITE=/tmp/yaml-test-suite cargo test -p argus-agent --lib -- yaml_test_suite
//! ```
//!
//! Without the variable the test says that it is skipped. With `ARGUS_YAML_TABLE=docs/yaml.md` too, the page of that name is written.

#![expect(clippy::panic, clippy::print_stderr, clippy::unwrap_used, reason = "a failed set-up fails the test")]

use std::{
    collections::BTreeMap,
    fmt::Write,
    path::{Path, PathBuf},
    sync::mpsc,
    time::Duration,
};

use serde_json::Value;

use crate::Problem;
use crate::language::yaml::parse;

/// The longest that a case may take.
const LIMIT: Duration = Duration::from_secs(5);

/// The result of a case.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
enum Result {
    /// It is valid and read, and is what the suite says where the suite says what it is.
    Read,
    /// It is invalid and refused.
    Refused,
    /// It is valid and refused; why.
    Valid(String),
    /// It is invalid and read.
    Invalid,
    /// It is something else than the suite says.
    Differs(String),
}

/// The folders of cases under a folder, by name.
fn cases(folder: &Path) -> Vec<(String, PathBuf)> {
    let mut cases = Vec::new();
    for entry in fs_err::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        // Beside the cases there are links to them by name and by tag.
        if name.len() != 4 || !name.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit()) {
            continue;
        }
        if path.join("in.yaml").exists() {
            cases.push((name, path));
            continue;
        }
        for inner in fs_err::read_dir(&path).unwrap() {
            let inner = inner.unwrap().path();
            if inner.join("in.yaml").exists() {
                let part = inner.file_name().unwrap().to_string_lossy().into_owned();
                cases.push((format!("{name}/{part}"), inner));
            }
        }
    }
    cases.sort();
    cases
}

fn result(folder: &Path) -> Result {
    let text = fs_err::read_to_string(folder.join("in.yaml")).unwrap();
    let (told, done) = mpsc::channel::<std::result::Result<Value, Problem>>();
    std::thread::spawn(move || {
        let plain = text.strip_prefix('\u{feff}').unwrap_or(&text);
        let _ = told.send(parse(plain).map(|(value, _)| value));
    });
    // A panic closes the channel, which is told apart from a wait that is too long.
    let read = done.recv_timeout(LIMIT).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    match (read, folder.join("error").exists()) {
        (Ok(_), true) => Result::Invalid,
        (Err(_), true) => Result::Refused,
        (Err(problem), false) => Result::Valid(problem.message),
        (Ok(value), false) => {
            let json = fs_err::read_to_string(folder.join("in.json")).unwrap_or_default();
            let mut documents = serde_json::Deserializer::from_str(&json).into_iter::<Value>();
            match documents.next() {
                Some(Ok(expected)) if !same(&value, &expected) => Result::Differs(format!("{value}, not {expected}")),
                _ => Result::Read,
            }
        }
    }
}

/// Whether two values are the same, 1 and 1.0 too.
fn same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Array(a), Value::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b)),
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len() && a.iter().all(|(name, a)| b.get(name).is_some_and(|b| same(a, b)))
        }
        _ => a == b || a.as_f64().is_some_and(|a| Some(a) == b.as_f64()),
    }
}

/// Why a valid case is refused, in the words of the page.
fn reason(message: &str) -> &'static str {
    let says = |words: &str| message.contains(words);
    if says("several YAML documents") {
        "several documents in a file: a file holds one workflow"
    } else if says("a list or an object stands where a word") {
        "a key that is a list or an object: JSON has none"
    } else if says("a key is empty") {
        "a key that is empty: JSON has none"
    } else if says("is there twice") {
        "the same key twice, which YAML 1.2 forbids and the suite's events allow"
    } else if says("binary") {
        "bytes (a picture) under !!binary: JSON has none"
    } else if says("number of JSON") {
        "a number that JSON does not have"
    } else {
        "the library cannot read it"
    }
}

const BEGIN: &str = "# What the workflow loader makes of YAML\n\n\
Workflows are read with the crate `serde-saphyr` (YAML 1.2) into plain JSON values, each with its place.\n\
The public [yaml-test-suite](https://github.com/yaml/yaml-test-suite) (branch `data`) holds it to the standard. The suite is not in this repository;\n\
`agent/src/tests/suite.rs` says how it is run, and writes this page. No case panics, none takes longer than 5 seconds.\n\n\
Words are those of YAML 1.2: `true` and `false` are booleans, `yes`, `no`, `on` and `off` are texts. `010` is 10, `0o10` is 8, `1_000` is 1000,\n\
`1e3` is 1000; dates and times are texts; `.inf`, `.nan` and `1e999` are refused, as JSON has no such numbers.\n\n";

#[test]
fn yaml_test_suite() {
    let Some(folder) = std::env::var_os("ARGUS_YAML_SUITE").map(PathBuf::from) else {
        eprintln!("skipped: the yaml-test-suite is not here (ARGUS_YAML_SUITE names its folder)");
        return;
    };
    let mut results: BTreeMap<String, Result> = BTreeMap::new();
    for (name, case) in cases(&folder) {
        results.insert(name, result(&case));
    }
    let count = |wanted: fn(&Result) -> bool| results.values().filter(|result| wanted(result)).count();
    let (read, refused) = (count(|r| *r == Result::Read), count(|r| *r == Result::Refused));
    let (valid, invalid) = (count(|r| matches!(r, Result::Valid(_))), count(|r| *r == Result::Invalid));
    let differs = count(|r| matches!(r, Result::Differs(_)));
    let mut page = BEGIN.to_owned();
    let _ = write!(
        page,
        "| cases | read as the suite says | refused as the suite says | valid, but refused | invalid, but read | read as something else |\n\
         | --- | --- | --- | --- | --- | --- |\n| {} | {read} | {refused} | {valid} | {invalid} | {differs} |\n\n## Deviations\n\n\
         | case | deviation | reason |\n| --- | --- | --- |\n",
        results.len(),
    );
    let cell = |text: &str| text.replace('|', "\\|").replace('\n', " ");
    for (name, result) in &results {
        let _ = match result {
            Result::Read | Result::Refused => Ok(()),
            Result::Valid(why) => writeln!(page, "| {name} | valid, refused: {} | {} |", cell(why), reason(why)),
            Result::Invalid => {
                let about = fs_err::read_to_string(folder.join(name).join("===")).unwrap_or_default();
                writeln!(
                    page,
                    "| {name} | invalid, read: {} | the library is more lenient than the standard |",
                    cell(about.trim())
                )
            }
            Result::Differs(how) => writeln!(page, "| {name} | is {} | |", cell(how)),
        };
    }
    if let Ok(path) = std::env::var("ARGUS_YAML_TABLE") {
        fs_err::write(path, &page).unwrap();
    }
    eprintln!("{page}");
    assert!(results.len() > 350, "the whole suite is there");
    assert!(read + refused >= 300, "{page}");
}
