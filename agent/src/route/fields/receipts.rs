//! Real receipts, if they are there: `ARGUS_RECEIPTS` names a folder with one `argus tool read_text FILE --json` output a
//! receipt (`000.json` for `sroie_000.jpg`), and `ARGUS_SHARED` (or `../shared`) holds `data/index.json` with the truth.
#![expect(clippy::unwrap_used, clippy::print_stderr, reason = "a failed set-up fails the test; a skipped one says so")]

use std::path::PathBuf;

use serde_json::Value;

use super::*;

/// Letters and digits only.
fn bare(text: &str) -> String {
    text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

#[test]
fn the_fields_of_real_receipts() {
    let shared = std::env::var_os("ARGUS_SHARED")
        .map_or_else(|| PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared")), PathBuf::from);
    let index = fs_err::read_to_string(shared.join("data/index.json"));
    let (Some(folder), Ok(index)) = (std::env::var_os("ARGUS_RECEIPTS").map(PathBuf::from), index) else {
        eprintln!("skipped: ARGUS_RECEIPTS is not set, or there is no data/index.json in {}", shared.display());
        return;
    };
    let index: Vec<Value> = serde_json::from_str(&index).unwrap();
    let (mut asked, mut wrong) = (0, Vec::new());
    for item in index {
        let id = item["id"].as_str().unwrap_or_default();
        let Some((receipt, kind)) = id.strip_prefix("kie-sroie-").and_then(|rest| rest.split_once('-')) else {
            continue;
        };
        let output: Value =
            serde_json::from_str(&fs_err::read_to_string(folder.join(format!("{receipt}.json"))).unwrap()).unwrap();
        let lines = TextLine::of_output(&output["output"]);
        let question = item["question"].as_str().unwrap();
        let crate::route::Intent::ReadField { field: wanted } = crate::route::intent(question) else {
            wrong.push(format!("{id}: \"{question}\" is no question for a field"));
            continue;
        };
        let (truth, value) =
            (item["truth"]["answer"].as_str().unwrap(), field(&lines, &wanted).map(|found| found.value));
        asked += 1;
        if value.as_deref().map(bare) != Some(bare(truth)) {
            wrong.push(format!("{id} ({kind}): {value:?}, not {truth:?}"));
        }
    }
    eprintln!("{} of {asked} fields of real receipts are right {wrong:#?}", asked - wrong.len());
    assert!(asked > 0 && wrong.len() * 5 <= asked, "{wrong:#?}");
}
