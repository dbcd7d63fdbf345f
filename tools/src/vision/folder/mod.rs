//! What a folder of model files is for: models of several graphs, which [`recognize`](super::recognize) sees one by one, and
//! models of one with its settings beside it.

mod sets;

use std::path::{Path, PathBuf};

use serde::Serialize;
use serde_json::Value;

use self::sets::{Graph, SETS, Set};
use super::{
    beside,
    recognize::{Setting, recognize},
};
use crate::{
    onnx::{FileProblem, ModelFile, Signature, graph_file, graph_names},
    store::{Installed, ModelFacts, folder_files},
};

/// The use that Argus has for a folder.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FolderRecognition {
    /// The role it can serve.
    pub role: &'static str,
    /// Roles that it may serve as well.
    pub other_roles: Vec<&'static str>,
    /// Which models look like this.
    pub family: &'static str,
    /// The graphs that belong to such a model.
    pub graphs: Vec<Part>,
    /// The files that belong beside them.
    pub files: Vec<Part>,
    /// What is wrong with the files, where all are there.
    pub problems: Vec<FileProblem>,
    /// What the folder does not say, as lines of `argus.toml`.
    pub settings: Vec<Setting>,
}

/// A file that belongs to a model.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Part {
    /// Its name, or for a graph the name without ending and precision.
    pub name: &'static str,
    /// What it is for.
    pub what: &'static str,
    /// The file in the folder; nothing if there is none.
    pub file: Option<String>,
}

/// Why a folder cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum FolderError {
    /// It cannot be read.
    #[error("{} cannot be read: {source}", folder.display())]
    Unreadable {
        /// The folder.
        folder: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// There is no graph, or none that belongs to a known model.
    #[error("{} is no model that is known here: {why}", folder.display())]
    Unknown {
        /// The folder.
        folder: PathBuf,
        /// What it has, and why that is nothing.
        why: String,
    },
}

impl FolderRecognition {
    /// Graphs and files that are not there.
    pub fn missing(&self) -> impl Iterator<Item = &Part> {
        self.graphs.iter().chain(&self.files).filter(|part| part.file.is_none())
    }

    /// Whether it could be used as it is.
    pub fn is_complete(&self) -> bool {
        self.missing().next().is_none() && self.problems.is_empty()
    }
}

/// What a folder is for, by the names and signatures of its graphs and by its `config.json`; where parts are missing, what it
/// comes nearest to. No graph is loaded.
pub fn recognize_folder(folder: &Path) -> Result<FolderRecognition, FolderError> {
    let files = folder_files(folder).map_err(|source| FolderError::Unreadable { folder: folder.to_owned(), source })?;
    let installed = Installed {
        id: folder.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default(),
        role: String::new(),
        dir: folder.to_owned(),
        files,
        facts: ModelFacts::default(),
        licence: None,
    };
    let unknown = |why: String| FolderError::Unknown { folder: folder.to_owned(), why };
    let names = graph_names(&installed);
    if names.is_empty() {
        return Err(unknown("it has no .onnx file, neither in itself nor in its folder `onnx`".into()));
    }
    let seen: Vec<Seen> = names.iter().filter_map(|name| Seen::read(&installed, name)).collect();
    let config = beside::json(&installed, "config.json").ok().flatten().unwrap_or_default();
    let nearest = SETS.iter().map(|set| (set.likeness(&seen, &config), set));
    let nearest = nearest.fold(None, |best: Option<(f32, &Set)>, next| {
        let better = next.0 > 0.0 && best.is_none_or(|best| next.0 > best.0);
        if better { Some(next) } else { best }
    });
    match nearest {
        Some((_, set)) => Ok(set.of(&seen, &installed, &config)),
        None => alone(&seen, &config).map_err(unknown),
    }
}

/// A graph of the folder.
struct Seen {
    /// Its name without folder, ending and precision.
    name: String,
    /// Its path in the folder.
    file: String,
    header: Result<ModelFile, String>,
    signature: Signature,
}

impl Seen {
    fn read(installed: &Installed, name: &str) -> Option<Self> {
        let path = graph_file(installed, name)?;
        let file = installed.files.iter().find(|(_, known)| **known == path)?.0.clone();
        let header = ModelFile::read(&path).map_err(|error| error.to_string());
        let signature = header.as_ref().map(ModelFile::signature).unwrap_or_default();
        Some(Self { name: name.to_owned(), file, header, signature })
    }

    fn has_word(&self, word: &str) -> bool {
        self.name.to_lowercase().split(|c: char| !c.is_alphanumeric()).any(|part| part == word)
    }

