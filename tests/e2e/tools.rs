//! The tools on real pictures with real models.

use image::{DynamicImage, Rgb, RgbImage};

use crate::support::{items, json, run, shared};

#[test]
fn detect_finds_the_cup_and_the_spoon() {
    let seen = json(&["tool", "detect", "sample:coffee", "--json", "-q"]);
    assert_eq!(seen["output"]["counts"]["cup"], 1);
    assert_eq!(seen["output"]["counts"]["spoon"], 1);
    assert_eq!(seen["provider"], "cpu");
    let object = &seen["output"]["objects"][0];
    assert_eq!(object["handle"], "img-1/cup-1");
    let corners: Vec<f64> = object["box"].as_array().unwrap().iter().map(|v| v.as_f64().unwrap()).collect();
    for (corner, expected) in corners.iter().zip([170.4, 16.4, 418.6, 246.5]) {
        assert!((corner - expected).abs() < 2.0, "{corners:?}");
    }
}

#[test]
fn labels_are_found_by_synonym_and_missing_ones_count_zero() {
    let seen = json(&["tool", "detect", "sample:astronaut", "--labels", "people,dogs", "--json", "-q"]);
    assert_eq!(seen["output"]["counts"]["person"], 1, "{seen}");
    assert_eq!(seen["output"]["counts"]["dog"], 0, "{seen}");
}

#[test]
fn read_text_reads_a_page() {
    let seen = json(&["tool", "read_text", "sample:page", "--json", "-q"]);
    let text = seen["output"]["text"].as_str().unwrap().to_lowercase();
    assert!(text.contains("region-based segmentation"), "{text}");
}

#[test]
fn segment_cuts_the_cat_out() {
    let out = tempfile::tempdir().unwrap();
    let seen = json(&["tool", "segment", "sample:cat", "--json", "-q", "--out", out.path().to_str().unwrap()]);
    let share = seen["output"]["area_fraction"].as_f64().unwrap();
    assert!((0.6..0.9).contains(&share), "{share}");
    let cutout = seen["images"].as_array().unwrap().iter().find(|image| image["op"] == "segment.cutout").unwrap();
    let path = cutout["path"].as_str().unwrap();
    assert!(path.contains("cat.img-3.segment-cutout"), "{path}");
    let picture = image::open(path).unwrap();
    assert!(matches!(picture, DynamicImage::ImageRgba8(_)), "the background is transparent");
}

#[test]
fn a_label_as_region_is_looked_for_first() {
    let out = tempfile::tempdir().unwrap();
    let out = out.path().to_str().unwrap();
    let seen = json(&["tool", "crop", "sample:coffee", "--region", "spoon", "--json", "-q", "--out", out]);
    let path = seen["images"][1]["path"].as_str().unwrap();
    let picture = image::open(path).unwrap();
    assert!(picture.width() < 300 && picture.height() < 300, "{}x{}", picture.width(), picture.height());
}

#[test]
fn every_detection_of_the_photos_is_as_good_as_measured() {
    let Some(data) = shared() else { return };
    let (mut found, mut all) = (0u32, 0u32);
    for item in items(&data, "detect").iter().take(8) {
        let path = data.join(item["file"].as_str().unwrap());
        let seen = json(&["tool", "detect", path.to_str().unwrap(), "--json", "-q"]);
        let objects = seen["output"]["objects"].as_array().unwrap();
        for truth in item["truth"]["boxes"].as_array().unwrap() {
            if truth["area_frac"].as_f64().unwrap() < 0.01 || truth["iscrowd"] != 0 {
                continue;
            }
            all += 1;
            let b: Vec<f64> = truth["bbox_xywh"].as_array().unwrap().iter().map(|v| v.as_f64().unwrap()).collect();
            let hit = objects.iter().any(|object| {
                let o: Vec<f64> = object["box"].as_array().unwrap().iter().map(|v| v.as_f64().unwrap()).collect();
                object["label"] == truth["label"] && iou(&o, &[b[0], b[1], b[0] + b[2], b[1] + b[3]]) >= 0.5
            });
            found += u32::from(hit);
        }
    }
    assert!(f64::from(found) >= 0.75 * f64::from(all), "{found} of {all} objects");
}

fn iou(a: &[f64], b: &[f64]) -> f64 {
    let w = (a[2].min(b[2]) - a[0].max(b[0])).max(0.0);
    let h = (a[3].min(b[3]) - a[1].max(b[1])).max(0.0);
    let area = |r: &[f64]| (r[2] - r[0]) * (r[3] - r[1]);
    w * h / (area(a) + area(b) - w * h)
}

#[test]
fn degenerate_pictures_give_results_or_typed_errors() {
    let folder = tempfile::tempdir().unwrap();
    for (name, width, height) in [("dot", 1, 1), ("strip", 3000, 4), ("black", 64, 64)] {
        let path = folder.path().join(format!("{name}.png"));
        RgbImage::from_pixel(width, height, Rgb([0, 0, 0])).save(&path).unwrap();
        for tool in ["detect", "read_text", "segment", "caption", "colors"] {
            let out = folder.path().join("out");
            let said = run(&["tool", tool, path.to_str().unwrap(), "-q", "--out", out.to_str().unwrap()]);
            assert!(matches!(said.code, 0..=2) && !said.err.contains("panicked"), "{tool} on {name}: {}", said.err);
        }
    }
}
