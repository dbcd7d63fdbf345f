//! The registry: tools by name, in the order in which they were added.

use std::{borrow::Cow, sync::Arc};

use futures_util::future::join_all;
use indexmap::IndexMap;
use serde_json::Value;

use super::{DynTool, Observation, Scene, ToolCx, ToolError, ToolSpec};
use crate::{
    image::ImageStore,
    store::{Readiness, ReadinessOptions, Store},
};

/// Tools by name. Order is the order of registration, wherever a model or a golden file can see it.
#[derive(Clone, Default)]
pub struct Toolbox {
    tools: IndexMap<Cow<'static, str>, (ToolSpec, Arc<dyn DynTool>)>,
}

impl Toolbox {
    /// An empty registry.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a tool; one of the same name is replaced in place.
    #[must_use]
    pub fn with(mut self, tool: impl DynTool + 'static) -> Self {
        let spec = tool.spec();
        self.tools.insert(spec.name.clone(), (spec, Arc::new(tool)));
        self
    }

    /// Keeps only the named tools, in registry order. An unknown name is an error that lists what there is.
    pub fn only(&self, names: &[String]) -> Result<Self, ToolError> {
        if let Some(unknown) = names.iter().find(|name| !self.tools.contains_key(name.as_str())) {
            return Err(self.unknown(unknown));
        }
        let tools = self.tools.iter().filter(|(name, _)| names.iter().any(|wanted| wanted.as_str() == name.as_ref()));
        Ok(Self { tools: tools.map(|(name, tool)| (name.clone(), tool.clone())).collect() })
    }

    /// The tools of both, this one's first; of two of the same name the other's.
    #[must_use]
    pub fn and(mut self, other: &Self) -> Self {
        self.tools.extend(other.tools.iter().map(|(name, tool)| (name.clone(), tool.clone())));
        self
    }

    /// What each tool needs before it could run, in order. The hosts that something would be fetched from are asked at the same time.
    pub async fn readiness(&self, store: &Store, options: &ReadinessOptions) -> Vec<(&ToolSpec, Readiness)> {
        let each = self
            .specs()
            .map(|spec| async move { (spec, store.confirmed_readiness(&spec.base_roles(), options).await) });
        join_all(each).await
    }

    /// The tools whose models are installed or can be fetched.
    pub async fn available(&self, store: &Store, options: &ReadinessOptions) -> Self {
        let states = self.readiness(store, options).await;
        let can_run = |state: &Readiness| !matches!(state, Readiness::NeedsModel { .. });
        let names = states.iter().filter(|(_, state)| can_run(state)).map(|(spec, _)| &spec.name);
        Self { tools: names.filter_map(|name| Some((name.clone(), self.tools.get(name)?.clone()))).collect() }
    }

    /// What is known of every tool, in order.
    pub fn specs(&self) -> impl Iterator<Item = &ToolSpec> {
        self.tools.values().map(|(spec, _)| spec)
    }

    /// What is known of one tool.
    pub fn spec(&self, name: &str) -> Result<&ToolSpec, ToolError> {
        self.tools.get(name).map(|(spec, _)| spec).ok_or_else(|| self.unknown(name))
    }

    /// The argument schemas of the tools that have a use now, by name, in order: limited to what there is in these images.
    pub fn narrowed(&self, images: &ImageStore) -> IndexMap<String, Value> {
        let scene = Scene::new(images);
        let narrow = |(spec, tool): &(ToolSpec, Arc<dyn DynTool>)| {
            Some((spec.name.to_string(), tool.narrow_schema(spec.input_schema.clone(), &scene)?))
        };
        self.tools.values().filter_map(narrow).collect()
    }

    /// Calls a tool by name with JSON arguments.
    pub async fn call(&self, name: &str, args: Value, cx: &ToolCx) -> Result<Observation, ToolError> {
        let (_, tool) = self.tools.get(name).ok_or_else(|| self.unknown(name))?;
        tool.call_json(args, cx).await
    }

    /// Calls a tool several times at once: one result for each, in their order, the same as [`Toolbox::call`] gives
    /// one by one. Where the tool's model takes a batch the calls share its runs, and elsewhere a tool may make the next
    /// picture ready while the last one runs. One that fails does not fail the others.
    /// Each call comes with its own context; `cx` are those of the work as a whole.
    pub async fn call_many(
        &self,
        name: &str,
        calls: Vec<(Value, ToolCx)>,
        cx: &ToolCx,
    ) -> Vec<Result<Observation, ToolError>> {
        match self.tools.get(name) {
            Some((_, tool)) => tool.call_many_json(calls, cx).await,
            None => calls.iter().map(|_| Err(self.unknown(name))).collect(),
        }
    }

    /// Whether several calls of a tool at once cost less than one after the other.
    pub fn shares_runs(&self, name: &str) -> bool {
        self.tools.get(name).is_some_and(|(_, tool)| tool.shares_runs())
    }

    fn unknown(&self, name: &str) -> ToolError {
        let known: Vec<&str> = self.tools.keys().map(AsRef::as_ref).collect();
        ToolError::invalid_input(format!("there is no tool \"{name}\"; the tools are: {}", known.join(", ")))
    }
}
