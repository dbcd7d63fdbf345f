//! Documents that were drawn up, taken apart.

use super::*;
use crate::geom::BBox;

/// A line whose letters are 9 pixels wide and `height` tall.
fn line(text: &str, x: f32, y: f32, height: f32) -> TextLine {
    let bbox = BBox { x1: x, y1: y, x2: x + 9.0 * text.chars().count() as f32, y2: y + height };
    TextLine { text: text.into(), bbox: Some(bbox) }
}

fn at(text: &str, x: f32, y: f32) -> TextLine {
    line(text, x, y, 20.0)
}

fn receipt() -> Vec<TextLine> {
    vec![
        at("GREEN LEAF TRADING LTD", 60.0, 0.0),
        at("12 High Street", 90.0, 30.0),
        at("Tel: 020 7946 0018", 70.0, 60.0),
        at("Receipt No: R-2041", 10.0, 90.0),
        at("Date: 05/03/2025 14:22", 10.0, 120.0),
        at("Cashier: Amina", 10.0, 150.0),
        at("Green tea 2 x 4.50", 10.0, 190.0),
        at("9.00", 300.0, 190.0),
        at("Chopping board", 10.0, 220.0),
        at("1 x 19.90", 120.0, 250.0),
        at("19.90", 300.0, 250.0),
        at("SUBTOTAL", 10.0, 290.0),
        at("28.90", 300.0, 290.0),
        at("VAT 6%", 10.0, 320.0),
        at("1.73", 300.0, 320.0),
        at("TOTAL", 10.0, 350.0),
        at("EUR 30.63", 280.0, 350.0),
        at("CASH", 10.0, 380.0),
        at("40.00", 300.0, 380.0),
        at("CHANGE", 10.0, 410.0),
        at("9.37", 300.0, 410.0),
    ]
}

fn value<'a>(document: &'a Document, name: &str) -> Option<&'a str> {
    document.fields.iter().find(|field| field.name == name).map(|field| field.value.as_str())
}

#[test]
fn a_receipt_is_taken_apart_and_its_sums_are_made_again() {
    let document = Document::read(&receipt());
    assert_eq!(document.kind, DocumentKind::Receipt);
    for (name, wanted) in [
        ("company", "GREEN LEAF TRADING LTD"),
        ("phone number", "020 7946 0018"),
        ("document number", "R-2041"),
        ("date", "05/03/2025"),
        ("time", "14:22"),
        ("subtotal", "28.90"),
        ("tax", "1.73"),
        ("total", "30.63"),
        ("amount paid", "40.00"),
        ("change", "9.37"),
        ("cashier", "Amina"),
    ] {
        assert_eq!(value(&document, name), Some(wanted), "{name} of {:?}", document.fields);
    }
    assert_eq!(document.currency.as_deref(), Some("EUR"));
    let items: Vec<(&str, Option<f64>, &str)> =
        document.items.iter().map(|item| (item.name.as_str(), item.quantity, item.amount.as_str())).collect();
    assert_eq!(items, [("Green tea", Some(2.0), "9.00"), ("Chopping board", Some(1.0), "19.90")]);
    let sums: Vec<&str> = document.checks.iter().map(|check| check.sum.as_str()).collect();
    assert_eq!(sums, ["9.00 + 19.90 = 28.90", "28.90 + 1.73 = 30.63", "40.00 - 9.37 = 30.63"]);
    assert!(document.checks.iter().all(|check| check.holds));
}

/// A receipt of labels and amounts below each other, the company first.
fn printed(rows: &[(&str, &str)]) -> Document {
    let lines = rows.iter().enumerate().flat_map(|(row, (label, amount))| {
        let y = 40.0 * row as f32;
        let cells = [at(label, 10.0, y), at(amount, 400.0 - 9.0 * amount.chars().count() as f32, y)];
        cells.into_iter().filter(|cell| !cell.text.is_empty()).collect::<Vec<_>>()
    });
    Document::read(&lines.collect::<Vec<_>>())
}

