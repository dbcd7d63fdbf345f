//! Dates and times of day in a line of text, as they are printed.

use super::words::{FULL_MONTHS, MONTHS};

/// The first date of a text.
pub fn date(text: &str) -> Option<&str> {
    starts(text).find_map(|at| numeric(&text[at..]).or_else(|| chinese(&text[at..])).or_else(|| named(&text[at..])))
}

/// The first time of day of a text: `8:13`, `08:13:39 PM`.
pub(super) fn time(text: &str) -> Option<&str> {
    starts(text).find_map(|at| {
        let tail = &text[at..];
        let (hours, rest) = digits(tail, 1, 2)?;
        let (minutes, mut rest) = digits(rest.strip_prefix([':', '：'])?, 2, 2)?;
        if hours > 24 || minutes > 59 {
            return None;
        }
        if let Some((_, after)) = rest.strip_prefix(':').and_then(|rest| digits(rest, 2, 2)) {
            rest = after;
        }
        let marked = rest.trim_start();
        let half = ["am", "pm", "a.m.", "p.m."]
            .iter()
            .find(|half| marked.get(..half.len()).is_some_and(|start| start.eq_ignore_ascii_case(half)));
        if let Some(half) = half {
            rest = &marked[half.len()..];
        }
        Some(&tail[..tail.len() - rest.len()])
    })
}

/// All times of day of a text, with a.m. or p.m. where they have it.
pub fn times_in(text: &str) -> Vec<String> {
    let (mut rest, mut found) = (text, Vec::new());
    while let Some(time) = time(rest) {
        let Some(at) = rest.find(time) else { break };
        found.push(time.to_owned());
        rest = &rest[at + time.len()..];
    }
    found
}

/// Two times of day in one line: from when to when.
pub fn time_range(text: &str) -> Option<(String, String)> {
    let from = time(text)?;
    let behind = text.find(from)? + from.len();
    let to = time(text.get(behind..)?)?;
    Some((from.to_owned(), to.to_owned()))
}

/// A text that is a day, as `yyyy-mm-dd`.
pub(super) fn iso(text: &str) -> Option<String> {
    let day = numeric(text).filter(|day| day.len() == text.len())?;
    let parts: Vec<u32> = day.split(['/', '-', '.']).filter_map(|part| part.parse().ok()).collect();
    let [first, second, third] = parts[..] else { return None };
    let (year, month, day) = if first > 31 { (first, second, third) } else { (third, second, first) };
    let (month, day) = if month > 12 { (day, month) } else { (month, day) };
    let year = if year < 100 { year + 2000 } else { year };
    Some(format!("{year:04}-{month:02}-{day:02}"))
}

/// A text that is a time of day, in minutes since midnight.
pub(super) fn minutes(text: &str) -> Option<f64> {
    let found = time(text).filter(|found| found.len() == text.len())?;
    let lower = found.to_lowercase();
    let numbers: Vec<f64> = lower.split(|c: char| !c.is_ascii_digit()).filter_map(|part| part.parse().ok()).collect();
    let hours = numbers.first()? % if lower.ends_with(|c: char| c.is_alphabetic() || c == '.') { 12.0 } else { 24.0 };
    let half = if lower.contains('p') { 720.0 } else { 0.0 };
    Some(half + hours * 60.0 + numbers.get(1)? + numbers.get(2).copied().unwrap_or(0.0) / 60.0)
}

/// Where a number or a word begins.
fn starts(text: &str) -> impl Iterator<Item = usize> {
    let mut before = ' ';
    text.char_indices().filter_map(move |(at, character)| {
        let begins = character.is_ascii_alphanumeric()
            && !before.is_ascii_digit()
            && (character.is_ascii_digit() || !before.is_alphabetic());
        before = character;
        begins.then_some(at)
    })
}

/// A number of so many digits, and what follows it; `None` if it goes on.
fn digits(text: &str, least: usize, most: usize) -> Option<(u32, &str)> {
    let length = text.chars().take_while(char::is_ascii_digit).count();
    if length < least || length > most {
        return None;
    }
    Some((text[..length].parse().ok()?, &text[length..]))
}

