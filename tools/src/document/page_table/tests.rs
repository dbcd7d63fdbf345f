//! Tables of pages as `read_text` reads them, and of pages that were drawn up here.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a failed set-up fails the test")]

use serde_json::Value;

use super::*;
use crate::geom::BBox;

/// The lines of a picture of `tests/eval`: text and corners as `read_text` gave them.
fn read(json: &str) -> Vec<TextLine> {
    let lines: Vec<(String, f32, f32, f32, f32)> = serde_json::from_str(json).unwrap();
    lines.into_iter().map(|(text, x1, y1, x2, y2)| TextLine { text, bbox: Some(BBox { x1, y1, x2, y2 }) }).collect()
}

macro_rules! picture {
    ($name:literal) => {
        page_tables(&read(include_str!(concat!("fixtures/", $name, ".json"))))
    };
}

/// A line whose letters are 12 pixels wide and 20 tall; `x` is its right edge where it begins with `>`.
fn at(text: &str, x: f32, y: f32) -> TextLine {
    let right = text.strip_prefix('>');
    let text = right.unwrap_or(text);
    let width = 12.0 * text.chars().count() as f32;
    let x1 = if right.is_some() { x - width } else { x };
    TextLine { text: text.into(), bbox: Some(BBox { x1, y1: y, x2: x1 + width, y2: y + 20.0 }) }
}

/// Rows of cells at places, 40 pixels apart; an empty text is no cell.
fn grid(rows: &[&[&str]], places: &[f32], top: f32) -> Vec<TextLine> {
    let cell = |row: usize, (text, x): (&&str, &f32)| (!text.is_empty()).then(|| at(text, *x, top + 40.0 * row as f32));
    rows.iter()
        .enumerate()
        .flat_map(|(row, cells)| cells.iter().zip(places).filter_map(move |pair| cell(row, pair)))
        .collect()
}

fn names(table: &PageTable) -> Vec<&str> {
    table.columns.iter().map(|column| column.name.as_str()).collect()
}

fn kinds(table: &PageTable) -> Vec<ColumnKind> {
    table.columns.iter().map(|column| column.kind).collect()
}

fn texts(table: &PageTable) -> Vec<Vec<&str>> {
    table.rows.iter().map(|row| row.cells.iter().map(|cell| cell.text.as_str()).collect()).collect()
}

fn numbers(table: &PageTable, column: usize) -> Vec<Option<f64>> {
    table.rows.iter().map(|row| row.cells[column].number).collect()
}

use ColumnKind::{Money, Number, Text, Time};

#[test]
fn a_programme_has_its_headers_and_times() {
    let tables = picture!("cinema-programme");
    assert_eq!((tables.len(), tables[0].title.as_deref()), (1, Some("KINO LUMEN")));
    assert_eq!(names(&tables[0]), ["Film", "Screen", "Starts", "Length", "Age"]);
    assert_eq!(kinds(&tables[0]), [Text, Number, Time, Number, Number]);
    assert_eq!(tables[0].columns[3].unit.as_deref(), Some("min"));
    assert_eq!(tables[0].rows[2].cells[2].minutes, Some(990.0));
    assert_eq!(texts(&tables[0])[4][..3], ["Echo Valley", "1", "20:15"]);
}

#[test]
fn bars_are_names_and_values() {
    for (tables, across, wanted) in [
        (picture!("chart"), true, [("Jan", 40.0), ("May", 60.0)]),
        (picture!("commute-chart"), false, [("Bus", 34.0), ("Walk", 16.0)]),
        (picture!("weather"), true, [("Mon", 18.0), ("Fri", 19.0)]),
    ] {
        let [table] = &tables[..] else { panic!("{tables:?}") };
        assert_eq!((names(table), table.across), (vec!["name", "value"], across));
        let ends = [&table.rows[0], &table.rows[table.rows.len() - 1]];
        assert_eq!(
            ends.map(|row| (row.cells[0].text.as_str(), row.cells[1].number)),
            wanted.map(|(n, v)| (n, Some(v)))
        );
    }
}

