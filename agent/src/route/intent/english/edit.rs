//! Orders that make a new picture.

use super::thing;
use crate::route::{
    intent::{Edit, Intent},
    words::{has_any, has_phrase, number_word, words},
};

pub(super) fn edit(asked: &str) -> Option<Intent> {
    op(asked).map(|op| Intent::Edit { op })
}

fn op(asked: &str) -> Option<Edit> {
    let first = asked.split_whitespace().next()?;
    let rest = asked[first.len()..].trim();
    let question =
        ["is", "are", "was", "were", "what", "how", "which", "who", "where", "why", "does", "do", "did", "has", "have"]
            .contains(&first);
    if question && !asked.starts_with("what does it look like") {
        return None;
    }
    if let Some(edit) = background(asked).or_else(|| unsupported(first, rest, asked)) {
        return Some(edit);
    }
    match first {
        "crop" | "clip" | "trim" => Some(Edit::Crop { of: object(rest.strip_prefix("out ").unwrap_or(rest)) }),
        "cut" => {
            let rest = rest.split_once(" out of ").map_or(rest, |(object, _)| object);
            let out = rest.strip_prefix("out ").or(rest.strip_suffix(" out")).unwrap_or(rest);
            let rectangle = has_any(rest, &["rectangle", "part", "region", "area"]);
            Some(if rectangle { Edit::Crop { of: object(out) } } else { Edit::CutOut { of: some(object(out)) } })
        }
        "segment" | "isolate" | "mask" => Some(Edit::CutOut { of: some(object(rest)) }),
        "extract"
            if !has_any(rest, &["text", "total", "date", "number", "words", "information", "data"])
                && crate::route::fields::Field::mentioned(rest).is_none() =>
        {
            Some(Edit::CutOut { of: some(object(rest)) })
        }
        "draw" | "mark" | "highlight" | "circle" | "outline" | "annotate" | "frame" | "box" | "label" => {
            Some(Edit::Mark { of: some(marked(rest)) })
        }
        "put" | "add" if has_any(rest, &["box", "boxes", "frame", "rectangle", "rectangles"]) => {
            Some(Edit::Mark { of: some(marked(rest)) })
        }
        "rotate" | "turn" | "spin" => Some(Edit::Rotate { degrees: degrees(asked)? }),
        "flip" | "mirror" | "reflect" => Some(Edit::Flip {
            vertical: has_any(rest, &["vertically", "vertical", "upside down", "top to bottom", "up and down"]),
        }),
        "resize" | "scale" | "shrink" | "enlarge" | "downscale" | "upscale" | "double" | "halve" | "reduce"
        | "increase" | "zoom" => resize(first, asked),
        "make" | "give" | "create" | "get" | "produce" | "show" | "return" => phrased(rest, asked),
        _ => None,
    }
}

/// "make it half as large", "give me a crop of the cat", "make a cutout of the dog".
fn phrased(rest: &str, asked: &str) -> Option<Edit> {
    for (nouns, edit) in [
        (["crop of", "cropped image of", "cropped picture of"], 0),
        (["cutout of", "cut-out of", "mask of"], 1),
        (["boxes around", "box around", "marks on"], 2),
    ] {
        let Some(tail) = nouns.iter().find_map(|noun| crate::route::words::after(rest, noun)) else { continue };
        let of = object(tail);
        return Some(match edit {
            0 => Edit::Crop { of },
            1 => Edit::CutOut { of: some(of) },
            _ => Edit::Mark { of: some(of) },
        });
    }
    if has_any(
        rest,
        &[
            "smaller",
            "larger",
            "bigger",
            "half",
            "twice",
            "double",
            "pixels",
            "px",
            "wide",
            "high",
            "tall",
            "size",
            "thumbnail",
            "third",
            "quarter",
        ],
    ) && !asked.starts_with("show")
        && !has_any(asked, &["which", "how", "what", "biggest", "largest"])
    {
        return resize("make", asked);
    }
    if asked.starts_with("make") && has_any(rest, &["upside down"]) {
        return Some(Edit::Rotate { degrees: 180.0 });
    }
    None
}

fn background(asked: &str) -> Option<Edit> {
    let background = has_phrase(asked, "background");
    let takes = has_any(
        asked,
        &["remove", "delete", "erase", "cut", "without", "transparent", "drop", "strip", "get rid of", "take away"],
    );
    let replaces =
        has_any(asked, &["blur", "replace", "change", "white background", "black background", "new background"]);
    (background && takes && !replaces).then_some(Edit::CutOut { of: None })
}

