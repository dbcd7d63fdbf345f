//! Colors in common English words, and the dominant colors of a picture.

use image::{DynamicImage, GenericImageView};

use crate::geom::BBox;

/// One dominant color.
#[derive(Clone, Debug, PartialEq)]
pub struct ColorShare {
    /// A common English name.
    pub name: &'static str,
    /// Its red, green and blue, 0..=255: the mean of what is called so.
    pub rgb: [u8; 3],
    /// Share of the visible pixels in 0..=1.
    pub share: f32,
}

/// Lightness 0..=1 and two color axes of about -0.4..=0.4.
type Oklab = [f32; 3];

/// Oklab, where equal distances look equally different (Björn Ottosson, 2020).
fn oklab(rgb: [u8; 3]) -> Oklab {
    let [r, g, b] = rgb.map(|value| {
        let value = f32::from(value) / 255.0;
        if value <= 0.040_45 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
    });
    let l = (0.412_221_46 * r + 0.536_332_54 * g + 0.051_445_995 * b).cbrt();
    let m = (0.211_903_5 * r + 0.680_699_5 * g + 0.107_396_96 * b).cbrt();
    let s = (0.088_302_46 * r + 0.281_718_85 * g + 0.629_978_7 * b).cbrt();
    [
        0.210_454_26 * l + 0.793_617_8 * m - 0.004_072_047 * s,
        1.977_998_5 * l - 2.428_592_2 * m + 0.450_593_7 * s,
        0.025_904_037 * l + 0.782_771_77 * m - 0.808_675_77 * s,
    ]
}

fn distance(a: Oklab, b: Oklab) -> f32 {
    // Shades of one hue bear one name sooner than hues of one shade.
    let [l, x, y] = [0.6 * (a[0] - b[0]), a[1] - b[1], a[2] - b[2]];
    l * l + x * x + y * y
}

/// Examples of every name; a color has the name of the nearest example.
const EXAMPLES: [(&str, &[[u8; 3]]); 26] = [
    ("black", &[[0, 0, 0], [22, 22, 24]]),
    ("dark gray", &[[64, 64, 64], [80, 80, 82]]),
    ("gray", &[[128, 128, 128], [110, 112, 112], [150, 150, 150]]),
    ("light gray", &[[192, 192, 192], [211, 211, 211]]),
    ("white", &[[255, 255, 255], [242, 242, 242]]),
    ("red", &[[230, 20, 20], [200, 30, 35], [255, 60, 50], [180, 45, 50]]),
    ("dark red", &[[128, 0, 0], [100, 15, 20], [110, 35, 35]]),
    ("orange", &[[255, 140, 0], [240, 110, 30], [225, 130, 60], [250, 165, 50]]),
    ("brown", &[[120, 75, 35], [101, 67, 33], [139, 90, 60], [90, 55, 40], [105, 85, 65]]),
    ("dark brown", &[[60, 38, 22], [45, 30, 22], [66, 50, 40]]),
    ("tan", &[[210, 180, 140], [190, 155, 120], [170, 145, 115], [205, 165, 135]]),
    ("beige", &[[245, 235, 215], [235, 222, 195], [225, 212, 190]]),
    ("yellow", &[[255, 230, 20], [245, 215, 60], [255, 245, 120], [230, 200, 40]]),
    ("gold", &[[212, 165, 40], [190, 145, 40]]),
    ("olive", &[[128, 128, 20], [105, 105, 50], [130, 130, 80]]),
    ("light green", &[[144, 238, 144], [170, 220, 130], [190, 230, 170], [170, 200, 160]]),
    ("green", &[[30, 160, 50], [60, 140, 60], [90, 150, 50], [0, 200, 60], [100, 140, 90]]),
    ("dark green", &[[0, 80, 20], [30, 60, 30], [50, 75, 40], [40, 55, 35]]),
    ("teal", &[[0, 128, 128], [40, 105, 110], [60, 130, 130]]),
    ("turquoise", &[[64, 224, 208], [80, 200, 200], [0, 210, 220]]),
    ("light blue", &[[135, 206, 235], [173, 216, 240], [150, 185, 220], [190, 215, 235], [110, 170, 230]]),
    ("blue", &[[20, 60, 230], [40, 90, 200], [60, 110, 180], [80, 120, 170], [70, 95, 130], [0, 0, 255]]),
    ("dark blue", &[[0, 0, 110], [20, 35, 80], [35, 45, 70], [15, 30, 100]]),
    ("purple", &[[128, 0, 160], [110, 50, 140], [100, 70, 140], [150, 90, 180], [75, 40, 90]]),
    ("lavender", &[[200, 180, 230], [180, 160, 215], [220, 205, 240]]),
    ("pink", &[[255, 150, 190], [240, 120, 170], [250, 190, 205], [255, 20, 147], [220, 130, 150], [230, 60, 200]]),
];

