//! An ONNX Runtime session behind the [`Model`] trait. The one file that converts tensors to and from `ort`.

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use half::f16;
use indexmap::IndexMap;
use ndarray::{ArrayViewD, CowArray};
use ort::{
    session::{RunOptions, Session, SessionInputValue},
    value::{DynValue, Outlet, PrimitiveTensorElementType, Tensor, TensorElementType, TensorRef, ValueType},
};

use super::{
    Device, Dim, ElementType, Input, Kept, Model, ModelError, Outputs, RunControl, Signature, TensorInfo,
    bound::{DeviceMemory, fetched},
};

/// A loaded graph. One run at a time; others wait.
pub struct OrtModel {
    session: Mutex<Session>,
    signature: Signature,
    busy_nanos: AtomicU64,
    /// Where tensors that one run keeps for the next one lie; none: wherever the runtime puts outputs.
    memory: Option<DeviceMemory>,
}

impl OrtModel {
    /// What runs keep for the next one stays in the memory of this device, through bindings. Sessions of devices with a memory
    /// of their own do it by themselves; the CPU, whose memory is the host's, gains nothing, but shows that it is the same.
    #[must_use]
    pub fn keeping_on(self, device: Device) -> Self {
        Self { memory: DeviceMemory::of(device), ..self }
    }

    pub(super) fn new(session: Session, device: Device) -> Self {
        let signature = Signature {
            inputs: session.inputs().iter().map(info).collect(),
            outputs: session.outputs().iter().map(info).collect(),
            metadata: metadata(&session),
        };
        let memory = DeviceMemory::own(device);
        Self { session: Mutex::new(session), signature, busy_nanos: AtomicU64::new(0), memory }
    }

    fn element(&self, name: &str) -> Result<ElementType, ModelError> {
        self.signature
            .inputs
            .iter()
            .find(|input| input.name == name)
            .map(|input| input.element)
            .ok_or_else(|| ModelError::new(format!("the model has no input {name}; {}", self.signature.describe())))
    }
}

