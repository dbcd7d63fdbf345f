//! Fields of real receipts, from pixels to values. The pictures are those of the shared data; without them the test is skipped.
#![expect(clippy::unwrap_used, clippy::print_stderr, reason = "a failed set-up fails the test; a skipped one says so")]

use std::{path::PathBuf, sync::Arc};

use argus_tools::{
    image::{ImageStore, Origin},
    onnx::{PoolOptions, SessionPool},
    store::{Store, StoreOptions},
    tool::{ToolCx, Toolbox},
    vision::read_document::ReadDocument,
};
use serde_json::{Value, json};

fn bare(text: &str) -> String {
    text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

#[tokio::test]
async fn the_fields_of_real_receipts() {
    let shared = std::env::var_os("ARGUS_SHARED")
        .map_or_else(|| PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared")), PathBuf::from)
        .join("data");
    let Ok(index) = std::fs::read_to_string(shared.join("index.json")) else {
        eprintln!("skipped: there is no {}", shared.join("index.json").display());
        return;
    };
    let index: Vec<Value> = serde_json::from_str(&index).unwrap();
    let store = Store::open(StoreOptions::from_env().unwrap()).unwrap();
    let pool = Arc::new(SessionPool::new(store, PoolOptions::default()));
    let tools = Toolbox::new().with(ReadDocument);
    let (mut right, mut asked, mut sums) = (0, Vec::new(), [0, 0]);
    let mut known: Option<(String, Value)> = None;
    for item in index.iter().filter(|item| item["id"].as_str().unwrap().starts_with("kie-sroie-")) {
        let id = item["id"].as_str().unwrap();
        let file = item["file"].as_str().unwrap();
        if known.as_ref().is_none_or(|(name, _)| name != file) {
            let cx = ToolCx::new(ImageStore::new(), pool.clone());
            cx.images.insert(image::open(shared.join(file)).unwrap(), Origin::Memory(file.into()));
            let read = tools.call("read_document", json!({}), &cx).await.unwrap().value;
            assert_eq!(read["kind"], "receipt", "{file}");
            for check in read["checks"].as_array().into_iter().flatten() {
                sums[usize::from(check["holds"] == true)] += 1;
            }
            known = Some((file.to_owned(), read));
        }
        let read = &known.as_ref().unwrap().1;
        let name = id.rsplit('-').next().unwrap();
        let value = read["fields"].as_array().unwrap().iter().find(|field| field["name"] == name);
        let value = value.and_then(|field| field["value"].as_str()).unwrap_or_default();
        let truth = item["truth"]["answer"].as_str().unwrap();
        if bare(value) == bare(truth) {
            right += 1;
        } else {
            asked.push(format!("{id}: {value:?}, not {truth:?}"));
        }
    }
    let all = right + asked.len();
    eprintln!("{right} of {all} fields of receipts; {} of {} sums hold; wrong: {asked:#?}", sums[1], sums[0] + sums[1]);
    assert!(all > 0 && right * 5 >= all * 4, "{asked:#?}");
}