/// A color as `#rrggbb`.
pub(crate) fn hex([r, g, b]: [u8; 3]) -> String {
    format!("#{r:02x}{g:02x}{b:02x}")
}

/// The name of a color (red, green, blue, 0..=255) in everyday English, one of 26.
pub fn color_name(rgb: [u8; 3]) -> &'static str {
    let lab = oklab(rgb);
    let examples = EXAMPLES.iter().flat_map(|(name, colors)| colors.iter().map(move |color| (*name, *color)));
    let nearest = examples.map(|(name, color)| (name, distance(lab, oklab(color)))).min_by(|a, b| a.1.total_cmp(&b.1));
    nearest.map_or("gray", |(name, _)| name)
}

/// The typical color of one of the 26 names ("white", "light blue", "grey"), in any case and with any space or hyphen.
pub fn named_color(name: &str) -> Option<[u8; 3]> {
    let plain = |text: &str| text.to_lowercase().replace("grey", "gray").replace([' ', '-', '_'], "");
    let wanted = plain(name);
    EXAMPLES.iter().find(|(known, _)| plain(known) == wanted).and_then(|(_, colors)| colors.first().copied())
}

const CLUSTERS: usize = 8;
const ROUNDS: usize = 12;
/// Longest side of the copy that is looked at.
const SIDE: u32 = 96;
/// What covers less than this is not dominant.
const LEAST_SHARE: f32 = 0.03;

/// The dominant colors of a picture, largest share first, at most `limit`. Transparent pixels do not count.
///
/// k-means in Oklab on a copy of at most 96 x 96 pixels, with fixed starting points, so that the answer is always the same;
/// clusters of one name are joined.
pub fn dominant_colors(picture: &DynamicImage, limit: usize) -> Vec<ColorShare> {
    let (width, height) = picture.dimensions();
    let small = if width.max(height) > SIDE { picture.thumbnail(SIDE, SIDE).to_rgba8() } else { picture.to_rgba8() };
    let visible = small.pixels().filter(|pixel| pixel.0[3] >= 128);
    let pixels: Vec<([u8; 3], Oklab)> = visible
        .map(|pixel| {
            let rgb = [pixel.0[0], pixel.0[1], pixel.0[2]];
            (rgb, oklab(rgb))
        })
        .collect();
    let mut named: Vec<(&'static str, [u64; 3], u64)> = Vec::new();
    for (sum, count) in clusters(&pixels) {
        let name = color_name(mean(sum, count));
        match named.iter_mut().find(|(known, ..)| *known == name) {
            Some((_, all, total)) => {
                *all = [all[0] + sum[0], all[1] + sum[1], all[2] + sum[2]];
                *total += count;
            }
            None => named.push((name, sum, count)),
        }
    }
    named.sort_by_key(|(_, _, count)| std::cmp::Reverse(*count));
    named
        .into_iter()
        .map(|(name, sum, count)| ColorShare { name, rgb: mean(sum, count), share: count as f32 / pixels.len() as f32 })
        .filter(|color| color.share >= LEAST_SHARE)
        .take(limit)
        .collect()
}

/// How much what surrounds a thing counts against the colors that it shares with it.
const SURROUND: f32 = 0.7;
/// How far around a box its surround reaches, in shares of its sides.
const MARGIN: f32 = 0.25;

/// What is known of one name while pixels are counted.
struct Weights {
    name: &'static str,
    /// Weight of its pixels within the box.
    within: f32,
    /// Weight of its pixels around the box.
    around: f32,
    /// Weighted sum of red, green and blue within the box.
    sum: [f32; 3],
}

impl Weights {
    /// Its name without its shade.
    fn hue(&self) -> &'static str {
        self.name.strip_prefix("dark ").or_else(|| self.name.strip_prefix("light ")).unwrap_or(self.name)
    }
}

