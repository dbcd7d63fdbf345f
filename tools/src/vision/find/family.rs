//! Which text-prompted detector a graph is, told by its signature. Sources: the exports of Grounding DINO for transformers.js,
//! and optimum's of OWL-ViT and OWLv2.

use crate::onnx::{Dim, Signature, TensorInfo};

/// How a prompt goes in and boxes come out.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(in crate::vision) enum Kind {
    /// All phrases in one text; `logits [1, queries, tokens]`.
    GroundingDino,
    /// One text for each thing; `logits [1, patches, texts]`.
    Owl,
}

impl Kind {
    /// The smallest score that counts, as the reference libraries have it.
    pub(super) fn usual_threshold(self) -> f32 {
        match self {
            Self::GroundingDino => 0.3,
            Self::Owl => 0.1,
        }
    }

    /// Boxes of one label that overlap more than this are one thing. OWL-ViT answers for every patch, Grounding DINO's queries
    /// seldom agree.
    pub(super) fn usual_iou(self) -> f32 {
        match self {
            Self::GroundingDino => 0.7,
            Self::Owl => 0.3,
        }
    }
}

/// The kind and the picture that goes in, or what does not fit.
pub(in crate::vision) fn read(signature: &Signature) -> Result<(Kind, &TensorInfo), String> {
    let input = |name: &str| signature.inputs.iter().find(|input| input.name == name);
    let output = |name: &str| signature.outputs.iter().find(|output| output.name == name);
    let known = ["pixel_values", "input_ids", "attention_mask", "token_type_ids", "pixel_mask"];
    if let Some(other) = signature.inputs.iter().find(|input| !known.contains(&input.name.as_str())) {
        return Err(format!("the input {} is not understood", other.name));
    }
    let picture = input("pixel_values").ok_or("it has no input pixel_values")?;
    if !matches!(picture.dims.as_slice(), [_, Dim::Fixed(3) | Dim::Free(_), _, _]) {
        return Err("pixel_values is no picture [1, 3, height, width]".into());
    }
    input("input_ids").ok_or("it has no input input_ids")?;
    for name in ["logits", "pred_boxes"] {
        output(name).ok_or_else(|| format!("it has no output {name}"))?;
    }
    let dino = input("token_type_ids").is_some() || input("pixel_mask").is_some();
    match (dino, output("text_embeds").is_some()) {
        (true, false) => Ok((Kind::GroundingDino, picture)),
        (false, true) => Ok((Kind::Owl, picture)),
        _ => {
            Err("it takes no token_type_ids and pixel_mask as Grounding DINO, and gives no text_embeds as OWL-ViT"
                .into())
        }
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failed set-up fails the test")]
mod tests {
    use super::*;
    use crate::onnx::{ElementType, fake::tensor};

    fn of(inputs: &[&str], outputs: &[&str]) -> Signature {
        let all = |names: &[&str]| -> Vec<TensorInfo> {
            names
                .iter()
                .map(|name| {
                    tensor(name, ElementType::F32, if *name == "pixel_values" { &[0, 3, 0, 0] } else { &[0, 0] })
                })
                .collect()
        };
        Signature { inputs: all(inputs), outputs: all(outputs), ..Signature::default() }
    }

    #[test]
    fn the_families_are_told_apart() {
        let dino = of(
            &["pixel_values", "input_ids", "token_type_ids", "attention_mask", "pixel_mask"],
            &["logits", "pred_boxes"],
        );
        assert_eq!(read(&dino).unwrap().0, Kind::GroundingDino);
        let owl = of(
            &["pixel_values", "input_ids", "attention_mask"],
            &["logits", "pred_boxes", "text_embeds", "image_embeds"],
        );
        assert_eq!(read(&owl).unwrap().0, Kind::Owl);
    }

    #[test]
    fn what_does_not_fit_is_named() {
        let wrong = |inputs: &[&str], outputs: &[&str]| read(&of(inputs, outputs)).unwrap_err();
        assert!(wrong(&["pixel_values"], &["logits", "pred_boxes"]).contains("no input input_ids"));
        assert!(wrong(&["pixel_values", "input_ids"], &["logits"]).contains("no output pred_boxes"));
        assert!(wrong(&["pixel_values", "input_ids"], &["logits", "pred_boxes"]).contains("text_embeds"));
        let authors = wrong(&["pixel_values", "input_ids", "position_ids"], &["logits", "boxes"]);
        assert!(authors.contains("position_ids is not understood"), "{authors}");
    }
}
