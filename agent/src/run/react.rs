//! The `text` protocol: Thought / Action / Action Input / Observation / Answer, in the many ways that models write it.

use serde_json::{Map, Value};

use super::{
    Call, Move, ParseError, Parsed,
    parse::{arguments_of, clip, without_reasoning},
};

/// What a line begins with.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Mark {
    Thought,
    Action,
    Input,
    Observation,
    Answer,
}

/// Longer ones first: "action input" begins with "action".
const MARKS: [(&str, Mark); 12] = [
    ("action input", Mark::Input),
    ("action_input", Mark::Input),
    ("action", Mark::Action),
    ("tool input", Mark::Input),
    ("tool", Mark::Action),
    ("input", Mark::Input),
    ("observation", Mark::Observation),
    ("final answer", Mark::Answer),
    ("answer", Mark::Answer),
    ("thought", Mark::Thought),
    ("答案", Mark::Answer),
    ("思考", Mark::Thought),
];

/// Reads a reply up to the end of its first action, or its answer.
pub(super) fn parse(text: &str) -> Result<Parsed, ParseError> {
    let text = without_reasoning(clip(text));
    if text.trim().is_empty() {
        return Err(ParseError::Empty);
    }
    let (mut thought, mut tool, mut input) = (String::new(), None::<String>, None::<String>);
    let mut field = Mark::Thought;
    let (mut at, mut end) = (0, 0);
    for line in text.split_inclusive('\n') {
        let (mark, rest) = marked(line).map_or((None, line), |(mark, rest)| (Some(mark), rest));
        // A second action, or an observation: what follows was never asked for.
        let second = tool.is_some() && matches!(mark, Some(Mark::Thought | Mark::Action | Mark::Answer));
        if second || mark == Some(Mark::Observation) {
            break;
        }
        if mark == Some(Mark::Answer) {
            return answer(&thought, rest, text, at + line.len());
        }
        field = mark.unwrap_or(field);
        match field {
            Mark::Thought => add(&mut thought, rest),
            Mark::Action => {
                let name = rest.trim();
                if tool.is_none() && !name.is_empty() {
                    tool = Some(name.to_owned());
                } else if !name.is_empty() {
                    // Arguments without their mark.
                    add(input.get_or_insert_default(), rest);
                }
            }
            Mark::Input => add(input.get_or_insert_default(), rest),
            Mark::Observation | Mark::Answer => {}
        }
        at += line.len();
        end = at;
    }
    let Some(tool) = tool else { return Err(ParseError::NoObject) };
    let (name, inline) = named(&tool);
    if name.is_empty() || ["none", "n/a", "finish"].contains(&name.to_lowercase().as_str()) {
        return Err(ParseError::Neither);
    }
    let args = match input.as_deref().map(unfenced).filter(|input| !input.is_empty()).or(inline.as_deref()) {
        None => Value::Object(Map::new()),
        Some(input) => {
            let begins = input.find('{');
            let value = begins.map_or_else(|| arguments_of(input), |begin| first_object(&input[begin..]));
            if matches!(value, Value::Null) {
                return Err(ParseError::Unfinished);
            }
            value
        }
    };
    let wants = Move::Calls(vec![Call { tool: name, args }]);
    Ok(Parsed { thought: thought.trim().to_owned(), wants, kept: text[..end].trim().to_owned() })
}

fn answer(thought: &str, first: &str, text: &str, at: usize) -> Result<Parsed, ParseError> {
    let mut end = at;
    for line in text[at..].split_inclusive('\n') {
        if matches!(marked(line), Some((Mark::Thought | Mark::Action | Mark::Observation, _))) {
            break;
        }
        end += line.len();
    }
    let answer = format!("{first}{}", &text[at..end]);
    let answer = answer.trim().trim_matches('*').trim();
    if answer.is_empty() {
        return Err(ParseError::EmptyAnswer);
    }
    let wants = Move::Answer(answer.to_owned());
    Ok(Parsed { thought: thought.trim().to_owned(), wants, kept: text[..end].trim().to_owned() })
}

/// The mark that a line begins with, and what follows it. Markdown around the mark is skipped.
fn marked(line: &str) -> Option<(Mark, &str)> {
    let bare = line.trim_start().trim_start_matches(['*', '#', '-', '>', ' ']);
    MARKS.iter().find_map(|(word, mark)| {
        let head = bare.get(..word.len()).filter(|head| head.eq_ignore_ascii_case(word))?;
        let rest = bare[head.len()..].trim_start_matches(|c: char| c == '*' || c == ' ' || c.is_ascii_digit());
        let rest = rest.strip_prefix([':', '：'])?;
        Some((*mark, rest.trim_start_matches(['*', ' '])))
    })
}

