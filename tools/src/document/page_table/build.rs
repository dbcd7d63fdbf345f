//! From the rows of a segment to a table with typed columns.

use super::{
    column::columns,
    counts::leading_count,
    grid::grid,
    header::{header_rows, over_columns, without_letterhead},
    piece::{Piece, PieceRow, Sort, around},
    typed_text::Context,
    types::{PageCell, PageRow, PageTable},
};
use crate::{
    document::language::{Label, says},
    geom::BBox,
};

/// Rows of a table at least.
const ROWS: usize = 2;
/// Share of filled cells of a table of words at least.
const FILLED: f32 = 0.8;
/// Rows of a table of words in two columns at least.
const WORDS: usize = 3;

/// The texts of a row by columns.
type Cells = Vec<Option<Piece>>;

/// The table of rows, unless they are none.
pub(super) fn build(rows: &[PieceRow], context: Context) -> Option<PageTable> {
    let rows = without_letterhead(rows);
    let heading = header_rows(rows);
    let (head, body) = rows.split_at(heading);
    if body.len() < ROWS {
        return None;
    }
    let (mut places, mut placed) = grid(&body.iter().collect::<Vec<_>>());
    // A column that only its header fills.
    if head.first().is_some_and(|row| row.pieces.len() > places.len()) {
        let all = grid(&rows.iter().collect::<Vec<_>>());
        (places, placed) = (all.0, all.1[heading..].to_vec());
    }
    let width = places.len();
    let mut headers = vec![String::new(); width];
    for row in head {
        for (piece, at) in over_columns(row, &places) {
            let text = piece.text.trim_end_matches([':', '：']);
            let joined = format!("{} {text}", headers[at]);
            joined.trim().clone_into(&mut headers[at]);
        }
    }
    let mut cells: Vec<Cells> =
        body.iter().zip(&placed).map(|(row, places)| by_column(&row.pieces, places, width)).collect();
    without_footer(&mut cells);
    let summaries = summaries(&cells);
    let words = column_of_words(&cells, &summaries, width);
    for row in cells.iter_mut().zip(&summaries).filter(|(_, summary)| **summary).map(|(row, _)| row) {
        name_first(row, words);
    }
    // "Name:" is the name.
    for name in cells.iter_mut().filter_map(|row| row[words].as_mut()) {
        without_leader(&mut name.text);
    }
    if !is_table(&cells, heading > 0) {
        return None;
    }
    if heading == 0 {
        counts_apart(&mut headers, &mut cells, &summaries, words);
    }
    let outer = around(rows.iter().map(PieceRow::bbox));
    Some(typed(&headers, &cells, &summaries, outer, context))
}

/// A table of names and values that stand beside each other.
pub(super) fn pairs(pairs: &[(Piece, Piece)], across: bool, context: Context) -> PageTable {
    let cells: Vec<Cells> = pairs.iter().map(|(name, value)| vec![Some(name.clone()), Some(value.clone())]).collect();
    let outer = around(pairs.iter().flat_map(|(name, value)| [name.bbox, value.bbox]));
    PageTable { across, ..typed(&[String::new(), String::new()], &cells, &vec![false; pairs.len()], outer, context) }
}

/// A table of rows whose pieces are their cells; headers count where there is one a column.
pub(super) fn records(headers: &[&str], rows: &[PieceRow], context: Context) -> PageTable {
    let width = rows.iter().map(|row| row.pieces.len()).max().unwrap_or(0);
    let places: Vec<usize> = (0..width).collect();
    let cells: Vec<Cells> = rows.iter().map(|row| by_column(&row.pieces, &places, width)).collect();
    let outer = around(rows.iter().map(PieceRow::bbox));
    let named = headers.len() == width;
    let headers: Vec<String> =
        (0..width).map(|at| if named { headers[at].to_owned() } else { String::new() }).collect();
    PageTable { across: true, ..typed(&headers, &cells, &vec![false; rows.len()], outer, context) }
}

fn typed(headers: &[String], cells: &[Cells], summaries: &[bool], bbox: Option<BBox>, context: Context) -> PageTable {
    let width = headers.len();
    let contexts: Vec<Context> = (0..width)
        .map(|at| context.of_column(cells.iter().filter_map(|row| Some(row[at].as_ref()?.text.as_str()))))
        .collect();
    let cell = |(piece, context): (&Option<Piece>, &Context)| match piece {
        Some(piece) => PageCell { bbox: Some(piece.bbox), ..PageCell::parse_in(&piece.text, *context) },
        None => PageCell::default(),
    };
    let rows: Vec<PageRow> = cells
        .iter()
        .zip(summaries)
        .map(|(row, summary)| PageRow {
            cells: row.iter().zip(&contexts).map(cell).collect(),
            bbox: around(row.iter().flatten().map(|piece| piece.bbox)),
            summary: *summary,
        })
        .collect();
    let names = column_of_words(cells, summaries, width);
    let priced = cells.iter().any(is_total) && summaries.contains(&true);
    PageTable { title: None, columns: columns(headers, &rows, names, priced), names, rows, bbox, across: false }
}

fn by_column(pieces: &[Piece], places: &[usize], width: usize) -> Cells {
    let mut cells: Cells = vec![None; width];
    for (piece, at) in pieces.iter().zip(places) {
        match &mut cells[*at] {
            Some(known) => {
                known.text = format!("{} {}", known.text, piece.text);
                known.bbox = around([known.bbox, piece.bbox].into_iter()).unwrap_or(known.bbox);
            }
            empty => *empty = Some(piece.clone()),
        }
    }
    cells
}

