//! The tables of evidence as data: the database, the checks of rows and docs/evidence.md are made from this list.

use std::fmt::Write;

/// What a column holds.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum ColumnType {
    /// Text.
    Text,
    /// A whole number.
    Integer,
    /// A number with decimals.
    Real,
}

impl ColumnType {
    /// Its name in SQL.
    pub fn sql(self) -> &'static str {
        match self {
            Self::Text => "TEXT",
            Self::Integer => "INTEGER",
            Self::Real => "REAL",
        }
    }
}

/// One column.
#[derive(Clone, Copy, Debug)]
pub struct Column {
    /// Its name.
    pub name: &'static str,
    /// What it holds.
    pub kind: ColumnType,
    /// What it means, with its unit.
    pub doc: &'static str,
    /// A typical value.
    pub example: &'static str,
}

/// One table or view.
#[derive(Clone, Copy, Debug)]
pub struct Table {
    /// Its name.
    pub name: &'static str,
    /// What one row is.
    pub doc: &'static str,
    /// The columns that name a row; a row that comes again replaces the one before.
    pub key: &'static [&'static str],
    /// Its columns, besides [`COMMON`].
    pub columns: &'static [Column],
    /// The tools that fill it.
    pub tools: &'static [&'static str],
}

const fn text(name: &'static str, doc: &'static str, example: &'static str) -> Column {
    Column { name, kind: ColumnType::Text, doc, example }
}

const fn integer(name: &'static str, doc: &'static str, example: &'static str) -> Column {
    Column { name, kind: ColumnType::Integer, doc, example }
}

const fn real(name: &'static str, doc: &'static str, example: &'static str) -> Column {
    Column { name, kind: ColumnType::Real, doc, example }
}

/// The columns that every table begins with.
pub const COMMON: [Column; 3] = [
    text("image", "handle of the image", "img-1"),
    text("tool", "the tool that saw it", "detect"),
    text("model", "the models that the tool ran, with commas; empty for a classical tool", "yolov12n"),
];

const SCORE: Column = real("score", "confidence, 0 to 1", "0.91");
const X1: Column = real("x1", "left edge, pixels of the upright image", "102.0");
const Y1: Column = real("y1", "top edge, pixels", "80.0");
const X2: Column = real("x2", "right edge, pixels", "310.0");
const Y2: Column = real("y2", "bottom edge, pixels", "134.0");

