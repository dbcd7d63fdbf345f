//! Geometry, prompts, templates and settings; whole models are compared in `tools/tests/vision_language.rs`.
#![expect(clippy::unwrap_used, reason = "a failed set-up fails the test")]

use image::RgbImage;
use ndarray::{Array2, Array3};
use serde_json::json;

use super::{
    AskError, Turn,
    config::{Count, Family, Settings},
    merge::merge,
    prompt::{Span, expand, text},
    template::Template,
    view::{Tiling, Viewer},
};

type Size = (u32, u32);
/// A picture, the longest edge, the side of a tile; resized, in whole tiles, rows and columns.
type Case = (Size, u32, u32, Size, Size, (usize, usize));

/// Sizes that the reference's own functions gave.
#[test]
fn pictures_are_cut_as_the_reference_cuts_them() {
    let cases: [Case; 13] = [
        ((640, 480), 2048, 512, (2048, 1536), (2048, 1536), (3, 4)),
        ((480, 640), 2048, 512, (1536, 2048), (1536, 2048), (4, 3)),
        ((1000, 1000), 2048, 512, (2048, 2048), (2048, 2048), (4, 4)),
        ((1, 1), 2048, 512, (2048, 2048), (2048, 2048), (4, 4)),
        ((20_000, 10), 2048, 512, (2048, 2), (2048, 512), (1, 4)),
        ((10, 20_000), 2048, 512, (2, 2048), (512, 2048), (4, 1)),
        ((1920, 1080), 1536, 384, (1536, 864), (1536, 1152), (3, 4)),
        ((333, 999), 1500, 512, (500, 1500), (512, 1536), (3, 1)),
        ((57, 41), 96, 32, (96, 70), (96, 96), (3, 3)),
        ((40, 90), 96, 32, (42, 96), (64, 96), (3, 2)),
        ((7, 5), 32, 32, (32, 22), (32, 32), (0, 0)),
        ((300, 200), 8192, 512, (4096, 2731), (4096, 3072), (6, 8)),
        ((200, 301), 512, 512, (340, 512), (512, 512), (0, 0)),
    ];
    for (size, longest, side, resized, whole, grid) in cases {
        let tiling = Tiling { side, longest: Some(longest) };
        assert_eq!(tiling.resized(size), resized, "{size:?}");
        assert_eq!(tiling.whole_tiles(resized), whole, "{size:?}");
        assert_eq!(tiling.grid(whole), grid, "{size:?}");
    }
}

const TILES: &str = r#"{"size": {"longest_edge": 64}, "max_image_size": {"longest_edge": 16}, "resample": 1,
    "image_mean": [0.5, 0.5, 0.5], "image_std": [0.5, 0.5, 0.5]}"#;

