#![expect(clippy::expect_used, reason = "a test fails where its set-up does")]

use super::*;
use crate::document::PageCell;

fn table() -> PageTable {
    let column = |name: &str, kind| PageColumn { name: name.into(), headed: true, kind, unit: None };
    let row = |cells: [&str; 3], summary| PageRow {
        cells: cells.iter().map(|text| PageCell::parse(text)).collect(),
        bbox: None,
        summary,
    };
    PageTable {
        title: None,
        columns: vec![
            column("Name", ColumnKind::Text),
            column("Preis", ColumnKind::Money),
            column("Ab", ColumnKind::Time),
        ],
        names: 0,
        rows: vec![
            row(["Tee", "2.50", "08:30"], false),
            row(["Kuchen", "4.20", "09:15"], false),
            row(["Suppe", "6.30", "11:00"], false),
            row(["Summe", "13.00", ""], true),
        ],
        bbox: None,
        across: false,
    }
}

fn ask(args: Value) -> Result<TableOutput, ToolError> {
    let input: TableInput = serde_json::from_value(args).expect("arguments");
    run(&input, &[("page_1_table_1".into(), table())])
}

fn said(args: Value) -> String {
    TableTool::render(&ask(args).expect("a result"))
}

#[test]
fn operations_are_exact_and_leave_sums_out() {
    assert_eq!(
        said(json!({"do": "max", "column": "Preis"})),
        "largest Preis of 3 of 3 rows: 6.30\nName: Suppe, Preis: 6.30, Ab: 11:00"
    );
    assert_eq!(said(json!({"do": "min"})), "smallest Preis of 3 of 3 rows: 2.50\nName: Tee, Preis: 2.50, Ab: 08:30");
    assert_eq!(said(json!({"do": "sum", "column": "preis"})), "sum of Preis over 3 of 3 rows: 13.00");
    assert_eq!(said(json!({"do": "average", "column": "Preis"})), "average of Preis over 3 of 3 rows: 4.33");
    let above = json!([{"column": "Preis", "test": "above", "value": 4}]);
    assert!(said(json!({"do": "count", "where": above})).starts_with("2 of 3 rows:\nName: Kuchen"));
    let late = json!([{"column": "Ab", "test": "at_least", "value": "9:00"}]);
    assert_eq!(
        ask(json!({"do": "sum", "column": "Preis", "where": late})).expect("a sum").result.as_deref(),
        Some("10.50")
    );
    let total = json!([{"column": "Name", "test": "is", "value": "summe"}]);
    assert_eq!(ask(json!({"where": total})).expect("rows").rows.len(), 1, "a row that sums up can be named");
}

#[test]
fn what_is_not_there_is_named_with_what_is() {
    let error = ask(json!({"do": "max", "column": "Pries"})).expect_err("no such column").feedback;
    assert_eq!(error, "there is no column \"Pries\"; did you mean Preis?; its columns are Name, Preis, Ab");
    let error = ask(json!({"table": "page_9_table_1"})).expect_err("no such table").feedback;
    assert_eq!(error, "there is no table \"page_9_table_1\"; there is page_1_table_1");
}

#[test]
fn a_schema_lists_columns_and_few_values() {
    let slots = slots("page_1_table_1", &table());
    assert_eq!(slots["properties"]["column"]["enum"], json!(["Preis", "Ab"]));
    let conditions = &slots["properties"]["where"]["items"]["anyOf"];
    assert_eq!(conditions[0]["properties"]["value"]["enum"], json!(["Tee", "Kuchen", "Suppe", "Summe"]));
    assert_eq!(conditions[1]["properties"]["value"]["type"], "number");
}