/// Every table, in the order in which documents list them.
pub const TABLES: &[Table] = &[
    Table {
        name: "image",
        doc: "an image, loaded or made by a tool",
        key: &["image"],
        tools: &[],
        columns: &[
            text("parent", "the image it was made from; null for a loaded one", "img-1"),
            text("op", "the tool that made it; null for a loaded one", "crop"),
            text("source", "file, address or sample that it was loaded from; null for a made one", "street.png"),
            integer("width", "width in pixels, upright", "640"),
            integer("height", "height in pixels, upright", "480"),
            real("time", "seconds from the beginning of the clip it is a frame of; null elsewhere", "2.4"),
            text("taken", "when the photo was taken, local time, ISO 8601, from its EXIF data", "2024-05-01T12:30:00"),
            text("camera", "maker and model of the camera, from EXIF", "Canon EOS 5D"),
            real("lat", "where it was taken: degrees north, from EXIF", "48.137"),
            real("lon", "degrees east, from EXIF", "11.575"),
            text("sha256", "hash of the decoded pixels (RGBA, row by row), hexadecimal", "9f86d081..."),
        ],
    },
    Table {
        name: "object",
        doc: "an object that a detector found, or a flat shape of a drawing",
        key: &["image", "id"],
        tools: &["detect", "shapes"],
        columns: &[
            text("id", "handle of its region", "img-1/cup-1"),
            text("label", "name of its class", "cup"),
            SCORE,
            X1,
            Y1,
            X2,
            Y2,
            real("width", "width of its box in pixels", "208.0"),
            real("height", "height of its box in pixels", "54.0"),
            real("area", "area of its box in square pixels", "11232.0"),
            text("color", "its main color, of 26 names; null where no tool looked", "white"),
            text("text", "the text in a shape or next to it; null if there is none", "Bus 12"),
        ],
    },
    Table {
        name: "line",
        doc: "a line of text, verbatim",
        key: &["image", "id"],
        tools: &["read_text"],
        columns: &[
            text("id", "handle of its region", "img-1/line-3"),
            integer("n", "its number in reading order, from 1", "3"),
            text("text", "what it says", "NO PARKING"),
            SCORE,
            X1,
            Y1,
            X2,
            Y2,
        ],
    },
    Table {
        name: "word",
        doc: "a word of a line, where words were asked for",
        key: &["image", "line", "n"],
        tools: &["read_text"],
        columns: &[
            text("line", "handle of its line", "img-1/line-3"),
            integer("n", "its number in the line, from 1", "1"),
            text("text", "what it says", "PARKING"),
            X1,
            Y1,
            X2,
            Y2,
        ],
    },
    Table {
        name: "field",
        doc: "a labeled value of a receipt, invoice, card or form",
        key: &["image", "name"],
        tools: &["read_text", "read_document"],
        columns: &[
            text("name", "what it is called", "total"),
            text("value", "what the page says, as printed", "1,234.50"),
            real("number", "the value as a number; null if it is none", "1234.5"),
            text("unit", "unit or currency, as printed; null if there is none", "EUR"),
            text("date", "the value as a date, ISO 8601; null if it is none", "2025-03-05"),
        ],
    },
    Table {
        name: "item",
        doc: "a thing bought, on a receipt or an invoice",
        key: &["image", "n"],
        tools: &["read_text", "read_document"],
        columns: &[
            integer("n", "its number on the page, from 1", "1"),
            text("name", "what it is", "Green tea"),
            real("quantity", "how many; null where the page does not say", "2.0"),
            real("amount", "what all of them cost", "6.0"),
        ],
    },
    Table {
        name: "tables",
        doc: "a table that stands on a page; its rows are in the table of this name",
        key: &["name"],
        tools: &["read_text"],
        columns: &[
            text("name", "name of the table with its rows", "page_1_table_1"),
            text("title", "the title above it; null if there is none", "Results"),
            integer("rows", "how many rows it has", "8"),
            text("columns", "its columns with their types, as JSON", "{\"Name\": \"text\", \"Points\": \"number\"}"),
        ],
    },
    Table {
        name: "face",
        doc: "a face",
        key: &["image", "id"],
        tools: &["faces"],
        columns: &[text("id", "handle of its region", "img-1/face-1"), SCORE, X1, Y1, X2, Y2],
    },
    Table {
        name: "joint",
        doc: "a joint of a person",
        key: &["image", "person", "name"],
        tools: &["pose"],
        columns: &[
            text("person", "handle of the person's region", "img-1/person-1"),
            text("name", "one of 17; left and right are the person's own", "left wrist"),
            real("x", "pixels to the right", "271.0"),
            real("y", "pixels down", "66.5"),
            SCORE,
        ],
    },
    Table {
        name: "track",
        doc: "an object followed through a clip",
        key: &["image", "id"],
        tools: &["track"],
        columns: &[
            text("id", "its name in the clip", "person-1"),
            text("label", "name of its class", "person"),
            SCORE,
            real("start", "seconds when it was seen first", "0.2"),
            real("end", "seconds when it was seen last", "3.8"),
            text("motion", "where it went in the picture", "left"),
            X1,
            Y1,
            X2,
            Y2,
        ],
    },
    Table {
        name: "code",
        doc: "a bar code or QR code",
        key: &["image", "n"],
        tools: &["read_code"],
        columns: &[
            integer("n", "its number, from 1", "1"),
            text("kind", "its kind", "qr_code"),
            text("text", "what it says", "https://example.org"),
        ],
    },
    Table {
        name: "color",
        doc: "a main color of an image or of a region",
        key: &["image", "region", "name"],
        tools: &["colors"],
        columns: &[
            text("region", "handle of the region; empty for the whole image", ""),
            text("name", "one of 26 names", "light blue"),
            real("percent", "share of the area in percent", "51.0"),
            text("hex", "#rrggbb", "#9ec4e8"),
        ],
    },
    Table {
        name: "label",
        doc: "a label that fits an image or a region",
        key: &["image", "name"],
        tools: &["classify"],
        columns: &[text("name", "the label", "beach"), SCORE],
    },
    Table {
        name: "caption",
        doc: "a sentence about an image",
        key: &["image", "tool", "text"],
        tools: &["caption"],
        columns: &[
            text("text", "the sentence", "A dog on a beach."),
            text("source", "the model that wrote it, or \"composed\" from other tools", "florence-2"),
        ],
    },
    Table {
        name: "quality",
        doc: "sharpness, light and noise of an image",
        key: &["image"],
        tools: &["quality"],
        columns: &[
            real("sharpness", "variance of the Laplacian at 512 pixels; below 100 a photograph looks blurred", "340.1"),
            real("brightness", "mean lightness, 0 (black) to 1 (white)", "0.52"),
            real("contrast", "standard deviation of the lightness, 0 to 0.5", "0.21"),
            real("noise", "standard deviation of the noise in gray levels of 255", "2.4"),
            text("problems", "what is wrong, with commas; empty if nothing is", "blurred"),
        ],
    },
    Table {
        name: "uncertain",
        doc: "what was not read or found for sure, or could not be looked for",
        key: &["image", "what"],
        tools: &[],
        columns: &[
            text("what", "what it is about", "img-1/line-3"),
            text("why", "why it is not sure", "read with confidence 0.41"),
        ],
    },
];

