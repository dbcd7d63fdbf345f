#![expect(clippy::unwrap_used, reason = "tests")]

use std::sync::Arc;

use futures_util::future::BoxFuture;
use image::{DynamicImage, RgbaImage};
use ndarray::{Array, ArrayD, IxDyn};
use serde_json::{Value, json};

use super::*;
use crate::{
    image::{ImageStore, Origin},
    onnx::{
        ElementType, LoadContext, ModelProvider, Signature,
        fake::{FakeModel, FakeOutput, tensor},
    },
    store::ModelFacts,
    tool::{Observation, Tool, ToolCx, ToolErrorKind, Toolbox},
};

fn signature(input: &[usize], output: &str, dims: &[usize]) -> Signature {
    Signature {
        inputs: vec![tensor("input", ElementType::F32, input)],
        outputs: vec![tensor(output, ElementType::F32, dims)],
        ..Signature::default()
    }
}

/// Repeats every pixel `factor` times. Near the edges of what it is given, up to `lost` pixels, it answers darkness, as
/// networks do that lack context there.
fn repeating(signature: Signature, factor: usize, lost: usize, facts: ModelFacts) -> LoadedModel {
    let name = if signature.outputs[0].name == "reconstruction" { "reconstruction" } else { "output" };
    FakeModel::loaded(signature, facts, move |input: &ArrayD<f32>| {
        let (height, width) = (input.shape()[2], input.shape()[3]);
        let values = Array::from_shape_fn(IxDyn(&[1, 3, height * factor, width * factor]), |at| {
            let (y, x) = (at[2] / factor, at[3] / factor);
            // The true edges of the picture below lie at 0 alone; at the other end what is mirrored takes the loss.
            let dark = |at: usize, length: usize| at > 0 && at < lost || at + lost >= length;
            if dark(y, height) || dark(x, width) { 0.0 } else { input[[0, at[1], y, x]] }
        });
        vec![(name, FakeOutput::F32(values))]
    })
}

fn stripes(width: u32, height: u32) -> RgbImage {
    RgbImage::from_fn(width, height, |x, y| Rgb([(x * 7 % 251) as u8, (y * 5 % 251) as u8, ((x + y) % 200) as u8]))
}

fn assert_repeated(large: &RgbImage, small: &RgbImage, factor: u32, edge: u32) {
    assert_eq!(large.dimensions(), (small.width() * factor, small.height() * factor));
    for (x, y, pixel) in large.enumerate_pixels() {
        let (sx, sy) = (x / factor, y / factor);
        let inner = |at: u32, length: u32| at >= edge && at + edge < length;
        if inner(sx, small.width()) && inner(sy, small.height()) {
            assert_eq!(pixel, small.get_pixel(sx, sy), "{x} {y}");
        }
    }
}

#[test]
fn tiles_show_no_seam_and_use_nothing_of_their_edges() {
    let facts = || ModelFacts { size: Some(64), ..ModelFacts::default() };
    let picture = stripes(170, 130);
    let free = || signature(&[0, 3, 0, 0], "output", &[0, 3, 0, 0]);
    let (large, factor) = upscale(&repeating(free(), 3, 4, facts()), &picture, &RunControl::new()).unwrap();
    assert_eq!(factor, 3);
    assert_repeated(&large, &picture, 3, 4);
    let (large, _) = upscale(&repeating(free(), 2, 0, facts()), &picture, &RunControl::new()).unwrap();
    assert_repeated(&large, &picture, 2, 0);
    let fixed = signature(&[1, 3, 48, 80], "output", &[1, 3, 96, 160]);
    let (large, _) = upscale(&repeating(fixed, 2, 0, ModelFacts::default()), &picture, &RunControl::new()).unwrap();
    assert_repeated(&large, &picture, 2, 0);
}

#[test]
fn every_family_is_fed_with_sides_that_it_takes() {
    let shape = |signature: Signature, width: u32, height: u32| {
        let model = repeating(signature, 2, 0, ModelFacts::default());
        upscaler_pixels(&model, &stripes(width, height)).unwrap().shape().to_vec()
    };
    let swin = || signature(&[0, 3, 0, 0], "reconstruction", &[0, 0, 0, 0]);
    assert_eq!(shape(swin(), 37, 32), [1, 3, 40, 40], "one more where it is a multiple already");
    assert_eq!(shape(signature(&[0, 3, 0, 0], "output", &[0, 3, 0, 0]), 37, 32), [1, 3, 32, 40]);
    assert_eq!(shape(signature(&[1, 3, 64, 64], "output", &[1, 3, 128, 128]), 37, 32), [1, 3, 64, 64]);
    let (large, factor) =
        upscale(&repeating(swin(), 2, 0, ModelFacts::default()), &stripes(1, 1), &RunControl::new()).unwrap();
    assert_eq!((large.dimensions(), factor), ((2, 2), 2));
}

#[test]
fn wrong_answers_and_graphs_are_named() {
    let odd = FakeModel::loaded(signature(&[0, 3, 0, 0], "output", &[0, 3, 0, 0]), ModelFacts::default(), |_| {
        vec![("output", FakeOutput::F32(Array::zeros(IxDyn(&[1, 3, 50, 90]))))]
    });
    let error = upscale(&odd, &stripes(40, 40), &RunControl::new()).unwrap_err();
    assert!(error.message.contains("[1, 3, 50, 90]"), "{error}");
    let gray =
        FakeModel::loaded(signature(&[1, 1, 64, 64], "output", &[1, 1, 128, 128]), ModelFacts::default(), |_| vec![]);
    let error = upscale(&gray, &stripes(40, 40), &RunControl::new()).unwrap_err();
    assert!(error.message.contains("no picture") && error.message.contains("F32 [1, 1, 64, 64]"), "{error}");
    let stopped = RunControl::new();
    stopped.cancel();
    let model = repeating(signature(&[0, 3, 0, 0], "output", &[0, 3, 0, 0]), 2, 0, ModelFacts::default());
    assert_eq!(upscale(&model, &stripes(9, 9), &stopped).unwrap_err().kind, ToolErrorKind::Cancelled);
}

