//! Sessions by role: loaded at first use, once while others wait, and dropped by least recent use under a memory budget.

use std::{
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use futures_util::future::BoxFuture;
use indexmap::IndexMap;
use tokio::sync::OnceCell;

use super::{Device, Event, LoadContext, LoadedModel, ModelProvider, Runtime, RuntimeError, has_nvidia_gpu};
use crate::{
    error::ToolError,
    store::{Installed, ModelState, Readiness, Store, StoreError},
};

/// How sessions are made and kept.
#[derive(Clone, Debug, Default)]
pub struct PoolOptions {
    /// Where models run.
    pub device: Device,
    /// Devices for single roles (`detect`, `ocr`, ...), before the general one.
    pub devices: IndexMap<String, Device>,
    /// Models for single roles by catalog id, instead of the first that is available.
    pub models: IndexMap<String, String>,
    /// Bytes that sessions may hold together, by estimate; half of the machine's memory if absent.
    pub memory: Option<u64>,
    /// The ONNX Runtime library to load, instead of the installed one (`ORT_DYLIB_PATH`).
    pub library: Option<PathBuf>,
}

/// Roles whose graphs are fed with pictures of ever-changing sizes. CUDA plans its convolutions again for each size, which took
/// about a second on an H100 where the whole page takes a third on 16 cores: by themselves they stay on the CPU.
const VARYING: [&str; 4] = ["ocr", "faces", "depth", "find"];

/// Loads and keeps sessions. The one [`ModelProvider`] outside tests.
pub struct SessionPool {
    store: Store,
    options: PoolOptions,
    budget: u64,
    runtime: OnceCell<Arc<Runtime>>,
    slots: Mutex<IndexMap<String, Arc<Slot>>>,
    clock: AtomicU64,
}

#[derive(Default)]
struct Slot {
    model: OnceCell<Arc<LoadedModel>>,
    bytes: AtomicU64,
    last_used: AtomicU64,
}

impl SessionPool {
    /// A pool without sessions yet.
    pub fn new(store: Store, options: PoolOptions) -> Self {
        let budget = options.memory.unwrap_or_else(|| total_memory() / 2);
        Self { store, options, budget, runtime: OnceCell::new(), slots: Mutex::default(), clock: AtomicU64::new(0) }
    }

    /// The roles whose sessions are loaded, least recently used first.
    pub fn loaded(&self) -> Vec<String> {
        let slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        let mut loaded: Vec<(u64, String)> = slots
            .iter()
            .filter(|(_, slot)| slot.model.initialized())
            .map(|(role, slot)| (slot.last_used.load(Ordering::Relaxed), role.clone()))
            .collect();
        loaded.sort();
        loaded.into_iter().map(|(_, role)| role).collect()
    }

    /// The ONNX Runtime of this pool, fetched and loaded at first use.
    pub async fn runtime(&self) -> Result<Arc<Runtime>, ToolError> {
        self.runtime
            .get_or_try_init(|| async {
                let library = match &self.options.library {
                    Some(library) => library.clone(),
                    None => {
                        self.store.ensure_role(self.runtime_role()?, None).await.map_err(unavailable)?.main().to_owned()
                    }
                };
                tokio::task::spawn_blocking(move || Runtime::load(&library))
                    .await
                    .map_err(|error| ToolError::internal(error.to_string()))?
                    .map_err(runtime_failed)
            })
            .await
            .cloned()
    }

    /// The catalog role of the ONNX Runtime build that has every device asked for.
    pub fn runtime_role(&self) -> Result<&'static str, ToolError> {
        let asked = std::iter::once(&self.options.device).chain(self.options.devices.values());
        let mut special: Vec<Device> = Vec::new();
        for device in asked.copied().filter(|device| device.runtime_role() != "onnxruntime") {
            if let Some(reason) = device.missing() {
                return Err(runtime_failed(RuntimeError::Device { device, reason }));
            }
            if special.iter().all(|known| known.runtime_role() != device.runtime_role()) {
                special.push(device);
            }
        }
        match special.as_slice() {
            [] if has_nvidia_gpu() && self.is_installed("onnxruntime-cuda") => Ok("onnxruntime-cuda"),
            [] => Ok("onnxruntime"),
            [one] => Ok(one.runtime_role()),
            [one, other, ..] => Err(ToolError::model_unavailable(format!(
                "{one} and {other} need different builds of ONNX Runtime, and a process can load only one"
            ))),
        }
    }

    fn is_installed(&self, role: &str) -> bool {
        let installed = |id: &str| matches!(self.store.state(id), Ok(ModelState::Installed));
        self.store.catalog().candidates(role).any(|entry| installed(&entry.id))
    }

    fn device(&self, role: &str) -> Device {
        // `ocr_korean` is a recognizer of the role `ocr`.
        let base = if role.starts_with("ocr_") { "ocr" } else { role.split('-').next().unwrap_or(role) };
        let given = self.options.devices.get(role).or_else(|| self.options.devices.get(base));
        match given.copied().unwrap_or(self.options.device) {
            Device::Auto if VARYING.contains(&base) => Device::Cpu,
            device => device,
        }
    }

    /// Whether the user has a model of his own for exactly this role, such as `ocr-rec` alone.
    fn is_users(&self, role: &str) -> bool {
        self.store.user_models().values().any(|model| model.role == role)
    }

    async fn ensure(&self, role: &str) -> Result<Installed, ToolError> {
        let preferred = self.options.models.get(role).map(String::as_str);
        self.store.ensure_role(role, preferred).await.map_err(unavailable)
    }

    async fn open(
        &self,
        role: &str,
        part: Option<&str>,
        slot: &Slot,
        context: LoadContext<'_>,
    ) -> Result<Arc<LoadedModel>, ToolError> {
        let installed = self.ensure(role).await?;
        let runtime = self.runtime().await?;
        let file = graph(&installed, part)?;
        context.events.emit(Event::Preparing { what: format!("loading {}", installed.id) });
        slot.bytes.store(estimate(&file), Ordering::Relaxed);
        let device = self.device(role);
        let facts = installed.known_facts().map_err(unavailable)?;
        let any_size = facts.any_size;
        let (model, device) = tokio::task::spawn_blocking(move || runtime.session_as(&file, device, any_size))
            .await
            .map_err(|error| ToolError::internal(error.to_string()))?
            .map_err(runtime_failed)?;
        Ok(Arc::new(LoadedModel {
            id: installed.id.clone(),
            facts,
            model: Arc::new(model),
            provider: device.to_string(),
        }))
    }

    /// Drops the least recently used sessions that nobody holds until the rest fits the budget; `keep` stays.
    fn evict(&self, keep: &str) {
        let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            let loaded = || slots.iter().filter(|(_, slot)| slot.model.initialized());
            let total: u64 = loaded().map(|(_, slot)| slot.bytes.load(Ordering::Relaxed)).sum();
            if total <= self.budget {
                return;
            }
            let idle = |slot: &Slot| slot.model.get().is_some_and(|model| Arc::strong_count(model) == 1);
            let oldest = loaded()
                .filter(|(role, slot)| *role != keep && idle(slot))
                .min_by_key(|(_, slot)| slot.last_used.load(Ordering::Relaxed))
                .map(|(role, _)| role.clone());
            let Some(role) = oldest else { return };
            tracing::debug!("the session of {role} makes room");
            slots.shift_remove(&role);
        }
    }
}

