//! The tool around the detector.

use std::sync::Arc;

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{Detection, class_names, detect, detect_many};
use crate::{
    evidence::Rows,
    geom::BBox,
    image::{ImageEntry, NewRegion, Region, to_rgb},
    labels,
    tool::{Example, ImageArg, TextList, Tool, ToolCx, ToolError, at_once},
};

/// Finds and counts objects.
pub struct Detect;

/// Arguments of [`Detect`].
#[derive(Debug, Deserialize, JsonSchema)]
pub struct DetectInput {
    #[serde(default)]
    image: ImageArg,
    /// what to look for, such as cup and spoon; left out: everything
    #[serde(default)]
    labels: TextList,
    /// least confidence from 0 to 1
    #[serde(default)]
    min_score: Option<f32>,
}

impl DetectInput {
    /// What is called so in an image; `min_score` as the tool takes it.
    pub(crate) fn only(image: ImageArg, label: &str, min_score: Option<f32>) -> Self {
        Self { image, labels: TextList(vec![label.to_owned()]), min_score }
    }

    /// Everything in an image that is certain enough.
    pub(crate) fn everything(image: ImageArg) -> Self {
        Self { image, labels: TextList::default(), min_score: None }
    }

    /// What a phrase names.
    pub(crate) fn named(image: ImageArg, phrase: &str) -> Self {
        Self { image, labels: TextList(vec![phrase.to_owned()]), min_score: None }
    }
}

/// Result of [`Detect`].
#[derive(Debug, JsonSchema, Serialize)]
pub struct DetectOutput {
    /// Best first.
    pub objects: Vec<DetectedObject>,
    /// How many of each label; labels that were asked for and not found count 0.
    pub counts: IndexMap<String, usize>,
    /// Words that name none of the detector's classes: nothing is known about these.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub unknown: Vec<String>,
}

/// One object.
#[derive(Debug, JsonSchema, Serialize)]
pub struct DetectedObject {
    /// Its region handle, such as `img-1/cup-1`.
    pub handle: String,
    /// Class name.
    pub label: String,
    /// Confidence from 0 to 1.
    #[serde(serialize_with = "crate::geom::thousandths")]
    pub score: f32,
    /// [x1, y1, x2, y2] in pixels.
    #[serde(rename = "box")]
    pub bbox: BBox,
}

impl Tool for Detect {
    type Input = DetectInput;
    type Output = DetectOutput;
    const NAME: &'static str = "detect";
    const SUMMARY: &'static str = "find, count or locate objects (people, animals, vehicles, furniture, food, ...)";
    const SHARES_RUNS: bool = true;
    const ROLES: &'static [&'static str] = &["detect"];

    fn examples() -> Vec<Example> {
        vec![
            Example {
                task: "How many cups are there?",
                input: json!({"image": "img-1", "labels": ["cup"]}),
                output: json!({
                    "objects": [{"handle": "img-1/cup-1", "label": "cup", "score": 0.93, "box": [200.0, 60.0, 420.0, 300.0]}],
                    "counts": {"cup": 1}
                }),
            },
            Example {
                task: "What is in the picture?",
                input: json!({"image": "img-1"}),
                output: json!({
                    "objects": [
                        {"handle": "img-1/dog-1", "label": "dog", "score": 0.91, "box": [12.0, 40.0, 210.0, 300.0]},
                        {"handle": "img-1/person-1", "label": "person", "score": 0.88, "box": [220.0, 10.0, 400.0, 310.0]}
                    ],
                    "counts": {"dog": 1, "person": 1}
                }),
            },
        ]
    }

    async fn call(&self, input: DetectInput, cx: &ToolCx) -> Result<DetectOutput, ToolError> {
        let entry = asked(&input, cx)?;
        let model = cx.model("detect").await?;
        let wanted = Wanted::new(&input.labels.0, &class_names(&model)?)?;
        let pixels = entry.pixels.clone();
        let min_score = input.min_score;
        let found = cx.blocking(move |control| detect(&model, &to_rgb(&pixels), min_score, control)).await?;
        Ok(told(&entry, found, wanted, cx))
    }

    async fn call_many(&self, calls: Vec<(DetectInput, ToolCx)>, cx: &ToolCx) -> Vec<Result<DetectOutput, ToolError>> {
        let calls = calls.into_iter().map(|(input, own)| Ok((asked(&input, &own)?, input, own)));
        at_once(calls.collect(), async |calls| together(calls, cx).await).await
    }

    fn evidence(output: &DetectOutput, _: bool) -> Rows {
        let mut rows = Rows::default();
        for object in &output.objects {
            let bbox = object.bbox;
            let values = [
                ("id", object.handle.as_str().into()),
                ("label", object.label.as_str().into()),
                ("score", object.score.into()),
                ("width", bbox.width().into()),
                ("height", bbox.height().into()),
                ("area", bbox.area().into()),
            ];
            rows.add_box("object", values, &bbox);
        }
        for word in &output.unknown {
            rows.add("uncertain", [("what", word.as_str().into()), ("why", "the detector does not know it".into())]);
        }
        rows
    }

    fn render(output: &DetectOutput) -> String {
        let mut parts = listing(&output.objects, &output.counts);
        if parts.is_empty() && output.unknown.is_empty() {
            parts.push("no known object found".into());
        }
        if !output.unknown.is_empty() {
            parts.push(format!(
                "not known to the detector, so nothing can be said about: {}",
                output.unknown.join(", ")
            ));
        }
        parts.join("\n")
    }
}

