//! What a table in the picture says.

use super::{
    compute,
    desk::{Desk, Job, Stop},
    sums::{apart, computed, difference, differs},
    target::query,
};
use crate::route::{
    answer::capital,
    fields::{self, Field},
    intent::Intent,
    table::{Asked, Table, extremes, threshold},
    words::{DAYS, FULL_MONTHS, MONTHS, PRICE_WORDS, find_phrase, has_any, number_word, ordinal, words},
};
use argus_tools::vision::labels;

/// Records that are named one by one.
const NAMED: usize = 8;
/// What is told of a part: sentences, and sums that have to be called for first.
pub(super) type Told = Vec<Result<String, Stop>>;

/// One kind of question; `None` if it is another.
type Rule = fn(&mut Desk<'_>, &Job<'_>, &Table) -> Option<Told>;

/// The answer to a part from a table that was read, if it is surely one.
pub(super) fn table(desk: &mut Desk<'_>, job: &Job<'_>) -> Option<Told> {
    let open = match &job.intent {
        Intent::Count { .. }
        | Intent::Presence { .. }
        | Intent::Compute
        | Intent::Compare { .. }
        | Intent::Position { .. }
        | Intent::Read { .. }
        | Intent::Size { .. }
        | Intent::Unknown => true,
        Intent::ReadField { field } => {
            matches!(field, Field::Price(_) | Field::Named(_) | Field::Time | Field::Date | Field::Total)
        }
        Intent::Color { .. } | Intent::Describe | Intent::Edit { .. } | Intent::Chat => false,
    };
    let images = desk.images(job.asked);
    let [image] = images.as_slice() else { return None };
    // Sums of its own need more than the table.
    let sums = has_any(job.asked, &["divided by", "plus", "minus", "multiplied", "percent", "tip", "split"])
        || job.asked.contains('%')
        || (has_any(job.asked, &["times"]) && !has_any(job.asked, &["how many times"]));
    if !open || sums || about_objects(desk, image, job.asked) {
        return None;
    }
    let lines = desk.view.lines(image)?;
    let table = Table::read(&lines)?;
    // "Is there a soup, and what does it cost?"
    let spoken = !desk.records.is_empty() && has_any(job.asked, &["it", "its", "that one", "they"]);
    if let Some(told) = spoken.then(|| looked_up(desk, job, &table)).flatten() {
        return Some(told);
    }
    if let Intent::ReadField { field } = &job.intent {
        // What a document is known to hold is better known to the rules for documents.
        let timed = matches!(field, Field::Time | Field::Date) && table.time_column().is_some();
        if !timed && fields::field(&lines, field).is_some() {
            return computed(desk, job, &table);
        }
    }
    let rules: [Rule; 9] = [absent, neighbour, bounded, extreme, compared, apart, computed, counted, looked_up];
    rules.iter().find_map(|rule| rule(desk, job, &table))
}

/// Whether a question names things that a detector found or pixels, rather than text.
fn about_objects(desk: &Desk<'_>, image: &str, asked: &str) -> bool {
    let objects = desk.view.objects(image);
    let named = |word: &String| {
        let wanted = labels::canonical(&query(word));
        objects.iter().any(|object| object.label == wanted)
    };
    has_any(asked, &["pixel", "pixels", "color", "colour", "in the picture", "picture is", "image is"])
        || words(asked).iter().any(named)
}

/// A day or month that is not among those of the table: "how warm will it be on Saturday?"
fn absent(desk: &mut Desk<'_>, job: &Job<'_>, table: &Table) -> Option<Told> {
    for calendar in [&DAYS[..], &MONTHS[..]] {
        let begins = |text: &str| {
            let lower = text.to_lowercase();
            calendar.iter().find(|name| lower.starts_with(**name)).copied()
        };
        let rows: Vec<&str> = table.records.iter().filter_map(|record| begins(&record.name)).collect();
        let named = words(job.asked).into_iter().find(|word| {
            let full = word.ends_with("day") || FULL_MONTHS.contains(&word.as_str());
            full && begins(word).is_some_and(|name| !rows.contains(&name))
        });
        if let Some(named) = named.filter(|_| rows.len() > 2) {
            let said = desk.tongue.say(
                format!("It cannot be told: there is nothing about {} in the table.", capital(&named)),
                format!("无法得知：表中没有{named}。"),
            );
            return Some(vec![Ok(said)]);
        }
    }
    None
}

