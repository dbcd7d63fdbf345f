#![expect(clippy::expect_used, reason = "a test fails where its set-up does")]

use super::*;
use crate::{geom::Quad, vision::read_text::TextLine as ReadLine};

fn read(lines: &[(&str, f32, f32)]) -> ReadTextOutput {
    let line = |(at, (text, x, y)): (usize, &(&str, f32, f32))| {
        let (x2, y2) = (x + 9.0 * text.len() as f32, y + 20.0);
        let quad = Quad([[*x, *y], [x2, *y], [x2, y2], [*x, y2]]);
        ReadLine { handle: format!("img-1/line-{}", at + 1), text: (*text).into(), score: 0.9, quad, words: Vec::new() }
    };
    let lines: Vec<ReadLine> = lines.iter().enumerate().map(line).collect();
    ReadTextOutput { text: String::new(), lines }
}

#[test]
fn a_model_reads_the_fields_of_a_receipt_and_the_text_of_a_page() {
    let receipt = take_apart(&read(&[
        ("CORNER CAFE", 50.0, 0.0),
        ("Coffee", 0.0, 40.0),
        ("$3.00", 200.0, 40.0),
        ("Cake", 0.0, 70.0),
        ("$4.50", 200.0, 70.0),
        ("TOTAL", 0.0, 100.0),
        ("$7.00", 200.0, 100.0),
    ]));
    assert_eq!(
        ReadDocument::render(&receipt),
        "company: CORNER CAFE\ntotal: 7.00\ncurrency: $\nitem: Coffee: 3.00\nitem: Cake: 4.50\n\
         checked: items = total (not right: 3.00 + 4.50 is not 7.00)"
    );
    let page = take_apart(&read(&[("Closed on Mondays", 0.0, 0.0)]));
    assert_eq!(ReadDocument::render(&page), "Closed on Mondays\n");
    assert_eq!(ReadDocument::render(&take_apart(&read(&[]))), "no text found");
    let value = serde_json::to_value(&receipt).expect("it is JSON");
    assert_eq!(value["kind"], "receipt");
    assert_eq!(
        value["fields"][1],
        serde_json::json!({"name": "total", "value": "7.00", "box": [200.0, 100.0, 245.0, 120.0]})
    );
    assert_eq!(value["parts"], serde_json::json!([{"name": "items", "box": [0.0, 40.0, 245.0, 90.0]}]));
    assert!(value.get("table").is_none(), "{value}");
}
