//! From a request to masks: which models answer it, and what stands in for those that are not there.

use std::sync::Arc;

use image::{GrayImage, RgbImage};

use super::{
    Found, INSTANCE, PANOPTIC, Prompt, Promptable, SEMANTIC, SegmentKind, instances, object_mask, panoptic,
    request::Request, semantic,
};
use crate::{
    geom::Rle,
    image::{ImageEntry, Region, RegionKind, to_rgb},
    labels,
    onnx::{LoadedModel, RunControl},
    tool::{ImageArg, RegionArg, Tool, ToolCx, ToolError, ToolErrorKind},
    vision::{
        detect::{Detect, DetectInput, has_masks},
        draw::marked_by,
        relevance::relevance,
    },
};

/// Objects found by a detector that get a mask, the most certain first.
const MOST_NAMED: usize = 24;
/// Parts of a whole picture that are told.
const MOST_PARTS: usize = 64;

/// One part, and the handle that it has already.
pub(super) type Part = (Found, Option<String>);

/// What was made of a picture.
pub(super) enum Made {
    /// The opacity of the one object that stands out.
    Salient(GrayImage),
    /// What was asked for, and what kind of region each part is.
    Asked(Vec<Part>, RegionKind),
    /// All that the picture has.
    Everything(Vec<Part>, RegionKind),
}

type Segmenter = fn(&LoadedModel, &RgbImage, &RunControl) -> Result<Vec<Found>, ToolError>;

/// Segments as asked.
pub(super) async fn make(cx: &ToolCx, entry: &ImageEntry, request: &Request) -> Result<Made, ToolError> {
    match request {
        Request::Salient(region) => salient(cx, entry, region.as_ref()).await,
        Request::Prompt(prompt, region) => match (promptable(cx).await, region) {
            (Ok(model), _) => {
                let label = region.as_ref().map_or("object", label_of);
                let handle = region.as_ref().and_then(|region| handle_of(region, entry));
                let found = answer(cx, entry, &model, prompt.clone(), label).await?;
                Ok(Made::Asked(found.map(|found| (found, handle)).into_iter().collect(), RegionKind::Object))
            }
            (Err(error), Some(region)) if is_missing(&error) && prompt.points.is_empty() => {
                salient(cx, entry, Some(region)).await
            }
            (Err(error), _) if is_missing(&error) => Err(ToolError {
                feedback:
                    "no model that understands points is available here; give a region, such as a handle, a label or a \
                           box, instead of the point"
                        .into(),
                ..error
            }),
            (Err(error), _) => Err(error),
        },
        Request::Named(phrase) => Ok(Made::Asked(named(cx, entry, phrase).await?, RegionKind::Object)),
        Request::All(kind, phrase) => everything(cx, entry, *kind, phrase.as_deref()).await,
    }
}

async fn salient(cx: &ToolCx, entry: &ImageEntry, region: Option<&Region>) -> Result<Made, ToolError> {
    let model = cx.model("segment").await?;
    let (pixels, focus) = (entry.pixels.clone(), region.map(|region| region.bbox));
    let mask = cx.blocking(move |control| object_mask(&model, &to_rgb(&pixels), focus, control)).await?;
    Ok(Made::Salient(mask))
}

/// The model that takes points and boxes.
async fn promptable(cx: &ToolCx) -> Result<Arc<Promptable>, ToolError> {
    Promptable::load(cx).await.map(Arc::new)
}

fn is_missing(error: &ToolError) -> bool {
    error.kind == ToolErrorKind::ModelUnavailable
}

