//! Where a plan stands: it asks for observations and gets them, or has to wait for a call, or has to say why there is none.

use serde_json::Value;

use crate::{
    route::{
        answer::Tongue,
        intent::Intent,
        view::RouteView,
        words::{has_any, ordinal, words},
    },
    run::{Call, makes_pictures},
};

/// Calls of one move; more would make a long wait.
const CALLS: usize = 8;

/// Why a plan cannot go on.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::route) enum Stop {
    /// Calls have to be made first.
    Wait,
    /// It cannot be done; this says why.
    Say(String),
}

/// One part of the task.
pub(in crate::route) struct Job<'a> {
    /// In lower case, without polite words.
    pub(in crate::route) asked: &'a str,
    pub(in crate::route) intent: Intent,
}

/// What plans share: what is known, the calls that are due, and what the parts before were about.
pub(in crate::route) struct Desk<'a> {
    pub(in crate::route) view: RouteView<'a>,
    pub(in crate::route) tongue: Tongue,
    pub(in crate::route) calls: Vec<Call>,
    /// Whether a model is told what is known, rather than the user.
    pub(in crate::route) advises: bool,
    /// The thing that was spoken of last: "it", "them", "the left one".
    pub(in crate::route) thing: Option<String>,
    /// The picture that was made last.
    pub(in crate::route) made: Option<String>,
    /// Whether a picture is still to be made, so that what works on it has to wait.
    pub(in crate::route) making: bool,
    /// The records of a table that were spoken of last.
    pub(in crate::route) records: Vec<usize>,
    /// The numbers that were told of them.
    pub(in crate::route) numbers: Vec<String>,
    /// The prices that were told, in the order of the task.
    pub(in crate::route) prices: Vec<String>,
}

impl<'a> Desk<'a> {
    pub(in crate::route) fn new(view: RouteView<'a>, tongue: Tongue) -> Self {
        Self {
            view,
            tongue,
            calls: Vec::new(),
            advises: false,
            thing: None,
            made: None,
            making: false,
            records: Vec::new(),
            numbers: Vec::new(),
            prices: Vec::new(),
        }
    }

    /// The observation of a call: the one that was made, or none yet, and then it is made.
    pub(in crate::route) fn ask(&mut self, tool: &str, args: Value) -> Result<&'a Value, Stop> {
        match self.view.record(tool, &args) {
            Some(record) if record.ok => return Ok(&record.observation),
            Some(record) => return Err(Stop::Say(self.failed(tool, &record.observation))),
            None => {}
        }
        if !self.view.has_tool(tool) {
            return Err(Stop::Say(self.without(tool)));
        }
        let makes = makes_pictures(tool);
        self.making |= makes;
        let call = Call { tool: tool.to_owned(), args };
        // One picture a move, so that their handles come in the order of the task.
        let full = self.calls.len() >= CALLS || (makes && self.calls.iter().any(|call| makes_pictures(&call.tool)));
        if !full && !self.calls.contains(&call) {
            self.calls.push(call);
        }
        Err(Stop::Wait)
    }

    fn without(&self, tool: &str) -> String {
        self.tongue.say(
            format!("That cannot be done with the tools at hand: {tool} is not among them."),
            format!("现有的工具做不到：缺少{tool}。"),
        )
    }

    /// What a tool said instead of an answer, its first sentence.
    fn failed(&self, tool: &str, observation: &Value) -> String {
        let words = observation.as_str().unwrap_or_default();
        let first = words.split(['\n', ';']).next().unwrap_or_default();
        let short: String = first.chars().take(200).collect();
        self.tongue
            .say(format!("I cannot tell: {tool} failed ({short})."), format!("无法判断：{tool}失败（{short}）。"))
    }

    /// The images that a part is about: those it names, else all.
    pub(in crate::route) fn images(&self, asked: &str) -> Vec<String> {
        let all: Vec<String> = self.view.images.iter().map(|image| image.handle.clone()).collect();
        let known = |handle: &String| all.contains(handle) || self.view.handles.contains(handle);
        let mut named: Vec<String> = handles(asked).into_iter().map(|handle| image_of(&handle)).filter(known).collect();
        named.dedup();
        if !named.is_empty() {
            return named;
        }
        if all.len() > 1 {
            let spoken = words(asked);
            let nth = spoken.windows(2).find_map(|pair| {
                let picture = ["image", "picture", "photo", "images", "pictures", "photos"].contains(&pair[1].as_str());
                picture.then(|| ordinal(&pair[0])).flatten()
            });
            let chinese = ["一", "二", "三", "四"].iter().position(|number| asked.contains(&format!("第{number}张")));
            if let Some(nth) = nth.or(chinese) {
                let at = if nth == usize::MAX { all.len() - 1 } else { nth };
                return all.get(at).cloned().into_iter().collect();
            }
        }
        all
    }

    /// The one image that an order is about: the one it names, the picture that was made last, or the newest.
    pub(in crate::route) fn image(&self, asked: &str) -> Result<String, Stop> {
        let named = self.images(asked);
        let explicit = handles(asked).iter().any(|handle| named.contains(&image_of(handle)))
            || named.len() < self.view.images.len();
        if !explicit {
            if let Some(made) = &self.made {
                return Ok(made.clone());
            }
            if self.making {
                return Err(Stop::Wait);
            }
        }
        named.last().cloned().ok_or_else(|| Stop::Say(self.tongue.say("There is no such picture.", "没有这张图片。")))
    }

    /// Whether a part speaks of what was made before: "it", "the result".
    pub(in crate::route) fn speaks_of_made(&self, asked: &str) -> bool {
        (self.made.is_some() || self.making)
            && (has_any(
                asked,
                &[
                    "it",
                    "the result",
                    "that",
                    "the crop",
                    "the cutout",
                    "the cut-out",
                    "the new picture",
                    "the new image",
                ],
            ) || ["它", "结果"].iter().any(|word| asked.contains(word)))
    }

    /// The thing of a name: pronouns mean what was spoken of last.
    pub(in crate::route) fn named(&mut self, name: &str) -> String {
        const PRONOUNS: [&str; 14] = [
            "it", "them", "they", "one", "ones", "that", "those", "this", "these", "of them", "he", "she", "它", "它们",
        ];
        let words: Vec<&str> = name.split_whitespace().collect();
        let pronoun = words.iter().rposition(|word| PRONOUNS.contains(word));
        match (&self.thing, pronoun) {
            (Some(thing), Some(at)) => {
                let replaced: Vec<&str> = words
                    .iter()
                    .enumerate()
                    .map(|(index, word)| if index == at { thing.as_str() } else { word })
                    .collect();
                replaced.join(" ")
            }
            (Some(thing), None) if name.is_empty() => thing.clone(),
            _ => {
                if !name.is_empty() && pronoun.is_none() {
                    self.thing = Some(crate::route::regions::pick(name).1);
                }
                name.to_owned()
            }
        }
    }
}

/// `img-1`, `img-1/cup-2` as they stand in a text.
pub(in crate::route) fn handles(text: &str) -> Vec<String> {
    let inside = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '/' | '_');
    let found = text.match_indices("img-").map(|(at, _)| {
        let tail = &text[at..];
        tail[..tail.find(|c| !inside(c)).unwrap_or(tail.len())].trim_end_matches(['-', '/']).to_owned()
    });
    found.filter(|handle| handle[4..].starts_with(|c: char| c.is_ascii_digit())).collect()
}

fn image_of(handle: &str) -> String {
    handle.split('/').next().unwrap_or(handle).to_owned()
}
