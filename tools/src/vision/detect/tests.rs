#![expect(clippy::unwrap_used, reason = "tests")]

use image::{Rgb, RgbImage};
use ndarray::{Array, ArrayD, IxDyn};

use super::*;
use crate::{
    onnx::{
        ElementType, Signature,
        fake::{FakeModel, FakeOutput, tensor},
    },
    store::ModelFacts,
};

/// A white square on black; every fake below answers the box of the bright area of its input, so that the boxes that
/// come back prove pre-processing, decoding and the inverse mapping together.
fn picture() -> (RgbImage, BBox) {
    let mut image = RgbImage::new(300, 200);
    for y in 50..150 {
        for x in 60..180 {
            image.put_pixel(x, y, Rgb([255, 255, 255]));
        }
    }
    (image, BBox { x1: 60.0, y1: 50.0, x2: 180.0, y2: 150.0 })
}

fn bright(input: &ArrayD<f32>, above: f32) -> BBox {
    let mut bbox = BBox { x1: f32::MAX, y1: f32::MAX, x2: 0.0, y2: 0.0 };
    for (index, &value) in input.indexed_iter() {
        if index[1] == 0 && value > above {
            let (x, y) = (index[3] as f32, index[2] as f32);
            bbox = BBox { x1: bbox.x1.min(x), y1: bbox.y1.min(y), x2: bbox.x2.max(x + 1.0), y2: bbox.y2.max(y + 1.0) };
        }
    }
    bbox
}

fn signature(side: usize, outputs: &[(&str, &[usize])]) -> Signature {
    Signature {
        inputs: vec![tensor("images", ElementType::F32, &[1, 3, side, side])],
        outputs: outputs.iter().map(|(name, dims)| tensor(name, ElementType::F32, dims)).collect(),
        ..Signature::default()
    }
}

fn two_labels() -> ModelFacts {
    ModelFacts { labels: vec!["circle".into(), "square".into()], ..ModelFacts::default() }
}

fn assert_square(model: &LoadedModel) {
    let (image, truth) = picture();
    let found = detect(model, &image, None, &RunControl::new()).unwrap();
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(found[0].label, "square");
    assert!(found[0].bbox.iou(&truth) > 0.95, "{:?}", found[0].bbox);
}

#[test]
fn yolo_with_nms() {
    assert_square(&FakeModel::loaded(signature(640, &[("output0", &[1, 6, 8400])]), two_labels(), |input| {
        let b = bright(input, 0.9);
        let mut output = Array::zeros(IxDyn(&[1, 6, 8400]));
        for (anchor, score) in [(7, 0.6), (8, 0.9), (9, 0.1)] {
            let (cx, cy) = b.center();
            for (row, value) in [cx, cy, b.width(), b.height(), 0.05, score].into_iter().enumerate() {
                output[[0, row, anchor]] = value;
            }
        }
        vec![("output0", FakeOutput::F32(output))]
    }));
}

#[test]
fn end_to_end_without_nms() {
    assert_square(&FakeModel::loaded(signature(320, &[("output0", &[1, 300, 6])]), two_labels(), |input| {
        let b = bright(input, 0.9);
        let mut output = Array::zeros(IxDyn(&[1, 300, 6]));
        for (column, value) in [b.x1, b.y1, b.x2, b.y2, 0.8, 1.0].into_iter().enumerate() {
            output[[0, 0, column]] = value;
        }
        vec![("output0", FakeOutput::F32(output))]
    }));
}

#[test]
fn yolox_on_its_grids() {
    assert_square(&FakeModel::loaded(signature(416, &[("output", &[1, 3549, 7])]), two_labels(), |input| {
        let b = bright(input, 200.0);
        let mut output = Array::zeros(IxDyn(&[1, 3549, 7]));
        // The first cell of the stride-32 grid: its offset carries the whole center.
        let cell = 52 * 52 + 26 * 26;
        let (cx, cy) = b.center();
        let row = [cx / 32.0, cy / 32.0, (b.width() / 32.0).ln(), (b.height() / 32.0).ln(), 0.9, 0.1, 0.9];
        for (column, value) in row.into_iter().enumerate() {
            output[[0, cell, column]] = value;
        }
        vec![("output", FakeOutput::F32(output))]
    }));
}

