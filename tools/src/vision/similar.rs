//! `find_similar`: which images of the session look like a given one, by perceptual hash and color, or show the like, by the
//! embeddings of a model (role `embed`).

use image::RgbImage;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{
    compare::difference_hash,
    embed::{self, Embedder, cosine},
};
use crate::{
    image::{Filter, ImageEntry, resize_rgb, to_rgb},
    tool::{Example, ImageArg, TextList, Tool, ToolCx, ToolError, ToolErrorKind},
};

/// Finds look-alikes.
pub struct FindSimilar;

/// Arguments of [`FindSimilar`].
#[derive(Debug, Deserialize, JsonSchema)]
pub struct FindSimilarInput {
    #[serde(default)]
    image: ImageArg,
    /// handles of the images to look through, such as img-2 and img-3; left out: all others
    #[serde(default)]
    others: TextList,
    /// "look" compares layout and color, "content" what is shown, which needs a model; left out: content if its model is installed
    #[serde(default)]
    by: Option<By>,
}

/// What is compared.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq)]
#[serde(rename_all = "snake_case")]
pub enum By {
    /// Layout and color.
    Look,
    /// What is shown.
    Content,
}

/// Result of [`FindSimilar`].
#[derive(Debug, JsonSchema, Serialize)]
pub struct FindSimilarOutput {
    /// Handle of the image that the others were compared with.
    pub image: String,
    /// The most alike first.
    pub others: Vec<Likeness>,
    /// What compared them: "perceptual hash and color", or "embedding" and the model's id.
    pub source: String,
}

/// How much an image looks like the one asked about.
#[derive(Debug, JsonSchema, Serialize)]
pub struct Likeness {
    /// Its handle.
    pub image: String,
    /// 0 for the same, 1 for nothing in common; unrelated photos are at about 0.5.
    #[serde(serialize_with = "crate::geom::thousandths")]
    pub distance: f32,
    /// What that means.
    pub verdict: Verdict,
}

/// How alike two images are.
#[derive(Clone, Copy, Debug, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// The same pixels.
    Same,
    /// The same picture at another size, quality or brightness, or with a small change.
    NearDuplicate,
    /// The same layout or scene, perhaps; by content, the same kind of thing.
    Similar,
    /// Neither.
    Different,
}

/// Ten of 64 bits, up to which difference hashes are taken for those of one picture (as `compare` does).
const NEAR: f32 = 10.0 / 64.0;
/// Below this chance rarely brings two pictures: 64 fair coins give less than 20 differing bits once in 500 times.
const SIMILAR: f32 = 20.0 / 64.0;
/// The hash sees light and dark only: pictures whose colors are this far apart, on average of 8 x 8 cells, differ.
const COLOR_WEIGHT: f32 = 1.5;
/// Cosine from which two pictures show the like: those of CLIP are at about 0.5 for unrelated photos. A rule of thumb.
const ALIKE: f32 = 0.8;

impl Tool for FindSimilar {
    type Input = FindSimilarInput;
    type Output = FindSimilarOutput;
    const NAME: &'static str = "find_similar";
    const SUMMARY: &'static str = "find duplicates and look-alikes of an image among the other images";
    const LIMITS: &'static str =
        "by look it compares images as a whole, not what they show; a crop or a turned copy is not found";
    const ADVANCED: bool = true;

    fn examples() -> Vec<Example> {
        vec![
            Example {
                task: "Which of these pictures are duplicates of the first?",
                input: json!({"image": "img-1"}),
                output: json!({"image": "img-1", "others": [
                    {"image": "img-3", "distance": 0.016, "verdict": "near_duplicate"},
                    {"image": "img-2", "distance": 0.469, "verdict": "different"}
                ], "source": "perceptual hash and color"}),
            },
            Example {
                task: "Is the second picture the same as the third?",
                input: json!({"image": "img-2", "others": ["img-3"]}),
                output: json!({
                    "image": "img-2",
                    "others": [{"image": "img-3", "distance": 0.0, "verdict": "same"}],
                    "source": "perceptual hash and color"
                }),
            },
        ]
    }

