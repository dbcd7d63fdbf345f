//! Tools that report what was recorded of them, and let the recorded images and regions appear.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use argus_tools::{
    image::{ImageStore, NewRegion, Operation, Region},
    tool::{DynTool, Observation, ToolCx, ToolError, ToolErrorKind, ToolSpec, Toolbox},
};
use futures_util::future::BoxFuture;
use image::DynamicImage;
use serde_json::Value;

use super::scene::pixels;
use crate::trace::{CallView, ImageView, RunView, Trace, overlay};

/// How long a recorded image may wait for the images before it.
const PATIENCE: Duration = Duration::from_secs(5);

/// Recorded calls of one run.
struct Recording {
    calls: Mutex<VecDeque<CallView>>,
    images: Vec<(ImageView, DynamicImage)>,
}

/// The tools of `live`, each of which returns what was recorded for the tool and its arguments instead of running.
/// Names, schemas and cards stay those of `live`, so that prompts are made as ever. A call that was not recorded fails
/// and says so. Besides, what is not as it was recorded, in words.
pub fn recorded_tools(live: &Toolbox, trace: &Trace, run: &RunView, images: &[ImageView]) -> (Toolbox, Vec<String>) {
    let mut notes = Vec::new();
    let derived = images.iter().filter(|image| image.parent.is_some());
    let images = derived.map(|image| (image.clone(), pixels(trace, image, &mut notes))).collect();
    let calls = run.looks.iter().chain(run.steps.iter().flat_map(|step| &step.calls)).cloned();
    let recording = Arc::new(Recording { calls: Mutex::new(calls.collect()), images });
    let recorded = |spec: &ToolSpec| Recorded { spec: spec.clone(), recording: recording.clone() };
    (live.specs().map(recorded).fold(Toolbox::new(), Toolbox::with), notes)
}

/// One tool as it was recorded.
struct Recorded {
    spec: ToolSpec,
    recording: Arc<Recording>,
}

impl DynTool for Recorded {
    fn spec(&self) -> ToolSpec {
        self.spec.clone()
    }

    fn call_json<'a>(&'a self, args: Value, cx: &'a ToolCx) -> BoxFuture<'a, Result<Observation, ToolError>> {
        Box::pin(async move {
            let call = self.recording.take(&self.spec.name, &args)?;
            match call.ok {
                Some(true) => {
                    for handle in &call.made {
                        self.recording.appear(handle, &cx.images).await?;
                    }
                    name_regions(&call, &cx.images);
                    Ok(Observation { value: call.value, text: call.text })
                }
                Some(false) => Err(ToolError {
                    kind: if call.repairable { ToolErrorKind::InvalidInput } else { ToolErrorKind::Internal },
                    message: call.error.unwrap_or_else(|| call.text.clone()),
                    feedback: call.text,
                    hint: None,
                }),
                // As the loop tells of a tool that broke down.
                None => Err(ToolError::internal("the recorded call did not finish")),
            }
        })
    }
}

impl Recording {
    /// The next recorded call of a tool with these arguments; the last one stays, for whoever calls again.
    fn take(&self, tool: &str, args: &Value) -> Result<CallView, ToolError> {
        let mut calls = self.calls.lock().unwrap_or_else(PoisonError::into_inner);
        let same = |call: &CallView| call.tool == tool && call.args == *args;
        let found = calls.iter().position(same).ok_or_else(|| {
            ToolError::internal(format!("the trace holds no call of {tool} with the arguments {args}"))
        })?;
        if calls.iter().filter(|call| same(call)).count() > 1 {
            return calls.remove(found).ok_or_else(|| ToolError::internal("the recording is empty"));
        }
        Ok(calls[found].clone())
    }

    /// Lets a recorded image appear. Handles count up in order of entry, so that it waits for those before it: calls of
    /// one step run side by side.
    async fn appear(&self, handle: &str, store: &ImageStore) -> Result<(), ToolError> {
        let missing = || ToolError::internal(format!("the recorded image {handle} cannot appear under its handle"));
        let (image, pixels) = self.images.iter().find(|(image, _)| image.handle == handle).ok_or_else(missing)?;
        let number: usize = handle.rsplit('-').next().and_then(|number| number.parse().ok()).ok_or_else(missing)?;
        let in_turn = async {
            while store.images().len() + 1 < number {
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
        };
        tokio::time::timeout(PATIENCE, in_turn).await.map_err(|_| missing())?;
        if store.get(handle).is_ok() {
            return Ok(());
        }
        let parent = store.get(image.parent.as_deref().unwrap_or_default())?;
        let operation =
            Operation { tool: image.op.clone().unwrap_or_default(), args: image.args.clone().unwrap_or_default() };
        let entry = store.derive(&parent, operation, pixels.clone());
        if entry.handle == handle { Ok(()) } else { Err(missing()) }
    }
}

/// Gives the regions that the call named their handles again.
fn name_regions(call: &CallView, store: &ImageStore) {
    let named: Vec<Region> =
        if call.regions.is_empty() { overlay::located(&call.value, "") } else { call.regions.clone() };
    for region in named {
        // `img-1/dining-table-2`: the stem is what stands between the image and the number.
        let Some((image, name)) = region.handle.split_once('/') else { continue };
        let stem = name.rsplit_once('-').map_or(name, |(stem, _)| stem).to_owned();
        let new = NewRegion {
            stem,
            label: region.label,
            kind: region.kind,
            score: region.score,
            bbox: region.bbox,
            quad: region.quad,
        };
        store.name_regions(image, vec![new]);
    }
}
