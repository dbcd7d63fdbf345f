//! `frames`: pictures out of a clip, spread over it or one a scene.

mod describe;
mod stretch;
#[cfg(test)]
mod tests;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

pub use self::describe::SceneRecord;
use self::describe::{USUAL_SCENES, described};
pub(super) use self::stretch::{Stretch, clip_of, failed};
use crate::{
    image::{Moments, Operation},
    tool::{Effects, Example, ImageArg, Tool, ToolCx, ToolError},
};

/// Takes frames out of an animated picture or a video.
pub struct Frames;

/// Arguments of [`Frames`].
#[derive(Debug, Deserialize, JsonSchema)]
pub struct FramesInput {
    #[serde(default)]
    image: ImageArg,
    /// how many, evenly spread, 1 to 16; left out: 6
    #[serde(default)]
    count: Option<usize>,
    /// one frame every so many seconds instead
    #[serde(default)]
    every: Option<f64>,
    /// true: one frame of each scene instead, from where the picture changes at once
    #[serde(default)]
    scenes: bool,
    /// true: a caption of each scene, which tells what happens in the clip
    #[serde(default)]
    #[schemars(extend("x-advanced" = true))]
    describe: bool,
    /// seconds from the beginning; left out: 0
    #[serde(default)]
    start: Option<f64>,
    /// seconds from the beginning; left out: the end of the clip
    #[serde(default)]
    end: Option<f64>,
}

/// Result of [`Frames`].
#[derive(Debug, JsonSchema, Serialize)]
pub struct FramesOutput {
    /// In order of time.
    pub frames: Vec<FrameRecord>,
    /// Length of the clip in seconds.
    pub duration: f64,
    /// Frames of the clip, not only those taken; for a video that does not say it, length times rate.
    pub frame_count: u64,
    /// Frames a second, on average.
    pub fps: f64,
    /// What each scene shows, if that was asked for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub scenes: Vec<SceneRecord>,
    /// Where the captions are from: `composed` from other tools' findings, or the id of the model that wrote them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// What the captions could not look at because its model is not available: "objects", "text".
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub missing: Vec<String>,
    /// Scenes that were left out because there are too many.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub more_scenes: Option<usize>,
}

/// A frame that was taken.
#[derive(Debug, JsonSchema, Serialize)]
pub struct FrameRecord {
    /// Its handle, such as `img-2`.
    pub image: String,
    /// Seconds from the beginning.
    pub time: f64,
    /// The scene that it stands for, [from, to] in seconds, if scenes were asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scene: Option<[f64; 2]>,
}

const USUAL: usize = 6;
const MOST: usize = 16;
/// Pixels of all frames together.
const MOST_PIXELS: u64 = 60_000_000;

impl Tool for Frames {
    type Input = FramesInput;
    type Output = FramesOutput;
    const NAME: &'static str = "frames";
    const EFFECTS: Effects = Effects::EDITS;
    const SUMMARY: &'static str = "take frames out of a video or an animated picture as new images, with their times";
    const LIMITS: &'static str =
        "it gives pictures, and captions of scenes if asked: look closer with another tool; no sound";
    const ADVANCED: bool = true;

