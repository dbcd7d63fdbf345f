//! What a tool costs beside its bare session runs, the memory that all tools need in turn, and what batching buys.
//! `cargo bench -p argus-tools`. Models of the user's own are measured too: `ARGUS_BENCH_MODELS` names a folder with one folder
//! a role (`depth/`, `caption/`), in the hub's layout. `ARGUS_BENCH_ONLY=calls`, `batch` or `memory` measures that part alone.
#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "the figures are what it is for; without a set-up there are none"
)]

use std::{path::Path, sync::Arc, time::Instant};

use argus_tools::{
    image::{ImageStore, Origin},
    onnx::{PoolOptions, SessionPool},
    store::{Store, StoreOptions, UserModel},
    tool::{ToolCx, ToolError, ToolErrorKind},
    vision,
};
use serde_json::{Value, json};

const RUNS: usize = 7;
/// Bytes that sessions may hold together.
const BUDGET: u64 = 2 << 30;

/// Tools with models, their arguments, and the roles whose runs they make.
fn calls() -> Vec<(&'static str, Value, &'static [&'static str])> {
    vec![
        ("detect", json!({}), &["detect"]),
        ("read_text", json!({}), &["ocr-det", "ocr-cls", "ocr-rec"]),
        ("faces", json!({}), &["faces"]),
        ("segment", json!({}), &["segment"]),
        ("depth", json!({}), &["depth"]),
        ("pose", json!({}), &["pose", "detect"]),
        ("find", json!({"labels": ["helmet"]}), &["find"]),
        ("classify", json!({"labels": ["astronaut", "cat"]}), &["embed"]),
        ("upscale", json!({"region": [0, 0, 200, 200]}), &["upscale"]),
        (
            "ask_image",
            json!({"question": "Who is this?"}),
            &["vqa-vision_encoder", "vqa-embed_tokens", "vqa-decoder_model_merged"],
        ),
        (
            "caption",
            json!({}),
            &[
                "caption-vision_encoder",
                "caption-embed_tokens",
                "caption-encoder_model",
                "caption-decoder_model_merged",
            ],
        ),
    ]
}

async fn busy(cx: &ToolCx, roles: &[&str]) -> f64 {
    let mut total = 0.0;
    for role in roles {
        if let Ok(loaded) = cx.model(role).await {
            total += loaded.model.busy().as_secs_f64() * 1000.0;
        }
    }
    total
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// The most memory that this process ever held, in MB.
fn peak() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or_default();
    line.split_whitespace().next().and_then(|kb| kb.parse::<u64>().ok()).unwrap_or_default() / 1024
}

fn context(photo: &image::DynamicImage, options: &StoreOptions, memory: Option<u64>) -> (Arc<SessionPool>, ToolCx) {
    let store = Store::open(options.clone()).unwrap();
    let pool = Arc::new(SessionPool::new(store, PoolOptions { memory, ..PoolOptions::default() }));
    let cx = ToolCx::new(ImageStore::new(), pool.clone());
    cx.images.insert(photo.clone(), Origin::Memory("the photo".into()));
    (pool, cx)
}

fn first_line(error: &ToolError) -> &str {
    error.message.lines().next().unwrap_or_default()
}

async fn beside_the_session(photo: &image::DynamicImage, options: &StoreOptions) {
    let tools = vision::toolbox();
    println!("{:<12} {:>9} {:>9} {:>6}", "tool", "call ms", "runs ms", "ratio");
    for (name, args, roles) in calls() {
        let (_, cx) = context(photo, options, None);
        if let Err(error) = tools.call(name, args.clone(), &cx).await {
            println!("{name:<12} {}", first_line(&error));
            continue;
        }
        let (mut walls, mut ratios, mut runs) = (Vec::new(), Vec::new(), Vec::new());
        for _ in 0..RUNS {
            let (before, begin) = (busy(&cx, roles).await, Instant::now());
            tools.call(name, args.clone(), &cx).await.unwrap();
            let wall = begin.elapsed().as_secs_f64() * 1000.0;
            let run = busy(&cx, roles).await - before;
            walls.push(wall);
            runs.push(run);
            // A fallback without a model has no runs.
            ratios.push(if run > 0.0 { wall / run } else { f64::NAN });
        }
        println!("{name:<12} {:>9.1} {:>9.1} {:>6.2}", median(walls), median(runs), median(ratios));
    }
}

async fn all_in_turn(photo: &image::DynamicImage, options: &StoreOptions) {
    let tools = vision::toolbox();
    let (pool, cx) = context(photo, options, Some(BUDGET));
    // Forgets the peak of what ran before.
    let _ = std::fs::write("/proc/self/clear_refs", "5");
    let before = peak();
    let (mut called, mut most) = (0, 0);
    for spec in tools.specs().map(|spec| spec.name.clone()).collect::<Vec<_>>() {
        let args = tools.spec(&spec).unwrap().examples.first().map_or(json!({}), |example| example.input.clone());
        match tools.call(&spec, args, &cx).await {
            Ok(_) => called += 1,
            Err(error) if error.kind == ToolErrorKind::ModelUnavailable => {
                println!("{spec}: {}", first_line(&error));
            }
            Err(error) if error.kind == ToolErrorKind::InvalidInput => {}
            Err(error) => println!("{spec}: {error}"),
        }
        most = most.max(pool.loaded().len());
    }
    println!(
        "{called} tools called in turn under a budget of {} MB: at most {most} sessions at once, peak {} MB ({before} MB before)",
        BUDGET >> 20,
        peak()
    );
}

/// Lines of a page read in batches, as `read_text` does it, and one region at a time.
async fn batched(page: &image::DynamicImage, options: &StoreOptions) {
    let tools = vision::toolbox();
    let (_, cx) = context(page, options, None);
    let read = tools.call("read_text", json!({}), &cx).await.unwrap().value;
    let lines: Vec<Value> = read["lines"].as_array().unwrap().iter().map(|line| line["handle"].clone()).collect();
    let recognize = ["ocr-rec"];
    let before = busy(&cx, &recognize).await;
    tools.call("read_text", json!({}), &cx).await.unwrap();
    let together = busy(&cx, &recognize).await - before;
    let before = busy(&cx, &recognize).await;
    for line in &lines {
        tools.call("read_text", json!({"region": line}), &cx).await.unwrap();
    }
    let apart = busy(&cx, &recognize).await - before;
    println!(
        "{} lines of a page: {together:.0} ms of recognition in batches, {apart:.0} ms one by one, {:.2} times",
        lines.len(),
        apart / together
    );
}

/// Pictures of a batch.
const PICTURES: usize = 24;

/// Objects of many pictures, one call each and all at once: with the tiny graph of the tests that takes a batch, where all but
/// the run itself is large, and with the detector that is installed.
async fn many_pictures(photo: &image::DynamicImage, options: &StoreOptions) {
    let tiny = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/batch/yolo.onnx");
    let mut with_tiny = options.clone();
    let model: UserModel = toml::from_str(&format!("role = 'detect'\nfile = '{}'", tiny.display())).unwrap();
    with_tiny.user_models.insert("tiny".into(), model);
    for (name, options) in [("tiny, takes a batch", &with_tiny), ("installed", options)] {
        let tools = vision::toolbox();
        let (_, cx) = context(photo, options, None);
        for _ in 1..PICTURES {
            cx.images.insert(photo.clone(), Origin::Memory("the photo".into()));
        }
        let calls: Vec<Value> = (1..=PICTURES).map(|number| json!({"image": format!("img-{number}")})).collect();
        if let Err(error) = tools.call("detect", calls[0].clone(), &cx).await {
            println!("detect ({name}): {}", first_line(&error));
            continue;
        }
        let id = cx.model("detect").await.unwrap().id.clone();
        let (mut apart, mut together, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
        for _ in 0..RUNS.min(3) {
            let begin = Instant::now();
            for call in &calls {
                tools.call("detect", call.clone(), &cx).await.unwrap();
            }
            let alone = begin.elapsed().as_secs_f64() * 1000.0;
            let begin = Instant::now();
            let at_once = calls.iter().map(|call| (call.clone(), cx.clone())).collect();
            assert!(tools.call_many("detect", at_once, &cx).await.iter().all(Result::is_ok));
            let many = begin.elapsed().as_secs_f64() * 1000.0;
            apart.push(alone);
            together.push(many);
            ratios.push(many / alone);
        }
        println!(
            "detect on {PICTURES} pictures ({name}: {id}): {:.0} ms one by one, {:.0} ms at once, ratio {:.2}",
            median(apart),
            median(together),
            median(ratios)
        );
    }
}

fn own_models(options: &mut StoreOptions) {
    let Some(folder) = std::env::var_os("ARGUS_BENCH_MODELS") else { return };
    for entry in std::fs::read_dir(Path::new(&folder)).unwrap().flatten() {
        let role = entry.file_name().to_string_lossy().into_owned();
        let model: UserModel =
            toml::from_str(&format!("role = '{role}'\nfile = '{}'", entry.path().display())).unwrap();
        options.user_models.insert(format!("bench-{role}"), model);
    }
}

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        let mut options = StoreOptions::from_env().unwrap();
        own_models(&mut options);
        let store = Store::open(options.clone()).unwrap();
        let photo = image::open(store.sample("astronaut").await.unwrap()).unwrap();
        let page = image::open(store.sample("page").await.unwrap()).unwrap();
        let only = std::env::var("ARGUS_BENCH_ONLY").ok();
        let wanted = |part: &str| only.as_deref().is_none_or(|only| only == part);
        if wanted("calls") {
            beside_the_session(&photo, &options).await;
        }
        if wanted("batch") {
            batched(&page, &options).await;
            many_pictures(&photo, &options).await;
        }
        if wanted("memory") {
            all_in_turn(&photo, &options).await;
        }
    });
}
