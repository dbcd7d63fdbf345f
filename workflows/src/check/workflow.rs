//! A workflow that was read and checked.

use std::{path::Path, sync::Arc};

use argus_tools::{tool::Toolbox, vision};

use crate::{
    check::{compile::Compiler, plan::Plan},
    language::{
        model::Definition,
        problem::{Problem, WorkflowError},
        source::{Folder, Library, read_leniently},
        yaml::Places,
    },
};

/// A workflow, checked and ready to run. Cheap to clone.
#[derive(Clone)]
pub struct Workflow {
    pub(crate) plan: Arc<Plan>,
    definition: Arc<Definition>,
    warnings: Vec<Problem>,
    source_name: String,
    text: String,
}

impl Workflow {
    /// Reads a shipped workflow by name, or a file, and checks it against the built-in tools.
    pub fn load(name_or_path: &str) -> Result<Self, WorkflowError> {
        Self::load_for(name_or_path, &vision::toolbox())
    }

    /// The same, checked against other tools.
    pub fn load_for(name_or_path: &str, toolbox: &Toolbox) -> Result<Self, WorkflowError> {
        let opened = Library::open(name_or_path, &Folder::None)
            .map_err(|problem| WorkflowError::one(name_or_path, "", problem))?;
        Self::read_in(&opened.text, &opened.name, opened.folder, toolbox)
    }

    /// Reads a workflow from text; `name` is what errors call it, files that it names are looked for in `folder`.
    pub fn read(text: &str, name: &str, folder: Option<&Path>, toolbox: &Toolbox) -> Result<Self, WorkflowError> {
        Self::read_in(text, name, folder.map_or(Folder::None, |folder| Folder::At(folder.to_owned())), toolbox)
    }

    fn read_in(text: &str, name: &str, folder: Folder, toolbox: &Toolbox) -> Result<Self, WorkflowError> {
        let read = read_leniently(text).map_err(|problem| WorkflowError::one(name, text, problem))?;
        let failed = |problems| WorkflowError { source_name: name.to_owned(), text: text.to_owned(), problems };
        let Some(definition) = read.definition else { return Err(failed(read.problems)) };
        Self::check(definition, name, text, folder, toolbox, (&read.places, read.problems))
    }

    /// Checks a definition that was built, not read.
    pub fn build(definition: Definition, toolbox: &Toolbox) -> Result<Self, WorkflowError> {
        let name = definition.name.clone();
        Self::check(definition, &name, "", Folder::None, toolbox, (&Places::default(), Vec::new()))
    }

    fn check(
        definition: Definition,
        name: &str,
        text: &str,
        folder: Folder,
        toolbox: &Toolbox,
        (places, known): (&Places, Vec<Problem>),
    ) -> Result<Self, WorkflowError> {
        let mut compiler = Compiler {
            toolbox,
            folder,
            within: vec![name.to_owned()],
            depth: 0,
            problems: Vec::new(),
            used: Vec::new(),
        };
        let plan = compiler.plan(&definition);
        // What is wrong only because a part was left out was told with that part.
        let follows = |problem: &Problem| {
            known.iter().any(|one| {
                let inside = one.path.strip_prefix(&problem.path);
                inside.is_some_and(|rest| rest.starts_with(['.', '[']) || rest.is_empty()) || misses(problem, &one.path)
            })
        };
        let mut problems: Vec<Problem> =
            compiler.problems.iter().filter(|problem| !follows(problem)).cloned().collect();
        for problem in &mut problems {
            problem.place = places.value(&problem.path);
            if about_key(problem) {
                problem.place = places.key(&problem.path);
            }
        }
        problems.extend(known);
        problems.sort_by_key(|problem| problem.place.as_ref().map_or((0, 0), |place| (place.line, place.column)));
        if problems.iter().any(Problem::is_error) {
            return Err(WorkflowError { source_name: name.to_owned(), text: text.to_owned(), problems });
        }
        Ok(Self {
            plan: Arc::new(plan),
            definition: Arc::new(definition),
            warnings: problems,
            source_name: name.to_owned(),
            text: text.to_owned(),
        })
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.plan.name
    }

    /// What it does.
    pub fn description(&self) -> &str {
        &self.plan.description
    }

    /// As data.
    pub fn definition(&self) -> &Definition {
        &self.definition
    }

    /// What in it has no effect.
    pub fn warnings(&self) -> &[Problem] {
        &self.warnings
    }

    /// What errors call it: the file, or the name of a shipped one.
    pub fn source_name(&self) -> &str {
        &self.source_name
    }

    /// The text it was read from; empty if it was built.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The JSON Schema of its outputs together: an object with a property for each.
    pub fn output_schema(&self) -> &serde_json::Value {
        &self.plan.gives
    }

    /// The tools that it calls, by name, with those of the workflows that it uses.
    pub fn tools(&self) -> Vec<String> {
        self.plan.tools()
    }

    /// Whether it asks a language model.
    pub fn asks_model(&self) -> bool {
        self.plan.asks_model()
    }

    /// The sha256 of the definition, with those of the workflows that it uses.
    pub fn digest(&self) -> &str {
        &self.plan.digest
    }
}

/// Whether a problem is that an input or a step is not there which was left out.
fn misses(problem: &Problem, left_out: &str) -> bool {
    let Some((outer, name)) = left_out.rsplit_once('.') else { return false };
    let kind = if outer == "inputs" { "input" } else { "step" };
    (kind == "input" || outer.ends_with("steps"))
        && problem.message.starts_with(&format!("there is no {kind} \"{name}\""))
}

/// Whether a problem is about a name rather than about what stands under it.
fn about_key(problem: &Problem) -> bool {
    let about =
        ["has no argument", "has no input", "needs", "nothing uses", "is never reached", "wait for one another"];
    about.iter().any(|words| problem.message.contains(words))
        || ["the step does nothing", "the step has", "a step around it", "there are no steps"]
            .iter()
            .any(|words| problem.message.starts_with(words))
        || problem.message.contains(" is no name of ")
}