#[test]
fn an_invoice_keeps_its_letterhead_out() {
    let tables = picture!("invoice");
    let [table] = &tables[..] else { panic!("{tables:?}") };
    assert_eq!(names(table), ["Description", "Qty", "Unit", "Amount"]);
    assert_eq!(kinds(table), [Text, Number, Money, Money]);
    assert_eq!(texts(table)[2], ["Net", "", "", "520.00"]);
    let summaries: Vec<bool> = table.rows.iter().map(|row| row.summary).collect();
    assert_eq!(summaries, [false, false, true, true, true]);
}

#[test]
fn a_bill_is_captions_and_items() {
    let tables = picture!("hotel-bill");
    let [stay, bill] = &tables[..] else { panic!("{tables:?}") };
    assert_eq!(texts(stay)[0], ["Guest", "M. Okafor"]);
    assert_eq!(stay.rows[2].cells[1].date.as_deref(), Some("2025-06-03"));
    assert_eq!(names(bill), ["name", "quantity", "price", "amount"]);
    assert_eq!(texts(bill)[1], ["Breakfast", "3 x", "11.50", "34.50"]);
    assert_eq!(bill.columns[3].unit.as_deref(), Some("EUR"));
    assert!(bill.rows[4..].iter().all(|row| row.summary));
    let captions = picture!("boarding-pass");
    assert_eq!((captions.len(), captions[0].rows.len()), (1, 9));
    assert_eq!(texts(&captions[0])[7], ["GATE", "B22"]);
}

#[test]
fn a_receipt_gives_counts_their_column() {
    let tables = picture!("receipt-cafe");
    assert_eq!(names(&tables[0]), ["name", "quantity", "amount"]);
    assert_eq!(texts(&tables[0])[0], ["Flat white", "2 x", "7.00"]);
    assert_eq!(tables[0].rows.iter().filter(|row| !row.summary).count(), 3);
}

#[test]
fn balances_are_sums_beside_dated_rows() {
    let tables = picture!("bank-statement");
    assert_eq!(numbers(&tables[0], 2)[..2], [Some(1840.0), Some(2150.0)]);
    assert_eq!(texts(&tables[0])[0], ["", "Opening balance", "1,840.00"]);
    let sums: Vec<usize> = (0..tables[0].rows.len()).filter(|at| tables[0].rows[*at].summary).collect();
    assert_eq!(sums, [0, 6]);
}

#[test]
fn a_timetable_of_words_has_a_corner() {
    let tables = picture!("class-timetable-zh");
    assert_eq!(names(&tables[0]), ["name", "周一", "周二", "周三", "周四", "周五"]);
    assert_eq!(texts(&tables[0])[3], ["第四节", "科学", "英语", "体育", "音乐", "班会"]);
}

#[test]
fn lists_of_counted_things_are_tables() {
    let tables = picture!("recipe-card");
    assert_eq!(texts(&tables[0])[..2], [["red lentils", "250 g"], ["carrots", "2"]]);
}

#[test]
fn running_text_is_none() {
    assert_eq!(picture!("letter"), []);
    let left = ["The council met on Monday to", "discuss the new bridge over the", "river and agreed on nothing at"];
    let right = ["Local football fans celebrated", "when their team won the cup for", "the third time in seven years."];
    let lines: Vec<TextLine> = (0..3)
        .flat_map(|row| [at(left[row], 0.0, 30.0 * row as f32), at(right[row], 450.0, 30.0 * row as f32)])
        .collect();
    assert_eq!(page_tables(&lines), []);
    let signs = [at("OPEN 24 HOURS", 100.0, 60.0), at("CAFE", 500.0, 300.0), at("EXIT 12", 80.0, 420.0)];
    assert_eq!(page_tables(&signs), []);
    assert_eq!(page_tables(&[]), []);
}

