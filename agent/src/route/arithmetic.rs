//! Arithmetic in words: "17.5 percent of 240", "the total divided by 4", "the average of 3, 4 and 5".

use super::{fields::Field, words::after};

/// Words and the sign that they mean, longer ones first.
const SIGNS: &[(&str, &str)] = &[
    ("multiplied by", "*"),
    ("divided by", "/"),
    ("split between", "/"),
    ("split among", "/"),
    ("split by", "/"),
    ("to the power of", "^"),
    ("percent of", "% of"),
    ("per cent of", "% of"),
    ("% of", "% of"),
    ("squared", "^ 2"),
    ("cubed", "^ 3"),
    ("plus", "+"),
    ("minus", "-"),
    ("times", "*"),
    ("half of", "0.5 *"),
    ("a half of", "0.5 *"),
    ("half", "0.5 *"),
    ("twice", "2 *"),
    ("double", "2 *"),
    ("a third of", "1 / 3 *"),
    ("a quarter of", "0.25 *"),
    ("percent", "%"),
    ("per cent", "%"),
    ("square root of", "sqrt"),
    ("sqrt", "sqrt"),
    ("shared by", "/"),
];
const FUNCTIONS: &[(&str, &str)] = &[
    ("sum of", "sum"),
    ("average of", "avg"),
    ("mean of", "avg"),
    ("median of", "median"),
    ("maximum of", "max"),
    ("minimum of", "min"),
    ("largest of", "max"),
    ("smallest of", "min"),
    ("product of", "*"),
    ("difference between", "-"),
    ("difference of", "-"),
];
/// Words that change nothing.
const FILLERS: &[&str] = &[
    "the",
    "what",
    "is",
    "are",
    "equal",
    "equals",
    "to",
    "result",
    "answer",
    "calculate",
    "compute",
    "people",
    "persons",
    "of us",
    "a",
    "tip",
    "dollars",
    "euros",
    "in",
    "and",
    "please",
    "friends",
    "ways",
    "exactly",
    "value",
];

/// The expression for `calculate` that a text (in lower case) states, if it states one as a whole. Fields of a document in it
/// are looked up.
pub(super) fn expression(text: &str, lookup: &dyn Fn(&Field) -> Option<String>) -> Option<String> {
    let text = text.trim().trim_end_matches(['?', '=', '.', '!', ' ']);
    if let Some((name, rest)) = FUNCTIONS.iter().find_map(|(words, name)| Some((*name, after(text, words)?))) {
        return listed(name, rest, lookup);
    }
    let tokens = tokens(text, lookup)?;
    let numbers = tokens.iter().filter(|token| token.starts_with(|c: char| c.is_ascii_digit())).count();
    let operated = tokens
        .iter()
        .any(|token| matches!(token.as_str(), "+" | "-" | "*" | "/" | "^" | "% of" | "sqrt" | "%" | "<" | ">"));
    let starts = tokens.first().is_some_and(|token| !matches!(token.as_str(), "+" | "*" | "/" | "^" | "% of" | "%"));
    let ends =
        tokens.last().is_some_and(|token| !matches!(token.as_str(), "+" | "-" | "*" | "/" | "^" | "% of" | "sqrt"));
    let joined = tokens.windows(2).all(|pair| !(is_value(&pair[0]) && is_value(&pair[1])));
    let enough = numbers >= 2 || (numbers == 1 && tokens.iter().any(|token| token == "sqrt"));
    if !(enough && operated && starts && ends && joined) {
        return None;
    }
    Some(with_percents(&tokens))
}

fn is_value(token: &str) -> bool {
    token.starts_with(|c: char| c.is_ascii_digit())
}

/// "the sum of 3, 4 and 5"
fn listed(name: &str, rest: &str, lookup: &dyn Fn(&Field) -> Option<String>) -> Option<String> {
    let rest = rest.replace(", and ", ",").replace(" and ", ",").replace(", ", ",");
    let values: Vec<String> = rest
        .split(',')
        .map(|piece| {
            let tokens = tokens(piece, lookup)?;
            if let [only] = tokens.as_slice() { is_value(only).then(|| only.clone()) } else { None }
        })
        .collect::<Option<_>>()?;
    if values.len() < 2 {
        return None;
    }
    Some(match name {
        "*" | "-" => values.join(&format!(" {name} ")),
        function => format!("{function}({})", values.join(", ")),
    })
}

