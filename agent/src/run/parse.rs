//! Reads what a model wrote. Models fence their JSON, add prose, write several objects, stop half-way and misname
//! fields; none of it may break the loop.

use serde_json::{Map, Value};

use super::{Call, Protocol, lenient, react};
use crate::chat::ToolCall;

/// Bytes of a reply that are looked at.
const LOOKED_AT: usize = 64 * 1024;
/// Places where an object may begin that are tried.
const BEGINNINGS: usize = 64;

/// What a model wants to do.
#[derive(Clone, Debug, PartialEq)]
pub enum Move {
    /// Call tools.
    Calls(Vec<Call>),
    /// Answer.
    Answer(String),
}

/// A reply that was understood.
#[derive(Clone, Debug, PartialEq)]
pub struct Parsed {
    /// What it thought.
    pub thought: String,
    /// What it wants to do.
    pub wants: Move,
    /// The reply up to the end of its first action: what follows was never asked for.
    pub kept: String,
}

/// A reply that was not understood. The message is for the model.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum ParseError {
    /// Nothing but white space.
    #[error("the reply was empty")]
    Empty,
    /// No JSON object in it.
    #[error("the reply held no JSON object")]
    NoObject,
    /// An object that does not end.
    #[error("the JSON object was not complete; keep the reply short")]
    Unfinished,
    /// An object that is neither a call nor an answer.
    #[error("the JSON object had neither \"tool\" nor \"answer\"")]
    Neither,
    /// An answer that says nothing.
    #[error("the answer was empty")]
    EmptyAnswer,
}

impl ParseError {
    /// The message in the terms of a protocol.
    pub(super) fn words(self, protocol: Protocol) -> &'static str {
        match (self, protocol) {
            (Self::Empty, _) => "the reply was empty",
            (Self::EmptyAnswer, _) => "the answer was empty",
            (Self::NoObject, Protocol::Text) => "the reply held neither an Action nor an Answer",
            (Self::NoObject, _) => "the reply held no JSON object",
            (Self::Unfinished, Protocol::Text) => "the Action Input was not complete; keep the reply short",
            (Self::Unfinished, _) => "the JSON object was not complete; keep the reply short",
            (Self::Neither, Protocol::Text) => "the reply named no tool and gave no answer",
            (Self::Neither, _) => "the JSON object had neither \"tool\" nor \"answer\"",
        }
    }
}

/// Reads a reply under a protocol. Whatever form the model chose instead is understood too: what a model does when it
/// misses the form it was asked for is to write one of the others.
pub fn parse_reply(protocol: Protocol, text: &str, tool_calls: &[ToolCall]) -> Result<Parsed, ParseError> {
    if !tool_calls.is_empty() {
        let call = |call: &ToolCall| Call { tool: call.name.trim().to_owned(), args: arguments_of(&call.arguments) };
        let text = without_reasoning(clip(text)).trim();
        let wants = Move::Calls(tool_calls.iter().map(call).collect());
        return Ok(Parsed { thought: text.to_owned(), wants, kept: text.to_owned() });
    }
    let (first, second): (Reader, Reader) =
        if protocol == Protocol::Text { (react::parse, parse) } else { (parse, react::parse) };
    let error = match first(text) {
        Ok(parsed) => return Ok(parsed),
        Err(error) => error,
    };
    if let Ok(parsed) = second(text) {
        return Ok(parsed);
    }
    // Under `native` plain words are the answer.
    let plain = without_reasoning(clip(text)).trim();
    if protocol == Protocol::Native && !plain.is_empty() && error == ParseError::NoObject {
        let wants = Move::Answer(plain.to_owned());
        return Ok(Parsed { thought: String::new(), wants, kept: plain.to_owned() });
    }
    Err(error)
}

type Reader = fn(&str) -> Result<Parsed, ParseError>;

/// Arguments that came as text.
pub(super) fn arguments_of(text: &str) -> Value {
    if text.trim().is_empty() {
        return Value::Object(Map::new());
    }
    let whole = serde_json::from_str(text).ok().or_else(|| lenient::object(text));
    whole.unwrap_or_else(|| Value::String(text.to_owned()))
}

