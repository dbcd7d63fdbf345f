#![expect(clippy::unwrap_used, reason = "tests")]

use std::sync::Arc;

use futures_util::future::BoxFuture;
use image::{DynamicImage, ImageBuffer, Rgb, RgbImage};
use serde_json::{Value, json};

use super::*;
use crate::{
    image::{ImageStore, NewRegion, Origin, RegionKind},
    onnx::{LoadContext, LoadedModel, ModelProvider},
    tool::{Observation, Tool, ToolCx, ToolError, ToolErrorKind, Toolbox},
    vision::faces::fakes,
};

/// Fine stripes: every detail is lost if only means of cells are left.
fn striped(width: u32, height: u32, phase: u32) -> RgbaImage {
    RgbaImage::from_fn(width, height, |x, y| {
        if (x + y + phase).is_multiple_of(2) { Rgba([250, 40, 90, 255]) } else { Rgba([20, 200, 30, 255]) }
    })
}

fn bbox(x1: f32, y1: f32, x2: f32, y2: f32) -> BBox {
    BBox { x1, y1, x2, y2 }
}

#[test]
fn only_means_of_few_cells_are_left_and_nothing_else_changes() {
    let place = bbox(40.0, 20.0, 136.0, 148.0);
    for method in [RedactMethod::Pixelate, RedactMethod::Blur, RedactMethod::Black] {
        let [mut a, mut b] = [0, 1].map(|phase| striped(200, 160, phase));
        assert!(hide(&mut a, &Outline::Rectangle(place), method) && hide(&mut b, &Outline::Rectangle(place), method));
        let before = striped(200, 160, 0);
        let mut colors = std::collections::BTreeSet::new();
        for (x, y, pixel) in a.enumerate_pixels() {
            if (40..136).contains(&x) && (20..148).contains(&y) {
                // Both had the same means and no pixel in common.
                assert_eq!(pixel, b.get_pixel(x, y), "{method:?} at {x} {y}");
                colors.insert(pixel.0);
            } else {
                assert_eq!(pixel, before.get_pixel(x, y), "{method:?} at {x} {y}");
            }
        }
        assert!(method == RedactMethod::Blur || colors.len() <= 64, "{method:?}: {} colours", colors.len());
    }
}

#[test]
fn a_wide_line_keeps_no_letters() {
    // Letters of 6 x 10 pixels in a line of 320 x 12: cells are 40 wide.
    let mut line =
        RgbaImage::from_fn(320, 12, |x, y| if x % 8 < 3 && y > 1 { Rgba([0, 0, 0, 255]) } else { Rgba([255; 4]) });
    hide(&mut line, &Outline::Rectangle(bbox(0.0, 0.0, 320.0, 12.0)), RedactMethod::Pixelate);
    let colors: std::collections::BTreeSet<[u8; 4]> = line.pixels().map(|pixel| pixel.0).collect();
    assert_eq!(colors.len(), 1, "{colors:?}");
}

#[test]
fn shapes_leave_their_corners() {
    let place = bbox(20.0, 20.0, 80.0, 60.0);
    let hidden = |outline: &Outline| {
        let mut picture = RgbaImage::from_pixel(100, 80, Rgba([255; 4]));
        assert!(hide(&mut picture, outline, RedactMethod::Black));
        move |x: u32, y: u32| picture.get_pixel(x, y).0 == [0, 0, 0, 255]
    };
    let ellipse = hidden(&Outline::Ellipse(place));
    assert!(ellipse(50, 40) && ellipse(22, 40) && ellipse(50, 58) && !ellipse(22, 22) && !ellipse(78, 58));
    let quad = hidden(&Outline::Quad(Quad([[50.0, 10.0], [90.0, 40.0], [50.0, 70.0], [10.0, 40.0]])));
    assert!(quad(50, 40) && quad(50, 12) && !quad(15, 15) && !quad(85, 65));
    assert!(!hide(&mut RgbaImage::new(10, 10), &Outline::Rectangle(place), RedactMethod::Black));
}