/// The image of a call whose arguments are right.
fn asked(input: &DetectInput, cx: &ToolCx) -> Result<Arc<ImageEntry>, ToolError> {
    if let Some(score) = input.min_score.filter(|score| !(0.0..=1.0).contains(score)) {
        return Err(ToolError::invalid_input(format!("min_score is {score}; it must be from 0 to 1")));
    }
    cx.image(&input.image)
}

/// Several calls by one model.
async fn together(
    calls: Vec<(Arc<ImageEntry>, DetectInput, ToolCx)>,
    cx: &ToolCx,
) -> Vec<Result<DetectOutput, ToolError>> {
    let loaded = async {
        let model = cx.model("detect").await?;
        let classes = class_names(&model)?;
        Ok((model, classes))
    };
    let (model, classes) = match loaded.await {
        Ok(loaded) => loaded,
        Err(error) => return calls.iter().map(|_| Err(ToolError::clone(&error))).collect(),
    };
    for (.., own) in &calls {
        // It is loaded: this only tells each call which model it used.
        let _ = own.model("detect").await;
    }
    let calls = calls.into_iter().map(|(entry, input, own)| {
        let wanted = Wanted::new(&input.labels.0, &classes)?;
        Ok((entry, wanted, input.min_score, own))
    });
    at_once(calls.collect(), async |calls: Vec<(Arc<ImageEntry>, Wanted, Option<f32>, ToolCx)>| {
        let pictures: Vec<_> = calls.iter().map(|(entry, _, score, _)| (entry.pixels.clone(), *score)).collect();
        let found = cx.blocking(move |control| {
            let pictures = pictures.into_iter().map(|(pixels, min_score)| (Ok(to_rgb(&pixels)), min_score));
            Ok(detect_many(&model, pictures, control))
        });
        match found.await {
            Ok(found) => {
                let calls = calls.into_iter().zip(found);
                calls.map(|((entry, wanted, _, own), found)| Ok(told(&entry, found?, wanted, &own))).collect()
            }
            Err(error) => calls.iter().map(|_| Err(error.clone())).collect(),
        }
    })
    .await
}

/// What was asked for of what was found, with handles.
fn told(entry: &ImageEntry, found: Vec<Detection>, wanted: Wanted, cx: &ToolCx) -> DetectOutput {
    let found: Vec<Detection> = found.into_iter().filter(|detection| wanted.takes(&detection.label)).collect();
    let counts = wanted.asked.iter().map(|label| (label.clone(), 0)).collect();
    let (objects, counts) = named(cx, &entry.handle, found, counts);
    DetectOutput { objects, counts, unknown: wanted.unknown }
}

/// A line for each label: how many, and the handles, boxes and scores of the first of them.
pub(in crate::vision) fn listing(objects: &[DetectedObject], counts: &IndexMap<String, usize>) -> Vec<String> {
    const SHOWN: usize = 20;
    let mut parts = Vec::new();
    for (label, count) in counts {
        let members: Vec<String> = objects
            .iter()
            .filter(|object| object.label == *label)
            .take(SHOWN)
            .map(|object| {
                let [x1, y1, x2, y2] = <[f32; 4]>::from(object.bbox).map(f32::round);
                format!("{} box [{x1}, {y1}, {x2}, {y2}] score {:.2}", object.handle, object.score)
            })
            .collect();
        let more = if *count > SHOWN { format!("; and {} more", count - SHOWN) } else { String::new() };
        let list = if members.is_empty() { String::new() } else { format!(": {}{more}", members.join("; ")) };
        parts.push(format!("{count} {label}{list}"));
    }
    parts
}

/// What was found in an image, with handles, and how many there are of each label besides those that `counts` names.
pub(in crate::vision) fn named(
    cx: &ToolCx,
    image: &str,
    found: Vec<Detection>,
    mut counts: IndexMap<String, usize>,
) -> (Vec<DetectedObject>, IndexMap<String, usize>) {
    let new = found.iter().map(|one| NewRegion::object(&one.label, one.score, one.bbox)).collect();
    let regions = cx.images.name_regions(image, new);
    for detection in &found {
        *counts.entry(detection.label.clone()).or_default() += 1;
    }
    let object = |(detection, region): (Detection, Region)| DetectedObject {
        handle: region.handle,
        label: detection.label,
        score: detection.score,
        bbox: detection.bbox,
    };
    (found.into_iter().zip(regions).map(object).collect(), counts)
}

/// What was asked for, in the detector's own words.
pub(in crate::vision) struct Wanted {
    /// Class names; empty if everything was asked for.
    pub(in crate::vision) asked: Vec<String>,
    /// Words that name no class.
    pub(in crate::vision) unknown: Vec<String>,
}

impl Wanted {
    pub(in crate::vision) fn new(words: &[String], classes: &[String]) -> Result<Self, ToolError> {
        let (mut asked, mut unknown) = (Vec::new(), Vec::new());
        for word in words {
            let indices = labels::matches(word, classes);
            if indices.is_empty() {
                unknown.push(word.clone());
            }
            for index in indices {
                if !asked.contains(&classes[index]) {
                    asked.push(classes[index].clone());
                }
            }
        }
        if asked.is_empty() && !unknown.is_empty() {
            return Err(ToolError::invalid_input(format!(
                "the detector does not know {}; it knows: {}",
                unknown.join(", "),
                classes.join(", ")
            )));
        }
        Ok(Self { asked, unknown })
    }

    pub(in crate::vision) fn takes(&self, label: &str) -> bool {
        self.asked.is_empty() || self.asked.iter().any(|asked| asked == label)
    }
}
