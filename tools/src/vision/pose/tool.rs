//! The tool around the pose estimator.

use std::sync::Arc;

use image::{DynamicImage, RgbImage, imageops};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize, Serializer};
use serde_json::json;

use super::{ESTIMATOR, JOINTS, Joint, PersonPose, draw_skeletons, needs_boxes, poses_in, poses_of, posture};
use crate::{
    evidence::Rows,
    geom::BBox,
    image::{ImageEntry, NewRegion, Operation, Region, RegionKind, to_rgb},
    onnx::LoadedModel,
    tool::{Effects, Example, ImageArg, RegionArg, Tool, ToolCx, ToolError},
    vision::{
        detect::{Detect, DetectInput},
        target::{check_pixels, image_of, region_of},
    },
};

/// Finds the joints of people.
pub struct Pose;

/// Arguments of [`Pose`].
#[derive(Debug, Deserialize, JsonSchema)]
pub struct PoseInput {
    #[serde(default)]
    image: ImageArg,
    /// only this person, such as img-1/person-1; left out: everybody
    #[serde(default)]
    region: Option<RegionArg>,
    /// least confidence of a person, from 0 to 1
    #[serde(default)]
    min_score: Option<f32>,
}

/// Result of [`Pose`].
#[derive(Debug, JsonSchema, Serialize)]
pub struct PoseOutput {
    /// Handle of the picture with the drawn skeletons; absent if nobody was found.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub image: Option<String>,
    /// How many people there are.
    pub count: usize,
    /// Best first.
    pub persons: Vec<FoundPerson>,
}

/// One person.
#[derive(Debug, JsonSchema, Serialize)]
pub struct FoundPerson {
    /// Its region handle, such as `img-1/person-1`.
    pub handle: String,
    /// Confidence from 0 to 1.
    #[serde(serialize_with = "crate::geom::thousandths")]
    pub score: f32,
    /// [x1, y1, x2, y2] in pixels.
    #[serde(rename = "box")]
    pub bbox: BBox,
    /// What is certain: "both arms raised", "left arm raised", "right arm raised" (the person's own left and right), "lying".
    #[serde(skip_serializing_if = "Option::is_none")]
    pub posture: Option<&'static str>,
    /// All 17 joints; those of a low score are hidden or guessed.
    pub keypoints: Vec<FoundJoint>,
}

/// One joint.
#[derive(Debug, JsonSchema, Serialize)]
pub struct FoundJoint {
    /// Such as `left wrist`: the person's own left, which is on the right of a picture of someone who faces the viewer.
    pub name: &'static str,
    /// Pixels to the right.
    #[serde(serialize_with = "tenths")]
    pub x: f32,
    /// Pixels down.
    #[serde(serialize_with = "tenths")]
    pub y: f32,
    /// Confidence from 0 to 1; under 0.3 it is not drawn.
    #[serde(serialize_with = "crate::geom::thousandths")]
    pub score: f32,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde's signature")]
fn tenths<S: Serializer>(value: &f32, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64((f64::from(*value) * 10.0).round() / 10.0)
}

/// Most people whose joints are looked for: each takes a run of its own.
const MOST: usize = 40;
/// Label and stem of a person's region.
const PERSON: &str = "person";

impl Tool for Pose {
    type Input = PoseInput;
    type Output = PoseOutput;
    const NAME: &'static str = "pose";
    const EFFECTS: Effects = Effects::SEES_AND_DRAWS;
    const SUMMARY: &'static str =
        "find people's joints and posture: wrists, elbows, knees, raised arms; draw their skeletons";
    const LIMITS: &'static str =
        "left and right are the person's own; of people who are partly hidden some joints are guesses with a low score";
    const ROLES: &'static [&'static str] = &[ESTIMATOR, "detect"];
    const ADVANCED: bool = true;

