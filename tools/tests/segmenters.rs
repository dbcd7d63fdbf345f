//! Segmenters against the reference library: tiny models of random weights in the layouts of the exporters, made by
//! `tests/golden/tiny_segmenters.py` with what transformers makes of a picture.
#![expect(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "a test fails where its set-up does, and prints how near it came"
)]

mod reference;

use argus_tools::{
    geom::{BBox, Rle},
    onnx::{Input, LoadedModel, RunControl},
    store::ModelFacts,
    tool::{ToolCx, ToolErrorKind, Toolbox},
    vision::{
        background::Background,
        detect::{Detect, detect},
        segment::{
            DECODER, ENCODER, Embedding, Found, INSTANCE, PANOPTIC, PROMPT, Prompt, Promptable, SEMANTIC, Segment,
            instances, network_input, panoptic, semantic,
        },
    },
};
use image::{GrayImage, RgbImage};
use ndarray::{Array3, Array4, ArrayD};
use reference::{Reference, folder, session, worst};
use serde_json::{Value, json};

fn segmenter(name: &str) -> std::path::PathBuf {
    folder("segmenters").join(name)
}

fn outputs(model: &LoadedModel, inputs: &[(&str, Input<'_>)], names: &[&str]) -> Vec<ArrayD<f32>> {
    let mut found = Vec::new();
    model
        .model
        .run(inputs, &RunControl::new(), &mut |outputs| {
            for name in names {
                found.push(outputs.f32(name)?.to_owned());
            }
            Ok(())
        })
        .unwrap();
    found
}

/// How many pixels differ from those of recorded run lengths, and the IoU.
fn apart(mask: &GrayImage, counts: &Value) -> (usize, f32) {
    let size = [mask.height(), mask.width()];
    let truth = Rle { size, counts: serde_json::from_value(counts.clone()).unwrap() }.to_mask();
    let pairs = || mask.pixels().zip(truth.pixels()).map(|(a, b)| (a.0[0] >= 128, b.0[0] >= 128));
    let (both, any) = (pairs().filter(|(a, b)| *a && *b).count(), pairs().filter(|(a, b)| *a || *b).count());
    (pairs().filter(|(a, b)| a != b).count(), if any == 0 { 1.0 } else { both as f32 / any as f32 })
}

/// A few pixels of a mask may flip where a logit is all but 0; the pictures have 5917.
const HANDFUL: usize = 12;

fn prompt(record: &Value) -> Prompt {
    Prompt {
        points: serde_json::from_value(record["points"].clone()).unwrap_or_default(),
        bbox: serde_json::from_value::<[f32; 4]>(record["box"].clone()).ok().map(BBox::from),
    }
}

async fn promptable(cx: &ToolCx) -> Promptable {
    Promptable::new(cx.model(ENCODER).await.unwrap(), cx.model(DECODER).await.unwrap()).unwrap()
}

async fn compare_prompts(name: &str, embeddings: &[(&str, &str)]) {
    let record = Reference::open(&format!("segmenters/{name}"));
    let picture = record.picture("picture.png");
    let cx = session(&[(PROMPT, segmenter(name), ModelFacts::default())], &picture);
    let (model, control) = (promptable(&cx).await, RunControl::new());
    let given = record.tensor("pixels");
    let off = worst(&model.pixels(&picture).into_dyn(), &given);

    let encoder = cx.model(ENCODER).await.unwrap();
    let names: Vec<&str> = encoder.model.signature().outputs.iter().map(|output| output.name.as_str()).collect();
    let tensors = outputs(&encoder, &[("pixel_values", Input::F32(given.view()))], &names);
    let tensors: Vec<(String, ArrayD<f32>)> = names.iter().map(|name| (*name).to_owned()).zip(tensors).collect();
    let states = embeddings.iter().map(|(output, recorded)| {
        let (_, tensor) = tensors.iter().find(|(name, _)| name == output).unwrap();
        worst(tensor, &record.tensor(recorded))
    });
    let states = states.fold(0.0, f32::max);
    let embedding = Embedding { tensors };
    let own = model.embedding(&picture, &control).unwrap();

    let (mut logits, mut scores, mut flipped, mut flipped_own) = (0.0_f32, 0.0_f32, 0, 0);
    for (index, wanted) in record.facts["prompts"].as_array().unwrap().iter().enumerate() {
        let asked = prompt(wanted);
        let best = record.tensor(&format!("scores.{index}")).iter().copied().fold(f32::MIN, f32::max);
        let answer = model.answer(&embedding, picture.dimensions(), &asked, &control).unwrap();
        let (pixels, iou) = apart(&answer.mask, &wanted["counts"]);
        scores = scores.max((answer.score - best).abs());
        flipped = flipped.max(pixels);
        assert!(pixels <= HANDFUL && iou > 0.98, "{name}, prompt {index}: {pixels} pixels differ, IoU {iou}");
        let answer = model.answer(&own, picture.dimensions(), &asked, &control).unwrap();
        flipped_own = flipped_own.max(apart(&answer.mask, &wanted["counts"]).0);
        if asked.bbox.is_none() {
            logits = logits.max(raw_masks(&cx, name, &embedding, &asked, &picture, &record, index).await);
        }
    }
    eprintln!(
        "{name}: pixels {off:.1e}, embeddings {states:.1e}, mask logits {logits:.1e}, scores {scores:.1e}, mask pixels that \
         differ {flipped}, from the picture itself {flipped_own} of {}",
        picture.width() * picture.height()
    );
    assert!(states < 1e-4 && logits < 1e-4 && scores < 1e-4, "{states} {logits} {scores}");
    // A grey level is 1 / 255 / 0.224 at most.
    assert!(off < 0.036, "{off}");
    assert!(flipped_own <= 10 * HANDFUL, "{flipped_own}");
}

/// The largest difference of all three low-resolution masks.
async fn raw_masks(
    cx: &ToolCx,
    name: &str,
    embedding: &Embedding,
    asked: &Prompt,
    picture: &RgbImage,
    record: &Reference,
    index: usize,
) -> f32 {
    let decoder = cx.model(DECODER).await.unwrap();
    let (width, height) = if name == "sam" { (64.0, 40.0) } else { (64.0, 64.0) };
    let scale = [width / picture.width() as f32, height / picture.height() as f32];
    let points = Array4::from_shape_fn((1, 1, asked.points.len(), 2), |(_, _, point, axis)| {
        asked.points[point][axis] * scale[axis]
    });
    let labels = Array3::<i64>::ones((1, 1, asked.points.len()));
    let boxes = Array3::<f32>::zeros((1, 0, 4));
    let mut inputs = vec![
        ("input_points", Input::F32(points.view().into_dyn())),
        ("input_labels", Input::I64(labels.view().into_dyn())),
    ];
    if name == "sam2" {
        inputs.push(("input_boxes", Input::F32(boxes.view().into_dyn())));
    }
    inputs.extend(embedding.tensors.iter().map(|(name, tensor)| (name.as_str(), Input::F32(tensor.view()))));
    worst(&outputs(&decoder, &inputs, &["pred_masks"])[0], &record.tensor(&format!("masks.{index}")))
}

#[tokio::test]
async fn sam_cuts_what_the_reference_cuts() {
    compare_prompts("sam", &[("image_embeddings", "embeddings")]).await;
}

#[tokio::test]
async fn sam_2_cuts_what_the_reference_cuts() {
    let states = [0, 1, 2].map(|index| (format!("image_embeddings.{index}"), format!("embeddings.{index}")));
    let states: Vec<(&str, &str)> = states.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect();
    compare_prompts("sam2", &states).await;
}

/// The parts of a map against those that the reference found; the worst number of pixels.
fn compare_parts(found: &[Found], wanted: &Value) -> usize {
    let wanted = wanted.as_array().unwrap();
    let labels = |parts: &mut Vec<String>| {
        parts.sort();
        parts.clone()
    };
    assert_eq!(
        labels(&mut found.iter().map(|part| part.label.clone()).collect()),
        labels(&mut wanted.iter().map(|part| part["label"].as_str().unwrap().to_owned()).collect())
    );
    let differ = wanted.iter().map(|wanted| {
        let same = found.iter().filter(|part| wanted["label"] == part.label.as_str());
        same.map(|part| apart(&part.mask.to_mask(), &wanted["counts"]).0).min().unwrap()
    });
    differ.max().unwrap()
}

#[tokio::test]
async fn segformer_gives_every_pixel_the_class_of_the_reference() {
    let record = Reference::open("segmenters/segformer");
    let picture = record.picture("picture.png");
    let cx = session(&[(SEMANTIC, segmenter("segformer"), ModelFacts::default())], &picture);
    let model = cx.model(SEMANTIC).await.unwrap();
    let given = record.tensor("pixels");
    let off = worst(&network_input(&model, &picture).unwrap().into_dyn(), &given);
    let logits = outputs(&model, &[("pixel_values", Input::F32(given.view()))], &["logits"]);
    let states = worst(&logits[0], &record.tensor("logits"));
    let found = semantic(&model, &picture, &RunControl::new()).unwrap();
    assert_eq!(found.iter().map(|part| part.mask.area()).sum::<u64>(), 97 * 61);
    assert!(found.iter().all(|part| (0.0..=1.0).contains(&part.score)), "{found:?}");
    let differ = compare_parts(&found, &record.facts["segments"]);
    eprintln!("segformer: pixels {off:.1e}, logits {states:.1e}, pixels of a class that differ {differ} of 5917");
    assert!(off < 0.036 && states < 1e-4 && differ <= HANDFUL, "{off} {states} {differ}");
}

async fn compare_panoptic(name: &str, outputs_are: [&str; 2]) {
    let record = Reference::open(&format!("segmenters/{name}"));
    let picture = record.picture("picture.png");
    let threshold = record.facts["threshold"].as_f64().unwrap() as f32;
    let facts = ModelFacts { threshold: Some(threshold), ..ModelFacts::default() };
    let models = [(PANOPTIC, segmenter(name), facts.clone()), (SEMANTIC, segmenter(name), facts)];
    let cx = session(&models, &picture);
    let (model, control) = (cx.model(PANOPTIC).await.unwrap(), RunControl::new());
    let given = record.tensor("pixels");
    let off = worst(&network_input(&model, &picture).unwrap().into_dyn(), &given);
    let raw = outputs(&model, &[("pixel_values", Input::F32(given.view()))], &outputs_are);
    let states = worst(&raw[0], &record.tensor("logits")).max(worst(&raw[1], &record.tensor("masks")));
    let found = panoptic(&model, &picture, &control).unwrap();
    let wanted = record.facts["panoptic"].as_array().unwrap();
    assert!(wanted.len() > 1, "the reference finds several parts");
    assert_eq!(found.len(), wanted.len(), "{found:?}");
    let (mut scores, mut differ) = (0.0_f32, 0);
    for (part, wanted) in found.iter().zip(wanted) {
        assert_eq!(part.label, wanted["label"].as_str().unwrap());
        scores = scores.max((part.score - wanted["score"].as_f64().unwrap() as f32).abs());
        differ = differ.max(apart(&part.mask.to_mask(), &wanted["counts"]).0);
    }
    let classes = match record.facts.get("semantic") {
        Some(wanted) => {
            compare_parts(&semantic(&cx.model(SEMANTIC).await.unwrap(), &picture, &control).unwrap(), wanted)
        }
        None => 0,
    };
    eprintln!(
        "{name}: pixels {off:.1e}, logits and masks {states:.1e}, {} segments, scores {scores:.1e}, pixels of a segment that \
         differ {differ}, of a class {classes} of 5917",
        wanted.len()
    );
    assert!(off < 0.036 && states < 1e-4 && scores < 5e-3, "{off} {states} {scores}");
    assert!(differ <= HANDFUL && classes <= HANDFUL, "{differ} {classes}");
}

#[tokio::test]
async fn detr_with_masks_tells_the_parts_of_the_reference() {
    compare_panoptic("detr", ["logits", "pred_masks"]).await;
}

#[tokio::test]
async fn maskformer_tells_the_parts_of_the_reference() {
    compare_panoptic("maskformer", ["class_queries_logits", "masks_queries_logits"]).await;
}

#[tokio::test]
async fn mask2former_tells_the_parts_of_the_reference() {
    compare_panoptic("mask2former", ["class_queries_logits", "masks_queries_logits"]).await;
}

/// The objects of a model with queries against those of `post_process_instance_segmentation`.
async fn compare_instances(name: &str) {
    let record = Reference::open(&format!("segmenters/{name}"));
    let picture = record.picture("picture.png");
    let threshold = record.facts["instance_threshold"].as_f64().unwrap() as f32;
    let facts = ModelFacts { threshold: Some(threshold), ..ModelFacts::default() };
    let cx = session(&[(INSTANCE, segmenter(name), facts)], &picture);
    let model = cx.model(INSTANCE).await.unwrap();
    let found = instances(&model, &picture, None, &RunControl::new()).unwrap();
    assert!(found.is_sorted_by(|one, other| one.score >= other.score), "{found:?}");
    let mut wanted = record.facts["instances"].as_array().unwrap().clone();
    let score = |one: &Value| one["score"].as_f64().unwrap() as f32;
    wanted.sort_by(|one, other| score(other).total_cmp(&score(one)));
    assert!(wanted.len() > 2, "the reference finds several objects");
    assert_eq!(found.len(), wanted.len(), "{found:?}");
    let (mut scores, mut differ) = (0.0_f32, 0);
    for (object, wanted) in found.iter().zip(&wanted) {
        assert_eq!(object.label, wanted["label"].as_str().unwrap());
        scores = scores.max((object.score - score(wanted)).abs());
        differ = differ.max(apart(&object.mask.to_mask(), &wanted["counts"]).0);
    }
    // A bar above some of the scores.
    let bar = f32::midpoint(score(&wanted[1]), score(&wanted[2]));
    assert_eq!(instances(&model, &picture, Some(bar), &RunControl::new()).unwrap().len(), 2);
    eprintln!(
        "{name}: {} objects, scores {scores:.1e}, pixels of an object that differ {differ} of 5917",
        wanted.len()
    );
    assert!(scores < 5e-3 && differ <= HANDFUL, "{scores} {differ}");
    let seen = segment(&cx, json!({"image": "img-1", "kind": "instance"})).await;
    assert_eq!(seen["segments"].as_array().unwrap().len(), wanted.len(), "{seen}");
    let label = &wanted[0]["label"];
    let seen = segment(&cx, json!({"image": "img-1", "kind": "instance", "text": label})).await;
    let same = wanted.iter().filter(|one| one["label"] == *label).count();
    assert_eq!(seen["segments"].as_array().unwrap().len(), same, "{seen}");
}

#[tokio::test]
async fn maskformer_tells_the_objects_of_the_reference() {
    compare_instances("maskformer").await;
}

#[tokio::test]
async fn mask2former_tells_the_objects_of_the_reference() {
    compare_instances("mask2former").await;
}

#[tokio::test]
async fn detr_with_masks_tells_the_objects_of_the_reference() {
    compare_instances("detr").await;
}

#[tokio::test]
async fn yolo_masks_are_those_worked_out_by_hand() {
    let record = Reference::open("segmenters/yolo");
    let picture = record.picture("picture.png");
    for file in ["yolo_seg.onnx", "yolo_seg_end_to_end.onnx"] {
        let path = segmenter("yolo").join(file);
        let models = [(INSTANCE, path.clone(), ModelFacts::default()), ("detect", path, ModelFacts::default())];
        let cx = session(&models, &picture);
        let (model, control) = (cx.model(INSTANCE).await.unwrap(), RunControl::new());
        let found = instances(&model, &picture, None, &control).unwrap();
        let boxes = detect(&cx.model("detect").await.unwrap(), &picture, None, &control).unwrap();
        let wanted = record.facts["segments"].as_array().unwrap();
        assert_eq!((found.len(), boxes.len()), (wanted.len(), wanted.len()), "{file}: {found:?} {boxes:?}");
        let mut differ = 0;
        for ((part, object), wanted) in found.iter().zip(&boxes).zip(wanted) {
            assert_eq!(
                (part.label.as_str(), object.label.as_str()),
                (wanted["label"].as_str().unwrap(), part.label.as_str())
            );
            let truth = BBox::from(serde_json::from_value::<[f32; 4]>(wanted["box"].clone()).unwrap());
            let corners = <[f32; 4]>::from(object.bbox).into_iter().zip(<[f32; 4]>::from(truth));
            assert!(corners.map(|(a, b)| (a - b).abs()).fold(0.0, f32::max) < 0.01, "{object:?} {truth:?}");
            assert!((part.score - wanted["score"].as_f64().unwrap() as f32).abs() < 1e-6);
            differ = differ.max(apart(&part.mask.to_mask(), &wanted["counts"]).0);
        }
        eprintln!("{file}: pixels of a mask that differ {differ} of 5917");
        assert!(differ <= 2, "{differ}");
    }
}

async fn segment(cx: &ToolCx, args: Value) -> Value {
    Toolbox::new().with(Segment).with(Detect).with(Background).call("segment", args, cx).await.unwrap().value
}

fn mask_of(part: &Value) -> GrayImage {
    serde_json::from_value::<Rle>(part["rle"].clone()).unwrap().to_mask()
}

#[tokio::test]
async fn the_tool_answers_points_from_one_look_at_the_picture() {
    let record = Reference::open("segmenters/sam");
    let picture = record.picture("picture.png");
    let cx = session(&[(PROMPT, segmenter("sam"), ModelFacts::default())], &picture);
    let encoder = cx.model(ENCODER).await.unwrap();
    let mut looked = None;
    for wanted in record.facts["prompts"].as_array().unwrap() {
        let seen = segment(&cx, json!({"image": "img-1", "point": wanted["points"], "masks": true})).await;
        let part = &seen["segments"][0];
        assert_eq!(seen["segments"].as_array().unwrap().len(), 1);
        assert!(apart(&mask_of(part), &wanted["counts"]).0 <= 10 * HANDFUL, "{seen}");
        assert!(part["handle"].as_str().unwrap().starts_with("img-1/object-"), "{seen}");
        assert_eq!(seen["area_fraction"], part["area_fraction"]);
        let mask = cx.images.get(seen["mask"].as_str().unwrap()).unwrap();
        assert_eq!(mask.pixels.to_luma8(), mask_of(part));
        assert_eq!(cx.images.get(part["mask"].as_str().unwrap()).unwrap().pixels.to_luma8(), mask_of(part));
        assert!(cx.images.get(seen["cutout"].as_str().unwrap()).unwrap().pixels.color().has_alpha());
        let busy = encoder.model.busy();
        assert!(busy > std::time::Duration::ZERO);
        assert_eq!(*looked.get_or_insert(busy), busy, "the encoder runs once");
    }
}

#[tokio::test]
async fn the_tool_finds_by_word_what_the_detector_knows() {
    let record = Reference::open("segmenters/sam2");
    let picture = record.picture("picture.png");
    let models = [
        (PROMPT, segmenter("sam2"), ModelFacts::default()),
        ("detect", segmenter("yolo").join("yolo_seg.onnx"), ModelFacts::default()),
    ];
    let cx = session(&models, &picture);
    let seen = segment(&cx, json!({"text": "squares"})).await;
    let part = &seen["segments"][0];
    assert_eq!((&part["handle"], &part["label"]), (&json!("img-1/square-1"), &json!("square")), "{seen}");
    let square = cx.images.regions("img-1")[0].clone();
    // The same box as a region.
    let again = segment(&cx, json!({"image": "img-1", "region": "img-1/square-1"})).await;
    assert_eq!(again["segments"][0]["rle"], part["rle"]);
    let direct = promptable(&cx).await;
    let embedding = direct.embedding(&picture, &RunControl::new()).unwrap();
    let asked = Prompt { points: Vec::new(), bbox: Some(square.bbox) };
    let answer = direct.answer(&embedding, picture.dimensions(), &asked, &RunControl::new()).unwrap();
    assert_eq!(Rle::of(&answer.mask).to_mask(), mask_of(part));

    let tools = Toolbox::new().with(Segment);
    let error = tools.call("segment", json!({"image": "img-1", "text": "unicorn"}), &cx).await.unwrap_err();
    assert_eq!(error.kind, ToolErrorKind::InvalidInput);
    assert!(error.feedback.contains("unicorn") && error.feedback.contains("circle, square"), "{}", error.feedback);
    let all = segment(&cx, json!({"image": "img-1", "kind": "instance"})).await;
    let handles: Vec<&Value> = all["segments"].as_array().unwrap().iter().map(|part| &part["handle"]).collect();
    assert_eq!(handles.len(), 2, "{all}");
    assert_eq!(all["mask"], Value::Null);
    assert_eq!(cx.images.get(all["map"].as_str().unwrap()).unwrap().operation.as_ref().unwrap().tool, "segment.map");
}

#[tokio::test]
async fn the_tool_tells_all_parts_of_a_picture() {
    let record = Reference::open("segmenters/maskformer");
    let picture = record.picture("picture.png");
    let facts = ModelFacts { threshold: Some(0.4), ..ModelFacts::default() };
    let models =
        [(PANOPTIC, segmenter("maskformer"), facts), (SEMANTIC, segmenter("segformer"), ModelFacts::default())];
    let cx = session(&models, &picture);
    let seen = segment(&cx, json!({"kind": "panoptic"})).await;
    assert_eq!(seen["segments"].as_array().unwrap().len(), record.facts["panoptic"].as_array().unwrap().len());
    let seen = segment(&cx, json!({"image": "img-1", "kind": "semantic"})).await;
    let parts = seen["segments"].as_array().unwrap().clone();
    assert!(parts.len() > 1 && seen["area_fraction"] == json!(1.0) && seen["cutout"] == Value::Null, "{seen}");
    let label = parts[0]["label"].as_str().unwrap();
    let one = segment(&cx, json!({"image": "img-1", "kind": "semantic", "text": label})).await;
    assert_eq!(one["segments"].as_array().unwrap().len(), 1);
    assert_eq!((&one["segments"][0]["handle"], &one["box"]), (&parts[0]["handle"], &parts[0]["box"]));
    assert!(one["mask"].is_string() && one["cutout"].is_string());
    let tools = Toolbox::new().with(Segment);
    let error = tools.call("segment", json!({"image": "img-1", "kind": "semantic", "text": "zebra"}), &cx).await;
    let error = error.unwrap_err();
    assert!(error.feedback.ends_with("it knows: sky, road, car, dog, tree"), "{}", error.feedback);
}

#[tokio::test]
async fn odd_pictures_go_through_every_model() {
    for picture in [RgbImage::new(1, 1), RgbImage::new(300, 2), RgbImage::new(64, 64)] {
        let (width, height) = picture.dimensions();
        let models = [
            (PROMPT, segmenter("sam"), ModelFacts::default()),
            (PANOPTIC, segmenter("maskformer"), ModelFacts::default()),
            (SEMANTIC, segmenter("segformer"), ModelFacts::default()),
            (INSTANCE, segmenter("yolo").join("yolo_seg.onnx"), ModelFacts::default()),
        ];
        let cx = session(&models, &picture);
        for args in [
            json!({"image": "img-1", "point": [0, 0]}),
            json!({"image": "img-1", "region": [0, 0, width, height]}),
            json!({"image": "img-1", "kind": "semantic"}),
            json!({"image": "img-1", "kind": "panoptic"}),
            json!({"image": "img-1", "kind": "instance"}),
        ] {
            let seen = segment(&cx, args.clone()).await;
            let share = seen["area_fraction"].as_f64().unwrap();
            assert!((0.0..=1.0).contains(&share), "{args}: {seen}");
            for part in seen["segments"].as_array().into_iter().flatten() {
                assert_eq!(part["rle"]["size"], json!([height, width]));
            }
        }
    }
}
