//! Which hosts and clients can be reached: asked once in a process.
//!
//! A source that cannot be reached costs its few seconds once; every later file goes straight to its next source. A host
//! is asked with one HEAD request whose answer all waiters share. Where a file has another source too, nobody waits longer
//! than [`PATIENCE`] for that answer: a hub that is there answers well within it, and one that a firewall swallows
//! delays the start by this much instead of the whole connect time-out.

use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use futures_util::{
    FutureExt,
    future::{BoxFuture, Shared},
};

/// How long a host is waited for when there is another way.
const PATIENCE: Duration = Duration::from_millis(1500);
/// How long a host is waited for when there is none; also the longest a probe runs.
pub(crate) const LIMIT: Duration = Duration::from_secs(5);

type Probe = Shared<BoxFuture<'static, Result<(), String>>>;

#[derive(Default)]
struct State {
    unreachable: HashMap<String, String>,
    reached: HashSet<String>,
    probes: HashMap<String, Probe>,
}

/// The memory of what could be reached.
#[derive(Clone, Default)]
pub(crate) struct Reach(Arc<Mutex<State>>);

impl Reach {
    /// The one of this process.
    pub(crate) fn process() -> Self {
        static PROCESS: LazyLock<Reach> = LazyLock::new(Reach::default);
        PROCESS.clone()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // The state is whole after every statement, so a panic elsewhere does not spoil it.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Why a host or client is not asked any more.
    pub(crate) fn blocked(&self, key: &str) -> Option<String> {
        self.state().unreachable.get(key).cloned()
    }

    pub(crate) fn block(&self, key: &str, reason: &str) {
        self.state().unreachable.insert(key.into(), reason.into());
    }

    pub(crate) fn has_answered(&self, key: &str) -> bool {
        self.state().reached.contains(key)
    }

    pub(crate) fn answered(&self, key: &str) {
        self.state().reached.insert(key.into());
    }

    /// Asks the host of `url` unless that was done. `has_other` says that the file has a further source.
    pub(crate) async fn host(&self, client: &reqwest::Client, url: &url::Url, has_other: bool) -> Result<(), String> {
        let key = host_key(url);
        if let Some(reason) = self.blocked(&key) {
            return Err(reason);
        }
        if self.has_answered(&key) {
            return Ok(());
        }
        let probe = {
            let mut state = self.state();
            state.probes.entry(key.clone()).or_insert_with(|| start_probe(client.clone(), url.clone())).clone()
        };
        match tokio::time::timeout(if has_other { PATIENCE } else { LIMIT }, probe).await {
            Ok(Ok(())) => {
                self.answered(&key);
                Ok(())
            }
            Ok(Err(reason)) => {
                self.block(&key, &reason);
                Err(reason)
            }
            // The probe continues for those who have no other way.
            Err(_) if has_other => Err(format!("{key} did not answer within {} s", PATIENCE.as_secs_f32())),
            Err(_) => {
                let reason = format!("{key} did not answer within {} s", LIMIT.as_secs());
                self.block(&key, &reason);
                Err(reason)
            }
        }
    }
}

/// `host:port` of an address.
pub(crate) fn host_key(url: &url::Url) -> String {
    format!("{}:{}", url.host_str().unwrap_or("?"), url.port_or_known_default().unwrap_or(0))
}

fn start_probe(client: reqwest::Client, url: url::Url) -> Probe {
    // A task of its own, so that it ends even if the first who asked gave up.
    let task = tokio::spawn(async move {
        // Whatever it answers, it is there.
        match tokio::time::timeout(LIMIT, client.head(url.clone()).send()).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(error)) => Err(format!("{} cannot be reached: {}", host_key(&url), super::http::root_cause(&error))),
            Err(_) => Err(format!("{} did not answer within {} s", host_key(&url), LIMIT.as_secs())),
        }
    });
    async move { task.await.unwrap_or_else(|error| Err(error.to_string())) }.boxed().shared()
}
