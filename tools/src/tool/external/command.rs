//! A tool that is a program: started without a shell, with the arguments as JSON on standard input.

use std::{
    collections::VecDeque,
    ffi::OsString,
    io,
    path::{Path, PathBuf},
    process::{ExitStatus, Stdio},
    time::Duration,
};

use fs_err::tokio as fs;
use indexmap::IndexMap;
use serde_json::{Map, Value};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWriteExt},
    process::{Child, ChildStdin, Command},
};

use super::{
    Call, OutputKind, UserTool,
    failure::{last_lines, out_of_service, too_much},
    schema::IMAGE,
};
use crate::tool::{ToolError, ToolErrorKind};

/// Variables that a program gets from Argus' own context.
const INHERITED: [&str; 3] = ["PATH", "HOME", "LANG"];
/// What programs of that system cannot do without.
#[cfg(windows)]
const NEEDED: [&str; 4] = ["SystemRoot", "SystemDrive", "USERPROFILE", "PATHEXT"];
#[cfg(not(windows))]
const NEEDED: [&str; 0] = [];

/// How long the output may stay open after the program itself has ended: something that it started holds it.
const GRACE: Duration = Duration::from_millis(500);
/// Bytes of standard error that are kept for a message.
const KEPT: usize = 8 * 1024;
/// The exit code by which a program says that its arguments are wrong (`EX_USAGE` of sysexits.h): the model is told why.
const WRONG_USE: i32 = 64;

/// A program and its arguments.
pub(super) struct CommandLine {
    program: PathBuf,
    words: Vec<Word>,
    folder: Option<PathBuf>,
    env: IndexMap<String, String>,
}

enum Word {
    Given(String),
    /// The value of the tool's argument of this name; whether a `--` before it says that no option follows.
    Argument(String, bool),
}

impl CommandLine {
    /// Checks the words; the error says what would be right.
    pub(super) fn new(settings: &UserTool, schema: &Value) -> Result<Self, String> {
        let (program, words) = settings.command.split_first().ok_or("has an empty command: give a program")?;
        if program.trim().is_empty() {
            return Err("has a command without a program: its first word is the program".into());
        }
        let names: Vec<&String> = schema["properties"].as_object().into_iter().flat_map(Map::keys).collect();
        let known = |name: &str| names.iter().any(|known| *known == name);
        let mut line = Vec::new();
        let mut plain = false;
        for word in words {
            let inner = word.strip_prefix('{').and_then(|rest| rest.strip_suffix('}'));
            let is_name = |name: &&str| name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') && !name.is_empty();
            match inner.filter(is_name) {
                Some(name) if known(name) => line.push(Word::Argument(name.to_owned(), plain)),
                Some(name) => return Err(format!("has {{{name}}} in its command, but no argument `{name}`")),
                None => {
                    if let Some(name) = names.iter().find(|name| word.contains(&format!("{{{name}}}"))) {
                        return Err(format!(
                            "has {{{name}}} inside the word \"{word}\" of its command: it must be a word of its own"
                        ));
                    }
                    plain |= word == "--";
                    line.push(Word::Given(word.clone()));
                }
            }
        }
        // A path with folders is meant from the folder of the settings, a bare name from PATH.
        let program = match &settings.folder {
            Some(folder) if Path::new(program).components().count() > 1 => folder.join(program),
            _ => PathBuf::from(program),
        };
        Ok(Self { program, words: line, folder: settings.folder.clone(), env: settings.env.clone() })
    }

    /// Runs the program once and gives what it printed; of a tool that gives pictures, the picture's bytes. Dropping the
    /// future kills it.
    pub(super) async fn run(&self, call: &Call<'_>) -> Result<Vec<u8>, ToolError> {
        let name = call.name;
        let unwritten =
            |error: io::Error| ToolError::internal(format!("{name}: its temporary files cannot be written: {error}"));
        let temporary = tempfile::Builder::new().prefix("argus-tool-").tempdir().map_err(unwritten)?;
        let mut args = call.args.clone();
        if let Some(png) = &call.png {
            let path = temporary.path().join("image.png");
            fs::write(&path, png).await.map_err(unwritten)?;
            args.insert(IMAGE.into(), Value::String(path.display().to_string()));
        }
        let mut command = Command::new(&self.program);
        command.args(self.line(name, &args)?).env_clear().envs(inherited());
        for variable in ["TMPDIR", "TMP", "TEMP"] {
            command.env(variable, temporary.path());
        }
        command.envs(&self.env).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
        if let Some(folder) = &self.folder {
            command.current_dir(folder);
        }
        // A group of its own: what it starts is killed with it, and Ctrl-C in the terminal reaches Argus alone.
        #[cfg(unix)]
        command.process_group(0);
        let child = command.spawn().map_err(|error| self.not_started(name, &error))?;
        let input = Value::Object(args).to_string() + "\n";
        let (status, output, complaints) = attend(child, input.into_bytes(), call).await?;
        if !status.success() {
            return Err(failed(name, status, &complaints));
        }
        if call.output == OutputKind::Image {
            return self.picture(call, output).await;
        }
        Ok(output)
    }

