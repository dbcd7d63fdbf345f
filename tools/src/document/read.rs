//! From lines of text to records.

use crate::geom::BBox;

use super::{
    Cell, Kind, Record, Row, Table, TextLine, rows,
    words::{SUMMARY_WORDS, has_any},
};

/// Fewer make no table.
const RECORDS: usize = 2;
/// Fewer names side by side head no columns.
const ACROSS: usize = 3;

/// A piece of text with its place.
#[derive(Clone, Debug)]
struct Piece {
    text: String,
    kind: Kind,
    bbox: Option<BBox>,
}

impl Table {
    /// The table in lines of text, if they hold one.
    pub fn read(lines: &[TextLine]) -> Option<Self> {
        let rows = rows(lines);
        let pieces: Vec<Vec<Piece>> = rows.iter().map(pieces).collect();
        let below = by_rows(&pieces);
        let numbers =
            |table: &Self| table.records.iter().filter(|r| r.cells.iter().any(|cell| cell.kind.is_value())).count();
        match below {
            Some(table) if numbers(&table) >= RECORDS => Some(table),
            below => by_columns(&pieces).or(below).or_else(|| split_lines(&rows)),
        }
    }
}

fn pieces(row: &Row) -> Vec<Piece> {
    let piece = |line: &TextLine| {
        // "Name:" is the name.
        let text = line.text.trim().trim_start_matches([':', '：']).trim_end_matches([':', '：']).trim().to_owned();
        Piece { kind: Kind::of(&text), text, bbox: line.bbox }
    };
    row.cells.iter().map(piece).filter(|piece| !piece.text.is_empty()).collect()
}

/// Records below each other: rows of a name and more.
fn by_rows(rows: &[Vec<Piece>]) -> Option<Table> {
    let is_record = |row: &Vec<Piece>| row.len() > 1 && row.iter().any(|piece| piece.kind == Kind::Name);
    let found: Vec<&Vec<Piece>> = rows.iter().filter(|row| is_record(row)).collect();
    let valued = |row: &&Vec<Piece>| row.iter().any(|piece| piece.kind.is_value());
    let named = |row: &[Piece]| row.iter().all(|piece| piece.kind == Kind::Name);
    // A row of three names and more above a row of values heads it, wherever it stands; one of two heads the whole.
    let wide = found.windows(2).position(|pair| pair[0].len() > 2 && named(pair[0]) && valued(&pair[1]));
    let whole = || {
        let (first, rest) = found.split_first()?;
        let values = rest.iter().filter(|row| valued(row)).count();
        (named(first) && values > 0 && values * 2 >= rest.len()).then_some(0)
    };
    let head = wide.or_else(whole);
    let body: Vec<&Vec<Piece>> =
        found.iter().enumerate().filter(|(at, _)| head.is_none_or(|head| *at > head)).map(|(_, row)| *row).collect();
    let head = head.map(|at| found[at]);
    if body.len() < RECORDS {
        return None;
    }
    let widest = body.iter().map(|row| row.len()).max().unwrap_or(0).max(head.map_or(0, Vec::len));
    let columns: Vec<Option<BBox>> = match head.filter(|head| head.len() == widest) {
        Some(head) => head.iter().map(|piece| piece.bbox).collect(),
        None => body
            .iter()
            .find(|row| row.len() == widest)
            .map(|row| row.iter().map(|piece| piece.bbox).collect())
            .unwrap_or_default(),
    };
    let mut headers = vec![String::new(); widest];
    for piece in head.into_iter().flatten() {
        if let Some(column) = nearest(piece, &columns) {
            headers[column] = piece.text.to_lowercase();
        }
    }
    let records = body
        .iter()
        .map(|row| {
            let full = row.len() == widest;
            let cell = |(at, piece): (usize, &Piece)| Cell {
                text: piece.text.clone(),
                kind: piece.kind,
                column: if full { at } else { nearest(piece, &columns).unwrap_or(at) },
            };
            record(row.iter().enumerate().map(cell).collect())
        })
        .collect();
    Some(Table { headers, records, across: false, loose: false })
}

