//! Graphs that declare the sizes they were traced with, though they take any: the declared sizes are removed before the
//! graph is loaded.
//!
//! An ONNX file is a protobuf message. Only the few fields on the way to the dimensions are opened, everything else is
//! copied byte by byte, so weights and unknown fields stay as they are. Field numbers: `onnx.proto3` of the ONNX project.

use std::collections::HashSet;

const GRAPH: u64 = 7; // of ModelProto
const INITIALIZER: u64 = 5; // of GraphProto
const INPUT: u64 = 11; // of GraphProto
const OUTPUT: u64 = 12; // of GraphProto
const TENSOR_NAME: u64 = 8; // of TensorProto
const VALUE_NAME: u64 = 1; // of ValueInfoProto
const VALUE_TYPE: u64 = 2; // of ValueInfoProto
const TENSOR_TYPE: u64 = 1; // of TypeProto
const SHAPE: u64 = 2; // of TypeProto.Tensor
const DIMENSION: u64 = 1; // of TensorShapeProto

/// The bytes are no protobuf message.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("it is no ONNX file: its protobuf message is damaged")]
pub(super) struct Damaged;

/// The same graph with batch, height and width of every input and output `[batch, channels, height, width]` left open.
/// Weights that are listed among the inputs, as old exports do, keep their sizes.
pub(super) fn with_any_size(model: &[u8]) -> Result<Vec<u8>, Damaged> {
    within(model, GRAPH, &mut |graph| {
        let weights = names(graph, INITIALIZER, TENSOR_NAME)?;
        rewrite(graph, &mut |number, value| match number {
            INPUT | OUTPUT if !weights.contains(text(value, VALUE_NAME)?) => open_value(value).map(Some),
            _ => Ok(None),
        })
    })
}

fn open_value(value: &[u8]) -> Result<Vec<u8>, Damaged> {
    within(value, VALUE_TYPE, &mut |kind| {
        within(kind, TENSOR_TYPE, &mut |tensor| {
            within(tensor, SHAPE, &mut |shape| {
                let count = fields(shape)?.iter().filter(|field| field.number == DIMENSION).count();
                let mut index = 0;
                within(shape, DIMENSION, &mut |dimension| {
                    index += 1;
                    // An empty dimension is one of any size. The second is the channels.
                    Ok(if count == 4 && index != 2 { Vec::new() } else { dimension.to_vec() })
                })
            })
        })
    })
}

/// Gives new content for a field of this number and content, or `None` to leave it as it is.
type Change<'a> = dyn FnMut(u64, &[u8]) -> Result<Option<Vec<u8>>, Damaged> + 'a;
/// Gives new content for the content of a field.
type Renewal<'a> = dyn FnMut(&[u8]) -> Result<Vec<u8>, Damaged> + 'a;

/// One field of a message.
struct Field<'a> {
    number: u64,
    key: &'a [u8],
    whole: &'a [u8],
    /// The content of a length-delimited field: a message, a text or bytes.
    payload: Option<&'a [u8]>,
}

fn fields(message: &[u8]) -> Result<Vec<Field<'_>>, Damaged> {
    let mut found = Vec::new();
    let mut rest = message;
    while !rest.is_empty() {
        let (tag, key_length) = varint(rest)?;
        let body = &rest[key_length..];
        let (skipped, content) = match tag & 7 {
            0 => (0, varint(body)?.1),
            1 => (0, 8),
            2 => {
                let (length, used) = varint(body)?;
                (used, usize::try_from(length).map_err(|_| Damaged)?)
            }
            5 => (0, 4),
            _ => return Err(Damaged),
        };
        let end = skipped.checked_add(content).filter(|end| *end <= body.len()).ok_or(Damaged)?;
        found.push(Field {
            number: tag >> 3,
            key: &rest[..key_length],
            whole: &rest[..key_length + end],
            payload: (tag & 7 == 2).then(|| &body[skipped..end]),
        });
        rest = &body[end..];
    }
    Ok(found)
}

/// A copy of a message in which `change` may replace the content of length-delimited fields.
fn rewrite(message: &[u8], change: &mut Change<'_>) -> Result<Vec<u8>, Damaged> {
    let mut copy = Vec::with_capacity(message.len());
    for field in fields(message)? {
        let changed = field.payload.map(|payload| change(field.number, payload)).transpose()?.flatten();
        match changed {
            Some(content) => {
                copy.extend_from_slice(field.key);
                push_varint(&mut copy, content.len() as u64);
                copy.extend_from_slice(&content);
            }
            None => copy.extend_from_slice(field.whole),
        }
    }
    Ok(copy)
}

