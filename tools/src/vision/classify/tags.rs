//! Everyday things, places and occasions, for images about which nothing more is asked.

/// One a line.
const LIST: &str = include_str!("tags.txt");

/// The words, in the order of the file.
pub(super) fn everyday() -> Vec<String> {
    LIST.lines().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_are_plain_and_stand_once() {
        let words = everyday();
        let distinct: std::collections::BTreeSet<&String> = words.iter().collect();
        assert_eq!(distinct.len(), words.len());
        assert!((380..=430).contains(&words.len()), "{}", words.len());
        assert!(words.iter().all(|word| word.len() < 30 && *word == word.to_lowercase()), "{words:?}");
    }
}
