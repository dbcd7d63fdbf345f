//! What a model reads of segments.

use super::tool::{SegmentOutput, SegmentedPart};
use crate::geom::BBox;

/// Segments that are named; the rest is counted.
const SHOWN: usize = 20;

fn corners(bbox: BBox) -> String {
    let [x1, y1, x2, y2] = <[f32; 4]>::from(bbox).map(f32::round);
    format!("[{x1}, {y1}, {x2}, {y2}]")
}

/// In words.
pub(super) fn words(output: &SegmentOutput) -> String {
    if let Some(missing) = &output.not_found {
        return format!("no {missing} found, so nothing was cut out");
    }
    let share = output.area_fraction * 100.0;
    let mut lines = Vec::new();
    match (&output.mask, &output.cutout, output.bbox) {
        (Some(mask), Some(cutout), Some(bbox)) if output.segments.len() <= 1 => lines.push(format!(
            "cut-out on transparent background: {cutout}; mask: {mask}; the object's box is {} and it covers {share:.0} % of the \
             image",
            corners(bbox)
        )),
        (Some(mask), Some(cutout), Some(bbox)) => lines.push(format!(
            "cut-out of all on transparent background: {cutout}; mask of all: {mask}; the box around all is {} and they cover \
             {share:.0} % of the image",
            corners(bbox)
        )),
        (Some(mask), ..) => lines.push(format!("nothing stands out from the background; mask: {mask}")),
        (None, ..) if output.segments.is_empty() => lines.push("no segment found".into()),
        (None, ..) => lines.push(format!("{} segments cover {share:.0} % of the image", output.segments.len())),
    }
    if let Some(map) = &output.map {
        lines.push(format!("{map} shows them all in colors"));
    }
    lines.extend(output.segments.iter().take(SHOWN).map(line));
    if output.segments.len() > SHOWN {
        lines.push(format!("and {} more", output.segments.len() - SHOWN));
    }
    lines.join("\n")
}

fn line(part: &SegmentedPart) -> String {
    let mask = part.mask.as_ref().map_or_else(String::new, |mask| format!(", mask {mask}"));
    format!("{} box {} covers {:.1} %{mask}", part.handle, corners(part.bbox), part.area_fraction * 100.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geom::Rle;

    #[test]
    fn what_was_not_found_and_what_is_too_much_is_said() {
        let none = SegmentOutput { not_found: Some("dog".into()), ..SegmentOutput::default() };
        assert_eq!(words(&none), "no dog found, so nothing was cut out");
        let bbox = BBox { x1: 1.0, y1: 2.0, x2: 3.0, y2: 4.4 };
        let part = |number: usize| SegmentedPart {
            handle: format!("img-1/tree-{number}"),
            label: "tree".into(),
            score: 0.5,
            bbox,
            area_fraction: 0.126,
            rle: Rle { size: [1, 1], counts: vec![1] },
            mask: None,
        };
        let many = SegmentOutput {
            segments: (1..=23).map(part).collect(),
            map: Some("img-2".into()),
            area_fraction: 0.5,
            ..SegmentOutput::default()
        };
        let said = words(&many);
        assert!(said.starts_with("23 segments cover 50 % of the image\nimg-2 shows them all in colors\n"), "{said}");
        assert!(said.contains("img-1/tree-20 box [1, 2, 3, 4] covers 12.6 %\nand 3 more"), "{said}");
    }
}
