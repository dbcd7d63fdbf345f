//! Objects with masks of their own by models with queries, as transformers' `post_process_instance_segmentation` makes them.

use image::RgbImage;
use ndarray::{Array2, ArrayView2, Axis};

use super::{
    Found,
    instance::{INSTANCE, MOST},
    network::{Network, label, sigmoid, softmax},
    panoptic::shared_out,
    queries::Queries,
};
use crate::{
    geom::Rle,
    onnx::{LoadedModel, RunControl},
    tool::ToolError,
};

/// Least score of an object that is told, unless the model's facts say another: that of transformers.
const THRESHOLD: f32 = 0.5;

/// The objects, best first.
///
/// DETR's queries share out the pixels as for a panoptic map. Those of MaskFormer and Mask2Former may overlap: of all pairs of
/// query and class the likeliest, as many as there are queries, each with the mask of its query where that is above 0. The score
/// is the class's times the mean of the mask's own; the mask is grown to the picture by the nearest pixel.
pub(super) fn by_queries(
    model: &LoadedModel,
    queries: &Queries,
    image: &RgbImage,
    min_score: Option<f32>,
    control: &RunControl,
) -> Result<Vec<Found>, ToolError> {
    let network = Network::of(model, INSTANCE)?;
    let threshold = min_score.or(model.facts.threshold).unwrap_or(THRESHOLD);
    let mut objects = if queries.overlap() {
        let tensor = network.tensor(image);
        let mut masks = Vec::new();
        network.run(&tensor, control, &mut |outputs| {
            let (classes, planes) = queries.read(outputs)?;
            // No object has a higher score than its class.
            for (query, class, share) in likeliest(&classes).into_iter().filter(|(_, _, share)| *share >= threshold) {
                let logits = queries.logits(&planes.index_axis(Axis(0), query), control)?;
                let score = share * certainty(&logits);
                if score >= threshold {
                    masks.push((class, score, logits.mapv(|logit| logit > 0.0)));
                }
            }
            Ok(())
        })?;
        control.check()?;
        let found = |(class, score, mask): (usize, f32, Array2<bool>)| {
            Found::new(label(&model.facts, class), score, nearest(&mask, image.dimensions()))
        };
        masks.into_iter().filter_map(found).collect()
    } else {
        shared_out(model, &network, queries, threshold, image, control)?
    };
    objects.sort_by(|one, other| other.score.total_cmp(&one.score));
    objects.truncate(MOST);
    Ok(objects)
}

/// As many pairs of query and class as there are queries, the likeliest: query, class, share. The last class is no object.
fn likeliest(classes: &ArrayView2<'_, f32>) -> Vec<(usize, usize, f32)> {
    let nothing = classes.ncols().saturating_sub(1);
    let mut pairs = Vec::with_capacity(classes.nrows() * nothing);
    for (query, logits) in classes.outer_iter().enumerate() {
        let shares = softmax(logits.iter().copied());
        pairs.extend(shares.into_iter().take(nothing).enumerate().map(|(class, share)| (query, class, share)));
    }
    pairs.sort_by(|one, other| other.2.total_cmp(&one.2));
    pairs.truncate(classes.nrows());
    pairs
}

/// The mean probability of a mask where it is above one half.
fn certainty(logits: &Array2<f32>) -> f32 {
    let inside = logits.iter().filter(|logit| **logit > 0.0);
    let (sum, count) = inside.fold((0.0, 0.0), |(sum, count), logit| (sum + sigmoid(*logit), count + 1.0));
    sum / (count + 1e-6)
}

/// A mask at the size of its picture: for each pixel that of the mask above and left of it.
fn nearest(mask: &Array2<bool>, (width, height): (u32, u32)) -> Rle {
    let sources = |from: usize, to: u32| -> Vec<usize> {
        let scale = from as f32 / to as f32;
        (0..to).map(|index| ((index as f32 * scale) as usize).min(from - 1)).collect()
    };
    let (rows, columns) = (sources(mask.nrows(), height), sources(mask.ncols(), width));
    let any = |axis: usize, index: usize| mask.index_axis(Axis(axis), index).iter().any(|inside| *inside);
    let range = |sources: &[usize], axis: usize| {
        let lines: Vec<bool> = (0..mask.len_of(Axis(axis))).map(|index| any(axis, index)).collect();
        let mut inside = (0_u32..).zip(sources).filter(|(_, source)| lines[**source]).map(|(at, _)| at);
        let first = inside.next().unwrap_or_default();
        (first, inside.last().map_or(1, |last| last - first + 1))
    };
    let ((top, down), (left, across)) = (range(&rows, 0), range(&columns, 1));
    Rle::within((width, height), (left, top, across, down), |x, y| mask[[rows[y as usize], columns[x as usize]]])
}

#[cfg(test)]
mod tests {
    use ndarray::arr2;

    use super::*;

    #[test]
    fn a_mask_grows_by_the_pixel_above_and_left() {
        // F.interpolate(torch.tensor([[[[0., 1.], [0., 0.]]]]), (3, 5), mode="nearest") has ones in rows 0, 1 and columns 3, 4.
        let mask = nearest(&arr2(&[[false, true], [false, false]]), (5, 3));
        assert_eq!((mask.size, mask.counts), ([3, 5], vec![9, 2, 1, 2, 1]));
        assert_eq!(nearest(&arr2(&[[false, false]]), (4, 4)).area(), 0);
        assert_eq!(nearest(&arr2(&[[true, true], [false, true]]), (1, 1)).area(), 1);
    }

    #[test]
    fn a_query_may_speak_for_two_classes() {
        let pairs = likeliest(&arr2(&[[2.0, 1.9, -9.0], [-3.0, 0.0, 4.0]]).view());
        let found: Vec<(usize, usize)> = pairs.iter().map(|(query, class, _)| (*query, *class)).collect();
        assert_eq!(found, [(0, 0), (0, 1)]);
        assert!((certainty(&arr2(&[[0.0, -5.0], [100.0, -1.0]])) - 1.0).abs() < 1e-5);
        assert!(certainty(&arr2(&[[-1.0, -5.0]])) < 1e-6);
    }
}
