//! What counts as right, kind by kind, on the shipped cases.

use argus_tools::tool::Toolbox;
use serde_json::{Value, json};

use super::{Outcome, case, made, outcome, shipped};
use crate::{CaseImage, Shared, load_cases, parse_cases};

/// The shipped case and outcomes that are right and wrong for it.
fn check(id: &str, right: &[Outcome], wrong: &[Outcome]) {
    let cases = shipped();
    let scoring = &cases.get(id).unwrap_or_else(|| unreachable!("there is no case {id}")).scoring;
    for outcome in right {
        let score = scoring.score(outcome, &[]);
        assert!(score.right, "{id}: {:?} is right, not: {:?}", outcome.answer, score.why);
    }
    for outcome in wrong {
        let score = scoring.score(outcome, &[]);
        assert!(!score.right && !score.why.is_empty(), "{id}: {:?} is wrong", outcome.answer);
    }
}

fn said(answers: &[&str]) -> Vec<Outcome> {
    answers.iter().map(|answer| outcome(answer, &[], &[])).collect()
}

fn says(id: &str, right: &[&str], wrong: &[&str]) {
    check(id, &said(right), &said(wrong));
}

#[test]
fn counts_and_presence() {
    says(
        "count-cups",
        &["There is one cup.", "1", "I see a single cup (1)."],
        &["", "Two cups.", "img-1/cup-1", "A spoon."],
    );
    says("count-months-above", &["Three months.", "Feb, Apr and May, so 3."], &["Two months", "4"]);
    says(
        "count-cats-and-dogs",
        &["One cat and no dogs.", "1 cat, 0 dogs", "There is a cat; there are no dogs."],
        &["One cat and one dog.", "There are no cats and no dogs."],
    );
    says(
        "presence-dog",
        &["No.", "There is no dog.", "No, it shows a cat."],
        &["Yes.", "There is a dog.", "I cannot tell."],
    );
    says(
        "presence-which-picture",
        &["In the second.", "img-2 shows it.", "The cup is in img-2, not in img-1."],
        &["In the first.", "img-1", "The cup is in img-1, the cat in img-2."],
    );
    says("presence-soup", &["Yes, for 5.50.", "Tomato soup costs 5.5"], &["Yes.", "There is no soup; 5.50", "No."]);
}

#[test]
fn reading() {
    says(
        "read-parking",
        &["NO PARKING, MON-FRI, 8 AM TO 6 PM, permit holders only", "No parking Monday to Friday from 8 am to 6 pm."],
        &["Parking Mon-Fri 8 AM to 6 PM", "No parking.", "No parking Mon-Fri, 8 AM to 5 PM"],
    );
    says("read-page-heading", &["It is \u{201c}Region-based segmentation\u{201d}."], &["Segmentation", "Regions"]);
    says("read-card-phone", &["+39 02 5550 1874", "Tel: +39-02-5550-1874."], &["+39 02 5550 1847", "02 1874"]);
    says(
        "read-ticket",
        &["Row F, seat 18: The Blue Owls"],
        &["Row F, seat 8: The Blue Owls", "Seat 18, The Blue Owls"],
    );
    says(
        "receipt-cafe-shop-date",
        &["Harbour Cafe on 14/03/2024.", "HARBOUR CAF\u{c9}, March 14, 2024"],
        &["Harbour Cafe", "14/03/2024", "Harbour Cafe, 13/03/2024"],
    );
    says("receipt-cafe-total", &["The total is $14.30.", "14,30 EUR"], &["13.00", "1430", "The total was paid."]);
    says(
        "receipt-invoice-due",
        &["624.00, due 16 February 2024"],
        &["520.00 by 16 February 2024", "624, by 17 January 2024"],
    );
}

