use super::{Answer, calculate};

fn show(expression: &str) -> String {
    match calculate(expression) {
        Ok(answer) => answer.to_string(),
        Err(error) => format!("error: {error}"),
    }
}

#[test]
fn numbers_come_out_as_people_write_them() {
    let cases = [
        ("0.1 + 0.2", "0.3"),
        ("1,234.50 + 1", "1235.5"),
        ("1,234,567 * 2", "2469134"),
        ("$4.50 + €2", "6.5"),
        ("2 + 3 * 4", "14"),
        ("(2 + 3) × 4", "20"),
        ("10 ÷ 4", "2.5"),
        ("-2 ^ 2", "-4"),
        ("2 ^ 3 ^ 2", "512"),
        ("2 ** -1", "0.5"),
        ("7 % 3", "1"),
        ("15% of 80", "12"),
        ("15 %", "0.15"),
        ("50% * 8", "4"),
        ("200 * (1 - 10%)", "180"),
        ("19.99 * 3", "59.97"),
        ("1 / 3", "0.333333333333"),
        ("1e3 + 1", "1001"),
        ("100 - 99.9", "0.1"),
        ("9007199254740991 + 0", "9007199254740991"),
        ("pi > 3", "true"),
        ("0.1 + 0.2 == 0.3", "true"),
        ("3 != 3", "false"),
        ("2 >= 3", "false"),
        ("--3", "3"),
        ("-0", "0"),
    ];
    for (expression, result) in cases {
        assert_eq!(show(expression), result, "{expression}");
    }
}

#[test]
fn functions_take_lists() {
    let cases = [
        ("sum(1, 2, 3)", "6"),
        ("sum([1, 2, 3])", "6"),
        ("max(100,200)", "200"),
        ("sum(1,234.50, 2,000)", "3234.5"),
        ("avg(1, 2, 4)", "2.33333333333"),
        ("median(5, 1, 3, 2)", "2.5"),
        ("round(2.345, 2)", "2.35"),
        ("round(1.005 * 100)", "101"),
        ("sqrt(16) + abs(-2)", "6"),
        ("max((2 + 3) * 4, 7)", "20"),
        ("min(-1, 4 - 9)", "-5"),
        ("count(4, 5, 6)", "3"),
        ("sum()", "0"),
    ];
    for (expression, result) in cases {
        assert_eq!(show(expression), result, "{expression}");
    }
}

#[test]
fn errors_say_where_and_why() {
    let all: Vec<String> = [
        "",
        "2 +",
        "2 3",
        "(2 + 3",
        "2 + 3)",
        "1 / 0",
        "1,23 + 4",
        "1234,567",
        "sqrt(-1)",
        "foo(2)",
        "x + 1",
        "2 = 3",
        "1, 2",
        "round(1, 2, 3)",
        "sum(1,234.50,2,000)",
        "10 ^ 400",
        "1.2.3",
        "import os",
        "avg()",
        "(0-8)^0.5",
    ]
    .iter()
    .map(|expression| format!("{expression:20} {}", show(expression)))
    .collect();
    insta::assert_snapshot!(all.join("\n"));
}

#[test]
fn length_and_depth_are_bounded() {
    assert!(show(&"(".repeat(1000)).contains("more than 50 levels"));
    assert!(show(&"-".repeat(1999)).contains("more than 50 levels"));
    assert!(show(&"2^".repeat(900)).contains("more than 50 levels"));
    assert!(show(&format!("sum{}", "(".repeat(900))).contains("more than 50 levels"));
    assert!(show(&"1+".repeat(2000)).contains("longer than 2000"));
    assert_eq!(calculate(&format!("{}1", "1+".repeat(900))), Ok(Answer::Whole(901)));
    // Brackets that are read twice must not double the work at every level.
    assert!(calculate(&format!("sum({}1{})", "(".repeat(40), ")".repeat(40))).is_ok());
}

#[test]
fn times_count_in_minutes() {
    for (expression, result) in
        [("11:30 - 08:25", 185), ("9:05", 545), ("(16:42 - 14:10) / 2", 76), ("max(9:00, 8:59)", 540)]
    {
        assert_eq!(calculate(expression), Ok(Answer::Whole(result)), "{expression}");
    }
    assert_eq!(super::hours(Answer::Whole(185)).as_deref(), Some("3 hours 5 minutes"));
    assert_eq!(super::hours(Answer::Whole(-60)).as_deref(), Some("-1 hour"));
    for wrong in ["25:00 - 1", "9:5", "9:75", "12:345"] {
        assert!(calculate(wrong).is_err(), "{wrong}");
    }
    assert!(
        super::lexer::has_time("11:30 - 8:25") && !super::lexer::has_time("3 + 4") && !super::lexer::has_time("1:2")
    );
}
