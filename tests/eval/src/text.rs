//! Answers as tokens: words and numbers, without case, punctuation and typography.

/// A word or a number of a text.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Token {
    /// A word in lower case; of Chinese, one character.
    Word(String),
    /// A number, and whether it was written as a word (`two`, `两`).
    Number(f64, bool),
}

impl Token {
    /// The value of a number, in figures or as a word.
    pub(super) fn number(&self) -> Option<f64> {
        match self {
            Self::Number(value, _) => Some(*value),
            Self::Word(_) => None,
        }
    }

    fn same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Number(a, _), Self::Number(b, _)) => close(*a, *b),
            (Self::Word(a), Self::Word(b)) => a == b || plural(a, b) || plural(b, a),
            _ => false,
        }
    }
}

fn close(a: f64, b: f64) -> bool {
    (a - b).abs() <= 1e-6 * a.abs().max(b.abs()).max(1.0)
}

fn plural(one: &str, many: &str) -> bool {
    one.len() > 2 && matches!(many.strip_prefix(one), Some("s" | "es"))
}

const NUMBERS: [&str; 21] = [
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
    "twenty",
];
const CHINESE_NUMBERS: &str = "零一二三四五六七八九十";

/// Typography that means the same, one character for one.
fn plain(c: char) -> char {
    match c {
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(c as u32 - 0xfee0).unwrap_or(c),
        '\u{3000}' | '\u{a0}' | '\u{202f}' | '\u{2009}' => ' ',
        '\u{2018}' | '\u{2019}' | '\u{2bc}' => '\'',
        '\u{2010}'..='\u{2015}' | '\u{2212}' => '-',
        'à' | 'á' | 'â' | 'ã' | 'å' => 'a',
        'è' | 'é' | 'ê' | 'ë' => 'e',
        'ì' | 'í' | 'î' | 'ï' => 'i',
        'ò' | 'ó' | 'ô' | 'õ' => 'o',
        'ù' | 'ú' | 'û' => 'u',
        'ç' => 'c',
        'ñ' => 'n',
        c => c,
    }
}

/// The words and numbers of a text, in order. A handle such as `img-1/cup-2` is the words `img-1` and `cup`; its numbers
/// count nothing.
pub(super) fn tokens(text: &str) -> Vec<Token> {
    let lower: String = text.to_lowercase();
    let chars: Vec<char> = lower.chars().map(plain).collect();
    let mut tokens = Vec::new();
    let mut at = 0;
    while at < chars.len() {
        let c = chars[at];
        if let Some(end) = handle(&chars, at) {
            let name: String = chars[at..end].iter().collect();
            let (image, region) = name.split_once('/').unwrap_or((&name, ""));
            tokens.push(Token::Word(image.to_owned()));
            tokens.extend(region.split(|c: char| !c.is_alphabetic()).filter(|word| !word.is_empty()).map(word_token));
            at = end;
        } else if c.is_ascii_digit() {
            let (value, end) = number(&chars, at);
            tokens.push(Token::Number(value, false));
            at = end;
        } else if is_chinese(c) {
            let (token, end) = chinese(&chars, at);
            tokens.push(token);
            at = end;
        } else if c.is_alphabetic() {
            let inside = |i: usize| {
                let c = chars[i];
                (c.is_alphabetic() && !is_chinese(c))
                    || (c == '\'' && chars.get(i + 1).is_some_and(|next| next.is_alphabetic()))
            };
            let end = (at..chars.len()).find(|i| !inside(*i)).unwrap_or(chars.len());
            let word: String = chars[at..end].iter().collect();
            tokens.push(word_token(word.strip_suffix("'s").unwrap_or(&word)));
            at = end;
        } else {
            at += 1;
        }
    }
    tokens
}

fn word_token(word: &str) -> Token {
    match NUMBERS.iter().position(|name| *name == word) {
        Some(value) => Token::Number(value as f64, true),
        None => Token::Word(word.to_owned()),
    }
}

fn is_chinese(c: char) -> bool {
    ('\u{4e00}'..='\u{9fff}').contains(&c)
}

/// Where an image or region handle that begins here ends.
fn handle(chars: &[char], at: usize) -> Option<usize> {
    let starts = chars[at..].starts_with(&['i', 'm', 'g', '-']) && (at == 0 || !chars[at - 1].is_alphanumeric());
    if !starts || !chars.get(at + 4).is_some_and(char::is_ascii_digit) {
        return None;
    }
    let mut end = at + 4;
    while chars.get(end).is_some_and(char::is_ascii_digit) {
        end += 1;
    }
    if chars.get(end) == Some(&'/') && chars.get(end + 1).is_some_and(|c| c.is_alphabetic()) {
        end += 1;
        while chars.get(end).is_some_and(|c| c.is_alphanumeric() || matches!(c, '-' | '_')) {
            end += 1;
        }
    }
    Some(end)
}

