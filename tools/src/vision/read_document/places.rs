//! Where on the page the fields, items and the table of a document stand, for drawings and for a look at the part.

use schemars::JsonSchema;
use serde::Serialize;

use crate::{
    document::{Field, Item, Row, Table, TextLine, looks_like, rows},
    geom::BBox,
};

/// A part of the page.
#[derive(Clone, Debug, JsonSchema, PartialEq, Serialize)]
pub struct DocumentPart {
    /// what stands there: items or table
    pub name: String,
    /// [x1, y1, x2, y2] in pixels of the image
    #[serde(rename = "box")]
    pub bbox: BBox,
}

/// A text as it is looked for: words with one space between, in lower case.
fn plain(text: &str) -> String {
    text.to_lowercase().split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Whether a text has a value in it that is no part of a longer word or number.
fn has(text: &str, value: &str) -> bool {
    let bounded = |c: Option<char>, edge: Option<char>| match (c, edge) {
        (Some(c), Some(edge)) => !(c.is_ascii_alphanumeric() && edge.is_ascii_alphanumeric()),
        _ => true,
    };
    text.match_indices(value).any(|(at, _)| {
        let (before, after) = (&text[..at], &text[at + value.len()..]);
        bounded(before.chars().next_back(), value.chars().next())
            && bounded(after.chars().next(), value.chars().next_back())
    })
}

fn around(boxes: impl Iterator<Item = BBox>) -> Option<BBox> {
    boxes.reduce(|a, b| BBox { x1: a.x1.min(b.x1), y1: a.y1.min(b.y1), x2: a.x2.max(b.x2), y2: a.y2.max(b.y2) })
}

fn whole(row: &Row) -> Option<BBox> {
    around(row.cells.iter().filter_map(|cell| cell.bbox))
}

/// The box of a field's value: of the cell that has it in the row that looks like the field, else of the rows that make it up.
pub(super) fn of_field(name: &str, value: &str, lines: &[TextLine]) -> Option<BBox> {
    let (rows, value) = (rows(lines), plain(value));
    let field = Field::ALL.into_iter().find(|field| field.name() == name);
    let like = |row: &&Row| {
        let text = plain(&row.text());
        has(&text, name) || field.is_some_and(|field| looks_like(&text, field))
    };
    let holding: Vec<&Row> = rows.iter().filter(|row| has(&plain(&row.text()), &value)).collect();
    let Some(row) = holding.iter().copied().find(like).or(holding.first().copied()) else {
        return of_rows(&rows, &value);
    };
    let cell = row.cells.iter().find(|cell| has(&plain(&cell.text), &value));
    cell.and_then(|cell| cell.bbox).or_else(|| whole(row))
}

/// The box of a value that runs over several rows, as an address does.
fn of_rows(rows: &[Row], value: &str) -> Option<BBox> {
    /// Shorter texts stand everywhere.
    const LEAST: usize = 4;
    let own = |cell: &&TextLine| {
        let text = plain(&cell.text);
        let text = text.trim_matches([',', '.', ';', ':']);
        text.chars().count() >= LEAST && has(value, text)
    };
    let cells: Vec<&TextLine> = rows.iter().flat_map(|row| &row.cells).filter(own).collect();
    let told: usize = cells.iter().map(|cell| cell.text.chars().count()).sum();
    // Most of it must be there, or it is a chance likeness.
    (told * 2 > value.chars().count()).then(|| around(cells.iter().filter_map(|cell| cell.bbox))).flatten()
}

/// The part of the page that the items take up, from the first to the last.
pub(super) fn of_items(items: &[Item], lines: &[TextLine]) -> Option<DocumentPart> {
    let rows = rows(lines);
    let mut at = 0;
    let mut boxes = Vec::new();
    for item in items {
        let (name, amount) = (plain(&item.name), plain(&item.amount));
        let text = |row: &Row| plain(&row.text());
        // A name on one row and its numbers on the next are one item.
        let Some(named) = rows.iter().skip(at).position(|row| has(&text(row), &name)).map(|found| at + found) else {
            continue;
        };
        let Some(priced) = rows.iter().skip(named).take(2).position(|row| has(&text(row), &amount)) else { continue };
        boxes.extend(rows[named..=named + priced].iter().filter_map(whole));
        at = named + priced + 1;
    }
    around(boxes.into_iter()).map(|bbox| DocumentPart { name: "items".into(), bbox })
}

/// The part of the page that a table takes up.
pub(super) fn of_table(table: &Table, lines: &[TextLine]) -> Option<DocumentPart> {
    let bare = |text: &str| plain(text.trim().trim_start_matches([':', '：']).trim_end_matches([':', '：']));
    let mut texts: Vec<String> =
        table.records.iter().flat_map(|record| &record.cells).map(|cell| bare(&cell.text)).collect();
    texts.extend(table.headers.iter().map(|header| bare(header)));
    let of_table = |row: &Row| {
        let cells: Vec<&TextLine> = row.cells.iter().filter(|cell| texts.contains(&bare(&cell.text))).collect();
        // A row of the table has most of its cells there; a title that repeats a word of it does not.
        (cells.len() > 1 || cells.len() == row.cells.len()) && cells.len() * 2 > row.cells.len()
    };
    around(rows(lines).iter().filter(|row| of_table(row)).filter_map(whole))
        .map(|bbox| DocumentPart { name: "table".into(), bbox })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(text: &str, x: f32, y: f32) -> TextLine {
        TextLine { text: text.into(), bbox: Some(BBox { x1: x, y1: y, x2: x + 9.0 * text.len() as f32, y2: y + 20.0 }) }
    }

    #[test]
    fn a_value_is_found_in_the_row_of_its_label() {
        let lines = [line("Tax 7.00", 0.0, 0.0), line("TOTAL", 0.0, 40.0), line("7.00", 200.0, 40.0)];
        assert_eq!(of_field("total", "7.00", &lines).map(|bbox| (bbox.x1, bbox.y1)), Some((200.0, 40.0)));
        assert_eq!(of_field("tax", "7.00", &lines).map(|bbox| bbox.y1), Some(0.0));
        assert_eq!(of_field("total", "17.00", &lines), None);
        assert_eq!(of_field("total", "7.0", &lines), None, "a part of a number is none");
    }

    #[test]
    fn an_address_spans_its_lines() {
        let lines =
            [line("CORNER CAFE", 50.0, 0.0), line("12 Hill Road,", 40.0, 30.0), line("Leeds LS1 4AP", 45.0, 60.0)];
        let bbox = of_field("address", "12 Hill Road, Leeds LS1 4AP", &lines);
        assert_eq!(bbox.map(|bbox| (bbox.x1, bbox.y1, bbox.y2)), Some((40.0, 30.0, 80.0)));
        assert_eq!(of_field("address", "7 Sea View, Dover, Kent CT1", &lines), None);
    }

    #[test]
    fn items_and_tables_have_one_box() {
        let lines = [
            line("Price list", 0.0, 0.0),
            line("Item", 0.0, 40.0),
            line("Price", 200.0, 40.0),
            line("Coffee", 0.0, 70.0),
            line("3.00", 200.0, 70.0),
            line("Cake", 0.0, 100.0),
            line("4.50", 200.0, 100.0),
            line("Open all day", 0.0, 150.0),
        ];
        let table = Table::read(&lines).and_then(|table| of_table(&table, &lines));
        assert_eq!(table.map(|part| (part.name, part.bbox.y1, part.bbox.y2)), Some(("table".into(), 40.0, 120.0)));
        let items = crate::document::Document::read(&[&lines[..], &[line("TOTAL 7.50", 0.0, 130.0)]].concat()).items;
        assert_eq!(items.len(), 2);
        let part = of_items(&items, &lines);
        assert_eq!(part.map(|part| (part.name, part.bbox.y1, part.bbox.y2)), Some(("items".into(), 70.0, 120.0)));
        assert_eq!(of_items(&[], &lines), None);
    }
}