fn tokens(text: &str, lookup: &dyn Fn(&Field) -> Option<String>) -> Option<Vec<String>> {
    let mut found: Vec<String> = Vec::new();
    let mut rest = text.trim_start();
    'next: while !rest.is_empty() {
        for (words, sign) in SIGNS {
            if let Some(tail) = rest.strip_prefix(words).filter(|tail| !tail.starts_with(char::is_alphanumeric)) {
                found.extend(if *sign == "% of" {
                    vec!["% of".to_owned()]
                } else {
                    sign.split(' ').map(str::to_owned).collect()
                });
                rest = tail.trim_start();
                continue 'next;
            }
        }
        let first = rest.chars().next()?;
        if first.is_ascii_digit() || (first == '.' && rest[1..].starts_with(|c: char| c.is_ascii_digit())) {
            let length = rest.find(|c: char| !(c.is_ascii_digit() || matches!(c, '.' | ','))).unwrap_or(rest.len());
            let number = rest[..length].trim_end_matches(['.', ',']);
            let plain = number.replace(',', "");
            plain.parse::<f64>().ok()?;
            found.push(plain);
            rest = &rest[number.len()..];
            // "2x" is two times, "2nd" is no number.
            if rest.starts_with(|c: char| c.is_alphabetic() && c != 'x' && !super::words::is_han(c)) {
                return None;
            }
        } else if let Some(sign) = sign(first) {
            found.push(sign.to_owned());
            rest = &rest[first.len_utf8()..];
        } else if matches!(first, '$' | '€' | '£' | '¥' | ',') {
            rest = &rest[first.len_utf8()..];
        } else if let Some(tail) =
            rest.strip_prefix("x ").filter(|_| found.last().is_some_and(|token| is_value(token) || token == ")"))
        {
            found.push("*".into());
            rest = tail;
        } else if let Some((field, length)) = Field::prefix(rest).filter(|(field, _)| field.is_amount()) {
            found.push(lookup(&field)?);
            rest = &rest[length..];
        } else {
            let length = rest.find(|c: char| !c.is_alphanumeric()).unwrap_or(rest.len());
            if length == 0 || !FILLERS.contains(&&rest[..length]) {
                return None;
            }
            rest = &rest[length..];
        }
        rest = rest.trim_start();
    }
    Some(found)
}

fn sign(character: char) -> Option<&'static str> {
    Some(match character {
        '+' => "+",
        '-' | '−' => "-",
        '*' | '×' => "*",
        '/' | '÷' => "/",
        '^' => "^",
        '(' => "(",
        ')' => ")",
        '%' => "%",
        '<' => "<",
        '>' => ">",
        _ => return None,
    })
}

/// "X plus 10 percent" is more than X by a tenth of X.
fn with_percents(tokens: &[String]) -> String {
    if let [head @ .., sign, number, percent] = tokens {
        let added = matches!(sign.as_str(), "+" | "-") && percent == "%" && is_value(number) && !head.is_empty();
        if added {
            return format!("({}) * (1 {sign} {number} / 100)", head.join(" "));
        }
    }
    tokens
        .join(" ")
        .replace(" %", "%")
        .replace("sqrt ", "sqrt")
        .split("sqrt")
        .enumerate()
        .map(|(at, piece)| {
            if at == 0 || piece.starts_with('(') {
                return if at == 0 { piece.to_owned() } else { format!("sqrt{piece}") };
            }
            let (number, tail) = piece.split_once(' ').unwrap_or((piece, ""));
            format!("sqrt({number}) {tail}").trim_end().to_owned()
        })
        .collect()
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failed set-up fails the test")]
mod tests {
    use argus_tools::vision::calculate::{Answer, calculate};

    use super::*;

    fn value(text: &str) -> f64 {
        let total = |field: &Field| (*field == Field::Total).then(|| "80.00".to_owned());
        let expression = expression(text, &total).unwrap_or_else(|| text.to_owned());
        match calculate(&expression).map_err(|error| format!("{text} as {expression}: {error}")).unwrap() {
            Answer::Whole(value) => value as f64,
            Answer::Decimal(value) => value,
            Answer::Truth(value) => f64::from(u8::from(value)),
        }
    }

    #[test]
    fn words_become_numbers() {
        for (text, wanted) in [
            ("17.5 percent of 240", 42.0),
            ("17.5% of 240?", 42.0),
            ("3 + 4 * 2", 11.0),
            ("12 divided by 4 plus 1", 4.0),
            ("the sum of 3, 4 and 5", 12.0),
            ("the average of 3, 4 and 5", 4.0),
            ("the difference between 10 and 4", 6.0),
            ("the product of 6 and 7", 42.0),
            ("half of the total", 40.0),
            ("the total divided by 4", 20.0),
            ("the total plus 10 percent", 88.0),
            ("25% of the total amount", 20.0),
            ("twice the total", 160.0),
            ("1,200 minus 200", 1000.0),
            ("square root of 81", 9.0),
            ("5 squared", 25.0),
            ("(2 + 3) x 4", 20.0),
        ] {
            assert!((value(text) - wanted).abs() < 1e-9, "{text}");
        }
    }

    #[test]
    fn other_texts_are_no_expressions() {
        for text in [
            "the total",
            "this",
            "the 2nd cup",
            "5",
            "how many cups plus spoons",
            "25/12 cups",
            "the difference between the cup and 3",
        ] {
            assert_eq!(expression(text, &|_| None), None, "{text}");
        }
    }
}