/// The column whose cells are words more often than those of any other, the first of them.
fn column_of_words(cells: &[Cells], summaries: &[bool], width: usize) -> usize {
    let words = |at: usize| {
        let own = cells.iter().zip(summaries).filter(|(_, summary)| !**summary).map(|(row, _)| row[at].as_ref());
        own.flatten().filter(|piece| piece.sort == Sort::Words).count()
    };
    (0..width).rev().max_by_key(|at| words(*at)).unwrap_or(0)
}

/// What the first words of a row say, in lower case.
fn label(row: &Cells) -> String {
    let words = row.iter().flatten().find(|piece| piece.sort == Sort::Words);
    words.map(|piece| piece.text.to_lowercase()).unwrap_or_default()
}

fn is_total(row: &Cells) -> bool {
    let label = label(row);
    says(&label, &[Label::Total, Label::TotalFinal]) && !Label::Subtotal.is_in(&label)
}

/// Whether a number or what may have been one is in a row.
fn is_counted(row: &Cells) -> bool {
    row.iter().flatten().any(|piece| matches!(piece.sort, Sort::Number | Sort::Mark))
}

/// Drops the rows from the total on that hold no number: dates, thanks, headings of what follows.
fn without_footer(cells: &mut Vec<Cells>) {
    let Some(total) = cells.iter().position(is_total).filter(|total| *total > 0) else { return };
    let mut at = 0;
    cells.retain(|row| {
        at += 1;
        at <= total || is_counted(row)
    });
}

/// Which rows sum up others. From the total on only payments and taxes come.
fn summaries(cells: &[Cells]) -> Vec<bool> {
    use Label::{Change, Discount, Paid, Subtotal, Summary, Tax};
    let sums = |labels: &[Label]| cells.iter().map(|row| says(&label(row), labels)).collect::<Vec<_>>();
    let totals: Vec<bool> = cells.iter().map(is_total).collect();
    let mut found: Vec<bool> =
        sums(&[Subtotal, Summary]).iter().zip(&totals).map(|(sum, total)| *sum || *total).collect();
    // Taxes and payments are such only beside a total: "Savings" may be a row like others.
    let others = sums(&[Tax, Discount, Paid, Change]);
    if found.contains(&true) || others.iter().filter(|other| **other).count() > 1 {
        found.iter_mut().zip(others).for_each(|(sum, other)| *sum |= other);
    }
    let paid = sums(&[Paid, Change]).iter().rposition(|paid| *paid);
    let first = totals.iter().position(|total| *total);
    let last = totals.iter().rposition(|total| *total);
    let from = if paid > first { first } else { last };
    if let Some(from) = from.filter(|from| *from > 0) {
        found[from..].fill(true);
    }
    found.iter_mut().zip(cells).for_each(|(sum, row)| *sum &= is_counted(row));
    // Where all sum up, none does.
    if found.iter().all(|summary| *summary) { vec![false; cells.len()] } else { found }
}

/// Gives the counts before names, as in "2 x Flat white", a column of their own behind the names.
fn counts_apart(headers: &mut Vec<String>, cells: &mut [Cells], summaries: &[bool], names: usize) {
    let count = |row: &Cells| row[names].as_ref().and_then(leading_count);
    let items = || cells.iter().zip(summaries).filter(|(_, summary)| !**summary).map(|(row, _)| row);
    if !items().any(|row| count(row).is_some()) {
        return;
    }
    headers.insert(names + 1, String::new());
    for row in cells.iter_mut() {
        let counted = row[names].as_ref().and_then(leading_count);
        let (count, name) = counted.map_or((None, row[names].clone()), |(count, name)| (Some(count), Some(name)));
        row[names] = name;
        row.insert(names + 1, count);
    }
}

/// Drops the colon or the row of dots behind a label; the point of an abbreviation stays.
fn without_leader(text: &mut String) {
    let bare = text.trim_end_matches([':', '：', ' ']);
    let dotted = bare.ends_with("..") || bare.ends_with(" .") || bare.ends_with('…');
    let bare = if dotted { bare.trim_end_matches(['.', '…', ' ']) } else { bare };
    text.truncate(bare.len());
}

/// Moves the label of a row into the column of names, if that is empty.
fn name_first(row: &mut Cells, names: usize) {
    let label = (0..row.len()).find(|at| row[*at].as_ref().is_some_and(|piece| piece.sort == Sort::Words));
    if let Some(at) = label.filter(|at| *at != names && row[names].is_none()) {
        row[names] = row[at].take();
    }
}

/// Whether cells are a table: values in two rows, or words that fill most of it.
fn is_table(cells: &[Cells], headed: bool) -> bool {
    let filled = |row: &&Cells| row.iter().flatten().count() > 1;
    let several = cells.iter().filter(filled).count();
    let width = cells.first().map_or(0, Vec::len);
    let valued = cells.iter().filter(|row| row.iter().flatten().any(Piece::is_value)).count();
    let named = cells.iter().filter(|row| row.iter().flatten().any(|piece| piece.sort == Sort::Words)).count();
    if width < 2 || several < ROWS {
        return false;
    }
    let share = cells.iter().flatten().flatten().count() as f32 / (width * cells.len()) as f32;
    let valued_well = valued >= ROWS && valued * 2 >= cells.len() && (named > 0 || headed || width > 2);
    valued_well
        || (share >= FILLED
            && (headed || width > 2 || cells.len() >= WORDS)
            && cells.len() + usize::from(headed) >= WORDS)
}
