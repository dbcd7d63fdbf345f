//! English requests.

use super::{By, Intent, thing};
use crate::route::words::{find_phrase, has_any, words};

mod compare;
mod compute;
pub(super) mod edit;
mod looks;
mod place;
mod text;
mod things;

/// The intent of a request in lower case, without polite words.
pub(super) fn intent(asked: &str) -> Intent {
    let rules: [fn(&str) -> Option<Intent>; 13] = [
        chat,
        edit::edit,
        compute::plain,
        compare::compare,
        things::count,
        place::position,
        looks::size,
        looks::color,
        text::field,
        compute::over_text,
        text::read,
        things::presence,
        describe,
    ];
    rules.iter().find_map(|rule| rule(asked)).unwrap_or(Intent::Unknown)
}

fn chat(asked: &str) -> Option<Intent> {
    const TALK: [&str; 26] = [
        "ok", "okay", "thx", "thanks", "thank", "you", "bye", "goodbye", "that", "is", "all", "i", "needed", "need",
        "great", "perfect", "cool", "very", "helpful", "much", "so", "nice", "good", "job", "see", "later",
    ];
    const WHOLE: [&str; 26] = [
        "hello",
        "hi",
        "hey",
        "hello there",
        "hi there",
        "thanks",
        "thank you",
        "thank you very much",
        "thanks a lot",
        "good morning",
        "good evening",
        "good night",
        "goodbye",
        "bye",
        "how are you",
        "who are you",
        "what are you",
        "what can you do",
        "what is your name",
        "help",
        "nice to meet you",
        "ok",
        "okay",
        "cool",
        "great",
        "good afternoon",
    ];
    const STARTS: [&str; 9] = [
        "who are you",
        "what can you",
        "are you a",
        "are you an",
        "thank you",
        "thanks",
        "who made you",
        "how are you",
        "what are you able",
    ];
    let bare = asked.trim_matches(|c: char| !c.is_alphanumeric());
    // "Ok thx, that's all I needed, bye!"
    let spoken = words(&bare.replace("thats", "that is"));
    let parting = spoken.iter().any(|word| matches!(word.as_str(), "bye" | "goodbye" | "thx" | "thanks" | "thank"));
    if parting && spoken.iter().all(|word| TALK.contains(&word.as_str())) {
        return Some(Intent::Chat);
    }
    let short = bare.split_whitespace().count() <= 7;
    (WHOLE.contains(&bare) || (short && STARTS.iter().any(|start| find_phrase(bare, start) == Some(0))))
        .then_some(Intent::Chat)
}

fn describe(asked: &str) -> Option<Intent> {
    const ASKS: [&str; 29] = [
        "describe",
        "caption",
        "summarize",
        "summarise",
        "what is in",
        "what is on",
        "what do you see",
        "what you see",
        "what can you see",
        "what can be seen",
        "what does the picture show",
        "what does the image show",
        "what does it show",
        "what does this show",
        "what is shown",
        "what is this",
        "what is it",
        "what is happening",
        "what is going on",
        "explain",
        "what is the picture",
        "what is the image",
        "what objects",
        "which objects",
        "what things",
        "what animals",
        "what are these",
        "what am i looking at",
        "show",
    ];
    let lists = ["list ", "detect ", "name ", "identify ", "tell me about", "tell about", "about "]
        .iter()
        .any(|verb| asked.starts_with(verb));
    (lists || has_any(asked, &ASKS) || asked == "list" || asked == "detect").then_some(Intent::Describe)
}

/// By what a word compares.
fn by(word: &str) -> By {
    match word {
        "larger" | "bigger" | "smaller" | "largest" | "biggest" | "smallest" | "size" => By::Area,
        "taller" | "higher" | "shorter" | "tallest" | "shortest" => By::Height,
        "wider" | "broader" | "narrower" | "longer" | "widest" => By::Width,
        "more" | "fewer" | "less" => By::Count,
        _ => By::Any,
    }
}
