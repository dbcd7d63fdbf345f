//! How many tokens a text is, without the model's tokenizer.

/// A cautious guess at the tokens of a text: rather too many than too few, so that what is budgeted with it fits. Within
/// what byte-pair tokenizers of some 100,000 entries do: about four letters a token, each digit and nearly each sign on
/// its own, about one and a half tokens a Chinese, Japanese or Korean character.
pub fn estimate_tokens(text: &str) -> usize {
    // In hundredths of a token.
    let (mut sum, mut letters) = (0_usize, 0_usize);
    for character in text.chars().chain([' ']) {
        if character.is_ascii_alphabetic() {
            letters += 1;
            continue;
        }
        sum += word(std::mem::take(&mut letters));
        sum += match character {
            // A blank belongs to the word after it.
            ' ' => 5,
            '\n' | '\t' | '\r' => 50,
            '0'..='9' => 100,
            character if character.is_ascii() => 70,
            character if is_ideographic(character) => 150,
            character => 50 * character.len_utf8(),
        };
    }
    sum.saturating_sub(5).div_ceil(100)
}

/// A run of letters: common words are one token up to some eight letters, rare ones are cut every three or four.
fn word(letters: usize) -> usize {
    match letters {
        0 => 0,
        1..=4 => 100,
        5..=8 => 125,
        more => more * 25,
    }
}

/// Chinese, Japanese, Korean.
fn is_ideographic(character: char) -> bool {
    matches!(character, '\u{1100}'..='\u{11ff}' | '\u{2e80}'..='\u{9fff}' | '\u{ac00}'..='\u{d7af}'
        | '\u{f900}'..='\u{faff}' | '\u{ff00}'..='\u{ffef}' | '\u{20000}'..='\u{3ffff}')
}
