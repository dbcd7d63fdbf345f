//! The language models of catalog and settings, and which of them this machine takes.

use argus_tools::{
    onnx::{cores, has_nvidia_gpu, total_memory},
    store::{Installed, ModelFacts, ModelState, Readiness, Store, StoreError},
};

use super::{
    Gguf,
    choice::{Candidate, Machine},
};

const ROLE: &str = "llm";
/// Bytes that a model takes besides its weights, where the catalog does not say.
const BESIDES_WEIGHTS: u64 = 1_500_000_000;

/// The language models of catalog and settings, best for this machine first.
#[derive(Clone, Debug)]
pub struct RankedModels {
    machine: Machine,
    candidates: Vec<Candidate>,
}

/// This machine.
fn machine() -> Machine {
    let gpu = has_nvidia_gpu() || cfg!(all(target_os = "macos", target_arch = "aarch64"));
    Machine { memory: total_memory(), cores: cores(), gpu }
}

impl RankedModels {
    /// Ranks what there is. Hosts are asked only if nothing is installed.
    pub async fn new(store: &Store) -> Self {
        let mut candidates: Vec<Candidate> =
            store.candidates(ROLE).iter().filter_map(|id| candidate(store, id)).collect();
        if !candidates.iter().any(|candidate| candidate.installed) {
            for candidate in &mut candidates {
                candidate.reachable = candidate.reachable && store.can_fetch(&candidate.id).await.is_ok();
            }
        }
        let machine = machine();
        let order = machine.rank(&candidates);
        Self { machine, candidates: order.into_iter().map(|index| candidates[index].clone()).collect() }
    }

    /// The first that is available, fetched if need be; else why the first is not.
    pub async fn ensure(&self, store: &Store) -> Result<Installed, StoreError> {
        let mut first = None;
        for candidate in &self.candidates {
            match store.ensure(&candidate.id).await {
                Ok(installed) => return Ok(installed),
                Err(error) => {
                    tracing::info!(candidate = candidate.id, %error, "skipped");
                    first = first.or(Some(error));
                }
            }
        }
        Err(first.unwrap_or_else(|| StoreError::UnknownRole { role: ROLE.into(), known: Vec::new() }))
    }

    /// What could be taken, best first, each with the reason for its place.
    pub fn candidates(&self) -> impl Iterator<Item = (&Candidate, String)> {
        self.candidates.iter().map(|candidate| (candidate, self.machine.reason(candidate)))
    }
}

fn candidate(store: &Store, id: &str) -> Option<Candidate> {
    let installed = matches!(store.state(id), Ok(ModelState::Installed));
    let weights = |facts: &ModelFacts, bytes: u64| facts.memory.unwrap_or(bytes + BESIDES_WEIGHTS);
    if let Some(own) = store.user_models().get(id) {
        let bytes = fs_err::metadata(&own.file).map_or(0, |metadata| metadata.len());
        let read = || Gguf::read(&own.file).map_or(0.0, |header| (header.parameters as f64 / 1e9) as f32);
        return Some(Candidate {
            id: id.to_owned(),
            parameters: own.facts.parameters.unwrap_or_else(read),
            memory: weights(&own.facts, bytes),
            own: true,
            installed,
            reachable: false,
        });
    }
    let entry = store.catalog().get(id).filter(|entry| !entry.files.is_empty())?;
    Some(Candidate {
        id: id.to_owned(),
        parameters: entry.facts.parameters.unwrap_or(0.0),
        memory: weights(&entry.facts, entry.bytes()),
        own: false,
        installed,
        reachable: !matches!(store.role_readiness(ROLE, Some(id)), Readiness::NeedsModel { .. }),
    })
}
