//! Vision-language models against the reference library: tiny models of random weights as three graphs, made by
//! `tests/golden/tiny_vision_language.py` with what transformers makes of pictures and questions.
#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails where its set-up does")]
#![expect(clippy::print_stderr, reason = "the differences are for a table of parity")]

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use argus_tools::{
    generate::{Answer, AskError, Graphs, Turn, View, VisionLanguage},
    image::{ImageStore, Origin},
    onnx::{Device, OrtModel, PoolOptions, RunControl, Runtime, SessionPool},
    store::{Store, StoreOptions, UserModel},
    tool::{ToolCx, ToolErrorKind, Toolbox},
    vision::ask_image::AskImage,
};
use image::RgbImage;
use indexmap::IndexMap;
use ndarray::{Array2, Array4};
use serde_json::{Value, json};

fn data() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/data/vision_language")
}

fn store(models: &[(&str, &Path)]) -> Store {
    let user = |(id, folder): &(&str, &Path)| {
        let text = format!("role = 'vqa'\nfile = '{}'", folder.display());
        ((*id).to_owned(), toml::from_str::<UserModel>(&text).unwrap())
    };
    Store::open(StoreOptions { user_models: models.iter().map(user).collect(), ..StoreOptions::from_env().unwrap() })
        .unwrap()
}

async fn runtime() -> Arc<Runtime> {
    let library = store(&[]).ensure_role("onnxruntime", None).await.expect("ONNX Runtime is available");
    Runtime::load(library.main()).unwrap()
}

struct Tiny {
    folder: PathBuf,
    model: VisionLanguage,
    vision: OrtModel,
    embed: OrtModel,
    decoder: OrtModel,
    reference: Value,
}

impl Tiny {
    async fn open(name: &str) -> Self {
        let folder = data().join(name);
        let runtime = runtime().await;
        let graph = |name: &str| runtime.session(&folder.join(name), Device::Cpu).unwrap().0;
        let reference = fs_err::read_to_string(folder.join("reference.json")).unwrap();
        let mut model = VisionLanguage::open(&folder).unwrap();
        model.options.max_new_tokens = 20;
        Self {
            model,
            vision: graph("onnx/vision_encoder.onnx"),
            embed: graph("onnx/embed_tokens.onnx"),
            decoder: graph("onnx/decoder_model_merged.onnx"),
            reference: serde_json::from_str(&reference).unwrap(),
            folder,
        }
    }

    fn graphs(&self) -> Graphs<'_> {
        Graphs { vision_encoder: &self.vision, embed_tokens: &self.embed, decoder: &self.decoder }
    }

    fn answer(&self, graphs: &Graphs<'_>, turns: &[Turn], views: &[View]) -> Result<Answer, AskError> {
        self.model.answer(graphs, turns, views, &RunControl::new(), &mut |_| true)
    }
}

fn picture(name: &str) -> RgbImage {
    image::open(data().join(format!("{name}.png"))).unwrap().to_rgb8()
}

fn numbers(value: &Value) -> Vec<f32> {
    value.as_array().unwrap().iter().map(|number| number.as_f64().unwrap() as f32).collect()
}

fn ids(value: &Value) -> Vec<i64> {
    value.as_array().unwrap().iter().map(|id| id.as_i64().unwrap()).collect()
}

/// The pixel values that the reference's image processor gave, without the batch.
fn pixels(model: &Tiny, name: &str) -> Array4<f32> {
    let bytes = fs_err::read(model.folder.join(format!("{name}.f32"))).unwrap();
    let values = bytes.chunks_exact(4).map(|word| f32::from_le_bytes(word.try_into().unwrap())).collect();
    let shape = ids(&model.reference["pixels"][name]);
    let [.., tiles, channels, height, width] = shape[..] else { panic!("{shape:?}") };
    Array4::from_shape_vec([tiles, channels, height, width].map(|side| side as usize), values).unwrap()
}

/// The turns of a run of the script, by its name.
fn turns(run: &str) -> Vec<Turn> {
    match run.trim_end_matches("_split") {
        "one" | "other" => vec![Turn::ask(1, "Why is the cup red?")],
        "two" => vec![Turn::ask(2, "How many people are there?")],
        _ => vec![Turn::example("What is in the picture?", "a yellow sun"), Turn::ask(1, "What is in the picture?")],
    }
}

/// Its tokens up to where it ended.
fn greedy(run: &Value, key: &str, eos: &[i64]) -> Vec<i64> {
    ids(&run[key]).into_iter().take_while(|id| !eos.contains(id)).collect()
}

