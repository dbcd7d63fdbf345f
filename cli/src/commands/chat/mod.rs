//! `argus chat`: a conversation, turn by turn.

mod input;
mod line;
mod show;

use std::{
    future::Future,
    path::PathBuf,
    pin::pin,
    process::ExitCode,
    sync::{Arc, Mutex, PoisonError},
};

use argus_agent::{Conversation, Outcome, memory::SessionFolder};
use argus_tools::{
    image::{ImageEntry, ImageSource, Origin},
    tool::Toolbox,
};
use tokio_util::sync::CancellationToken;

use self::{
    input::{Input, Typed},
    line::{Line, Picture, home},
};
use crate::{
    arguments::{ChatCommand, Global},
    asking,
    llm::chat_model,
    outcome::write_image,
    printer::{Cancelled, Printer, UsageError},
    progress::Progress,
    setup::Setup,
};

/// Talks until the person leaves or the pipe ends. The exit code is that of the last turn if lines come from a pipe.
pub(crate) async fn run(command: ChatCommand, global: &Global, printer: &Printer) -> anyhow::Result<ExitCode> {
    let setup = Setup::with_cancel(global, &asking::settings(&command.agent), printer, CancellationToken::new())?;
    let tools = asking::toolbox(&setup, &command.agent, printer).await?;
    let builder = asking::agent(&setup, &command.agent, tools.clone())?;
    if command.images.iter().any(|name| name == "-") {
        let hint = "name the picture's file";
        return Err(
            UsageError::new("a chat reads its lines from standard input, so - cannot be a picture", hint).into()
        );
    }
    let (folder, resumed) = session(&command)?;
    let chat = interruptible(chat_model(&setup.config, &setup.store)).await??;
    let progress: Arc<Mutex<Option<Progress>>> = Arc::default();
    let events = progress.clone();
    let show = move |event| {
        if let Some(progress) = &*events.lock().unwrap_or_else(PoisonError::into_inner) {
            progress.show(&event);
        }
    };
    let agent = builder.chat(chat).events(Arc::new(show)).build()?;
    let mut conversation = agent.chat();
    if let Some(session) = resumed {
        conversation.resume(session)?;
    }
    let out = asking::out(&setup.config);
    let auto = folder.is_some();
    let mut talk =
        Talk { setup: &setup, printer, conversation, tools, progress, out, folder, auto, code: ExitCode::SUCCESS };
    talk.add(&command.images).await?;
    talk.talk().await
}

/// The folder to save in and the session to continue with.
fn session(command: &ChatCommand) -> anyhow::Result<(Option<SessionFolder>, Option<argus_agent::memory::Session>)> {
    let mut source = command.resume.as_ref().map(SessionFolder::new);
    let resumed = source.as_mut().map(SessionFolder::load).transpose()?;
    let Some(target) = &command.session else { return Ok((source, resumed)) };
    if source.as_ref().is_some_and(|source| source.path() == target) {
        return Ok((source, resumed));
    }
    let target = SessionFolder::new(target);
    if target.exists() {
        let path = target.path().display();
        let hint = format!("go on with it by --resume {path}, or name another folder");
        return Err(UsageError::new(format!("{path} holds a session already"), hint).into());
    }
    Ok((Some(target), resumed))
}

/// The work's result, or an error once Ctrl-C is pressed.
async fn interruptible<T>(work: impl Future<Output = T>) -> Result<T, Cancelled> {
    tokio::select! {
        result = work => Ok(result),
        _ = tokio::signal::ctrl_c() => Err(Cancelled),
    }
}

struct Talk<'a> {
    setup: &'a Setup,
    printer: &'a Printer,
    conversation: Conversation<'a>,
    tools: Toolbox,
    progress: Arc<Mutex<Option<Progress>>>,
    out: PathBuf,
    folder: Option<SessionFolder>,
    /// Whether the folder is written after every turn.
    auto: bool,
    code: ExitCode,
}

/// Whether the conversation continues.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Then {
    GoOn,
    Leave,
}

