//! What of a conversation goes into the next prompt. Every piece is paid for from one budget, the most important first.

use super::{Memory, focus, recall, text};
use crate::{chat::estimate_tokens, prompts::shorten, run::Earlier};

/// Exchanges that are told whole.
const RECENT: usize = 3;
/// Exchanges that get a line of the summary.
const SUMMARISED: usize = 8;
/// Characters of a question or an answer in the summary.
const SUMMARY_CHARS: usize = 60;
/// Images that get a line.
const MENTIONED: usize = 12;
/// Tokens that are worth a card.
const CARD_LEAST: usize = 150;
/// Tokens of the words around a question and an answer.
const AROUND: usize = 12;
/// Characters that tell how much of a card is missing.
const CUT_NOTE: usize = 32;

/// An image of the session, as far as it matters here.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct ImageRef {
    /// Its handle.
    pub handle: String,
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
    /// The image it was made from.
    pub parent: Option<String>,
    /// The tool that made it.
    pub op: Option<String>,
    /// Its caption, or the first words of its card, or its name.
    pub title: String,
    /// Tokens of its card; a guess while there is none yet.
    pub tokens: usize,
}

impl ImageRef {
    fn line(&self) -> String {
        let made = match (&self.op, &self.parent) {
            (Some(op), Some(parent)) => format!(", {op} of {parent}"),
            _ => String::new(),
        };
        let title = text::cut(&self.title, SUMMARY_CHARS);
        let title = if title.is_empty() { title } else { format!(": {title}") };
        format!("{}, {} x {} pixels{made}{title}", self.handle, self.width, self.height)
    }
}

/// What of the conversation goes into the next prompt.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Window {
    /// Older exchanges, one short line each, the oldest first.
    pub summary: Option<String>,
    /// Task and answer of the last exchanges, and of older ones that the task asks about, the oldest first.
    pub recent: Vec<(String, String)>,
    /// The handles of the images whose cards are shown, the most important first.
    pub focus: Vec<String>,
    /// Tokens that their cards may fill together: what they need or the most they get, and what nothing else needed.
    pub card_tokens: usize,
    /// The other images, a line each, in order of entry.
    pub mentioned: Vec<String>,
    /// What was shortened or left out, in words.
    pub left_out: Vec<String>,
}

impl Window {
    /// Tokens that the window fills in the prompt.
    pub fn tokens(&self, count: &dyn Fn(&str) -> usize) -> usize {
        let recent = self.recent.iter().map(|(task, answer)| count(task) + count(answer) + AROUND);
        self.card_tokens
            + self.summary.as_deref().map_or(0, count)
            + recent.sum::<usize>()
            + self.mentioned.iter().map(|line| count(line)).sum::<usize>()
    }

    /// The part of it that is no card, for the prompt.
    pub(crate) fn earlier(&self) -> Option<Earlier> {
        let earlier =
            Earlier { summary: self.summary.clone(), exchanges: self.recent.clone(), others: self.mentioned.clone() };
        (earlier != Earlier::default()).then_some(earlier)
    }

    /// Cuts the cards in focus down to their share, each in proportion to its length.
    pub(crate) fn shorten_cards(&self, cards: Vec<String>) -> Vec<String> {
        let all: usize = cards.iter().map(|card| estimate_tokens(card)).sum();
        if all <= self.card_tokens {
            return cards;
        }
        let cut = |card: String| {
            let length = card.chars().count() * self.card_tokens / all.max(1);
            shorten(&card, length.saturating_sub(CUT_NOTE))
        };
        cards.into_iter().map(cut).collect()
    }
}

impl Memory {
    /// What goes into the prompt of `task`, in at most `budget` tokens as `count` counts them.
    ///
    /// The images that the task is about come first, then what it recalls and the last exchanges, then the other images
    /// and a summary. The task itself is not part of it. The first image in focus is always named; its card may have to
    /// be shortened to [`Window::card_tokens`].
    pub fn window(&self, task: &str, images: &[ImageRef], budget: usize, count: &dyn Fn(&str) -> usize) -> Window {
        let recalled = recall::recalled(self, task, RECENT);
        let wanted = focus::focus(self, task, images, &recalled);
        let mut draft = Draft { memory: self, left: budget, budget, count, window: Window::default() };
        draft.focus(&wanted, images);
        draft.exchanges(&recalled);
        draft.images(images);
        // A card that is not made yet may turn out longer than guessed.
        draft.window.card_tokens += draft.left;
        draft.window
    }
}

struct Draft<'a> {
    memory: &'a Memory,
    left: usize,
    budget: usize,
    count: &'a dyn Fn(&str) -> usize,
    window: Window,
}