fn furthest(values: impl Iterator<Item = f32>, expected: impl Iterator<Item = f32>) -> f32 {
    values.zip(expected).map(|(value, expected)| (value - expected).abs()).fold(0.0, f32::max)
}

/// Everything from the pictures to the words, run by run.
async fn compare(name: &str) -> Tiny {
    let model = Tiny::open(name).await;
    let (mut of_pixels, mut of_features, mut compared) = (0.0_f32, 0.0_f32, 0);
    for key in model.reference["pixels"].as_object().unwrap().keys() {
        let given = pixels(&model, key);
        let view = model.model.view(&picture(key.trim_end_matches("_split")), key.ends_with("_split"));
        assert_eq!(view.pixels.dim(), given.dim(), "{name} {key}");
        let off = furthest(view.pixels.iter().copied(), given.iter().copied());
        // One grey level of 255 at a mean and a deviation of 0.5, or of about 0.26.
        let levels = if name.starts_with("llava") { 1.0 / 255.0 / 0.26 } else { 2.0 / 255.0 };
        let differing = view.pixels.iter().zip(&given).filter(|(a, b)| (**a - **b).abs() > 1e-4).count();
        eprintln!("{name} {key}: pixels off by {off:.6} at most, {differing} of {} at all", given.len());
        assert!(off < 2.0 * levels + 1e-4 && differing * 50 < given.len(), "{name} {key}: {off}");
        of_pixels = of_pixels.max(off);
    }
    for (run, record) in model.reference["runs"].as_object().unwrap() {
        let shown: Vec<&str> =
            record["images"].as_array().unwrap().iter().map(|image| image.as_str().unwrap()).collect();
        let split = record["split"].as_bool().unwrap_or_default();
        let own: Vec<View> = shown.iter().map(|image| model.model.view(&picture(image), split)).collect();
        let turns = turns(run);
        assert_eq!(model.model.prompt(&turns).unwrap(), record["prompt"].as_str().unwrap(), "{name} {run}");
        let views: Vec<View> = own
            .iter()
            .zip(&shown)
            .map(|(view, image)| {
                let key = if split { format!("{image}_split") } else { (*image).to_owned() };
                View { pixels: pixels_or_own(&model, &key, view), ..view.clone() }
            })
            .collect();
        let graphs = model.graphs();
        let control = RunControl::new();
        let looked = |view| model.model.features(&graphs, view, &control).unwrap();
        let features: Vec<Array2<f32>> = views.iter().map(looked).collect();
        let off = furthest(
            features.iter().flat_map(|features| features.iter().copied()),
            numbers(&record["features"]).into_iter(),
        );
        let count: usize = features.iter().map(Array2::len).sum();
        assert_eq!(count, numbers(&record["features"]).len(), "{name} {run}");
        assert!(off < 1e-4, "{name} {run}: features off by {off}");
        of_features = of_features.max(off);
        let said = model.model.ids(record["prompt"].as_str().unwrap(), &views, &features).unwrap();
        assert_eq!(said, ids(&record["input_ids"]), "{name} {run}");
        let wanted = greedy(record, "greedy", &model.model.options.eos);
        let answer = model.answer(&graphs, &turns, &views).unwrap();
        assert_eq!(answer.ids, wanted, "{name} {run}");
        assert_eq!(answer.text, record["text"].as_str().unwrap().trim(), "{name} {run}");
        assert_eq!(model.answer(&graphs, &turns, &own).unwrap().ids, wanted, "{name} {run}, from the picture");
        compared += wanted.len();
    }
    eprintln!("{name}: pixels {of_pixels:.6}, features {of_features:.2e}, {compared} tokens equal");
    model
}

/// The reference's own pixel values where they are kept, so that features are compared by themselves.
fn pixels_or_own(model: &Tiny, key: &str, own: &View) -> Array4<f32> {
    if model.reference["pixels"][key].is_null() { own.pixels.clone() } else { pixels(model, key) }
}

