//! `argus models`: what is installed and what could be.

use std::process::ExitCode;

use argus_agent::chat::local::RankedModels;
use argus_tools::store::{CatalogEntry, FileState, ModelState, Store};
use owo_colors::OwoColorize;
use serde::Serialize;

use crate::{
    arguments::{Global, ModelsAction, ModelsCommand},
    commands::inspect,
    config,
    human_bytes::human_bytes,
    llm::describe_models,
    printer::{Printer, UsageError},
    setup::open_store,
};

/// The roles that the default set-up uses.
const DEFAULT_ROLES: [&str; 6] = ["onnxruntime", "llama-server", "llm", "detect", "ocr", "segment"];

/// Runs the action.
pub(crate) async fn run(command: ModelsCommand, global: &Global, printer: &Printer) -> anyhow::Result<ExitCode> {
    let store = || open_store(&config::load(global, &[])?.config, printer);
    match command.action {
        ModelsAction::List { json } => list(&store()?, json, printer),
        ModelsAction::Pull { names } => pull(&store()?, &names, printer).await,
        ModelsAction::Verify { ids } => verify(&store()?, &ids, printer).await,
        ModelsAction::Remove { ids } => remove(&store()?, &ids, printer),
        ModelsAction::Inspect { file, json } => inspect::run(&file, json, printer),
        ModelsAction::Path { id } => path(&store()?, id.as_deref(), printer),
    }
}

fn state_word(state: &ModelState) -> &'static str {
    match state {
        ModelState::Installed => "installed",
        ModelState::Missing { .. } => "not installed",
        ModelState::Damaged => "damaged",
    }
}

/// One line of the list.
#[derive(Serialize)]
struct Row {
    id: String,
    role: String,
    /// 0 where it is not known beforehand.
    bytes: u64,
    licence: String,
    state: String,
    sources: String,
    description: String,
}

fn rows(store: &Store) -> anyhow::Result<Vec<Row>> {
    let mut rows = Vec::new();
    for (id, model) in store.user_models() {
        rows.push(Row {
            id: id.clone(),
            role: model.role.clone(),
            bytes: fs_err::metadata(&model.file).map_or(0, |metadata| metadata.len()),
            licence: model.licence.clone().unwrap_or_else(|| "yours".into()),
            state: if model.file.exists() { "installed".into() } else { "file missing".into() },
            sources: model.file.display().to_string(),
            description: "your own, from argus.toml".into(),
        });
    }
    for entry in store.catalog().entries() {
        let here = !entry.files.is_empty();
        rows.push(Row {
            id: entry.id.clone(),
            role: entry.role.clone(),
            bytes: entry.bytes(),
            licence: entry.licence.clone(),
            state: if here { state_word(&store.state(&entry.id)?).into() } else { "not for this machine".into() },
            sources: entry.source_kinds().join(", "),
            description: entry.description.clone(),
        });
    }
    Ok(rows)
}

fn list(store: &Store, json: bool, printer: &Printer) -> anyhow::Result<ExitCode> {
    let rows = rows(store)?;
    if json {
        printer.json(&serde_json::to_value(&rows)?);
        return Ok(ExitCode::SUCCESS);
    }
    let width = |pick: fn(&Row) -> &str| rows.iter().map(|row| pick(row).chars().count()).max().unwrap_or(0);
    let (ids, roles, licences) = (width(|row| &row.id), width(|row| &row.role), width(|row| &row.licence));
    let states = width(|row| &row.state);
    for row in &rows {
        let size = if row.bytes == 0 { "-".to_owned() } else { human_bytes(row.bytes) };
        let state = format!("{:states$}", row.state);
        let state = if row.state == "installed" { state.green().to_string() } else { state };
        let (id, role, licence, sources) = (row.id.bold(), &row.role, &row.licence, &row.sources);
        printer.data(&format!("{id:ids$}  {role:roles$}  {size:>9}  {state}  {licence:licences$}  {sources}"));
    }
    Ok(ExitCode::SUCCESS)
}

