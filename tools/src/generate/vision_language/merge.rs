//! Features of pictures in the places that a prompt keeps for them.

use ndarray::{Array2, Array3, Axis};

use crate::onnx::ModelError;

/// Puts the features, in their order, where `ids` has the image token. `embeds`: `[1, length, width]`, of `ids`; each of
/// `features`: `[count, width]`. Other counts, or another width, are an error that names both.
pub(super) fn merge(
    embeds: &mut Array3<f32>,
    ids: &[i64],
    image_id: i64,
    features: &[Array2<f32>],
) -> Result<(), ModelError> {
    let places = ids.iter().filter(|id| **id == image_id).count();
    let given: usize = features.iter().map(|features| features.len_of(Axis(0))).sum();
    if places != given {
        return Err(ModelError::new(format!(
            "the prompt has {places} places for image features, and the vision encoder gave {given}"
        )));
    }
    let (_, length, width) = embeds.dim();
    if length != ids.len() {
        return Err(ModelError::new(format!("embed_tokens gave {length} embeddings of {} tokens", ids.len())));
    }
    if let Some(other) = features.iter().map(|features| features.len_of(Axis(1))).find(|other| *other != width) {
        return Err(ModelError::new(format!("image features are {other} wide, and embeddings {width}")));
    }
    let mut rows = features.iter().flat_map(|features| features.outer_iter());
    for (at, _) in ids.iter().enumerate().filter(|(_, id)| **id == image_id) {
        if let Some(row) = rows.next() {
            embeds.index_axis_mut(Axis(0), 0).index_axis_mut(Axis(0), at).assign(&row);
        }
    }
    Ok(())
}