/// [`rewrite`] of the fields of one number.
fn within(message: &[u8], wanted: u64, change: &mut Renewal<'_>) -> Result<Vec<u8>, Damaged> {
    rewrite(message, &mut |number, payload| if number == wanted { change(payload).map(Some) } else { Ok(None) })
}

/// A text field of a message; empty where there is none.
fn text(message: &[u8], number: u64) -> Result<&[u8], Damaged> {
    let field = fields(message)?.into_iter().find(|field| field.number == number);
    Ok(field.and_then(|field| field.payload).unwrap_or_default())
}

fn names(message: &[u8], list: u64, name: u64) -> Result<HashSet<Vec<u8>>, Damaged> {
    let items = fields(message)?.into_iter().filter(|field| field.number == list).filter_map(|field| field.payload);
    items.map(|item| Ok(text(item, name)?.to_vec())).collect()
}

/// A number in groups of seven bits, least first, and how many bytes it takes.
fn varint(bytes: &[u8]) -> Result<(u64, usize), Damaged> {
    let mut value = 0;
    for (index, byte) in bytes.iter().enumerate().take(10) {
        value |= u64::from(byte & 0x7f) << (7 * index);
        if byte & 0x80 == 0 {
            return Ok((value, index + 1));
        }
    }
    Err(Damaged)
}

fn push_varint(bytes: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        bytes.push((value & 0x7f) as u8 | 0x80);
        value >>= 7;
    }
    bytes.push(value as u8);
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn message(parts: &[(u64, &[u8])]) -> Vec<u8> {
        let mut bytes = Vec::new();
        for (number, content) in parts {
            push_varint(&mut bytes, (number << 3) | 2);
            push_varint(&mut bytes, content.len() as u64);
            bytes.extend_from_slice(content);
        }
        bytes
    }

    /// A value of fixed dimensions, each below 128.
    fn value(name: &str, dims: &[u8]) -> Vec<u8> {
        let dims: Vec<[u8; 2]> = dims.iter().map(|dim| [0x08, *dim]).collect();
        let shape = message(&dims.iter().map(|dim| (DIMENSION, dim.as_slice())).collect::<Vec<_>>());
        let tensor = [vec![0x08, 1], message(&[(SHAPE, &shape)])].concat();
        message(&[(VALUE_NAME, name.as_bytes()), (VALUE_TYPE, &message(&[(TENSOR_TYPE, &tensor)]))])
    }

    fn model(input: &[u8], output: &[u8]) -> Vec<u8> {
        // 300 bytes: a length of two bytes.
        let weight = message(&[(TENSOR_NAME, b"conv"), (9, &[7; 300])]);
        let conv = value("conv", &[8, 3, 5, 5]);
        let graph = message(&[(INITIALIZER, &weight), (INPUT, input), (INPUT, &conv), (OUTPUT, output)]);
        // A number of the file (ir_version) stands before the graph.
        [vec![0x08, 4], message(&[(GRAPH, &graph)])].concat()
    }

    #[test]
    fn sizes_are_opened_channels_and_weights_stay() {
        let open = with_any_size(&model(&value("image", &[10, 3, 32, 32]), &value("heat", &[10, 1, 8, 8]))).unwrap();
        let dimension = |number: u8| message(&[(DIMENSION, &[0x08, number])]);
        let any = message(&[(DIMENSION, &[])]);
        let shape = |channels: u8| [any.clone(), dimension(channels), any.clone(), any.clone()].concat();
        let contains = |part: &[u8]| open.windows(part.len()).any(|window| window == part);
        assert!(contains(&message(&[(SHAPE, &shape(3))])) && contains(&message(&[(SHAPE, &shape(1))])));
        assert!(contains(&value("conv", &[8, 3, 5, 5])) && contains(&[7; 300]));
        assert_eq!(with_any_size(&open).unwrap(), open, "opened twice is opened once");
    }

    #[test]
    fn other_shapes_stay() {
        let other = model(&value("ids", &[1, 77]), &value("scores", &[1, 80]));
        assert_eq!(with_any_size(&other).unwrap(), other);
    }

    #[test]
    fn what_is_no_graph_is_refused() {
        let whole = model(&value("image", &[1, 3, 32, 32]), &value("heat", &[1, 1, 8, 8]));
        assert_eq!(with_any_size(&whole[..whole.len() - 3]), Err(Damaged));
        assert_eq!(with_any_size(&[0xff; 40]), Err(Damaged));
        assert_eq!(with_any_size(b"<!doctype html>"), Err(Damaged));
    }
}
