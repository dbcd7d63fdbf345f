//! From the text of an expression to tokens with their positions.

use super::CalculateError;

/// One token.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Token {
    Number(f64),
    Name(String),
    /// One of `+ - * / % ^ ( ) , == != < <= > >=`.
    Sign(&'static str),
}

/// A token and the character position (from 1) where it begins.
pub(super) type Placed = (Token, usize);

const SIGNS: [&str; 16] = ["==", "!=", "<=", ">=", "**", "+", "-", "*", "/", "%", "^", "(", ")", ",", "<", ">"];

/// Characters that people and models write for a plain one; currency signs mean nothing to arithmetic.
fn plain(character: char) -> Option<char> {
    match character {
        '×' | '·' | '∙' => Some('*'),
        '÷' | '∕' => Some('/'),
        '−' | '–' => Some('-'),
        '[' | '{' => Some('('),
        ']' | '}' => Some(')'),
        '$' | '€' | '£' | '¥' | '₹' | '_' => None,
        '\u{a0}' | '\u{202f}' => Some(' '),
        other => Some(other),
    }
}

pub(super) fn tokens(text: &str) -> Result<Vec<Placed>, CalculateError> {
    let characters: Vec<(char, usize)> =
        text.chars().enumerate().filter_map(|(index, c)| plain(c).map(|c| (c, index + 1))).collect();
    let mut found = Vec::new();
    let mut at = 0;
    // Whether commas group thousands here: outside of calls they can mean nothing else, within one if its
    // arguments are separated by a comma and a space.
    let mut groups = vec![true];
    while let Some(&(character, position)) = characters.get(at) {
        if character.is_whitespace() {
            at += 1;
        } else if character.is_ascii_digit() || character == '.' {
            let grouped = groups.last().copied().unwrap_or(true);
            let (value, next) = match time(&characters, at) {
                Some(found) => found,
                None => number(&characters, at, grouped)?,
            };
            found.push((Token::Number(value), position));
            at = next;
        } else if character.is_alphabetic() {
            let name: String = characters[at..].iter().map(|(c, _)| *c).take_while(|c| c.is_alphanumeric()).collect();
            at += name.chars().count();
            found.push((Token::Name(name.to_lowercase()), position));
        } else {
            let sign = SIGNS.iter().find(|sign| {
                sign.chars()
                    .enumerate()
                    .all(|(step, c)| characters.get(at + step).is_some_and(|(other, _)| *other == c))
            });
            let Some(sign) = sign else {
                let lone = if character == '=' { " (equality is written ==)" } else { "" };
                return Err(CalculateError::at(position, format!("\"{character}\" means nothing here{lone}")));
            };
            match *sign {
                "(" if matches!(found.last(), Some((Token::Name(_), _))) => groups.push(spaced(&characters[at + 1..])),
                "(" => groups.push(groups.last().copied().unwrap_or(true)),
                ")" => drop(groups.pop()),
                _ => {}
            }
            at += sign.len();
            found.push((Token::Sign(if *sign == "**" { "^" } else { sign }), position));
        }
    }
    Ok(found)
}

/// Whether a call's arguments, up to its closing parenthesis, hold a comma with a space behind it.
fn spaced(rest: &[(char, usize)]) -> bool {
    let mut depth = 1;
    for pair in rest.windows(2) {
        match pair[0].0 {
            '(' => depth += 1,
            ')' => depth -= 1,
            ',' if pair[1].0.is_whitespace() => return true,
            _ => {}
        }
        if depth == 0 {
            return false;
        }
    }
    false
}

/// Whether a text holds a time of day.
pub(super) fn has_time(text: &str) -> bool {
    let characters: Vec<(char, usize)> = text.chars().enumerate().map(|(index, c)| (c, index)).collect();
    let begins = |at: usize| at == 0 || !(characters[at - 1].0.is_ascii_digit() || characters[at - 1].0 == ':');
    (0..characters.len()).any(|at| begins(at) && time(&characters, at).is_some())
}

/// A time of day such as `9:05`, in minutes, and where it ends.
fn time(characters: &[(char, usize)], start: usize) -> Option<(f64, usize)> {
    let digit = |at: usize| characters.get(at).and_then(|(c, _)| c.to_digit(10));
    let mut at = start;
    let mut hours = 0;
    while let Some(value) = digit(at).filter(|_| at < start + 2) {
        hours = hours * 10 + value;
        at += 1;
    }
    let colon = at > start && characters.get(at).is_some_and(|(c, _)| matches!(c, ':' | '：'));
    let (tens, ones) = (digit(at + 1)?, digit(at + 2)?);
    let fits = colon && hours <= 24 && tens < 6 && digit(at + 3).is_none();
    fits.then(|| (f64::from(hours * 60 + tens * 10 + ones), at + 3))
}

fn number(characters: &[(char, usize)], start: usize, grouped: bool) -> Result<(f64, usize), CalculateError> {
    let digit = |at: usize| characters.get(at).is_some_and(|(c, _)| c.is_ascii_digit());
    let is = |at: usize, wanted: char| characters.get(at).is_some_and(|(c, _)| *c == wanted);
    let mut text = String::new();
    let mut at = start;
    while digit(at) {
        text.push(characters[at].0);
        at += 1;
    }
    if !grouped && text.len() >= 2 && text.starts_with('0') {
        let why = "write numbers without thousands commas here, or put a space behind every comma between them";
        return Err(CalculateError::at(characters[start].1, why));
    }
    while grouped && is(at, ',') && digit(at + 1) {
        let triple = digit(at + 2) && digit(at + 3) && !digit(at + 4);
        if !triple || text.is_empty() || (text.len() > 3 && !text.contains('g')) {
            let why =
                "a comma in a number must stand before groups of three digits, as in 1,234.50; decimals take a point";
            return Err(CalculateError::at(characters[at].1, why));
        }
        // Marks that groups began, so that 1234,567 is refused and 1,234,567 is not.
        text.push('g');
        text.extend((1..4).map(|step| characters[at + step].0));
        at += 4;
    }
    text.retain(|c| c != 'g');
    if is(at, '.') {
        text.push('.');
        at += 1;
        while digit(at) {
            text.push(characters[at].0);
            at += 1;
        }
    }
    let signed = is(at + 1, '-') || is(at + 1, '+');
    if (is(at, 'e') || is(at, 'E')) && digit(at + 1 + usize::from(signed)) {
        text.extend(characters[at..=at + usize::from(signed)].iter().map(|(c, _)| *c));
        at += 1 + usize::from(signed);
        while digit(at) {
            text.push(characters[at].0);
            at += 1;
        }
    }
    let wrong = || CalculateError::at(characters[start].1, format!("\"{text}\" is not a number"));
    if is(at, '.') {
        return Err(CalculateError::at(characters[at].1, "a second decimal point in one number"));
    }
    let value: f64 = text.parse().map_err(|_| wrong())?;
    if !value.is_finite() {
        return Err(wrong());
    }
    Ok((value, at))
}
