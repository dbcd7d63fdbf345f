//! The prompt manager: renders tools, task and the run so far into a request that fits the context.

use std::collections::HashMap;

use argus_tools::{
    tool::{ToolSpec, is_image},
    vision::look,
};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{
    Language, PromptError, ReplyForm, Templates,
    budget::{LEVELS, Level, cut_middle, prompt_tokens},
    examples::{Bank, Solved, SolvedStep},
    messages::{Messages, as_data},
    observation::relevant_lines,
    reply_schema,
    schema::{HostTools, declarations},
    selection::{Choice, is_short},
    tokens::estimate_request,
    views::{Brief, CallView, EarlierView, ExchangeView, Flags, Observations, System, ToolCard, User},
};
use crate::{ChatRequest, Message, Protocol, Purpose, Transcript, Turn, similarity::Similarity};

/// What of the prompt's optional parts is used.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(default)]
pub struct PromptParts {
    /// Solved tasks as examples.
    pub examples: bool,
}

impl Default for PromptParts {
    fn default() -> Self {
        Self { examples: true }
    }
}

/// A rendered request.
#[derive(Clone, Debug, PartialEq)]
pub struct Prompt {
    /// The request.
    pub request: ChatRequest,
    /// Its estimated tokens.
    pub tokens: usize,
    /// What was left out of it, in words.
    pub shortened: Vec<String>,
}

/// Renders everything a model reads. For a short list of tools the system prompt depends on the tools alone, so that a
/// server can keep its state.
#[derive(Clone, Debug)]
pub struct PromptManager {
    templates: Templates,
    tools: Vec<ToolSpec>,
    /// Whether a tool works on images.
    seeing: bool,
    banks: HashMap<Language, Bank>,
    similarity: Similarity,
    /// How every conversation begins, where that depends on the tools alone.
    beginnings: HashMap<(Language, Protocol), Vec<Message>>,
    options: PromptParts,
}