/// "Which bar stands left of that of April?"
fn neighbour(desk: &mut Desk<'_>, job: &Job<'_>, table: &Table) -> Option<Told> {
    let sides: &[(&str, isize)] = if table.across {
        &[("left of", -1), ("right of", 1), ("before", -1), ("after", 1)]
    } else {
        &[
            ("above", -1),
            ("below", 1),
            ("under", 1),
            ("beneath", 1),
            ("before", -1),
            ("after", 1),
            ("following", 1),
            ("preceding", -1),
        ]
    };
    let (side, rest, step) =
        sides.iter().find_map(|(side, step)| Some((*side, job.asked.get(find_phrase(job.asked, side)?..)?, *step)))?;
    // "What comes after physics on Wednesday?" stays in that column.
    if let Some(column) = table.named_column(job.asked) {
        let at = (0..table.records.len()).find(|at| table.names_cell(*at, column, rest))?;
        let next = at.checked_add_signed(step).and_then(|at| table.records.get(at))?;
        let (own, other) = (table.records[at].cell(column)?.text.clone(), next.cell(column)?.text.clone());
        return Some(vec![Ok(said(desk, &format!("{side} {own} in {}", table.headers[column]), &other))]);
    }
    let named = table.named(rest);
    let [at] = named.as_slice() else { return None };
    let other = at.checked_add_signed(step).filter(|other| *other < table.records.len())?;
    remember(desk, &[other], &[]);
    let numeric = table.numeric();
    let told = match numeric.as_slice() {
        [column] => table.records[other].with(*column),
        _ => table.records[other].name.clone(),
    };
    let anchor = &table.records[*at].name;
    Some(vec![Ok(desk
        .tongue
        .say(format!("{told} stands directly {side} {anchor}."), format!("紧挨着{anchor}的是{told}。")))])
}

/// "How many months have more than 50?", "which items cost less than 3?"
fn bounded(desk: &mut Desk<'_>, job: &Job<'_>, table: &Table) -> Option<Told> {
    let bound = threshold(job.asked)?;
    let asks = has_any(job.asked, &["how many", "which", "what", "list", "name", "number of", "count"])
        || job.asked.contains('几')
        || job.asked.contains("哪");
    let column = table.number_column(job.asked).filter(|_| asks)?;
    let fitting: Vec<usize> = (0..table.records.len())
        .filter(|at| !table.records[*at].summary)
        .filter(|at| table.records[*at].number(column).is_some_and(|value| bound.holds(value)))
        .collect();
    remember(desk, &fitting, &[]);
    let names: Vec<String> = fitting.iter().take(NAMED).map(|at| table.records[*at].with(column)).collect();
    let list = if names.is_empty() { String::new() } else { format!(": {}", desk.tongue.list(&names)) };
    Some(vec![Ok(said(desk, &bound.phrase, &format!("{}{list}", fitting.len())))])
}

/// "Which product has the largest stock?"
fn extreme(desk: &mut Desk<'_>, job: &Job<'_>, table: &Table) -> Option<Told> {
    let mut asked_for = extremes(job.asked);
    let leads = ["leads", "leading", "is ahead", "won", "wins", "winning", "winner"];
    let loses = ["loses", "losing", "lost", "is behind", "trailing"];
    for (verbs, most) in [(&leads[..], true), (&loses[..], false)] {
        if let Some((at, verb)) = verbs.iter().find_map(|verb| Some((find_phrase(job.asked, verb)?, *verb))) {
            asked_for.push(crate::route::table::Extreme { most, phrase: verb.to_owned(), at });
        }
    }
    // "The two cheapest" are more than one.
    let several = |at: usize| {
        let before = words(job.asked.get(..at).unwrap_or_default());
        before
            .last()
            .is_some_and(|word| number_word(word).is_some_and(|count| count > 1) || word.parse::<u32>().is_ok())
    };
    // "The biggest thing" of a sign is hardly a number on it.
    let priced = has_any(job.asked, PRICE_WORDS);
    let pictured = has_any(job.asked, &["thing", "object"]) || (table.loose && !priced);
    if asked_for.is_empty() || (pictured && !priced) || asked_for.iter().any(|extreme| several(extreme.at)) {
        return None;
    }
    let mut sentences = Vec::new();
    let (mut found, mut numbers) = (Vec::new(), Vec::new());
    for extreme in asked_for {
        let column = table.number_column(&extreme.phrase).or_else(|| table.number_column(job.asked))?;
        let valued = (0..table.records.len())
            .filter(|at| !table.records[*at].summary)
            .filter_map(|at| Some((at, table.records[at].number(column)?)));
        let (at, value) = valued.clone().reduce(|best, next| {
            if (next.1 > best.1) == extreme.most && (next.1 - best.1).abs() > 1e-9 { next } else { best }
        })?;
        let ties: Vec<String> = valued
            .filter(|(_, other)| (other - value).abs() < 1e-9)
            .take(NAMED)
            .map(|(at, _)| table.records[at].with(column))
            .collect();
        let runner = table.records.iter().filter(|r| !r.summary && r.name != table.records[at].name);
        let runner = runner
            .filter(|record| record.number(column).is_some())
            .reduce(|a, b| if (b.number(column) > a.number(column)) == extreme.most { b } else { a });
        found.push(at);
        numbers.extend(table.records[at].printed(column));
        if leads.contains(&extreme.phrase.as_str()) || loses.contains(&extreme.phrase.as_str()) {
            numbers.extend(runner.and_then(|record| record.printed(column)));
        }
        sentences.push(Ok(said(desk, &extreme.phrase, &desk.tongue.list(&ties))));
    }
    // The extremes of several parts are told apart afterwards: "by how much do they differ".
    let mut all = std::mem::take(&mut desk.numbers);
    all.extend(numbers);
    let numbers: Vec<String> = all.iter().rev().take(2).rev().cloned().collect();
    remember(desk, &found, &numbers);
    if let Some(difference) = difference(&numbers).filter(|_| differs(job.asked)) {
        sentences.push(compute::computed(desk, &difference));
    }
    Some(sentences)
}

