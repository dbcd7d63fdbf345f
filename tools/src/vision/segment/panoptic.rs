//! Things and stuff, each pixel at most one of them: DETR with masks, MaskFormer and their like.

use image::RgbImage;
use ndarray::{Array3, ArrayView2, Axis};

use super::{
    Found,
    bilinear::{Grown, winners},
    found::masks_of,
    network::{Network, label, sigmoid, softmax, unfit},
    queries::Queries,
};
use crate::{
    onnx::{LoadedModel, RunControl},
    tool::ToolError,
};

/// The role of models that tell things and stuff apart.
pub const PANOPTIC: &str = "segment_panoptic";

/// Least certainty of a query that is heard, unless the model's facts say another: that of DETR's authors.
const THRESHOLD: f32 = 0.85;
/// A pixel belongs to a query's own mask from this value on.
const MASK_THRESHOLD: f32 = 0.5;
/// A query that keeps no more than this share of its own mask against the others is dropped.
const OVERLAP: f32 = 0.8;

/// The parts of a picture, in the order of the model's queries. Blocking.
///
/// As transformers' `post_process_panoptic_segmentation` does it, without fusing parts of one class: of the queries that
/// are certain enough each pixel goes to the one whose mask, grown to the picture and times its score, is the greatest;
/// queries that lose too much of their mask to others are dropped, and their pixels belong to none.
pub fn panoptic(model: &LoadedModel, image: &RgbImage, control: &RunControl) -> Result<Vec<Found>, ToolError> {
    let Some(queries) = Queries::of(model.model.signature(), &model.facts) else {
        let why = "expected class_queries_logits with masks_queries_logits, or logits with pred_masks";
        return Err(unfit(model, PANOPTIC, why));
    };
    let network = Network::of(model, PANOPTIC)?;
    shared_out(model, &network, &queries, model.facts.threshold.unwrap_or(THRESHOLD), image, control)
}

/// The parts of a picture, no pixel in two of them, of the queries above a threshold.
pub(super) fn shared_out(
    model: &LoadedModel,
    network: &Network<'_>,
    queries: &Queries,
    threshold: f32,
    image: &RgbImage,
    control: &RunControl,
) -> Result<Vec<Found>, ToolError> {
    let tensor = network.tensor(image);
    let (mut kept, mut weighted) = (Vec::new(), Array3::zeros((0, 0, 0)));
    network.run(&tensor, control, &mut |outputs| {
        let (classes, masks) = queries.read(outputs)?;
        kept = certain(&classes, threshold);
        let (_, height, width) = masks.dim();
        let (height, width) = queries.size((height, width));
        weighted = Array3::zeros((kept.len(), height, width));
        for (mut plane, (query, _, score)) in weighted.outer_iter_mut().zip(&kept) {
            let logits = queries.logits(&masks.index_axis(Axis(0), *query), control)?;
            plane.assign(&logits.mapv(|logit| sigmoid(logit) * score));
        }
        Ok(())
    })?;
    control.check()?;
    if kept.is_empty() {
        return Ok(Vec::new());
    }
    let size = image.dimensions();
    let masks = masks_of(&winners(&weighted.view(), size, control)?, size, kept.len());
    let mut parts = Vec::new();
    for ((mask, own), (_, class, score)) in masks.into_iter().zip(weighted.outer_iter()).zip(&kept) {
        let Some(mask) = mask else { continue };
        let values: Vec<f32> = own.iter().copied().collect();
        let (height, width) = own.dim();
        let mut pixels = 0_u64;
        Grown::new(&values, (width, height), size).each_row(control, |_, row| {
            pixels += row.iter().filter(|value| **value >= MASK_THRESHOLD).count() as u64;
        })?;
        if pixels > 0 && mask.area() as f32 / pixels as f32 > OVERLAP {
            parts.extend(Found::new(label(&model.facts, *class), *score, mask));
        }
    }
    Ok(parts)
}

/// The queries that are certain of a class above the threshold: number, class, score. The last class is no object.
fn certain(classes: &ArrayView2<'_, f32>, threshold: f32) -> Vec<(usize, usize, f32)> {
    let nothing = classes.ncols().saturating_sub(1);
    let best = classes.outer_iter().enumerate().filter_map(|(query, logits)| {
        let shares = softmax(logits.iter().copied());
        let (class, score) = shares.into_iter().enumerate().max_by(|a, b| a.1.total_cmp(&b.1))?;
        Some((query, class, score))
    });
    best.filter(|(_, class, score)| *class != nothing && *score > threshold).collect()
}
