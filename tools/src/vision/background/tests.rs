#![expect(clippy::unwrap_used, reason = "tests")]

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use futures_util::future::BoxFuture;
use image::{ImageBuffer, Luma};
use ndarray::{ArrayD, Axis};
use serde_json::{Value, json};

use super::*;
use crate::{
    image::{ImageStore, Origin},
    onnx::{
        ElementType, LoadContext, LoadedModel, ModelProvider, Signature,
        fake::{FakeModel, FakeOutput, tensor},
    },
    store::ModelFacts,
    tool::{Observation, Tool, ToolCx, ToolError, ToolErrorKind, Toolbox},
    vision::segment::Segment,
};

const RED: [u8; 3] = [220, 30, 20];
const GREEN: [u8; 3] = [20, 180, 40];

/// How much of a pixel a disc of radius 40 around (100, 70) covers, with an edge five pixels wide.
fn cover(x: u32, y: u32) -> f32 {
    let distance = (x as f32 - 100.0).hypot(y as f32 - 70.0);
    ((42.5 - distance) / 5.0).clamp(0.0, 1.0)
}

/// A red disc on green, 200 x 140, its edge a mix of both, and its true mask.
fn disc() -> (DynamicImage, GrayImage) {
    let picture = RgbImage::from_fn(200, 140, |x, y| {
        let share = cover(x, y);
        Rgb([0, 1, 2].map(|i| (share * f32::from(RED[i]) + (1.0 - share) * f32::from(GREEN[i])).round() as u8))
    });
    (picture.into(), GrayImage::from_fn(200, 140, |x, y| Luma([(cover(x, y) * 255.0).round() as u8])))
}

fn replaced(backdrop: &Backdrop) -> DynamicImage {
    let (picture, mask) = disc();
    replace_background(&picture, &mask, backdrop, &RunControl::new()).unwrap()
}

#[test]
fn no_halo_of_the_old_background_is_left() {
    let white = replaced(&Backdrop::Color([255; 3])).into_rgb8();
    let clear = replaced(&Backdrop::Clear).into_rgba8();
    assert_eq!((white.get_pixel(5, 5).0, clear.get_pixel(5, 5).0[3]), ([255; 3], 0));
    assert_eq!((white.get_pixel(100, 70).0, clear.get_pixel(100, 70).0), (RED, [220, 30, 20, 255]));
    for (x, y, pixel) in white.enumerate_pixels() {
        // Between red and white, green and blue go together and never exceed red; a green rest would show.
        let [r, g, b] = pixel.0.map(i32::from);
        assert!(g - b < 25 && r >= 215, "{:?} at {x} {y}", pixel.0);
    }
    let edge = clear.pixels().filter(|pixel| (1..255).contains(&pixel.0[3]));
    let (mut count, mut wrong) = (0, 0);
    for pixel in edge {
        count += 1;
        wrong += usize::from((0..3).any(|i| pixel.0[i].abs_diff(RED[i]) > 30));
    }
    assert!(count > 200 && wrong * 20 < count, "{wrong} of {count} pixels of the edge are not red");
}

#[test]
fn a_blurred_background_holds_nothing_of_the_object() {
    let blurred = replaced(&Backdrop::Blur).into_rgb8();
    assert_eq!(blurred.get_pixel(100, 70).0, RED);
    for (x, y, pixel) in blurred.enumerate_pixels() {
        if (x as f32 - 100.0).hypot(y as f32 - 70.0) > 44.0 {
            assert!((0..3).all(|i| pixel.0[i].abs_diff(GREEN[i]) < 12), "{:?} at {x} {y}", pixel.0);
        }
    }
}

