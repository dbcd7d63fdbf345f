//! The card of an image: its evidence in the few words that a model needs, as data for a template.

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    document::{ColumnKind, PageRow, PageTable},
    evidence::{Evidence, EvidenceError},
    image::ImageEntry,
    vision::{
        extent::position,
        table::operation::{extreme, printed, values},
    },
};

/// Handles shown for one kind of object.
const SHOWN_OF_A_KIND: usize = 6;
/// Kinds of objects shown.
const SHOWN_KINDS: usize = 12;
/// Objects whose order from left to right and by size is told.
const ORDERED: usize = 8;
/// Characters of text shown. Reading it in the card takes a small model less time than a call.
const SHOWN_TEXT: usize = 1000;
/// Rows of one table shown, and tables.
const SHOWN_ROWS: usize = 24;
const SHOWN_TABLES: usize = 3;
/// Colors of the whole image shown.
const SHOWN_COLORS: usize = 4;

/// Objects of one kind.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct CardGroup {
    /// What they are.
    pub label: String,
    /// How many there are.
    pub count: usize,
    /// The first of them.
    pub regions: Vec<CardRegion>,
    /// How many are not shown.
    pub more: usize,
}

/// One object.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct CardRegion {
    /// Its handle.
    pub handle: String,
    /// Roughly where it is (`top left`).
    pub place: String,
    /// Its main color, where a tool looked.
    pub color: Option<String>,
}

/// A field of a receipt or an invoice.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct CardField {
    /// What it is called.
    pub name: String,
    /// What the page says.
    pub value: String,
}

/// A table on the page.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct CardTable {
    /// The name that tools know it by.
    pub name: String,
    /// What stands above it.
    pub title: Option<String>,
    /// Its first rows.
    pub rows: Vec<CardRow>,
    /// How many rows there are.
    pub count: usize,
    /// Rows that are not shown.
    pub more: usize,
    /// What its columns of numbers, times and dates come to.
    pub columns_in_short: Vec<CardColumn>,
    /// How often each text stands in columns that repeat a few.
    pub repeated: Vec<CardValues>,
}

/// A row, cell by cell with the head of its column: a small model that must count columns reads the wrong one.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct CardRow {
    /// The head of the column that names rows, where the page prints one.
    pub head: Option<String>,
    /// The cell that names the row.
    pub name: String,
    /// The others that are not empty.
    pub cells: Vec<CardCell>,
}

/// A cell of a row.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct CardCell {
    /// The head of its column, where the page prints one.
    pub head: Option<String>,
    /// Its text.
    pub text: String,
}

/// The texts of a column that repeats a few, with how many rows have each.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct CardValues {
    /// Its head.
    pub column: String,
    /// Each text with its count, such as `late 3`, in order of appearance.
    pub values: Vec<String>,
}

/// What a column of numbers, times or dates comes to, without the rows that sum up others.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct CardColumn {
    /// Its head, where the page prints one.
    pub head: Option<String>,
    /// The largest value.
    pub largest: CardExtreme,
    /// The smallest value.
    pub smallest: CardExtreme,
    /// The sum, of numbers only.
    pub sum: Option<String>,
    /// The mean, of numbers only.
    pub average: Option<String>,
}

/// The largest or smallest value of a column.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct CardExtreme {
    /// The value as printed.
    pub value: String,
    /// The name of its row, where this is another cell.
    pub row: Option<String>,
}

/// What is known of an image.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct Card {
    /// The image's handle.
    pub image: String,
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
    /// Whether it is the first frame of a clip.
    #[serde(default)]
    pub clip: bool,
    /// A sentence about it.
    pub caption: Option<String>,
    /// Whether a detector looked.
    pub looked: bool,
    /// What it found, the most frequent kind first.
    pub objects: Vec<CardGroup>,
    /// Kinds that are not shown.
    pub more_objects: usize,
    /// The objects from left to right, by the last parts of their handles; empty for one alone or for many.
    #[serde(default)]
    pub left_to_right: Vec<String>,
    /// The same from top to bottom.
    #[serde(default)]
    pub top_to_bottom: Vec<String>,
    /// The same from the largest to the smallest, with width and height in pixels.
    #[serde(default)]
    pub by_size: Vec<String>,
    /// The main colors of the whole image with their shares in percent.
    #[serde(default)]
    pub colors: Vec<String>,
    /// What is wrong with the picture (`blurred`); empty if nothing is; `None` where no tool looked.
    #[serde(default)]
    pub problems: Option<String>,
    /// Whether a reader read.
    pub read: bool,
    /// The first lines of text that are in no shown table; what stands side by side in the image stands in one line.
    pub lines: Vec<String>,
    /// Lines that are not shown.
    pub more_lines: usize,
    /// Fields of a receipt or an invoice.
    #[serde(default)]
    pub fields: Vec<CardField>,
    /// The tables on the page.
    #[serde(default)]
    pub tables: Vec<CardTable>,
    /// Bar codes and QR codes.
    #[serde(default)]
    pub codes: Vec<String>,
    /// What is not sure.
    #[serde(default)]
    pub uncertain: Vec<String>,
}

