//! Handles that a text names, and cuts between words.

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
