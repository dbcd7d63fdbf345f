//! What people write about pictures, as the input of text encoders: labels checked, texts as tokens of equal length.

use std::{path::Path, sync::Arc};

use indexmap::IndexSet;
use ndarray::Array2;
use serde_json::Value;

use super::beside;
use crate::{
    generate::Tokenizer,
    onnx::{ModelError, Signature},
    store::Installed,
    tool::ToolError,
};

/// Characters of one label.
const LONGEST: usize = 200;

/// Labels as the user wrote them, each once (case aside), spaces made single. Errors name the label that cannot be used.
pub(super) fn checked(labels: &[String], most: usize) -> Result<Vec<String>, ToolError> {
    let mut seen = IndexSet::new();
    let mut kept = Vec::new();
    for label in labels {
        let label = label.split_whitespace().collect::<Vec<_>>().join(" ");
        let length = label.chars().count();
        if length > LONGEST {
            let start: String = label.chars().take(30).collect();
            return Err(ToolError::invalid_input(format!(
                "the label \"{start}...\" has {length} characters; a label is a few words, at most {LONGEST} characters"
            )));
        }
        if !label.chars().any(char::is_alphanumeric) {
            return Err(ToolError::invalid_input(format!("the label \"{label}\" has no letters; name a thing")));
        }
        if seen.insert(label.to_lowercase()) {
            kept.push(label);
        }
    }
    if kept.len() > most {
        return Err(ToolError::invalid_input(format!("{} labels are too many; give at most {most}", kept.len())));
    }
    Ok(kept)
}

/// How long the rows of tokens are.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Length {
    /// As long as the longest text, at most this.
    UpTo(usize),
    /// Always this.
    Exactly(usize),
}

impl Length {
    fn most(self) -> usize {
        match self {
            Self::UpTo(most) | Self::Exactly(most) => most,
        }
    }

    /// The declared length of `input_ids` if it is fixed.
    pub(super) fn declared(self, signature: &Signature) -> Self {
        let ids = signature.inputs.iter().find(|input| input.name == "input_ids");
        match ids.and_then(|input| input.dims.get(1)) {
            Some(crate::onnx::Dim::Fixed(length)) => Self::Exactly(*length),
            _ => self,
        }
    }
}

/// Tokens of several texts, i64 `[texts, length]`.
#[derive(Clone, Debug)]
pub(super) struct Tokens {
    /// Padded at the end.
    pub(super) ids: Array2<i64>,
    /// 1 for tokens, 0 for padding.
    pub(super) mask: Array2<i64>,
}

/// A tokenizer with what its model wants around a text.
#[derive(Clone)]
pub(super) struct Phrases {
    tokenizer: Arc<Tokenizer>,
    pad: i64,
}

impl Phrases {
    /// That of a model.
    pub(super) fn of(installed: &Installed) -> Result<Self, ToolError> {
        let file = beside::needed(installed, "tokenizer.json")?;
        let settings = beside::json(installed, "tokenizer_config.json")?;
        Self::open(file, settings.as_ref())
    }

    fn open(file: &Path, settings: Option<&Value>) -> Result<Self, ToolError> {
        let tokenizer = Tokenizer::shared(file)?;
        // A text, or an object with the text as `content`.
        let named = settings.map(|settings| &settings["pad_token"]);
        let named = named.and_then(|token| token.as_str().or_else(|| token["content"].as_str()));
        let pad = named.and_then(|token| tokenizer.id(token)).unwrap_or(0);
        Ok(Self { tokenizer, pad })
    }

    /// The tokens of a text with the marks around it, however long.
    pub(super) fn ids(&self, text: &str) -> Result<Vec<i64>, ModelError> {
        self.tokenizer.encode(text, true)
    }

    /// The id of a token.
    pub(super) fn id(&self, token: &str) -> Option<i64> {
        self.tokenizer.id(token)
    }

