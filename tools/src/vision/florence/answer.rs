//! What Florence-2's answers mean: labels, boxes, corners and outlines in pixels of the picture.
//!
//! Source of the grammar: `Florence2PostProcessor` of transformers. It cuts coordinates to whole pixels and drops letters that
//! are not ASCII from labels; here both stay as they are.

use super::{
    location::middle_of,
    pieces::{Group, Piece, bare, groups, runs},
    task::{AnswerKind, Task},
};
use crate::geom::{BBox, Quad};

/// A parsed answer.
#[derive(Clone, Debug, PartialEq)]
pub enum Answer {
    /// A text.
    Text(String),
    /// Things with a place, in the order said; may be empty.
    Found(Vec<Found>),
}

/// A thing and where it is.
#[derive(Clone, Debug, PartialEq)]
pub struct Found {
    /// What it is called, or the text itself; empty where the task gives no labels.
    pub label: String,
    /// Where.
    pub shape: Shape,
}

/// A place in pixels of the picture.
#[derive(Clone, Debug, PartialEq)]
pub enum Shape {
    /// A box as the model said it: a model may say one whose right edge is left of the left one.
    Box(BBox),
    /// The four corners of a line of text.
    Quad(Quad),
    /// Outlines of one thing, each of at least three points (x, y).
    Polygons(Vec<Vec<[f32; 2]>>),
}

impl Shape {
    /// The smallest box around it.
    pub fn bounds(&self) -> BBox {
        let points: Vec<[f32; 2]> = match self {
            Self::Box(bbox) => return *bbox,
            Self::Quad(quad) => return quad.bounds(),
            Self::Polygons(polygons) => polygons.concat(),
        };
        let most = |axis: usize, pick: fn(f32, f32) -> f32| {
            points.iter().map(|point| point[axis]).reduce(pick).unwrap_or_default()
        };
        BBox { x1: most(0, f32::min), y1: most(1, f32::min), x2: most(0, f32::max), y2: most(1, f32::max) }
    }
}

impl Answer {
    /// The text; empty if it is an answer with places.
    pub fn text(self) -> String {
        match self {
            Self::Text(text) => text,
            Self::Found(_) => String::new(),
        }
    }

    /// The things found; none if it is a text.
    pub fn found(self) -> Vec<Found> {
        match self {
            Self::Text(_) => Vec::new(),
            Self::Found(found) => found,
        }
    }
}

/// Groups of fewer marks are no shape.
const LEAST: usize = 4;

/// Reads an answer as the model gave it, with its special tokens. `size`: width and height of the picture. What fits no
/// grammar is left out; it never fails.
pub fn parse(task: Task, raw: &str, size: (u32, u32)) -> Answer {
    let named = |parts: fn(&Group) -> Vec<Vec<u32>>, shape: fn(&[u32], (u32, u32)) -> Shape| {
        let groups = groups(raw).into_iter().filter_map(|group| Some((group.label.clone()?, group)));
        let found = groups.flat_map(|(label, group)| {
            let label = label.trim().to_owned();
            parts(&group).into_iter().map(move |steps| Found { label: label.clone(), shape: shape(&steps, size) })
        });
        found.collect::<Vec<_>>()
    };
    let found = match task.answer() {
        AnswerKind::Text => return Answer::Text(bare(raw).trim().to_owned()),
        AnswerKind::BoxesOrPolygons if raw.contains("<poly>") => {
            let groups = groups(raw).into_iter().filter(|group| group.label.is_some());
            groups.flat_map(|group| outlines(&group, size)).collect()
        }
        AnswerKind::Boxes | AnswerKind::BoxesOrPolygons => named(boxes_at_start, shape_of_box),
        AnswerKind::Phrases => {
            let mut found = named(boxes_at_start, shape_of_box);
            found.retain(|found| !NO_PHRASES.contains(&found.label.as_str()));
            found
        }
        AnswerKind::Quads => named(quad_at_start, shape_of_quad),
        AnswerKind::BareBoxes => {
            let boxes = groups(raw).into_iter().flat_map(|group| runs(&group.marks).collect::<Vec<_>>());
            let boxes = boxes.flat_map(|run| fours(&run));
            boxes.map(|steps| Found { label: String::new(), shape: shape_of_box(&steps, size) }).collect()
        }
        AnswerKind::BarePolygons => {
            let groups = groups(raw).into_iter().map(|group| Group { label: None, ..group });
            groups.flat_map(|group| outlines(&group, size)).collect()
        }
    };
    Answer::Found(found)
}

