//! Where workflows come from: the shipped ones, and files.

use std::path::{Path, PathBuf};

use argus_tools::suggest::similar_names;
use include_dir::{Dir, include_dir};
use serde_json::Value;

use crate::language::{
    model::{Definition, schema},
    problem::{Problem, WorkflowError},
    shape,
    yaml::{Places, parse},
};

static SHIPPED: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/shipped");

/// The workflows that a step or a user can name.
#[derive(Clone, Debug, Default)]
pub struct Library {}

/// A workflow's text and where it is from.
pub(crate) struct Opened {
    pub(crate) name: String,
    pub(crate) text: String,
    pub(crate) folder: Folder,
}

/// Where the files are that a workflow names.
#[derive(Clone, Debug)]
pub(crate) enum Folder {
    /// Nowhere: the workflow was read from a text or built.
    None,
    /// With the shipped workflows.
    Shipped,
    /// In the folder of the workflow's file.
    At(PathBuf),
}

/// The text of a file that is shipped with the workflows, such as `data/pica_examples.jsonl`.
pub(crate) fn shipped_file(path: &str) -> Option<&'static str> {
    SHIPPED.get_file(path)?.contents_utf8()
}

impl Library {
    /// The names of the shipped workflows, sorted.
    pub fn shipped() -> Vec<String> {
        let mut names: Vec<String> = SHIPPED
            .files()
            .filter(|file| file.path().extension().is_some_and(|end| end == "yaml"))
            .filter_map(|file| file.path().file_stem()?.to_str().map(str::to_owned))
            .collect();
        names.sort();
        names
    }

    /// The text of a shipped workflow.
    pub fn shipped_text(name: &str) -> Option<&'static str> {
        SHIPPED.get_file(format!("{name}.yaml"))?.contents_utf8()
    }

    /// A shipped workflow by name, or a file, whose path begins at `folder`.
    pub(crate) fn open(name: &str, folder: &Folder) -> Result<Opened, Problem> {
        let ending = Path::new(name).extension();
        let looks_like_path = name.contains(['/', '\\']) || ending.is_some_and(|end| end == "yaml" || end == "yml");
        if !looks_like_path {
            if let Some(text) = Self::shipped_text(name) {
                return Ok(Opened { name: name.to_owned(), text: text.to_owned(), folder: Folder::Shipped });
            }
            let names = Self::shipped();
            let near = similar_names(name, names.iter().map(String::as_str));
            let hint = match near.as_slice() {
                [] if names.is_empty() => "a file is named with .yaml or a /".into(),
                [] => format!("shipped are {}; a file is named with .yaml or a /", names.join(", ")),
                near => format!("did you mean {}?", near.join(" or ")),
            };
            return Err(Problem::new("", format!("there is no workflow \"{name}\"")).hint(hint));
        }
        let path = match folder {
            Folder::At(folder) => folder.join(name),
            Folder::None | Folder::Shipped => PathBuf::from(name),
        };
        let text = read_file(&path)?;
        let folder = path.parent().map_or(Folder::None, |parent| {
            Folder::At(if parent.as_os_str().is_empty() { ".".into() } else { parent.to_owned() })
        });
        Ok(Opened { name: path.display().to_string(), text, folder })
    }
}

fn read_file(path: &Path) -> Result<String, Problem> {
    let unreadable = |why: String| Problem::new("", format!("{} cannot be read: {why}", path.display()));
    let bytes = std::fs::metadata(path).map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => Problem::new("", format!("there is no file {}", path.display())),
        _ => unreadable(error.to_string()),
    })?;
    if bytes.len() > crate::language::yaml::LARGEST as u64 {
        let size = bytes.len() as f64 / 1e6;
        return Err(Problem::new("", format!("{} has {size:.1} MB; a workflow may have 1 MB", path.display()))
            .hint("keep data in a file of its own and give it as an input"));
    }
    let bytes = std::fs::read(path).map_err(|error| unreadable(error.to_string()))?;
    String::from_utf8(bytes).map_err(|error| {
        let before = &error.as_bytes()[..error.utf8_error().valid_up_to()];
        let line = String::from_utf8_lossy(before).matches('\n').count() + 1;
        unreadable(format!("line {line} is no UTF-8 text"))
    })
}

/// A definition with the places of its parts. The shape alone is checked; where parts are wrong they are left out and the rest
/// is still read, so that the error holds what could be read too.
pub(crate) fn read(text: &str, name: &str) -> Result<(Definition, Places), WorkflowError> {
    let read = read_leniently(text).map_err(|problem| WorkflowError::one(name, text, problem))?;
    match (read.definition, read.problems) {
        (Some(definition), problems) if problems.is_empty() => Ok((definition, read.places)),
        (_, problems) => Err(WorkflowError { source_name: name.to_owned(), text: text.to_owned(), problems }),
    }
}

/// What could be read, and what was wrong with the rest.
pub(crate) struct Read {
    pub(crate) definition: Option<Definition>,
    pub(crate) places: Places,
    pub(crate) problems: Vec<Problem>,
}

pub(crate) fn read_leniently(text: &str) -> Result<Read, Problem> {
    // A byte order mark is no part of the text, but its bytes count.
    let plain = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mark = text.len() - plain.len();
    let (mut value, places) = parse(plain).map_err(|mut problem| {
        if let Some(place) = &mut problem.place {
            place.bytes = place.bytes.start + mark..place.bytes.end + mark;
        }
        problem
    })?;
    let places = places.shifted(mark);
    if value.is_null() {
        return Err(Problem::new("", "the file is empty").hint("a workflow has a name and steps"));
    }
    let schema = schema();
    let mut problems = match shape::validator(&schema) {
        Ok(validator) => shape::check(&validator, &value, "", &schema),
        Err(why) => vec![Problem::new("", why)],
    };
    for problem in &problems {
        remove(&mut value, &problem.path);
    }
    let definition = serde_json::from_value::<Definition>(value);
    if let (Err(error), true) = (&definition, problems.is_empty()) {
        problems.push(Problem::new("", error.to_string()));
    }
    for problem in &mut problems {
        problem.place = if problem.message.starts_with("there is no \"") || problem.message.ends_with("is missing") {
            places.key(&problem.path)
        } else {
            places.value(&problem.path)
        };
    }
    Ok(Read { definition: definition.ok(), places, problems })
}

/// Takes away what stands under a path.
fn remove(value: &mut Value, path: &str) {
    let parts: Vec<String> = path
        .split(['.', '['])
        .map(|part| part.trim_end_matches(']').to_owned())
        .filter(|part| !part.is_empty())
        .collect();
    let Some((last, before)) = parts.split_last() else { return };
    let holder = before.iter().try_fold(value, |value, part| match value {
        Value::Array(items) => part.parse::<usize>().ok().and_then(|index| items.get_mut(index)),
        other => other.get_mut(part),
    });
    match holder {
        Some(Value::Object(map)) => {
            map.shift_remove(last);
        }
        Some(Value::Array(items)) => {
            // The numbers of the others must stay.
            if let Some(item) = last.parse::<usize>().ok().and_then(|index| items.get_mut(index)) {
                *item = Value::Null;
            }
        }
        _ => {}
    }
}
