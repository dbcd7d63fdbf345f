//! The ONNX Runtime library, loaded at run time. A process can hold one.

use std::{
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

use ort::{
    ep::{self, ExecutionProvider, ExecutionProviderDispatch},
    logging::LogLevel,
    session::{Session, builder::GraphOptimizationLevel},
};

use super::{
    any_size::with_any_size,
    device::{Device, cores},
    session::OrtModel,
};

/// A runtime that cannot be loaded, a provider that is not available, a model that cannot be read.
#[derive(Clone, Debug, thiserror::Error)]
pub enum RuntimeError {
    /// The library could not be loaded.
    #[error("ONNX Runtime could not be loaded from {library}: {reason}")]
    Library {
        /// The file.
        library: String,
        /// The loader's words.
        reason: String,
    },
    /// Another library is loaded already.
    #[error("this process runs the ONNX Runtime of {loaded} and cannot load {wanted} as well")]
    OneLibrary {
        /// What is loaded.
        loaded: String,
        /// What was asked for.
        wanted: String,
    },
    /// A device asked for by name is not available.
    #[error("the device {device} is not available: {reason}")]
    Device {
        /// The device.
        device: Device,
        /// Why.
        reason: String,
    },
    /// A model file could not be made a session.
    #[error("the model {model} could not be loaded: {reason}")]
    Model {
        /// The file.
        model: String,
        /// ONNX Runtime's words.
        reason: String,
    },
}

impl RuntimeError {
    /// A remedy, where there is one.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Library { .. } => Some(
                "`argus models verify` checks the installed library; ORT_DYLIB_PATH can name another one (1.20 or newer)"
                    .into(),
            ),
            Self::OneLibrary { .. } => Some("choose devices that one library has, or run the other in its own process".into()),
            Self::Device { device, reason } => Some(match missing_library(reason) {
                Some(library) => format!(
                    "{library} is missing: install {} and put its directory on LD_LIBRARY_PATH, or use --device auto",
                    if *device == Device::TensorRt { "TensorRT 10 beside CUDA 13 and cuDNN 9" } else { "CUDA 13 with cuDNN 9" }
                ),
                None => "use --device auto or --device cpu; `argus doctor` lists what this machine has".into(),
            }),
            Self::Model { .. } => Some("`argus models verify` checks the file against the catalog".into()),
        }
    }
}

/// The loaded library.
pub struct Runtime {
    environment: ort::environment::Environment,
    library: PathBuf,
}

/// Held for the life of the process: ONNX Runtime allows one environment, ever.
static LOADED: Mutex<Option<Arc<Runtime>>> = Mutex::new(None);

impl Runtime {
    /// Loads the library, or gives the one that is loaded if it is the same file.
    pub fn load(library: &Path) -> Result<Arc<Self>, RuntimeError> {
        let mut loaded = LOADED.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(runtime) = &*loaded {
            if runtime.library == library {
                return Ok(runtime.clone());
            }
            return Err(RuntimeError::OneLibrary {
                loaded: runtime.library.display().to_string(),
                wanted: library.display().to_string(),
            });
        }
        let failed = |reason: String| RuntimeError::Library { library: library.display().to_string(), reason };
        preload_neighbours(library);
        let environment = ort::init_from(library)
            .map_err(|error| failed(error.to_string()))?
            .with_name("argus")
            .with_telemetry(false)
            .build()
            .map_err(|error| failed(error.to_string()))?;
        // Failures come back as errors; what is left is chatter about graph details.
        environment.set_log_level(LogLevel::Error);
        let runtime = Arc::new(Self { environment, library: library.to_owned() });
        *loaded = Some(runtime.clone());
        Ok(runtime)
    }

    /// The library that this process has loaded, if any.
    pub fn loaded() -> Option<Arc<Self>> {
        LOADED.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The library file.
    pub fn library(&self) -> &Path {
        &self.library
    }

    /// The build's own description: version, commit, flags.
    pub fn build_info(&self) -> &'static str {
        ort::info()
    }

    /// The devices that this library was built with.
    pub fn devices(&self) -> Vec<Device> {
        let has = |available: ort::Result<bool>| available.unwrap_or(false);
        let all = [
            (Device::TensorRt, has(ep::TensorRT::is_available())),
            (Device::Cuda(0), has(ep::CUDA::is_available())),
            (Device::Rocm, has(ep::MIGraphX::is_available()) || has(ep::ROCm::is_available())),
            (Device::CoreMl, has(ep::CoreML::is_available())),
            (Device::DirectMl, has(ep::DirectML::is_available())),
            (Device::OpenVino, has(ep::OpenVINO::is_available())),
            (Device::WebGpu, has(ep::WebGPU::is_available())),
            (Device::Cpu, true),
        ];
        all.into_iter().filter(|(_, available)| *available).map(|(device, _)| device).collect()
    }

    /// Makes a session of a model file. `Auto` takes the best device of this library that the machine has and falls back
    /// to the CPU; a named device that fails is an error. Returns the model and the provider that runs it.
    pub fn session(&self, model: &Path, device: Device) -> Result<(OrtModel, Device), RuntimeError> {
        self.session_as(model, device, false)
    }

    /// [`Runtime::session`]; with `any_size` the sizes that the graph declares for its pictures are left open.
    pub(super) fn session_as(
        &self,
        model: &Path,
        device: Device,
        any_size: bool,
    ) -> Result<(OrtModel, Device), RuntimeError> {
        if device != Device::Auto {
            if let Some(reason) = device.missing() {
                return Err(RuntimeError::Device { device, reason });
            }
            return self.session_on(model, device, any_size).map(|model| (model, device));
        }
        for candidate in self.devices() {
            // TensorRT compiles for minutes and WebGPU is young: they are for those who ask by name.
            let ask_only = matches!(candidate, Device::TensorRt | Device::WebGpu | Device::OpenVino);
            if ask_only || candidate == Device::Cpu || candidate.missing().is_some() {
                continue;
            }
            match self.session_on(model, candidate, any_size) {
                Ok(session) => return Ok((session, candidate)),
                Err(error) => tracing::warn!("{error}; trying the next device"),
            }
        }
        self.session_on(model, Device::Cpu, any_size).map(|model| (model, Device::Cpu))
    }

