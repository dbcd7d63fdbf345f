//! How numbers are printed: which mark parts the decimals and which groups thousands.

use super::language::is_whole_currency;

/// What the numbers around one say about how it is to be read.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(super) struct Notation {
    /// The mark before the decimals, where that is known.
    pub(super) decimal: Option<char>,
    /// Whether amounts have no decimals, as in a currency without cents.
    pub(super) whole: bool,
}

/// A printed number.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Printed {
    /// Its value, without sign.
    pub(super) value: f64,
    /// How many decimals it has.
    pub(super) decimals: usize,
    /// Whether marks group its thousands.
    pub(super) grouped: bool,
}

/// Digits of a number at most; longer ones are codes.
const DIGITS: usize = 11;
/// The same with grouped thousands.
const GROUPED: usize = 15;

/// Marks that only ever group: apostrophes, no-break and thin spaces.
fn only_groups(c: char) -> bool {
    matches!(c, '\'' | '’' | '\u{2018}' | '`' | '´' | '\u{a0}' | '\u{2009}' | '\u{202f}')
}

/// How many bytes the number takes that a text begins with. `spaced`: a plain space may group its thousands.
pub(super) fn scan(text: &str, spaced: bool) -> usize {
    let digits = |from: usize| text[from..].chars().take_while(char::is_ascii_digit).count();
    let mut end = digits(0);
    let groups = (1..=3).contains(&end) && !text.starts_with('0');
    while let Some(mark) = text[end..].chars().next() {
        let next = digits(end + mark.len_utf8());
        let joins = match mark {
            '.' | ',' => next > 0,
            ' ' => spaced && groups && next == 3 && !text[..end].contains(['.', ',']),
            mark => only_groups(mark) && groups && next == 3,
        };
        if !joins {
            break;
        }
        end += mark.len_utf8() + next;
    }
    end
}

/// The value of digits with their marks. A mark before exactly three digits is read as `notation` says.
pub(super) fn read(text: &str, notation: Notation) -> Option<Printed> {
    let plain: String = text.chars().filter(|c| !only_groups(*c) && *c != ' ').collect();
    let marked = plain.len() < text.len();
    let digits = plain.chars().filter(char::is_ascii_digit).count();
    let marks: Vec<char> = plain.chars().filter(|c| !c.is_ascii_digit()).collect();
    let decimal = decimal(&plain, &marks, marked, notation)?;
    let (whole, decimals) = if decimal { plain.rsplit_once(['.', ','])? } else { (plain.as_str(), "") };
    let grouped = marked || whole.contains(['.', ',']);
    if digits > if grouped { GROUPED } else { DIGITS } || !are_groups(whole) {
        return None;
    }
    let whole: String = whole.chars().filter(char::is_ascii_digit).collect();
    let value = format!("{whole}.{}", if decimals.is_empty() { "0" } else { decimals }).parse().ok()?;
    Some(Printed { value, decimals: decimals.len(), grouped })
}

/// Whether the last mark stands before decimals; `None` if that cannot be a number.
fn decimal(plain: &str, marks: &[char], marked: bool, notation: Notation) -> Option<bool> {
    let Some(last) = marks.last() else { return Some(false) };
    let (whole, tail) = plain.rsplit_once(['.', ','])?;
    let same = marks.iter().filter(|mark| *mark == last).count();
    Some(match (marks.len(), tail.len()) {
        // Two kinds of marks: the last parts the decimals, and stands once.
        (2.., _) if same < marks.len() => same == 1 || return None,
        (2.., 3) => false,
        // Readers take a point for a comma: "1,234,50".
        (2.., 2) => true,
        (2.., _) => return None,
        (_, 3) if marked || whole.len() > 3 || whole.starts_with('0') => true,
        (_, 3) if notation.whole => false,
        (_, 3) => notation.decimal.map_or(*last == '.', |decimal| decimal == *last),
        _ => true,
    })
}

/// Whether the digits before the decimals are grouped by threes, or as in India by twos before the last three.
fn are_groups(whole: &str) -> bool {
    let groups: Vec<usize> = whole.split(['.', ',']).map(str::len).collect();
    match groups[..] {
        [] | [0] => false,
        [_] => true,
        [first, ref middle @ .., last] => {
            let inner = |width: usize| middle.iter().all(|group| *group == width);
            last == 3 && (1..=3).contains(&first) && (inner(3) || (first < 3 && inner(2)))
        }
    }
}

impl Notation {
    /// What printed numbers (digits and marks only) say that can be read in one way, each with its currency if it has one.
    pub(super) fn of<'a>(numbers: impl Iterator<Item = (&'a str, Option<&'a str>)>) -> Self {
        let (mut points, mut commas, mut whole, mut cents) = (0, 0, 0, 0);
        for (text, currency) in numbers {
            let marks = || text.chars().filter(|c| matches!(c, '.' | ','));
            let tail = text.rsplit(['.', ',']).next().map_or(0, str::len);
            let kinds = (text.contains('.'), text.contains(','));
            let decisive = kinds == (true, true) || (marks().count() == 1 && tail != 3);
            match marks().next_back().filter(|_| decisive) {
                Some('.') => points += 1,
                Some(_) => commas += 1,
                None => {}
            }
            // Of several equal marks each groups: the other one parts decimals.
            match marks().next_back().filter(|_| !decisive && marks().count() > 1 && tail == 3) {
                Some('.') => commas += 1,
                Some(_) => points += 1,
                None => {}
            }
            cents += usize::from(decisive);
            whole += usize::from(currency.is_some_and(is_whole_currency));
        }
        let decimal = (points != commas).then_some(if points > commas { '.' } else { ',' });
        Self { decimal, whole: whole > 0 && cents == 0 }
    }

    /// This, and where it says nothing what `other` says.
    pub(super) fn or(self, other: Self) -> Self {
        Self { decimal: self.decimal.or(other.decimal), whole: self.whole || (other.whole && self.decimal.is_none()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_many_lands() {
        for (text, wanted) in [
            ("1,234.50", Some(1234.5)),
            ("1.234,50", Some(1234.5)),
            ("1 234,50", Some(1234.5)),
            ("1\u{202f}234,50", Some(1234.5)),
            ("1'234.50", Some(1234.5)),
            ("1’234’567", Some(1_234_567.0)),
            ("12,34,567.00", Some(1_234_567.0)),
            ("1.234.567", Some(1_234_567.0)),
            ("12,5", Some(12.5)),
            ("1,234", Some(1234.0)),
            ("1.234", Some(1.234)),
            ("0,125", Some(0.125)),
            ("18.11.23", None),
            ("1.20.30", None),
            ("123456789012", None),
        ] {
            assert_eq!(read(text, Notation::default()).map(|read| read.value), wanted, "{text}");
        }
        assert_eq!(scan("1 234,50 EUR", true), 8);
        assert_eq!(scan("1 234,50 EUR", false), 1);
        assert_eq!(scan("020 7946", true), 3);
    }

    #[test]
    fn other_numbers_decide_what_three_digits_mean() {
        let comma = Notation::of([("12,50", None), ("1.234", None)].into_iter());
        assert_eq!(read("1.234", comma).map(|read| read.value), Some(1234.0));
        assert_eq!(read("1,234", comma).map(|read| read.value), Some(1.234));
        let rupiah = Notation::of([("129.500", Some("Rp"))].into_iter());
        assert_eq!(read("75.000", rupiah).map(|read| read.value), Some(75000.0));
        let point = Notation::of([("0.80", None)].into_iter());
        assert_eq!(read("1,234", point).map(|read| read.value), Some(1234.0));
    }
}
