#![expect(clippy::unwrap_used, reason = "tests")]

use std::sync::Arc;

use futures_util::future::BoxFuture;
use image::{DynamicImage, Rgb};
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

/// Two bright spots on dark, in a box (100..200 x 40..180) and one outside of it.
const SPOTS: [[u32; 2]; 3] = [[130, 70], [170, 150], [280, 100]];

fn picture() -> RgbImage {
    RgbImage::from_fn(320, 200, |x, y| {
        let near = |[a, b]: [u32; 2]| x.abs_diff(a) <= 3 && y.abs_diff(b) <= 3;
        if SPOTS.into_iter().any(near) { Rgb([255; 3]) } else { Rgb([0; 3]) }
    })
}

fn signature(input: &[usize], outputs: &[(&str, &[usize])]) -> Signature {
    Signature {
        inputs: vec![tensor("input", ElementType::F32, input)],
        outputs: outputs.iter().map(|(name, dims)| tensor(name, ElementType::F32, dims)).collect(),
        ..Signature::default()
    }
}

/// The middles of the bright areas of an input in its upper and its lower half: (x, y) each.
fn bright(input: &ArrayD<f32>) -> [[f32; 2]; 2] {
    let (height, width) = (input.shape()[2], input.shape()[3]);
    [(0, height / 2), (height / 2, height)].map(|(from, to)| {
        let (mut sum, mut count) = ([0.0, 0.0], 0.0_f32);
        for (y, x) in (from..to).flat_map(|y| (0..width).map(move |x| (y, x))) {
            if input[[0, 0, y, x]] > 1.0 {
                sum = [sum[0] + x as f32, sum[1] + y as f32];
                count += 1.0;
            }
        }
        sum.map(|value| value / count.max(1.0))
    })
}

/// Even joints at the upper spot, odd ones at the lower.
fn simcc() -> LoadedModel {
    let outputs: [(&str, &[usize]); 2] = [("simcc_x", &[0, 17, 384]), ("simcc_y", &[0, 17, 512])];
    FakeModel::loaded(signature(&[0, 3, 256, 192], &outputs), ModelFacts::default(), |input| {
        let spots = bright(input);
        let (mut x, mut y) = (Array::zeros(IxDyn(&[1, 17, 384])), Array::zeros(IxDyn(&[1, 17, 512])));
        for joint in 0..17 {
            let [at_x, at_y] = spots[joint % 2];
            x[[0, joint, (at_x * 2.0).round() as usize]] = 0.9;
            y[[0, joint, (at_y * 2.0).round() as usize]] = 0.7;
        }
        vec![("simcc_x", FakeOutput::F32(x)), ("simcc_y", FakeOutput::F32(y))]
    })
}

fn heatmaps() -> LoadedModel {
    let outputs: [(&str, &[usize]); 1] = [("heatmaps", &[0, 17, 64, 48])];
    FakeModel::loaded(signature(&[0, 3, 256, 192], &outputs), ModelFacts::default(), |input| {
        let spots = bright(input);
        let maps = Array::from_shape_fn(IxDyn(&[1, 17, 64, 48]), |at| {
            let [x, y] = spots[at[1] % 2];
            // Pixel and cell centers meet at both ends.
            let (dx, dy) = (at[3] as f32 - x * 47.0 / 191.0, at[2] as f32 - y * 63.0 / 255.0);
            0.9 * (-(dx * dx + dy * dy) / 8.0).exp()
        });
        vec![("heatmaps", FakeOutput::F32(maps))]
    })
}

#[test]
fn joints_of_a_box_are_found_where_they_are_in_the_picture() {
    let bbox = BBox { x1: 100.0, y1: 40.0, x2: 200.0, y2: 180.0 };
    for (model, score) in [(simcc(), 0.8), (heatmaps(), 0.9)] {
        assert!(needs_boxes(&model).unwrap());
        let people = poses_in(&model, &picture(), &[bbox], &RunControl::new()).unwrap();
        let [person] = people.as_slice() else { unreachable!("{people:?}") };
        for (index, joint) in person.joints.iter().enumerate() {
            let [x, y] = SPOTS[index % 2].map(|value| value as f32);
            assert!((joint.x - x).abs() < 1.0 && (joint.y - y).abs() < 1.0, "{index}: {joint:?}");
            assert!((joint.score - score).abs() < 0.02, "{joint:?}");
        }
        let error = poses_of(&model, &picture(), None, &RunControl::new()).unwrap_err();
        assert!(error.message.contains("must be told where people are"), "{error}");
    }
}

#[test]
fn what_is_no_pose_estimator_is_refused_by_name() {
    let refused = |signature: Signature| {
        let model = FakeModel::loaded(signature, ModelFacts::default(), |_| vec![]);
        needs_boxes(&model).unwrap_err().message
    };
    let detector = signature(&[1, 3, 640, 640], &[("output0", &[1, 84, 8400])]);
    assert!(refused(detector).contains("output0 F32 [1, 84, 8400]"));
    let hands = signature(&[1, 3, 256, 256], &[("simcc_x", &[1, 21, 512]), ("simcc_y", &[1, 21, 512])]);
    assert!(refused(hands).contains("it has 21 joints"));
    let mut masks = signature(&[1, 3, 640, 640], &[("output0", &[1, 56, 8400])]);
    masks.metadata.insert("task".into(), "segment".into());
    assert!(refused(masks).contains("made for the task \"segment\""));
}