    fn line(&self, name: &str, args: &Map<String, Value>) -> Result<Vec<OsString>, ToolError> {
        let mut line = Vec::new();
        for word in &self.words {
            let (argument, plain) = match word {
                Word::Given(text) => {
                    line.push(text.into());
                    continue;
                }
                Word::Argument(argument, plain) => (argument, *plain),
            };
            let values = match args.get(argument) {
                None => Vec::new(),
                Some(Value::Array(values)) => values.iter().collect(),
                Some(value) => vec![value],
            };
            for value in values {
                let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
                if text.contains('\0') {
                    return Err(ToolError::invalid_input(format!("\"{argument}\" of {name} holds a zero character")));
                }
                if value.is_string() && text.starts_with('-') && !plain {
                    let why = format!("\"{argument}\" of {name} begins with -, which would be taken for an option");
                    return Err(ToolError::invalid_input(why).with_hint(format!(
                        "put \"--\" before {{{argument}}} in the command of [tools.{name}] if it knows that"
                    )));
                }
                line.push(text.into());
            }
        }
        Ok(line)
    }

    fn not_started(&self, name: &str, error: &io::Error) -> ToolError {
        let program = self.program.display();
        let correct = format!("correct `command` in [tools.{name}]");
        if let Some(folder) = self.folder.as_ref().filter(|folder| !folder.is_dir()) {
            let message = format!("{name}: its folder {} does not exist", folder.display());
            return out_of_service(message, format!("make it, or correct `folder` in [tools.{name}]"));
        }
        let bare = self.program.components().count() == 1;
        match error.kind() {
            io::ErrorKind::NotFound if bare => out_of_service(
                format!("{name}: the program {program} is not on PATH"),
                format!("install it, or {correct}"),
            ),
            io::ErrorKind::NotFound => out_of_service(
                format!("{name}: the program {program} (or what its first line names) does not exist"),
                correct,
            ),
            io::ErrorKind::PermissionDenied => {
                out_of_service(format!("{name}: {program} may not be run"), format!("make it executable, or {correct}"))
            }
            _ => out_of_service(format!("{name}: {program} cannot be started: {error}"), correct),
        }
    }

    /// The picture that was printed, or the file whose path was printed.
    async fn picture(&self, call: &Call<'_>, output: Vec<u8>) -> Result<Vec<u8>, ToolError> {
        const LONGEST_PATH: usize = 4096;
        let text = std::str::from_utf8(&output).ok().map(str::trim);
        let Some(path) = text.filter(|text| !text.is_empty() && text.len() <= LONGEST_PATH && !text.contains('\n'))
        else {
            return Ok(output);
        };
        let path = self.folder.as_deref().unwrap_or(Path::new("")).join(path);
        let name = call.name;
        let unread = |error: io::Error| {
            ToolError::internal(format!("{name} printed the path of a picture that cannot be read: {error}"))
                .with_hint(format!("with output = \"image\", {name} prints a picture's bytes or the path of its file"))
        };
        let metadata = fs::metadata(&path).await.map_err(unread)?;
        if !metadata.is_file() {
            return Err(unread(io::Error::other(format!("{} is no file", path.display()))));
        }
        if metadata.len() > call.bytes {
            return Err(too_much(call));
        }
        fs::read(&path).await.map_err(unread)
    }
}

fn inherited() -> impl Iterator<Item = (&'static str, OsString)> {
    INHERITED.into_iter().chain(NEEDED).filter_map(|name| std::env::var_os(name).map(|value| (name, value)))
}

