//! Dates and times of day in a line of text, as they are printed.

use std::ops::Range;

use super::{
    clock::{clock, digits},
    language,
    words::is_han,
};

/// A day as it is printed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Day {
    /// In full; `None` where only day and month are printed.
    pub(super) year: Option<u32>,
    /// 1 to 12.
    pub(super) month: u32,
    /// 1 to 31; `None` where only year and month are printed.
    pub(super) number: Option<u32>,
    /// Whether day and month may be meant the other way round.
    pub(super) either: bool,
}

/// The first date of a text.
pub fn date(text: &str) -> Option<&str> {
    day(text).map(|(span, _)| &text[span])
}

/// The first date of a text and where it stands.
pub(super) fn day(text: &str) -> Option<(Range<usize>, Day)> {
    starts(text).find_map(|at| {
        let tail = &text[at..];
        let (length, day) = numeric(tail).or_else(|| chinese(tail)).or_else(|| named(tail))?;
        Some((at..at + length, day))
    })
}

/// A day without a year that a text begins with: `05 Mar`, `3. Juni`, `Mar 5`.
pub(super) fn day_of_month(text: &str) -> Option<(usize, Day)> {
    let all = |day, month| Day { year: None, month, number: Some(day), either: false };
    if let Some((day, rest)) = digits(text, 1, 2).filter(|(day, _)| (1..=31).contains(day)) {
        let rest = between(ordinal(rest));
        let (month, _, rest) = month(rest)?;
        return Some((text.len() - rest.trim_start_matches('.').len(), all(day, month)));
    }
    let (month, first, rest) = month(text)?;
    let (day, rest) = digits(gap(rest), 1, 2).filter(|(day, _)| first && (1..=31).contains(day))?;
    Some((text.len() - rest.len(), all(day, month)))
}

/// The first time of day of a text: `8:13`, `08:13:39 PM`, also where it is glued to a date.
pub(super) fn time(text: &str) -> Option<&str> {
    let behind = day(text).map(|(span, _)| span.end);
    let all = behind.into_iter().chain(starts(text));
    all.filter(|at| text[*at..].starts_with(|c: char| c.is_ascii_digit()))
        .find_map(|at| clock(&text[at..]).map(|length| &text[at..at + length]))
}

/// Where the dates and times of a text stand.
pub(super) fn spans(text: &str) -> Vec<Range<usize>> {
    let mut found: Vec<Range<usize>> = Vec::new();
    let mut from = 0;
    while let Some((span, _)) = day(&text[from..]) {
        let span = span.start + from..span.end + from;
        let clock = clock(&text[span.end..]).unwrap_or(0);
        from = span.end + clock;
        found.push(span.start..from);
    }
    found
}

/// Two times of day in one line: from when to when.
pub(super) fn time_range(text: &str) -> Option<(String, String)> {
    let from = time(text)?;
    let behind = text.find(from)? + from.len();
    let to = time(text.get(behind..)?)?;
    Some((from.to_owned(), to.to_owned()))
}

/// Where a number or a word begins.
fn starts(text: &str) -> impl Iterator<Item = usize> {
    let mut before = ' ';
    text.char_indices().filter_map(move |(at, character)| {
        let begins = character.is_alphanumeric()
            && !before.is_ascii_digit()
            && (character.is_ascii_digit() || !before.is_alphabetic() || is_han(before));
        before = character;
        begins.then_some(at)
    })
}

/// A year of four digits or of two that a text begins with; a time of day may be glued to it.
fn year(text: &str) -> Option<(u32, &str)> {
    let length = text.chars().take_while(char::is_ascii_digit).count();
    let ends = |digits: usize| {
        length == digits || (length > digits && length <= digits + 2 && clock(&text[digits..]).is_some())
    };
    let number = |digits: usize| text.get(..digits).filter(|_| ends(digits))?.parse::<u32>().ok();
    if let Some(year) = number(4).filter(|year| (1900..2200).contains(year)) {
        return Some((year, &text[4..]));
    }
    // "1 January 15,320" and "3 June 12:30" hold no year.
    let goes_on = text
        .get(2..)
        .is_some_and(|rest| rest.starts_with(['.', ',', ':']) && rest[1..].starts_with(|c: char| c.is_ascii_digit()));
    Some((2000 + number(2).filter(|_| !goes_on)?, &text[2..]))
}

/// Whether a number continues behind a mark.
fn goes_on(rest: &str) -> bool {
    rest.starts_with(['.', ',', ':']) && rest[1..].starts_with(|c: char| c.is_ascii_digit())
}

/// `25/12/2018`, `12-01-19`, `2018.12.25`, with one separator throughout.
fn numeric(text: &str) -> Option<(usize, Day)> {
    let (first, rest) = digits(text, 1, 4)?;
    let separator = rest.chars().next().filter(|c| matches!(c, '/' | '-' | '.'))?;
    let wide = text.len() - rest.len() == 2;
    let behind = &rest[1..];
    let (second, rest) = digits(behind, 1, 2)?;
    let wide = wide && behind.len() - rest.len() == 2;
    let tail = rest.strip_prefix(separator)?;
    if first > 31 {
        let (third, rest) = digits(tail, 1, 2).or_else(|| glued_day(tail))?;
        let right = (1900..2200).contains(&first) && (1..=12).contains(&second) && (1..=31).contains(&third);
        let day = Day { year: Some(first), month: second, number: Some(third), either: false };
        return right.then_some((text.len() - rest.len(), day));
    }
    let (year, rest) = year(tail)?;
    // 1.20.30 is as likely a version or a price list as a date; so is 1.2.30.
    let short = tail.len() - rest.len() == 2;
    if separator == '.' && short && !(wide && second <= 12) {
        return None;
    }
    let (day, month) = if second > 12 && separator != '.' { (second, first) } else { (first, second) };
    let right = (1..=31).contains(&day) && (1..=12).contains(&month);
    let either = separator == '/' && day <= 12 && month <= 12 && day != month;
    right.then_some((text.len() - rest.len(), Day { year: Some(year), month, number: Some(day), either }))
}

