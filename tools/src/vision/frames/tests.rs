#![expect(clippy::unwrap_used, reason = "a failed set-up fails the test")]

use std::sync::Arc;

use image::DynamicImage;
use serde_json::{Value, json};

use super::*;
use crate::{
    image::{
        Clip, ImageStore, Loaded, Origin,
        clips::{clip, gif, plain},
    },
    onnx::NoModels,
    tool::{Observation, ToolErrorKind, Toolbox},
};

/// `img-1` is a still picture, `img-2` a clip.
fn session(clip: Clip) -> ToolCx {
    let images = ImageStore::new();
    images.insert(DynamicImage::new_rgb8(24, 16), Origin::Memory("still".into()));
    let pixels = DynamicImage::ImageRgba8(plain([250, 0, 0]));
    images.take_in(Loaded { pixels, origin: Origin::Memory("clip".into()), clip: Some(Arc::new(clip)) });
    images.insert(DynamicImage::new_rgb8(24, 16), Origin::Memory("another".into()));
    ToolCx::new(images, Arc::new(NoModels))
}

/// Two seconds of red, then one of blue, in half seconds.
fn two_scenes() -> ToolCx {
    let red = (0..4).map(|step| [250, step * 2, 0]);
    let blue = (0..2).map(|step| [0, step * 2, 250]);
    session(clip(gif(red.chain(blue).map(|color| (plain(color), 500)).collect())))
}

async fn call(cx: &ToolCx, args: Value) -> Result<Observation, ToolError> {
    Toolbox::new().with(Frames).call("frames", args, cx).await
}

fn of(value: &Value, field: &str) -> Value {
    value["frames"].as_array().unwrap().iter().map(|frame| frame[field].clone()).collect()
}

#[tokio::test]
async fn frames_are_spread_evenly_and_know_their_parent() {
    let cx = two_scenes();
    let seen = call(&cx, json!({"count": 3})).await.unwrap();
    assert_eq!(of(&seen.value, "time"), json!([0.5, 1.5, 2.5]));
    assert_eq!(of(&seen.value, "image"), json!(["img-4", "img-5", "img-6"]));
    assert_eq!(
        (&seen.value["duration"], &seen.value["frame_count"], &seen.value["fps"]),
        (&json!(3.0), &json!(6), &json!(2.0))
    );
    assert_eq!(
        seen.text,
        "the clip is 3.0 s long, 6 frames; 3 frames as images: img-4 at 0.5 s, img-5 at 1.5 s, img-6 at 2.5 s"
    );
    let last = cx.images.get("img-6").unwrap();
    assert_eq!(last.parent.as_deref(), Some("img-2"), "the newest clip, not the newest image");
    assert_eq!(last.operation.as_ref().unwrap().args, json!({"image": "img-2", "time": 2.5}));
    assert_eq!(last.pixels.to_rgb8().get_pixel(5, 5).0, [0, 2, 250]);
}

#[tokio::test]
async fn no_more_frames_than_there_are() {
    let seen = call(&two_scenes(), json!({"image": "img-2", "count": 16})).await.unwrap();
    assert_eq!(of(&seen.value, "time").as_array().unwrap().len(), 6);
    let seen = call(&two_scenes(), json!({"count": 5, "start": 2.1, "end": 2.3})).await.unwrap();
    assert_eq!(of(&seen.value, "time"), json!([2.2]));
}

#[tokio::test]
async fn every_so_many_seconds_in_a_stretch() {
    let seen = call(&two_scenes(), json!({"every": 1, "start": 0.5})).await.unwrap();
    assert_eq!(of(&seen.value, "time"), json!([0.5, 1.5, 2.5]));
    let seen = call(&two_scenes(), json!({"every": 0.5, "end": 1.5})).await.unwrap();
    assert_eq!(of(&seen.value, "time"), json!([0.0, 0.5, 1.0]));
}

