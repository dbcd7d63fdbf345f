//! What Florence-2 can be asked, and in which words.
//!
//! Source: the processor that comes with the model (`Florence2Processor` in transformers).

use super::location::is_region;
use crate::tool::ToolError;

/// A question that the model was trained on.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Task {
    /// A short sentence.
    Caption,
    /// A longer sentence.
    DetailedCaption,
    /// A paragraph.
    MoreDetailedCaption,
    /// All text in the picture.
    Ocr,
    /// Lines of text and where they are.
    OcrWithRegion,
    /// Objects by the name of their class.
    ObjectDetection,
    /// Objects with a description each.
    DenseRegionCaption,
    /// Parts worth a look, without names.
    RegionProposal,
    /// Where the things are that a caption speaks of.
    PhraseGrounding,
    /// The outline of what an expression refers to.
    ReferringSegmentation,
    /// The outline of the thing in a region.
    RegionToSegmentation,
    /// Everything that a word or phrase names.
    OpenVocabularyDetection,
    /// What class the thing in a region is of.
    RegionToCategory,
    /// A description of a region.
    RegionToDescription,
    /// The text in a region.
    RegionToOcr,
}

/// What a task needs beside the picture.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum TaskInput {
    /// Nothing.
    Nothing,
    /// A phrase or a caption.
    Text,
    /// A region, as [`region_input`](super::region_input) writes it.
    Region,
}

/// What a task is answered with.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum AnswerKind {
    /// A text.
    Text,
    /// Boxes, each with a label; several may share one.
    Boxes,
    /// Boxes without labels.
    BareBoxes,
    /// Boxes of phrases; words that stand for nothing in particular are left out.
    Phrases,
    /// Lines of text with four corners.
    Quads,
    /// Outlines without labels.
    BarePolygons,
    /// Boxes, or outlines where the answer has some, with labels.
    BoxesOrPolygons,
}

struct Facts {
    token: &'static str,
    /// With `{input}` where the input goes.
    prompt: &'static str,
    input: TaskInput,
    answer: AnswerKind,
}

impl Task {
    /// All of them.
    pub const ALL: [Self; 15] = [
        Self::Caption,
        Self::DetailedCaption,
        Self::MoreDetailedCaption,
        Self::Ocr,
        Self::OcrWithRegion,
        Self::ObjectDetection,
        Self::DenseRegionCaption,
        Self::RegionProposal,
        Self::PhraseGrounding,
        Self::ReferringSegmentation,
        Self::RegionToSegmentation,
        Self::OpenVocabularyDetection,
        Self::RegionToCategory,
        Self::RegionToDescription,
        Self::RegionToOcr,
    ];

    const fn facts(self) -> Facts {
        use {AnswerKind as A, TaskInput as I};
        let (token, prompt, input, answer) = match self {
            Self::Caption => ("<CAPTION>", "What does the image describe?", I::Nothing, A::Text),
            Self::DetailedCaption => {
                ("<DETAILED_CAPTION>", "Describe in detail what is shown in the image.", I::Nothing, A::Text)
            }
            Self::MoreDetailedCaption => (
                "<MORE_DETAILED_CAPTION>",
                "Describe with a paragraph what is shown in the image.",
                I::Nothing,
                A::Text,
            ),
            Self::Ocr => ("<OCR>", "What is the text in the image?", I::Nothing, A::Text),
            Self::OcrWithRegion => {
                ("<OCR_WITH_REGION>", "What is the text in the image, with regions?", I::Nothing, A::Quads)
            }
            Self::ObjectDetection => {
                ("<OD>", "Locate the objects with category name in the image.", I::Nothing, A::Boxes)
            }
            Self::DenseRegionCaption => (
                "<DENSE_REGION_CAPTION>",
                "Locate the objects in the image, with their descriptions.",
                I::Nothing,
                A::Boxes,
            ),
            Self::RegionProposal => {
                ("<REGION_PROPOSAL>", "Locate the region proposals in the image.", I::Nothing, A::BareBoxes)
            }
            Self::PhraseGrounding => {
                ("<CAPTION_TO_PHRASE_GROUNDING>", "Locate the phrases in the caption: {input}", I::Text, A::Phrases)
            }
            Self::ReferringSegmentation => (
                "<REFERRING_EXPRESSION_SEGMENTATION>",
                "Locate {input} in the image with mask",
                I::Text,
                A::BarePolygons,
            ),
            Self::RegionToSegmentation => {
                ("<REGION_TO_SEGMENTATION>", "What is the polygon mask of region {input}", I::Region, A::BarePolygons)
            }
            Self::OpenVocabularyDetection => {
                ("<OPEN_VOCABULARY_DETECTION>", "Locate {input} in the image.", I::Text, A::BoxesOrPolygons)
            }
            Self::RegionToCategory => ("<REGION_TO_CATEGORY>", "What is the region {input}?", I::Region, A::Text),
            Self::RegionToDescription => {
                ("<REGION_TO_DESCRIPTION>", "What does the region {input} describe?", I::Region, A::Text)
            }
            Self::RegionToOcr => ("<REGION_TO_OCR>", "What text is in the region {input}?", I::Region, A::Text),
        };
        Facts { token, prompt, input, answer }
    }

    /// Its name in the model's own documents, such as `<OD>`.
    pub const fn token(self) -> &'static str {
        self.facts().token
    }

    /// What it needs beside the picture.
    pub const fn input(self) -> TaskInput {
        self.facts().input
    }

    /// What it is answered with.
    pub const fn answer(self) -> AnswerKind {
        self.facts().answer
    }

    /// The words that the model is asked with. An input that is missing or out of place is an error.
    pub fn prompt(self, input: &str) -> Result<String, ToolError> {
        let (facts, input) = (self.facts(), input.trim());
        let wrong = match facts.input {
            TaskInput::Nothing if !input.is_empty() => Some("takes no text beside the picture"),
            TaskInput::Text if input.is_empty() => Some("needs a word or phrase to look for"),
            TaskInput::Region if !is_region(input) => Some("needs a region, four location marks"),
            _ => None,
        };
        match wrong {
            Some(wrong) => Err(ToolError::invalid_input(format!("{} {wrong}", facts.token))),
            None => Ok(facts.prompt.replace("{input}", input)),
        }
    }
}
