//! Lines written by hand, read one by one by a picture-to-text model (TrOCR, Li et al. 2021, arXiv 2109.10282).

use super::{HANDWRITING, LineModel, crop::LineCrop, pipeline::ReadLines, recognizer::Text};
use crate::{
    generate::VisionToTextModel,
    onnx::RunControl,
    tool::{ToolCx, ToolError, ToolErrorKind},
};

/// A loaded model of the role `handwriting`.
pub(super) struct Handwriting<'a>(pub(super) &'a VisionToTextModel);

impl ReadLines for Handwriting<'_> {
    fn read(&self, lines: &[LineCrop], control: &RunControl) -> Result<Vec<Text>, ToolError> {
        let read = |line: &LineCrop| {
            control.check()?;
            let (text, score) = self.0.read_scored(&line.pixels, control)?;
            Ok(Text::unplaced(&text, score))
        };
        lines.iter().map(read).collect()
    }
}

/// The first model of the role that is available. Where there is none, a model learns that printed text can still be read.
pub(super) async fn load(cx: &ToolCx) -> Result<LineModel, ToolError> {
    let open = async {
        let installed = cx.files(HANDWRITING).await?;
        let least_score = installed.facts.threshold;
        let model = VisionToTextModel::load(HANDWRITING, &installed, cx).await?;
        Ok(LineModel::Handwritten(Box::new(model), least_score))
    };
    open.await.map_err(|error: ToolError| match error.kind {
        ToolErrorKind::ModelUnavailable => ToolError {
            feedback: "handwriting cannot be read here; leave style out to read printed text".into(),
            ..error
        },
        _ => error,
    })
}
