//! The journal of a run: a line for every finished step, on the disk before the step counts as finished.

use std::{
    collections::HashMap,
    fs::{File, TryLockError},
    io::{BufRead, BufReader, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
        mpsc,
    },
    thread::JoinHandle,
};

use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::sync::oneshot;

use crate::{
    language::step::FailureKind,
    record::{
        blobs::Blobs,
        failure::Failure,
        finished::Record,
        runner::{Done, RecordedIn},
    },
};

/// What tells a journal from other files.
const FORMAT: &str = "argus-run";
/// Grows when older programs would misread newer journals.
const VERSION: u32 = 1;
const FILE: &str = "journal.jsonl";

/// The first line: what is run on what.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Header {
    format: String,
    version: u32,
    /// The workflow: the name of a shipped one, or the file.
    pub workflow: String,
    /// The sha256 of its definition.
    pub digest: String,
    /// The inputs as they were given.
    pub inputs: Value,
}

impl Header {
    /// The header of a run.
    pub fn new(workflow: impl Into<String>, digest: impl Into<String>, inputs: Value) -> Self {
        Self { format: FORMAT.into(), version: VERSION, workflow: workflow.into(), digest: digest.into(), inputs }
    }
}

/// A line after the first.
#[derive(Deserialize, Serialize)]
struct Line<R> {
    step: String,
    digest: String,
    #[serde(flatten)]
    record: R,
}

/// A run that cannot be recorded or resumed.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// The folder or the file cannot be used.
    #[error("{}: {what}", path.display())]
    Io {
        /// The path.
        path: PathBuf,
        /// What was tried.
        what: &'static str,
        /// Why it failed.
        source: std::io::Error,
    },
    /// Another process runs it.
    #[error("the run in {} is going on in another process", .0.display())]
    Busy(PathBuf),
    /// There is a run already.
    #[error("there is a run in {} already", .0.display())]
    Exists(PathBuf),
    /// There is none.
    #[error("there is no run in {}", .0.display())]
    Missing(PathBuf),
    /// It is of something else.
    #[error("the run in {} is of {was}, not of {is}", folder.display())]
    Other {
        /// The folder.
        folder: PathBuf,
        /// What it is of.
        was: String,
        /// What was asked for.
        is: String,
    },
    /// A line cannot be read.
    #[error("{}, line {line}: {why}", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// Why.
        why: String,
    },
}

impl JournalError {
    /// What to do about it.
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::Io { .. } => None,
            Self::Busy(_) => Some("wait for it, or begin a run of your own with another --run"),
            Self::Exists(_) => Some("go on with it with --resume, or choose another --run"),
            Self::Missing(_) => Some("argus run without --resume begins one"),
            Self::Other { .. } => Some("what was finished then is not what would be done now: begin a new run"),
            Self::Damaged { .. } => Some("the disk or somebody changed it: begin a new run"),
        }
    }
}

type Waiting = (Vec<u8>, oneshot::Sender<Result<(), String>>);

/// The journal of a run in a folder. While it is open the folder is locked.
pub struct Journal {
    folder: PathBuf,
    header: Header,
    blobs: Blobs,
    /// Where the line of a step begins, by key.
    index: Mutex<HashMap<String, u64>>,
    recorded_now: AtomicUsize,
    lines: Mutex<Option<mpsc::Sender<Waiting>>>,
    writer: Mutex<Option<JoinHandle<()>>>,
    // Closing it ends the lock.
    _lock: File,
}

impl Journal {
    /// Begins a run in a folder, which is made.
    pub fn create(folder: &Path, header: Header) -> Result<Arc<Self>, JournalError> {
        let io = |what| move |source| JournalError::Io { path: folder.to_owned(), what, source };
        std::fs::create_dir_all(folder).map_err(io("the folder of the run cannot be made"))?;
        let lock = lock(folder)?;
        let path = folder.join(FILE);
        if path.exists() {
            return Err(JournalError::Exists(folder.to_owned()));
        }
        let mut first = serde_json::to_vec(&header).map_err(std::io::Error::other).map_err(io("the journal"))?;
        first.push(b'\n');
        // Named once its first line is there: whoever is killed in between can begin again.
        let unnamed = folder.join(format!("{FILE}.part"));
        let mut file = File::create(&unnamed).map_err(io("the journal cannot be made"))?;
        file.write_all(&first).and_then(|()| file.sync_all()).map_err(io("the journal cannot be written"))?;
        std::fs::rename(&unnamed, &path).map_err(io("the journal cannot be made"))?;
        // The name of the file must be there after a power cut, too.
        File::open(folder).and_then(|folder| folder.sync_all()).map_err(io("the folder cannot be written"))?;
        Ok(Self::start(folder, header, HashMap::new(), file, lock))
    }

