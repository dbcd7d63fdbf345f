//! A clip made of a sample photo, through loading, `frames` and `track` with the real detector.
#![expect(clippy::unwrap_used, reason = "a test fails where its set-up does")]

use std::sync::Arc;

use argus_tools::{
    image::{FetchPolicy, Fetcher, ImageSource, ImageStore, LoadLimits},
    onnx::{PoolOptions, SessionPool},
    store::{Store, StoreOptions},
    tool::{ToolCx, Toolbox},
    vision::{frames::Frames, track::Track},
};
use image::{Delay, Frame, codecs::gif::GifEncoder};
use serde_json::json;

#[tokio::test]
async fn a_cup_is_followed_while_the_view_moves_over_the_photo() {
    let store = Store::open(StoreOptions::from_env().unwrap()).unwrap();
    let photo = image::open(store.sample("coffee").await.unwrap()).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("pan.gif");
    let mut encoder = GifEncoder::new_with_speed(std::fs::File::create(&path).unwrap(), 30);
    // The view goes 165 pixels to the right, so the cup goes as many to the left.
    for step in 0..12 {
        let view = photo.crop_imm(step * 15, 0, 400, 400).into_rgba8();
        encoder.encode_frame(Frame::from_parts(view, 0, 0, Delay::from_numer_denom_ms(200, 1))).unwrap();
    }
    drop(encoder);

    let fetcher = Fetcher::new(FetchPolicy::default()).unwrap();
    let loaded = ImageSource::Path(path).load(&fetcher, &store, &LoadLimits::default()).await.unwrap();
    assert!(loaded.clip.is_some());
    let cx = ToolCx::new(ImageStore::new(), Arc::new(SessionPool::new(store, PoolOptions::default())));
    cx.images.take_in(loaded);
    let tools = Toolbox::new().with(Frames).with(Track);

    let seen = tools.call("track", json!({"labels": ["cup"]}), &cx).await.unwrap().value;
    assert_eq!(seen["counts"], json!({"cup": 1}), "{seen}");
    let cup = &seen["objects"][0];
    assert_eq!((&cup["id"], &cup["motion"]), (&json!("cup-1"), &json!("left")), "{cup}");
    assert!(cup["seen"].as_array().unwrap().len() >= 10, "{cup}");
    let way = cup["first_box"][0].as_f64().unwrap() - cup["last_box"][0].as_f64().unwrap();
    assert!((way - 165.0).abs() < 12.0, "{cup}");

    let seen = tools.call("frames", json!({"count": 2}), &cx).await.unwrap().value;
    assert_eq!((&seen["duration"], &seen["frames"][1]["time"]), (&json!(2.4), &json!(1.8)));
    let last = cx.images.get("img-3").unwrap().pixels.to_rgb8();
    let there = photo.crop_imm(9 * 15, 0, 400, 400).to_rgb8();
    let apart: u64 = last.as_raw().iter().zip(there.as_raw()).map(|(a, b)| u64::from(a.abs_diff(*b))).sum();
    assert!(apart / (last.as_raw().len() as u64) < 12, "the frame at 1.8 s is the tenth view");
}
