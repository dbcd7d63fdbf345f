//! The catalog: what can be installed, in the order in which it is preferred.

use indexmap::IndexMap;
use serde::Deserialize;

use super::{
    error::StoreError,
    facts::ModelFacts,
    platform::current_platform,
    source::{Part, Source, is_hash, is_plain_path},
};

/// The catalog that the program carries.
const EMBEDDED: &str = include_str!("../../models.toml");
/// The format of `models.toml` that this code reads.
const SCHEMA: u32 = 1;

/// A file of an entry.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CatalogFile {
    /// Path in the model's directory.
    pub path: String,
    /// Size, where it is known beforehand.
    pub bytes: Option<u64>,
    /// Hash in lower-case hex. Absent: trusted on first use, then held by the install manifest.
    pub sha256: Option<String>,
    /// Whether it is a program.
    #[serde(default)]
    pub executable: bool,
    /// The machines it is for, as `os-arch`; all if empty.
    #[serde(default)]
    pub platforms: Vec<String>,
    /// Ways to it, in the order tried.
    pub sources: Vec<Source>,
}

/// A model, a runtime, or a set of sample pictures.
#[derive(Clone, Debug)]
pub struct CatalogEntry {
    /// Name, unique in the catalog.
    pub id: String,
    /// What it serves as: `detect`, `ocr`, `llm`, `onnxruntime`...
    pub role: String,
    /// SPDX expression.
    pub licence: String,
    /// What to know of the licence.
    pub note: Option<String>,
    /// One line for `argus models list`.
    pub description: String,
    /// What the graph does not declare.
    pub facts: ModelFacts,
    /// The files for this machine, the main one first. Empty: the entry is not for this machine.
    pub files: Vec<CatalogFile>,
    /// The machines that it exists for; empty if for all.
    pub platforms: Vec<String>,
}

impl CatalogEntry {
    /// The sum of the sizes that are known beforehand, in bytes.
    pub fn bytes(&self) -> u64 {
        self.files.iter().filter_map(|file| file.bytes).sum()
    }

    /// The kinds of its sources (`hf`, `pypi`...), each once, in the order tried.
    pub fn source_kinds(&self) -> Vec<&'static str> {
        let mut kinds = Vec::new();
        for part in self.files.iter().flat_map(|file| &file.sources).filter_map(|source| source.0.first()) {
            if !kinds.contains(&part.kind()) {
                kinds.push(part.kind());
            }
        }
        kinds
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawCatalog {
    schema: u32,
    #[serde(default)]
    labels: IndexMap<String, Vec<String>>,
    #[serde(default)]
    model: Vec<RawEntry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawEntry {
    id: String,
    role: String,
    licence: String,
    note: Option<String>,
    description: String,
    #[serde(default)]
    facts: toml::Table,
    #[serde(default)]
    file: Vec<CatalogFile>,
    #[serde(default)]
    archive: Vec<RawArchive>,
}

/// Several files out of one archive.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawArchive {
    platforms: Vec<String>,
    source: Source,
    /// `PATH`, or `PATH=MEMBER` where it has another name in the archive; the first is the program.
    members: Vec<String>,
}

impl RawArchive {
    fn files(&self) -> impl Iterator<Item = CatalogFile> {
        self.members.iter().enumerate().map(|(index, member)| {
            let (path, member) = member.split_once('=').unwrap_or((member, member));
            let mut source = self.source.clone();
            source.0.iter_mut().for_each(|part| part.members.push(member.to_owned()));
            CatalogFile {
                path: path.to_owned(),
                bytes: None,
                sha256: None,
                executable: index == 0,
                platforms: self.platforms.clone(),
                sources: vec![source],
            }
        })
    }
}

/// The entries in file order.
#[derive(Clone, Debug)]
pub struct Catalog {
    entries: IndexMap<String, CatalogEntry>,
}

impl Catalog {
    /// The catalog that the program carries, for this machine.
    pub fn embedded() -> Result<Self, StoreError> {
        Self::parse(EMBEDDED, &current_platform())
    }

