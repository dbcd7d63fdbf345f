//! Tools of the user's own, from the `[tools.NAME]` tables of `argus.toml`: a program or an HTTP service each.

mod check;
mod command;
mod failure;
mod http;
mod result;
mod schema;
mod settings;
#[cfg(test)]
mod tests;

use std::{future::Future, time::Duration};

use futures_util::future::BoxFuture;
use serde_json::{Map, Value};

pub use settings::{OutputKind, SettingsError, UserTool};

use self::{command::CommandLine, http::Service};
use super::{DynTool, Effects, ImageArg, Observation, ToolCx, ToolError, ToolSpec};
use crate::image::encode_png;

/// A tool that is a program or an HTTP service, described by a [`UserTool`].
///
/// A call ends at its time limit, at the deadline of its [`ToolCx`] or when that is cancelled; a program is killed then with
/// all that it started (on Unix; elsewhere alone). An argument called `image` is the handle of an image: a command gets the
/// path of a temporary PNG file for it, a service a `data:` URL with a PNG in base64.
pub struct ExternalTool {
    spec: ToolSpec,
    means: Means,
    time: Duration,
    bytes: u64,
    output: OutputKind,
}

enum Means {
    Command(CommandLine),
    Service(Service),
}

/// What the two kinds of tool must know about themselves and a call.
struct Call<'a> {
    name: &'a str,
    args: &'a Map<String, Value>,
    /// The image as PNG.
    png: Option<Vec<u8>>,
    bytes: u64,
    output: OutputKind,
}

impl ExternalTool {
    /// Checks the settings and reads the schema file, if there is one; nothing is started or asked yet.
    pub fn new(name: &str, settings: &UserTool) -> Result<Self, SettingsError> {
        Self::build(name, settings).map_err(|what| SettingsError { name: name.to_owned(), what })
    }

    fn build(name: &str, settings: &UserTool) -> Result<Self, String> {
        let fits = name.starts_with(|c: char| c.is_ascii_lowercase())
            && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '_' | '-'))
            && name.len() <= 40;
        if !fits {
            return Err("is no name for a tool: use small letters, digits, _ and -, a letter first, at most 40".into());
        }
        if settings.summary.trim().is_empty() {
            return Err("has an empty summary: say in a line when to use it".into());
        }
        let input_schema = schema::schema(&settings.arguments, settings.folder.as_deref())?;
        let means = match (settings.command.is_empty(), &settings.url) {
            (false, None) => Means::Command(CommandLine::new(settings, &input_schema)?),
            (true, Some(url)) if settings.env.is_empty() => Means::Service(Service::new(url)?),
            (true, Some(_)) => return Err("has `env`, which only a command can have".into()),
            (true, None) => return Err("has neither `command` nor `url`: give one of them".into()),
            (false, Some(_)) => return Err("has both `command` and `url`: give one of them".into()),
        };
        let spec = ToolSpec {
            name: name.to_owned().into(),
            summary: settings.summary.trim().to_owned().into(),
            limits: "",
            roles: &[],
            effects: Effects::ASKS_OUTSIDE,
            advanced: false,
            input_schema,
            output_schema: result::schema(settings.output),
            examples: Vec::new(),
        };
        Ok(Self { spec, means, time: settings.time()?, bytes: settings.bytes()?, output: settings.output })
    }

    async fn run(&self, args: Value, cx: &ToolCx) -> Result<Observation, ToolError> {
        let args = check::fitting(args, &self.spec)?;
        let takes_image = self.spec.input_schema["properties"].get(schema::IMAGE).is_some();
        let entry = if takes_image {
            let handle = args.get(schema::IMAGE).and_then(Value::as_str).map(str::to_owned);
            Some(cx.image(&ImageArg(handle))?)
        } else {
            None
        };
        let png = match &entry {
            Some(entry) => {
                let pixels = entry.pixels.clone();
                Some(cx.blocking(move |_| Ok(encode_png(&pixels)?)).await?)
            }
            None => None,
        };
        let call = Call { name: &self.spec.name, args: &args, png, bytes: self.bytes, output: self.output };
        let answer = match &self.means {
            Means::Command(command) => self.in_time(cx, command.run(&call)).await?,
            Means::Service(service) => self.in_time(cx, service.post(&call, self.time)).await?,
        };
        match self.output {
            OutputKind::Text => result::text(&call, &answer),
            OutputKind::Json => result::json(&call, &answer),
            OutputKind::Image => result::picture(&call, answer, entry.as_deref(), cx).await,
        }
    }

    /// Dropping the work stops it.
    async fn in_time<T>(&self, cx: &ToolCx, work: impl Future<Output = Result<T, ToolError>>) -> Result<T, ToolError> {
        let slow = |_| {
            let (name, seconds) = (&self.spec.name, self.time.as_secs_f64());
            ToolError::resource_limit(format!("{name} did not finish within {seconds} s and was stopped"))
                .with_hint(format!("raise `timeout` in [tools.{name}]"))
        };
        cx.within(async { tokio::time::timeout(self.time, work).await.map_err(slow)? }).await
    }
}

impl DynTool for ExternalTool {
    fn spec(&self) -> ToolSpec {
        self.spec.clone()
    }

    fn call_json<'a>(&'a self, args: Value, cx: &'a ToolCx) -> BoxFuture<'a, Result<Observation, ToolError>> {
        Box::pin(self.run(args, cx))
    }
}
