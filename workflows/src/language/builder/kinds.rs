//! What stands inside of steps, made in Rust. Each becomes the short form of YAML where there is nothing more to say.

use serde_json::Value;

use crate::language::{
    model::Period,
    step::{
        AgentSpec, AgentTask, ApproveSpec, AssertSpec, Body, Count, FailureKind, ItemError, MapSpec, Prompt,
        PromptSpec, Retry, RetrySpec, Step, SwitchSpec, WhileSpec,
    },
};

impl Prompt {
    /// A prompt with this text.
    pub fn new(text: impl Into<String>) -> Self {
        Self { text: Some(text.into()), ..Self::default() }
    }

    /// A prompt whose text is in a file beside the workflow's.
    pub fn of_file(path: impl Into<String>) -> Self {
        Self { file: Some(path.into()), ..Self::default() }
    }

    /// Instructions before it.
    #[must_use]
    pub fn system(mut self, system: impl Into<String>) -> Self {
        self.system = Some(system.into());
        self
    }

    /// A JSON Schema that the reply has to follow.
    #[must_use]
    pub fn schema(mut self, schema: impl Into<Value>) -> Self {
        self.schema = Some(schema.into());
        self
    }

    /// The longest reply in tokens.
    #[must_use]
    pub fn max_tokens(mut self, tokens: u32) -> Self {
        self.max_tokens = Some(Count::Number(tokens));
        self
    }

    /// 0 for the likeliest reply, more for variety.
    #[must_use]
    pub fn temperature(mut self, temperature: f32) -> Self {
        self.temperature = Some(temperature);
        self
    }

    /// Seed of the sampling.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = Some(seed);
        self
    }

    /// A text at which the reply ends.
    #[must_use]
    pub fn stop(mut self, text: impl Into<String>) -> Self {
        self.stop.push(text.into());
        self
    }
}

impl From<Prompt> for PromptSpec {
    fn from(prompt: Prompt) -> Self {
        match &prompt.text {
            Some(text) if prompt == Prompt::new(text) => Self::Text(text.clone()),
            _ => Self::Full(Box::new(prompt)),
        }
    }
}

impl From<&str> for PromptSpec {
    fn from(text: &str) -> Self {
        Self::Text(text.into())
    }
}

impl AgentTask {
    /// A task in words.
    pub fn new(task: impl Into<String>) -> Self {
        Self { task: task.into(), ..Self::default() }
    }

    /// The images that it may see: a handle or a list of them, as a template.
    #[must_use]
    pub fn images(mut self, images: impl Into<Value>) -> Self {
        self.images = Some(images.into());
        self
    }

    /// The tools that it may use.
    #[must_use]
    pub fn tools<T: Into<String>>(mut self, tools: impl IntoIterator<Item = T>) -> Self {
        self.tools = tools.into_iter().map(Into::into).collect();
        self
    }

    /// Steps at most.
    #[must_use]
    pub fn max_steps(mut self, steps: u32) -> Self {
        self.max_steps = Some(steps);
        self
    }

    /// Tokens at most.
    #[must_use]
    pub fn max_tokens(mut self, tokens: u64) -> Self {
        self.max_tokens = Some(tokens);
        self
    }

    /// Time at most.
    #[must_use]
    pub fn deadline(mut self, deadline: impl Into<Period>) -> Self {
        self.deadline = Some(deadline.into());
        self
    }

    /// Whether cheap tools look at the images first.
    #[must_use]
    pub fn cards(mut self, cards: bool) -> Self {
        self.cards = Some(cards);
        self
    }
}

impl From<AgentTask> for AgentSpec {
    fn from(task: AgentTask) -> Self {
        if task == AgentTask::new(&task.task) { Self::Text(task.task) } else { Self::Full(Box::new(task)) }
    }
}

impl From<&str> for AgentSpec {
    fn from(task: &str) -> Self {
        Self::Text(task.into())
    }
}

impl MapSpec {
    /// A map over a list: a template or a list of values.
    pub fn over(list: impl Into<Value>) -> Self {
        Self { for_each: list.into(), ..Self::default() }
    }