/// Feeds the program, reads it and waits for its end.
async fn attend(mut child: Child, input: Vec<u8>, call: &Call<'_>) -> Result<(ExitStatus, Vec<u8>, String), ToolError> {
    let mut group = Group::of(&child);
    let unwatched = |error: io::Error| ToolError::internal(format!("{} cannot be waited for: {error}", call.name));
    let (mut output, mut complaints) = (Vec::new(), VecDeque::new());
    let (stdin, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
    let status = {
        let streams = async {
            tokio::try_join!(feed(stdin, &input), read(stdout, call, &mut output), async {
                keep_tail(stderr, &mut complaints).await;
                Ok(())
            },)
        };
        tokio::pin!(streams);
        tokio::select! {
            read = &mut streams => {
                read?;
                let status = child.wait().await.map_err(unwatched)?;
                group.release();
                status
            }
            status = child.wait() => {
                let status = status.map_err(unwatched)?;
                if let Ok(read) = tokio::time::timeout(GRACE, &mut streams).await {
                    read?;
                    group.release();
                }
                status
            }
        }
    };
    let complaints = Vec::from(complaints);
    Ok((status, output, String::from_utf8_lossy(&complaints).into_owned()))
}

/// A program that does not read its input closes it: no error.
async fn feed(stdin: Option<ChildStdin>, input: &[u8]) -> Result<(), ToolError> {
    if let Some(mut stdin) = stdin {
        let _ = stdin.write_all(input).await;
        let _ = stdin.shutdown().await;
    }
    Ok(())
}

/// All of a stream, up to the limit of the call.
async fn read(stream: Option<impl AsyncRead + Unpin>, call: &Call<'_>, into: &mut Vec<u8>) -> Result<(), ToolError> {
    let Some(stream) = stream else { return Ok(()) };
    let broken = |error: io::Error| ToolError::internal(format!("the output of {} cannot be read: {error}", call.name));
    stream.take(call.bytes.saturating_add(1)).read_to_end(into).await.map_err(broken)?;
    if into.len() as u64 > call.bytes { Err(too_much(call)) } else { Ok(()) }
}

/// The end of a stream, which is read to its end so that the program does not block on it.
async fn keep_tail(stream: Option<impl AsyncRead + Unpin>, kept: &mut VecDeque<u8>) {
    let Some(mut stream) = stream else { return };
    let mut chunk = vec![0; 4096];
    while let Ok(count @ 1..) = stream.read(&mut chunk).await {
        kept.extend(&chunk[..count]);
        kept.drain(..kept.len().saturating_sub(KEPT));
    }
}

fn failed(name: &str, status: ExitStatus, complaints: &str) -> ToolError {
    let why = last_lines(complaints, 5);
    if status.code() == Some(WRONG_USE) {
        let why = if why.is_empty() { "it does not say why".into() } else { why };
        return ToolError::invalid_input(format!("{name} cannot use these arguments: {why}"));
    }
    let why = if why.is_empty() { "it wrote nothing to standard error".into() } else { why };
    ToolError {
        kind: ToolErrorKind::Internal,
        message: format!("{name} ended with {}: {why}", ending(status)),
        feedback: format!("{name} failed; do not call it again with the same arguments"),
        hint: None,
    }
}

fn ending(status: ExitStatus) -> String {
    #[cfg(unix)]
    if let Some(signal) = std::os::unix::process::ExitStatusExt::signal(&status) {
        return format!("signal {signal}");
    }
    status.code().map_or_else(|| status.to_string(), |code| format!("exit code {code}"))
}

/// The processes of a call, killed when this is dropped before it was released.
struct Group(Option<u32>);

impl Group {
    fn of(child: &Child) -> Self {
        Self(child.id())
    }

    /// The program has ended of itself, and nothing of it is left that matters.
    fn release(&mut self) {
        self.0 = None;
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        if let Some(id) = self.0 {
            kill_group(id);
        }
    }
}

#[cfg(unix)]
fn kill_group(id: u32) {
    use rustix::process::{Pid, Signal, kill_process_group};
    let Some(group) = i32::try_from(id).ok().and_then(Pid::from_raw) else { return };
    if let Err(error) = kill_process_group(group, Signal::KILL) {
        tracing::debug!(%error, "the processes of a tool could not be stopped");
    }
}

/// The program itself is killed as its handle is dropped.
#[cfg(not(unix))]
fn kill_group(_: u32) {}