#[test]
fn empty_cells_stay_empty() {
    let rows: &[&[&str]] = &[
        &["Product", "In", "Out", "Remaining stock"],
        &["Cement bags", ">40", "", ">120"],
        &["Steel rods", "", ">15", ">85"],
        &["", ">12", ">3", ""],
        &["Roof tiles", ">200", ">180", ">1,020"],
    ];
    let mut lines = grid(&rows[..1], &[0.0, 260.0, 420.0, 560.0], 0.0);
    lines.extend(grid(&rows[1..], &[0.0, 300.0, 460.0, 740.0], 40.0));
    let tables = page_tables(&lines);
    assert_eq!(names(&tables[0]), ["Product", "In", "Out", "Remaining stock"]);
    assert_eq!(texts(&tables[0])[1], ["Steel rods", "", "15", "85"]);
    assert_eq!(texts(&tables[0])[2], ["", "12", "3", ""]);
    assert_eq!(numbers(&tables[0], 3), [Some(120.0), Some(85.0), None, Some(1020.0)]);
}

#[test]
fn each_table_of_a_page_is_found_with_its_title() {
    let mut lines = vec![at("Revenue", 0.0, 0.0)];
    lines.extend(grid(
        &[&["Region", "2022", "2023"], &["North", "1,200", "1,340"], &["South", "980", "1,020"]],
        &[0.0, 300.0, 500.0],
        40.0,
    ));
    lines.push(at("Staff", 0.0, 240.0));
    lines.extend(grid(
        &[&["Office", "City", "Heads"], &["Main", "Oslo", "120"], &["Lab", "Tromso", "12"]],
        &[0.0, 200.0, 400.0],
        280.0,
    ));
    lines.push(at("Source: the accounts of the year, audited", 0.0, 460.0));
    let tables = page_tables(&lines);
    let titles: Vec<Option<&str>> = tables.iter().map(|table| table.title.as_deref()).collect();
    assert_eq!(titles, [Some("Revenue"), Some("Staff")]);
    assert_eq!(names(&tables[0]), ["Region", "2022", "2023"]);
    assert_eq!((names(&tables[1]), tables[1].rows.len()), (vec!["Office", "City", "Heads"], 2));
}

#[test]
fn tables_side_by_side_are_two() {
    let rows: &[&[&str]] = &[
        &["Monday", "9:00-17:00", "Adult", "$12.00"],
        &["Tuesday", "closed", "Child", "$6.50"],
        &["Sunday", "10:00-19:00", "Family", "$30.00"],
    ];
    let tables = page_tables(&grid(rows, &[0.0, 150.0, 500.0, 700.0], 0.0));
    assert_eq!(tables.len(), 2);
    assert_eq!(texts(&tables[0])[1], ["Tuesday", "closed"]);
    assert_eq!((kinds(&tables[1]), tables[1].columns[1].unit.as_deref()), (vec![Text, Money], Some("$")));
}

#[test]
fn numbers_along_an_axis_are_no_rows() {
    let mut lines: Vec<TextLine> =
        (0..5).map(|step| at(&format!(">{}", 20 * step), 60.0, 400.0 - 80.0 * step as f32)).collect();
    for (column, (label, value)) in [("Mon", 34.0), ("Tue", 52.0), ("Wed", 61.0), ("Thu", 78.0)].into_iter().enumerate()
    {
        let x = 150.0 + 110.0 * column as f32;
        lines.push(at(label, x, 440.0));
        lines.push(at(&value.to_string(), x + 6.0, 380.0 - 4.0 * value as f32));
    }
    let tables = page_tables(&lines);
    assert_eq!((tables.len(), tables[0].across), (1, true));
    assert_eq!(numbers(&tables[0], 1), [34.0, 52.0, 61.0, 78.0].map(Some));
}

