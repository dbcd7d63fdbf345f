//! Which of several objects is meant: "the left dog", "the second cup from the right", "the largest person".

use super::{
    view::Object,
    words::{has_any, has_han, is_chinese, number_word, ordinal, words},
};

/// How one of several is picked.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Pick {
    /// The one farthest to a side.
    Side(Side),
    /// The so-manieth from a side, from 0; `usize::MAX` is the last.
    Nth(usize, Side),
    /// The largest, or the smallest.
    Largest(bool),
}

/// A side of the picture.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Side {
    Left,
    Right,
    Top,
    Bottom,
    Middle,
}

/// What a phrase picks by, and the phrase without those words.
pub(super) fn pick(phrase: &str) -> (Option<Pick>, String) {
    if has_han(phrase) && is_chinese(phrase) {
        return chinese(phrase);
    }
    let lower = phrase.to_lowercase();
    let all = words(&lower);
    let side = side(&lower);
    let from = ["left", "right", "top", "bottom"]
        .iter()
        .find(|word| has_any(&lower, &[&format!("from the {word}"), &format!("from {word}")]));
    let nth = all.iter().find_map(|word| ordinal(word));
    let pick = if let Some(nth) = nth {
        Some(Pick::Nth(nth, from.and_then(|word| side_of(word)).unwrap_or(Side::Left)))
    } else if has_any(&lower, &["largest", "biggest", "tallest", "main", "widest", "closest", "nearest"]) {
        Some(Pick::Largest(true))
    } else if has_any(&lower, &["smallest", "tiniest", "shortest", "littlest"]) {
        Some(Pick::Largest(false))
    } else {
        side.map(Pick::Side)
    };
    let kept: Vec<&str> = lower
        .split_whitespace()
        .filter(|word| {
            let bare = word.trim_matches(|c: char| !c.is_alphanumeric());
            !(ordinal(bare).is_some() || side_of(bare).is_some() || PICKING.contains(&bare))
        })
        .collect();
    let mut rest = kept.join(" ");
    for ending in [
        " on the",
        " at the",
        " in the",
        " to the",
        " from the",
        " on",
        " at",
        " from",
        " of the",
        " of",
        " side",
        " half",
        " part",
    ] {
        rest = rest.trim_end_matches(ending).to_owned();
    }
    (pick, rest)
}

const PICKING: [&str; 16] = [
    "largest",
    "biggest",
    "tallest",
    "smallest",
    "tiniest",
    "shortest",
    "main",
    "widest",
    "closest",
    "nearest",
    "leftmost",
    "rightmost",
    "most",
    "far",
    "side",
    "corner",
];

fn side_of(word: &str) -> Option<Side> {
    Some(match word {
        "left" | "leftmost" | "left-most" | "left-hand" => Side::Left,
        "right" | "rightmost" | "right-most" | "right-hand" => Side::Right,
        "top" | "upper" | "topmost" | "uppermost" | "highest" => Side::Top,
        "bottom" | "lower" | "lowest" | "bottommost" => Side::Bottom,
        "middle" | "center" | "centre" | "central" => Side::Middle,
        _ => return None,
    })
}

fn side(lower: &str) -> Option<Side> {
    // "Left of the spoon" tells of another thing.
    if has_any(lower, &["left of", "right of", "on top of", "top of"]) {
        return None;
    }
    words(lower).iter().find_map(|word| side_of(word))
}

fn chinese(phrase: &str) -> (Option<Pick>, String) {
    let mut rest = phrase.to_owned();
    let mut found = None;
    for (phrases, pick) in [
        (&["最大的", "最大"][..], Pick::Largest(true)),
        (&["最小的", "最小"][..], Pick::Largest(false)),
        (
            &["最左边的", "最左边", "最左", "左边的", "左边", "左侧的", "左侧", "左上角的", "左面的"][..],
            Pick::Side(Side::Left),
        ),
        (&["最右边的", "最右边", "最右", "右边的", "右边", "右侧的", "右侧", "右面的"][..], Pick::Side(Side::Right)),
        (&["最上面的", "上面的", "上方的", "上面", "上方", "顶部的"][..], Pick::Side(Side::Top)),
        (&["最下面的", "下面的", "下方的", "下面", "下方", "底部的"][..], Pick::Side(Side::Bottom)),
        (&["中间的", "中间", "中央的"][..], Pick::Side(Side::Middle)),
    ] {
        for phrase in phrases {
            if rest.contains(phrase) {
                found = found.or(Some(pick));
                rest = rest.replace(phrase, "");
            }
        }
    }
    if let Some((head, tail)) = rest.split_once('第') {
        let mut characters = tail.chars();
        let number: String = characters.by_ref().take(1).collect();
        let value =
            number.parse::<usize>().ok().or_else(|| number_word(&number)).and_then(|number| number.checked_sub(1));
        let tail: String = characters.collect();
        let tail = tail.trim_start_matches(['个', '只', '辆', '张', '条', '位', '头', '把']);
        let image = ["图", "照片"].iter().any(|word| tail.starts_with(word));
        if let Some(value) = value.filter(|_| !image) {
            let from = if matches!(found, Some(Pick::Side(Side::Right))) { Side::Right } else { Side::Left };
            found = Some(Pick::Nth(value, from));
            rest = format!("{head}{tail}");
        }
    }
    (found, rest)
}

