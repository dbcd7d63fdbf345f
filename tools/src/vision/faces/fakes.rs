//! A drawn face and a graph that finds it, so that pipelines are tested in milliseconds.

use image::{Rgb, RgbImage};
use ndarray::{Array, ArrayD, IxDyn};

use crate::{
    geom::BBox,
    onnx::{
        ElementType, LoadedModel, Signature,
        fake::{FakeModel, FakeOutput, tensor},
    },
    store::ModelFacts,
};

/// A white face (60..180 x 50..150) on black, 300 x 200; the fakes below answer the bright area of their input.
pub(crate) fn picture() -> (RgbImage, BBox) {
    let bright = |x: u32, y: u32| (60..180).contains(&x) && (50..150).contains(&y);
    let image = RgbImage::from_fn(300, 200, |x, y| if bright(x, y) { Rgb([255; 3]) } else { Rgb([0; 3]) });
    (image, BBox { x1: 60.0, y1: 50.0, x2: 180.0, y2: 150.0 })
}

pub(super) fn bright(input: &ArrayD<f32>) -> Option<BBox> {
    let mut bbox = BBox { x1: f32::MAX, y1: f32::MAX, x2: 0.0, y2: 0.0 };
    for (index, _) in input.indexed_iter().filter(|(index, value)| index[1] == 0 && **value > 230.0) {
        let (x, y) = (index[3] as f32, index[2] as f32);
        bbox = BBox { x1: bbox.x1.min(x), y1: bbox.y1.min(y), x2: bbox.x2.max(x + 1.0), y2: bbox.y2.max(y + 1.0) };
    }
    (bbox.area() > 0.0).then_some(bbox)
}

pub(super) fn signature(input: &[usize], outputs: &[(&str, Vec<usize>)]) -> Signature {
    Signature {
        inputs: vec![tensor("input", ElementType::F32, input)],
        outputs: outputs.iter().map(|(name, dims)| tensor(name, ElementType::F32, dims)).collect(),
        ..Signature::default()
    }
}

/// Answers the bright area in two neighboring cells, the nose at its middle, and a weak face elsewhere.
pub(crate) fn centerface(batch: usize) -> LoadedModel {
    let outputs = [("537", 1), ("538", 2), ("539", 2), ("540", 10)].map(|(name, count)| (name, vec![0, count, 0, 0]));
    FakeModel::loaded(signature(&[batch, 3, 0, 0], &outputs), ModelFacts::default(), |input| {
        assert!(input.shape()[2].is_multiple_of(32) && input.shape()[3].is_multiple_of(32), "{:?}", input.shape());
        let (rows, columns) = (input.shape()[2] / 4, input.shape()[3] / 4);
        let zeros = |channels| Array::zeros(IxDyn(&[1, channels, rows, columns]));
        let (mut heat, mut sizes, mut offsets, mut points) = (zeros(1), zeros(2), zeros(2), zeros(10));
        points.fill(0.5);
        heat[[0, 0, 0, 0]] = 0.4;
        if let Some(b) = bright(input) {
            let (x, y) = b.center();
            let (column, row) = ((x / 4.0) as usize, (y / 4.0) as usize);
            for (step, score) in [(0, 0.9), (1, 0.8)] {
                let at = column + step;
                heat[[0, 0, row, at]] = score;
                sizes[[0, 0, row, at]] = (b.height() / 4.0).ln();
                sizes[[0, 1, row, at]] = (b.width() / 4.0).ln();
                offsets[[0, 0, row, at]] = y / 4.0 - row as f32 - 0.5;
                offsets[[0, 1, row, at]] = x / 4.0 - at as f32 - 0.5;
                // The first eye: a quarter from the left, a third from the top.
                points[[0, 0, row, at]] = 1.0 / 3.0;
                points[[0, 1, row, at]] = 0.25;
            }
        }
        [("537", heat), ("538", sizes), ("539", offsets), ("540", points)]
            .map(|(name, values)| (name, FakeOutput::F32(values)))
            .into()
    })
}