    /// What the item is called inside (`as` in YAML).
    #[must_use]
    pub fn named(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// Items at the same time.
    #[must_use]
    pub fn parallel(mut self, items: usize) -> Self {
        self.parallel = Some(items);
        self
    }

    /// The most items that it takes.
    #[must_use]
    pub fn max_items(mut self, items: usize) -> Self {
        self.max_items = Some(items);
        self
    }

    /// What becomes of the list if an item fails.
    #[must_use]
    pub fn on_item_error(mut self, then: ItemError) -> Self {
        self.on_item_error = Some(then);
        self
    }

    /// Adds a step that is done for every item.
    #[must_use]
    pub fn step(mut self, id: impl Into<String>, step: Step) -> Self {
        self.steps.insert(id.into(), step);
        self
    }

    /// What an item gives.
    #[must_use]
    pub fn output(mut self, value: impl Into<Value>) -> Self {
        self.output = Some(value.into());
        self
    }
}

impl WhileSpec {
    /// A loop for as long as a condition holds, which is looked at before each round.
    pub fn holds(condition: impl Into<Value>) -> Self {
        Self { condition: condition.into(), ..Self::default() }
    }

    /// `last` of the first round.
    #[must_use]
    pub fn start(mut self, value: impl Into<Value>) -> Self {
        self.start = value.into();
        self
    }

    /// The most rounds.
    #[must_use]
    pub fn max_rounds(mut self, rounds: u32) -> Self {
        self.max_rounds = Some(rounds);
        self
    }

    /// Adds a step that is done in every round.
    #[must_use]
    pub fn step(mut self, id: impl Into<String>, step: Step) -> Self {
        self.steps.insert(id.into(), step);
        self
    }

    /// What a round gives.
    #[must_use]
    pub fn output(mut self, value: impl Into<Value>) -> Self {
        self.output = Some(value.into());
        self
    }
}

impl SwitchSpec {
    /// A choice by a value, compared as text.
    pub fn on(value: impl Into<Value>) -> Self {
        Self { value: value.into(), ..Self::default() }
    }

    /// What is done for this value.
    #[must_use]
    pub fn case(mut self, value: impl Into<String>, body: Body) -> Self {
        self.cases.insert(value.into(), body);
        self
    }

    /// What is done where no case fits.
    #[must_use]
    pub fn otherwise(mut self, body: Body) -> Self {
        self.default = Some(body);
        self
    }
}

impl AssertSpec {
    /// A condition with what is said if it does not hold.
    pub fn new(that: impl Into<String>, message: impl Into<String>) -> Self {
        Self::Full { that: that.into(), message: Some(message.into()) }
    }
}

impl From<&str> for AssertSpec {
    fn from(that: &str) -> Self {
        Self::That(that.into())
    }
}

impl ApproveSpec {
    /// A question with a value that is shown.
    pub fn showing(question: impl Into<String>, show: impl Into<Value>) -> Self {
        Self::Full { question: question.into(), show: Some(show.into()) }
    }
}

impl From<&str> for ApproveSpec {
    fn from(question: &str) -> Self {
        Self::Question(question.into())
    }
}

impl Retry {
    /// So many more tries.
    pub fn times(max: u32) -> Self {
        Self { max, ..Self::default() }
    }

    /// The wait before the first; it doubles each time.
    #[must_use]
    pub fn backoff(mut self, wait: impl Into<Period>) -> Self {
        self.backoff = Some(wait.into());
        self
    }

    /// After these failures alone.
    #[must_use]
    pub fn on(mut self, kinds: impl IntoIterator<Item = FailureKind>) -> Self {
        self.on = kinds.into_iter().collect();
        self
    }
}

impl From<Retry> for RetrySpec {
    fn from(retry: Retry) -> Self {
        if retry == Retry::times(retry.max) { Self::Max(retry.max) } else { Self::Full(retry) }
    }
}

impl From<u32> for RetrySpec {
    fn from(max: u32) -> Self {
        Self::Max(max)
    }
}
