//! Redaction and backgrounds on sample pictures with the real models: what is hidden cannot be found again, and what is cut
//! out stands alone.
#![expect(clippy::unwrap_used, reason = "a test fails where its set-up does")]

use std::sync::Arc;

use argus_tools::{
    image::{ImageStore, LoadLimits, Origin, decode},
    onnx::{PoolOptions, SessionPool},
    store::{Store, StoreOptions},
    tool::{Observation, ToolCx, Toolbox},
    vision::{background::Background, faces::Faces, read_code::ReadCode, read_text::ReadText, redact::Redact},
};
use serde_json::{Value, json};

/// The sample of a name as `img-1`.
async fn sample(name: &str) -> ToolCx {
    let store = Store::open(StoreOptions::from_env().unwrap()).unwrap();
    let bytes = std::fs::read(store.sample(name).await.unwrap()).unwrap();
    let images = ImageStore::new();
    images.insert(decode(&bytes, &LoadLimits::default()).unwrap(), Origin::Sample(name.into()));
    ToolCx::new(images, Arc::new(SessionPool::new(store, PoolOptions::default())))
}

fn tools() -> Toolbox {
    Toolbox::new().with(Faces).with(ReadCode).with(ReadText).with(Redact).with(Background)
}

async fn call(cx: &ToolCx, tool: &str, args: Value) -> Observation {
    tools().call(tool, args, cx).await.unwrap()
}

#[test]
fn a_model_is_told_what_every_argument_is() {
    for spec in tools().specs().filter(|spec| spec.name != "read_text") {
        assert!(spec.summary.len() < 120 && spec.advanced, "{}: {}", spec.name, spec.summary);
        for argument in spec.arguments() {
            assert!(!argument.description.is_empty() && argument.kind != "any", "{}: {argument:?}", spec.name);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hidden_face_is_not_found_again() {
    for method in ["pixelate", "blur", "black"] {
        let cx = sample("astronaut").await;
        let seen = call(&cx, "redact", json!({"regions": ["faces"], "method": method})).await;
        assert_eq!(seen.value["hidden"], json!(["img-1/face-1"]), "{}", seen.text);
        let after = call(&cx, "faces", json!({"image": "img-2", "min_score": 0.3})).await;
        assert_eq!(after.value["count"], 0, "{method}: {}", after.text);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn hidden_text_cannot_be_read() {
    let cx = sample("page").await;
    let before = call(&cx, "read_text", json!({"image": "img-1"})).await;
    let seen = call(&cx, "redact", json!({"image": "img-1", "regions": "text"})).await;
    assert_eq!(seen.value["places"].as_u64(), before.value["lines"].as_array().map(|lines| lines.len() as u64));
    let after = call(&cx, "read_text", json!({"image": "img-2"})).await;
    let left = after.value["text"].as_str().unwrap();
    assert!(left.len() < 20, "{left}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_background_of_the_cat_goes() {
    let cx = sample("cat").await;
    call(&cx, "background", json!({"image": "img-1"})).await;
    call(&cx, "background", json!({"image": "img-1", "background": "#00ff00"})).await;
    let clear = cx.images.get("img-2").unwrap().pixels.to_rgba8();
    let green = cx.images.get("img-3").unwrap().pixels.to_rgb8();
    let whole = cx.images.get("img-1").unwrap().pixels.to_rgb8();
    assert_eq!(clear.dimensions(), whole.dimensions());
    // Behind its ears, and the middle of its face.
    assert_eq!((clear.get_pixel(4, 4).0[3], green.get_pixel(4, 4).0), (0, [0, 255, 0]));
    assert_eq!((clear.get_pixel(220, 150).0[3], green.get_pixel(220, 150)), (255, whole.get_pixel(220, 150)));
}
