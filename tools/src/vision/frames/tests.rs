#![expect(clippy::unwrap_used, reason = "a failed set-up fails the test")]

use std::sync::Arc;

use futures_util::future::BoxFuture;
use image::{DynamicImage, Rgba, RgbaImage};
use ndarray::{Array, IxDyn};
use serde_json::{Value, json};

use super::*;
use crate::{
    image::{
        Clip, ImageStore, Loaded, Origin,
        clips::{clip, gif, plain},
    },
    onnx::{
        ElementType, LoadContext, LoadedModel, ModelProvider, NoModels, Signature,
        fake::{FakeModel, FakeOutput, tensor},
    },
    store::ModelFacts,
    tool::{Observation, ToolErrorKind, Toolbox},
};

/// `img-1` is a still picture, `img-2` a clip.
fn session(clip: Clip) -> ToolCx {
    let images = ImageStore::new();
    images.insert(DynamicImage::new_rgb8(24, 16), Origin::Memory("still".into()));
    let pixels = DynamicImage::ImageRgba8(plain([250, 0, 0]));
    images.take_in(Loaded { pixels, origin: Origin::Memory("clip".into()), clip: Some(Arc::new(clip)), photo: None });
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

/// Finds a cup wherever there is white; there is no other model.
struct Cups;

impl ModelProvider for Cups {
    fn load<'a>(&'a self, role: &'a str, cx: LoadContext<'a>) -> BoxFuture<'a, Result<Arc<LoadedModel>, ToolError>> {
        if role != "detect" {
            return NoModels.load(role, cx);
        }
        let signature = Signature {
            inputs: vec![tensor("images", ElementType::F32, &[1, 3, 64, 64])],
            outputs: vec![tensor("output0", ElementType::F32, &[1, 300, 6])],
            ..Signature::default()
        };
        let facts = ModelFacts { labels: vec!["cup".into()], ..ModelFacts::default() };
        let model = FakeModel::loaded(signature, facts, |input| {
            let mut output = Array::zeros(IxDyn(&[1, 300, 6]));
            let white = (0..64).any(|x| (0..3).all(|channel| input[[0, channel, 32, x]] > 0.9));
            let row = if white { [24.0, 24.0, 40.0, 40.0, 0.9, 0.0] } else { [0.0; 6] };
            for (column, value) in row.into_iter().enumerate() {
                output[[0, 0, column]] = value;
            }
            vec![("output0", FakeOutput::F32(output))]
        });
        Box::pin(async move { Ok(Arc::new(model)) })
    }
}

#[tokio::test]
async fn what_happens_is_told_scene_by_scene() {
    let cup = RgbaImage::from_fn(24, 16, |x, y| {
        let within = (9..15).contains(&x) && (5..11).contains(&y);
        Rgba(if within { [255, 255, 255, 255] } else { [0, 120, 0, 255] })
    });
    let pictures = [(plain([250, 0, 0]), 1000), (cup.clone(), 500), (cup, 1000), (plain([0, 0, 250]), 500)];
    let mut cx = session(clip(gif(pictures.to_vec())));
    cx.models = Arc::new(Cups);
    let seen = call(&cx, json!({"describe": true})).await.unwrap();
    insta::assert_snapshot!(seen.text, @r"
    the clip is 3.0 s long; 3 scenes, each told by its middle:
    0.0 to 1.0 s, img-4: A plain red image without visible content.
    1.0 to 2.5 s, img-5: A cup in the center. The main color is green.
    2.5 to 3.0 s, img-6: A plain blue image without visible content.
    (not looked at: text)
    ");
    let scenes = seen.value["scenes"].as_array().unwrap();
    assert_eq!((&scenes[1]["start_s"], &scenes[1]["end_s"]), (&json!(1.0), &json!(2.5)));
    assert_eq!((&seen.value["source"], &seen.value["missing"]), (&json!("composed"), &json!(["text"])));
    // The same words as `caption` has for that frame.
    let tools = Toolbox::new().with(crate::vision::caption::Caption);
    let told = tools.call("caption", json!({"image": scenes[1]["image"]}), &cx).await.unwrap();
    assert_eq!(told.value["caption"], scenes[1]["caption"]);
    assert_eq!(cx.images.get(scenes[1]["image"].as_str().unwrap()).unwrap().parent.as_deref(), Some("img-2"));
    let first = call(&cx, json!({"describe": true, "image": "img-2", "count": 2})).await.unwrap();
    assert_eq!((first.value["scenes"].as_array().unwrap().len(), &first.value["more_scenes"]), (2, &json!(1)));
    let quick = call(&cx, json!({"image": "img-2", "scenes": true})).await.unwrap();
    assert_eq!((quick.value.get("scenes"), quick.value.get("source")), (None, None));
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
        json!({"every": 1, "describe": true}),
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
    describe and every exclude each other; give one of them
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
