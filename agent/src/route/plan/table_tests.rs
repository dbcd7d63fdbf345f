//! Questions about tables, from the lines to what the rules tell.

use serde_json::{Value, json};

use crate::{
    route::{RouteView, advise, decide},
    run::{CallRecord, Card, ImageFact, Move},
};

/// What a reader says of rows of cells, 200 pixels a column.
fn page(rows: &[&[&str]]) -> Value {
    let lines: Vec<Value> = rows
        .iter()
        .enumerate()
        .flat_map(|(y, row)| {
            row.iter().enumerate().filter(|(_, text)| !text.is_empty()).map(move |(x, text)| {
                let (x1, y1) = (200.0 * x as f64, 40.0 * y as f64);
                let (x2, y2) = (x1 + 10.0 * text.chars().count() as f64, y1 + 24.0);
                json!({ "text": text, "quad": [[x1, y1], [x2, y1], [x2, y2], [x1, y2]] })
            })
        })
        .collect();
    let text: Vec<String> = rows.iter().map(|row| row.join(" ")).collect();
    json!({ "text": text.join("\n"), "lines": lines })
}

struct Told {
    known: Vec<String>,
    calls: Vec<String>,
    complete: bool,
}

fn told(rows: &[&[&str]], task: &str) -> Told {
    let observation = page(rows);
    let lines = observation["text"].as_str().unwrap_or_default().lines().map(str::to_owned).collect();
    let call = |tool: &str, observation: Value| CallRecord {
        tool: tool.into(),
        args: json!({ "image": "img-1" }),
        ms: 0.0,
        ok: true,
        observation,
        models: Vec::new(),
    };
    let card = Card {
        image: "img-1".into(),
        width: 800,
        height: 600,
        clip: false,
        caption: None,
        looked: true,
        objects: Vec::new(),
        more_objects: 0,
        read: true,
        lines,
        more_lines: 0,
        calls: vec![call("detect", json!({ "objects": [] })), call("read_text", observation)],
        ms: 0.0,
    };
    let images = [ImageFact { handle: "img-1".into(), width: 800, height: 600 }];
    let tools = ["read_text", "detect", "calculate", "measure", "colors"].map(str::to_owned);
    let handles = ["img-1".to_owned()];
    let view = RouteView { task, images: &images, cards: &[card], steps: &[], handles: &handles, tools: &tools };
    let advice = advise(&view);
    // The router answers too, or calls what is advised.
    assert!(!matches!(decide(&view), Move::Answer(answer) if answer.trim().is_empty()));
    Told {
        known: advice.known.into_iter().map(|known| known.text).collect(),
        calls: advice.calls.iter().filter_map(|call| call.args["expression"].as_str()).map(str::to_owned).collect(),
        complete: advice.complete,
    }
}

const STOCK: &[&[&str]] = &[
    &["Product", "Price", "Stock"],
    &["Pencil", "0.80", "120"],
    &["Notebook", "3.50", "45"],
    &["Eraser", "0.60", "200"],
    &["Stapler", "7.25", "12"],
];
const TRAINS: &[&[&str]] = &[
    &["Departures from Central Station"],
    &["Time", "To", "Platform"],
    &["07:15", "Airport", "3"],
    &["08:40", "Harbour", "1"],
    &["10:30", "Airport", "4"],
    &["12:20", "Old Town", "2"],
];
const MENU: &[&[&str]] = &[
    &["The Copper Pot"],
    &["Tomato soup", "5.50"],
    &["Grilled salmon", "17.50"],
    &["Apple pie", "6.20"],
    &["Coffee", "2.90"],
];
const WEEK: &[&[&str]] =
    &[&["This week in Lisbon"], &["Mon", "Tue", "Wed", "Thu", "Fri"], &["18 C", "21 C", "16 C", "24 C", "19 C"]];
const SCORE: &[&[&str]] = &[&["LIONS", "78"], &["TIGERS", "85"], &["QUARTER 4"]];

#[test]
fn extremes_of_columns() {
    let known = |rows, task| {
        let told = told(rows, task);
        assert!(told.complete, "{task}: {:?} {:?}", told.known, told.calls);
        told.known.join(" | ")
    };
    assert_eq!(
        known(STOCK, "Which product has the largest stock, and which one is the most expensive?"),
        "Largest stock: Eraser (200) | Most expensive: Stapler (7.25)"
    );
    assert_eq!(known(WEEK, "Which day is the coldest?"), "Coldest: Wed (16 C)");
    assert_eq!(
        known(WEEK, "Which day was the warmest, and which the coldest?"),
        "Warmest: Thu (24 C) | Coldest: Wed (16 C)"
    );
    assert_eq!(known(MENU, "What is the cheapest thing on the menu?"), "Cheapest thing: Coffee (2.90)");
}

#[test]
fn bounds_and_counts() {
    let told = |rows, task| told(rows, task).known.join(" | ");
    assert_eq!(
        told(WEEK, "On how many days is it warmer than 18 degrees, that is more than 18?"),
        "More than 18: 3: Tue (21 C), Thu (24 C) and Fri (19 C)"
    );
    assert_eq!(told(MENU, "Which dishes cost less than 6?"), "Less than 6: 2: Tomato soup (5.50) and Coffee (2.90)");
    assert_eq!(
        told(MENU, "How many dishes does this menu list?"),
        "Rows listed: 4 (Tomato soup, Grilled salmon, Apple pie, Coffee)"
    );
    assert_eq!(
        told(TRAINS, "How many of these departures go to the airport?"),
        "Rows that fit: 2 (07:15 Airport 3; 10:30 Airport 4)"
    );
}

