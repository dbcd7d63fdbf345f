//! Colors that tell labels apart.

use image::Rgb;

/// Strong colors, far from each other and from gray. After Sasha Trubetskoy's list of distinct colors.
const COLORS: [[u8; 3]; 16] = [
    [230, 25, 75],
    [60, 180, 75],
    [255, 225, 25],
    [67, 99, 216],
    [245, 130, 49],
    [66, 212, 244],
    [240, 50, 230],
    [191, 239, 69],
    [145, 30, 180],
    [70, 153, 144],
    [250, 190, 212],
    [154, 99, 36],
    [170, 255, 195],
    [128, 0, 0],
    [220, 190, 255],
    [128, 128, 0],
];

/// Hands out colors to labels: the same label has the same color in every picture, unless two labels of one picture
/// would share it; then the later one takes the next that is free.
#[derive(Clone, Debug, Default)]
pub(super) struct LabelColors {
    given: Vec<(String, usize)>,
}

impl LabelColors {
    pub(super) fn of(&mut self, label: &str) -> Rgb<u8> {
        let known = self.given.iter().find(|(name, _)| name == label).map(|(_, index)| *index);
        let index = known.unwrap_or_else(|| {
            let first = hash(label) as usize % COLORS.len();
            let free = |index: &usize| self.given.iter().all(|(_, other)| other != index);
            let index = (0..COLORS.len()).map(|step| (first + step) % COLORS.len()).find(free).unwrap_or(first);
            self.given.push((label.to_owned(), index));
            index
        });
        Rgb(COLORS[index])
    }
}

/// FNV-1a: the same in every build, unlike the standard library's hasher.
fn hash(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

/// Black or white, whichever reads better on a color.
pub(super) fn text_on(Rgb([r, g, b]): Rgb<u8>) -> Rgb<u8> {
    let linear = |value: u8| (f32::from(value) / 255.0).powf(2.2);
    let luminance = 0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b);
    // Equal contrast with black and white, by the WCAG formula.
    if luminance > 0.179 { Rgb([0; 3]) } else { Rgb([255; 3]) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_keep_their_color_and_differ_in_one_picture() {
        let mut colors = LabelColors::default();
        let first: Vec<Rgb<u8>> = (0..16).map(|i| colors.of(&format!("label {i}"))).collect();
        let mut distinct = first.clone();
        distinct.sort_by_key(|color| color.0);
        distinct.dedup();
        assert_eq!(distinct.len(), 16);
        assert_eq!(colors.of("label 3"), first[3]);
        assert_eq!(LabelColors::default().of("cup"), LabelColors::default().of("cup"));
    }

    #[test]
    fn text_contrasts_with_its_plate() {
        assert_eq!((text_on(Rgb([255, 225, 25])), text_on(Rgb([128, 0, 0]))), (Rgb([0; 3]), Rgb([255; 3])));
    }
}