    async fn call(&self, input: FindSimilarInput, cx: &ToolCx) -> Result<FindSimilarOutput, ToolError> {
        let entry = match (&input.image.0, cx.images.images().first()) {
            // "Which are like it" after several were loaded is about the first; the newest is one of those to look through.
            (None, Some(first)) if input.others.0.is_empty() => first.clone(),
            _ => cx.image(&input.image)?,
        };
        let mut others = Vec::new();
        for handle in &input.others.0 {
            let other = cx.images.get(handle)?;
            if other.handle != entry.handle
                && others.iter().all(|known: &std::sync::Arc<ImageEntry>| known.handle != other.handle)
            {
                others.push(other);
            }
        }
        if input.others.0.is_empty() {
            others = cx.images.images();
            others.retain(|other| other.handle != entry.handle);
        }
        if others.is_empty() {
            return Err(ToolError::invalid_input(format!("there is no other image to compare {} with", entry.handle)));
        }
        let embedder = match input.by {
            Some(By::Content) => Some(Embedder::open(cx).await?),
            None if cx.models.is_installed(embed::ROLE) => match Embedder::open(cx).await {
                Ok(embedder) => Some(embedder),
                // What the user did not ask for need not be available: the look says something too, and the output says which it was.
                Err(error) if error.kind == ToolErrorKind::ModelUnavailable => {
                    tracing::debug!("no embeddings: {error}");
                    None
                }
                Err(error) => return Err(error),
            },
            None | Some(By::Look) => None,
        };
        let source =
            embedder.as_ref().map_or("perceptual hash and color".into(), |model| format!("embedding, {}", model.id));
        let (query, images) = (entry.pixels.clone(), others.clone());
        let mut found = cx
            .blocking(move |control| {
                let vector = |look: &Look| {
                    let embedder = embedder.as_ref();
                    embedder.map(|model| model.picture(&model.pixels(&look.pixels), control)).transpose()
                };
                let query = Look::of(to_rgb(&query));
                let meant = vector(&query)?;
                let mut found = Vec::new();
                for other in images {
                    control.check()?;
                    let look = Look::of(to_rgb(&other.pixels));
                    let (mut distance, mut verdict) = query.compare(&look);
                    // What is nearly the same picture is so by its look; what shows the like the model tells.
                    if let (Some(one), Some(two)) = (&meant, vector(&look)?)
                        && verdict != Verdict::Same
                    {
                        let likeness = cosine(one, &two);
                        distance = (1.0 - likeness).clamp(0.001, 1.0);
                        if verdict != Verdict::NearDuplicate {
                            verdict = if likeness >= ALIKE { Verdict::Similar } else { Verdict::Different };
                        }
                    }
                    found.push(Likeness { image: other.handle.clone(), distance, verdict });
                }
                Ok(found)
            })
            .await?;
        // The sort is stable: those equally alike stay in order of entry.
        found.sort_by(|a, b| a.distance.total_cmp(&b.distance));
        Ok(FindSimilarOutput { image: entry.handle.clone(), others: found, source })
    }

    fn render(output: &FindSimilarOutput) -> String {
        let of = |wanted: Verdict| -> Vec<String> {
            let those = output.others.iter().filter(|other| other.verdict == wanted);
            those.map(|other| format!("{} (distance {:.2})", other.image, other.distance)).collect()
        };
        let kinds = [
            (Verdict::Same, "the same as"),
            (Verdict::NearDuplicate, "nearly the same as"),
            (Verdict::Similar, "similar to"),
            (Verdict::Different, "different from"),
        ];
        let parts: Vec<String> = kinds
            .into_iter()
            .map(|(verdict, words)| (words, of(verdict)))
            .filter(|(_, those)| !those.is_empty())
            .map(|(words, those)| format!("{words} {}", those.join(", ")))
            .collect();
        format!("{} is {} (by {})", output.image, parts.join("; "), output.source)
    }
}

/// What is compared of a picture.
struct Look {
    pixels: RgbImage,
    hash: u64,
    /// 8 x 8 cells, RGB.
    cells: Vec<u8>,
}

impl Look {
    fn of(pixels: RgbImage) -> Self {
        let hash = difference_hash(&image::imageops::grayscale(&pixels));
        let cells = resize_rgb(&pixels, 8, 8, Filter::Bilinear).into_raw();
        Self { pixels, hash, cells }
    }

