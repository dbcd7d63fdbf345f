//! Models that take words, and a classifier, against the reference library: tiny models of random weights in the layout of
//! their exports, made by `tests/golden/tiny_zero_shot.py` with what transformers makes of them by its own pre- and
//! post-processing. Whole tools run on them as a user's own models.
#![expect(clippy::unwrap_used, reason = "a test fails where its set-up does")]
#![expect(clippy::print_stderr, reason = "the largest differences make the table of parity")]

use std::{path::PathBuf, sync::Arc};

use argus_tools::{
    image::{ImageStore, Origin},
    onnx::{PoolOptions, RunControl, SessionPool},
    store::{ModelFacts, Store, StoreOptions, UserModel},
    tool::{Observation, ToolCx, ToolError, ToolErrorKind, Toolbox},
    vision::{
        classify::Classify,
        embed::{Embedder, Kind},
        find::{Find, Finder},
        relevance::{TextSegmenter, relevance},
        similar::FindSimilar,
    },
};
use image::{DynamicImage, imageops};
use ndarray::Array4;
use serde_json::{Value, json};

fn folder(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/data/zero_shot").join(name)
}

/// What the reference made; two graphs of a model answer as the one.
fn reference(name: &str) -> Value {
    let file = folder(name.trim_end_matches("_split")).join("reference.json");
    serde_json::from_str(&fs_err::read_to_string(file).unwrap()).unwrap()
}

fn picture(name: &str) -> DynamicImage {
    image::open(folder(name.trim_end_matches("_split")).join("picture.png")).unwrap()
}

/// The drawn picture as img-1, and folders of the test data as the user's models of some roles.
fn cx(models: &[(&str, &str, ModelFacts)]) -> ToolCx {
    let mut options = StoreOptions::from_env().unwrap();
    for (role, name, facts) in models {
        let model = UserModel {
            role: (*role).to_owned(),
            file: folder(name),
            labels_file: None,
            mmproj: None,
            licence: None,
            facts: facts.clone(),
        };
        options.user_models.insert(format!("tiny-{name}"), model);
    }
    let pool = SessionPool::new(Store::open(options).unwrap(), PoolOptions::default());
    let images = ImageStore::new();
    images.insert(picture(models[0].1), Origin::Memory("drawn".into()));
    ToolCx::new(images, Arc::new(pool))
}

fn plain(role: &'static str, name: &'static str) -> ToolCx {
    cx(&[(role, name, ModelFacts::default())])
}

async fn call(cx: &ToolCx, tool: &str, args: Value) -> Result<Observation, ToolError> {
    Toolbox::new().with(Classify).with(Find).with(FindSimilar).call(tool, args, cx).await
}

fn numbers(value: &Value) -> Vec<f32> {
    value.as_array().unwrap().iter().map(|number| number.as_f64().unwrap() as f32).collect()
}

fn texts(value: &Value) -> Vec<String> {
    value.as_array().unwrap().iter().map(|text| text.as_str().unwrap().to_owned()).collect()
}

/// The reference's input of the picture.
fn given(reference: &Value) -> Array4<f32> {
    let shape: Vec<usize> = numbers(&reference["shape"]).into_iter().map(|size| size as usize).collect();
    Array4::from_shape_vec((shape[0], shape[1], shape[2], shape[3]), numbers(&reference["pixels"])).unwrap()
}

fn worst(values: impl IntoIterator<Item = f32>, expected: impl IntoIterator<Item = f32>) -> f32 {
    let (values, expected): (Vec<f32>, Vec<f32>) = (values.into_iter().collect(), expected.into_iter().collect());
    assert_eq!(values.len(), expected.len());
    values.iter().zip(&expected).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max)
}

/// Own input against the reference's: whole grey levels as Pillow rounds them, but for a few pixels by one.
fn pixels_agree(what: &str, own: &Array4<f32>, reference: &Value, level: f32) {
    let off = worst(own.iter().copied(), given(reference).iter().copied());
    eprintln!("{what}: input tensor {:?}, largest difference {off:.2e}", own.shape());
    assert!(off <= level, "{what}: {off}");
}

fn prompts(reference: &Value) -> Vec<String> {
    texts(&reference["labels"]).iter().map(|label| format!("This is a photo of {label}.")).collect()
}

