//! The templates: embedded in the program, one set a language, each one replaceable by a file of the same name in a
//! directory.

use std::path::{Path, PathBuf};

use handlebars::{Handlebars, no_escape};
use include_dir::{Dir, include_dir};
use serde::Serialize;

use super::{Language, examples::Solved};

static EMBEDDED: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/templates");

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
    /// A line of an example bank is no example.
    #[error("{file}, line {line} is no example: {why}")]
    Example {
        /// The file.
        file: String,
        /// The line, from 1.
        line: usize,
        /// What is wrong with it.
        why: String,
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

/// The file of a language's example bank.
const EXAMPLES: &str = "examples.jsonl";

/// The prompt templates, in strict mode: a variable that is not there is an error, not a gap.
#[derive(Clone, Debug)]
pub struct Templates {
    registry: Handlebars<'static>,
    examples: Vec<(Language, Vec<Solved>)>,
}

impl Templates {
    /// The embedded templates.
    pub fn embedded() -> Result<Self, PromptError> {
        let mut registry = Handlebars::new();
        registry.set_strict_mode(true);
        registry.register_escape_fn(no_escape);
        let mut templates = Self { registry, examples: Vec::new() };
        for language in Language::ALL {
            let files = EMBEDDED.get_dir(language.folder()).into_iter().flat_map(Dir::files);
            for file in files {
                templates.add(language, file.path(), file.contents_utf8().unwrap_or_default())?;
            }
        }
        Ok(templates)
    }

    /// The embedded templates, with those replaced that `directory` holds: `en/system.hbs` replaces the English one,
    /// `system.hbs` that of every language; likewise `examples.jsonl`.
    pub fn with_directory(directory: &Path) -> Result<Self, PromptError> {
        let mut templates = Self::embedded()?;
        for file in prompt_files(directory)? {
            for language in Language::ALL {
                templates.replace(language, &file)?;
            }
        }
        for language in Language::ALL {
            let folder = directory.join(language.folder());
            if folder.is_dir() {
                for file in prompt_files(&folder)? {
                    templates.replace(language, &file)?;
                }
            }
        }
        Ok(templates)
    }

    fn replace(&mut self, language: Language, file: &Path) -> Result<(), PromptError> {
        let name = file.file_stem().unwrap_or_default().to_string_lossy();
        if !file.ends_with(EXAMPLES) && !self.registry.has_template(&key(language, &name)) {
            let prefix = key(language, "");
            let names = self.registry.get_templates().keys().filter_map(|name| name.strip_prefix(&prefix));
            let mut known: Vec<String> = names.map(|name| format!("{name}.hbs")).collect();
            known.push(EXAMPLES.into());
            known.sort();
            return Err(PromptError::Unknown { file: file.display().to_string(), known: known.join(", ") });
        }
        let text = fs_err::read_to_string(file).map_err(|source| unreadable(file, source))?;
        self.add(language, file, &text)
    }

    fn add(&mut self, language: Language, file: &Path, text: &str) -> Result<(), PromptError> {
        if file.ends_with(EXAMPLES) {
            let examples = examples(file, text)?;
            self.examples.retain(|(known, _)| *known != language);
            self.examples.push((language, examples));
            return Ok(());
        }
        let name = key(language, &file.file_stem().unwrap_or_default().to_string_lossy());
        self.registry
            .register_template_string(&name, text)
            .map_err(|source| PromptError::Syntax { name, source: Box::new(source) })
    }

    /// Fills a template in. Trailing white space goes.
    pub fn render(&self, language: Language, name: &str, variables: &impl Serialize) -> Result<String, PromptError> {
        let name = key(language, name);
        let text = self.registry.render(&name, variables);
        let text = text.map_err(|source| PromptError::Render { name, source: Box::new(source) })?;
        Ok(text.trim().to_owned())
    }

    /// The composed examples of a language.
    pub(crate) fn examples(&self, language: Language) -> &[Solved] {
        self.examples.iter().find(|(known, _)| *known == language).map_or(&[], |(_, examples)| examples)
    }
}

fn key(language: Language, name: &str) -> String {
    format!("{}/{name}", language.folder())
}

fn unreadable(file: &Path, source: std::io::Error) -> PromptError {
    PromptError::Read { file: file.display().to_string(), source }
}

/// The templates and example banks in a folder, sorted by name.
fn prompt_files(folder: &Path) -> Result<Vec<PathBuf>, PromptError> {
    let entries = fs_err::read_dir(folder).map_err(|source| unreadable(folder, source))?;
    let mut files: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    files.retain(|file| file.extension().is_some_and(|end| end == "hbs") || file.ends_with(EXAMPLES));
    files.sort();
    Ok(files)
}

fn examples(file: &Path, text: &str) -> Result<Vec<Solved>, PromptError> {
    let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    let read = |(at, line): (usize, &str)| {
        serde_json::from_str(line).map_err(|error| PromptError::Example {
            file: file.display().to_string(),
            line: at + 1,
            why: error.to_string(),
        })
    };
    lines.map(read).collect()
}