/// Has a pose estimator, and a detector that finds one person in the box (100..200 x 40..180).
struct Two(Arc<LoadedModel>);

impl ModelProvider for Two {
    fn load<'a>(&'a self, role: &'a str, _: LoadContext<'a>) -> BoxFuture<'a, Result<Arc<LoadedModel>, ToolError>> {
        Box::pin(async move {
            if role == ESTIMATOR {
                return Ok(self.0.clone());
            }
            let facts = ModelFacts { labels: vec!["person".into()], ..ModelFacts::default() };
            let detector = signature(&[1, 3, 320, 320], &[("output0", &[1, 300, 6])]);
            Ok(Arc::new(FakeModel::loaded(detector, facts, |input| {
                let empty = input.iter().all(|value| *value < 0.46);
                let mut rows = Array::zeros(IxDyn(&[1, 300, 6]));
                // 60 rows of padding above.
                for (column, value) in [100.0, 100.0, 200.0, 240.0, 0.8, 0.0].into_iter().enumerate() {
                    rows[[0, 0, column]] = if empty { 0.0 } else { value };
                }
                vec![("output0", FakeOutput::F32(rows))]
            })))
        })
    }
}

fn cx(picture: impl Into<DynamicImage>, model: LoadedModel) -> ToolCx {
    let images = ImageStore::new();
    images.insert(picture.into(), Origin::Memory("drawn".into()));
    ToolCx::new(images, Arc::new(Two(Arc::new(model))))
}

async fn call(cx: &ToolCx, args: Value) -> Result<Observation, ToolError> {
    Toolbox::new().with(Pose).call("pose", args, cx).await
}

#[tokio::test]
async fn people_are_detected_and_their_skeletons_drawn() {
    let cx = cx(picture(), simcc());
    let seen = call(&cx, json!({})).await.unwrap();
    let person = &seen.value["persons"][0];
    assert_eq!((&seen.value["count"], &person["handle"]), (&json!(1), &json!("img-1/person-1")));
    assert_eq!((&person["score"], &person["box"]), (&json!(0.8), &json!([100.0, 40.0, 200.0, 180.0])));
    assert_eq!(person["keypoints"].as_array().unwrap().len(), 17);
    assert_eq!(person["keypoints"][9]["name"], "left wrist");
    let text = "1 person, drawn on img-2\nimg-1/person-1 score 0.80: nose [130, 70], left eye [170, 150]";
    assert!(seen.text.starts_with(text), "{}", seen.text);
    let drawn = cx.images.get("img-2").unwrap();
    assert_eq!((drawn.parent.as_deref(), drawn.operation.as_ref().unwrap().tool.as_str()), (Some("img-1"), "pose"));
    let pixels = drawn.pixels.to_rgb8();
    // Half way between both spots, where all limbs lie; the third spot stays.
    assert_ne!(pixels.get_pixel(150, 110).0, [0; 3]);
    assert_eq!((pixels.get_pixel(280, 100).0, pixels.get_pixel(20, 20).0), ([255; 3], [0; 3]));
}

#[tokio::test]
async fn one_person_can_be_named_by_a_box_and_nobody_is_an_answer() {
    let cx = self::cx(picture(), heatmaps());
    let seen = call(&cx, json!({"region": [100, 40, 200, 180]})).await.unwrap();
    assert_eq!(seen.value["persons"][0]["handle"], "img-1/person-1");
    assert!(seen.value["persons"][0]["score"].as_f64().unwrap() > 0.85, "the mean of its joints");
    let again = call(&cx, json!({"image": "img-1", "region": "img-1/person-1"})).await.unwrap();
    assert_eq!(again.value["persons"][0]["keypoints"], seen.value["persons"][0]["keypoints"]);
    let empty = self::cx(RgbImage::new(320, 200), simcc());
    let nobody = call(&empty, json!({})).await.unwrap();
    assert_eq!((&nobody.value, nobody.text.as_str()), (&json!({"count": 0, "persons": []}), "nobody was found"));
    assert_eq!(empty.images.images().len(), 1);
}

#[tokio::test]
async fn odd_pictures_and_wrong_arguments() {
    for (width, height) in [(1, 1), (5000, 2)] {
        let cx = self::cx(RgbImage::from_pixel(width, height, Rgb([255; 3])), simcc());
        call(&cx, json!({"region": [0, 0, width, height]})).await.unwrap();
    }
    let cx = self::cx(picture(), simcc());
    for (args, part) in [
        (json!({"region": "dog"}), "there is no region \"dog\""),
        (json!({"region": [400, 10, 500, 90]}), "lies outside img-1, which is 320 x 200 pixels"),
        (json!({"min_score": 2}), "must be from 0 to 1"),
        (json!({"image": "img-9"}), "there is img-1"),
        (json!({"who": "me"}), "pose has no argument \"who\""),
    ] {
        let error = call(&cx, args).await.unwrap_err();
        assert!(error.kind == ToolErrorKind::InvalidInput && error.feedback.contains(part), "{}", error.feedback);
    }
}

#[test]
fn the_examples_parse() {
    for example in Pose::examples() {
        serde_json::from_value::<PoseInput>(example.input).unwrap();
    }
}
