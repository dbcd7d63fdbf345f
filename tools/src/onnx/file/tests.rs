#![expect(clippy::unwrap_used, reason = "tests")]

use std::path::Path;

use super::{
    samples::{Message, graph, model, node, value, yolo},
    *,
};

fn read(bytes: &[u8]) -> Result<ModelFile, OnnxFileError> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.onnx");
    std::fs::write(&path, bytes).unwrap();
    ModelFile::read(&path)
}

#[test]
fn the_header_is_read() {
    let file = read(&yolo(&[("names", "{0: 'circle', 1: 'square'}"), ("task", "detect")]).0).unwrap();
    assert_eq!((file.ir_version, file.producer.as_str(), file.graph.as_str()), (8, "pytorch 2.4", "tiny"));
    assert_eq!(file.opsets, IndexMap::from([("ai.onnx".to_owned(), 17)]));
    assert_eq!((file.nodes, file.constants), (1, 1));
    assert_eq!(file.metadata["task"], "detect");
    let sizes = [1, 3, 320, 320].map(Dim::Fixed).to_vec();
    assert_eq!(file.inputs, [FileTensor { name: "images".into(), element: "float32", shape: Some(sizes) }]);
    assert_eq!(file.signature().describe(), "inputs: images F32 [1, 3, 320, 320]; outputs: output0 F32 [1, 6, 2100]");
    assert!(file.problems.is_empty() && file.external.is_empty() && file.foreign_operators.is_empty());
}

#[test]
fn the_files_of_the_repository_are_read_as_onnx_runtime_reads_them() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/detectors");
    let file = ModelFile::read(&folder.join("yolo.onnx")).unwrap();
    assert_eq!(file.signature().describe(), "inputs: images F32 [1, 3, 320, 320]; outputs: output0 F32 [1, 6, 2100]");
    assert_eq!(file.metadata["names"], "{0: 'circle', 1: 'square'}");
    assert_eq!((file.ir_version, file.opsets["ai.onnx"]), (8, 16));
    assert_eq!(ModelFile::read(&folder.join("detr.onnx")).unwrap().outputs.len(), 2);
}

#[test]
fn free_dimensions_constants_among_the_inputs_and_odd_types() {
    let sequence = Message::default().text(1, "list").message(2, &Message::default().message(4, &Message::default()));
    let shapeless =
        Message::default().text(1, "any").message(2, &Message::default().message(1, &Message::default().number(1, 7)));
    let inputs = [value("x", &[0, 3]), value("weights", &[1]), sequence, shapeless];
    let file = read(&model(&graph(&inputs, &[]), &[]).0).unwrap();
    let names: Vec<&str> = file.inputs.iter().map(|input| input.name.as_str()).collect();
    assert_eq!(names, ["x", "list", "any"]);
    assert_eq!(file.inputs[0].shape, Some(vec![Dim::Free("n".into()), Dim::Fixed(3)]));
    assert_eq!((file.inputs[1].element, file.inputs[2].element, &file.inputs[2].shape), ("sequence", "int64", &None));
    let json = serde_json::to_value(&file.inputs[0]).unwrap();
    assert_eq!(json, serde_json::json!({"name": "x", "element": "float32", "shape": ["n", 3]}));
}

/// A constant whose values lie in another file.
fn outside(location: &str, offset: u64, length: u64) -> Message {
    let pair = |key: &str, value: &str| Message::default().text(1, key).text(2, value);
    Message::default()
        .text(8, "far")
        .message(13, &pair("location", location))
        .message(13, &pair("offset", &offset.to_string()))
        .message(13, &pair("length", &length.to_string()))
        .number(14, 1)
}

#[test]
fn weights_in_other_files_must_be_there_and_whole() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.onnx");
    let graph =
        graph(&[], &[]).message(5, &outside("model.onnx_data", 0, 60)).message(5, &outside("model.onnx_data", 60, 40));
    std::fs::write(&path, model(&graph, &[]).0).unwrap();
    let problem = |file: &ModelFile| file.problems.first().map(|problem| problem.what.clone()).unwrap_or_default();
    let file = ModelFile::read(&path).unwrap();
    let missing = ExternalData { location: "model.onnx_data".into(), needed: 100, found: None };
    assert_eq!(file.external, [missing]);
    assert!(problem(&file).contains("model.onnx_data, which is not there"));
    std::fs::write(folder.path().join("model.onnx_data"), [0; 99]).unwrap();
    assert!(problem(&ModelFile::read(&path).unwrap()).contains("99 of 100 bytes"));
    std::fs::write(folder.path().join("model.onnx_data"), [0; 100]).unwrap();
    assert_eq!(problem(&ModelFile::read(&path).unwrap()), "");
    let graph = samples::graph(&[], &[]).message(5, &outside("../../etc/passwd", 0, 1));
    assert!(problem(&read(&model(&graph, &[]).0).unwrap()).contains("outside its folder"));
}

