//! A sentence or two of English from what other tools found. Pure: the same scene gives the same words.

use super::words::{counted, list, number, quoted, sentence, with_article};
use crate::{geom::BBox, vision::extent::position};

/// What is known about a picture.
#[derive(Clone, Debug, Default)]
pub struct Scene {
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
    /// Objects: label, confidence in 0..=1, place.
    pub objects: Vec<(String, f32, BBox)>,
    /// The salient part and its share of the area in 0..=1, if one was looked for and found.
    pub salient: Option<(BBox, f32)>,
    /// Colors and their shares in 0..=1, largest first.
    pub colors: Vec<(String, f32)>,
    /// Lines of text in reading order.
    pub lines: Vec<String>,
}

/// Objects of less confidence are not spoken of.
const LEAST_SCORE: f32 = 0.35;
/// Boxes of two classes that overlap more than this are one thing.
const SAME_THING: f32 = 0.75;
const KINDS_NAMED: usize = 5;
const LINES_QUOTED: usize = 3;
/// A picture with this many lines and hardly an object is a document.
const DOCUMENT_LINES: usize = 6;

/// With this many lines it is one, whatever lies around it.
const PAGE_LINES: usize = 15;

/// The caption.
pub fn compose(scene: &Scene) -> String {
    let groups = groups(scene);
    let lines: Vec<&str> = scene.lines.iter().map(|line| line.trim()).filter(|line| is_text(line)).collect();
    let largest = groups.iter().flat_map(|group| &group.boxes).map(BBox::area).fold(0.0, f32::max) / area(scene);
    // A page held close is often taken for a book, or lies on a table: much text outweighs that.
    let document = lines.len() >= DOCUMENT_LINES && largest < if lines.len() >= PAGE_LINES { 0.95 } else { 0.1 };
    if document {
        return document_caption(scene, &groups, &lines);
    }
    if groups.is_empty() {
        return [unnamed(scene, &lines), second(scene, &lines, false)].join(" ").trim().to_owned();
    }
    [sentence(&subjects(scene, &groups)), second(scene, &lines, true)].join(" ").trim().to_owned()
}

fn area(scene: &Scene) -> f32 {
    (scene.width as f32 * scene.height as f32).max(1.0)
}

fn is_text(line: &str) -> bool {
    line.chars().filter(|c| c.is_alphanumeric()).count() >= 2
}

/// Objects of one label.
struct Group<'a> {
    label: &'a str,
    boxes: Vec<BBox>,
}

/// The most prominent kind first: what covers much and is certain.
fn groups(scene: &Scene) -> Vec<Group<'_>> {
    let mut certain: Vec<&(String, f32, BBox)> =
        scene.objects.iter().filter(|(_, score, _)| *score >= LEAST_SCORE).collect();
    certain.sort_by(|a, b| b.1.total_cmp(&a.1));
    let mut kept: Vec<&(String, f32, BBox)> = Vec::new();
    for object in certain {
        if kept.iter().all(|other| other.0 == object.0 || other.2.iou(&object.2) < SAME_THING) {
            kept.push(object);
        }
    }
    kept.sort_by(|a, b| (b.2.area() * b.1).total_cmp(&(a.2.area() * a.1)));
    let mut groups: Vec<Group<'_>> = Vec::new();
    for (label, _, bbox) in kept {
        match groups.iter_mut().find(|group| group.label == label) {
            Some(group) => group.boxes.push(*bbox),
            None => groups.push(Group { label, boxes: vec![*bbox] }),
        }
    }
    groups
}

/// "a large bus in the center, with four people on the right, a car and two more objects"
fn subjects(scene: &Scene, groups: &[Group<'_>]) -> String {
    let [main, others @ ..] = groups else { return String::new() };
    let others: Vec<&Group<'_>> = others.iter().collect();
    let named = &others[..others.len().min(KINDS_NAMED - 1)];
    let rest: usize = others[named.len()..].iter().map(|group| group.boxes.len()).sum();
    let mut phrases: Vec<String> = named
        .iter()
        .map(|group| {
            // Places make a short list clearer and a long one tedious.
            let place = side(scene, group).filter(|_| named.len() <= 2);
            let place = place.map(|place| format!(" {place}")).unwrap_or_default();
            format!("{}{place}", counted(group.label, group.boxes.len()))
        })
        .collect();
    if rest > 0 {
        phrases.push(format!("{} more object{}", number(rest), if rest == 1 { "" } else { "s" }));
    }
    let main = main_phrase(scene, main, !others.is_empty());
    if phrases.is_empty() { main } else { format!("{main}, with {}", list(&phrases)) }
}

fn main_phrase(scene: &Scene, group: &Group<'_>, has_company: bool) -> String {
    let [only] = group.boxes.as_slice() else {
        let place = side(scene, group).map(|place| format!(" {place}")).unwrap_or_default();
        return format!("{}{place}", counted(group.label, group.boxes.len()));
    };
    let share = only.area() / area(scene);
    let one = counted(group.label, 1);
    if share > 0.6 {
        return format!("{one} filling most of the image");
    }
    // "a pair of ..." and "some ..." take no size.
    let plain = one.strip_prefix("a ").or_else(|| one.strip_prefix("an ")).filter(|noun| !noun.starts_with("pair of"));
    let sized = match plain {
        Some(noun) if share > 0.25 => with_article(&format!("large {noun}")),
        Some(noun) if share < 0.01 => with_article(&format!("small {noun}")),
        _ => one,
    };
    let front = has_company && share > 0.1 && only.y2 > 0.97 * scene.height as f32;
    let place = if front { "in front" } else { place(position(only, scene.width, scene.height)) };
    format!("{sized} {place}")
}

fn place(position: &str) -> &'static str {
    match position {
        "top left" => "at the top left",
        "top" => "at the top",
        "top right" => "at the top right",
        "left" => "on the left",
        "right" => "on the right",
        "bottom left" => "at the bottom left",
        "bottom" => "at the bottom",
        "bottom right" => "at the bottom right",
        _ => "in the center",
    }
}

