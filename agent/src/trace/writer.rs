//! Writes a trace while the run continues. Events are handed to a thread; a picture is written by another one, so that a
//! run that is killed leaves every line up to the last event.

use std::{
    collections::HashSet,
    io::Write,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        mpsc::{Receiver, SyncSender, TrySendError, sync_channel},
    },
    thread::JoinHandle,
    time::Instant,
};

use argus_tools::image::{ImageEntry, ImageStore, Origin, Region};
use serde_json::Value;

use super::{
    TRACE_VERSION, Trace, TraceError, TraceHeader, TraceLine,
    line::HEADER,
    picture::{self, files_folder},
};
use crate::run::{ImageRecord, RunEvent, RunEvents, ms_since};

/// Events that may wait for the disk. A run makes some ten a second at most.
const WAITING_LINES: usize = 4096;
/// Pictures that may wait for it.
const WAITING_PICTURES: usize = 256;

/// The path with the extension of traces, where it has none.
pub fn trace_path(path: &Path) -> PathBuf {
    if path.extension().is_some() { path.to_owned() } else { path.with_extension("jsonl") }
}

/// A sink of run events that writes a trace. Pieces of replies are left out: the whole reply follows them.
///
/// The pictures of the session are saved next to it. An image that no event announced is announced by the writer, so that
/// every handle of a trace has its picture. A write error never fails the run; [`Self::finish`] tells of it.
pub struct TraceWriter {
    path: PathBuf,
    images: ImageStore,
    begin: Instant,
    state: Mutex<State>,
    problems: Arc<Mutex<Vec<String>>>,
}

#[derive(Default)]
struct State {
    lines: Option<SyncSender<Box<TraceLine>>>,
    pictures: Option<SyncSender<(PathBuf, Arc<ImageEntry>)>>,
    threads: Vec<JoinHandle<()>>,
    announced: HashSet<String>,
    regions: HashSet<String>,
    lost: usize,
}

impl TraceWriter {
    /// Begins a trace of the runs on these images. A trace that is there already is replaced, together with its pictures;
    /// another file of that name is left alone, which is an error.
    pub fn create(path: impl Into<PathBuf>, images: ImageStore, header: TraceHeader) -> Result<Self, TraceError> {
        let path = path.into();
        let failed = |source| TraceError::Io { file: path.clone(), doing: "written", source };
        if fs_err::metadata(&path).is_ok_and(|found| found.len() > 0) {
            Trace::check(&path)?;
        }
        if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            fs_err::create_dir_all(folder).map_err(failed)?;
        }
        let mut file = fs_err::File::create(&path).map_err(failed)?;
        let mut first = serde_json::json!({ "at_ms": 0.0, "event": HEADER });
        if let (Some(first), Ok(Value::Object(header))) =
            (first.as_object_mut(), serde_json::to_value(TraceHeader { trace: TRACE_VERSION, ..header }))
        {
            first.extend(header);
        }
        writeln!(file, "{first}").map_err(failed)?;
        picture::remove_old(&files_folder(&path));
        let problems: Arc<Mutex<Vec<String>>> = Arc::default();
        let (lines, waiting) = sync_channel(WAITING_LINES);
        let (pictures, waiting_pictures) = sync_channel(WAITING_PICTURES);
        let (to_tell, to_tell_of_pictures) = (problems.clone(), problems.clone());
        let threads = vec![
            thread("trace", move || write_lines(&mut file, &waiting, &to_tell)).map_err(failed)?,
            thread("trace-pictures", move || save_pictures(&waiting_pictures, &to_tell_of_pictures)).map_err(failed)?,
        ];
        let state = State { lines: Some(lines), pictures: Some(pictures), threads, ..State::default() };
        Ok(Self { path, images, begin: Instant::now(), state: Mutex::new(state), problems })
    }

    /// Where it writes.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Waits until everything is on disk. Events that come later are lost. The error tells what could not be written.
    pub fn finish(&self) -> Result<(), TraceError> {
        let mut state = self.state();
        (state.lines, state.pictures) = (None, None);
        for thread in state.threads.drain(..) {
            if thread.join().is_err() {
                note(&self.problems, "a writing thread ended badly".into());
            }
        }
        let lost = std::mem::take(&mut state.lost);
        if lost > 0 {
            note(&self.problems, format!("the disk was too slow for {lost} events or pictures"));
        }
        let what = std::mem::take(&mut *self.problems.lock().unwrap_or_else(PoisonError::into_inner));
        if what.is_empty() { Ok(()) } else { Err(TraceError::Incomplete { file: self.path.clone(), what }) }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Announces the images that no event has announced so far.
    fn announce(&self, state: &mut State) {
        for entry in self.images.images() {
            if state.announced.contains(&entry.handle) {
                continue;
            }
            let image = ImageRecord {
                handle: entry.handle.clone(),
                path: None,
                parent: entry.parent.clone(),
                op: entry.operation.as_ref().map(|operation| operation.tool.clone()),
                args: entry.operation.as_ref().map(|operation| operation.args.clone()),
            };
            let (width, height) = (entry.width(), entry.height());
            self.image(state, RunEvent::ImageAdded { image, width, height });
        }
    }

    /// Writes the announcement of an image, and its picture.
    fn image(&self, state: &mut State, event: RunEvent) {
        let RunEvent::ImageAdded { image, .. } = &event else { return };
        if !state.announced.insert(image.handle.clone()) {
            return;
        }
        let entry = self.images.get(&image.handle).ok();
        let mut line = TraceLine::new(ms_since(self.begin), event);
        if let Some(entry) = entry {
            let (relative, path) = picture::place(&self.path, &entry.handle);
            line.source = source(&entry.origin);
            line.file = Some(relative);
            let sent = state.pictures.as_ref().map(|pictures| pictures.try_send((path, entry)));
            state.lost += usize::from(matches!(sent, Some(Err(TrySendError::Full(_)))));
        }
        state.line(line);
    }

    /// The regions that have got their handles since the last call.
    fn new_regions(&self, state: &mut State) -> Vec<Region> {
        let images = self.images.images();
        let all = images.iter().flat_map(|image| self.images.regions(&image.handle));
        all.filter(|region| state.regions.insert(region.handle.clone())).collect()
    }
}