/// Reads a reply of the `schema` protocol: the first JSON object that is a call or an answer counts. Several objects in
/// `<tool_call>` tags, as some models write them, are several calls.
pub fn parse(text: &str) -> Result<Parsed, ParseError> {
    let text = without_reasoning(clip(text));
    if text.trim().is_empty() {
        return Err(ParseError::Empty);
    }
    let (mut at, mut error) = (0, ParseError::NoObject);
    let mut tagged: Option<Parsed> = None;
    for _ in 0..BEGINNINGS {
        let Some(offset) = text[at..].find('{') else { break };
        let begin = at + offset;
        let in_tag = text[..begin].trim_end().ends_with("<tool_call>");
        match object_at(text, begin) {
            Found::Object(object, end) => {
                at = end;
                match read(&object) {
                    Ok((_, Move::Calls(more))) if in_tag && tagged.is_some() => {
                        if let Some(Parsed { wants: Move::Calls(calls), kept, .. }) = &mut tagged {
                            calls.extend(more);
                            text[..end].trim().clone_into(kept);
                        }
                    }
                    Ok((thought, wants)) => {
                        let is_call = matches!(wants, Move::Calls(_));
                        if tagged.is_some() {
                            break;
                        }
                        let parsed = Parsed { thought, wants, kept: text[begin..end].to_owned() };
                        if !(in_tag && is_call) {
                            return Ok(parsed);
                        }
                        tagged = Some(parsed);
                    }
                    Err(wrong) => error = wrong,
                }
            }
            Found::Unfinished => {
                if error == ParseError::NoObject {
                    error = ParseError::Unfinished;
                }
                at = begin + 1;
            }
            Found::Nothing => at = begin + 1,
        }
    }
    tagged.ok_or(error)
}

enum Found {
    Object(Map<String, Value>, usize),
    Unfinished,
    Nothing,
}

/// The JSON object that begins at a brace, strict or with the slips that models make.
fn object_at(text: &str, begin: usize) -> Found {
    let mut values = serde_json::Deserializer::from_str(&text[begin..]).into_iter::<Value>();
    match values.next() {
        Some(Ok(Value::Object(object))) => Found::Object(object, begin + values.byte_offset()),
        Some(Err(wrong)) if wrong.is_eof() => Found::Unfinished,
        _ => match lenient::object_in(&text[begin..]) {
            Some((Value::Object(object), length)) => Found::Object(object, begin + length),
            _ => Found::Nothing,
        },
    }
}

/// The answer in a reply of which an answer is all that is wanted: that of an object, of half an object, or plain prose.
pub(super) fn salvage_answer(text: &str) -> Option<String> {
    let parsed = parse(text).or_else(|_| react::parse(text));
    if let Ok(Parsed { wants: Move::Answer(answer), .. }) = parsed {
        return Some(answer);
    }
    let text = without_reasoning(clip(text)).trim();
    if let Some((_, rest)) = text.split_once("\"answer\"") {
        let rest = rest.trim_start().strip_prefix(':')?.trim_start().strip_prefix('"')?;
        let cut = rest.trim_end_matches(['}', '"', '\\', '`', '\n', ' ']);
        let answer = serde_json::from_str(&format!("\"{cut}\"")).unwrap_or_else(|_| cut.to_owned());
        return Some(answer).filter(|answer| !answer.trim().is_empty());
    }
    let prose = !text.is_empty() && !text.contains('{');
    prose.then(|| text.trim_matches('`').trim().to_owned())
}

pub(super) fn clip(text: &str) -> &str {
    &text[..text.floor_char_boundary(LOOKED_AT)]
}

/// What follows the model's private reasoning, where it writes some.
pub(super) fn without_reasoning(text: &str) -> &str {
    text.rsplit_once("</think>").map_or(text, |(_, rest)| rest)
}

fn read(object: &Map<String, Value>) -> Result<(String, Move), ParseError> {
    let field = |names: &[&str]| names.iter().find_map(|name| object.get(*name)).filter(|value| !value.is_null());
    let thought = field(&["thought", "thoughts", "reasoning"]).map(words).unwrap_or_default();
    let tool = field(&["tool", "tool_name", "action", "name", "function"]).map(words).unwrap_or_default();
    let args = || arguments(field(&["args", "arguments", "action_input", "input", "parameters"]));
    let answer = field(&["answer", "final_answer", "final"]).map(words);
    let tool = tool.trim();
    if ["answer", "final_answer", "finish"].contains(&tool) {
        let args = args();
        let inner = args.as_object().and_then(|args| args.values().next()).map(words);
        return answer
            .or(inner)
            .filter(|text| !text.trim().is_empty())
            .map_or(Err(ParseError::EmptyAnswer), |text| Ok((thought, Move::Answer(text.trim().to_owned()))));
    }
    if !tool.is_empty() && !["none", "null"].contains(&tool) {
        return Ok((thought, Move::Calls(vec![Call { tool: tool.to_owned(), args: args() }])));
    }
    match answer {
        Some(text) if text.trim().is_empty() => Err(ParseError::EmptyAnswer),
        Some(text) => Ok((thought, Move::Answer(text.trim().to_owned()))),
        None => Err(ParseError::Neither),
    }
}

