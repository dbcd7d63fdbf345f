//! `argus doctor`: what this machine has, what won among the settings, and every problem with its remedy.

use std::{path::Path, process::ExitCode};

use argus_agent::chat::local::{Gguf, LocalName, RankedModels};
use argus_tools::{
    onnx::{Device, PoolOptions, Runtime, SessionPool, cores, has_nvidia_gpu, total_memory},
    programs::on_path,
    store::{ModelState, Store, StoreOptions, current_platform},
};
use owo_colors::OwoColorize;
use serde::Serialize;
use serde_json::json;

use crate::{
    arguments::{DoctorCommand, Global},
    config::{self, Loaded},
    human_bytes::human_bytes,
    llm::describe_models,
    printer::Printer,
    setup::open_store,
};

/// What the default set-up takes on disk, in bytes, with room for archives while they are unpacked.
const NEEDED_DISK: u64 = 3_000_000_000;

#[derive(Serialize)]
struct Check {
    name: String,
    ok: bool,
    detail: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    remedy: Option<String>,
}

impl Check {
    fn fine(name: impl Into<String>, detail: impl Into<String>) -> Self {
        Self { name: name.into(), ok: true, detail: detail.into(), remedy: None }
    }

    fn problem(name: impl Into<String>, detail: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { name: name.into(), ok: false, detail: detail.into(), remedy: Some(remedy.into()) }
    }
}

/// Examines and prints. Exit code 1 if something needs a remedy.
pub(crate) async fn run(command: &DoctorCommand, global: &Global, printer: &Printer) -> anyhow::Result<ExitCode> {
    let settings = config::load(global, &[])?;
    let store = open_store(&settings.config, printer)?;
    let home = StoreOptions::from_env()?.home;
    let mut sections = vec![("Machine", machine(&home)), ("Settings", shown_settings(&settings, global))];
    let (runtime, devices) = runtime(&store, &settings).await;
    sections.push(("ONNX Runtime", runtime));
    sections.push(("Devices", devices));
    sections.push(("Models", models(&store)));
    sections.push(("LLM", llm(&store, &settings).await));
    sections.push(("Clients that fetch models", clients()));
    let healthy = sections.iter().flat_map(|(_, checks)| checks).all(|check| check.ok);
    if command.json {
        let value = sections.iter().map(|(name, checks)| ((*name).to_owned(), json!(checks))).collect();
        printer.json(&serde_json::Value::Object(value));
    } else {
        for (name, checks) in &sections {
            printer.data(&format!("{}", name.bold()));
            let width = checks.iter().map(|check| check.name.chars().count()).max().unwrap_or(0);
            for check in checks {
                let mark = if check.ok { "+".green().to_string() } else { "!".red().to_string() };
                printer.data(&format!("  {mark} {:width$}  {}", check.name, check.detail));
                if let Some(remedy) = &check.remedy {
                    printer.data(&format!("    {:width$}  {} {remedy}", "", "->".cyan()));
                }
            }
        }
    }
    Ok(if healthy { ExitCode::SUCCESS } else { ExitCode::from(1) })
}

fn machine(home: &Path) -> Vec<Check> {
    let memory = total_memory();
    let mut checks = vec![
        Check::fine("system", current_platform()),
        Check::fine("cores", cores().to_string()),
        if memory < 4_000_000_000 {
            Check::problem(
                "memory",
                human_bytes(memory),
                "the default LLM needs about 2 GB; use a remote one with --llm openai:MODEL",
            )
        } else {
            Check::fine("memory", human_bytes(memory))
        },
    ];
    let gpu =
        if has_nvidia_gpu() { "NVIDIA GPU with its driver" } else { "no NVIDIA GPU found; models run on the CPU" };
    checks.push(Check::fine("gpu", gpu));
    checks.push(match free_disk(home) {
        Some(free) if free < NEEDED_DISK => Check::problem(
            "disk",
            format!("{} free under {}", human_bytes(free), home.display()),
            "free some, or set ARGUS_HOME to a directory on a larger disk",
        ),
        Some(free) => Check::fine("disk", format!("{} free under {}", human_bytes(free), home.display())),
        None => Check::fine("disk", format!("unknown under {}", home.display())),
    });
    checks
}

#[cfg(unix)]
fn free_disk(home: &Path) -> Option<u64> {
    let existing = home.ancestors().find(|folder| folder.exists())?;
    let stat = rustix::fs::statvfs(existing).ok()?;
    Some(stat.f_bavail * stat.f_frsize)
}

