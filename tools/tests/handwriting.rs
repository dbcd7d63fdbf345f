//! Handwriting: `read_text` with lines found by the real detector and read by a tiny TrOCR of random weights, whose reading of
//! one line is compared with the reference library's (`tests/golden/tiny_captioners.py`).
#![expect(clippy::unwrap_used, reason = "a test fails where its set-up does")]

use std::{path::PathBuf, sync::Arc};

use argus_tools::{
    generate::VisionToTextModel,
    image::{ImageStore, Origin},
    onnx::{Device, PoolOptions, RunControl, SessionPool},
    store::{Store, StoreOptions, UserModel},
    tool::{ToolCx, Toolbox},
    vision::read_text::ReadText,
};
use serde_json::{Value, json};

/// A session with the tiny TrOCR, its texts at most as long as those of the reference and at least of so many tokens.
fn session(folder: &std::path::Path, least: u32) -> (ToolCx, Store) {
    let source = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/data/captioners/trocr");
    for name in ["encoder_model.onnx", "decoder_model_merged.onnx", "preprocessor_config.json", "tokenizer.json"] {
        fs_err::copy(source.join(name), folder.join(name)).unwrap();
    }
    let settings = fs_err::read_to_string(source.join("generation_config.json")).unwrap();
    let mut settings: Value = serde_json::from_str(&settings).unwrap();
    settings["max_new_tokens"] = json!(16);
    settings["min_new_tokens"] = json!(least);
    fs_err::write(folder.join("generation_config.json"), settings.to_string()).unwrap();
    let mut options = StoreOptions::from_env().unwrap();
    let own: UserModel = toml::from_str("role = 'handwriting'\nfile = 'own'\nthreshold = 0.0").unwrap();
    options.user_models.insert("tiny-trocr".into(), UserModel { file: folder.to_owned(), ..own });
    let store = Store::open(options).unwrap();
    let pool = SessionPool::new(store.clone(), PoolOptions { device: Device::Cpu, ..PoolOptions::default() });
    (ToolCx::new(ImageStore::new(), Arc::new(pool)), store)
}

#[tokio::test]
async fn one_line_reads_as_the_reference_reads_it() {
    let folder = tempfile::tempdir().unwrap();
    let (cx, _) = session(folder.path(), 0);
    let installed = cx.files("handwriting").await.unwrap();
    let model = VisionToTextModel::load("handwriting", &installed, &cx).await.unwrap();
    let source = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/data/captioners/trocr");
    let line = image::open(source.join("picture.png")).unwrap().to_rgb8();
    let (text, score) = model.read_scored(&line, &RunControl::new()).unwrap();
    let reference: Value =
        serde_json::from_str(&fs_err::read_to_string(source.join("reference.json")).unwrap()).unwrap();
    assert_eq!(text, reference["greedy"]["text"].as_str().unwrap().trim());
    // Greedy tokens are the likeliest of 300, and none is certain.
    assert!(score > 1.0 / 300.0 && score < 1.0, "{score}");
}

#[tokio::test]
async fn lines_are_found_as_ever_and_read_by_the_other_model() {
    let folder = tempfile::tempdir().unwrap();
    let (cx, store) = session(folder.path(), 4);
    let page = image::open(store.sample("page").await.unwrap()).unwrap();
    cx.images.insert(page, Origin::Memory("page".into()));
    let tools = Toolbox::new().with(ReadText);
    let printed = tools.call("read_text", json!({}), &cx).await.unwrap().value;
    assert!(cx.used().iter().all(|used| used.model != "tiny-trocr"));
    let written = tools.call("read_text", json!({"style": "handwritten"}), &cx).await.unwrap().value;
    assert!(cx.used().iter().any(|used| used.model == "tiny-trocr"));
    let quads = |value: &Value| -> Vec<Value> {
        value["lines"].as_array().unwrap().iter().map(|line| line["quad"].clone()).collect()
    };
    let (printed, written) = (quads(&printed), quads(&written));
    assert!(written.len() >= 3, "{printed:?} {written:?}");
    let shared = written.iter().filter(|quad| printed.contains(quad)).count();
    assert!(shared * 2 >= written.len(), "the same places: {printed:?} {written:?}");
}