/// What is available; `None` for a model that is not.
fn available<T>(result: Result<T, ToolError>) -> Result<Option<T>, ToolError> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(error) if is_missing(&error) => {
            tracing::debug!("{error}");
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

async fn answer(
    cx: &ToolCx,
    entry: &ImageEntry,
    model: &Arc<Promptable>,
    prompt: Prompt,
    label: &str,
) -> Result<Option<Found>, ToolError> {
    let (model, pixels, label) = (model.clone(), entry.pixels.clone(), label.to_owned());
    cx.blocking(move |control| {
        let picture = to_rgb(&pixels);
        let embedding = model.embedding(&picture, control)?;
        control.check()?;
        let answer = model.answer(&embedding, picture.dimensions(), &prompt, control)?;
        Ok(Found::new(label, answer.score.clamp(0.0, 1.0), Rle::of(&answer.mask)))
    })
    .await
}

/// What a region shows, as a label; areas without a name are objects.
fn label_of(region: &Region) -> &str {
    match region.label.as_str() {
        "area" | "image" | "subject" => "object",
        label if region.kind != RegionKind::Line => label,
        _ => "object",
    }
}

/// The handle of a region that has one of its own.
fn handle_of(region: &Region, entry: &ImageEntry) -> Option<String> {
    Some(region.handle.clone()).filter(|handle| *handle != entry.handle)
}

/// All that a phrase names.
///
/// Each object that the detector finds under the phrase, and each known region of that label, gets the mask of its box. What
/// neither knows is left to a model that finds the pixels of a phrase by itself (role `segment_text`), if there is one.
async fn named(cx: &ToolCx, entry: &ImageEntry, phrase: &str) -> Result<Vec<Part>, ToolError> {
    let known = marked_by(cx, entry, &RegionArg::Name(phrase.to_owned())).unwrap_or_default();
    let known: Vec<Region> = known.into_iter().filter(|region| region.kind != RegionKind::Line).collect();
    let input = DetectInput::named(ImageArg(Some(entry.handle.clone())), phrase);
    let mut regions = match detected(cx, entry, input).await {
        Ok(found) => found,
        // What the detector does not know, another tool may have found.
        Err(error) if !known.is_empty() && (is_missing(&error) || error.kind == ToolErrorKind::InvalidInput) => {
            Vec::new()
        }
        Err(error) if is_missing(&error) || error.kind == ToolErrorKind::InvalidInput => {
            return by_words(cx, entry, phrase).await?.ok_or(error);
        }
        Err(error) => return Err(error),
    };
    let others = known.into_iter().filter(|one| regions.iter().all(|other| other.handle != one.handle));
    regions.extend(others.collect::<Vec<_>>());
    masked(cx, entry, regions).await
}

/// How surely a pixel is what a phrase says, at least.
const SURE: f32 = 0.4;

/// The pixels of a phrase, as one part; `None` where no model can tell them.
async fn by_words(cx: &ToolCx, entry: &ImageEntry, phrase: &str) -> Result<Option<Vec<Part>>, ToolError> {
    let Some(maps) = available(relevance(cx, &entry.pixels, &[phrase.to_owned()]).await)? else { return Ok(None) };
    let found = maps.into_iter().filter_map(|map| {
        let most = map.values.iter().copied().fold(0.0, f32::max);
        Found::new(phrase.to_owned(), most.clamp(0.0, 1.0), Rle::of(&map.mask(SURE)))
    });
    Ok(Some(found.map(|found| (found, None)).collect()))
}

/// The regions that the detector finds, best first.
async fn detected(cx: &ToolCx, entry: &ImageEntry, input: DetectInput) -> Result<Vec<Region>, ToolError> {
    let found = Detect.call(input, cx).await?;
    let known = cx.images.regions(&entry.handle);
    let of = |handle: &String| known.iter().find(|region| region.handle == *handle).cloned();
    Ok(found.objects.iter().filter_map(|object| of(&object.handle)).collect())
}

/// Each region's object with its mask.
async fn masked(cx: &ToolCx, entry: &ImageEntry, regions: Vec<Region>) -> Result<Vec<Part>, ToolError> {
    if regions.is_empty() {
        return Ok(Vec::new());
    }
    let model = available(promptable(cx).await)?;
    let mut parts = Vec::new();
    for region in regions.iter().take(MOST_NAMED) {
        let found = match &model {
            Some(model) => {
                let prompt = Prompt { points: Vec::new(), bbox: Some(region.bbox) };
                answer(cx, entry, model, prompt, label_of(region)).await?
            }
            None => match salient(cx, entry, Some(region)).await? {
                Made::Salient(mask) => Found::new(label_of(region).to_owned(), region.score, Rle::of(&mask)),
                _ => None,
            },
        };
        parts.extend(found.map(|found| (Found { score: region.score, ..found }, handle_of(region, entry))));
    }
    Ok(parts)
}

async fn everything(
    cx: &ToolCx,
    entry: &ImageEntry,
    kind: SegmentKind,
    phrase: Option<&str>,
) -> Result<Made, ToolError> {
    let (model, segment): (_, Segmenter) = match kind {
        SegmentKind::Semantic => (cx.model(SEMANTIC).await?, semantic),
        SegmentKind::Panoptic => (cx.model(PANOPTIC).await?, panoptic),
        SegmentKind::Salient | SegmentKind::Instance => match drawing_detector(cx).await? {
            Some(model) => (model, |model, image, control| instances(model, image, None, control)),
            None => return boxed_instances(cx, entry, phrase).await,
        },
    };
    let wanted = phrase.map(|phrase| classes(&model, phrase)).transpose()?;
    let pixels = entry.pixels.clone();
    let found: Vec<Found> = cx.blocking(move |control| segment(&model, &to_rgb(&pixels), control)).await?;
    let takes = |found: &Found| wanted.as_ref().is_none_or(|wanted| wanted.contains(&found.label));
    let parts: Vec<Part> = found.into_iter().filter(takes).take(MOST_PARTS).map(|found| (found, None)).collect();
    let region = if kind == SegmentKind::Instance { RegionKind::Object } else { RegionKind::Area };
    Ok(if phrase.is_some() { Made::Asked(parts, region) } else { Made::Everything(parts, region) })
}

/// A model that draws masks of objects: one of that role, or the detector if it does.
async fn drawing_detector(cx: &ToolCx) -> Result<Option<Arc<LoadedModel>>, ToolError> {
    if let Some(model) = available(cx.model(INSTANCE).await)? {
        return Ok(Some(model));
    }
    Ok(available(cx.model("detect").await)?.filter(|model| has_masks(model)))
}

/// Objects from the boxes of a detector, each with the mask of its box.
async fn boxed_instances(cx: &ToolCx, entry: &ImageEntry, phrase: Option<&str>) -> Result<Made, ToolError> {
    let image = ImageArg(Some(entry.handle.clone()));
    let input = match phrase {
        Some(phrase) => DetectInput::named(image, phrase),
        None => DetectInput::everything(image),
    };
    let regions = detected(cx, entry, input).await?;
    let parts = masked(cx, entry, regions).await?;
    Ok(if phrase.is_some() {
        Made::Asked(parts, RegionKind::Object)
    } else {
        Made::Everything(parts, RegionKind::Object)
    })
}

/// The classes of a model that a phrase names.
fn classes(model: &LoadedModel, phrase: &str) -> Result<Vec<String>, ToolError> {
    let known = match &model.facts.labels {
        labels if labels.is_empty() => crate::vision::detect::class_names(model).unwrap_or_default(),
        labels => labels.clone(),
    };
    let wanted: Vec<String> = labels::matches(phrase, &known).into_iter().map(|index| known[index].clone()).collect();
    if wanted.is_empty() {
        return Err(ToolError::invalid_input(format!(
            "the segmenter does not know {phrase}; it knows: {}",
            known.join(", ")
        )));
    }
    Ok(wanted)
}