#[test]
fn detr_family_is_stretched_and_scaled_back() {
    let outputs: [(&str, &[usize]); 2] = [("logits", &[1, 300, 2]), ("pred_boxes", &[1, 300, 4])];
    assert_square(&FakeModel::loaded(signature(640, &outputs), two_labels(), |input| {
        let b = bright(input, 0.9);
        let mut logits = Array::from_elem(IxDyn(&[1, 300, 2]), -8.0);
        logits[[0, 5, 1]] = 2.0;
        let mut boxes = Array::zeros(IxDyn(&[1, 300, 4]));
        let (cx, cy) = b.center();
        for (column, value) in [cx, cy, b.width(), b.height()].into_iter().enumerate() {
            boxes[[0, 5, column]] = value / 640.0;
        }
        vec![("logits", FakeOutput::F32(logits)), ("pred_boxes", FakeOutput::F32(boxes))]
    }));
}

#[test]
fn yolov5_has_an_objectness_before_its_classes() {
    // 3 x (80^2 + 40^2 + 20^2) rows on 640 x 640.
    assert_square(&FakeModel::loaded(signature(640, &[("output0", &[1, 25_200, 7])]), two_labels(), |input| {
        let b = bright(input, 0.9);
        let mut output = Array::zeros(IxDyn(&[1, 25_200, 7]));
        let (cx, cy) = b.center();
        // The third is sure of an object but of no class.
        for (row, (object, class)) in [(0.9, 0.8), (0.8, 0.7), (0.9, 0.1)].into_iter().enumerate() {
            for (column, value) in [cx, cy, b.width(), b.height(), object, 0.05, class].into_iter().enumerate() {
                output[[0, row, column]] = value;
            }
        }
        vec![("output0", FakeOutput::F32(output))]
    }));
}

#[test]
fn rows_without_a_size_are_yolov5_if_they_have_strides() {
    let mut free = signature(0, &[("output0", &[1, 0, 85])]);
    let decoder = |signature: &Signature| Family::read(signature, &ModelFacts::default(), (9, 9)).unwrap().decoder;
    assert_eq!(decoder(&free), family::Decoder::YoloX);
    free.metadata.insert("stride".into(), "32".into());
    assert_eq!(decoder(&free), family::Decoder::YoloV5);
    assert_eq!(decoder(&signature(640, &[("output", &[1, 8400, 85])])), family::Decoder::YoloX);
}

#[test]
fn a_class_for_no_object_asks_for_a_softmax() {
    let decoder = |classes: usize, facts: ModelFacts| {
        let signature = signature(640, &[("logits", &[1, 100, classes]), ("pred_boxes", &[1, 100, 4])]);
        let family = Family::read(&signature, &facts, (640, 480)).unwrap();
        (family.decoder, family.labels.len())
    };
    let unnamed = ModelFacts::default;
    assert_eq!(decoder(92, unnamed()), (family::Decoder::DetrSoftmax, 91));
    assert_eq!(decoder(91, unnamed()), (family::Decoder::Detr, 91));
    assert_eq!(decoder(80, unnamed()), (family::Decoder::Detr, 80));
    assert_eq!(decoder(3, two_labels()), (family::Decoder::DetrSoftmax, 2));
    assert_eq!(decoder(2, two_labels()), (family::Decoder::Detr, 2));
    let rf = ModelFacts { family: Some("rf_detr".into()), ..two_labels() };
    assert_eq!(decoder(3, rf).0, family::Decoder::Detr);
}

