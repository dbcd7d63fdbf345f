//! Whether a model file is a detector, and what its user must say about it.

use super::{family::Decoder, family::Family, names::parse_names};
use crate::{
    onnx::{Dim, Signature},
    store::ModelFacts,
    vision::recognize::{Recognition, Setting, list},
};

/// The detector that a signature is of, or why it is of none.
pub(in crate::vision) fn recognize(signature: &Signature) -> Result<Recognition, String> {
    let family = Family::read(signature, &ModelFacts::default(), (640, 640))?;
    let what = match family.decoder {
        Decoder::Yolo if family.coefficients > 0 => "YOLOv8 to v12 with masks (Ultralytics)",
        Decoder::Yolo => "YOLOv8 to v12 (Ultralytics)",
        Decoder::YoloV5 => "YOLOv5 or YOLOv7, raw rows",
        Decoder::EndToEnd => "YOLOv10 or YOLO26, NMS done",
        Decoder::YoloX => "YOLOX",
        Decoder::Detr => "RT-DETR, D-FINE or another DETR",
        Decoder::DetrSoftmax => "DETR with a class for no object",
        Decoder::DetrPost => "RT-DETR or D-FINE with the authors' post-processing",
        Decoder::Mmdeploy => "mmdeploy, NMS done",
    };
    let mut settings = Vec::new();
    let named = signature.metadata.get("names").is_some_and(|text| parse_names(text).is_some());
    if !named {
        let numbered = family.labels.iter().all(|label| label.starts_with("class-"));
        let why = if numbered {
            "the file has no class names: put yours in this order"
        } else {
            "the file has no class names: the 80 of COCO are taken unless you give others"
        };
        settings.push(Setting { key: "labels", value: list(&family.labels), why, needed: numbered });
    }
    let (width, height) = (family.preprocess.width, family.preprocess.height);
    let picture = signature.inputs.iter().find(|input| input.name == family.input);
    let free = picture.is_some_and(|input| input.dims[2..].iter().any(|dim| matches!(dim, Dim::Free(_))));
    if free {
        let why = "the file leaves the input size free: this is the family's usual one";
        settings.push(Setting { key: "size", value: width.to_string(), why, needed: false });
    }
    Ok(Recognition {
        role: "detect",
        family: what,
        size: Some([width, height]),
        labels: if named { family.labels } else { Vec::new() },
        settings,
    })
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;
    use crate::onnx::{ElementType, fake::tensor};

    fn of(input: &[usize], outputs: &[(&str, &[usize])], metadata: &[(&str, &str)]) -> Result<Recognition, String> {
        recognize(&Signature {
            inputs: vec![tensor("images", ElementType::F32, input)],
            outputs: outputs.iter().map(|(name, dims)| tensor(name, ElementType::F32, dims)).collect(),
            metadata: metadata.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect(),
        })
    }

    #[test]
    fn a_file_that_says_all_needs_no_settings() {
        let names = [("names", "{0: 'circle', 1: 'square'}"), ("task", "detect")];
        let found = of(&[1, 3, 320, 320], &[("output0", &[1, 6, 2100])], &names).unwrap();
        assert_eq!((found.role, found.size, found.labels.len()), ("detect", Some([320, 320]), 2));
        assert!(found.family.starts_with("YOLOv8") && found.settings.is_empty(), "{found:?}");
    }

    #[test]
    fn what_is_missing_is_named() {
        let found = of(&[1, 3, 0, 0], &[("output0", &[1, 7, 0])], &[]).unwrap();
        let [labels, size] = found.settings.as_slice() else { unreachable!("{found:?}") };
        assert_eq!((labels.value.as_str(), labels.needed), (r#"["class-0", "class-1", "class-2"]"#, true));
        assert_eq!((size.key, size.value.as_str(), size.needed), ("size", "640", false));
        let coco = of(&[1, 3, 640, 640], &[("logits", &[1, 300, 80]), ("pred_boxes", &[1, 300, 4])], &[]).unwrap();
        assert!(coco.family.contains("DETR") && !coco.settings[0].needed && coco.settings[0].why.contains("COCO"));
    }

    #[test]
    fn what_is_no_detector_says_why() {
        assert!(of(&[1, 3, 64, 64], &[("embedding", &[1, 512])], &[]).unwrap_err().contains("fit no decoder"));
        assert!(of(&[1, 512], &[("out", &[1, 84, 10])], &[]).unwrap_err().contains("four dimensions"));
        assert!(
            of(&[1, 3, 640, 640], &[("output0", &[1, 56, 8400])], &[("task", "pose")]).unwrap_err().contains("pose")
        );
    }
}
