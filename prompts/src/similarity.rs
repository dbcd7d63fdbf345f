//! How alike texts are, in any language: by the groups of characters that they share. Groups that few texts have count for
//! more, so that no list of empty words is needed.

use std::collections::{HashMap, HashSet};

/// Characters of a text that are looked at.
const LOOKED_AT: usize = 4000;

/// The texts that others are compared with, by how many of them have each group of characters.
#[derive(Clone, Debug, Default)]
pub struct Similarity {
    texts: usize,
    having: HashMap<String, usize>,
}

impl Similarity {
    /// Learns how common groups are from these texts.
    pub fn new<'a>(texts: impl IntoIterator<Item = &'a str>) -> Self {
        let mut learned = Self::default();
        for text in texts {
            learned.texts += 1;
            for group in groups(text) {
                *learned.having.entry(group).or_default() += 1;
            }
        }
        learned
    }

    /// From 0, nothing in common, to 1, the same.
    pub fn likeness(&self, a: &str, b: &str) -> f64 {
        let (a, b) = (groups(a), groups(b));
        let weight = |group: &String| {
            let having = self.having.get(group).copied().unwrap_or(0) as f64;
            ((1.0 + self.texts as f64) / (1.0 + having)).ln() + 0.1
        };
        let all = |groups: &HashSet<String>| groups.iter().map(weight).map(|weight| weight * weight).sum::<f64>();
        let length = (all(&a) * all(&b)).sqrt();
        if length <= 0.0 {
            return 0.0;
        }
        a.intersection(&b).map(weight).map(|weight| weight * weight).sum::<f64>() / length
    }
}

/// Groups of three characters of words with their borders; of two in scripts that are written without spaces. Digits do not
/// count: two tasks are no less alike for their numbers.
fn groups(text: &str) -> HashSet<String> {
    let mut found = HashSet::new();
    let lower: String = text.chars().take(LOOKED_AT).flat_map(char::to_lowercase).collect();
    for word in lower.split(|c: char| !c.is_alphabetic()).filter(|word| !word.is_empty()) {
        let wide = word.chars().any(is_unspaced);
        let characters: Vec<char> = if wide { word.chars().collect() } else { format!("_{word}_").chars().collect() };
        let size = if wide { 2 } else { 3 };
        found.extend(characters.windows(size).map(|group| group.iter().collect::<String>()));
    }
    found
}

/// Han, Kana and Hangul.
pub fn is_unspaced(character: char) -> bool {
    matches!(character, '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' | '\u{ac00}'..='\u{d7af}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn likeness_grows_with_shared_words_in_any_language() {
        let bank = [
            "Rotate the picture by 45 degrees.",
            "How many cups are there?",
            "Wie viele Tassen sind da?",
            "有几个杯子？",
        ];
        let similarity = Similarity::new(bank);
        let nearest = |task: &str| {
            bank.iter().max_by(|a, b| similarity.likeness(task, a).total_cmp(&similarity.likeness(task, b))).copied()
        };
        assert_eq!(nearest("please rotate this image 90 degrees"), Some(bank[0]));
        assert_eq!(nearest("how many spoons are there"), Some(bank[1]));
        assert_eq!(nearest("Wie viele Löffel sind da?"), Some(bank[2]));
        assert_eq!(nearest("图里有几个勺子？"), Some(bank[3]));
        assert!((similarity.likeness(bank[0], bank[0]) - 1.0).abs() < 1e-9);
        assert!(similarity.likeness("", bank[0]).abs() < 1e-9);
    }
}