#[tokio::test]
async fn scenes_begin_where_the_picture_changes() {
    let seen = call(&two_scenes(), json!({"scenes": true})).await.unwrap();
    assert_eq!(of(&seen.value, "scene"), json!([[0.0, 2.0], [2.0, 3.0]]));
    assert_eq!(of(&seen.value, "time"), json!([1.0, 2.5]));
    assert_eq!(
        seen.text,
        "the clip is 3.0 s long, 6 frames; 2 scenes as images: img-4 shows the scene from 0.0 to 2.0 s, img-5 shows the \
         scene from 2.0 to 3.0 s"
    );
    let colors = [[0, 0, 0], [250, 0, 0], [0, 0, 250], [250, 250, 250]];
    let many = session(clip(gif(colors.map(|color| (plain(color), 1000)).to_vec())));
    let seen = call(&many, json!({"scenes": true, "count": 2})).await.unwrap();
    assert_eq!(seen.value["more_scenes"], 2);
    assert_eq!(of(&seen.value, "time").as_array().unwrap().len(), 2, "the strongest cut alone counts");
}

#[tokio::test]
async fn wrong_arguments_say_what_would_be_right() {
    let cx = two_scenes();
    let mut all = Vec::new();
    for args in [
        json!({"image": "img-1"}),
        json!({"image": "img-9"}),
        json!({"count": 0}),
        json!({"count": 17}),
        json!({"every": 0}),
        json!({"every": 0.1}),
        json!({"every": 1, "scenes": true}),
        json!({"start": 3}),
        json!({"start": -1}),
        json!({"start": 2, "end": 1}),
    ] {
        let error = call(&cx, args).await.unwrap_err();
        assert_eq!(error.kind, ToolErrorKind::InvalidInput, "{error}");
        all.push(error.feedback);
    }
    insta::assert_snapshot!(all.join("\n"), @r#"
    img-1 is a single picture, no video or animation; clips are: img-2
    there is no image "img-9"; there is img-1, img-2, img-3
    count is 0; it must be from 1 to 16
    count is 17; it must be from 1 to 16
    every is 0; it must be 0.01 seconds or more
    one frame every 0.1 s of 3.0 s gives 30 frames, more than 16; give every of at least 0.19, or a shorter stretch by start and end
    scenes and every exclude each other; give one of them
    start is 3; img-2 is 3.0 s long, so it must be from 0 to less than that
    start is -1; img-2 is 3.0 s long, so it must be from 0 to less than that
    end is 1; it must be more than start, which is 2
    "#);
    let empty = ToolCx::new(ImageStore::new(), Arc::new(NoModels));
    assert_eq!(call(&empty, json!({})).await.unwrap_err().feedback, "there is no image yet");
}

#[tokio::test]
async fn a_call_ends_when_it_is_cancelled() {
    let cx = two_scenes();
    cx.cancel.cancel();
    let error = call(&cx, json!({})).await.unwrap_err();
    assert_eq!(error.kind, ToolErrorKind::Cancelled);
}

#[cfg(unix)]
#[tokio::test]
async fn a_video_gives_frames_too_and_its_errors_hold_no_path() {
    use crate::image::{Programs, clips::fakes};
    let folder = tempfile::tempdir().unwrap();
    let video = Clip::video("/secret/place.mp4".into(), fakes(folder.path()));
    let seen = call(&session(video), json!({"count": 1})).await.unwrap();
    assert_eq!((&seen.value["frame_count"], of(&seen.value, "time")), (&json!(20), json!([1.0])));
    let missing = Programs { ffprobe: "/nowhere/ffprobe".into(), ffmpeg: "/nowhere/ffmpeg".into() };
    let error = call(&session(Clip::video("/secret/place.mp4".into(), missing)), json!({})).await.unwrap_err();
    assert!(error.message.contains("is not on PATH") && error.hint.unwrap().contains("ffmpeg"), "{}", error.message);
    assert_eq!(error.feedback, "the clip of img-2 cannot be read here; only its first frame can be looked at");
}