    /// The larger of what the hashes and the colors say.
    fn compare(&self, other: &Self) -> (f32, Verdict) {
        if self.pixels == other.pixels {
            return (0.0, Verdict::Same);
        }
        let bits = (self.hash ^ other.hash).count_ones() as f32 / 64.0;
        let sum: u32 = self.cells.iter().zip(&other.cells).map(|(a, b)| u32::from(a.abs_diff(*b))).sum();
        let color = sum as f32 / (self.cells.len().max(1) as f32 * 255.0) * COLOR_WEIGHT;
        // Near is what differs at all: 0 is kept for the same pixels.
        let distance = bits.max(color).clamp(0.001, 1.0);
        let verdict = match distance {
            distance if distance <= NEAR => Verdict::NearDuplicate,
            distance if distance <= SIMILAR => Verdict::Similar,
            _ => Verdict::Different,
        };
        (distance, verdict)
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failed set-up fails the test")]
mod tests {
    use std::sync::Arc;

    use image::{DynamicImage, Rgb, imageops};
    use serde_json::Value;

    use super::*;
    use crate::{
        image::{ImageStore, Origin},
        onnx::NoModels,
        tool::{Observation, Toolbox},
    };

    fn scene(seed: u32) -> RgbImage {
        let wave = |v: u32, by: u32| ((v as f32 / (9.0 + (seed * by % 23) as f32)).sin() * 90.0 + 128.0) as u8;
        RgbImage::from_fn(160, 120, |x, y| Rgb([wave(x, 7), wave(y + seed * 31, 5), wave(x + y * 2, 3)]))
    }

    async fn call(pictures: Vec<RgbImage>, args: Value) -> Result<Observation, ToolError> {
        let images = ImageStore::new();
        for picture in pictures {
            images.insert(DynamicImage::ImageRgb8(picture), Origin::Memory("drawn".into()));
        }
        let cx = ToolCx::new(images, Arc::new(NoModels));
        Toolbox::new().with(FindSimilar).call("find_similar", args, &cx).await
    }

    fn verdicts(seen: &Observation) -> Vec<(String, String)> {
        let all = seen.value["others"].as_array().unwrap();
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        all.iter().map(|other| (text(&other["image"]), text(&other["verdict"]))).collect()
    }

    #[tokio::test]
    async fn copies_are_told_from_other_pictures() {
        let smaller = imageops::resize(&scene(1), 90, 68, imageops::FilterType::Triangle);
        let first = scene(1);
        let lighter = RgbImage::from_fn(160, 120, |x, y| Rgb(first.get_pixel(x, y).0.map(|v| v.saturating_add(12))));
        let seen = call(vec![scene(1), scene(2), smaller, scene(1), lighter], json!({})).await.unwrap();
        let mut found = verdicts(&seen);
        assert_eq!(found.remove(0), ("img-4".into(), "same".into()));
        assert_eq!(found.remove(2), ("img-2".into(), "different".into()));
        assert!(found.iter().all(|(_, verdict)| verdict == "near_duplicate"), "{}", seen.text);
        assert!(
            seen.text.starts_with("img-1 is the same as img-4 (distance 0.00); nearly the same as "),
            "{}",
            seen.text
        );
        assert!(seen.text.ends_with(" (by perceptual hash and color)"), "{}", seen.text);
        let error = call(vec![scene(1), scene(2)], json!({"by": "content"})).await.unwrap_err();
        assert_eq!(error.kind, ToolErrorKind::ModelUnavailable, "asked for by name: {error}");
    }

    #[tokio::test]
    async fn plain_areas_differ_by_color_though_their_hashes_do_not() {
        let plain = |color| RgbImage::from_pixel(40, 30, Rgb(color));
        let pictures = vec![plain([200, 20, 20]), plain([20, 20, 200]), plain([203, 22, 20])];
        let seen = call(pictures, json!({"image": "img-1"})).await.unwrap();
        assert_eq!(verdicts(&seen), [("img-3".into(), "near_duplicate".into()), ("img-2".into(), "different".into())]);
    }

    #[tokio::test]
    async fn only_those_named_and_odd_sizes() {
        let pictures = vec![scene(1), RgbImage::new(1, 1), RgbImage::new(1, 500), scene(1)];
        let seen = call(pictures.clone(), json!({"image": "img-1", "others": "img-4, img-1"})).await.unwrap();
        assert_eq!(verdicts(&seen), [("img-4".into(), "same".into())]);
        assert_eq!(verdicts(&call(pictures.clone(), json!({"image": "img-2"})).await.unwrap()).len(), 3);
        let error = call(pictures, json!({"image": "img-1", "others": ["img-9"]})).await.unwrap_err();
        assert!(error.feedback.contains("there is no image \"img-9\""), "{}", error.feedback);
        let error = call(vec![scene(1)], json!({})).await.unwrap_err();
        assert_eq!(error.feedback, "there is no other image to compare img-1 with");
    }
}
