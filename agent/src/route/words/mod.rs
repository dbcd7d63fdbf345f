//! The words behind the rules: helpers here, tables beside.

mod chinese;
mod english;
mod tables;

pub(super) use argus_tools::document::words::{
    FULL_MONTHS, MONTHS, SUMMARY_WORDS, find_phrase, has_any, has_han, has_phrase, is_han, number_word, words,
};
pub(super) use chinese::{CLASSES, COLORS as CHINESE_COLORS, REQUESTS as CHINESE_REQUESTS};
pub(super) use english::*;
pub(super) use tables::*;

/// Whether a text is mostly Chinese: a Chinese character says about as much as a word of Latin letters.
pub(super) fn is_chinese(text: &str) -> bool {
    let han = text.chars().filter(|c| is_han(*c)).count();
    let latin = text.split(|c: char| !c.is_ascii_alphabetic()).filter(|word| word.len() > 1).count();
    han > latin
}

/// Lower case, short forms written out, single spaces, without end marks.
pub(super) fn plain(text: &str) -> String {
    let mut plain = format!(" {} ", text.to_lowercase().replace('’', "'"));
    for (short, long) in SHORT_FORMS {
        plain = plain.replace(short, long);
    }
    let plain = plain.split_whitespace().collect::<Vec<_>>().join(" ");
    plain.trim_end_matches(['.', '?', '!', ' ', ',', ';', ':', '。', '？', '！', '，', '；']).to_owned()
}

/// What follows a phrase, if it stands in the text.
pub(super) fn after<'a>(text: &'a str, phrase: &str) -> Option<&'a str> {
    find_phrase(text, phrase).map(|at| text[at + phrase.len()..].trim_start())
}

/// A text without the polite words that a request begins with.
pub(super) fn without_politeness(text: &str) -> &str {
    let mut rest = text.trim();
    loop {
        let shorter = POLITE.iter().find_map(|phrase| {
            let tail = rest.strip_prefix(phrase)?;
            let ends = tail.chars().next().is_none_or(|c| !c.is_alphanumeric() || is_han(c));
            ends.then(|| tail.trim_start_matches([' ', ',', '!', '.', ':', '，']))
        });
        match shorter {
            Some(tail) if !tail.is_empty() => rest = tail,
            _ => return rest,
        }
    }
}

/// The place of an ordinal, from 0; "last" is the last.
pub(super) fn ordinal(word: &str) -> Option<usize> {
    if word == "last" {
        return Some(usize::MAX);
    }
    let named = ORDINALS.iter().position(|known| *known == word);
    let digits = || {
        let number = word.strip_suffix("st").or(word.strip_suffix("nd")).or(word.strip_suffix("rd"));
        number.or(word.strip_suffix("th"))?.parse::<usize>().ok()?.checked_sub(1)
    };
    named.or_else(digits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn phrases_stand_at_borders() {
        assert!(has_phrase("what is the total?", "total") && !has_phrase("totally", "total"));
        assert_eq!(after("how many cups are there", "how many"), Some("cups are there"));
        assert!(has_phrase("图里有几只猫", "几"));
    }

    #[test]
    fn plain_text_has_no_short_forms_and_no_politeness() {
        assert_eq!(plain("What’s  this?"), "what is this");
        assert_eq!(without_politeness("hello, could you please tell me how many"), "how many");
        assert_eq!(without_politeness("hi"), "hi");
    }

    #[test]
    fn languages_and_numbers_are_told() {
        assert!(is_chinese("图里有几只cat？") && !is_chinese("What does 猫 mean here?"));
        assert_eq!(
            (number_word("three"), number_word("两"), ordinal("2nd"), ordinal("second")),
            (Some(3), Some(2), Some(1), Some(1))
        );
    }
}
