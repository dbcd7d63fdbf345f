//! What a text says as a number, a day or a time of day.

use super::types::PageCell;
use crate::document::{
    amounts::notation,
    clock,
    dates::{self, Day},
    language::is_weekday,
    notation::Notation,
    quantity::Quantity,
};

/// What the page around a cell says of how its texts are to be read.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Context {
    /// How numbers are printed.
    pub(super) notation: Notation,
    /// Whether `03/05/2024` has its month first.
    pub(super) month_first: bool,
    /// The only year that the page names; days without one are of it.
    pub(super) year: Option<u32>,
}

impl Context {
    /// What all texts of a page say.
    pub(super) fn of_page<'a>(texts: impl Iterator<Item = &'a str> + Clone) -> Self {
        let days = || texts.clone().filter_map(|text| dates::day(text).map(|(_, day)| day));
        let mut years: Vec<u32> = days().filter_map(|day| day.year).collect();
        years.sort_unstable();
        years.dedup();
        let year = if let [year] = years[..] { Some(year) } else { None };
        Self { notation: notation(texts), month_first: false, year }
    }

    /// The same where the texts of a column say more.
    pub(super) fn of_column<'a>(self, texts: impl Iterator<Item = &'a str>) -> Self {
        let texts: Vec<&str> = texts.collect();
        let numbers: Vec<Quantity> =
            texts.iter().filter_map(|text| Quantity::parse(text, Notation::default())).collect();
        let own = Notation::of(numbers.iter().map(|number| (number.digits.as_str(), number.currency.as_deref())));
        // A day that has no other reading shows which way its column is printed.
        let month_first = texts.iter().any(|text| {
            let first = text.split('/').next().and_then(|first| first.trim().parse::<u32>().ok());
            text.contains('/')
                && dates::day(text)
                    .is_some_and(|(_, day)| first == Some(day.month) && day.number.is_some_and(|day| day > 12))
        });
        Self { notation: own.or(self.notation), month_first, ..self }
    }
}

impl PageCell {
    /// The cell of a text: its number with sign and decimals, its day, its time of day. A text that says more is none.
    pub fn parse(text: &str) -> Self {
        Self::parse_in(text, Context::default())
    }

    /// The same with what the page says.
    pub(super) fn parse_in(text: &str, context: Context) -> Self {
        let text = text.trim();
        let (day, minutes) = day_and_time(text);
        let date = day.and_then(|day| iso(day, context));
        let timed = date.is_some() || day.is_some() || minutes.is_some();
        let number = if timed { None } else { Quantity::parse(text, context.notation).map(|read| read.value) };
        Self { text: text.to_owned(), number, date, minutes, bbox: None }
    }
}

/// `yyyy-mm-dd` of a day.
fn iso(day: Day, context: Context) -> Option<String> {
    let (year, number) = (day.year.or(context.year)?, day.number?);
    let (month, number) = if day.either && context.month_first { (number, day.month) } else { (day.month, number) };
    Some(format!("{year:04}-{month:02}-{number:02}"))
}

/// The day and the time of day (in minutes) of a text that says nothing else.
pub(super) fn day_and_time(text: &str) -> (Option<Day>, Option<f64>) {
    let text = without_weekday(text);
    let whole = |length: usize, day: Day| (length == text.len()).then_some((0..length, day));
    let found = dates::day(text).or_else(|| dates::day_of_month(text).and_then(|(length, day)| whole(length, day)));
    let Some((span, day)) = found else { return (None, minutes(text)) };
    let rest = format!("{} {}", without_weekday(&text[..span.start]), without_weekday(&text[span.end..]));
    let rest = rest.trim_matches([' ', ',', '.', '-', '|', '(', ')']);
    match minutes(rest) {
        None if !rest.is_empty() => (None, None),
        minutes => (Some(day), minutes),
    }
}