fn arguments(value: Option<&Value>) -> Value {
    match value {
        None => Value::Object(Map::new()),
        Some(Value::String(text)) => arguments_of(text),
        Some(other) => other.clone(),
    }
}

fn words(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failed set-up fails the test")]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn call(tool: &str, args: Value) -> Move {
        Move::Calls(vec![Call { tool: tool.into(), args }])
    }

    #[test]
    fn reads_calls_and_answers_in_many_dresses() {
        let detect = call("detect", json!({ "labels": ["cup"] }));
        for text in [
            r#"{"thought":"t","tool":"detect","args":{"labels":["cup"]}}"#,
            "```json\n{\"tool\":\"detect\",\"args\":{\"labels\":[\"cup\"]}}\n```",
            r#"Sure! {"action":"detect","action_input":"{\"labels\":[\"cup\"]}"} Let me know."#,
            r#"{"name":"detect","arguments":{"labels":["cup"]}} {"answer":"5 cups"}"#,
            r#"<think>{"answer":"no"}</think>{"tool":"detect","args":{"labels":["cup"]}}"#,
            r#"{"note": 1} {"tool":"detect","args":{"labels":["cup"]}}"#,
        ] {
            assert_eq!(parse(text).unwrap().wants, detect, "{text}");
        }
        for text in [
            r#"{"answer":"2"}"#,
            r#"{"answer":2}"#,
            r#"{"tool":"none","answer":"2"}"#,
            r#"{"tool":null,"answer":"2"}"#,
            r#"{"tool":"answer","args":{"text":"2"}}"#,
            r#"{"thought":{"deep":true},"final_answer":" 2 "}"#,
        ] {
            assert_eq!(parse(text).unwrap().wants, Move::Answer("2".into()), "{text}");
        }
    }

    #[test]
    fn says_what_is_wrong() {
        for (text, error) in [
            ("", ParseError::Empty),
            (" \n", ParseError::Empty),
            ("There are two cups.", ParseError::NoObject),
            (r#"{"thought":"I will","tool":"det"#, ParseError::Unfinished),
            (r#"{"thought":"I will"}"#, ParseError::Neither),
            (r#"{"answer":""}"#, ParseError::EmptyAnswer),
            (r#"{"tool":"answer"}"#, ParseError::EmptyAnswer),
            ("[1, 2]", ParseError::NoObject),
        ] {
            assert_eq!(parse(text).unwrap_err(), error, "{text}");
        }
    }

    #[test]
    fn what_follows_an_action_is_cut() {
        let parsed = parse(r#"{"tool":"a","args":{}} Observation: 5 {"answer":"5"}"#).unwrap();
        assert_eq!(parsed.kept, r#"{"tool":"a","args":{}}"#);
    }

    #[test]
    fn long_replies_take_no_time() {
        let begin = std::time::Instant::now();
        for text in ["{\"a\":".repeat(20_000), "{".repeat(100_000), "x".repeat(100_000), "{\"a\":\"".repeat(17_000)] {
            assert!(parse(&text).is_err());
        }
        assert!(begin.elapsed() < std::time::Duration::from_secs(2));
    }

    #[test]
    fn half_an_answer_is_better_than_none() {
        assert_eq!(salvage_answer(r#"{"thought":"t","answer":"There are two"#).unwrap(), "There are two");
        assert_eq!(salvage_answer("Two cups.").unwrap(), "Two cups.");
        assert_eq!(salvage_answer(r#"{"tool":"detect"#), None);
        assert_eq!(salvage_answer(""), None);
    }

    proptest! {
        #[test]
        fn never_panics(text in ".{0,200}", cut in 0_usize..80) {
            let _ = parse(&text);
            let _ = salvage_answer(&text);
            let whole = r#"{"thought":"é","tool":"detect","args":{"labels":["cup"]}}"#;
            let mut broken = whole[..whole.floor_char_boundary(cut)].to_owned();
            broken.push_str(&text);
            let _ = parse(&broken);
            let _ = salvage_answer(&broken);
        }
    }
}
