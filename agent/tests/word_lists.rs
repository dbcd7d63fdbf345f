//! No list of words stands between a task and the model: every list of texts in the sources is known and reviewed. A new one
//! changes the snapshot.
#![expect(clippy::unwrap_used, reason = "a failed set-up fails the test")]

use std::{fmt::Write as _, path::Path};

/// So many texts in a row are a list.
const MANY: usize = 6;

/// The folder that may list words: what pages say is data by language, and has tests of its own.
const DATA: &str = "document";

#[test]
fn every_list_of_texts_is_known() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let mut known = String::new();
    for folder in ["agent/src", "prompts/src", "tools/src", "workflows/src"] {
        for file in sources(&root.join(folder)) {
            let text = fs_err::read_to_string(&file).unwrap();
            let code = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
            let name = file.strip_prefix(root).unwrap().display().to_string().replace('\\', "/");
            for list in lists(code) {
                writeln!(known, "{name}: {} of {}", list[..3].join(", "), list.len()).unwrap();
            }
        }
    }
    insta::assert_snapshot!(known);
}

#[test]
fn a_list_is_found() {
    let code =
        "let a = [\n \"one\", \"two\" , // why\n \"th\\\"ree\", \"four\", \"five\", \"six\",\n]; f(\"x\", \"y\");";
    assert_eq!(lists(code), [["one", "two", "th\\\"ree", "four", "five", "six"]]);
    assert!(lists("matches!(a, \"b\" | \"c\" | \"d\" | \"e\" | \"f\")").is_empty(), "five are too few");
    assert_eq!(lists("matches!(a, \"b\" | \"c\" | \"d\" | \"e\" | \"f\" | \"g\")").len(), 1);
}

/// The Rust files of a folder, without tests.
fn sources(folder: &Path) -> Vec<std::path::PathBuf> {
    let mut found = Vec::new();
    for entry in fs_err::read_dir(folder).unwrap().map(Result::unwrap) {
        let (path, name) = (entry.path(), entry.file_name().to_string_lossy().into_owned());
        let test = name.contains("test") || matches!(&*name, "fakes.rs" | "samples.rs" | "fuzz.rs");
        if test || name == DATA {
            continue;
        }
        if path.is_dir() {
            found.extend(sources(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// Runs of texts with nothing but commas, bars and white space between them.
fn lists(code: &str) -> Vec<Vec<String>> {
    let (mut found, mut run, mut rest) = (Vec::new(), Vec::new(), code);
    let mut end = |run: &mut Vec<String>| {
        let list = std::mem::take(run);
        if list.len() >= MANY {
            found.push(list);
        }
    };
    while let Some(character) = rest.chars().next() {
        let comment = rest.starts_with("//");
        let text = rest.strip_prefix('"').map(literal);
        match text {
            _ if comment => rest = rest.split_once('\n').map_or("", |(_, rest)| rest),
            Some((text, length)) => {
                run.push(text);
                rest = &rest[length + 1..];
            }
            None => {
                if !character.is_whitespace() && !matches!(character, ',' | '|') {
                    end(&mut run);
                }
                // A quotation mark as a character begins no text.
                let length = if rest.starts_with("'\"'") { 3 } else { character.len_utf8() };
                rest = &rest[length..];
            }
        }
    }
    end(&mut run);
    found
}

/// A text up to its closing mark, and its length with that mark.
fn literal(rest: &str) -> (String, usize) {
    let mut escaped = false;
    let close = rest.char_indices().find(|(_, character)| {
        let closes = *character == '"' && !escaped;
        escaped = *character == '\\' && !escaped;
        closes
    });
    let at = close.map_or(rest.len(), |(at, _)| at);
    (rest[..at].to_owned(), (at + 1).min(rest.len()))
}
