//! Dates in a text, however they are written.

use crate::text::{Token, tokens};

/// Year, month, day.
pub(super) type Date = (u32, u32, u32);

const MONTHS: [&str; 12] = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];

/// All that three neighbouring numbers or names of months can mean: `09/01/2019` is two dates.
pub(super) fn dates(text: &str) -> Vec<Date> {
    let tokens: Vec<Token> = tokens(text).into_iter().filter(|token| !ordinal(token)).collect();
    tokens.windows(3).flat_map(|window| meanings(&window[0], &window[1], &window[2])).collect()
}

/// Endings of `3rd`, and `年`, `月`, `日`.
fn ordinal(token: &Token) -> bool {
    matches!(token, Token::Word(word) if matches!(word.as_str(), "st" | "nd" | "rd" | "th" | "of" | "年" | "月" | "日"))
}

fn meanings(a: &Token, b: &Token, c: &Token) -> Vec<Date> {
    let whole =
        |token: &Token| token.number().filter(|n| n.fract() == 0.0 && (1.0..=9999.0).contains(n)).map(|n| n as u32);
    let month = |token: &Token| match token {
        Token::Word(word) if word.len() >= 3 => {
            MONTHS.iter().position(|name| word.starts_with(name)).map(|at| at as u32 + 1)
        }
        _ => None,
    };
    let orders = match (month(a), month(b), whole(a), whole(b), whole(c)) {
        (_, Some(month), Some(day), _, Some(year)) | (Some(month), _, _, Some(day), Some(year)) => {
            vec![(year, month, day)]
        }
        (_, _, Some(a), Some(b), Some(c)) => vec![(c, b, a), (c, a, b), (a, b, c)],
        _ => Vec::new(),
    };
    let full = |year: u32| if year < 100 { year + 2000 } else { year };
    let real = |(year, month, day): &Date| {
        (1..=12).contains(month) && (1..=31).contains(day) && (*year < 100 || (1900..2100).contains(year))
    };
    orders.into_iter().filter(real).map(|(year, month, day)| (full(year), month, day)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn however_they_are_written() {
        for text in ["25/12/2018", "on 25-12-18.", "December 25th, 2018", "25 Dec 2018", "2018-12-25", "2018年12月25日"]
        {
            assert!(dates(text).contains(&(2018, 12, 25)), "{text}: {:?}", dates(text));
        }
        assert_eq!(dates("09/01/2019"), [(2019, 1, 9), (2019, 9, 1)]);
        assert!(dates("12 cups, 14 spoons and 9000 plates").is_empty());
    }
}
