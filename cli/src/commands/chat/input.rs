//! Lines from a person at a terminal, or from a pipe.

use std::{
    io::{BufRead, IsTerminal},
    path::{Path, PathBuf},
    sync::mpsc,
};

use rustyline::{
    Behavior, CompletionType, Config, Context, Editor, Helper,
    completion::{Completer, FilenameCompleter, Pair},
    error::ReadlineError,
    highlight::Highlighter,
    hint::Hinter,
    history::FileHistory,
    validate::Validator,
};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use super::line::COMMANDS;

/// Lines of the history that are kept.
const HISTORY: usize = 1000;

/// What was typed.
#[derive(Debug)]
pub(super) enum Typed {
    /// A line.
    Line(String),
    /// Ctrl-C.
    Interrupted,
    /// Ctrl-D, or the end of the pipe.
    End,
    /// The terminal or the pipe cannot be read.
    Failed(String),
}

/// Reads on a thread of its own, one line when asked, so that a turn is never disturbed.
pub(super) struct Input {
    ask: mpsc::Sender<()>,
    typed: UnboundedReceiver<Typed>,
    /// Whether a person types.
    pub(super) interactive: bool,
}

impl Input {
    /// Standard input: with line editing and a history if it is a terminal.
    pub(super) fn new() -> Self {
        let interactive = std::io::stdin().is_terminal();
        let (ask, asked) = mpsc::channel();
        let (sender, typed) = unbounded_channel();
        std::thread::spawn(move || if interactive { edit(&asked, &sender) } else { read(&asked, &sender) });
        Self { ask, typed, interactive }
    }

    /// The next line.
    pub(super) async fn next(&mut self) -> Typed {
        if self.ask.send(()).is_err() {
            return Typed::End;
        }
        self.typed.recv().await.unwrap_or(Typed::End)
    }
}

/// Lines of a pipe. Bytes that are no UTF-8 are replaced.
fn read(asked: &mpsc::Receiver<()>, sender: &UnboundedSender<Typed>) {
    let mut stdin = std::io::stdin().lock();
    while asked.recv().is_ok() {
        let mut bytes = Vec::new();
        let typed = match stdin.read_until(b'\n', &mut bytes) {
            Ok(0) => Typed::End,
            Ok(_) => Typed::Line(String::from_utf8_lossy(&bytes).trim_end_matches(['\n', '\r']).to_owned()),
            Err(error) => Typed::Failed(error.to_string()),
        };
        if sender.send(typed).is_err() {
            return;
        }
    }
}

fn edit(asked: &mpsc::Receiver<()>, sender: &UnboundedSender<Typed>) {
    // The terminal itself, so that answers can go to a file.
    let config = Config::builder()
        .behavior(Behavior::PreferTerm)
        .completion_type(CompletionType::List)
        .auto_add_history(true)
        .history_ignore_space(true);
    let config = config.max_history_size(HISTORY).map(rustyline::config::Builder::build);
    let editor = config.and_then(Editor::<Words, FileHistory>::with_config);
    let mut editor = match editor {
        Ok(editor) => editor,
        Err(error) => {
            let _ = sender.send(Typed::Failed(error.to_string()));
            return;
        }
    };
    editor.set_helper(Some(Words { files: FilenameCompleter::new() }));
    let history = history_file();
    if let Some(file) = &history {
        let _ = editor.load_history(file);
    }
    while asked.recv().is_ok() {
        let typed = match editor.readline("> ") {
            Ok(line) => Typed::Line(line),
            Err(ReadlineError::Interrupted) => Typed::Interrupted,
            Err(ReadlineError::Eof) => Typed::End,
            Err(error) => Typed::Failed(error.to_string()),
        };
        // A history that cannot be kept is no reason to stop talking.
        if let (Typed::Line(_), Some(file)) = (&typed, &history) {
            let _ = file.parent().map(std::fs::create_dir_all);
            let _ = editor.append_history(file);
        }
        if sender.send(typed).is_err() {
            return;
        }
    }
}

/// `~/.local/state/argus/chat-history`, or what the platform and `XDG_STATE_HOME` have in its place.
fn history_file() -> Option<PathBuf> {
    let state = std::env::var_os("XDG_STATE_HOME").map(PathBuf::from).filter(|path| path.is_absolute()).or_else(|| {
        let folder = if cfg!(windows) { "AppData/Local" } else { ".local/state" };
        std::env::home_dir().map(|home| home.join(folder))
    });
    state.map(|state| state.join("argus").join("chat-history"))
}

/// Completes commands at the beginning of a line and file names elsewhere.
struct Words {
    files: FilenameCompleter,
}

impl Completer for Words {
    type Candidate = Pair;

    fn complete(&self, line: &str, pos: usize, _: &Context<'_>) -> rustyline::Result<(usize, Vec<Pair>)> {
        let typed = line.get(..pos).unwrap_or_default();
        let commands = typed.strip_prefix('/').filter(|name| name.chars().all(|c| c.is_ascii_lowercase()));
        if let Some(beginning) = commands
            && !Path::new(typed).exists()
        {
            let fitting = COMMANDS.iter().filter(|(name, ..)| name.starts_with(beginning));
            let pairs: Vec<Pair> = fitting
                .map(|(name, arguments, _)| Pair {
                    display: format!("/{name}"),
                    replacement: format!("/{name}{}", if arguments.is_empty() { "" } else { " " }),
                })
                .collect();
            if !pairs.is_empty() {
                return Ok((0, pairs));
            }
        }
        self.files.complete_path(line, pos)
    }
}

impl Hinter for Words {
    type Hint = String;
}
impl Highlighter for Words {}
impl Validator for Words {}
impl Helper for Words {}
