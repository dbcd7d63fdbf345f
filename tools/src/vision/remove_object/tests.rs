#![expect(clippy::unwrap_used, reason = "tests")]

use std::sync::Arc;

use futures_util::future::BoxFuture;
use image::{DynamicImage, Rgb, Rgba, RgbaImage};
use ndarray::{ArrayD, Axis};
use serde_json::{Value, json};

use super::*;
use crate::{
    geom::{BBox, Quad},
    image::{ImageStore, NewRegion, Origin, RegionKind},
    onnx::{
        ElementType, LoadContext, ModelProvider, Signature,
        fake::{FakeModel, FakeOutput, tensor},
    },
    store::ModelFacts,
    tool::{Observation, Tool, ToolCx, ToolErrorKind, Toolbox},
};

const GROUND: [u8; 3] = [40, 160, 60];

/// Ground with a white ball (40..80 x 40..80), a white box (140..180 x 30..90) and a white line of text.
fn picture() -> RgbImage {
    RgbImage::from_fn(240, 140, |x, y| {
        let ball = (x as f32 - 59.5).hypot(y as f32 - 59.5) < 20.0;
        let block = (140..180).contains(&x) && (30..90).contains(&y);
        if ball || block || ((30..120).contains(&x) && (110..122).contains(&y)) { Rgb([255; 3]) } else { Rgb(GROUND) }
    })
}

/// Fills the hole with the mean of what is known: black in one input of four channels.
fn mean_filler() -> LoadedModel {
    let signature = Signature {
        inputs: vec![tensor("input", ElementType::F32, &[0, 4, 0, 0])],
        outputs: vec![tensor("output", ElementType::F32, &[0, 3, 0, 0])],
        ..Signature::default()
    };
    FakeModel::loaded(signature, ModelFacts::default(), |input: &ArrayD<f32>| {
        assert!(input.shape()[2].is_multiple_of(32) && input.shape()[3].is_multiple_of(32), "{:?}", input.shape());
        let mask = input.index_axis(Axis(1), 3).insert_axis(Axis(1));
        let mut output = input.slice_axis(Axis(1), (0..3).into()).to_owned();
        let known = mask.iter().filter(|value| **value < 0.5).count().max(1) as f32;
        for mut plane in output.axis_iter_mut(Axis(1)) {
            let mean = plane.sum() / known;
            plane.zip_mut_with(&mask.index_axis(Axis(1), 0), |value, hole| {
                if *hole > 0.5 {
                    *value = mean;
                }
            });
        }
        vec![("output", FakeOutput::F32(output))]
    })
}

/// Takes white for the object.
fn segmenter() -> LoadedModel {
    let signature = Signature {
        inputs: vec![tensor("input", ElementType::F32, &[1, 3, 64, 64])],
        outputs: vec![tensor("mask", ElementType::F32, &[1, 1, 64, 64])],
        ..Signature::default()
    };
    FakeModel::loaded(signature, ModelFacts::default(), |input: &ArrayD<f32>| {
        vec![("mask", FakeOutput::F32(input.slice_axis(Axis(1), (0..1).into()).to_owned()))]
    })
}

struct Models {
    inpainter: bool,
    segmenter: bool,
}

impl ModelProvider for Models {
    fn load<'a>(&'a self, role: &'a str, _: LoadContext<'a>) -> BoxFuture<'a, Result<Arc<LoadedModel>, ToolError>> {
        Box::pin(async move {
            match role {
                "inpaint" if self.inpainter => Ok(Arc::new(mean_filler())),
                "segment" if self.segmenter => Ok(Arc::new(segmenter())),
                _ => Err(ToolError::model_unavailable(format!("no model for the role {role}"))),
            }
        })
    }
}

fn cx(picture: impl Into<DynamicImage>, segmenter: bool) -> ToolCx {
    let images = ImageStore::new();
    images.insert(picture.into(), Origin::Memory("drawn".into()));
    let region = |stem: &str, kind, corners: [f32; 4], quad| NewRegion {
        stem: stem.into(),
        label: stem.into(),
        kind,
        score: 0.9,
        bbox: BBox::from(corners),
        quad,
    };
    let line = Quad([[30.0, 110.0], [120.0, 110.0], [120.0, 122.0], [30.0, 122.0]]);
    let known = vec![
        region("ball", RegionKind::Object, [40.0, 40.0, 80.0, 80.0], None),
        region("box", RegionKind::Object, [140.0, 30.0, 180.0, 90.0], None),
        region("line", RegionKind::Line, [30.0, 110.0, 120.0, 122.0], Some(line)),
    ];
    images.name_regions("img-1", known);
    ToolCx::new(images, Arc::new(Models { inpainter: true, segmenter }))
}

async fn call(cx: &ToolCx, args: Value) -> Result<Observation, ToolError> {
    Toolbox::new().with(RemoveObject).call("remove_object", args, cx).await
}

fn near(pixel: Rgb<u8>, color: [u8; 3]) -> bool {
    (0..3).all(|channel| pixel.0[channel].abs_diff(color[channel]) <= 6)
}

