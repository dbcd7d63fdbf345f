//! Detector families on tiny graphs with the signatures of the real exports, run by ONNX Runtime. The graphs are made by
//! `tests/golden/tiny_detectors.py`; each finds a square with a known box.
#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails where its set-up does")]

use std::{path::PathBuf, sync::Arc};

use argus_tools::{
    geom::BBox,
    onnx::{Device, LoadedModel, RunControl, Runtime},
    store::{ModelFacts, Store, StoreOptions},
    vision::detect::{Detection, detect},
};
use image::RgbImage;

async fn model(file: &str, labels: &[&str]) -> LoadedModel {
    let store = Store::open(StoreOptions::from_env().unwrap()).unwrap();
    let library = store.ensure_role("onnxruntime", None).await.expect("ONNX Runtime is available");
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/data/detectors").join(file);
    let (session, _) = Runtime::load(library.main()).unwrap().session(&path, Device::Cpu).unwrap();
    let facts =
        ModelFacts { labels: labels.iter().map(|label| (*label).to_owned()).collect(), ..ModelFacts::default() };
    LoadedModel { id: file.into(), facts, model: Arc::new(session), provider: "cpu".into() }
}

fn found(model: &LoadedModel, width: u32, height: u32) -> Vec<Detection> {
    detect(model, &RgbImage::new(width, height), None, &RunControl::new()).unwrap()
}

fn assert_square(found: &[Detection], truth: [f32; 4]) {
    let [one] = found else { panic!("expected one object: {found:?}") };
    assert_eq!(one.label, "square");
    for (corner, expected) in <[f32; 4]>::from(one.bbox).into_iter().zip(<[f32; 4]>::from(BBox::from(truth))) {
        assert!((corner - expected).abs() < 0.5, "{:?}", one.bbox);
    }
}

/// The box (128, 112)..(192, 144) of the input, on a picture of twice the input's size, without padding.
const DOUBLED: [f32; 4] = [256.0, 224.0, 384.0, 288.0];

#[tokio::test]
async fn yolo_takes_its_names_from_the_graph() {
    assert_square(&found(&model("yolo.onnx", &[]).await, 640, 640), DOUBLED);
    // 640 x 320 is letterboxed to 320 x 160 with 80 rows of padding above.
    let padded = found(&model("yolo.onnx", &[]).await, 640, 320);
    assert_square(&padded, [256.0, 64.0, 384.0, 128.0]);
}

#[tokio::test]
async fn end_to_end_and_detr_and_yolox() {
    assert_square(&found(&model("end_to_end.onnx", &[]).await, 640, 640), DOUBLED);
    assert_square(&found(&model("detr.onnx", &["circle", "square"]).await, 640, 640), DOUBLED);
    // Stretched: width and height scale on their own.
    let stretched = found(&model("detr.onnx", &["circle", "square"]).await, 640, 320);
    assert_square(&stretched, [256.0, 112.0, 384.0, 144.0]);
    assert_square(&found(&model("yolox.onnx", &["circle", "square"]).await, 832, 832), DOUBLED);
}

#[tokio::test]
async fn what_is_no_detector_is_refused_with_its_tensors() {
    let model = model("unknown.onnx", &[]).await;
    let error = detect(&model, &RgbImage::new(8, 8), None, &RunControl::new()).unwrap_err();
    assert!(error.message.contains("embedding F32 [1, 16]"), "{error}");
    assert!(error.hint.is_some());
}
