//! What workflows cost: the engine's own time a step, memory over many items, and a map over pictures against a hand-written
//! loop over the same session. `cargo bench -p argus-agent --bench workflow`; the pictures of a folder that `ARGUS_BENCH_PHOTOS`
//! names are detected in, if the detector is installed.
#![expect(clippy::print_stdout, reason = "the figures are what it is for")]
#![expect(clippy::unwrap_used, reason = "a failed set-up ends the measurement")]

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Instant,
};

use argus_tools::{
    image::{FetchPolicy, Fetcher, ImageStore, LoadLimits, decode, to_rgb},
    onnx::{ModelProvider, NoModels, PoolOptions, RunControl, SessionPool},
    store::{Store, StoreOptions},
    tool::{ToolCx, Toolbox},
    vision::{self, detect},
};
use argus_workflows::{Batch, Header, Host, Journal, Loader, Local, Workflow, matching};
use serde_json::{Map, Value, json};

const STEPS: usize = 1000;

fn host(tools: Toolbox, models: Arc<dyn ModelProvider>, store: &Store) -> Host {
    let loader = Loader {
        fetcher: Fetcher::new(FetchPolicy::default()).unwrap(),
        samples: Arc::new(store.clone()),
        limits: LoadLimits::default(),
    };
    Host::new(tools, ToolCx::new(ImageStore::new(), models), loader)
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// 1,000 steps that do nothing, one after the other or side by side.
fn no_ops(chained: bool, tool: bool) -> Workflow {
    let mut lines = vec!["name: no_ops".to_owned(), "steps:".into(), "  s0: { set: 1 }".into()];
    for step in 1..STEPS {
        let value = if chained { format!("\"{{{{ steps.s{} }}}}\"", step - 1) } else { step.to_string() };
        let kind = if tool {
            format!("{{ tool: calculate, with: {{ expression: \"1\" }}, after: [s{}] }}", step - 1)
        } else {
            format!("{{ set: {value} }}")
        };
        lines.push(format!("  s{step}: {kind}"));
    }
    Workflow::read(&lines.join("\n"), "no_ops.yaml", None, &vision::toolbox()).unwrap()
}

async fn overhead(store: &Store) {
    let host = host(vision::toolbox(), Arc::new(NoModels), store);
    for (name, workflow) in [
        ("set steps in a row", no_ops(true, false)),
        ("set steps side by side", no_ops(false, false)),
        ("calls of calculate in a row", no_ops(true, true)),
    ] {
        let mut each = Vec::new();
        for _ in 0..5 {
            let begin = Instant::now();
            let report = workflow.run_in(Map::new(), &host, Arc::new(Local::new("bench"))).await;
            assert!(report.ok, "{:?}", report.error);
            each.push(begin.elapsed().as_secs_f64() * 1000.0 / STEPS as f64);
        }
        println!("{STEPS} {name}: {:.4} ms a step", median(each));
    }
    let folder = tempfile::tempdir().unwrap();
    let workflow = no_ops(true, true);
    let journal = Journal::create(folder.path(), Header::new("no_ops", workflow.digest(), json!({}))).unwrap();
    let begin = Instant::now();
    let runner = Arc::new(Local::with_journal("bench", journal));
    assert!(workflow.run_in(Map::new(), &host, runner).await.ok);
    let each = begin.elapsed().as_secs_f64() * 1000.0 / STEPS as f64;
    println!("{STEPS} calls of calculate in a row, each on the disk before the next begins: {each:.4} ms a step");
}

/// Resident memory in MB.
fn resident() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmRSS")).unwrap_or_default();
    line.split_whitespace().nth(1).and_then(|kb| kb.parse::<f64>().ok()).unwrap_or_default() / 1000.0
}

async fn memory(store: &Store) {
    let host = host(vision::toolbox(), Arc::new(NoModels), store);
    let text = "name: colors_of\ninputs: { image: image, number: { type: number, default: 0 } }\n\
                steps: { c: { tool: colors, with: { image: \"{{ inputs.image }}\" } } }\n\
                outputs: { colors: \"{{ steps.c }}\" }\n";
    let workflow = Workflow::read(text, "colors.yaml", None, &vision::toolbox()).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let photo = folder.path().join("photo.png");
    image::DynamicImage::new_rgb8(640, 480).save(&photo).unwrap();
    let items = (0..5000)
        .map(|number| Map::from_iter([("image".into(), json!(photo)), ("number".into(), json!(number))]))
        .collect();
    let batch = Batch { items, ..Batch::default() };
    let done = AtomicUsize::new(0);
    let mut marks = Vec::new();
    let begin = Instant::now();
    let save = Arc::new(|_: &argus_workflows::RunReport, _| Ok(Vec::new()));
    let report = workflow
        .run_batch(&batch, &host, &Local::new("memory"), save, |_| {
            let count = done.fetch_add(1, Ordering::Relaxed) + 1;
            if [500, 1000, 2500, 5000].contains(&count) {
                marks.push(format!("{:.0} MB after {count}", resident()));
            }
            Ok(())
        })
        .await
        .unwrap();
    let seconds = begin.elapsed().as_secs_f64();
    println!("memory over 5,000 items of 640 x 480: {} ({} ok, {seconds:.1} s)", marks.join(", "), report.ok);
}

