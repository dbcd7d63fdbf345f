//! What pages call things, by language: months, weekdays, labels of sums, currencies. All of it is data.

use std::{collections::HashMap, sync::LazyLock};

use serde::Deserialize;

use super::words::find_phrase;

/// One language's file, named by its code; a new language is a new line.
const FILES: [(&str, &str); 11] = [
    ("en", include_str!("data/en.toml")),
    ("de", include_str!("data/de.toml")),
    ("fr", include_str!("data/fr.toml")),
    ("es", include_str!("data/es.toml")),
    ("pt", include_str!("data/pt.toml")),
    ("it", include_str!("data/it.toml")),
    ("nl", include_str!("data/nl.toml")),
    ("pl", include_str!("data/pl.toml")),
    ("id", include_str!("data/id.toml")),
    ("zh", include_str!("data/zh.toml")),
    ("ja", include_str!("data/ja.toml")),
];

/// What a label stands for.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, PartialEq)]
#[serde(rename_all = "snake_case")]
pub(super) enum Label {
    /// What is to be paid in all.
    Total,
    /// The same, said so that nothing else can be meant.
    TotalFinal,
    /// A total of something else: pieces, taxes, savings.
    TotalOther,
    /// A total without the tax.
    TotalBeforeTax,
    /// The sum before tax or rounding.
    Subtotal,
    /// The tax.
    Tax,
    /// What was given back.
    Change,
    /// What was given.
    Paid,
    /// What was taken off.
    Discount,
    /// The day.
    Date,
    /// The time of day.
    Time,
    /// The number of the document.
    DocumentNumber,
    /// Any other row that sums up others.
    Summary,
    /// A column of how many.
    Quantity,
    /// A column of what one costs.
    Price,
    /// A column of what all cost.
    Amount,
    /// A column of what it is.
    Item,
    /// What makes a document a receipt.
    Receipt,
    /// What makes a document an invoice.
    Invoice,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Language {
    months: Vec<Vec<String>>,
    /// Whether a month may stand before its day.
    #[serde(default)]
    month_first: bool,
    weekdays: Vec<String>,
    labels: HashMap<Label, Vec<String>>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Currencies {
    names: Vec<String>,
    whole: Vec<String>,
}

// A file that cannot be read is left out; a test reads them all.
static LANGUAGES: LazyLock<Vec<Language>> =
    LazyLock::new(|| FILES.iter().filter_map(|(_, text)| toml::from_str(text).ok()).collect());
static CURRENCIES: LazyLock<Currencies> =
    LazyLock::new(|| toml::from_str(include_str!("data/currencies.toml")).unwrap_or_default());
static LABELS: LazyLock<HashMap<Label, Vec<&'static str>>> = LazyLock::new(|| {
    let mut all: HashMap<Label, Vec<&'static str>> = HashMap::new();
    for (label, phrases) in LANGUAGES.iter().flat_map(|language| &language.labels) {
        let known = all.entry(*label).or_default();
        for phrase in phrases.iter().map(String::as_str) {
            if !known.contains(&phrase) {
                known.push(phrase);
            }
        }
    }
    all
});

impl Label {
    /// The phrases for it in all languages, in lower case; "=" before one: it must be the whole label of a row.
    pub(super) fn phrases(self) -> &'static [&'static str] {
        LABELS.get(&self).map_or(&[], Vec::as_slice)
    }

    /// Whether a text (in lower case) says so.
    pub(super) fn is_in(self, lower: &str) -> bool {
        self.phrases().iter().any(|phrase| match phrase.strip_prefix('=') {
            Some(whole) => bare(lower) == whole,
            None => find_phrase(lower, phrase).is_some(),
        })
    }
}

/// Whether any of the labels is in a text (in lower case).
pub(super) fn says(lower: &str, labels: &[Label]) -> bool {
    labels.iter().any(|label| label.is_in(lower))
}

/// Whether a text (in lower case) says that its row sums up others or tells of the payment.
pub(super) fn is_summary(lower: &str) -> bool {
    use Label::{Change, Discount, Paid, Subtotal, Summary, Tax, Total, TotalFinal};
    says(lower, &[Total, TotalFinal, Subtotal, Tax, Change, Paid, Discount, Summary])
}

/// A row's label alone: without numbers, currencies and marks.
fn bare(lower: &str) -> String {
    let words = lower.split(|c: char| c.is_whitespace() || matches!(c, ':' | '：' | '(' | ')'));
    let plain =
        words.filter(|word| !word.is_empty() && !word.chars().any(|c| c.is_ascii_digit()) && !is_currency(word));
    plain.map(|word| word.trim_matches(['.', '*', '-', '='])).filter(|w| !w.is_empty()).collect::<Vec<_>>().join(" ")
}

/// Whether a word is a currency as printed.
pub(super) fn is_currency(word: &str) -> bool {
    let lower = word.to_lowercase();
    currencies().any(|known| known == lower)
}

/// Whether a currency has no decimals.
pub(super) fn is_whole_currency(word: &str) -> bool {
    CURRENCIES.whole.contains(&word.to_lowercase())
}

/// All currencies as printed, in lower case.
pub(super) fn currencies() -> impl Iterator<Item = &'static str> {
    CURRENCIES.names.iter().chain(&CURRENCIES.whole).map(String::as_str)
}

/// The month (1 to 12) that a word in lower case names, and whether it may stand before its day.
pub(super) fn month(word: &str) -> Option<(u32, bool)> {
    let found = |language: &Language| {
        let at = language.months.iter().position(|names| names.iter().any(|name| name == word))?;
        Some((u32::try_from(at).ok()? + 1, language.month_first))
    };
    LANGUAGES.iter().find_map(found)
}

/// Whether a word in lower case is a day of the week.
pub(super) fn is_weekday(word: &str) -> bool {
    LANGUAGES.iter().any(|language| language.weekdays.iter().any(|day| day == word))
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failed set-up fails the test")]
mod tests {
    use super::*;

    #[test]
    fn every_file_can_be_read() {
        for (name, text) in FILES {
            let language: Language = toml::from_str(text).unwrap();
            assert_eq!(language.months.len(), 12, "{name}");
            let phrases = language.labels.values().flatten().chain(&language.weekdays);
            phrases.for_each(|phrase| assert_eq!(*phrase, phrase.to_lowercase(), "{name}"));
        }
        assert!(is_whole_currency("Rp") && is_currency("zł") && !is_currency("kg"));
    }

    #[test]
    fn labels_are_known_in_many_languages() {
        for (text, label) in [
            ("summe eur 12,92", Label::Total),
            ("suma pln", Label::Total),
            ("net à payer", Label::TotalFinal),
            ("bar 20,00", Label::Paid),
            ("troco", Label::Change),
            ("合計 ¥1,280", Label::TotalFinal),
        ] {
            assert!(label.is_in(text), "{text}");
        }
        assert!(!Label::Paid.is_in("chocolate bar 2.50"));
    }
}
