//! Many pictures at once give what each gives alone, on tiny graphs of random weights that take a batch
//! (`tests/golden/tiny_batch.py`).
#![expect(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "a test fails where its set-up does, and prints how near it came"
)]

#[expect(dead_code, reason = "these graphs have no reference library")]
mod reference;

use std::sync::{Arc, Mutex};

use argus_tools::{
    image::Origin,
    onnx::{Input, LoadedModel, Model, ModelError, Outputs, RunControl, Signature},
    store::ModelFacts,
    tool::{ToolCx, ToolError},
    vision::{
        detect::{Detection, detect, detect_many},
        toolbox,
    },
};
use image::{DynamicImage, Rgb, RgbImage};
use reference::{folder, session};
use serde_json::{Value, json};

/// Noise of a kind of its own for each number; every third is wider than high.
fn picture(number: u32) -> RgbImage {
    let (width, height) = if number.is_multiple_of(3) { (90, 60) } else { (64, 80) };
    RgbImage::from_fn(width, height, |x, y| {
        let mixed = (x * 73 + y * 151 + number * 977).wrapping_mul(2_654_435_761);
        Rgb([mixed >> 24, mixed >> 16, mixed >> 8].map(|value| value as u8))
    })
}

fn context(role: &str, file: &str) -> ToolCx {
    let cx = session(&[(role, folder("batch").join(file), ModelFacts::default())], &picture(0));
    for number in 1..21 {
        cx.images.insert(DynamicImage::ImageRgb8(picture(number)), Origin::Memory("drawn".into()));
    }
    cx
}

/// The largest difference of boxes in pixels, and of scores.
fn apart(one: &[Detection], other: &[Detection]) -> (f32, f32) {
    assert_eq!(one.len(), other.len(), "{one:?}\n{other:?}");
    one.iter().zip(other).fold((0.0, 0.0), |(boxes, scores), (one, other)| {
        assert_eq!(one.label, other.label);
        let corners = <[f32; 4]>::from(one.bbox).into_iter().zip(<[f32; 4]>::from(other.bbox));
        (corners.map(|(a, b)| (a - b).abs()).fold(boxes, f32::max), scores.max((one.score - other.score).abs()))
    })
}

/// A model that notes how many pictures each run has.
struct Noted {
    model: Arc<dyn Model>,
    runs: Mutex<Vec<usize>>,
}

impl Model for Noted {
    fn signature(&self) -> &Signature {
        self.model.signature()
    }