#[cfg(not(unix))]
fn free_disk(_: &Path) -> Option<u64> {
    None
}

fn shown_settings(settings: &Loaded, global: &Global) -> Vec<Check> {
    let mut checks: Vec<Check> = config::files(global)
        .iter()
        .map(|path| {
            let state = if path.exists() { "read" } else { "not there" };
            Check::fine(path.display().to_string(), state)
        })
        .collect();
    for (key, value, origin) in &settings.origins {
        checks.push(Check::fine(key, format!("{value}  (from {origin})")));
    }
    checks
}

async fn runtime(store: &Store, settings: &Loaded) -> (Vec<Check>, Vec<Check>) {
    let mut checks = Vec::new();
    let given = std::env::var_os("ORT_DYLIB_PATH");
    let options = PoolOptions {
        device: settings.config.device.unwrap_or_default(),
        devices: settings.config.devices.clone(),
        ..PoolOptions::default()
    };
    let role = match SessionPool::new(store.clone(), options).runtime_role() {
        Ok(role) => role,
        Err(error) => {
            checks.push(Check::problem("library", error.to_string(), error.hint.unwrap_or_default()));
            return (checks, Vec::new());
        }
    };
    let installed = store
        .catalog()
        .candidates(role)
        .find(|entry| matches!(store.state(&entry.id), Ok(ModelState::Installed)))
        .map(|entry| entry.id.clone());
    let library = match (given, installed) {
        (Some(path), _) => Some(path.into()),
        (None, Some(id)) => store.ensure(&id).await.ok().map(|installed| installed.main().to_owned()),
        (None, None) => None,
    };
    let Some(library) = library else {
        checks.push(Check::fine("library", format!("{role} is not installed yet; the first tool call fetches it")));
        return (checks, Vec::new());
    };
    match Runtime::load(&library) {
        Ok(runtime) => {
            checks.push(Check::fine("library", library.display().to_string()));
            checks.push(Check::fine("build", runtime.build_info()));
            let asked = settings.config.device.unwrap_or_default();
            (checks, devices(&runtime, asked))
        }
        Err(error) => {
            checks.push(Check::problem("library", error.to_string(), error.hint().unwrap_or_default()));
            (checks, Vec::new())
        }
    }
}

fn devices(runtime: &Runtime, asked: Device) -> Vec<Check> {
    let mut checks: Vec<Check> = runtime
        .devices()
        .into_iter()
        .map(|device| match device.missing() {
            Some(reason) => Check::fine(device.to_string(), format!("in the library, but {reason}")),
            None => Check::fine(device.to_string(), "available"),
        })
        .collect();
    match asked.missing() {
        Some(reason) => {
            checks.push(Check::problem(format!("asked for: {asked}"), reason, "use --device auto or --device cpu"));
        }
        None => checks.push(Check::fine(format!("asked for: {asked}"), "can be tried")),
    }
    checks
}

fn models(store: &Store) -> Vec<Check> {
    let mut checks = Vec::new();
    for (id, model) in store.user_models() {
        checks.push(if model.file.exists() {
            Check::fine(id, format!("{}, yours: {}", model.role, model.file.display()))
        } else {
            Check::problem(
                id,
                format!("{}, yours: {} is not there", model.role, model.file.display()),
                "correct `file` in argus.toml",
            )
        });
    }
    for role in ["detect", "ocr", "segment"] {
        let candidates: Vec<_> = store.catalog().candidates(role).collect();
        let installed = candidates.iter().find(|entry| matches!(store.state(&entry.id), Ok(ModelState::Installed)));
        checks.push(match (installed, candidates.first()) {
            (Some(entry), _) => Check::fine(role, format!("{} installed", entry.id)),
            (None, Some(entry)) => {
                Check::fine(role, format!("{}, fetched at first use ({})", entry.id, human_bytes(entry.bytes())))
            }
            (None, None) => Check::problem(role, "no model for this machine", "give one of your own in argus.toml"),
        });
        for entry in candidates.iter().filter(|entry| matches!(store.state(&entry.id), Ok(ModelState::Damaged))) {
            checks.push(Check::problem(
                role,
                format!("{} is damaged", entry.id),
                format!("argus models pull {}", entry.id),
            ));
        }
    }
    checks
}

