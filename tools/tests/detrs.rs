//! Detectors of the DETR family against the reference library: tiny models of random weights, made by
//! `tests/golden/tiny_detrs.py` with the boxes that transformers finds.
#![expect(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "a test fails where its set-up does, and prints how near it came"
)]

mod reference;

use argus_tools::{
    geom::BBox,
    onnx::{Input, Outputs, RunControl},
    store::ModelFacts,
    tool::ToolCx,
    vision::detect::{Detection, detect},
};
use ndarray::{Array3, ArrayD};
use reference::{Reference, folder, session, worst};
use serde_json::Value;

/// What the reference found, best first, inside of the picture.
fn wanted(objects: &Value, width: u32, height: u32) -> Vec<Detection> {
    let objects = objects.as_array().unwrap().iter().map(|object| Detection {
        label: object["label"].as_str().unwrap().to_owned(),
        score: object["score"].as_f64().unwrap() as f32,
        bbox: BBox::from(serde_json::from_value::<[f32; 4]>(object["box"].clone()).unwrap()).clamp(width, height),
    });
    let mut objects: Vec<Detection> = objects.filter(|object| object.bbox.area() > 0.0).collect();
    objects.sort_by(|a, b| b.score.total_cmp(&a.score));
    objects
}

/// The largest differences of logits and boxes before any post-processing, from the pixels that the reference fed.
async fn raw(record: &Reference, cx: &ToolCx) -> (f32, f32) {
    let (model, given) = (cx.model("detect").await.unwrap(), record.tensor("pixels"));
    let mask = Array3::<i64>::ones((1, given.shape()[2], given.shape()[3]));
    let mut inputs = vec![("pixel_values", Input::F32(given.view()))];
    if model.model.signature().inputs.len() > 1 {
        inputs.push(("pixel_mask", Input::I64(mask.view().into_dyn())));
    }
    let mut raw: Vec<ArrayD<f32>> = Vec::new();
    let read = &mut |outputs: &Outputs<'_>| {
        raw = vec![outputs.f32("logits")?.to_owned(), outputs.f32("pred_boxes")?.to_owned()];
        Ok(())
    };
    model.model.run(&inputs, &RunControl::new(), read).unwrap();
    (worst(&raw[0], &record.tensor("logits")), worst(&raw[1], &record.tensor("boxes")))
}

async fn compare(name: &str) {
    let record = Reference::open(&format!("detrs/{name}"));
    let threshold = record.facts["threshold"].as_f64().unwrap() as f32;
    let facts = ModelFacts { threshold: Some(threshold), ..ModelFacts::default() };
    let cx = session(&[("detect", folder("detrs").join(name), facts.clone())], &record.picture("picture.png"));
    let (logits, queries) = raw(&record, &cx).await;
    eprintln!("{name}: logits {logits:.1e}, queries {queries:.1e}");
    assert!(logits < 1e-4 && queries < 1e-4, "{logits} {queries}");
    // The picture that has the size of the input, and one that is resized, whose pixels may differ by a grey level.
    for (key, file, score_limit) in [(".exact", "picture.exact.png", 1e-4), ("", "picture.png", 2e-2)] {
        let picture = record.picture(file);
        let model = cx.model("detect").await.unwrap();
        let found = detect(&model, &picture, None, &RunControl::new()).unwrap();
        let truth = wanted(&record.facts[format!("objects{key}")], picture.width(), picture.height());
        assert!(truth.len() > 2, "the reference finds several objects");
        assert_eq!(found.len(), truth.len(), "{found:?}\n{truth:?}");
        let (mut boxes, mut scores) = (0.0_f32, 0.0_f32);
        for truth in &truth {
            // Objects of equal score may change places.
            let same = found.iter().filter(|object| object.label == truth.label);
            let distance = |object: &Detection| {
                let corners = <[f32; 4]>::from(object.bbox).into_iter().zip(<[f32; 4]>::from(truth.bbox));
                let corners = corners.map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
                (corners, (object.score - truth.score).abs())
            };
            let nearest = same.map(distance).min_by(|a, b| (a.0 + a.1).total_cmp(&(b.0 + b.1))).unwrap();
            (boxes, scores) = (boxes.max(nearest.0), scores.max(nearest.1));
        }
        eprintln!("{name}{key}: {} objects, boxes {boxes:.1e} px, scores {scores:.1e}", truth.len());
        assert!(boxes < 0.5 && scores < score_limit, "{boxes} {scores}");
    }
}

#[tokio::test]
async fn detr_finds_what_the_reference_finds() {
    compare("detr").await;
}

#[tokio::test]
async fn rt_detr_v2_finds_what_the_reference_finds() {
    compare("rt_detr_v2").await;
}

#[tokio::test]
async fn d_fine_finds_what_the_reference_finds() {
    compare("d_fine").await;
}
