//! Matching of images and texts against the reference library: tiny models of random weights, made by
//! `tests/golden/tiny_matchers.py` (BLIP with the gradient inside the graph; the reference has torch's autograd) and
//! `tests/golden/tiny_zero_shot.py`. Whole tools run on them as a user's own models.
#![expect(clippy::unwrap_used, reason = "a test fails where its set-up does")]
#![expect(clippy::print_stderr, reason = "the largest differences make the table of parity")]

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use argus_tools::{
    image::{ImageStore, Origin},
    onnx::{PoolOptions, RunControl, SessionPool},
    store::{ModelFacts, Store, StoreOptions, UserModel},
    tool::{Observation, ToolCx, ToolError, ToolErrorKind, Toolbox},
    vision::{
        embed::{Embed, Embedder},
        match_text::{MapKind, Match, Matched, Matcher},
    },
};
use image::DynamicImage;
use ndarray::Array4;
use serde_json::{Value, json};

fn data(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(name)
}

fn reference(folder: &str) -> Value {
    serde_json::from_str(&fs_err::read_to_string(data(folder).join("reference.json")).unwrap()).unwrap()
}

/// A drawn picture as img-1, and folders as the user's models of some roles.
fn session(models: &[(&str, &Path)], picture: &str) -> ToolCx {
    let mut options = StoreOptions::from_env().unwrap();
    for (role, folder) in models {
        let name = format!("tiny-{}", folder.file_name().unwrap().to_string_lossy());
        let file = (*folder).to_owned();
        let facts = ModelFacts::default();
        let model = UserModel { role: (*role).to_owned(), file, labels_file: None, mmproj: None, licence: None, facts };
        options.user_models.insert(name, model);
    }
    // What is not there stays away: no test waits for the hub.
    options.hub_offline = true;
    let images = ImageStore::new();
    images.insert(image::open(data(picture)).unwrap(), Origin::Memory("drawn".into()));
    ToolCx::new(images, Arc::new(SessionPool::new(Store::open(options).unwrap(), PoolOptions::default())))
}

fn blip(name: &str) -> ToolCx {
    session(&[("match", &data("matchers").join(name))], "matchers/picture.png")
}

async fn call(cx: &ToolCx, tool: &str, args: Value) -> Result<Observation, ToolError> {
    Toolbox::new().with(Match).with(Embed).call(tool, args, cx).await
}

fn numbers(value: &Value) -> Vec<f32> {
    match value {
        Value::Array(all) => all.iter().flat_map(numbers).collect(),
        one => vec![one.as_f64().unwrap() as f32],
    }
}

fn texts(value: &Value) -> Vec<String> {
    value.as_array().unwrap().iter().map(|text| text.as_str().unwrap().to_owned()).collect()
}

fn given(reference: &Value) -> Array4<f32> {
    let shape: Vec<usize> = numbers(&reference["shape"]).into_iter().map(|size| size as usize).collect();
    Array4::from_shape_vec((shape[0], shape[1], shape[2], shape[3]), numbers(&reference["pixels"])).unwrap()
}

fn worst(values: &[f32], expected: &[f32]) -> f32 {
    assert_eq!(values.len(), expected.len());
    assert!(!values.is_empty());
    values.iter().zip(expected).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max)
}

fn shares(values: &[f32]) -> Vec<f32> {
    let sum: f32 = values.iter().sum();
    values.iter().map(|value| value / sum).collect()
}

/// One grey level after division by the smallest deviation in use, with room for one more rounding.
const LEVEL: f32 = 2.0 / 255.0 / 0.261 + 1e-4;