    fn session_on(&self, model: &Path, device: Device, any_size: bool) -> Result<OrtModel, RuntimeError> {
        let device_error = |reason: String| RuntimeError::Device { device, reason };
        let unusable = |reason: String| RuntimeError::Model { model: model.display().to_string(), reason };
        let failed = |error: ort::Error| unusable(first_line(&error));
        let mut builder = Session::builder(&self.environment)
            .and_then(|b| Ok(b.with_optimization_level(GraphOptimizationLevel::Level3)?))
            .and_then(|b| Ok(b.with_intra_threads(cores())?))
            .and_then(|b| Ok(b.with_inter_threads(1)?))
            .map_err(failed)?;
        if let Some(provider) = provider(device) {
            if !self.devices().iter().any(|d| std::mem::discriminant(d) == std::mem::discriminant(&device)) {
                let names: Vec<String> = self.devices().iter().map(ToString::to_string).collect();
                return Err(device_error(format!(
                    "the ONNX Runtime of {} has only {}",
                    self.library.display(),
                    names.join(", ")
                )));
            }
            builder = builder
                .with_execution_providers([provider.error_on_failure()])
                .map_err(|error| device_error(first_line(&error.into())))?;
        }
        let session = if any_size {
            let graph = fs_err::read(model).map_err(|error| unusable(error.to_string()))?;
            let graph = with_any_size(&graph).map_err(|error| unusable(error.to_string()))?;
            builder.commit_from_memory(&graph).map_err(failed)?
        } else {
            builder.commit_from_file(model).map_err(failed)?
        };
        Ok(OrtModel::new(session, device))
    }
}

fn provider(device: Device) -> Option<ExecutionProviderDispatch> {
    Some(match device {
        Device::Auto | Device::Cpu => return None,
        // The default, an exhaustive search, measures every algorithm again for each size of picture.
        Device::Cuda(index) => ep::CUDA::default()
            .with_device_id(index.try_into().unwrap_or(i32::MAX))
            .with_conv_algorithm_search(ep::cuda::ConvAlgorithmSearch::Heuristic)
            .build(),
        Device::TensorRt => ep::TensorRT::default().with_fp16(true).build(),
        Device::OpenVino => ep::OpenVINO::default().with_device_type("CPU").with_num_threads(cores()).build(),
        Device::DirectMl => ep::DirectML::default().build(),
        Device::CoreMl => ep::CoreML::default().build(),
        Device::Rocm if ep::MIGraphX::is_available().unwrap_or(false) => ep::MIGraphX::default().build(),
        Device::Rocm => ep::ROCm::default().build(),
        Device::WebGpu => ep::WebGPU::default().build(),
    })
}

/// The providers' libraries look for their own by name only; what is loaded already is found. A missing neighbor shows
/// when its provider is asked for.
fn preload_neighbours(library: &Path) {
    const FIRST: [&str; 3] = ["libtbb.so.", "libopenvino.so.", "libopenvino_onnx_frontend.so."];
    let Some(folder) = library.parent() else { return };
    let Ok(entries) = fs_err::read_dir(folder) else { return };
    let mut names: Vec<String> = entries.flatten().filter_map(|entry| entry.file_name().into_string().ok()).collect();
    names.sort();
    for prefix in FIRST {
        // Several names of one library lie side by side; the last is the one with the ABI number that others ask for.
        if let Some(name) = names.iter().rev().find(|name| name.starts_with(prefix))
            && let Err(error) = ort::util::preload_dylib(folder.join(name))
        {
            tracing::debug!("{name}: {error}");
        }
    }
}

/// What the error says, without where in ONNX Runtime's own sources it says it.
fn first_line(error: &ort::Error) -> String {
    without_place(&error.to_string()).to_owned()
}

fn without_place(text: &str) -> &str {
    let line = text.lines().next().unwrap_or_default();
    let told = line.rsplit_once("[ONNXRuntimeError] : ").and_then(|(_, rest)| rest.splitn(3, " : ").nth(2));
    told.unwrap_or(line)
}

/// The library that a loader did not find.
fn missing_library(reason: &str) -> Option<&str> {
    let (before, _) = reason.split_once(": cannot open shared object file")?;
    before.rsplit([' ', ':']).next().filter(|name| name.contains(".so"))
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failed set-up fails the test")]
mod tests {
    use super::*;

    #[test]
    fn errors_of_providers_are_told_without_source_places() {
        let reason = without_place(
            "/onnxruntime_src/a.cc:63 static T onnxruntime::F(const O&) [ONNXRuntimeError] : 1 : FAIL : Failed to load \
             library /x/libonnxruntime_providers_cuda.so with error: libcudnn.so.9: cannot open shared object file: No \
             such file or directory",
        );
        assert!(reason.starts_with("Failed to load library /x/"), "{reason}");
        let error = RuntimeError::Device { device: Device::Cuda(0), reason: reason.into() };
        assert!(error.hint().unwrap().starts_with("libcudnn.so.9 is missing: install CUDA 13 with cuDNN 9"));
        assert_eq!(without_place("plain\nmore"), "plain");
        let other = RuntimeError::Device { device: Device::Cuda(7), reason: "Invalid device ID: 7".into() };
        assert!(other.hint().unwrap().contains("argus doctor"));
    }
}
