//! The inputs of a run: typed, checked, images loaded.

use std::sync::Arc;

use argus_tools::image::{Fetcher, ImageSource, ImageStore, LoadLimits, SampleProvider};
use indexmap::IndexMap;
use serde_json::{Map, Value};

use crate::{
    check::names::suggestion,
    language::{
        input_value::{bounds, plain},
        model::{Input, InputType},
        shape::short,
        step::FailureKind,
    },
    record::failure::Failure,
};

/// The most images of one input.
const MOST_IMAGES: usize = 1000;
/// The largest file that is read as an input, in bytes.
const LARGEST_FILE: u64 = 10 << 20;

/// What the path of a file begins with that is shipped with the workflows.
const SHIPPED: &str = "shipped:";

/// Loads what inputs name.
pub struct Loader {
    /// Loads pictures from addresses.
    pub fetcher: Fetcher,
    /// Gives sample pictures.
    pub samples: Arc<dyn SampleProvider>,
    /// What a picture may cost.
    pub limits: LoadLimits,
}

/// All inputs of a run, images taken into the store. All that is wrong is told at once.
pub(crate) async fn load(
    inputs: &IndexMap<String, Input>,
    given: &Map<String, Value>,
    store: &ImageStore,
    loader: &Loader,
) -> Result<Map<String, Value>, Failure> {
    let mut problems = Vec::new();
    let known: Vec<&str> = inputs.keys().map(String::as_str).collect();
    for name in given.keys().filter(|name| !inputs.contains_key(*name)) {
        problems.push(format!("there is no input \"{name}\"; {}", suggestion(name, &known)));
    }
    let mut values = Map::new();
    for (name, input) in inputs {
        let value = match (given.get(name).filter(|value| !value.is_null()), &input.default) {
            (Some(given), _) => one(name, input, given, store, loader).await,
            (None, Some(Value::Null)) => Ok(Value::Null),
            (None, Some(default)) => one(name, input, default, store, loader).await,
            (None, None) => {
                let about = if input.description.is_empty() {
                    input.kind.name().to_owned()
                } else {
                    format!("{}: {}", input.kind.name(), input.description)
                };
                Err(format!("the input \"{name}\" is missing ({about}); give it with -i {name}=..."))
            }
        };
        match value {
            Ok(value) => {
                values.insert(name.clone(), value);
            }
            Err(why) => problems.push(why),
        }
    }
    match problems.len() {
        0 => Ok(values),
        1 => Err(Failure::new(FailureKind::InvalidInput, problems.remove(0))),
        several => {
            let message = format!("{several} inputs cannot be used:\n  {}", problems.join("\n  "));
            Err(Failure::new(FailureKind::InvalidInput, message))
        }
    }
}

async fn one(name: &str, input: &Input, given: &Value, store: &ImageStore, loader: &Loader) -> Result<Value, String> {
    match input.kind {
        InputType::Image => {
            let source =
                given.as_str().ok_or_else(|| format!("the input \"{name}\" is {}; it takes a path", short(given)))?;
            picture(name, source, store, loader).await
        }
        InputType::Images => {
            let sources = sources(name, given)?;
            if sources.len() > MOST_IMAGES {
                return Err(format!(
                    "the input \"{name}\" has {} images, more than {MOST_IMAGES}; --each runs the workflow for each",
                    sources.len()
                ));
            }
            bounds(name, input, sources.len() as f64, " images")?;
            let mut handles = Vec::new();
            for source in sources {
                handles.push(picture(name, &source, store, loader).await?);
            }
            Ok(handles.into())
        }
        InputType::File => {
            let path =
                given.as_str().ok_or_else(|| format!("the input \"{name}\" is {}; it takes a path", short(given)))?;
            let wrong = |why: String| format!("the input \"{name}\": {path} {why}");
            if let Some(shipped) = path.strip_prefix(SHIPPED) {
                let text = crate::language::source::shipped_file(shipped);
                return text.map(Value::from).ok_or_else(|| wrong("is no file that is shipped with Argus".into()));
            }
            let size = std::fs::metadata(path).map_err(|error| wrong(format!("cannot be read: {error}")))?.len();
            if size > LARGEST_FILE {
                return Err(wrong(format!("has {:.1} MB, more than {} MB", size as f64 / 1e6, LARGEST_FILE >> 20)));
            }
            let text = fs_err::read_to_string(path).map_err(|error| wrong(format!("is no text: {error}")))?;
            Ok(text.into())
        }
        _ => plain(name, input, given),
    }
}

/// The names of several pictures: a list, a text with commas, or a pattern.
fn sources(name: &str, given: &Value) -> Result<Vec<String>, String> {
    match given {
        Value::Array(items) => {
            let texts: Option<Vec<String>> = items.iter().map(|item| item.as_str().map(str::to_owned)).collect();
            texts.ok_or_else(|| format!("the input \"{name}\" is a list with more than texts in it"))
        }
        Value::String(text) if text.contains(['*', '?']) && !text.contains("://") => {
            let found = crate::language::paths::matching(text).map_err(|why| format!("the input \"{name}\": {why}"))?;
            if found.is_empty() { Err(format!("the input \"{name}\": nothing matches {text}")) } else { Ok(found) }
        }
        Value::String(text) => {
            Ok(text.split(',').map(|one| one.trim().to_owned()).filter(|one| !one.is_empty()).collect())
        }
        _ => Err(format!("the input \"{name}\" is {}; it takes a list of paths", short(given))),
    }
}

async fn picture(name: &str, source: &str, store: &ImageStore, loader: &Loader) -> Result<Value, String> {
    let failed = |error: argus_tools::image::ImageError| {
        let hint = error.hint.as_ref().map(|hint| format!(" ({hint})")).unwrap_or_default();
        format!("the input \"{name}\": {source}: {}{hint}", error.chain())
    };
    let loaded = match ImageSource::parse(source) {
        Ok(parsed) => parsed.load(&loader.fetcher, &*loader.samples, &loader.limits).await,
        Err(error) => Err(error),
    };
    Ok(store.take_in(loaded.map_err(failed)?).handle.clone().into())
}
