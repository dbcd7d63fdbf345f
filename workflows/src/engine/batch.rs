//! One workflow over many inputs: in order or as they are done, with failures told and not fatal.

use std::{
    collections::VecDeque,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Instant,
};

use argus_agent::{
    chat::Usage,
    run::{ImageRecord, ms_since},
};
use argus_tools::{image::ImageStore, onnx::cores};
use futures_util::stream::{self, StreamExt};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::{
    check::workflow::Workflow,
    engine::{host::Host, inputs, run::RunReport},
    language::{digest, model::InputType, step::FailureKind},
    record::{
        failure::Failure,
        runner::{Done, Local, StepRunner, Work},
    },
};

/// Items whose pictures are decoded ahead of those that run.
const AHEAD: usize = 2;

/// What a batch runs on.
#[derive(Clone, Debug, Default)]
pub struct Batch {
    /// The inputs of each item.
    pub items: Vec<Map<String, Value>>,
    /// Items at the same time; 0: as many as the machine has cores.
    pub jobs: usize,
    /// Whether items are given in the order in which they are done, not in that of the inputs.
    pub as_done: bool,
    /// After more failures than this no further item begins.
    pub max_failures: Option<usize>,
}

/// The result of an item.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct ItemRecord {
    /// Its place among the inputs, from 0.
    pub item: usize,
    /// Its inputs, as they were given.
    pub inputs: Map<String, Value>,
    /// Whether it went to its end.
    pub ok: bool,
    /// Its outputs; empty if it failed.
    pub outputs: Map<String, Value>,
    /// Why it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// The pictures that its outputs name, with their files.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub images: Vec<ImageRecord>,
    /// Tokens of its calls of language models.
    pub usage: Usage,
    /// Wall time in milliseconds.
    pub ms: f64,
    /// Whether it was done in an earlier part of the run.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub recorded: bool,
}

/// The result of a batch.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct BatchReport {
    /// Items that went to their end.
    pub ok: usize,
    /// Items that failed.
    pub failed: usize,
    /// Items that were done in an earlier part of the run; they count as ok, too.
    pub recorded: usize,
    /// Items that did not begin, or were stopped: there were too many failures, the time was over, or the run was cancelled.
    pub left: usize,
    /// Wall time in milliseconds.
    pub ms: f64,
}

/// Writes the pictures of an item somewhere: its report and its place give their records.
pub type SavePictures = dyn Fn(&RunReport, usize) -> Result<Vec<ImageRecord>, Failure> + Send + Sync;

impl Workflow {
    /// Runs the workflow for every item of a batch. `runner` records steps and whole items; an item that is recorded there with the
    /// same content (the bytes of its files, not their names) is not run again. Each item has its own images, freed when it is
    /// done. `save` is called on a blocking thread for each item that succeeds, `on_item` once for each item that began.
    pub async fn run_batch(
        &self,
        batch: &Batch,
        host: &Host,
        runner: &Local,
        save: Arc<SavePictures>,
        mut on_item: impl FnMut(ItemRecord) -> Result<(), Failure>,
    ) -> Result<BatchReport, Failure> {
        let begin = Instant::now();
        let jobs = if batch.jobs == 0 { cores() } else { batch.jobs };
        let stop = &AtomicBool::new(false);
        let ready = stream::iter(batch.items.iter().cloned().enumerate()).map(|(index, inputs)| {
            let over = host.cx.deadline.is_some_and(|deadline| Instant::now() >= deadline);
            let stopped = stop.load(Ordering::Relaxed) || host.cx.cancel.is_cancelled() || over;
            let item = Item { workflow: self.clone(), host: host.clone(), runner: runner.clone(), index, inputs };
            async move { if stopped { None } else { Some(item.load().await) } }
        });
        // Decoding continues ahead of running.
        let running = ready.buffered(jobs + AHEAD).map(|item| {
            let save = save.clone();
            async move {
                let item = item?;
                if stop.load(Ordering::Relaxed) {
                    return None;
                }
                // A task of its own: items use all cores even where nothing blocks.
                let task = tokio::spawn(item.run(save));
                let _abort_on_drop = AbortOnDrop(task.abort_handle());
                task.await.ok().flatten()
            }
        });
        let mut report = BatchReport::default();
        let mut take = |record: Option<ItemRecord>, report: &mut BatchReport| -> Result<(), Failure> {
            let Some(record) = record else {
                report.left += 1;
                return Ok(());
            };
            report.recorded += usize::from(record.recorded);
            if record.ok {
                report.ok += 1;
            } else {
                report.failed += 1;
                if batch.max_failures.is_some_and(|most| report.failed > most) {
                    stop.store(true, Ordering::Relaxed);
                }
            }
            on_item(record)
        };
        if batch.as_done {
            let mut running = std::pin::pin!(running.buffer_unordered(jobs));
            while let Some(record) = running.next().await {
                take(record, &mut report)?;
            }
        } else {
            // Items run on although an earlier one is slow: what is done waits as data, without its pictures.
            let numbered = running.enumerate().map(|(at, record)| async move { (at, record.await) });
            let mut running = std::pin::pin!(numbered.buffer_unordered(jobs));
            let (mut waiting, mut first): (VecDeque<Option<Option<ItemRecord>>>, usize) = (VecDeque::new(), 0);
            while let Some((at, record)) = running.next().await {
                let place = at - first;
                if waiting.len() <= place {
                    waiting.resize_with(place + 1, || None);
                }
                waiting[place] = Some(record);
                while let Some(Some(_)) = waiting.front() {
                    if let Some(Some(record)) = waiting.pop_front() {
                        take(record, &mut report)?;
                    }
                    first += 1;
                }
            }
        }
        report.ms = ms_since(begin);
        Ok(report)
    }
}

