//! A child process that never outlives Argus, with its output kept.
//!
//! On Unix the child is started through `sh`, which leaves a watchdog behind: it reads a pipe whose other end only
//! Argus holds. Argus's death, `SIGKILL` included, closes the pipe, and the watchdog kills the child. Unlike Linux's
//! parent-death signal this works on macOS too, needs no `unsafe`, and does not depend on the thread that started the
//! child living on. The child replaces the shell (`exec`), so it is Argus's direct child. Elsewhere: killed on drop only.

use std::{
    collections::VecDeque,
    ffi::OsString,
    io::{BufRead, BufReader, Read, Write},
    path::Path,
    process::{Child, ChildStdin, Command, ExitStatus, Stdio},
    sync::{Arc, Mutex, PoisonError},
};

/// Lines of output that are kept for an error message.
const KEPT_LINES: usize = 200;
/// The longest line that is kept, in bytes.
const LONGEST_LINE: usize = 2000;

/// `$1...` run with an empty stdin and without the pipe. A line on the pipe lets the watchdog go; end of file makes it kill.
#[cfg(unix)]
const GUARDED: &str =
    r#"exec 3<&0; (read -r line <&3 || kill -9 $$) </dev/null >/dev/null 2>&1 & exec "$@" </dev/null 3<&-"#;

pub(super) struct Process {
    child: Child,
    /// The end of the pipe that the watchdog reads.
    leash: Option<ChildStdin>,
    output: Arc<Mutex<VecDeque<String>>>,
}

