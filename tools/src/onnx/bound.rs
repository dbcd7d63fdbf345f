//! Runs whose inputs and outputs are bound to a device's memory, so that a decoder's cache stays there from step to step
//! instead of going to the host and back. Source: ONNX Runtime's IO binding.

use ort::{
    memory::{AllocationDevice, AllocatorType, MemoryInfo, MemoryType},
    session::{IoBinding, Session, SessionInputValue},
    value::{DynTensorValueType, DynValue, Value},
};

use super::{Device, ModelError};

/// The memory of a device, as ONNX Runtime names it.
#[derive(Clone, Debug)]
pub(super) struct DeviceMemory {
    device: Device,
    name: AllocationDevice<'static>,
    index: i32,
}

/// What could not be bound.
#[derive(Clone, Debug, thiserror::Error)]
pub(super) enum BindingError {
    /// The runtime gives no binding, or does not know the memory.
    #[error("the memory of the device {device} cannot be bound: {reason}")]
    Memory {
        /// The device.
        device: Device,
        /// ONNX Runtime's words.
        reason: String,
    },
    /// One input.
    #[error("the input {name} cannot be bound for the device {device}: {reason}")]
    Input {
        /// The tensor.
        name: String,
        /// The device.
        device: Device,
        /// ONNX Runtime's words.
        reason: String,
    },
    /// One output.
    #[error("the output {name} cannot be bound to the memory of the device {device}: {reason}")]
    Output {
        /// The tensor.
        name: String,
        /// The device.
        device: Device,
        /// ONNX Runtime's words.
        reason: String,
    },
    /// What was kept cannot be brought to the host.
    #[error("a kept tensor cannot be copied from the memory of {device}: {reason}")]
    Fetch {
        /// The memory, as ONNX Runtime names it.
        device: String,
        /// ONNX Runtime's words.
        reason: String,
    },
}

impl From<BindingError> for ModelError {
    fn from(error: BindingError) -> Self {
        Self::new(error.to_string())
    }
}

impl DeviceMemory {
    /// The memory of a device that has its own; none for those that work in the host's, or whose tensors the host reads anyway.
    pub(super) fn own(device: Device) -> Option<Self> {
        (device != Device::Cpu).then(|| Self::of(device)).flatten()
    }

    /// The memory in which a device's tensors can be kept, the host's for the CPU.
    pub(super) fn of(device: Device) -> Option<Self> {
        let (name, index) = match device {
            Device::Cpu => (AllocationDevice::CPU, 0),
            Device::Cuda(index) => (AllocationDevice::CUDA, i32::try_from(index).ok()?),
            Device::TensorRt => (AllocationDevice::CUDA, 0),
            Device::Rocm => (AllocationDevice::HIP, 0),
            Device::DirectMl => (AllocationDevice::DIRECTML, 0),
            Device::Auto | Device::OpenVino | Device::CoreMl | Device::WebGpu => return None,
        };
        Some(Self { device, name, index })
    }

    /// A binding of one run: the outputs named in `keep` stay in this memory, the `others` come to the host.
    pub(super) fn bind<'a>(
        &self,
        session: &Session,
        inputs: &[(String, SessionInputValue<'_>)],
        keep: &[&str],
        others: impl Iterator<Item = &'a str>,
    ) -> Result<IoBinding, BindingError> {
        let device = self.device;
        let no_memory = |error: ort::Error| BindingError::Memory { device, reason: error.to_string() };
        let own = self.info().map_err(no_memory)?;
        let host = MemoryInfo::new(AllocationDevice::CPU, 0, AllocatorType::Device, MemoryType::Default);
        let host = host.map_err(no_memory)?;
        let mut binding = session.create_binding().map_err(no_memory)?;
        for (name, value) in inputs {
            binding.bind_input(name, value).map_err(|error| BindingError::Input {
                name: name.clone(),
                device,
                reason: error.to_string(),
            })?;
        }
        let places = keep.iter().map(|name| (*name, &own)).chain(others.map(|name| (name, &host)));
        for (name, memory) in places {
            binding.bind_output_to_device(name, memory).map_err(|error| BindingError::Output {
                name: name.to_owned(),
                device,
                reason: error.to_string(),
            })?;
        }
        // What was copied to the device is there before the run begins.
        binding.synchronize_inputs().map_err(no_memory)?;
        Ok(binding)
    }

    fn info(&self) -> ort::Result<MemoryInfo<'static>> {
        MemoryInfo::new(self.name.clone(), self.index, AllocatorType::Device, MemoryType::Default)
    }
}

/// A copy in the host's memory of a tensor that lies elsewhere; nothing for one that the host can read where it is.
pub(super) fn fetched(value: &DynValue) -> Result<Option<Value<DynTensorValueType>>, BindingError> {
    let Ok(tensor) = value.view().downcast::<DynTensorValueType>() else { return Ok(None) };
    let memory = tensor.memory_info();
    if memory.is_cpu_accessible() {
        return Ok(None);
    }
    let failed = |error: ort::Error| BindingError::Fetch {
        device: memory.allocation_device().as_str().to_owned(),
        reason: error.to_string(),
    };
    tensor.to(AllocationDevice::CPU, 0).map(Some).map_err(failed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_devices_with_a_memory_of_their_own_keep_tensors_there() {
        let own = |device| DeviceMemory::own(device).map(|memory| (memory.name.as_str().to_owned(), memory.index));
        assert_eq!(own(Device::Cuda(1)), Some(("Cuda".into(), 1)));
        assert_eq!(own(Device::TensorRt), Some(("Cuda".into(), 0)));
        assert_eq!(own(Device::Rocm), Some(("Hip".into(), 0)));
        assert_eq!(own(Device::DirectMl), Some(("DML".into(), 0)));
        for device in [Device::Cpu, Device::OpenVino, Device::CoreMl, Device::WebGpu] {
            assert_eq!(own(device), None, "{device}");
        }
        assert!(DeviceMemory::of(Device::Cpu).is_some(), "tests bind to it");
    }
}