struct AbortOnDrop(tokio::task::AbortHandle);

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// An item before its pictures are loaded.
struct Item {
    workflow: Workflow,
    host: Host,
    runner: Local,
    index: usize,
    inputs: Map<String, Value>,
}

/// An item that can run.
struct Ready {
    item: Item,
    runner: Local,
    digest: String,
    /// Values and images, unless the item is done already.
    loaded: Option<Result<Inputs, Failure>>,
}

/// Values by name, and the images that they name.
type Inputs = (Map<String, Value>, ImageStore);

/// The name under which an item's result is recorded.
const ITEM: &str = "item";

impl Item {
    async fn load(self) -> Ready {
        let digest = self.content().await;
        let runner = self.runner.item(&digest[..16]);
        let loaded = if runner.knows(ITEM) { None } else { Some(self.values().await) };
        Ready { item: self, runner, digest, loaded }
    }

    async fn values(&self) -> Result<Inputs, Failure> {
        let store = ImageStore::new();
        let values = inputs::load(&self.workflow.plan.inputs, &self.inputs, &store, &self.host.loader).await?;
        Ok((values, store))
    }

    /// The hash of what the item works on: the bytes of files, the other inputs as they are.
    async fn content(&self) -> String {
        let plan = self.workflow.plan.clone();
        let inputs = self.inputs.clone();
        let hash = move || {
            let of_file = |path: &str| match digest::hash_file(Path::new(path)) {
                Ok(content) => json!({ "content": content.sha256 }),
                // What cannot be read is told when it is loaded.
                Err(_) => path.into(),
            };
            let parts: Map<String, Value> = inputs
                .iter()
                .map(|(name, value)| {
                    let kind = plan.inputs.get(name).map(|input| input.kind);
                    let value = match (kind, value) {
                        (Some(InputType::Image | InputType::File | InputType::Images), Value::String(path))
                            if Path::new(path).is_file() =>
                        {
                            of_file(path)
                        }
                        (Some(InputType::Images), Value::Array(paths)) => {
                            paths.iter().map(|path| path.as_str().map_or(Value::Null, of_file)).collect()
                        }
                        _ => value.clone(),
                    };
                    (name.clone(), value)
                })
                .collect();
            digest::of_value(&json!([plan.digest, parts]))
        };
        tokio::task::spawn_blocking(hash).await.unwrap_or_else(|_| "0".repeat(64))
    }
}

impl Ready {
    /// `None` if the run was cancelled before the item was done.
    async fn run(self, save: Arc<SavePictures>) -> Option<ItemRecord> {
        let Self { item, runner, digest, loaded } = self;
        let begin = Instant::now();
        let (index, inputs) = (item.index, item.inputs.clone());
        let (host, workflow) = (&item.host, &item.workflow);
        let inner: Arc<dyn StepRunner> = Arc::new(runner.clone());
        let failed = std::sync::Mutex::new((Usage::default(), 0.0));
        let work: Work<'_> = Box::pin(async {
            let loaded = match loaded {
                Some(loaded) => loaded,
                // It was recorded for something else.
                None => item.values().await,
            };
            let (values, store) = loaded?;
            let report = workflow.run_loaded(values, &store, host, inner, begin).await;
            if let Some(error) = report.error {
                *failed.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = (report.usage, report.ms);
                return Err(error);
            }
            let saved = tokio::task::spawn_blocking(move || {
                let images = save(&report, index)?;
                Ok::<_, Failure>((report, images))
            });
            let (report, images) =
                saved.await.unwrap_or_else(|error| Err(Failure::new(FailureKind::Internal, error.to_string())))?;
            let value = json!({ "outputs": report.outputs, "images": images, "usage": report.usage });
            Ok(Done { value, ms: report.ms, tries: 1, ..Done::default() })
        });
        Some(match runner.run(ITEM, &digest, work).await {
            Err(failure) if failure.kind == FailureKind::Cancelled && host.cx.cancel.is_cancelled() => return None,
            Ok(done) => {
                let part = |name: &str| done.value.get(name).cloned().unwrap_or_default();
                ItemRecord {
                    item: index,
                    inputs,
                    ok: true,
                    outputs: part("outputs").as_object().cloned().unwrap_or_default(),
                    error: None,
                    images: serde_json::from_value(part("images")).unwrap_or_default(),
                    usage: serde_json::from_value(part("usage")).unwrap_or_default(),
                    ms: done.ms,
                    recorded: done.recorded.is_some(),
                }
            }
            Err(failure) => {
                let (usage, ms) = *failed.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
                ItemRecord {
                    item: index,
                    inputs,
                    ok: false,
                    outputs: Map::new(),
                    error: Some(failure.to_string()),
                    images: Vec::new(),
                    usage,
                    ms: if ms > 0.0 { ms } else { ms_since(begin) },
                    recorded: false,
                }
            }
        })
    }
}
