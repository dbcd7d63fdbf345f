#![expect(clippy::expect_used, reason = "a test fails where its set-up does")]

use std::sync::Arc;

use image::{DynamicImage, Rgb, RgbImage};
use serde_json::json;

use super::{Caption, Scene, compose, scene::keep_inside};
use crate::{
    geom::BBox,
    image::{ImageStore, Origin},
    onnx::NoModels,
    tool::{ToolCx, Toolbox},
    vision::detect::DetectedObject,
};

fn object(label: &str, score: f32, bbox: [f32; 4]) -> (String, f32, BBox) {
    (label.to_owned(), score, bbox.into())
}

fn colors(shares: &[(&str, f32)]) -> Vec<(String, f32)> {
    shares.iter().map(|(name, share)| ((*name).to_owned(), *share)).collect()
}

fn scene() -> Scene {
    Scene { width: 640, height: 480, ..Scene::default() }
}

fn crowd() -> Vec<(String, f32, BBox)> {
    let people = (0..14).map(|i| object("person", 0.8, [i as f32 * 40.0, 200.0, i as f32 * 40.0 + 35.0, 330.0]));
    let rest = ["car", "bus", "truck", "dog", "bench", "kite", "tie"]
        .into_iter()
        .enumerate()
        .map(|(i, label)| object(label, 0.6, [400.0 + i as f32 * 20.0, 60.0, 418.0 + i as f32 * 20.0, 90.0]));
    people.chain(rest).collect()
}

#[test]
fn scenes_read_as_english() {
    let lines = |texts: &[&str]| texts.iter().map(|&text| text.to_owned()).collect::<Vec<_>>();
    let scenes = [
        (
            "cat",
            Scene {
                objects: vec![object("cat", 0.9, [100.0, 80.0, 500.0, 420.0])],
                colors: colors(&[("brown", 0.5), ("gray", 0.3), ("white", 0.04)]),
                ..scene()
            },
        ),
        (
            "close-up",
            Scene {
                objects: vec![object("elephant", 0.9, [5.0, 5.0, 630.0, 470.0])],
                colors: colors(&[("gray", 0.8)]),
                ..scene()
            },
        ),
        (
            "table",
            Scene {
                objects: vec![
                    object("cup", 0.9, [60.0, 100.0, 160.0, 220.0]),
                    object("cup", 0.8, [80.0, 240.0, 170.0, 330.0]),
                    object("spoon", 0.7, [460.0, 300.0, 600.0, 330.0]),
                    object("fork", 0.2, [10.0, 10.0, 20.0, 20.0]),
                ],
                colors: colors(&[("tan", 0.6), ("white", 0.2), ("brown", 0.15)]),
                ..scene()
            },
        ),
        (
            "street",
            Scene {
                objects: vec![
                    object("bus", 0.95, [190.0, 120.0, 480.0, 400.0]),
                    object("truck", 0.5, [192.0, 122.0, 478.0, 398.0]),
                    object("person", 0.8, [560.0, 200.0, 600.0, 330.0]),
                    object("person", 0.7, [600.0, 200.0, 630.0, 330.0]),
                ],
                colors: colors(&[("red", 0.3), ("green", 0.3), ("gray", 0.2), ("blue", 0.1)]),
                lines: lines(&["Qbuzz"]),
                ..scene()
            },
        ),
        (
            "crowd",
            Scene {
                objects: crowd(),
                colors: colors(&[("green", 0.5)]),
                lines: lines(&["SALE", "50%", "Open \"daily\"", "8", "from ten to six"]),
                ..scene()
            },
        ),
        (
            "in front",
            Scene {
                objects: vec![
                    object("dog", 0.9, [200.0, 200.0, 420.0, 478.0]),
                    object("chair", 0.8, [10.0, 100.0, 120.0, 300.0]),
                ],
                ..scene()
            },
        ),
        (
            "tiny",
            Scene {
                objects: vec![object("airplane", 0.9, [20.0, 20.0, 50.0, 35.0])],
                colors: colors(&[("light blue", 0.98)]),
                ..scene()
            },
        ),
        ("tools", Scene { objects: vec![object("scissors", 0.9, [20.0, 20.0, 320.0, 335.0])], ..scene() }),
        (
            "document",
            Scene {
                lines: (1..19).map(|i| format!("line number {i}")).collect(),
                colors: colors(&[("white", 0.9), ("black", 0.1)]),
                ..scene()
            },
        ),
        (
            "sign",
            Scene { lines: lines(&["STOP", "ALL WAY"]), colors: colors(&[("red", 0.7), ("white", 0.25)]), ..scene() },
        ),
        ("blank", Scene { colors: colors(&[("white", 1.0)]), ..scene() }),
        ("plain", Scene { colors: colors(&[("blue", 0.99)]), ..scene() }),
        (
            "unknown thing",
            Scene {
                salient: Some((BBox::from([200.0, 100.0, 450.0, 400.0]), 0.3)),
                colors: colors(&[("green", 0.6), ("yellow", 0.3)]),
                ..scene()
            },
        ),
        ("nothing", Scene { colors: colors(&[("green", 0.6), ("yellow", 0.3)]), ..scene() }),
        ("empty", Scene::default()),
    ];
    let all: Vec<String> = scenes.iter().map(|(name, scene)| format!("{name}: {}", compose(scene))).collect();
    insta::assert_snapshot!(all.join("\n"));
}

