//! Calculations with numbers of the task and numbers that were read.

use serde_json::json;

use super::{
    desk::{Desk, Job, Stop},
    text,
};
use crate::route::{
    arithmetic,
    fields::{self, Field, TextLine, amounts, rows},
    words::{SUMMARY_WORDS, after, has_any, number_word, words},
};

/// Numbers that one calculation takes at most.
const TERMS: usize = 60;

pub(super) fn compute(desk: &mut Desk<'_>, job: &Job<'_>) -> Result<String, Stop> {
    let starts = ["calculate ", "compute ", "what is ", "how much is ", "solve ", "evaluate ", "work out "];
    let rest = starts.iter().find_map(|start| job.asked.strip_prefix(start)).unwrap_or(job.asked);
    let rest = in_signs(rest);
    if let Some(expression) = arithmetic::expression(&rest, &|_| None) {
        return computed(desk, &expression);
    }
    if desk.view.images.is_empty() {
        return Ok(desk
            .tongue
            .say("There are no numbers to compute with; I cannot tell.", "没有可计算的数字，无法计算。"));
    }
    let mut lines = Vec::new();
    for image in desk.images(job.asked) {
        lines.extend(text::lines(desk, &image)?);
    }
    let lookup = |field: &Field| fields::field(&lines, field).map(|found| found.value.replace(',', ""));
    if let Some(expression) = arithmetic::expression(&rest, &lookup) {
        return computed(desk, &expression);
    }
    over_items(desk, job, &lines)
}

/// Chinese words of arithmetic as signs.
fn in_signs(text: &str) -> String {
    [
        ("乘以", "*"),
        ("乘", "*"),
        ("除以", "/"),
        ("加上", "+"),
        ("加", "+"),
        ("减去", "-"),
        ("减", "-"),
        ("等于", ""),
        ("计算", ""),
        ("是多少", ""),
        ("多少", ""),
    ]
    .iter()
    .fold(text.to_owned(), |text, (word, sign)| text.replace(word, sign))
}

pub(super) fn computed(desk: &mut Desk<'_>, expression: &str) -> Result<String, Stop> {
    let output = desk.ask("calculate", json!({ "expression": expression }))?;
    let result = output.get("result").or(output.get("value")).map(ToString::to_string).unwrap_or_default();
    let short = expression.chars().count() <= 120;
    let time = output.get("time").and_then(serde_json::Value::as_str);
    if let Some(time) = time {
        return Ok(desk.tongue.say(
            format!("{expression} = {result} minutes, that is {time}."),
            format!("{expression} = {result}分钟。"),
        ));
    }
    // A model writes the sentence itself.
    if desk.advises && short && !matches!(result.as_str(), "true" | "false") {
        return Ok(format!("{expression} = {result}"));
    }
    Ok(match (short, result.as_str()) {
        (_, "true") => desk.tongue.say("Yes, that is so.", "是的。"),
        (_, "false") => desk.tongue.say("No, that is not so.", "不是。"),
        (true, _) => desk
            .tongue
            .say(format!("The result is {result} ({expression})."), format!("结果是 {result}（{expression}）。")),
        (false, _) => desk.tongue.say(format!("The result is {result}."), format!("结果是 {result}。")),
    })
}

/// A row that names an item and its price.
struct Item {
    name: String,
    text: String,
    value: f64,
}

/// The items of a list of prices: rows with an amount that are no sum, tax or payment. A row of numbers belongs to the name above.
fn items(lines: &[TextLine]) -> Vec<Item> {
    let mut found: Vec<Item> = Vec::new();
    let mut above = String::new();
    for row in rows(lines) {
        let text = row.text();
        let lower = text.to_lowercase();
        let sum = has_any(&lower, SUMMARY_WORDS) || lower.contains("total") || lower.contains("round");
        let all = amounts(&text);
        let amount = all.iter().rev().find(|amount| amount.exact || amount.currency.is_some());
        let letters = text.chars().filter(|c| c.is_alphabetic()).count();
        if let Some(amount) = amount.filter(|_| !sum) {
            let own = text.split(&amount.text).next().unwrap_or_default().trim();
            let own = own.trim_end_matches(|c: char| !c.is_alphanumeric() && c != ')').to_owned();
            let name = if letters > 3 || above.is_empty() { own } else { above.clone() };
            found.push(Item { name, text: amount.text.replace(',', ""), value: amount.value });
            above.clear();
        } else if letters > 2 {
            above = text;
        }
    }
    found
}

