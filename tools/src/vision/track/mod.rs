//! `track`: objects followed through a clip, with stable names, counts and where they went.

mod link;
mod motion;
#[cfg(test)]
mod tests;

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;
use tokio::sync::mpsc;

use self::link::{Linker, Track as Linked};
pub use self::motion::Motion;
use super::{
    detect::{Wanted, class_names, detect},
    frames::{Stretch, clip_of, failed},
};
use crate::{
    evidence::Rows,
    geom::BBox,
    image::{ClipFrame, Moments, to_rgb},
    tool::{Example, ImageArg, TextList, Tool, ToolCx, ToolError},
};

/// Follows objects through a clip.
pub struct Track;

/// Arguments of [`Track`].
#[derive(Debug, Deserialize, JsonSchema)]
pub struct TrackInput {
    #[serde(default)]
    image: ImageArg,
    /// what to follow, such as person and car; left out: everything
    #[serde(default)]
    labels: TextList,
    /// frames a second to look at; left out: 5, fewer in clips of more than 12 seconds
    #[serde(default)]
    rate: Option<f64>,
    /// seconds from the beginning; left out: 0
    #[serde(default)]
    start: Option<f64>,
    /// seconds from the beginning; left out: the end of the clip
    #[serde(default)]
    end: Option<f64>,
    /// least confidence from 0 to 1
    #[serde(default)]
    min_score: Option<f32>,
}

/// Result of [`Track`].
#[derive(Debug, JsonSchema, Serialize)]
pub struct TrackOutput {
    /// In order of appearance.
    pub objects: Vec<TrackedObject>,
    /// How many different objects of each label; labels that were asked for and not found count 0.
    pub counts: IndexMap<String, usize>,
    /// How many of each label in one frame at most.
    pub most_at_once: IndexMap<String, usize>,
    /// When the frames that were looked at are shown, in seconds from the beginning.
    pub times: Vec<f64>,
    /// Length of the clip in seconds.
    pub duration: f64,
    /// Words that name none of the detector's classes: nothing is known about these.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub unknown: Vec<String>,
}

/// An object through the clip.
#[derive(Debug, JsonSchema, Serialize)]
pub struct TrackedObject {
    /// Its name, such as `person-1`.
    pub id: String,
    /// Class name.
    pub label: String,
    /// Best confidence from 0 to 1.
    #[serde(serialize_with = "crate::geom::thousandths")]
    pub score: f32,
    /// Seconds when it was seen first.
    pub from: f64,
    /// Seconds when it was seen last.
    pub to: f64,
    /// Where it went from first to last sight, in the picture.
    pub motion: Motion,
    /// [x1, y1, x2, y2] in pixels when it was seen first.
    pub first_box: BBox,
    /// [x1, y1, x2, y2] in pixels when it was seen last.
    pub last_box: BBox,
    /// In which of `times` it was seen, counted from 0.
    pub seen: Vec<usize>,
}

const USUAL_RATE: f64 = 5.0;
/// Frames looked at: at 60 ms each, some four seconds of work on two cores.
const MOST_FRAMES: usize = 60;
/// From this many frames on, what was seen in one of them only is taken for a mistake of the detector.
const ENOUGH: usize = 4;

