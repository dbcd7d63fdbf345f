//! Raw outputs to boxes of the picture.

use ndarray::{Array2, ArrayView2, ArrayViewD, Axis, Ix2};

use super::family::{Decoder, Family};
use crate::{
    geom::{BBox, Candidate, nms},
    image::Mapping,
    onnx::{ModelError, Outputs},
};

/// Most boxes that one picture gives, as Ultralytics has it.
const LIMIT: usize = 300;
/// Boxes that enter NMS at most.
const BEFORE_NMS: usize = 30_000;

pub(super) fn decode(
    family: &Family,
    outputs: &Outputs<'_>,
    threshold: f32,
    mapping: &Mapping,
) -> Result<Vec<Candidate>, ModelError> {
    let mut found = match family.decoder {
        Decoder::Yolo => yolo(&plane(outputs.f32_at(0)?)?, threshold),
        Decoder::EndToEnd => end_to_end(&plane(outputs.f32_at(0)?)?, threshold),
        Decoder::YoloX => yolox(&plane(outputs.f32_at(0)?)?, threshold, family)?,
        Decoder::Mmdeploy => mmdeploy(outputs, threshold)?,
        Decoder::Detr => return detr(outputs, threshold, mapping),
        Decoder::DetrPost => return detr_post(outputs, threshold, mapping),
    };
    if family.iou < 1.0 {
        found.sort_by(|a, b| b.score.total_cmp(&a.score));
        found.truncate(BEFORE_NMS);
        found = nms(found, family.iou, LIMIT);
    } else {
        found.sort_by(|a, b| b.score.total_cmp(&a.score));
        found.truncate(LIMIT);
    }
    for candidate in &mut found {
        candidate.bbox = mapping.to_image(candidate.bbox);
    }
    Ok(found)
}

/// The first item of a batch: `[1, a, b]` as `[a, b]`.
fn plane(values: ArrayViewD<'_, f32>) -> Result<ArrayView2<'_, f32>, ModelError> {
    let shape = values.shape().to_vec();
    let wrong = || ModelError::new(format!("the detector's output has the shape {shape:?}, expected [1, a, b]"));
    if shape.len() != 3 || shape[0] == 0 {
        return Err(wrong());
    }
    values.index_axis_move(Axis(0), 0).into_dimensionality::<Ix2>().map_err(|_| wrong())
}

fn yolo(output: &ArrayView2<'_, f32>, threshold: f32) -> Vec<Candidate> {
    let anchors = output.ncols();
    // Class by class along memory: the best class of every anchor without walking columns.
    let mut best = vec![(threshold, usize::MAX); anchors];
    for (class, scores) in output.outer_iter().skip(4).enumerate() {
        for (slot, &score) in best.iter_mut().zip(scores) {
            if score > slot.0 {
                *slot = (score, class);
            }
        }
    }
    let found = best.into_iter().enumerate().filter(|(_, (_, class))| *class != usize::MAX);
    found
        .map(|(anchor, (score, class))| {
            let at = |row: usize| output[[row, anchor]];
            Candidate { bbox: BBox::from_center(at(0), at(1), at(2), at(3)), score, class }
        })
        .collect()
}

fn end_to_end(output: &ArrayView2<'_, f32>, threshold: f32) -> Vec<Candidate> {
    let rows = output.outer_iter().filter(|row| row[4] > threshold);
    rows.map(|row| Candidate {
        bbox: BBox { x1: row[0], y1: row[1], x2: row[2], y2: row[3] },
        score: row[4],
        class: row[5].max(0.0) as usize,
    })
    .collect()
}

fn yolox(output: &ArrayView2<'_, f32>, threshold: f32, family: &Family) -> Result<Vec<Candidate>, ModelError> {
    let mut cells = Vec::with_capacity(output.nrows());
    for stride in [8u32, 16, 32] {
        let (columns, rows) = (family.preprocess.width / stride, family.preprocess.height / stride);
        cells.extend((0..rows).flat_map(|y| (0..columns).map(move |x| (x as f32, y as f32, stride as f32))));
    }
    if cells.len() != output.nrows() {
        return Err(ModelError::new(format!(
            "the YOLOX output has {} rows; grids of stride 8, 16 and 32 on {} x {} have {}",
            output.nrows(),
            family.preprocess.width,
            family.preprocess.height,
            cells.len()
        )));
    }
    let mut found = Vec::new();
    for (row, (x, y, stride)) in output.outer_iter().zip(cells) {
        let classes = row.iter().skip(5).enumerate();
        let Some((class, best)) = classes.max_by(|a, b| a.1.total_cmp(b.1)) else { continue };
        let score = row[4] * best;
        if score > threshold {
            let (cx, cy) = ((row[0] + x) * stride, (row[1] + y) * stride);
            let bbox = BBox::from_center(cx, cy, row[2].exp() * stride, row[3].exp() * stride);
            found.push(Candidate { bbox, score, class });
        }
    }
    Ok(found)
}

fn mmdeploy(outputs: &Outputs<'_>, threshold: f32) -> Result<Vec<Candidate>, ModelError> {
    let boxes = plane(outputs.f32("dets")?)?;
    let labels = outputs.i64("labels")?;
    let rows = boxes.outer_iter().zip(labels.iter()).filter(|(row, _)| row[4] > threshold);
    Ok(rows
        .map(|(row, &class)| Candidate {
            bbox: BBox { x1: row[0], y1: row[1], x2: row[2], y2: row[3] },
            score: row[4],
            class: usize::try_from(class).unwrap_or(usize::MAX),
        })
        .collect())
}

/// Sigmoid, the best 300 of all query and class pairs, boxes scaled by the picture; no NMS.
fn detr(outputs: &Outputs<'_>, threshold: f32, mapping: &Mapping) -> Result<Vec<Candidate>, ModelError> {
    let logits = plane(outputs.f32("logits")?)?;
    let boxes: Array2<f32> = plane(outputs.f32("pred_boxes")?)?.to_owned();
    let (width, height) = (mapping.width as f32, mapping.height as f32);
    let mut found = Vec::new();
    for ((query, class), &logit) in logits.indexed_iter() {
        let score = 1.0 / (1.0 + (-logit).exp());
        if score > threshold {
            let (cx, cy) = (boxes[[query, 0]] * width, boxes[[query, 1]] * height);
            let bbox = BBox::from_center(cx, cy, boxes[[query, 2]] * width, boxes[[query, 3]] * height);
            found.push(Candidate { bbox: bbox.clamp(mapping.width, mapping.height), score, class });
        }
    }
    found.sort_by(|a, b| b.score.total_cmp(&a.score));
    found.truncate(LIMIT);
    Ok(found)
}

fn detr_post(outputs: &Outputs<'_>, threshold: f32, mapping: &Mapping) -> Result<Vec<Candidate>, ModelError> {
    let boxes = plane(outputs.f32("boxes")?)?;
    let (labels, scores) = (outputs.i64("labels")?, outputs.f32("scores")?);
    let mut found: Vec<Candidate> = boxes
        .outer_iter()
        .zip(labels.iter().zip(scores.iter()))
        .filter(|(_, (_, score))| **score > threshold)
        .map(|(row, (&class, &score))| {
            let bbox = BBox { x1: row[0], y1: row[1], x2: row[2], y2: row[3] };
            let class = usize::try_from(class).unwrap_or(usize::MAX);
            Candidate { bbox: bbox.clamp(mapping.width, mapping.height), score, class }
        })
        .collect();
    found.sort_by(|a, b| b.score.total_cmp(&a.score));
    found.truncate(LIMIT);
    Ok(found)
}