/// Probabilities and maps of all texts at once and of each alone.
async fn agrees(name: &str, kind: Option<MapKind>) {
    let reference = reference("matchers");
    let cx = blip(name);
    let matcher = Matcher::open(&cx).await.unwrap();
    assert_eq!(matcher.map(), kind);
    let all = texts(&reference["texts"]);
    for (text, ids) in all.iter().zip(reference["ids"].as_array().unwrap()) {
        let expected: Vec<i64> = serde_json::from_value(ids.clone()).unwrap();
        assert_eq!(matcher.ids(text).unwrap(), expected, "{text}");
    }
    assert_eq!(reference["ids"][4].as_array().unwrap().len(), 35, "one text is longer than what is read");
    let (pixels, control) = (given(&reference), RunControl::new());
    let together = matcher.matches(&pixels, &all, &control).unwrap();
    let alone: Vec<Matched> = all
        .iter()
        .map(|text| matcher.matches(&pixels, std::slice::from_ref(text), &control).unwrap().remove(0))
        .collect();
    for (how, found) in [("together", together), ("alone", alone)] {
        let probabilities: Vec<f32> = found.iter().map(|one| one.probability).collect();
        let off = worst(&probabilities, &numbers(&reference["probabilities"]));
        eprintln!("{name}, texts {how}: probabilities {off:.2e}");
        assert!(off < 1e-4);
        let Some(kind) = kind else {
            assert!(found.iter().all(|one| one.map.is_none()));
            continue;
        };
        let expected = match kind {
            MapKind::GradCam => numbers(&reference["gradcam"]),
            MapKind::Attention => numbers(&reference["attention"]),
        };
        let maps: Vec<f32> = found
            .iter()
            .flat_map(|one| {
                let map = one.map.clone().unwrap();
                assert_eq!((map.rows, map.columns), (6, 6));
                map.values
            })
            .collect();
        let (off, most) = (worst(&maps, &expected), expected.iter().copied().fold(0.0, f32::max));
        eprintln!("{name}, texts {how}: maps {off:.2e} of values up to {most:.2e}");
        assert!(off < 1e-4 * most && most > 1e-3, "{off} of {most}");
    }
}

#[tokio::test]
async fn blip_with_the_gradient_in_the_graph() {
    agrees("blip", Some(MapKind::GradCam)).await;
    let reference = reference("matchers");
    let matcher = Matcher::open(&blip("blip")).await.unwrap();
    let own = matcher.pixels(&image::open(data("matchers/picture.png")).unwrap().to_rgb8());
    let (own, expected) = (own.into_raw_vec_and_offset().0, numbers(&reference["pixels"]));
    let off = worst(&own, &expected);
    eprintln!("blip: input tensor {off:.2e}");
    assert!(off <= LEVEL);
}

#[tokio::test]
async fn blip_with_attention_alone() {
    agrees("blip_attention", Some(MapKind::Attention)).await;
}

#[tokio::test]
async fn blip_without_maps() {
    agrees("blip_plain", None).await;
}

#[tokio::test]
async fn a_vocabulary_without_the_mark_of_the_text_encoder_has_it_by_the_configuration() {
    let folder = tempfile::tempdir().unwrap();
    for file in fs_err::read_dir(data("matchers/blip")).unwrap() {
        let file = file.unwrap();
        fs_err::copy(file.path(), folder.path().join(file.file_name())).unwrap();
    }
    let path = folder.path().join("tokenizer.json");
    let mut tokenizer: Value = serde_json::from_str(&fs_err::read_to_string(&path).unwrap()).unwrap();
    tokenizer["added_tokens"].as_array_mut().unwrap().retain(|token| token["content"] != "[ENC]");
    assert!(tokenizer["model"]["vocab"].as_object_mut().unwrap().remove("[ENC]").is_some());
    fs_err::write(&path, tokenizer.to_string()).unwrap();
    let cx = session(&[("match", folder.path())], "matchers/picture.png");
    let reference = reference("matchers");
    let ids = Matcher::open(&cx).await.unwrap().ids(reference["texts"][0].as_str().unwrap()).unwrap();
    assert_eq!(json!(ids), reference["ids"][0]);
}

