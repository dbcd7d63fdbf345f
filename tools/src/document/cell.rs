//! What a cell holds.

use super::{notation::Notation, quantity::Quantity};

/// What kind of thing a cell holds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Kind {
    /// Words.
    Name,
    /// A number, perhaps with a currency before or a unit behind it.
    Number {
        /// The number itself.
        value: f64,
        /// Whether it has two decimals, as prices do.
        exact: bool,
    },
    /// A time of day.
    Time,
    /// A date, a code or a sign.
    Other,
}

impl Kind {
    /// The kind of a text.
    pub fn of(text: &str) -> Self {
        let text = text.trim();
        if is_time(text) {
            return Self::Time;
        }
        let digits = text.chars().filter(char::is_ascii_digit).count();
        if digits == 0 {
            return if text.chars().any(char::is_alphabetic) { Self::Name } else { Self::Other };
        }
        if let Some((value, exact)) = measured(text) {
            return Self::Number { value, exact };
        }
        let letters = text.chars().filter(|c| c.is_alphabetic()).count();
        if letters > 2 * digits && text.starts_with(char::is_alphabetic) { Self::Name } else { Self::Other }
    }

    /// The number, if it is one.
    pub fn number(self) -> Option<f64> {
        if let Self::Number { value, .. } = self { Some(value) } else { None }
    }

    /// Whether it is a number with two decimals.
    pub fn is_price(self) -> bool {
        matches!(self, Self::Number { exact: true, .. })
    }

    /// Whether it is a number or a time of day.
    pub fn is_value(self) -> bool {
        matches!(self, Self::Number { .. } | Self::Time)
    }
}

/// `07:15`, `7:15 pm`, `7h15`.
fn is_time(text: &str) -> bool {
    let lower = text.to_lowercase();
    let bare = lower.trim_end_matches("am").trim_end_matches("pm").trim();
    let Some((hours, minutes)) = bare.split_once([':', 'h', '：']) else { return false };
    let digits =
        |text: &str, most: usize| !text.is_empty() && text.len() <= most && text.chars().all(|c| c.is_ascii_digit());
    digits(hours, 2) && digits(minutes, 2) && minutes.len() == 2
}

/// A number with at most a sign and a currency before it and a unit behind it.
fn measured(text: &str) -> Option<(f64, bool)> {
    let read = Quantity::parse(text, Notation::default())?;
    Some((read.value, read.decimals == 2))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_told_apart() {
        for (text, number) in [
            ("18 C", Some(18.0)),
            ("$45.00", Some(45.0)),
            ("EUR 1,250.50", Some(1250.5)),
            ("-3 °C", Some(-3.0)),
            ("0.6 g", Some(0.6)),
            ("85", Some(85.0)),
            ("3.3 km", Some(3.3)),
            ("5%", Some(5.0)),
            ("38.00元", Some(38.0)),
            ("3 June", None),
            ("12/03", None),
            ("AB-12", None),
            ("Gate 4", None),
        ] {
            assert_eq!(Kind::of(text).number(), number, "{text}");
        }
        for text in ["07:15", "7:15 pm", "19h30"] {
            assert_eq!(Kind::of(text), Kind::Time, "{text}");
        }
        for text in ["Old Town", "王小明", "Vitamin B12 capsules"] {
            assert_eq!(Kind::of(text), Kind::Name, "{text}");
        }
        assert!(Kind::of("3.50").is_price() && !Kind::of("35").is_price());
    }
}
