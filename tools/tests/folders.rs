//! Folders of several graphs: what each is, what it lacks, and the lines that make it a model.
#![expect(clippy::unwrap_used, reason = "a test fails where its set-up does")]

use std::path::{Path, PathBuf};

use argus_tools::vision::folder::{FolderRecognition, recognize_folder};

fn data(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(name)
}

fn of(name: &str) -> FolderRecognition {
    recognize_folder(&data(name)).unwrap()
}

#[test]
fn every_kind_of_model_is_known_by_its_graphs() {
    for (name, role, family) in [
        ("florence", "caption", "Florence-2"),
        ("captioners/vit-gpt2", "caption", "ViT-GPT2"),
        ("captioners/trocr", "caption", "ViT-GPT2, TrOCR"),
        ("blip", "caption", "BLIP"),
        ("vision_language/smolvlm", "vqa", "vision-language"),
        ("vision_language/llava_next", "vqa", "vision-language"),
        ("vision_language/paligemma", "vqa", "vision-language"),
        ("segmenters/sam", "segment_prompt", "SAM or SlimSAM"),
        ("segmenters/sam2", "segment_prompt", "SAM 2"),
        ("sam/official", "segment_prompt", "as their authors export them"),
        ("sam/mobile", "segment_prompt", "as their authors export them"),
        ("zero_shot/clip_split", "embed", "two graphs"),
        ("zero_shot/siglip_split", "embed", "two graphs"),
    ] {
        let found = of(name);
        assert_eq!(found.role, role, "{name}: {found:?}");
        assert!(found.family.contains(family), "{name}: {}", found.family);
        assert!(found.is_complete(), "{name}: {:?} {:?}", found.missing().collect::<Vec<_>>(), found.problems);
        assert!(found.settings.is_empty(), "{name}: {:?}", found.settings);
    }
    assert_eq!(of("captioners/trocr").other_roles, ["handwriting"], "without a config.json nothing tells them apart");
    let mobile = of("sam/mobile");
    let files: Vec<&str> = mobile.graphs.iter().filter_map(|part| part.file.as_deref()).collect();
    assert_eq!(files, ["mobile_sam_image_encoder.onnx", "sam_mask_decoder_single.onnx"]);
}

#[test]
fn a_folder_of_one_graph_has_its_class_names_beside_it() {
    let found = of("segmenters/maskformer");
    assert_eq!((found.role, found.other_roles.as_slice()), ("segment_panoptic", ["segment_instance"].as_slice()));
    assert_eq!(found.graphs[0].file.as_deref(), Some("onnx/model.onnx"));
    assert!(found.settings.is_empty() && found.is_complete(), "{found:?}");
}

/// A copy of a folder without some of its files.
fn without(name: &str, missing: &[&str]) -> tempfile::TempDir {
    fn copy(from: &Path, to: &Path, missing: &[&str]) {
        for entry in std::fs::read_dir(from).unwrap() {
            let entry = entry.unwrap();
            let target = to.join(entry.file_name());
            if entry.path().is_dir() {
                std::fs::create_dir(&target).unwrap();
                copy(&entry.path(), &target, missing);
            } else if !missing.iter().any(|name| entry.file_name() == *name) {
                std::fs::copy(entry.path(), target).unwrap();
            }
        }
    }
    let folder = tempfile::tempdir().unwrap();
    copy(&data(name), folder.path(), missing);
    folder
}

#[test]
fn what_is_missing_is_named() {
    for (name, missing, family, named) in [
        (
            "florence",
            vec!["encoder_model.onnx", "tokenizer.json"],
            "Florence-2",
            vec!["encoder_model", "tokenizer.json"],
        ),
        ("vision_language/llava", vec!["embed_tokens.onnx"], "vision-language", vec!["embed_tokens"]),
        ("segmenters/sam2", vec!["prompt_encoder_mask_decoder.onnx"], "SAM 2", vec!["prompt_encoder_mask_decoder"]),
        ("sam/official", vec!["encoder.onnx"], "as their authors", vec!["encoder"]),
        (
            "captioners/vit-gpt2",
            vec!["decoder_model.onnx", "decoder_model_merged.onnx"],
            "ViT-GPT2",
            vec!["decoder_model_merged"],
        ),
    ] {
        let folder = without(name, &missing);
        let found = recognize_folder(folder.path()).unwrap();
        assert!(found.family.contains(family), "{name}: {}", found.family);
        assert_eq!(found.missing().map(|part| part.name).collect::<Vec<_>>(), named, "{name}");
        assert!(!found.is_complete());
    }
}

#[test]
fn what_is_wrong_is_told() {
    let folder = without("vision_language/llava", &["chat_template.jinja", "tokenizer_config.json"]);
    let found = recognize_folder(folder.path()).unwrap();
    assert!(!found.is_complete() && found.problems[0].what.contains("chat template"), "{:?}", found.problems);
    // A decoder in the encoder's place.
    let folder = without("vision_language/llava", &[]);
    let onnx = folder.path().join("onnx");
    std::fs::copy(onnx.join("decoder_model_merged.onnx"), onnx.join("embed_tokens.onnx")).unwrap();
    let found = recognize_folder(folder.path()).unwrap();
    assert!(found.problems[0].what.starts_with("onnx/embed_tokens.onnx has inputs: inputs_embeds"), "{found:?}");
    assert!(found.problems[0].remedy.ends_with("makes inputs_embeds of input_ids"));
    let error = |name: &str| recognize_folder(&data(name)).unwrap_err().to_string();
    assert!(error("detectors").contains("which are no set of one model"), "{}", error("detectors"));
    assert!(error("segmenters").contains("has no .onnx file"), "{}", error("segmenters"));
    assert!(error("nowhere").contains("has no .onnx file") || error("nowhere").contains("cannot be read"));
}
