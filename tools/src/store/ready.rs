//! Whether a tool could run now, by the roles of the models that it needs.

use indexmap::IndexMap;
use serde::Serialize;

use super::{cache::Store, source::Origin, state::ModelState};

/// The role of the library that runs every model.
const RUNTIME: &str = "onnxruntime";

/// Whether what a tool needs is there.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum Readiness {
    /// All of it is.
    Ready,
    /// The rest will be fetched at first use.
    NeedsDownload {
        /// How much, as far as sizes are known beforehand.
        bytes: u64,
    },
    /// A model is not available, so the tool does not work.
    NeedsModel {
        /// The role that it is for.
        role: String,
        /// Why it is not available, in a few words.
        reason: String,
    },
}

/// What the user's settings say about models.
#[derive(Clone, Debug, Default)]
pub struct ReadinessOptions {
    /// Models for single roles by id, instead of the first that is available.
    pub prefer: IndexMap<String, String>,
    /// Whether a library of the user's own runs the models (`ORT_DYLIB_PATH`).
    pub own_runtime: bool,
}

impl Store {
    /// Whether a tool that needs models of these roles could run, from what is on disk, the catalog and the settings. No source
    /// is asked: one that cannot be reached counts like one that can.
    pub fn readiness(&self, roles: &[&str], options: &ReadinessOptions) -> Readiness {
        let mut roles = roles.to_vec();
        if !roles.is_empty() && !options.own_runtime {
            roles.insert(0, RUNTIME);
        }
        let mut missing = None;
        for role in roles {
            match self.role_readiness(role, options.prefer.get(role).map(String::as_str)) {
                Readiness::Ready => {}
                Readiness::NeedsDownload { bytes } => missing = Some(missing.unwrap_or(0) + bytes),
                needs @ Readiness::NeedsModel { .. } => return needs,
            }
        }
        missing.map_or(Readiness::Ready, |bytes| Readiness::NeedsDownload { bytes })
    }

    /// The same, with the hosts asked that something would have to come from: one that cannot be reached within a second and a
    /// half is none to fetch from. A host is asked once in a process.
    pub async fn confirmed_readiness(&self, roles: &[&str], options: &ReadinessOptions) -> Readiness {
        let found = self.readiness(roles, options);
        if !matches!(found, Readiness::NeedsDownload { .. }) {
            return found;
        }
        for &role in roles {
            let preferred = options.prefer.get(role).map(String::as_str);
            if matches!(self.role_readiness(role, preferred), Readiness::NeedsDownload { .. })
                && let Err(reason) = self.reach_role(role, preferred).await
            {
                return Readiness::NeedsModel { role: role.to_owned(), reason };
            }
        }
        found
    }

    /// The preferred model alone, else all that may serve a role.
    fn chosen(&self, role: &str, preferred: Option<&str>) -> Vec<String> {
        match preferred.filter(|id| *id != "auto") {
            Some(id) => vec![id.to_owned()],
            None => self.candidates(role),
        }
    }

    /// Whether one of the candidates that can be obtained has sources that can be reached; else why the first has none.
    async fn reach_role(&self, role: &str, preferred: Option<&str>) -> Result<(), String> {
        let mut first = None;
        for id in self.chosen(role, preferred).iter().filter(|id| self.obtainable(id).is_ok()) {
            match self.reach(id).await {
                Ok(()) => return Ok(()),
                Err(reason) => first = first.or(Some(reason)),
            }
        }
        Err(first.unwrap_or_else(|| format!("no model has the role {role}")))
    }

    /// Whether a model could be fetched now, or why not: its hosts are asked, once in a process.
    pub async fn can_fetch(&self, id: &str) -> Result<(), String> {
        self.obtainable(id)?;
        self.reach(id).await
    }

    /// Whether every file of a model has a source that can be reached.
    async fn reach(&self, id: &str) -> Result<(), String> {
        let Some(entry) = self.catalog().get(id) else { return Ok(()) };
        for file in &entry.files {
            let mut failed = None;
            for part in file.sources.iter().filter_map(|source| source.0.first()) {
                failed = self.fetcher().reach(&part.origin).await.err();
                if failed.is_none() {
                    break;
                }
            }
            if let Some(reason) = failed {
                return Err(format!("{id} cannot be fetched: {reason}"));
            }
        }
        Ok(())
    }

    /// The same for one role; it chooses as [`Store::ensure_role`] does.
    pub fn role_readiness(&self, role: &str, preferred: Option<&str>) -> Readiness {
        let needs = |reason: String| Readiness::NeedsModel { role: role.to_owned(), reason };
        let candidates = self.chosen(role, preferred);
        if candidates.iter().any(|id| matches!(self.state(id), Ok(ModelState::Installed))) {
            return Readiness::Ready;
        }
        let mut reason = format!("no model has the role {role}");
        for id in &candidates {
            match self.obtainable(id) {
                Ok(bytes) => return Readiness::NeedsDownload { bytes },
                // That of the first is the one to fix.
                Err(why) if *id == candidates[0] => reason = why,
                Err(_) => {}
            }
        }
        needs(reason)
    }

    /// The bytes to fetch for a model that is not installed, or why none can be fetched.
    fn obtainable(&self, id: &str) -> Result<u64, String> {
        if self.user_models().contains_key(id) {
            return Err(format!("the file of {id} does not exist"));
        }
        let state = self.state(id).map_err(|error| error.to_string())?;
        let Some(entry) = self.catalog().get(id) else { return Err(format!("there is no model {id}")) };
        let options = self.options();
        if options.offline {
            return Err(format!("{id} is not installed, and nothing is fetched offline"));
        }
        let from_hub = |part: &super::Part| matches!(part.origin, Origin::Hub { .. });
        let hub_only = entry.files.iter().any(|file| file.sources.iter().all(|source| source.0.iter().any(from_hub)));
        if options.hub_offline && hub_only {
            return Err(format!("{id} comes from the hub, which is switched off (HF_HUB_OFFLINE)"));
        }
        Ok(match state {
            ModelState::Missing { bytes } => bytes,
            // Nobody knows without reading which of its files it is.
            ModelState::Damaged | ModelState::Installed => entry.bytes(),
        })
    }
}
