//! What the layout of a text tells: its heading, what stands beside what, whether it names anybody.

use super::desk::{Desk, Job};
use crate::route::{
    fields::{Row, TextLine, rows},
    intent::Intent,
    words::{find_phrase, has_any, words},
};

/// A heading is so much higher than the next line.
const LARGER: f32 = 1.2;

/// The lines of the one picture that a part is about.
fn page(desk: &Desk<'_>, job: &Job<'_>) -> Option<Vec<TextLine>> {
    let images = desk.images(job.asked);
    let [image] = images.as_slice() else { return None };
    desk.view.lines(image).filter(|lines| !lines.is_empty())
}

/// "What is written below the name?"
pub(super) fn beside(desk: &Desk<'_>, job: &Job<'_>) -> Option<String> {
    const SIDES: [(&str, Side); 12] = [
        ("directly below", Side::Below),
        ("below", Side::Below),
        ("underneath", Side::Below),
        ("beneath", Side::Below),
        ("under", Side::Below),
        ("directly above", Side::Above),
        ("above", Side::Above),
        ("right of", Side::Right),
        ("left of", Side::Left),
        ("next to", Side::Right),
        ("beside", Side::Right),
        ("after", Side::Below),
    ];
    const TEXT: [&str; 14] = [
        "written", "printed", "line", "lines", "text", "word", "words", "say", "says", "stand", "stands", "read",
        "reads", "name",
    ];
    if !has_any(job.asked, &TEXT) || matches!(job.intent, Intent::Edit { .. } | Intent::Count { .. }) {
        return None;
    }
    let (at, word, side) = SIDES.iter().find_map(|(word, side)| Some((find_phrase(job.asked, word)?, *word, *side)))?;
    let lines = page(desk, job)?;
    let rows = rows(&lines);
    let (row, cell) = anchor(&rows, &lines, &job.asked[at + word.len()..])?;
    let told = match side {
        Side::Below => rows.get(row + 1).map(Row::text),
        Side::Above => row.checked_sub(1).map(|row| rows[row].text()),
        Side::Right => rows[row].cells.get(cell + 1).map(|cell| cell.text.clone()),
        Side::Left => cell.checked_sub(1).map(|cell| rows[row].cells[cell].text.clone()),
    }?;
    let anchor = &rows[row].cells[cell].text;
    Some(desk.tongue.say(format!("{} \"{anchor}\" stands \"{told}\".", capital(word)), format!("“{told}”。")))
}

#[derive(Clone, Copy)]
enum Side {
    Below,
    Above,
    Right,
    Left,
}

/// The cell that some words of a question mean.
fn anchor(rows: &[Row], lines: &[TextLine], named: &str) -> Option<(usize, usize)> {
    const COMMON: [&str; 16] = [
        "the", "a", "an", "this", "that", "on", "of", "in", "card", "sign", "picture", "image", "page", "word",
        "words", "line",
    ];
    let wanted: Vec<String> =
        words(named).into_iter().take(6).filter(|word| !COMMON.contains(&word.as_str())).collect();
    let heading = wanted.iter().all(|word| matches!(word.as_str(), "name" | "title" | "heading" | "headline"));
    if !wanted.is_empty() && heading {
        let own = largest(lines).or_else(|| lines.first().map(|line| line.text.clone()))?;
        let at = rows.iter().position(|row| row.cells.iter().any(|cell| cell.text == own))?;
        return Some((at, rows[at].cells.iter().position(|cell| cell.text == own)?));
    }
    let holds = |cell: &TextLine| {
        let own = words(&cell.text);
        !wanted.is_empty() && wanted.iter().all(|word| own.contains(word))
    };
    rows.iter().enumerate().find_map(|(at, row)| Some((at, row.cells.iter().position(holds)?)))
}

/// The line that is clearly larger than all others.
fn largest(lines: &[TextLine]) -> Option<String> {
    let height = |line: &TextLine| line.bbox.map_or(0.0, |bbox| bbox.height());
    let top = lines.iter().max_by(|a, b| height(a).total_cmp(&height(b)))?;
    let next = lines.iter().filter(|line| line.text != top.text).map(height).fold(0.0, f32::max);
    (lines.len() > 2 && height(top) > LARGER * next && next > 0.0).then(|| top.text.clone())
}

/// The heading, for questions that ask who or what it is about without naming anything that was read.
pub(super) fn heading(desk: &Desk<'_>, job: &Job<'_>) -> Option<String> {
    const ASKS: [&str; 26] = [
        "who plays",
        "who is playing",
        "who performs",
        "who is performing",
        "who sings",
        "who will play",
        "which band",
        "which artist",
        "which group",
        "what band",
        "which event",
        "what event",
        "which show",
        "what show",
        "which concert",
        "what concert",
        "which film",
        "which movie",
        "the title",
        "heading",
        "headline",
        "called",
        "what is it about",
        "name of the event",
        "name of the show",
        "name of the concert",
    ];
    if !has_any(job.asked, &ASKS) || matches!(job.intent, Intent::Edit { .. }) {
        return None;
    }
    let lines = page(desk, job)?;
    let Some(line) = largest(&lines) else {
        let first = lines.first().filter(|_| has_any(job.asked, &["the title", "heading", "headline"]))?;
        return Some(
            desk.tongue
                .say(format!("The first line of text is \"{}\".", first.text), format!("第一行字是“{}”。", first.text)),
        );
    };
    Some(desk.tongue.say(format!("The largest line of text is \"{line}\"."), format!("最大的一行字是“{line}”。")))
}