/// The columns of the view `relation`: how object `a` lies to object `b` of the same image.
pub const RELATION: &[Column] = &[
    text("image", "handle of the image", "img-1"),
    text("a", "handle of one object", "img-1/cup-1"),
    text("b", "handle of another", "img-1/spoon-1"),
    integer("left_of", "1 if the center of a lies left of that of b by more than a tenth of their mean width", "1"),
    integer("right_of", "the same to the right", "0"),
    integer("above", "1 if the center of a lies above that of b by more than a tenth of their mean height", "0"),
    integer("below", "the same below", "0"),
    integer("inside", "1 if nine tenths of a lie within b", "0"),
    real("overlap", "intersection over union of their boxes, 0 to 1", "0.12"),
    real("distance", "between their centers, in pixels", "222.0"),
];

/// The statement that makes the view `relation`.
pub(super) const RELATION_SQL: &str = "CREATE VIEW relation AS
WITH pair AS (
  SELECT a.image AS image, a.id AS a, b.id AS b,
    (a.x1 + a.x2 - b.x1 - b.x2) / 2 AS dx, (a.y1 + a.y2 - b.y1 - b.y2) / 2 AS dy,
    (a.width + b.width) / 20 AS slack_x, (a.height + b.height) / 20 AS slack_y,
    max(0, min(a.x2, b.x2) - max(a.x1, b.x1)) * max(0, min(a.y2, b.y2) - max(a.y1, b.y1)) AS shared,
    a.area AS area_a, b.area AS area_b
  FROM object a JOIN object b ON a.image = b.image AND a.id <> b.id)
SELECT image, a, b, dx < -slack_x AS left_of, dx > slack_x AS right_of, dy < -slack_y AS above, dy > slack_y AS below,
  shared >= 0.9 * area_a AS inside,
  round(shared / nullif(area_a + area_b - shared, 0), 3) AS overlap, round(sqrt(dx * dx + dy * dy), 1) AS distance
FROM pair";

/// The table of a name.
pub fn table(name: &str) -> Option<&'static Table> {
    TABLES.iter().find(|table| table.name == name)
}

