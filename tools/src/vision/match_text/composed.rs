//! Without any model for it: what other tools find, in place of a match.
//!
//! The score of a text is the share of its content words that the picture has: as the name of a detected object (or a synonym, a
//! plural, a group such as "animals"), as a color, or in a line of text. The relevance of a patch is 1, and up to 1 more the more
//! edges it has (plain areas say little); a found object or line that the text names adds 8 where it covers the patch, and a color
//! that the text names adds 4 where the patch has it.

use std::collections::HashSet;

use image::{RgbImage, imageops};

use super::plane::{Grid, SIDE};
use crate::{
    geom::BBox,
    image::{Filter, color_name, resize_rgb},
    labels,
};

/// What was found in a picture.
#[derive(Clone, Debug, Default)]
pub(super) struct Scene {
    /// Width and height in pixels.
    pub(super) size: (u32, u32),
    /// Labels and places of objects.
    pub(super) objects: Vec<(String, BBox)>,
    /// Texts and places of lines.
    pub(super) lines: Vec<(String, BBox)>,
    /// Names of the dominant colors.
    pub(super) colors: Vec<String>,
}

/// What a text has in common with a scene.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Common {
    /// The share of its content words, 0 to 1; 0 if it has none.
    pub(super) share: f32,
    /// Where what it names lies.
    pub(super) places: Vec<BBox>,
    /// The colors it names.
    pub(super) colors: Vec<String>,
}

/// Words that say nothing of what is to be seen.
const PLAIN: &str = "a an the this that these those some any all of in on at to from by with without near under over above below \
    behind beside between into onto and or not no is are was were be been being am do does did has have had can could will would may \
    it its he she they them his her their there here what which who whose where when why how many much as for than then so very \
    picture image photo photograph see seen show shows shown showing i you we me my your our kind type sort color colour yes";

/// The least length of a word that may stand inside of a line's word.
const INSIDE: usize = 4;

const EDGES: f32 = 1.0;
const NAMED: f32 = 8.0;
const COLORED: f32 = 4.0;

/// The content words of a text, in lower case, each once.
fn words(text: &str) -> Vec<String> {
    let plain: HashSet<&str> = PLAIN.split_whitespace().collect();
    let mut seen = HashSet::new();
    let lower = text.to_lowercase();
    let all = lower.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    all.filter(|word| !plain.contains(word) && seen.insert((*word).to_owned())).map(str::to_owned).collect()
}

/// What a text and a scene have in common.
pub(super) fn common(text: &str, scene: &Scene) -> Common {
    let words = words(text);
    let names: Vec<String> = scene.objects.iter().map(|(label, _)| label.clone()).collect();
    let mut had = vec![false; words.len()];
    let mut common = Common::default();
    let mut add = |place: BBox| {
        if !common.places.contains(&place) {
            common.places.push(place);
        }
    };
    for (at, word) in words.iter().enumerate() {
        for object in labels::matches(word, &names) {
            had[at] = true;
            add(scene.objects[object].1);
        }
        // "wine glass", "traffic light"
        if let Some(next) = words.get(at + 1) {
            let both = labels::canonical(&format!("{word} {next}"));
            for (_, place) in scene.objects.iter().filter(|(label, _)| labels::canonical(label) == both) {
                (had[at], had[at + 1]) = (true, true);
                add(*place);
            }
        }
        for (_, place) in scene.lines.iter().filter(|(line, _)| says(line, word)) {
            had[at] = true;
            add(*place);
        }
    }
    for (at, word) in words.iter().enumerate() {
        let color = word.replace("grey", "gray");
        // "red" is "dark red" too.
        for name in scene.colors.iter().filter(|name| name.split(' ').next_back() == Some(color.as_str())) {
            had[at] = true;
            common.colors.push(name.clone());
        }
    }
    let count = had.iter().filter(|had| **had).count();
    common.share = if words.is_empty() { 0.0 } else { count as f32 / words.len() as f32 };
    common
}

/// Whether a line of text has a word: by itself, or, if it is long or of a script without spaces, inside of another.
fn says(line: &str, word: &str) -> bool {
    let line = line.to_lowercase();
    let whole = line.split(|c: char| !c.is_alphanumeric()).any(|other| other == word);
    let may_be_inside = word.chars().count() >= INSIDE || !word.is_ascii();
    whole || (may_be_inside && line.contains(word))
}

/// Where a text is likely to be seen.
pub(super) fn relevance(picture: &Patches, scene: &Scene, common: &Common) -> Grid {
    let (width, height) = (scene.size.0 as f32 / SIDE as f32, scene.size.1 as f32 / SIDE as f32);
    let mut values = Vec::with_capacity((SIDE * SIDE) as usize);
    for row in 0..SIDE {
        for column in 0..SIDE {
            let (x, y) = (column as f32 * width, row as f32 * height);
            let patch = BBox { x1: x, y1: y, x2: x + width, y2: y + height };
            let at = (row * SIDE + column) as usize;
            let covered: f32 = common
                .places
                .iter()
                .map(|place| place.intersection(&patch) / patch.area().max(f32::MIN_POSITIVE))
                .sum();
            let colored = picture.share_of(at, &common.colors);
            // A place that two of them cover is worth no more.
            values.push(1.0 + EDGES * picture.edges[at] + NAMED * covered.min(1.0) + COLORED * colored);
        }
    }
    Grid { rows: SIDE as usize, columns: SIDE as usize, values }
}