#[tokio::test]
async fn without_models_the_colors_remain_and_the_gap_is_told() {
    let images = ImageStore::new();
    let red = RgbImage::from_pixel(40, 30, Rgb([200, 20, 30]));
    images.insert(DynamicImage::ImageRgb8(red), Origin::Memory("red".into()));
    let cx = ToolCx::new(images, Arc::new(NoModels));
    let told = Toolbox::new().with(Caption).call("caption", json!({"image": "img-1"}), &cx).await.expect("a caption");
    assert_eq!(
        told.value,
        json!({"caption": "A plain red image without visible content.", "source": "composed", "missing": ["objects", "text"]})
    );
    assert_eq!(told.text, "A plain red image without visible content. (not looked at: objects, text)");
}

#[tokio::test]
async fn without_a_captioner_any_detail_is_composed_and_says_so() {
    let images = ImageStore::new();
    images.insert(DynamicImage::ImageRgb8(RgbImage::from_pixel(1, 1, Rgb([0, 0, 0]))), Origin::Memory("dot".into()));
    let cx = ToolCx::new(images, Arc::new(NoModels));
    for (detail, remark) in [
        ("detailed", "no captioning model is available: composed from other findings"),
        ("regions", "no captioning model is available: the regions are detected objects"),
    ] {
        let told =
            Toolbox::new().with(Caption).call("caption", json!({"detail": detail}), &cx).await.expect("a caption");
        assert_eq!((&told.value["source"], &told.value["remark"]), (&json!("composed"), &json!(remark)));
        assert_eq!(told.value.get("regions"), None);
        assert!(told.text.ends_with(&format!("(not looked at: objects, text) ({remark})")), "{}", told.text);
    }
}

#[tokio::test]
async fn a_part_is_composed_by_itself() {
    let images = ImageStore::new();
    let halves = RgbImage::from_fn(80, 30, |x, _| if x < 40 { Rgb([200, 20, 30]) } else { Rgb([20, 60, 220]) });
    images.insert(DynamicImage::ImageRgb8(halves), Origin::Memory("halves".into()));
    let cx = ToolCx::new(images, Arc::new(NoModels));
    let call = async |args| Toolbox::new().with(Caption).call("caption", args, &cx).await;
    for (region, color) in [(json!([0, 0, 40, 30]), "red"), (json!("[41, 0, 80, 30]"), "blue")] {
        let told = call(json!({"region": region})).await.expect("a caption").value;
        assert_eq!(told["caption"], format!("A plain {color} image without visible content."));
    }
    let told = call(json!({"sampling": {"seed": 4}})).await.expect("a caption").value;
    assert_eq!(told["remark"], "no captioning model is available: composed, and the same whatever the sampling");
    let error = call(json!({"region": [80, 0, 90, 30]})).await.expect_err("outside");
    assert!(error.feedback.contains("lies outside img-1"), "{}", error.feedback);
}

#[test]
fn a_part_has_the_objects_that_lie_in_it_or_cover_it() {
    let named = |label: &str, corners: [f32; 4]| DetectedObject {
        handle: String::new(),
        label: label.into(),
        score: 0.9,
        bbox: corners.into(),
    };
    let mut objects = vec![
        named("cup", [105.0, 105.0, 125.0, 125.0]),
        named("table", [0.0, 90.0, 400.0, 300.0]),
        named("spoon", [140.0, 110.0, 200.0, 130.0]),
        named("dog", [300.0, 0.0, 390.0, 80.0]),
    ];
    keep_inside(&mut objects, Some((100, 100, 50, 50)));
    assert_eq!(objects.iter().map(|object| object.label.as_str()).collect::<Vec<_>>(), ["cup", "table"]);
    keep_inside(&mut objects, None);
    assert_eq!(objects.len(), 2);
}