#[tokio::test]
async fn smolvlm_says_what_the_reference_says() {
    let model = compare("smolvlm").await;
    let ended = &model.reference["ended"];
    let mut early = VisionLanguage::open(&model.folder).unwrap();
    early.options.max_new_tokens = 20;
    early.options.eos.push(ended["eos"].as_i64().unwrap());
    let view = early.view(&picture("wide"), false);
    let mut pieces = String::new();
    let answer =
        early.answer(&model.graphs(), &turns("one"), std::slice::from_ref(&view), &RunControl::new(), &mut |piece| {
            pieces += piece;
            true
        });
    let answer = answer.unwrap();
    assert!(answer.ended && answer.ids == ids(&ended["ids"]), "{answer:?}");
    let ends = |text: &str| text.trim_end_matches('\u{fffd}').trim().to_owned();
    assert_eq!(ends(&pieces), ends(&answer.text), "piece by piece");
    let mut heard = 0;
    let stopped = model.model.answer(
        &model.graphs(),
        &turns("one"),
        std::slice::from_ref(&view),
        &RunControl::new(),
        &mut |_| {
            heard += 1;
            heard < 3
        },
    );
    assert!(stopped.unwrap().ids.len() < 20, "the listener ends it");
    let control = RunControl::new();
    control.cancel();
    let error = model.model.answer(&model.graphs(), &turns("one"), &[view], &control, &mut |_| true).unwrap_err();
    assert!(error.to_string().contains("cancelled"), "{error}");
}

#[tokio::test]
async fn llava_says_what_the_reference_says_with_caches_of_either_width() {
    let model = compare("llava").await;
    let half = runtime().await.session(&model.folder.join("half/decoder_model_merged.onnx"), Device::Cpu).unwrap().0;
    let graphs = Graphs { decoder: &half, ..model.graphs() };
    for (run, record) in model.reference["runs"].as_object().unwrap() {
        let shown = record["images"].as_array().unwrap().iter();
        let views: Vec<View> = shown.map(|image| model.model.view(&picture(image.as_str().unwrap()), false)).collect();
        let wanted = greedy(record, "half", &model.model.options.eos);
        assert_eq!(model.answer(&graphs, &turns(run), &views).unwrap().ids, wanted, "{run}");
    }
}

#[tokio::test]
async fn llava_next_says_what_the_reference_says_of_tiles() {
    let model = compare("llava_next").await;
    assert!(model.model.cuts(2));
    // The whole picture alone, with the row that ends it.
    let view = model.model.view(&picture("wide"), false);
    assert_eq!((view.tiles(), view.grid, view.picture), (1, (0, 0), (57, 41)));
    let features = model.model.features(&model.graphs(), &view, &RunControl::new()).unwrap();
    assert_eq!(features.nrows(), 17);
    assert!(!model.answer(&model.graphs(), &turns("one"), &[view]).unwrap().ids.is_empty());
}

#[tokio::test]
async fn llava_onevision_says_what_the_reference_says_of_tiles_and_of_several_pictures() {
    let model = compare("llava_onevision").await;
    assert!(model.model.cuts(1) && !model.model.cuts(2));
    // Without the weight that ends rows, as its exporters leave it out, the picture stays whole.
    let llava = Tiny::open("llava").await;
    let graphs = Graphs { vision_encoder: &llava.vision, ..model.graphs() };
    let (view, control) = (model.model.view(&picture("wide"), true), RunControl::new());
    assert_eq!((view.tiles(), view.grid), (5, (2, 2)));
    let features = model.model.features(&graphs, &view, &control).unwrap();
    assert_eq!(features.nrows(), 16);
    assert!(!model.answer(&graphs, &turns("one"), &[view]).unwrap().ids.is_empty());
}

#[tokio::test]
async fn paligemma_says_what_the_reference_says() {
    let model = compare("paligemma").await;
    let view = model.model.view(&picture("wide"), false);
    let error = model.answer(&model.graphs(), &turns("examples"), &[view.clone(), view]).unwrap_err();
    assert!(matches!(&error, AskError::Unfit(message) if message.contains("no examples")), "{error}");
}

