//! What a model file is for: the roles and families whose signature it has.
//!
//! A new family is a function in [`KINDS`] that looks at inputs, outputs and metadata.

use serde::Serialize;

use super::{
    classify, depth, detect, embed, find, match_text, pose, read_text, relevance, remove_object, segment, upscale,
};
use crate::onnx::{Dim, Signature, TensorInfo};

/// A use that Argus has for a model.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Recognition {
    /// The role it can serve.
    pub role: &'static str,
    /// Which models look like this.
    pub family: &'static str,
    /// Width and height of the input in pixels, where they are known.
    pub size: Option<[u32; 2]>,
    /// Class names that the file itself has, in index order.
    pub labels: Vec<String>,
    /// What the file does not say, as lines of `argus.toml`.
    pub settings: Vec<Setting>,
}

/// A line of `argus.toml` about a model.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Setting {
    /// The field of a [`UserModel`](crate::store::UserModel).
    pub key: &'static str,
    /// A value as TOML.
    pub value: String,
    /// Why it is there, in a line.
    pub why: &'static str,
    /// Whether results are useless without the right value; otherwise the value is what is taken anyway.
    pub needed: bool,
}

type Recognizer = fn(&Signature) -> Result<Recognition, String>;

/// The roles and how they are recognized, the most telling signatures first.
const KINDS: [(&str, Recognizer); 18] = [
    (read_text::RECOGNIZER, text_recognizer),
    (pose::ESTIMATOR, pose::recognize),
    (depth::ESTIMATOR, depth::recognize),
    (remove_object::INPAINTER, remove_object::recognize),
    (upscale::UPSCALER, upscale::recognize),
    ("detect", detect::recognize),
    (read_text::CLASSIFIER, line_direction),
    (read_text::DETECTOR, text_detector),
    ("segment", segmenter),
    (segment::PROMPT, segment::recognize::prompted),
    (segment::SEMANTIC, segment::recognize::semantic),
    (segment::PANOPTIC, segment::recognize::panoptic),
    (segment::INSTANCE, segment::recognize::instance),
    (embed::ROLE, embedder),
    (match_text::ROLE, match_text::recognize),
    (find::ROLE, finder),
    (relevance::ROLE, text_segmenter),
    ("classify", classifier),
];

/// Every use that Argus has for a model of this signature, the likeliest first; where there is none, what does not fit role
/// by role.
pub fn recognize(signature: &Signature) -> Result<Vec<Recognition>, Vec<(&'static str, String)>> {
    let (mut found, mut refused) = (Vec::new(), Vec::new());
    for (role, recognizer) in KINDS {
        match recognizer(signature) {
            // Steps of characters look like the rows of a detector too.
            Ok(recognition) if role == read_text::RECOGNIZER => return Ok(vec![recognition]),
            Ok(recognition) => found.push(recognition),
            Err(why) => refused.push((role, why)),
        }
    }
    if found.is_empty() { Err(refused) } else { Ok(found) }
}

/// Texts as a TOML list.
pub(super) fn list(texts: &[String]) -> String {
    let quoted: Vec<String> = texts.iter().map(|text| toml::Value::String(text.clone()).to_string()).collect();
    format!("[{}]", quoted.join(", "))
}

/// The one picture that goes in, `[batch, 3, height, width]`.
fn picture(signature: &Signature) -> Result<&TensorInfo, String> {
    let [input] = signature.inputs.as_slice() else {
        return Err(format!("it has {} inputs, expected one picture", signature.inputs.len()));
    };
    match input.dims.as_slice() {
        [_, Dim::Fixed(3) | Dim::Free(_), _, _] => Ok(input),
        _ => Err("its input is no picture [batch, 3, height, width]".into()),
    }
}

fn first_output(signature: &Signature) -> Result<&TensorInfo, String> {
    signature.outputs.first().ok_or_else(|| "it has no outputs".into())
}

fn fixed(dim: Option<&Dim>) -> Option<u32> {
    match dim {
        Some(Dim::Fixed(size)) => u32::try_from(*size).ok(),
        _ => None,
    }
}

fn size_of(input: &TensorInfo) -> Option<[u32; 2]> {
    Some([fixed(input.dims.get(3))?, fixed(input.dims.get(2))?])
}