/// The side that all of a group lie on; the middle is not worth a word.
fn side(scene: &Scene, group: &Group<'_>) -> Option<&'static str> {
    let third = |bbox: &BBox| (bbox.center().0 / scene.width.max(1) as f32 * 3.0) as usize;
    let first = third(group.boxes.first()?);
    let together = group.boxes.iter().all(|bbox| third(bbox) == first);
    match first {
        0 if together => Some("on the left"),
        2.. if together => Some("on the right"),
        _ => None,
    }
}

fn color_names(scene: &Scene, least: f32) -> Vec<String> {
    scene.colors.iter().filter(|(_, share)| *share >= least).take(3).map(|(name, _)| name.clone()).collect()
}

/// Colors and visible text, in one sentence; empty if there is neither.
fn second(scene: &Scene, lines: &[&str], with_colors: bool) -> String {
    let colors = if with_colors { color_names(scene, 0.1) } else { Vec::new() };
    let color = match colors.as_slice() {
        [] => None,
        [one] => Some(format!("the main color is {one}")),
        several => Some(format!("the main colors are {}", list(several))),
    };
    let parts: Vec<String> = color.into_iter().chain(visible_text(lines)).collect();
    if parts.is_empty() { String::new() } else { sentence(&parts.join(", and ")) }
}

fn visible_text(lines: &[&str]) -> Option<String> {
    let quotes: Vec<String> = lines.iter().take(LINES_QUOTED).map(|line| quoted(line, 60)).collect();
    let more = lines.len().saturating_sub(LINES_QUOTED);
    match (quotes.as_slice(), more) {
        ([], _) => None,
        ([one], 0) => Some(format!("the text {one} is visible")),
        (several, 0) => Some(format!("the texts {} are visible", list(several))),
        (several, more) => {
            let rest = format!("{} more line{} of text", number(more), if more == 1 { "" } else { "s" });
            Some(format!("the texts {} and {rest} are visible", several.join(", ")))
        }
    }
}

/// The first sentence where no object has a name.
fn unnamed(scene: &Scene, lines: &[&str]) -> String {
    let plain = scene.colors.first().filter(|(_, share)| *share > 0.97);
    if let (Some((color, _)), true) = (plain, lines.is_empty()) {
        let kind = if color == "white" || color == "black" { "blank" } else { "plain" };
        return sentence(&format!("a {kind} {color} image without visible content"));
    }
    let colors = color_names(scene, 0.1);
    let palette = if colors.is_empty() { String::new() } else { format!(" in {}", list(&colors)) };
    match scene.salient.filter(|(_, share)| (0.005..0.9).contains(share)) {
        Some((bbox, share)) => {
            let thing = if share > 0.25 { "a large object" } else { "an object" };
            let place = place(position(&bbox, scene.width, scene.height));
            sentence(&format!("{thing} of unknown kind {place} stands out in an image{palette}"))
        }
        None if lines.is_empty() => sentence(&format!("an image{palette} without recognized objects")),
        None => sentence(&format!("an image{palette} with text")),
    }
}

fn document_caption(scene: &Scene, groups: &[Group<'_>], lines: &[&str]) -> String {
    let ground = scene.colors.first().map(|(name, _)| format!(" on a {name} background")).unwrap_or_default();
    let first = format!("a document or text page with {} lines of text{ground}", number(lines.len()));
    let start: Vec<String> = lines.iter().take(LINES_QUOTED).map(|line| quoted(line, 60)).collect();
    let things: Vec<String> =
        groups.iter().take(KINDS_NAMED).map(|group| counted(group.label, group.boxes.len())).collect();
    let things = if things.is_empty() { String::new() } else { format!(" It also shows {}.", list(&things)) };
    format!("{} It begins with {}.{things}", sentence(&first), list(&start))
}
