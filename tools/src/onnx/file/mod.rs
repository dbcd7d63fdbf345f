//! What an ONNX file says of itself, read without ONNX Runtime and without its weights.

mod error;
mod parse;
#[cfg(test)]
pub(crate) mod samples;
#[cfg(test)]
mod tests;
mod wire;

use std::{
    io::{Read, Seek, SeekFrom},
    path::{Component, Path, PathBuf},
};

use indexmap::IndexMap;
use serde::Serialize;

pub use error::OnnxFileError;

use self::{
    parse::Parsed,
    wire::{Fault, Reader},
};
use super::{Dim, ElementType, Signature, TensorInfo};

/// Domains whose operators every build of ONNX Runtime has.
const BUILT_IN: [&str; 6] =
    ["", "ai.onnx", "ai.onnx.ml", "ai.onnx.training", "ai.onnx.preview.training", "com.microsoft"];
/// Operators of `com.microsoft` that the CPU provider has not (seen in exports for GPU and browser).
const GPU_ONLY: [&str; 3] = ["NhwcConv", "GroupNorm", "SkipGroupNorm"];

/// The header of a model file.
#[derive(Clone, Debug, Serialize)]
pub struct ModelFile {
    /// The file.
    pub path: PathBuf,
    /// Its size.
    pub bytes: u64,
    /// Version of the file format.
    pub ir_version: u64,
    /// Versions of the operator sets by domain; ONNX's own is `ai.onnx`.
    pub opsets: IndexMap<String, u64>,
    /// The program that wrote it, with its version; may be empty.
    pub producer: String,
    /// The graph's name; may be empty.
    pub graph: String,
    /// What goes in, without the constants that old files list there too.
    pub inputs: Vec<FileTensor>,
    /// What comes out.
    pub outputs: Vec<FileTensor>,
    /// Custom metadata (`names`, `character`, ...).
    pub metadata: IndexMap<String, String>,
    /// How many operations there are, those in loops and branches included.
    pub nodes: usize,
    /// How many constants.
    pub constants: usize,
    /// Files next to it that hold weights.
    pub external: Vec<ExternalData>,
    /// Operators that are not ONNX's own, by domain.
    pub foreign_operators: IndexMap<String, Vec<String>>,
    /// What keeps it from running, with a remedy each.
    pub problems: Vec<FileProblem>,
}

/// Name, type and shape of an input or output as the file has them.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct FileTensor {
    /// The tensor's name.
    pub name: String,
    /// Its element type in ONNX's words (`float32`, `int64`, ...), or what it is instead of a tensor (`sequence`).
    pub element: &'static str,
    /// Its dimensions; `None` where the file does not say.
    pub shape: Option<Vec<Dim>>,
}

/// A file that holds weights of a model.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct ExternalData {
    /// Its name, from the folder of the model file.
    pub location: String,
    /// Bytes that it must have at least.
    pub needed: u64,
    /// Bytes that it has; `None` if it is not there.
    pub found: Option<u64>,
}

/// Something that keeps a model from running.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct FileProblem {
    /// What is wrong.
    pub what: String,
    /// What to do about it.
    pub remedy: String,
}

impl ModelFile {
    /// Reads the header of a file. Takes milliseconds, whatever its size: weights are skipped.
    pub fn read(path: &Path) -> Result<Self, OnnxFileError> {
        let unreadable = |source| OnnxFileError::Unreadable { path: path.to_owned(), source };
        let mut file = std::fs::File::open(path).map_err(unreadable)?;
        let metadata = file.metadata().map_err(unreadable)?;
        if metadata.is_dir() {
            return Err(unreadable(std::io::Error::other("it is a folder; name the .onnx file in it")));
        }
        let bytes = metadata.len();
        let mut start = Vec::new();
        (&mut file).take(256).read_to_end(&mut start).map_err(unreadable)?;
        file.seek(SeekFrom::Start(0)).map_err(unreadable)?;
        let mut parsed = Parsed::default();
        let read = parse::model(&mut Reader::new(file, bytes), &mut parsed);
        // Every exporter writes the version first: what has none before the fault was never ONNX.
        let Some(ir_version) = parsed.ir_version.filter(|_| read.is_err() || parsed.has_graph) else {
            let (what, hint) = error::kind_of(&start);
            return Err(OnnxFileError::NotOnnx { path: path.to_owned(), what, hint });
        };
        match read {
            Ok(()) => Ok(Self::of(path, bytes, ir_version, parsed)),
            Err(Fault::Io(source)) => Err(unreadable(source)),
            Err(Fault::Truncated(needed)) => Err(OnnxFileError::Truncated { path: path.to_owned(), bytes, needed }),
            Err(Fault::Damaged(why, at)) => Err(OnnxFileError::Damaged { path: path.to_owned(), why, at }),
        }
    }

