//! A crate's files, through cargo.
//!
//! `cargo info` fetches and unpacks the one crate into cargo's own registry folder; `cargo fetch` on a throw-away project
//! would bring all its dependencies too, so it is only the way of a cargo that has no `info` yet.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use tokio::process::Command;

use super::{
    Failure, Fetcher,
    child::{Answer, Ended, last_words, run, speaks_of_network},
};

const KEY: &str = "cargo";

/// The unpacked crate's directory. It belongs to cargo: nothing in it may be changed.
pub(super) async fn locate(fetcher: &Fetcher, name: &str, version: &str, into: &Path) -> Result<PathBuf, Failure> {
    let Some(home) = &fetcher.clients.cargo_home else {
        return Err(Failure::Permanent("cargo: CARGO_HOME cannot be determined".into()));
    };
    if let Some(found) = unpacked(home, name, version) {
        return Ok(found);
    }
    if let Some(reason) = fetcher.reach.blocked(KEY) {
        return Err(Failure::Unreachable(reason));
    }
    // Outside of every workspace: the store's home may lie inside one.
    let project = tempfile::Builder::new().prefix("argus-crate-").tempdir().map_err(Failure::io)?;
    let specification = format!("{name}@{version}");
    let mut ended = call(fetcher, home, project.path(), into, &["info", &specification]).await?;
    if ended.tail.contains("no such command") || ended.tail.contains("no such subcommand") {
        write_project(project.path(), name, version).map_err(Failure::io)?;
        ended = call(fetcher, home, project.path(), into, &["fetch"]).await?;
    }
    if !ended.status.success() {
        let reason = format!("cargo failed: {}", last_words(&ended.tail));
        return Err(match (speaks_of_network(&ended.tail), fetcher.reach.has_answered(KEY)) {
            (true, false) => Failure::Unreachable(reason),
            (true, true) => Failure::Transient(reason),
            (false, _) => Failure::Permanent(reason),
        });
    }
    fetcher.reach.answered(KEY);
    unpacked(home, name, version)
        .ok_or_else(|| Failure::Permanent(format!("cargo ended well but did not unpack {name} {version}")))
}

async fn call(fetcher: &Fetcher, home: &Path, project: &Path, watch: &Path, args: &[&str]) -> Result<Ended, Failure> {
    let proven = fetcher.reach.has_answered(KEY);
    let configure = |command: &mut Command| {
        command.args(args).current_dir(project).env("CARGO_HOME", home);
        // What a cargo that runs us has set for us is not meant for this one.
        for (variable, _) in std::env::vars_os() {
            let name = variable.to_string_lossy();
            let ours = name.starts_with("CARGO_")
                && !["CARGO_HOME", "CARGO_HTTP_", "CARGO_NET_", "CARGO_REGISTR", "CARGO_SOURCE_"]
                    .iter()
                    .any(|kept| name.starts_with(kept));
            if ours {
                command.env_remove(&variable);
            }
        }
        if !proven {
            command.env("CARGO_HTTP_TIMEOUT", "4").env("CARGO_NET_RETRY", "0");
        }
        command.env("CARGO_TERM_COLOR", "never").env("CARGO_TERM_PROGRESS_WHEN", "never");
    };
    // Waiting for another cargo's lock is no sign of an absent registry.
    let answer = Answer {
        from: "",
        markers: &["Download", "Blocking", "version:"],
        refusal: "",
        within: Duration::from_secs(5),
    };
    run("cargo", &fetcher.clients.cargo, configure, watch, (!proven).then_some(&answer)).await
}

/// Where cargo unpacked a crate, in whichever registry.
fn unpacked(home: &Path, name: &str, version: &str) -> Option<PathBuf> {
    let registries = std::fs::read_dir(home.join("registry").join("src")).ok()?;
    registries
        .flatten()
        .map(|registry| registry.path().join(format!("{name}-{version}")))
        // cargo writes this file when the unpacking is complete.
        .find(|path| path.join(".cargo-ok").is_file())
}

fn write_project(directory: &Path, name: &str, version: &str) -> std::io::Result<()> {
    let manifest = format!(
        "[package]\nname = \"argus-fetch\"\nversion = \"0.0.0\"\nedition = \"2021\"\n\n\
         [dependencies.package]\npackage = \"{name}\"\nversion = \"={version}\"\n"
    );
    fs_err::write(directory.join("Cargo.toml"), manifest)?;
    fs_err::create_dir_all(directory.join("src"))?;
    fs_err::write(directory.join("src").join("lib.rs"), "")
}

/// Remembers that cargo or its registry is not there.
pub(super) fn block(fetcher: &Fetcher, reason: &str) {
    fetcher.reach.block(KEY, reason);
}