    /// Reads a catalog for a machine (`os-arch`); `models.toml` describes the format.
    pub fn parse(text: &str, platform: &str) -> Result<Self, StoreError> {
        let wrong = |message: String| StoreError::Catalog { origin: "model catalog".into(), message };
        let raw: RawCatalog = toml::from_str(text).map_err(|error| wrong(error.to_string().trim().to_owned()))?;
        if raw.schema != SCHEMA {
            return Err(wrong(format!("schema {} is not the one this version reads ({SCHEMA})", raw.schema)));
        }
        let mut entries = IndexMap::new();
        for entry in raw.model {
            let id = entry.id.clone();
            let entry = build(entry, &raw.labels, platform)
                .map_err(|message| StoreError::Catalog { origin: format!("model `{id}` of the catalog"), message })?;
            if entries.insert(id.clone(), entry).is_some() {
                return Err(wrong(format!("the id `{id}` stands there twice")));
            }
        }
        Ok(Self { entries })
    }

    /// An entry by its id.
    pub fn get(&self, id: &str) -> Option<&CatalogEntry> {
        self.entries.get(id)
    }

    /// All entries, in file order.
    pub fn entries(&self) -> impl Iterator<Item = &CatalogEntry> {
        self.entries.values()
    }

    /// The entries of a role, best first.
    pub fn candidates(&self, role: &str) -> impl Iterator<Item = &CatalogEntry> {
        self.entries.values().filter(move |entry| entry.role == role)
    }
}

fn build(mut raw: RawEntry, sets: &IndexMap<String, Vec<String>>, platform: &str) -> Result<CatalogEntry, String> {
    if !is_plain_path(&raw.id) || raw.id.contains('/') {
        return Err("the id is not a plain file name".into());
    }
    raw.file.extend(raw.archive.iter().flat_map(RawArchive::files));
    if raw.file.is_empty() {
        return Err("it has no files".into());
    }
    for file in &raw.file {
        check(file)?;
    }
    let mut facts = raw.facts;
    let set = facts.remove("label_set");
    let mut facts: ModelFacts = facts.try_into().map_err(|error: toml::de::Error| format!("facts: {error}"))?;
    if let Some(set) = set {
        let name = set.as_str().ok_or("label_set must be a string")?;
        let labels = sets.get(name).ok_or_else(|| format!("there is no label set `{name}`"))?;
        facts.labels.clone_from(labels);
    }
    let mut platforms: Vec<String> = Vec::new();
    if raw.file.iter().all(|file| !file.platforms.is_empty()) {
        platforms.extend(raw.file.iter().flat_map(|file| file.platforms.iter().cloned()));
        platforms.sort();
        platforms.dedup();
    }
    let here = |file: &CatalogFile| file.platforms.is_empty() || file.platforms.iter().any(|name| name == platform);
    Ok(CatalogEntry {
        id: raw.id,
        role: raw.role,
        licence: raw.licence,
        note: raw.note,
        description: raw.description,
        facts,
        files: raw.file.into_iter().filter(here).collect(),
        platforms,
    })
}

fn check(file: &CatalogFile) -> Result<(), String> {
    let CatalogFile { path, sha256, sources, .. } = file;
    if !is_plain_path(path) || path == super::manifest::FILE_NAME {
        return Err(format!("the file path `{path}` is not a plain relative path"));
    }
    if sha256.as_ref().is_some_and(|text| !is_hash(text)) {
        return Err(format!("{path}: sha256 must be 64 lower-case hex digits"));
    }
    let plain = |source: &Source| source.0.iter().flat_map(|part| &part.members).all(|member| is_plain_path(member));
    if !sources.iter().all(plain) {
        return Err(format!("{path}: a member of its archive is not a plain relative path"));
    }
    let unchecked = |part: &Part| part.members.is_empty() && part.to_string().contains("#sha256=");
    if sources.iter().flat_map(|source| &source.0).any(unchecked) {
        return Err(format!("{path}: `#sha256=` is for archives; a file has its own sha256"));
    }
    if sources.is_empty() || sources.iter().any(|source| source.0.is_empty()) {
        return Err(format!("{path}: it has no source"));
    }
    Ok(())
}