#[tokio::test]
async fn what_does_not_fit_is_refused_by_name() {
    let (smolvlm, llava) = (Tiny::open("smolvlm").await, Tiny::open("llava").await);
    let view = smolvlm.model.view(&picture("wide"), false);
    let one =
        |views: &[View], graphs: &Graphs<'_>| smolvlm.answer(graphs, &turns("one"), views).unwrap_err().to_string();
    let square = Graphs { vision_encoder: &llava.vision, ..smolvlm.graphs() };
    let error = one(std::slice::from_ref(&view), &square);
    assert!(error.contains("type idefics3 takes pixel_values [batch, tiles, 3, height, width]; inputs: "), "{error}");
    let swapped = Graphs { embed_tokens: &smolvlm.decoder, ..smolvlm.graphs() };
    assert!(one(std::slice::from_ref(&view), &swapped).contains("embed_tokens takes input_ids; inputs: inputs_embeds"));
    let swapped = Graphs { decoder: &smolvlm.vision, ..smolvlm.graphs() };
    assert!(one(std::slice::from_ref(&view), &swapped).contains("pixel_values is not understood"));
    let error = one(&[view.clone(), view.clone()], &smolvlm.graphs());
    assert!(error.contains("1 times <image>, and there are 2 pictures"), "{error}");
    // A tile less than its grid says.
    let torn = View { grid: (1, 1), ..view.clone() };
    let error = one(&[torn], &smolvlm.graphs());
    assert_eq!(error, "the prompt has 8 places for image features, and the vision encoder gave 4");
    assert_eq!(smolvlm.model.reserved("what is <image> here?").as_deref(), Some("<image>"));
    assert_eq!(smolvlm.model.reserved("<end_of_utterance>").as_deref(), Some("<end_of_utterance>"));
    assert_eq!(smolvlm.model.reserved("Why is a < b, <b>bold</b>?"), None);
    let long = smolvlm.answer(&smolvlm.graphs(), &[Turn::ask(1, "why ".repeat(2500))], &[view]).unwrap_err();
    assert!(matches!(&long, AskError::Unfit(message) if message.contains("and this model takes 2048")), "{long}");
}

/// The files of LLaVA as those of another type of model, without its template and without the counts of its processor.
fn disguised(model_type: &str, template: Option<&str>) -> tempfile::TempDir {
    let (from, to) = (data().join("llava"), tempfile::tempdir().unwrap());
    for file in ["tokenizer.json", "tokenizer_config.json", "preprocessor_config.json", "generation_config.json"] {
        std::fs::copy(from.join(file), to.path().join(file)).unwrap();
    }
    let config = fs_err::read_to_string(from.join("config.json")).unwrap();
    let mut config: Value = serde_json::from_str(&config).unwrap();
    config["model_type"] = json!(model_type);
    std::fs::write(to.path().join("config.json"), config.to_string()).unwrap();
    if let Some(template) = template {
        std::fs::write(to.path().join("chat_template.json"), json!({"chat_template": template}).to_string()).unwrap();
    }
    to
}

#[tokio::test]
async fn other_types_have_prompts_of_their_own_and_count_what_they_are_given() {
    let llava = Tiny::open("llava").await;
    let view = llava.model.view(&picture("wide"), false);
    let features = [llava.graphs().features(&view, &RunControl::new()).unwrap()];
    let places = "<image>".repeat(16);
    let plain = "{% for m in messages %}<|{{ m.role }}|>{{ m.content }}{% endfor %}{% if add_generation_prompt %}<|a|>{% endif %}";
    for (model_type, template, prompt) in [
        ("moondream1", None, format!("{places}\n\nQuestion: why?\n\nAnswer:")),
        ("llava_qwen2", Some(plain), format!("<|user|>{places}\nwhy?<|a|>")),
        ("llava_onevision", Some("{{ bos_token }}{{ messages[0].content }}"), format!("<s>{places}\nwhy?")),
    ] {
        let model = VisionLanguage::open(disguised(model_type, template).path()).unwrap();
        let turns = [Turn::ask(1, "why?")];
        let ids = model.ids(&model.prompt(&turns).unwrap(), std::slice::from_ref(&view), &features).unwrap();
        let tokenizer = argus_tools::generate::Tokenizer::open(&llava.folder.join("tokenizer.json")).unwrap();
        // The start token comes once, from the template or from the tokenizer.
        let wanted = tokenizer.encode(prompt.trim_start_matches("<s>"), true).unwrap();
        assert_eq!(ids, wanted, "{model_type}");
        let answer =
            model.answer(&llava.graphs(), &turns, std::slice::from_ref(&view), &RunControl::new(), &mut |_| true);
        assert!(!answer.unwrap().ids.is_empty(), "{model_type}");
    }
    let error = VisionLanguage::open(disguised("llava", None).path()).unwrap().prompt(&turns("one")).unwrap_err();
    assert!(error.to_string().contains("no file has a chat template"), "{error}");
    let error = VisionLanguage::open(disguised("qwen2_vl", None).path()).err().unwrap();
    assert!(error.to_string().contains("model_type is \"qwen2_vl\"; known are"), "{error}");
}