/// PP-OCR's CRNN or SVTR: `[B, 3, 48, W]` to `[B, T, classes]`.
fn text_recognizer(signature: &Signature) -> Result<Recognition, String> {
    let (input, output) = (picture(signature)?, first_output(signature)?);
    let has_alphabet = signature.metadata.contains_key("character");
    let low =
        matches!(fixed(input.dims.get(2)), Some(32 | 48)) && fixed(input.dims.get(3)).is_none_or(|width| width >= 96);
    if output.dims.len() != 3 || !(has_alphabet || low) {
        return Err("it does not map lines [batch, 3, 48, width] to [batch, steps, characters]".into());
    }
    let mut settings = Vec::new();
    if !has_alphabet {
        let why = "the file has no alphabet: name its dictionary, one character a line";
        settings.push(Setting { key: "labels_file", value: "\"dictionary.txt\"".into(), why, needed: true });
    }
    Ok(Recognition {
        role: read_text::RECOGNIZER,
        family: "PP-OCR text recognizer",
        size: size_of(input),
        labels: Vec::new(),
        settings,
    })
}

/// PP-OCR's line direction: `[B, 3, 48, 192]` or `[B, 3, 80, 160]` to `[B, 2]`.
fn line_direction(signature: &Signature) -> Result<Recognition, String> {
    let (input, output) = (picture(signature)?, first_output(signature)?);
    match output.dims.as_slice() {
        [_, Dim::Fixed(2)] => Ok(plain(read_text::CLASSIFIER, "PP-OCR line direction, 0 or 180 degrees", input)),
        _ => Err("its output is not [batch, 2]".into()),
    }
}

/// PP-OCR's DB: any size to a map of the same size, both free.
fn text_detector(signature: &Signature) -> Result<Recognition, String> {
    let (input, output) = (picture(signature)?, first_output(signature)?);
    if input.name != "x" || !is_map(output) || size_of(input).is_some() || signature.outputs.len() != 1 {
        return Err("it does not map a picture x of any size to one map of that size".into());
    }
    Ok(plain(read_text::DETECTOR, "PP-OCR text detector (DB)", input))
}

/// A graph of one picture that needs no settings.
pub(super) fn named_picture(
    signature: &Signature,
    role: &'static str,
    family: &'static str,
) -> Result<Recognition, String> {
    Ok(plain(role, family, picture(signature)?))
}

/// A graph of a picture, named here, and other inputs, that needs no settings.
pub(super) fn named_input(role: &'static str, family: &'static str, input: &TensorInfo) -> Recognition {
    plain(role, family, input)
}

fn plain(role: &'static str, family: &'static str, input: &TensorInfo) -> Recognition {
    Recognition { role, family, size: size_of(input), labels: Vec::new(), settings: Vec::new() }
}

/// `[B, 1, H, W]`.
fn is_map(output: &TensorInfo) -> bool {
    matches!(output.dims.as_slice(), [_, Dim::Fixed(1) | Dim::Free(_), _, _])
}

/// Unless both say something else.
fn same_size(input: &TensorInfo, output: &TensorInfo) -> bool {
    let sides = |info: &TensorInfo| [fixed(info.dims.get(2)), fixed(info.dims.get(3))];
    sides(input).into_iter().zip(sides(output)).all(|(one, other)| one.is_none() || other.is_none() || one == other)
}

/// Salient objects and matting: `[B, 3, H, W]` to a map of opacity. The signature does not tell how its values are meant: the
/// guess goes by names, sizes and the number of outputs of the known exports, whose settings are those of their authors.
fn segmenter(signature: &Signature) -> Result<Recognition, String> {
    const IMAGE_NET: [&str; 3] = ["0.003921569", "[0.485, 0.456, 0.406]", "[0.229, 0.224, 0.225]"];
    let (input, output) = (picture(signature)?, first_output(signature)?);
    if !is_map(output) || !same_size(input, output) {
        return Err("its first output is no map [batch, 1, height, width] of the picture's size".into());
    }
    let (name, family, [scale, mean, std]) = match (size_of(input), input.name.as_str()) {
        (_, "input_image") => ("birefnet", "BiRefNet", IMAGE_NET),
        (Some([320, _]), _) => ("u2net", "U2-Net", IMAGE_NET),
        (None, "input") => ("modnet", "MODNet", ["0.003921569", "[0.5, 0.5, 0.5]", "[0.5, 0.5, 0.5]"]),
        _ => ("isnet", "IS-Net", ["1.0", "[128.0, 128.0, 128.0]", "[256.0, 256.0, 256.0]"]),
    };
    let setting = |key, value: &str, why| Setting { key, value: value.to_owned(), why, needed: true };
    let guess = "a guess: isnet and u2net stretch what comes out, modnet and birefnet give opacities";
    let mut settings = vec![
        setting("family", &list(&[name.to_owned()]).replace(['[', ']'], ""), guess),
        setting("scale", scale, "scale, mean and std of that family: correct them if yours was trained otherwise"),
        setting("mean", mean, ""),
        setting("std", std, ""),
    ];
    if size_of(input).is_none() && name != "modnet" {
        let why = "the file leaves the input size free";
        settings.push(Setting { key: "size", value: "1024".into(), why, needed: false });
    }
    Ok(Recognition { role: "segment", family, size: size_of(input), labels: Vec::new(), settings })
}

