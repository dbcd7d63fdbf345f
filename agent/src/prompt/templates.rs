//! The templates: embedded in the program, each one replaceable by a file of the same name in a directory.

use std::path::Path;

use handlebars::{Handlebars, no_escape};
use include_dir::{Dir, include_dir};
use serde::Serialize;

static EMBEDDED: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/../prompts");

/// A template that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum PromptError {
    /// A file of the override directory cannot be read.
    #[error("the prompt template {file} cannot be read")]
    Read {
        /// The file.
        file: String,
        /// Why.
        source: std::io::Error,
    },
    /// A file of the override directory is none of the known templates.
    #[error("{file} is no prompt template; the templates are {known}")]
    Unknown {
        /// The file.
        file: String,
        /// The known names.
        known: String,
    },
    /// A template's syntax is wrong.
    #[error("the prompt template {name} is not valid")]
    Syntax {
        /// The template.
        name: String,
        /// Where and why.
        source: Box<handlebars::TemplateError>,
    },
    /// A template names a variable that it is not given.
    #[error("the prompt template {name} cannot be rendered")]
    Render {
        /// The template.
        name: String,
        /// Where and why.
        source: Box<handlebars::RenderError>,
    },
}

/// The prompt templates, in strict mode: a variable that is not there is an error, not a gap.
#[derive(Clone, Debug)]
pub struct Templates {
    registry: Handlebars<'static>,
}

impl Templates {
    /// The embedded templates.
    pub fn embedded() -> Result<Self, PromptError> {
        let mut registry = Handlebars::new();
        registry.set_strict_mode(true);
        registry.register_escape_fn(no_escape);
        let mut templates = Self { registry };
        for file in EMBEDDED.files().filter(|file| file.path().extension().is_some_and(|end| end == "hbs")) {
            let name = file.path().file_stem().unwrap_or_default().to_string_lossy();
            templates.add(&name, file.contents_utf8().unwrap_or_default())?;
        }
        Ok(templates)
    }

    /// The embedded templates, with those replaced that `directory` holds (`system.hbs`, ...).
    pub fn with_directory(directory: &Path) -> Result<Self, PromptError> {
        let mut templates = Self::embedded()?;
        let read = |file: &Path, source| PromptError::Read { file: file.display().to_string(), source };
        let entries = fs_err::read_dir(directory).map_err(|source| read(directory, source))?;
        let mut files: Vec<_> = entries.flatten().map(|entry| entry.path()).collect();
        files.sort();
        for file in files.iter().filter(|file| file.extension().is_some_and(|end| end == "hbs")) {
            let name = file.file_stem().unwrap_or_default().to_string_lossy();
            if !templates.registry.has_template(&name) {
                let mut known: Vec<String> =
                    templates.registry.get_templates().keys().map(|name| format!("{name}.hbs")).collect();
                known.sort();
                return Err(PromptError::Unknown { file: file.display().to_string(), known: known.join(", ") });
            }
            let text = fs_err::read_to_string(file).map_err(|source| read(file, source))?;
            templates.add(&name, &text)?;
        }
        Ok(templates)
    }

    fn add(&mut self, name: &str, text: &str) -> Result<(), PromptError> {
        self.registry
            .register_template_string(name, text)
            .map_err(|source| PromptError::Syntax { name: name.to_owned(), source: Box::new(source) })
    }

    /// Fills a template in. Trailing white space goes.
    pub fn render(&self, name: &str, variables: &impl Serialize) -> Result<String, PromptError> {
        let text = self.registry.render(name, variables);
        let text = text.map_err(|source| PromptError::Render { name: name.to_owned(), source: Box::new(source) })?;
        Ok(text.trim().to_owned())
    }
}