#[test]
fn another_picture_covers_the_frame_with_its_middle() {
    let stripes =
        RgbImage::from_fn(400, 100, |x, _| if (140..260).contains(&x) { Rgb([0, 0, 250]) } else { Rgb([250; 3]) });
    let made = replaced(&Backdrop::Picture(Arc::new(stripes.into()))).into_rgb8();
    assert_eq!(made.dimensions(), (200, 140));
    // Of 400 x 100 the middle 143 x 100 is seen: blue but for its sides.
    assert_eq!(
        (made.get_pixel(100, 10).0, made.get_pixel(2, 70).0, made.get_pixel(100, 70).0),
        ([0, 0, 250], [250; 3], RED)
    );
    for (width, height) in [(1, 1), (20_000, 10), (10, 20_000)] {
        assert_eq!(covering(&RgbImage::new(width, height), 200, 140).dimensions(), (200, 140));
    }
}

#[test]
fn what_was_clear_stays_clear_and_odd_sizes_do_not_panic() {
    let clear = DynamicImage::ImageRgba8(RgbaImage::from_fn(200, 140, |x, _| {
        Rgba([220, 30, 20, if x < 100 { 0 } else { 255 }])
    }));
    let made = replace_background(&clear, &disc().1, &Backdrop::Clear, &RunControl::new()).unwrap().into_rgba8();
    assert_eq!((made.get_pixel(80, 70).0[3], made.get_pixel(120, 70).0), (0, [220, 30, 20, 255]));
    for (width, height) in [(1, 1), (20_000, 10), (3, 500)] {
        let (picture, mask) =
            (DynamicImage::new_rgb8(width, height), GrayImage::from_pixel(width, height, Luma([255])));
        for backdrop in [Backdrop::Clear, Backdrop::Blur, Backdrop::Color([9; 3])] {
            let made = replace_background(&picture, &mask, &backdrop, &RunControl::new()).unwrap();
            assert_eq!((made.width(), made.height()), (width, height));
        }
    }
    let stopped = RunControl::new();
    stopped.cancel();
    let (picture, mask) = disc();
    let error = replace_background(&picture, &mask, &Backdrop::Blur, &stopped).unwrap_err();
    assert_eq!(error.kind, ToolErrorKind::Cancelled);
}

/// Answers the red channel as mask, and counts its runs.
struct Red(Arc<LoadedModel>, Arc<AtomicUsize>);

impl ModelProvider for Red {
    fn load<'a>(&'a self, role: &'a str, _: LoadContext<'a>) -> BoxFuture<'a, Result<Arc<LoadedModel>, ToolError>> {
        Box::pin(async move {
            if role != "segment" {
                return Err(ToolError::model_unavailable(role));
            }
            self.1.fetch_add(1, Ordering::Relaxed);
            Ok(self.0.clone())
        })
    }
}

fn cx(picture: impl Into<DynamicImage>) -> (ToolCx, Arc<AtomicUsize>) {
    let signature = Signature {
        inputs: vec![tensor("input", ElementType::F32, &[1, 3, 128, 128])],
        outputs: vec![tensor("mask", ElementType::F32, &[1, 1, 128, 128])],
        ..Signature::default()
    };
    let facts = ModelFacts { family: Some("isnet".into()), ..ModelFacts::default() };
    let model = FakeModel::loaded(signature, facts, |input: &ArrayD<f32>| {
        let red = input.index_axis(Axis(1), 0).insert_axis(Axis(1)).to_owned();
        vec![("mask", FakeOutput::F32(red.into_dyn()))]
    });
    let images = ImageStore::new();
    images.insert(picture.into(), Origin::Memory("drawn".into()));
    let loads = Arc::new(AtomicUsize::new(0));
    (ToolCx::new(images, Arc::new(Red(Arc::new(model), loads.clone()))), loads)
}

async fn call(cx: &ToolCx, tool: &str, args: Value) -> Result<Observation, ToolError> {
    Toolbox::new().with(Background).with(Segment).call(tool, args, cx).await
}

