//! How the objects that a task names lie to each other, in words. Small models judge left and right wrongly from boxes,
//! and copy it rightly from a sentence.

use argus_tools::{
    image::{Region, RegionKind},
    vision::labels,
};

/// Objects that are compared; more than these make too many pairs.
const COMPARED: usize = 3;
/// Words of tasks that compare places or sizes; without one the sentences would only cost time.
const COMPARING: [&str; 30] = [
    "left", "right", "above", "below", "over", "under", "top", "bottom", "beside", "next to", "between", "front",
    "behind", "near", "far", "distance", "where", "large", "big", "small", "tall", "short", "high", "wide", "compare",
    "relat", "overlap", "左", "右", "大",
];

/// How many objects of each label an image has, in order of naming.
pub(super) fn counts(regions: &[Region]) -> Vec<(String, usize)> {
    let mut counts: Vec<(String, usize)> = Vec::new();
    for region in regions.iter().filter(|region| region.kind == RegionKind::Object) {
        match counts.iter_mut().find(|(label, _)| *label == region.label) {
            Some((_, count)) => *count += 1,
            None => counts.push((region.label.clone(), 1)),
        }
    }
    counts
}

/// A sentence with the counts of the labels that the task mentions: small models copy a sentence rightly.
pub(super) fn counted(task: &str, image: &str, regions: &[Region]) -> Option<String> {
    let named = mentioned(task, regions);
    let mut parts: Vec<String> = Vec::new();
    for (label, count) in counts(regions) {
        if named.iter().any(|region| region.label == label) {
            parts.push(format!("{count} {label}"));
        }
    }
    (!parts.is_empty()).then(|| format!("{image} shows {}", parts.join(" and ")))
}

/// The sizes of the objects that the task mentions, if it asks for sizes.
pub(super) fn sizes(task: &str, regions: &[Region]) -> Vec<String> {
    const WORDS: [&str; 9] = ["pixel", "wide", "width", "tall", "height", "high", "size", "big", "像素"];
    let task_words = task.to_lowercase();
    let named = mentioned(task, regions);
    if named.len() > COMPARED || !WORDS.iter().any(|word| task_words.contains(word)) {
        return Vec::new();
    }
    let size = |region: &&Region| {
        let (width, height) = (region.bbox.width().round(), region.bbox.height().round());
        format!("{} is {width} pixels wide and {height} pixels high", region.handle)
    };
    named.iter().map(size).collect()
}

/// All text of an image in one sentence, if the task asks for text and there is little of it.
pub(super) fn reading(task: &str, image: &str, regions: &[Region]) -> Option<String> {
    const WORDS: [&str; 9] = ["say", "read", "written", "write", "text", "sign", "word", "label", "写"];
    const LINES: usize = 8;
    let task_words = task.to_lowercase();
    let lines: Vec<&str> =
        regions.iter().filter(|region| region.kind == RegionKind::Line).map(|region| region.label.as_str()).collect();
    if lines.is_empty() || lines.len() > LINES || !WORDS.iter().any(|word| task_words.contains(word)) {
        return None;
    }
    Some(format!("the text in {image} reads <data>{}</data>", lines.join(" / ").replace('<', "< ")))
}

/// Sentences about the objects of one image that the task mentions by label or handle, pair by pair.
pub(super) fn relations(task: &str, regions: &[Region]) -> Vec<String> {
    let named = mentioned(task, regions);
    if named.len() < 2 || named.len() > COMPARED || !COMPARING.iter().any(|word| task.to_lowercase().contains(word)) {
        return Vec::new();
    }
    let pairs = named.iter().enumerate().flat_map(|(at, a)| named[at + 1..].iter().map(move |b| relation(a, b)));
    pairs.collect()
}

/// The labels that the task mentions and that the regions have, each once.
pub(super) fn named_labels(task: &str, regions: &[Region]) -> Vec<String> {
    let mut labels: Vec<String> = Vec::new();
    for region in mentioned(task, regions) {
        if !labels.contains(&region.label) {
            labels.push(region.label.clone());
        }
    }
    labels
}

