//! The fields of an ONNX file that say what the model is; numbers as in onnx/onnx.proto (ONNX 1.19).

use std::io::{Read, Seek};

use indexmap::{IndexMap, IndexSet};

use super::{
    FileTensor,
    wire::{Fault, Reader, Wire},
};
use crate::onnx::Dim;

/// The longest name that is kept, in bytes.
const NAME: u64 = 64 * 1024;
/// The longest metadata value that is kept: class names, alphabets, configurations.
const VALUE: u64 = 4 * 1024 * 1024;
/// How deep graphs may lie within each other (the bodies of loops and branches).
const DEPTH: usize = 32;

/// What a file says, unchecked.
#[derive(Debug, Default)]
pub(super) struct Parsed {
    pub(super) ir_version: Option<u64>,
    pub(super) has_graph: bool,
    pub(super) producer: String,
    pub(super) producer_version: String,
    pub(super) graph: String,
    pub(super) opsets: IndexMap<String, u64>,
    pub(super) metadata: IndexMap<String, String>,
    pub(super) inputs: Vec<FileTensor>,
    pub(super) outputs: Vec<FileTensor>,
    pub(super) constants: IndexSet<String>,
    pub(super) nodes: usize,
    /// Operators by domain, in order of appearance.
    pub(super) operators: IndexMap<String, IndexSet<String>>,
    /// Domains of functions that the file itself defines.
    pub(super) own_domains: IndexSet<String>,
    /// Files that hold weights, and how many bytes of each are needed.
    pub(super) external: IndexMap<String, u64>,
}

/// Reads into `parsed`, which holds what came before a fault.
pub(super) fn model<R: Read + Seek>(reader: &mut Reader<R>, parsed: &mut Parsed) -> Result<(), Fault> {
    let end = reader.len();
    while let Some((number, wire)) = reader.field(end)? {
        match (number, wire) {
            (1, Wire::Number(version)) => parsed.ir_version = Some(version),
            (2, Wire::Bytes(bytes)) => parsed.producer = name(reader, bytes)?,
            (3, Wire::Bytes(bytes)) => parsed.producer_version = name(reader, bytes)?,
            (7, Wire::Bytes(bytes)) => {
                parsed.has_graph = true;
                graph(reader, bytes, parsed, 0)?;
            }
            (8, Wire::Bytes(bytes)) => {
                let (domain, version) = opset(reader, bytes)?;
                parsed.opsets.insert(domain, version);
            }
            (14, Wire::Bytes(bytes)) => {
                let (key, value) = entry(reader, bytes)?;
                parsed.metadata.insert(key, value);
            }
            (25, Wire::Bytes(bytes)) => function(reader, bytes, parsed)?,
            (_, wire) => pass(reader, wire)?,
        }
    }
    Ok(())
}

fn graph<R: Read + Seek>(reader: &mut Reader<R>, bytes: u64, parsed: &mut Parsed, depth: usize) -> Result<(), Fault> {
    let end = reader.end_of(bytes);
    if depth > DEPTH {
        return reader.skip(bytes);
    }
    while let Some((number, wire)) = reader.field(end)? {
        match (number, wire) {
            (1, Wire::Bytes(bytes)) => node(reader, bytes, parsed, depth)?,
            (2, Wire::Bytes(bytes)) if depth == 0 => parsed.graph = name(reader, bytes)?,
            (5, Wire::Bytes(bytes)) => {
                let constant = tensor(reader, bytes, parsed)?;
                if depth == 0 {
                    parsed.constants.insert(constant);
                }
            }
            (11, Wire::Bytes(bytes)) if depth == 0 => {
                let input = value(reader, bytes)?;
                parsed.inputs.push(input);
            }
            (12, Wire::Bytes(bytes)) if depth == 0 => {
                let output = value(reader, bytes)?;
                parsed.outputs.push(output);
            }
            (_, wire) => pass(reader, wire)?,
        }
    }
    Ok(())
}