/// The column whose edge or middle is nearest.
fn nearest(piece: &Piece, columns: &[Option<BBox>]) -> Option<usize> {
    let own = piece.bbox?;
    let apart = |other: &BBox| {
        let edges = [own.x1 - other.x1, own.x2 - other.x2, own.center().0 - other.center().0];
        edges.into_iter().map(f32::abs).fold(f32::MAX, f32::min)
    };
    let places = columns.iter().enumerate().filter_map(|(at, place)| Some((at, apart(place.as_ref()?))));
    places.min_by(|a, b| a.1.total_cmp(&b.1)).map(|(at, _)| at)
}

fn record(cells: Vec<Cell>) -> Record {
    let name = cells.iter().find(|cell| cell.kind == Kind::Name).map_or("", |cell| &cell.text).to_owned();
    let summary = has_any(&name.to_lowercase(), SUMMARY_WORDS);
    Record { name, cells, summary }
}

/// Records side by side: a row of names, and numbers that stand above or below them, as in a bar chart.
fn by_columns(rows: &[Vec<Piece>]) -> Option<Table> {
    let names = rows.iter().filter(|row| {
        let named = row.iter().filter(|piece| piece.kind == Kind::Name).count();
        named >= ACROSS && named == row.len()
    });
    let names: &Vec<Piece> = names.max_by_key(|row| row.len())?;
    let places: Vec<(&str, BBox)> = names.iter().filter_map(|piece| Some((piece.text.as_str(), piece.bbox?))).collect();
    if places.len() < names.len() {
        return None;
    }
    let gaps = places.windows(2).map(|pair| pair[1].1.center().0 - pair[0].1.center().0);
    let pitch = gaps.fold(f32::MAX, f32::min);
    let mut cells: Vec<Vec<Cell>> =
        places.iter().map(|(name, _)| vec![Cell { text: (*name).to_owned(), kind: Kind::Name, column: 0 }]).collect();
    let mut headers = vec![String::new()];
    for row in rows.iter().filter(|row| !std::ptr::eq(*row, names)) {
        let numbers: Vec<&Piece> = row.iter().filter(|piece| piece.kind.is_value()).collect();
        let label = row.iter().find(|piece| piece.kind == Kind::Name);
        // A full row of numbers is a series of its own; single ones, as on the bars of a chart, belong to one.
        let full = numbers.len() * 2 > places.len();
        let column = if full || label.is_some() { headers.len() } else { 1 };
        for piece in numbers {
            let middle = piece.bbox?.center().0;
            let above = places.iter().position(|(_, place)| (place.center().0 - middle).abs() < 0.4 * pitch);
            let Some(at) = above else { continue };
            if cells[at].iter().any(|cell| cell.column == column) {
                return None;
            }
            headers.resize(headers.len().max(column + 1), String::new());
            cells[at].push(Cell { text: piece.text.clone(), kind: piece.kind, column });
        }
        if let (Some(label), Some(header)) = (label.filter(|_| row.len() > 1), headers.get_mut(column)) {
            *header = label.text.to_lowercase();
        }
    }
    let valued = cells.iter().filter(|cells| cells.len() > 1).count();
    (valued >= RECORDS && valued * 3 >= cells.len() * 2).then(|| Table {
        headers,
        records: cells.into_iter().map(record).collect(),
        across: true,
        loose: false,
    })
}

/// Lines that hold a name and a number at their end: "Seat 18", "Sugar: 12 g".
fn split_lines(rows: &[Row]) -> Option<Table> {
    let split = |row: &Row| {
        let text = row.text();
        let at = text.char_indices().find(|(at, c)| {
            let begins = c.is_ascii_digit() || "$€£¥￥".contains(*c);
            begins && *at > 0 && text[..*at].ends_with([' ', ':', '：'])
        })?;
        let (name, value) = text.split_at(at.0);
        let name = name.trim().trim_end_matches([':', '：', '.', '-']).trim();
        let kinds = (Kind::of(name), Kind::of(value));
        let cell = |text: &str, kind, column| Cell { text: text.trim().to_owned(), kind, column };
        let fits = kinds.0 == Kind::Name && kinds.1.is_value();
        fits.then(|| record(vec![cell(name, kinds.0, 0), cell(value, kinds.1, 1)]))
    };
    let records: Vec<Record> = rows.iter().filter_map(split).collect();
    (records.len() >= RECORDS).then(|| Table { headers: vec![String::new(); 2], records, across: false, loose: true })
}
