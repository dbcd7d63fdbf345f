//! The front door: a question about pictures, answered in three lines.

use std::{fmt, future::IntoFuture, path::Path, sync::Arc};

use argus_tools::{
    image::{
        FetchPolicy, Fetcher, ImageEntry, ImageError, ImageSource, ImageStore, LoadLimits, NoSamples, Origin,
        SampleProvider,
    },
    onnx::{ModelProvider, NoModels, PoolOptions, SessionPool},
    store::{ReadinessOptions, Store, StoreError, StoreOptions},
    tool::{Tool, ToolCx, Toolbox},
    vision,
};
use futures_util::future::BoxFuture;
use image::DynamicImage;
use tokio::sync::OnceCell;
use tokio_util::sync::CancellationToken;

use crate::{
    agent::{Agent, AgentError},
    chat::{
        ChatError, ChatModel,
        local::{LocalError, LocalModels, LocalName, LocalRole},
        ollama::{Ollama, OllamaOptions},
        openai::{OpenAi, OpenAiOptions},
    },
    run::{Limits, Outcome, StopReason, Supported},
};

/// A language model with eyes. Cheap to ask again: models stay loaded, each question has images of its own.
///
/// ```no_run
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), argus_agent::AskError> {
/// use argus_agent::prelude::*;
///
/// let argus = Argus::local().await?;
/// println!("{}", argus.ask("How many cups are there?").image("table.jpg").await?);
/// # Ok(())
/// # }
/// ```
pub struct Argus {
    chat: Arc<dyn ChatModel>,
    models: Arc<dyn ModelProvider>,
    samples: Arc<dyn SampleProvider>,
    /// Where the models of the built-in tools come from; without it there are only tools that were added.
    store: Option<Store>,
    own: Toolbox,
    tools: OnceCell<Toolbox>,
    limits: Limits,
    cancel: CancellationToken,
}

impl Argus {
    /// The best language model for this machine and the built-in tools, as the program `argus` has them without settings. What is
    /// not installed is fetched: the language model now, vision models when they are first needed.
    pub async fn local() -> Result<Self, AskError> {
        let store = store()?;
        let chat = LocalModels::new(store.clone()).model(&LocalName::Best, LocalRole::Llm).await?;
        Ok(Self::new(chat, Some(store)))
    }

    /// A model of `OpenAI`, or of the endpoint that `OPENAI_BASE_URL` names, with the key of `OPENAI_API_KEY`; the tools run here.
    pub fn openai(model: &str) -> Result<Self, AskError> {
        let chat = OpenAi::new(OpenAiOptions::new(model))?;
        Ok(Self::new(Arc::new(chat), Some(store()?)))
    }

    /// A model of Ollama, at `OLLAMA_HOST` or on this machine; the tools run here.
    pub fn ollama(model: &str) -> Result<Self, AskError> {
        let chat = Ollama::new(OllamaOptions::new(model))?;
        Ok(Self::new(Arc::new(chat), Some(store()?)))
    }

    /// Any language model, with the built-in tools.
    pub fn with_model(chat: Arc<dyn ChatModel>) -> Result<Self, AskError> {
        Ok(Self::new(chat, Some(store()?)))
    }

    /// Any language model without the built-in tools: only those that are added with [`Argus::tool`].
    pub fn without_tools(chat: Arc<dyn ChatModel>) -> Self {
        Self::new(chat, None)
    }

    fn new(chat: Arc<dyn ChatModel>, store: Option<Store>) -> Self {
        let (models, samples): (Arc<dyn ModelProvider>, Arc<dyn SampleProvider>) = match &store {
            Some(store) => (Arc::new(SessionPool::new(store.clone(), PoolOptions::default())), Arc::new(store.clone())),
            None => (Arc::new(NoModels), Arc::new(NoSamples)),
        };
        Self {
            chat,
            models,
            samples,
            store,
            own: Toolbox::new(),
            tools: OnceCell::new(),
            limits: Limits::default(),
            cancel: CancellationToken::new(),
        }
    }

    /// Adds a tool; it replaces a built-in one of the same name.
    #[must_use]
    pub fn tool(mut self, tool: impl Tool) -> Self {
        self.own = self.own.with(tool);
        self
    }

    /// When a question is given up: steps, time, tokens, money.
    #[must_use]
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Stops every question once it is cancelled.
    #[must_use]
    pub fn cancel(mut self, cancel: CancellationToken) -> Self {
        self.cancel = cancel;
        self
    }

    /// A question or an order. Add pictures with [`Ask::image`], then `await` it.
    pub fn ask(&self, task: impl Into<String>) -> Ask<'_> {
        Ask { argus: self, task: task.into(), images: Vec::new() }
    }

    /// The built-in tools whose models are installed or can be fetched, then the added ones.
    async fn toolbox(&self) -> &Toolbox {
        let find = || async {
            let tools = match &self.store {
                Some(store) => vision::toolbox().available(store, &ReadinessOptions::default()).await,
                None => Toolbox::new(),
            };
            tools.and(&self.own)
        };
        self.tools.get_or_init(find).await
    }
}

