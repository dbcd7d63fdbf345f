//! Models of the user's own, from the `[models.NAME]` tables of `argus.toml`.
//!
//! ```toml
//! [models.helmets]
//! role = "detect"
//! file = "helmets.onnx"
//! labels = ["helmet", "vest"]   # or labels_file = "labels.txt", one a line
//! threshold = 0.4               # and any other field of ModelFacts
//!
//! [models.captioner]
//! role = "caption"
//! file = "florence-2"           # a folder, for models of several graphs, laid out as on the hub
//!
//! [models.planner]
//! role = "llm"
//! file = "planner.gguf"
//! mmproj = "mmproj.gguf"        # its projector, if it takes pictures; else a file mmproj*.gguf next to it
//! ```

use std::path::{Path, PathBuf};

use serde::{Deserialize, Deserializer, de::Error as _};

use super::{error::StoreError, facts::ModelFacts};

/// A model of the user's own. It is used where it lies and comes before the catalog's candidates of its role.
#[derive(Clone, Debug, PartialEq)]
pub struct UserModel {
    /// The role it serves.
    pub role: String,
    /// The file, or the folder of a model of several graphs; relative to the working directory unless absolute.
    pub file: PathBuf,
    /// A text file of class names, one a line, instead of `labels`.
    pub labels_file: Option<PathBuf>,
    /// The projector of a language model that takes pictures.
    pub mmproj: Option<PathBuf>,
    /// Its licence, if the user says so.
    pub licence: Option<String>,
    /// What the graph does not declare.
    pub facts: ModelFacts,
}

impl<'de> Deserialize<'de> for UserModel {
    // By hand: serde's `flatten` would let misspelt fields of the facts pass unseen.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut table = toml::Table::deserialize(deserializer)?;
        let mut text = |key: &str| match table.remove(key) {
            None => Ok(None),
            Some(toml::Value::String(text)) => Ok(Some(text)),
            Some(other) => Err(D::Error::custom(format!("`{key}` must be a string, not {}", other.type_str()))),
        };
        let role = text("role")?.ok_or_else(|| D::Error::missing_field("role"))?;
        let file = text("file")?.ok_or_else(|| D::Error::missing_field("file"))?.into();
        let labels_file = text("labels_file")?.map(PathBuf::from);
        let mmproj = text("mmproj")?.map(PathBuf::from);
        let licence = text("licence")?;
        let facts: ModelFacts = table.try_into().map_err(|error: toml::de::Error| D::Error::custom(error.message()))?;
        if labels_file.is_some() && !facts.labels.is_empty() {
            return Err(D::Error::custom("give either `labels` or `labels_file`, not both"));
        }
        Ok(Self { role, file, labels_file, mmproj, licence, facts })
    }
}

impl UserModel {
    /// The facts, with the class names read from `labels_file` where there is one.
    pub(crate) fn read_facts(&self) -> Result<ModelFacts, StoreError> {
        let mut facts = self.facts.clone();
        if let Some(path) = &self.labels_file {
            let text = fs_err::read_to_string(path)
                .map_err(|error| StoreError::io("reading the class names of a user model", error))?;
            facts.labels = text.lines().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned).collect();
        }
        Ok(facts)
    }

    /// Paths that are relative are taken from `base`, the directory of the configuration file.
    #[must_use]
    pub fn relative_to(mut self, base: &Path) -> Self {
        self.file = base.join(&self.file);
        self.labels_file = self.labels_file.map(|path| base.join(path));
        self.mmproj = self.mmproj.map(|path| base.join(path));
        self
    }
}
