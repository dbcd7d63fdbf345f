//! Calculations: over numbers in the task, and over numbers that are read.

use crate::route::{
    arithmetic,
    intent::Intent,
    words::{has_any, has_phrase},
};

/// The task itself holds the numbers.
pub(super) fn plain(asked: &str) -> Option<Intent> {
    let computes = ["calculate ", "compute ", "what is ", "how much is ", "solve ", "evaluate ", "work out ", ""];
    let rest = computes.iter().find_map(|start| asked.strip_prefix(start))?;
    arithmetic::expression(rest, &|_| Some("1".into())).is_some().then_some(Intent::Compute)
}

/// The numbers stand in the picture.
pub(super) fn over_text(asked: &str) -> Option<Intent> {
    const ASKS: [&str; 14] = [
        "sum of",
        "the sum",
        "average",
        "mean of",
        "add up",
        "add all",
        "calculate",
        "compute",
        "difference between",
        "product of",
        "median",
        "how much more",
        "how much less",
        "cheapest",
    ];
    const EXTREME: [&str; 10] = [
        "most expensive",
        "highest price",
        "lowest price",
        "highest number",
        "largest number",
        "smallest number",
        "lowest number",
        "highest value",
        "lowest value",
        "highest amount",
    ];
    let supposed = super::text::supposes(asked) && has_any(asked, &["how much", "how many", "cost"]);
    (supposed || has_any(asked, &ASKS) || has_any(asked, &EXTREME) || has_phrase(asked, "split the bill"))
        .then_some(Intent::Compute)
}