#[test]
fn labels_and_values_in_one_line_are_parted() {
    let lines = ["Tagessuppe ..... 4,50", "Schnitzel ..... 13,90", "Apfelstrudel ... 6,00"];
    let placed: Vec<TextLine> = lines.iter().enumerate().map(|(row, text)| at(text, 0.0, 30.0 * row as f32)).collect();
    let bare: Vec<TextLine> = lines.iter().map(|text| TextLine::new(*text)).collect();
    for (lines, known) in [(placed, true), (bare, false)] {
        let tables = page_tables(&lines);
        assert_eq!(texts(&tables[0])[1], ["Schnitzel", "13,90"]);
        assert_eq!((numbers(&tables[0], 1)[1], tables[0].bbox.is_some()), (Some(13.9), known));
    }
    let hours = ["Monday 9:00-17:00", "Tuesday 9:00-17:00", "Sunday 10:00-14:00"].map(TextLine::new);
    assert_eq!(texts(&page_tables(&hours)[0])[2], ["Sunday", "10:00-14:00"]);
    let form = ["Sugar: 12 g", "Salt: 0.6 g"].map(TextLine::new);
    assert_eq!(page_tables(&form)[0].columns[1].unit.as_deref(), Some("g"));
}

#[test]
fn a_name_over_its_numbers_is_one_row() {
    let mut lines = Vec::new();
    for (item, (name, count, amount)) in
        [("Olive oil 1L", "2 x 7.95", ">15.90"), ("Brown rice", "1 x 3.20", ">3.20")].into_iter().enumerate()
    {
        let y = 80.0 * item as f32;
        lines.extend([at(name, 0.0, y), at(count, 40.0, y + 34.0), at(amount, 500.0, y + 34.0)]);
    }
    lines.extend(grid(&[&["TOTAL", ">19.10"], &["CASH", ">20.00"]], &[0.0, 500.0], 170.0));
    let tables = page_tables(&lines);
    assert_eq!(names(&tables[0]), ["name", "quantity", "price", "amount"]);
    assert_eq!(texts(&tables[0])[0], ["Olive oil 1L", "2 x", "7.95", "15.90"]);
}

#[test]
fn a_decimal_comma_in_a_column_decides_for_all() {
    let rows: &[&[&str]] = &[&["Posten", "Betrag"], &["Miete", "1.234"], &["Strom", "89,50"], &["Wasser", "1.034,20"]];
    let tables = page_tables(&grid(rows, &[0.0, 300.0], 0.0));
    assert_eq!(numbers(&tables[0], 1), [1234.0, 89.5, 1034.2].map(Some));
    let rows: &[&[&str]] = &[&["Beras 5kg", "75.000"], &["Gula", "16.000"], &["TOTAL", "Rp 91.000"]];
    let tables = page_tables(&grid(rows, &[0.0, 300.0], 0.0));
    assert_eq!(numbers(&tables[0], 1), [75_000.0, 16_000.0, 91_000.0].map(Some));
    assert_eq!(kinds(&tables[0]), [Text, Money]);
}

#[test]
fn a_long_table_with_gaps_is_read_whole() {
    let mut lines = grid(&[&["Name", "Paid", "Open", "Sum"]], &[0.0, 300.0, 500.0, 700.0], 0.0);
    for row in 1..400 {
        let cells = [("Name", 0), (">12.50", row % 2), (">3.10", row % 3), (">15.60", 0)];
        let places = [0.0, 360.0, 560.0, 760.0];
        lines.extend(
            cells
                .iter()
                .zip(places)
                .filter(|((_, left), _)| *left == 0)
                .map(|((text, _), x)| at(text, x, 40.0 * row as f32)),
        );
    }
    let tables = page_tables(&lines);
    assert_eq!((tables.len(), tables[0].rows.len()), (1, 399));
    assert_eq!(texts(&tables[0])[0], ["Name", "", "", "15.60"]);
}

#[test]
fn columns_of_one_name_are_told_apart() {
    let rows: &[&[&str]] = &[&["Team", "Goals", "Goals"], &["Lions", "3", "1"], &["Owls", "2", "2"]];
    assert_eq!(names(&page_tables(&grid(rows, &[0.0, 200.0, 400.0], 0.0))[0]), ["Team", "Goals", "Goals 2"]);
}

#[test]
fn a_table_is_plain_data() {
    let table = serde_json::to_value(&picture!("weather")[0]).unwrap();
    assert_eq!(table["columns"][1]["kind"], Value::from("number"));
    assert_eq!(table["rows"][0]["cells"][1]["number"], Value::from(18.0));
}
