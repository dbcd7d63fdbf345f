//! The prompt manager: renders tools, task and the run so far into a request that fits the context.

use std::{borrow::Cow, collections::HashMap};

use argus_tools::tool::{ImageArg, ToolSpec};
use serde::{Deserialize, Serialize};

use super::{
    Language, PromptError, ReplyForm, Templates,
    budget::{LEVELS, Level, cut_middle, prompt_tokens},
    examples::Bank,
    messages::{Messages, as_data},
    observation::relevant_lines,
    reply_schema,
    schema::{HostTools, KnownNames, declarations},
    selection::{Choice, is_short},
    tokens::estimate_request,
    views::{EarlierView, ExchangeView, Flags, Numbered, System, ToolCard, User},
    words::share_words,
};
use crate::{
    chat::{ChatRequest, Message},
    run::{Call, Card, Protocol, Purpose, Run, Turn},
};

/// Tools that only find what complete cards hold already. A small model calls them again and again where it may.
const PERCEIVING: [&str; 3] = ["detect", "read_text", "caption"];
/// Regions that a grammar lists at most.
const LISTED_REGIONS: usize = 60;

/// What of the prompt's optional parts is used.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(default)]
pub struct PromptParts {
    /// Solved tasks as examples.
    pub examples: bool,
    /// Tasks of several parts are split into a checklist.
    pub parts: bool,
    /// The rules tell what they know and which call fits.
    pub advice: bool,
}

impl Default for PromptParts {
    fn default() -> Self {
        Self { examples: true, parts: true, advice: true }
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
    systems: HashMap<(Language, Protocol), String>,
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
        let mut manager = Self { templates, tools, seeing, banks, systems: HashMap::new(), options };
        if is_short(&manager.tools) {
            for language in Language::ALL {
                for protocol in [Protocol::Native, Protocol::Schema, Protocol::Text] {
                    let choice = Choice::of(&manager.tools, "", &[], protocol);
                    let system = manager.system(language, protocol, &choice, true)?;
                    manager.systems.insert((language, protocol), system);
                }
            }
        }
        Ok(manager)
    }

    /// The messages that every conversation with these tools begins with; empty if they depend on the task.
    pub fn prefix(&self, language: Language, protocol: Protocol) -> Vec<Message> {
        self.systems.get(&(language, protocol)).map(|system| Message::system(system.clone())).into_iter().collect()
    }

