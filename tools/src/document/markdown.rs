//! A page as Markdown: headings by the height of their letters, paragraphs, lists and tables.

use super::{
    Kind, Row, Table, TextLine,
    blocks::{blocks, median_height},
    rows,
    words::is_han,
};

/// Letters so much taller than the page's own are a heading.
const TALL: f32 = 1.35;
/// A line that ends before this share of its block ends its paragraph.
const FULL: f32 = 0.8;
/// Characters of a heading at most.
const HEADING: usize = 90;

/// The lines of a page as Markdown, its blocks in reading order.
pub fn markdown(lines: &[TextLine]) -> String {
    let page = median_height(lines.iter().filter_map(|line| line.bbox.as_ref()));
    let blocks = blocks(lines);
    let written = blocks.iter().map(|block| block_markdown(block, page)).filter(|block| !block.is_empty());
    let mut text = written.collect::<Vec<_>>().join("\n\n");
    if !text.is_empty() {
        text.push('\n');
    }
    text
}

fn block_markdown(block: &[TextLine], page: f32) -> String {
    let rows = rows(block);
    if let Some(table) = table(block, &rows) {
        return table;
    }
    let left = block.iter().filter_map(|line| line.bbox).map(|bbox| bbox.x1).fold(f32::INFINITY, f32::min);
    let right = block.iter().filter_map(|line| line.bbox).map(|bbox| bbox.x2).fold(0.0, f32::max);
    let mut written = String::new();
    let mut goes_on = false;
    for row in &rows {
        let text = row.text();
        let bbox = row.cells.last().and_then(|cell| cell.bbox);
        let height = row.cells.iter().filter_map(|cell| cell.bbox).map(|bbox| bbox.height()).fold(0.0, f32::max);
        // Text that stands upright is taller than it is wide, and no heading.
        let level = row.cells.iter().filter_map(|cell| cell.bbox).all(|bbox| bbox.width() > bbox.height());
        if level && height > TALL * page && text.chars().count() <= HEADING {
            paragraph(&mut written, &format!("## {}", text.trim()));
            goes_on = false;
            continue;
        }
        let (text, listed) = match text.trim().strip_prefix(['•', '·', '●', '▪', '■', '◦']) {
            Some(rest) => (format!("- {}", rest.trim()), true),
            None => (escaped(text.trim()), false),
        };
        if goes_on && !listed {
            join(&mut written, &text);
        } else if listed && !written.is_empty() {
            written.push('\n');
            written.push_str(&text);
        } else {
            line(&mut written, &text);
        }
        goes_on = bbox.is_some_and(|bbox| bbox.x2 - left >= FULL * (right - left)) && block.len() > 2;
    }
    written
}

/// A paragraph of its own.
fn paragraph(written: &mut String, text: &str) {
    if !written.is_empty() {
        written.push_str("\n\n");
    }
    written.push_str(text);
}

/// A line of its own in a paragraph; a heading before it ends there.
fn line(written: &mut String, text: &str) {
    let after_heading = written.rsplit('\n').next().is_some_and(|last| last.starts_with("## "));
    if after_heading {
        return paragraph(written, text);
    }
    if !written.is_empty() {
        // Two spaces and a line end break a line in Markdown.
        written.push_str("  \n");
    }
    written.push_str(text);
}

/// The next line of a running text: a word that was parted is joined, Chinese takes no space.
fn join(written: &mut String, text: &str) {
    let last = written.chars().next_back();
    let first = text.chars().next();
    let parted = written.len() > 1
        && last == Some('-')
        && written[..written.len() - 1].ends_with(char::is_alphabetic)
        && first.is_some_and(char::is_lowercase);
    if parted {
        written.pop();
    } else if !(last.is_some_and(is_wide) && first.is_some_and(is_wide)) {
        written.push(' ');
    }
    written.push_str(text);
}

fn is_wide(character: char) -> bool {
    is_han(character) || matches!(character, '\u{3000}'..='\u{303f}' | '\u{ff00}'..='\u{ffef}')
}

/// Marks at the start of a line that would mean something else.
fn escaped(text: &str) -> String {
    if text.starts_with(['#', '>', '*', '+', '|']) { format!("\\{text}") } else { text.to_owned() }
}

/// Whether what stands side by side is running text: long cells, hardly a number among them.
fn is_running(rows: &[Row]) -> bool {
    let cells = || rows.iter().flat_map(|row| &row.cells);
    let (count, letters) = cells().fold((0, 0), |(count, sum), cell| (count + 1, sum + cell.text.chars().count()));
    let values = cells().filter(|cell| Kind::of(&cell.text).is_value()).count();
    letters > RUNNING_CELL * count && values * 5 < count
}

/// Characters of a cell of running text, on average.
const RUNNING_CELL: usize = 20;

/// A block as a table, if most of its rows have several cells and it is read as one.
fn table(block: &[TextLine], rows: &[Row]) -> Option<String> {
    let several = rows.iter().filter(|row| row.cells.len() > 1).count();
    if rows.len() < 2 || several * 3 < rows.len() * 2 || is_running(rows) {
        return None;
    }
    let table = Table::read(block).filter(|table| !table.loose && !table.across)?;
    if table.records.len() + 1 < several {
        return None;
    }
    let first = table.records.first()?;
    let width = table.headers.len().max(table.columns());
    let cell = |text: &str| text.replace('|', "\\|");
    let written = |cells: Vec<String>| format!("| {} |", cells.join(" | "));
    // Headers were put in lower case to be found; the page has them as printed.
    let printed = |header: &String| {
        let same = |line: &&TextLine| line.text.trim().trim_end_matches([':', '：']).to_lowercase() == *header;
        block.iter().find(same).map_or_else(|| header.clone(), |line| line.text.trim().to_owned())
    };
    let mut text = Vec::new();
    // What stands above the first record and heads no column is a title.
    let in_table = |row: &Row| {
        row.cells.iter().any(|cell| table.headers.contains(&cell.text.trim().to_lowercase()) || cell.text == first.name)
    };
    let titles: Vec<String> = rows.iter().take_while(|row| !in_table(row)).map(Row::text).collect();
    if !titles.is_empty() {
        text.push(titles.join("  \n"));
        text.push(String::new());
    }
    let mut headers: Vec<String> = table.headers.iter().map(|header| cell(&printed(header))).collect();
    headers.resize(width, String::new());
    text.push(written(headers));
    text.push(format!("|{}", " --- |".repeat(width)));
    for record in &table.records {
        let of = |column: usize| record.cell(column).map(|found| cell(&found.text)).unwrap_or_default();
        text.push(written((0..width).map(of).collect()));
    }
    Some(text.join("\n"))
}