#[tokio::test]
async fn every_kind_of_background_can_be_asked_for() {
    let (cx, _) = cx(disc().0);
    cx.images.insert(DynamicImage::ImageRgb8(RgbImage::from_pixel(50, 50, Rgb([0, 0, 250]))), Origin::Stdin);
    for (wanted, name, corner) in [
        (json!(null), "transparent", None),
        (json!("Transparent"), "transparent", None),
        (json!("blur"), "blurred", Some(GREEN)),
        (json!("light blue"), "#87ceeb", Some([0x87, 0xce, 0xeb])),
        (json!("#FFCC00"), "#ffcc00", Some([255, 204, 0])),
        (json!("img-2"), "img-2", Some([0, 0, 250])),
    ] {
        let seen = call(&cx, "background", json!({"image": "img-1", "background": wanted})).await.unwrap();
        assert_eq!(seen.value["background"], name);
        let made = cx.images.newest().unwrap();
        assert_eq!((made.parent.as_deref(), made.width(), made.height()), (Some("img-1"), 200, 140));
        match corner {
            None => assert_eq!(made.pixels.to_rgba8().get_pixel(2, 2).0[3], 0),
            Some(color) => {
                let seen = made.pixels.to_rgb8().get_pixel(2, 2).0;
                assert!((0..3).all(|i| seen[i].abs_diff(color[i]) < 3), "{name}: {seen:?}");
            }
        }
    }
    let seen = call(&cx, "background", json!({"image": "img-1", "background": "white"})).await.unwrap();
    assert!(
        seen.text.starts_with("img-9 shows the object at [") && seen.text.ends_with("before the background #ffffff"),
        "{}",
        seen.text
    );
}

#[tokio::test]
async fn a_mask_that_segment_made_is_used_again() {
    let (cx, loads) = cx(disc().0);
    call(&cx, "segment", json!({"image": "img-1"})).await.unwrap();
    call(&cx, "background", json!({"image": "img-1", "background": "white"})).await.unwrap();
    assert_eq!(loads.load(Ordering::Relaxed), 1);
    call(&cx, "segment", json!({"image": "img-1", "region": [40, 10, 160, 130]})).await.unwrap();
    call(&cx, "background", json!({"image": "img-1", "region": [50, 20, 150, 120]})).await.unwrap();
    assert_eq!(loads.load(Ordering::Relaxed), 3, "the mask of one box is not that of another");
}

#[tokio::test]
async fn wrong_arguments_and_empty_pictures_say_so() {
    let (cx, _) = cx(disc().0);
    for (args, part) in [
        (json!({"background": "octarine"}), "\"octarine\" is no background; it takes \"transparent\""),
        (json!({"background": "img-1"}), "img-1 cannot be its own background"),
        (json!({"background": "img-5"}), "there is img-1"),
        (json!({"region": [400, 10, 500, 90]}), "lies outside img-1, which is 200 x 140 pixels"),
        (json!({"region": "dog"}), "there is no region \"dog\""),
        (json!({"color": "white"}), "background has no argument \"color\""),
    ] {
        let error = call(&cx, "background", args).await.unwrap_err();
        assert!(error.kind == ToolErrorKind::InvalidInput && error.feedback.contains(part), "{}", error.feedback);
    }
    let deep: ImageBuffer<Luma<u16>, Vec<u16>> = ImageBuffer::new(40, 30);
    for picture in
        [DynamicImage::new_rgb8(1, 1), DynamicImage::new_rgb8(20_000, 10), DynamicImage::new_rgba8(64, 64), deep.into()]
    {
        let size = (picture.width(), picture.height());
        let (cx, _) = self::cx(picture);
        let error = call(&cx, "background", json!({})).await.unwrap_err();
        assert!(
            error.feedback.contains("nothing stands out from the background of img-1"),
            "{size:?}: {}",
            error.feedback
        );
        assert_eq!(cx.images.images().len(), 1);
    }
}

#[test]
fn the_examples_parse() {
    for example in Background::examples() {
        serde_json::from_value::<BackgroundInput>(example.input).unwrap();
    }
}