impl Model for OrtModel {
    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn run(
        &self,
        inputs: &[(&str, Input<'_>)],
        control: &RunControl,
        read: &mut dyn FnMut(&Outputs<'_>) -> Result<(), ModelError>,
    ) -> Result<(), ModelError> {
        self.run_keeping(inputs, &[], control, read).map(|_| ())
    }

    fn run_keeping(
        &self,
        inputs: &[(&str, Input<'_>)],
        keep: &[&str],
        control: &RunControl,
        read: &mut dyn FnMut(&Outputs<'_>) -> Result<(), ModelError>,
    ) -> Result<Vec<Kept>, ModelError> {
        if let Some(name) = keep.iter().find(|name| self.signature.outputs.iter().all(|output| output.name != **name)) {
            return Err(ModelError::new(format!("the model has no output {name}; {}", self.signature.describe())));
        }
        let memory = self.memory.as_ref().filter(|_| !keep.is_empty());
        let feed = if memory.is_some() { feed_owned } else { feed };
        let values = inputs
            .iter()
            .map(|(name, input)| Ok(((*name).to_owned(), feed(name, input, self.element(name)?)?)))
            .collect::<Result<Vec<_>, ModelError>>()?;
        let options = Arc::new(RunOptions::new().map_err(|error| failed(&error))?);
        // A run that outlives its stop switch is told to end by ONNX Runtime itself.
        let stop = options.clone();
        let hook = Box::new(move || {
            let _ = stop.terminate();
        });
        let mut session = self.session.lock().unwrap_or_else(PoisonError::into_inner);
        if control.is_cancelled() {
            return Err(ModelError::new("cancelled"));
        }
        let binding = match memory {
            Some(memory) => {
                let all = self.signature.outputs.iter().map(|output| output.name.as_str());
                Some(memory.bind(&session, &values, keep, all.filter(|name| !keep.contains(name)))?)
            }
            None => None,
        };
        let start = Instant::now();
        let mut outputs = control
            .during(hook, || match &binding {
                Some(binding) => session.run_binding_with_options(binding, &options),
                None => session.run_with_options(values, &options),
            })
            .map_err(|error| if control.is_cancelled() { ModelError::new("cancelled") } else { failed(&error) })?;
        self.busy_nanos.fetch_add(start.elapsed().as_nanos() as u64, Ordering::Relaxed);
        let kept = keep.iter().map(|name| {
            let value = outputs.remove(name);
            value
                .map(|value| Kept::value(KeptValue(value)))
                .ok_or_else(|| ModelError::new(format!("no output {name} came")))
        });
        let kept = kept.collect::<Result<Vec<_>, ModelError>>()?;
        let mut views = Outputs::new();
        for name in outputs.keys() {
            if let Some(value) = outputs.get(name) {
                expose(&mut views, name, value)?;
            }
        }
        read(&views)?;
        Ok(kept)
    }

    fn busy(&self) -> Duration {
        Duration::from_nanos(self.busy_nanos.load(Ordering::Relaxed))
    }
}

/// A tensor in the runtime's own memory.
pub struct KeptValue(DynValue);

impl std::fmt::Debug for KeptValue {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "KeptValue({:?})", self.0.dtype())
    }
}

impl KeptValue {
    pub(super) fn read<T>(&self, look: impl FnOnce(ArrayViewD<'_, f32>) -> T) -> Result<T, ModelError> {
        let fetched = fetched(&self.0)?.map(ort::value::Value::into_dyn);
        let mut views = Outputs::new();
        expose(&mut views, "of an earlier run", fetched.as_ref().unwrap_or(&self.0))?;
        views.f32_at(0).map(look)
    }
}

fn failed(error: &ort::Error) -> ModelError {
    ModelError::new(format!("the model run failed: {error}"))
}

fn feed<'a>(name: &str, input: &'a Input<'_>, wanted: ElementType) -> Result<SessionInputValue<'a>, ModelError> {
    let mismatch = |given: &str| ModelError::new(format!("input {name} takes {wanted:?}, not {given}"));
    match (input, wanted) {
        (Input::F32(view), ElementType::F32) => borrow(view),
        (Input::F32(view), ElementType::F16) => own(shape(view), view.iter().map(|v| f16::from_f32(*v)).collect()),
        (Input::I64(view), ElementType::I64) => borrow(view),
        (Input::I64(view), ElementType::I32) => own(shape(view), view.iter().map(|v| *v as i32).collect()),
        (Input::U8(view), ElementType::U8) => borrow(view),
        (Input::Bool(view), ElementType::Bool) => borrow(view),
        (Input::Kept(KeptValue(value)), _) => Ok(value.into()),
        (Input::F32(_), _) => Err(mismatch("floats")),
        (Input::I64(_), _) => Err(mismatch("integers")),
        (Input::U8(_), _) => Err(mismatch("bytes")),
        (Input::Bool(_), _) => Err(mismatch("booleans")),
    }
}

/// The same without borrowing: what is bound outlives the call that binds it.
fn feed_owned<'a>(name: &str, input: &'a Input<'_>, wanted: ElementType) -> Result<SessionInputValue<'a>, ModelError> {
    match (input, wanted) {
        (Input::F32(view), ElementType::F32) => own(shape(view), view.iter().copied().collect()),
        (Input::I64(view), ElementType::I64) => own(shape(view), view.iter().copied().collect()),
        (Input::U8(view), ElementType::U8) => own(shape(view), view.iter().copied().collect()),
        (Input::Bool(view), ElementType::Bool) => own(shape(view), view.iter().copied().collect()),
        _ => feed(name, input, wanted),
    }
}

fn shape<T>(view: &ArrayViewD<'_, T>) -> Vec<usize> {
    view.shape().to_vec()
}

fn borrow<'a, T>(view: &'a ArrayViewD<'_, T>) -> Result<SessionInputValue<'a>, ModelError>
where
    T: PrimitiveTensorElementType + std::fmt::Debug + Clone + 'static,
{
    match view.as_slice() {
        Some(slice) => Ok(TensorRef::from_array_view((shape(view), slice)).map_err(|error| failed(&error))?.into()),
        None => own(shape(view), view.iter().cloned().collect()),
    }
}

fn own<T>(shape: Vec<usize>, values: Vec<T>) -> Result<SessionInputValue<'static>, ModelError>
where
    T: PrimitiveTensorElementType + std::fmt::Debug + Clone + 'static,
{
    Ok(Tensor::from_array((shape, values)).map_err(|error| failed(&error))?.into())
}

/// Floats and integers as views in place; other number types are converted.
fn expose<'a>(outputs: &mut Outputs<'a>, name: &str, value: &'a DynValue) -> Result<(), ModelError> {
    let ValueType::Tensor { ty, .. } = value.dtype() else {
        return Err(ModelError::new(format!("output {name} is no tensor")));
    };
    let wrong = |error: ort::Error| ModelError::new(format!("output {name}: {error}"));
    match ty {
        TensorElementType::Float32 => {
            outputs.push_f32(name, CowArray::from(value.try_extract_array::<f32>().map_err(wrong)?));
        }
        TensorElementType::Float16 => {
            let half = value.try_extract_array::<f16>().map_err(wrong)?;
            outputs.push_f32(name, CowArray::from(half.mapv(f16::to_f32)));
        }
        TensorElementType::Int64 => {
            outputs.push_i64(name, CowArray::from(value.try_extract_array::<i64>().map_err(wrong)?));
        }
        TensorElementType::Int32 => {
            let narrow = value.try_extract_array::<i32>().map_err(wrong)?;
            outputs.push_i64(name, CowArray::from(narrow.mapv(i64::from)));
        }
        TensorElementType::Uint8 => {
            let bytes = value.try_extract_array::<u8>().map_err(wrong)?;
            outputs.push_i64(name, CowArray::from(bytes.mapv(i64::from)));
        }
        other => {
            return Err(ModelError::new(format!("output {name} has the element type {other:?}, which is not read")));
        }
    }
    Ok(())
}

fn info(outlet: &Outlet) -> TensorInfo {
    let (element, dims) = match outlet.dtype() {
        ValueType::Tensor { ty, shape, dimension_symbols } => {
            let dims = shape.iter().enumerate().map(|(i, &size)| match usize::try_from(size) {
                Ok(size) => Dim::Fixed(size),
                Err(_) => Dim::Free(dimension_symbols.get(i).cloned().unwrap_or_default()),
            });
            (element(*ty), dims.collect())
        }
        _ => (ElementType::Other, Vec::new()),
    };
    TensorInfo { name: outlet.name().to_owned(), element, dims }
}

fn element(ty: TensorElementType) -> ElementType {
    match ty {
        TensorElementType::Float32 => ElementType::F32,
        TensorElementType::Float16 => ElementType::F16,
        TensorElementType::Int64 => ElementType::I64,
        TensorElementType::Int32 => ElementType::I32,
        TensorElementType::Uint8 => ElementType::U8,
        TensorElementType::Bool => ElementType::Bool,
        _ => ElementType::Other,
    }
}

fn metadata(session: &Session) -> IndexMap<String, String> {
    let Ok(metadata) = session.metadata() else { return IndexMap::new() };
    let mut keys = metadata.custom_keys().unwrap_or_default();
    keys.sort();
    keys.into_iter().filter_map(|key| metadata.custom(&key).map(|value| (key, value))).collect()
}
