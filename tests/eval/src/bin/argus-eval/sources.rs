//! Where cases come from: files, the shipped ones, the shared data.

use std::path::Path;

use argus_cli::UsageError;
use argus_eval::{Case, Shared, functions, load_cases, replay, vqa};

/// The folder of this crate, which holds the shipped cases.
const HOME: &str = env!("CARGO_MANIFEST_DIR");

/// Sets that can be run by name.
const SETS: [&str; 5] = ["shipped", "vqa", "gta", "bfcl-multiple", "bfcl-irrelevance"];

/// The cases of these files and sets, in this order.
pub(crate) fn load(names: &[String], shared: &Shared) -> anyhow::Result<Vec<Case>> {
    let mut cases = Vec::new();
    for name in names {
        cases.extend(one(name, shared)?);
    }
    Ok(cases)
}

fn one(name: &str, shared: &Shared) -> anyhow::Result<Vec<Case>> {
    if name == "shipped" {
        return Ok(load_cases(&Path::new(HOME).join("cases.jsonl"), shared)?);
    }
    if !SETS.contains(&name) {
        let file = Path::new(name);
        if file.extension().is_some_and(|end| end == "jsonl") || file.is_file() {
            return Ok(load_cases(file, shared)?);
        }
        return Err(UsageError::new(
            format!("\"{name}\" is no set of cases"),
            format!("give a file of cases (.jsonl) or one of {}", SETS.join(", ")),
        )
        .into());
    }
    let index = shared.file("index.json").ok_or_else(|| {
        UsageError::new(
            format!("there is no shared data in {}", shared.folder().display()),
            "give its folder, the one that holds data/index.json, with --shared or ARGUS_SHARED",
        )
    })?;
    let data = index.parent().unwrap_or(shared.folder());
    let agent = data.join("agent");
    Ok(match name {
        "vqa" => vqa::load(data)?,
        "gta" => replay::load(&agent.join("gta_replay.json"))?,
        name => functions::load(&agent.join(format!("{}.jsonl", name.replace('-', "_"))), name)?,
    })
}