/// Two digits of a day to which a time of day is glued.
fn glued_day(text: &str) -> Option<(u32, &str)> {
    let day = text.get(..2)?.parse().ok()?;
    clock(&text[2..]).map(|_| (day, &text[2..]))
}

/// `2018年12月25日`, `2018年12月`.
fn chinese(text: &str) -> Option<(usize, Day)> {
    let (year, rest) = digits(text, 2, 4)?;
    let (month, rest) = digits(rest.trim_start().strip_prefix('年')?.trim_start(), 1, 2)?;
    let rest = rest.trim_start().strip_prefix('月')?;
    let (day, rest) = match digits(rest.trim_start(), 1, 2) {
        Some((day, behind)) => (Some(day), behind.trim_start().strip_prefix(['日', '号']).unwrap_or(behind)),
        None => (None, rest),
    };
    let year = if year < 100 { year + 2000 } else { year };
    let right = (1..=12).contains(&month) && day.is_none_or(|day| (1..=31).contains(&day));
    right.then_some((text.len() - rest.len(), Day { year: Some(year), month, number: day, either: false }))
}

/// `25 Dec 2018`, `25-DEC-18`, `3. März 2025`, `3 de junio de 2025`, `December 25, 2018`, `Dec 25`.
fn named(text: &str) -> Option<(usize, Day)> {
    if let Some((day, rest)) = digits(text, 1, 2) {
        let rest = between(ordinal(rest));
        let (month, _, rest) = month(rest).filter(|_| (1..=31).contains(&day))?;
        let (year, rest) = year(between(rest)).filter(|_| !rest.starts_with(char::is_alphabetic))?;
        let day = Day { year: Some(year), month, number: Some(day), either: false };
        return Some((text.len() - rest.len(), day));
    }
    let (month, first, rest) = month(text)?;
    let (day, rest) = digits(gap(rest), 1, 2).filter(|(day, _)| first && (1..=31).contains(day))?;
    if goes_on(rest) {
        return None;
    }
    let rest = ordinal(rest);
    let (year, rest) = match digits(gap(rest), 4, 4) {
        Some((year, behind)) => (Some(year), behind),
        None => (None, rest),
    };
    Some((text.len() - rest.len(), Day { year, month, number: Some(day), either: false }))
}

/// Without spaces and marks at the start, at most two.
fn gap(text: &str) -> &str {
    let rest = text.trim_start_matches([' ', '-', ',', '.', '/', '\'']);
    if text.len() - rest.len() < 3 { rest } else { text }
}

/// Without what may stand between day, month and year: spaces, marks, `de`.
fn between(text: &str) -> &str {
    let rest = gap(text);
    ["de ", "del ", "of ", "do "].iter().find_map(|word| rest.strip_prefix(word)).unwrap_or(rest)
}

/// Without the ending of an ordinal: `1st`, `1er`, `1º`.
fn ordinal(text: &str) -> &str {
    ["st", "nd", "rd", "th", "er", "º", "°", "ª"].iter().find_map(|ending| text.strip_prefix(ending)).unwrap_or(text)
}

/// The month that a text begins with, whether it may stand before its day, and what follows it.
fn month(text: &str) -> Option<(u32, bool, &str)> {
    let length = text.find(|c: char| !c.is_alphabetic() || is_han(c)).unwrap_or(text.len());
    let (month, first) = language::month(&text[..length].to_lowercase())?;
    Some((month, first, &text[length..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_of_many_kinds() {
        for (text, wanted) in [
            ("25/12/2018 8:13:39 PM", Some("25/12/2018")),
            ("12-01-19 21:13 SH01", Some("12-01-19")),
            ("Date:2018-12-25", Some("2018-12-25")),
            ("on 25.12.2018.", Some("25.12.2018")),
            ("25 Dec 2018", Some("25 Dec 2018")),
            ("25-DEC-18", Some("25-DEC-18")),
            ("Paris, December 25, 2018", Some("December 25, 2018")),
            ("2018年12月25日 星期二", Some("2018年12月25日")),
            ("18.11.23 14:05 Bon 4711", Some("18.11.23")),
            ("27/06/185:02:32", Some("27/06/18")),
            ("27/06/20185:02:32", Some("27/06/2018")),
            ("le 1er août 2024", Some("1er août 2024")),
            ("3. März 2025", Some("3. März 2025")),
            ("3 de junio de 2025", Some("3 de junio de 2025")),
            ("5 de março de 2025", Some("5 de março de 2025")),
            ("12 ottobre 2024", Some("12 ottobre 2024")),
            ("7 mei 2024", Some("7 mei 2024")),
            ("TEL:07-355 2616", None),
            ("012-3216447", None),
            ("1.20.30", None),
            ("1.2.30", None),
            ("12.50 13.20", None),
            ("45/13/2018", None),
            ("Meter reading, 1 January 15,320", None),
            ("3 June 12:30", None),
            ("marching 25 people", None),
        ] {
            assert_eq!(date(text), wanted, "{text}");
        }
    }

    #[test]
    fn times_of_day() {
        assert_eq!(time("25/12/2018 8:13:39 PM."), Some("8:13:39 PM"));
        assert_eq!(time("12-01-19 21:13 SH01"), Some("21:13"));
        assert_eq!(time("27/06/185:02:32"), Some("5:02:32"));
        assert_eq!(time("ratio 16:9"), None);
    }
}
