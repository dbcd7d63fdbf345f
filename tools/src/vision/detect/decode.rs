//! Raw outputs to boxes of the picture.

use ndarray::{ArrayView1, ArrayView2, ArrayViewD, Axis, Ix2};

use super::family::{Decoder, Family};
use crate::{
    geom::{BBox, Candidate, nms_by},
    image::Mapping,
    onnx::{ModelError, Outputs},
};

/// Most boxes that one picture gives, as Ultralytics has it.
const LIMIT: usize = 300;
/// Boxes that enter NMS at most.
const BEFORE_NMS: usize = 30_000;

/// A box, and the row (anchor or query) of the output that it came from.
pub(super) type Row = (Candidate, usize);

pub(super) fn decode(
    family: &Family,
    outputs: &Outputs<'_>,
    threshold: f32,
    mapping: &Mapping,
) -> Result<Vec<Row>, ModelError> {
    let mut found = match family.decoder {
        Decoder::Yolo => yolo(&plane(outputs.f32_at(0)?)?, threshold, family.coefficients),
        Decoder::EndToEnd => end_to_end(&plane(outputs.f32_at(0)?)?, threshold),
        Decoder::YoloV5 => yolov5(&plane(outputs.f32_at(0)?)?, threshold, family.coefficients),
        Decoder::YoloX => yolox(&plane(outputs.f32_at(0)?)?, threshold, family)?,
        Decoder::Mmdeploy => mmdeploy(outputs, threshold)?,
        Decoder::Detr => return detr(outputs, family.detr, threshold, mapping),
        Decoder::DetrSoftmax => return detr_softmax(outputs, family.detr, threshold, mapping),
        Decoder::DetrPost => return detr_post(outputs, threshold, mapping),
    };
    found.sort_by(|(a, _), (b, _)| b.score.total_cmp(&a.score));
    if family.iou < 1.0 {
        found.truncate(BEFORE_NMS);
        found = nms_by(found, |(candidate, _)| *candidate, family.iou, LIMIT);
    } else {
        found.truncate(LIMIT);
    }
    for (candidate, _) in &mut found {
        candidate.bbox = mapping.to_image(candidate.bbox);
    }
    Ok(found)
}

/// The coefficients of the mask of a row.
pub(super) fn coefficients(family: &Family, outputs: &Outputs<'_>, row: usize) -> Result<Vec<f32>, ModelError> {
    let output = plane(outputs.f32_at(0)?)?;
    let values = if family.decoder == Decoder::Yolo { output.column(row) } else { output.row(row) };
    Ok(values.iter().skip(values.len().saturating_sub(family.coefficients)).copied().collect())
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

fn yolo(output: &ArrayView2<'_, f32>, threshold: f32, coefficients: usize) -> Vec<Row> {
    let (anchors, classes) = (output.ncols(), output.nrows().saturating_sub(4 + coefficients));
    // Class by class along memory: the best class of every anchor without walking columns.
    let mut best = vec![(threshold, usize::MAX); anchors];
    for (class, scores) in output.outer_iter().skip(4).take(classes).enumerate() {
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
            (Candidate { bbox: BBox::from_center(at(0), at(1), at(2), at(3)), score, class }, anchor)
        })
        .collect()
}

fn end_to_end(output: &ArrayView2<'_, f32>, threshold: f32) -> Vec<Row> {
    let rows = output.outer_iter().enumerate().filter(|(_, row)| row[4] > threshold);
    rows.map(|(index, row)| {
        let bbox = BBox { x1: row[0], y1: row[1], x2: row[2], y2: row[3] };
        (Candidate { bbox, score: row[4], class: row[5].max(0.0) as usize }, index)
    })
    .collect()
}

/// The likeliest class of a row that has its classes from the sixth value on, and its probability.
fn best_class(row: &ArrayView1<'_, f32>, coefficients: usize) -> Option<(usize, f32)> {
    let classes = row.len().saturating_sub(5 + coefficients);
    row.iter().skip(5).take(classes).copied().enumerate().max_by(|a, b| a.1.total_cmp(&b.1))
}

fn yolov5(output: &ArrayView2<'_, f32>, threshold: f32, coefficients: usize) -> Vec<Row> {
    let mut found = Vec::new();
    for (index, row) in output.outer_iter().enumerate().filter(|(_, row)| row[4] > threshold) {
        let Some((class, best)) = best_class(&row, coefficients) else { continue };
        let score = row[4] * best;
        if score > threshold {
            let bbox = BBox::from_center(row[0], row[1], row[2], row[3]);
            found.push((Candidate { bbox, score, class }, index));
        }
    }
    found
}

