//! Models that answer with queries, each a class and a mask: DETR with masks, MaskFormer and Mask2Former.

use ndarray::{Array2, ArrayView2, ArrayView3, Axis};

use super::{
    bilinear::Grown,
    network::{plane, planes},
};
use crate::{
    onnx::{ModelError, Outputs, RunControl, Signature},
    store::ModelFacts,
};

/// Width and height to which Mask2Former's masks are grown before anything is made of them, whatever its input.
const MASK2FORMER: (u32, u32) = (384, 384);

/// The outputs of a model with queries.
pub(super) struct Queries {
    classes: &'static str,
    masks: &'static str,
    grown: Option<(u32, u32)>,
}

impl Queries {
    /// `class_queries_logits` `[1, queries, classes + 1]` with `masks_queries_logits` `[1, queries, height, width]`
    /// (MaskFormer; Mask2Former where the model's `config.json` says so), or `logits` with `pred_masks` (DETR).
    pub(super) fn of(signature: &Signature, facts: &ModelFacts) -> Option<Self> {
        let has = |name: &str| signature.outputs.iter().any(|output| output.name == name);
        let names = [("class_queries_logits", "masks_queries_logits"), ("logits", "pred_masks")];
        let (classes, masks) = names.into_iter().find(|(classes, masks)| has(classes) && has(masks))?;
        let grown = (facts.family.as_deref() == Some("mask2former")).then_some(MASK2FORMER);
        Some(Self { classes, masks, grown })
    }

    /// Whether the masks of objects may overlap (MaskFormer, Mask2Former); those of DETR share out the pixels.
    pub(super) fn overlap(&self) -> bool {
        self.classes == "class_queries_logits"
    }

    /// Logits of classes `[queries, classes + 1]` and of masks `[queries, height, width]`.
    pub(super) fn read<'a>(
        &self,
        outputs: &'a Outputs<'_>,
    ) -> Result<(ArrayView2<'a, f32>, ArrayView3<'a, f32>), ModelError> {
        let classes = plane(outputs.f32(self.classes)?, self.classes)?;
        // DETR's masks may keep a dimension of one.
        let masks = outputs.f32(self.masks)?;
        let masks = if masks.ndim() == 5 { masks.index_axis_move(Axis(2), 0) } else { masks };
        let masks = planes(masks, self.masks)?;
        if classes.nrows() != masks.dim().0 {
            let (queries, shapes) = (classes.nrows(), masks.dim().0);
            return Err(ModelError::new(format!("the model answered {queries} queries but {shapes} masks")));
        }
        Ok((classes, masks))
    }

    /// Height and width of the logits that [`Queries::logits`] gives for masks of a height and a width.
    pub(super) fn size(&self, own: (usize, usize)) -> (usize, usize) {
        self.grown.map_or(own, |(width, height)| (height as usize, width as usize))
    }

    /// The logits of one mask, grown where that comes first.
    pub(super) fn logits(&self, mask: &ArrayView2<'_, f32>, control: &RunControl) -> Result<Array2<f32>, ModelError> {
        let Some(size) = self.grown else { return Ok(mask.to_owned()) };
        let values: Vec<f32> = mask.iter().copied().collect();
        let mut grown = Array2::zeros((size.1 as usize, size.0 as usize));
        let rows = Grown::new(&values, (mask.ncols(), mask.nrows()), size).each_row(control, |y, row| {
            for (cell, value) in grown.row_mut(y).iter_mut().zip(row) {
                *cell = *value;
            }
        });
        rows.map_err(|error| ModelError::new(error.message))?;
        Ok(grown)
    }
}