fn store() -> Result<Store, AskError> {
    Ok(Store::open(StoreOptions::from_env()?)?)
}

/// A question that is not asked yet: `await` it.
#[must_use = "a question is asked when it is awaited"]
pub struct Ask<'a> {
    argus: &'a Argus,
    task: String,
    images: Vec<Picture>,
}

/// A picture to ask about.
#[derive(Clone, Debug)]
pub enum Picture {
    /// A path, an http(s) address, `sample:NAME`, or `-` for standard input.
    Named(String),
    /// Its pixels.
    Pixels(DynamicImage),
}

impl From<&str> for Picture {
    fn from(name: &str) -> Self {
        Self::Named(name.to_owned())
    }
}

impl From<String> for Picture {
    fn from(name: String) -> Self {
        Self::Named(name)
    }
}

impl From<&Path> for Picture {
    fn from(path: &Path) -> Self {
        Self::Named(path.to_string_lossy().into_owned())
    }
}

impl From<DynamicImage> for Picture {
    fn from(pixels: DynamicImage) -> Self {
        Self::Pixels(pixels)
    }
}

impl Ask<'_> {
    /// Adds a picture: the first is `img-1`, the next `img-2`.
    pub fn image(mut self, picture: impl Into<Picture>) -> Self {
        self.images.push(picture.into());
        self
    }

    async fn answer(self) -> Result<Answer, AskError> {
        let Self { argus, task, images } = self;
        let mut cx = ToolCx::new(ImageStore::new(), argus.models.clone());
        cx.cancel = argus.cancel.child_token();
        let known = images.len();
        let fetcher = Fetcher::new(FetchPolicy::default())?;
        for image in images {
            match image {
                Picture::Named(name) => {
                    let load = ImageSource::parse(&name)?;
                    let loaded = load.load(&fetcher, &*argus.samples, &LoadLimits::default()).await?;
                    cx.images.take_in(loaded);
                }
                Picture::Pixels(pixels) => {
                    cx.images.insert(pixels, Origin::Memory("pixels".into()));
                }
            }
        }
        let images = cx.images.clone();
        let agent = Agent::builder()
            .chat(argus.chat.clone())
            .toolbox(argus.toolbox().await.clone())
            .limits(argus.limits.clone())
            .cx(cx)
            .build()?;
        let outcome = agent.run(task).await;
        match (&outcome.answer, &outcome.error) {
            (Some(_), _) => Ok(Answer { outcome, images, known }),
            (None, Some(error)) => Err(error.clone().into()),
            (None, None) => Err(AskError::Stopped(outcome.stop)),
        }
    }
}

impl<'a> IntoFuture for Ask<'a> {
    type Output = Result<Answer, AskError>;
    type IntoFuture = BoxFuture<'a, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.answer())
    }
}

/// An answer, what it rests on, and the pictures that were made for it. It prints as its text.
pub struct Answer {
    outcome: Outcome,
    images: ImageStore,
    known: usize,
}

impl Answer {
    /// What was answered.
    pub fn text(&self) -> &str {
        self.outcome.answer.as_deref().unwrap_or_default()
    }

    /// Whether its numbers, quotations and handles all come from what was observed.
    pub fn is_grounded(&self) -> bool {
        self.outcome.grounded
    }