impl Talk<'_> {
    async fn talk(&mut self) -> anyhow::Result<ExitCode> {
        let mut input = Input::new();
        if input.interactive {
            self.greet();
        }
        let mut interrupted = false;
        loop {
            // At a terminal the editor sees Ctrl-C itself, on a pipe the signal comes.
            let Ok(typed) = interruptible(input.next()).await else { return Ok(ExitCode::from(130)) };
            let line = match typed {
                Typed::Line(line) => line,
                Typed::Interrupted if interrupted => break,
                Typed::Interrupted => {
                    interrupted = true;
                    self.printer.note("Ctrl-C again, Ctrl-D or /quit leaves");
                    continue;
                }
                Typed::End => break,
                Typed::Failed(why) => anyhow::bail!("the next line cannot be read: {why}"),
            };
            interrupted = false;
            match self.line(&line).await {
                Ok(Then::GoOn) => {}
                Ok(Then::Leave) => break,
                Err(error) if error.is::<Cancelled>() => self.printer.note("cancelled"),
                Err(error) => {
                    // A task that could not be begun counts as a turn, a wrong command does not.
                    if matches!(line::parse(&line), Ok(Line::Task(_))) {
                        self.code = ExitCode::from(crate::printer::exit_code(&error));
                    }
                    self.printer.error(&error);
                }
            }
        }
        Ok(if input.interactive { ExitCode::SUCCESS } else { self.code })
    }

    fn greet(&self) {
        let turns = self.conversation.memory().exchanges.len();
        if let Some(last) = self.conversation.memory().exchanges.last() {
            let images = self.setup.cx.images.images().len();
            self.printer.note(&format!("{turns} earlier turns, {images} pictures; the last turn was:"));
            self.printer.note(&format!("> {}\n{}", last.task, last.said()));
        }
        self.printer.note("Ask about the pictures, or add some. /help lists the commands, Ctrl-D leaves.");
    }

    async fn line(&mut self, text: &str) -> anyhow::Result<Then> {
        match line::parse(text)? {
            Line::Empty => {}
            Line::Help => self.printer.say(&show::help()),
            Line::Images => self.printer.say(&show::images(&self.setup.cx.images, &self.out)),
            Line::Tools => self.printer.say(&show::tools(&self.tools)),
            Line::Add(names) => {
                let names: Vec<String> = names.iter().map(|name| home(name).display().to_string()).collect();
                self.add(&names).await?;
                self.autosave()?;
            }
            Line::Show(handle) => {
                let path = show::write(&self.setup.cx.images, &handle, &self.out)?;
                self.printer.say(&path.display().to_string());
            }
            Line::Undo => self.undo()?,
            Line::Save(folder) => self.save(folder.as_deref())?,
            Line::Load(folder) => self.load(&folder)?,
            Line::Quit => return Ok(Then::Leave),
            Line::Task(pictures) => return self.task(text, &pictures).await,
        }
        Ok(Then::GoOn)
    }

    /// Takes pictures in and says under which handles.
    async fn add(&self, names: &[String]) -> anyhow::Result<Vec<Arc<ImageEntry>>> {
        let mut entries = Vec::new();
        for name in names {
            let added = interruptible(self.setup.load_images(std::slice::from_ref(name))).await??;
            for entry in &added {
                self.printer.note(&show::added(entry));
            }
            entries.extend(added);
        }
        Ok(entries)
    }

    /// The handles of pictures that a task names; those that are there already are not loaded again.
    async fn handles(&self, pictures: &[Picture]) -> anyhow::Result<Vec<String>> {
        let mut handles = Vec::new();
        for picture in pictures {
            let known = self.setup.cx.images.images().into_iter().find(|entry| is_from(&entry.origin, &picture.name));
            let handle = match known {
                Some(entry) => entry.handle.clone(),
                None => self.add(std::slice::from_ref(&picture.name)).await?.iter().map(|e| e.handle.clone()).collect(),
            };
            handles.push(handle);
        }
        Ok(handles)
    }

    async fn task(&mut self, text: &str, pictures: &[Picture]) -> anyhow::Result<Then> {
        let handles = self.handles(pictures).await?;
        if line::only_pictures(text, pictures) {
            self.autosave()?;
            return Ok(Then::GoOn);
        }
        let known = self.setup.cx.images.images().len();
        let task = line::with_handles(text, pictures, &handles);
        let Some(mut outcome) = self.ask(&task).await else {
            self.code = ExitCode::from(130);
            return Ok(Then::Leave);
        };
        let written = self.write_made(&mut outcome, known);
        asking::print(&outcome, known, self.printer);
        self.code = asking::exit_code(&outcome);
        written?;
        self.autosave()?;
        Ok(Then::GoOn)
    }

    /// One turn. The first Ctrl-C cancels it, a second gives `None`: the person leaves.
    async fn ask(&mut self, task: &str) -> Option<Outcome> {
        let cancel = self.setup.cancel.child_token();
        let set = |progress| *self.progress.lock().unwrap_or_else(PoisonError::into_inner) = progress;
        set(Some(Progress::new(self.printer)));
        let mut asked = pin!(self.conversation.ask_until(task, &cancel));
        let outcome = loop {
            tokio::select! {
                outcome = &mut asked => break Some(outcome),
                _ = tokio::signal::ctrl_c() => {
                    if cancel.is_cancelled() {
                        break None;
                    }
                    cancel.cancel();
                }
            }
        };
        if let Some(progress) = &*self.progress.lock().unwrap_or_else(PoisonError::into_inner) {
            progress.finish();
        }
        set(None);
        outcome
    }

    /// Writes the pictures that a turn made.
    fn write_made(&self, outcome: &mut Outcome, known: usize) -> anyhow::Result<()> {
        let all = self.setup.cx.images.images();
        for entry in all.iter().skip(known) {
            let path = write_image(entry, &all, &self.out)?;
            if let Some(image) = outcome.images.iter_mut().find(|image| image.handle == entry.handle) {
                image.path = Some(path);
            }
        }
        Ok(())
    }

    fn undo(&mut self) -> anyhow::Result<()> {
        let Some(undone) = self.conversation.undo() else {
            self.printer.say("nothing to take back");
            return Ok(());
        };
        self.printer.say(&format!("taken back: {}", undone.exchange.task));
        if !undone.removed.is_empty() {
            self.printer.say(&format!("removed: {}", undone.removed.join(", ")));
        }
        for (old, new) in &undone.renamed {
            self.printer.say(&format!("{old} is {new} now"));
        }
        self.autosave()
    }

    fn save(&mut self, name: Option<&str>) -> anyhow::Result<()> {
        let session = self.conversation.session();
        let path = match (name.map(home), &mut self.folder) {
            (Some(path), Some(folder)) if folder.path() != path && self.auto => {
                // A copy: the chat keeps saving where it did.
                tokio::task::block_in_place(|| SessionFolder::new(&path).save(&session))?;
                path
            }
            (Some(path), folder) if folder.as_ref().is_none_or(|folder| folder.path() != path) => {
                let mut new = SessionFolder::new(&path);
                tokio::task::block_in_place(|| new.save(&session))?;
                self.folder = Some(new);
                path
            }
            (_, Some(folder)) => {
                tokio::task::block_in_place(|| folder.save(&session))?;
                folder.path().to_owned()
            }
            (_, None) => return Err(UsageError::new("no folder to save in is known yet", "write /save DIR").into()),
        };
        let (turns, images) = (session.memory.exchanges.len(), session.images.images.len());
        self.printer.say(&format!("saved in {}: {turns} turns, {images} pictures", path.display()));
        Ok(())
    }

    fn load(&mut self, name: &str) -> anyhow::Result<()> {
        let mut folder = SessionFolder::new(home(name));
        let session = tokio::task::block_in_place(|| folder.load())?;
        let (turns, images) = (session.memory.exchanges.len(), session.images.images.len());
        self.conversation.resume(session)?;
        self.printer.say(&format!("loaded {}: {turns} turns, {images} pictures", folder.path().display()));
        self.folder = Some(folder);
        Ok(())
    }

    fn autosave(&mut self) -> anyhow::Result<()> {
        if let Some(folder) = self.folder.as_mut().filter(|_| self.auto) {
            let session = self.conversation.session();
            tokio::task::block_in_place(|| folder.save(&session))?;
        }
        Ok(())
    }
}

/// Whether an image was loaded under this name.
fn is_from(origin: &Origin, name: &str) -> bool {
    let parsed = ImageSource::parse(name).map(|source| source.to_string()).unwrap_or_default();
    match origin {
        Origin::Path(path) | Origin::Url(path) => *path == parsed,
        Origin::Sample(sample) => format!("sample:{sample}") == parsed,
        Origin::Stdin | Origin::Memory(_) | Origin::Derived => false,
    }
}