    /// Goes on with the run of a folder. A last line that broke off is forgotten: its step is done again.
    pub fn resume(folder: &Path) -> Result<Arc<Self>, JournalError> {
        let path = folder.join(FILE);
        if !path.exists() {
            return Err(JournalError::Missing(folder.to_owned()));
        }
        let lock = lock(folder)?;
        let io = |what| {
            let path = path.clone();
            move |source| JournalError::Io { path, what, source }
        };
        let mut file =
            File::options().read(true).append(true).open(&path).map_err(io("the journal cannot be opened"))?;
        let (header, index, good) = read(&mut file, &path)?;
        file.set_len(good).map_err(io("a line that broke off cannot be removed"))?;
        file.seek(SeekFrom::End(0)).map_err(io("the journal cannot be written"))?;
        Ok(Self::start(folder, header, index, file, lock))
    }

    fn start(folder: &Path, header: Header, index: HashMap<String, u64>, file: File, lock: File) -> Arc<Self> {
        let (lines, waiting) = mpsc::channel();
        let writer = std::thread::Builder::new().name("journal".into()).spawn(move || write(file, &waiting)).ok();
        Arc::new(Self {
            folder: folder.to_owned(),
            header,
            blobs: Blobs::new(folder.join("blobs")),
            index: Mutex::new(index),
            recorded_now: AtomicUsize::new(0),
            lines: Mutex::new(Some(lines)),
            writer: Mutex::new(writer),
            _lock: lock,
        })
    }

    /// What is run on what.
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// The folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// How many steps are recorded.
    pub fn len(&self) -> usize {
        let earlier = self.index.lock().unwrap_or_else(PoisonError::into_inner).len();
        earlier + self.recorded_now.load(Ordering::Relaxed)
    }

    /// Whether nothing is recorded yet.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Fails unless the run is of this workflow on these inputs.
    pub fn matches(&self, header: &Header) -> Result<(), JournalError> {
        let other = |was: String, is: String| JournalError::Other { folder: self.folder.clone(), was, is };
        if self.header.digest != header.digest {
            let (was, is) = (&self.header.workflow, &header.workflow);
            let was = if was == is { "an earlier version of the workflow".to_owned() } else { was.clone() };
            return Err(other(was, is.clone()));
        }
        if self.header.inputs != header.inputs {
            let shown = |inputs: &Value| format!("the inputs {}", crate::language::shape::short(inputs));
            return Err(other(shown(&self.header.inputs), shown(&header.inputs)));
        }
        Ok(())
    }

    /// Whether a step is recorded.
    pub(crate) fn knows(&self, key: &str) -> bool {
        self.index.lock().unwrap_or_else(PoisonError::into_inner).contains_key(key)
    }

    /// What a step left, if it is recorded for the same digest of what went in.
    pub(crate) async fn recorded(&self, key: &str, digest: &str) -> Result<Option<Done>, Failure> {
        let at = self.index.lock().unwrap_or_else(PoisonError::into_inner).get(key).copied();
        let Some(at) = at else { return Ok(None) };
        let (path, blobs, digest) = (self.folder.join(FILE), self.blobs.clone(), digest.to_owned());
        let read = move || -> std::io::Result<Option<Done>> {
            let mut file = File::open(&path)?;
            file.seek(SeekFrom::Start(at))?;
            let mut line = Vec::new();
            BufReader::new(file).read_until(b'\n', &mut line)?;
            let line: Line<Record> = serde_json::from_slice(&line)?;
            if line.digest != digest {
                return Ok(None);
            }
            line.record.restore(&blobs, RecordedIn::Journal).map(Some)
        };
        blocking(read).await.map_err(|error| failed("the journal cannot be read", &error))
    }

