//! Whether an answer holds the kind of thing that a part asks for. Only what is surely lacking counts as lacking.

use argus_tools::vision::labels;

use super::{Edit, Intent, names};
use crate::route::{
    fields::Field,
    words::{CHINESE_COLORS, CLASSES, COLORS, MONTHS, NONE, YES, has_any, has_han, number_word, words},
};

impl Intent {
    /// Whether an answer may be one to this. `false` only if it surely lacks that kind of thing: a count without a number, an
    /// edit without a picture. An answer that says that it cannot tell is one to anything.
    pub fn satisfied_by(&self, answer: &str) -> bool {
        let lower = answer.to_lowercase().replace('’', "'");
        if lower.trim().is_empty() {
            return false;
        }
        if crate::route::is_unsure(answer) {
            return true;
        }
        match self {
            Self::Count { label } => {
                has_number(&lower) || none(&lower) || (says_one(&lower) && speaks_of(&lower, label))
            }
            Self::Presence { label } => yes_or_no(&lower) || speaks_of(&lower, label),
            Self::ReadField { field } => none(&lower) || field_fits(field, &lower),
            Self::Position { relation, .. } => {
                let distance = relation.as_deref() == Some("distance");
                has_number(&lower) || (!distance && (yes_or_no(&lower) || has_place(&lower) || has_handle(&lower)))
            }
            Self::Size { .. } => has_number(&lower) || has_any(&lower, &["same size", "half", "quarter", "third"]),
            Self::Color { is, .. } => has_color(&lower) || (is.is_some() && yes_or_no(&lower)) || none(&lower),
            Self::Compute => has_number(&lower) || yes_or_no(&lower),
            Self::Compare { a, b, .. } => {
                has_number(&lower)
                    || yes_or_no(&lower)
                    || has_handle(&lower)
                    || speaks_of(&lower, a)
                    || speaks_of(&lower, b)
                    || has_any(&lower, &["same", "equal", "equally", "first", "second", "一样", "相同"])
            }
            Self::Edit { op } if !matches!(op, Edit::Other { .. }) => has_handle(&lower),
            Self::Read { .. } | Self::Describe | Self::Chat | Self::Unknown | Self::Edit { .. } => true,
        }
    }
}

/// A number outside of handles, in digits or in words.
fn has_number(lower: &str) -> bool {
    let mut rest = String::with_capacity(lower.len());
    let mut text = lower;
    while let Some(at) = text.find("img-") {
        rest.push_str(&text[..at]);
        let tail = &text[at..];
        let end = tail.find(|c: char| !(c.is_alphanumeric() || matches!(c, '-' | '/' | '_'))).unwrap_or(tail.len());
        text = &tail[end..];
    }
    rest.push_str(text);
    let chinese = || rest.chars().any(|c| "一二两三四五六七八九十百零几".contains(c));
    rest.chars().any(|c| c.is_ascii_digit())
        || words(&rest).iter().any(|word| number_word(word).is_some() || counts(word))
        || chinese()
}

/// Words that say how many without a number.
fn counts(word: &str) -> bool {
    matches!(
        word,
        "both"
            | "pair"
            | "couple"
            | "several"
            | "single"
            | "many"
            | "few"
            | "dozens"
            | "hundreds"
            | "once"
            | "twice"
            | "hundred"
            | "thousand"
    ) || [
        "thirteen",
        "fourteen",
        "fifteen",
        "sixteen",
        "seventeen",
        "eighteen",
        "nineteen",
        "twenty",
        "thirty",
        "forty",
        "fifty",
    ]
    .iter()
    .any(|number| word.starts_with(number))
}

/// "There is a cup" says one.
fn says_one(lower: &str) -> bool {
    has_any(lower, &["a", "an", "only", "just the"])
}

fn none(lower: &str) -> bool {
    NONE.iter().any(|word| if has_han(word) { lower.contains(word) } else { has_any(lower, &[word]) })
}

fn yes_or_no(lower: &str) -> bool {
    none(lower) || YES.iter().any(|word| if has_han(word) { lower.contains(word) } else { has_any(lower, &[word]) })
}

/// Whether a text names the thing, in the singular or plural, by itself or by a synonym.
fn speaks_of(lower: &str, label: &str) -> bool {
    let all = words(lower);
    names(label).iter().any(|name| {
        let head = name.rsplit(' ').next().unwrap_or_default();
        let wanted = [labels::canonical(name), labels::canonical(head)];
        let single = all.iter().any(|word| wanted.contains(&labels::canonical(word)));
        let double = all.windows(2).any(|pair| wanted.contains(&labels::canonical(&pair.join(" "))));
        let chinese =
            CLASSES.iter().filter(|(class, _)| wanted.iter().any(|name| name == class)).flat_map(|(_, names)| *names);
        single
            || double
            || lower.contains(name.as_str())
            || chinese.into_iter().any(|name| lower.contains(name))
            || (has_han(name)
                && CLASSES
                    .iter()
                    .any(|(class, known)| known.iter().any(|known| name.contains(known)) && lower.contains(class)))
    })
}

fn has_color(lower: &str) -> bool {
    let english = words(lower).iter().any(|word| {
        let shade = |color: &str| word.ends_with("ish") && word.starts_with(color);
        COLORS.iter().any(|color| word.split('-').any(|piece| piece == *color) || shade(color)) || word.starts_with('#')
    });
    english
        || CHINESE_COLORS
            .iter()
            .any(|(_, name)| lower.contains(name.trim_start_matches(['深', '浅', '淡']).trim_end_matches('色')))
}

fn has_place(lower: &str) -> bool {
    const PLACES: [&str; 32] = [
        "left",
        "right",
        "top",
        "bottom",
        "above",
        "below",
        "over",
        "under",
        "center",
        "centre",
        "middle",
        "corner",
        "front",
        "behind",
        "beside",
        "next to",
        "near",
        "inside",
        "in",
        "on",
        "at",
        "between",
        "same place",
        "upper",
        "lower",
        "foreground",
        "background",
        "edge",
        "side",
        "close",
        "around",
        "across",
    ];
    has_any(lower, &PLACES)
        || ["左", "右", "上", "下", "中", "旁", "里", "前", "后", "间"].iter().any(|place| lower.contains(place))
}

/// `img-2`, also with a region behind it.
fn has_handle(lower: &str) -> bool {
    lower.match_indices("img-").any(|(at, _)| lower[at + 4..].starts_with(|c: char| c.is_ascii_digit()))
}

fn field_fits(field: &Field, lower: &str) -> bool {
    let digits = lower.chars().filter(char::is_ascii_digit).count();
    match field {
        _ if field.is_amount() => has_number(lower),
        Field::Date => {
            digits > 0
                || MONTHS.iter().any(|month| lower.contains(month))
                || lower.contains('月')
                || lower.contains("day")
        }
        // "星期一" is no time.
        Field::Time => {
            digits > 0
                || lower.contains('点')
                || has_any(lower, &["noon", "midnight"])
                || (!has_han(lower) && has_number(lower))
        }
        Field::Phone | Field::Fax => digits >= 4,
        Field::Email => lower.contains('@'),
        Field::Website => lower.contains('.'),
        _ => true,
    }
}
