//! Words that speak of tables.

/// Words of questions for prices.
pub(in crate::route) const PRICE_WORDS: &[&str] = &[
    "price",
    "prices",
    "priced",
    "cost",
    "costs",
    "expensive",
    "cheap",
    "cheaper",
    "cheapest",
    "pay",
    "dearest",
    "dear",
];

/// What a row is called that sums up others or tells of the payment.
pub(in crate::route) const SUMMARY_WORDS: &[&str] = &[
    "total",
    "totals",
    "subtotal",
    "sub-total",
    "tax",
    "gst",
    "vat",
    "sst",
    "cash",
    "change",
    "rounding",
    "discount",
    "disc",
    "balance",
    "paid",
    "tender",
    "visa",
    "amount",
    "due",
    "sum",
    "average",
    "合计",
    "小计",
    "总计",
    "找零",
    "现金",
    "实收",
    "总额",
    "应付",
];

/// The beginnings of the months' names.
pub(in crate::route) const MONTHS: [&str; 12] =
    ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];

/// The months' names.
pub(in crate::route) const FULL_MONTHS: [&str; 12] = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
];

/// The beginnings of the days' names.
pub(in crate::route) const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

/// Superlatives of much; longer ones first.
pub(in crate::route) const MOST: &[&str] = &[
    "most expensive",
    "most",
    "highest",
    "largest",
    "biggest",
    "greatest",
    "warmest",
    "hottest",
    "longest",
    "heaviest",
    "tallest",
    "maximum",
    "max",
    "dearest",
    "oldest",
    "richest",
    "busiest",
    "strongest",
    "farthest",
    "furthest",
    "widest",
];

/// Superlatives of little; longer ones first.
pub(in crate::route) const LEAST: &[&str] = &[
    "least expensive",
    "least",
    "fewest",
    "lowest",
    "smallest",
    "coldest",
    "coolest",
    "shortest",
    "lightest",
    "minimum",
    "min",
    "cheapest",
    "youngest",
    "nearest",
    "closest",
    "slowest",
    "quietest",
];
