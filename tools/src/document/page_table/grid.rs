//! The columns that pieces of rows stand in, by their places.

use super::piece::{Piece, PieceRow};
use crate::geom::BBox;

/// What a column of its own costs a piece that stands over no other, in heights of a line.
const APART: f32 = 2.5;
/// The same for one that stands over another.
const OVER: f32 = 8.0;

/// A column: the edges of its pieces, each in order, so that the middle ones are at hand.
#[derive(Clone, Debug, Default)]
pub(super) struct GridColumn {
    lefts: Vec<f32>,
    rights: Vec<f32>,
    centers: Vec<f32>,
    heights: Vec<f32>,
}

impl GridColumn {
    fn new(boxes: impl Iterator<Item = BBox>) -> Self {
        let mut column = Self::default();
        boxes.for_each(|bbox| column.push(bbox));
        column
    }

    fn push(&mut self, bbox: BBox) {
        let insert = |sorted: &mut Vec<f32>, value: f32| {
            sorted.insert(sorted.partition_point(|known| *known < value), value);
        };
        insert(&mut self.lefts, bbox.x1);
        insert(&mut self.rights, bbox.x2);
        insert(&mut self.centers, bbox.center().0);
        insert(&mut self.heights, bbox.height());
    }

    fn is_empty(&self) -> bool {
        self.lefts.is_empty()
    }

    /// The middle box: of left edges and right edges the median each.
    pub(super) fn middle(&self) -> BBox {
        let (x1, x2) = (median(&self.lefts), median(&self.rights));
        BBox { x1, y1: 0.0, x2: x2.max(x1 + 1.0), y2: median(&self.heights).max(1.0) }
    }

    /// How far a piece is from lining up with its pieces, in heights of a line: left, right or centered.
    fn apart(&self, piece: &Piece) -> f32 {
        let edges = [
            piece.bbox.x1 - median(&self.lefts),
            piece.bbox.x2 - median(&self.rights),
            piece.bbox.center().0 - median(&self.centers),
        ];
        edges.into_iter().map(f32::abs).fold(f32::MAX, f32::min) / piece.bbox.height().max(1.0)
    }

    fn overlaps(&self, piece: &Piece) -> bool {
        let middle = self.middle();
        piece.bbox.x1 < middle.x2 && piece.bbox.x2 > middle.x1
    }
}

/// The middle of sorted values; 0 where there is none.
fn median(sorted: &[f32]) -> f32 {
    sorted.get(sorted.len() / 2).copied().unwrap_or(0.0)
}

/// The columns of rows, and for each piece of each row the index of its column.
pub(super) fn grid(rows: &[&PieceRow]) -> (Vec<GridColumn>, Vec<Vec<usize>>) {
    // As many pieces in each row: the first is the first.
    let width = rows.first().map_or(0, |row| row.pieces.len());
    if rows.iter().all(|row| row.pieces.len() == width) {
        let column = |at: usize| GridColumn::new(rows.iter().map(|row| row.pieces[at].bbox));
        return ((0..width).map(column).collect(), vec![(0..width).collect(); rows.len()]);
    }
    let mut order: Vec<usize> = (0..rows.len()).collect();
    order.sort_by_key(|at| std::cmp::Reverse(rows[*at].pieces.len()));
    let mut columns: Vec<GridColumn> = Vec::new();
    for at in &order {
        let places = place(&rows[*at].pieces, &columns);
        take(&rows[*at].pieces, &places, &mut columns);
    }
    // Once more with all columns known; those that are empty now go.
    let first = columns.clone();
    columns.fill(GridColumn::default());
    let mut placed = vec![Vec::new(); rows.len()];
    for (at, row) in rows.iter().enumerate() {
        placed[at] = assign(&row.pieces, &first);
        for (piece, column) in row.pieces.iter().zip(&placed[at]) {
            columns[*column].push(piece.bbox);
        }
    }
    let kept: Vec<usize> = (0..columns.len()).filter(|at| !columns[*at].is_empty()).collect();
    let renamed = |column: &usize| kept.iter().position(|kept| kept == column).unwrap_or(0);
    let placed = placed.iter().map(|row| row.iter().map(renamed).collect()).collect();
    (kept.iter().map(|at| columns[*at].clone()).collect(), placed)
}