/// Without a day of the week at its start.
fn without_weekday(text: &str) -> &str {
    let text = text.trim_matches([' ', ',']);
    let length = text.find(|c: char| !c.is_alphabetic()).unwrap_or(text.len());
    let rest = text[length..].trim_start_matches(['.', ',', ' ']);
    if is_weekday(&text[..length].to_lowercase()) { rest } else { text }
}

/// `07:15`, `7:15 pm`, `7h15`, `8 AM`, `14時30分` in minutes since midnight, seconds as a fraction.
fn minutes(text: &str) -> Option<f64> {
    let text = text.trim();
    let mut parts: Vec<f64> = Vec::new();
    let mut rest = text;
    let mut mark = ' ';
    while parts.len() < 3 {
        let length = rest.chars().take_while(char::is_ascii_digit).count();
        if length == 0 || length > 2 || (!parts.is_empty() && length != 2) {
            break;
        }
        parts.push(rest[..length].parse().ok()?);
        rest = &rest[length..];
        let next = rest.chars().next().filter(|c| matches!(c, ':' | '：' | 'h' | 'H' | '時' | '时' | '点' | '分'));
        let Some(next) = next else { break };
        mark = next;
        rest = &rest[next.len_utf8()..];
    }
    let half = clock::half(rest);
    let rest = half.map_or(rest, |(_, after)| after).trim().trim_end_matches('.');
    // "8" is a number, "8 AM", "8h" and "8時" are times.
    let marked = parts.len() > 1 || half.is_some() || matches!(mark, '時' | '时' | '点');
    let [hours, minutes, seconds] = [0, 1, 2].map(|at| parts.get(at).copied().unwrap_or(0.0));
    let right = !parts.is_empty() && marked && hours <= 24.0 && minutes < 60.0 && seconds < 60.0;
    let of_clock = matches!(rest.to_lowercase().as_str(), "" | "uhr" | "h" | "hrs");
    let hours = match half {
        Some((second, _)) => hours % 12.0 + if second { 12.0 } else { 0.0 },
        None => hours,
    };
    (right && of_clock).then_some(hours * 60.0 + minutes + seconds / 60.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_and_times() {
        for (text, date, minutes) in [
            ("18.11.23", Some("2023-11-18"), None),
            ("03/05/2024", Some("2024-05-03"), None),
            ("12/25/2018", Some("2018-12-25"), None),
            ("2024-03-05 12:00", Some("2024-03-05"), Some(720.0)),
            ("27/06/2018 5:02:30", Some("2018-06-27"), Some(302.5)),
            ("27/06/185:02:30", Some("2018-06-27"), Some(302.5)),
            ("Fri, 14 March 2025", Some("2025-03-14"), None),
            ("2025年3月5日", Some("2025-03-05"), None),
            ("2025年3月5日 星期三", Some("2025-03-05"), None),
            ("1er août 2024", Some("2024-08-01"), None),
            ("5 de março de 2025", Some("2025-03-05"), None),
            ("17-JAN-24", Some("2024-01-17"), None),
            ("7:15 pm", None, Some(1155.0)),
            ("12:05 am", None, Some(5.0)),
            ("8 AM", None, Some(480.0)),
            ("19h30", None, Some(1170.0)),
            ("14時30分", None, Some(870.0)),
            ("9:00 - 18:00", None, None),
            ("25/12", None, None),
            ("2025年7月", None, None),
        ] {
            let cell = PageCell::parse(text);
            assert_eq!((cell.date.as_deref(), cell.minutes), (date, minutes), "{text}");
            assert_eq!(cell.number, None, "{text}");
        }
    }

    #[test]
    fn what_the_page_says_decides() {
        let context = Context { month_first: true, year: Some(2026), ..Context::default() };
        assert_eq!(PageCell::parse_in("03/05/2024", context).date.as_deref(), Some("2024-03-05"));
        assert_eq!(PageCell::parse_in("05 Mar", context).date.as_deref(), Some("2026-03-05"));
        assert_eq!(PageCell::parse("05 Mar").date, None);
        assert_eq!(PageCell::parse("12.50").number, Some(12.5));
        assert_eq!(PageCell::parse("Room 12").number, None);
    }
}