impl Process {
    /// Starts a program. Its output goes to `log`, if given, and its last lines stay in memory.
    pub(super) fn start(
        program: &Path,
        args: &[OsString],
        environment: &[(&str, OsString)],
        log: Option<&Path>,
    ) -> std::io::Result<Self> {
        let mut command = guarded(program);
        command.args(args).envs(environment.iter().map(|(name, value)| (name, value)));
        // Argus alone decides how its server runs; settings meant for another one could open it to the network.
        for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("LLAMA_ARG_")) {
            command.env_remove(name);
        }
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
        let log = match log {
            Some(path) => Some(Arc::new(Mutex::new(fs_err::File::create(path)?.into_file()))),
            None => None,
        };
        let output = Arc::new(Mutex::new(VecDeque::new()));
        let leash = child.stdin.take();
        let pipes = [
            child.stdout.take().map(|pipe| Box::new(pipe) as Box<dyn Read + Send>),
            child.stderr.take().map(|pipe| Box::new(pipe) as Box<dyn Read + Send>),
        ];
        for pipe in pipes.into_iter().flatten() {
            let (output, log) = (output.clone(), log.clone());
            std::thread::spawn(move || keep(pipe, &output, log.as_deref()));
        }
        Ok(Self { child, leash, output })
    }

    /// The exit status, once the process has ended.
    pub(super) fn ended(&mut self) -> Option<ExitStatus> {
        let status = self.child.try_wait().ok().flatten();
        if status.is_some() {
            self.release();
        }
        status
    }

    /// The last lines of its output.
    pub(super) fn last_lines(&self, count: usize) -> Vec<String> {
        let output = self.output.lock().unwrap_or_else(PoisonError::into_inner);
        output.iter().skip(output.len().saturating_sub(count)).cloned().collect()
    }

    /// Lets the watchdog go, before the child's id can mean another process.
    fn release(&mut self) {
        if let Some(mut leash) = self.leash.take() {
            // An error means that it is gone already.
            let _ = leash.write_all(b"\n");
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.release();
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[cfg(unix)]
fn guarded(program: &Path) -> Command {
    use std::os::unix::process::CommandExt;
    let mut command = Command::new("/bin/sh");
    // Its own process group: Ctrl-C in the terminal reaches Argus only, which ends its child in order.
    command.args(["-c", GUARDED, "argus"]).arg(program).process_group(0);
    command
}

#[cfg(not(unix))]
fn guarded(program: &Path) -> Command {
    Command::new(program)
}

/// Reads a pipe to its end.
fn keep(pipe: Box<dyn Read + Send>, output: &Mutex<VecDeque<String>>, log: Option<&Mutex<std::fs::File>>) {
    let mut reader = BufReader::new(pipe);
    let mut line = Vec::new();
    while reader.by_ref().take(LONGEST_LINE as u64).read_until(b'\n', &mut line).is_ok_and(|read| read > 0) {
        if let Some(log) = log {
            // A full disk must not stop the server, which would block on a full pipe.
            let _ = log.lock().unwrap_or_else(PoisonError::into_inner).write_all(&line);
        }
        let mut output = output.lock().unwrap_or_else(PoisonError::into_inner);
        if output.len() == KEPT_LINES {
            output.pop_front();
        }
        output.push_back(String::from_utf8_lossy(&line).trim_end().to_owned());
        line.clear();
    }
}

#[cfg(all(test, unix))]
#[expect(clippy::unwrap_used, reason = "a failed set-up fails the test")]
mod tests {
    use std::time::{Duration, Instant};

    use super::*;

    /// How many running processes mention a text in their command lines.
    fn running(marker: &str) -> usize {
        // Slim containers have no `ps`. The command line of a zombie is empty.
        if let Ok(processes) = fs_err::read_dir("/proc") {
            let lines = processes.flatten().filter_map(|process| fs_err::read(process.path().join("cmdline")).ok());
            return lines.filter(|line| String::from_utf8_lossy(line).contains(marker)).count();
        }
        let listed = Command::new("ps").args(["-eo", "stat=,args="]).output().unwrap();
        let listed = String::from_utf8_lossy(&listed.stdout).into_owned();
        listed.lines().filter(|line| line.contains(marker) && !line.starts_with('Z')).count()
    }

    fn gone_within(marker: &str, limit: Duration) -> bool {
        let begin = Instant::now();
        while running(marker) > 0 {
            if begin.elapsed() > limit {
                return false;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        true
    }

    #[test]
    fn a_dropped_process_leaves_neither_child_nor_watchdog() {
        let process = Process::start(Path::new("sleep"), &["31337.25".into()], &[], None).unwrap();
        std::thread::sleep(Duration::from_millis(100));
        assert!(running("31337.25") >= 1);
        drop(process);
        assert!(gone_within("31337.25", Duration::from_secs(1)), "child or watchdog lives on");
    }

    #[test]
    fn output_is_kept_and_the_end_is_noticed() {
        let script = "echo one; echo two >&2; exit 3";
        let mut process = Process::start(Path::new("sh"), &["-c".into(), script.into()], &[], None).unwrap();
        let begin = Instant::now();
        let status = loop {
            if let Some(status) = process.ended() {
                break status;
            }
            assert!(begin.elapsed() < Duration::from_secs(5));
            std::thread::sleep(Duration::from_millis(10));
        };
        assert_eq!(status.code(), Some(3));
        std::thread::sleep(Duration::from_millis(50));
        let mut lines = process.last_lines(10);
        lines.sort();
        assert_eq!(lines, ["one", "two"]);
    }

    /// The test binary runs itself as a helper, which starts a child and waits; the helper is then killed the hard way.
    #[test]
    fn sigkill_of_the_parent_ends_the_child() {
        const MARKER: &str = "31338.75";
        if std::env::var_os("ARGUS_TEST_HELPER").is_some() {
            let _process = Process::start(Path::new("sleep"), &[MARKER.into()], &[], None).unwrap();
            std::thread::sleep(Duration::from_mins(1));
            return;
        }
        let name = "chat::local::process::tests::sigkill_of_the_parent_ends_the_child";
        let mut helper = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", name, "--nocapture"])
            .env("ARGUS_TEST_HELPER", "1")
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let begin = Instant::now();
        while running(MARKER) == 0 {
            assert!(begin.elapsed() < Duration::from_secs(10), "the helper did not start its child");
            std::thread::sleep(Duration::from_millis(20));
        }
        // Long enough for the shell to have become the child.
        std::thread::sleep(Duration::from_millis(200));
        helper.kill().unwrap();
        helper.wait().unwrap();
        assert!(gone_within(MARKER, Duration::from_secs(1)), "the child outlived its parent");
    }
}
