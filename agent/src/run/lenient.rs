//! JSON with the slips that models make: single quotes, unquoted keys, trailing commas, comments, Python's `True`, `False`
//! and `None`, raw line breaks in texts.

use serde_json::Value;

/// Bytes of an object that are looked at.
const LONGEST: usize = 32 * 1024;

/// The object that a text is, if it is one.
pub(super) fn object(text: &str) -> Option<Value> {
    let text = text.trim();
    let (value, length) = object_in(text)?;
    text[length..].trim().is_empty().then_some(value)
}

/// The JSON value that a text is or holds: as it stands, between fences, or its first object with the slips of models.
pub fn any(text: &str) -> Option<Value> {
    let bare = text.trim().trim_start_matches("```json").trim_start_matches("```").trim_end_matches("```").trim();
    serde_json::from_str(bare).ok().or_else(|| object_in(&bare[bare.find('{')?..]).map(|(value, _)| value))
}

/// The object that a text begins with, and its length in bytes.
pub(super) fn object_in(text: &str) -> Option<(Value, usize)> {
    let length = balanced(&text[..text.floor_char_boundary(LONGEST)])?;
    let body = plain_words(&text[..length]);
    let value: Value = json5::from_str(&body).ok()?;
    value.is_object().then_some((value, length))
}

/// Bytes up to the brace that closes the first one, quotes of both kinds respected.
fn balanced(text: &str) -> Option<usize> {
    let (mut depth, mut quote, mut escaped) = (0_u32, None, false);
    for (at, character) in text.char_indices() {
        if let Some(open) = quote {
            match character {
                _ if escaped => escaped = false,
                '\\' => escaped = true,
                _ if character == open => quote = None,
                _ => {}
            }
            continue;
        }
        match character {
            '"' => quote = Some('"'),
            // An apostrophe inside a bare word opens nothing.
            '\'' if !text[..at].ends_with(char::is_alphanumeric) => quote = Some('\''),
            '{' | '[' => depth += 1,
            '}' | ']' => {
                depth = depth.checked_sub(1)?;
                if depth == 0 {
                    return Some(at + 1);
                }
            }
            _ => {}
        }
    }
    None
}

/// Python's words as JSON's, and line breaks inside quotes as escapes.
fn plain_words(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let (mut quote, mut escaped, mut word) = (None, false, String::new());
    let flush = |word: &mut String, out: &mut String| {
        out.push_str(match word.as_str() {
            "True" => "true",
            "False" => "false",
            "None" => "null",
            other => other,
        });
        word.clear();
    };
    for character in text.chars() {
        if let Some(open) = quote {
            match character {
                '\n' => out.push_str("\\n"),
                '\r' => out.push_str("\\r"),
                other => out.push(other),
            }
            if escaped {
                escaped = false;
            } else if character == '\\' {
                escaped = true;
            } else if character == open {
                quote = None;
            }
            continue;
        }
        if character.is_alphanumeric() || character == '_' {
            word.push(character);
            continue;
        }
        flush(&mut word, &mut out);
        if matches!(character, '"' | '\'') {
            quote = Some(character);
        }
        out.push(character);
    }
    flush(&mut word, &mut out);
    out
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn slips_are_forgiven() {
        let wanted = json!({ "tool": "detect", "args": { "labels": ["cup"], "all": true, "region": null } });
        for text in [
            "{'tool': 'detect', 'args': {'labels': ['cup'], 'all': True, 'region': None}}",
            "{tool: \"detect\", args: {labels: [\"cup\",], all: true, region: null,},}",
            "{\"tool\": \"detect\", // the detector\n \"args\": {\"labels\": ['cup'], \"all\": True, \"region\": None}}",
        ] {
            assert_eq!(object(text), Some(wanted.clone()), "{text}");
        }
        assert_eq!(object("{\"answer\": \"two\nlines\"}"), Some(json!({ "answer": "two\nlines" })));
    }

    #[test]
    fn what_is_none_stays_none() {
        for text in ["", "{", "{'tool': 'detect'", "{]}", "[1]", "{a b}", "}{"] {
            assert_eq!(object(text), None, "{text}");
        }
        assert_eq!(object_in("{a: 1} and more"), Some((json!({ "a": 1 }), 6)));
    }
}
