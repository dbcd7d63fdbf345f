#![expect(clippy::unwrap_used, reason = "tests")]

use std::sync::Arc;

use futures_util::future::BoxFuture;
use image::{DynamicImage, Rgb, RgbImage};
use ndarray::{ArrayD, Axis};
use serde_json::{Value, json};

use super::*;
use crate::{
    geom::BBox,
    image::{ImageStore, NewRegion, Origin, RegionKind},
    onnx::{
        ElementType, LoadContext, LoadedModel, ModelProvider, RunControl, Signature,
        fake::{FakeModel, FakeOutput, tensor},
    },
    store::ModelFacts,
    tool::{Observation, Tool, ToolCx, ToolError, ToolErrorKind, Toolbox},
};

fn signature(output: &str, dims: &[usize]) -> Signature {
    Signature {
        inputs: vec![tensor("pixel_values", ElementType::F32, &[0, 3, 0, 0])],
        outputs: vec![tensor(output, ElementType::F32, dims)],
        ..Signature::default()
    }
}

/// Takes red for nearness.
fn red(facts: ModelFacts) -> LoadedModel {
    FakeModel::loaded(signature("predicted_depth", &[0, 0, 0]), facts, |input: &ArrayD<f32>| {
        assert!(input.shape()[2].is_multiple_of(14) && input.shape()[3].is_multiple_of(14), "{:?}", input.shape());
        vec![("predicted_depth", FakeOutput::F32(input.index_axis(Axis(1), 0).to_owned()))]
    })
}

struct One(Arc<LoadedModel>);

impl ModelProvider for One {
    fn load<'a>(&'a self, role: &'a str, _: LoadContext<'a>) -> BoxFuture<'a, Result<Arc<LoadedModel>, ToolError>> {
        assert_eq!(role, ESTIMATOR);
        Box::pin(async { Ok(self.0.clone()) })
    }
}

/// A near ball (red 240) at 20..100, a farther box (red 140) at 150..250, ground (red 40); all but the ground known.
fn scene(facts: ModelFacts) -> ToolCx {
    let picture = RgbImage::from_fn(300, 120, |x, y| {
        let inside = |from: u32, to: u32| (from..to).contains(&x) && (20..100).contains(&y);
        Rgb([
            if inside(20, 100) {
                240
            } else if inside(150, 250) {
                140
            } else {
                40
            },
            90,
            90,
        ])
    });
    let images = ImageStore::new();
    images.insert(DynamicImage::ImageRgb8(picture), Origin::Memory("drawn".into()));
    let region = |stem: &str, kind, x1: f32, x2: f32| NewRegion {
        stem: stem.into(),
        label: stem.into(),
        kind,
        score: 0.9,
        bbox: BBox { x1, y1: 20.0, x2, y2: 100.0 },
        quad: None,
    };
    let known = vec![
        region("box", RegionKind::Object, 150.0, 250.0),
        region("ball", RegionKind::Object, 20.0, 100.0),
        region("line", RegionKind::Line, 0.0, 20.0),
    ];
    images.name_regions("img-1", known);
    ToolCx::new(images, Arc::new(One(Arc::new(red(facts)))))
}

async fn call(cx: &ToolCx, args: Value) -> Result<Observation, ToolError> {
    Toolbox::new().with(Depth).call("depth", args, cx).await
}

#[tokio::test]
async fn what_is_known_is_ranked_and_the_picture_is_lighter_where_it_is_near() {
    let cx = scene(ModelFacts::default());
    let seen = call(&cx, json!({})).await.unwrap();
    let regions = seen.value["regions"].as_array().unwrap();
    let names: Vec<&str> = regions.iter().map(|region| region["region"].as_str().unwrap()).collect();
    assert_eq!(names, ["img-1/ball-1", "img-1/box-1"], "nearest first, text lines are not asked for");
    let depth = |index: usize| regions[index]["depth"].as_f64().unwrap();
    assert!(depth(0) > 0.9 && (0.4..0.6).contains(&depth(1)), "{}", seen.value);
    assert!(seen.text.contains("nearest first") && seen.text.contains("img-1/ball-1 0.9"), "{}", seen.text);
    let made = cx.images.get("img-2").unwrap();
    assert_eq!((made.parent.as_deref(), made.operation.as_ref().unwrap().tool.as_str()), (Some("img-1"), "depth"));
    let gray = made.pixels.to_luma8();
    assert_eq!(gray.dimensions(), (300, 120));
    let at = |x, y| gray.get_pixel(x, y).0[0];
    assert!(at(60, 60) > 220 && (100..150).contains(&at(200, 60)) && at(130, 10) < 30);
}