    /// Records what a step left. On return it is on the disk.
    pub(crate) async fn record(&self, key: &str, digest: &str, done: &Done) -> Result<(), Failure> {
        let (blobs, key, digest, done) = (self.blobs.clone(), key.to_owned(), digest.to_owned(), done.clone());
        let make = move || -> std::io::Result<Vec<u8>> {
            let record = Record::new(&done, &blobs)?;
            let mut line = serde_json::to_vec(&Line { step: key, digest, record })?;
            line.push(b'\n');
            Ok(line)
        };
        let line = blocking(make).await.map_err(|error| failed("the step cannot be recorded", &error))?;
        let (told, written) = oneshot::channel();
        let sent = {
            let lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
            lines.as_ref().is_some_and(|lines| lines.send((line, told)).is_ok())
        };
        let why = match written.await {
            Ok(Ok(())) if sent => {
                self.recorded_now.fetch_add(1, Ordering::Relaxed);
                return Ok(());
            }
            Ok(Err(why)) => why,
            _ => "the journal is closed".into(),
        };
        Err(Failure::new(FailureKind::Internal, format!("the step cannot be recorded: {why}")))
    }
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> std::io::Result<T> + Send + 'static) -> std::io::Result<T> {
    tokio::task::spawn_blocking(work).await.unwrap_or_else(|error| Err(std::io::Error::other(error)))
}

fn failed(what: &str, error: &std::io::Error) -> Failure {
    Failure::new(FailureKind::Internal, format!("{what}: {error}"))
}

impl Drop for Journal {
    fn drop(&mut self) {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(writer) = self.writer.lock().unwrap_or_else(PoisonError::into_inner).take() {
            let _ = writer.join();
        }
    }
}

fn lock(folder: &Path) -> Result<File, JournalError> {
    let path = folder.join(".lock");
    let io = |source| JournalError::Io { path: path.clone(), what: "the lock cannot be taken", source };
    let file = File::options().create(true).truncate(false).write(true).open(&path).map_err(io)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(JournalError::Busy(folder.to_owned())),
        Err(TryLockError::Error(source)) => Err(io(source)),
    }
}

/// The header, where each step's line begins, and where the last whole line ends.
fn read(file: &mut File, path: &Path) -> Result<(Header, HashMap<String, u64>, u64), JournalError> {
    #[derive(Deserialize)]
    struct Key {
        step: String,
    }
    let damaged = |line, why: String| JournalError::Damaged { path: path.to_owned(), line, why };
    let mut reader = BufReader::new(file);
    let (mut header, mut index, mut good, mut number) = (None, HashMap::new(), 0, 0);
    let mut line = Vec::new();
    loop {
        line.clear();
        let length = reader.read_until(b'\n', &mut line).map_err(|error| damaged(number + 1, error.to_string()))?;
        if length == 0 || line.last() != Some(&b'\n') {
            break;
        }
        number += 1;
        if header.is_none() {
            let found: Header = serde_json::from_slice(&line)
                .map_err(|error| damaged(1, format!("it does not begin a run ({error})")))?;
            if (found.format.as_str(), found.version) != (FORMAT, VERSION) {
                let why = format!("it is {} {}, not {FORMAT} {VERSION}", found.format, found.version);
                return Err(damaged(1, why));
            }
            header = Some(found);
        } else {
            let key: Key = serde_json::from_slice(&line)
                .map_err(|error| damaged(number, format!("it tells of no finished step ({error})")))?;
            index.insert(key.step, good);
        }
        good += length as u64;
    }
    let header = header.ok_or_else(|| damaged(1, "the first line is missing".into()))?;
    Ok((header, index, good))
}

/// Writes what waits in one piece and syncs once for all of it.
fn write(mut file: File, waiting: &mpsc::Receiver<Waiting>) {
    let mut written = Ok(());
    while let Ok(first) = waiting.recv() {
        let mut all = vec![first];
        all.extend(waiting.try_iter().take(256));
        let bytes: Vec<u8> = all.iter().flat_map(|(line, _)| line.iter().copied()).collect();
        // After an error nothing more is tried: half a line would spoil the next one.
        if written.is_ok() {
            written = file.write_all(&bytes).and_then(|()| file.sync_data()).map_err(|error| error.to_string());
        }
        for (_, told) in all {
            let _ = told.send(written.clone());
        }
    }
}
