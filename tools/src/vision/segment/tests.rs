#![expect(clippy::unwrap_used, reason = "tests")]

use std::sync::Arc;

use futures_util::future::BoxFuture;
use image::{DynamicImage, Rgb, RgbImage};
use ndarray::{Array, ArrayD, Axis, IxDyn};
use serde_json::{Value, json};

use super::*;
use crate::{
    geom::BBox,
    image::{ImageStore, NewRegion, Origin, RegionKind},
    onnx::{
        ElementType, LoadContext, ModelProvider, RunControl, Signature, TensorInfo,
        fake::{FakeModel, FakeOutput, tensor},
    },
    store::ModelFacts,
    tool::{Observation, Tool, ToolCx, ToolErrorKind, Toolbox},
};

/// Answers the brightness of the first channel: the foreground is what is bright.
fn brightness(family: &str, gain: f32) -> LoadedModel {
    let signature = Signature {
        inputs: vec![tensor("input", ElementType::F32, &[1, 3, 64, 64])],
        outputs: vec![tensor("mask", ElementType::F32, &[1, 1, 64, 64])],
        ..Signature::default()
    };
    let facts = ModelFacts { family: Some(family.into()), ..ModelFacts::default() };
    FakeModel::loaded(signature, facts, move |input: &ArrayD<f32>| {
        let plane = input.index_axis(Axis(1), 0).insert_axis(Axis(1)).mapv(|v| v * gain);
        vec![("mask", FakeOutput::F32(plane.to_owned().into_dyn()))]
    })
}

fn picture() -> RgbImage {
    RgbImage::from_fn(200, 100, |x, y| {
        if (50..150).contains(&x) && (20..80).contains(&y) { Rgb([250; 3]) } else { Rgb([5; 3]) }
    })
}

#[test]
fn both_scales_find_the_bright_area() {
    for (family, gain) in [("isnet", 1.0), ("birefnet", 20.0)] {
        let mask = salient_mask(&brightness(family, gain), &picture(), &RunControl::new()).unwrap();
        let (bbox, share) = mask_extent(&mask).unwrap();
        let truth = BBox { x1: 50.0, y1: 20.0, x2: 150.0, y2: 80.0 };
        assert!(bbox.iou(&truth) > 0.9 && (share - 0.3).abs() < 0.02, "{family}: {bbox:?} {share}");
    }
}

#[test]
fn a_flat_map_has_no_foreground() {
    let mask = salient_mask(&brightness("isnet", 1.0), &RgbImage::new(40, 30), &RunControl::new()).unwrap();
    assert_eq!(mask_extent(&mask), None);
}

/// Has models for some roles.
struct Roles(Vec<(&'static str, Arc<LoadedModel>)>);

impl ModelProvider for Roles {
    fn load<'a>(&'a self, role: &'a str, _: LoadContext<'a>) -> BoxFuture<'a, Result<Arc<LoadedModel>, ToolError>> {
        Box::pin(async move {
            let found = self.0.iter().find(|(known, _)| *known == role);
            found.map(|(_, model)| model.clone()).ok_or_else(|| ToolError::model_unavailable(format!("no {role}")))
        })
    }
}

