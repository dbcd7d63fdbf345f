//! What scores texts, and what tells where they are to be seen: the best that is available.

use std::sync::Arc;

use image::{DynamicImage, RgbImage};

use super::{
    blip::Matcher,
    composed::{self, Patches, Scene},
    plane::Grid,
};
use crate::{
    image::{ImageEntry, to_rgb},
    onnx::RunControl,
    tool::{ToolCx, ToolError, ToolErrorKind},
    vision::{
        caption::{Findings, findings},
        embed::{Embedder, Kind},
        relevance::{Relevance, TextSegmenter},
    },
};

/// A text by what a model or the scene says of it.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Scored {
    /// 0 to 1.
    pub(super) score: f32,
    /// The cosine, where embeddings were compared.
    pub(super) similarity: Option<f32>,
    /// Where it is to be seen.
    pub(super) map: Option<Grid>,
}

/// All texts of a call.
pub(super) struct Scores {
    /// In the order of the texts.
    pub(super) texts: Vec<Scored>,
    /// What scored them.
    pub(super) source: String,
    /// What a score is.
    pub(super) meaning: &'static str,
    /// What made the maps.
    pub(super) map_source: Option<String>,
    /// What could not be looked at.
    pub(super) missing: Vec<String>,
}

const MATCHED: &str = "probability that the text describes the image";
const SIGMOID: &str = "similarity of image and text, turned to a probability for each text by itself";
const SHARES: &str =
    "similarity of image and text, as shares of 1 between the texts: the best of these, not whether any fits";
const AGAINST_NEUTRAL: &str = "similarity of image and text, as its share of 1 against the neutral text \"a photo\"";
const SEEN: &str = "how surely the likeliest part of the image is what the text says";
const IN_COMMON: &str = "share of the text's content words that are found among objects, colors and texts of the image";

/// One text alone always has the whole of CLIP's softmax: this one stands against it.
const NEUTRAL: &str = "a photo";
/// The share of a map's pixels, the highest, whose mean is its score.
const TOP: usize = 100;