/// Has the fake face detector and nothing else.
struct FacesOnly;

impl ModelProvider for FacesOnly {
    fn load<'a>(&'a self, role: &'a str, _: LoadContext<'a>) -> BoxFuture<'a, Result<Arc<LoadedModel>, ToolError>> {
        Box::pin(async move {
            if role == "faces" {
                return Ok(Arc::new(fakes::centerface(1)));
            }
            Err(ToolError::model_unavailable(format!("no model for the role {role}")))
        })
    }
}

fn cx(picture: impl Into<DynamicImage>) -> ToolCx {
    let images = ImageStore::new();
    images.insert(picture.into(), Origin::Memory("drawn".into()));
    ToolCx::new(images, Arc::new(FacesOnly))
}

/// The drawn face (60..180 x 50..150), a cup and a slanted line of text.
fn scene() -> ToolCx {
    let cx = cx(fakes::picture().0);
    let region = |stem: &str, kind, bbox, quad| NewRegion {
        stem: stem.into(),
        label: stem.into(),
        kind,
        score: 0.9,
        bbox,
        quad,
    };
    let line = Quad([[200.0, 20.0], [290.0, 40.0], [286.0, 58.0], [196.0, 38.0]]);
    cx.images.name_regions(
        "img-1",
        vec![
            region("cup", RegionKind::Object, bbox(10.0, 160.0, 50.0, 190.0), None),
            region("cup", RegionKind::Object, bbox(210.0, 160.0, 250.0, 190.0), None),
            region("line", RegionKind::Line, line.bounds(), Some(line)),
        ],
    );
    cx
}

async fn call(cx: &ToolCx, args: Value) -> Result<Observation, ToolError> {
    Toolbox::new().with(Redact).call("redact", args, cx).await
}

#[tokio::test]
async fn faces_are_looked_for_and_hidden_with_their_hair() {
    let cx = scene();
    let seen = call(&cx, json!({"regions": "faces", "method": "black", "shape": "ellipse"})).await.unwrap();
    // The weak one in the corner is hidden too.
    assert_eq!(seen.value["hidden"], json!(["img-1/face-1", "img-1/face-2"]), "{}", seen.value);
    assert_eq!(seen.text, "img-2 hides 2 places: img-1/face-1, img-1/face-2");
    let picture = cx.images.get("img-2").unwrap();
    assert_eq!(
        (picture.parent.as_deref(), picture.operation.as_ref().unwrap().tool.as_str()),
        (Some("img-1"), "redact")
    );
    let pixels = picture.pixels.to_rgb8();
    assert!(pixels.pixels().filter(|pixel| pixel.0 == [255; 3]).count() < 700, "the ellipse reaches over the box");
}

#[tokio::test]
async fn handles_labels_boxes_and_lines_are_hidden() {
    let cx = scene();
    let seen = call(&cx, json!({"regions": ["cup", "img-1/line-1", [70, 60, 110, 90]]})).await.unwrap();
    let hidden = json!(["img-1/cup-1", "img-1/cup-2", "img-1/line-1", "the area [70, 60, 110, 90]"]);
    assert_eq!((&seen.value["places"], &seen.value["hidden"]), (&json!(4), &hidden));
    let again = call(&cx, json!({"regions": ["cup", "cup-1"], "image": "img-1"})).await.unwrap();
    assert_eq!(again.value["places"], 2, "each place once: {}", again.value);
    let mut lit = RgbImage::from_pixel(300, 200, Rgb([200; 3]));
    lit.put_pixel(245, 40, Rgb([1, 2, 3]));
    let lit = cx.images.insert(lit.into(), Origin::Stdin);
    let quad = Quad([[200.0, 20.0], [290.0, 40.0], [286.0, 58.0], [196.0, 38.0]]);
    let line = NewRegion {
        stem: "line".into(),
        label: "name".into(),
        kind: RegionKind::Line,
        score: 0.9,
        bbox: quad.bounds(),
        quad: Some(quad),
    };
    cx.images.name_regions(&lit.handle, vec![line]);
    call(&cx, json!({"regions": [format!("{}/line-1", lit.handle)]})).await.unwrap();
    let pixels = cx.images.newest().unwrap().pixels.to_rgb8();
    assert_eq!(pixels.get_pixel(245, 40).0, [0; 3], "text is blackened, not pixelated");
    assert_eq!(pixels.get_pixel(285, 24).0, [200; 3], "outside the slanted line nothing changes");
}

