//! Labels side by side with a value above or below each: the bars of a chart, the days of a forecast.

use super::{
    build::pairs,
    piece::{Piece, PieceRow, Sort},
    typed_text::Context,
    types::PageTable,
};

/// Labels and values at least.
const LABELS: usize = 3;
/// How far a value's middle may be from its label's, in distances of labels.
const BESIDE: f32 = 0.35;
/// Numbers along an axis, fewer than.
const TICKS: usize = 24;
/// How much the distances of equal steps may differ.
const EVEN: f32 = 0.2;
/// Text so much taller than the labels is a picture that was read as text.
const NOISE: f32 = 3.0;
/// Rows of values at most that stand under labels without names of their own.
const SERIES: usize = 3;

/// Takes the numbers along the axes out of the rows.
pub(super) fn without_ticks(rows: &mut Vec<PieceRow>) {
    let numbers: Vec<&Piece> = rows
        .iter()
        .flat_map(|row| [row.pieces.first(), row.pieces.last().filter(|_| !row.is_single())])
        .flatten()
        .filter(|piece| piece.sort == Sort::Number)
        .collect();
    let ticks: Vec<Piece> = numbers
        .iter()
        .map(|first| numbers.iter().filter(|other| is_one_axis(first, other)).copied().collect::<Vec<_>>())
        .filter(|axis| {
            (LABELS..TICKS).contains(&axis.len())
                && is_even(axis, |piece| piece.bbox.center().1)
                && !is_column(axis, rows)
        })
        .max_by_key(Vec::len)
        .map(|axis| axis.into_iter().cloned().collect())
        .unwrap_or_default();
    for row in rows.iter_mut() {
        row.pieces.retain(|piece| !ticks.contains(piece));
    }
    rows.retain(|row| !row.pieces.is_empty());
    // Below bars that lie there is an axis too: numbers in equal steps under rows of names.
    let mut at = 1;
    while at < rows.len() {
        let axis: Vec<&Piece> = rows[at].pieces.iter().collect();
        let steps = axis.len() > LABELS
            && axis.iter().all(|piece| piece.sort == Sort::Number)
            && is_even(&axis, |piece| piece.bbox.center().0);
        if steps && rows[..at].iter().filter(|row| row.is_pair()).count() >= 2 && rows[at - 1].is_pair() {
            rows.remove(at);
        } else {
            at += 1;
        }
    }
}

/// Whether numbers are a column of a table: most stand beside others that line up too.
fn is_column(axis: &[&Piece], rows: &[PieceRow]) -> bool {
    let beside =
        |tick: &&Piece| rows.iter().find(|row| row.pieces.contains(tick))?.pieces.iter().find(|piece| piece != tick);
    let mates: Vec<&Piece> = axis.iter().filter_map(beside).collect();
    let lined = mates.iter().enumerate().any(|(at, a)| mates[..at].iter().any(|b| is_one_axis(a, b)));
    mates.len() * 2 > axis.len() && lined
}

fn is_one_axis(a: &Piece, b: &Piece) -> bool {
    let near = 0.6 * a.bbox.height();
    (a.bbox.x2 - b.bbox.x2).abs() < near || (a.bbox.x1 - b.bbox.x1).abs() < near
}

/// Whether places and numbers go in equal steps.
fn is_even(pieces: &[&Piece], place: fn(&Piece) -> f32) -> bool {
    let even = |values: Vec<f32>| {
        let steps: Vec<f32> = values.windows(2).map(|two| two[1] - two[0]).collect();
        let mean = steps.iter().sum::<f32>() / steps.len().max(1) as f32;
        mean != 0.0 && steps.iter().all(|step| (step - mean).abs() <= EVEN * mean.abs())
    };
    let numbers =
        || pieces.iter().map(|piece| piece.number().map(|number| number as f32)).collect::<Option<Vec<f32>>>();
    even(pieces.iter().map(|piece| place(piece)).collect()) && numbers().is_some_and(even)
}

/// Takes the charts out of the rows: each row of labels with the values over or under them.
pub(super) fn charts(rows: &mut Vec<PieceRow>, context: Context) -> Vec<PageTable> {
    let mut found = Vec::new();
    let mut at = 0;
    while at < rows.len() {
        let values = over(rows, at).or_else(|| under(rows, at));
        let Some(values) = values else {
            at += 1;
            continue;
        };
        let labels = rows[at].pieces.clone();
        let legend = rows.get(at + 1).map(|row| row.pieces.clone()).unwrap_or_default();
        let series = values.iter().map(Vec::len).max().unwrap_or(0);
        found.push(if series == 1 {
            let both: Vec<(Piece, Piece)> = labels
                .iter()
                .zip(&values)
                .filter_map(|(label, values)| Some((label.clone(), values.first()?.clone())))
                .collect();
            pairs(&both, true, context)
        } else {
            let row = |(label, values): (&Piece, &Vec<Piece>)| {
                PieceRow::new(std::iter::once(label.clone()).chain(values.iter().cloned()).collect())
            };
            let words = legend.iter().filter(|piece| piece.text.chars().any(char::is_alphanumeric));
            let headers: Vec<&str> = std::iter::once("").chain(words.map(|piece| piece.text.as_str())).collect();
            super::build::records(&headers, &labels.iter().zip(&values).map(row).collect::<Vec<_>>(), context)
        });
        let taken: Vec<Piece> = values.into_iter().flatten().chain(labels).collect();
        for row in rows.iter_mut() {
            row.pieces.retain(|piece| !taken.contains(piece));
        }
        rows.retain(|row| !row.pieces.is_empty());
        at = 0;
    }
    found
}

