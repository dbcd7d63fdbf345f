//! Which kind of picture and text model a graph is, told by its signature. Sources: optimum's exports of CLIP and SigLIP, and
//! the use of their split graphs in transformers.js.

use crate::onnx::{Signature, TensorInfo};

/// How a likeness becomes a probability.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Kind {
    /// CLIP: the softmax of `scale * cosine` over all texts, which therefore compete.
    Clip,
    /// `SigLIP`: the sigmoid of `scale * cosine + bias` for each text alone.
    Siglip,
}

impl Kind {
    fn named(name: Option<&str>) -> Result<Option<Self>, String> {
        match name {
            None => Ok(None),
            Some("clip") => Ok(Some(Self::Clip)),
            Some("siglip") => Ok(Some(Self::Siglip)),
            Some(other) => Err(format!("the family is \"{other}\"; for this role it is \"clip\" or \"siglip\"")),
        }
    }

    /// Tokens that the published models take.
    pub(super) fn usual_length(self) -> usize {
        match self {
            Self::Clip => 77,
            Self::Siglip => 64,
        }
    }
}

/// The output that holds the embedding: projected, or pooled where there is no projection.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Names {
    pub(super) picture: &'static str,
    pub(super) text: &'static str,
}

const PROJECTED: Names = Names { picture: "image_embeds", text: "text_embeds" };
const POOLED: Names = Names { picture: "pooler_output", text: "pooler_output" };

fn only(inputs: &[TensorInfo], known: &[&str]) -> Result<(), String> {
    match inputs.iter().find(|input| !known.contains(&input.name.as_str())) {
        Some(other) => Err(format!("the input {} is not understood", other.name)),
        None => Ok(()),
    }
}

fn needs(infos: &[TensorInfo], what: &str, names: &[&str]) -> Result<(), String> {
    match names.iter().find(|name| infos.iter().all(|info| info.name != **name)) {
        Some(missing) => Err(format!("it has no {what} {missing}")),
        None => Ok(()),
    }
}

/// One graph for both: `input_ids [texts, length]`, `pixel_values [1, 3, h, w]`, for CLIP `attention_mask`, to `text_embeds
/// [texts, d]` and `image_embeds [1, d]`, both of length 1.
pub(super) fn joint(signature: &Signature, family: Option<&str>) -> Result<(Kind, Names), String> {
    needs(&signature.inputs, "input", &["input_ids", "pixel_values"])?;
    only(&signature.inputs, &["input_ids", "pixel_values", "attention_mask"])?;
    needs(&signature.outputs, "output", &[PROJECTED.text, PROJECTED.picture])?;
    let masked = signature.inputs.iter().any(|input| input.name == "attention_mask");
    let kind = Kind::named(family)?.unwrap_or(if masked { Kind::Clip } else { Kind::Siglip });
    Ok((kind, PROJECTED))
}

/// Two graphs: `pixel_values` to `image_embeds [1, d]` and `input_ids` to `text_embeds [texts, d]` for CLIP, both to
/// `pooler_output` for SigLIP.
pub(super) fn split(picture: &Signature, text: &Signature, family: Option<&str>) -> Result<(Kind, Names), String> {
    needs(&picture.inputs, "input", &["pixel_values"])?;
    only(&picture.inputs, &["pixel_values"])?;
    needs(&text.inputs, "input", &["input_ids"])?;
    only(&text.inputs, &["input_ids", "attention_mask"])?;
    let has = |names: Names| {
        needs(&picture.outputs, "output", &[names.picture]).is_ok()
            && needs(&text.outputs, "output", &[names.text]).is_ok()
    };
    let (kind, names) = if has(PROJECTED) {
        (Kind::Clip, PROJECTED)
    } else if has(POOLED) {
        (Kind::Siglip, POOLED)
    } else {
        return Err("they have neither image_embeds and text_embeds nor pooler_output both".into());
    };
    Ok((Kind::named(family)?.unwrap_or(kind), names))
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failed set-up fails the test")]
mod tests {
    use super::*;
    use crate::onnx::{ElementType, fake::tensor};

    fn of(inputs: &[&str], outputs: &[&str]) -> Signature {
        let all = |names: &[&str]| names.iter().map(|name| tensor(name, ElementType::F32, &[0, 0])).collect();
        Signature { inputs: all(inputs), outputs: all(outputs), ..Signature::default() }
    }

    #[test]
    fn the_signature_tells_the_kind() {
        let outputs = ["logits_per_image", "text_embeds", "image_embeds"];
        let clip = of(&["input_ids", "pixel_values", "attention_mask"], &outputs);
        assert_eq!(joint(&clip, None).unwrap().0, Kind::Clip);
        assert_eq!(joint(&of(&["input_ids", "pixel_values"], &outputs), None).unwrap().0, Kind::Siglip);
        assert_eq!(joint(&clip, Some("siglip")).unwrap().0, Kind::Siglip, "the user knows better");
        let parts = |picture: &str, text: &str| {
            split(&of(&["pixel_values"], &["last_hidden_state", picture]), &of(&["input_ids"], &[text]), None)
        };
        assert_eq!(parts("image_embeds", "text_embeds").unwrap(), (Kind::Clip, PROJECTED));
        assert_eq!(parts("pooler_output", "pooler_output").unwrap(), (Kind::Siglip, POOLED));
        assert!(parts("image_embeds", "pooler_output").unwrap_err().contains("pooler_output both"));
    }

    #[test]
    fn what_does_not_fit_is_named() {
        let outputs = ["text_embeds", "image_embeds"];
        assert!(joint(&of(&["pixel_values"], &outputs), None).unwrap_err().contains("no input input_ids"));
        let odd = of(&["input_ids", "pixel_values", "bbox"], &outputs);
        assert!(joint(&odd, None).unwrap_err().contains("bbox is not understood"));
        let owl = of(&["input_ids", "pixel_values", "attention_mask"], &["logits", "pred_boxes"]);
        assert!(joint(&owl, None).unwrap_err().contains("no output text_embeds"));
        let clip = of(&["input_ids", "pixel_values"], &outputs);
        assert!(joint(&clip, Some("blip")).unwrap_err().contains("\"clip\" or \"siglip\""));
    }
}
