#![expect(clippy::unwrap_used, reason = "a failed set-up fails the test")]

use std::sync::Arc;

use futures_util::future::BoxFuture;
use image::{DynamicImage, Rgba, RgbaImage};
use ndarray::{Array, ArrayD, IxDyn};
use serde_json::{Value, json};

use super::*;
use crate::{
    image::{
        ImageStore, Loaded, Origin,
        clips::{clip, gif},
    },
    onnx::{
        ElementType, LoadContext, LoadedModel, ModelProvider, Signature,
        fake::{FakeModel, FakeOutput, tensor},
    },
    store::ModelFacts,
    tool::{Observation, ToolErrorKind, Toolbox},
};

/// Finds what is all red ("ball") and what is all green ("box").
struct Detector;

impl ModelProvider for Detector {
    fn load<'a>(&'a self, _: &'a str, _: LoadContext<'a>) -> BoxFuture<'a, Result<Arc<LoadedModel>, ToolError>> {
        let signature = Signature {
            inputs: vec![tensor("images", ElementType::F32, &[1, 3, 320, 320])],
            outputs: vec![tensor("output0", ElementType::F32, &[1, 300, 6])],
            ..Signature::default()
        };
        let facts = ModelFacts { labels: vec!["ball".into(), "box".into()], ..ModelFacts::default() };
        let model = FakeModel::loaded(signature, facts, |input| {
            let mut output = Array::zeros(IxDyn(&[1, 300, 6]));
            for channel in 0..2 {
                let Some([x1, y1, x2, y2]) = colored(input, channel) else { continue };
                for (column, value) in [x1, y1, x2, y2, 0.8, channel as f32].into_iter().enumerate() {
                    output[[0, channel, column]] = value;
                }
            }
            vec![("output0", FakeOutput::F32(output))]
        });
        Box::pin(async move { Ok(Arc::new(model)) })
    }
}

/// Where one channel alone is bright.
fn colored(input: &ArrayD<f32>, channel: usize) -> Option<[f32; 4]> {
    let mut found: Option<[f32; 4]> = None;
    for y in 0..320 {
        for x in 0..320 {
            let bright = (0..3).all(|c| (input[[0, c, y, x]] > 0.7) == (c == channel));
            if bright {
                let (x, y) = (x as f32, y as f32);
                let b = found.get_or_insert([x, y, x, y]);
                *b = [b[0].min(x), b[1].min(y), b[2].max(x + 1.0), b[3].max(y + 1.0)];
            }
        }
    }
    found
}

/// Twelve frames of a tenth of a second: a red ball that goes to the right, a green box that stays and is gone at the end,
/// and in the last frame but one a green speck elsewhere.
fn session() -> ToolCx {
    let frames = (0..12_u32).map(|step| {
        let picture = RgbaImage::from_fn(64, 48, |x, y| {
            let within =
                |left: u32, top: u32, side: u32| (left..left + side).contains(&x) && (top..top + side).contains(&y);
            if within(4 + step * 4, 4, 12) {
                Rgba([255, 0, 0, 255])
            } else if (step < 8 && within(20, 28, 14)) || (step == 10 && within(2, 40, 5)) {
                Rgba([0, 255, 0, 255])
            } else {
                Rgba([40, 40, 60, 255])
            }
        });
        (picture, 100)
    });
    let images = ImageStore::new();
    let clip = Arc::new(clip(gif(frames.collect())));
    images.take_in(Loaded {
        pixels: DynamicImage::new_rgb8(64, 48),
        origin: Origin::Memory("clip".into()),
        clip: Some(clip),
        photo: None,
    });
    ToolCx::new(images, Arc::new(Detector))
}

async fn call(args: Value) -> Result<Observation, ToolError> {
    Toolbox::new().with(Track).call("track", args, &session()).await
}

#[tokio::test]
async fn objects_are_followed_counted_and_their_ways_told() {
    let seen = call(json!({"rate": 10})).await.unwrap();
    insta::assert_snapshot!(seen.text, @r"
    12 frames of 1.2 s were looked at
    1 different ball, at most 1 at once
    1 different box, at most 1 at once
    ball-1 from 0.1 to 1.1 s moves right
    box-1 from 0.1 to 0.8 s stays
    ");
    let ball = &seen.value["objects"][0];
    assert_eq!(
        (&ball["id"], &ball["motion"], ball["seen"].as_array().unwrap().len()),
        (&json!("ball-1"), &json!("right"), 12)
    );
    for (name, x) in [("first_box", 4.0), ("last_box", 48.0)] {
        let corner = ball[name][0].as_f64().unwrap();
        assert!((corner - x).abs() < 1.0, "{name}: {corner}");
    }
    assert_eq!(seen.value["objects"][1]["seen"], json!([0, 1, 2, 3, 4, 5, 6, 7]), "the speck is no box");
}

#[tokio::test]
async fn only_what_was_asked_for_in_the_stretch() {
    let seen = call(json!({"labels": "box", "start": 0.9, "rate": 10})).await.unwrap();
    assert_eq!((&seen.value["counts"], seen.value["times"].as_array().unwrap().len()), (&json!({"box": 1}), 3));
    let seen = call(json!({"labels": ["box", "unicorn"], "start": 1.1})).await.unwrap();
    assert_eq!((&seen.value["counts"], &seen.value["unknown"]), (&json!({"box": 0}), &json!(["unicorn"])));
    assert!(seen.text.ends_with("nothing can be said about: unicorn"), "{}", seen.text);
    let seen = call(json!({"rate": 2})).await.unwrap();
    assert_eq!(seen.value["times"], json!([0.2, 0.6, 1.0]));
}

#[tokio::test]
async fn wrong_arguments_say_what_would_be_right() {
    for (args, expected) in [
        (json!({"rate": 0}), "rate is 0; it must be more than 0 frames a second"),
        (json!({"min_score": 2}), "min_score is 2; it must be from 0 to 1"),
        (json!({"labels": ["unicorn"]}), "the detector does not know unicorn; it knows: ball, box"),
        (json!({"start": 5}), "start is 5; img-1 is 1.2 s long, so it must be from 0 to less than that"),
    ] {
        let error = call(args).await.unwrap_err();
        assert_eq!((error.kind, error.feedback.as_str()), (ToolErrorKind::InvalidInput, expected));
    }
}
