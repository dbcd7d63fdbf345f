//! The shipped workflows on real pictures with the models of the package registries.
#![expect(clippy::unwrap_used, reason = "a test fails where its set-up does")]

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use argus_agent::chat::local::{LocalModel, LocalOptions};
use argus_tools::{
    image::{FetchPolicy, Fetcher, ImageStore, LoadLimits},
    onnx::{PoolOptions, SessionPool},
    store::{Store, StoreOptions},
    tool::ToolCx,
    vision,
};
use argus_workflows::{Host, Loader, Local, OneLlm, RunReport, Workflow};
use image::{Delay, DynamicImage, Frame, Rgb, codecs::gif::GifEncoder, imageops::FilterType};
use serde_json::{Value, json};

/// What the tests expect is what the models of the package registries say, so the hub is left alone.
fn store() -> Store {
    Store::open(StoreOptions { hub_offline: true, ..StoreOptions::from_env().unwrap() }).unwrap()
}

fn host() -> Host {
    let store = store();
    let pool = Arc::new(SessionPool::new(store.clone(), PoolOptions::default()));
    let fetcher = Fetcher::new(FetchPolicy::default()).unwrap();
    let loader = Loader { fetcher, samples: Arc::new(store), limits: LoadLimits::default() };
    Host::new(vision::toolbox(), ToolCx::new(ImageStore::new(), pool), loader)
}

async fn run_in(host: &Host, name: &str, inputs: Value) -> RunReport {
    let workflow = Workflow::load(name).unwrap();
    workflow.run_in(inputs.as_object().unwrap().clone(), host, Arc::new(Local::new("test"))).await
}

/// Runs a workflow that must succeed.
async fn run(name: &str, inputs: Value) -> RunReport {
    let report = run_in(&host(), name, inputs).await;
    assert!(report.ok, "{name}: {:?}", report.error);
    report
}

fn picture(report: &RunReport, handle: &Value) -> DynamicImage {
    let handle = handle.as_str().unwrap();
    let found = report.pictures.images.iter().find(|image| image.handle == handle);
    (*found.unwrap().pixels).clone()
}

fn texts(value: &Value) -> Vec<&str> {
    value.as_array().unwrap().iter().map(|text| text.as_str().unwrap()).collect()
}

fn said(report: &RunReport, part: &str) -> bool {
    texts(&report.outputs["remarks"]).iter().any(|remark| remark.contains(part))
}

fn scene(name: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/eval/scenes");
    folder.join(name).display().to_string()
}

async fn sample(name: &str) -> DynamicImage {
    image::open(store().sample(name).await.unwrap()).unwrap()
}

fn saved(folder: &Path, name: &str, picture: &DynamicImage) -> PathBuf {
    let path = folder.join(name);
    picture.save(&path).unwrap();
    path
}

#[tokio::test]
async fn describe_tells_what_a_picture_shows() {
    let report = run("describe", json!({ "image": "sample:cat" })).await;
    assert_eq!(report.outputs["objects"], json!({ "cat": 1 }));
    assert!(report.outputs["caption"].as_str().unwrap().contains("cat"), "{:?}", report.outputs);
    assert!(texts(&report.outputs["colors"]).iter().any(|color| color.contains("brown") || *color == "tan"));
    assert!(said(&report, "The caption is by: "));
}

#[tokio::test]
async fn count_counts_marks_and_tells_what_it_does_not_know() {
    let report = run("count", json!({ "image": "sample:coffee", "labels": "cup, spoon" })).await;
    assert_eq!(report.outputs["count"], json!(2));
    assert_eq!(report.outputs["counts"], json!({ "cup": 1, "spoon": 1 }));
    let marked = picture(&report, &report.outputs["image"]);
    assert_eq!((marked.width(), marked.height()), (600, 400));
    assert_ne!(marked.to_rgb8(), sample("coffee").await.to_rgb8(), "the boxes are drawn");

    let report = run("count", json!({ "image": "sample:coffee", "labels": "gryphon" })).await;
    assert_eq!((&report.outputs["count"], &report.outputs["image"]), (&json!(0), &json!("img-1")));
    assert!(said(&report, "does not know: gryphon"), "{:?}", report.outputs);
}

#[tokio::test]
async fn read_document_makes_markdown() {
    let report = run("read_document", json!({ "image": scene("timetable.png") })).await;
    let markdown = report.outputs["markdown"].as_str().unwrap();
    assert!(markdown.starts_with("Departures from Central Station\n"), "{markdown}");
    assert!(markdown.contains("| 09:05 | University | 5 |"), "{markdown}");
    assert_eq!(report.outputs["kind"], json!("table"));

    let blank = tempfile::tempdir().unwrap();
    let path = saved(blank.path(), "blank.png", &DynamicImage::new_luma8(300, 200));
    let report = run_in(&host(), "read_document", json!({ "image": path })).await;
    let error = report.error.unwrap().to_string();
    assert!(error.to_lowercase().contains("no text"), "{error}");
}