#[tokio::test]
async fn the_tool_gives_probabilities_maps_and_grids() {
    let (cx, reference) = (blip("blip"), reference("matchers"));
    let seen = call(&cx, "match", json!({"texts": reference["texts"], "map": true, "grid": true})).await.unwrap();
    let value = &seen.value;
    assert_eq!(value["source"], "matching, tiny-blip");
    assert_eq!(value["map_source"], "gradcam, tiny-blip");
    assert_eq!(value["meaning"], "probability that the text describes the image");
    let scores = value["scores"].as_array().unwrap();
    let probabilities: Vec<f32> = scores.iter().map(|one| one["score"].as_f64().unwrap() as f32).collect();
    let off = worst(&probabilities, &numbers(&reference["probabilities"]));
    let mut apart = 0.0_f32;
    for (index, score) in scores.iter().enumerate() {
        let grid = &score["relevance"];
        assert_eq!((&grid["rows"], &grid["columns"]), (&json!(6), &json!(6)));
        let own = numbers(&grid["values"]);
        assert!((own.iter().sum::<f32>() - 1.0).abs() < 1e-4);
        apart = apart.max(worst(&own, &shares(&numbers(&reference["gradcam"][index]))));
        let map = cx.images.get(score["map"].as_str().unwrap()).unwrap();
        assert_eq!((map.pixels.width(), map.pixels.height()), (90, 60));
        assert_eq!(map.operation.as_ref().unwrap().args["texts"], json!([score["text"]]));
    }
    eprintln!("blip by the whole tool, from the picture: probabilities {off:.2e}, shares of patches {apart:.2e}");
    // One grey level here and there.
    assert!(off < 0.02 && apart < 0.02);
    assert_eq!(scores[0]["map"], "img-2");
    let brief = call(&cx, "match", json!({"image": "img-1", "texts": ["a red box"]})).await.unwrap();
    assert_eq!(brief.value["scores"].as_array().unwrap().len(), 1);
    assert!(brief.value["scores"][0].get("map").is_none() && brief.value.get("map_source").is_none());
    assert!(
        brief.text.ends_with(" (matching, tiny-blip; probability that the text describes the image)"),
        "{}",
        brief.text
    );
    cx.images.insert(DynamicImage::new_rgb8(1, 1), Origin::Stdin);
    assert!(call(&cx, "match", json!({"texts": ["a dot"], "map": true})).await.is_ok(), "one pixel is a picture too");
}

#[tokio::test]
async fn a_matcher_without_maps_takes_those_of_clipseg() {
    let models = [("match", data("matchers/blip_plain")), ("segment_text", data("zero_shot/clipseg"))];
    let models: Vec<(&str, &Path)> = models.iter().map(|(role, folder)| (*role, folder.as_path())).collect();
    let cx = session(&models, "zero_shot/clipseg/picture.png");
    let seen = call(&cx, "match", json!({"texts": ["red box", "yellow ball"], "grid": true})).await.unwrap().value;
    assert_eq!(
        (&seen["source"], &seen["map_source"]),
        (&json!("matching, tiny-blip_plain"), &json!("relevance, tiny-clipseg"))
    );
    let reference = reference("zero_shot/clipseg");
    let labels = texts(&reference["labels"]);
    let seen = call(&cx, "match", json!({"texts": labels, "grid": true})).await.unwrap().value;
    for (index, score) in seen["scores"].as_array().unwrap().iter().enumerate() {
        let grid = &score["relevance"];
        assert_eq!((&grid["rows"], &grid["columns"]), (&json!(24), &json!(24)));
        // The mean of the reference's map over the left and the right half, as shares.
        let map = numbers(&reference["maps"][index]);
        let left: f32 = map.iter().enumerate().filter(|(at, _)| at % 90 < 45).map(|(_, value)| value).sum();
        let own: Vec<f32> = numbers(&grid["values"]);
        let half: f32 = own.iter().enumerate().filter(|(at, _)| at % 24 < 12).map(|(_, value)| value).sum();
        let expected = left / map.iter().sum::<f32>();
        eprintln!("clipseg as a grid: share of the left half {half:.4}, of the reference's map {expected:.4}");
        assert!((half - expected).abs() < 0.01);
    }
}

#[tokio::test]
async fn clipseg_alone_scores_the_likeliest_part() {
    let cx = session(&[("segment_text", &data("zero_shot/clipseg"))], "zero_shot/clipseg/picture.png");
    let reference = reference("zero_shot/clipseg");
    let args = json!({"texts": reference["labels"], "grid": true, "map": true});
    let seen = call(&cx, "match", args).await.unwrap().value;
    assert_eq!(
        (&seen["source"], &seen["map_source"]),
        (&json!("relevance, tiny-clipseg"), &json!("relevance, tiny-clipseg"))
    );
    for (index, score) in seen["scores"].as_array().unwrap().iter().enumerate() {
        let mut map = numbers(&reference["maps"][index]);
        map.sort_by(|a, b| b.total_cmp(a));
        let highest = map[..map.len().div_ceil(100)].iter().sum::<f32>() / map.len().div_ceil(100) as f32;
        assert!((score["score"].as_f64().unwrap() as f32 - highest).abs() < 0.05, "{score} {highest}");
    }
}

