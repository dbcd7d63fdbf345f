//! How a picture lies in the input of a model that takes points, and where its points are there.

/// How the picture lies in the input.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Layout {
    /// Longest side to the input's, padding right and bottom (SAM, SlimSAM).
    Padded,
    /// Stretched (SAM 2, EdgeTAM).
    Stretched,
}

/// The geometry of one picture in the input.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Frame {
    /// Width and height of the input.
    pub(super) input: (u32, u32),
    /// Width and height of the picture in it, top left.
    pub(super) inner: (u32, u32),
    /// Width and height of the picture.
    pub(super) picture: (u32, u32),
}

impl Frame {
    pub(super) fn new(layout: Layout, input: (u32, u32), picture: (u32, u32)) -> Self {
        let inner = match layout {
            Layout::Stretched => input,
            Layout::Padded => {
                let scale = f64::from(input.0.max(input.1)) / f64::from(picture.0.max(picture.1));
                let side = |side: u32, most: u32| ((f64::from(side) * scale + 0.5) as u32).clamp(1, most);
                (side(picture.0, input.0), side(picture.1, input.1))
            }
        };
        Self { input, inner, picture }
    }

    /// A point of the picture in the input.
    pub(super) fn point(&self, [x, y]: [f32; 2]) -> [f32; 2] {
        let scaled = |value: f32, to: u32, from: u32| (f64::from(value) * (f64::from(to) / f64::from(from))) as f32;
        [scaled(x, self.inner.0, self.picture.0), scaled(y, self.inner.1, self.picture.1)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_side_fills_the_input_or_both_do() {
        let padded = Frame::new(Layout::Padded, (1024, 1024), (640, 427));
        assert_eq!((padded.inner, padded.point([320.0, 427.0])), ((1024, 683), [512.0, 683.0]));
        let stretched = Frame::new(Layout::Stretched, (1024, 1024), (640, 427));
        assert_eq!((stretched.inner, stretched.point([320.0, 427.0])), ((1024, 1024), [512.0, 1024.0]));
        assert_eq!(Frame::new(Layout::Padded, (1024, 1024), (1, 1)).inner, (1024, 1024));
        assert_eq!(Frame::new(Layout::Padded, (1024, 1024), (20_000, 1)).inner, (1024, 1));
    }
}