/// One grey level after division by the smallest deviation in use, with room for one more rounding.
const LEVEL: f32 = 2.0 / 255.0 / 0.224 + 1e-4;

async fn zero_shot_agrees(name: &'static str, facts: ModelFacts, kind: Kind) {
    let reference = reference(name);
    let cx = cx(&[("embed", name, facts)]);
    let embedder = Embedder::open(&cx).await.unwrap();
    assert_eq!(embedder.kind, kind);
    let own = embedder.pixels(&picture(name).to_rgb8());
    pixels_agree(name, &own, &reference, LEVEL);
    let (pixels, control) = (given(&reference), RunControl::new());
    let vector = embedder.picture(&pixels, &control).unwrap();
    let off = worst(vector, numbers(&reference["picture"]));
    let likelihoods = embedder.likelihoods(&pixels, &prompts(&reference), &control).unwrap();
    let apart = worst(likelihoods, numbers(&reference["probabilities"]));
    // Once more, from the memory, and one text of them alone.
    let again = embedder.likelihoods(&pixels, &prompts(&reference), &control).unwrap();
    let kept = worst(again, numbers(&reference["probabilities"]));
    eprintln!("{name}: picture vector {off:.2e}, probabilities {apart:.2e}, from memory {kept:.2e}");
    assert!(off < 1e-4 && apart < 1e-4 && kept < 1e-4);
    // The whole tool, from the picture's own pixels.
    let seen = call(&cx, "classify", json!({"labels": reference["labels"]})).await.unwrap();
    assert_eq!(seen.value["source"], json!(format!("zero-shot, tiny-{name}")));
    let found = seen.value["labels"].as_array().unwrap();
    let scores: Vec<f32> = found.iter().map(|label| label["score"].as_f64().unwrap() as f32).collect();
    assert!(scores.is_sorted_by(|a, b| a >= b), "{scores:?}");
    let labels = texts(&reference["labels"]);
    let expected = numbers(&reference["probabilities"]);
    for label in found {
        let index = labels.iter().position(|name| *name == label["label"]).unwrap();
        let score = label["score"].as_f64().unwrap() as f32;
        assert!((score - expected[index]).abs() < 0.03, "{label} {}", expected[index]);
    }
}

#[tokio::test]
async fn clip_as_one_graph() {
    zero_shot_agrees("clip", ModelFacts::default(), Kind::Clip).await;
}

#[tokio::test]
async fn clip_as_two_graphs() {
    let scale = reference("clip")["logit_scale"].as_f64().map(|scale| scale as f32);
    zero_shot_agrees("clip_split", ModelFacts { logit_scale: scale, ..ModelFacts::default() }, Kind::Clip).await;
}

#[tokio::test]
async fn siglip_as_one_graph_tells_its_scale_and_bias() {
    zero_shot_agrees("siglip", ModelFacts::default(), Kind::Siglip).await;
}

#[tokio::test]
async fn siglip_as_two_graphs_takes_them_from_the_facts() {
    let reference = reference("siglip");
    let of = |key: &str| reference[key].as_f64().map(|value| value as f32);
    let facts = ModelFacts { logit_scale: of("logit_scale"), logit_bias: of("logit_bias"), ..ModelFacts::default() };
    zero_shot_agrees("siglip_split", facts, Kind::Siglip).await;
}

#[tokio::test]
async fn without_scale_and_bias_split_siglip_says_what_to_give() {
    let error = call(&plain("embed", "siglip_split"), "classify", json!({"labels": ["cat"]})).await.unwrap_err();
    assert!(error.hint.unwrap().contains("logit_scale and logit_bias"));
}

#[tokio::test]
async fn classify_without_labels_names_everyday_things() {
    let seen = call(&plain("embed", "siglip"), "classify", json!({})).await.unwrap();
    let found = seen.value["labels"].as_array().unwrap();
    assert_eq!(found.len(), 5);
    assert_eq!(seen.value["source"], "zero-shot, tiny-siglip");
    assert!(seen.text.ends_with(" (zero-shot, tiny-siglip)"), "{}", seen.text);
}