/// The distance of evenly spaced labels.
fn pitch(labels: &[Piece]) -> Option<f32> {
    let centers: Vec<f32> = labels.iter().map(|label| label.bbox.center().0).collect();
    let steps: Vec<f32> = centers.windows(2).map(|two| two[1] - two[0]).collect();
    let mean = steps.iter().sum::<f32>() / steps.len().max(1) as f32;
    let even = steps.iter().all(|step| (step - mean).abs() < 0.3 * mean);
    (labels.len() >= LABELS && even && mean > 0.0).then_some(mean)
}

fn label_of(labels: &[Piece], value: &Piece, pitch: f32) -> Option<usize> {
    labels.iter().position(|label| (label.bbox.center().0 - value.bbox.center().0).abs() < BESIDE * pitch)
}

/// The values over the labels of a row, one a label, at heights of their own or in one row.
fn over(rows: &[PieceRow], at: usize) -> Option<Vec<Vec<Piece>>> {
    let labels = &rows[at].pieces;
    let pitch = pitch(labels)?;
    let mut values: Vec<Vec<Piece>> = vec![Vec::new(); labels.len()];
    let mut rows_of_all = 0;
    // What the bars are taken for is no end of them.
    let noise = |row: &PieceRow| row.pieces.iter().all(|piece| piece.bbox.height() > NOISE * rows[at].height());
    for row in rows[..at].iter().rev().filter(|row| !noise(row)) {
        let columns: Vec<Option<usize>> = row.pieces.iter().map(|piece| label_of(labels, piece, pitch)).collect();
        // A title or a table above ends the chart.
        if row.pieces.iter().any(|piece| piece.sort != Sort::Number) || columns.iter().any(Option::is_none) {
            break;
        }
        rows_of_all += usize::from(row.pieces.len() * 3 > labels.len() * 2);
        for (piece, column) in row.pieces.iter().zip(columns.into_iter().flatten()) {
            values[column].push(piece.clone());
        }
    }
    let names = labels.iter().all(|label| label.sort != Sort::Number) || rows_of_all == 0;
    let series = values.iter().map(Vec::len).max().unwrap_or(0);
    let valued = values.iter().filter(|values| values.len() == series).count();
    // Bars side by side over one label: each stands at a place of its own.
    let grouped = series > 1 && series <= SERIES && valued == labels.len() && {
        for values in &mut values {
            values.sort_by(|a, b| a.bbox.x1.total_cmp(&b.bbox.x1));
        }
        values
            .iter()
            .all(|values| values.windows(2).all(|two| two[1].bbox.center().0 - two[0].bbox.center().0 > 0.1 * pitch))
    };
    ((series == 1 || grouped) && names && valued >= LABELS && valued * 3 >= labels.len() * 2).then_some(values)
}

/// The values under the labels of a row: few rows of values without names, alike within a row.
fn under(rows: &[PieceRow], at: usize) -> Option<Vec<Vec<Piece>>> {
    let labels = &rows[at].pieces;
    let pitch = pitch(labels).filter(|_| labels.iter().all(|label| label.sort != Sort::Number))?;
    let mut values: Vec<Vec<Piece>> = vec![Vec::new(); labels.len()];
    let mut units: Vec<String> = Vec::new();
    for row in &rows[at + 1..] {
        let columns: Vec<Option<usize>> = row.pieces.iter().map(|piece| label_of(labels, piece, pitch)).collect();
        if row.pieces.len() != labels.len() || columns.iter().any(Option::is_none) {
            break;
        }
        let unit = unit_of(&row.pieces)?;
        units.push(unit);
        for (piece, column) in row.pieces.iter().zip(columns.into_iter().flatten()) {
            values[column].push(piece.clone());
        }
    }
    units.dedup();
    let series = values.first().map_or(0, Vec::len);
    let alike = values.iter().all(|values| values.len() == series);
    // Several rows of one unit are the rows of a table.
    (alike && (1..=SERIES).contains(&series) && units.len() == series).then_some(values)
}

/// The unit that all of some values share; `None` where they are not alike.
fn unit_of(pieces: &[Piece]) -> Option<String> {
    let unit = |piece: &Piece| {
        let unit: String =
            piece.text.chars().filter(|c| !c.is_ascii_digit() && !matches!(c, '.' | ',' | '-' | '+' | ' ')).collect();
        piece.is_value().then_some(unit)
    };
    let first = unit(pieces.first()?)?;
    pieces.iter().all(|piece| unit(piece).as_ref() == Some(&first)).then_some(first)
}
