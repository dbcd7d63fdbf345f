//! What a model file is for: the roles and families whose signature it has.
//!
//! A new family is a function in [`KINDS`] that looks at inputs, outputs and metadata.

use serde::Serialize;

use super::{detect, read_text, segment};
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

type Recogniser = fn(&Signature) -> Result<Recognition, String>;

/// The roles and how they are recognised, the most telling signatures first.
const KINDS: [(&str, Recogniser); 8] = [
    (read_text::RECOGNIZER, text_recogniser),
    ("detect", detect::recognise),
    (read_text::CLASSIFIER, line_direction),
    (read_text::DETECTOR, text_detector),
    ("segment", segmenter),
    (segment::PROMPT, segment::recognise::prompted),
    (segment::SEMANTIC, segment::recognise::semantic),
    (segment::PANOPTIC, segment::recognise::panoptic),
];

/// Every use that Argus has for a model of this signature, the likeliest first; where there is none, what does not fit role
/// by role.
pub fn recognise(signature: &Signature) -> Result<Vec<Recognition>, Vec<(&'static str, String)>> {
    let (mut found, mut refused) = (Vec::new(), Vec::new());
    for (role, recogniser) in KINDS {
        match recogniser(signature) {
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
fn text_recogniser(signature: &Signature) -> Result<Recognition, String> {
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
        family: "PP-OCR text recogniser",
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
        recognise(signature).map(|found| found.iter().map(|one| one.role).collect()).unwrap_or_default()
    }

    #[test]
    fn the_parts_of_ocr_are_told_apart_from_detectors() {
        let mut recogniser = of(("x", &[0, 3, 48, 0]), &[&[0, 0, 6625]]);
        assert_eq!(roles(&recogniser)[0], "ocr-rec");
        assert!(recognise(&recogniser).unwrap()[0].settings[0].needed, "without an alphabet");
        recogniser.metadata.insert("character".into(), "a\nb".into());
        assert!(recognise(&recogniser).unwrap()[0].settings.is_empty());
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
            let found = recognise(&of((name, &[1, 3, side, side]), &outputs)).unwrap().remove(0);
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
        let refused = recognise(&of(("pixel_values", &[1, 3, 224, 224]), &[&[1, 1000]])).unwrap_err();
        let roles: Vec<&str> = refused.iter().map(|(role, _)| *role).collect();
        let segmenters = ["segment", "segment_prompt", "segment_semantic", "segment_panoptic"];
        assert_eq!(roles[..4], ["ocr-rec", "detect", "ocr-cls", "ocr-det"]);
        assert_eq!(roles[4..], segmenters);
        assert!(refused.iter().all(|(_, why)| !why.is_empty()));
        let heat_map = of(("input.1", &[10, 3, 32, 32]), &[&[10, 1, 8, 8], &[10, 2, 8, 8]]);
        assert!(recognise(&heat_map).unwrap_err()[4].1.contains("of the picture's size"));
        assert!(recognise(&Signature::default()).unwrap_err()[1].1.contains("four dimensions"));
    }

    #[test]
    fn a_list_survives_quotation_marks() {
        let names = vec!["driver's cab".to_owned(), "the \"big\" one".to_owned()];
        let table: toml::Table = toml::from_str(&format!("labels = {}", list(&names))).unwrap();
        let back: Vec<String> = table["labels"].clone().try_into().unwrap();
        assert_eq!(back, names);
    }
}