impl State {
    fn line(&mut self, line: TraceLine) {
        let sent = self.lines.as_ref().map(|lines| lines.try_send(Box::new(line)));
        self.lost += usize::from(matches!(sent, Some(Err(TrySendError::Full(_)))));
    }
}

impl RunEvents for TraceWriter {
    fn emit(&self, event: RunEvent) {
        let mut state = self.state();
        if state.lines.is_none() {
            return;
        }
        match event {
            RunEvent::ModelDelta { .. } => {}
            RunEvent::ImageAdded { .. } => self.image(&mut state, event),
            event => {
                let finished = matches!(event, RunEvent::ToolFinished { .. });
                let mut line = TraceLine::new(ms_since(self.begin), event);
                if finished {
                    line.regions = self.new_regions(&mut state);
                }
                let begins = matches!(line.event, RunEvent::RunStarted { .. });
                state.line(line);
                if begins || finished {
                    self.announce(&mut state);
                }
            }
        }
    }
}

impl Drop for TraceWriter {
    fn drop(&mut self) {
        // Whoever wants to know calls `finish` himself.
        let _ = self.finish();
    }
}

fn thread(name: &str, work: impl FnOnce() + Send + 'static) -> std::io::Result<JoinHandle<()>> {
    std::thread::Builder::new().name(name.into()).spawn(work)
}

fn note(problems: &Mutex<Vec<String>>, what: String) {
    problems.lock().unwrap_or_else(PoisonError::into_inner).push(what);
}

/// Writes line by line, each in one piece. After an error nothing more is tried: half a line would spoil the next one.
fn write_lines(file: &mut fs_err::File, waiting: &Receiver<Box<TraceLine>>, problems: &Mutex<Vec<String>>) {
    for line in waiting {
        let written = serde_json::to_vec(&line).map_err(std::io::Error::other).and_then(|mut bytes| {
            bytes.push(b'\n');
            file.write_all(&bytes)
        });
        if let Err(error) = written {
            note(problems, error.to_string());
            return;
        }
    }
}

fn save_pictures(waiting: &Receiver<(PathBuf, Arc<ImageEntry>)>, problems: &Mutex<Vec<String>>) {
    for (path, entry) in waiting {
        if let Err(error) = picture::save(&entry.pixels, &path) {
            note(problems, format!("the picture {} cannot be written: {error}", path.display()));
        }
    }
}

fn source(origin: &Origin) -> Option<String> {
    match origin {
        Origin::Path(text) | Origin::Url(text) | Origin::Memory(text) => Some(text.clone()),
        Origin::Sample(name) => Some(format!("sample:{name}")),
        Origin::Stdin => Some("standard input".into()),
        Origin::Derived => None,
    }
}
