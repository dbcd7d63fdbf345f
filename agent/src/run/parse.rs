//! Reads what a model wrote. Models fence their JSON, add prose, write several objects, stop half-way and misname
//! fields; none of it may break the loop.

use serde_json::{Map, Value};

use super::Call;

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

/// Reads a reply: the first JSON object that is a call or an answer counts.
pub fn parse(text: &str) -> Result<Parsed, ParseError> {
    let text = without_reasoning(clip(text));
    if text.trim().is_empty() {
        return Err(ParseError::Empty);
    }
    let (mut at, mut error) = (0, ParseError::NoObject);
    for _ in 0..BEGINNINGS {
        let Some(offset) = text[at..].find('{') else { break };
        at += offset;
        let mut values = serde_json::Deserializer::from_str(&text[at..]).into_iter::<Value>();
        match values.next() {
            Some(Ok(Value::Object(object))) => {
                let end = at + values.byte_offset();
                match read(&object) {
                    Ok((thought, wants)) => return Ok(Parsed { thought, wants, kept: text[at..end].to_owned() }),
                    Err(wrong) => error = wrong,
                }
                at = end;
            }
            Some(Err(wrong)) if wrong.is_eof() => {
                if error == ParseError::NoObject {
                    error = ParseError::Unfinished;
                }
                at += 1;
            }
            _ => at += 1,
        }
    }
    Err(error)
}

/// The answer in a reply of which an answer is all that is wanted: that of an object, of half an object, or plain prose.
pub(super) fn salvage_answer(text: &str) -> Option<String> {
    if let Ok(Parsed { wants: Move::Answer(answer), .. }) = parse(text) {
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

fn clip(text: &str) -> &str {
    &text[..text.floor_char_boundary(LOOKED_AT)]
}

/// What follows the model's private reasoning, where it writes some.
fn without_reasoning(text: &str) -> &str {
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
        Some(Value::String(text)) => serde_json::from_str(text).unwrap_or_else(|_| Value::String(text.clone())),
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