/// One object as the database has it.
struct Object {
    handle: String,
    label: String,
    center: (f32, f32),
    width: f32,
    height: f32,
    color: Option<String>,
}

impl Card {
    /// The card of an image, from the rows that tools left.
    pub fn new(image: &ImageEntry, evidence: &Evidence, text: Option<&str>) -> Result<Self, EvidenceError> {
        let handle = image.handle.as_str();
        let first = |sql: &str, column: &str| -> Result<Option<String>, EvidenceError> {
            let rows = evidence.select(sql, &[handle])?;
            Ok(rows.first().and_then(|row| row.get(column)).and_then(Value::as_str).map(str::to_owned))
        };
        let mut card = Self {
            image: handle.to_owned(),
            width: image.width(),
            height: image.height(),
            clip: image.clip.is_some(),
            caption: first("SELECT text FROM caption WHERE image = ?1 AND source <> 'composed'", "text")?,
            problems: first("SELECT problems FROM quality WHERE image = ?1", "problems")?,
            ..Self::default()
        };
        let objects = objects(evidence, handle)?;
        card.add_objects(image, &objects);
        card.add_order(image, &objects);
        let share = |row: &Value| Some(format!("{} {:.0} %", row["name"].as_str()?, row["percent"].as_f64()?));
        let colors = "SELECT name, percent FROM color WHERE image = ?1 AND region = '' ORDER BY percent DESC";
        card.colors = evidence.select(colors, &[handle])?.iter().filter_map(share).take(SHOWN_COLORS).collect();
        let code = |row: &Value| Some(format!("{} \"{}\"", row["kind"].as_str()?, row["text"].as_str()?));
        let codes = "SELECT kind, text FROM code WHERE image = ?1 ORDER BY n";
        card.codes = evidence.select(codes, &[handle])?.iter().filter_map(code).collect();
        card.add_text(text.unwrap_or_default(), evidence);
        card.add_fields(evidence)?;
        let doubt = |row: &Value| Some(format!("{}: {}", row["what"].as_str()?, row["why"].as_str()?));
        let doubts = "SELECT what, why FROM uncertain WHERE image = ?1 AND what NOT LIKE '%/line-%' ORDER BY rowid";
        card.uncertain = evidence.select(doubts, &[handle])?.iter().filter_map(doubt).collect();
        Ok(card)
    }

    fn add_objects(&mut self, image: &ImageEntry, objects: &[Object]) {
        let mut groups: IndexMap<&str, Vec<&Object>> = IndexMap::new();
        for object in objects {
            groups.entry(&object.label).or_default().push(object);
        }
        groups.sort_by(|_, a, _, b| b.len().cmp(&a.len()));
        self.more_objects = groups.len().saturating_sub(SHOWN_KINDS);
        let region = |object: &&Object| CardRegion {
            handle: object.handle.clone(),
            place: place(object, image).to_owned(),
            color: object.color.clone(),
        };
        let group = |(label, members): (&str, Vec<&Object>)| CardGroup {
            label: label.to_owned(),
            count: members.len(),
            more: members.len().saturating_sub(SHOWN_OF_A_KIND),
            regions: members.iter().take(SHOWN_OF_A_KIND).map(region).collect(),
        };
        self.objects = groups.into_iter().take(SHOWN_KINDS).map(group).collect();
    }

    /// How the objects lie and how large they are: from these orders every relation between two of them can be read.
    fn add_order(&mut self, image: &ImageEntry, objects: &[Object]) {
        // What fills the image, as a table under things does, lies nowhere in particular.
        let objects: Vec<&Object> = objects.iter().filter(|object| place(object, image) != "whole image").collect();
        if objects.len() > ORDERED {
            return;
        }
        let short = |object: &Object| object.handle.rsplit('/').next().unwrap_or_default().to_owned();
        let by = |key: &dyn Fn(&Object) -> f32| {
            let mut order = objects.clone();
            order.sort_by(|a, b| key(a).total_cmp(&key(b)));
            order
        };
        if objects.len() > 1 {
            self.left_to_right = by(&|object| object.center.0).into_iter().map(short).collect();
            self.top_to_bottom = by(&|object| object.center.1).into_iter().map(short).collect();
        }
        let sized = |object: &Object| format!("{} {:.0} x {:.0}", short(object), object.width, object.height);
        self.by_size = by(&|object| -object.width * object.height).into_iter().map(sized).collect();
    }

