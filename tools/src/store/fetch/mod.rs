//! Getting a file from its sources, first to last.
//!
//! The hub is asked over plain HTTPS rather than through the `hf-hub` crate, which brings dozens of crates for its chunk
//! protocol; one GET with `Range` resumes as well. Registries are asked through the machine's own clients alone, so that
//! its configured index, proxy and credentials hold.

mod cargo;
mod child;
mod job;
mod npm;
mod pip;

use std::{io, sync::Arc, time::Duration};

use tokio::sync::Semaphore;
use url::Url;

use super::{
    error::StoreError,
    http,
    options::{Clients, HUB},
    reach::Reach,
    source::Origin,
};

pub(crate) use job::{Fetched, Job};

/// Package clients at work at once: enough to fill a line, few enough for two cores.
const PROCESSES: usize = 4;
/// Tries of a package client.
const TRIES: u32 = 3;

/// Why a source did not give its file.
#[derive(Clone, Debug)]
pub(crate) enum Failure {
    /// The host or the client is not there: it is not asked again in this process.
    Unreachable(String),
    /// Another try may succeed.
    Transient(String),
    /// The source will not give it.
    Permanent(String),
    /// This machine failed (disk): no other source would help.
    Fatal(StoreError),
}

impl Failure {
    pub(crate) fn io(error: io::Error) -> Self {
        Self::Fatal(StoreError::io("writing a download", error))
    }
}

/// Everything that is needed to ask sources.
pub(crate) struct Fetcher {
    pub(crate) http: reqwest::Client,
    /// Follows no redirect: the first answer says whether a host is there, and what the hub states of a file.
    pub(crate) probe: reqwest::Client,
    pub(crate) clients: Clients,
    pub(crate) reach: Reach,
    /// The hub's address, none if the hub is switched off.
    pub(crate) hub: Option<String>,
    pub(crate) processes: Arc<Semaphore>,
}

impl Fetcher {
    pub(crate) fn new(
        clients: Clients,
        reach: Reach,
        endpoint: Option<&str>,
        hub_offline: bool,
    ) -> reqwest::Result<Self> {
        let hub = (!hub_offline).then(|| endpoint.unwrap_or(HUB).trim_end_matches('/').to_owned());
        let probe = http::builder().redirect(reqwest::redirect::Policy::none()).build()?;
        Ok(Self { http: http::client()?, probe, clients, reach, hub, processes: Arc::new(Semaphore::new(PROCESSES)) })
    }
}

impl Fetcher {
    /// Whether the host of a source answers; package clients are taken for reachable until they fail.
    pub(crate) async fn reach(&self, origin: &Origin) -> Result<(), String> {
        let address = match origin {
            Origin::Hub { .. } | Origin::Url(_) => self.address(origin),
            Origin::Pypi { .. } | Origin::Npm { .. } | Origin::Crate { .. } => return Ok(()),
        };
        match address {
            Ok(address) => self.reach.host(&self.probe, &address, true).await,
            Err(Failure::Unreachable(reason) | Failure::Permanent(reason) | Failure::Transient(reason)) => Err(reason),
            Err(Failure::Fatal(error)) => Err(error.to_string()),
        }
    }

    /// The address of a hub file or of a plain one.
    fn address(&self, origin: &Origin) -> Result<Url, Failure> {
        let text = match origin {
            Origin::Url(url) => url.clone(),
            Origin::Hub { repo, revision, path } => match &self.hub {
                Some(hub) => format!("{hub}/{repo}/resolve/{revision}/{path}"),
                None => return Err(Failure::Unreachable("the hub is switched off (HF_HUB_OFFLINE)".into())),
            },
            other => return Err(Failure::Permanent(format!("{other} names no member"))),
        };
        Url::parse(&text).map_err(|error| Failure::Permanent(format!("{text} is no address: {error}")))
    }
}

/// Waits before try number `tries` + 1: half a second, doubled each time, with jitter so that parallel downloads part.
pub(crate) async fn backoff(tries: u32) {
    let base = 500 * 2_u64.pow(tries.saturating_sub(1).min(4));
    // The clock's low digits are random enough for this.
    let jitter = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .map_or(0, |now| u64::from(now.subsec_nanos()) % (base / 2 + 1));
    tokio::time::sleep(Duration::from_millis(base + jitter)).await;
}

/// Repeats what failed for a passing reason.
async fn retry<T, F: Future<Output = Result<T, Failure>>>(mut what: impl FnMut() -> F) -> Result<T, Failure> {
    let mut tries = 1;
    loop {
        match what().await {
            Err(Failure::Transient(reason)) if tries < TRIES => {
                tracing::debug!(%reason, tries, "retrying a source");
                backoff(tries).await;
                tries += 1;
            }
            other => return other,
        }
    }
}

/// Runs blocking work; a panic in it becomes an error.
pub(crate) async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, StoreError> {
    tokio::task::spawn_blocking(work).await.map_err(|error| StoreError::Worker { message: error.to_string() })
}