fn node<R: Read + Seek>(reader: &mut Reader<R>, bytes: u64, parsed: &mut Parsed, depth: usize) -> Result<(), Fault> {
    let end = reader.end_of(bytes);
    let (mut operator, mut domain) = (String::new(), String::new());
    while let Some((number, wire)) = reader.field(end)? {
        match (number, wire) {
            (4, Wire::Bytes(bytes)) => operator = name(reader, bytes)?,
            (7, Wire::Bytes(bytes)) => domain = name(reader, bytes)?,
            (5, Wire::Bytes(bytes)) => attribute(reader, bytes, parsed, depth)?,
            (_, wire) => pass(reader, wire)?,
        }
    }
    parsed.nodes += 1;
    parsed.operators.entry(domain).or_default().insert(operator);
    Ok(())
}

/// Tensors and graphs hide in attributes too.
fn attribute<R: Read + Seek>(
    reader: &mut Reader<R>,
    bytes: u64,
    parsed: &mut Parsed,
    depth: usize,
) -> Result<(), Fault> {
    let end = reader.end_of(bytes);
    while let Some((number, wire)) = reader.field(end)? {
        match (number, wire) {
            (5 | 10, Wire::Bytes(bytes)) => {
                tensor(reader, bytes, parsed)?;
            }
            (6 | 11, Wire::Bytes(bytes)) => graph(reader, bytes, parsed, depth + 1)?,
            (_, wire) => pass(reader, wire)?,
        }
    }
    Ok(())
}

/// The name of a constant; where it lies, if outside, is noted.
fn tensor<R: Read + Seek>(reader: &mut Reader<R>, bytes: u64, parsed: &mut Parsed) -> Result<String, Fault> {
    let end = reader.end_of(bytes);
    let (mut called, mut outside, mut place) = (String::new(), false, IndexMap::new());
    while let Some((number, wire)) = reader.field(end)? {
        match (number, wire) {
            (8, Wire::Bytes(bytes)) => called = name(reader, bytes)?,
            (13, Wire::Bytes(bytes)) => {
                let (key, value) = entry(reader, bytes)?;
                place.insert(key, value);
            }
            (14, Wire::Number(location)) => outside = location == 1,
            (_, wire) => pass(reader, wire)?,
        }
    }
    if let Some(file) = place.get("location").filter(|_| outside) {
        let number = |key: &str| place.get(key).and_then(|text| text.trim().parse::<u64>().ok()).unwrap_or(0);
        let needed = number("offset").saturating_add(number("length"));
        let known = parsed.external.entry(file.clone()).or_default();
        *known = needed.max(*known);
    }
    Ok(called)
}

fn value<R: Read + Seek>(reader: &mut Reader<R>, bytes: u64) -> Result<FileTensor, Fault> {
    let end = reader.end_of(bytes);
    let mut tensor = FileTensor { name: String::new(), element: "unknown", shape: None };
    while let Some((number, wire)) = reader.field(end)? {
        match (number, wire) {
            (1, Wire::Bytes(bytes)) => tensor.name = name(reader, bytes)?,
            (2, Wire::Bytes(bytes)) => kind(reader, bytes, &mut tensor)?,
            (_, wire) => pass(reader, wire)?,
        }
    }
    Ok(tensor)
}

fn kind<R: Read + Seek>(reader: &mut Reader<R>, bytes: u64, tensor: &mut FileTensor) -> Result<(), Fault> {
    let end = reader.end_of(bytes);
    while let Some((number, wire)) = reader.field(end)? {
        match (number, wire) {
            (1, Wire::Bytes(bytes)) => tensor_kind(reader, bytes, tensor)?,
            (4 | 5 | 8 | 9, Wire::Bytes(bytes)) => {
                tensor.element = match number {
                    4 => "sequence",
                    5 => "map",
                    8 => "sparse tensor",
                    _ => "optional",
                };
                reader.skip(bytes)?;
            }
            (_, wire) => pass(reader, wire)?,
        }
    }
    Ok(())
}

fn tensor_kind<R: Read + Seek>(reader: &mut Reader<R>, bytes: u64, tensor: &mut FileTensor) -> Result<(), Fault> {
    let end = reader.end_of(bytes);
    while let Some((number, wire)) = reader.field(end)? {
        match (number, wire) {
            (1, Wire::Number(element)) => tensor.element = element_name(element),
            (2, Wire::Bytes(bytes)) => {
                let end = reader.end_of(bytes);
                let mut shape = Vec::new();
                while let Some((number, wire)) = reader.field(end)? {
                    match (number, wire) {
                        (1, Wire::Bytes(bytes)) => shape.push(dim(reader, bytes)?),
                        (_, wire) => pass(reader, wire)?,
                    }
                }
                tensor.shape = Some(shape);
            }
            (_, wire) => pass(reader, wire)?,
        }
    }
    Ok(())
}

