//! Whether a model file is one of these segmenters, and what its user must say about it.

use super::{INSTANCE, PANOPTIC, PROMPT, SEMANTIC, queries::Queries, semantic::is_semantic};
use crate::{
    onnx::{Dim, Signature, TensorInfo},
    store::ModelFacts,
    vision::recognize::{Recognition, Setting},
};

/// Half of a model that takes points: the graph that sees, or the one that answers.
pub(in crate::vision) fn prompted(signature: &Signature) -> Result<Recognition, String> {
    let has = |infos: &[TensorInfo], name: &str| infos.iter().any(|info| info.name == name);
    let (inputs, outputs) = (&signature.inputs, &signature.outputs);
    let family = if has(inputs, "input_points") && has(inputs, "input_labels") && has(outputs, "pred_masks") {
        if has(inputs, "image_positional_embeddings") {
            "SAM or SlimSAM, the graph that takes points"
        } else {
            "SAM 2 or EdgeTAM, the graph that takes points"
        }
    } else if inputs.len() == 1 && has(outputs, "image_embeddings") && has(outputs, "image_positional_embeddings") {
        "SAM or SlimSAM, the graph that sees the picture"
    } else if inputs.len() == 1 && has(outputs, "image_embeddings.0") {
        "SAM 2 or EdgeTAM, the graph that sees the picture"
    } else if has(inputs, "point_coords") && has(inputs, "point_labels") && has(outputs, "iou_predictions") {
        "SAM or MobileSAM as their authors export them, the graph that takes points"
    } else if inputs.len() == 1 && embeds(outputs) {
        "SAM or MobileSAM as their authors export them, the graph that sees the picture"
    } else {
        return Err("it neither makes image_embeddings of a picture nor answers points with masks".into());
    };
    let why = "both graphs belong into one folder: give the folder instead of a file";
    let settings = vec![Setting { key: "file", value: "\"folder\"".into(), why, needed: true }];
    Ok(Recognition { role: PROMPT, family, size: size(signature), labels: Vec::new(), settings })
}

/// The embeddings of a SAM in the layout of its authors, whose name differs.
fn embeds(outputs: &[TensorInfo]) -> bool {
    let [output] = outputs else { return false };
    let shape = [Dim::Fixed(256), Dim::Fixed(64), Dim::Fixed(64)];
    output.dims.len() == 4 && (output.name == "image_embeddings" || output.dims[1..] == shape)
}

/// One map of logits for each class.
pub(in crate::vision) fn semantic(signature: &Signature) -> Result<Recognition, String> {
    if !is_semantic(signature) {
        return Err("it does not answer logits [batch, classes, height, width] alone".into());
    }
    named(signature, SEMANTIC, "SegFormer or another map of classes")
}

/// Queries, each a class and a mask.
pub(in crate::vision) fn panoptic(signature: &Signature) -> Result<Recognition, String> {
    queried(signature, PANOPTIC)
}

/// The same, read as objects.
pub(in crate::vision) fn instance(signature: &Signature) -> Result<Recognition, String> {
    queried(signature, INSTANCE)
}

fn queried(signature: &Signature, role: &'static str) -> Result<Recognition, String> {
    if Queries::of(signature, &ModelFacts::default()).is_none() {
        return Err(
            "it answers neither class_queries_logits with masks_queries_logits nor logits with pred_masks".into()
        );
    }
    named(signature, role, "DETR with masks, MaskFormer or Mask2Former")
}

fn named(signature: &Signature, role: &'static str, family: &'static str) -> Result<Recognition, String> {
    if !signature.inputs.iter().any(|input| input.dims.len() == 4) {
        return Err("no input of four dimensions [batch, 3, height, width]".into());
    }
    let why = "the file has no class names: put yours in this order, or give a folder with its config.json";
    let settings = vec![Setting { key: "labels_file", value: "\"labels.txt\"".into(), why, needed: true }];
    Ok(Recognition { role, family, size: size(signature), labels: Vec::new(), settings })
}

fn size(signature: &Signature) -> Option<[u32; 2]> {
    let input = signature.inputs.iter().find(|input| input.dims.len() == 4 && input.name == "pixel_values")?;
    let side = |index: usize| match input.dims[index] {
        Dim::Fixed(size) => u32::try_from(size).ok(),
        Dim::Free(_) => None,
    };
    Some([side(3)?, side(2)?])
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;
    use crate::{
        onnx::{ElementType, fake::tensor},
        vision::recognize::recognize,
    };

    fn of(inputs: &[(&str, &[usize])], outputs: &[(&str, &[usize])]) -> Vec<(&'static str, &'static str)> {
        let tensors = |all: &[(&str, &[usize])]| -> Vec<TensorInfo> {
            all.iter().map(|(name, dims)| tensor(name, ElementType::F32, dims)).collect()
        };
        let signature =
            Signature { inputs: tensors(inputs), outputs: tensors(outputs), metadata: indexmap::IndexMap::new() };
        recognize(&signature).unwrap().iter().map(|one| (one.role, one.family)).collect()
    }

    #[test]
    fn each_kind_is_known_by_its_tensors() {
        let pixels: (&str, &[usize]) = ("pixel_values", &[0, 3, 512, 512]);
        let sees = of(
            &[pixels],
            &[("image_embeddings", &[0, 256, 64, 64]), ("image_positional_embeddings", &[0, 256, 64, 64])],
        );
        assert!(sees[0].1.starts_with("SAM or SlimSAM, the graph that sees"), "{sees:?}");
        let answers = of(
            &[
                ("input_points", &[1, 0, 0, 2]),
                ("input_labels", &[1, 0, 0]),
                ("image_embeddings.0", &[1, 32, 256, 256]),
            ],
            &[("iou_scores", &[1, 0, 3]), ("pred_masks", &[1, 0, 3, 256, 256])],
        );
        assert_eq!(answers, [("segment_prompt", "SAM 2 or EdgeTAM, the graph that takes points")]);
        let official = of(&[("input_image", &[0, 0, 3])], &[("image_embeddings", &[1, 256, 64, 64])]);
        assert_eq!(official.len(), 1, "{official:?}");
        assert!(official[0].1.starts_with("SAM or MobileSAM") && official[0].1.ends_with("sees the picture"));
        let official = of(
            &[("image_embeddings", &[1, 256, 64, 64]), ("point_coords", &[1, 0, 2]), ("point_labels", &[1, 0])],
            &[("masks", &[0, 0, 0, 0]), ("iou_predictions", &[0, 4]), ("low_res_masks", &[0, 4, 256, 256])],
        );
        assert_eq!(
            official,
            [("segment_prompt", "SAM or MobileSAM as their authors export them, the graph that takes points")]
        );
        assert_eq!(of(&[pixels], &[("logits", &[0, 150, 128, 128])])[0].0, "segment_semantic");
        let queries = of(&[pixels], &[("logits", &[0, 100, 251]), ("pred_masks", &[0, 100, 128, 128])]);
        assert_eq!(queries.iter().filter(|(role, _)| *role == "segment_panoptic").count(), 1, "{queries:?}");
        assert_eq!(queries.last().map(|(role, _)| *role), Some("segment_instance"), "{queries:?}");
    }
}
