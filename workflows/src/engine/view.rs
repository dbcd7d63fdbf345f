//! What a step sees: inputs, the results it needs, names of the bodies around it.

use std::sync::Arc;

use argus_tools::image::{ImageStore, Snapshot};
use serde_json::Value;

use crate::language::template::{Found, ROOTS, Scope};

/// A step that is done, skipped, or failed without ending the run.
#[derive(Debug, Default)]
pub(crate) struct Finished {
    pub(crate) value: Value,
    /// {step, kind, message} of a failure, or null.
    pub(crate) error: Value,
    /// What it made and what those steps made that it needed.
    pub(crate) layers: Vec<Arc<Snapshot>>,
}

/// What a step sees. Cheap to clone.
#[derive(Clone)]
pub(crate) struct View {
    pub(crate) inputs: Arc<Value>,
    pub(crate) run: Arc<Value>,
    pub(crate) steps: Vec<(Arc<str>, Arc<Finished>)>,
    pub(crate) locals: Vec<(Arc<str>, Arc<Value>)>,
    pub(crate) layers: Vec<Arc<Snapshot>>,
}

impl View {
    /// The same with a finished step.
    pub(crate) fn add(&mut self, id: &Arc<str>, finished: &Arc<Finished>) {
        self.steps.push((id.clone(), finished.clone()));
        for layer in &finished.layers {
            if !self.layers.iter().any(|known| Arc::ptr_eq(known, layer)) {
                self.layers.push(layer.clone());
            }
        }
    }

    /// The same with a local name.
    pub(crate) fn with_local(&self, name: &str, value: Value) -> Self {
        let mut view = self.clone();
        view.locals.retain(|(known, _)| &**known != name);
        view.locals.push((name.into(), Arc::new(value)));
        view
    }

    /// The images and regions that the step sees, in a store that names what is new after `path`.
    pub(crate) fn images(&self, path: &str) -> ImageStore {
        ImageStore::over(self.layers.iter().map(|layer| &**layer), &handle_name(path))
    }
}

/// `each[3].crop` as the beginning of handles: `each-3-crop`.
pub(crate) fn handle_name(path: &str) -> String {
    let plain: String = path.chars().map(|c| if c.is_ascii_alphanumeric() || c == '_' { c } else { ' ' }).collect();
    plain.split_whitespace().collect::<Vec<_>>().join("-")
}

static NULL: Value = Value::Null;

impl Scope for View {
    fn find(&self, path: &[String]) -> Found<'_> {
        let Some(root) = path.first() else { return Found::Nothing("a template names something".into()) };
        if let Some((_, value)) = self.locals.iter().rev().find(|(name, _)| **name == **root) {
            return Found::Value(value, 1);
        }
        let step = |name: &String| self.steps.iter().rev().find(|(id, _)| **id == **name).map(|(_, done)| done);
        match (root.as_str(), path.get(1)) {
            ("inputs", _) => Found::Value(&self.inputs, 1),
            ("run", _) => Found::Value(&self.run, 1),
            ("steps", Some(name)) => match step(name) {
                Some(done) => Found::Value(&done.value, 2),
                None => Found::Nothing(format!("there is no step \"{name}\" before this one")),
            },
            ("errors", Some(name)) => match step(name).map_or(&NULL, |done| &done.error) {
                // Of a step that did not fail there is no kind and no message: asking for them is no mistake.
                Value::Null => Found::Value(&NULL, path.len()),
                error => Found::Value(error, 2),
            },
            (other, _) if ROOTS.contains(&other) => {
                Found::Nothing(format!("{other} is not a value: name something in it"))
            }
            (other, _) => Found::Nothing(format!("there is no \"{other}\"")),
        }
    }
}