#[tokio::test]
async fn nothing_found_is_a_result() {
    let cx = cx(RgbImage::from_pixel(64, 48, Rgb([90; 3])));
    let seen = call(&cx, json!({"regions": ["codes"]})).await.unwrap();
    assert_eq!(seen.value, json!({"places": 0, "hidden": [], "not_found": ["codes"]}));
    assert_eq!(seen.text, "no codes found: nothing was hidden and there is no new image");
    let some = call(&cx, json!({"regions": ["codes", [1, 1, 20, 20]]})).await.unwrap();
    assert_eq!(some.text, "img-2 hides 1 place: the area [1, 1, 20, 20]; no codes found");
}

#[tokio::test]
async fn odd_pictures_keep_their_kind() {
    let deep: ImageBuffer<Rgb<u16>, Vec<u16>> = ImageBuffer::from_pixel(40, 30, Rgb([60_000, 9, 9]));
    let clear = RgbaImage::from_pixel(40, 30, Rgba([9, 9, 200, 0]));
    let pictures: [(DynamicImage, [f32; 4]); 4] = [
        (RgbImage::new(1, 1).into(), [0.0, 0.0, 1.0, 1.0]),
        (RgbImage::new(20_000, 10).into(), [10.0, 0.0, 19_000.0, 10.0]),
        (deep.into(), [0.0, 0.0, 40.0, 30.0]),
        (clear.into(), [0.0, 0.0, 40.0, 30.0]),
    ];
    for (picture, place) in pictures {
        let (size, alpha) = ((picture.width(), picture.height()), picture.color().has_alpha());
        for method in ["pixelate", "blur", "black"] {
            let cx = cx(picture.clone());
            call(&cx, json!({"regions": [place], "method": method})).await.unwrap();
            let made = cx.images.newest().unwrap();
            assert_eq!(((made.width(), made.height()), made.pixels.color().has_alpha()), (size, alpha), "{method}");
        }
    }
}

#[tokio::test]
async fn wrong_arguments_say_what_is_right() {
    let cx = scene();
    for (args, part) in [
        (json!({"regions": []}), "regions is empty; it takes \"faces\""),
        (json!({"regions": ["dog"]}), "there is no region \"dog\"; img-1 has img-1/cup-1"),
        (json!({"regions": [[400, 10, 500, 90]]}), "lies outside img-1, which is 300 x 200 pixels"),
        (json!({"regions": ["cup"], "method": "erase"}), "pixelate"),
        (json!({"image": "img-9", "regions": ["faces"]}), "there is img-1"),
        (json!({}), "regions"),
    ] {
        let error = call(&cx, args).await.unwrap_err();
        assert!(error.kind == ToolErrorKind::InvalidInput && error.feedback.contains(part), "{}", error.feedback);
    }
    let error = call(&cx, json!({"regions": ["text"]})).await.unwrap_err();
    assert_eq!(error.kind, ToolErrorKind::ModelUnavailable, "the readers load when text is asked for");
    assert_eq!(cx.images.images().len(), 1, "no half-hidden image is left behind");
}

#[test]
fn the_examples_parse() {
    for example in Redact::examples() {
        serde_json::from_value::<RedactInput>(example.input).unwrap();
    }
}