/// The colors of a thing in a box (pixels), largest share first, at most `limit`. A box holds background too: pixels count by
/// how near they lie to its middle, and a color counts less the more of it surrounds the box. Shades of one hue are judged
/// together.
pub fn thing_colors(picture: &DynamicImage, bbox: &BBox, limit: usize) -> Vec<ColorShare> {
    let (dx, dy) = (MARGIN * bbox.width(), MARGIN * bbox.height());
    let wide = BBox { x1: bbox.x1 - dx, y1: bbox.y1 - dy, x2: bbox.x2 + dx, y2: bbox.y2 + dy };
    let Some((x, y, width, height)) = wide.to_pixels(picture.width(), picture.height()) else { return Vec::new() };
    let part = picture.crop_imm(x, y, width, height);
    let small = if width.max(height) > SIDE { part.thumbnail(SIDE, SIDE).to_rgba8() } else { part.to_rgba8() };
    let scale = (width as f32 / small.width() as f32, height as f32 / small.height() as f32);
    let ((cx, cy), (half_width, half_height)) = (bbox.center(), (bbox.width() / 2.0, bbox.height() / 2.0));
    let mut named: Vec<Weights> = Vec::new();
    let (mut inside, mut around) = (0.0_f32, 0.0_f32);
    for (column, row, pixel) in small.enumerate_pixels().filter(|(_, _, pixel)| pixel.0[3] >= 128) {
        let rgb = [pixel.0[0], pixel.0[1], pixel.0[2]];
        let across = (x as f32 + (column as f32 + 0.5) * scale.0 - cx) / half_width.max(0.5);
        let down = (y as f32 + (row as f32 + 0.5) * scale.1 - cy) / half_height.max(0.5);
        let name = color_name(rgb);
        let at = named.iter().position(|entry| entry.name == name).unwrap_or_else(|| {
            named.push(Weights { name, within: 0.0, around: 0.0, sum: [0.0; 3] });
            named.len() - 1
        });
        let entry = &mut named[at];
        if across.abs() <= 1.0 && down.abs() <= 1.0 {
            let weight = (-1.5 * (across * across + down * down)).exp();
            entry.within += weight;
            entry.sum = [0, 1, 2].map(|channel| entry.sum[channel] + weight * f32::from(rgb[channel]));
            inside += weight;
        } else {
            entry.around += 1.0;
            around += 1.0;
        }
    }
    let (inside, around) = (inside.max(f32::MIN_POSITIVE), around.max(f32::MIN_POSITIVE));
    let worth = |hue: &str| {
        let of_hue = || named.iter().filter(|entry| entry.hue() == hue);
        let within: f32 = of_hue().map(|entry| entry.within).sum();
        let surround: f32 = of_hue().map(|entry| entry.around).sum();
        within / inside - SURROUND * surround / around
    };
    let mut found: Vec<(f32, ColorShare)> = named
        .iter()
        .filter(|entry| entry.within / inside >= LEAST_SHARE)
        .map(|entry| {
            let rgb = entry.sum.map(|sum| (sum / entry.within).round() as u8);
            (worth(entry.hue()), ColorShare { name: entry.name, rgb, share: entry.within / inside })
        })
        .collect();
    found.sort_by(|a, b| b.0.total_cmp(&a.0).then(b.1.share.total_cmp(&a.1.share)));
    found.into_iter().map(|(_, color)| color).take(limit).collect()
}

fn mean(sum: [u64; 3], count: u64) -> [u8; 3] {
    sum.map(|value| (value / count.max(1)) as u8)
}

/// The sum of the colors of each cluster, and its size.
fn clusters(pixels: &[([u8; 3], Oklab)]) -> Vec<([u64; 3], u64)> {
    let Some(first) = pixels.first() else { return Vec::new() };
    let mut centers = vec![first.1];
    while centers.len() < CLUSTERS {
        // The pixel furthest from all centers: spread, and without chance.
        let gap = |lab: Oklab| centers.iter().map(|center| distance(lab, *center)).fold(f32::INFINITY, f32::min);
        match pixels.iter().map(|(_, lab)| (gap(*lab), *lab)).max_by(|a, b| a.0.total_cmp(&b.0)) {
            Some((gap, lab)) if gap > 1e-4 => centers.push(lab),
            _ => break,
        }
    }
    let nearest = |lab: Oklab, centers: &[Oklab]| {
        let gaps = centers.iter().map(|center| distance(lab, *center)).enumerate();
        gaps.min_by(|a, b| a.1.total_cmp(&b.1)).map_or(0, |(index, _)| index)
    };
    for _ in 0..ROUNDS {
        let mut sums = vec![([0.0_f32; 3], 0.0_f32); centers.len()];
        for (_, lab) in pixels {
            let (sum, count) = &mut sums[nearest(*lab, &centers)];
            *sum = [sum[0] + lab[0], sum[1] + lab[1], sum[2] + lab[2]];
            *count += 1.0;
        }
        for (center, (sum, count)) in centers.iter_mut().zip(sums) {
            if count > 0.0 {
                *center = sum.map(|value| value / count);
            }
        }
    }
    let mut found = vec![([0_u64; 3], 0_u64); centers.len()];
    for (rgb, lab) in pixels {
        let (sum, count) = &mut found[nearest(*lab, &centers)];
        *sum = [0, 1, 2].map(|channel| sum[channel] + u64::from(rgb[channel]));
        *count += 1;
    }
    found.retain(|(_, count)| *count > 0);
    found
}

