//! What is put behind the object, as a model writes it.

use std::sync::Arc;

use image::DynamicImage;

use crate::{
    image::named_color,
    tool::{ToolCx, ToolError},
};

/// What is behind the object.
#[derive(Clone, Debug)]
pub enum Backdrop {
    /// Nothing: the background is transparent.
    Clear,
    /// The picture's own background, blurred.
    Blur,
    /// One color: red, green and blue, 0..=255.
    Color([u8; 3]),
    /// Another picture, scaled to cover the frame.
    Picture(Arc<DynamicImage>),
}

impl Backdrop {
    /// The meaning of a word, a color or an image handle for the image `own`; the error lists what there is.
    pub(super) fn parse(text: &str, own: &str, cx: &ToolCx) -> Result<Self, ToolError> {
        let plain = text.trim().trim_matches('"').to_lowercase();
        match plain.as_str() {
            "" | "transparent" | "none" | "remove" | "removed" | "clear" | "no background" | "透明" => {
                return Ok(Self::Clear);
            }
            "blur" | "blurred" | "blurry" | "模糊" | "虚化" => return Ok(Self::Blur),
            _ => {}
        }
        if let Some(color) = hex(&plain).or_else(|| named_color(&plain)) {
            return Ok(Self::Color(color));
        }
        if plain.starts_with("img-") {
            let other = cx.images.get(&plain)?;
            if other.handle == own {
                return Err(ToolError::invalid_input(format!(
                    "{own} cannot be its own background; name another image, a color, \"blur\" or \"transparent\""
                )));
            }
            return Ok(Self::Picture(other.pixels.clone()));
        }
        Err(ToolError::invalid_input(format!(
            "\"{text}\" is no background; it takes \"transparent\", \"blur\", a color (white, light blue, #ffcc00) or an image \
             handle (img-2)"
        )))
    }

    /// What it is called in words.
    pub(super) fn name(&self, text: &str) -> String {
        match self {
            Self::Clear => "transparent".into(),
            Self::Blur => "blurred".into(),
            Self::Color([r, g, b]) => format!("#{r:02x}{g:02x}{b:02x}"),
            Self::Picture(_) => text.trim().to_lowercase(),
        }
    }
}

/// `#rrggbb` or `#rgb`, with or without the sign.
fn hex(text: &str) -> Option<[u8; 3]> {
    let signed = text.starts_with('#');
    let digits = text.trim_start_matches('#');
    if !digits.chars().all(|c| c.is_ascii_hexdigit()) {
        return None;
    }
    let byte = |at: usize| u8::from_str_radix(&digits[at..at + 2], 16).ok();
    let nibble = |at: usize| u8::from_str_radix(&digits[at..=at], 16).ok().map(|value| value * 17);
    match digits.len() {
        6 => Some([byte(0)?, byte(2)?, byte(4)?]),
        3 if signed => Some([nibble(0)?, nibble(1)?, nibble(2)?]),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colors_are_read_in_both_lengths() {
        assert_eq!(hex("#ffcc00"), Some([255, 204, 0]));
        assert_eq!(hex("ffcc00"), Some([255, 204, 0]));
        assert_eq!(hex("#fc0"), Some([255, 204, 0]));
        for wrong in ["#ffcc0", "bed", "#", "", "#gggggg", "#äöü"] {
            assert_eq!(hex(wrong), None, "{wrong}");
        }
    }
}