    fn of(path: &Path, bytes: u64, ir_version: u64, parsed: Parsed) -> Self {
        let Parsed { constants, own_domains, operators, .. } = parsed;
        let inputs = parsed.inputs.into_iter().filter(|input| !constants.contains(&input.name)).collect();
        let foreign: IndexMap<String, Vec<String>> = operators
            .into_iter()
            .filter(|(domain, _)| !matches!(domain.as_str(), "" | "ai.onnx") && !own_domains.contains(domain))
            .map(|(domain, names)| (domain, names.into_iter().collect()))
            .collect();
        let folder = path.parent().unwrap_or(Path::new(""));
        let external: Vec<ExternalData> = parsed
            .external
            .into_iter()
            .map(|(location, needed)| {
                let found = fs_err::metadata(folder.join(&location)).ok().filter(std::fs::Metadata::is_file);
                ExternalData { found: found.map(|metadata| metadata.len()), location, needed }
            })
            .collect();
        let opsets = parsed
            .opsets
            .into_iter()
            .map(|(domain, version)| (if domain.is_empty() { "ai.onnx".into() } else { domain }, version))
            .collect();
        let problems =
            external.iter().filter_map(ExternalData::problem).chain(foreign.iter().filter_map(of_domain)).collect();
        Self {
            path: path.to_owned(),
            bytes,
            ir_version,
            opsets,
            producer: format!("{} {}", parsed.producer, parsed.producer_version).trim().to_owned(),
            graph: parsed.graph,
            inputs,
            outputs: parsed.outputs,
            metadata: parsed.metadata,
            nodes: parsed.nodes,
            constants: constants.len(),
            external,
            foreign_operators: foreign,
            problems,
        }
    }

    /// What a loaded graph would declare, by which a tool knows the model.
    pub fn signature(&self) -> Signature {
        let infos = |tensors: &[FileTensor]| tensors.iter().map(FileTensor::info).collect();
        Signature { inputs: infos(&self.inputs), outputs: infos(&self.outputs), metadata: self.metadata.clone() }
    }
}

impl FileTensor {
    fn info(&self) -> TensorInfo {
        let element = match self.element {
            "float32" => ElementType::F32,
            "float16" => ElementType::F16,
            "int64" => ElementType::I64,
            "int32" => ElementType::I32,
            "uint8" => ElementType::U8,
            "bool" => ElementType::Bool,
            _ => ElementType::Other,
        };
        TensorInfo { name: self.name.clone(), element, dims: self.shape.clone().unwrap_or_default() }
    }
}

impl ExternalData {
    fn problem(&self) -> Option<FileProblem> {
        let Self { location, needed, found } = self;
        let inside =
            Path::new(location).components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir));
        let (what, remedy) = match found {
            _ if !inside => (
                format!("its weights are in {location}, outside its folder, where ONNX Runtime reads none"),
                "export the model again with its weights beside it".to_owned(),
            ),
            None => (
                format!("its weights are in {location}, which is not there"),
                format!("put {location} into the folder of the model"),
            ),
            Some(found) if found < needed => (
                format!("its weights are in {location}, which breaks off: it has {found} of {needed} bytes"),
                format!("fetch {location} again"),
            ),
            Some(_) => return None,
        };
        Some(FileProblem { what, remedy })
    }
}

fn of_domain((domain, operators): (&String, &Vec<String>)) -> Option<FileProblem> {
    let names = operators.join(", ");
    if !BUILT_IN.contains(&domain.as_str()) {
        return Some(FileProblem {
            what: format!("it needs custom operators of {domain} ({names}), which ONNX Runtime does not have"),
            remedy: "export it without custom operators, for instance for the backend onnxruntime".into(),
        });
    }
    let gpu: Vec<&str> = operators.iter().map(String::as_str).filter(|name| GPU_ONLY.contains(name)).collect();
    if gpu.is_empty() {
        return None;
    }
    Some(FileProblem {
        what: format!("its operators {} run on GPUs only", gpu.join(", ")),
        remedy: "use it with --device cuda or webgpu, or take an export for the CPU".into(),
    })
}