/// Nothing where the model is not available.
fn available<T>(result: Result<T, ToolError>) -> Result<Option<T>, ToolError> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(error) if error.kind == ToolErrorKind::ModelUnavailable => {
            tracing::debug!("matching goes on without a model: {error}");
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

/// Scores texts, with maps if they are `mapped`.
pub(super) async fn scores(
    entry: &ImageEntry,
    texts: Vec<String>,
    mapped: bool,
    cx: &ToolCx,
) -> Result<Scores, ToolError> {
    let pixels = entry.pixels.clone();
    let found = if let Some(matcher) = available(Matcher::open(cx).await)? {
        let texts = texts.clone();
        Some(cx.blocking(move |control| by_matcher(&matcher, &to_rgb(&pixels), &texts, mapped, control)).await?)
    } else if let Some(embedder) = available(Embedder::open(cx).await)? {
        let texts = texts.clone();
        Some(cx.blocking(move |control| by_likeness(&embedder, &to_rgb(&pixels), &texts, control)).await?)
    } else {
        None
    };
    let has_maps = found.as_ref().is_some_and(|found| found.map_source.is_some());
    if let Some(found) = found {
        return if mapped && !has_maps { with_maps(found, entry, texts, cx).await } else { Ok(found) };
    }
    match by_relevance(entry, &texts, mapped, cx).await? {
        Some(found) => Ok(found),
        None => by_scene(entry, texts, mapped, cx).await,
    }
}

/// Maps from another source than the scores.
async fn with_maps(
    mut found: Scores,
    entry: &ImageEntry,
    texts: Vec<String>,
    cx: &ToolCx,
) -> Result<Scores, ToolError> {
    let maps = match by_relevance(entry, &texts, true, cx).await? {
        Some(maps) => maps,
        None => by_scene(entry, texts, true, cx).await?,
    };
    for (text, mapped) in found.texts.iter_mut().zip(maps.texts) {
        text.map = mapped.map;
    }
    Ok(Scores { map_source: maps.map_source, missing: maps.missing, ..found })
}

fn by_matcher(
    matcher: &Matcher,
    image: &RgbImage,
    texts: &[String],
    mapped: bool,
    control: &RunControl,
) -> Result<Scores, ToolError> {
    let matched = matcher.matches(&matcher.pixels(image), texts, control)?;
    let scored =
        |one: super::Matched| Scored { score: one.probability, similarity: None, map: one.map.filter(|_| mapped) };
    let map_source = matcher.map().filter(|_| mapped).map(|kind| format!("{}, {}", kind.name(), matcher.id()));
    let source = format!("matching, {}", matcher.id());
    Ok(Scores {
        texts: matched.into_iter().map(scored).collect(),
        source,
        meaning: MATCHED,
        map_source,
        missing: Vec::new(),
    })
}

fn by_likeness(
    embedder: &Embedder,
    image: &RgbImage,
    texts: &[String],
    control: &RunControl,
) -> Result<Scores, ToolError> {
    let alone = embedder.kind == Kind::Clip && texts.len() == 1;
    let compared: Vec<String> = texts.iter().cloned().chain(alone.then(|| NEUTRAL.to_owned())).collect();
    let (cosines, scale) = embedder.cosines(&embedder.pixels(image), &compared, control)?;
    let shares = scale.probabilities(embedder.kind, &cosines);
    let scored = |(cosine, share): (&f32, &f32)| Scored { score: *share, similarity: Some(*cosine), map: None };
    let meaning = match embedder.kind {
        Kind::Siglip => SIGMOID,
        Kind::Clip if alone => AGAINST_NEUTRAL,
        Kind::Clip => SHARES,
    };
    Ok(Scores {
        texts: cosines.iter().zip(&shares).take(texts.len()).map(scored).collect(),
        source: format!("similarity, {}", embedder.id),
        meaning,
        map_source: None,
        missing: Vec::new(),
    })
}

/// By the maps of CLIPSeg; nothing where it is not available.
async fn by_relevance(
    entry: &ImageEntry,
    texts: &[String],
    mapped: bool,
    cx: &ToolCx,
) -> Result<Option<Scores>, ToolError> {
    let Some(segmenter) = available(TextSegmenter::open(cx).await)? else { return Ok(None) };
    let (pixels, texts): (Arc<DynamicImage>, _) = (entry.pixels.clone(), texts.to_vec());
    let source = format!("relevance, {}", segmenter.id());
    let found = cx
        .blocking(move |control| {
            let image = to_rgb(&pixels);
            let input = segmenter.pixels(&image);
            let mut found = Vec::with_capacity(texts.len());
            for text in texts {
                control.check()?;
                let map = segmenter.relevance(&input, image.dimensions(), text, control)?;
                let score = highest(&map.values);
                found.push(Scored { score, similarity: None, map: mapped.then(|| whole(map)) });
            }
            Ok(found)
        })
        .await?;
    let map_source = mapped.then(|| source.clone());
    Ok(Some(Scores { texts: found, source, meaning: SEEN, map_source, missing: Vec::new() }))
}

fn whole(map: Relevance) -> Grid {
    Grid { rows: map.height as usize, columns: map.width as usize, values: map.values }
}

/// The mean of the highest hundredth: one pixel alone is chance.
fn highest(values: &[f32]) -> f32 {
    let mut values = values.to_vec();
    values.sort_by(|a, b| b.total_cmp(a));
    values.truncate(values.len().div_ceil(TOP));
    values.iter().sum::<f32>() / values.len().max(1) as f32
}

async fn by_scene(entry: &ImageEntry, texts: Vec<String>, mapped: bool, cx: &ToolCx) -> Result<Scores, ToolError> {
    let Findings { objects, lines, colors, missing } = findings(entry, None, cx).await?;
    let scene = Scene {
        size: (entry.width(), entry.height()),
        objects: objects.into_iter().map(|object| (object.label, object.bbox)).collect(),
        lines: lines.into_iter().map(|line| (line.text, line.quad.bounds())).collect(),
        colors: colors.into_iter().map(|(name, _)| name).collect(),
    };
    let pixels = entry.pixels.clone();
    let texts = cx
        .blocking(move |_| {
            let patches = mapped.then(|| Patches::of(&to_rgb(&pixels)));
            let one = |text: &String| {
                let common = composed::common(text, &scene);
                let map = patches.as_ref().map(|patches| composed::relevance(patches, &scene, &common));
                Scored { score: common.share, similarity: None, map }
            };
            Ok(texts.iter().map(one).collect())
        })
        .await?;
    let map_source = mapped.then(|| COMPOSED.to_owned());
    Ok(Scores { texts, source: COMPOSED.into(), meaning: IN_COMMON, map_source, missing })
}

/// The source of what no model for it says.
const COMPOSED: &str = "composed";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_highest_hundredth_counts() {
        let mut values = vec![0.1; 300];
        values[7] = 0.9;
        values[150] = 0.6;
        values[299] = 0.3;
        assert!((highest(&values) - 0.6).abs() < 1e-6);
        assert!((highest(&[0.4]) - 0.4).abs() < 1e-6);
        assert!(highest(&[]).abs() < 1e-6);
    }
}
