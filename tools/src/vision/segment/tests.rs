#![expect(clippy::unwrap_used, reason = "tests")]

use std::sync::Arc;

use futures_util::future::BoxFuture;
use image::{DynamicImage, Rgb};
use ndarray::ArrayD;
use serde_json::json;

use super::*;
use crate::{
    image::{ImageStore, Origin},
    onnx::{
        ElementType, ModelProvider, Signature,
        fake::{FakeModel, FakeOutput, tensor},
    },
    store::ModelFacts,
    tool::{Tool, ToolCx, Toolbox},
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

struct One(Arc<LoadedModel>);

impl ModelProvider for One {
    fn load<'a>(&'a self, _: &'a str, _: &'a ToolCx) -> BoxFuture<'a, Result<Arc<LoadedModel>, ToolError>> {
        Box::pin(async { Ok(self.0.clone()) })
    }
}

#[tokio::test]
async fn the_cutout_is_transparent_outside_and_knows_its_parent() {
    let images = ImageStore::new();
    images.insert(DynamicImage::ImageRgb8(picture()), Origin::Memory("drawn".into()));
    let cx = ToolCx::new(images.clone(), Arc::new(One(Arc::new(brightness("isnet", 1.0)))));
    let seen = Toolbox::new().with(Segment).call("segment", json!({"image": "img-1"}), &cx).await.unwrap();
    assert_eq!((&seen.value["mask"], &seen.value["cutout"]), (&json!("img-2"), &json!("img-3")));
    let cutout = images.get("img-3").unwrap();
    assert_eq!(cutout.parent.as_deref(), Some("img-1"));
    assert_eq!(cutout.operation.as_ref().unwrap().tool, "segment.cutout");
    let pixels = cutout.pixels.to_rgba8();
    assert!(pixels.width() < 110 && pixels.get_pixel(pixels.width() / 2, pixels.height() / 2).0[3] > 250);
    assert!(images.knows("img-1/subject-1"));
    assert!(seen.text.contains("img-3") && seen.text.contains("covers"), "{}", seen.text);
}

#[test]
fn the_examples_parse() {
    for example in Segment::examples() {
        serde_json::from_value::<SegmentInput>(example.input).unwrap();
    }
}