/// All numbers, for lists that are no prices.
fn numbers(lines: &[TextLine]) -> Vec<Item> {
    rows(lines)
        .iter()
        .flat_map(|row| {
            let text = row.text();
            amounts(&text)
                .into_iter()
                .map(move |amount| Item { name: text.clone(), text: amount.text.replace(',', ""), value: amount.value })
                .collect::<Vec<_>>()
        })
        .collect()
}

fn over_items(desk: &mut Desk<'_>, job: &Job<'_>, lines: &[TextLine]) -> Result<String, Stop> {
    let tongue = desk.tongue;
    let asked = job.asked;
    if let Some(rest) =
        after(asked, "how much more").or(after(asked, "how much less")).or(after(asked, "difference between"))
    {
        let price = |name: &str| {
            fields::field(lines, &Field::Price(crate::route::intent::thing(name)))
                .map(|found| found.value.replace(',', ""))
        };
        let rest = ["does ", "do ", "is ", "are ", "the price of ", "the prices of "]
            .iter()
            .fold(rest, |rest, word| rest.strip_prefix(word).unwrap_or(rest));
        let halves = [" than ", " and "].iter().find_map(|joint| rest.split_once(joint));
        if let Some((a, b)) = halves {
            let a = a.trim_end_matches(" cost").trim_end_matches(" expensive");
            if let (Some(x), Some(y)) = (price(a), price(b)) {
                let (x, y) =
                    if x.parse::<f64>().unwrap_or(0.0) >= y.parse::<f64>().unwrap_or(0.0) { (x, y) } else { (y, x) };
                return computed(desk, &format!("{x} - {y}"));
            }
        }
        return Ok(
            tongue.say("I cannot tell: these prices were not found in the text.", "无法计算：没有找到这些价格。")
        );
    }
    let splits = ["split", "divide", "share"].iter().any(|verb| asked.contains(verb));
    let count = amounts(asked).first().filter(|_| splits).map(|amount| amount.text.clone());
    if let (Some(count), Some(total)) = (count, fields::field(lines, &Field::Total)) {
        return computed(desk, &format!("{} / {count}", total.value.replace(',', "")));
    }
    // "Two of the cheapest" needs more than the extremes and the sum of all.
    let several = words(asked)
        .iter()
        .any(|word| number_word(word).is_some_and(|number| number > 1) || word.parse::<f64>().is_ok());
    let known = ["sum", "add", "altogether", "together", "total", "average", "mean", "median", "all", "everything"];
    let extremes =
        ["expensive", "cheapest", "highest", "lowest", "largest", "smallest", "maximum", "minimum", "biggest"];
    let chinese =
        ["总和", "求和", "之和", "加起来", "平均", "最贵", "最便宜", "中位"].iter().any(|word| asked.contains(word));
    let bottom = has_any(asked, &["top", "bottom", "if"]) && !has_any(asked, &["all", "everything"]);
    if several || bottom || !(chinese || has_any(asked, &known) || has_any(asked, &extremes)) {
        return super::other::unknown(desk, job);
    }
    let mut terms = items(lines);
    if terms.is_empty() {
        terms = numbers(lines);
    }
    terms.truncate(TERMS);
    let extreme = |most: bool| {
        terms
            .iter()
            .reduce(|a, b| if (b.value > a.value) == most && (b.value - a.value).abs() > f64::EPSILON { b } else { a })
    };
    let says = |english: &[&str], chinese: &str| has_any(asked, english) || asked.contains(chinese);
    if terms.is_empty() {
        return Ok(tongue.say("I cannot tell: no numbers were found in the text.", "无法计算：文字中没有找到数字。"));
    }
    for (most, english, chinese) in [
        (true, &["most expensive", "highest", "largest", "maximum", "biggest"][..], "最贵"),
        (false, &["cheapest", "lowest", "smallest", "minimum", "least expensive"][..], "最便宜"),
    ] {
        if let Some(item) = extreme(most).filter(|_| says(english, chinese)) {
            let name = if item.name.is_empty() { item.text.clone() } else { format!("{} ({})", item.name, item.text) };
            return Ok(tongue.say(format!("It is {name}."), format!("是{name}。")));
        }
    }
    let list = terms.iter().map(|item| item.text.as_str()).collect::<Vec<_>>().join(", ");
    let function = if says(&["average", "mean"], "平均") {
        "avg"
    } else if says(&["median"], "中位") {
        "median"
    } else {
        "sum"
    };
    computed(desk, &format!("{function}({list})"))
}
