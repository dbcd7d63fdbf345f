//! Which files of a model are its two graphs. Exporters name them as they like.

use super::{DECODER, ENCODER, PROMPT};
use crate::{
    onnx::{graph_names, has_graph},
    store::Installed,
    tool::ToolError,
};

/// The names by which the graph that sees the picture and the one that takes points are loaded: those of the hub's layout, else
/// the one file with the word `encoder` in its name and the one with `decoder` (`encoder.onnx` with `decoder.onnx`,
/// `mobile_sam_image_encoder.onnx` with `sam_mask_decoder_single.onnx`). The error names the files that there are.
pub(super) fn graphs(installed: &Installed) -> Result<[String; 2], ToolError> {
    let hub = [ENCODER, DECODER];
    if hub.iter().filter_map(|role| role.split_once('-')).all(|(_, name)| has_graph(installed, name)) {
        return Ok(hub.map(str::to_owned));
    }
    let names = graph_names(installed);
    match pair(&names) {
        Some([encoder, decoder]) => Ok([format!("{PROMPT}-{encoder}"), format!("{PROMPT}-{decoder}")]),
        None => Err(ToolError::internal(format!(
            "{} should have one graph that sees the picture, such as encoder.onnx, and one that takes points, such as \
             decoder.onnx; there is {}",
            installed.id,
            if names.is_empty() { "none".to_owned() } else { names.join(", ") }
        ))),
    }
}

/// The one name with the word encoder and the one with decoder (SAM's decoder also encodes the prompts).
pub(in crate::vision) fn pair(names: &[String]) -> Option<[&str; 2]> {
    let has = |name: &str, wanted: &str| name.to_lowercase().split(|c: char| !c.is_alphanumeric()).any(|w| w == wanted);
    let (decoders, others): (Vec<&str>, Vec<&str>) =
        names.iter().map(String::as_str).partition(|name| has(name, "decoder"));
    let encoders: Vec<&str> = others.into_iter().filter(|name| has(name, "encoder")).collect();
    match (encoders.as_slice(), decoders.as_slice()) {
        ([encoder], [decoder]) => Some([encoder, decoder]),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use std::path::PathBuf;

    use super::*;
    use crate::store::ModelFacts;

    fn of(names: &[&str]) -> Result<[String; 2], ToolError> {
        graphs(&Installed {
            id: "mine".into(),
            role: PROMPT.into(),
            dir: PathBuf::new(),
            files: names.iter().map(|name| ((*name).to_owned(), PathBuf::from(name))).collect(),
            facts: ModelFacts::default(),
            licence: None,
        })
    }

    #[test]
    fn the_two_graphs_are_found_by_their_names() {
        for (files, encoder, decoder) in [
            (vec!["onnx/vision_encoder_fp16.onnx", "onnx/prompt_encoder_mask_decoder.onnx"], ENCODER, DECODER),
            (vec!["decoder.onnx", "encoder.onnx", "notes.txt"], "segment_prompt-encoder", "segment_prompt-decoder"),
            (
                vec!["mobile_sam_image_encoder.onnx", "sam_mask_decoder_single.onnx"],
                "segment_prompt-mobile_sam_image_encoder",
                "segment_prompt-sam_mask_decoder_single",
            ),
            (
                vec!["sam_vit_b.encoder.onnx", "sam_vit_b.encoder_quantized.onnx", "sam_vit_b.decoder.onnx"],
                "segment_prompt-sam_vit_b.encoder",
                "segment_prompt-sam_vit_b.decoder",
            ),
        ] {
            assert_eq!(of(&files).unwrap(), [encoder, decoder], "{files:?}");
        }
        for files in [
            vec!["encoder.onnx", "sam_mask_decoder_multi.onnx", "sam_mask_decoder_single.onnx"],
            vec!["onnx/vision_encoder.onnx"],
            vec!["config.json"],
        ] {
            let error = of(&files).unwrap_err();
            assert!(error.message.starts_with("mine should have one graph that sees the picture"), "{error}");
            assert!(
                files.iter().all(|file| !file.contains("decoder_multi") || error.message.contains("decoder_multi"))
            );
        }
    }
}