#[test]
fn comparing_places_and_sizes() {
    says(
        "compare-receipts",
        &["The first one, with 14.30.", "Harbour Cafe"],
        &["The second.", "Green Leaf Market has the higher total."],
    );
    says(
        "compare-teams",
        &["The Tigers lead by 7 points.", "TIGERS, 85-78, seven points"],
        &["The Lions by 7", "The Tigers, by 8"],
    );
    says("position-left-of-april", &["March, with 30."], &["May, with 60.", "March"]);
    says("position-top-board", &["Lake View on top, Summit at the bottom."], &["Lake View on top, Old Mill below."]);
    says("size-picture", &["560 x 460 pixels", "It is 560 wide and 460 high."], &["560 wide", "460 x 640"]);
    says("size-cup", &["About 249 pixels.", "It is 240 pixels wide"], &["About 200 pixels.", "It is wide."]);
    says("size-pixels", &["180,000 pixels", "180000"], &["600 x 300", "18000"]);
    says("color-main", &["Blue, about 60 %.", "About 59.5% is blue"], &["Blue.", "Yellow, 60 %", "Blue, 30 %"]);
}

#[test]
fn pictures_made() {
    let crop = |region: Value| vec![outcome("img-2", &["crop"], &[made("crop", json!({"region": region}))])];
    check("edit-crop-cup", &crop(json!([172.0, 20.0, 415.0, 240.0])), &crop(json!([0.0, 0.0, 600.0, 400.0])));
    check("edit-crop-cup", &[], &said(&["The new picture is img-2."]));
    let turn = |degrees: f64| {
        vec![outcome("img-2", &["transform"], &[made("transform", json!({"operation": "rotate", "degrees": degrees}))])]
    };
    check("edit-rotate", &turn(90.0), &turn(-90.0));
    let cut = |op: &str| vec![outcome("Done: img-2.", &["segment"], &[made(op, json!({}))])];
    check("edit-cut-out-cat", &cut("segment.cutout"), &cut("crop"));
    check("chinese-cut-out", &cut("segment.cutout"), &said(&["好的。"]));
}

#[test]
fn computing_and_several_parts() {
    says("compute-basket", &["14.25", "They cost 2 * 3.50 + 7.25 = $14.25."], &["10.75", "14", "3.50 + 7.25"]);
    says("compute-tip", &["2.86", "The tip is $2.86."], &["2.9", "14.30"]);
    says("multi-pie-and-coffee", &["6.20, 2.90, together 9.10"], &["6.20 and 2.90", "Together 9.10"]);
    says(
        "multi-weather",
        &["Thu is warmest, Wed coldest: 8 degrees"],
        &["Thursday and Wednesday", "Thu and Wed differ by 6"],
    );
    says(
        "multi-airport",
        &["07:15 from platform 3, then 10:30", "At 7:15, platform 3; the next at 10:30."],
        &["07:15, platform 3", "7:15, platform 1, 10:30"],
    );
}

#[test]
fn chat_and_what_cannot_be_known() {
    says("chat-capital", &["Paris.", "It is Paris, on the Seine."], &["Lyon", ""]);
    check("chat-capital", &[], &[outcome("Paris.", &["detect"], &[])]);
    check(
        "chat-thanks",
        &said(&["You're welcome!"]),
        &[outcome("You are welcome: img-2", &[], &[made("crop", json!({}))])],
    );
    says(
        "unknowable-photographer",
        &["I cannot tell who took it.", "The photographer's name is not visible.", "That is unknown."],
        &["It was taken by Anna Smith.", "A photographer.", ""],
    );
    says(
        "unknowable-cat-name",
        &["The picture does not say."],
        &["Its name is Chelsea.", "I cannot tell, but the cat is named Tom."],
    );
}

#[test]
fn chinese() {
    says("chinese-form-name", &["姓名是王小明。"], &["姓名是王明。"]);
    says("chinese-receipt-total", &["合计是７０元。", "70.00"], &["100元"]);
    says("chinese-cups", &["图中有一个杯子。", "1个"], &["有两个杯子。", "有杯子。"]);
    says("chinese-notice", &["周一闭馆，17:30关门。", "星期一；下午5:30"], &["周二闭馆，17:30关门", "周一"]);
}