/// What no tool does, by its verb.
fn unsupported(first: &str, rest: &str, asked: &str) -> Option<Edit> {
    const VERBS: [&str; 27] = [
        "blur",
        "brighten",
        "darken",
        "sharpen",
        "colorize",
        "colourize",
        "grayscale",
        "greyscale",
        "invert",
        "pixelate",
        "erase",
        "delete",
        "remove",
        "replace",
        "translate",
        "enhance",
        "denoise",
        "stylize",
        "convert",
        "generate",
        "paint",
        "compress",
        "recolor",
        "retouch",
        "place",
        "inpaint",
        "save",
    ];
    if VERBS.contains(&first) {
        return Some(Edit::Other { name: first.to_owned() });
    }
    let look = has_any(
        rest,
        &[
            "brighter",
            "darker",
            "sharper",
            "gray",
            "grayscale",
            "black and white",
            "blurry",
            "sepia",
            "contrast",
            "style",
        ],
    );
    if first == "make" && look {
        return Some(Edit::Other {
            name: thing(
                rest.trim_start_matches("it ").trim_start_matches("the image ").trim_start_matches("the picture "),
            ),
        });
    }
    if matches!(first, "increase" | "reduce" | "adjust" | "change")
        && has_any(asked, &["contrast", "brightness", "saturation", "noise", "color", "colour", "background"])
    {
        return Some(Edit::Other { name: format!("{first} {}", thing(rest)) });
    }
    let adds = matches!(first, "add" | "write" | "put")
        && has_any(rest, &["text", "title", "caption", "watermark", "frame of", "filter"]);
    adds.then(|| Edit::Other { name: format!("{first} {}", thing(rest)) })
}

/// What an order is about; pronouns and whole pictures are nothing.
fn object(rest: &str) -> String {
    let rest = rest.trim_end_matches(" from the background").trim_end_matches(" from its background");
    let words: Vec<&str> = rest.split_whitespace().collect();
    // "the cup on the left" keeps its place.
    let end = words
        .iter()
        .position(|word| matches!(*word, "from" | "in" | "so" | "with" | "as" | "and" | "for" | "into" | "by"))
        .unwrap_or(words.len());
    let listed = words.iter().position(|word| *word == "and").is_some_and(|at| at == end);
    let end = if listed { words.len() } else { end };
    let phrase = words[..end].join(" ");
    let phrase = ["the ", "a ", "an ", "all the ", "all ", "every ", "each ", "me ", "only the ", "just the "]
        .iter()
        .find_map(|word| phrase.strip_prefix(word))
        .unwrap_or(&phrase)
        .to_owned();
    let phrase = phrase.strip_prefix("of ").unwrap_or(&phrase).trim_end_matches([',', '.']).to_owned();
    let phrase = phrase.strip_prefix("the ").unwrap_or(&phrase).to_owned();
    let whole = matches!(
        phrase.as_str(),
        "it" | "this"
            | "image"
            | "picture"
            | "photo"
            | "them"
            | "out"
            | "main object"
            | "subject"
            | "main subject"
            | "foreground"
            | "object"
    );
    if phrase == "them" {
        phrase
    } else if whole {
        String::new()
    } else {
        phrase
    }
}

/// What is marked: "a box around the cup", "all cups", "where the cups are".
fn marked(rest: &str) -> String {
    let tail = ["around", "round", "on", "over", "where"].iter().find_map(|word| {
        crate::route::words::after(rest, word).filter(|_| {
            has_any(
                rest,
                &[
                    "box",
                    "boxes",
                    "circle",
                    "circles",
                    "rectangle",
                    "rectangles",
                    "frame",
                    "frames",
                    "bounding",
                    "mark",
                    "line",
                    "where",
                    "outline",
                ],
            )
        })
    });
    let of = object(tail.unwrap_or(rest));
    let of = of.trim_end_matches(" are").trim_end_matches(" is").to_owned();
    let whole = matches!(
        of.as_str(),
        "everything"
            | "objects"
            | "what you see"
            | "bounding boxes"
            | "boxes"
            | "all objects"
            | "things"
            | "everything you see"
            | "detections"
    );
    if whole { String::new() } else { of }
}

fn some(of: String) -> Option<String> {
    Some(of).filter(|of| !of.is_empty())
}

/// By how much to turn; to the right if nothing else is said.
pub(in crate::route::intent) fn degrees(asked: &str) -> Option<f64> {
    let left = has_any(
        asked,
        &["left", "counterclockwise", "counter-clockwise", "anticlockwise", "anti-clockwise", "逆时针", "向左", "左转"],
    );
    let number = numbers(asked).into_iter().find(|n| n.abs() <= 3600.0);
    let turn = match number {
        Some(number) => number,
        None if has_any(asked, &["upside down", "half turn", "around", "over"]) => 180.0,
        None if has_any(asked, &["quarter", "sideways", "left", "right", "clockwise"]) || left => 90.0,
        None if asked.starts_with("rotate") || asked.contains('转') => 90.0,
        None => return None,
    };
    Some(if left { -turn } else { turn })
}