/// `25/12/2018`, `12-01-19`, `2018.12.25`, with one separator throughout.
fn numeric(text: &str) -> Option<&str> {
    let (first, rest) = digits(text, 1, 4)?;
    let separator = rest.chars().next().filter(|c| matches!(c, '/' | '-' | '.'))?;
    let (second, rest) = digits(&rest[1..], 1, 2)?;
    let tail = rest.strip_prefix(separator)?;
    let (third, rest) = digits(tail, 1, 4)?;
    let length = text.len() - rest.len();
    let year_first = first > 31;
    let day_and_month = |a: u32, b: u32| {
        (1..=31).contains(&a) && (1..=12).contains(&b) || (1..=12).contains(&a) && (1..=31).contains(&b)
    };
    let year = |n: u32, digits: usize| (digits == 4 && (1900..2200).contains(&n)) || digits == 2;
    let third_digits = tail.len() - rest.len();
    let right = if year_first {
        year(first, 4) && day_and_month(second, third)
    } else {
        year(third, third_digits) && day_and_month(first, second)
    };
    // 1.20.30 is as likely a version or a price list as a date.
    let dotted = separator == '.' && third_digits != 4 && !year_first;
    (right && !dotted).then(|| &text[..length])
}

/// `2018年12月25日`.
fn chinese(text: &str) -> Option<&str> {
    let (_, rest) = digits(text, 2, 4)?;
    let (_, rest) = digits(rest.trim_start().strip_prefix('年')?.trim_start(), 1, 2)?;
    let rest = rest.trim_start().strip_prefix('月')?;
    let rest = match digits(rest.trim_start(), 1, 2) {
        Some((_, day)) => day.trim_start().strip_prefix(['日', '号']).unwrap_or(day),
        None => rest,
    };
    Some(&text[..text.len() - rest.len()])
}

/// `25 Dec 2018`, `25-DEC-18`, `December 25, 2018`, `Dec 25`.
fn named(text: &str) -> Option<&str> {
    let separated = |rest: &str| rest.len() - rest.trim_start_matches([' ', '-', ',', '.', '/', '\'']).len();
    if let Some((day, rest)) = digits(text, 1, 2) {
        let rest = ["st", "nd", "rd", "th"].iter().find_map(|ending| rest.strip_prefix(ending)).unwrap_or(rest);
        let (after_month, gap) = (&rest[separated(rest)..], separated(rest));
        let rest = month(after_month).filter(|_| gap < 3 && (1..=31).contains(&day))?;
        let (_, rest) = digits(&rest[separated(rest)..], 2, 4)?;
        return Some(&text[..text.len() - rest.len()]);
    }
    let rest = month(text)?;
    let (day, rest) = digits(&rest[separated(rest)..], 1, 2).filter(|(day, _)| (1..=31).contains(day))?;
    let rest = ["st", "nd", "rd", "th"].iter().find_map(|ending| rest.strip_prefix(ending)).unwrap_or(rest);
    let end = digits(&rest[separated(rest)..], 4, 4).map_or(rest, |(_, after)| after);
    (day > 0).then(|| &text[..text.len() - end.len()])
}

/// What follows the name of a month.
fn month(text: &str) -> Option<&str> {
    let length = text.chars().take_while(char::is_ascii_alphabetic).count();
    let word = text[..length].to_ascii_lowercase();
    let known =
        length >= 3 && MONTHS.contains(&word.get(..3)?) && (length <= 4 || FULL_MONTHS.contains(&word.as_str()));
    known.then(|| &text[length..])
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
            ("TEL:07-355 2616", None),
            ("012-3216447", None),
            ("1.20.30", None),
            ("45/13/2018", None),
            ("marching 25 people", None),
        ] {
            assert_eq!(date(text), wanted, "{text}");
        }
    }

    #[test]
    fn times_of_day() {
        assert_eq!(time("25/12/2018 8:13:39 PM."), Some("8:13:39 PM"));
        assert_eq!(time("12-01-19 21:13 SH01"), Some("21:13"));
        assert_eq!(time("ratio 16:9"), None);
    }
}