    /// The tables, and the lines that no shown table holds.
    fn add_text(&mut self, text: &str, evidence: &Evidence) {
        let of_image = evidence.page_tables().into_iter().filter(|(_, image, _)| *image == self.image);
        let tables: Vec<(String, PageTable)> =
            of_image.map(|(name, _, table)| (name, table)).take(SHOWN_TABLES).collect();
        let squeezed = |text: &str| -> String { text.chars().filter(|c| c.is_alphanumeric()).collect() };
        let row = |row: &PageRow| row.cells.iter().map(|cell| squeezed(&cell.text)).collect::<String>();
        let heads = |table: &PageTable| table.columns.iter().map(|column| squeezed(&column.name)).collect::<String>();
        let shown = tables.iter().flat_map(|(_, table)| table.rows.iter().take(SHOWN_ROWS));
        let rows: Vec<String> = shown.map(row).chain(tables.iter().map(|(_, table)| heads(table))).collect();
        self.tables = tables.into_iter().map(|(name, table)| CardTable::new(name, &table)).collect();
        let mut titles: Vec<&str> = self.tables.iter().filter_map(|table| table.title.as_deref()).collect();
        titles.retain(|title| !title.is_empty());
        let in_table = |line: &&str| {
            let own = squeezed(line);
            own.chars().count() > 1 && (rows.contains(&own) || titles.contains(line))
        };
        let lines: Vec<&str> =
            text.lines().map(str::trim).filter(|line| !line.is_empty()).filter(|line| !in_table(line)).collect();
        let mut used = 0;
        let fits = |line: &&&str| {
            used += line.chars().count();
            used <= SHOWN_TEXT
        };
        self.lines = lines.iter().take_while(fits).map(|line| (*line).to_owned()).collect();
        self.more_lines = lines.len() - self.lines.len();
    }

    /// Fields of the page that it does not print as label and value itself.
    fn add_fields(&mut self, evidence: &Evidence) -> Result<(), EvidenceError> {
        let sums = "SELECT count(*) AS n FROM field WHERE image = ?1 AND name IN ('total', 'subtotal', 'amount paid')";
        let priced = evidence.select(sums, &[&self.image])?.first().and_then(|row| row["n"].as_i64()).unwrap_or(0) > 0;
        if !priced {
            return Ok(());
        }
        let rows = evidence.select("SELECT name, value FROM field WHERE image = ?1 ORDER BY rowid", &[&self.image])?;
        let field = |row: &Value| {
            Some(CardField { name: row["name"].as_str()?.to_owned(), value: row["value"].as_str()?.to_owned() })
        };
        self.fields = rows.iter().filter_map(field).take(SHOWN_KINDS).collect();
        Ok(())
    }
}

fn objects(evidence: &Evidence, image: &str) -> Result<Vec<Object>, EvidenceError> {
    let sql = "SELECT id, label, x1, y1, width, height, color FROM object WHERE image = ?1 AND label IS NOT NULL \
               ORDER BY score DESC, rowid";
    let object = |row: &Value| {
        let number = |name: &str| row[name].as_f64().map(|number| number as f32);
        let (width, height) = (number("width")?, number("height")?);
        Some(Object {
            handle: row["id"].as_str()?.to_owned(),
            label: row["label"].as_str()?.to_owned(),
            center: (number("x1")? + width / 2.0, number("y1")? + height / 2.0),
            width,
            height,
            color: row["color"].as_str().map(str::to_owned),
        })
    };
    Ok(evidence.select(sql, &[image])?.iter().filter_map(object).collect())
}

fn place(object: &Object, image: &ImageEntry) -> &'static str {
    let (x, y) = object.center;
    let bbox = crate::geom::BBox {
        x1: x - object.width / 2.0,
        y1: y - object.height / 2.0,
        x2: x + object.width / 2.0,
        y2: y + object.height / 2.0,
    };
    position(&bbox, image.width(), image.height())
}

impl CardTable {
    fn new(name: String, table: &PageTable) -> Self {
        let items: Vec<&PageRow> = table.rows.iter().filter(|row| !row.summary).collect();
        Self {
            name,
            title: table.title.clone(),
            rows: table.rows.iter().take(SHOWN_ROWS).map(|row| CardRow::new(row, table)).collect(),
            count: table.rows.len(),
            more: table.rows.len().saturating_sub(SHOWN_ROWS),
            columns_in_short: (0..table.columns.len())
                .filter_map(|column| CardColumn::new(table, &items, column))
                .collect(),
            repeated: (0..table.columns.len()).filter_map(|column| CardValues::new(table, &items, column)).collect(),
        }
    }
}