#[tokio::test]
async fn things_go_and_what_is_around_them_stays() {
    for with_segmenter in [true, false] {
        let cx = cx(picture(), with_segmenter);
        let seen = call(&cx, json!({"regions": ["ball", "img-1/box-1", "img-1/line-1"]})).await.unwrap();
        assert_eq!(seen.value["removed"], json!(["img-1/ball-1", "img-1/box-1", "img-1/line-1"]));
        let whole = if with_segmenter {
            json!(["img-1/line-1"])
        } else {
            json!(["img-1/ball-1", "img-1/box-1", "img-1/line-1"])
        };
        assert_eq!(seen.value["whole_boxes"], whole);
        let made = cx.images.get("img-2").unwrap();
        assert_eq!(
            (made.parent.as_deref(), made.operation.as_ref().unwrap().tool.as_str()),
            (Some("img-1"), "remove_object")
        );
        let (before, after) = (picture(), made.pixels.to_rgb8());
        assert_eq!(after.dimensions(), before.dimensions());
        for (x, y, pixel) in after.enumerate_pixels() {
            assert!(near(*pixel, GROUND), "{with_segmenter}: {:?} at {x} {y}", pixel.0);
        }
        // The corner of the ball's box belongs to no object.
        let far = [(5, 5), (110, 60), (230, 130)];
        assert!(far.into_iter().all(|(x, y)| after.get_pixel(x, y) == before.get_pixel(x, y)));
    }
}

#[tokio::test]
async fn boxes_are_filled_wholly_and_opacity_stays() {
    let colors = picture();
    let clear = RgbaImage::from_fn(240, 140, |x, y| {
        let [r, g, b] = colors.get_pixel(x, y).0;
        Rgba([r, g, b, if y < 70 { 255 } else { 90 }])
    });
    let cx = cx(clear, true);
    let seen = call(&cx, json!({"regions": [[136, 26, 184, 94]]})).await.unwrap();
    assert_eq!(seen.text, "img-2 is the image without the area [136, 26, 184, 94]; whole boxes were filled");
    let after = cx.images.get("img-2").unwrap().pixels.to_rgba8();
    assert_eq!((after.get_pixel(160, 50).0[3], after.get_pixel(160, 80).0[3]), (255, 90));
    assert!(after.get_pixel(160, 50).0[1].abs_diff(GROUND[1]) < 6 && after.get_pixel(60, 60).0[0] == 255);
    let outlined =
        call(&cx, json!({"image": "img-1", "regions": [[130, 20, 190, 100]], "shape": "object"})).await.unwrap();
    assert_eq!(outlined.value.get("whole_boxes"), None);
}

#[tokio::test]
async fn wrong_arguments_and_missing_models() {
    let cx = cx(picture(), true);
    for (args, part) in [
        (json!({"regions": []}), "regions is empty"),
        (json!({"regions": ["dog"]}), "there is no region \"dog\"; img-1 has img-1/ball-1"),
        (json!({"regions": [[400, 10, 500, 90]]}), "lies outside img-1"),
        (json!({"regions": ["img-1"]}), "covers nearly all of img-1"),
        (json!({"regions": ["ball"], "shape": "round"}), "object"),
        (json!({"image": "img-9", "regions": ["ball"]}), "there is img-1"),
    ] {
        let error = call(&cx, args).await.unwrap_err();
        assert!(error.kind == ToolErrorKind::InvalidInput && error.feedback.contains(part), "{}", error.feedback);
    }
    let many: Vec<Value> = (0..40).map(|at| json!([at, 0, at + 5, 5])).collect();
    let error = call(&cx, json!({"regions": many})).await.unwrap_err();
    assert!(error.kind == ToolErrorKind::ResourceLimit && error.feedback.contains("at most 30"), "{}", error.feedback);
    let one = self::cx(RgbImage::new(1, 1), true);
    assert!(call(&one, json!({"regions": [[0, 0, 1, 1]]})).await.unwrap_err().feedback.contains("nearly all"));
    let without = ToolCx::new(cx.images.clone(), Arc::new(Models { inpainter: false, segmenter: true }));
    let error = call(&without, json!({"image": "img-1", "regions": ["ball"]})).await.unwrap_err();
    assert_eq!((error.kind, cx.images.images().len()), (ToolErrorKind::ModelUnavailable, 1));
}

#[test]
fn what_is_no_inpainter_is_refused_by_name() {
    let signature = Signature {
        inputs: vec![tensor("x", ElementType::F32, &[1, 3, 64, 64])],
        outputs: vec![tensor("y", ElementType::F32, &[1, 3, 64, 64])],
        ..Signature::default()
    };
    let model = FakeModel::loaded(signature, ModelFacts::default(), |_| vec![]);
    let hole = outline_hole(&BBox { x1: 5.0, y1: 5.0, x2: 15.0, y2: 15.0 }, None, (64, 64)).unwrap();
    let error = fill(&model, &mut RgbImage::new(64, 64), &[hole], &RunControl::new()).unwrap_err();
    assert!(error.message.contains("x F32 [1, 3, 64, 64]"), "{error}");
}

#[test]
fn the_examples_parse() {
    for example in RemoveObject::examples() {
        serde_json::from_value::<RemoveInput>(example.input).unwrap();
    }
}