    /// What was observed that says so.
    pub fn evidence(&self) -> &[Supported] {
        &self.outcome.evidence
    }

    /// The pictures that were made, in order.
    pub fn images(&self) -> Vec<Arc<ImageEntry>> {
        self.images.images().split_off(self.known)
    }

    /// Everything about the run: steps, calls, cards, tokens, time.
    pub fn outcome(&self) -> &Outcome {
        &self.outcome
    }
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text())
    }
}

impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Answer")
            .field("text", &self.text())
            .field("grounded", &self.outcome.grounded)
            .finish_non_exhaustive()
    }
}

/// A question without an answer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AskError {
    /// A picture cannot be loaded.
    #[error(transparent)]
    Image(#[from] ImageError),
    /// The language model cannot be asked.
    #[error(transparent)]
    Chat(#[from] ChatError),
    /// The local language model cannot be used.
    #[error(transparent)]
    Local(#[from] LocalError),
    /// A model cannot be fetched, or the folder of models not be used.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The agent cannot be put together.
    #[error(transparent)]
    Agent(#[from] AgentError),
    /// A limit was reached, or it was cancelled, before there was any answer.
    #[error("no answer: {}", why(*.0))]
    Stopped(StopReason),
}

impl AskError {
    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Image(error) => error.hint.clone(),
            Self::Chat(error) => error.hint.clone(),
            Self::Local(error) => error.hint(),
            Self::Store(error) => error.hint(),
            Self::Stopped(stop) if stop.is_limit() => Some("Argus::limits gives a question more room".into()),
            Self::Agent(_) | Self::Stopped(_) => None,
        }
    }
}

fn why(stop: StopReason) -> &'static str {
    if stop == StopReason::Cancelled { "it was cancelled" } else { stop.words() }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failed set-up fails the test")]
mod tests {
    use super::*;
    use crate::{chat::scripted::Scripted, fakes::Scene};

    fn scripted<const N: usize>(replies: [&'static str; N]) -> Argus {
        Argus::without_tools(Arc::new(Scripted::replies(replies)))
    }

    #[tokio::test]
    async fn a_question_is_answered() {
        let argus = scripted([r#"{"language": "English", "answer": "It is 8 pixels wide."}"#]);
        let answer = argus.ask("How wide is it?").image(DynamicImage::new_rgb8(8, 6)).await.unwrap();
        assert_eq!((answer.to_string().as_str(), answer.is_grounded()), ("It is 8 pixels wide.", true));
        assert!(answer.images().is_empty() && answer.outcome().steps.len() <= 1);
    }

    #[tokio::test]
    async fn pictures_that_were_made_come_with_the_answer() {
        let scene = Scene { size: (64, 48), objects: vec![("cup", [8.0, 8.0, 24.0, 24.0])], lines: Vec::new() };
        let argus = Argus {
            own: scene.toolbox(),
            ..scripted([
                r#"{"tool": "crop", "args": {"image": "img-1", "region": "img-1/cup-1"}}"#,
                r#"{"language": "English", "answer": "The cup is img-2."}"#,
            ])
        };
        let answer = argus.ask("Crop the cup.").image(DynamicImage::new_rgb8(64, 48)).await.unwrap();
        let made = answer.images();
        assert_eq!((made.len(), made[0].handle.as_str(), made[0].width()), (1, "img-2", 16));
        assert!(answer.is_grounded());
    }

    #[tokio::test]
    async fn what_goes_wrong_is_an_error() {
        let argus = scripted([]);
        let error = argus.ask("What is it?").image("no/such.png").await.unwrap_err();
        assert!(matches!(&error, AskError::Image(_)) && error.to_string().contains("no/such.png"), "{error}");
        let error = argus.ask("What is it?").await.unwrap_err();
        assert!(matches!(error, AskError::Chat(_)), "{error:?}");
        let cancel = CancellationToken::new();
        cancel.cancel();
        let error = scripted([]).cancel(cancel).ask("What is it?").await.unwrap_err();
        assert!(matches!(error, AskError::Stopped(StopReason::Cancelled)), "{error:?}");
    }
}