#[tokio::test]
async fn regions_that_are_asked_for_can_be_labels_and_boxes() {
    let cx = scene(ModelFacts::default());
    let seen = call(&cx, json!({"regions": ["box", [0, 0, 15, 120]], "kind": "normals"})).await.unwrap();
    assert_eq!(seen.value["kind"], "normals");
    let names: Vec<&str> =
        seen.value["regions"].as_array().unwrap().iter().map(|region| region["region"].as_str().unwrap()).collect();
    assert_eq!(names, ["img-1/box-1", "the area [0, 0, 15, 120]"]);
    let normals = cx.images.get("img-2").unwrap().pixels.to_rgb8();
    assert_eq!(normals.dimensions(), (300, 120));
    assert_eq!(normals.get_pixel(60, 60).0, [127, 127, 255], "the middle of the ball is flat");
    // The left edge of the ball rises to the right, the right edge falls.
    let edge = |range: std::ops::Range<u32>| range.map(|x| normals.get_pixel(x, 60).0[0]).collect::<Vec<u8>>();
    assert!(edge(14..26).iter().max() > Some(&200) && edge(94..106).iter().min() < Some(&60));
}

#[tokio::test]
async fn distances_are_turned_round() {
    let facts = || ModelFacts { family: Some("metric-depth".into()), mean: Some([-0.1; 3]), ..ModelFacts::default() };
    let seen = call(&scene(facts()), json!({})).await.unwrap();
    assert_eq!(seen.value["regions"][0]["region"], "img-1/box-1", "less red is nearer: {}", seen.value);
    let config = Some(r#"{"depth_estimation_type": "metric"}"#);
    let (model, picture) = (red(ModelFacts { mean: Some([-0.1; 3]), ..ModelFacts::default() }), RgbImage::new(28, 28));
    let of = |config| {
        let estimator = DepthEstimator::of(&model, None, config).unwrap();
        estimator.run(&model, &estimator.pixels(&picture).view(), &RunControl::new()).unwrap().values[0]
    };
    assert!((of(config) * of(None) - 1.0).abs() < 1e-5);
}

#[tokio::test]
async fn odd_pictures_and_wrong_arguments() {
    for (width, height) in [(1, 1), (3000, 10), (10, 3000)] {
        let images = ImageStore::new();
        images.insert(DynamicImage::new_rgba8(width, height), Origin::Stdin);
        let cx = ToolCx::new(images, Arc::new(One(Arc::new(red(ModelFacts::default())))));
        for kind in ["depth", "normals"] {
            call(&cx, json!({"image": "img-1", "kind": kind})).await.unwrap();
            let made = cx.images.newest().unwrap();
            assert_eq!((made.width(), made.height()), (width, height));
        }
    }
    let cx = scene(ModelFacts::default());
    for (args, part) in [
        (json!({"regions": ["dog"]}), "there is no region \"dog\"; img-1 has img-1/box-1"),
        (json!({"regions": [[400, 10, 500, 90]]}), "lies outside img-1"),
        (json!({"kind": "colors"}), "normals"),
        (json!({"image": "img-9"}), "there is img-1"),
    ] {
        let error = call(&cx, args).await.unwrap_err();
        assert!(error.kind == ToolErrorKind::InvalidInput && error.feedback.contains(part), "{}", error.feedback);
    }
    assert_eq!(cx.images.images().len(), 1);
}

#[test]
fn what_is_no_depth_estimator_is_refused_by_name() {
    let other = FakeModel::loaded(signature("embedding", &[1, 512]), ModelFacts::default(), |_| vec![]);
    let error = DepthEstimator::of(&other, None, None).unwrap_err();
    assert!(error.message.contains("embedding F32 [1, 512]"), "{error}");
    let broken = DepthEstimator::of(&red(ModelFacts::default()), Some("{\"size\": \"wide\"}"), None).unwrap_err();
    assert!(broken.message.contains("preprocessor_config.json"), "{broken}");
    let empty = FakeModel::loaded(signature("predicted_depth", &[0, 0, 0]), ModelFacts::default(), |_| {
        vec![("predicted_depth", FakeOutput::F32(ArrayD::from_elem(ndarray::IxDyn(&[1, 2, 2]), f32::NAN)))]
    });
    let estimator = DepthEstimator::of(&empty, None, None).unwrap();
    let error = estimator.estimate(&empty, &RgbImage::new(20, 20), &RunControl::new()).unwrap_err();
    assert!(error.message.contains("not finite"), "{error}");
}

#[test]
fn the_examples_parse() {
    for example in Depth::examples() {
        serde_json::from_value::<DepthInput>(example.input).unwrap();
    }
}
