//! Devices by name, and what this machine has.

use std::{fmt, path::Path, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Where models run. Asked for by name it is an order: failing to get it is an error.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Device {
    /// The best one available.
    #[default]
    Auto,
    /// The processor.
    Cpu,
    /// An NVIDIA GPU by index, through CUDA.
    Cuda(u32),
    /// An NVIDIA GPU through TensorRT.
    TensorRt,
    /// Intel processors and GPUs through OpenVINO.
    OpenVino,
    /// Any GPU on Windows through DirectML.
    DirectMl,
    /// Apple hardware through Core ML.
    CoreMl,
    /// An AMD GPU through ROCm or MIGraphX.
    Rocm,
    /// Any GPU through WebGPU.
    WebGpu,
}

const NAMES: [(&str, Device); 9] = [
    ("auto", Device::Auto),
    ("cpu", Device::Cpu),
    ("cuda", Device::Cuda(0)),
    ("tensorrt", Device::TensorRt),
    ("openvino", Device::OpenVino),
    ("directml", Device::DirectMl),
    ("coreml", Device::CoreMl),
    ("rocm", Device::Rocm),
    ("webgpu", Device::WebGpu),
];

impl Device {
    /// The catalog role of the ONNX Runtime build that has this device's execution provider.
    pub fn runtime_role(self) -> &'static str {
        match self {
            Self::Cuda(_) | Self::TensorRt => "onnxruntime-cuda",
            Self::OpenVino => "onnxruntime-openvino",
            _ => "onnxruntime",
        }
    }

    /// Why this machine cannot have the device, if that can be told before any library is loaded.
    pub fn missing(self) -> Option<String> {
        match self {
            Self::Cuda(_) | Self::TensorRt if !has_nvidia_gpu() => {
                Some("no NVIDIA GPU with its driver was found (no /dev/nvidia0, no nvidia-smi)".into())
            }
            Self::DirectMl if !cfg!(windows) => Some("DirectML exists on Windows only".into()),
            Self::CoreMl if !cfg!(target_os = "macos") => Some("Core ML exists on macOS only".into()),
            Self::Rocm if !Path::new("/dev/kfd").exists() => {
                Some("no AMD GPU with the ROCm driver was found (no /dev/kfd)".into())
            }
            _ => None,
        }
    }
}

/// Whether an NVIDIA GPU and its driver are here.
pub fn has_nvidia_gpu() -> bool {
    if cfg!(windows) {
        return std::env::var_os("SystemRoot")
            .is_some_and(|root| Path::new(&root).join("System32/nvcuda.dll").exists());
    }
    Path::new("/dev/nvidia0").exists() || Path::new("/proc/driver/nvidia/version").exists()
}

/// The number of cores this process may use, cgroup limits included.
pub fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, std::num::NonZero::get)
}

impl fmt::Display for Device {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cuda(index) if *index > 0 => write!(f, "cuda:{index}"),
            Self::Cuda(_) => f.write_str("cuda"),
            other => f.write_str(NAMES.iter().find(|(_, device)| device == other).map_or("auto", |(name, _)| name)),
        }
    }
}

impl FromStr for Device {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let lower = text.trim().to_lowercase();
        if let Some(index) = lower.strip_prefix("cuda:") {
            return index
                .parse()
                .map(Self::Cuda)
                .map_err(|_| format!("\"{text}\": after cuda: comes the number of the GPU, such as cuda:1"));
        }
        NAMES.iter().find(|(name, _)| *name == lower).map(|(_, device)| *device).ok_or_else(|| {
            let names: Vec<&str> = NAMES.iter().map(|(name, _)| *name).collect();
            format!("\"{text}\" is no device; there are {} and cuda:N", names.join(", "))
        })
    }
}

impl Serialize for Device {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Device {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_round_trip() {
        for name in ["auto", "cpu", "cuda", "cuda:1", "tensorrt", "openvino", "directml", "coreml", "rocm", "webgpu"] {
            assert_eq!(name.parse::<Device>().map(|device| device.to_string()).as_deref(), Ok(name));
        }
    }

    #[test]
    fn a_wrong_name_lists_the_right_ones() {
        let error = "gpu".parse::<Device>().err().unwrap_or_default();
        assert!(error.contains("cuda:N") && error.contains("openvino"), "{error}");
        assert!("cuda:x".parse::<Device>().is_err());
    }
}
