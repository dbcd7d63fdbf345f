//! How the objects that a task names lie to each other, in words. Small models judge left and right wrongly from boxes,
//! and copy it rightly from a sentence.

use argus_tools::{
    image::{Region, RegionKind},
    vision::labels,
};

/// Objects that are compared; more than these make too many pairs.
const COMPARED: usize = 4;

/// Sentences about the objects of one image that the task mentions by label or handle, pair by pair.
pub(crate) fn relations(task: &str, regions: &[Region]) -> Vec<String> {
    let named = mentioned(task, regions);
    if named.len() < 2 || named.len() > COMPARED {
        return Vec::new();
    }
    let pairs = named.iter().enumerate().flat_map(|(at, a)| named[at + 1..].iter().map(move |b| relation(a, b)));
    pairs.collect()
}

fn mentioned<'a>(task: &str, regions: &'a [Region]) -> Vec<&'a Region> {
    let words: Vec<String> = task
        .split(|c: char| !c.is_alphanumeric() && !matches!(c, '-' | '/'))
        .filter(|word| !word.is_empty())
        .map(str::to_lowercase)
        .collect();
    let pairs = words.windows(2).map(|pair| pair.join(" "));
    let singular = |word: &str| word.strip_suffix('s').unwrap_or(word).to_owned();
    let names: Vec<String> =
        words.iter().cloned().chain(pairs).flat_map(|word| [labels::canonical(&word), singular(&word), word]).collect();
    let is_named = |region: &&Region| names.contains(&region.label.to_lowercase()) || names.contains(&region.handle);
    regions.iter().filter(|region| region.kind == RegionKind::Object).filter(is_named).collect()
}

/// Where `a` lies as seen from `b`, and which is larger. Directions that are a matter of taste are left out.
fn relation(a: &Region, b: &Region) -> String {
    let ((ax, ay), (bx, by)) = (a.bbox.center(), b.bbox.center());
    let (dx, dy) = (bx - ax, by - ay);
    let clear = |distance: f32, one: f32, two: f32| distance.abs() > 0.25 * (one + two) / 2.0;
    let mut words = Vec::new();
    if clear(dx, a.bbox.width(), b.bbox.width()) {
        words.push(if dx > 0.0 { "left of" } else { "right of" });
    }
    if clear(dy, a.bbox.height(), b.bbox.height()) {
        words.push(if dy > 0.0 { "above" } else { "below" });
    }
    if words.is_empty() {
        words.push("at the same place as");
    }
    let size = if a.bbox.area() > b.bbox.area() { "larger" } else { "smaller" };
    format!("{} is {} {}, and {size}", a.handle, words.join(" and "), b.handle)
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
            region("img-1/dining-table-1", "dining table", [0.0, 200.0, 640.0, 480.0]),
        ];
        let of = |task| relations(task, &regions);
        assert_eq!(of("Is the bus left of the car?"), ["img-1/bus-1 is left of img-1/car-1, and larger"]);
        assert_eq!(
            of("Cars or dining table?"),
            ["img-1/car-1 is right of and above img-1/dining-table-1, and smaller"]
        );
        assert!(of("How many buses?").is_empty());
    }
}