async fn pictures(store: &Store, pattern: &str) {
    let paths: Vec<String> = matching(pattern).unwrap().into_iter().take(200).collect();
    let pool = Arc::new(SessionPool::new(store.clone(), PoolOptions::default()));
    let host = host(vision::toolbox(), pool.clone(), store);
    let text = "name: all\ninputs: { images: images }\nsteps:\n  each:\n    map:\n      for_each: \"{{ inputs.images }}\"\n\
                \x20     steps: { found: { tool: detect, with: { image: \"{{ item }}\" } } }\n\
                \x20     output: \"{{ len steps.found.objects }}\"\n";
    let map = Workflow::read(text, "map.yaml", None, &vision::toolbox()).unwrap();
    let text = "name: one\ninputs: { image: image }\nsteps: { found: { tool: detect, with: { image: \"{{ inputs.image }}\" } } }\n\
                outputs: { n: \"{{ len steps.found.objects }}\" }\n";
    let one = Workflow::read(text, "one.yaml", None, &vision::toolbox()).unwrap();
    let model = host.cx.model("detect").await.unwrap();
    let (mut maps, mut batches, mut hand) = (Vec::new(), Vec::new(), Vec::new());
    let mut counts = Vec::new();
    for _ in 0..3 {
        // By hand: two threads share the session, so that one decodes while the other runs.
        let (own, all) = (model.clone(), Arc::new(paths.clone()));
        let begin = Instant::now();
        let next = Arc::new(AtomicUsize::new(0));
        let threads: Vec<_> = (0..2)
            .map(|_| {
                let (own, all, next) = (own.clone(), all.clone(), next.clone());
                std::thread::spawn(move || {
                    let mut found = 0;
                    while let Some(path) = all.get(next.fetch_add(1, Ordering::Relaxed)) {
                        let pixels = decode(&std::fs::read(path).unwrap(), &LoadLimits::default()).unwrap();
                        found += detect::detect(&own, &to_rgb(&pixels), None, &RunControl::new()).unwrap().len();
                    }
                    found
                })
            })
            .collect();
        let by_hand: usize = threads.into_iter().map(|thread| thread.join().unwrap()).sum();
        hand.push(begin.elapsed().as_secs_f64());
        let begin = Instant::now();
        let inputs = Map::from_iter([("images".into(), json!(paths))]);
        let report = map.run_in(inputs, &host, Arc::new(Local::new("map"))).await;
        maps.push(begin.elapsed().as_secs_f64());
        let found: u64 = report.outputs["result"].as_array().unwrap().iter().filter_map(Value::as_u64).sum();
        let folder = tempfile::tempdir().unwrap();
        let journal = Journal::create(folder.path(), Header::new("one", one.digest(), json!({}))).unwrap();
        let items = paths.iter().map(|path| Map::from_iter([("image".into(), json!(path))])).collect();
        let batch = Batch { items, ..Batch::default() };
        let save = Arc::new(|_: &argus_workflows::RunReport, _| Ok(Vec::new()));
        let mut of_batch = 0;
        let begin = Instant::now();
        let runner = Local::with_journal("batch", journal);
        let take = |record: argus_workflows::ItemRecord| {
            of_batch += record.outputs["n"].as_u64().unwrap_or_default();
            Ok(())
        };
        one.run_batch(&batch, &host, &runner, save, take).await.unwrap();
        batches.push(begin.elapsed().as_secs_f64());
        counts.push((by_hand as u64, found, of_batch));
    }
    let (hand, map, batch) = (median(hand), median(maps), median(batches));
    println!(
        "detect on {} pictures: {hand:.1} s by hand, {map:.1} s as a map (ratio {:.2}), {batch:.1} s as a batch with a journal \
         (ratio {:.2}); objects {counts:?}",
        paths.len(),
        map / hand,
        batch / hand
    );
}

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let store = Store::open(StoreOptions::from_env().unwrap()).unwrap();
        overhead(&store).await;
        memory(&store).await;
        match std::env::var("ARGUS_BENCH_PHOTOS") {
            Ok(folder) => pictures(&store, &format!("{folder}/*")).await,
            Err(_) => println!("ARGUS_BENCH_PHOTOS names no folder of photos: nothing is detected"),
        }
    });
}