/// The boxes that follow the label at once; what is left over of the last one is dropped.
fn boxes_at_start(group: &Group) -> Vec<Vec<u32>> {
    run_at_start(group).map(|run| fours(&run)).unwrap_or_default()
}

/// The eight numbers that follow the label at once.
fn quad_at_start(group: &Group) -> Vec<Vec<u32>> {
    let run = run_at_start(group).filter(|run| run.len() >= 8);
    run.map(|run| vec![run[..8].to_vec()]).unwrap_or_default()
}

fn run_at_start(group: &Group) -> Option<Vec<u32>> {
    matches!(group.marks.first(), Some(Piece::Location(_))).then(|| runs(&group.marks).next())?
}

fn fours(run: &[u32]) -> Vec<Vec<u32>> {
    run.chunks_exact(4).map(<[u32]>::to_vec).collect()
}

/// Every second number is one of the other axis; an odd one at the end is dropped.
fn points(steps: &[u32], (width, height): (u32, u32)) -> Vec<[f32; 2]> {
    steps.chunks_exact(2).map(|step| [middle_of(step[0], width), middle_of(step[1], height)]).collect()
}

fn shape_of_box(steps: &[u32], size: (u32, u32)) -> Shape {
    let corners = points(steps, size).concat();
    Shape::Box(<[f32; 4]>::try_from(corners).unwrap_or_default().into())
}

fn shape_of_quad(steps: &[u32], size: (u32, u32)) -> Shape {
    Shape::Quad(Quad(<[[f32; 2]; 4]>::try_from(points(steps, size)).unwrap_or_default()))
}

/// The things of a group: each between `<poly>` and `</poly>`, or all of it one thing where there is no such pair.
fn outlines(group: &Group, size: (u32, u32)) -> Vec<Found> {
    if group.marks.len() < LEAST {
        return Vec::new();
    }
    let mut things: Vec<&[Piece]> = Vec::new();
    let mut rest = group.marks.as_slice();
    while let Some(begin) = rest.iter().position(|mark| *mark == Piece::Begin) {
        let Some(length) = rest[begin + 1..].iter().position(|mark| *mark == Piece::End) else { break };
        things.push(&rest[begin + 1..begin + 1 + length]);
        rest = &rest[begin + 2 + length..];
    }
    if things.is_empty() {
        things.push(&group.marks);
    }
    let label = group.label.as_deref().unwrap_or_default().trim();
    let polygons = things.into_iter().map(|thing| {
        let outlines = runs(thing).map(|run| points(&run, size));
        outlines.filter(|outline| outline.len() >= 3).collect::<Vec<_>>()
    });
    polygons
        .filter(|polygons| !polygons.is_empty())
        .map(|polygons| Found { label: label.to_owned(), shape: Shape::Polygons(polygons) })
        .collect()
}

/// Phrases that stand for no particular thing, as the published processor lists them.
#[rustfmt::skip]
const NO_PHRASES: [&str; 72] = [
    "I", "a", "a group", "a set", "all", "an", "another", "any", "anybody", "anyone", "anything", "each", "each other",
    "everybody", "everyone", "everything", "few", "he", "her", "hers", "herself", "him", "himself", "his", "image",
    "images", "it", "its", "itself", "lots", "many", "me", "mine", "myself", "nobody", "none", "one", "one another",
    "oneself", "other objects", "our", "ours", "ourselves", "several", "she", "some", "somebody", "someone", "something",
    "that", "the", "the image", "their", "theirs", "them", "themselves", "these", "they", "this", "those", "us", "we",
    "what", "which", "who", "whom", "whose", "you", "your", "yours", "yourself", "yourselves",
];
