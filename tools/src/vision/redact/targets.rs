//! What is to be hidden: words that stand for a search, handles, labels and boxes as outlines.

use super::{Outline, tool::RedactShape};
use crate::{
    geom::{BBox, Quad, RotatedRect},
    image::{ImageEntry, Region},
    labels,
    tool::{ImageArg, RegionArg, Tool, ToolCx, ToolError},
    vision::{
        draw::marked_by,
        faces::{Faces, FacesInput},
        read_code::{ReadCode, ReadCodeInput},
        read_text::{ReadText, ReadTextInput},
    },
};

/// Least confidence of a face that is hidden: one face missed is worse than one too many.
const FACE_SCORE: f32 = 0.3;
/// A face's box goes from the forehead to the chin; so much of its size is added on each side for hair and ears, as the
/// `deface` program does.
const AROUND_FACE: f32 = 0.15;

/// What a word asks to be looked for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Wanted {
    Faces,
    Text,
    Codes,
}

impl Wanted {
    /// `None` for handles, labels of objects and boxes.
    pub(super) fn of(region: &RegionArg) -> Option<Self> {
        let RegionArg::Name(name) = region else { return None };
        match labels::canonical(name).as_str() {
            "face" | "human face" | "people's face" | "脸" | "人脸" | "面部" => Some(Self::Faces),
            "text" | "text line" | "line of text" | "writing" | "文字" | "文本" => Some(Self::Text),
            "code" | "qr code" | "qr" | "barcode" | "bar code" | "二维码" | "条码" | "条形码" => {
                Some(Self::Codes)
            }
            _ => None,
        }
    }

    /// What it is called where none was found.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Faces => "faces",
            Self::Text => "text",
            Self::Codes => "codes",
        }
    }

    /// Looks for it with the tool whose task it is; its models load only now.
    pub(super) async fn find(self, cx: &ToolCx, entry: &ImageEntry) -> Result<Vec<Region>, ToolError> {
        let image = ImageArg(Some(entry.handle.clone()));
        let handles: Vec<String> = match self {
            Self::Faces => {
                let found = Faces.call(FacesInput::all(image, FACE_SCORE), cx).await?;
                found.faces.into_iter().map(|face| face.handle).collect()
            }
            Self::Text => {
                let found = ReadText.call(ReadTextInput { image, ..ReadTextInput::default() }, cx).await?;
                found.lines.into_iter().map(|line| line.handle).collect()
            }
            Self::Codes => {
                let found = ReadCode.call(ReadCodeInput::all(image), cx).await?;
                found.codes.into_iter().map(|code| code.handle).collect()
            }
        };
        let known = cx.images.regions(&entry.handle);
        Ok(handles.iter().filter_map(|handle| known.iter().find(|region| region.handle == *handle).cloned()).collect())
    }
}

/// The regions that one argument means.
pub(super) async fn regions(cx: &ToolCx, entry: &ImageEntry, region: &RegionArg) -> Result<Vec<Region>, ToolError> {
    match Wanted::of(region) {
        Some(wanted) => wanted.find(cx, entry).await,
        None => marked_by(cx, entry, region),
    }
}

/// The outline of a region: text and codes have their own, with a tenth of their height around.
pub(super) fn outline(region: &Region, shape: RedactShape) -> Outline {
    if let Some(Quad(corners)) = region.quad {
        let rectangle = RotatedRect { corners };
        return Outline::Quad(Quad(rectangle.grown(1.0 + rectangle.short_side() / 10.0).corners));
    }
    let b = region.bbox;
    let around = if region.label == "face" { AROUND_FACE } else { 0.0 };
    let (dx, dy) = (b.width() * around, b.height() * around);
    let bbox = BBox { x1: b.x1 - dx, y1: b.y1 - dy, x2: b.x2 + dx, y2: b.y2 + dy };
    match shape {
        RedactShape::Rectangle => Outline::Rectangle(bbox),
        RedactShape::Ellipse => Outline::Ellipse(bbox),
    }
}