#[tokio::test]
async fn a_classifier_of_fixed_classes_is_preferred_without_labels() {
    let cx = cx(&[("classify", "classifier", ModelFacts::default()), ("embed", "clip", ModelFacts::default())]);
    let reference = reference("classifier");
    let seen = call(&cx, "classify", json!({})).await.unwrap();
    assert_eq!(seen.value["source"], "classifier, tiny-classifier");
    let (mut off, mut count) = (0.0_f32, 0);
    for (label, best) in seen.value["labels"].as_array().unwrap().iter().zip(reference["best"].as_array().unwrap()) {
        assert_eq!(label["label"], best[0], "{}", seen.text);
        off = off.max((label["score"].as_f64().unwrap() - best[1].as_f64().unwrap()).abs() as f32);
        count += 1;
    }
    eprintln!("classifier: {count} best classes in order, probabilities {off:.2e} (rounded to thousandths)");
    // One grey level here and there.
    assert!(count == 5 && off < 0.02, "{off}");
    let seen = call(&cx, "classify", json!({"labels": ["cat", "dog"]})).await.unwrap();
    assert_eq!(seen.value["source"], "zero-shot, tiny-clip", "labels want a model that takes words");
}

#[tokio::test]
async fn classify_refuses_what_cannot_be_answered() {
    let cx = plain("embed", "clip");
    for (args, part) in [
        (json!({"labels": ["cat"]}), "give \"cat\" and at least one other"),
        (json!({"labels": ["cat", "x".repeat(10_000)]}), "has 10000 characters"),
        (json!({"labels": ["?"]}), "has no letters"),
        (json!({"labels": ["cat", "dog"], "region": [500, 500, 600, 600]}), "lies outside img-1"),
        (json!({"image": "img-9"}), "there is no image \"img-9\""),
    ] {
        let error = call(&cx, "classify", args).await.unwrap_err();
        assert_eq!(error.kind, ToolErrorKind::InvalidInput);
        assert!(error.feedback.contains(part), "{}", error.feedback);
    }
    cx.images.insert(DynamicImage::new_rgb8(1, 1), Origin::Stdin);
    assert!(call(&cx, "classify", json!({"labels": ["cat", "dog"]})).await.is_ok(), "one pixel is a picture too");
    let part = json!({"image": "img-1", "labels": ["red box", "blue sky"], "region": [8, 12, 46, 50]});
    let whole = json!({"image": "img-1", "labels": ["red box", "blue sky"]});
    let (part, whole) = (call(&cx, "classify", part).await.unwrap(), call(&cx, "classify", whole).await.unwrap());
    assert_ne!(part.value["labels"][0]["score"], whole.value["labels"][0]["score"], "a part is another picture");
}

fn boxes_agree(name: &str, found: &[(String, f32, [f32; 4])], expected: &[(String, f32, [f32; 4])], limit: f32) {
    assert_eq!(found.len(), expected.len(), "{name}: boxes");
    assert!(!found.is_empty(), "{name}: nothing is compared");
    let (mut off, mut apart) = (0.0_f32, 0.0_f32);
    for (label, score, corners) in expected {
        let distance = |other: &[f32; 4]| worst(other.iter().copied(), corners.iter().copied());
        let nearest = found
            .iter()
            .filter(|one| one.0 == *label && (one.1 - score).abs() < limit)
            .min_by(|a, b| distance(&a.2).total_cmp(&distance(&b.2)))
            .unwrap_or_else(|| unreachable!("{name}: no {label} of {score} at {corners:?} among {found:?}"));
        off = off.max(distance(&nearest.2));
        apart = apart.max((nearest.1 - score).abs());
    }
    eprintln!("{name}: {} boxes, largest difference {off:.2e} px, scores {apart:.2e}", found.len());
    assert!(off < 0.5, "{name}: {off}");
}

/// As the reference has it, which does not clip.
fn clipped(corners: &Value) -> [f32; 4] {
    let corners = numbers(corners);
    [corners[0].clamp(0.0, 90.0), corners[1].clamp(0.0, 60.0), corners[2].clamp(0.0, 90.0), corners[3].clamp(0.0, 60.0)]
}

fn area(corners: [f32; 4]) -> f32 {
    (corners[2] - corners[0]) * (corners[3] - corners[1])
}

