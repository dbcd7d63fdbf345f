//! Where cases come from: files, the shipped ones, the shared data.

use std::path::{Path, PathBuf};

use argus_cli::UsageError;
use argus_eval::{Case, functions, load_cases, replay, vqa};

/// The folder of this crate, which holds the shipped cases.
const HOME: &str = env!("CARGO_MANIFEST_DIR");

/// Sets that can be run by name.
const SETS: [&str; 5] = ["shipped", "vqa", "gta", "bfcl-multiple", "bfcl-irrelevance"];

/// The cases of these files and sets, in this order.
pub(crate) fn load(names: &[String], shared: Option<&Path>) -> anyhow::Result<Vec<Case>> {
    let mut cases = Vec::new();
    for name in names {
        cases.extend(one(name, shared)?);
    }
    Ok(cases)
}

fn one(name: &str, shared: Option<&Path>) -> anyhow::Result<Vec<Case>> {
    if name == "shipped" {
        return Ok(load_cases(&Path::new(HOME).join("cases.jsonl"))?);
    }
    if !SETS.contains(&name) {
        let file = Path::new(name);
        if file.extension().is_some_and(|end| end == "jsonl") || file.is_file() {
            return Ok(load_cases(file)?);
        }
        return Err(UsageError::new(
            format!("\"{name}\" is no set of cases"),
            format!("give a file of cases (.jsonl) or one of {}", SETS.join(", ")),
        )
        .into());
    }
    let data = data(shared)?;
    let agent = data.join("agent");
    Ok(match name {
        "vqa" => vqa::load(&data)?,
        "gta" => replay::load(&agent.join("gta_replay.json"))?,
        name => functions::load(&agent.join(format!("{}.jsonl", name.replace('-', "_"))), name)?,
    })
}

/// The folder with `index.json`: `--shared`, `ARGUS_SHARED`, or `../shared` beside the repository, each with or without `data`.
fn data(shared: Option<&Path>) -> Result<PathBuf, UsageError> {
    let named = shared.map(Path::to_owned).or_else(|| std::env::var_os("ARGUS_SHARED").map(PathBuf::from));
    let folder = named.unwrap_or_else(|| Path::new(HOME).join("../../../shared"));
    let there = [folder.join("data"), folder.clone()].into_iter().find(|data| data.join("index.json").is_file());
    there.ok_or_else(|| {
        UsageError::new(
            format!("there is no shared data in {}", folder.display()),
            "give its folder, the one that holds data/index.json, with --shared or ARGUS_SHARED",
        )
    })
}