fn add(field: &mut String, line: &str) {
    if !field.is_empty() && !field.ends_with('\n') {
        field.push('\n');
    }
    field.push_str(line);
}

/// The name of the tool, and arguments next to it: `detect`, `` `detect` ``, `detect[cup]`, `detect({...})`.
fn named(action: &str) -> (String, Option<String>) {
    let action = action.trim().trim_matches(['`', '"', '\'', '*', '.']);
    let Some(open) = action.find(['(', '[', '{', ' ']) else { return (action.to_owned(), None) };
    let name = action[..open].trim_matches(['`', '"', '\'', '*']).to_owned();
    let rest = action[open..].trim();
    let inside = rest.strip_prefix('(').and_then(|rest| rest.strip_suffix(')')).unwrap_or(rest);
    let inside = inside.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(inside).trim();
    (name, Some(inside.to_owned()).filter(|inside| !inside.is_empty()))
}

/// Without a code fence.
fn unfenced(input: &str) -> &str {
    let input = input.trim();
    let input = input.strip_prefix("```json").or_else(|| input.strip_prefix("```")).unwrap_or(input);
    input.trim().trim_end_matches("```").trim()
}

/// The object that a text begins with; null if it does not end.
fn first_object(text: &str) -> Value {
    let mut values = serde_json::Deserializer::from_str(text).into_iter::<Value>();
    match values.next() {
        Some(Ok(value)) => value,
        _ => super::lenient::object_in(text).map_or(Value::Null, |(value, _)| value),
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failed set-up fails the test")]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn actions_in_many_dresses() {
        for text in [
            "Thought: look\nAction: detect\nAction Input: {\"labels\": [\"cup\"]}",
            "Thought: look\nAction: detect\nAction Input: {\"labels\": [\"cup\"]}\nObservation: 5 cups\nAnswer: 5",
            "**Thought:** look\n**Action:** `detect`\n**Action Input:**\n```json\n{\"labels\": [\"cup\"]}\n```\nObservation:",
            "Thought: look\nAction: detect({\"labels\": [\"cup\"]})",
            "Thought: look\nAction: detect\nAction Input: {'labels': ['cup']}\nThought: now I know\nAction: crop",
            "Thought 1: look\nAction 1: detect\nAction Input 1: {\"labels\": [\"cup\"]}\n",
            "look\nTool: detect\nInput: {\"labels\": [\"cup\"]} and that is all",
        ] {
            let parsed = parse(text).unwrap();
            let call = Call { tool: "detect".into(), args: json!({ "labels": ["cup"] }) };
            assert_eq!((parsed.thought.as_str(), parsed.wants), ("look", Move::Calls(vec![call])), "{text}");
            assert!(!parsed.kept.contains("Observation") && !parsed.kept.contains("crop"), "{}", parsed.kept);
        }
    }

    #[test]
    fn answers_and_plain_arguments() {
        for text in ["Thought: seen\nAnswer: Two cups.", "Thought: seen\n\nFinal Answer: Two cups.\nObservation: x"] {
            let parsed = parse(text).unwrap();
            assert_eq!((parsed.thought.as_str(), parsed.wants), ("seen", Move::Answer("Two cups.".into())), "{text}");
        }
        let parsed = parse("Action: calculate[2 + 3]").unwrap();
        assert_eq!(parsed.wants, Move::Calls(vec![Call { tool: "calculate".into(), args: json!("2 + 3") }]));
        let parsed = parse("Action: caption").unwrap();
        assert_eq!(parsed.wants, Move::Calls(vec![Call { tool: "caption".into(), args: json!({}) }]));
    }

    #[test]
    fn what_is_wrong_is_said() {
        for (text, error) in [
            ("", ParseError::Empty),
            ("There are two cups.", ParseError::NoObject),
            ("Thought: hm", ParseError::NoObject),
            ("Thought: done\nAnswer:  ", ParseError::EmptyAnswer),
            ("Action: detect\nAction Input: {\"labels\": [\"cu", ParseError::Unfinished),
            ("Action: None\nThought: x", ParseError::Neither),
        ] {
            assert_eq!(parse(text).unwrap_err(), error, "{text}");
        }
    }
}