impl ModelProvider for SessionPool {
    fn load<'a>(
        &'a self,
        role: &'a str,
        context: LoadContext<'a>,
    ) -> BoxFuture<'a, Result<Arc<LoadedModel>, ToolError>> {
        Box::pin(async move {
            let slot = {
                let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
                slots.entry(role.to_owned()).or_default().clone()
            };
            slot.last_used.store(self.clock.fetch_add(1, Ordering::Relaxed), Ordering::Relaxed);
            // `ocr-det` is the detection graph of the role `ocr`.
            let (base, part) = match role.split_once('-') {
                Some((base, part)) if !self.is_users(role) => (base, Some(part)),
                _ => (role, None),
            };
            let opening = slot.model.get_or_try_init(|| self.open(base, part, &slot, context));
            let model = tokio::select! {
                model = opening => model?.clone(),
                () = context.cancel.cancelled() => return Err(ToolError::cancelled()),
            };
            self.evict(role);
            Ok(model)
        })
    }

    fn files<'a>(&'a self, role: &'a str, context: LoadContext<'a>) -> BoxFuture<'a, Result<Installed, ToolError>> {
        Box::pin(async move {
            tokio::select! {
                installed = self.ensure(role) => installed,
                () = context.cancel.cancelled() => Err(ToolError::cancelled()),
            }
        })
    }

    fn is_installed(&self, role: &str) -> bool {
        let preferred = self.options.models.get(role).map(String::as_str);
        self.store.role_readiness(role, preferred) == Readiness::Ready
    }
}