/// Numbers in digits, with a minus in front where one stands.
pub(in crate::route::intent) fn numbers(text: &str) -> Vec<f64> {
    let mut found = Vec::new();
    let mut token = String::new();
    for character in text.chars().chain([' ']) {
        if character.is_ascii_digit()
            || (character == '.' && !token.is_empty())
            || (character == '-' && token.is_empty())
        {
            token.push(character);
        } else {
            found.extend(token.trim_end_matches('.').parse::<f64>());
            token.clear();
        }
    }
    found
}

pub(in crate::route::intent) fn resize(verb: &str, asked: &str) -> Option<Edit> {
    let all = words(&asked.replace("px", " pixels ").replace('×', " x "));
    let number = |at: usize| all.get(at).and_then(|word| word.trim_end_matches('%').parse::<f64>().ok());
    let whole = |number: f64| (1.0..=100_000.0).contains(&number).then_some(number.round() as u32);
    let (mut width, mut height, mut scale) = (None, None, None);
    for at in 0..all.len() {
        let word = all[at].as_str();
        // "640x480" and "640 x 480" and "640 by 480"
        if let Some((w, h)) =
            word.split_once('x').and_then(|(w, h)| Some((w.parse::<u32>().ok()?, h.parse::<u32>().ok()?)))
        {
            (width, height) = (Some(w), Some(h));
        }
        let Some(n) = number(at) else { continue };
        let next = all.get(at + 1).map_or("", String::as_str);
        let next_but = all.get(at + 2).map_or("", String::as_str);
        let before = at.checked_sub(1).and_then(|at| all.get(at)).map_or("", String::as_str);
        let before_but = at.checked_sub(2).and_then(|at| all.get(at)).map_or("", String::as_str);
        if matches!(next, "x" | "by" | "times") && number(at + 2).is_some() {
            (width, height) = (whole(n), number(at + 2).and_then(whole));
        } else if word.ends_with('%') || matches!(next, "percent" | "%" | "per") {
            let by = before == "by";
            let less = by && has_any(asked, &["reduce", "shrink", "smaller", "downscale", "decrease"]);
            let more = by && has_any(asked, &["increase", "enlarge", "larger", "bigger", "upscale"]);
            scale = Some(if less {
                1.0 - n / 100.0
            } else if more {
                1.0 + n / 100.0
            } else {
                n / 100.0
            });
        } else if matches!(next, "times")
            || (before == "of" && before_but == "factor")
            || (before == "by" && !matches!(next, "pixels"))
        {
            let smaller = has_any(asked, &["shrink", "reduce", "smaller", "downscale"]);
            scale = Some(if smaller && n > 1.0 { 1.0 / n } else { n });
        } else if next == "high"
            || next == "tall"
            || next_but == "high"
            || next_but == "tall"
            || before == "height"
            || before_but == "height"
        {
            height = whole(n);
        } else if (next == "wide"
            || next_but == "wide"
            || before == "width"
            || before_but == "width"
            || next == "pixels")
            && width.is_none()
        {
            width = whole(n);
        }
    }
    if width.is_none() && height.is_none() && scale.is_none() {
        let half = has_any(asked, &["half", "halve"]);
        let twice = has_any(asked, &["twice", "double"]);
        let counted = all.windows(2).find(|pair| pair[1] == "times").and_then(|pair| number_word(&pair[0]));
        let smaller = verb == "shrink" || verb == "downscale" || verb == "reduce" || has_phrase(asked, "smaller");
        let larger = verb == "enlarge"
            || verb == "upscale"
            || verb == "zoom"
            || verb == "increase"
            || has_any(asked, &["larger", "bigger"]);
        scale = match counted {
            Some(times) if times > 0 => Some(if smaller { 1.0 / times as f64 } else { times as f64 }),
            _ if half || (smaller && twice) => Some(0.5),
            _ if has_any(asked, &["a third", "one third"]) => Some(1.0 / 3.0),
            _ if has_any(asked, &["a quarter", "one quarter", "quarter"]) => Some(0.25),
            _ if twice => Some(2.0),
            _ if smaller => Some(0.5),
            _ if larger => Some(2.0),
            _ => None,
        };
    }
    let scale = scale.filter(|scale| *scale > 0.0 && (width, height) == (None, None));
    // "Resize it" says nothing to do, which the answer has to say.
    (width.is_some() || height.is_some() || scale.is_some() || verb == "resize" || verb == "scale")
        .then_some(Edit::Resize { width, height, scale })
}
