//! `npm pack`, with the machine's own registry settings.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use tokio::process::Command;

use super::{
    Failure, Fetcher,
    child::{Ended, last_words, run, speaks_of_network},
};

const KEY: &str = "npm";
/// How long the registry may take to answer the first question.
const LIMIT: Duration = Duration::from_secs(5);

/// Downloads one package into the (empty) directory and returns its tarball.
pub(super) async fn download(fetcher: &Fetcher, package: &str, into: &Path) -> Result<PathBuf, Failure> {
    if let Some(reason) = fetcher.reach.blocked(KEY) {
        return Err(Failure::Unreachable(reason));
    }
    let tarballs = into.join("tarballs");
    fs_err::tokio::create_dir_all(&tarballs).await.map_err(Failure::io)?;
    let common = |command: &mut Command| {
        // npm's cache would keep a second copy of every model.
        command.arg("--cache").arg(into.join("cache")).args(["--no-update-notifier", "--no-audit", "--no-fund"]);
        command.current_dir(into);
    };
    // npm's time-out spans the whole download, so whether there is a registry at all is asked first.
    if !fetcher.reach.has_answered(KEY) {
        let configure = |command: &mut Command| {
            command.args(["view", package, "dist.integrity", "--fetch-timeout=4500", "--fetch-retries=0"]);
            common(command);
        };
        let ended = match tokio::time::timeout(LIMIT, run("npm", &fetcher.clients.npm, configure, into, None)).await {
            Ok(ended) => ended?,
            Err(_) => {
                return Err(Failure::Unreachable(format!(
                    "npm: its registry did not answer within {} s",
                    LIMIT.as_secs()
                )));
            }
        };
        if !ended.status.success() {
            let network = speaks_of_network(&ended.tail);
            return Err(if network {
                Failure::Unreachable(failed(&ended))
            } else {
                Failure::Permanent(failed(&ended))
            });
        }
        fetcher.reach.answered(KEY);
    }
    let configure = |command: &mut Command| {
        command.args(["pack", package, "--ignore-scripts", "--fetch-timeout=3600000"]);
        command.args(["--fetch-retries=2", "--fetch-retry-mintimeout=1000", "--fetch-retry-maxtimeout=5000"]);
        command.arg("--pack-destination").arg(&tarballs);
        common(command);
    };
    let ended = run("npm", &fetcher.clients.npm, configure, into, None).await?;
    if !ended.status.success() {
        let network = speaks_of_network(&ended.tail);
        return Err(if network { Failure::Transient(failed(&ended)) } else { Failure::Permanent(failed(&ended)) });
    }
    let mut entries = fs_err::tokio::read_dir(&tarballs).await.map_err(Failure::io)?;
    match entries.next_entry().await.map_err(Failure::io)? {
        Some(entry) => Ok(entry.path()),
        None => Err(Failure::Permanent(format!("npm ended well but left no tarball of {package}"))),
    }
}

fn failed(ended: &Ended) -> String {
    format!("npm failed: {}", last_words(&ended.tail))
}

/// Remembers that npm or its registry is not there.
pub(super) fn block(fetcher: &Fetcher, reason: &str) {
    fetcher.reach.block(KEY, reason);
}