/// Endings of the file names of one graph in several precisions, in the order in which they are taken.
const PRECISIONS: [&str; 8] = ["", "_fp16", "_quantized", "_int8", "_uint8", "_q4f16", "_q4", "_bnb4"];

/// The graph of an entry: its main file, or for a part the one of that name in its best precision
/// (`vision_encoder_fp16.onnx`), else the first whose name has it as a word (`PP-OCR_det.onnx` for `det`).
fn graph(installed: &Installed, part: Option<&str>) -> Result<PathBuf, ToolError> {
    let Some(part) = part else { return Ok(installed.main().to_owned()) };
    let graphs = || installed.files.iter().filter_map(|(name, path)| Some((stem(name)?, path)));
    let named = PRECISIONS
        .iter()
        .find_map(|precision| graphs().find(|(stem, _)| stem.strip_suffix(precision).is_some_and(|stem| stem == part)));
    let has_part = |stem: &str| stem.to_lowercase().split(|c: char| !c.is_alphanumeric()).any(|word| word == part);
    let found = named.or_else(|| graphs().find(|(stem, _)| has_part(stem)));
    found.map(|(_, path)| path.clone()).ok_or_else(|| {
        let names: Vec<&str> = installed.files.keys().map(String::as_str).collect();
        ToolError::model_unavailable(format!("{} has no file for {part}, only {}", installed.id, names.join(", ")))
    })
}

/// Whether a model has a graph of this very name, in whatever precision.
pub fn has_graph(installed: &Installed, name: &str) -> bool {
    let is_it = |stem: &str| PRECISIONS.iter().any(|precision| stem.strip_suffix(precision) == Some(name));
    installed.files.keys().filter_map(|file| stem(file)).any(is_it)
}

/// The file of a graph of this very name, in its best precision.
pub fn graph_file(installed: &Installed, name: &str) -> Option<PathBuf> {
    graph(installed, Some(name)).ok().filter(|_| has_graph(installed, name))
}

/// The names of a model's graphs, each once, without folder, ending and precision.
pub fn graph_names(installed: &Installed) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for stem in installed.files.keys().filter_map(|file| stem(file)) {
        let name = PRECISIONS[1..].iter().find_map(|precision| stem.strip_suffix(precision)).unwrap_or(stem);
        if names.iter().all(|known| known != name) {
            names.push(name.to_owned());
        }
    }
    names
}

/// The name of a graph's file without folders and ending; nothing for other files.
fn stem(name: &str) -> Option<&str> {
    name.rsplit('/').next().and_then(|name| name.strip_suffix(".onnx"))
}

/// Weights, their prepacked copies and a flat share for buffers.
fn estimate(model: &Path) -> u64 {
    let bytes = fs_err::metadata(model).map_or(0, |metadata| metadata.len());
    bytes * 2 + 32 * 1024 * 1024
}