/// A picture by patches of [`FINE`] x [`FINE`] pixels of a small copy.
pub(super) struct Patches {
    /// How much goes on in each, 0 to 1 for the liveliest.
    edges: Vec<f32>,
    /// The names of the colors of its pixels.
    colors: Vec<Vec<&'static str>>,
}

/// Pixels of the small copy on a side of a patch.
const FINE: u32 = 4;

impl Patches {
    pub(super) fn of(picture: &RgbImage) -> Self {
        let side = SIDE * FINE;
        let small = resize_rgb(picture, side, side, Filter::Bilinear);
        let gray = imageops::grayscale(&small);
        let level = |x: u32, y: u32| i32::from(gray.get_pixel(x.min(side - 1), y.min(side - 1)).0[0]);
        let count = (SIDE * SIDE) as usize;
        let (mut edges, mut colors) = (vec![0.0_f32; count], vec![Vec::new(); count]);
        for (x, y, pixel) in small.enumerate_pixels() {
            let at = ((y / FINE) * SIDE + x / FINE) as usize;
            let here = level(x, y);
            edges[at] += (level(x + 1, y) - here).unsigned_abs().max((level(x, y + 1) - here).unsigned_abs()) as f32;
            colors[at].push(color_name(pixel.0));
        }
        let most = edges.iter().copied().fold(0.0, f32::max);
        if most > 0.0 {
            for value in &mut edges {
                *value /= most;
            }
        }
        Self { edges, colors }
    }

    fn share_of(&self, at: usize, names: &[String]) -> f32 {
        let pixels = &self.colors[at];
        let of_them = pixels.iter().filter(|color| names.iter().any(|name| name == *color)).count();
        of_them as f32 / pixels.len().max(1) as f32
    }
}

#[cfg(test)]
mod tests {
    use image::Rgb;

    use super::*;

    fn street() -> Scene {
        let bbox = |corners: [f32; 4]| BBox::from(corners);
        Scene {
            size: (240, 240),
            objects: vec![
                ("bus".into(), bbox([0.0, 0.0, 120.0, 120.0])),
                ("traffic light".into(), bbox([200.0, 0.0, 210.0, 40.0])),
                ("person".into(), bbox([120.0, 120.0, 140.0, 200.0])),
            ],
            lines: vec![
                ("CITY CENTRE 42".into(), bbox([10.0, 10.0, 60.0, 20.0])),
                ("超市入口".into(), bbox([0.0, 200.0, 90.0, 220.0])),
            ],
            colors: vec!["dark red".into(), "light gray".into()],
        }
    }

    #[test]
    fn the_score_is_the_share_of_content_words() {
        for (text, share) in [
            ("a red bus", 1.0),
            ("Two people near the buses", 2.0 / 3.0),
            ("Is there a traffic light?", 1.0),
            ("a grey bus to the city centre", 1.0),
            ("a blue kangaroo", 0.0),
            ("bus 42", 1.0),
            ("bus 4", 0.5),
            ("what is this?", 0.0),
            ("超市", 1.0),
        ] {
            let found = common(text, &street());
            assert!((found.share - share).abs() < 1e-6, "{text}: {}", found.share);
        }
        assert_eq!(common("vehicles", &street()).places, [street().objects[0].1], "a group of classes");
        assert_eq!(common("anything", &Scene::default()), Common::default());
    }

    #[test]
    fn what_the_text_names_weighs_more_than_the_rest() {
        let picture = RgbImage::from_fn(240, 240, |x, _| if x < 200 { Rgb([90, 90, 90]) } else { Rgb([120, 10, 15]) });
        let patches = Patches::of(&picture);
        let grid = |text: &str| relevance(&patches, &street(), &common(text, &street())).shares();
        let (bus, nothing, red) = (grid("the bus"), grid("a kangaroo"), grid("something red"));
        let of = |grid: &Grid, column: usize, row: usize| grid.values[row * 24 + column];
        assert!(of(&bus, 3, 3) > 7.0 * of(&bus, 3, 20), "{} {}", of(&bus, 3, 3), of(&bus, 3, 20));
        assert!((of(&nothing, 3, 3) - of(&nothing, 3, 20)).abs() < 1e-9, "evenly where nothing goes on");
        assert!(of(&nothing, 19, 5) > 1.5 * of(&nothing, 3, 3), "but more at an edge");
        assert!(of(&red, 22, 10) > 4.0 * of(&red, 3, 10));
        assert!((bus.values.iter().sum::<f32>() - 1.0).abs() < 1e-4);
    }

    #[test]
    fn one_pixel_is_a_picture_too() {
        let patches = Patches::of(&RgbImage::new(1, 1));
        let scene = Scene { size: (1, 1), ..Scene::default() };
        let even = relevance(&patches, &scene, &Common::default()).shares();
        assert!(even.values.iter().all(|value| (value - 1.0 / 576.0).abs() < 1e-9));
    }
}
