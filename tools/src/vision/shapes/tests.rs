#![expect(clippy::unwrap_used, reason = "a test fails where its set-up does")]

use std::sync::Arc;

use image::{DynamicImage, Rgb, RgbImage};
use imageproc::{
    drawing::{draw_filled_circle_mut, draw_filled_ellipse_mut, draw_filled_rect_mut, draw_polygon_mut},
    point::Point,
    rect::Rect,
};
use serde_json::{Value, json};

use super::Shapes;
use crate::{
    geom::BBox,
    image::{ImageStore, NewRegion, Origin, RegionKind},
    onnx::NoModels,
    tool::{ToolCx, Toolbox},
};

const WHITE: Rgb<u8> = Rgb([255, 255, 255]);
const RED: Rgb<u8> = Rgb([220, 20, 20]);
const BLUE: Rgb<u8> = Rgb([30, 60, 220]);
const GREEN: Rgb<u8> = Rgb([20, 150, 40]);
const YELLOW: Rgb<u8> = Rgb([250, 220, 30]);

fn polygon(picture: &mut RgbImage, corners: &[(f64, f64)], color: Rgb<u8>) {
    let corners: Vec<Point<i32>> =
        corners.iter().map(|(x, y)| Point::new(x.round() as i32, y.round() as i32)).collect();
    draw_polygon_mut(picture, &corners, color);
}

/// The corners of a regular figure; those of a star lie on two circles in turn.
fn regular(center: (f64, f64), radii: &[f64], corners: usize, turn: f64) -> Vec<(f64, f64)> {
    let corner = |at: usize| {
        let angle = (turn + 360.0 * at as f64 / corners as f64).to_radians();
        let radius = radii[at % radii.len()];
        (center.0 + radius * angle.sin(), center.1 - radius * angle.cos())
    };
    (0..corners).map(corner).collect()
}

async fn shapes_of(picture: RgbImage, lines: &[(&str, [f32; 4])]) -> Vec<Value> {
    let cx = ToolCx::new(ImageStore::new(), Arc::new(NoModels));
    let entry = cx.images.insert(DynamicImage::ImageRgb8(picture), Origin::Memory("drawing".into()));
    let line = |(text, corners): &(&str, [f32; 4])| NewRegion {
        stem: "line".into(),
        kind: RegionKind::Line,
        ..NewRegion::object(text, 1.0, BBox::from_corners(*corners).unwrap())
    };
    cx.images.name_regions(&entry.handle, lines.iter().map(line).collect());
    let said = Toolbox::new().with(Shapes).call("shapes", json!({}), &cx).await.unwrap();
    said.value["shapes"].as_array().unwrap().clone()
}

fn named(shapes: &[Value]) -> Vec<String> {
    let name = |shape: &Value| format!("{} {}", shape["color"].as_str().unwrap(), shape["label"].as_str().unwrap());
    let mut names: Vec<String> = shapes.iter().map(name).collect();
    names.sort();
    names
}