#[cfg(test)]
mod tests {
    use image::{Rgb, RgbImage, Rgba, RgbaImage};

    use super::*;

    #[test]
    fn well_known_colors_have_their_names() {
        let cases = [
            ([255, 0, 0], "red"),
            ([0, 128, 0], "green"),
            ([0, 0, 255], "blue"),
            ([255, 255, 0], "yellow"),
            ([255, 165, 0], "orange"),
            ([128, 0, 128], "purple"),
            ([255, 192, 203], "pink"),
            ([139, 69, 19], "brown"),
            ([0, 0, 0], "black"),
            ([255, 255, 255], "white"),
            ([128, 128, 128], "gray"),
            ([211, 211, 211], "light gray"),
            ([0, 0, 128], "dark blue"),
            ([135, 206, 235], "light blue"),
            ([0, 128, 128], "teal"),
            ([245, 245, 220], "beige"),
            ([210, 180, 140], "tan"),
            ([128, 0, 0], "dark red"),
            ([128, 128, 0], "olive"),
            ([64, 224, 208], "turquoise"),
            ([85, 107, 47], "olive"),
            ([178, 34, 34], "red"),
            ([70, 130, 180], "blue"),
            ([34, 139, 34], "green"),
            ([250, 128, 114], "pink"),
        ];
        let wrong: Vec<_> = cases.iter().map(|(rgb, name)| (color_name(*rgb), *name)).filter(|(a, b)| a != b).collect();
        assert!(wrong.is_empty(), "{wrong:?}");
    }

    #[test]
    fn a_name_has_a_color_that_bears_it() {
        for (name, _) in EXAMPLES {
            assert_eq!(named_color(name).map(color_name), Some(name));
        }
        assert_eq!(named_color("Light-Grey"), named_color("light gray"));
        assert_eq!(named_color("octarine"), None);
    }

    #[test]
    fn shares_are_of_the_area() {
        let picture =
            RgbImage::from_fn(200, 100, |x, _| if x < 150 { Rgb([200, 25, 30]) } else { Rgb([250, 250, 250]) });
        let colors = dominant_colors(&DynamicImage::ImageRgb8(picture), 5);
        assert_eq!(colors.iter().map(|color| color.name).collect::<Vec<_>>(), ["red", "white"]);
        assert!((colors[0].share - 0.75).abs() < 0.02 && colors[0].rgb[0].abs_diff(200) < 4, "{colors:?}");
    }

    #[test]
    fn a_thing_has_its_own_color_not_that_of_its_box() {
        let disk = RgbImage::from_fn(300, 300, |x, y| {
            let (dx, dy) = (x as f32 - 150.0, y as f32 - 150.0);
            // A red ring around a green lawn's gap: the box holds more green than red.
            if (40.0..60.0).contains(&dx.hypot(dy)) { Rgb([200, 25, 30]) } else { Rgb([40, 150, 60]) }
        });
        let bbox = BBox { x1: 90.0, y1: 90.0, x2: 210.0, y2: 210.0 };
        let colors = thing_colors(&DynamicImage::ImageRgb8(disk), &bbox, 3);
        assert_eq!(colors.first().map(|color| color.name), Some("red"), "{colors:?}");
        let flat = DynamicImage::ImageRgb8(RgbImage::from_pixel(50, 50, Rgb([20, 60, 230])));
        let all = thing_colors(&flat, &BBox { x1: 0.0, y1: 0.0, x2: 50.0, y2: 50.0 }, 3);
        assert_eq!(all.first().map(|color| (color.name, color.share)), Some(("blue", 1.0)));
    }

    #[test]
    fn what_is_transparent_does_not_count() {
        let mut picture = RgbaImage::from_pixel(20, 20, Rgba([0, 0, 0, 0]));
        picture.put_pixel(3, 3, Rgba([0, 0, 255, 255]));
        let colors = dominant_colors(&DynamicImage::ImageRgba8(picture), 5);
        assert_eq!(colors, [ColorShare { name: "blue", rgb: [0, 0, 255], share: 1.0 }]);
        assert!(dominant_colors(&DynamicImage::ImageRgba8(RgbaImage::new(5, 5)), 5).is_empty());
    }
}
