//! Which recognizer reads which language. The usual one reads what is written in Latin letters, Chinese and Japanese; other
//! scripts have one each. Source: the settings of `RapidOCR` 3.10 (`default_models.yaml`), which names them and their languages.

use std::sync::Arc;

use super::RECOGNIZER;
use crate::{
    onnx::LoadedModel,
    tool::{ToolCx, ToolError, ToolErrorKind},
};

/// A recognizer for a script of its own.
struct Script {
    /// Its role.
    role: &'static str,
    /// Languages by name and code, the first the one that it is told by.
    languages: &'static [&'static str],
    /// Whether it gives letters as they stand on the page, while they are read from the right.
    right_to_left: bool,
}

const fn script(role: &'static str, languages: &'static [&'static str]) -> Script {
    Script { role, languages, right_to_left: false }
}

const SCRIPTS: [Script; 10] = [
    script("ocr_korean", &["korean", "ko"]),
    script("ocr_eslav", &["russian", "ru", "ukrainian", "uk", "belarusian", "be"]),
    script("ocr_cyrillic", &["cyrillic", "bulgarian", "bg", "serbian", "mongolian", "mn"]),
    Script {
        right_to_left: true,
        ..script("ocr_arabic", &["arabic", "ar", "persian", "farsi", "fa", "urdu", "ur", "uyghur", "ug"])
    },
    script("ocr_devanagari", &["hindi", "hi", "devanagari", "marathi", "mr", "nepali", "ne", "sanskrit", "sa"]),
    script("ocr_thai", &["thai", "th"]),
    script("ocr_greek", &["greek", "el"]),
    script("ocr_tamil", &["tamil", "ta"]),
    script("ocr_telugu", &["telugu", "te"]),
    script("ocr_georgian", &["georgian", "ka"]),
];

/// What the usual recognizer reads.
const USUAL: [&str; 60] = [
    "english",
    "en",
    "chinese",
    "zh",
    "ch",
    "japanese",
    "ja",
    "latin",
    "french",
    "fr",
    "german",
    "de",
    "spanish",
    "es",
    "portuguese",
    "pt",
    "italian",
    "it",
    "dutch",
    "nl",
    "polish",
    "pl",
    "czech",
    "cs",
    "slovak",
    "sk",
    "slovenian",
    "sl",
    "croatian",
    "hr",
    "hungarian",
    "hu",
    "romanian",
    "ro",
    "swedish",
    "sv",
    "norwegian",
    "no",
    "danish",
    "da",
    "finnish",
    "fi",
    "estonian",
    "et",
    "latvian",
    "lv",
    "lithuanian",
    "lt",
    "turkish",
    "tr",
    "vietnamese",
    "vi",
    "indonesian",
    "id",
    "malay",
    "ms",
    "catalan",
    "ca",
    "icelandic",
    "is",
];

/// A recognizer that was chosen.
pub(super) struct Chosen {
    pub(super) model: Arc<LoadedModel>,
    pub(super) right_to_left: bool,
}

/// Loads the recognizer of a language; left out, the usual one. A user may have one of his own under the role `ocr_NAME`.
pub(super) async fn load(language: Option<&str>, cx: &ToolCx) -> Result<Chosen, ToolError> {
    let name = language.map(|language| language.trim().to_lowercase()).filter(|name| !name.is_empty());
    let Some(name) = name.filter(|name| !USUAL.contains(&name.as_str())) else {
        return Ok(Chosen { model: cx.model(RECOGNIZER).await?, right_to_left: false });
    };
    if let Some(script) = SCRIPTS.iter().find(|script| script.languages.contains(&name.as_str())) {
        let model = cx.model(script.role).await.map_err(|error| unavailable(error, &name, cx))?;
        return Ok(Chosen { model, right_to_left: script.right_to_left });
    }
    let own = format!("ocr_{name}");
    if cx.models.is_installed(&own) {
        return Ok(Chosen { model: cx.model(&own).await?, right_to_left: false });
    }
    let known: Vec<&str> = SCRIPTS.iter().filter_map(|script| script.languages.first().copied()).collect();
    Err(ToolError::invalid_input(format!(
        "language \"{name}\" is not known; there are {}; leave it out for Latin letters, Chinese and Japanese",
        known.join(", ")
    )))
}

/// The model of a known language is not available: which languages can be read here.
fn unavailable(error: ToolError, name: &str, cx: &ToolCx) -> ToolError {
    if error.kind != ToolErrorKind::ModelUnavailable {
        return error;
    }
    let here: Vec<&str> = SCRIPTS
        .iter()
        .filter(|script| cx.models.is_installed(script.role))
        .filter_map(|script| script.languages.first().copied())
        .chain(["Latin letters, Chinese and Japanese (leave language out)"])
        .collect();
    ToolError {
        feedback: format!("text in {name} cannot be read here; what can be read: {}", here.join(", ")),
        ..error
    }
}

/// Letters as they stand on the page from left to right, in the order in which a script from right to left is read; numbers and
/// Latin words in it keep theirs.
pub(super) fn from_the_right(text: &str) -> String {
    let keeps = |c: char| c.is_ascii_alphanumeric() || " :*./%+-".contains(c);
    let mut runs: Vec<String> = Vec::new();
    let mut kept = false;
    for c in text.chars() {
        match runs.last_mut().filter(|_| kept && keeps(c)) {
            Some(run) => run.push(c),
            None => runs.push(c.to_string()),
        }
        kept = keeps(c);
    }
    // The spaces of a run change sides with it.
    let turned = |run: &String| {
        let inner = run.trim_matches(' ');
        let before = run.len() - run.trim_start_matches(' ').len();
        let after = run.len() - if inner.is_empty() { 0 } else { before + inner.len() };
        format!("{}{inner}{}", " ".repeat(after), " ".repeat(if inner.is_empty() { 0 } else { before }))
    };
    runs.iter().rev().map(turned).collect::<String>().trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_language_has_one_recognizer() {
        let mut all: Vec<&str> = SCRIPTS.iter().flat_map(|script| script.languages).copied().chain(USUAL).collect();
        all.sort_unstable();
        let count = all.len();
        all.dedup();
        assert_eq!(all.len(), count);
    }

    #[test]
    fn a_script_from_the_right_keeps_its_numbers() {
        assert_eq!(from_the_right("ةيبرع"), "عربية");
        assert_eq!(from_the_right("12.50 رعس"), "سعر 12.50");
        assert_eq!(from_the_right("ب 12 a ا"), "ا 12 a ب");
        assert_eq!(from_the_right("مالس ملاع"), "عالم سلام");
        assert_eq!(from_the_right(""), "");
    }
}