#[tokio::test]
async fn receipt_to_json_reads_fields_items_and_sums() {
    let report = run("receipt_to_json", json!({ "image": scene("receipt-market.png") })).await;
    let outputs = &report.outputs;
    assert_eq!(
        (&outputs["company"], &outputs["date"], &outputs["total"], &outputs["currency"]),
        (&json!("Green Leaf Market"), &json!("2024-05-02"), &json!("13.00"), &json!("EUR"))
    );
    assert_eq!(outputs["items"].as_array().unwrap().len(), 4);
    assert_eq!(outputs["sums_hold"], json!(true));

    // No receipt at all: nothing is made up.
    let report = run("receipt_to_json", json!({ "image": "sample:page" })).await;
    assert_eq!((&report.outputs["company"], &report.outputs["total"]), (&Value::Null, &Value::Null));
    assert_eq!((&report.outputs["items"], &report.outputs["sums_hold"]), (&json!([]), &Value::Null));
}

#[tokio::test]
async fn redact_hides_faces_and_says_what_it_cannot() {
    let report = run("redact_faces_and_plates", json!({ "image": "sample:astronaut" })).await;
    assert!(texts(&report.outputs["hidden"]).iter().any(|hidden| hidden.contains("face-1")), "{:?}", report.outputs);
    let hidden = picture(&report, &report.outputs["image"]).to_rgb8();
    // Between the eyes.
    assert_eq!(hidden.get_pixel(222, 110), &Rgb([0, 0, 0]));
    assert!(said(&report, "look at the result"));
}

#[tokio::test]
async fn remove_background_keeps_the_object_alone() {
    let report = run("remove_background", json!({ "image": "sample:cat", "background": "white" })).await;
    let placed = picture(&report, &report.outputs["image"]);
    assert_eq!((placed.width(), placed.height()), (451, 300));
    assert_eq!(placed.to_rgb8().get_pixel(449, 2), &Rgb([255, 255, 255]), "the corner is background");
    let share = report.outputs["share"].as_f64().unwrap();
    assert!((0.6..0.9).contains(&share), "{share}");
    assert!(picture(&report, &report.outputs["cutout"]).color().has_alpha());

    let report = run_in(&host(), "remove_background", json!({ "image": "sample:coffee", "object": "dog" })).await;
    assert!(report.error.unwrap().to_string().contains("There is no dog in the picture."));
}

#[tokio::test]
async fn catalog_product_gathers_an_entry() {
    let report = run("catalog_product", json!({ "image": "sample:coffee" })).await;
    let placed = picture(&report, &report.outputs["image"]);
    assert_eq!(placed.to_rgb8().get_pixel(3, 3), &Rgb([255, 255, 255]));
    assert!(report.outputs["caption"].as_str().unwrap().contains("cup"));
    // The saucer, not the wooden table.
    assert_eq!(report.outputs["colors"][0]["name"], json!("red"));
    assert_eq!(report.outputs["codes"], json!([]));
}

#[tokio::test]
async fn compare_two_finds_what_was_added() {
    let folder = tempfile::tempdir().unwrap();
    let before = sample("coffee").await;
    let mut after = before.to_rgb8();
    (40..110).for_each(|x| (40..100).for_each(|y| after.put_pixel(x, y, Rgb([20, 60, 200]))));
    let before = saved(folder.path(), "before.png", &before);
    let after = saved(folder.path(), "after.png", &after.into());
    let report = run("compare_two", json!({ "before": before, "after": after })).await;
    let outputs = &report.outputs;
    assert_eq!((&outputs["same"], &outputs["objects"]), (&json!(false), &json!([])));
    assert_eq!(outputs["verdict"], json!("near_duplicate"));
    let changed = outputs["changed"].as_f64().unwrap();
    // 70 x 60 of 600 x 400 pixels.
    assert!((changed - 0.0175).abs() < 0.002, "{changed}");

    let report = run("compare_two", json!({ "before": before, "after": before })).await;
    assert_eq!((&report.outputs["same"], &report.outputs["image"]), (&json!(true), &json!("img-1")));
    assert_eq!(report.outputs["text_only_after"], json!([]));
}

#[tokio::test]
async fn find_and_crop_cuts_out_the_best() {
    let report = run("find_and_crop", json!({ "image": "sample:coffee", "labels": "cup,spoon", "most": 1 })).await;
    let cuts = report.outputs["cuts"].as_array().unwrap();
    assert_eq!((cuts.len(), &cuts[0]["label"]), (1, &json!("cup")));
    let side = |at: usize| cuts[0]["box"][at].as_f64().unwrap();
    let cut = picture(&report, &cuts[0]["image"]);
    assert_eq!((f64::from(cut.width()), f64::from(cut.height())), (side(2) - side(0), side(3) - side(1)));
    assert_eq!(report.outputs["counts"], json!({ "cup": 1, "spoon": 1 }));
}

