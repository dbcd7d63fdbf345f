//! Calls of one tool that wait at the same time are made together, so that a model that takes a batch runs once for all of them.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use argus_tools::tool::{Observation, ToolCx, ToolError};
use serde_json::Value;
use tokio::sync::{Semaphore, oneshot};

use crate::engine::host::Host;

/// The most calls that are made together.
const MOST: usize = 32;

struct Waiting {
    args: Value,
    cx: ToolCx,
    told: oneshot::Sender<Result<Observation, ToolError>>,
}

/// The calls that wait, by tool and by where its models run.
#[derive(Default)]
pub(crate) struct Gathering {
    waiting: Mutex<HashMap<String, Vec<Waiting>>>,
}

impl Gathering {
    /// Makes a call, together with those of the same `lane` that wait as well. Whoever gets a permit first makes them all; if he
    /// is stopped on the way the others begin again.
    pub(crate) async fn call(
        &self,
        lane: &str,
        permits: &Semaphore,
        tool: &str,
        args: &Value,
        cx: &ToolCx,
        host: &Host,
    ) -> Result<Observation, ToolError> {
        loop {
            let (told, mut result) = oneshot::channel();
            self.lock().entry(lane.to_owned()).or_default().push(Waiting { args: args.clone(), cx: cx.clone(), told });
            let permit = tokio::select! {
                biased;
                done = &mut result => match done {
                    Ok(done) => return done,
                    Err(_) => continue,
                },
                permit = permits.acquire() => permit,
            };
            let calls = self.take(lane);
            if !calls.is_empty() {
                together(tool, calls, cx, host).await;
            }
            drop(permit);
            if let Ok(done) = result.await {
                return done;
            }
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<String, Vec<Waiting>>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The calls that wait longest. Those whose caller has gone are forgotten.
    fn take(&self, lane: &str) -> Vec<Waiting> {
        let mut all = self.lock();
        let Some(waiting) = all.get_mut(lane) else { return Vec::new() };
        waiting.retain(|call| !call.told.is_closed());
        let rest = waiting.split_off(waiting.len().min(MOST));
        std::mem::replace(waiting, rest)
    }
}

async fn together(tool: &str, mut calls: Vec<Waiting>, cx: &ToolCx, host: &Host) {
    if let [_] = calls.as_slice()
        && let Some(one) = calls.pop()
    {
        let _stop_on_drop = one.cx.cancel.clone().drop_guard();
        let _ = one.told.send(host.toolbox.call(tool, one.args, &one.cx).await);
        return;
    }
    let mut own = host.cx.for_call(host.cx.cancel.child_token(), None);
    own.models = cx.models.clone();
    let _stop_on_drop = own.cancel.clone().drop_guard();
    let (pairs, told): (Vec<_>, Vec<_>) = calls.into_iter().map(|call| ((call.args, call.cx), call.told)).unzip();
    for (result, told) in host.toolbox.call_many(tool, pairs, &own).await.into_iter().zip(told) {
        let _ = told.send(result);
    }
}