impl Tool for Track {
    type Input = TrackInput;
    type Output = TrackOutput;
    const NAME: &'static str = "track";
    const SUMMARY: &'static str =
        "follow and count the objects of a video or animation: when each is seen, where it goes";
    const LIMITS: &'static str =
        "who leaves for more than a second and comes back counts twice; a moving camera moves everything";
    const ROLES: &'static [&'static str] = &["detect"];
    const ADVANCED: bool = true;

    fn examples() -> Vec<Example> {
        let first = json!({
            "id": "person-1", "label": "person", "score": 0.91, "from": 0.2, "to": 3.8, "motion": "left",
            "first_box": [400.0, 60.0, 470.0, 300.0], "last_box": [30.0, 64.0, 102.0, 306.0], "seen": [0, 1, 2, 3]
        });
        let output = json!({
            "objects": [first], "counts": {"person": 1}, "most_at_once": {"person": 1},
            "times": [0.2, 1.4, 2.6, 3.8], "duration": 4.0
        });
        vec![
            Example {
                task: "How many people walk through the video?",
                input: json!({"image": "img-1", "labels": ["person"]}),
                output: output.clone(),
            },
            Example {
                task: "Which way does the person go in the first four seconds?",
                input: json!({"image": "img-1", "labels": ["person"], "end": 4.0}),
                output,
            },
        ]
    }

    async fn call(&self, input: TrackInput, cx: &ToolCx) -> Result<TrackOutput, ToolError> {
        check(&input)?;
        let (entry, clip) = clip_of(cx, &input.image)?;
        let model = cx.model("detect").await?;
        let wanted = Wanted::new(&input.labels.0, &class_names(&model)?)?;
        let facts = cx.within(async { clip.facts().await.map_err(|error| failed(&entry, error)) }).await?;
        let stretch = Stretch::new(&entry, &facts, input.start, input.end)?;
        let length = stretch.end - stretch.start;
        let rate = input.rate.unwrap_or(USUAL_RATE).min(facts.fps);
        let count = ((length * rate).ceil() as usize).clamp(1, MOST_FRAMES);
        let moments = Moments::middles(stretch.start, stretch.end, count);
        let (sender, mut frames) = mpsc::channel::<ClipFrame>(1);
        let (mut linker, mut times) = (Linker::default(), Vec::new());
        let mut most_at_once: IndexMap<String, usize> = wanted.asked.iter().map(|label| (label.clone(), 0)).collect();
        let look = async {
            while let Some(frame) = frames.recv().await {
                let model = model.clone();
                let least = input.min_score;
                let found = cx.blocking(move |control| detect(&model, &to_rgb(&frame.pixels), least, control)).await?;
                let found: Vec<_> = found.into_iter().filter(|object| wanted.takes(&object.label)).collect();
                let mut now: IndexMap<&str, usize> = IndexMap::new();
                for object in &found {
                    *now.entry(object.label.as_str()).or_default() += 1;
                }
                for (label, count) in now {
                    let most = most_at_once.entry(label.to_owned()).or_default();
                    *most = count.max(*most);
                }
                linker.take(times.len(), found);
                times.push((frame.time * 1000.0).round() / 1000.0);
            }
            Ok(())
        };
        let read = async { clip.send(&moments, sender).await.map_err(|error| failed(&entry, error)) };
        cx.within(async { tokio::try_join!(read, look) }).await?;
        if times.is_empty() {
            return Err(ToolError::internal(format!("{}: no frame of the clip could be read", entry.handle)));
        }
        let least = if times.len() >= ENOUGH { 2 } else { 1 };
        let mut counts: IndexMap<String, usize> = wanted.asked.iter().map(|label| (label.clone(), 0)).collect();
        let objects: Vec<TrackedObject> =
            linker.finish(least).into_iter().filter_map(|track| named(track, &times, &mut counts)).collect();
        most_at_once.retain(|label, _| counts.contains_key(label));
        let duration = (facts.duration * 1000.0).round() / 1000.0;
        Ok(TrackOutput { objects, counts, most_at_once, times, duration, unknown: wanted.unknown })
    }

    fn evidence(output: &TrackOutput, _: bool) -> Rows {
        let mut rows = Rows::default();
        for object in &output.objects {
            let motion = json!(object.motion).as_str().map(str::to_owned);
            let values = [
                ("id", object.id.as_str().into()),
                ("label", object.label.as_str().into()),
                ("score", object.score.into()),
                ("start", object.from.into()),
                ("end", object.to.into()),
                ("motion", motion.into()),
            ];
            rows.add_box("track", values, &object.first_box);
        }
        rows
    }

    fn render(output: &TrackOutput) -> String {
        const SHOWN: usize = 20;
        let mut lines = vec![format!("{} frames of {:.1} s were looked at", output.times.len(), output.duration)];
        for (label, count) in &output.counts {
            let at_once = output.most_at_once.get(label).copied().unwrap_or_default();
            lines.push(format!("{count} different {label}, at most {at_once} at once"));
        }
        lines.extend(output.objects.iter().take(SHOWN).map(|object| {
            format!("{} from {:.1} to {:.1} s {}", object.id, object.from, object.to, object.motion.word())
        }));
        if output.objects.len() > SHOWN {
            lines.push(format!("and {} more", output.objects.len() - SHOWN));
        }
        if output.counts.is_empty() && output.unknown.is_empty() {
            lines.push("no known object found".into());
        }
        if !output.unknown.is_empty() {
            lines.push(format!(
                "not known to the detector, so nothing can be said about: {}",
                output.unknown.join(", ")
            ));
        }
        lines.join("\n")
    }
}

fn check(input: &TrackInput) -> Result<(), ToolError> {
    if let Some(score) = input.min_score.filter(|score| !(0.0..=1.0).contains(score)) {
        return Err(ToolError::invalid_input(format!("min_score is {score}; it must be from 0 to 1")));
    }
    if let Some(rate) = input.rate.filter(|rate| !(rate.is_finite() && *rate > 0.0)) {
        return Err(ToolError::invalid_input(format!("rate is {rate}; it must be more than 0 frames a second")));
    }
    Ok(())
}

/// The object with its name; counts it.
fn named(track: Linked, times: &[f64], counts: &mut IndexMap<String, usize>) -> Option<TrackedObject> {
    let ((first, first_box), (last, last_box)) = (*track.seen.first()?, *track.seen.last()?);
    let count = counts.entry(track.label.clone()).or_default();
    *count += 1;
    Some(TrackedObject {
        id: format!("{}-{count}", track.label.replace(' ', "-")),
        label: track.label,
        score: track.score,
        from: *times.get(first)?,
        to: *times.get(last)?,
        motion: Motion::between(&first_box, &last_box),
        first_box,
        last_box,
        seen: track.seen.into_iter().map(|(frame, _)| frame).collect(),
    })
}