fn mentioned<'a>(task: &str, regions: &'a [Region]) -> Vec<&'a Region> {
    let words: Vec<String> = task
        .split(|c: char| !c.is_alphanumeric() && !matches!(c, '-' | '/'))
        .filter(|word| !word.is_empty())
        .map(str::to_lowercase)
        .collect();
    let singular = |word: &str| word.strip_suffix('s').unwrap_or(word).to_owned();
    let names = words.iter().enumerate().flat_map(|(at, word)| {
        let pair = words.get(at + 1).map(|next| format!("{word} {next}"));
        pair.into_iter().chain([word.clone()])
    });
    let names: Vec<String> = names
        .flat_map(|name| {
            let group = labels::members(&name);
            [labels::canonical(&name), singular(&name), name].into_iter().chain(group)
        })
        .collect();
    let first =
        |region: &Region| names.iter().position(|name| *name == region.label.to_lowercase() || *name == region.handle);
    let objects = regions.iter().filter(|region| region.kind == RegionKind::Object);
    let mut found: Vec<(usize, &Region)> = objects.filter_map(|region| Some((first(region)?, region))).collect();
    // In the task's order: "is the cat left of the dog" is answered by a sentence that begins with the cat.
    found.sort_by_key(|(position, _)| *position);
    found.into_iter().map(|(_, region)| region).collect()
}

/// Where `a` lies as seen from `b`, and which is larger. Left and right go by the centres, as people use the words;
/// above and below only where the boxes lie mostly over each other.
fn relation(a: &Region, b: &Region) -> String {
    let ((ax, ay), (bx, by)) = (a.bbox.center(), b.bbox.center());
    let mut words = Vec::new();
    if (bx - ax).abs() > 0.15 * f32::midpoint(a.bbox.width(), b.bbox.width()) {
        words.push(if bx > ax { "left of" } else { "right of" });
    }
    let shared = a.bbox.y2.min(b.bbox.y2) - a.bbox.y1.max(b.bbox.y1);
    if shared < 0.5 * a.bbox.height().min(b.bbox.height()) {
        words.push(if by > ay { "above" } else { "below" });
    }
    if words.is_empty() {
        words.push("at the same place as");
    }
    let larger = if a.bbox.area() > b.bbox.area() { a } else { b };
    format!("{} is {} {}; the larger one is {}", a.handle, words.join(" and "), b.handle, larger.handle)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn region(handle: &str, label: &str, corners: [f32; 4]) -> Region {
        Region {
            handle: handle.into(),
            image: "img-1".into(),
            label: label.into(),
            kind: RegionKind::Object,
            score: 0.9,
            bbox: corners.into(),
            quad: None,
        }
    }

    #[test]
    fn states_how_the_named_objects_lie() {
        let regions = [
            region("img-1/bus-1", "bus", [100.0, 80.0, 420.0, 330.0]),
            region("img-1/car-1", "car", [430.0, 230.0, 470.0, 260.0]),
            region("img-1/kite-1", "kite", [455.0, 10.0, 480.0, 40.0]),
            region("img-1/dining-table-1", "dining table", [0.0, 200.0, 640.0, 480.0]),
        ];
        let of = |task| relations(task, &regions);
        assert_eq!(
            of("Is the bus left of the car?"),
            ["img-1/bus-1 is left of img-1/car-1; the larger one is img-1/bus-1"]
        );
        assert_eq!(
            of("Which is larger, the cars or the dining table?"),
            ["img-1/car-1 is right of img-1/dining-table-1; the larger one is img-1/dining-table-1"]
        );
        assert_eq!(
            of("Is the kite over the car?"),
            ["img-1/kite-1 is right of and above img-1/car-1; the larger one is img-1/car-1"]
        );
        assert!(of("How many buses?").is_empty());
        assert!(of("Is there a bus and a car?").is_empty(), "nothing is compared");
    }
}