    /// Renders an image card.
    pub fn card(&self, card: &Card, language: Language) -> Result<String, PromptError> {
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
    pub fn request(&self, run: &Run, purpose: Purpose) -> Result<Prompt, PromptError> {
        let most = prompt_tokens(run);
        let mut prompt = self.at_level(run, purpose, LEVELS[0])?;
        for level in LEVELS.into_iter().skip(1) {
            let real = prompt.tokens as f64 * run.token_ratio();
            if most.is_none_or(|most| real <= most as f64) {
                break;
            }
            prompt = self.at_level(run, purpose, level)?;
        }
        Ok(prompt)
    }

    fn at_level(&self, run: &Run, purpose: Purpose, level: Level) -> Result<Prompt, PromptError> {
        let (task, protocol) = (run.task(), run.protocol());
        let choice = Choice::of(&self.tools, &task.text, run.asked_tools(), protocol);
        let system = match self.systems.get(&(task.language, protocol)).filter(|_| level.fixed_examples) {
            Some(system) => system.clone(),
            None => self.system(task.language, protocol, &choice, level.fixed_examples)?,
        };
        let mut rendering = Messages { templates: &self.templates, run, level, shortened: Vec::new() };
        let (first, old) = rendering.old_steps()?;
        let mut user = self.user(run, level, &choice, &mut rendering.shortened)?;
        if let Some(old) = old {
            user.push_str("\n\n");
            user.push_str(&old);
        }
        let mut messages = vec![Message::system(system), Message::user(user)];
        for at in first..run.turns().len() {
            messages.extend(rendering.turn(at)?);
        }
        let shortened = rendering.shortened;
        let answer_only = purpose == Purpose::BestAnswer;
        let host = HostTools {
            recall: shortened_observations(run).filter(|_| !answer_only),
            show_tools: !choice.named.is_empty() && !answer_only,
        };
        let repeated = run.repeated_tool();
        let seen_all = protocol == Protocol::Schema && task.is_perceived();
        let useful = |tool: &&ToolSpec| !(seen_all && PERCEIVING.contains(&&*tool.name));
        let callable = choice.described().map(|at| &self.tools[at]);
        // Without an image there is nothing to look at.
        let blind = !task.handles.iter().any(|handle| !handle.contains('/'));
        let callable: Vec<&ToolSpec> = callable
            .filter(|tool| Some(&*tool.name) != repeated)
            .filter(useful)
            .filter(|tool| !blind || !needs_image(tool))
            .collect();
        // Nothing to look at and no numbers: it is talk.
        let talk = blind
            && callable.iter().all(|tool| tool.name == "calculate")
            && !task.text.chars().any(|c| c.is_ascii_digit());
        let callable = callable.into_iter();
        let (mut tools, mut schema, mut stop) = (Vec::new(), None, Vec::new());
        match protocol {
            Protocol::Native if answer_only => {}
            Protocol::Native => tools = declarations(callable, &host),
            Protocol::Schema => {
                // Where all is known, a small model that may call a tool calls one.
                let known_all = run.knows_all() && run.repair_reasons() == 0;
                let due = run.due_call().filter(|call| Some(&*call.tool) != repeated);
                // Once it goes round in circles it does not come out of them by another call of its own.
                let circling = repeated.is_some() && !run.picture_due();
                let form = match due {
                    Some(call) if !answer_only => ReplyForm::Call(call),
                    _ if answer_only || known_all || circling || talk => ReplyForm::Answer,
                    _ => ReplyForm::Any,
                };
                let mut known = known_names(run);
                if !known.regions.is_empty() {
                    known.regions.extend(words_for_regions(due, callable.clone()));
                }
                let fitted: Vec<Cow<'_, ToolSpec>> = callable
                    .map(|tool| match due {
                        Some(call) if call.tool == tool.name => Cow::Borrowed(tool),
                        _ => tool.for_task(&task.text),
                    })
                    .collect();
                schema = Some(reply_schema(fitted.iter().map(AsRef::as_ref), &host, &known, form));
            }
            Protocol::Text => stop.push("\nObservation".to_owned()),
        }
        let request = ChatRequest {
            messages,
            tools,
            schema,
            max_tokens: Some(run.limits().reply_tokens),
            temperature: Some(0.0),
            seed: Some(0),
            stop,
            logprobs: false,
        };
        Ok(Prompt { tokens: estimate_request(&request), request, shortened })
    }

    fn system(
        &self,
        language: Language,
        protocol: Protocol,
        choice: &Choice,
        with_examples: bool,
    ) -> Result<String, PromptError> {
        let (card, task) = introductions(language);
        let bank = self.banks.get(&language).filter(|_| with_examples);
        let fixed = bank.into_iter().flat_map(Bank::fixed).enumerate();
        let examples =
            fixed.map(|(at, example)| Numbered { number: at + 1, text: example.render(protocol, card, task) });
        let tools = if protocol == Protocol::Native { &[] } else { choice.shown.as_slice() };
        // Whichever of them a task calls for: the list is the same for every task.
        let mut others = if choice.named.is_empty() { Vec::new() } else { [&*choice.more, &*choice.named].concat() };
        others.sort_unstable();
        let variables = System {
            protocol: Flags::from(protocol),
            seeing: self.seeing,
            tools: self.tool_cards(language, tools, "")?,
            others: others.into_iter().map(|at| &*self.tools[at].name).collect(),
            examples: examples.collect(),
        };
        self.templates.render(language, "system", &variables)
    }

    /// The tools of others, which no rule knows, whose descriptions share words with a task that has no image.
    fn speaking(&self, run: &Run) -> Vec<&str> {
        let task = run.task();
        let speaks = |tool: &&ToolSpec| tool.examples.is_empty() && !needs_image(tool) && speaks_of(tool, &task.text);
        let asked = self.seeing && task.images.is_empty() && run.turns().is_empty();
        self.tools.iter().filter(|_| asked).filter(speaks).map(|tool| &*tool.name).collect()
    }

    /// Whether no description of tools that are not for images shares a word with the task: a small model calls what is
    /// there. Words of another language than the tools' tell nothing.
    fn none_fits(&self, run: &Run) -> bool {
        let task = run.task();
        let speaks = self.tools.iter().any(|tool| speaks_of(tool, &task.text));
        !self.seeing && task.language == Language::En && run.turns().is_empty() && !speaks
    }

    /// The cards of tools, without the arguments for rare needs that a task does not call for.
    fn tool_cards(&self, language: Language, tools: &[usize], task: &str) -> Result<Vec<String>, PromptError> {
        let card = |at: &usize| {
            let tool = self.tools[*at].for_task(task);
            let card = self.templates.render(language, "tool", &ToolCard::from(tool.as_ref()))?;
            Ok(card.trim_end().to_owned())
        };
        tools.iter().map(card).collect()
    }

    fn user(
        &self,
        run: &Run,
        level: Level,
        choice: &Choice,
        shortened: &mut Vec<String>,
    ) -> Result<String, PromptError> {
        let task = run.task();
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
        // A small model copies from an example what it could read off the facts: it is shown where there are none.
        let wanted = level.example && task.fitting.is_none() && task.known.is_empty();
        let bank = self.banks.get(&task.language).filter(|_| wanted);
        let nearest = bank.and_then(|bank| bank.nearest(&task.text, !task.cards.is_empty()));
        let (card, word) = introductions(task.language);
        let parts = task.parts.iter().enumerate().filter(|_| task.parts.len() > 1);
        let variables = User {
            earlier,
            images: &task.images,
            // Tools of other kinds may answer without any image.
            blind: task.images.is_empty()
                && self.tools.iter().all(|tool| needs_image(tool) || tool.name == "calculate"),
            unfit: self.none_fits(run),
            speaks: self.speaking(run),
            cards,
            more: if run.protocol() == Protocol::Native {
                Vec::new()
            } else {
                // Everyday tools come again where the task calls for arguments that their cards do not have.
                let called_for = |at: &usize| {
                    self.tools[*at].for_task(&task.text).input_schema != self.tools[*at].for_task("").input_schema
                };
                let more: Vec<usize> =
                    choice.shown.iter().copied().filter(called_for).chain(choice.more.iter().copied()).collect();
                self.tool_cards(task.language, &more, &task.text)?
            },
            known: &task.known,
            complete: task.complete,
            fitting: task
                .fitting
                .as_ref()
                .map(|call| serde_json::json!({ "tool": call.tool, "args": call.args }).to_string()),
            example: nearest.map(|example| example.render(run.protocol(), card, word)),
            task: &text,
            parts: parts.map(|(at, part)| Numbered { number: at + 1, text: part.clone() }).collect(),
            edit: run.picture_due(),
        };
        self.templates.render(task.language, "user", &variables)
    }
}

/// Whether a tool's name or summary shares a word with a task.
fn speaks_of(tool: &ToolSpec, task: &str) -> bool {
    share_words(task, &format!("{} {}", tool.name, tool.summary))
}

/// Whether a tool works on an image.
fn needs_image(tool: &ToolSpec) -> bool {
    let image = tool.input_schema.pointer("/properties/image/description");
    image.and_then(serde_json::Value::as_str) == Some(ImageArg::DESCRIPTION)
}

/// The observations that are too long to be shown whole: what `recall` can read.
fn shortened_observations(run: &Run) -> Option<Vec<String>> {
    let limit = run.observation_chars();
    let calls = run.turns().iter().flat_map(|turn| match turn {
        Turn::Observations { calls, .. } => calls.as_slice(),
        _ => &[],
    });
    let long: Vec<String> =
        calls.filter(|call| call.text.chars().count() > limit).map(|call| call.id.clone()).collect();
    (!long.is_empty()).then_some(long)
}

/// What may stand for regions beside their handles and labels: what the advised call has, and the examples of a tool's own
/// schema (`faces` for what is to be hidden).
fn words_for_regions<'a>(due: Option<&Call>, callable: impl Iterator<Item = &'a ToolSpec>) -> Vec<String> {
    let advised = due.and_then(|call| call.args.get("regions"));
    let own = callable.filter_map(|tool| tool.input_schema.pointer("/properties/regions/examples"));
    let words = advised.into_iter().chain(own).filter_map(serde_json::Value::as_array).flatten();
    let mut words: Vec<String> = words.filter_map(serde_json::Value::as_str).map(str::to_owned).collect();
    words.sort();
    words.dedup();
    words
}

/// Handles and labels that a reply may name. Of very many regions none is listed: the grammar would grow too large.
fn known_names(run: &Run) -> KnownNames {
    let task = run.task();
    let (regions, images): (Vec<&String>, Vec<&String>) = task.handles.iter().partition(|handle| handle.contains('/'));
    let mut labels: Vec<&String> = Vec::new();
    for (label, _) in &task.counts {
        if !labels.contains(&label) {
            labels.push(label);
        }
    }
    let named = regions.len() <= LISTED_REGIONS;
    let regions = regions.into_iter().chain(labels).chain(images.iter().copied()).filter(|_| named).cloned().collect();
    KnownNames { images: images.into_iter().cloned().collect(), regions }
}

/// The words before an example's card and task.
fn introductions(language: Language) -> (&'static str, &'static str) {
    match language {
        Language::En => ("Card: ", "Task: "),
        Language::Zh => ("卡片：", "任务："),
    }
}