/// The one of some objects that is picked; `None` if there are not so many.
pub(super) fn one(objects: &[Object], pick: Pick) -> Option<&Object> {
    let mut order: Vec<&Object> = objects.iter().collect();
    let area = |object: &&Object| object.bbox.area();
    match pick {
        Pick::Largest(true) => order.into_iter().max_by(|a, b| area(a).total_cmp(&area(b))),
        Pick::Largest(false) => order.into_iter().min_by(|a, b| area(a).total_cmp(&area(b))),
        Pick::Side(Side::Middle) => {
            order.sort_by(|a, b| a.bbox.center().0.total_cmp(&b.bbox.center().0));
            order.get(order.len() / 2).copied()
        }
        Pick::Side(side) => along(order, side).into_iter().next(),
        Pick::Nth(nth, side) => {
            let order = along(order, side);
            if nth == usize::MAX { order.last().copied() } else { order.get(nth).copied() }
        }
    }
}

/// In order from a side.
fn along(mut order: Vec<&Object>, side: Side) -> Vec<&Object> {
    let key = |object: &Object| match side {
        Side::Left | Side::Middle => object.bbox.center().0,
        Side::Right => -object.bbox.center().0,
        Side::Top => object.bbox.center().1,
        Side::Bottom => -object.bbox.center().1,
    };
    order.sort_by(|a, b| key(a).total_cmp(&key(b)));
    order
}

/// Whether an object lies on a side of an image of this size: in that half, or in the middle third.
pub(super) fn lies(object: &Object, side: Side, (width, height): (f32, f32)) -> bool {
    let (x, y) = object.bbox.center();
    match side {
        Side::Left => x < width / 2.0,
        Side::Right => x > width / 2.0,
        Side::Top => y < height / 2.0,
        Side::Bottom => y > height / 2.0,
        Side::Middle => x > width / 3.0 && x < width * 2.0 / 3.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn object(handle: &str, corners: [f32; 4]) -> Object {
        Object { handle: handle.into(), label: "cup".into(), score: 0.9, bbox: corners.into() }
    }

    #[test]
    fn words_pick_one() {
        let cups = [
            object("b", [200.0, 100.0, 260.0, 160.0]),
            object("a", [10.0, 200.0, 40.0, 230.0]),
            object("c", [400.0, 10.0, 500.0, 110.0]),
        ];
        for (phrase, wanted, rest) in [
            ("left cup", "a", "cup"),
            ("cup on the right", "c", "cup"),
            ("second cup", "b", "cup"),
            ("second cup from the right", "b", "cup"),
            ("first cup from the right", "c", "cup"),
            ("last cup", "c", "cup"),
            ("largest cup", "c", "cup"),
            ("smallest cup", "a", "cup"),
            ("top cup", "c", "cup"),
            ("cup at the bottom", "a", "cup"),
            ("middle cup", "b", "cup"),
            ("左边的杯子", "a", "杯子"),
            ("最大的杯子", "c", "杯子"),
            ("第二个杯子", "b", "杯子"),
            ("右边第一个杯子", "c", "杯子"),
        ] {
            let (pick, left) = pick(phrase);
            let found = pick.and_then(|pick| one(&cups, pick)).map(|object| object.handle.as_str());
            assert_eq!((found, left.as_str()), (Some(wanted), rest), "{phrase}");
        }
        assert_eq!(pick("cup left of the spoon").0, None);
        assert_eq!(one(&cups, Pick::Nth(5, Side::Left)), None);
    }
}