fn cx(models: Vec<(&'static str, LoadedModel)>) -> ToolCx {
    let images = ImageStore::new();
    images.insert(DynamicImage::ImageRgb8(picture()), Origin::Memory("drawn".into()));
    let models = models.into_iter().map(|(role, model)| (role, Arc::new(model))).collect();
    ToolCx::new(images, Arc::new(Roles(models)))
}

async fn call(cx: &ToolCx, args: Value) -> Result<Observation, ToolError> {
    Toolbox::new().with(Segment).call("segment", args, cx).await
}

async fn refused(cx: &ToolCx, args: Value) -> String {
    let error = call(cx, args.clone()).await.err().unwrap();
    assert!(matches!(error.kind, ToolErrorKind::InvalidInput | ToolErrorKind::ModelUnavailable), "{args}: {error}");
    error.feedback
}

#[tokio::test]
async fn the_cutout_is_transparent_outside_and_knows_its_parent() {
    let cx = cx(vec![("segment", brightness("isnet", 1.0))]);
    let seen = call(&cx, json!({"image": "img-1"})).await.unwrap();
    assert_eq!((&seen.value["mask"], &seen.value["cutout"]), (&json!("img-2"), &json!("img-3")));
    assert_eq!(seen.value["segments"], Value::Null);
    let cutout = cx.images.get("img-3").unwrap();
    assert_eq!(cutout.parent.as_deref(), Some("img-1"));
    assert_eq!(cutout.operation.as_ref().unwrap().tool, "segment.cutout");
    let pixels = cutout.pixels.to_rgba8();
    assert!(pixels.width() < 110 && pixels.get_pixel(pixels.width() / 2, pixels.height() / 2).0[3] > 250);
    assert!(cx.images.knows("img-1/subject-1"));
    assert!(seen.text.contains("img-3") && seen.text.contains("covers"), "{}", seen.text);
}

#[tokio::test]
async fn a_region_falls_back_to_what_stands_out_in_it_and_a_point_says_what_is_missing() {
    let cx = cx(vec![("segment", brightness("isnet", 1.0))]);
    let seen = call(&cx, json!({"image": "img-1", "region": [40, 10, 160, 90]})).await.unwrap();
    assert!(seen.value["mask"].is_string() && seen.value["segments"] == Value::Null, "{}", seen.value);
    let said = refused(&cx, json!({"image": "img-1", "point": [60, 30]})).await;
    assert!(said.contains("no model that understands points"), "{said}");
}

#[tokio::test]
async fn wrong_arguments_say_what_is_right() {
    let cx = cx(vec![("segment", brightness("isnet", 1.0))]);
    for (args, part) in [
        (
            json!({"point": [200, 5]}),
            "the point [200, 5] lies outside img-1, which is 200 x 100 pixels: x from 0 to 199",
        ),
        (json!({"point": [[5, 5], [5, -1]]}), "the point [5, -1] lies outside"),
        (json!({"point": vec![[5, 5]; 40]}), "40 points were given"),
        (json!({"point": "there"}), "a point is [x, y] in pixels"),
        (json!({"region": "dog"}), "there is no region \"dog\""),
        (json!({"text": "  "}), "text is empty"),
        (json!({"text": "x".repeat(10_000)}), "text has 10000 characters"),
        (json!({"text": "dog", "point": [5, 5]}), "text and a place were given"),
        (json!({"kind": "salient", "point": [5, 5]}), "leave kind out"),
        (json!({"kind": "semantic", "region": [5, 5, 9, 9]}), "about the whole image"),
        (json!({"kind": "everything"}), "salient"),
        (json!({"image": "img-9"}), "there is img-1"),
    ] {
        let said = refused(&cx, args.clone()).await;
        assert!(said.contains(part), "{args}: {said}");
    }
}

/// Two halves of a model that takes points. Its three masks lie left, in the middle and right; the first is the surest.
fn prompted(takes_boxes: bool) -> (LoadedModel, LoadedModel) {
    let embeddings = || tensor("image_embeddings.0", ElementType::F32, &[1, 4, 8, 8]);
    let sees = Signature {
        inputs: vec![tensor("pixel_values", ElementType::F32, &[1, 3, 64, 64])],
        outputs: vec![embeddings()],
        ..Signature::default()
    };
    let encoder = FakeModel::loaded(sees, ModelFacts::default(), |_| {
        vec![("image_embeddings.0", FakeOutput::F32(Array::zeros(IxDyn(&[1, 4, 8, 8]))))]
    });
    let mut inputs: Vec<TensorInfo> = vec![
        tensor("input_points", ElementType::F32, &[1, 1, 0, 2]),
        tensor("input_labels", ElementType::I64, &[1, 1, 0]),
        embeddings(),
    ];
    if takes_boxes {
        inputs.push(tensor("input_boxes", ElementType::F32, &[1, 0, 4]));
    }
    let answers = Signature {
        inputs,
        outputs: vec![
            tensor("iou_scores", ElementType::F32, &[1, 1, 3]),
            tensor("pred_masks", ElementType::F32, &[1, 1, 3, 16, 16]),
        ],
        ..Signature::default()
    };
    let decoder = FakeModel::loaded(answers, ModelFacts::default(), |_| {
        let masks = Array::from_shape_fn(IxDyn(&[1, 1, 3, 16, 16]), |at| {
            if (at[4] / 4) == at[2] && (4..12).contains(&at[3]) { 5.0 } else { -5.0 }
        });
        let scores = Array::from_shape_vec(IxDyn(&[1, 1, 3]), vec![0.9, 0.5, 0.7]).unwrap();
        vec![("iou_scores", FakeOutput::F32(scores)), ("pred_masks", FakeOutput::F32(masks))]
    });
    (encoder, decoder)
}

#[tokio::test]
async fn the_surest_mask_answers_a_point_and_the_fitting_one_a_box_the_model_cannot_be_told() {
    for (takes_boxes, of_the_box) in [(false, 100.0), (true, 0.0)] {
        let (encoder, decoder) = prompted(takes_boxes);
        let cx = cx(vec![(ENCODER, encoder), (DECODER, decoder)]);
        let seen = call(&cx, json!({"image": "img-1", "point": [5, 5]})).await.unwrap().value;
        let near = |value: &Value, wanted: f64| (value.as_f64().unwrap() - wanted).abs() < 4.0;
        assert!(near(&seen["box"][0], 0.0) && near(&seen["box"][2], 50.0), "{seen}");
        assert_eq!(
            (&seen["segments"][0]["score"], &seen["segments"][0]["handle"]),
            (&json!(0.9), &json!("img-1/object-1"))
        );
        // The third stripe of four.
        let seen = call(&cx, json!({"image": "img-1", "region": [100, 25, 150, 75]})).await.unwrap();
        assert!(near(&seen.value["box"][0], of_the_box), "{takes_boxes}: {}", seen.value);
        assert!(seen.text.contains("img-1/object-") && seen.text.contains("covers"), "{}", seen.text);
    }
}

#[tokio::test]
async fn a_known_region_keeps_its_handle_and_a_word_takes_all_of_that_name() {
    let (encoder, decoder) = prompted(true);
    let cx = cx(vec![(ENCODER, encoder), (DECODER, decoder)]);
    let dog = |x: f32| NewRegion {
        stem: "dog".into(),
        label: "dog".into(),
        kind: RegionKind::Object,
        score: 0.8,
        bbox: BBox { x1: x, y1: 10.0, x2: x + 40.0, y2: 60.0 },
        quad: None,
    };
    cx.images.name_regions("img-1", vec![dog(10.0), dog(120.0)]);
    let seen = call(&cx, json!({"image": "img-1", "region": "img-1/dog-2"})).await.unwrap().value;
    assert_eq!((&seen["segments"][0]["handle"], &seen["segments"][0]["label"]), (&json!("img-1/dog-2"), &json!("dog")));
    let seen = call(&cx, json!({"image": "img-1", "text": "puppies", "masks": true})).await.unwrap();
    let handles: Vec<&Value> = seen.value["segments"].as_array().unwrap().iter().map(|part| &part["handle"]).collect();
    assert_eq!(handles, ["img-1/dog-1", "img-1/dog-2"]);
    assert!(seen.text.contains("mask of all") && seen.text.lines().count() == 3, "{}", seen.text);
    let mask = cx.images.get(seen.value["segments"][1]["mask"].as_str().unwrap()).unwrap();
    assert_eq!(mask.operation.as_ref().unwrap().args["segment"], "img-1/dog-2");
    assert_eq!(cx.images.regions("img-1").len(), 2, "no region is named twice");
}

#[test]
fn graphs_that_do_not_belong_together_are_refused_with_their_tensors() {
    let message = |encoder: LoadedModel, decoder: LoadedModel| {
        Promptable::new(Arc::new(encoder), Arc::new(decoder)).err().unwrap().message
    };
    let said = message(brightness("isnet", 1.0), prompted(true).1);
    assert!(said.contains("the encoder gives mask, not its input image_embeddings.0"), "{said}");
    let said = message(prompted(true).0, brightness("isnet", 1.0));
    assert!(said.contains("its input input") && said.contains("mask F32 [1, 1, 64, 64]"), "{said}");
}

#[test]
fn what_is_no_map_of_classes_or_queries_is_refused_with_its_tensors() {
    let control = RunControl::new();
    let (model, _) = prompted(true);
    let error = panoptic(&model, &picture(), &control).unwrap_err();
    assert!(
        error.message.contains("expected class_queries_logits") && error.message.contains("[1, 4, 8, 8]"),
        "{error}"
    );
    let (_, model) = prompted(true);
    let error = semantic(&model, &picture(), &control).unwrap_err();
    assert!(error.message.contains("segment_semantic"), "{error}");
}

#[test]
fn the_examples_parse() {
    for example in Segment::examples() {
        serde_json::from_value::<SegmentInput>(example.input).unwrap();
    }
}