    /// The tokens of several texts in rows of one length. What is too long is cut before its end mark.
    pub(super) fn tokens(&self, texts: &[String], length: Length) -> Result<Tokens, ModelError> {
        let most = length.most();
        let mut rows = texts.iter().map(|text| self.ids(text)).collect::<Result<Vec<_>, _>>()?;
        for row in rows.iter_mut().filter(|row| row.len() > most) {
            let end = row.last().copied();
            row.truncate(most.saturating_sub(1));
            row.extend(end);
        }
        let longest = rows.iter().map(Vec::len).max().unwrap_or(0);
        let width = if matches!(length, Length::Exactly(_)) { most } else { longest };
        let at = |(row, column): (usize, usize)| rows[row].get(column).copied();
        let ids = Array2::from_shape_fn((rows.len(), width), |index| at(index).unwrap_or(self.pad));
        let mask = Array2::from_shape_fn((rows.len(), width), |index| i64::from(at(index).is_some()));
        Ok(Tokens { ids, mask })
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failed set-up fails the test")]
mod tests {
    use serde_json::json;

    use super::*;

    /// Words to ids from 3, `<s>` before and `</s>` after.
    fn phrases() -> Phrases {
        let words: serde_json::Map<String, Value> = ["<pad>", "<s>", "</s>", "a", "red", "cat"]
            .iter()
            .enumerate()
            .map(|(id, word)| ((*word).to_owned(), json!(id)))
            .collect();
        let special = |name: &str, id| json!({"id": name, "ids": [id], "tokens": [name]});
        let part = |name: &str| json!({"SpecialToken": {"id": name, "type_id": 0}});
        let file = tempfile::NamedTempFile::new().unwrap();
        let text = json!({
            "version": "1.0", "added_tokens": [], "decoder": null,
            "truncation": {"direction": "Right", "max_length": 2, "strategy": "LongestFirst", "stride": 0},
            "padding": {"strategy": {"Fixed": 9}, "direction": "Right", "pad_to_multiple_of": null, "pad_id": 0,
                "pad_type_id": 0, "pad_token": "<pad>"},
            "normalizer": {"type": "Lowercase"}, "pre_tokenizer": {"type": "Whitespace"},
            "post_processor": {"type": "TemplateProcessing",
                "single": [part("<s>"), {"Sequence": {"id": "A", "type_id": 0}}, part("</s>")], "pair": [],
                "special_tokens": {"<s>": special("<s>", 1), "</s>": special("</s>", 2)}},
            "model": {"type": "WordLevel", "vocab": words, "unk_token": "<pad>"}
        });
        fs_err::write(file.path(), text.to_string()).unwrap();
        Phrases::open(file.path(), Some(&json!({"pad_token": {"content": "cat"}}))).unwrap()
    }

    fn texts(all: &[&str]) -> Vec<String> {
        all.iter().map(|text| (*text).to_owned()).collect()
    }

    #[test]
    fn rows_are_padded_and_cut_before_the_end_mark() {
        let phrases = phrases();
        let made = phrases.tokens(&texts(&["A red cat", "cat"]), Length::UpTo(9)).unwrap();
        assert_eq!(made.ids, ndarray::arr2(&[[1, 3, 4, 5, 2], [1, 5, 2, 5, 5]]), "the file's own lengths are ignored");
        assert_eq!(made.mask, ndarray::arr2(&[[1, 1, 1, 1, 1], [1, 1, 1, 0, 0]]));
        let cut = phrases.tokens(&texts(&["a red cat"]), Length::UpTo(4)).unwrap();
        assert_eq!(cut.ids, ndarray::arr2(&[[1, 3, 4, 2]]));
        let fixed = phrases.tokens(&texts(&["cat"]), Length::Exactly(6)).unwrap();
        assert_eq!((fixed.ids.dim(), fixed.mask.sum()), ((1, 6), 3));
    }

    #[test]
    fn labels_are_checked() {
        assert_eq!(checked(&texts(&[" a  Cat", "a cat", "dog"]), 5).unwrap(), ["a Cat", "dog"]);
        let wrong = |labels: &[&str]| checked(&texts(labels), 2).unwrap_err().feedback;
        assert!(wrong(&["a", "b", "c"]).contains("3 labels are too many; give at most 2"));
        assert!(wrong(&["..."]).contains("has no letters"));
        let long = "cat ".repeat(2500);
        assert!(wrong(&[&long]).contains("has 9999 characters"), "{}", wrong(&[&long]));
    }
}
