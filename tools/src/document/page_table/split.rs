//! Lines in which a label and its value were read as one: "Sugar: 12 g", "Soup ....... 4,50", "Orange juice 3.20".

use super::piece::{Piece, PieceRow, Sort};

/// Words of a label at most.
const LABEL: usize = 6;
/// Digits of a label at most.
const DIGITS: usize = 2;
/// Words of a value at most.
const VALUE: usize = 6;
/// Lines below each other that are parted at a mere space, at least.
const RUN: usize = 3;
/// The same where a colon or dots part them.
const MARKED: usize = 2;
/// Places of two lines that count as one, in heights of a line.
const NEAR: f32 = 0.8;

/// Takes lines apart that hold a label and a value, where enough stand below each other or a row of two does.
pub(super) fn split(rows: &mut [PieceRow]) {
    let parted: Vec<Option<(Piece, Piece, bool)>> = rows
        .iter()
        .map(|row| if row.is_single() { marked(&row.pieces[0]).or_else(|| spaced(&row.pieces[0])) } else { None })
        .collect();
    let mut at = 0;
    while at < rows.len() {
        let Some((_, _, sure)) = &parted[at] else {
            at += 1;
            continue;
        };
        let sure = *sure;
        let run = parted[at..].iter().enumerate().take_while(|(step, part)| {
            let same = part.as_ref().is_some_and(|part| part.2 == sure);
            same && (*step == 0 || follows(&rows[at + step - 1], &rows[at + step]))
        });
        let count = run.count();
        let beside = |row: Option<&PieceRow>| row.is_some_and(|row| fits_beside(&rows[at], row));
        let fits = beside(rows.get(at + count)) || at.checked_sub(1).is_some_and(|before| beside(rows.get(before)));
        if count >= if sure { MARKED } else { RUN } || fits {
            for (row, part) in rows[at..at + count].iter_mut().zip(&parted[at..]) {
                if let Some((label, value, _)) = part {
                    *row = PieceRow { pieces: vec![label.clone(), value.clone()], glued: true };
                }
            }
        }
        at += count.max(1);
    }
}

/// Whether a line stands right below another, at the same edge.
fn follows(above: &PieceRow, below: &PieceRow) -> bool {
    let (a, b) = (above.bbox(), below.bbox());
    b.y1 - a.y2 < 2.0 * a.height() && above.pieces[0].apart(&b) < NEAR
}

/// Whether a line fills the place of a row of several pieces from the first edge to the last.
fn fits_beside(line: &PieceRow, row: &PieceRow) -> bool {
    let (a, b) = (line.bbox(), row.bbox());
    let near = NEAR * a.height();
    let gap = (a.y1 - b.y2).max(b.y1 - a.y2);
    !row.is_single() && (a.x1 - b.x1).abs() < near && (a.x2 - b.x2).abs() < near && gap < 3.0 * a.height()
}

/// A label and a value with a colon or a row of dots between.
fn marked(piece: &Piece) -> Option<(Piece, Piece, bool)> {
    let text = piece.text.as_str();
    let dots = text.find("...").or_else(|| text.find("…")).or_else(|| text.find(". . .")).or_else(|| text.find("···"));
    let (end, start) = if let Some(end) = dots {
        let rest = text[end..].trim_start_matches(['.', '…', '·', ' ']);
        (end, text.len() - rest.len())
    } else {
        let at = text.find([':', '：'])?;
        (at, at + text[at..].chars().next()?.len_utf8())
    };
    // A colon inside a time or an address parts nothing.
    let before = text[..end].chars().next_back()?;
    let rest = &text[start..];
    if dots.is_none()
        && (before.is_ascii_digit() && rest.starts_with(|c: char| c.is_ascii_digit()) || rest.starts_with("//"))
    {
        return None;
    }
    let (label, value) = piece.part(end, start);
    let plain = !value.text.contains([':', '：']) || value.is_value();
    let numbered = label.text.chars().filter(char::is_ascii_digit).count() > DIGITS;
    let plain = plain && !numbered;
    (is_label(&label.text) && is_short(&value.text) && plain).then_some((label, value, true))
}

/// A label and a number, a day or a time behind it.
pub(super) fn spaced(piece: &Piece) -> Option<(Piece, Piece, bool)> {
    let text = piece.text.as_str();
    let spaces = text.match_indices(' ').map(|(at, _)| at);
    let fits = |at: usize| {
        let (label, value) = piece.part(at, at + 1);
        // A bare whole number behind a word is a house or a page: "Main Street 12".
        let telling = value.sort == Sort::Time || value.text.chars().any(|c| !c.is_ascii_digit());
        let right = is_label(&label.text) && label.sort == Sort::Words && value.is_value() && telling;
        right.then_some((label, value, false))
    };
    spaces.into_iter().find_map(fits)
}

fn is_label(text: &str) -> bool {
    let words = text.split_whitespace().count();
    text.chars().any(char::is_alphabetic) && (1..=LABEL).contains(&words) && !text.contains(['@', ';', '?', '!'])
}

fn is_short(text: &str) -> bool {
    text.chars().any(char::is_alphanumeric) && text.split_whitespace().count() <= VALUE
}

/// Lines that begin with a number and continue with what it counts: "250 g red lentils", "80% wool". The name comes first.
pub(super) fn counted(piece: &Piece) -> Option<(Piece, Piece)> {
    let text = piece.text.as_str();
    let spaces: Vec<usize> = text.match_indices(' ').map(|(at, _)| at).collect();
    // "250 g red lentils" is 250 g, "2 red onions" is 2: a unit has few letters.
    let unit = |at: &usize| text[..*at].split(' ').nth(1).is_none_or(|unit| unit.chars().count() <= 4);
    let fits = |at: &usize| {
        let (value, name) = piece.part(*at, at + 1);
        (value.sort == Sort::Number && name.sort == Sort::Words && is_label(&name.text)).then_some((name, value))
    };
    let first = spaces.iter().find_map(fits)?;
    Some(spaces.iter().take(2).filter(|at| unit(at)).filter_map(fits).next_back().unwrap_or(first))
}
