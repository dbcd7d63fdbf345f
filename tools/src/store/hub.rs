//! What the files beside a graph say of its inputs and outputs: `config.json` and `preprocessor_config.json`, as the models
//! of the Hugging Face hub have them.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{
    error::StoreError,
    facts::{Channels, ModelFacts},
    state::Installed,
};

/// Class numbers above this are taken for a mistake of the file.
const MOST_LABELS: usize = 100_000;

impl Installed {
    /// [`Installed::facts`], and where they say nothing what the model's own `config.json` and `preprocessor_config.json` do.
    pub fn known_facts(&self) -> Result<ModelFacts, StoreError> {
        let mut facts = self.facts.clone();
        if let Some(config) = self.settings("config.json")? {
            add_config(&mut facts, &config);
        }
        if let Some(config) = self.settings("preprocessor_config.json")? {
            add_preprocessor(&mut facts, &config);
        }
        Ok(facts)
    }

    /// A JSON file that lies next to the graphs.
    fn settings(&self, name: &str) -> Result<Option<Value>, StoreError> {
        let Some(path) = self.beside(name) else { return Ok(None) };
        let text = fs_err::read_to_string(path).map_err(|error| StoreError::io(format!("reading {name}"), error))?;
        serde_json::from_str(&text).map(Some).map_err(|error| StoreError::Catalog {
            origin: format!("{name} of the model `{}`", self.id),
            message: error.to_string(),
        })
    }
}

fn add_config(facts: &mut ModelFacts, config: &Value) {
    let family = config["model_type"].as_str().map(str::to_owned);
    facts.family = facts.family.take().or(family);
    let Some(names) = config["id2label"].as_object().filter(|_| facts.labels.is_empty()) else { return };
    let numbered: BTreeMap<usize, &str> =
        names.iter().filter_map(|(number, name)| Some((number.parse().ok()?, name.as_str()?))).collect();
    let Some((&last, _)) = numbered.last_key_value().filter(|(last, _)| **last < MOST_LABELS) else { return };
    // The categories of COCO have gaps.
    let name = |index: usize| numbered.get(&index).map_or_else(|| format!("class-{index}"), |name| (*name).to_owned());
    facts.labels = (0..=last).map(name).collect();
}

fn add_preprocessor(facts: &mut ModelFacts, config: &Value) {
    let whole = |value: &Value| value.as_u64().and_then(|side| u32::try_from(side).ok()).filter(|side| *side > 0);
    let off = |switch: &str| config[switch] == Value::Bool(false);
    if !off("do_resize") {
        let size = &config["size"];
        match (whole(&size["shortest_edge"]), whole(&size["longest_edge"])) {
            (Some(short), long) => {
                facts.short_side = facts.short_side.or(Some(short));
                facts.long_side = facts.long_side.or(long).or(whole(&config["max_size"]));
            }
            (None, Some(long)) => facts.size = facts.size.or(Some(long)),
            (None, None) => {
                let (width, height) = (whole(&size["width"]), whole(&size["height"]));
                facts.size = facts.size.or(width.filter(|_| width == height)).or(whole(size));
            }
        }
        facts.multiple_of = facts.multiple_of.or(whole(&config["size_divisor"]));
    }
    let factor = config["rescale_factor"].as_f64().map(|factor| factor as f32);
    facts.scale = facts.scale.or(if off("do_rescale") { Some(1.0) } else { factor });
    let triple = |name: &str, without: f32| {
        if off("do_normalize") {
            return Some([without; 3]);
        }
        let values: Option<Vec<f32>> = config[name].as_array()?.iter().map(|v| v.as_f64().map(|v| v as f32)).collect();
        values?.try_into().ok()
    };
    facts.mean = facts.mean.or_else(|| triple("image_mean", 0.0));
    facts.std = facts.std.or_else(|| triple("image_std", 1.0));
    if config["do_flip_channel_order"] == Value::Bool(true) {
        facts.channels = facts.channels.or(Some(Channels::Bgr));
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failed set-up fails the test")]
mod tests {
    use indexmap::IndexMap;

    use super::*;

    fn facts(config: &str, preprocessor: &str, own: ModelFacts) -> Result<ModelFacts, StoreError> {
        let folder = tempfile::tempdir().unwrap();
        let mut files = IndexMap::new();
        for (name, text) in
            [("onnx/model.onnx", ""), ("config.json", config), ("preprocessor_config.json", preprocessor)]
        {
            let path = folder.path().join(name.replace('/', "-"));
            std::fs::write(&path, text).unwrap();
            files.insert(name.to_owned(), path);
        }
        let installed = Installed {
            id: "own".into(),
            role: "detect".into(),
            dir: folder.path().into(),
            files,
            facts: own,
            licence: None,
        };
        installed.known_facts()
    }

    #[test]
    fn the_files_say_what_the_facts_leave_open() {
        let config = r#"{"model_type": "detr", "id2label": {"0": "cat", "10": "dog", "2": "cow"}}"#;
        let preprocessor = r#"{"size": {"shortest_edge": 800, "longest_edge": 1333}, "image_mean": [0.1, 0.2, 0.3],
            "image_std": [1, 2, 3], "rescale_factor": 0.5, "do_resize": true, "size_divisor": 32, "image_mean_of": [1]}"#;
        let own = ModelFacts { mean: Some([0.0; 3]), ..ModelFacts::default() };
        let found = facts(config, preprocessor, own).unwrap();
        assert_eq!((found.family.as_deref(), found.labels.len()), (Some("detr"), 11));
        assert_eq!([&found.labels[0], &found.labels[1], &found.labels[10]], ["cat", "class-1", "dog"]);
        assert_eq!((found.short_side, found.long_side, found.multiple_of), (Some(800), Some(1333), Some(32)));
        assert_eq!((found.mean, found.std, found.scale), (Some([0.0; 3]), Some([1.0, 2.0, 3.0]), Some(0.5)));
        let labels = ModelFacts { labels: vec!["mine".into()], size: Some(3), ..ModelFacts::default() };
        let found = facts(config, r#"{"size": {"height": 64, "width": 64}, "do_normalize": false}"#, labels).unwrap();
        assert_eq!((found.labels, found.size), (vec!["mine".to_owned()], Some(3)));
        assert_eq!((found.mean, found.std), (Some([0.0; 3]), Some([1.0; 3])));
    }

    #[test]
    fn a_broken_file_is_named() {
        let error = facts("{", "{}", ModelFacts::default()).unwrap_err().to_string();
        assert!(error.contains("config.json of the model `own`"), "{error}");
        let found = facts("{}", r#"{"size": 512, "do_rescale": false}"#, ModelFacts::default()).unwrap();
        assert_eq!((found.size, found.scale), (Some(512), Some(1.0)));
        let found = facts("{}", r#"{"size": {"longest_edge": 1024}}"#, ModelFacts::default()).unwrap();
        assert_eq!((found.size, found.short_side), (Some(1024), None));
    }
}