impl CardRow {
    fn new(row: &PageRow, table: &PageTable) -> Self {
        let filled = || row.cells.iter().enumerate().filter(|(_, cell)| !cell.text.is_empty());
        let named = filled().find(|(at, _)| *at == table.names).or_else(|| filled().next());
        let others = filled().filter(|(at, _)| named.is_none_or(|(names, _)| *at != names));
        Self {
            head: named.and_then(|(at, _)| head(table, at)),
            name: named.map(|(_, cell)| cell.text.clone()).unwrap_or_default(),
            cells: others.map(|(at, cell)| CardCell { head: head(table, at), text: cell.text.clone() }).collect(),
        }
    }
}

/// The head of a column, where the page prints one.
fn head(table: &PageTable, at: usize) -> Option<String> {
    table.columns.get(at).filter(|column| column.headed).map(|column| column.name.clone())
}

/// Different texts of a column whose counts are told, at most.
const REPEATED: usize = 6;

impl CardValues {
    fn new(table: &PageTable, items: &[&PageRow], at: usize) -> Option<Self> {
        let head = table.columns.get(at).filter(|column| column.kind == ColumnKind::Text)?;
        let mut counts: IndexMap<&str, usize> = IndexMap::new();
        for cell in items.iter().filter_map(|row| row.cells.get(at)).filter(|cell| !cell.text.is_empty()) {
            *counts.entry(&cell.text).or_default() += 1;
        }
        let repeats = counts.len() <= REPEATED && counts.values().sum::<usize>() > counts.len();
        repeats.then(|| Self {
            column: head.name.clone(),
            values: counts.into_iter().map(|(text, count)| format!("{text} {count}")).collect(),
        })
    }
}

impl CardColumn {
    fn new(table: &PageTable, items: &[&PageRow], at: usize) -> Option<Self> {
        let kind = table.columns.get(at).map(|column| column.kind).filter(|kind| *kind != ColumnKind::Text)?;
        let numbers = values(items.iter().copied(), table, at);
        if numbers.len() < 2 {
            return None;
        }
        // Ranks and row numbers: a first place is not the smallest of anything.
        let counts_on = |pair: &[(&PageRow, f64)]| (pair[1].1 - pair[0].1 - 1.0).abs() < f64::EPSILON;
        if numbers.len() > 2 && numbers.windows(2).all(counts_on) {
            return None;
        }
        let extreme = |largest| {
            let (row, _) = extreme(&numbers, largest)?;
            let text = |at: usize| row.cells.get(at).map(|cell| cell.text.clone());
            let name = text(table.names).filter(|name| at != table.names && !name.is_empty());
            Some(CardExtreme { value: text(at)?, row: name })
        };
        let sum: f64 = numbers.iter().map(|(_, number)| number).sum();
        let numeric = matches!(kind, ColumnKind::Number | ColumnKind::Money);
        Some(Self {
            head: self::head(table, at),
            largest: extreme(true)?,
            smallest: extreme(false)?,
            sum: numeric.then(|| printed(sum, table, at)),
            average: numeric.then(|| printed(sum / numbers.len() as f64, table, at)),
        })
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::expect_used, reason = "a test fails where its set-up does")]

    use super::*;
    use crate::document::{TextLine, page_tables};

    fn table(rows: [[&str; 4]; 4]) -> CardTable {
        let line = |text: &str, row: usize, column: usize| {
            let (x, y) = (column as f32 * 160.0, row as f32 * 30.0);
            let bbox = crate::geom::BBox { x1: x, y1: y, x2: x + text.len() as f32 * 10.0, y2: y + 20.0 };
            TextLine { text: text.to_owned(), bbox: Some(bbox) }
        };
        let cells = rows
            .iter()
            .enumerate()
            .flat_map(|(row, cells)| cells.iter().enumerate().map(move |(column, text)| line(text, row, column)));
        let tables = page_tables(&cells.collect::<Vec<_>>());
        CardTable::new("page_1_table_1".into(), tables.first().expect("a table"))
    }

    #[test]
    fn rows_name_their_cells_and_ranks_have_no_extremes() {
        let card = table([
            ["Rank", "Name", "Nation", "Time"],
            ["1", "Keller", "Swiss", "53.18"],
            ["2", "Moreau", "France", "53.64"],
            ["3", "Lind", "Sweden", "54.02"],
        ]);
        let row = &card.rows[0];
        assert_eq!((row.head.as_deref(), row.name.as_str()), (Some("Name"), "Keller"));
        let cells: Vec<String> =
            row.cells.iter().map(|cell| format!("{} {}", cell.head.as_deref().unwrap_or("-"), cell.text)).collect();
        assert_eq!(cells, ["Rank 1", "Nation Swiss", "Time 53.18"]);
        let heads: Vec<_> = card.columns_in_short.iter().filter_map(|column| column.head.as_deref()).collect();
        assert_eq!(heads, ["Time"]);
        assert_eq!(card.columns_in_short[0].smallest.row.as_deref(), Some("Keller"));
    }
}