    fn examples() -> Vec<Example> {
        let frame = |image: &str, time: f64| json!({"image": image, "time": time});
        vec![
            Example {
                task: "What happens in this clip?",
                input: json!({"image": "img-1", "describe": true}),
                output: json!({
                    "frames": [
                        {"image": "img-2", "time": 0.75, "scene": [0.0, 1.5]},
                        {"image": "img-3", "time": 2.75, "scene": [1.5, 4.0]}
                    ],
                    "duration": 4.0, "frame_count": 100, "fps": 25.0,
                    "scenes": [
                        {"start_s": 0.0, "end_s": 1.5, "image": "img-2", "caption": "A dog on a lawn."},
                        {"start_s": 1.5, "end_s": 4.0, "image": "img-3", "caption": "A dog in the water."}
                    ],
                    "source": "composed"
                }),
            },
            Example {
                task: "Take three frames of the video.",
                input: json!({"image": "img-1", "count": 3}),
                output: json!({
                    "frames": [frame("img-2", 0.667), frame("img-3", 2.0), frame("img-4", 3.333)],
                    "duration": 4.0, "frame_count": 100, "fps": 25.0
                }),
            },
            Example {
                task: "How many scenes does the video have?",
                input: json!({"image": "img-1", "scenes": true}),
                output: json!({
                    "frames": [
                        {"image": "img-2", "time": 0.75, "scene": [0.0, 1.5]},
                        {"image": "img-3", "time": 2.75, "scene": [1.5, 4.0]}
                    ],
                    "duration": 4.0, "frame_count": 100, "fps": 25.0
                }),
            },
        ]
    }

    async fn call(&self, input: FramesInput, cx: &ToolCx) -> Result<FramesOutput, ToolError> {
        check(&input)?;
        let (entry, clip) = clip_of(cx, &input.image)?;
        let facts = cx.within(async { clip.facts().await.map_err(|error| failed(&entry, error)) }).await?;
        let stretch = Stretch::new(&entry, &facts, input.start, input.end)?;
        let pixels = u64::from(entry.width()) * u64::from(entry.height());
        let most = (MOST_PIXELS / pixels.max(1)).clamp(1, MOST as u64) as usize;
        let mut scenes = None;
        let moments = if input.scenes || input.describe {
            let usual = if input.describe { USUAL_SCENES } else { MOST };
            let cuts =
                cx.within(async { clip.cuts(stretch.start, stretch.end).await.map_err(|error| failed(&entry, error)) });
            let found = scenes_of(&cuts.await?, stretch, input.count.unwrap_or(usual).min(most));
            let middles = found.0.iter().map(|[from, to]| f64::midpoint(*from, *to)).collect();
            scenes = Some(found);
            Moments::At(middles)
        } else {
            spread(&input, stretch, &facts)?
        };
        let wanted = moments.times().len();
        if wanted > most {
            return Err(ToolError::resource_limit(format!(
                "{wanted} frames of {} x {} pixels are too much; take at most {most} at a time",
                entry.width(),
                entry.height()
            )));
        }
        let taken = cx.within(async { clip.frames(&moments).await.map_err(|error| failed(&entry, error)) }).await?;
        if taken.is_empty() {
            return Err(ToolError::internal(format!("{}: no frame of the clip could be read", entry.handle)));
        }
        let times = moments.times();
        let frames = taken.into_iter().map(|frame| {
            let time = thousandth(frame.time);
            let args = json!({"image": entry.handle, "time": time});
            let derived = cx.images.derive(&entry, Operation { tool: Self::NAME.into(), args }, frame.pixels);
            let at = times.iter().position(|time| time.to_bits() == frame.time.to_bits());
            let scene = scenes.as_ref().zip(at).and_then(|((scenes, _), at)| scenes.get(at));
            FrameRecord { image: derived.handle.clone(), time, scene: scene.map(|scene| scene.map(thousandth)) }
        });
        let frames: Vec<FrameRecord> = frames.collect();
        let described = if input.describe { Some(described(&frames, cx).await?) } else { None };
        let (scenes_told, source, missing) =
            described.map_or_else(Default::default, |told| (told.scenes, told.source, told.missing));
        Ok(FramesOutput {
            frames,
            duration: thousandth(facts.duration),
            frame_count: facts.frames,
            fps: thousandth(facts.fps),
            scenes: scenes_told,
            source,
            missing,
            more_scenes: scenes.map(|(_, more)| more).filter(|more| *more > 0),
        })
    }