/// The number that begins at this digit, and where it ends. `1,234.50` and `1 234` are one number or two as people write
/// them: a comma before exactly three digits separates thousands, before exactly two it is a decimal comma; `25.12.2018`
/// is three numbers.
fn number(chars: &[char], start: usize) -> (f64, usize) {
    let digits = |from: usize| chars[from..].iter().take_while(|c| c.is_ascii_digit()).count();
    let is = |at: usize, c: char| chars.get(at) == Some(&c);
    let digit_at = |at: usize| chars.get(at).is_some_and(char::is_ascii_digit);
    let first = digits(start);
    let mut end = start + first;
    let mut text: String = chars[start..end].iter().collect();
    let dotted_before = start > 0 && chars[start - 1] == '.' && start > 1 && chars[start - 2].is_ascii_digit();
    if first <= 3 {
        while is(end, ',') && digits(end + 1) == 3 {
            text.extend(&chars[end + 1..end + 4]);
            end += 4;
        }
    }
    let grouped = end > start + first;
    if !dotted_before && is(end, '.') && digit_at(end + 1) {
        let fraction = digits(end + 1);
        let after = end + 1 + fraction;
        // A second point makes it a date or a version.
        if !(is(after, '.') && digit_at(after + 1)) {
            text.push('.');
            text.extend(&chars[end + 1..after]);
            end = after;
        }
    } else if !grouped && is(end, ',') && digits(end + 1) == 2 && !is(end + 3, ',') && !is(end + 3, '.') {
        text.push('.');
        text.extend(&chars[end + 1..end + 3]);
        end += 3;
    }
    let sign_before = start > 0 && chars[start - 1] == '-';
    let negative =
        sign_before && (start == 1 || chars[start - 2].is_whitespace() || "$€£¥(:=".contains(chars[start - 2]));
    let value: f64 = text.parse().unwrap_or(f64::NAN);
    (if negative { -value } else { value }, end)
}

/// A Chinese character, or a number in Chinese figures up to 99.
fn chinese(chars: &[char], at: usize) -> (Token, usize) {
    let value = |c: char| match c {
        '两' => Some(2),
        '〇' => Some(0),
        c => CHINESE_NUMBERS.chars().position(|figure| figure == c),
    };
    let Some(first) = value(chars[at]) else {
        return (Token::Word(chars[at].to_string()), at + 1);
    };
    let next = chars.get(at + 1).copied().and_then(value);
    let (number, end) = match (first, next) {
        (10, Some(unit)) if unit < 10 => (10 + unit, at + 2),
        (tens, Some(10)) if tens < 10 => match chars.get(at + 2).copied().and_then(value) {
            Some(unit) if unit < 10 => (tens * 10 + unit, at + 3),
            _ => (tens * 10, at + 2),
        },
        (single, _) => (single, at + 1),
    };
    (Token::Number(number as f64, true), end)
}

/// Whether the tokens of `part` stand in `whole` one after the other.
pub(super) fn contains(whole: &[Token], part: &[Token]) -> bool {
    !part.is_empty() && whole.windows(part.len()).any(|window| window.iter().zip(part).all(|(a, b)| a.same(b)))
}

/// Letters and digits alone: for texts whose spaces a reader lost.
pub(super) fn compact(text: &str) -> String {
    text.to_lowercase().chars().map(plain).filter(|c| c.is_alphanumeric()).collect()
}

/// All numbers of a text.
pub(super) fn numbers(tokens: &[Token]) -> Vec<f64> {
    tokens.iter().filter_map(Token::number).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(answer: &str, part: &str) -> bool {
        contains(&tokens(answer), &tokens(part))
    }

    #[test]
    fn words_are_whole_and_plurals_forgiven() {
        assert!(found("It is not so; no, really.", "no") && !found("It is not so.", "no"));
        assert!(found("There are two cups.", "cup") && found("One bus", "buses") && !found("A cupboard", "cup"));
        assert!(found("Joe\u{2019}s Diner", "joe's diner") && found("at Joe's", "joe"));
        assert!(found("the CAFÉ “Rosé”", "cafe rose") && found("an ice-cream truck", "ice cream"));
        assert!(!found("it isn't", "is") && !found("anything", ""));
    }

    #[test]
    fn numbers_are_compared_as_numbers() {
        assert!(found("It costs $9.00.", "9") && found("RM9", "9.00") && found("There are two.", "2"));
        assert!(found("1,234.50 in all", "1234.5") && found("12,50 EUR", "12.5") && found("3,000,000", "3000000"));
        assert!(found("25.12.2018", "25/12/2018") && found("at 07:05", "7:05") && !found("it is 19.00", "9"));
        assert_eq!(numbers(&tokens("-2 or (-3) or 10-12, 1,2,3")), [-2.0, -3.0, 10.0, 12.0, 1.0, 2.0, 3.0]);
        assert_eq!(numbers(&tokens("img-2 shows img-1/cup-3 and 4 spoons")), [4.0]);
        assert_eq!(numbers(&tokens("有两个杯子，十二把勺子，二十三个，３个")), [2.0, 12.0, 23.0, 3.0]);
        assert!(!found("12.5.1", "12.5"), "a version is no decimal");
        assert!(found("It is in IMG-2.", "img-2") && !found("It is in img-1/cup-2", "img-2"));
    }
}