impl PromptManager {
    /// A prompt manager for a set of tools.
    pub fn new<'a>(
        templates: Templates,
        tools: impl Iterator<Item = &'a ToolSpec>,
        options: PromptParts,
    ) -> Result<Self, PromptError> {
        let tools: Vec<ToolSpec> = tools.cloned().collect();
        let seeing = tools.is_empty() || tools.iter().any(needs_image);
        let bank = |language| match templates.examples(language) {
            composed if options.examples => (language, Bank::new(composed, &tools, seeing)),
            _ => (language, Bank::default()),
        };
        let banks = Language::ALL.into_iter().map(bank).collect();
        let similarity = Similarity::new(tools.iter().map(|tool| &*tool.summary));
        let mut manager = Self { templates, tools, seeing, banks, similarity, beginnings: HashMap::new(), options };
        if is_short(&manager.tools) {
            for language in Language::ALL {
                for protocol in [Protocol::Native, Protocol::Schema, Protocol::Text] {
                    let choice = Choice::new(&manager.tools, "", &[], protocol, &manager.similarity);
                    let beginning = manager.beginning(language, protocol, &choice, true)?;
                    manager.beginnings.insert((language, protocol), beginning);
                }
            }
        }
        Ok(manager)
    }

    /// The messages that every conversation with these tools begins with; empty if they depend on the task.
    pub fn prefix(&self, language: Language, protocol: Protocol) -> Vec<Message> {
        self.beginnings.get(&(language, protocol)).cloned().unwrap_or_default()
    }

    /// Renders an image card.
    pub fn card(&self, card: &look::Card, language: Language) -> Result<String, PromptError> {
        self.templates.render(language, "card", card)
    }

    /// What the optional parts are set to.
    pub fn options(&self) -> PromptParts {
        self.options
    }

    /// What is known of the tools.
    pub fn tools(&self) -> &[ToolSpec] {
        &self.tools
    }

    /// The request for a run's next model call, shortened as far as the context needs it.
    pub fn request(&self, run: &Transcript<'_>, purpose: Purpose) -> Result<Prompt, PromptError> {
        let most = prompt_tokens(run);
        let mut prompt = self.at_level(run, purpose, LEVELS[0])?;
        for level in LEVELS.into_iter().skip(1) {
            let real = prompt.tokens as f64 * run.token_ratio;
            if most.is_none_or(|most| real <= most as f64) {
                break;
            }
            prompt = self.at_level(run, purpose, level)?;
        }
        Ok(prompt)
    }

    fn at_level(&self, run: &Transcript<'_>, purpose: Purpose, level: Level) -> Result<Prompt, PromptError> {
        let (task, protocol) = (run.task, run.protocol);
        let choice = Choice::new(&self.tools, &task.text, run.asked_tools, protocol, &self.similarity);
        let mut messages = match self.beginnings.get(&(task.language, protocol)).filter(|_| level.fixed_examples) {
            Some(beginning) => beginning.clone(),
            None => self.beginning(task.language, protocol, &choice, level.fixed_examples)?,
        };
        let bank = self.bank(task.language, protocol).filter(|_| level.example);
        if let Some(nearest) = bank.and_then(|bank| bank.nearest(&task.text, !task.cards.is_empty())) {
            messages.extend(self.solved(task.language, protocol, nearest)?);
        }
        let mut rendering = Messages { templates: &self.templates, run: *run, level, shortened: Vec::new() };
        let (first, old) = rendering.old_steps()?;
        let mut user = self.user(run, level, &mut rendering.shortened)?;
        if let Some(old) = old {
            user.push_str("\n\n");
            user.push_str(&old);
        }
        messages.push(Message::user(user));
        for at in first..run.turns.len() {
            messages.extend(rendering.turn(at)?);
        }
        let shortened = rendering.shortened;
        let answer_only = purpose == Purpose::BestAnswer;
        let host = HostTools {
            recall: shortened_observations(run).filter(|_| !answer_only),
            show_tools: !choice.named.is_empty() && !answer_only,
        };
        let repeated = run.repeated_tool();
        let small = protocol == Protocol::Schema;
        let exhausted = task.exhausted();
        let offered = |at: &usize| {
            let tool = &self.tools[*at];
            let name = &*tool.name;
            let computed = !tool.effects.perceives && !tool.effects.derives_images && run.just_called(name);
            // A small model looks again at what is seen, and computes again what is computed.
            task.offered.contains_key(name)
                && Some(name) != repeated
                && !(small && (exhausted.contains(&name) || computed))
        };
        let callable: Vec<usize> = choice.callable().filter(offered).collect();
        let (mut tools, mut schema, mut stop) = (Vec::new(), None, Vec::new());
        match protocol {
            Protocol::Native if answer_only => {}
            Protocol::Native => tools = declarations(callable.iter().map(|at| &self.tools[*at]), &host),
            Protocol::Schema => {
                // A small model that goes round in circles does not come out of them by a third call of its own.
                let form = if answer_only || run.repetitions() > 1 { ReplyForm::Answer } else { ReplyForm::Any };
                let narrowed = callable.iter().filter_map(|at| {
                    let name = &*self.tools[*at].name;
                    Some((name, task.offered.get(name)?))
                });
                schema = Some(reply_schema(narrowed, &host, form));
            }
            Protocol::Text => stop.push("\nObservation".to_owned()),
        }
        let request = ChatRequest {
            messages,
            tools,
            schema,
            max_tokens: Some(run.reply_tokens),
            temperature: Some(0.0),
            seed: Some(0),
            stop,
            logprobs: false,
        };
        Ok(Prompt { tokens: estimate_request(&request), request, shortened })
    }

    /// The system prompt, and the fixed examples as turns of the conversation.
    fn beginning(
        &self,
        language: Language,
        protocol: Protocol,
        choice: &Choice,
        with_examples: bool,
    ) -> Result<Vec<Message>, PromptError> {
        let tools = if protocol == Protocol::Native { &[] } else { choice.shown.as_slice() };
        let brief = |at: &usize| Brief { name: &self.tools[*at].name, summary: &self.tools[*at].summary };
        let variables = System {
            protocol: Flags::from(protocol),
            seeing: self.seeing,
            tools: self.tool_cards(language, tools)?,
            brief: choice.brief.iter().map(brief).collect(),
            others: choice.named.iter().map(|at| &*self.tools[*at].name).collect(),
        };
        let mut messages = vec![Message::system(self.templates.render(language, "system", &variables)?)];
        let bank = self.bank(language, protocol).filter(|_| with_examples);
        for example in bank.into_iter().flat_map(Bank::fixed) {
            messages.extend(self.solved(language, protocol, example)?);
        }
        Ok(messages)
    }

    /// The examples for a protocol: models that call tools natively need none.
    fn bank(&self, language: Language, protocol: Protocol) -> Option<&Bank> {
        self.banks.get(&language).filter(|_| protocol != Protocol::Native)
    }

    /// A solved task as the turns in which it was solved.
    fn solved(&self, language: Language, protocol: Protocol, example: &Solved) -> Result<Vec<Message>, PromptError> {
        let variables =
            User { earlier: None, images: &[], cards: example.card.iter().cloned().collect(), task: &example.task };
        let mut messages = vec![Message::user(self.templates.render(language, "user", &variables)?)];
        let text = protocol == Protocol::Text;
        for step in &example.steps {
            messages.push(Message::assistant(solved_call(step, text)));
            let Some(seen) = &step.seen else { continue };
            let call = CallView { tool: &step.tool, ok: true, text: seen.clone(), note: None };
            let variables = Observations { calls: vec![call], text, last: false, task: &example.task };
            messages.push(Message::user(self.templates.render(language, "observation", &variables)?));
        }
        messages.extend(example.answer.as_ref().map(|answer| {
            Message::assistant(if text {
                format!("Thought: {}\nAnswer: {answer}", example.thought)
            } else {
                json!({ "language": example.language, "answer": answer }).to_string()
            })
        }));
        Ok(messages)
    }

    /// The cards of tools, without their arguments for rare needs.
    fn tool_cards(&self, language: Language, tools: &[usize]) -> Result<Vec<String>, PromptError> {
        let card = |at: &usize| {
            let tool = self.tools[*at].plain();
            let card = self.templates.render(language, "tool", &ToolCard::from(tool.as_ref()))?;
            Ok(card.trim_end().to_owned())
        };
        tools.iter().map(card).collect()
    }

    fn user(&self, run: &Transcript<'_>, level: Level, shortened: &mut Vec<String>) -> Result<String, PromptError> {
        let task = run.task;
        let text = match cut_middle(&task.text, level.task) {
            Some(cut) => {
                shortened.push(format!(
                    "the task: {} of {} characters",
                    cut.chars().count(),
                    task.text.chars().count()
                ));
                cut
            }
            None => task.text.clone(),
        };
        let mut cards = Vec::new();
        for (at, card) in task.cards.iter().enumerate() {
            if card.chars().count() > level.card {
                shortened.push(format!("card {}: {} of {} characters", at + 1, level.card, card.chars().count()));
                cards.push(as_data(&relevant_lines(card, &task.text, level.card)));
            } else {
                cards.push(as_data(card));
            }
        }
        let earlier = task.earlier.as_ref().filter(|_| level.earlier).map(|earlier| EarlierView {
            summary: earlier.summary.as_deref(),
            exchanges: earlier.exchanges.iter().map(|(task, answer)| ExchangeView { task, answer }).collect(),
            others: &earlier.others,
        });
        if task.earlier.is_some() && earlier.is_none() {
            shortened.push("the conversation before this task".into());
        }
        let variables = User { earlier, images: &task.images, cards, task: &text };
        self.templates.render(task.language, "user", &variables)
    }
}

/// Whether a tool works on an image.
fn needs_image(tool: &ToolSpec) -> bool {
    tool.input_schema.pointer("/properties/image").is_some_and(is_image)
}

/// The observations that are too long to be shown whole: what `recall` can read.
fn shortened_observations(run: &Transcript<'_>) -> Option<Vec<String>> {
    let limit = run.observation_chars;
    let calls = run.turns.iter().flat_map(|turn| match turn {
        Turn::Observations { calls, .. } => calls.as_slice(),
        _ => &[],
    });
    let long: Vec<String> =
        calls.filter(|call| call.text.chars().count() > limit).map(|call| call.id.clone()).collect();
    (!long.is_empty()).then_some(long)
}

/// A call as the model writes it.
fn solved_call(step: &SolvedStep, text: bool) -> String {
    if text {
        format!("Thought: {}\nAction: {}\nAction Input: {}", step.thought, step.tool, step.args)
    } else {
        json!({ "tool": step.tool, "args": step.args }).to_string()
    }
}