fn yolox(output: &ArrayView2<'_, f32>, threshold: f32, family: &Family) -> Result<Vec<Row>, ModelError> {
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
    for (index, (row, (x, y, stride))) in output.outer_iter().zip(cells).enumerate() {
        let Some((class, best)) = best_class(&row, 0) else { continue };
        let score = row[4] * best;
        if score > threshold {
            let (cx, cy) = ((row[0] + x) * stride, (row[1] + y) * stride);
            let bbox = BBox::from_center(cx, cy, row[2].exp() * stride, row[3].exp() * stride);
            found.push((Candidate { bbox, score, class }, index));
        }
    }
    Ok(found)
}

fn mmdeploy(outputs: &Outputs<'_>, threshold: f32) -> Result<Vec<Row>, ModelError> {
    let boxes = plane(outputs.f32("dets")?)?;
    let labels = outputs.i64("labels")?;
    let rows = boxes.outer_iter().zip(labels.iter()).enumerate().filter(|(_, (row, _))| row[4] > threshold);
    Ok(rows
        .map(|(index, (row, &class))| {
            let bbox = BBox { x1: row[0], y1: row[1], x2: row[2], y2: row[3] };
            (Candidate { bbox, score: row[4], class: usize::try_from(class).unwrap_or(usize::MAX) }, index)
        })
        .collect())
}

/// A query's box in the picture.
fn query_box(row: &ArrayView1<'_, f32>, mapping: &Mapping) -> BBox {
    let (width, height) = (mapping.width as f32, mapping.height as f32);
    let bbox = BBox::from_center(row[0] * width, row[1] * height, row[2] * width, row[3] * height);
    bbox.clamp(mapping.width, mapping.height)
}

/// Sigmoid, of all pairs of query and class as many as there are queries, boxes scaled by the picture; no NMS.
fn detr(
    outputs: &Outputs<'_>,
    (logits, boxes): (&str, &str),
    threshold: f32,
    mapping: &Mapping,
) -> Result<Vec<Row>, ModelError> {
    let (logits, boxes) = (plane(outputs.f32(logits)?)?, plane(outputs.f32(boxes)?)?);
    let mut found = Vec::new();
    for ((query, class), &logit) in logits.indexed_iter() {
        let score = 1.0 / (1.0 + (-logit).exp());
        if score > threshold {
            found.push((Candidate { bbox: query_box(&boxes.row(query), mapping), score, class }, query));
        }
    }
    found.sort_by(|(a, _), (b, _)| b.score.total_cmp(&a.score));
    found.truncate(LIMIT.min(logits.nrows()));
    Ok(found)
}

/// Softmax with a last class for no object; the best class of each query, boxes scaled by the picture; no NMS.
fn detr_softmax(
    outputs: &Outputs<'_>,
    (logits, boxes): (&str, &str),
    threshold: f32,
    mapping: &Mapping,
) -> Result<Vec<Row>, ModelError> {
    let (logits, boxes) = (plane(outputs.f32(logits)?)?, plane(outputs.f32(boxes)?)?);
    let mut found = Vec::new();
    for (query, row) in logits.outer_iter().enumerate() {
        let most = row.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        let sum: f32 = row.iter().map(|logit| (logit - most).exp()).sum();
        let classes = row.iter().take(row.len().saturating_sub(1)).enumerate();
        let Some((class, logit)) = classes.max_by(|a, b| a.1.total_cmp(b.1)) else { continue };
        let score = (logit - most).exp() / sum;
        if score > threshold {
            found.push((Candidate { bbox: query_box(&boxes.row(query), mapping), score, class }, query));
        }
    }
    found.sort_by(|(a, _), (b, _)| b.score.total_cmp(&a.score));
    found.truncate(LIMIT);
    Ok(found)
}

fn detr_post(outputs: &Outputs<'_>, threshold: f32, mapping: &Mapping) -> Result<Vec<Row>, ModelError> {
    let boxes = plane(outputs.f32("boxes")?)?;
    let (labels, scores) = (outputs.i64("labels")?, outputs.f32("scores")?);
    let rows = boxes.outer_iter().zip(labels.iter().zip(scores.iter())).enumerate();
    let mut found: Vec<Row> = rows
        .filter(|(_, (_, (_, score)))| **score > threshold)
        .map(|(index, (row, (&class, &score)))| {
            let bbox = BBox { x1: row[0], y1: row[1], x2: row[2], y2: row[3] };
            let class = usize::try_from(class).unwrap_or(usize::MAX);
            (Candidate { bbox: bbox.clamp(mapping.width, mapping.height), score, class }, index)
        })
        .collect();
    found.sort_by(|(a, _), (b, _)| b.score.total_cmp(&a.score));
    found.truncate(LIMIT);
    Ok(found)
}
