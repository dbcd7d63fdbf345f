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
