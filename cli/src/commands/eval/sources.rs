//! Where cases come from: a file, the shipped ones, the shared data.

use std::{
    borrow::Cow,
    path::{Path, PathBuf},
};

use argus_agent::eval::{Case, CaseImage, functions, load_cases, parse_cases, replay, vqa};
use include_dir::{Dir, include_dir};

use crate::{arguments::EvalCommand, printer::UsageError};

const SHIPPED: &str = include_str!("../../../../tests/eval/cases.jsonl");
static SCENES: Dir = include_dir!("$CARGO_MANIFEST_DIR/../tests/eval/scenes");

/// Sets that can be run by name.
const SETS: [&str; 5] = ["cases", "vqa", "replay", "bfcl-multiple", "bfcl-irrelevance"];

/// The cases that a command names: its file, its sets, or the shipped ones.
pub(super) fn load(command: &EvalCommand) -> anyhow::Result<Vec<Case>> {
    if let Some(unknown) = command.tasks.iter().find(|name| !SETS.contains(&name.as_str())) {
        return Err(UsageError::new(
            format!("\"{unknown}\" is no set of cases"),
            format!("--tasks takes {}", SETS.join(", ")),
        )
        .into());
    }
    let mut cases = match &command.cases {
        Some(path) => load_cases(path)?,
        None if command.tasks.is_empty() => shipped()?,
        None => Vec::new(),
    };
    for name in &command.tasks {
        cases.extend(set(name, command.shared.as_deref())?);
    }
    Ok(cases)
}

/// What the cases of a command are, for the report.
pub(super) fn names(command: &EvalCommand) -> Vec<String> {
    let own = command.cases.as_ref().map(|path| path.display().to_string());
    let shipped = (own.is_none() && command.tasks.is_empty()).then(|| "cases".to_owned());
    own.into_iter().chain(shipped).chain(command.tasks.iter().cloned()).collect()
}

fn set(name: &str, shared: Option<&Path>) -> anyhow::Result<Vec<Case>> {
    if name == "cases" {
        return shipped();
    }
    let data = data(shared)?;
    let agent = data.join("agent");
    Ok(match name {
        "vqa" => vqa::load(&data)?,
        "replay" => replay::load(&agent.join("gta_replay.json"))?,
        name => functions::load(&agent.join(format!("{}.jsonl", name.replace('-', "_"))), name)?,
    })
}

/// The cases in the program, with their drawn pictures.
fn shipped() -> anyhow::Result<Vec<Case>> {
    let picture = |name: &str| {
        let file = name.strip_prefix("scenes/").and_then(|name| SCENES.get_file(name));
        let file = file.ok_or_else(|| format!("there is no picture {name} among the shipped ones"))?;
        Ok(CaseImage::Bytes(name.to_owned(), Cow::Borrowed(file.contents())))
    };
    Ok(parse_cases("the shipped cases", SHIPPED, picture)?)
}

/// The folder with `index.json`: `--shared`, `ARGUS_SHARED`, or `../shared`, each with or without `data`.
fn data(shared: Option<&Path>) -> Result<PathBuf, UsageError> {
    let named = shared.map(Path::to_owned).or_else(|| std::env::var_os("ARGUS_SHARED").map(PathBuf::from));
    let folder = named.unwrap_or_else(|| PathBuf::from("../shared"));
    let there = [folder.join("data"), folder.clone()].into_iter().find(|data| data.join("index.json").is_file());
    there.ok_or_else(|| {
        UsageError::new(
            format!("there is no shared data in {}", folder.display()),
            "give its folder, the one that holds data/index.json, with --shared or ARGUS_SHARED",
        )
    })
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failed set-up fails the test")]
mod tests {
    use super::*;

    /// The shipped cases parse, are many and of many kinds, and every scene is used.
    #[test]
    fn shipped_cases_are_whole() {
        let cases = shipped().unwrap();
        let mut kinds: Vec<&str> = cases.iter().map(|case| &*case.kind).collect();
        kinds.sort_unstable();
        kinds.dedup();
        assert!(cases.len() >= 60 && kinds.len() >= 12, "{} cases of {} kinds", cases.len(), kinds.len());
        let used = |name: &str| {
            cases
                .iter()
                .flat_map(|case| &case.images)
                .any(|image| matches!(image, CaseImage::Bytes(used, _) if used.strip_prefix("scenes/") == Some(name)))
        };
        let scenes: Vec<&str> = SCENES.files().filter_map(|file| file.path().to_str()).collect();
        let unused: Vec<&&str> = scenes.iter().filter(|name| !used(name)).collect();
        assert!(unused.is_empty(), "{unused:?}");
        let bytes: usize = SCENES.files().map(|file| file.contents().len()).sum();
        assert!(bytes < 400_000, "{bytes} bytes of scenes make the program large");
    }
}