/// Scores by the likeness of embeddings, from the picture's own pixels.
async fn likeness(name: &str, meaning: &str) {
    let folder = format!("zero_shot/{name}");
    let (cx, reference) = (session(&[("embed", &data(&folder))], &format!("{folder}/picture.png")), reference(&folder));
    let prompts: Vec<String> =
        texts(&reference["labels"]).iter().map(|label| format!("This is a photo of {label}.")).collect();
    let seen = call(&cx, "match", json!({"texts": prompts})).await.unwrap().value;
    assert_eq!(seen["source"], format!("similarity, tiny-{name}"));
    assert!(seen["meaning"].as_str().unwrap().contains(meaning), "{}", seen["meaning"]);
    let scores = seen["scores"].as_array().unwrap();
    let own: Vec<f32> = scores.iter().map(|one| one["score"].as_f64().unwrap() as f32).collect();
    let off = worst(&own, &numbers(&reference["probabilities"]));
    eprintln!("{name} by the whole tool, from the picture: probabilities {off:.2e}");
    assert!(off < 0.03);
    // The vectors of `embed` have the cosines that `match` tells.
    let vectors = call(&cx, "embed", json!({"image": "img-1", "text": prompts})).await.unwrap();
    let all = vectors.value["vectors"].as_array().unwrap();
    assert_eq!((&all[0]["of"], &all[1]["of"]), (&json!("img-1"), &json!(prompts[0])));
    assert_eq!(
        (vectors.value["dimension"].as_u64(), vectors.value["source"].as_str()),
        (Some(numbers(&all[0]["vector"]).len() as u64), Some(format!("tiny-{name}").as_str()))
    );
    let picture = numbers(&all[0]["vector"]);
    assert!(worst(&picture, &numbers(&reference["picture"])) < 0.02);
    assert!(all[0]["vector"].as_array().unwrap().iter().all(|number| number.to_string().len() <= 9), "{}", all[0]);
    let mut apart = 0.0_f32;
    for (vector, score) in all[1..].iter().zip(scores) {
        let vector = numbers(&vector["vector"]);
        assert!((vector.iter().map(|value| value * value).sum::<f32>() - 1.0).abs() < 1e-3);
        let cosine: f32 = vector.iter().zip(&picture).map(|(a, b)| a * b).sum();
        apart = apart.max((cosine - score["similarity"].as_f64().unwrap() as f32).abs());
    }
    eprintln!("{name}: cosines of the rounded vectors against match {apart:.2e}");
    assert!(apart < 5e-4);
}

#[tokio::test]
async fn siglip_scores_each_text_by_itself() {
    likeness("siglip", "for each text by itself").await;
}

#[tokio::test]
async fn clip_shares_between_the_texts_and_says_so() {
    likeness("clip", "shares of 1 between the texts").await;
    let cx = session(&[("embed", &data("zero_shot/clip"))], "zero_shot/clip/picture.png");
    let one = call(&cx, "match", json!({"texts": ["red box"]})).await.unwrap().value;
    assert!(one["meaning"].as_str().unwrap().contains("against the neutral text"), "{one}");
    let score = one["scores"][0]["score"].as_f64().unwrap();
    assert!(score > 0.0 && score < 1.0, "one text alone would have it all: {score}");
}

#[tokio::test]
async fn texts_have_the_same_vectors_by_one_graph_and_by_two() {
    let texts = ["a red box".to_owned(), "A yellow ball".to_owned()];
    let mut vectors = Vec::new();
    for name in ["clip", "clip_split"] {
        let cx = session(&[("embed", &data("zero_shot").join(name))], "zero_shot/clip/picture.png");
        let embedder = Embedder::open(&cx).await.unwrap();
        vectors.push(embedder.texts(&texts, &RunControl::new()).unwrap().concat());
    }
    let off = worst(&vectors[0], &vectors[1]);
    eprintln!("clip: text vectors by one graph and by two {off:.2e}");
    assert!(off < 1e-4);
}

#[tokio::test]
async fn another_model_under_the_role_is_refused_with_its_tensors() {
    let cx = session(&[("match", &data("zero_shot/clipseg"))], "matchers/picture.png");
    let error = call(&cx, "match", json!({"texts": ["a cat"]})).await.unwrap_err();
    assert_eq!(error.kind, ToolErrorKind::Internal);
    assert!(error.message.contains("no output itm_logits") && error.message.contains("logits F32"), "{error}");
    assert!(error.hint.unwrap().contains("tiny_matchers.py"));
}