    fn examples() -> Vec<Example> {
        let joint = |name: &str, x: f32, y: f32| json!({"name": name, "x": x, "y": y, "score": 0.9});
        let person = json!({
            "handle": "img-1/person-1", "score": 0.93, "box": [182.0, 58.0, 290.0, 378.0], "posture": "left arm raised",
            "keypoints": [joint("nose", 240.5, 92.0), joint("left wrist", 271.0, 66.5), joint("right wrist", 190.0, 230.5)]
        });
        let output = json!({"image": "img-2", "count": 1, "persons": [person]});
        vec![
            Example { task: "Is anybody raising a hand?", input: json!({"image": "img-1"}), output: output.clone() },
            Example {
                task: "Where is the left wrist of the first person?",
                input: json!({"image": "img-1", "region": "img-1/person-1"}),
                output,
            },
        ]
    }

    async fn call(&self, input: PoseInput, cx: &ToolCx) -> Result<PoseOutput, ToolError> {
        if let Some(score) = input.min_score.filter(|score| !(0.0..=1.0).contains(score)) {
            return Err(ToolError::invalid_input(format!("min_score is {score}; it must be from 0 to 1")));
        }
        let entry = image_of(cx, &input.image, input.region.as_ref().as_slice())?;
        check_pixels(&entry, "poses are found in")?;
        let region = input.region.as_ref().map(|region| region_of(cx, &entry, region)).transpose()?;
        let model = cx.model(ESTIMATOR).await?;
        let found = if needs_boxes(&model)? {
            one_by_one(cx, &entry, model, region, input.min_score).await?
        } else {
            at_once(cx, &entry, model, region, input.min_score).await?
        };
        if found.is_empty() {
            return Ok(PoseOutput { image: None, count: 0, persons: Vec::new() });
        }
        let alone = found.len() == 1;
        let labelled: Vec<(PersonPose, String)> = found
            .iter()
            .map(|(region, person)| {
                let name = region.handle.split_once('/').map_or("", |(_, tail)| tail);
                (person.clone(), if alone { String::new() } else { name.to_owned() })
            })
            .collect();
        let pixels = entry.pixels.clone();
        let drawn = cx.blocking(move |_| Ok(draw_skeletons(&pixels, &labelled))).await?;
        let persons: Vec<FoundPerson> = found.into_iter().map(|(region, person)| told(region, &person)).collect();
        let handles: Vec<&str> = persons.iter().map(|person| person.handle.as_str()).collect();
        let operation = Operation { tool: Self::NAME.into(), args: json!({"image": entry.handle, "persons": handles}) };
        let derived = cx.images.derive(&entry, operation, DynamicImage::ImageRgb8(drawn));
        Ok(PoseOutput { image: Some(derived.handle.clone()), count: persons.len(), persons })
    }

    fn evidence(output: &PoseOutput, _: bool) -> Rows {
        let mut rows = Rows::default();
        for person in &output.persons {
            for joint in &person.keypoints {
                let values = [
                    ("person", person.handle.as_str().into()),
                    ("name", joint.name.into()),
                    ("x", joint.x.into()),
                    ("y", joint.y.into()),
                    ("score", joint.score.into()),
                ];
                rows.add("joint", values);
            }
        }
        rows
    }

    fn render(output: &PoseOutput) -> String {
        const SHOWN: usize = 8;
        let Some(image) = &output.image else { return "nobody was found".into() };
        let shown: Vec<String> = output.persons.iter().take(SHOWN).map(words).collect();
        let rest = output.count.saturating_sub(SHOWN);
        let more = if rest > 0 { format!("\nand {rest} more") } else { String::new() };
        let people = if output.count == 1 { "person" } else { "people" };
        format!("{} {people}, drawn on {image}\n{}{more}", output.count, shown.join("\n"))
    }
}

fn words(person: &FoundPerson) -> String {
    let seen: Vec<String> = person
        .keypoints
        .iter()
        .filter(|joint| joint.score >= Joint::SEEN)
        .map(|joint| format!("{} [{:.0}, {:.0}]", joint.name, joint.x, joint.y))
        .collect();
    let posture = person.posture.map_or(String::new(), |posture| format!(" {posture};"));
    let seen = if seen.is_empty() { "no joint is certain".to_owned() } else { seen.join(", ") };
    format!("{} score {:.2}:{posture} {seen}", person.handle, person.score)
}

