#![expect(clippy::unwrap_used, reason = "a failed set-up fails the test")]

use std::sync::Arc;

use image::{DynamicImage, Rgb, RgbImage};
use serde_json::{Value, json};

use super::{Match, blip};
use crate::{
    image::{ImageStore, Origin},
    onnx::{ElementType, NoModels, Signature, fake::tensor},
    tool::{Observation, ToolCx, ToolError, ToolErrorKind, Toolbox},
};

/// Half red, half white; nothing that detects or reads.
fn cx() -> ToolCx {
    let picture = RgbImage::from_fn(120, 60, |x, _| if x < 60 { Rgb([200, 20, 30]) } else { Rgb([250, 250, 250]) });
    let images = ImageStore::new();
    images.insert(DynamicImage::ImageRgb8(picture), Origin::Memory("drawn".into()));
    ToolCx::new(images, Arc::new(NoModels))
}

async fn call(cx: &ToolCx, args: Value) -> Result<Observation, ToolError> {
    Toolbox::new().with(Match).call("match", args, cx).await
}

#[tokio::test]
async fn without_any_model_the_scene_answers_and_says_so() {
    let cx = cx();
    let seen = call(&cx, json!({"texts": ["a red kangaroo", "a green sea"], "map": true, "grid": true})).await.unwrap();
    let value = &seen.value;
    assert_eq!((&value["source"], &value["map_source"]), (&json!("composed"), &json!("composed")));
    assert_eq!(value["missing"], json!(["objects", "text"]));
    assert_eq!((&value["scores"][0]["score"], &value["scores"][1]["score"]), (&json!(0.5), &json!(0.0)));
    let relevance = &value["scores"][0]["relevance"];
    assert_eq!((&relevance["rows"], &relevance["columns"]), (&json!(24), &json!(24)));
    let values: Vec<f64> = serde_json::from_value(relevance["values"].clone()).unwrap();
    assert!((values.iter().sum::<f64>() - 1.0).abs() < 5e-4);
    assert!(values[24 * 5 + 3] > 4.0 * values[24 * 5 + 20], "red is on the left");
    let lit = cx.images.get(value["scores"][0]["map"].as_str().unwrap()).unwrap();
    assert_eq!((lit.parent.as_deref(), lit.pixels.width(), lit.pixels.height()), (Some("img-1"), 120, 60));
    let lit = lit.pixels.to_rgb8();
    assert!(lit.get_pixel(20, 30).0[0] > 150 && lit.get_pixel(110, 30).0[0] < 90, "light on the left alone");
    assert!(
        seen.text.starts_with("\"a red kangaroo\" 0.50, light in img-2 where it is relevant, 24 x 24 patches; "),
        "{}",
        seen.text
    );
    assert!(seen.text.ends_with("(not looked at: objects, text)"), "{}", seen.text);
}

#[tokio::test]
async fn maps_are_made_only_where_they_are_asked_for() {
    let cx = cx();
    let seen = call(&cx, json!({"image": "img-1", "texts": "red, white and blue"})).await.unwrap().value;
    assert_eq!(
        seen["scores"],
        json!([{"text": "red, white and blue", "score": 0.667}]),
        "commas do not part sentences"
    );
    assert_eq!((seen.get("map_source"), cx.images.images().len()), (None, 1));
}

#[tokio::test]
async fn what_cannot_be_matched_is_named() {
    let cx = cx();
    for (args, part) in [
        (json!({}), "texts"),
        (json!({"texts": []}), "0 texts are given; it must be 1 to 64"),
        (json!({"texts": vec!["a cat"; 65]}), "65 texts"),
        (json!({"texts": ["a cat", "  "]}), "the text \"\" has no words"),
        (json!({"texts": ["?!"]}), "the text \"?!\" has no words"),
        (json!({"texts": ["x".repeat(10_000)]}), "has 10000 characters"),
        (json!({"texts": ["a cat"], "image": "img-3"}), "there is no image \"img-3\""),
        (json!({"texts": 5}), "expected a list of texts"),
    ] {
        let error = call(&cx, args).await.unwrap_err();
        assert_eq!(error.kind, ToolErrorKind::InvalidInput);
        assert!(error.feedback.contains(part), "{}", error.feedback);
    }
    cx.images.insert(DynamicImage::new_rgb8(1, 1), Origin::Stdin);
    assert!(call(&cx, json!({"texts": ["a cat"], "map": true, "grid": true})).await.is_ok(), "one pixel is a picture");
}

#[test]
fn the_signature_tells_a_matcher_from_others() {
    let of = |inputs: &[&str], outputs: &[&str]| Signature {
        inputs: inputs
            .iter()
            .map(|name| match *name {
                "pixel_values" => tensor(name, ElementType::F32, &[1, 3, 384, 384]),
                _ => tensor(name, ElementType::I64, &[0, 0]),
            })
            .collect(),
        outputs: outputs.iter().map(|name| tensor(name, ElementType::F32, &[0, 0])).collect(),
        ..Signature::default()
    };
    let usual = ["pixel_values", "input_ids", "attention_mask"];
    for (outputs, family) in [
        (&["itm_logits", "gradcam"][..], "BLIP image-text matching with Grad-CAM"),
        (&["itm_logits", "attention"], "BLIP image-text matching with attention maps"),
        (&["itm_logits"], "BLIP image-text matching"),
    ] {
        let found = blip::recognize(&of(&usual, outputs)).unwrap();
        assert_eq!((found.role, found.family, found.size), ("match", family, Some([384, 384])));
    }
    assert!(blip::read(&of(&usual, &["logits"])).unwrap_err().contains("no output itm_logits"));
    assert!(blip::read(&of(&["pixel_values", "input_ids", "bbox"], &["itm_logits"])).unwrap_err().contains("bbox"));
    assert!(blip::read(&of(&["input_ids"], &["itm_logits"])).unwrap_err().contains("no input pixel_values"));
}