async fn pull(store: &Store, names: &[String], printer: &Printer) -> anyhow::Result<ExitCode> {
    let wanted: Vec<&str> =
        if names.is_empty() { DEFAULT_ROLES.to_vec() } else { names.iter().map(String::as_str).collect() };
    for name in wanted {
        if name == "llm" {
            let ranked = RankedModels::new(store).await;
            if !names.is_empty() {
                printer.note("the language models, the one that this machine takes first; name another by its id:");
                for (id, facts) in describe_models(&ranked, store) {
                    printer.note(&format!("  {id}  {facts}"));
                }
            }
            let installed = ranked.ensure(store).await?;
            printer.data(&format!("{}  {}", installed.id, installed.dir.display()));
            continue;
        }
        let installed = match store.catalog().get(name) {
            Some(entry) => store.ensure(&entry.id).await?,
            None if store.catalog().candidates(name).next().is_some() => store.ensure_role(name, None).await?,
            None => return Err(unknown(store, name).into()),
        };
        printer.data(&format!("{}  {}", installed.id, installed.dir.display()));
    }
    Ok(ExitCode::SUCCESS)
}

async fn verify(store: &Store, ids: &[String], printer: &Printer) -> anyhow::Result<ExitCode> {
    let mut code = ExitCode::SUCCESS;
    for id in chosen(store, ids)? {
        let report = store.verify(&id).await?;
        for file in &report.files {
            let (word, fine) = match file.state {
                FileState::Good => ("intact".green().to_string(), true),
                FileState::Missing => ("missing".red().to_string(), false),
                FileState::Damaged => ("damaged, removed".red().to_string(), false),
            };
            if !fine {
                code = ExitCode::from(1);
            }
            printer.data(&format!("{id}  {}  {word}", file.path));
        }
    }
    if code != ExitCode::SUCCESS {
        printer.note("what is damaged or missing is fetched again at its next use, or now by `argus models pull`");
    }
    Ok(code)
}

fn remove(store: &Store, ids: &[String], printer: &Printer) -> anyhow::Result<ExitCode> {
    for id in chosen(store, ids)? {
        let freed = store.remove(&id)?;
        printer.data(&format!("{id}  removed, {} freed", human_bytes(freed)));
    }
    Ok(ExitCode::SUCCESS)
}

fn path(store: &Store, id: Option<&str>, printer: &Printer) -> anyhow::Result<ExitCode> {
    let Some(id) = id else {
        printer.data(&store.home().display().to_string());
        return Ok(ExitCode::SUCCESS);
    };
    let entry = store.catalog().get(id).ok_or_else(|| unknown(store, id))?;
    if !matches!(store.state(&entry.id)?, ModelState::Installed) {
        return Err(
            UsageError::new(format!("{id} is not installed"), format!("`argus models pull {id}` fetches it")).into()
        );
    }
    printer.data(&store.installed(id)?.map(|installed| installed.dir).unwrap_or_default().display().to_string());
    Ok(ExitCode::SUCCESS)
}

/// The ids given, checked, or all that are installed or damaged.
fn chosen(store: &Store, ids: &[String]) -> anyhow::Result<Vec<String>> {
    if ids.is_empty() {
        let there = |entry: &&CatalogEntry| !matches!(store.state(&entry.id), Ok(ModelState::Missing { .. }) | Err(_));
        return Ok(store.catalog().entries().filter(there).map(|entry| entry.id.clone()).collect());
    }
    match ids.iter().find(|id| store.catalog().get(id).is_none()) {
        Some(wrong) => Err(unknown(store, wrong).into()),
        None => Ok(ids.to_vec()),
    }
}

fn unknown(store: &Store, name: &str) -> UsageError {
    let ids: Vec<&str> = store.catalog().entries().map(|entry| entry.id.as_str()).collect();
    UsageError::new(format!("there is no model or role \"{name}\""), format!("the models are {}", ids.join(", ")))
}