#[test]
fn receipts_of_many_lands_have_their_fields() {
    let german: &[(&str, &str)] = &[
        ("Muster Markt GmbH", ""),
        ("Brot", "2,49 B"),
        ("Waschmittel", "10,43 A"),
        ("Summe EUR", "12,92"),
        ("Bar", "20,00"),
        ("Rückgeld", "7,08"),
        ("MwSt 19%", "1,48"),
        ("18.11.23 14:05", "Bon 4711"),
    ];
    let polish: &[(&str, &str)] = &[
        ("SKLEP ABC", ""),
        ("Chleb", "4,50zł"),
        ("Masło", "7,99zł"),
        ("SUMA PLN", "12,49"),
        ("Gotówka", "20,00"),
        ("Reszta", "7,51"),
        ("2024-03-05 12:00", ""),
    ];
    let swiss: &[(&str, &str)] = &[
        ("Bergladen AG", ""),
        ("Fondue Set", "1'149.00"),
        ("Käse", "85.50"),
        ("Total CHF", "1'234.50"),
        ("MWST 8.1%", "92.51"),
        ("24.12.2023 10:15", ""),
    ];
    let indonesian: &[(&str, &str)] = &[
        ("TOKO SEJAHTERA", ""),
        ("Beras 5kg", "75.000"),
        ("Minyak 2L", "54.500"),
        ("TOTAL", "Rp 129.500"),
        ("TUNAI", "Rp 150.000"),
        ("KEMBALI", "Rp 20.500"),
        ("12-03-202409:41", ""),
    ];
    let japanese: &[(&str, &str)] = &[
        ("さくら商店", ""),
        ("お茶", "¥1,280"),
        ("弁当", "¥650"),
        ("合計", "¥1,930"),
        ("お預り", "¥2,000"),
        ("お釣り", "¥70"),
        ("2025年3月5日", ""),
    ];
    let french: &[(&str, &str)] = &[
        ("BOULANGERIE DUPONT", ""),
        ("Pain complet", "3,40"),
        ("Tarte", "1 018,00"),
        ("Sous-total HT", "968,15"),
        ("TVA 5,5 %", "53,25"),
        ("TOTAL TTC", "1 021,40 €"),
        ("le 3 mars 2025", ""),
    ];
    for (rows, total, paid, change, date) in [
        (german, 12.92, Some(20.0), Some(7.08), "2023-11-18"),
        (polish, 12.49, Some(20.0), Some(7.51), "2024-03-05"),
        (swiss, 1234.5, None, None, "2023-12-24"),
        (indonesian, 129_500.0, Some(150_000.0), Some(20_500.0), "2024-03-12"),
        (japanese, 1930.0, Some(2000.0), Some(70.0), "2025-03-05"),
        (french, 1021.4, None, None, "2025-03-03"),
    ] {
        let document = printed(rows);
        let typed = |name: &str| value(&document, name).map(PageCell::parse);
        let numbers = ["total", "amount paid", "change"].map(|name| typed(name).and_then(|cell| cell.number));
        assert_eq!(numbers, [Some(total), paid, change], "{:?}", document.fields);
        assert_eq!(typed("date").and_then(|cell| cell.date).as_deref(), Some(date), "{:?}", document.fields);
        assert_eq!(value(&document, "company"), Some(rows[0].0));
        assert_eq!((document.kind, document.items.len()), (DocumentKind::Receipt, 2), "{:?}", document.items);
        assert!(document.checks.iter().all(|check| check.holds), "{:?}", document.checks);
    }
}

#[test]
fn a_wrong_sum_is_told() {
    let mut lines = receipt();
    lines.iter_mut().filter(|line| line.text == "9.00").for_each(|line| line.text = "8.00".into());
    let checks = Document::read(&lines).checks;
    assert_eq!(checks[0].sum, "8.00 + 19.90 is not 28.90");
    assert_eq!(checks.iter().map(|check| check.holds).collect::<Vec<_>>(), [false, true, true]);
}

#[test]
fn a_card_says_whose_it_is() {
    let document = Document::read(&[
        at("NORTHWIND ENERGY LTD", 20.0, 0.0),
        at("Maria Sandoval", 20.0, 60.0),
        at("Senior Sales Manager", 20.0, 85.0),
        at("Phone: +44 20 7946 0018", 20.0, 140.0),
        at("maria@northwind.example.com", 20.0, 170.0),
        at("www.northwind.example.com", 20.0, 200.0),
    ]);
    assert_eq!(document.kind, DocumentKind::Card);
    for (name, wanted) in [
        ("name", "Maria Sandoval"),
        ("position", "Senior Sales Manager"),
        ("company", "NORTHWIND ENERGY LTD"),
        ("phone number", "+44 20 7946 0018"),
        ("e-mail address", "maria@northwind.example.com"),
        ("website", "www.northwind.example.com"),
    ] {
        assert_eq!(value(&document, name), Some(wanted), "{name} of {:?}", document.fields);
    }
    assert!(document.items.is_empty() && document.checks.is_empty());
}

