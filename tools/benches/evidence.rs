//! What evidence costs beside the tools: rows and card of a full receipt, the schemas of a turn, a query over many rows.
//! `cargo bench -p argus-tools --bench evidence`
#![expect(clippy::expect_used, clippy::print_stdout, reason = "a measurement for developers")]

use std::time::Instant;

use argus_tools::{
    document::{TextLine, page_tables},
    evidence::{Evidence, QueryLimits, Rows},
    geom::BBox,
    image::{ImageStore, NewRegion, Origin, RegionKind},
    vision::{look::Card, toolbox},
};

const RUNS: usize = 21;
const LINES: usize = 60;
const MANY: usize = 10_000;

/// Median milliseconds.
fn median(mut work: impl FnMut()) -> f64 {
    let mut times: Vec<f64> = (0..RUNS)
        .map(|_| {
            let begin = Instant::now();
            work();
            begin.elapsed().as_secs_f64() * 1000.0
        })
        .collect();
    times.sort_by(f64::total_cmp);
    times[RUNS / 2]
}

fn receipt() -> Vec<TextLine> {
    let line = |text: String, x: f32, row: usize| {
        let (y, width) = (20.0 + row as f32 * 24.0, text.len() as f32 * 9.0);
        TextLine { text, bbox: Some(BBox { x1: x, y1: y, x2: x + width, y2: y + 18.0 }) }
    };
    let mut lines = vec![line("GREEN LEAF CAFE".into(), 120.0, 0), line("05/03/2025 12:41".into(), 120.0, 1)];
    for item in 0..LINES {
        lines.push(line(format!("Item number {item}"), 20.0, item + 3));
        lines.push(line(format!("{}.{:02}", item + 1, item % 100), 380.0, item + 3));
    }
    lines.push(line("TOTAL EUR".into(), 20.0, LINES + 4));
    lines.push(line("1829.30".into(), 380.0, LINES + 4));
    lines
}

fn rows(lines: &[TextLine]) -> Rows {
    let mut rows = Rows::default();
    for (at, line) in lines.iter().enumerate() {
        let id = format!("img-1/line-{}", at + 1);
        let values = [("id", id.into()), ("n", (at + 1).into()), ("text", line.text.as_str().into())];
        rows.add_box("line", values, &line.bbox.expect("a box"));
    }
    rows.tables = Some(page_tables(lines));
    rows
}

fn main() {
    let lines = receipt();
    let text = lines.iter().map(|line| line.text.as_str()).collect::<Vec<_>>().join("\n");
    let images = ImageStore::new();
    let image = images.insert(image::DynamicImage::new_rgb8(480, 1700), Origin::Stdin);
    let region = |line: &TextLine| NewRegion {
        stem: "line".into(),
        kind: RegionKind::Line,
        ..NewRegion::object(&line.text, 0.9, line.bbox.expect("a box"))
    };
    images.name_regions("img-1", lines.iter().map(region).collect());
    let ms = median(|| {
        let evidence = images.evidence();
        evidence.record("img-1", "read_text", "bench", rows(&lines)).expect("rows");
        let card = Card::new(&image, evidence, Some(&text)).expect("a card");
        assert_eq!(card.tables.len(), 1);
    });
    println!("rows and card of a receipt of {} lines: {ms:.1} ms", lines.len());
    let tools = toolbox();
    let ms = median(|| assert!(!tools.narrowed(&images).is_empty()));
    println!("argument schemas of a turn: {ms:.1} ms");

    let evidence = Evidence::new();
    let mut many = Rows::default();
    for at in 0..MANY {
        let values = [("id", format!("img-1/cup-{at}").into()), ("label", "cup".into()), ("width", at.into())];
        many.add("object", values);
    }
    evidence.record("img-1", "detect", "bench", many).expect("rows");
    let ms = median(|| {
        let sql = "SELECT label, count(*), avg(width) FROM object WHERE width > 100 GROUP BY label";
        assert_eq!(evidence.query(sql, QueryLimits::default()).expect("an answer").rows.len(), 1);
    });
    println!("a query over {MANY} rows: {ms:.1} ms");
}