fn cx(name: &str, pictures: &[&str]) -> ToolCx {
    let folder = data().join(name);
    let images = ImageStore::new();
    for name in pictures {
        images.insert(picture(name).into(), Origin::Memory((*name).into()));
    }
    let store = store(&[("tiny", &folder)]);
    ToolCx::new(images, Arc::new(SessionPool::new(store, PoolOptions::default())))
}

async fn ask(cx: &ToolCx, args: Value) -> Value {
    Toolbox::new().with(AskImage).call("ask_image", args, cx).await.unwrap().value
}

/// The beginning of an answer of the tool, which may continue longer than the reference did.
fn begins(value: &Value, record: &Value, name: &str) {
    let (answer, wanted) = (value["answer"].as_str().unwrap(), record["text"].as_str().unwrap().trim());
    let whole = wanted.trim_end_matches('\u{fffd}');
    assert!(!whole.is_empty() && answer.starts_with(whole), "{name}: {answer} {wanted}");
    assert_eq!(value["source"], "tiny");
}

#[tokio::test]
async fn the_tool_answers_on_tiny_models() {
    for name in ["smolvlm", "llava", "paligemma"] {
        let text = fs_err::read_to_string(data().join(name).join("reference.json")).unwrap();
        let runs = serde_json::from_str::<Value>(&text).unwrap()["runs"].clone();
        let cx = cx(name, &["wide", "tall"]);
        let one = json!({"question": " Why is the cup red?\n", "image": "img-1"});
        begins(&ask(&cx, one.clone()).await, &runs["one"], name);
        let two = json!({"question": "How many people are there?", "image": "img-2", "others": "img-1"});
        begins(&ask(&cx, two).await, &runs["two"], name);
        let used: IndexMap<String, String> = cx.used().into_iter().map(|used| (used.model, used.provider)).collect();
        assert_eq!(used, IndexMap::from([("tiny".to_owned(), "cpu".to_owned())]));
        if name == "paligemma" {
            continue;
        }
        let mut detailed = one;
        detailed["detail"] = json!(true);
        let run = if name == "smolvlm" { "one_split" } else { "one" };
        begins(&ask(&cx, detailed).await, &runs[run], name);
        let question = "What is in the picture?";
        let examples = json!([{"image": "img-2", "question": question, "answer": "a yellow sun"}]);
        let shown = json!({"question": question, "image": "img-1", "examples": examples});
        begins(&ask(&cx, shown).await, &runs["examples"], name);
    }
}

#[tokio::test]
async fn the_tool_cuts_pictures_into_tiles_for_detail() {
    for name in ["llava_next", "llava_onevision"] {
        let text = fs_err::read_to_string(data().join(name).join("reference.json")).unwrap();
        let runs = serde_json::from_str::<Value>(&text).unwrap()["runs"].clone();
        let cx = cx(name, &["wide", "tall"]);
        let one = json!({"question": "Why is the cup red?", "image": "img-1", "detail": true});
        begins(&ask(&cx, one).await, &runs["one_split"], name);
        let two =
            json!({"question": "How many people are there?", "image": "img-2", "others": "img-1", "detail": true});
        let run = if name == "llava_next" { "two_split" } else { "two" };
        begins(&ask(&cx, two).await, &runs[run], name);
        assert_eq!(ask(&cx, json!({"question": "why?", "image": "img-1"})).await["source"], "tiny");
    }
}

#[tokio::test]
async fn the_tool_refuses_what_the_model_would_misread() {
    let cx = cx("smolvlm", &["wide"]);
    let tools = Toolbox::new().with(AskImage);
    let call = async |args| tools.call("ask_image", args, &cx).await.unwrap_err();
    let error = call(json!({"question": "<image> why?"})).await;
    assert!(
        error.kind == ToolErrorKind::InvalidInput && error.feedback.contains("\"<image>\" has a meaning"),
        "{error}"
    );
    let whole = ask(&cx, json!({"question": "why?"})).await;
    let part = ask(&cx, json!({"question": "why?", "region": [0, 0, 10, 10]})).await;
    assert_ne!(whole["answer"], part["answer"], "another part is another picture");
    for side in [1, 3000] {
        cx.images.insert(RgbImage::new(side, 1).into(), Origin::Memory("line".into()));
        assert_eq!(ask(&cx, json!({"question": "why?", "detail": true})).await["source"], "tiny");
    }
    let cancelled = ToolCx::new(cx.images.clone(), cx.models.clone());
    cancelled.cancel.cancel();
    let error = tools.call("ask_image", json!({"question": "why?"}), &cancelled).await.unwrap_err();
    assert_eq!(error.kind, ToolErrorKind::Cancelled);
}
