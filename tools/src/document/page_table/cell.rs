//! What a text says as a number, a day or a time of day.

use super::{super::Kind, PageCell};
use crate::document::dates;

impl PageCell {
    /// The cell of a text: its number with sign and decimals, its day, its time of day.
    pub fn parse(text: &str) -> Self {
        let text = text.trim();
        let date = dates::iso(text);
        let minutes = if date.is_none() { dates::minutes(text) } else { None };
        let number = if date.is_none() && minutes.is_none() { Kind::of(text).number() } else { None };
        Self { text: text.to_owned(), number, date, minutes, bbox: None }
    }
}
