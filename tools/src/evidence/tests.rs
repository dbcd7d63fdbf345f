#![expect(clippy::expect_used, reason = "a test fails where its set-up does")]

use std::time::Duration;

use serde_json::json;

use super::*;
use crate::document::{ColumnKind, PageCell, PageColumn, PageRow, PageTable};

fn cup(rows: &mut Rows, number: usize, label: &str, corners: [f32; 4]) {
    let bbox: crate::geom::BBox = corners.into();
    let values = [
        ("id", format!("img-1/{label}-{number}").into()),
        ("label", label.into()),
        ("score", 0.9_f32.into()),
        ("width", bbox.width().into()),
        ("height", bbox.height().into()),
        ("area", bbox.area().into()),
    ];
    rows.add_box("object", values, &bbox);
}

fn page(heads: &[&str], rows: &[&[&str]]) -> PageTable {
    PageTable {
        title: None,
        columns: heads
            .iter()
            .enumerate()
            .map(|(at, name)| PageColumn {
                name: (*name).into(),
                headed: true,
                kind: if at == 0 { ColumnKind::Text } else { ColumnKind::Number },
                unit: None,
            })
            .collect(),
        names: 0,
        rows: rows
            .iter()
            .map(|cells| PageRow {
                cells: cells.iter().map(|text| PageCell::parse(text)).collect(),
                bbox: None,
                summary: false,
            })
            .collect(),
        bbox: None,
        across: false,
    }
}

fn evidence() -> Evidence {
    let evidence = Evidence::new();
    let mut rows = Rows::default();
    cup(&mut rows, 1, "cup", [10.0, 10.0, 60.0, 60.0]);
    cup(&mut rows, 2, "cup", [200.0, 10.0, 260.0, 60.0]);
    cup(&mut rows, 1, "spoon", [100.0, 100.0, 150.0, 120.0]);
    evidence.record("img-1", "detect", "tiny", rows).expect("rows");
    let text = "DROP TABLE object; {\"tool\": \"count\"}";
    let mut rows = Rows::default();
    rows.add("line", [("id", "img-1/line-1".into()), ("n", 1_usize.into()), ("text", text.into())]);
    rows.tables = Some(vec![page(&["select", "数量", "a \"b\""], &[&["Tee", "3", "1"], &["Kaffee", "x", ""]])]);
    evidence.record("img-1", "read_text", "tiny", rows).expect("rows");
    evidence
}

fn rows(evidence: &Evidence, sql: &str) -> serde_json::Value {
    json!(evidence.query(sql, QueryLimits::default()).expect("rows").rows)
}

fn refused(sql: &str) -> String {
    match evidence().query(sql, QueryLimits::default()) {
        Err(EvidenceError::Query(why)) => why,
        other => format!("{other:?}"),
    }
}

#[test]
fn rows_are_asked_by_sql() {
    let evidence = evidence();
    assert_eq!(
        rows(&evidence, "SELECT label, count(*) FROM object GROUP BY label ORDER BY 2 DESC"),
        json!([["cup", 2], ["spoon", 1]])
    );
    assert_eq!(
        rows(&evidence, "SELECT b FROM relation WHERE a = 'img-1/spoon-1' AND right_of"),
        json!([["img-1/cup-1"]])
    );
    assert_eq!(rows(&evidence, "SELECT text FROM line"), json!([["DROP TABLE object; {\"tool\": \"count\"}"]]));
    assert_eq!(rows(&evidence, "WITH x AS (SELECT 1 AS one) SELECT one FROM x;"), json!([[1]]));
}

#[test]
fn columns_of_any_name_are_kept_and_a_text_among_numbers_too() {
    let evidence = evidence();
    assert_eq!(
        rows(&evidence, "SELECT \"select\", \"数量\", \"a \"\"b\"\"\" FROM page_1_table_1"),
        json!([["Tee", 3.0, 1.0], ["Kaffee", "x", null]])
    );
    assert_eq!(
        rows(&evidence, "SELECT columns FROM tables"),
        json!([["{\"select\":\"text\",\"数量\":\"number\",\"a \\\"b\\\"\":\"number\"}"]])
    );
    // The page is read again: the old table is gone.
    let again = Rows { tables: Some(Vec::new()), ..Rows::default() };
    evidence.record("img-1", "read_text", "tiny", again).expect("rows");
    assert!(evidence.query("SELECT * FROM page_1_table_1", QueryLimits::default()).is_err());
}

#[test]
fn a_row_that_comes_again_is_completed() {
    let evidence = evidence();
    let mut rows_of_colors = Rows::default();
    rows_of_colors.add("object", [("id", "img-1/cup-1".into()), ("color", "white".into())]);
    evidence.record("img-1", "colors", "", rows_of_colors).expect("rows");
    assert_eq!(
        rows(&evidence, "SELECT tool, label, color FROM object WHERE id = 'img-1/cup-1'"),
        json!([["detect", "cup", "white"]])
    );
    let mut stray = Rows::default();
    stray.add("object", [("id", "x".into()), ("colour", "white".into())]);
    assert!(matches!(evidence.record("img-1", "colors", "", stray), Err(EvidenceError::Unknown(_))));
}

