//! Sums, averages and differences over a table and over what was told of it.

use super::{
    compute,
    desk::{Desk, Job},
    table::Told,
};
use crate::route::{
    fields::{self, Field, rows},
    intent::Intent,
    table::{Asked, Table},
    words::{PRICE_WORDS, has_any, has_han, number_word, words},
};

/// Numbers that one calculation takes at most.
const TERMS: usize = 60;

/// "By how much do they differ?"
pub(super) fn apart(desk: &mut Desk<'_>, job: &Job<'_>, table: &Table) -> Option<Told> {
    if !differs(job.asked) || !table.named(job.asked).is_empty() {
        return None;
    }
    difference(&desk.numbers).map(|expression| vec![compute::computed(desk, &expression)])
}

pub(super) fn differs(asked: &str) -> bool {
    has_any(asked, &["differ", "difference", "by how much", "by how many", "apart"])
        || ["相差", "差多少"].iter().any(|word| asked.contains(word))
}

/// The larger of two numbers minus the smaller.
pub(super) fn difference(numbers: &[String]) -> Option<String> {
    let [a, b] = numbers else { return None };
    let larger = a.parse::<f64>().ok()? >= b.parse::<f64>().ok()?;
    Some(if larger { format!("{a} - {b}") } else { format!("{b} - {a}") })
}

/// Sums, averages and differences of named records, or of all.
pub(super) fn computed(desk: &mut Desk<'_>, job: &Job<'_>, table: &Table) -> Option<Told> {
    let asked = job.asked;
    let says =
        |english: &[&str], chinese: &[&str]| has_any(asked, english) || chinese.iter().any(|word| asked.contains(word));
    let more = says(
        &[
            "how much more",
            "how many more",
            "how much less",
            "how many fewer",
            "difference between",
            "farther",
            "further",
        ],
        &["多多少", "少多少", "贵多少", "相差"],
    ) || (says(&["than"], &["比"]) && says(&["how many", "how much"], &["多少"]));
    let average = says(&["average", "mean"], &["平均"]);
    let joint = says(
        &["total", "sum", "together", "altogether", "in all", "combined", "all in all", "overall", "add up", "in sum"],
        &["一共", "总共", "加起来", "总和", "之和", "合计"],
    );
    let priced = says(PRICE_WORDS, &["钱", "价"]);
    let named: Vec<usize> = table.named(asked).into_iter().filter(|at| !table.records[*at].summary).collect();
    if matches!(job.intent, Intent::ReadField { field: Field::Total }) && named.len() < 2 {
        return None;
    }
    let column = table.number_column(asked)?;
    let value = |at: &usize| table.records[*at].printed(column);
    if let ([at], Some(servings)) = (named.as_slice(), servings(desk, job)) {
        return Some(vec![compute::computed(desk, &format!("{servings} * {}", value(at)?))]);
    }
    if more && let [a, b] = named.as_slice() {
        let expression = difference(&[value(a)?, value(b)?])?;
        return Some(vec![compute::computed(desk, &expression)]);
    }
    if named.len() > 1 && (joint || average || priced) && !says(&["each", "which"], &["各", "哪"]) && !more {
        let terms: Option<Vec<String>> = named
            .iter()
            .map(|at| {
                let count = how_many(asked, &table.records[*at].name);
                value(at).map(|value| if count > 1 { format!("{count} * {value}") } else { value })
            })
            .collect();
        let terms = terms?;
        let expression = if average { format!("avg({})", terms.join(", ")) } else { terms.join(" + ") };
        return Some(vec![compute::computed(desk, &expression)]);
    }
    let all = says(&["all", "every", "the sum", "sum of", "whole", "average", "mean"], &["所有", "全部", "平均"])
        || words(asked).iter().any(|word| number_word(word) == Some(table.items().count()));
    if named.is_empty() && (average || joint) && all {
        let terms: Vec<String> = table.items().filter_map(|record| record.printed(column)).take(TERMS).collect();
        let function = if average { "avg" } else { "sum" };
        return Some(vec![compute::computed(desk, &format!("{function}({})", terms.join(", ")))]);
    }
    None
}

