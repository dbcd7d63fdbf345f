//! Workflows made in Rust: the same [`Definition`] as from YAML, checked by [`Workflow::build`](super::Workflow::build).

mod kinds;
mod step;

use std::time::Duration;

use serde_json::Value;

use crate::language::{
    model::{Definition, Input, InputSpec, InputType, Period, Version},
    step::{Body, Step},
};

/// A workflow without inputs, steps and outputs, to which they are added.
///
/// ```
/// use std::time::Duration;
///
/// use argus_workflows::{Definition, Input, MapSpec, Step, Workflow};
/// use argus_tools::vision;
///
/// # fn main() -> Result<(), argus_workflows::WorkflowError> {
/// let definition = Definition::new("find_and_crop")
///     .describe("Cuts out what it finds.")
///     .input("image", Input::image())
///     .input("most", Input::number().whole().min(1.0).max(20.0).default_to(5))
///     .step("found", Step::tool("detect").with("image", "{{ inputs.image }}").retry(2).timeout(Duration::from_secs(60)))
///     .step(
///         "cuts",
///         Step::map(
///             MapSpec::over("{{ slice steps.found.objects 0 inputs.most }}")
///                 .named("thing")
///                 .step("cut", Step::tool("crop").with("image", "{{ inputs.image }}").with("region", "{{ thing.box }}")),
///         ),
///     )
///     .output("cuts", "{{ pluck steps.cuts \"image\" }}");
/// let workflow = Workflow::build(definition, &vision::toolbox())?;
/// assert_eq!(workflow.tools(), ["crop", "detect"]);
/// # Ok(())
/// # }
/// ```
impl Definition {
    /// A workflow of this name: letters, digits, `_` and `-`.
    pub fn new(name: impl Into<String>) -> Self {
        Self { name: name.into(), ..Self::default() }
    }

    /// Says what it does.
    #[must_use]
    pub fn describe(mut self, description: impl Into<String>) -> Self {
        self.description = description.into();
        self
    }

    /// Gives it a version: a number or a text.
    #[must_use]
    pub fn version(mut self, version: impl Into<Version>) -> Self {
        self.version = Some(version.into());
        self
    }

    /// Adds an input: an [`InputType`] alone, or an [`Input`]. One of the same name is replaced.
    #[must_use]
    pub fn input(mut self, name: impl Into<String>, input: impl Into<InputSpec>) -> Self {
        self.inputs.insert(name.into(), input.into());
        self
    }

    /// Adds a step. One of the same id is replaced.
    #[must_use]
    pub fn step(mut self, id: impl Into<String>, step: Step) -> Self {
        self.steps.insert(id.into(), step);
        self
    }

    /// Adds an output: a value with templates.
    #[must_use]
    pub fn output(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.outputs.insert(name.into(), value.into());
        self
    }
}

impl From<&str> for Version {
    fn from(text: &str) -> Self {
        Self::Text(text.into())
    }
}

impl From<f64> for Version {
    fn from(number: f64) -> Self {
        Self::Number(number)
    }
}

impl From<InputType> for InputSpec {
    fn from(kind: InputType) -> Self {
        Self::Short(kind)
    }
}

impl From<Input> for InputSpec {
    /// The short form where there is nothing but the type.
    fn from(input: Input) -> Self {
        let plain = Input { kind: input.kind, ..Input::default() };
        if input == plain { Self::Short(input.kind) } else { Self::Full(Box::new(input)) }
    }
}

impl From<Duration> for Period {
    fn from(duration: Duration) -> Self {
        Self(duration)
    }
}

impl Input {
    /// An input of a type.
    pub fn new(kind: InputType) -> Self {
        Self { kind, ..Self::default() }
    }

    /// A picture or clip.
    pub fn image() -> Self {
        Self::new(InputType::Image)
    }

    /// Several pictures.
    pub fn images() -> Self {
        Self::new(InputType::Images)
    }

    /// A text.
    pub fn text() -> Self {
        Self::new(InputType::Text)
    }

    /// A number.
    pub fn number() -> Self {
        Self::new(InputType::Number)
    }

    /// `true` or `false`.
    pub fn bool() -> Self {
        Self::new(InputType::Bool)
    }

    /// One of these values.
    pub fn one_of<T: Into<String>>(values: impl IntoIterator<Item = T>) -> Self {
        Self { values: values.into_iter().map(Into::into).collect(), ..Self::new(InputType::Enum) }
    }

    /// The path of a file, whose content is read as text.
    pub fn file() -> Self {
        Self::new(InputType::File)
    }

    /// Any JSON.
    pub fn json() -> Self {
        Self::new(InputType::Json)
    }

    /// JSON that follows a schema.
    pub fn json_like(schema: impl Into<Value>) -> Self {
        Self { schema: Some(schema.into()), ..Self::json() }
    }

    /// Says what it is for.
    #[must_use]
    pub fn describe(mut self, description: impl Into<String>) -> Self {
        self.description = description.into();
        self
    }

    /// The value where none is given.
    #[must_use]
    pub fn default_to(mut self, value: impl Into<Value>) -> Self {
        self.default = Some(value.into());
        self
    }

    /// It may be left out; its value is null then.
    #[must_use]
    pub fn optional(self) -> Self {
        self.default_to(Value::Null)
    }

    /// The smallest number, the shortest text (in characters), or the fewest images.
    #[must_use]
    pub fn min(mut self, min: f64) -> Self {
        self.min = Some(min);
        self
    }

    /// The largest number, the longest text (in characters), or the most images.
    #[must_use]
    pub fn max(mut self, max: f64) -> Self {
        self.max = Some(max);
        self
    }

    /// Takes whole numbers alone.
    #[must_use]
    pub fn whole(mut self) -> Self {
        self.integer = true;
        self
    }
}

impl Body {
    /// A body without steps, to which they are added.
    pub fn new() -> Self {
        Self::default()
    }

    /// A body that gives a value and does nothing.
    pub fn value(value: impl Into<Value>) -> Self {
        Self::new().output(value)
    }

    /// Adds a step.
    #[must_use]
    pub fn step(mut self, id: impl Into<String>, step: Step) -> Self {
        self.steps.insert(id.into(), step);
        self
    }

    /// What it gives: a value with templates.
    #[must_use]
    pub fn output(mut self, value: impl Into<Value>) -> Self {
        self.output = Some(value.into());
        self
    }
}
