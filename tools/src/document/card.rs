//! The fields of a business card: whose it is, besides how he is reached.

use super::{FieldValue, Row, words::has_any};

/// Words of positions.
const POSITIONS: &[&str] = &[
    "manager",
    "director",
    "engineer",
    "developer",
    "president",
    "officer",
    "ceo",
    "cto",
    "cfo",
    "coo",
    "founder",
    "partner",
    "consultant",
    "designer",
    "architect",
    "professor",
    "lecturer",
    "doctor",
    "lawyer",
    "attorney",
    "accountant",
    "analyst",
    "assistant",
    "secretary",
    "sales",
    "marketing",
    "head",
    "chief",
    "lead",
    "agent",
    "representative",
    "specialist",
    "scientist",
    "researcher",
    "editor",
    "photographer",
    "owner",
    "chef",
    "baker",
    "technician",
    "administrator",
    "coordinator",
    "supervisor",
    "executive",
    "realtor",
    "broker",
    "经理",
    "总监",
    "工程师",
    "主任",
    "总裁",
    "董事",
    "顾问",
    "教授",
    "医生",
    "律师",
    "设计师",
    "主管",
];

/// The fields of a card: name and position before what was found of the firm.
pub(super) fn fields(rows: &[Row], firm: Vec<FieldValue>) -> Vec<FieldValue> {
    let taken = |text: &str| firm.iter().any(|known| known.value.contains(text) || text.contains(&known.value));
    let lines: Vec<&str> =
        rows.iter().flat_map(|row| &row.cells).map(|cell| cell.text.trim()).filter(|text| !text.is_empty()).collect();
    let position = lines.iter().find(|text| has_any(&text.to_lowercase(), POSITIONS) && !has_digit(text));
    let is_name = |text: &&&str| !taken(text) && Some(*text) != position && may_be_name(text);
    // A name stands beside its position; without one it is the first line that looks like a name.
    let beside = position.and_then(|position| {
        let at = lines.iter().position(|line| line == position)?;
        let before = lines[..at].iter().rev().take(2);
        before.chain(lines[at + 1..].iter().take(1)).find(is_name)
    });
    let name = beside.or_else(|| lines.iter().find(is_name));
    let field = |name: &str, value: Option<&&str>| {
        value.map(|value| FieldValue { name: name.into(), value: (*value).to_owned() })
    };
    let own = [field("name", name), field("position", position)];
    // A name may have been taken for the firm where no firm is named.
    let firm = firm.into_iter().filter(|known| name.is_none_or(|name| *name != known.value));
    own.into_iter().flatten().chain(firm).collect()
}

fn has_digit(text: &str) -> bool {
    text.chars().any(|c| c.is_ascii_digit())
}

/// Two to four capitalised words, or two to four Chinese characters.
fn may_be_name(text: &str) -> bool {
    let han = text.chars().filter(|c| super::words::is_han(*c)).count();
    if han > 0 {
        return (2..=4).contains(&han) && text.chars().count() == han;
    }
    let words: Vec<&str> = text.split_whitespace().collect();
    let capital = |word: &&str| word.chars().next().is_some_and(char::is_uppercase);
    let plain = text.chars().all(|c| c.is_alphabetic() || matches!(c, ' ' | '.' | '-' | '\'' | ','));
    (2..=4).contains(&words.len()) && words.iter().all(capital) && plain
}