async fn llm(store: &Store, settings: &Loaded) -> Vec<Check> {
    let llm = settings.config.llm.clone().unwrap_or_else(|| "local".into());
    let mut checks = vec![Check::fine("asked for", llm.clone())];
    if llm.starts_with("openai:") {
        let endpoint = settings.config.base_url.clone().or_else(|| std::env::var("OPENAI_BASE_URL").ok());
        checks.push(match (&endpoint, std::env::var_os("OPENAI_API_KEY")) {
            (_, Some(_)) => Check::fine("key", "OPENAI_API_KEY is set"),
            (Some(_), None) => Check::fine("key", "none; fine for a server of your own"),
            (None, None) => {
                Check::problem("key", "OPENAI_API_KEY is not set", "set it, or give --base-url, or use --llm local")
            }
        });
        checks.push(Check::fine("endpoint", endpoint.unwrap_or_else(|| "OpenAI's own".into())));
        return checks;
    }
    if llm.starts_with("ollama:") {
        let endpoint = settings.config.base_url.clone().unwrap_or_else(argus_agent::chat::ollama::default_base_url);
        checks.push(Check::fine("endpoint", endpoint));
        return checks;
    }
    let Some(local) = LocalName::parse(&llm) else { return checks };
    checks.extend(match on_path("llama-server") {
        Some(path) => Some(Check::fine("llama-server", format!("{path}, from PATH"))),
        None => installed_or_first(store, "llama-server").map(|id| state(store, "llama-server", id)),
    });
    match &local {
        LocalName::Best => {
            let preferred = settings.config.prefer.get("llm").filter(|id| *id != "auto");
            checks.extend(preferred.map(|id| state(store, "llm", id)));
            let lines = describe_models(&RankedModels::new(store).await, store);
            let name = |index| if index == 0 && preferred.is_none() { "llm" } else { "or" };
            let told =
                |(index, (id, why)): (usize, &(String, String))| Check::fine(name(index), format!("{id}: {why}"));
            checks.extend(lines.iter().enumerate().map(told));
        }
        LocalName::Id(id) => checks.push(state(store, "llm", id)),
        LocalName::File(path) => checks.push(match (local.check(), Gguf::read(path)) {
            (Err(error), _) => Check::problem("llm", error.to_string(), error.hint().unwrap_or_default()),
            (_, Err(error)) => Check::problem("llm", error.message, error.hint.unwrap_or_default()),
            (_, Ok(header)) => {
                let billions = header.parameters as f64 / 1e9;
                Check::fine("llm", format!("{}, {}, {billions:.1}B", path.display(), header.architecture))
            }
        }),
    }
    if settings.config.vision_llm.is_none() && local.takes_pictures(&settings.config.models) {
        checks.push(Check::fine("ask_image", "by the same model"));
    }
    checks
}

fn installed_or_first<'a>(store: &'a Store, role: &str) -> Option<&'a str> {
    let entries: Vec<_> = store.catalog().candidates(role).filter(|entry| !entry.files.is_empty()).collect();
    let installed = entries.iter().find(|entry| matches!(store.state(&entry.id), Ok(ModelState::Installed)));
    installed.or(entries.first()).map(|entry| entry.id.as_str())
}

/// Where a model stands that the settings name.
fn state(store: &Store, name: &str, id: &str) -> Check {
    match store.state(id) {
        Ok(ModelState::Installed) => Check::fine(name, format!("{id}, installed")),
        Ok(ModelState::Damaged) => Check::fine(name, format!("{id}, damaged; fetched again at first use")),
        Ok(ModelState::Missing { .. }) if store.user_models().contains_key(id) => {
            Check::problem(name, format!("{id}, yours: its file is not there"), "correct `file` in argus.toml")
        }
        Ok(ModelState::Missing { bytes: 0 }) => Check::fine(name, format!("{id}, fetched at first use")),
        Ok(ModelState::Missing { bytes }) => {
            Check::fine(name, format!("{id}, fetched at first use ({})", human_bytes(bytes)))
        }
        Err(error) => Check::problem(name, error.to_string(), error.hint().unwrap_or_default()),
    }
}

fn clients() -> Vec<Check> {
    ["pip", "npm", "cargo"]
        .into_iter()
        .map(|client| match on_path(client).or_else(|| on_path(&format!("{client}3"))) {
            Some(path) => Check::fine(client, path),
            None => Check::problem(
                client,
                "not on PATH",
                "some models come as packages: install it, or put the files in place with `argus models path`",
            ),
        })
        .collect()
}
