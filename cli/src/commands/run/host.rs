//! What the program gives to workflows: the settings' models, the terminal's person.

use std::{
    collections::HashMap,
    io::IsTerminal,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use argus_agent::{chat::ChatModel, run::RunEvents};
use argus_tools::{
    image::{FetchPolicy, Fetcher, LoadLimits},
    onnx::{Device, ModelProvider, PoolOptions, SessionPool},
    store::Store,
};
use argus_workflows::{Always, Approver, Decision, Failure, FailureKind, Host, LlmSource, Loader, ProviderSource};
use async_trait::async_trait;
use serde_json::Value;

use crate::{
    arguments::RunCommand,
    asking,
    config::Config,
    llm::chat_model,
    printer::{Printer, UsageError},
    setup::{Setup, pool_options},
};

/// A host as the settings have it.
pub(crate) fn host(
    setup: &Setup,
    events: Arc<dyn RunEvents>,
    command: &RunCommand,
    printer: &Printer,
) -> anyhow::Result<Host> {
    let mut cx = setup.cx.clone();
    cx.deadline = command.deadline.map(until).transpose()?;
    let allow_private = setup.config.allow_private_urls.unwrap_or(false);
    let fetcher = Fetcher::new(FetchPolicy { allow_private, ..FetchPolicy::default() })?;
    let loader = Loader { fetcher, samples: Arc::new(setup.store.clone()), limits: LoadLimits::default() };
    let approver: Arc<dyn Approver> =
        if command.yes { Arc::new(Always { yes: true, by: "--yes" }) } else { Arc::new(Terminal(printer.clone())) };
    Ok(Host {
        llm: Arc::new(Llms {
            config: setup.config.clone(),
            store: setup.store.clone(),
            known: tokio::sync::Mutex::default(),
        }),
        providers: Arc::new(Pools {
            options: pool_options(&setup.config)?,
            store: setup.store.clone(),
            known: Mutex::default(),
        }),
        approver,
        events,
        limits: asking::limits(&setup.config)?,
        protocol: asking::protocol(&setup.config)?,
        language: asking::language(&setup.config)?,
        prompts: setup.config.prompts.clone(),
        cache: Some(setup.store.home().join("results")),
        ..Host::new(setup.tools.clone(), cx, loader)
    })
}

fn until(seconds: f64) -> Result<Instant, UsageError> {
    Duration::try_from_secs_f64(seconds)
        .ok()
        .and_then(|limit| Instant::now().checked_add(limit))
        .ok_or_else(|| UsageError::new(format!("--deadline {seconds} is no time"), "give a number of seconds above 0"))
}

/// Language models by name, each made once.
struct Llms {
    config: Config,
    store: Store,
    known: tokio::sync::Mutex<HashMap<Option<String>, Arc<dyn ChatModel>>>,
}

#[async_trait]
impl LlmSource for Llms {
    async fn chat(&self, name: Option<&str>) -> Result<Option<Arc<dyn ChatModel>>, Failure> {
        let mut known = self.known.lock().await;
        let key = name.map(str::to_owned);
        if let Some(chat) = known.get(&key) {
            return Ok(Some(chat.clone()));
        }
        let mut config = self.config.clone();
        if let Some(name) = name {
            config.llm = Some(name.to_owned());
        }
        let chat = chat_model(&config, &self.store).await.map_err(|error| {
            let causes: Vec<String> = error.chain().map(ToString::to_string).collect();
            Failure::new(FailureKind::Llm, causes.join(": "))
        })?;
        known.insert(key, chat.clone());
        Ok(Some(chat))
    }
}

/// Session pools of devices and models that steps choose, each made once.
struct Pools {
    options: PoolOptions,
    store: Store,
    known: Mutex<HashMap<(String, String), Arc<SessionPool>>>,
}

impl ProviderSource for Pools {
    fn provider(
        &self,
        device: Option<&str>,
        model: Option<&str>,
        roles: &[&str],
    ) -> Result<Arc<dyn ModelProvider>, Failure> {
        let mut options = self.options.clone();
        if let Some(device) = device {
            options.device =
                device.parse::<Device>().map_err(|message| Failure::new(FailureKind::InvalidInput, message))?;
            options.devices.clear();
        }
        if let Some(model) = model {
            let mut of_role = self.store.catalog().entries().filter(|entry| entry.id == model);
            let role = of_role.next().map(|entry| entry.role.clone());
            let role = role.or_else(|| self.store.user_models().get(model).map(|own| own.role.clone()));
            let role = role.ok_or_else(|| {
                let mut failure = Failure::new(FailureKind::InvalidInput, format!("there is no model \"{model}\""));
                failure.hint = Some("argus models list shows the ids".into());
                failure
            })?;
            if !roles.contains(&role.split('-').next().unwrap_or_default()) {
                let message = format!("the model {model} is for {role}; this tool needs {}", roles.join(" or "));
                return Err(Failure::new(FailureKind::InvalidInput, message));
            }
            options.models.insert(role, model.to_owned());
        }
        let key = (device.unwrap_or_default().to_owned(), model.unwrap_or_default().to_owned());
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let pool = known.entry(key).or_insert_with(|| Arc::new(SessionPool::new(self.store.clone(), options)));
        Ok(pool.clone())
    }
}

/// Asks on the terminal; where there is none, the answer is no.
struct Terminal(Printer);

#[async_trait]
impl Approver for Terminal {
    async fn ask(&self, question: &str, show: Option<&Value>) -> Decision {
        if !(std::io::stdin().is_terminal() && std::io::stderr().is_terminal()) {
            return Decision { approved: false, by: "nobody is there to ask; --yes says yes".into() };
        }
        let printer = self.0.clone();
        let (question, show) = (question.to_owned(), show.map(|show| format!("{show:#}\n")));
        let asked = move || {
            printer.question(&format!("{}{question} [y/N]", show.unwrap_or_default()));
            let mut line = String::new();
            let read = std::io::stdin().read_line(&mut line);
            read.is_ok() && matches!(line.trim().to_lowercase().as_str(), "y" | "yes")
        };
        let approved = tokio::task::spawn_blocking(asked).await.unwrap_or(false);
        Decision { approved, by: "terminal".into() }
    }
}
