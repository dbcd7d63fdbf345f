//! Running a package client: output captured, killed when it stalls, when it takes too long, or when nobody waits any more.

use std::{
    collections::VecDeque,
    ffi::OsString,
    io,
    path::Path,
    process::{ExitStatus, Stdio},
    time::Duration,
};

use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::Command,
    sync::mpsc,
    time::Instant,
};

use super::{super::disk::size_of, Failure};

/// The longest a client may run.
const TOTAL: Duration = Duration::from_hours(2);
/// The longest it may go without a line or a new byte.
const STALL: Duration = Duration::from_mins(3);
/// Lines kept for the error message.
const KEPT: usize = 12;

/// How soon a client must show that its registry answers.
pub(crate) struct Answer<'a> {
    /// From this line on the clock runs; empty: from the start.
    pub(crate) from: &'a str,
    /// A line that holds one of these is the answer.
    pub(crate) markers: &'a [&'a str],
    /// A line that holds this before any answer says that there will be none; empty: no line does.
    pub(crate) refusal: &'a str,
    /// How long it may take.
    pub(crate) within: Duration,
}

/// How a client ended.
pub(crate) struct Ended {
    pub(crate) status: ExitStatus,
    /// Its last lines, of both streams.
    pub(crate) tail: String,
    /// Whether a marker was seen.
    pub(crate) answered: bool,
}

/// Starts the first of `lines` that exists, with `configure` applied, and waits for its end. `watch` is the directory that
/// grows while it works.
pub(crate) async fn run(
    name: &str,
    lines: &[Vec<OsString>],
    configure: impl Fn(&mut Command),
    watch: &Path,
    answer: Option<&Answer<'_>>,
) -> Result<Ended, Failure> {
    for line in lines {
        let Some((program, first)) = line.split_first() else { continue };
        let mut command = Command::new(program);
        command.args(first).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
        configure(&mut command);
        let child = match command.spawn() {
            Ok(child) => child,
            Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::PermissionDenied) => continue,
            Err(error) => return Err(Failure::Permanent(format!("{name} cannot be started: {error}"))),
        };
        let ended = wait(name, child, watch, answer).await?;
        // A shim without a program behind it, or a Python without pip, is no client.
        if ended.status.code() == Some(127) || ended.tail.contains("No module named pip") {
            continue;
        }
        return Ok(ended);
    }
    let tried: Vec<_> =
        lines.iter().map(|line| line.iter().map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ")).collect();
    Err(Failure::Unreachable(format!("{name} is not on PATH (looked for: {})", tried.join(", "))))
}

async fn wait(
    name: &str,
    mut child: tokio::process::Child,
    watch: &Path,
    answer: Option<&Answer<'_>>,
) -> Result<Ended, Failure> {
    let (sender, mut lines) = mpsc::channel(64);
    if let Some(stdout) = child.stdout.take() {
        tokio::spawn(forward(stdout, sender.clone()));
    }
    if let Some(stderr) = child.stderr.take() {
        tokio::spawn(forward(stderr, sender.clone()));
    }
    drop(sender);
    let started = Instant::now();
    let mut tail = VecDeque::new();
    let mut answered = answer.is_none();
    let mut clock = answer.filter(|answer| answer.from.is_empty()).map(|_| started);
    let (mut moved, mut size) = (started, 0);
    loop {
        match tokio::time::timeout(Duration::from_millis(250), lines.recv()).await {
            // Both streams ended.
            Ok(None) => break,
            Ok(Some(line)) => {
                moved = Instant::now();
                if let Some(answer) = answer {
                    answered |= answer.markers.iter().any(|marker| line.contains(marker));
                    let refusal =
                        (!answered && !answer.refusal.is_empty()).then(|| line.find(answer.refusal)).flatten();
                    if let Some(words) = refusal.and_then(|start| line.get(start..)) {
                        stop(&mut child).await;
                        return Err(Failure::Unreachable(format!("{name}: its registry cannot be reached: {words}")));
                    }
                    if clock.is_none() && line.contains(answer.from) {
                        clock = Some(moved);
                    }
                }
                tail.push_back(line);
                if tail.len() > KEPT {
                    tail.pop_front();
                }
            }
            Err(_) => {
                let now_size = size_of(watch);
                if now_size != size {
                    (moved, size) = (Instant::now(), now_size);
                }
            }
        }
        if let (false, Some(clock), Some(answer)) = (answered, clock, answer)
            && clock.elapsed() > answer.within
        {
            stop(&mut child).await;
            let reason = format!("{name}: its registry did not answer within {} s", answer.within.as_secs());
            return Err(Failure::Unreachable(reason));
        }
        if moved.elapsed() > STALL || started.elapsed() > TOTAL {
            stop(&mut child).await;
            let seconds = started.elapsed().as_secs();
            return Err(Failure::Transient(format!("{name} made no progress and was stopped after {seconds} s")));
        }
    }
    let Ok(status) = tokio::time::timeout(STALL, child.wait()).await else {
        stop(&mut child).await;
        return Err(Failure::Transient(format!("{name} closed its output but did not end")));
    };
    let status = status.map_err(|error| Failure::Permanent(format!("{name} cannot be waited for: {error}")))?;
    Ok(Ended { status, tail: Vec::from(tail).join("\n"), answered })
}

async fn stop(child: &mut tokio::process::Child) {
    if let Err(error) = child.kill().await {
        tracing::debug!(%error, "a package client could not be stopped");
    }
}

async fn forward(stream: impl tokio::io::AsyncRead + Unpin, to: mpsc::Sender<String>) {
    let mut reader = BufReader::new(stream);
    let mut line = Vec::new();
    loop {
        line.clear();
        match reader.read_until(b'\n', &mut line).await {
            Ok(0) | Err(_) => return,
            Ok(_) => {
                let text = String::from_utf8_lossy(&line).trim_end().to_owned();
                if to.send(text).await.is_err() {
                    return;
                }
            }
        }
    }
}

/// The last lines that say something, for a message.
pub(crate) fn last_words(tail: &str) -> String {
    let lines: Vec<_> = tail
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty() && !line.contains("[notice]") && !line.contains("complete log of this run"))
        .collect();
    let skip = lines.len().saturating_sub(3);
    lines.into_iter().skip(skip).collect::<Vec<_>>().join("; ")
}

/// Whether a client's words speak of the network rather than of the package.
pub(crate) fn speaks_of_network(text: &str) -> bool {
    const WORDS: [&str; 23] = [
        "certificate",
        "err_tls",
        "connection error",
        "connection broken",
        "connection refused",
        "connection reset",
        "connection aborted",
        "failed to connect",
        "could not connect",
        "timed out",
        "timeout",
        "name resolution",
        "could not resolve",
        "name or service not known",
        "network is unreachable",
        "max retries exceeded",
        "proxyerror",
        "eai_again",
        "enotfound",
        "econnrefused",
        "econnreset",
        "etimedout",
        "socket hang up",
    ];
    let text = text.to_lowercase();
    WORDS.iter().any(|word| text.contains(word))
        || ["500", "502", "503", "504"].iter().any(|code| text.contains(&format!("{code} server error")))
}
