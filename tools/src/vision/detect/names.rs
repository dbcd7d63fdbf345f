//! Class names: from the config, the graph's metadata, or the 80 of COCO.

use crate::{labels::COCO, onnx::Signature, store::ModelFacts};

/// What a number that stands for no class is called, as in the configuration of DETR.
pub(super) const NO_CLASS: &str = "N/A";
/// Numbers of COCO's categories that name nothing: the 80 classes are spread over 0 to 90.
const GAPS: [usize; 11] = [0, 12, 26, 29, 30, 45, 66, 68, 69, 71, 83];

/// Names in index order: the config's, else the metadata's, else COCO's for 80 classes or 91 categories, else `class-0`,
/// `class-1`, ...
pub(super) fn class_names(signature: &Signature, facts: &ModelFacts, count: Option<usize>) -> Vec<String> {
    if !facts.labels.is_empty() {
        return facts.labels.clone();
    }
    if let Some(names) = signature.metadata.get("names").and_then(|text| parse_names(text)) {
        return names;
    }
    match count {
        Some(91) => coco_categories(),
        Some(count) if count != COCO.len() => (0..count).map(|index| format!("class-{index}")).collect(),
        _ => COCO.iter().map(|name| (*name).to_owned()).collect(),
    }
}

/// COCO's category numbers, 0 to 90.
fn coco_categories() -> Vec<String> {
    let mut names = COCO.iter();
    let name = |number: usize| if GAPS.contains(&number) { None } else { names.next().copied() };
    (0..91).map(name).map(|name| name.unwrap_or(NO_CLASS).to_owned()).collect()
}

/// Ultralytics writes a Python dict: `{0: 'person', 1: "driver's cab"}`; a JSON list or object is taken too.
pub(in crate::vision) fn parse_names(text: &str) -> Option<Vec<String>> {
    if let Ok(list) = serde_json::from_str::<Vec<String>>(text) {
        return Some(list);
    }
    let mut names: Vec<(usize, String)> = Vec::new();
    let mut rest = text.trim().strip_prefix('{')?.strip_suffix('}')?.trim_start();
    while !rest.is_empty() {
        let (key, after) = rest.split_once(':')?;
        let index = key.trim().trim_matches(['"', '\'']).parse().ok()?;
        let (name, after) = quoted(after.trim_start())?;
        names.push((index, name));
        rest = after.trim_start().trim_start_matches(',').trim_start();
    }
    names.sort_by_key(|(index, _)| *index);
    let complete = names.iter().enumerate().all(|(position, (index, _))| position == *index);
    (complete && !names.is_empty()).then(|| names.into_iter().map(|(_, name)| name).collect())
}

/// A Python string literal at the start of `text`, and what follows it.
fn quoted(text: &str) -> Option<(String, &str)> {
    let quote = text.chars().next().filter(|c| matches!(c, '\'' | '"'))?;
    let mut name = String::new();
    let mut characters = text.char_indices().skip(1);
    while let Some((position, character)) = characters.next() {
        match character {
            '\\' => name.push(characters.next()?.1),
            c if c == quote => return Some((name, &text[position + c.len_utf8()..])),
            c => name.push(c),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_a_python_dict_with_both_quotes() {
        let text = r#"{0: 'person', 1: "driver's cab", 2: 'it\'s', 3: 'a: b, c'}"#;
        let names = ["person", "driver's cab", "it's", "a: b, c"].map(str::to_owned).to_vec();
        assert_eq!(parse_names(text), Some(names));
    }

    #[test]
    fn gaps_and_broken_texts_are_refused() {
        for text in ["{0: 'a', 2: 'c'}", "{0: 'a", "0: 'a'", "{}", "{0: a}"] {
            assert_eq!(parse_names(text), None, "{text}");
        }
    }

    #[test]
    fn the_categories_of_coco_have_gaps() {
        let names = class_names(&Signature::default(), &ModelFacts::default(), Some(91));
        let at = [0, 1, 13, 44, 46, 73, 90].map(|number: usize| names[number].as_str());
        assert_eq!(at, ["N/A", "person", "stop sign", "bottle", "wine glass", "laptop", "toothbrush"]);
        assert_eq!((names.len(), names.iter().filter(|name| *name == NO_CLASS).count()), (91, 11));
    }

    #[test]
    fn unnamed_classes_get_numbers() {
        let names = class_names(&Signature::default(), &ModelFacts::default(), Some(2));
        assert_eq!(names, ["class-0", "class-1"]);
    }
}