#[test]
fn numbers_that_name_nothing_are_no_objects() {
    let outputs: [(&str, &[usize]); 2] = [("dets", &[1, 300, 4]), ("labels", &[1, 300, 91])];
    let model = FakeModel::loaded(signature(64, &outputs), ModelFacts::default(), |_| {
        let mut logits = Array::from_elem(IxDyn(&[1, 300, 91]), -8.0);
        // 12 is a gap, 44 a bottle.
        (logits[[0, 3, 12]], logits[[0, 4, 44]]) = (3.0, 2.0);
        vec![("dets", FakeOutput::F32(Array::from_elem(IxDyn(&[1, 300, 4]), 0.5))), ("labels", FakeOutput::F32(logits))]
    });
    let found = detect(&model, &RgbImage::new(100, 60), None, &RunControl::new()).unwrap();
    let [one] = found.as_slice() else { unreachable!("{found:?}") };
    assert_eq!((one.label.as_str(), one.bbox), ("bottle", BBox { x1: 25.0, y1: 15.0, x2: 75.0, y2: 45.0 }));
    assert!(!class_names(&model).unwrap().contains(&"N/A".to_owned()));
}

#[test]
fn coefficients_of_masks_are_not_taken_for_classes() {
    let outputs: [(&str, &[usize]); 2] = [("output0", &[1, 4 + 2 + 32, 8400]), ("output1", &[1, 32, 160, 160])];
    let mut signature = signature(640, &outputs);
    signature.metadata.insert("task".into(), "segment".into());
    let model = FakeModel::loaded(signature, two_labels(), |input| {
        let b = bright(input, 0.9);
        let mut output = Array::zeros(IxDyn(&[1, 38, 8400]));
        let (cx, cy) = b.center();
        for (row, value) in [cx, cy, b.width(), b.height(), 0.05, 0.6, 0.99].into_iter().enumerate() {
            output[[0, row, 77]] = value;
        }
        vec![
            ("output0", FakeOutput::F32(output)),
            ("output1", FakeOutput::F32(Array::zeros(IxDyn(&[1, 32, 160, 160])))),
        ]
    });
    assert!(has_masks(&model));
    assert_square(&model);
}

#[test]
fn mmdeploy_has_its_labels_as_integers() {
    let outputs: [(&str, &[usize]); 2] = [("dets", &[1, 0, 5]), ("labels", &[1, 0])];
    assert_square(&FakeModel::loaded(signature(320, &outputs), two_labels(), |input| {
        let b = bright(input, 200.0);
        let dets = Array::from_shape_vec(IxDyn(&[1, 1, 5]), vec![b.x1, b.y1, b.x2, b.y2, 0.7]).unwrap();
        let labels = Array::from_shape_vec(IxDyn(&[1, 1]), vec![1]).unwrap();
        vec![("dets", FakeOutput::F32(dets)), ("labels", FakeOutput::I64(labels))]
    }));
}

#[test]
fn an_unknown_signature_is_refused_by_name() {
    let model = FakeModel::loaded(signature(64, &[("embedding", &[1, 512])]), ModelFacts::default(), |_| vec![]);
    let error = detect(&model, &RgbImage::new(8, 8), None, &RunControl::new()).unwrap_err();
    assert!(error.message.contains("embedding F32 [1, 512]"), "{error}");
}

#[test]
fn poses_are_not_taken_for_classes() {
    let mut signature = signature(640, &[("output0", &[1, 56, 8400])]);
    signature.metadata.insert("task".into(), "pose".into());
    let model = FakeModel::loaded(signature, ModelFacts::default(), |_| vec![]);
    let error = detect(&model, &RgbImage::new(8, 8), None, &RunControl::new()).unwrap_err();
    assert!(error.message.contains("made for the task \"pose\""), "{error}");
}

#[test]
fn too_few_labels_are_named_as_the_fault() {
    let facts = ModelFacts { labels: vec!["circle".into()], ..ModelFacts::default() };
    let model = FakeModel::loaded(signature(64, &[("output0", &[1, 300, 6])]), facts, |_| {
        let mut output = Array::zeros(IxDyn(&[1, 300, 6]));
        for (column, value) in [1.0, 1.0, 9.0, 9.0, 0.8, 1.0].into_iter().enumerate() {
            output[[0, 0, column]] = value;
        }
        vec![("output0", FakeOutput::F32(output))]
    });
    let error = detect(&model, &RgbImage::new(64, 64), None, &RunControl::new()).unwrap_err();
    assert!(error.message.contains("class 1 but has 1 class names"), "{error}");
}