/// The tools that fill the tables that a query may name, in an order in which each finds what it needs: by the words of the
/// statement, so that too many rather than too few are told.
pub fn tools_for(sql: &str) -> Vec<&'static str> {
    let words: Vec<String> = sql.split(|c: char| !c.is_alphanumeric() && c != '_').map(str::to_lowercase).collect();
    let named = |name: &str| words.iter().any(|word| word == name);
    // A name that a column has too is a table only after FROM or JOIN.
    let joined = |name: &str| words.windows(2).any(|pair| matches!(&*pair[0], "from" | "join") && pair[1] == name);
    let is_column = |name: &str| TABLES.iter().flat_map(|table| table.columns).any(|column| column.name == name);
    let page = words.iter().any(|word| word.starts_with("page_"));
    let mut tools: Vec<&'static str> = Vec::new();
    for table in TABLES {
        // Colors of objects are looked at where the objects are.
        let objects = table.name == "object" && (named("relation") || named("color"));
        let color = table.name == "color" && named("color");
        let own = if is_column(table.name) { joined(table.name) } else { named(table.name) };
        if own || objects || color || (table.name == "tables" && page) {
            let first = table.tools.first().copied();
            tools.extend(first.filter(|tool| !tools.contains(tool)));
        }
    }
    tools
}

impl Table {
    /// All of its columns: the common ones, where they are not its own, then its own.
    pub fn all_columns(&self) -> impl Iterator<Item = &Column> {
        COMMON.iter().take(if self.name == "image" { 1 } else { COMMON.len() }).chain(self.columns)
    }

    /// The statement that makes it.
    pub(super) fn sql(&self) -> String {
        let columns: Vec<String> =
            self.all_columns().map(|column| format!("\"{}\" {}", column.name, column.kind.sql())).collect();
        let key: Vec<String> = self.key.iter().map(|name| format!("\"{name}\"")).collect();
        format!("CREATE TABLE \"{}\" ({}, PRIMARY KEY ({}))", self.name, columns.join(", "), key.join(", "))
    }
}

/// docs/evidence.md: every table and column with its meaning, unit and an example.
pub fn markdown() -> String {
    let mut page = String::from(
        "# Evidence\n\n\
         What tools saw in images becomes rows of these tables. `argus look IMAGE` prints them, `argus query SQL IMAGE...` asks them, and \
         the tool `query` lets a language model do so. Names and columns are a public contract. This page is made by \
         `argus query --markdown`; a test compares it.\n\n\
         Boxes are in pixels of the image as seen upright, x to the right, y down. Every table begins with `image`, `tool` and `model`.\n",
    );
    let mut section = |name: &str, doc: &str, tools: &[&str], columns: &mut dyn Iterator<Item = &Column>| {
        let from = if tools.is_empty() { String::new() } else { format!(" (from `{}`)", tools.join("`, `")) };
        let _ = write!(
            page,
            "\n## {name}\n\nOne row: {doc}{from}.\n\n| column | type | meaning | example |\n| --- | --- | --- | --- |\n"
        );
        for column in columns {
            let kind = column.kind.sql().to_lowercase();
            let _ = writeln!(page, "| {} | {kind} | {} | `{}` |", column.name, column.doc, column.example);
        }
    };
    for table in TABLES {
        section(table.name, table.doc, table.tools, &mut table.all_columns());
    }
    section("relation", "how one object lies to another of the same image (a view)", &["detect"], &mut RELATION.iter());
    page.push_str(
        "\n## page_1_table_1, page_1_table_2, ...\n\n\
         The rows of a table that stands on a page: the first number is that of the image, the second that of the table. Its columns are \
         those of the page, by their printed heads (`name`, `value` or `column 3` where the page has none), of the types that `tables` \
         tells: numbers and amounts of money as numbers, times as `HH:MM`, dates as `YYYY-MM-DD`, all else as text. `_row` counts the rows \
         from 1, `_summary` is 1 for rows that sum up others (total, tax). Quote a column with spaces: `\"Unit price\"`.\n",
    );
    page
}
