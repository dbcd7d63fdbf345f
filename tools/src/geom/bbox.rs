//! Axis-aligned boxes.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A box in pixels: x to the right, y down, `x2` and `y2` exclusive. In JSON it is `[x1, y1, x2, y2]`.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(from = "[f32; 4]", into = "[f64; 4]")]
#[schemars(with = "[f32; 4]")]
pub struct BBox {
    /// Left edge.
    pub x1: f32,
    /// Top edge.
    pub y1: f32,
    /// Right edge, exclusive.
    pub x2: f32,
    /// Bottom edge, exclusive.
    pub y2: f32,
}

impl From<[f32; 4]> for BBox {
    fn from([x1, y1, x2, y2]: [f32; 4]) -> Self {
        Self { x1, y1, x2, y2 }
    }
}

impl From<BBox> for [f32; 4] {
    fn from(b: BBox) -> Self {
        [b.x1, b.y1, b.x2, b.y2]
    }
}

impl From<BBox> for [f64; 4] {
    /// Rounded to a tenth of a pixel, which is finer than any model here, in the type whose decimals print short.
    fn from(b: BBox) -> Self {
        [b.x1, b.y1, b.x2, b.y2].map(super::tenths)
    }
}

impl BBox {
    /// A box from its corners, or `None` if it is empty, inverted or not finite.
    pub fn from_corners([x1, y1, x2, y2]: [f32; 4]) -> Option<Self> {
        let finite = [x1, y1, x2, y2].iter().all(|v| v.is_finite());
        (finite && x1 < x2 && y1 < y2).then_some(Self { x1, y1, x2, y2 })
    }

    /// A box from center and size.
    pub fn from_center(cx: f32, cy: f32, w: f32, h: f32) -> Self {
        Self { x1: cx - w / 2.0, y1: cy - h / 2.0, x2: cx + w / 2.0, y2: cy + h / 2.0 }
    }

    /// Width in pixels, at least 0.
    pub fn width(&self) -> f32 {
        (self.x2 - self.x1).max(0.0)
    }

    /// Height in pixels, at least 0.
    pub fn height(&self) -> f32 {
        (self.y2 - self.y1).max(0.0)
    }

    /// Area in square pixels.
    pub fn area(&self) -> f32 {
        self.width() * self.height()
    }

    /// The center (x, y).
    pub fn center(&self) -> (f32, f32) {
        (f32::midpoint(self.x1, self.x2), f32::midpoint(self.y1, self.y2))
    }

    /// Area shared with another box, in square pixels.
    pub fn intersection(&self, other: &Self) -> f32 {
        let w = self.x2.min(other.x2) - self.x1.max(other.x1);
        let h = self.y2.min(other.y2) - self.y1.max(other.y1);
        w.max(0.0) * h.max(0.0)
    }

    /// Intersection over union in 0..=1; 0 when both are empty.
    pub fn iou(&self, other: &Self) -> f32 {
        let shared = self.intersection(other);
        let union = self.area() + other.area() - shared;
        if union > 0.0 { shared / union } else { 0.0 }
    }

    /// The part inside a `width` x `height` image.
    #[must_use]
    pub fn clamp(&self, width: u32, height: u32) -> Self {
        let (w, h) = (width as f32, height as f32);
        Self {
            x1: self.x1.clamp(0.0, w),
            y1: self.y1.clamp(0.0, h),
            x2: self.x2.clamp(0.0, w),
            y2: self.y2.clamp(0.0, h),
        }
    }

    /// The smallest whole-pixel rectangle (x, y, width, height) that covers the box inside the image, at least 1 x 1;
    /// `None` if the box lies outside.
    pub fn to_pixels(&self, width: u32, height: u32) -> Option<(u32, u32, u32, u32)> {
        let b = self.clamp(width, height);
        let (x1, y1) = (b.x1.floor() as u32, b.y1.floor() as u32);
        let (x2, y2) = (b.x2.ceil() as u32, b.y2.ceil() as u32);
        (x2 > x1 && y2 > y1).then(|| (x1, y1, x2 - x1, y2 - y1))
    }
}