/// "Which has more goals, Northgate or Eastfield?", "is the soup cheaper than the pie?"
fn compared(desk: &mut Desk<'_>, job: &Job<'_>, table: &Table) -> Option<Told> {
    const MORE: [&str; 14] = [
        "more", "higher", "larger", "bigger", "longer", "warmer", "hotter", "heavier", "taller", "greater", "later",
        "older", "dearer", "farther",
    ];
    const LESS: [&str; 12] = [
        "less", "fewer", "lower", "smaller", "shorter", "cheaper", "colder", "cooler", "lighter", "earlier", "younger",
        "nearer",
    ];
    let most = match (has_any(job.asked, &MORE), has_any(job.asked, &LESS)) {
        (true, false) => !has_any(job.asked, &["less expensive"]),
        (false, true) => false,
        _ => return None,
    };
    if has_any(job.asked, &["how much", "how many", "difference", "by how"]) {
        return None;
    }
    let named: Vec<usize> = table.named(job.asked).into_iter().filter(|at| !table.records[*at].summary).collect();
    let [a, b] = named.as_slice() else { return None };
    let column = table.number_column(job.asked)?;
    let (x, y) = (table.records[*a].number(column)?, table.records[*b].number(column)?);
    let (winner, other) = if (x > y) == most { (*a, *b) } else { (*b, *a) };
    let numbers = [winner, other].iter().filter_map(|at| table.records[*at].printed(column)).collect::<Vec<_>>();
    remember(desk, &[winner], &numbers);
    let word = if most { "more" } else { "less" };
    let told = if x.total_cmp(&y).is_eq() {
        format!("{} and {}: equal", table.records[winner].with(column), table.records[other].with(column))
    } else {
        format!("{}, against {}", table.records[winner].with(column), table.records[other].with(column))
    };
    Some(vec![Ok(said(desk, word, &told))])
}

/// "How many departures go to the airport?", "how many dishes does it list?"
fn counted(desk: &mut Desk<'_>, job: &Job<'_>, table: &Table) -> Option<Told> {
    let counts = has_any(job.asked, &["how many", "how often", "number of", "count"]) || job.asked.contains("多少个");
    if !counts {
        return None;
    }
    let named = table.named(job.asked);
    let cells = table.named_cells(job.asked);
    if cells.iter().any(|column| *column != cells[0]) {
        // In a timetable of columns the same word stands in several of them.
        let places: Vec<String> = cells.iter().take(2 * NAMED).map(|column| table.headers[*column].clone()).collect();
        return Some(vec![Ok(said(
            desk,
            "it stands there",
            &format!("{} times ({})", cells.len(), places.join(", ")),
        ))]);
    }
    if named.len() > 1 && table.headers.len() > 2 {
        let rows: Vec<String> = named.iter().take(NAMED).map(|at| row(table, *at)).collect();
        remember(desk, &named, &[]);
        return Some(vec![Ok(said(desk, "rows that fit", &format!("{} ({})", named.len(), rows.join("; "))))]);
    }
    let listed =
        has_any(job.asked, &["list", "lists", "listed", "items", "rows", "entries", "on the list", "on the menu"])
            || (table.named_column(job.asked) == Some(0) && table.number_column(job.asked) == Some(0));
    if !named.is_empty() || !listed {
        return None;
    }
    let names: Vec<String> = table.items().map(|record| record.name.clone()).collect();
    let shown: Vec<String> = names.iter().take(2 * NAMED).cloned().collect();
    Some(vec![Ok(said(desk, "rows listed", &format!("{} ({})", names.len(), shown.join(", "))))])
}

