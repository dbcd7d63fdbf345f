//! The languages that prompts exist in.

use argus_tools::document::words::is_han;
use serde::{Deserialize, Serialize};

/// A set of templates and examples.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Language {
    /// English.
    #[default]
    En,
    /// Chinese.
    Zh,
}

impl Language {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::En, Self::Zh];

    /// The name of its folder of templates.
    pub fn folder(self) -> &'static str {
        match self {
            Self::En => "en",
            Self::Zh => "zh",
        }
    }

    /// The language that a text is written in: Chinese from one Han character for three other letters on, unless the
    /// text has Kana.
    pub fn of(text: &str) -> Self {
        if text.chars().any(|c| matches!(c, '\u{3040}'..='\u{30ff}')) {
            return Self::En;
        }
        let han = text.chars().filter(|c| is_han(*c)).count();
        let letters = text.chars().filter(|c| c.is_alphabetic()).count() - han;
        if han > 0 && han * 3 >= letters { Self::Zh } else { Self::En }
    }
}

impl std::str::FromStr for Language {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let found = Self::ALL.into_iter().find(|language| language.folder() == text);
        found.ok_or_else(|| format!("there are no prompts in \"{text}\"; give en or zh"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tells_the_language_of_a_task() {
        for text in ["How many cups?", "", "写真に犬は何匹いますか？", "What does 出口 mean on the sign over the door?"]
        {
            assert_eq!(Language::of(text), Language::En, "{text}");
        }
        for text in ["有几个杯子？", "把 img-1 旋转90度", "图里有 Starbucks 的标志吗？"] {
            assert_eq!(Language::of(text), Language::Zh, "{text}");
        }
    }
}