#[test]
fn custom_operators_are_named_also_in_branches() {
    let branch = Message::default().message(1, &node("TRTBatchedNMS", "mmdeploy"));
    let attribute = Message::default().text(1, "then_branch").message(6, &branch);
    let branching = node("If", "").message(5, &attribute);
    let plain = graph(&[], &[]).message(1, &node("FusedConv", "com.microsoft"));
    let file = read(&model(&plain.clone().message(1, &branching), &[]).0).unwrap();
    assert_eq!((file.nodes, file.problems.len()), (4, 1));
    assert!(file.problems[0].what.contains("mmdeploy (TRTBatchedNMS)"), "{:?}", file.problems);
    assert_eq!(file.foreign_operators["com.microsoft"], ["FusedConv"]);
    let gpu = read(&model(&plain.clone().message(1, &node("NhwcConv", "com.microsoft")), &[]).0).unwrap();
    assert!(gpu.problems[0].what.contains("NhwcConv run on GPUs only"));
    // A function of the file's own is none.
    let function = Message::default().text(1, "Gelu").text(10, "pkg.torch").message(7, &node("Erf", ""));
    let own = read(&model(&plain.message(1, &node("Gelu", "pkg.torch")), &[]).message(25, &function).0).unwrap();
    assert!(own.problems.is_empty(), "{:?}", own.problems);
}

#[test]
fn a_file_that_breaks_off_anywhere_says_so() {
    let whole = yolo(&[("names", "{0: 'a'}")]).0;
    assert!(read(&whole).is_ok());
    let graph_end = whole.len() - 30;
    for length in [3, 20, graph_end / 2, graph_end] {
        match read(&whole[..length]).unwrap_err() {
            OnnxFileError::Truncated { bytes, needed, .. } => assert!(bytes == length as u64 && needed > bytes),
            other => assert!(length < 30, "{length}: {other}"),
        }
    }
    let error = read(&whole[..graph_end / 2]).unwrap_err();
    assert!(error.to_string().contains("breaks off") && error.hint().is_some(), "{error}");
    // Whatever the bytes are, there is an answer.
    for at in 0..whole.len() {
        for flip in [0x01, 0x80, 0xff] {
            let mut bytes = whole.clone();
            bytes[at] ^= flip;
            let _ = read(&bytes);
        }
    }
}

#[test]
fn what_is_no_onnx_is_named() {
    for (bytes, says) in [
        (&b""[..], "is empty"),
        (b"PK\x03\x04rest of an archive", "zip archive"),
        (b"version https://git-lfs.github.com/spec/v1\noid", "Git LFS"),
        (b"<!DOCTYPE html><html>", "web page"),
        (b"{\"model\": 1}", "JSON"),
        (b"GGUF\x03\x00\x00\x00", "GGUF"),
        (b"\x1c\x00\x00\x00TFL3\x14\x00", "TensorFlow Lite"),
        (b"\x10\x00\x00\x00\x00\x00\x00\x00{\"a\":{}}", "safetensors"),
        (b"hello world", "has none of its fields"),
        // Only a version: a protobuf file, but of something else.
        (b"\x08\x08", "has none of its fields"),
    ] {
        let error = read(bytes).unwrap_err();
        assert!(matches!(error, OnnxFileError::NotOnnx { .. }) && error.to_string().contains(says), "{says}: {error}");
        assert!(error.hint().is_some());
    }
    let folder = tempfile::tempdir().unwrap();
    let cause = |path: &Path| std::error::Error::source(&ModelFile::read(path).unwrap_err()).unwrap().to_string();
    assert!(cause(folder.path()).contains("folder"));
    assert!(cause(&folder.path().join("none.onnx")).contains("No such file"));
}

#[test]
fn a_field_that_is_longer_than_what_holds_it_is_damage() {
    // The graph has 2 bytes, its first field claims 5; the file continues behind it.
    let bytes = [&[0x08, 0x08, 0x3a, 0x02, 0x0a, 0x05][..], &[0; 20]].concat();
    let error = read(&bytes).unwrap_err();
    assert!(error.to_string().contains("damaged at byte 6"), "{error}");
    let numbers = [&[0x08, 0x08][..], &[0xff; 12]].concat();
    assert!(read(&numbers).unwrap_err().to_string().contains("more than ten bytes"));
}