    fn run(
        &self,
        inputs: &[(&str, Input<'_>)],
        control: &RunControl,
        read: &mut dyn FnMut(&Outputs<'_>) -> Result<(), ModelError>,
    ) -> Result<(), ModelError> {
        if let Some((_, Input::F32(pixels))) = inputs.first() {
            self.runs.lock().unwrap().push(pixels.shape()[0]);
        }
        self.model.run(inputs, control, read)
    }
}

async fn compare(file: &str, runs: &[usize]) {
    let cx = context("detect", file);
    let loaded = cx.model("detect").await.unwrap();
    let noted = Arc::new(Noted { model: loaded.model.clone(), runs: Mutex::default() });
    let (id, facts, provider) = (loaded.id.clone(), loaded.facts.clone(), loaded.provider.clone());
    let model = LoadedModel { id, facts, model: noted.clone(), provider };
    let control = RunControl::new();
    let broken = 5;
    let pictures: Vec<_> = (0..21)
        .map(|number| {
            let found =
                if number == broken { Err(ToolError::invalid_input("no picture")) } else { Ok(picture(number)) };
            (found, (number == 7).then_some(0.6))
        })
        .collect();
    let many = detect_many(&model, pictures.into_iter(), &control);
    assert_eq!(many.len(), 21);
    assert_eq!(*noted.runs.lock().unwrap(), runs);
    let (mut boxes, mut scores, mut objects) = (0.0_f32, 0.0_f32, 0);
    for (number, found) in (0..).zip(many) {
        if number == broken {
            assert_eq!(found.unwrap_err().message, "no picture");
            continue;
        }
        let alone = detect(&model, &picture(number), (number == 7).then_some(0.6), &control).unwrap();
        let found = found.unwrap();
        let (of_boxes, of_scores) = apart(&found, &alone);
        (boxes, scores, objects) = (boxes.max(of_boxes), scores.max(of_scores), objects + found.len());
    }
    eprintln!("{file}: {objects} objects, boxes {boxes:.1e} px, scores {scores:.1e}");
    assert!(objects > 60, "the pictures have objects: {objects}");
    assert!(boxes < 0.05 && scores < 1e-4, "{boxes} {scores}");
}

#[tokio::test]
async fn a_batch_finds_what_each_picture_alone_gives() {
    compare("yolo.onnx", &[8, 8, 4]).await;
}

#[tokio::test]
async fn a_graph_that_only_claims_to_take_a_batch_is_run_picture_by_picture() {
    let mut runs = vec![1; 21];
    runs[0] = 8;
    compare("yolo_first_only.onnx", &runs).await;
}

/// Calls that all have the same context.
fn in_one(calls: &[Value], cx: &ToolCx) -> Vec<(Value, ToolCx)> {
    calls.iter().map(|call| (call.clone(), cx.clone())).collect()
}

/// Calls one by one and at once, from sessions of their own, so that handles are given again.
async fn both_ways(tool: &str, calls: &[Value], make: impl Fn() -> ToolCx) -> Vec<Result<Value, ToolError>> {
    let (apart, together) = (make(), make());
    let mut alone = Vec::new();
    for call in calls {
        alone.push(toolbox().call(tool, call.clone(), &apart).await);
    }
    let many = toolbox().call_many(tool, in_one(calls, &together), &together).await;
    assert_eq!(many.len(), calls.len());
    let pairs = many.into_iter().zip(alone);
    pairs
        .map(|(many, alone)| match (many, alone) {
            (Ok(many), Ok(alone)) => {
                assert_eq!((&many.value, &many.text), (&alone.value, &alone.text));
                Ok(many.value)
            }
            (Err(many), Err(alone)) => {
                assert_eq!((many.kind, &many.feedback), (alone.kind, &alone.feedback));
                Err(many)
            }
            (many, alone) => unreachable!("{many:?}, but alone {alone:?}"),
        })
        .collect()
}

#[tokio::test]
async fn calls_of_detect_share_runs_and_fail_alone() {
    let mut calls: Vec<Value> = (1..=12).map(|number| json!({"image": format!("img-{number}")})).collect();
    calls[2] = json!({"image": "img-99"});
    calls[4] = json!({"image": "img-5", "labels": ["elephant"]});
    calls[6] = json!({"image": "img-7", "min_score": 4});
    calls[8] = json!({"picture": "img-9"});
    calls[9] = json!({"image": "img-10", "labels": ["square"], "min_score": 0.4});
    calls.push(json!({"image": "img-1"}));
    let results = both_ways("detect", &calls, || context("detect", "yolo.onnx")).await;
    let failed: Vec<usize> =
        results.iter().enumerate().filter(|(_, result)| result.is_err()).map(|(at, _)| at).collect();
    assert_eq!(failed, [2, 4, 6, 8]);
    let objects = |result: &Value| result["objects"].as_array().unwrap().len();
    assert!(results.iter().flatten().map(objects).sum::<usize>() > 20);
    let cx = context("detect", "yolo.onnx");
    let unknown = toolbox().call_many("detekt", in_one(&calls, &cx), &cx).await;
    assert!(unknown.len() == 13 && unknown.iter().all(Result::is_err));
}

#[tokio::test]
async fn without_its_model_every_call_says_so() {
    // A classifier of fixed classes chooses between no labels but its own.
    let cx = context("classify", "classifier.onnx");
    let labels = json!({"labels": ["cat", "dog"]});
    let calls = [labels.clone(), json!({"image": "img-99"}), labels];
    let results = toolbox().call_many("classify", in_one(&calls, &cx), &cx).await;
    let kinds: Vec<String> = results.into_iter().map(|result| format!("{:?}", result.unwrap_err().kind)).collect();
    assert_eq!(kinds, ["ModelUnavailable", "InvalidInput", "ModelUnavailable"]);
}

#[tokio::test]
async fn calls_of_classify_share_runs() {
    let calls: Vec<Value> = (1..=11)
        .map(|number| match number {
            4 => json!({"image": "img-4", "region": [10, 10, 40, 50]}),
            6 => json!({"image": "img-6", "region": [500, 500, 600, 600]}),
            _ => json!({"image": format!("img-{number}")}),
        })
        .collect();
    let results = both_ways("classify", &calls, || context("classify", "classifier.onnx")).await;
    assert_eq!(results.iter().filter(|result| result.is_err()).count(), 1);
    let first: Vec<&Value> = results.iter().flatten().map(|value| &value["labels"][0]["label"]).collect();
    assert!(first.iter().any(|label| label != &first[0]), "the pictures differ: {first:?}");
}