/// The finder on the reference's input, then the whole tool on the picture, both without suppression as the reference.
async fn finder_agrees(name: &'static str, expected: Vec<(String, f32, [f32; 4])>, level: f32) {
    let reference = reference(name);
    let cx = cx(&[("find", name, ModelFacts { iou: Some(1.0), ..ModelFacts::default() })]);
    let finder = Finder::open(&cx).await.unwrap();
    pixels_agree(name, &finder.pixels(&picture(name).to_rgb8()), &reference, level);
    let labels = texts(&reference["labels"]);
    let found = finder.find(&given(&reference), (90, 60), &labels, None, &RunControl::new()).unwrap();
    let found: Vec<_> = found.into_iter().map(|one| (one.label, one.score, one.bbox.into())).collect();
    boxes_agree(name, &found, &expected, 1e-4);
    let seen = call(&cx, "find", json!({"labels": labels})).await.unwrap();
    let objects = seen.value["objects"].as_array().unwrap();
    let whole: Vec<(String, f32, [f32; 4])> = objects
        .iter()
        .map(|object| {
            let corners = numbers(&object["box"]);
            let label = object["label"].as_str().unwrap().to_owned();
            (label, object["score"].as_f64().unwrap() as f32, corners.try_into().unwrap())
        })
        .collect();
    boxes_agree(&format!("{name} by the whole tool"), &whole, &expected, 0.02);
    let counted: u64 = seen.value["counts"].as_object().unwrap().values().map(|count| count.as_u64().unwrap()).sum();
    assert_eq!(
        (counted as usize, seen.value["source"].as_str()),
        (objects.len(), Some(format!("tiny-{name}").as_str()))
    );
    assert!(cx.images.knows(objects[0]["handle"].as_str().unwrap()), "what is found can be named");
    let few = call(&cx, "find", json!({"labels": labels, "min_score": 0.999})).await.unwrap();
    assert!(few.value["objects"].as_array().unwrap().len() < objects.len());
}

fn owl_boxes(name: &str) -> Vec<(String, f32, [f32; 4])> {
    let reference = reference(name);
    let found = reference["found"].as_array().unwrap().iter();
    found
        .map(|one| {
            (one["label"].as_str().unwrap().to_owned(), one["score"].as_f64().unwrap() as f32, clipped(&one["box"]))
        })
        .filter(|one| area(one.2) > 0.0)
        .collect()
}

#[tokio::test]
async fn owlv2_finds_what_the_reference_finds() {
    // Its resize is one of floats: nothing is rounded to grey levels.
    finder_agrees("owlv2", owl_boxes("owlv2"), 1e-4).await;
}

#[tokio::test]
async fn owlvit_finds_what_the_reference_finds() {
    finder_agrees("owlvit", owl_boxes("owlvit"), LEVEL).await;
}

#[tokio::test]
async fn grounding_dino_finds_what_the_reference_finds() {
    let reference = reference("grounding_dino");
    let mut expected = Vec::new();
    for one in reference["found"].as_array().unwrap() {
        // Boxes without words, as the reference's post-processing gives some, are of no use.
        if one["phrase"].as_f64().unwrap() > 0.25 {
            let (label, text) = (one["label"].as_str().unwrap(), one["text"].as_str().unwrap());
            assert!(label.split(' ').any(|word| text.contains(word)), "the reference has words of it too: {one}");
            expected.push((label.to_owned(), one["score"].as_f64().unwrap() as f32, clipped(&one["box"])));
        }
    }
    assert!(expected.len() < reference["found"].as_array().unwrap().len(), "some have none");
    finder_agrees("grounding_dino", expected.into_iter().filter(|one| area(one.2) > 0.0).collect(), LEVEL).await;
}

#[tokio::test]
async fn boxes_of_one_thing_are_one() {
    let labels = json!({"labels": ["red box", "yellow ball"]});
    let all = cx(&[("find", "owlv2", ModelFacts { iou: Some(1.0), ..ModelFacts::default() })]);
    let all = call(&all, "find", labels.clone()).await.unwrap().value["objects"].as_array().unwrap().len();
    let kept = call(&plain("find", "owlv2"), "find", labels).await.unwrap().value["objects"].as_array().unwrap().len();
    assert!(kept < all, "{kept} of {all}");
}

