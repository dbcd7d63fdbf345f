//! The card of an image: its evidence in the few words that a model needs, as data for a template.

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::card_table::{CardCell, CardTable, SHOWN_ROWS};
use crate::{
    document::{PageRow, PageTable},
    evidence::{Evidence, EvidenceError},
    image::ImageEntry,
    vision::extent::position,
};

/// Handles shown for one kind of object.
const SHOWN_OF_A_KIND: usize = 6;
/// Kinds of objects shown.
const SHOWN_KINDS: usize = 12;
/// Objects whose order from left to right and by size is told.
const ORDERED: usize = 8;
/// Characters of text shown. Reading it in the card takes a small model less time than a call.
const SHOWN_TEXT: usize = 1000;
/// Tables shown.
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
    /// The text in a shape or next to it.
    #[serde(default)]
    pub text: Option<String>,
}

/// A field of a receipt or an invoice.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct CardField {
    /// What it is called.
    pub name: String,
    /// What the page says.
    pub value: String,
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
    text: Option<String>,
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
        let mut objects = objects(evidence, handle)?;
        card.add_text(text.unwrap_or_default(), evidence);
        card.add_row_colors(&mut objects);
        card.add_objects(image, &objects);
        card.add_order(image, &objects);
        let share = |row: &Value| Some(format!("{} {:.0} %", row["name"].as_str()?, row["percent"].as_f64()?));
        let colors = "SELECT name, percent FROM color WHERE image = ?1 AND region = '' ORDER BY percent DESC";
        card.colors = evidence.select(colors, &[handle])?.iter().filter_map(share).take(SHOWN_COLORS).collect();
        let code = |row: &Value| Some(format!("{} \"{}\"", row["kind"].as_str()?, row["text"].as_str()?));
        let codes = "SELECT kind, text FROM code WHERE image = ?1 ORDER BY n";
        card.codes = evidence.select(codes, &[handle])?.iter().filter_map(code).collect();
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
            text: object.text.clone(),
        };
        let number =
            |object: &&Object| object.handle.rsplit('-').next().and_then(|number| number.parse::<usize>().ok());
        for members in groups.values_mut() {
            members.sort_by_key(number);
        }
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
        let row = |row: &PageRow| row.cells.iter().map(|cell| bare(&cell.text)).collect::<String>();
        let heads = |table: &PageTable| table.columns.iter().map(|column| bare(&column.name)).collect::<String>();
        let shown = || tables.iter().flat_map(|(_, table)| table.rows.iter().take(SHOWN_ROWS));
        let cells: Vec<String> = shown().flat_map(|row| &row.cells).map(|cell| bare(&cell.text)).collect();
        let columns = tables.iter().flat_map(|(_, table)| {
            let cell = move |row: &PageRow, at: usize| row.cells.get(at).map(|cell| cell.text.clone());
            let column = move |at: usize| table.rows.iter().filter_map(|row| cell(row, at)).collect::<String>();
            (0..table.columns.len()).map(column)
        });
        let columns = columns.map(|column| bare(&column));
        let heads = tables.iter().map(|(_, table)| heads(table));
        let rows: Vec<String> = shown().map(row).chain(heads).chain(columns).collect();
        self.tables = tables.into_iter().map(|(name, table)| CardTable::new(name, &table)).collect();
        let mut titles: Vec<&str> = self.tables.iter().filter_map(|table| table.title.as_deref()).collect();
        titles.retain(|title| !title.is_empty());
        let in_table = |line: &&str| {
            let own = bare(line);
            let many = own.chars().count() > 1;
            (!own.is_empty() && cells.contains(&own)) || (many && (rows.contains(&own) || titles.contains(line)))
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

    /// The colors of the bars or swatches that rows of a table are about; what is named there is no object of its own.
    fn add_row_colors(&mut self, objects: &mut Vec<Object>) {
        // A band behind the title or the heads of a table is part of the page.
        let heads = |table: &CardTable| {
            let first = table.rows.first();
            let heads = first.into_iter().flat_map(|row| row.cells.iter().filter_map(|cell| cell.head.as_deref()));
            bare(&heads.collect::<String>())
        };
        let printed: Vec<String> = self
            .tables
            .iter()
            .flat_map(|table| [heads(table), bare(table.title.as_deref().unwrap_or_default())])
            .filter(|text| text.chars().count() > 1)
            .collect();
        objects.retain(|object| {
            let text = object.text.as_deref().map(bare);
            !text.is_some_and(|text| printed.iter().any(|printed| text.contains(printed)))
        });
        for row in self.tables.iter_mut().flat_map(|table| &mut table.rows) {
            let name = bare(&row.name);
            let is_about = |object: &Object| object.text.as_ref().is_some_and(|text| bare(text).contains(&name));
            let Some(at) = objects.iter().position(is_about).filter(|_| name.chars().count() > 1) else { continue };
            if let Some(color) = objects.remove(at).color {
                row.cells.push(CardCell { head: Some("color".into()), text: color });
            }
        }
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

/// The letters and digits of a text.
fn bare(text: &str) -> String {
    text.chars().filter(|c| c.is_alphanumeric()).collect()
}

fn objects(evidence: &Evidence, image: &str) -> Result<Vec<Object>, EvidenceError> {
    let sql = "SELECT id, label, x1, y1, width, height, color, text FROM object WHERE image = ?1 AND label IS NOT NULL \
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
            text: row["text"].as_str().map(str::to_owned),
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

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails where its set-up does")]

    use image::DynamicImage;

    use super::*;
    use crate::{
        document::{TextLine, page_tables},
        evidence::Rows,
        geom::BBox,
        image::{ImageStore, Origin},
    };

    fn line(text: &str, x: f32, y: f32) -> TextLine {
        let bbox = BBox { x1: x, y1: y, x2: x + text.len() as f32 * 10.0, y2: y + 20.0 };
        TextLine { text: text.to_owned(), bbox: Some(bbox) }
    }

    /// A page with a title on a blue band and a table whose rows have swatches, and a red circle.
    fn card() -> Card {
        let images = ImageStore::new();
        let entry = images.insert(DynamicImage::new_rgb8(400, 300), Origin::Memory("chart".into()));
        let lines = [
            line("Energy", 20.0, 10.0),
            line("Wind", 40.0, 60.0),
            line("40", 200.0, 60.0),
            line("Solar", 40.0, 90.0),
            line("25", 200.0, 90.0),
            line("Gas", 40.0, 120.0),
            line("20", 200.0, 120.0),
        ];
        let tables = page_tables(&lines);
        assert_eq!(tables.len(), 1);
        let mut rows = Rows { tables: Some(tables), ..Rows::default() };
        let shapes = [
            ("rectangle-1", "rectangle", "blue", Some("Energy"), [0.0, 0.0, 400.0, 40.0]),
            ("square-1", "square", "green", Some("Wind 40"), [10.0, 60.0, 30.0, 80.0]),
            ("square-2", "square", "yellow", Some("Solar"), [10.0, 90.0, 30.0, 110.0]),
            ("circle-2", "circle", "red", None, [300.0, 200.0, 360.0, 260.0]),
            ("circle-1", "circle", "white", None, [300.0, 100.0, 340.0, 140.0]),
        ];
        for (name, label, color, text, corners) in shapes {
            let bbox = BBox::from_corners(corners).unwrap();
            let values = [
                ("id", format!("img-1/{name}").into()),
                ("label", label.into()),
                ("color", color.into()),
                ("text", text.into()),
                ("width", bbox.width().into()),
                ("height", bbox.height().into()),
            ];
            rows.add_box("object", values, &bbox);
        }
        images.evidence().record("img-1", "shapes", "", rows).unwrap();
        Card::new(&entry, images.evidence(), Some("Energy\nWind Solar Gas\n40\n25\n20\nsource: 1")).unwrap()
    }

    #[test]
    fn rows_have_the_color_of_their_swatch_and_page_parts_are_no_objects() {
        let card = card();
        let cells = |at: usize| -> Vec<String> {
            let cell = |cell: &CardCell| format!("{} {}", cell.head.as_deref().unwrap_or("-"), cell.text);
            card.tables[0].rows[at].cells.iter().map(cell).collect()
        };
        assert_eq!(
            (cells(0), cells(1), cells(2)),
            (
                vec!["- 40".to_owned(), "color green".to_owned()],
                vec!["- 25".to_owned(), "color yellow".to_owned()],
                vec!["- 20".to_owned()],
            )
        );
        let handles: Vec<&str> = card.objects.iter().flat_map(|group| &group.regions).map(|one| &*one.handle).collect();
        assert_eq!(handles, ["img-1/circle-1", "img-1/circle-2"]);
        assert_eq!(card.left_to_right, ["circle-1", "circle-2"]);
    }

    #[test]
    fn what_a_table_holds_is_not_shown_again_as_text() {
        assert_eq!(card().lines, ["source: 1"]);
    }
}