/// An expectation that nothing meets, or that an empty answer meets, is a slip.
#[test]
fn every_shipped_case_can_fail() {
    let tools = argus_tools::vision::toolbox();
    for (id, case) in shipped() {
        assert!(!case.scoring.score(&outcome("", &[], &[]), &[]).right, "{id}");
        assert!(!case.scoring.score(&outcome("Bananas.", &["detect"], &[]), &[]).right, "{id}");
        for name in case.tools.iter().flatten() {
            assert!(tools.spec(name).is_ok(), "{id}: there is no tool {name}");
        }
        assert!(!case.expected().is_empty() && case.toolbox.is_none(), "{id}");
    }
}

#[test]
fn wrong_case_files_say_where() {
    let error = |text: &str| {
        let picture = |name: &str| {
            if name == "a.png" { Ok(CaseImage::Path(name.into())) } else { Err(format!("there is no {name}")) }
        };
        parse_cases("own.jsonl", text, &Shared::locate(None), picture).err().unwrap().to_string()
    };
    let good = r#"{"id": "a", "kind": "k", "images": ["a.png", "sample:cat"], "task": "t", "expect": {"all": ["x"]}}"#;
    assert_eq!(
        error(&format!("{good}\n\n{good}")),
        "own.jsonl, line 3: the id \"a\" is there already; ids must be unique"
    );
    let wrong = error(&good.replace("\"all\"", "\"every\""));
    assert!(wrong.starts_with("own.jsonl, line 1: unknown field `every`, expected one of `all`, `any`"), "{wrong}");
    let wrong = error(&good.replace(r#""all": ["x"]"#, r#""made": 3"#));
    assert!(wrong.contains("line 1: made is true, false or {"), "{wrong}");
    assert!(error(&good.replace(r#""all": ["x"]"#, "")).contains("\"expect\" is empty"));
    assert!(error(&good.replace("a.png", "b.png")).ends_with("line 1: there is no b.png"));
    assert_eq!(error("// nothing\n"), "own.jsonl: there is no case in it");
}

/// Pictures of the shared data are found in its folder or in the `data` of it; a case whose picture is absent is told apart.
#[test]
fn shared_pictures_may_be_absent() {
    let folder = tempfile::tempdir().unwrap();
    let there = folder.path().join("data/images/there.jpg");
    fs_err::create_dir_all(there.parent().unwrap()).unwrap();
    fs_err::write(&there, "").unwrap();
    let line = |id: &str, picture: &str| {
        json!({"id": id, "kind": "k", "images": [picture], "task": "t", "expect": {"yes": true}}).to_string()
    };
    let lines = [line("a", "shared:images/there.jpg"), line("b", "shared:images/gone.jpg"), line("c", "own.png")];
    let file = folder.path().join("own.jsonl");
    fs_err::write(&file, lines.join("\n")).unwrap();
    let cases = load_cases(&file, &Shared::locate(Some(folder.path()))).unwrap();
    let images: Vec<&CaseImage> = cases.iter().flat_map(|case| &case.images).collect();
    let own = CaseImage::Path(folder.path().join("own.png"));
    assert_eq!(images, [&CaseImage::Path(there), &CaseImage::Absent("images/gone.jpg".into()), &own]);
    assert_eq!(cases.iter().map(crate::Case::is_whole).collect::<Vec<_>>(), [true, false, true]);
}

#[test]
fn a_case_may_bring_its_tools() {
    let mut case = case("a", "k", "t", json!({"yes": true}));
    case.toolbox = Some(std::sync::Arc::new(Toolbox::new));
    assert_eq!(case.toolbox.unwrap()().specs().count(), 0);
    assert_eq!(case.scoring.describe(), "yes true");
}