/// "How long was it parked?", where the text tells two times of day.
pub(super) fn duration(desk: &mut Desk<'_>, job: &Job<'_>) -> Option<Told> {
    let asks = has_any(
        job.asked,
        &["how long", "how many minutes", "how many hours", "how much time", "what duration", "duration"],
    ) || ["多长时间", "多久", "几个小时", "多少分钟"].iter().any(|word| job.asked.contains(word));
    let measured = has_any(job.asked, &["pixel", "pixels", "picture", "object", "line"]);
    if !asks || measured {
        return None;
    }
    let mut times: Vec<String> = Vec::new();
    for image in desk.images(job.asked) {
        for row in rows(&desk.view.lines(&image)?) {
            for time in fields::times_in(&row.text()) {
                if !times.contains(&time) {
                    times.push(time);
                }
            }
        }
    }
    let [from, to] = times.as_slice() else { return None };
    let minutes = |time: &str| {
        let (hours, minutes) = time.split_once([':', '：'])?;
        let minutes: u32 = minutes.get(..2)?.parse().ok()?;
        Some(hours.parse::<u32>().ok()? * 60 + minutes)
    };
    let (later, earlier) = if minutes(from)? > minutes(to)? { (from, to) } else { (to, from) };
    let plain = |time: &str| time.chars().take_while(|c| c.is_ascii_digit() || *c == ':').collect::<String>();
    Some(vec![compute::computed(desk, &format!("{} - {}", plain(later), plain(earlier)))])
}

/// How many servings a pack holds, for questions about all of it.
fn servings(desk: &Desk<'_>, job: &Job<'_>) -> Option<String> {
    let whole = has_any(job.asked, &["whole", "entire", "full", "complete"])
        && has_any(job.asked, &["pack", "package", "packet", "box", "bag", "bottle", "can", "container", "jar", "bar"]);
    let images = desk.images(job.asked);
    let lines = desk.view.lines(images.first().filter(|_| whole)?)?;
    rows(&lines).iter().map(|row| row.text().to_lowercase()).find_map(|text| {
        let all = words(&text);
        let at = all.iter().position(|word| word.starts_with("serving") || word.starts_with("portion"))?;
        let near = [at.checked_sub(1).map(|at| &all[at]), all.last()];
        near.into_iter().flatten().find(|word| word.parse::<f64>().is_ok()).cloned()
    })
}

/// "How much lower is it?", after two amounts were told.
pub(super) fn told_difference(desk: &mut Desk<'_>, job: &Job<'_>) -> Option<Told> {
    let more = has_any(
        job.asked,
        &["how much lower", "how much higher", "how much more", "how much less", "how much cheaper"],
    );
    if !(more || differs(job.asked)) || has_any(job.asked, &["than"]) {
        return None;
    }
    difference(&desk.numbers).map(|expression| vec![compute::computed(desk, &expression)])
}

/// "What do they cost together?", after the prices were told one by one.
pub(super) fn told_sum(desk: &mut Desk<'_>, job: &Job<'_>) -> Option<Told> {
    let pronoun =
        has_any(job.asked, &["they", "them", "both", "these", "those", "the two", "all of it", "in all", "it all"]);
    let joint = has_any(job.asked, &["together", "altogether", "in total", "in all", "sum", "total", "combined"]);
    if !(pronoun && joint) || desk.prices.len() < 2 {
        return None;
    }
    let expression = desk.prices.join(" + ");
    Some(vec![compute::computed(desk, &expression)])
}

/// How many of a thing a question wants: "two notebooks".
fn how_many(asked: &str, name: &str) -> usize {
    if has_han(name) {
        let before = asked.find(name).map_or("", |at| &asked[..at]);
        let mut reversed = before.chars().rev();
        // "两份猪肉饺子": a number, a measure word, the thing.
        let mut near = [reversed.next(), reversed.next()].into_iter().flatten();
        let count = |c: char| number_word(&c.to_string()).or_else(|| c.to_digit(10).map(|digit| digit as usize));
        return near.find_map(count).unwrap_or(1);
    }
    let (all, first) = (words(asked), words(name).into_iter().next().unwrap_or_default());
    let at = all.iter().position(|word| word.trim_end_matches('s') == first.trim_end_matches('s'));
    let before = at.and_then(|at| at.checked_sub(1)).map(|at| all[at].trim_end_matches('x').to_owned());
    before.and_then(|word| number_word(&word).or_else(|| word.parse().ok())).unwrap_or(1)
}