    /// What keeps it from running, and from its place in a model.
    fn problems(&self, graph: &Graph) -> Vec<FileProblem> {
        match &self.header {
            Err(error) => vec![FileProblem { what: error.clone(), remedy: format!("fetch {} again", self.file) }],
            Ok(_) if !(graph.fits)(&self.signature) => vec![FileProblem {
                what: format!("{} has {}", self.file, self.signature.describe()),
                remedy: format!("put one there that {}", graph.what),
            }],
            Ok(header) => {
                let named = |problem: &FileProblem| FileProblem {
                    what: format!("{}: {}", self.file, problem.what),
                    remedy: problem.remedy.clone(),
                };
                header.problems.iter().map(named).collect()
            }
        }
    }
}

impl Graph {
    /// The graph of the folder in this place; of several the one by the first of the names.
    fn among<'a>(&self, seen: &'a [Seen]) -> Option<&'a Seen> {
        let named = self.names.iter().find_map(|name| seen.iter().find(|graph| graph.name == *name));
        let words = || {
            let mut fitting = seen
                .iter()
                .filter(|graph| graph.has_word(self.names[0]) && !self.not.iter().any(|w| graph.has_word(w)));
            // One of several would be a guess.
            fitting.next().filter(|_| fitting.next().is_none())
        };
        named.or_else(|| words().filter(|_| self.by_word))
    }
}

impl Set {
    /// How much of such a model a folder has: 1 and more for all of it, 0 for nothing.
    fn likeness(&self, seen: &[Seen], config: &Value) -> f32 {
        let fitting = self.graphs.iter().filter(|graph| {
            let found = graph.among(seen);
            found.is_some_and(|found| (graph.fits)(&found.signature))
        });
        let share = fitting.count() as f32 / self.graphs.len() as f32;
        let named = config["model_type"].as_str().is_some_and(self.is_type);
        if share > 0.0 && named { share + 1.0 } else { share }
    }

    fn of(&self, seen: &[Seen], installed: &Installed, config: &Value) -> FolderRecognition {
        let (mut graphs, mut problems) = (Vec::new(), Vec::new());
        for graph in self.graphs {
            let found = graph.among(seen);
            problems.extend(found.map(|found| found.problems(graph)).unwrap_or_default());
            graphs.push(Part { name: graph.names[0], what: graph.what, file: found.map(|found| found.file.clone()) });
        }
        let files = self.files.iter().map(|(name, what)| Part {
            name,
            what,
            file: installed.beside(name).and_then(|path| {
                installed.files.iter().find(|(_, known)| known.as_path() == path).map(|(name, _)| name.clone())
            }),
        });
        let files: Vec<Part> = files.collect();
        if files.iter().all(|part| part.file.is_some())
            && let Some(Err(error)) = self.opens.map(|open| open(&installed.dir))
        {
            let remedy = "put the files of the published model beside the graphs".to_owned();
            problems.push(FileProblem { what: error, remedy });
        }
        let (role, other_roles) = (self.roles)(config);
        FolderRecognition { role, other_roles, family: self.family, graphs, files, problems, settings: Vec::new() }
    }
}

/// A model of one graph, with what lies beside it.
fn alone(seen: &[Seen], config: &Value) -> Result<FolderRecognition, String> {
    let all: Vec<&str> = seen.iter().map(|graph| graph.file.as_str()).collect();
    let [only] = seen else {
        return Err(format!("it has {}, which are no set of one model; inspect them one by one", all.join(", ")));
    };
    if let Err(error) = &only.header {
        return Err(error.clone());
    }
    let found = recognize(&only.signature).map_err(|refused| {
        let why: Vec<String> = refused.iter().map(|(role, why)| format!("{role}: {why}")).collect();
        format!("{} serves no role ({})", only.file, why.join("; "))
    })?;
    let named = config["id2label"].is_object();
    let mut found = found.into_iter();
    let Some(first) = found.next() else { return Err(format!("{} serves no role", only.file)) };
    let known = |setting: &Setting| named && matches!(setting.key, "labels" | "labels_file");
    let graph = Graph { names: &["model"], what: "the model", fits: |_| true, by_word: false, not: &[] };
    Ok(FolderRecognition {
        role: first.role,
        other_roles: found.map(|other| other.role).collect(),
        family: first.family,
        graphs: vec![Part { name: "model", what: "the model", file: Some(only.file.clone()) }],
        files: Vec::new(),
        problems: only.problems(&graph),
        settings: first.settings.into_iter().filter(|setting| !known(setting)).collect(),
    })
}
