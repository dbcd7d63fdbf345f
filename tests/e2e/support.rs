//! Running the program and looking at what it says.

use std::{
    path::PathBuf,
    process::{Command, Output},
    sync::{Mutex, MutexGuard, PoisonError},
};

use serde_json::Value;

/// The program, undisturbed by the caller's settings.
pub(crate) fn argus(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_argus"));
    for name in [
        "ARGUS_DEVICE",
        "ARGUS_LLM",
        "ARGUS_BASE_URL",
        "ARGUS_OFFLINE",
        "ARGUS_OUT",
        "OPENAI_API_KEY",
        "OPENAI_BASE_URL",
        "OLLAMA_HOST",
        "ARGUS_PROTOCOL",
        "ARGUS_LANGUAGE",
        "ARGUS_PROMPTS",
        "ARGUS_MAX_TOKENS",
        "ARGUS_MAX_COST",
    ] {
        command.env_remove(name);
    }
    command.args(args).env("XDG_CONFIG_HOME", std::env::temp_dir().join("argus-no-config")).env("NO_COLOR", "1");
    // What the tests expect is what the models from the package registries say, wherever they run.
    command.env("HF_HUB_OFFLINE", "1");
    command.current_dir(std::env::temp_dir());
    command
}

/// What a finished run said.
pub(crate) struct Said {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl From<Output> for Said {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code().unwrap_or(-1),
            out: String::from_utf8_lossy(&output.stdout).into_owned(),
            err: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }
}

pub(crate) fn run(args: &[&str]) -> Said {
    argus(args).output().unwrap().into()
}

/// Runs with `--json` semantics: the exit code must be 0 and stdout one JSON value.
pub(crate) fn json(args: &[&str]) -> Value {
    let said = run(args);
    assert_eq!(said.code, 0, "{args:?}: {}", said.err);
    serde_json::from_str(&said.out).unwrap_or_else(|error| panic!("{args:?}: stdout is no JSON: {error}\n{}", said.out))
}

/// The pictures with ground truth, if they are here; else a message and `None`.
pub(crate) fn shared() -> Option<PathBuf> {
    let given = std::env::var_os("ARGUS_SHARED").map(PathBuf::from);
    let beside = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../shared");
    let found = given.into_iter().chain([beside]).find(|path| path.join("data/index.json").exists());
    if found.is_none() {
        eprintln!("skipped: the shared test data is not here (ARGUS_SHARED names its folder)");
    }
    found.map(|path| path.join("data"))
}

/// The items of one task in the shared index.
pub(crate) fn items(data: &std::path::Path, task: &str) -> Vec<Value> {
    let text = std::fs::read_to_string(data.join("index.json")).unwrap();
    let all: Vec<Value> = serde_json::from_str(&text).unwrap();
    all.into_iter().filter(|item| item["task"] == task).collect()
}

/// The LLM takes all cores: tests that run it go one after the other.
pub(crate) fn llm_turn() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::new(());
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}