#[test]
fn cells_of_named_records() {
    let told = |rows, task| told(rows, task).known.join(" | ");
    assert_eq!(
        told(
            TRAINS,
            "When does the first train to the airport leave, from which platform, and when does the next one to the airport leave?"
        ),
        "Airport, time: 07:15 | Airport, platform: 3 | Airport, time: 10:30"
    );
    assert_eq!(told(STOCK, "How many erasers are in stock?"), "Eraser, stock: 200");
    assert_eq!(
        told(
            &[&["姓名", "王小明"], &["年龄", "28"], &["城市", "杭州"], &["职业", "教师"]],
            "这个人住在哪个城市，从事什么职业？"
        ),
        "城市: 杭州 | 职业: 教师"
    );
    assert_eq!(told(STOCK, "What is the weather like?"), "");
}

#[test]
fn sums_are_calls() {
    for (rows, task, expression) in [
        (STOCK, "What do two notebooks and one stapler cost together?", "2 * 3.50 + 7.25"),
        (WEEK, "What is the average of the five temperatures?", "avg(18, 21, 16, 24, 19)"),
        (MENU, "What does a meal of tomato soup, grilled salmon and a coffee cost?", "5.50 + 17.50 + 2.90"),
        (SCORE, "Which team leads, and by how many points?", "85 - 78"),
        (
            WEEK,
            "Which day is the warmest, which one is the coldest, and by how many degrees do they differ?",
            "24 - 16",
        ),
        (MENU, "How much more does the salmon cost than the soup?", "17.50 - 5.50"),
    ] {
        let told = told(rows, task);
        assert_eq!(told.calls, [expression], "{task}: {:?}", told.known);
        assert!(!told.complete);
    }
}

#[test]
fn a_schedule() {
    let week: &[&[&str]] = &[
        &["Time", "Monday", "Tuesday", "Wednesday"],
        &["08:00", "Music", "Art", "Physics"],
        &["09:00", "English", "Music", "History"],
        &["10:00", "Sport", "English", "Music"],
    ];
    let told = |task| told(week, task).known.join(" | ");
    assert_eq!(told("What comes straight after physics on Wednesday?"), "After Physics in wednesday: History");
    assert_eq!(told("How many times a week is there music?"), "It stands there: 3 times (monday, tuesday, wednesday)");
}

#[test]
fn two_records_side_by_side() {
    let told = |rows, task| told(rows, task).known.join(" | ");
    assert_eq!(told(WEEK, "Which day is warmer, Tuesday or Friday?"), "More: Tue (21 C), against Fri (19 C)");
    assert_eq!(
        told(MENU, "Which is cheaper, the soup or the pie?"),
        "Less: Tomato soup (5.50), against Apple pie (6.20)"
    );
}

#[test]
fn what_stands_nowhere() {
    let told = |rows, task| told(rows, task).known.join(" | ");
    let card: &[&[&str]] = &[&["Tomasz Nowak"], &["Head of Sales"], &["+48 22 555 0198"]];
    assert_eq!(told(card, "How old is Mr. Nowak?"), "It cannot be told from the picture");
    assert_eq!(
        told(card, "How much does the coffee cost?"),
        "It cannot be told: no amount of money stands in the text"
    );
    assert_eq!(told(&[&["Anna, age 7"], &["Class 2B"]], "How old is Anna?"), "Anna, age: 7");
    assert_eq!(
        told(MENU, "Who cooked the grilled salmon last night?"),
        "It cannot be told from the picture who that was"
    );
}

#[test]
fn times_and_portions() {
    let stay: &[&[&str]] = &[&["CITY PARKING"], &["Entry", "14:10"], &["Exit", "16:42"], &["Paid", "6.50"]];
    assert_eq!(told(stay, "How long was the car parked there, in hours and minutes?").calls, ["16:42 - 14:10"]);
    let menu: &[&[&str]] = &[&["菜单"], &["猪肉饺子", "18.00"], &["酸辣汤", "15.00"], &["米饭", "3.00"]];
    let told = told(menu, "我想点两份猪肉饺子和一碗酸辣汤，总共要多少钱");
    assert_eq!(told.calls, ["2 * 18.00 + 15.00"]);
}

#[test]
fn a_day_that_is_not_there() {
    let told = told(WEEK, "How warm will it be on Saturday?");
    assert_eq!(told.known, ["It cannot be told: there is nothing about Saturday in the table"]);
}

#[test]
fn neighbours() {
    let chart: &[&[&str]] = &[&["Books"], &["", "60"], &["40"], &["", "", "30"], &["Jan", "Feb", "Mar"]];
    let told = told(chart, "Which month's bar stands directly left of the bar of March, and what is its value?");
    assert_eq!(told.known, ["Feb (60) stands directly left of Mar", "Feb: 60"]);
}
