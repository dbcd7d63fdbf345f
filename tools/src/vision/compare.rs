//! `compare`: what changed between two pictures, and how alike they are.

use image::{DynamicImage, GrayImage, Luma, RgbImage};
use imageproc::{
    distance_transform::Norm,
    morphology::{dilate, open},
    region_labelling::{Connectivity, connected_components},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::{
    geom::BBox,
    image::{Filter, NewRegion, RegionKind, resize_rgb, to_rgb},
    tool::{Example, ImageArg, Tool, ToolCx, ToolError},
};

/// Finds what changed between two pictures.
pub struct Compare;

/// Arguments of [`Compare`].
#[derive(Debug, Deserialize, JsonSchema)]
pub struct CompareInput {
    #[serde(default)]
    image: ImageArg,
    /// the picture to compare it with, such as img-2
    other: ImageArg,
    /// how different a pixel must be to count as changed, from 0 to 1; left out: 0.1
    #[serde(default)]
    threshold: Option<f32>,
}

/// Result of [`Compare`].
#[derive(Debug, JsonSchema, Serialize)]
pub struct CompareOutput {
    /// Whether no pixel differs by more than the threshold.
    pub same: bool,
    /// Mean structural similarity of the lightness, 1 for equal pictures (SSIM, Wang et al. 2004, windows of 8 x 8).
    #[serde(serialize_with = "crate::geom::thousandths")]
    pub similarity: f32,
    /// Bits of 64 in which the difference hashes differ; up to 10 the pictures are near-duplicates.
    pub hash_distance: u32,
    /// Share of the pixels that changed, 0 to 1.
    #[serde(serialize_with = "crate::geom::thousandths")]
    pub changed: f32,
    /// Where it changed, the largest area first, in pixels of the first picture.
    pub regions: Vec<ChangedRegion>,
    /// How many more areas there are.
    pub more: usize,
    /// Whether the second picture was resized to the size of the first.
    pub resized: bool,
}

/// An area that changed.
#[derive(Debug, JsonSchema, Serialize)]
pub struct ChangedRegion {
    /// Its handle in the first picture, such as img-1/change-1.
    pub handle: String,
    /// [x1, y1, x2, y2] in pixels.
    #[serde(rename = "box")]
    pub bbox: BBox,
    /// Share of the picture that its changed pixels fill, 0 to 1.
    #[serde(serialize_with = "crate::geom::thousandths")]
    pub area_fraction: f32,
}

const THRESHOLD: f32 = 0.1;
const REGIONS: usize = 20;
/// Sides in the same ratio up to this are taken for the same picture at two sizes.
const RATIO_SLACK: f32 = 0.02;
/// Changes that lie this near, as a share of the long side, are one.
const JOINED: f32 = 0.01;

impl Tool for Compare {
    type Input = CompareInput;
    type Output = CompareOutput;
    const NAME: &'static str = "compare";
    const SUMMARY: &'static str =
        "compare two images pixel by pixel: what changed and where, whether they are duplicates";
    const ADVANCED: bool = true;
    const LIMITS: &'static str = "it knows nothing of what the images show";

    fn examples() -> Vec<Example> {
        vec![Example {
            task: "What changed between these two pictures?",
            input: json!({"image": "img-1", "other": "img-2"}),
            output: json!({
                "same": false, "similarity": 0.94, "hash_distance": 3, "changed": 0.021,
                "regions": [{"handle": "img-1/change-1", "box": [310.0, 120.0, 402.0, 201.0], "area_fraction": 0.018}],
                "more": 0, "resized": false
            }),
        }]
    }

    async fn call(&self, input: CompareInput, cx: &ToolCx) -> Result<CompareOutput, ToolError> {
        let threshold = input.threshold.unwrap_or(THRESHOLD);
        if !(0.0..=1.0).contains(&threshold) {
            return Err(ToolError::invalid_input(format!("threshold is {threshold}; it must be from 0 to 1")));
        }
        let other = cx.image(&input.other)?;
        let entry = if input.image.0.is_some() {
            cx.image(&input.image)?
        } else {
            // "Compare it with img-2": the other one of two.
            let all = cx.images.images();
            let first = all.iter().rev().find(|entry| entry.handle != other.handle).cloned();
            first.ok_or_else(|| ToolError::invalid_input("there is only one image; compare needs two"))?
        };
        let (a, b) = ((entry.width() as f32, entry.height() as f32), (other.width() as f32, other.height() as f32));
        if ((a.0 / a.1) / (b.0 / b.1) - 1.0).abs() > RATIO_SLACK {
            return Err(ToolError::invalid_input(format!(
                "{} is {} x {} and {} is {} x {} pixels: pictures of different shape cannot be compared pixel by pixel; crop one of them first",
                entry.handle, a.0, a.1, other.handle, b.0, b.1
            )));
        }
        let (first, second) = (entry.pixels.clone(), other.pixels.clone());
        let found = cx
            .blocking(move |control| {
                let first = to_rgb(&first);
                let second = fitted(&second, first.dimensions());
                control.check()?;
                Ok(difference(&first, &second, threshold))
            })
            .await?;
        let more = found.regions.len().saturating_sub(REGIONS);
        let regions = found.regions.into_iter().take(REGIONS);
        let (boxes, shares): (Vec<BBox>, Vec<f32>) = regions.unzip();
        let named = boxes.iter().map(|bbox| NewRegion {
            stem: "change".into(),
            label: "change".into(),
            kind: RegionKind::Area,
            score: 1.0,
            bbox: *bbox,
            quad: None,
        });
        let named = cx.images.name_regions(&entry.handle, named.collect());
        let regions = named.into_iter().zip(shares).map(|(region, share)| ChangedRegion {
            handle: region.handle,
            bbox: region.bbox,
            area_fraction: round(share),
        });
        Ok(CompareOutput {
            same: found.changed <= 0.0,
            similarity: round(found.similarity),
            hash_distance: found.hash_distance,
            changed: round(found.changed),
            regions: regions.collect(),
            more,
            resized: a != b,
        })
    }

    fn render(output: &CompareOutput) -> String {
        let alike = match output.hash_distance {
            _ if output.same => "the pictures are the same".to_owned(),
            0..=10 => format!("near-duplicates, similarity {:.2}", output.similarity),
            _ => format!("different pictures, similarity {:.2}", output.similarity),
        };
        let resized = if output.resized { "; the second was resized to the first" } else { "" };
        if output.regions.is_empty() {
            return format!("{alike}; no area changed{resized}");
        }
        let areas: Vec<String> = output
            .regions
            .iter()
            .map(|region| {
                let [x1, y1, x2, y2] = <[f32; 4]>::from(region.bbox).map(f32::round);
                format!("{} box [{x1}, {y1}, {x2}, {y2}]", region.handle)
            })
            .collect();
        let more = if output.more > 0 { format!(" and {} more", output.more) } else { String::new() };
        format!("{alike}; {:.1} % changed{resized}: {}{more}", output.changed * 100.0, areas.join("; "))
    }
}

fn round(share: f32) -> f32 {
    (share * 10_000.0).round() / 10_000.0
}

fn fitted(picture: &DynamicImage, (width, height): (u32, u32)) -> RgbImage {
    let picture = to_rgb(picture);
    if picture.dimensions() == (width, height) {
        picture
    } else {
        resize_rgb(&picture, width, height, Filter::Bilinear)
    }
}

struct Difference {
    similarity: f32,
    hash_distance: u32,
    changed: f32,
    /// Boxes, and the shares of the picture that changed in them.
    regions: Vec<(BBox, f32)>,
}

fn difference(first: &RgbImage, second: &RgbImage, threshold: f32) -> Difference {
    let (width, height) = first.dimensions();
    let count = (f64::from(width) * f64::from(height)).max(1.0);
    let limit = threshold * 255.0;
    let mut mask = GrayImage::new(width, height);
    for ((out, a), b) in mask.pixels_mut().zip(first.pixels()).zip(second.pixels()) {
        let apart = a.0.iter().zip(b.0).map(|(a, b)| a.abs_diff(b)).max().unwrap_or_default();
        *out = Luma([if f32::from(apart) > limit { 255 } else { 0 }]);
    }
    let changed = mask.as_raw().iter().filter(|value| **value > 0).count();
    let gray = |picture: &RgbImage| DynamicImage::ImageRgb8(picture.clone()).to_luma8();
    let (a, b) = (gray(first), gray(second));
    Difference {
        similarity: similarity(&a, &b),
        hash_distance: (difference_hash(&a) ^ difference_hash(&b)).count_ones(),
        changed: (changed as f64 / count) as f32,
        regions: if changed == 0 { Vec::new() } else { areas(&mask) },
    }
}

/// The areas of a mask, those near each other as one, the largest first. Lone pixels (compression, noise) are none.
fn areas(mask: &GrayImage) -> Vec<(BBox, f32)> {
    let (width, height) = mask.dimensions();
    // Too small for areas: what changed is one.
    if width < 3 || height < 3 {
        let changed = mask.as_raw().iter().filter(|value| **value > 0).count();
        let whole = BBox { x1: 0.0, y1: 0.0, x2: width as f32, y2: height as f32 };
        return vec![(whole, changed as f32 / (width as f32 * height as f32))];
    }
    let near = ((width.max(height) as f32 * JOINED).round() as u8).clamp(1, 20);
    let opened = open(mask, Norm::LInf, 1);
    let solid = if opened.as_raw().iter().any(|value| *value > 0) { opened } else { mask.clone() };
    let labels = connected_components(&dilate(&solid, Norm::LInf, near), Connectivity::Eight, Luma([0]));
    let mut found: Vec<Option<([u32; 4], u32)>> = Vec::new();
    for (x, y, label) in labels.enumerate_pixels() {
        let label = label.0[0] as usize;
        // What was dilated joins, but does not count.
        if label == 0 || solid.get_pixel(x, y).0[0] == 0 {
            continue;
        }
        if found.len() <= label {
            found.resize(label + 1, None);
        }
        let (bounds, count) = found[label].get_or_insert(([x, y, x, y], 0));
        *bounds = [bounds[0].min(x), bounds[1].min(y), bounds[2].max(x), bounds[3].max(y)];
        *count += 1;
    }
    let all = width as f32 * height as f32;
    let mut boxes: Vec<(BBox, f32)> = found
        .into_iter()
        .flatten()
        .map(|([x1, y1, x2, y2], count)| {
            let bbox = BBox { x1: x1 as f32, y1: y1 as f32, x2: x2 as f32 + 1.0, y2: y2 as f32 + 1.0 };
            (bbox, count as f32 / all)
        })
        .collect();
    boxes.sort_by(|a, b| b.1.total_cmp(&a.1));
    boxes
}

/// The mean of the structural similarity over windows of 8 x 8 pixels, without overlap.
fn similarity(a: &GrayImage, b: &GrayImage) -> f32 {
    const SIDE: u32 = 8;
    const C1: f64 = 6.5025;
    const C2: f64 = 58.5225;
    let (width, height) = a.dimensions();
    let (mut sum, mut windows) = (0.0, 0.0);
    for top in (0..height).step_by(SIDE as usize) {
        for left in (0..width).step_by(SIDE as usize) {
            let (mut count, mut x, mut y, mut xx, mut yy, mut xy) = (0.0, 0.0, 0.0, 0.0, 0.0, 0.0);
            for row in top..(top + SIDE).min(height) {
                for column in left..(left + SIDE).min(width) {
                    let (p, q) = (f64::from(a.get_pixel(column, row).0[0]), f64::from(b.get_pixel(column, row).0[0]));
                    count += 1.0;
                    x += p;
                    y += q;
                    xx += p * p;
                    yy += q * q;
                    xy += p * q;
                }
            }
            let (mx, my) = (x / count, y / count);
            let (vx, vy, cov) = (xx / count - mx * mx, yy / count - my * my, xy / count - mx * my);
            sum += ((2.0 * mx * my + C1) * (2.0 * cov + C2)) / ((mx * mx + my * my + C1) * (vx + vy + C2));
            windows += 1.0;
        }
    }
    if windows == 0.0 { 1.0 } else { (sum / windows) as f32 }
}

/// A difference hash of 64 bits: at 9 x 8 pixels, whether each is lighter than the next.
pub(super) fn difference_hash(gray: &GrayImage) -> u64 {
    let small = image::imageops::resize(gray, 9, 8, image::imageops::FilterType::Triangle);
    let bits = (0..8).flat_map(|y| (0..8).map(move |x| (x, y)));
    bits.fold(0, |hash, (x, y)| hash << 1 | u64::from(small.get_pixel(x, y).0[0] > small.get_pixel(x + 1, y).0[0]))
}

#[cfg(test)]
mod tests {
    use image::Rgb;

    use super::*;

    fn scene() -> RgbImage {
        RgbImage::from_fn(200, 150, |x, y| Rgb([(x / 2 + 60) as u8, (y + 40) as u8, 120]))
    }

    fn with_square(mut picture: RgbImage, left: u32, top: u32, side: u32) -> RgbImage {
        for y in top..top + side {
            for x in left..left + side {
                picture.put_pixel(x, y, Rgb([255, 30, 30]));
            }
        }
        picture
    }

    #[test]
    fn equal_pictures_are_the_same() {
        let found = difference(&scene(), &scene(), 0.1);
        assert_eq!((found.hash_distance, found.regions.len()), (0, 0));
        assert!(found.changed.abs() < 1e-9);
        assert!((found.similarity - 1.0).abs() < 1e-6);
    }

    #[test]
    fn what_was_added_is_found_where_it_is() {
        let changed = with_square(with_square(scene(), 20, 30, 24), 150, 100, 12);
        let found = difference(&scene(), &changed, 0.1);
        let boxes: Vec<[f32; 4]> = found.regions.iter().map(|(bbox, _)| <[f32; 4]>::from(*bbox)).collect();
        assert_eq!(boxes, [[20.0, 30.0, 44.0, 54.0], [150.0, 100.0, 162.0, 112.0]]);
        assert!((found.changed - (24.0 * 24.0 + 12.0 * 12.0) / 30_000.0).abs() < 1e-6);
        assert!(found.similarity < 1.0 && found.hash_distance <= 10);
    }

    #[test]
    fn noise_is_no_area_and_tiny_pictures_do_not_panic() {
        let mut noisy = scene();
        noisy.put_pixel(50, 50, Rgb([255, 255, 255]));
        let joined = with_square(noisy, 100, 20, 20);
        let found = difference(&scene(), &joined, 0.1);
        assert_eq!(found.regions.len(), 1, "the lone pixel is left out");
        for (width, height) in [(1, 1), (1, 90), (300, 2)] {
            let (a, b) = (RgbImage::new(width, height), RgbImage::from_pixel(width, height, Rgb([255, 255, 255])));
            let found = difference(&a, &b, 0.1);
            assert!((found.changed - 1.0).abs() < 1e-6);
            assert_eq!(found.regions.len(), 1);
        }
    }
}
