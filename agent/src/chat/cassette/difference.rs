//! Where two requests part.

use serde_json::Value;

/// Characters of each side that are shown.
const SHOWN: usize = 60;

/// The first place where two values differ, in words: a JSON pointer and what stands there on either side.
pub(super) fn first_difference(recorded: &Value, asked: &Value) -> Option<String> {
    at("", recorded, asked)
}

fn at(path: &str, recorded: &Value, asked: &Value) -> Option<String> {
    match (recorded, asked) {
        (Value::Object(recorded), Value::Object(asked)) => {
            let keys = recorded.keys().chain(asked.keys().filter(|key| !recorded.contains_key(*key)));
            keys.into_iter().find_map(|key| match (recorded.get(key), asked.get(key)) {
                (Some(recorded), Some(asked)) => at(&format!("{path}/{key}"), recorded, asked),
                (Some(recorded), None) => Some(format!("{path}/{key} is missing; recorded {}", short(recorded))),
                (None, Some(asked)) => Some(format!("{path}/{key} is new: {}", short(asked))),
                (None, None) => None,
            })
        }
        (Value::Array(recorded), Value::Array(asked)) => {
            let pairs = recorded.iter().zip(asked).enumerate();
            let inside = pairs
                .into_iter()
                .find_map(|(index, (recorded, asked))| at(&format!("{path}/{index}"), recorded, asked));
            inside.or_else(|| {
                let (before, now) = (recorded.len(), asked.len());
                (before != now).then(|| format!("{path} has {now} entries; recorded {before}"))
            })
        }
        (Value::String(recorded), Value::String(asked)) if recorded != asked => {
            let same = recorded.chars().zip(asked.chars()).take_while(|(a, b)| a == b).count();
            let rest = |text: &str| text.chars().skip(same).take(SHOWN).collect::<String>();
            Some(format!("{path} differs from character {same} on: {:?}; recorded {:?}", rest(asked), rest(recorded)))
        }
        _ if recorded == asked => None,
        _ => Some(format!("{path} is {}; recorded {}", short(asked), short(recorded))),
    }
}

fn short(value: &Value) -> String {
    let text = value.to_string();
    let short: String = text.chars().take(SHOWN).collect();
    if short.len() < text.len() { format!("{short}...") } else { short }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_first_place_is_named() {
        let difference = |a: Value, b: Value| first_difference(&a, &b).unwrap_or_default();
        assert_eq!(difference(json!({"a": [1, {"b": "x"}]}), json!({"a": [1, {"b": "x"}]})), "");
        assert_eq!(
            difference(json!({"a": [{"b": "same é old"}]}), json!({"a": [{"b": "same é new"}]})),
            "/a/0/b differs from character 7 on: \"new\"; recorded \"old\""
        );
        assert_eq!(difference(json!({"a": [1]}), json!({"a": [1, 2]})), "/a has 2 entries; recorded 1");
        assert_eq!(difference(json!({"a": 1}), json!({})), "/a is missing; recorded 1");
        assert_eq!(difference(json!({}), json!({"b": null})), "/b is new: null");
        assert_eq!(difference(json!({"a": 1}), json!({"a": "1"})), "/a is \"1\"; recorded 1");
    }
}