/// That a text names nobody, for questions that want a name.
pub(super) fn nobody(desk: &Desk<'_>, job: &Job<'_>) -> Option<String> {
    let who = ["who", "whose", "whom"].iter().any(|word| find_phrase(job.asked, word) == Some(0));
    if !who || job.intent != Intent::Unknown {
        return None;
    }
    let lines = page(desk, job)?;
    let heading = largest(&lines);
    let others = lines.iter().filter(|line| Some(&line.text) != heading.as_ref());
    (!others.map(|line| line.text.as_str()).any(may_name))
        .then(|| desk.tongue.say("It cannot be told from the picture who that was.", "从图片无法得知是谁。"))
}

/// What no picture shows unless it is written there: what the question says, and what the text would have to hold.
const UNSEEN: [(&[&str], &[&str]); 8] = [
    (
        &["how old", "what age", "which age", "the age of", "birthday", "when was he born", "when was she born"],
        &["age", "aged", "born", "birth", "years", "year", "old", "yrs", "since", "est", "established"],
    ),
    (&["how heavy", "weigh", "weighs", "the weight"], &["kg", "g", "lb", "lbs", "oz", "weight", "t", "net"]),
    (
        &["been driven", "been ridden", "mileage", "kilometres has", "kilometers has", "miles has"],
        &["km", "miles", "mi", "mileage", "odometer", "odo"],
    ),
    (&["taste", "tastes", "smell", "smells", "sound like", "feel like"], &["taste", "smell", "sweet", "sour", "aroma"]),
    (&["how fast"], &["km/h", "kmh", "mph", "speed", "knots"]),
    (&["how deep", "how hot is the", "how warm is the water"], &["m", "depth", "c", "°c", "degrees"]),
    (
        &["what is he thinking", "what is she thinking", "what are they thinking", "favourite", "favorite"],
        &["favourite", "favorite", "thinks"],
    ),
    (
        &["who took", "who made this photo", "who is the photographer", "which camera", "what camera"],
        &["photo", "photographer", "camera", "by", "©"],
    ),
];

/// That nothing tells what is asked, where it stands in no text.
pub(super) fn unseen(desk: &Desk<'_>, job: &Job<'_>) -> Option<String> {
    let (_, holds) = UNSEEN.iter().find(|(asks, _)| has_any(job.asked, asks))?;
    let images = desk.images(job.asked);
    let all_read = images.iter().all(|image| desk.view.lines(image).is_some());
    let told = images.iter().filter_map(|image| desk.view.lines(image)).flatten().any(|line| {
        let spaced: String = line.text.chars().map(|c| if c.is_ascii_digit() { ' ' } else { c }).collect();
        words(&spaced).iter().any(|word| holds.contains(&word.as_str()))
    });
    (all_read && !told && !matches!(job.intent, Intent::Edit { .. } | Intent::Chat))
        .then(|| desk.tongue.say("It cannot be told from the picture.", "从图片无法得知。"))
}

/// That a price is asked for where no amount stands in the text.
pub(super) fn unpriced(desk: &Desk<'_>, job: &Job<'_>) -> Option<String> {
    let priced = matches!(&job.intent, Intent::ReadField { field } if field.is_amount());
    let lines = page(desk, job).filter(|_| priced)?;
    let amount = lines.iter().any(|line| {
        crate::route::fields::amounts(&line.text).iter().any(|amount| amount.exact || amount.currency.is_some())
    });
    (!amount).then(|| {
        desk.tongue.say("It cannot be told: no amount of money stands in the text.", "无法得知：文字中没有金额。")
    })
}

/// Whether a line may hold the name of somebody: two words with capitals, a title, an address.
fn may_name(line: &str) -> bool {
    const TITLES: [&str; 12] =
        ["mr", "mrs", "ms", "dr", "prof", "by", "chef", "cashier", "signed", "author", "from", "name"];
    if line.contains('@') || words(line).iter().any(|word| TITLES.contains(&word.trim_end_matches('.'))) {
        return true;
    }
    let all: Vec<&str> = line.split_whitespace().collect();
    let capital = |word: &str| {
        let mut letters = word.chars();
        letters.next().is_some_and(char::is_uppercase)
            && letters.clone().count() > 0
            && letters.all(char::is_alphabetic)
    };
    let article = |word: &str| matches!(word.to_lowercase().as_str(), "the" | "a" | "an");
    all.windows(2).any(|pair| pair.iter().all(|word| capital(word) && !article(word)))
        && !all.first().is_some_and(|word| article(word))
        || line.chars().any(crate::route::words::is_han)
}

fn capital(word: &str) -> String {
    crate::route::answer::capital(word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_told_from_dishes() {
        for line in ["Anna Becker", "Dr. Rossi", "Cooked by Luigi", "王小明"] {
            assert!(may_name(line), "{line}");
        }
        for line in ["Grilled salmon", "The Copper Pot", "Total 5.50", "Coffee"] {
            assert!(!may_name(line), "{line}");
        }
    }
}
