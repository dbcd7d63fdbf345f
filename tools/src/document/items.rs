//! What was bought: the rows between the heading of a receipt and its sums.

use schemars::JsonSchema;
use serde::Serialize;

use super::{
    Amount, Row,
    amounts::{amounts, amounts_in, notation},
    language::{self, Label, is_currency},
    notation::Notation,
    quantity::Quantity,
    words::has_any,
};

/// One thing that was bought.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Item {
    /// what it is
    pub name: String,
    /// how many, where the document says so
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quantity: Option<f64>,
    /// what all of them cost, as printed
    pub amount: String,
    #[serde(skip)]
    pub(super) value: f64,
}

/// The items of a receipt or an invoice. A name on one row and its numbers on the next are one item.
pub(super) fn items(rows: &[Row]) -> Vec<Item> {
    let texts: Vec<(String, String)> = rows.iter().map(|row| (row.text(), row.text().to_lowercase())).collect();
    let page = notation(texts.iter().map(|(text, _)| text.as_str()));
    let heading = texts.iter().position(|(_, lower)| is_heading(lower));
    let start = heading.map_or(0, |at| at + 1);
    let mut found: Vec<Item> = Vec::new();
    let mut pending: Option<&Row> = None;
    for (row, (text, lower)) in rows.iter().zip(&texts).skip(start) {
        if is_summary(lower) && (!found.is_empty() || amounts_in(text, page).iter().any(|amount| amount.exact)) {
            break;
        }
        let prices: Vec<Amount> =
            amounts_in(text, page).into_iter().filter(|amount| amount.exact || amount.currency.is_some()).collect();
        let name = name(row);
        match prices.last() {
            Some(last) => {
                let named =
                    if is_name(&name) { Some(name) } else { pending.map(self::name).filter(|name| is_name(name)) };
                pending = None;
                if let Some(name) = named {
                    let quantity = quantity(row, &prices);
                    found.push(Item { name, quantity, amount: last.text.clone(), value: last.value });
                }
            }
            None => pending = Some(row),
        }
    }
    found
}

/// Whether a row (in lower case) sums up others or tells of the payment.
fn is_summary(lower: &str) -> bool {
    language::is_summary(lower) || lower.contains("total") || lower.contains("round")
}

/// A row that names columns.
fn is_heading(lower: &str) -> bool {
    use Label::{Amount, Item, Price, Quantity};
    let words = [Item, Price, Quantity, Amount].iter().flat_map(|label| label.phrases());
    let named = words.filter(|word| has_any(lower, &[word.trim_start_matches('=')])).count();
    named > 1 && amounts(lower).is_empty()
}

fn is_name(text: &str) -> bool {
    text.chars().filter(|c| c.is_alphabetic()).count() >= 2
}

/// The words of a row without the numbers at their ends.
fn name(row: &Row) -> String {
    let priced = |word: &str| {
        Quantity::parse(word, Notation::default()).is_some_and(|read| read.currency.is_some() && read.unit.is_none())
    };
    let number = |word: &&str| {
        let letters = word.chars().filter(|c| c.is_alphabetic()).count();
        let multiplied = word.trim_start_matches(|c: char| c.is_ascii_digit());
        letters == 0
            || priced(word)
            || is_currency(word)
            || matches!(multiplied.to_lowercase().as_str(), "x" | "rm" | "pc" | "pcs" | "ea")
    };
    let text = row.text();
    let words: Vec<&str> = text.split_whitespace().collect();
    // A letter behind the price is the class of its tax.
    let class = words.len() > 2
        && words[words.len() - 1].len() == 1
        && words[words.len() - 1].chars().all(|c| c.is_ascii_uppercase())
        && words[words.len() - 2].contains(['.', ','])
        && number(&words[words.len() - 2]);
    let words = &words[..words.len() - usize::from(class)];
    let end = words.iter().rposition(|word| !number(word)).map_or(0, |at| at + 1);
    let begin = words[..end].iter().position(|word| !number(word)).unwrap_or(end);
    words[begin..end].join(" ").trim_matches([':', '-', ' ', '*']).to_owned()
}

/// How many: "2 x 4.50", "2 @ 4.50", or a whole number beside the prices whose product with one of them is the last.
fn quantity(row: &Row, prices: &[Amount]) -> Option<f64> {
    let text = row.text().to_lowercase().replace(['x', '@', '*', '×'], " x ");
    let words: Vec<&str> = text.split_whitespace().collect();
    let plain = |word: &str| word.parse::<f64>().ok().filter(|number| *number > 0.0 && *number < 10_000.0);
    let multiplied = words.windows(2).find(|pair| pair[1] == "x" && plain(pair[0]).is_some());
    if let Some(pair) = multiplied {
        return plain(pair[0]);
    }
    let last = prices.last()?;
    let units = &prices[..prices.len() - 1];
    words.iter().filter_map(|word| plain(word)).find(|number| {
        number.fract() == 0.0 && units.iter().any(|unit| (unit.value * number - last.value).abs() < 0.011)
    })
}