#[tokio::test]
async fn shapes_have_names_colors_and_boxes() {
    let mut picture = RgbImage::from_pixel(900, 600, WHITE);
    draw_filled_circle_mut(&mut picture, (100, 100), 60, RED);
    draw_filled_ellipse_mut(&mut picture, (300, 100), 90, 50, BLUE);
    draw_filled_rect_mut(&mut picture, Rect::at(430, 40).of_size(120, 120), GREEN);
    draw_filled_rect_mut(&mut picture, Rect::at(600, 60).of_size(200, 80), YELLOW);
    polygon(&mut picture, &regular((100.0, 300.0), &[80.0], 3, 0.0), BLUE);
    polygon(&mut picture, &regular((300.0, 300.0), &[80.0], 4, 0.0), RED);
    polygon(&mut picture, &regular((500.0, 300.0), &[80.0], 5, 0.0), YELLOW);
    polygon(&mut picture, &regular((700.0, 300.0), &[80.0], 6, 0.0), GREEN);
    polygon(&mut picture, &regular((100.0, 500.0), &[90.0, 36.0], 10, 0.0), YELLOW);
    polygon(&mut picture, &regular((300.0, 500.0), &[80.0], 8, 22.5), RED);
    polygon(&mut picture, &regular((500.0, 500.0), &[80.0], 4, 30.0), BLUE);
    draw_filled_circle_mut(&mut picture, (700, 500), 80, GREEN);
    draw_filled_circle_mut(&mut picture, (700, 500), 50, WHITE);
    let shapes = shapes_of(picture, &[]).await;
    assert_eq!(
        named(&shapes),
        [
            "blue ellipse",
            "blue square",
            "blue triangle",
            "green hexagon",
            "green ring",
            "green square",
            "red circle",
            "red diamond",
            "red octagon",
            "yellow pentagon",
            "yellow rectangle",
            "yellow star",
        ]
    );
    let circle = shapes.iter().find(|shape| shape["label"] == "circle").unwrap();
    let corners: Vec<f64> = serde_json::from_value(circle["box"].clone()).unwrap();
    let near = |(is, right): (&f64, f64)| (is - right).abs() <= 3.0;
    assert!(corners.iter().zip([40.0, 40.0, 161.0, 161.0]).all(near), "{corners:?}");
    assert_eq!(circle["hex"], "#dc1414");
}

#[tokio::test]
async fn an_outline_and_its_inside_are_one_shape() {
    let mut picture = RgbImage::from_pixel(400, 200, WHITE);
    draw_filled_rect_mut(&mut picture, Rect::at(20, 20).of_size(120, 100), BLUE);
    draw_filled_rect_mut(&mut picture, Rect::at(24, 24).of_size(112, 92), WHITE);
    draw_filled_rect_mut(&mut picture, Rect::at(220, 20).of_size(120, 100), BLUE);
    draw_filled_rect_mut(&mut picture, Rect::at(224, 24).of_size(112, 92), YELLOW);
    assert_eq!(named(&shapes_of(picture, &[]).await), ["blue rectangle", "yellow rectangle"]);
}

#[tokio::test]
async fn bars_bear_their_names_and_letters_are_no_shapes() {
    let mut picture = RgbImage::from_pixel(400, 300, WHITE);
    for (at, (height, color)) in [(100, RED), (180, GREEN), (60, BLUE)].into_iter().enumerate() {
        draw_filled_rect_mut(
            &mut picture,
            Rect::at(60 + 110 * at as i32, 250 - height).of_size(60, height as u32),
            color,
        );
    }
    // The letter of a large title.
    draw_filled_rect_mut(&mut picture, Rect::at(30, 10).of_size(14, 40), RED);
    let lines = [
        ("I", [26.0, 8.0, 48.0, 52.0]),
        ("Car", [70.0, 256.0, 110.0, 272.0]),
        ("Bus", [182.0, 256.0, 218.0, 272.0]),
        ("Walk", [288.0, 256.0, 330.0, 272.0]),
        ("18", [190.0, 52.0, 212.0, 68.0]),
    ];
    let shapes = shapes_of(picture, &lines).await;
    let texts: Vec<(String, Value)> =
        shapes.iter().map(|shape| (shape["color"].as_str().unwrap().to_owned(), shape["text"].clone())).collect();
    let right = [("green", json!(["Bus", "18"])), ("red", json!(["Car"])), ("blue", json!(["Walk"]))];
    assert_eq!(texts, right.map(|(color, text)| (color.to_owned(), text)));
}

#[tokio::test]
async fn photographs_and_plain_pages_have_none() {
    let noisy = RgbImage::from_fn(300, 200, |x, y| {
        let value = ((x * 7919 + y * 104_729 + x * y * 31) % 97) as u8;
        Rgb([value + 60, value + 90, value + 120])
    });
    let gradient = RgbImage::from_fn(300, 200, |x, _| Rgb([(x * 255 / 300) as u8, 90, 140]));
    let plain = RgbImage::from_pixel(300, 200, WHITE);
    for picture in [noisy, gradient, plain, RgbImage::from_pixel(1, 1, RED)] {
        assert_eq!(shapes_of(picture, &[]).await, Vec::<Value>::new());
    }
}
