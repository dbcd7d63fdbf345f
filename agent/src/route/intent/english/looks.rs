//! How large things are, and of which colour.

use super::thing;
use crate::route::{
    intent::Intent,
    words::{COLORS, after, has_any, has_phrase, words},
};

pub(super) fn size_of(asked: &str) -> Option<String> {
    const WHOLE: [&str; 10] =
        ["image", "picture", "photo", "it", "this", "file", "screenshot", "page", "img-1", "img-2"];
    let rest = [
        "size of",
        "width of",
        "height of",
        "area of",
        "dimensions of",
        "resolution of",
        "width and height of",
        "how big is",
        "how big are",
        "how large is",
        "how large are",
        "how wide is",
        "how wide are",
        "how tall is",
        "how tall are",
        "how high is",
        "how high are",
        "how long is",
        "wide is",
        "tall is",
        "high is",
        "large is",
        "big is",
        "size has",
        "does",
        "share of the image is",
        "of the image does",
        "is",
        "are",
    ]
    .iter()
    .find_map(|phrase| after(asked, phrase))?;
    let name = thing(rest);
    let last = name.rsplit(' ').next().unwrap_or_default();
    (!name.is_empty() && !WHOLE.contains(&last)).then_some(name)
}

pub(super) fn size(asked: &str) -> Option<Intent> {
    const ASKS: [&str; 22] = [
        "how big",
        "how large",
        "how wide",
        "how tall",
        "how high",
        "how long is",
        "how small",
        "size of",
        "what size",
        "which size",
        "dimensions",
        "resolution",
        "width of",
        "height of",
        "the width",
        "the height",
        "area of",
        "how much of the image",
        "how much of the picture",
        "what share",
        "what fraction",
        "pixels wide",
    ];
    let measured = has_any(asked, &ASKS) || asked == "size" || asked == "measure it" || asked.starts_with("measure ");
    let text = has_any(asked, &["size of the text", "font size"]);
    (measured && !text).then(|| {
        let of = asked.strip_prefix("measure ").map(thing).filter(|name| name != "it" && !name.is_empty());
        Intent::Size { of: of.or_else(|| size_of(asked)) }
    })
}

pub(super) fn color(asked: &str) -> Option<Intent> {
    let asks =
        ["color", "colour", "colors", "colours", "colored", "coloured"].iter().any(|word| has_phrase(asked, word));
    if !asks {
        // "Is the car red?"
        let all = words(asked);
        let last = all.last()?;
        let first = all.first()?;
        if !matches!(first.as_str(), "is" | "are") || !COLORS.contains(&last.as_str()) || has_phrase(asked, "there") {
            return None;
        }
        let shade =
            all.len().checked_sub(2).map(|at| all[at].as_str()).filter(|word| matches!(*word, "dark" | "light"));
        let is = shade.map_or_else(|| last.clone(), |shade| format!("{shade} {last}"));
        let subject = asked[first.len()..].trim();
        let name = thing(subject.strip_suffix(is.as_str()).unwrap_or(subject));
        return Some(Intent::Color { of: whole(name), is: Some(is) });
    }
    let rest = [
        "color is",
        "colour is",
        "color are",
        "colour are",
        "colors are",
        "colours are",
        "colors does",
        "colors do",
        "color of",
        "colour of",
        "colors of",
        "colours of",
        "color does",
        "colour does",
        "color has",
        "colour has",
        "colors has",
        "color do",
        "color was",
    ]
    .iter()
    .find_map(|phrase| after(asked, phrase));
    let of = rest.map(thing).and_then(whole);
    Some(Intent::Color { of, is: None })
}

/// `None` for names that mean the whole picture.
fn whole(name: String) -> Option<String> {
    let last = name.rsplit(' ').next().unwrap_or_default();
    let whole = matches!(last, "" | "picture" | "image" | "photo" | "dominant" | "main" | "used" | "color" | "colour")
        || last.starts_with("img-") && !last.contains('/');
    (!whole).then_some(name)
}