    fn render(output: &FramesOutput) -> String {
        let more = output.more_scenes.map_or(String::new(), |more| format!("; {more} more scenes are left out"));
        if !output.scenes.is_empty() {
            let lines = output.scenes.iter().map(|scene| {
                format!("\n{:.1} to {:.1} s, {}: {}", scene.start_s, scene.end_s, scene.image, scene.caption)
            });
            let missing = match output.missing.as_slice() {
                [] => String::new(),
                parts => format!("\n(not looked at: {})", parts.join(", ")),
            };
            let count = output.scenes.len();
            let scenes = if count == 1 { "scene" } else { "scenes" };
            return format!(
                "the clip is {:.1} s long; {count} {scenes}, each told by its middle{more}:{}{missing}",
                output.duration,
                lines.collect::<String>()
            );
        }
        let list: Vec<String> = output
            .frames
            .iter()
            .map(|frame| match frame.scene {
                Some([from, to]) => format!("{} shows the scene from {from:.1} to {to:.1} s", frame.image),
                None => format!("{} at {:.1} s", frame.image, frame.time),
            })
            .collect();
        let what = if output.frames.iter().any(|frame| frame.scene.is_some()) { "scenes" } else { "frames" };
        format!(
            "the clip is {:.1} s long, {} frames; {} {what} as images: {}{more}",
            output.duration,
            output.frame_count,
            output.frames.len(),
            list.join(", ")
        )
    }
}

fn check(input: &FramesInput) -> Result<(), ToolError> {
    if let Some(count) = input.count.filter(|count| !(1..=MOST).contains(count)) {
        return Err(ToolError::invalid_input(format!("count is {count}; it must be from 1 to {MOST}")));
    }
    if let Some(every) = input.every.filter(|every| !(every.is_finite() && *every >= 0.01)) {
        return Err(ToolError::invalid_input(format!("every is {every}; it must be 0.01 seconds or more")));
    }
    if let (Some(_), Some(other)) =
        (input.every, input.describe.then_some("describe").or(input.scenes.then_some("scenes")))
    {
        return Err(ToolError::invalid_input(format!("{other} and every exclude each other; give one of them")));
    }
    Ok(())
}

/// The moments that `count` or `every` ask for.
fn spread(input: &FramesInput, stretch: Stretch, facts: &crate::image::ClipFacts) -> Result<Moments, ToolError> {
    let length = stretch.end - stretch.start;
    let Some(every) = input.every else {
        let there = (length * facts.fps).ceil().max(1.0) as usize;
        return Ok(Moments::middles(stretch.start, stretch.end, input.count.unwrap_or(USUAL).min(there)));
    };
    let fitting = (length / every).ceil().max(1.0);
    if input.count.is_none() && fitting > MOST as f64 {
        let least = (length / MOST as f64 * 100.0).ceil() / 100.0;
        return Err(ToolError::invalid_input(format!(
            "one frame every {every} s of {length:.1} s gives {fitting} frames, more than {MOST}; give every of at least \
             {least}, or a shorter stretch by start and end"
        )));
    }
    let count = (fitting as usize).min(input.count.unwrap_or(MOST));
    Ok(Moments::Even { first: stretch.start, spacing: every, count })
}

/// The scenes between the cuts, and how many are left out: beyond `most`, the weakest cuts are none.
fn scenes_of(cuts: &[(f64, f32)], stretch: Stretch, most: usize) -> (Vec<[f64; 2]>, usize) {
    let mut strongest = cuts.to_vec();
    strongest.sort_by(|a, b| b.1.total_cmp(&a.1));
    let more = (cuts.len() + 1).saturating_sub(most);
    strongest.truncate(most.saturating_sub(1));
    let mut bounds: Vec<f64> = strongest.iter().map(|(time, _)| *time).collect();
    bounds.extend([stretch.start, stretch.end]);
    bounds.sort_by(f64::total_cmp);
    (bounds.windows(2).map(|pair| [pair[0], pair[1]]).collect(), more)
}

/// Milliseconds are what clips count in.
fn thousandth(seconds: f64) -> f64 {
    (seconds * 1000.0).round() / 1000.0
}