/// The memory this process may use, cgroup limits included.
pub fn total_memory() -> u64 {
    // What cannot be read is taken for a small machine.
    const UNKNOWN: u64 = 4 << 30;
    let Ok(mut system) = sysinfo::System::new() else { return UNKNOWN };
    system.refresh_memory();
    system.cgroup_limits().map_or(system.total_memory(), |limits| limits.total_memory)
}

#[expect(clippy::needless_pass_by_value, reason = "made for map_err")]
fn unavailable(error: StoreError) -> ToolError {
    let hint = error.hint();
    let unavailable = ToolError::model_unavailable(error.to_string());
    match hint {
        Some(hint) => unavailable.with_hint(hint),
        None => unavailable,
    }
}

#[expect(clippy::needless_pass_by_value, reason = "made for map_err")]
fn runtime_failed(error: RuntimeError) -> ToolError {
    let hint = error.hint();
    let failed = ToolError::model_unavailable(error.to_string());
    match hint {
        Some(hint) => failed.with_hint(hint),
        None => failed,
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failed set-up fails the test")]
mod tests {
    use super::*;
    use crate::store::{Store, StoreOptions};

    #[test]
    fn a_part_is_a_graph_by_its_name_in_the_best_precision() {
        let installed = |names: &[&str]| Installed {
            id: "it".into(),
            role: "caption".into(),
            dir: PathBuf::new(),
            files: names.iter().map(|name| ((*name).to_owned(), PathBuf::from(name))).collect(),
            facts: crate::store::ModelFacts::default(),
            licence: None,
        };
        let florence = installed(&[
            "onnx/decoder_model.onnx",
            "onnx/decoder_model_merged_q4.onnx",
            "onnx/decoder_model_merged_fp16.onnx",
            "onnx/encoder_model_quantized.onnx",
            "config.json",
        ]);
        let of = |installed: &Installed, part| graph(installed, Some(part)).map(|path| path.display().to_string());
        assert_eq!(of(&florence, "decoder_model_merged").unwrap(), "onnx/decoder_model_merged_fp16.onnx");
        assert_eq!(of(&florence, "decoder_model").unwrap(), "onnx/decoder_model.onnx");
        assert_eq!(of(&florence, "encoder_model").unwrap(), "onnx/encoder_model_quantized.onnx");
        assert!(has_graph(&florence, "encoder_model") && has_graph(&florence, "decoder_model"));
        assert!(!has_graph(&florence, "vision_encoder") && !has_graph(&florence, "decoder"));
        let error = of(&florence, "vision_encoder").unwrap_err();
        assert!(error.message.contains("it has no file for vision_encoder, only onnx/decoder_model.onnx"), "{error}");
        let ocr = installed(&["PP-OCRv6_det_small.onnx", "PP-OCRv6_rec_small.onnx"]);
        assert_eq!(of(&ocr, "rec").unwrap(), "PP-OCRv6_rec_small.onnx");
    }

    #[test]
    fn graphs_for_ever_other_sizes_stay_on_the_cpu_unless_told_otherwise() {
        let home = tempfile::tempdir().unwrap();
        let store =
            Store::open(StoreOptions { home: home.path().into(), ..StoreOptions::from_env().unwrap() }).unwrap();
        let pool = |device, devices: &[(&str, Device)]| {
            let devices = devices.iter().map(|(role, device)| ((*role).to_owned(), *device)).collect();
            SessionPool::new(store.clone(), PoolOptions { device, devices, ..PoolOptions::default() })
        };
        let auto = pool(Device::Auto, &[("faces", Device::Cuda(1))]);
        assert_eq!(
            ["ocr-rec", "ocr", "ocr_korean", "detect", "faces"].map(|role| auto.device(role)),
            [Device::Cpu, Device::Cpu, Device::Cpu, Device::Auto, Device::Cuda(1)]
        );
        assert_eq!(pool(Device::Cuda(0), &[]).device("ocr-det"), Device::Cuda(0));
    }
}