fn told(region: Region, person: &PersonPose) -> FoundPerson {
    let keypoints = JOINTS.iter().zip(&person.joints);
    FoundPerson {
        handle: region.handle,
        score: person.score,
        bbox: person.bbox,
        posture: posture(&person.joints),
        keypoints: keypoints
            .map(|(name, joint)| FoundJoint { name, x: joint.x, y: joint.y, score: joint.score })
            .collect(),
    }
}

fn person_region(person: &PersonPose) -> NewRegion {
    NewRegion::object(PERSON, person.score, person.bbox)
}

/// An estimator that looks at one person at a time: the region is the person, or `detect` finds everybody.
async fn one_by_one(
    cx: &ToolCx,
    entry: &ImageEntry,
    model: Arc<LoadedModel>,
    region: Option<Region>,
    min_score: Option<f32>,
) -> Result<Vec<(Region, PersonPose)>, ToolError> {
    let people: Vec<Region> = if let Some(region) = region {
        vec![region]
    } else {
        let image = ImageArg(Some(entry.handle.clone()));
        let found = Detect.call(DetectInput::only(image, PERSON, min_score), cx).await?;
        let known = cx.images.regions(&entry.handle);
        let named = found.objects.iter().take(MOST);
        named.filter_map(|person| known.iter().find(|region| region.handle == person.handle).cloned()).collect()
    };
    let (pixels, boxes) = (entry.pixels.clone(), people.iter().map(|region| region.bbox).collect::<Vec<BBox>>());
    let poses = cx.blocking(move |control| poses_in(&model, &to_rgb(&pixels), &boxes, control)).await?;
    let with_handle = |(region, pose): (Region, PersonPose)| match region.kind {
        RegionKind::Object => (region.clone(), PersonPose { score: region.score, ..pose }),
        // A box has no handle of its own yet.
        _ => (cx.images.name_regions(&entry.handle, vec![person_region(&pose)]).remove(0), pose),
    };
    Ok(people.into_iter().zip(poses).map(with_handle).collect())
}

/// An estimator that finds people itself, in the whole picture or in a region with some of its context.
async fn at_once(
    cx: &ToolCx,
    entry: &ImageEntry,
    model: Arc<LoadedModel>,
    region: Option<Region>,
    min_score: Option<f32>,
) -> Result<Vec<(Region, PersonPose)>, ToolError> {
    let pixels = entry.pixels.clone();
    let mut people = cx
        .blocking(move |control| {
            let picture = to_rgb(&pixels);
            let Some(part) = region.and_then(|region| surroundings(&region.bbox, &picture)) else {
                return poses_of(&model, &picture, min_score, control);
            };
            let (x, y, width, height) = part;
            let cut = imageops::crop_imm(&picture, x, y, width, height).to_image();
            let people = poses_of(&model, &cut, min_score, control)?;
            Ok(people.into_iter().map(|person| moved(&person, x as f32, y as f32)).collect())
        })
        .await?;
    people.truncate(MOST);
    let regions = cx.images.name_regions(&entry.handle, people.iter().map(person_region).collect());
    Ok(regions.into_iter().zip(people).collect())
}

/// A box with a tenth around it, in whole pixels of a picture.
fn surroundings(bbox: &BBox, picture: &RgbImage) -> Option<(u32, u32, u32, u32)> {
    let (dx, dy) = (bbox.width() * 0.1, bbox.height() * 0.1);
    let wide = BBox { x1: bbox.x1 - dx, y1: bbox.y1 - dy, x2: bbox.x2 + dx, y2: bbox.y2 + dy };
    wide.to_pixels(picture.width(), picture.height())
}

fn moved(person: &PersonPose, dx: f32, dy: f32) -> PersonPose {
    let b = person.bbox;
    PersonPose {
        bbox: BBox { x1: b.x1 + dx, y1: b.y1 + dy, x2: b.x2 + dx, y2: b.y2 + dy },
        joints: person.joints.map(|joint| Joint { x: joint.x + dx, y: joint.y + dy, ..joint }),
        score: person.score,
    }
}
