//! Every pixel a class: SegFormer and its like, and what queries of MaskFormer or DETR add up to.

use image::RgbImage;
use ndarray::{Array3, ArrayView2, ArrayView3};

use super::{
    Found,
    bilinear::winners,
    found::masks_of,
    network::{Network, label, planes, sigmoid, softmax, unfit},
    queries::Queries,
};
use crate::{
    onnx::{Dim, LoadedModel, ModelError, RunControl, Signature},
    tool::ToolError,
};

/// The role of models that give every pixel a class.
pub const SEMANTIC: &str = "segment_semantic";

/// The parts of a picture by class, largest first: a model with `logits` `[1, classes, height, width]` (SegFormer), whose
/// greatest interpolated logit decides for each pixel; or one with queries (MaskFormer, DETR). A part's score is the mean
/// probability of its class where it wins at the model's own resolution. Blocking.
pub fn semantic(model: &LoadedModel, image: &RgbImage, control: &RunControl) -> Result<Vec<Found>, ToolError> {
    let network = Network::of(model, SEMANTIC)?;
    let signature = model.model.signature();
    let queries = Queries::of(signature, &model.facts);
    let maps = signature.outputs.iter().find(|output| output.dims.len() == 4).map(|output| output.name.clone());
    let Some(maps) = maps else {
        return Err(unfit(model, SEMANTIC, "no output is a map [batch, classes, height, width]"));
    };
    let tensor = network.tensor(image);
    let mut scores = Array3::zeros((0, 0, 0));
    network.run(&tensor, control, &mut |outputs| {
        scores = match &queries {
            Some(queries) => {
                let (classes, masks) = queries.read(outputs)?;
                class_maps(queries, &classes, &masks, control)?
            }
            None => planes(outputs.f32(&maps)?, &maps)?.to_owned(),
        };
        Ok(())
    })?;
    control.check()?;
    let count = scores.dim().0;
    if count > usize::from(u16::MAX) {
        return Err(ModelError::new(format!("{} answered {count} classes", model.id)).into());
    }
    let sure = certainty(&scores, queries.is_none());
    let map = winners(&scores.view(), image.dimensions(), control)?;
    let masks = masks_of(&map, image.dimensions(), count).into_iter().enumerate();
    let parts = masks.filter_map(|(class, mask)| Found::new(label(&model.facts, class), sure[class], mask?));
    let mut parts: Vec<Found> = parts.collect();
    parts.sort_by_key(|part| std::cmp::Reverse(part.mask.area()));
    Ok(parts)
}

/// For each class the sum over all queries of its probability times that of the mask, without the class of no object.
fn class_maps(
    queries: &Queries,
    classes: &ArrayView2<'_, f32>,
    masks: &ArrayView3<'_, f32>,
    control: &RunControl,
) -> Result<Array3<f32>, ModelError> {
    let (_, height, width) = masks.dim();
    let (height, width) = queries.size((height, width));
    let mut maps = Array3::zeros((classes.ncols().saturating_sub(1), height, width));
    for (logits, mask) in classes.outer_iter().zip(masks.outer_iter()) {
        let mask = queries.logits(&mask, control)?.mapv(sigmoid);
        for (mut map, share) in maps.outer_iter_mut().zip(softmax(logits.iter().copied())) {
            map.scaled_add(share, &mask);
        }
    }
    Ok(maps)
}

/// For each class its mean probability where it is the likeliest; its greatest where it nowhere is.
fn certainty(scores: &Array3<f32>, logits: bool) -> Vec<f32> {
    let (count, height, width) = scores.dim();
    let (mut sums, mut most) = (vec![(0.0_f32, 0.0_f32); count], vec![0.0_f32; count]);
    for (y, x) in (0..height).flat_map(|y| (0..width).map(move |x| (y, x))) {
        let here = scores.slice(ndarray::s![.., y, x]);
        let shares = if logits {
            softmax(here.iter().copied())
        } else {
            let sum = here.sum().max(f32::MIN_POSITIVE);
            here.iter().map(|value| value / sum).collect()
        };
        let best = shares.iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1));
        if let Some((class, share)) = best {
            sums[class] = (sums[class].0 + share, sums[class].1 + 1.0);
        }
        for (most, share) in most.iter_mut().zip(&shares) {
            *most = most.max(*share);
        }
    }
    sums.iter().zip(most).map(|((sum, pixels), most)| if *pixels > 0.0 { sum / pixels } else { most }).collect()
}

/// Whether a graph gives one map of classes, `logits` `[batch, classes, height, width]`.
pub(in crate::vision) fn is_semantic(signature: &Signature) -> bool {
    let [output] = signature.outputs.as_slice() else { return false };
    output.dims.len() == 4 && output.name == "logits" && output.dims[1] != Dim::Fixed(1)
}