#[test]
fn a_form_is_labels_and_values() {
    let document = Document::read(&[
        at("MEMBERSHIP", 100.0, 0.0),
        at("Name:", 10.0, 40.0),
        at("Li Wei", 150.0, 40.0),
        at("Member since", 10.0, 70.0),
        at(": 2019", 150.0, 70.0),
        at("City: Leeds", 10.0, 100.0),
        at("Opens at 9:30", 10.0, 130.0),
    ]);
    assert_eq!(document.kind, DocumentKind::Form);
    let fields: Vec<(&str, &str)> =
        document.fields.iter().map(|field| (field.name.as_str(), field.value.as_str())).collect();
    assert_eq!(fields, [("name", "Li Wei"), ("member since", "2019"), ("city", "Leeds")]);
}

#[test]
fn nothing_is_a_page_without_anything() {
    let document = Document::read(&[]);
    assert_eq!((document.kind, document.fields.len(), markdown(&[])), (DocumentKind::Page, 0, String::new()));
}

#[test]
fn a_page_in_two_columns_is_read_column_by_column() {
    let mut lines = vec![line("The long way home", 40.0, 0.0, 40.0)];
    let left = ["The road went over the hills and", "was dry in summer. In win-", "ter nobody took it at all."];
    let right = ["Those who lived there were used", "to walking far, and said so to", "everybody who wanted to hear."];
    for (row, (left, right)) in left.into_iter().zip(right).enumerate() {
        lines.push(at(left, 0.0, 80.0 + 25.0 * row as f32));
        lines.push(at(right, 400.0, 80.0 + 25.0 * row as f32));
    }
    let wanted = "## The long way home\n\nThe road went over the hills and was dry in summer. In winter nobody took it at all.\n\n\
                  Those who lived there were used to walking far, and said so to everybody who wanted to hear.\n";
    assert_eq!(markdown(&lines), wanted);
}

#[test]
fn a_table_stays_a_table() {
    let mut lines = vec![];
    let rows = [
        ["Product", "Price", "Stock"],
        ["Pencil", "0.80", "120"],
        ["Note|book", "3.50", "45"],
        ["Eraser", "0.60", "200"],
    ];
    for (row, cells) in rows.iter().enumerate() {
        for (column, text) in cells.iter().enumerate() {
            lines.push(at(text, 200.0 * column as f32, 30.0 * row as f32));
        }
    }
    let wanted = "| Product | Price | Stock |\n| --- | --- | --- |\n| Pencil | 0.80 | 120 |\n| Note\\|book | 3.50 | 45 |\n\
                  | Eraser | 0.60 | 200 |\n";
    assert_eq!(markdown(&lines), wanted);
    assert_eq!(Document::read(&lines).kind, DocumentKind::Table);
}

#[test]
fn lists_and_short_lines_keep_their_lines() {
    let lines = [at("• Bread", 0.0, 0.0), at("• Butter and a jar of honey", 0.0, 25.0), at("# 5", 0.0, 80.0)];
    assert_eq!(markdown(&lines), "- Bread\n- Butter and a jar of honey\n\n\\# 5\n");
}

#[test]
fn a_heading_over_two_columns_does_not_make_a_table_of_them() {
    let mut lines = Vec::new();
    for (row, y) in [0.0, 24.0, 48.0, 96.0, 120.0, 144.0].into_iter().enumerate() {
        lines.push(at(&format!("left {row} goes on and on here"), 0.0, y));
        lines.push(at(&format!("right {row} goes on and on too"), 300.0, y));
    }
    lines.push(at("What is said of both columns, in one line over them", 20.0, 72.0));
    let text = markdown(&lines);
    let places: Vec<usize> = ["left 2", "right 0", "right 2", "What is said", "left 3", "left 5", "right 3"]
        .iter()
        .map(|words| text.find(words).unwrap_or(usize::MAX))
        .collect();
    assert!(places.is_sorted() && places[6] < usize::MAX && !text.contains('|'), "{text}");
}