/// Some exporters write -1 or 0 for a free dimension.
fn dim<R: Read + Seek>(reader: &mut Reader<R>, bytes: u64) -> Result<Dim, Fault> {
    let end = reader.end_of(bytes);
    let mut dim = Dim::Free(String::new());
    while let Some((number, wire)) = reader.field(end)? {
        match (number, wire) {
            (1, Wire::Number(size)) => {
                if let Some(size) = usize::try_from(size as i64).ok().filter(|size| *size > 0) {
                    dim = Dim::Fixed(size);
                }
            }
            (2, Wire::Bytes(bytes)) => dim = Dim::Free(name(reader, bytes)?),
            (_, wire) => pass(reader, wire)?,
        }
    }
    Ok(dim)
}

/// Domain and version; the version 0 is one that the file does not give.
fn opset<R: Read + Seek>(reader: &mut Reader<R>, bytes: u64) -> Result<(String, u64), Fault> {
    let end = reader.end_of(bytes);
    let (mut domain, mut version) = (String::new(), 0);
    while let Some((number, wire)) = reader.field(end)? {
        match (number, wire) {
            (1, Wire::Bytes(bytes)) => domain = name(reader, bytes)?,
            (2, Wire::Number(number)) => version = number,
            (_, wire) => pass(reader, wire)?,
        }
    }
    Ok((domain, version))
}

fn entry<R: Read + Seek>(reader: &mut Reader<R>, bytes: u64) -> Result<(String, String), Fault> {
    let end = reader.end_of(bytes);
    let (mut key, mut value) = (String::new(), String::new());
    while let Some((number, wire)) = reader.field(end)? {
        match (number, wire) {
            (1, Wire::Bytes(bytes)) => key = name(reader, bytes)?,
            (2, Wire::Bytes(bytes)) => value = reader.text(bytes, VALUE)?.unwrap_or_else(|| format!("({bytes} bytes)")),
            (_, wire) => pass(reader, wire)?,
        }
    }
    Ok((key, value))
}

/// A function of the file's own: its domain needs nobody else.
fn function<R: Read + Seek>(reader: &mut Reader<R>, bytes: u64, parsed: &mut Parsed) -> Result<(), Fault> {
    let end = reader.end_of(bytes);
    while let Some((number, wire)) = reader.field(end)? {
        match (number, wire) {
            (7, Wire::Bytes(bytes)) => node(reader, bytes, parsed, 0)?,
            (10, Wire::Bytes(bytes)) => {
                let domain = name(reader, bytes)?;
                parsed.own_domains.insert(domain);
            }
            (_, wire) => pass(reader, wire)?,
        }
    }
    Ok(())
}

fn name<R: Read + Seek>(reader: &mut Reader<R>, bytes: u64) -> Result<String, Fault> {
    Ok(reader.text(bytes, NAME)?.unwrap_or_default())
}

fn pass<R: Read + Seek>(reader: &mut Reader<R>, wire: Wire) -> Result<(), Fault> {
    match wire {
        Wire::Bytes(bytes) => reader.skip(bytes),
        Wire::Number(_) | Wire::Fixed => Ok(()),
    }
}

/// `TensorProto.DataType` by number.
fn element_name(element: u64) -> &'static str {
    const NAMES: [&str; 24] = [
        "undefined",
        "float32",
        "uint8",
        "int8",
        "uint16",
        "int16",
        "int32",
        "int64",
        "string",
        "bool",
        "float16",
        "float64",
        "uint32",
        "uint64",
        "complex64",
        "complex128",
        "bfloat16",
        "float8e4m3fn",
        "float8e4m3fnuz",
        "float8e5m2",
        "float8e5m2fnuz",
        "uint4",
        "int4",
        "float4e2m1",
    ];
    usize::try_from(element).ok().and_then(|element| NAMES.get(element)).copied().unwrap_or("unknown")
}