#[tokio::test]
async fn photo_triage_keeps_the_sharpest_of_those_alike() {
    let folder = tempfile::tempdir().unwrap();
    let photo = sample("coffee").await;
    let blurred = saved(folder.path(), "blurred.png", &photo.blur(6.0));
    let photo = saved(folder.path(), "photo.png", &photo);
    let report = run("photo_triage", json!({ "images": [blurred, photo, "sample:astronaut"] })).await;
    let outputs = &report.outputs;
    let mut keep = texts(&outputs["keep"]);
    keep.sort_unstable();
    assert_eq!(keep, ["img-2", "img-3"]);
    let twin = &outputs["duplicates"][0];
    assert_eq!((&twin["image"], &twin["number"], &twin["duplicate_of"]), (&json!("img-1"), &json!(1), &json!("img-2")));
    assert_eq!(twin["problems"], json!(["blurred"]));

    let report = run("photo_triage", json!({ "images": [blurred] })).await;
    assert_eq!((&report.outputs["keep"], &report.outputs["bad"][0]["image"]), (&json!([]), &json!("img-1")));
}

#[tokio::test]
async fn video_summary_tells_scene_by_scene() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("clip.gif");
    let mut encoder = GifEncoder::new_with_speed(std::fs::File::create(&path).unwrap(), 30);
    for name in ["coffee", "cat"] {
        let view = sample(name).await.resize_exact(300, 200, FilterType::Triangle).into_rgba8();
        for _ in 0..4 {
            let delay = Delay::from_numer_denom_ms(250, 1);
            encoder.encode_frame(Frame::from_parts(view.clone(), 0, 0, delay)).unwrap();
        }
    }
    drop(encoder);
    let report = run("video_summary", json!({ "clip": path })).await;
    let scenes = report.outputs["scenes"].as_array().unwrap();
    let times: Vec<&Value> = scenes.iter().map(|scene| &scene["scene"]).collect();
    assert_eq!(times, [&json!([0.0, 1.0]), &json!([1.0, 2.0])]);
    assert!(scenes[0]["objects"]["cup"].is_number() && scenes[1]["objects"]["cat"].is_number(), "{scenes:?}");
    let summary = report.outputs["summary"].as_str().unwrap();
    assert!(summary.starts_with("At 0.5 s: ") && summary.contains("\nAt 1.5 s: "), "{summary}");
}

#[tokio::test]
async fn question_captions_are_new_each_time_and_the_same_for_a_seed() {
    let inputs =
        json!({ "image": "sample:coffee", "question": "What color is the cup?", "captions": 3, "tries": 5, "seed": 4 });
    let report = run("question_captions", inputs.clone()).await;
    let captions = texts(&report.outputs["captions"]);
    assert!((2..=3).contains(&captions.len()) && captions[0].contains("cup"), "{captions:?}");
    for (at, caption) in captions.iter().enumerate() {
        assert!(!captions[..at].iter().any(|earlier| earlier.contains(caption)), "{captions:?}");
    }
    assert!(said(&report, "Relevance of the patches to the question is by: "));
    assert_eq!(run("question_captions", inputs).await.outputs, report.outputs);
}

/// The steps of all three pipelines, with small figures, on the local language model.
#[tokio::test]
async fn the_question_pipelines_answer_with_the_local_model() {
    let store = store();
    let (server, model) =
        tokio::try_join!(store.ensure_role("llama-server", None), store.ensure_role("llm", None)).unwrap();
    let mut options = LocalOptions::new(server.main().to_owned(), model.main(), store.home().join("llama"));
    options.library_dir = server.main().parent().map(PathBuf::from);
    let mut host = host();
    host.llm = Arc::new(OneLlm(Arc::new(LocalModel::new(options))));
    let (image, question) = ("sample:cat", "What animal is this?");

    let inputs = json!({ "image": image, "question": question, "n_shot": 4, "n_ensemble": 2 });
    let report = run_in(&host, "pica", inputs).await;
    assert!(report.ok, "{:?}", report.error);
    assert!(report.outputs["answer"].as_str().unwrap().contains("cat"), "{:?}", report.outputs);
    let answers = report.outputs["answers"].as_array().unwrap();
    let sure: Vec<f64> = answers.iter().map(|answer| answer["logprob"].as_f64().unwrap()).collect();
    assert!(sure.len() == 2 && sure.iter().all(|sure| *sure <= 0.0), "{sure:?}");
    let best = usize::from(sure[1] > sure[0]);
    assert!((sure[1] - sure[0]).abs() < 1e-9 || answers[best]["answer"] == report.outputs["answer"], "{answers:?}");
    assert!(said(&report, "The examples were ranked by"));

    let inputs = json!({ "image": image, "question": question, "captions": 2, "tries": 2 });
    let report = run_in(&host, "pnp_vqa", inputs).await;
    assert!(report.ok, "{:?}", report.error);
    assert!(report.outputs["answer"].as_str().unwrap().contains("cat"), "{:?}", report.outputs);

    let inputs = json!({
        "image": image, "question": question, "captions": 2, "tries": 2, "answers": 2, "exemplars": 2, "contexts": 2
    });
    let report = run_in(&host, "img2llm", inputs).await;
    assert!(report.ok, "{:?}", report.error);
    assert!(report.outputs["answer"].as_str().unwrap().contains("cat"), "{:?}", report.outputs);
    assert!(report.outputs["exemplars"].as_array().unwrap().len() <= 2);
}
