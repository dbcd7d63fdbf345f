//! A captioning model, whichever family it is of.

use image::RgbImage;

use super::{CAPTIONER, Detail, sampling::Sampling};
use crate::{
    generate::VisionToTextModel,
    geom::BBox,
    onnx::RunControl,
    tool::{ToolCx, ToolError},
    vision::florence::{Florence, Found, Task, parse},
};

/// A loaded model of the role `caption`.
pub(super) enum Captioner {
    /// Writes captions of any detail and locates what they speak of.
    Florence(Florence),
    /// Writes one short sentence: ViT-GPT2 and other `VisionEncoderDecoderModel`s, BLIP.
    Brief(VisionToTextModel),
}

/// What a model says of a picture.
pub(super) struct Said {
    /// A sentence or more.
    pub(super) caption: String,
    /// Parts of the picture, each with words of its own; nothing if they were not asked for, or the model knows none.
    pub(super) parts: Option<Vec<(String, BBox)>>,
}

impl Captioner {
    /// The first model of the role that is available. The graphs it has tell the family; a model of none is refused.
    pub(super) async fn load(cx: &ToolCx) -> Result<Self, ToolError> {
        let installed = cx.files(CAPTIONER).await?;
        if Florence::has_graphs(&installed) {
            return Ok(Self::Florence(Florence::load(CAPTIONER, &installed, cx).await?));
        }
        if VisionToTextModel::has_graphs(&installed) {
            return Ok(Self::Brief(VisionToTextModel::load(CAPTIONER, &installed, cx).await?));
        }
        let files: Vec<&str> = installed.files.keys().map(String::as_str).collect();
        Err(ToolError::internal(format!("{} is no captioner that is known here: it has {}", installed.id, files.join(", ")))
            .with_hint(
                "known are Florence-2 (vision_encoder, embed_tokens, encoder_model, decoder_model_merged), ViT-GPT2 and its like \
                 (encoder_model, decoder_model_merged) and BLIP (visual, textual)",
            ))
    }

    /// The id of the model and the execution provider that runs it.
    pub(super) fn called(&self) -> (&str, &str) {
        match self {
            Self::Florence(model) => (&model.id, &model.provider),
            Self::Brief(model) => (&model.id, &model.provider),
        }
    }

    /// What to know where the model cannot do what was asked.
    pub(super) fn remark(&self, detail: Detail) -> Option<String> {
        match (self, detail) {
            (Self::Florence(_), _) | (_, Detail::Brief) => None,
            (Self::Brief(model), Detail::Detailed) => Some(format!("{} writes brief captions only", model.id)),
            (Self::Brief(model), Detail::Regions) => {
                Some(format!("{} describes the whole image only; the regions are detected objects", model.id))
            }
        }
    }

    /// Describes a picture. Blocking.
    pub(super) fn describe(
        &self,
        image: &RgbImage,
        detail: Detail,
        sampling: Sampling,
        control: &RunControl,
    ) -> Result<Said, ToolError> {
        let model = match self {
            Self::Brief(model) => {
                let caption = model.read_with(image, &sampling.options(model.options()), control)?;
                return Ok(Said { caption, parts: None });
            }
            Self::Florence(model) => model,
        };
        let features = model.look(image, control)?;
        let task = if detail == Detail::Detailed { Task::MoreDetailedCaption } else { Task::Caption };
        let said = model.say_with(&features, (task, ""), &sampling.options(model.options()), control)?;
        let caption = parse(task, &said, features.size).text();
        let parts = match detail {
            Detail::Brief | Detail::Detailed => None,
            Detail::Regions => {
                Some(parts(model.answer(&features, Task::DenseRegionCaption, "", control)?.found(), features.size))
            }
        };
        Ok(Said { caption, parts })
    }
}

/// Parts with words and a real box inside the picture, each once.
fn parts(found: Vec<Found>, (width, height): (u32, u32)) -> Vec<(String, BBox)> {
    let mut parts: Vec<(String, BBox)> = Vec::new();
    for Found { label, shape } in found {
        let bounds = shape.bounds().clamp(width, height);
        let Some(bbox) = BBox::from_corners(bounds.into()).filter(|_| !label.is_empty()) else { continue };
        let part = (label, bbox);
        if !parts.contains(&part) {
            parts.push(part);
        }
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vision::florence::Shape;

    #[test]
    fn only_real_boxes_with_words_are_parts() {
        let found = |label: &str, corners: [f32; 4]| Found { label: label.into(), shape: Shape::Box(corners.into()) };
        let all = vec![
            found("a cup", [10.0, 10.0, 40.0, 60.0]),
            found("", [10.0, 10.0, 40.0, 60.0]),
            found("inverted", [40.0, 10.0, 10.0, 60.0]),
            found("flat", [10.0, 10.0, 40.0, 10.0]),
            found("a cup", [10.0, 10.0, 40.0, 60.0]),
            found("a spoon", [-5.0, 90.0, 40.0, 160.0]),
        ];
        let expected = [("a cup", [10.0, 10.0, 40.0, 60.0]), ("a spoon", [0.0, 90.0, 40.0, 100.0])]
            .map(|(l, b)| (l.to_owned(), b.into()));
        assert_eq!(parts(all, (100, 100)), expected);
    }
}