struct Perhaps(Option<Arc<LoadedModel>>);

impl ModelProvider for Perhaps {
    fn load<'a>(&'a self, role: &'a str, _: LoadContext<'a>) -> BoxFuture<'a, Result<Arc<LoadedModel>, ToolError>> {
        assert_eq!(role, UPSCALER);
        let missing = || ToolError::model_unavailable("no model for the role upscale");
        Box::pin(async move { self.0.clone().ok_or_else(missing) })
    }
}

fn cx(picture: impl Into<DynamicImage>, model: Option<LoadedModel>) -> ToolCx {
    let images = ImageStore::new();
    images.insert(picture.into(), Origin::Memory("drawn".into()));
    ToolCx::new(images, Arc::new(Perhaps(model.map(Arc::new))))
}

async fn call(cx: &ToolCx, args: Value) -> Result<Observation, ToolError> {
    Toolbox::new().with(Upscale).call("upscale", args, cx).await
}

fn fourfold() -> LoadedModel {
    repeating(signature(&[0, 3, 0, 0], "output", &[0, 3, 0, 0]), 4, 0, ModelFacts::default())
}

#[tokio::test]
async fn without_a_model_it_resizes_and_says_so() {
    let cx = cx(stripes(60, 40), None);
    let seen = call(&cx, json!({})).await.unwrap();
    let expected = json!({"image": "img-2", "width": 120, "height": 80, "scale": 2.0, "source": "lanczos"});
    assert_eq!(seen.value, expected);
    assert!(
        seen.text.contains("no upscaling model is available") && seen.text.contains("not sharper"),
        "{}",
        seen.text
    );
    let seen = call(&cx, json!({"image": "img-1", "scale": 1.5, "region": [10, 10, 30, 20]})).await.unwrap();
    assert_eq!(
        (&seen.value["width"], &seen.value["height"], &seen.value["scale"]),
        (&json!(30), &json!(15), &json!(1.5))
    );
}

#[tokio::test]
async fn the_model_factor_or_the_wanted_one() {
    let cx = cx(stripes(60, 40), Some(fourfold()));
    let seen = call(&cx, json!({"image": "img-1"})).await.unwrap();
    assert_eq!(
        (&seen.value["width"], &seen.value["scale"], &seen.value["source"]),
        (&json!(240), &json!(4.0), &json!("fake"))
    );
    assert_eq!(seen.text, "img-2 is 4 times as wide and high, 240 x 160 pixels, by fake");
    let entry = cx.images.get("img-2").unwrap();
    assert_eq!((entry.parent.as_deref(), entry.operation.as_ref().unwrap().tool.as_str()), (Some("img-1"), "upscale"));
    assert_repeated(&entry.pixels.to_rgb8(), &stripes(60, 40), 4, 0);
    for (scale, width) in [(2.0, 120), (6.0, 360)] {
        let seen = call(&cx, json!({"image": "img-1", "scale": scale})).await.unwrap();
        assert_eq!((&seen.value["width"], &seen.value["scale"]), (&json!(width), &json!(scale)));
    }
}

#[tokio::test]
async fn opacity_is_enlarged_too() {
    let half = RgbaImage::from_fn(40, 20, |x, _| image::Rgba([200, 30, 20, if x < 20 { 0 } else { 255 }]));
    let cx = cx(half, Some(fourfold()));
    call(&cx, json!({})).await.unwrap();
    let made = cx.images.newest().unwrap().pixels.to_rgba8();
    assert_eq!((made.get_pixel(20, 40).0[3], made.get_pixel(140, 40).0), (0, [200, 30, 20, 255]));
}

#[tokio::test]
async fn limits_and_wrong_arguments() {
    let cx = cx(stripes(60, 40), None);
    for (args, part) in [
        (json!({"scale": 1}), "over 1 and at most 8"),
        (json!({"scale": 100}), "over 1 and at most 8"),
        (json!({"region": "dog"}), "there is no region"),
        (json!({"region": [70, 10, 90, 20]}), "lies outside"),
    ] {
        let error = call(&cx, args).await.unwrap_err();
        assert!(error.kind == ToolErrorKind::InvalidInput && error.feedback.contains(part), "{}", error.feedback);
    }
    let large = self::cx(DynamicImage::new_rgb8(2000, 2500), Some(fourfold()));
    let error = call(&large, json!({})).await.unwrap_err();
    assert_eq!(error.kind, ToolErrorKind::ResourceLimit);
    assert!(error.feedback.contains("name a region"), "{}", error.feedback);
    let error = call(&self::cx(DynamicImage::new_rgb8(9000, 10), None), json!({"scale": 2})).await.unwrap_err();
    assert!(error.feedback.contains("18000 x 20"), "{}", error.feedback);
    let error = call(&self::cx(DynamicImage::new_rgb8(1900, 1900), Some(fourfold())), json!({})).await.unwrap_err();
    assert!(error.feedback.contains("7600 x 7600"), "only the first tile tells: {}", error.feedback);
}

#[test]
fn the_examples_parse() {
    for example in Upscale::examples() {
        serde_json::from_value::<UpscaleInput>(example.input).unwrap();
    }
}