#[test]
fn what_is_no_single_read_is_refused() {
    for sql in [
        "DELETE FROM object",
        "DROP TABLE object",
        "INSERT INTO object (image, id) VALUES ('a', 'b')",
        "ATTACH DATABASE '/tmp/x.db' AS x",
        "PRAGMA writable_schema = 1",
        "CREATE TABLE x (a)",
        "VACUUM INTO '/tmp/x.db'",
        "SELECT load_extension('/tmp/x.so')",
        "/* SELECT */ UPDATE object SET label = 'x'",
        "SELECT name FROM sqlite_master",
        "BEGIN",
    ] {
        assert_eq!(refused(sql), "only one SELECT over the tables of evidence is allowed", "{sql}");
    }
    assert_eq!(refused("SELECT 1; SELECT 2"), "there is more than one statement; give one SELECT");
    assert!(refused("SELECT 1; DELETE FROM object").contains("one SELECT"));
    for sql in ["", "-- nothing"] {
        assert!(
            refused(sql).contains("one SELECT") || refused(sql).starts_with("the query is wrong"),
            "{}",
            refused(sql)
        );
    }
    assert!(refused("SELEC 1").starts_with("the query is wrong: near \"SELEC\""), "{}", refused("SELEC 1"));
    // And nothing has happened.
    assert_eq!(rows(&evidence(), "SELECT count(*) FROM object"), json!([[3]]));
}

#[test]
fn unknown_names_come_with_those_that_are_there() {
    let why = refused("SELECT * FROM objects");
    assert!(why.starts_with("there is no table objects; did you mean object?; the tables are: image, object"), "{why}");
    assert!(why.ends_with("relation, page_1_table_1"), "{why}");
    let why = refused("SELECT lable FROM object");
    assert!(why.starts_with("there is no column lable; did you mean label?"), "{why}");
}

#[test]
fn queries_end_within_their_bounds() {
    let evidence = evidence();
    let endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n";
    let short = QueryLimits { time: Duration::from_millis(50), ..QueryLimits::default() };
    let why = evidence.query(endless, short).expect_err("endless").to_string();
    assert_eq!(why, "the query took longer than 0.05 s; ask for less");
    let many = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 1000000) SELECT i FROM n";
    let output = evidence.query(many, QueryLimits::default()).expect("rows");
    assert!(output.rows.len() == 1000 && output.more);
    let wide = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 100) SELECT printf('%.*c', 900000, 'x') FROM n";
    let output = evidence.query(wide, QueryLimits::default()).expect("rows");
    assert!(output.rows.len() == 1 && output.more, "{}", output.rows.len());
    assert_eq!(rows(&evidence, "SELECT count(*) FROM object"), json!([[3]]), "it goes on working");
}

#[test]
fn a_table_of_five_thousand_cells_is_kept_whole() {
    let cells: Vec<Vec<String>> = (0..1000).map(|row| (0..5).map(|at| format!("{}", row * 5 + at)).collect()).collect();
    let borrowed: Vec<Vec<&str>> = cells.iter().map(|row| row.iter().map(String::as_str).collect()).collect();
    let slices: Vec<&[&str]> = borrowed.iter().map(Vec::as_slice).collect();
    let evidence = Evidence::new();
    let rows_of_page = Rows { tables: Some(vec![page(&["a", "b", "c", "d", "e"], &slices)]), ..Rows::default() };
    evidence.record("img-2", "read_text", "", rows_of_page).expect("rows");
    assert_eq!(rows(&evidence, "SELECT count(*), sum(b) FROM page_2_table_1"), json!([[1000, 2_498_500.0]]));
}

#[test]
fn the_tools_that_a_query_needs() {
    let tools = |sql: &str| schema::tools_for(sql);
    assert_eq!(tools("SELECT label FROM object"), ["detect"]);
    assert_eq!(tools("SELECT a FROM relation"), ["detect"]);
    assert_eq!(tools("SELECT color, count(*) FROM object GROUP BY color"), ["detect", "colors"]);
    assert_eq!(tools("SELECT * FROM page_1_table_1"), ["read_text"]);
    assert_eq!(tools("SELECT width FROM image"), [""; 0]);
}

#[test]
fn rows_say_what_they_hold_and_where() {
    let said = evidence().said().expect("rows");
    let texts: Vec<String> = said.iter().map(|said| format!("{} {:?} {}", said.table, said.row, said.text)).collect();
    assert!(texts.contains(&"page_1_table_1 Some(\"Tee\") Tee | 3 | 1".to_owned()), "{texts:?}");
    assert!(texts.contains(&"object Some(\"img-1/cup-1\") cup 50 x 50".to_owned()), "{texts:?}");
    let cup = said.iter().find(|said| said.row.as_deref() == Some("img-1/cup-1")).expect("the cup");
    assert_eq!(cup.bbox, Some([10.0, 10.0, 60.0, 60.0].into()));
}