/// Where a piece goes: into a known column or into a new one before a known one.
#[derive(Clone, Copy, Debug)]
enum Place {
    Known(usize),
    New(usize),
}

fn take(pieces: &[Piece], places: &[Place], columns: &mut Vec<GridColumn>) {
    for (piece, place) in pieces.iter().zip(places).rev() {
        match *place {
            Place::Known(at) => columns[at].push(piece.bbox),
            Place::New(at) => columns.insert(at, GridColumn::new(std::iter::once(piece.bbox))),
        }
    }
}

/// The cheapest places of pieces in their order, by dynamic programming over pieces and columns.
fn place(pieces: &[Piece], columns: &[GridColumn]) -> Vec<Place> {
    let (rows, width) = (pieces.len(), columns.len());
    // cost[p][c]: the pieces before p placed in the columns before c.
    let mut cost = vec![vec![f32::INFINITY; width + 1]; rows + 1];
    let mut from = vec![vec![(0, 0); width + 1]; rows + 1];
    cost[0] = vec![0.0; width + 1];
    for p in 0..=rows {
        for c in 0..=width {
            if p > 0 && c > 0 {
                let to = cost[p - 1][c - 1] + columns[c - 1].apart(&pieces[p - 1]);
                if to < cost[p][c] {
                    (cost[p][c], from[p][c]) = (to, (p - 1, c - 1));
                }
            }
            if p > 0 {
                let over = columns.iter().any(|column| column.overlaps(&pieces[p - 1]));
                let to = cost[p - 1][c] + if over { OVER } else { APART } + misplaced(&pieces[p - 1], columns, c);
                if to < cost[p][c] {
                    (cost[p][c], from[p][c]) = (to, (p - 1, c));
                }
            }
            if c > 0 && cost[p][c - 1] < cost[p][c] {
                (cost[p][c], from[p][c]) = (cost[p][c - 1], (p, c - 1));
            }
        }
    }
    let mut places = vec![Place::New(0); rows];
    let (mut p, mut c) = (rows, width);
    while p > 0 {
        let before = from[p][c];
        if before.0 < p {
            places[p - 1] = if before.1 < c { Place::Known(c - 1) } else { Place::New(c) };
        }
        (p, c) = before;
    }
    places
}

/// What it costs to be on the wrong side of a column: nothing or more than anything else.
fn misplaced(piece: &Piece, columns: &[GridColumn], at: usize) -> f32 {
    let middle = piece.bbox.center().0;
    let right = columns[..at].iter().all(|column| column.middle().center().0 < middle)
        && columns[at..].iter().all(|column| column.middle().center().0 > middle);
    if right { 0.0 } else { 100.0 }
}

/// The columns of pieces among known ones only, in their order. As many pieces as columns take one each.
pub(super) fn assign(pieces: &[Piece], columns: &[GridColumn]) -> Vec<usize> {
    if pieces.len() >= columns.len() {
        return (0..pieces.len()).map(|at| at.min(columns.len().saturating_sub(1))).collect();
    }
    let (rows, width) = (pieces.len(), columns.len());
    let mut cost = vec![vec![f32::INFINITY; width + 1]; rows + 1];
    let mut taken = vec![vec![false; width + 1]; rows + 1];
    cost[0] = vec![0.0; width + 1];
    for p in 1..=rows {
        for c in p..=width {
            let to = cost[p - 1][c - 1] + columns[c - 1].apart(&pieces[p - 1]);
            let skipped = cost[p][c - 1];
            taken[p][c] = to < skipped;
            cost[p][c] = to.min(skipped);
        }
    }
    let (mut p, mut c) = (rows, width);
    let mut found = vec![0; rows];
    while p > 0 && c > 0 {
        if taken[p][c] {
            found[p - 1] = c - 1;
            p -= 1;
        }
        c -= 1;
    }
    found
}
