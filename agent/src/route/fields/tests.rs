//! Fields in drawn-up documents.

use argus_tools::geom::BBox;

use super::*;

fn at(text: &str, x: f32, y: f32) -> TextLine {
    let bbox = BBox { x1: x, y1: y, x2: x + 9.0 * text.chars().count() as f32, y2: y + 20.0 };
    TextLine { text: text.into(), bbox: Some(bbox) }
}

/// A receipt whose labels stand left and values right.
fn receipt() -> Vec<TextLine> {
    vec![
        at("TAX INVOICE", 100.0, 0.0),
        at("GREEN LEAF TRADING SDN BHD (123456-X)", 20.0, 30.0),
        at("12, Jalan Besar,", 60.0, 60.0),
        at("43300 Seri Kembangan", 50.0, 90.0),
        at("Tel: 03-8948 1234 Fax: 03-8948 9999", 30.0, 120.0),
        at("Email:info@greenleaf.com.my", 30.0, 150.0),
        at("Invoice No", 10.0, 180.0),
        at(": GL-00231", 150.0, 182.0),
        at("Date", 10.0, 210.0),
        at("05/03/2019 14:22", 150.0, 211.0),
        at("Cashier", 10.0, 240.0),
        at("Aminah", 150.0, 241.0),
        at("Green tea 2 x 4.50", 10.0, 270.0),
        at("9.00", 300.0, 271.0),
        at("Chopping board", 10.0, 300.0),
        at("1 x 19.90", 120.0, 330.0),
        at("19.90", 300.0, 331.0),
        at("SUB TOTAL", 10.0, 360.0),
        at("28.90", 300.0, 361.0),
        at("GST 6%", 10.0, 390.0),
        at("1.73", 300.0, 391.0),
        at("TOTAL", 10.0, 420.0),
        at("RM 30.63", 280.0, 421.0),
        at("ROUNDING ADJUSTMENT", 10.0, 450.0),
        at("0.02", 300.0, 451.0),
        at("TOTAL ROUNDED", 10.0, 480.0),
        at("RM 30.65", 280.0, 481.0),
        at("TOTAL QTY: 3", 10.0, 510.0),
        at("CASH", 10.0, 540.0),
        at("50.00", 300.0, 541.0),
        at("CHANGE", 10.0, 570.0),
        at("19.35", 300.0, 571.0),
    ]
}

fn value(lines: &[TextLine], wanted: &Field) -> Option<String> {
    field(lines, wanted).map(|found| found.value)
}

#[test]
fn a_receipt_with_places() {
    let lines = receipt();
    for (field, wanted) in [
        (Field::Total, "30.65"),
        (Field::Subtotal, "28.90"),
        (Field::Tax, "1.73"),
        (Field::Paid, "50.00"),
        (Field::Change, "19.35"),
        (Field::Date, "05/03/2019"),
        (Field::Time, "14:22"),
        (Field::Company, "GREEN LEAF TRADING SDN BHD"),
        (Field::Phone, "03-8948 1234"),
        (Field::Fax, "03-8948 9999"),
        (Field::Email, "info@greenleaf.com.my"),
        (Field::InvoiceNumber, "GL-00231"),
        (Field::Address, "12, Jalan Besar, 43300 Seri Kembangan"),
        (Field::Price("chopping board".into()), "19.90"),
        (Field::Price("green tea".into()), "9.00"),
        (Field::Named("cashier".into()), "Aminah"),
    ] {
        assert_eq!(value(&lines, &field).as_deref(), Some(wanted), "{field:?}");
    }
    assert_eq!(value(&lines, &Field::Website), None);
    assert_eq!(value(&lines, &Field::Discount), None);
    assert_eq!(value(&lines, &Field::Price("coffee".into())), None);
}

#[test]
fn text_alone() {
    let lines: Vec<TextLine> =
        ["Blue Bay Cafe", "Dec 25, 2018", "Latte $4.50", "Cake $6.00", "Total: $10.50", "Visa $10.50"]
            .map(TextLine::new)
            .to_vec();
    assert_eq!(value(&lines, &Field::Total).as_deref(), Some("10.50"));
    assert_eq!(value(&lines, &Field::Date).as_deref(), Some("Dec 25, 2018"));
    assert_eq!(value(&lines, &Field::Company).as_deref(), Some("Blue Bay Cafe"));
    assert_eq!(field(&lines, &Field::Total).map(|found| found.line).as_deref(), Some("Total: $10.50"));
    let split: Vec<TextLine> = ["TOTAL", "12.00", "CASH", "20.00"].map(TextLine::new).to_vec();
    assert_eq!(value(&split, &Field::Total).as_deref(), Some("12.00"));
    let bare: Vec<TextLine> = ["Tea 2.00", "Pie 3.50", "5.50", "Cash 10.00"].map(TextLine::new).to_vec();
    assert_eq!(value(&bare, &Field::Total).as_deref(), Some("5.50"), "the largest that is not cash");
    let chinese: Vec<TextLine> = ["北京好味餐饮有限公司", "日期：2021年3月5日", "合计：58.00元", "电话：010-62345678"]
        .map(TextLine::new)
        .to_vec();
    assert_eq!(value(&chinese, &Field::Company).as_deref(), Some("北京好味餐饮有限公司"));
    assert_eq!(value(&chinese, &Field::Total).as_deref(), Some("58.00"));
    assert_eq!(value(&chinese, &Field::Date).as_deref(), Some("2021年3月5日"));
    assert_eq!(value(&chinese, &Field::Phone).as_deref(), Some("010-62345678"));
    for field in [Field::Total, Field::Date, Field::Company, Field::Phone, Field::Tax] {
        assert_eq!(value(&[], &field), None);
    }
}

#[test]
fn lines_that_bear_on_a_task() {
    let lines: Vec<String> = receipt().into_iter().map(|line| line.text).collect();
    assert!(lines_about("How much does the green tea cost?", &lines).contains(&"Green tea 2 x 4.50"));
    assert!(!lines_about("How much does the green tea cost?", &lines).contains(&"Chopping board"));
    assert!(lines_about("What is the date on this receipt?", &lines).contains(&"05/03/2019 14:22"));
    assert!(lines_about("Where is the dog?", &lines).is_empty());
}

proptest::proptest! {
    #[test]
    fn never_panics(lines in proptest::collection::vec("(total|[0-9]{1,4}[.,/:-][0-9]{1,4}|date|tel| |RM|年|月|é|[a-z]{1,6}|\\$|[^a]){0,10}", 0..6)) {
        let lines: Vec<TextLine> = lines.into_iter().map(TextLine::new).collect();
        for wanted in [
            Field::Total, Field::Subtotal, Field::Tax, Field::Change, Field::Paid, Field::Discount, Field::Date, Field::Time, Field::Company,
            Field::Address, Field::Phone, Field::Fax, Field::Email, Field::Website, Field::InvoiceNumber,
            Field::Price("total".into()), Field::Named("date".into()),
        ] {
            let _ = field(&lines, &wanted);
        }
    }
}
