//! Puts settings, store, sessions and images together for a command.

use std::{path::PathBuf, sync::Arc};

use anyhow::Context;
use argus_agent::look::LookThrough;
use argus_tools::{
    image::{FetchPolicy, Fetcher, ImageEntry, ImageSource, ImageStore, LoadLimits},
    onnx::{PoolOptions, SessionPool},
    store::{ReadinessOptions, SilentProgress, Store, StoreOptions, TerminalProgress},
    tool::{ToolCx, Toolbox, external::ExternalTool},
    vision,
};
use tokio_util::sync::CancellationToken;

use crate::{
    arguments::Global,
    config::{self, Config},
    llm::vision_model,
    printer::{Cancelled, Printer, UsageError},
};

/// Everything that a command works with.
pub struct Setup {
    /// Merged settings.
    pub config: Config,
    /// Models on disk.
    pub store: Store,
    /// The tools there are: the built-in ones, then the user's own.
    pub tools: Toolbox,
    /// What tools get.
    pub cx: ToolCx,
    /// Cancels everything.
    pub cancel: CancellationToken,
}

impl Setup {
    /// Reads the settings and opens the store; nothing is fetched or loaded yet. The first Ctrl-C cancels, the second
    /// ends the process.
    pub fn new(global: &Global, flags: &[(&'static str, Option<String>)], printer: &Printer) -> anyhow::Result<Self> {
        Self::with_cancel(global, flags, printer, cancel_on_ctrl_c())
    }

    /// The same for a command that looks after Ctrl-C itself.
    pub(crate) fn with_cancel(
        global: &Global,
        flags: &[(&'static str, Option<String>)],
        printer: &Printer,
        cancel: CancellationToken,
    ) -> anyhow::Result<Self> {
        let config = config::load(global, flags)?.config;
        let store = open_store(&config, printer)?;
        let tools = toolbox(&config, Some(&store))?;
        let pool = Arc::new(SessionPool::new(store.clone(), pool_options(&config)?));
        let mut cx = ToolCx::new(ImageStore::new(), pool);
        cx.cancel = cancel.clone();
        Ok(Self { config, store, tools, cx, cancel })
    }

    /// Loads pictures in the order given and gives them handles.
    pub(crate) async fn load_images(&self, names: &[String]) -> anyhow::Result<Vec<Arc<ImageEntry>>> {
        let allow_private = self.config.allow_private_urls.unwrap_or(false);
        let fetcher = Fetcher::new(FetchPolicy { allow_private, ..FetchPolicy::default() })?;
        let limits = LoadLimits::default();
        let mut entries = Vec::new();
        for name in names {
            let source = ImageSource::parse(name)?;
            let loaded = tokio::select! {
                loaded = source.load(&fetcher, &self.store, &limits) => loaded,
                () = self.cancel.cancelled() => return Err(Cancelled.into()),
            };
            let loaded = loaded.with_context(|| format!("the picture {name} cannot be used"))?;
            entries.push(self.cx.images.take_in(loaded));
        }
        Ok(entries)
    }
}

/// How the settings have sessions made and kept.
pub(crate) fn pool_options(config: &Config) -> anyhow::Result<PoolOptions> {
    Ok(PoolOptions {
        device: config.device.unwrap_or_default(),
        devices: config.devices.clone(),
        models: config.prefer.clone(),
        memory: config.memory.as_deref().map(config::parse_bytes).transpose()?,
        library: std::env::var_os("ORT_DYLIB_PATH").map(PathBuf::from),
    })
}

/// Names that mean something else where a tool is named: to the command line or to a model.
const RESERVED: [&str; 3] = ["help", "recall", "show_tools"];

/// The tools there are: the built-in ones, then those of the settings. Every command takes them from here. Without a store
/// they can be listed, not all of them called.
pub(crate) fn toolbox(config: &Config, store: Option<&Store>) -> Result<Toolbox, UsageError> {
    let mut tools = vision::toolbox();
    if let Some(chat) = vision_model(config, store)? {
        tools = tools.with(LookThrough::new(chat));
    }
    for (name, settings) in &config.tools {
        if tools.spec(name).is_ok() || RESERVED.contains(&name.as_str()) {
            let built_in: Vec<String> = vision::toolbox().specs().map(|spec| spec.name.to_string()).collect();
            return Err(UsageError::new(
                format!("[tools.{name}] has a name that is taken"),
                format!("give it another one; taken are {} and {}", built_in.join(", "), RESERVED.join(", ")),
            ));
        }
        let tool = ExternalTool::new(name, settings)
            .map_err(|error| UsageError::new(error.to_string(), "README.md shows how a tool of your own is written"))?;
        tools = tools.with(tool);
    }
    Ok(tools)
}

/// The tools, those of the settings included, before the command line is parsed: each is a subcommand of `argus tool`. Settings
/// are read only if a tool may be run.
pub(crate) fn tools_of_settings() -> anyhow::Result<Toolbox> {
    let given: Vec<String> = std::env::args_os().skip(1).map(|arg| arg.to_string_lossy().into_owned()).collect();
    if !given.iter().any(|arg| arg == "tool") {
        return Ok(vision::toolbox());
    }
    let config = given.iter().enumerate().find_map(|(at, arg)| match arg.strip_prefix("--config")? {
        "" => given.get(at + 1).map(PathBuf::from),
        rest => rest.strip_prefix('=').map(PathBuf::from),
    });
    let loaded = config::load(&Global { config, ..Global::default() }, &[])?;
    Ok(toolbox(&loaded.config, None)?)
}

/// The store as the settings have it, with progress on stderr if a person watches.
pub(crate) fn open_store(config: &Config, printer: &Printer) -> anyhow::Result<Store> {
    let mut options = StoreOptions::from_env()?;
    options.offline |= config.offline.unwrap_or(false);
    options.user_models.clone_from(&config.models);
    options.progress = if printer.is_quiet() {
        Arc::new(SilentProgress)
    } else {
        Arc::new(TerminalProgress::new(indicatif::MultiProgress::new()))
    };
    Ok(Store::open(options)?)
}

/// What the settings say of the models that tools need.
pub(crate) fn readiness_options(config: &Config) -> ReadinessOptions {
    ReadinessOptions { prefer: config.prefer.clone(), own_runtime: std::env::var_os("ORT_DYLIB_PATH").is_some() }
}

/// A token that the first Ctrl-C cancels; the second ends the process at once.
fn cancel_on_ctrl_c() -> CancellationToken {
    let cancel = CancellationToken::new();
    let token = cancel.clone();
    tokio::spawn(async move {
        if tokio::signal::ctrl_c().await.is_ok() {
            token.cancel();
        }
        if tokio::signal::ctrl_c().await.is_ok() {
            std::process::exit(130);
        }
    });
    cancel
}