/// "When does the first train to the airport leave?", "which city?"
fn looked_up(desk: &mut Desk<'_>, job: &Job<'_>, table: &Table) -> Option<Told> {
    let asked = job.asked;
    // Why it is so and who did it stand in no column, unless a header says so.
    let other = ["who", "why", "whose"].iter().any(|word| find_phrase(asked, word) == Some(0));
    // What compares wants more than one cell.
    let compares =
        has_any(asked, &["than", "more or less", "outnumber", "outnumbers", "difference", "put together", "compared"]);
    if compares || (other && table.named_column(asked).is_none()) {
        return None;
    }
    let mut named = table.named(asked);
    let column = wanted(table, asked);
    if named.is_empty() {
        // "And from which platform?", "what is its value?" speak of the record before.
        let follows = has_any(asked, &["it", "its", "that"]) || words(asked).len() <= 5;
        if !follows || desk.records.is_empty() {
            return None;
        }
        named.clone_from(&desk.records);
    } else {
        named = chosen(desk, asked, named)?;
    }
    let first = *named.first()?;
    if named.len() > 4 {
        return None;
    }
    let column = match column {
        Some(column) => column,
        // A form: the one cell beside its label.
        None if has_any(asked, &["when", "where", "what time", "what date", "which date", "why"]) => return None,
        None if table.records[first].cells.len() == 2 => {
            table.records[first].cells.iter().find(|cell| cell.text != table.records[first].name)?.column
        }
        None => return None,
    };
    let told: Option<Vec<String>> = named
        .iter()
        .map(|at| {
            let cell = table.records[*at].cell(column).filter(|cell| cell.text != table.records[*at].name)?;
            if !cell.kind.is_value() && table.numeric().contains(&column) {
                return None;
            }
            let header = table.headers.get(column).filter(|header| !header.is_empty());
            let name = &table.records[*at].name;
            Some(match header {
                Some(header) => format!("{name}, {header}: {}", cell.text),
                None => format!("{name}: {}", cell.text),
            })
        })
        .collect();
    let told = told?;
    desk.records.clone_from(&named);
    let mut list = told.join("; ");
    if !list.ends_with(['.', '。']) {
        list.push_str(&desk.tongue.say(".", "。"));
    }
    Some(vec![Ok(list)])
}

/// Of several records that fit, the one that a question counts off: the first, the next.
fn chosen(desk: &Desk<'_>, asked: &str, named: Vec<usize>) -> Option<Vec<usize>> {
    if named.len() == 1 {
        return Some(named);
    }
    let all = words(asked);
    if all.iter().any(|word| matches!(word.as_str(), "next" | "following")) {
        let last = desk.records.first().filter(|last| named.contains(last));
        let at = last.and_then(|last| named.iter().position(|at| at == last)).map_or(0, |at| at + 1);
        return named.get(at).map(|at| vec![*at]);
    }
    let nth = all.iter().find_map(|word| ordinal(word));
    match nth {
        Some(usize::MAX) => named.last().map(|at| vec![*at]),
        Some(nth) => named.get(nth).map(|at| vec![*at]),
        None => Some(named),
    }
}

/// The column that a question wants.
fn wanted(table: &Table, asked: &str) -> Option<usize> {
    let time = has_any(asked, &["when", "what time", "which time", "at what time"]) || asked.contains("几点");
    table.named_column(asked).or_else(|| table.time_column().filter(|_| time)).or_else(|| {
        let many = has_any(asked, &["how much", "how many", "cost", "costs", "price", "value", "score"])
            || ["多少", "价", "钱"].iter().any(|word| asked.contains(word));
        table.number_column(asked).filter(|_| many)
    })
}

fn row(table: &Table, at: usize) -> String {
    table.records[at].cells.iter().map(|cell| cell.text.as_str()).collect::<Vec<_>>().join(" ")
}

fn remember(desk: &mut Desk<'_>, records: &[usize], numbers: &[String]) {
    desk.records = records.to_vec();
    desk.numbers = numbers.to_vec();
}

/// "The largest stock: Eraser (200)."
fn said(desk: &Desk<'_>, what: &str, told: &str) -> String {
    desk.tongue.say(format!("{what}: {told}."), format!("{what}：{told}。"))
}

#[cfg(test)]
#[path = "table_tests.rs"]
mod tests;