impl Draft<'_> {
    /// Cards get up to six tenths of the budget, but none so little that it says nothing.
    fn focus(&mut self, wanted: &[String], images: &[ImageRef]) {
        let share = self.budget * 6 / 10;
        let fit = (share / CARD_LEAST).max(1).min(wanted.len());
        let (shown, hidden) = wanted.split_at(fit);
        let tokens = |handle: &String| images.iter().find(|image| image.handle == *handle).map_or(0, |i| i.tokens);
        let needed: usize = shown.iter().map(tokens).sum();
        self.window.card_tokens = needed.min(share);
        self.left = self.left.saturating_sub(self.window.card_tokens);
        self.window.focus = shown.to_vec();
        if needed > share {
            self.window.left_out.push(format!("cards shortened: {}", shown.join(", ")));
        }
        if !hidden.is_empty() {
            self.window.left_out.push(format!("cards left out: {}", hidden.join(", ")));
        }
    }

    fn exchanges(&mut self, recalled: &[usize]) {
        let all = &self.memory.exchanges;
        let recent = all.len().saturating_sub(RECENT)..all.len();
        // What was asked for and the last exchange may be long, what else is recent gets less.
        let last = all.len().checked_sub(1);
        let mut order: Vec<(usize, usize)> = last.into_iter().map(|index| (index, self.budget / 5)).collect();
        order.extend(recalled.iter().map(|index| (*index, self.budget / 5)));
        order.extend(recent.rev().skip(1).map(|index| (index, self.budget / 10)));
        let mut whole: Vec<(usize, (String, String))> = Vec::new();
        let mut shortened = 0;
        for (index, most) in order {
            let exchange = &all[index];
            let Some(most) = most.min(self.left).checked_sub(AROUND) else { break };
            let task = self.fit(&exchange.task, most / 2);
            let answer = self.fit(&exchange.said(), most.saturating_sub(task.as_deref().map_or(most, self.count)));
            if let (Some(task), Some(answer)) = (task, answer) {
                self.left -= (self.count)(&task) + (self.count)(&answer) + AROUND;
                shortened += usize::from(task != exchange.task || answer != exchange.said());
                whole.push((index, (task, answer)));
            }
        }
        whole.sort_by_key(|(index, _)| *index);
        let told: Vec<usize> = whole.iter().map(|(index, _)| *index).collect();
        self.window.recent = whole.into_iter().map(|(_, texts)| texts).collect();
        if shortened > 0 {
            self.window.left_out.push(format!("{shortened} earlier exchanges shortened"));
        }
        self.summary(&told);
    }

    /// One line for each of the newest exchanges that are not told whole, and how many there are besides.
    fn summary(&mut self, told: &[usize]) {
        let exchanges = self.memory.exchanges.iter().enumerate();
        let older: Vec<_> =
            exchanges.filter(|(index, _)| !told.contains(index)).map(|(_, exchange)| exchange).collect();
        let room = self.left.min(self.budget / 5);
        let mut lines: Vec<String> = Vec::new();
        let mut summary = None;
        for exchange in older.iter().rev().take(SUMMARISED) {
            let (task, said) = (one_line(&exchange.task), one_line(&exchange.said()));
            lines.insert(0, format!("- {task} -> {said}"));
            let rest = older.len() - lines.len();
            let head = if rest > 0 { format!("({rest} earlier left out)\n") } else { String::new() };
            let text = format!("{head}{}", lines.join("\n"));
            if (self.count)(&text) > room {
                lines.remove(0);
                break;
            }
            summary = Some(text);
        }
        let rest = older.len() - lines.len();
        if rest > 0 {
            self.window.left_out.push(format!("{rest} earlier exchanges left out"));
        }
        self.left -= summary.as_deref().map_or(0, self.count);
        self.window.summary = summary;
    }

    /// The newest of the images that are not in focus, and the first one, which people come back to.
    fn images(&mut self, images: &[ImageRef]) {
        let others: Vec<(usize, &ImageRef)> =
            images.iter().enumerate().filter(|(_, image)| !self.window.focus.contains(&image.handle)).collect();
        let mut order = others.clone();
        order.reverse();
        if let Some(first) = order.pop() {
            order.insert(0, first);
        }
        let mut lines = Vec::new();
        for (index, image) in order.into_iter().take(MENTIONED) {
            let line = image.line();
            let cost = (self.count)(&line);
            if cost > self.left {
                break;
            }
            self.left -= cost;
            lines.push((index, line));
        }
        if lines.len() < others.len() {
            self.window.left_out.push(format!("{} images not listed", others.len() - lines.len()));
        }
        lines.sort_by_key(|(index, _)| *index);
        self.window.mentioned = lines.into_iter().map(|(_, line)| line).collect();
    }

    /// The text, or as much of its beginning as fits; nothing if not even a few words do.
    fn fit(&self, text: &str, most: usize) -> Option<String> {
        if (self.count)(text) <= most {
            return Some(text.to_owned());
        }
        let (mut low, mut high) = (0, text.chars().count());
        let mut best = None;
        while low < high {
            let middle = usize::midpoint(low, high + 1);
            let short = text::cut(text, middle);
            if !short.is_empty() && (self.count)(&short) <= most {
                low = middle;
                best = Some(short);
            } else if short.is_empty() && best.is_none() {
                // Too short to say anything: only longer cuts can do.
                low = middle;
            } else {
                high = middle - 1;
            }
        }
        best
    }
}

fn one_line(text: &str) -> String {
    text::cut(&text.split_whitespace().collect::<Vec<_>>().join(" "), SUMMARY_CHARS)
}
