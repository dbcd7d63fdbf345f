//! What can be wrong with a file that should be an ONNX model.

use std::{io, path::PathBuf};

/// A file that is no ONNX model, or not a whole one.
#[derive(Debug, thiserror::Error)]
pub enum OnnxFileError {
    /// It cannot be opened or read.
    #[error("{} cannot be read", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// It is something else.
    #[error("{} is no ONNX model: it {what}", path.display())]
    NotOnnx {
        /// The file.
        path: PathBuf,
        /// `is a web page`, with the verb.
        what: &'static str,
        /// What to do about it.
        hint: &'static str,
    },
    /// It ends before the model does.
    #[error("{} breaks off: it has {bytes} bytes, and the model goes on to byte {needed} at least", path.display())]
    Truncated {
        /// The file.
        path: PathBuf,
        /// How many bytes it has.
        bytes: u64,
        /// How many it must have at least.
        needed: u64,
    },
    /// It contradicts itself.
    #[error("{} is damaged at byte {at}: {why}", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        why: &'static str,
        /// Where.
        at: u64,
    },
}

impl OnnxFileError {
    /// What to do about it.
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::Unreadable { .. } => None,
            Self::NotOnnx { hint, .. } => Some(hint),
            Self::Truncated { .. } | Self::Damaged { .. } => {
                Some("fetch or export the file again, and compare its size with that of the source")
            }
        }
    }
}

const EXPORT: &str = "export it to ONNX first, for instance with `yolo export format=onnx` or `torch.onnx.export`";

/// What the first bytes are, when they are not the beginning of an ONNX model, with a remedy.
pub(super) fn kind_of(start: &[u8]) -> (&'static str, &'static str) {
    let text = start.trim_ascii_start();
    let begins = |magic: &[u8]| start.starts_with(magic);
    if start.is_empty() {
        ("is empty", "fetch or export the file again")
    } else if begins(b"version https://git-lfs") {
        ("is the pointer of Git LFS in place of the file", "fetch the file itself with `git lfs pull`")
    } else if begins(b"PK\x03\x04") {
        ("is a zip archive, as PyTorch's .pt files are", EXPORT)
    } else if begins(b"\x80") {
        ("is a Python pickle, as old PyTorch files are", EXPORT)
    } else if begins(b"\x89HDF") {
        ("is an HDF5 file, as Keras writes them", EXPORT)
    } else if begins(b"GGUF") {
        ("is a GGUF file", "that is for `--llm local:ID`; vision models must be ONNX")
    } else if start.get(4..8) == Some(b"TFL3") {
        ("is a TensorFlow Lite model", "convert it first, for instance with `python -m tf2onnx.convert --tflite`")
    } else if start.get(4..8) == Some(b"ORTM") {
        ("is a model in ONNX Runtime's own format (.ort)", "give the .onnx file that it was made from")
    } else if start.get(8) == Some(&b'{') && start.get(4..8) == Some(&[0; 4]) {
        ("is a safetensors file, which holds weights alone", EXPORT)
    } else if text.starts_with(b"<") {
        ("is a web page or XML", "give the model itself, not the page that shows it")
    } else if text.starts_with(b"{") || text.starts_with(b"[") {
        ("is JSON", "give the .onnx file beside it")
    } else {
        ("has none of its fields", EXPORT)
    }
}