#[test]
fn a_view_is_one_tile_or_all_of_them_and_the_whole() {
    let viewer = Viewer::from_json(Family::Idefics3, TILES).unwrap();
    let mut picture = RgbImage::new(64, 32);
    for pixel in picture.enumerate_pixels_mut().filter(|(x, y, _)| *x >= 48 && *y >= 16) {
        pixel.2.0 = [255, 255, 255];
    }
    let fast = viewer.view(&picture, false);
    assert_eq!((fast.pixels.shape(), fast.grid), ([1, 3, 16, 16].as_slice(), (0, 0)));
    let view = viewer.view(&picture, true);
    assert_eq!((view.pixels.shape(), view.grid, view.tiles()), ([9, 3, 16, 16].as_slice(), (2, 4), 9));
    // The last tile of the grid is white, all others are black.
    for (tile, pixels) in view.pixels.outer_iter().enumerate().take(8) {
        let wanted = if tile == 7 { 1.0 } else { -1.0 };
        assert!(pixels.iter().all(|value| (value - wanted).abs() < 1e-6), "{tile}");
    }
    assert!((view.pixels[[8, 0, 15, 15]] - 1.0).abs() < 1e-6 && (view.pixels[[8, 0, 0, 0]] + 1.0).abs() < 1e-6);
    let smaller = viewer.with_longest_edge(Some(32)).view(&picture, true);
    assert_eq!(smaller.grid, (1, 2));
    let llava = Viewer::from_json(Family::Llava, r#"{"size": {"height": 20, "width": 20}}"#).unwrap();
    assert_eq!(llava.view(&picture, true).pixels.shape(), [1, 3, 20, 20]);
    let error = Viewer::from_json(Family::Idefics3, r#"{"size": {"longest_edge": 64}}"#).unwrap_err();
    assert!(error.to_string().contains("max_image_size has no longest_edge"), "{error}");
}

#[test]
fn image_tokens_are_expanded_in_place() {
    let expand = |family, text: &str, spans: &[Span]| expand(family, text, "<i>", spans, Some("<s>"));
    let span = |rows, columns, tokens| Span { grid: (rows, columns), tokens };
    let one = expand(Family::Idefics3, "User:<i>why?", &[span(0, 0, 2)]).unwrap();
    let around = "<fake_token_around_image>";
    assert_eq!(one, format!("User:{around}<global-img><i><i>{around}why?"));
    let tiles = expand(Family::Idefics3, "<i>why?", &[span(2, 1, 1)]).unwrap();
    assert_eq!(
        tiles,
        format!("{around}<row_1_col_1><i>\n{around}<row_2_col_1><i>\n\n{around}<global-img><i>{around}why?")
    );
    assert_eq!(expand(Family::Llava, "a <i>b<i>", &[span(0, 0, 2), span(0, 0, 1)]).unwrap(), "a <i><i>b<i>");
    assert_eq!(expand(Family::PaliGemma, "<i><i>why", &[span(0, 0, 2); 2]).unwrap(), "<i><i><i><i><s>why\n");
    let error = expand(Family::Llava, "<i> and <i>", &[span(0, 0, 1)]).unwrap_err().to_string();
    assert!(error.contains("2 times <i>, and there are 1 pictures"), "{error}");
}

#[test]
fn features_take_their_places_or_both_counts_are_named() {
    let mut embeds = Array3::zeros((1, 4, 2));
    let features = [Array2::from_elem((1, 2), 5.0), Array2::from_elem((1, 2), 6.0)];
    merge(&mut embeds, &[1, 9, 9, 2], 9, &features).unwrap();
    assert_eq!(embeds.iter().copied().collect::<Vec<f32>>(), [0.0, 0.0, 5.0, 5.0, 6.0, 6.0, 0.0, 0.0]);
    let error = merge(&mut embeds, &[1, 9, 2, 2], 9, &features).unwrap_err().to_string();
    assert_eq!(error, "the prompt has 1 places for image features, and the vision encoder gave 2");
    let wide = [Array2::zeros((1, 3))];
    let error = merge(&mut embeds, &[1, 9, 2, 2], 9, &wide).unwrap_err().to_string();
    assert_eq!(error, "image features are 3 wide, and embeddings 2");
    assert!(merge(&mut embeds, &[9], 9, &features[..1]).unwrap_err().to_string().contains("4 embeddings of 1 tokens"));
}

fn turns() -> Vec<Turn> {
    vec![Turn::example("What?", "a dog"), Turn::ask(2, "And these?")]
}

#[test]
fn templates_take_parts_or_one_text() {
    let parts = "{% for m in messages %}{{ m['role'] | upper }}{% for c in m.content %}{% if c.type == 'image' %}<i>{% else %}\
                 {% generation %}{{ c['text'].strip() }}{% endgeneration %}{% endif %}{% endfor %};{% endfor %}";
    let plain = "{% for m in messages %}{{ m.role.title() }}: {{ m.content + '\n' }}{% endfor %}\
                 {% if add_generation_prompt %}Assistant:{% endif %}";
    let said = |source: &str| text(Family::Llava, Some(&Template::of(source)), "<i>", &turns());
    assert_eq!(said(parts).unwrap(), "USER<i>What?;ASSISTANTa dog;USER<i><i>And these?;");
    assert_eq!(said(plain).unwrap(), "User: <i>\nWhat?\nAssistant: a dog\nUser: <i>\n<i>\nAnd these?\nAssistant:");
    let error = said("{{ raise_exception('roles must alternate') }}").unwrap_err().to_string();
    assert!(error.contains("roles must alternate"), "{error}");
    let error = said("{% for m in messages %}{{ m.role }}{% endfor %}").unwrap_err().to_string();
    assert!(error.contains("3 pictures, 0 times <i>"), "{error}");
    assert!(said("{% if %}").unwrap_err().to_string().contains("the model's chat template failed"));
}

#[test]
fn families_without_a_template_have_their_own_form() {
    let own = |family, turns: &[Turn]| text(family, None, "<i>", turns);
    assert_eq!(own(Family::Moondream, &[Turn::ask(1, "why?")]).unwrap(), "<i>\n\nQuestion: why?\n\nAnswer:");
    let said = own(Family::Moondream, &turns()).unwrap();
    assert_eq!(said, "<i>\n\nQuestion: What?\n\nAnswer: a dog\n\n<i><i>\n\nQuestion: And these?\n\nAnswer:");
    assert_eq!(own(Family::PaliGemma, &[Turn::ask(2, "why?")]).unwrap(), "<i><i>why?");
    assert!(
        matches!(own(Family::PaliGemma, &turns()), Err(AskError::Unfit(message)) if message.contains("no examples"))
    );
    assert!(own(Family::Idefics3, &turns()).unwrap_err().to_string().contains("chat template"));
}

fn settings(files: &[(&str, serde_json::Value)]) -> Result<Settings, String> {
    let folder = tempfile::tempdir().unwrap();
    for (name, value) in files {
        std::fs::write(folder.path().join(name), value.to_string()).unwrap();
    }
    Settings::open(folder.path()).map_err(|error| error.to_string())
}

#[test]
fn settings_come_from_whichever_file_has_them() {
    let smol = json!({
        "model_type": "smolvlm", "image_token_id": 7, "scale_factor": 4,
        "vision_config": {"image_size": 512, "patch_size": 16},
        "text_config": {"eos_token_id": [3, 4], "max_position_embeddings": 8192}
    });
    let found = settings(&[("config.json", smol.clone())]).unwrap();
    assert_eq!((found.family, found.image_id, found.count), (Family::Idefics3, Some(7), Count::Fixed(64)));
    assert_eq!((found.positions, found.options.eos), (Some(8192), vec![3, 4]));
    let given = [
        ("config.json", smol),
        ("processor_config.json", json!({"image_seq_len": 81})),
        ("generation_config.json", json!({"eos_token_id": 9})),
    ];
    let found = settings(&given).unwrap();
    assert_eq!((found.count, found.options.eos), (Count::Fixed(81), vec![9]));
    let llava = |processor| {
        let config = json!({"model_type": "llava", "image_token_index": 5, "eos_token_id": 2});
        settings(&[("config.json", config), ("processor_config.json", processor)]).unwrap()
    };
    let clip = json!({"patch_size": 14, "num_additional_image_tokens": 1, "vision_feature_select_strategy": "default"});
    assert_eq!(llava(clip).count, Count::Patches { patch: 14, more: 0 });
    assert_eq!(llava(json!({"patch_size": 14})).count, Count::Patches { patch: 14, more: 0 });
    assert_eq!(llava(json!({"num_image_tokens": 729})).count, Count::Fixed(729));
    let bare = llava(json!({}));
    assert_eq!((bare.count, bare.image_id, bare.options.eos), (Count::AsGiven, Some(5), vec![2]));
    let onevision = |ratio| {
        let config = json!({"model_type": "llava_onevision", "vision_aspect_ratio": ratio});
        settings(&[("config.json", config)]).map(|found| found.most_tiles)
    };
    assert_eq!((onevision(json!("anyres_max_4")), onevision(json!(null))), (Ok(Some(4)), Ok(Some(9))));
    assert!(onevision(json!("pad")).unwrap_err().contains("vision_aspect_ratio is \"pad\""));
    let pali = [
        ("config.json", json!({"model_type": "paligemma"})),
        ("preprocessor_config.json", json!({"image_seq_length": 256})),
    ];
    let found = settings(&pali).unwrap();
    assert_eq!((found.count, found.family.first_position()), (Count::Fixed(256), 1));
}

#[test]
fn what_is_wrong_with_the_files_is_named() {
    assert!(settings(&[]).unwrap_err().contains("has no config.json"));
    let error = settings(&[("config.json", json!({"model_type": "qwen2_vl"}))]).unwrap_err();
    assert!(error.contains("model_type is \"qwen2_vl\"; known are idefics3, smolvlm, llava"), "{error}");
    let error = settings(&[("config.json", json!({"model_type": "idefics3"}))]).unwrap_err();
    assert!(error.contains("image_seq_len"), "{error}");
    let error = settings(&[("config.json", json!({"model_type": 3}))]).unwrap_err();
    assert!(error.starts_with("config.json cannot be read"), "{error}");
}