/// CLIP or `SigLIP` in one graph. Its parts alone say too little.
fn embedder(signature: &Signature) -> Result<Recognition, String> {
    let picture = embed::read(signature)?;
    Ok(plain(embed::ROLE, "CLIP or SigLIP: pictures and texts as vectors of one space", picture))
}

fn finder(signature: &Signature) -> Result<Recognition, String> {
    let (_, picture) = find::read(signature)?;
    Ok(plain(find::ROLE, "Grounding DINO, OWL-ViT or OWLv2: a detector that takes words", picture))
}

fn text_segmenter(signature: &Signature) -> Result<Recognition, String> {
    Ok(plain(relevance::ROLE, "CLIPSeg: a map of what a text says", relevance::read(signature)?))
}

/// ImageNet classes and the like: `[B, 3, H, W]` to `[B, classes]`.
fn classifier(signature: &Signature) -> Result<Recognition, String> {
    let picture = classify::picture(signature)?;
    let named = signature.metadata.get("names").and_then(|text| detect::parse_names(text));
    let why = "the file has no class names: name a file of them, one a line, unless there is a config.json beside it";
    let setting = Setting { key: "labels_file", value: "\"labels.txt\"".into(), why, needed: true };
    let settings = if named.is_some() { Vec::new() } else { vec![setting] };
    Ok(Recognition { labels: named.unwrap_or_default(), settings, ..plain("classify", "classifier", picture) })
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;
    use crate::{
        onnx::{ElementType, fake::tensor},
        store::ModelFacts,
    };

    fn of(input: (&str, &[usize]), outputs: &[&[usize]]) -> Signature {
        Signature {
            inputs: vec![tensor(input.0, ElementType::F32, input.1)],
            outputs: outputs.iter().map(|dims| tensor("out", ElementType::F32, dims)).collect(),
            ..Signature::default()
        }
    }

    fn roles(signature: &Signature) -> Vec<&'static str> {
        recognize(signature).map(|found| found.iter().map(|one| one.role).collect()).unwrap_or_default()
    }

    #[test]
    fn the_parts_of_ocr_are_told_apart_from_detectors() {
        let mut recognizer = of(("x", &[0, 3, 48, 0]), &[&[0, 0, 6625]]);
        assert_eq!(roles(&recognizer)[0], "ocr-rec");
        assert!(recognize(&recognizer).unwrap()[0].settings[0].needed, "without an alphabet");
        recognizer.metadata.insert("character".into(), "a\nb".into());
        assert!(recognize(&recognizer).unwrap()[0].settings.is_empty());
        assert_eq!(roles(&of(("x", &[0, 3, 48, 192]), &[&[0, 2]])), ["ocr-cls"]);
        assert_eq!(roles(&of(("x", &[0, 3, 0, 0]), &[&[0, 1, 0, 0]])), ["ocr-det", "segment"]);
        assert_eq!(roles(&of(("images", &[1, 3, 640, 640]), &[&[1, 84, 8400]])), ["detect"]);
    }

    #[test]
    fn segmenters_are_guessed_with_settings_that_can_be_pasted() {
        let maps = |count: usize, side: usize| vec![vec![1, 1, side, side]; count];
        for (name, side, count, family) in [
            ("img", 1024, 1, "isnet"),
            ("input.1", 320, 7, "u2net"),
            ("input_image", 1024, 1, "birefnet"),
            ("input", 0, 1, "modnet"),
        ] {
            let maps = maps(count, side);
            let outputs: Vec<&[usize]> = maps.iter().map(Vec::as_slice).collect();
            let found = recognize(&of((name, &[1, 3, side, side]), &outputs)).unwrap().remove(0);
            assert_eq!(found.role, "segment");
            let lines: Vec<String> =
                found.settings.iter().map(|line| format!("{} = {}", line.key, line.value)).collect();
            let facts: ModelFacts = toml::from_str(&lines.join("\n")).unwrap();
            assert_eq!(facts.family.as_deref(), Some(family));
            assert!(facts.mean.is_some() && facts.std.is_some() && facts.scale.is_some());
        }
    }

    #[test]
    fn what_nothing_fits_says_why_role_by_role() {
        let refused = recognize(&of(("pixel_values", &[1, 3, 224, 224]), &[&[1, 1000, 2]])).unwrap_err();
        let roles: Vec<&str> = refused.iter().map(|(role, _)| *role).collect();
        assert_eq!(
            roles,
            [
                "ocr-rec",
                "pose",
                "depth",
                "inpaint",
                "upscale",
                "detect",
                "ocr-cls",
                "ocr-det",
                "segment",
                "segment_prompt",
                "segment_semantic",
                "segment_panoptic",
                "segment_instance",
                "embed",
                "match",
                "find",
                "segment_text",
                "classify",
            ]
        );
        assert!(refused.iter().all(|(_, why)| !why.is_empty()));
        let heat_map = of(("input.1", &[10, 3, 32, 32]), &[&[10, 1, 8, 8], &[10, 2, 8, 8]]);
        let why = |signature: &Signature, wanted: &str| {
            let refused = recognize(signature).unwrap_err();
            refused.into_iter().find(|(role, _)| *role == wanted).unwrap().1
        };
        assert!(why(&heat_map, "segment").contains("of the picture's size"));
        assert!(why(&Signature::default(), "detect").contains("four dimensions"));
    }

    #[test]
    fn poses_depths_and_pictures_are_told_from_detectors_and_masks() {
        let named = |input: (&str, &[usize]), name: &str, dims: &[usize]| Signature {
            outputs: vec![tensor(name, ElementType::F32, dims)],
            ..of(input, &[])
        };
        let pixels = ("pixel_values", [0, 3, 0, 0].as_slice());
        for (signature, role, family) in [
            (named(pixels, "predicted_depth", &[0, 0, 0]), "depth", "Depth Anything"),
            (named(("pixel_values", &[1, 3, 518, 518]), "predicted_depth", &[1, 518, 518]), "depth", "Depth Anything"),
            (of(("input", &[0, 3, 256, 192]), &[&[0, 17, 384], &[0, 17, 512]]), "pose", "RTMPose"),
            (named(("pixel_values", &[0, 3, 256, 192]), "heatmaps", &[0, 17, 64, 48]), "pose", "ViTPose"),
            (of(("images", &[1, 3, 640, 640]), &[&[1, 56, 8400]]), "pose", "YOLO pose"),
            (of(("images", &[1, 3, 640, 640]), &[&[1, 300, 57]]), "pose", "NMS done"),
            (named(pixels, "reconstruction", &[0, 0, 0, 0]), "upscale", "Swin2SR"),
            (of(("input", &[1, 3, 64, 64]), &[&[1, 3, 256, 256]]), "upscale", "Real-ESRGAN"),
            (of(("input", &[1, 4, 0, 0]), &[&[1, 3, 0, 0]]), "inpaint", "LaMa"),
        ] {
            let found = recognize(&signature).unwrap();
            assert_eq!(found[0].role, role, "{}", signature.describe());
            assert!(found[0].family.contains(family), "{}", found[0].family);
        }
        assert_eq!(roles(&of(("input", &[1, 3, 0, 0]), &[&[1, 1, 0, 0]])), ["segment"]);
        assert_eq!(roles(&of(("images", &[1, 3, 640, 640]), &[&[1, 84, 8400]])), ["detect"]);
    }

    #[test]
    fn models_that_take_words_are_told_apart() {
        let picture = tensor("pixel_values", ElementType::F32, &[0, 3, 0, 0]);
        let texts =
            |names: &[&str]| names.iter().map(|name| tensor(name, ElementType::I64, &[0, 0])).collect::<Vec<_>>();
        let of = |inputs: &[&str], outputs: &[&str]| Signature {
            inputs: [vec![picture.clone()], texts(inputs)].concat(),
            outputs: outputs.iter().map(|name| tensor(name, ElementType::F32, &[0, 0, 0])).collect(),
            ..Signature::default()
        };
        assert_eq!(roles(&of(&["input_ids", "attention_mask"], &["text_embeds", "image_embeds"])), ["embed"]);
        assert_eq!(roles(&of(&["input_ids", "token_type_ids"], &["logits", "pred_boxes"])), ["find"]);
        assert_eq!(roles(&of(&["input_ids", "attention_mask"], &["logits"])), ["segment_text"]);
    }

    #[test]
    fn a_classifier_needs_names() {
        let mut signature = of(("input", &[1, 3, 224, 224]), &[&[1, 3]]);
        let found = recognize(&signature).unwrap().remove(0);
        assert_eq!((found.role, found.size, found.settings[0].key), ("classify", Some([224, 224]), "labels_file"));
        signature.metadata.insert("names".into(), "{0: 'a', 1: 'b', 2: 'c'}".into());
        let found = recognize(&signature).unwrap().remove(0);
        assert_eq!((found.labels.len(), found.settings.len()), (3, 0));
    }

    #[test]
    fn a_list_survives_quotation_marks() {
        let names = vec!["driver's cab".to_owned(), "the \"big\" one".to_owned()];
        let table: toml::Table = toml::from_str(&format!("labels = {}", list(&names))).unwrap();
        let back: Vec<String> = table["labels"].clone().try_into().unwrap();
        assert_eq!(back, names);
    }
}