#[tokio::test]
async fn find_refuses_what_cannot_be_looked_for() {
    let cx = plain("find", "grounding_dino");
    let many: Vec<String> = (0..31).map(|index| format!("thing {index}")).collect();
    let long: Vec<String> = (0..30).map(|_| "a cup of coffee on the table with a cat and a dog ".repeat(3)).collect();
    let long: Vec<String> = long.iter().enumerate().map(|(index, text)| format!("{text}{index}")).collect();
    for (args, part) in [
        (json!({"labels": []}), "say what to look for"),
        (json!({}), "labels"),
        (json!({"labels": ["x".repeat(10_000)]}), "has 10000 characters"),
        (json!({"labels": many}), "31 labels are too many"),
        (json!({"labels": long}), "256 are the most"),
        (json!({"labels": ["cat"], "min_score": 2}), "from 0 to 1"),
    ] {
        let error = call(&cx, "find", args).await.unwrap_err();
        assert_eq!(error.kind, ToolErrorKind::InvalidInput, "{error}");
        assert!(error.feedback.contains(part), "{}", error.feedback);
    }
    let error = call(&plain("find", "clip"), "find", json!({"labels": ["cat"]})).await.unwrap_err();
    assert!(error.message.contains("no output logits") && error.message.contains("image_embeds"), "{error}");
}

#[tokio::test]
async fn clipseg_maps_are_those_of_the_reference() {
    let reference = reference("clipseg");
    let cx = plain("segment_text", "clipseg");
    let segmenter = TextSegmenter::open(&cx).await.unwrap();
    pixels_agree("clipseg", &segmenter.pixels(&picture("clipseg").to_rgb8()), &reference, LEVEL);
    let labels = texts(&reference["labels"]);
    let entry = cx.images.get("img-1").unwrap();
    let whole = relevance(&cx, &entry.pixels, &labels).await.unwrap();
    for (index, label) in labels.iter().enumerate() {
        let expected = numbers(&reference["maps"][index]);
        let control = RunControl::new();
        let map = segmenter.relevance(&given(&reference), (90, 60), label.clone(), &control).unwrap();
        assert_eq!((map.width, map.height), (90, 60));
        let spread = expected.iter().copied().fold(0.0, f32::max) - expected.iter().copied().fold(1.0, f32::min);
        let off = worst(map.values, expected.iter().copied());
        let own = worst(whole[index].values.iter().copied(), expected);
        eprintln!("clipseg: map of {label} at 90 x 60, values over {spread:.2}: {off:.2e}, from the picture {own:.2e}");
        assert!(spread > 0.1 && off < 1e-4 && own < 0.05);
    }
    assert_ne!(whole[0].values, whole[1].values, "other words give another map");
    let error = relevance(&cx, &entry.pixels, &[" ".to_owned()]).await.unwrap_err();
    assert_eq!(error.kind, ToolErrorKind::InvalidInput);
}

#[tokio::test]
async fn pictures_are_compared_by_what_a_model_sees_in_them() {
    let cx = plain("embed", "clip");
    let drawn = picture("clip");
    cx.images.insert(DynamicImage::ImageRgba8(imageops::rotate180(&drawn)), Origin::Memory("turned".into()));
    cx.images.insert(drawn.resize_exact(60, 40, imageops::FilterType::Triangle), Origin::Memory("small".into()));
    cx.images.insert(drawn, Origin::Memory("again".into()));
    let seen = call(&cx, "find_similar", json!({"image": "img-1"})).await.unwrap().value;
    assert_eq!(seen["source"], "embedding, tiny-clip", "the model is installed");
    let others = seen["others"].as_array().unwrap();
    assert_eq!((&others[0]["image"], &others[0]["verdict"]), (&json!("img-4"), &json!("same")));
    assert_eq!((&others[1]["image"], &others[1]["verdict"]), (&json!("img-3"), &json!("near_duplicate")));
    assert!(others[2]["distance"].as_f64() > others[1]["distance"].as_f64(), "{seen}");
    // The distance is that of the vectors.
    let embedder = Embedder::open(&cx).await.unwrap();
    let vector = |handle: &str| {
        let image = cx.images.get(handle).unwrap().pixels.to_rgb8();
        embedder.picture(&embedder.pixels(&image), &RunControl::new()).unwrap()
    };
    let cosine: f32 = vector("img-1").iter().zip(vector("img-2")).map(|(a, b)| a * b).sum();
    let distance = others[2]["distance"].as_f64().unwrap() as f32;
    assert!((distance - (1.0 - cosine).clamp(0.001, 1.0)).abs() < 1e-3, "{distance} {cosine}");
    let seen = call(&cx, "find_similar", json!({"image": "img-1", "by": "look"})).await.unwrap().value;
    assert_eq!(seen["source"], "perceptual hash and color");
}
