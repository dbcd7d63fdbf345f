//! Starting `llama-server` and waiting until it is ready.

use std::{
    ffi::OsString,
    net::TcpListener,
    path::Path,
    process::{Command, Stdio},
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use super::{
    Gguf, GpuLayers, LocalOptions, death,
    prefix::{Prefixes, identity},
    process::Process,
};
use crate::chat::{ChatError, ChatErrorKind, install_tls, openai::wire::wire_messages};

/// Ports tried; another program may take one between the choice and the server's start.
const PORTS: u32 = 3;

/// A running `llama-server`. It ends when this is dropped, and when Argus dies in whatever way.
pub struct LocalServer {
    process: Mutex<Process>,
    base_url: String,
    key: String,
    http: reqwest::Client,
    prefixes: Option<Prefixes>,
    /// All that the KV state depends on beside the prompt.
    setup: String,
    /// The headers of the files that it runs.
    headers: Vec<Gguf>,
}

impl LocalServer {
    /// Starts the server and waits until its model is loaded.
    pub async fn start(options: &LocalOptions, cancel: &CancellationToken) -> Result<Self, ChatError> {
        let files = [(Some(&options.program), "llama-server"), (Some(&options.model), "the language model")];
        for (path, what) in files.into_iter().chain([(options.mmproj.as_ref(), "the projector of the language model")])
        {
            if let Some(path) = path.filter(|path| !path.is_file()) {
                return Err(failure(format!("{what} is not at {}", path.display())));
            }
        }
        let probed = options.clone();
        let probe = tokio::task::spawn_blocking(move || Probe::of(&probed)).await;
        let probe = probe.map_err(|error| failure(format!("looking at llama-server failed: {error}")))??;
        for attempt in 1.. {
            let mut server = Self::spawn(options, &probe)?;
            match server.ready(options, cancel).await {
                Ok(()) => return Ok(server),
                Err(error) if attempt < PORTS && error.message.contains("bind") => {
                    tracing::debug!(%error, "the port was taken");
                }
                Err(error) => return Err(error),
            }
        }
        Err(failure("no free port was found"))
    }

    /// Whether a program starts at all on this machine.
    pub async fn check(program: &Path, library_dir: Option<&Path>) -> Result<(), ChatError> {
        let mut options = LocalOptions::new(program, "", "");
        options.library_dir = library_dir.map(Path::to_owned);
        options.gpu_layers = GpuLayers::Count(0);
        let probe = tokio::task::spawn_blocking(move || Probe::of(&options)).await;
        probe.map_err(|error| failure(format!("looking at llama-server failed: {error}")))?.map(|_| ())
    }

    fn spawn(options: &LocalOptions, probe: &Probe) -> Result<Self, ChatError> {
        let port = free_port().map_err(|error| failure(format!("no free port on 127.0.0.1: {error}")))?;
        let key = random_key()?;
        // Without a place to keep states the server still works, only slower at the next start.
        let opened = Prefixes::open(options.state_dir.join("kv"))
            .inspect_err(|error| tracing::warn!("prompt states cannot be kept: {error}"))
            .ok();
        let log = opened.is_some().then(|| options.state_dir.join("llama-server.log"));
        // A server with a projector keeps no states.
        let prefixes = opened.filter(|_| options.mmproj.is_none());
        let slots = if options.mmproj.is_some() { 2 } else { 1 };
        let threads =
            options.threads.unwrap_or_else(|| std::thread::available_parallelism().map_or(2, std::num::NonZero::get));
        let mut args: Vec<OsString> = Vec::new();
        let mut add = |name: &str, value: OsString| args.extend([name.into(), value]);
        add("--model", options.model.clone().into());
        add("--host", "127.0.0.1".into());
        add("--port", port.to_string().into());
        // The context is shared out among the slots.
        add("--ctx-size", options.context_tokens.saturating_mul(slots).to_string().into());
        add("--parallel", slots.to_string().into());
        add("--threads", threads.to_string().into());
        add("--n-gpu-layers", probe.gpu_layers.to_string().into());
        if let Some(projector) = &options.mmproj {
            add("--mmproj", projector.into());
        }
        if probe.knows("--reasoning-budget") {
            // A turn has few tokens, and the loop is what thinks.
            add("--reasoning-budget", "0".into());
        }
        if let Some(prefixes) = &prefixes {
            add("--slot-save-path", prefixes.directory().into());
        }
        if probe.knows("--cache-ram") {
            // One conversation at a time: a second copy of old prompts would only cost memory.
            add("--cache-ram", "0".into());
        }
        args.push("--jinja".into());
        // The state of the prompt is restored or made right after the start: an empty run before it only costs time.
        for flag in ["--no-webui", "--no-warmup"] {
            if probe.knows(flag) {
                args.push(flag.into());
            }
        }
        let mut environment = vec![("LLAMA_API_KEY", OsString::from(&key))];
        environment.extend(library_path(options.library_dir.as_deref()));
        let process = Process::start(&options.program, &args, &environment, log.as_deref())
            .map_err(|error| death::not_started(&options.program, &error))?;
        install_tls();
        let http = reqwest::Client::builder()
            .no_proxy()
            .build()
            .map_err(|error| failure(format!("the HTTP client cannot be set up: {error}")))?;
        let model = options.model_sha256.clone().unwrap_or_else(|| identity(&options.model));
        let setup = format!("{model}\n{}\n{} {}", identity(&options.program), options.context_tokens, probe.gpu_layers);
        let base_url = format!("http://127.0.0.1:{port}");
        let headers = [Some(&options.model), options.mmproj.as_ref()];
        // Only for words about the server's death.
        let headers = headers.into_iter().flatten().filter_map(|path| Gguf::read(path).ok()).collect();
        Ok(Self { process: Mutex::new(process), base_url, key, http, prefixes, setup, headers })
    }

    /// Waits for health; the death of the server ends the wait with the last lines it wrote.
    async fn ready(&mut self, options: &LocalOptions, cancel: &CancellationToken) -> Result<(), ChatError> {
        let begin = Instant::now();
        let health = format!("{}/health", self.base_url);
        loop {
            self.alive()?;
            if cancel.is_cancelled() {
                return Err(ChatError::cancelled());
            }
            let answer = self.http.get(&health).timeout(Duration::from_secs(2)).send().await;
            if answer.is_ok_and(|answer| answer.status().is_success()) {
                tracing::debug!(ms = begin.elapsed().as_millis(), "llama-server is ready");
                return Ok(());
            }
            if begin.elapsed() > options.start_limit {
                return Err(failure(format!(
                    "llama-server did not load {} within {} s",
                    options.model.display(),
                    options.start_limit.as_secs()
                )));
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// An error that shows the server's last words, if it has ended.
    pub fn alive(&self) -> Result<(), ChatError> {
        let mut process = self.process.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(status) = process.ended() else { return Ok(()) };
        // The pipes are read by threads of their own: give them the moment to take in the last lines.
        std::thread::sleep(Duration::from_millis(50));
        let headers: Vec<&Gguf> = self.headers.iter().collect();
        Err(death::ended(status, &process.last_lines(12), &headers))
    }

    /// The address up to `/v1`.
    pub fn base_url(&self) -> &str {
        &self.base_url
    }

    /// The key that requests need.
    pub fn key(&self) -> &str {
        &self.key
    }

    pub(super) fn prefixes(&self) -> Option<&Prefixes> {
        self.prefixes.as_ref()
    }

    pub(super) fn setup(&self) -> &str {
        &self.setup
    }

    /// A request of the server's own API.
    pub(super) async fn post(&self, path: &str, body: &Value) -> Result<Value, ChatError> {
        let wrong = |error: &dyn std::fmt::Display| failure(format!("llama-server {path}: {error}"));
        let request = self.http.post(format!("{}{path}", self.base_url)).bearer_auth(&self.key).json(body);
        let answer = request.send().await.map_err(|error| wrong(&error))?;
        let status = answer.status();
        let body = answer.text().await.map_err(|error| wrong(&error))?;
        if !status.is_success() {
            return Err(wrong(&format!("{status} {}", body.chars().take(200).collect::<String>())));
        }
        serde_json::from_str(&body).map_err(|error| wrong(&error))
    }

    /// The text that the model's chat template makes of messages.
    pub(super) async fn template(&self, messages: &[crate::chat::Message]) -> Result<String, ChatError> {
        let answer = self.post("/apply-template", &json!({ "messages": wire_messages(messages) })).await?;
        let prompt = answer.get("prompt").and_then(Value::as_str);
        prompt.map(str::to_owned).ok_or_else(|| failure("llama-server /apply-template: no prompt in the answer"))
    }
}

/// What a build of the server can do, asked of it.
struct Probe {
    help: String,
    gpu_layers: u32,
}

impl Probe {
    fn of(options: &LocalOptions) -> Result<Self, ChatError> {
        let ask = |flag: &str| {
            let mut command = Command::new(&options.program);
            command.arg(flag).envs(library_path(options.library_dir.as_deref())).stdin(Stdio::null());
            command.output()
        };
        let (help, devices) = std::thread::scope(|scope| {
            let devices = scope.spawn(|| match options.gpu_layers {
                GpuLayers::Auto => ask("--list-devices").ok(),
                GpuLayers::Count(_) => None,
            });
            (ask("--help"), devices.join().ok().flatten())
        });
        let help = help.map_err(|error| death::not_started(&options.program, &error))?;
        if !help.status.success() {
            let words = String::from_utf8_lossy(&help.stderr);
            let lines: Vec<String> = words.lines().rev().take(12).map(str::to_owned).collect();
            let lines: Vec<String> = lines.into_iter().rev().collect();
            return Err(death::ended(help.status, &lines, &[]));
        }
        let gpu_layers = match options.gpu_layers {
            GpuLayers::Count(count) => count,
            GpuLayers::Auto => {
                let listed = devices.map(|out| String::from_utf8_lossy(&out.stdout).into_owned()).unwrap_or_default();
                if has_gpu(&listed) { 99 } else { 0 }
            }
        };
        Ok(Self { help: String::from_utf8_lossy(&help.stdout).into_owned(), gpu_layers })
    }

    fn knows(&self, flag: &str) -> bool {
        self.help.contains(flag)
    }
}

/// Whether `--list-devices` names a GPU that is not a renderer in software.
fn has_gpu(listed: &str) -> bool {
    let in_software = ["llvmpipe", "lavapipe", "swiftshader", "softpipe", "(none)"];
    listed
        .lines()
        .skip_while(|line| !line.contains("Available devices"))
        .skip(1)
        .map(str::to_lowercase)
        .any(|line| line.contains(':') && !in_software.iter().any(|name| line.contains(name)))
}

/// The variable that lets the program find its shared libraries.
fn library_path(directory: Option<&Path>) -> Option<(&'static str, OsString)> {
    let name = match std::env::consts::OS {
        "macos" => "DYLD_LIBRARY_PATH",
        "windows" => "PATH",
        _ => "LD_LIBRARY_PATH",
    };
    let mut paths = vec![directory?.to_path_buf()];
    paths.extend(std::env::var_os(name).iter().flat_map(std::env::split_paths));
    Some((name, std::env::join_paths(paths).ok()?))
}

fn free_port() -> std::io::Result<u16> {
    Ok(TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port())
}

fn random_key() -> Result<String, ChatError> {
    let mut bytes = [0_u8; 24];
    getrandom::fill(&mut bytes).map_err(|error| failure(format!("no random bytes for a key: {error}")))?;
    Ok(argus_tools::hash::hex(&bytes))
}

pub(super) fn failure(message: impl Into<String>) -> ChatError {
    ChatError::new(ChatErrorKind::LocalServer, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_real_gpus_count() {
        assert!(!has_gpu("Available devices:\n  (none)\n"));
        assert!(!has_gpu(
            "Available devices:\n  Vulkan0: llvmpipe (LLVM 15.0.7, 256 bits) (24000 MiB, 24000 MiB free)\n"
        ));
        assert!(has_gpu(
            "ggml_vulkan: Found 1\nAvailable devices:\n  Vulkan0: NVIDIA H200 (143771 MiB, 143000 MiB free)\n"
        ));
        assert!(has_gpu("Available devices:\n  Metal: Apple M2 (16384 MiB, 16000 MiB free)\n"));
    }
}
