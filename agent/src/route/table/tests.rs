//! Tables read from drawn-up pages.
#![expect(clippy::unwrap_used, reason = "a failed set-up fails the test")]

use argus_tools::geom::BBox;

use super::*;
use crate::route::fields::TextLine;

/// Rows of cells, each at the x of its column.
fn page(rows: &[&[(f32, &str)]]) -> Vec<TextLine> {
    let row = |(at, cells): (usize, &&[(f32, &str)])| {
        let y = 40.0 * at as f32;
        cells
            .iter()
            .map(|(x, text)| TextLine {
                text: (*text).into(),
                bbox: Some(BBox { x1: *x, y1: y, x2: x + 10.0 * text.chars().count() as f32, y2: y + 22.0 }),
            })
            .collect::<Vec<_>>()
    };
    rows.iter().enumerate().flat_map(row).collect()
}

fn prices() -> Table {
    let lines = page(&[
        &[(0.0, "Product"), (200.0, "Price"), (400.0, "Stock")],
        &[(0.0, "Pencil"), (200.0, "0.80"), (400.0, "120")],
        &[(0.0, "Notebook"), (200.0, "3.50"), (400.0, "45")],
        &[(0.0, "Eraser"), (200.0, "0.60"), (400.0, "200")],
    ]);
    Table::read(&lines).unwrap()
}

#[test]
fn rows_with_headers() {
    let table = prices();
    assert_eq!(table.headers, ["product", "price", "stock"]);
    assert_eq!(
        table.records.iter().map(|record| record.name.as_str()).collect::<Vec<_>>(),
        ["Pencil", "Notebook", "Eraser"]
    );
    assert_eq!(table.numeric(), [1, 2]);
    assert_eq!(table.number_column("which has the largest stock"), Some(2));
    assert_eq!(table.number_column("which is the most expensive"), Some(1));
    assert_eq!(table.number_column("which is the largest"), None, "it may be either");
    assert_eq!(table.named("what do two notebooks and a pencil cost"), [0, 1]);
}

#[test]
fn a_list_without_headers_and_its_sum() {
    let lines = page(&[
        &[(0.0, "The Copper Pot")],
        &[(0.0, "Tomato soup"), (300.0, "5.50")],
        &[(0.0, "Apple pie"), (300.0, "6.20")],
        &[(0.0, "Total"), (300.0, "11.70")],
    ]);
    let table = Table::read(&lines).unwrap();
    assert_eq!(table.items().count(), 2);
    assert_eq!(table.records.len(), 3);
    assert_eq!(table.number_column("the most"), Some(1));
}

#[test]
fn names_over_numbers() {
    let lines = page(&[
        &[(0.0, "This week in Lisbon")],
        &[(0.0, "Mon"), (100.0, "Tue"), (200.0, "Wed"), (300.0, "Thu")],
        &[(0.0, "18 C"), (100.0, "21 C"), (200.0, "16 C"), (300.0, "24 C")],
    ]);
    let table = Table::read(&lines).unwrap();
    assert!(table.across);
    assert_eq!(table.records[3].with(1), "Thu (24 C)");
    assert_eq!(table.named("how warm is it on wednesday"), [2]);
}

#[test]
fn numbers_on_the_bars_of_a_chart() {
    let lines = page(&[
        &[(0.0, "Books sold per month")],
        &[(310.0, "75")],
        &[(110.0, "60")],
        &[(10.0, "40")],
        &[(210.0, "30")],
        &[(0.0, "Jan"), (100.0, "Feb"), (200.0, "Mar"), (300.0, "Apr")],
    ]);
    let table = Table::read(&lines).unwrap();
    let values: Vec<f64> = table.records.iter().filter_map(|record| record.number(1)).collect();
    assert_eq!(values, [40.0, 60.0, 30.0, 75.0]);
}

#[test]
fn a_form_and_lines_without_places() {
    let form = page(&[
        &[(0.0, "姓名"), (200.0, "王小明")],
        &[(0.0, "年龄"), (200.0, "28")],
        &[(0.0, "城市"), (200.0, "杭州")],
        &[(0.0, "职业"), (200.0, "教师")],
    ]);
    let table = Table::read(&form).unwrap();
    assert_eq!(table.named("这个人住在哪个城市"), [2]);
    let lines: Vec<TextLine> = ["Energy 210 kcal", "Sugar: 12 g", "Made in Italy"].map(TextLine::new).to_vec();
    let table = Table::read(&lines).unwrap();
    assert_eq!(table.records.iter().map(|record| record.name.as_str()).collect::<Vec<_>>(), ["Energy", "Sugar"]);
    assert_eq!(Table::read(&page(&[&[(0.0, "No parking")], &[(0.0, "8 am to 6 pm")]])), None);
    assert_eq!(Table::read(&[]), None);
}

#[test]
fn questions_of_tables() {
    let told = |asked: &str| extremes(asked).into_iter().map(|e| (e.most, e.phrase)).collect::<Vec<_>>();
    assert_eq!(told("which product has the largest stock"), [(true, "largest stock".into())]);
    assert_eq!(
        told("in which month were the most books sold, and in which the fewest"),
        [(true, "most books".into()), (false, "fewest".into())]
    );
    assert_eq!(told("which is the most expensive"), [(true, "most expensive".into())]);
    assert_eq!(told("what covers most of the page"), []);
    assert_eq!(told("at most 5 of them"), []);
    let bound = threshold("in how many months were more than 50 books sold").unwrap();
    assert!(bound.holds(50.5) && !bound.holds(50.0));
    assert!(threshold("what costs at most $3.50").unwrap().holds(3.5));
    assert_eq!(threshold("is there more than one"), None);
}

proptest::proptest! {
    #[test]
    fn never_panics(
        lines in proptest::collection::vec(("(total|[0-9]{1,3}[.,:][0-9]{1,2}|é| |元|Mon|Tue|[a-z]{1,6}|\\$|[^a]){0,4}", 0.0f32..600.0, 0.0f32..400.0), 0..12),
        asked in "(which|most|more than|[0-9]{1,3}|é|最高|how many| |[a-z]{1,5}|average|than ){0,8}",
    ) {
        let placed: Vec<TextLine> = lines
            .into_iter()
            .map(|(text, x, y)| TextLine { text, bbox: Some(BBox { x1: x, y1: y, x2: x + 50.0, y2: y + 20.0 }) })
            .collect();
        let _ = (extremes(&asked), threshold(&asked));
        if let Some(table) = Table::read(&placed) {
            let _ = (table.named(&asked), table.number_column(&asked), table.time_column());
        }
    }
}
