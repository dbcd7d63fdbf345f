//! Words of a task in English and Chinese: pieces, content words, handles, cuts at word borders.

use std::collections::BTreeSet;

/// How much of a text is looked at for words.
const LOOKED_AT: usize = 4000;

/// Words that say nothing of what a sentence is about.
const COMMON: &[&str] = &[
    "a", "about", "after", "again", "all", "also", "an", "and", "answer", "any", "are", "as", "ask", "asked", "at",
    "be", "been", "before", "but", "by", "can", "could", "did", "do", "does", "earlier", "find", "first", "for",
    "from", "give", "had", "has", "have", "he", "her", "here", "his", "how", "i", "if", "image", "in", "into", "is",
    "it", "its", "last", "list", "look", "make", "many", "me", "more", "much", "my", "name", "now", "number", "of",
    "on", "one", "or", "other", "out", "photo", "picture", "please", "question", "say", "see", "she", "show", "so",
    "some", "tell", "than", "that", "the", "their", "them", "then", "there", "these", "they", "this", "those", "to",
    "two", "up", "us", "use", "was", "we", "were", "what", "when", "where", "which", "who", "whose", "why", "will",
    "with", "would", "you", "your",
];

/// A run of letters or of digits, in lower case.
pub(super) fn pieces(text: &str) -> Vec<String> {
    let mut pieces: Vec<String> = Vec::new();
    let mut last = ' ';
    for character in text.chars().flat_map(char::to_lowercase) {
        if character.is_ascii_alphanumeric() {
            let goes_on = last.is_ascii_alphanumeric() && last.is_ascii_digit() == character.is_ascii_digit();
            match pieces.last_mut() {
                Some(piece) if goes_on => piece.push(character),
                _ => pieces.push(character.to_string()),
            }
        }
        last = character;
    }
    pieces
}

/// The handles of images that a text names, in its order: `img-3`, also as a part of `img-3/cup-1`.
pub(super) fn handles(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for (at, _) in text.match_indices("img-") {
        let begins_word = !text[..at].ends_with(|c: char| c.is_ascii_alphanumeric());
        let digits: String = text[at + 4..].chars().take_while(char::is_ascii_digit).collect();
        let handle = format!("img-{digits}");
        if begins_word && !digits.is_empty() && !found.contains(&handle) {
            found.push(handle);
        }
    }
    found
}

/// What a text is about: its words without the common ones, plurals as singulars; pairs of characters for scripts that
/// are written without spaces.
pub(super) fn content(text: &str) -> BTreeSet<String> {
    let text: String = text.chars().take(LOOKED_AT).flat_map(char::to_lowercase).collect();
    let mut words = BTreeSet::new();
    for word in text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()) {
        if word.is_ascii() {
            if !COMMON.contains(&word) && !COMMON.contains(&word.trim_end_matches('s')) {
                words.insert(stem(word).to_owned());
            }
        } else {
            let characters: Vec<char> = word.chars().collect();
            words.extend(characters.windows(2).map(|pair| pair.iter().collect::<String>()));
        }
    }
    words
}

/// The same for singular and plural: "bus" and "buses", "house" and "houses". No word of its own.
fn stem(word: &str) -> &str {
    let plural = |ending: &str, shortest: usize| {
        word.strip_suffix(ending).filter(|stem| word.len() > shortest && (ending == "es" || !stem.ends_with('s')))
    };
    let stem = plural("es", 4).or_else(|| plural("s", 3)).unwrap_or(word);
    stem.strip_suffix('e').filter(|short| short.len() > 2).unwrap_or(stem)
}

/// The first `limit` characters at most, cut between words where there are any, with an ellipsis in place of the rest.
pub(super) fn cut(text: &str, limit: usize) -> String {
    let Some((end, _)) = text.char_indices().nth(limit) else { return text.to_owned() };
    let (Some((room, _)), true) = (text.char_indices().nth(limit.saturating_sub(4)), limit > 4) else {
        return String::new();
    };
    let kept = &text[..room];
    let between = text[room..end].starts_with(char::is_whitespace);
    let border = kept.rfind(char::is_whitespace).filter(|border| !between && *border > kept.len() / 2);
    format!("{} ...", kept[..border.unwrap_or(kept.len())].trim_end())
}
