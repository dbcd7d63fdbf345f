//! Blocks of a page in reading order, by recursive XY-cut: a page is cut at gutters between columns of running text, else at
//! its widest gap between rows, until nothing is left to cut (Nagy and Seth 1984).

use super::TextLine;
use crate::geom::BBox;

/// Characters of a line of running text at least, on average; shorter ones side by side are cells of a table.
const RUNNING: usize = 18;
/// Lines of a column at least.
const COLUMN: usize = 3;
/// A gutter in heights of a line.
const GUTTER: f32 = 0.8;
/// A gap between blocks in heights of a line.
const GAP: f32 = 0.9;

/// The blocks of lines, each in the lines' own order. Lines without places are one block.
pub(super) fn blocks(lines: &[TextLine]) -> Vec<Vec<TextLine>> {
    let placed: Option<Vec<(TextLine, BBox)>> = lines.iter().map(|line| Some((line.clone(), line.bbox?))).collect();
    let Some(placed) = placed.filter(|placed| !placed.is_empty()) else {
        return if lines.is_empty() { Vec::new() } else { vec![lines.to_vec()] };
    };
    let mut found = Vec::new();
    cut(placed, &mut found);
    found
}

fn cut(lines: Vec<(TextLine, BBox)>, found: &mut Vec<Vec<TextLine>>) {
    let height = median_height(lines.iter().map(|(_, bbox)| bbox));
    let place = columns(&lines, GUTTER * height).map(|at| (true, at));
    match place.or_else(|| gap(&lines, GAP * height).map(|at| (false, at))) {
        Some((vertical, at)) => {
            let before = |bbox: &BBox| if vertical { bbox.center().0 < at } else { bbox.center().1 < at };
            let (first, second) = lines.into_iter().partition(|(_, bbox)| before(bbox));
            cut(first, found);
            cut(second, found);
        }
        None => found.push(lines.into_iter().map(|(line, _)| line).collect()),
    }
}

/// The middle height of boxes; 1 where there is none.
pub(super) fn median_height<'a>(boxes: impl Iterator<Item = &'a BBox>) -> f32 {
    let mut heights: Vec<f32> = boxes.map(BBox::height).collect();
    heights.sort_by(f32::total_cmp);
    heights.get(heights.len() / 2).copied().unwrap_or(1.0).max(1.0)
}

/// The middle of the widest free stretch between two columns of running text.
fn columns(lines: &[(TextLine, BBox)], least: f32) -> Option<f32> {
    let spans = lines.iter().map(|(_, bbox)| (bbox.x1, bbox.x2));
    let running = |side: &dyn Fn(&BBox) -> bool| {
        let texts: Vec<usize> =
            lines.iter().filter(|(_, bbox)| side(bbox)).map(|(line, _)| line.text.chars().count()).collect();
        texts.len() >= COLUMN && texts.iter().sum::<usize>() >= RUNNING * texts.len()
    };
    free(spans)
        .into_iter()
        .filter(|(from, to)| to - from >= least)
        .map(|(from, to)| f32::midpoint(from, to))
        .find(|at| running(&|bbox: &BBox| bbox.center().0 < *at) && running(&|bbox: &BBox| bbox.center().0 >= *at))
}

/// The middle of the widest free stretch between rows.
fn gap(lines: &[(TextLine, BBox)], least: f32) -> Option<f32> {
    let stretches = free(lines.iter().map(|(_, bbox)| (bbox.y1, bbox.y2)));
    let widest = stretches.into_iter().max_by(|a, b| (a.1 - a.0).total_cmp(&(b.1 - b.0)))?;
    (widest.1 - widest.0 >= least).then(|| f32::midpoint(widest.0, widest.1))
}

/// The stretches that no span covers, between the first and the last.
fn free(spans: impl Iterator<Item = (f32, f32)>) -> Vec<(f32, f32)> {
    let mut spans: Vec<(f32, f32)> = spans.collect();
    spans.sort_by(|a, b| a.0.total_cmp(&b.0));
    let mut end = f32::INFINITY;
    let mut found = Vec::new();
    for (from, to) in spans {
        if from > end {
            found.push((end, from));
        }
        end = if end.is_finite() { end.max(to) } else { to };
    }
    found
}
