//! Blocks of a page in reading order, by recursive XY-cut: a page is cut at gutters between columns of running text, else at
//! its widest gap between rows, until nothing is left to cut (Nagy and Seth 1984).

use super::TextLine;
use crate::geom::BBox;

/// Characters of a line of running text at least, on average; shorter ones side by side are cells of a table.
const RUNNING: usize = 18;
/// Lines of a column at least.
const COLUMN: usize = 3;
/// A gutter in heights of a line.
const GUTTER: f32 = 0.3;
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
        None => match crossed(&lines, GUTTER * height) {
            Some(at) => bands(lines, at, found),
            None => found.push(lines.into_iter().map(|(line, _)| line).collect()),
        },
    }
}

/// Share of the lines that may cross a gutter: headings and captions over several columns.
const CROSSING: f32 = 0.2;

fn crosses(bbox: &BBox, at: f32) -> bool {
    bbox.x1 < at && bbox.x2 > at
}

/// A gutter between columns of running text that some lines cross: left of where lines begin, crossed by the fewest.
fn crossed(lines: &[(TextLine, BBox)], gutter: f32) -> Option<f32> {
    let running = |side: &dyn Fn(&BBox) -> bool| {
        let texts = lines.iter().filter(|(_, bbox)| side(bbox)).map(|(line, _)| line.text.chars().count());
        let (count, letters) = texts.fold((0, 0), |(count, sum), letters| (count + 1, sum + letters));
        count >= COLUMN && letters >= RUNNING * count
    };
    let crossings = |at: f32| lines.iter().filter(|(_, bbox)| crosses(bbox, at)).count();
    lines
        .iter()
        .map(|(_, bbox)| bbox.x1 - gutter / 2.0)
        .map(|at| (crossings(at), at))
        .filter(|(count, _)| *count > 0 && (*count as f32) <= CROSSING * lines.len() as f32)
        .filter(|(_, at)| running(&|bbox: &BBox| bbox.x2 <= *at) && running(&|bbox: &BBox| bbox.x1 >= *at))
        .min_by_key(|(count, _)| *count)
        .map(|(_, at)| at)
}

/// What lies between the lines that cross a gutter, and these lines, from top to bottom.
fn bands(mut lines: Vec<(TextLine, BBox)>, at: f32, found: &mut Vec<Vec<TextLine>>) {
    lines.sort_by(|a, b| a.1.center().1.total_cmp(&b.1.center().1));
    let mut band = Vec::new();
    let mut over = Vec::new();
    for (line, bbox) in lines {
        if crosses(&bbox, at) {
            if !band.is_empty() {
                cut(std::mem::take(&mut band), found);
            }
            over.push(line);
        } else {
            if !over.is_empty() {
                found.push(std::mem::take(&mut over));
            }
            band.push((line, bbox));
        }
    }
    if !over.is_empty() {
        found.push(over);
    }
    if !band.is_empty() {
        cut(band, found);
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
