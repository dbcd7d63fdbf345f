//! Vision-language models of three graphs: `vision_encoder` makes features of a picture, `embed_tokens` embeds the words of a
//! prompt, the features take the places of its `<image>` tokens, and `decoder_model_merged` writes the answer. SmolVLM and
//! Idefics3, LLaVA, PaliGemma and Moondream are exported like this.
//!
//! What the decoder was adapted with does not matter: a LLaMA-Adapter or a LoRA that was merged before the export has the same
//! inputs and outputs, and needs no code of its own. Pictures may stand between questions and answers, as in Frozen
//! (Tsimpoukelli et al. 2021): see [`Turn`].
//!
//! LLaVA-NeXT and LLaVA-OneVision look at pictures in detail where their `vision_encoder` also gives `image_newline`, a weight of
//! the model: exporters leave it out, and one more output of the graph is all that it takes.
//!
//! Source of the contract: the processors and models of transformers, and its exports for transformers.js.

mod anyres;
mod config;
mod graphs;
mod merge;
mod prompt;
mod template;
#[cfg(test)]
mod tests;
mod view;

use std::{path::Path, sync::Arc};

use image::RgbImage;
use ndarray::{Array2, Axis};

pub use graphs::Graphs;
pub use prompt::Turn;
pub use view::View;

use self::{
    config::{Count, Family, Settings, read},
    prompt::Span,
    template::Template,
    view::Viewer,
};
use super::{Decoder, GenerateOptions, Prompt, Strategy, Tokenizer, decoder::embed, generate};
use crate::{
    onnx::{ModelError, RunControl},
    tool::ToolError,
};

/// Why there is no answer.
#[derive(Clone, Debug, thiserror::Error)]
pub enum AskError {
    /// The question or the pictures are not such as this model takes; the message says what would be right.
    #[error("{0}")]
    Unfit(String),
    /// A graph, or a file next to it, is not what it should be.
    #[error(transparent)]
    Model(#[from] ModelError),
}

impl From<AskError> for ToolError {
    fn from(error: AskError) -> Self {
        match error {
            AskError::Unfit(message) => Self::invalid_input(message),
            AskError::Model(error) => error.into(),
        }
    }
}

/// What a model answered.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    /// The words, without special tokens and outer spaces.
    pub text: String,
    /// The new tokens, without the one that ended them.
    pub ids: Vec<i64>,
    /// Whether the model ended by itself, and not at the greatest length.
    pub ended: bool,
}

/// What lies next to the graphs of such a model.
pub struct VisionLanguage {
    settings: Settings,
    viewer: Viewer,
    template: Option<Template>,
    tokenizer: Arc<Tokenizer>,
    image_token: String,
    image_id: i64,
    /// How tokens are chosen and when they end: the model's own settings, without chance.
    pub options: GenerateOptions,
}

impl VisionLanguage {
    /// Reads `config.json`, `preprocessor_config.json`, `tokenizer.json` and what else of the kind a folder has. The family is
    /// that of `model_type`; an unknown one is an error that lists those that are known.
    pub fn open(folder: &Path) -> Result<Self, ModelError> {
        let settings = Settings::open(folder)?;
        let preprocessor = read(folder, "preprocessor_config.json")?
            .ok_or_else(|| ModelError::new(format!("{} has no preprocessor_config.json", folder.display())))?;
        let viewer = Viewer::from_json(settings.family, &preprocessor)?;
        let tokenizer = Tokenizer::shared(&folder.join("tokenizer.json"))?;
        let template = Template::open(folder)?;
        let image_id = settings.image_id.or_else(|| tokenizer.id("<image>")).ok_or_else(|| {
            ModelError::new("neither config.json (image_token_id) nor the tokenizer (<image>) names the image token")
        })?;
        let image_token = tokenizer.token(image_id).ok_or_else(|| {
            ModelError::new(format!("the tokenizer has no token of the id {image_id} (image_token_id)"))
        })?;
        let mut options = settings.options.clone();
        if options.eos.is_empty() {
            let end = template.as_ref().and_then(|template| template.token("eos_token"));
            options.eos.extend(end.and_then(|token| tokenizer.id(token)));
        }
        if options.eos.is_empty() {
            return Err(ModelError::new("no file names the token that ends an answer (eos_token_id)"));
        }
        // The same picture and question have the same answer.
        if matches!(options.strategy, Strategy::Sample { .. }) {
            options.strategy = Strategy::Greedy;
        }
        Ok(Self { settings, viewer, template, tokenizer, image_token, image_id, options })
    }

    /// Whether models of a `model_type` are known.
    pub fn knows(model_type: &str) -> bool {
        Family::of(model_type).is_ok()
    }

    /// With pictures brought to this longest side before they are cut into tiles; only for models that cut them.
    #[must_use]
    pub fn with_longest_edge(self, side: Option<u32>) -> Self {
        Self { viewer: self.viewer.with_longest_edge(side), ..self }
    }

    /// A picture as the vision encoder takes it; `detail`: cut into tiles, where the model can ([`VisionLanguage::cuts`]).
    pub fn view(&self, picture: &RgbImage, detail: bool) -> View {
        self.viewer.view(picture, detail)
    }

    /// Whether each of so many pictures of one question may be cut into tiles.
    pub fn cuts(&self, pictures: usize) -> bool {
        pictures == 1 || self.settings.family != Family::LlavaOnevision
    }

    /// The features `[count, width]` of a view as the prompt takes them. Where a model that arranges tiles by the picture's rows was
    /// exported without its `image_newline`, they are those of the whole picture. Blocking.
    pub fn features(&self, graphs: &Graphs<'_>, view: &View, control: &RunControl) -> Result<Array2<f32>, ModelError> {
        if !self.viewer.has_grid() {
            return graphs.features(view, control);
        }
        if !graphs.gives_newline() {
            return graphs.features(&view.first(), control);
        }
        let (features, newline) = graphs.features_and_newline(view, control)?;
        anyres::arranged(&features, view, &newline.unwrap_or_default(), self.settings.most_tiles)
    }

    /// The special token of this model that a text has in it, and that would not be read as words.
    pub fn reserved(&self, text: &str) -> Option<String> {
        if text.contains(&self.image_token) {
            return Some(self.image_token.clone());
        }
        self.tokenizer.special_in(text)
    }

    /// The prompt's text before each picture's token is expanded. `turns`: what was asked and answered before, and the question.
    pub fn prompt(&self, turns: &[Turn]) -> Result<String, AskError> {
        prompt::text(self.settings.family, self.template.as_ref(), &self.image_token, turns)
    }

    /// The tokens of a prompt, with as many image tokens as there are features.
    pub fn ids(&self, text: &str, views: &[View], features: &[Array2<f32>]) -> Result<Vec<i64>, AskError> {
        let span = |(view, features): (&View, &Array2<f32>)| Span {
            grid: view.grid,
            tokens: match features.len_of(Axis(0)) {
                all if self.viewer.has_grid() => all,
                all => self.settings.count.of(view, all / view.tiles().max(1)),
            },
        };
        let spans: Vec<Span> = views.iter().zip(features).map(span).collect();
        let bos = self.template.as_ref().and_then(|template| template.token("bos_token"));
        if self.settings.family == Family::PaliGemma && bos.is_none() {
            return Err(
                ModelError::new("tokenizer_config.json names no bos_token, which stands after the pictures").into()
            );
        }
        let text = prompt::expand(self.settings.family, text, &self.image_token, &spans, bos)?;
        let begun = bos.is_some_and(|bos| text.starts_with(bos)) || self.settings.family == Family::PaliGemma;
        Ok(self.tokenizer.encode(&text, !begun)?)
    }

    /// Answers the last of several turns about all their pictures, in the order in which the turns show them. `on_text` hears
    /// the answer piece by piece and says whether to continue. Blocking; ends with an error when the control is cancelled.
    pub fn answer(
        &self,
        graphs: &Graphs<'_>,
        turns: &[Turn],
        views: &[View],
        control: &RunControl,
        on_text: &mut dyn FnMut(&str) -> bool,
    ) -> Result<Answer, AskError> {
        graphs.check(self.settings.family, &self.settings.model_type)?;
        let text = self.prompt(turns)?;
        let features = views.iter().map(|view| self.features(graphs, view, control)).collect::<Result<Vec<_>, _>>()?;
        let ids = self.ids(&text, views, &features)?;
        let room = self.settings.positions.map(|most| most.saturating_sub(ids.len()));
        if room == Some(0) {
            return Err(AskError::Unfit(format!(
                "the question and its pictures are {} tokens long, and this model takes {}; ask a shorter question, about \
                 fewer pictures or in less detail",
                ids.len(),
                self.settings.positions.unwrap_or_default()
            )));
        }
        // The image token may lie outside of the embedded words; what stands there is replaced anyway.
        let words = ids.iter().map(|id| if *id == self.image_id { 0 } else { *id }).collect();
        let table =
            Array2::from_shape_vec((1, ids.len()), words).map_err(|error| ModelError::new(error.to_string()))?;
        let mut embeds = embed(graphs.embed_tokens, &table, control)?;
        merge::merge(&mut embeds, &ids, self.image_id, &features)?;
        let decoder = Decoder::of(graphs.decoder)?
            .with_embedder(graphs.embed_tokens)
            .with_first_position(self.settings.family.first_position());
        let most = room.map_or(self.options.max_new_tokens, |room| room.min(self.options.max_new_tokens));
        let options = GenerateOptions { max_new_tokens: most, ..self.options.clone() };
        let (mut said, mut heard) = (Vec::new(), 0);
        let generated = generate(&decoder, &Prompt::Embeds { embeds, ids }, &options, control, &mut |token| {
            said.push(token);
            let text = self.tokenizer.decode(&said, false).unwrap_or_default();
            // A letter may be made of several tokens.
            if text.ends_with('\u{fffd}') || text.len() < heard {
                return true;
            }
            let on = text.get(heard..).filter(|new| !new.is_empty()).is_none_or(&mut *on_text);
            heard = text.len();
            on
        })?;
        let text = self.tokenizer.decode(&generated.ids, false)?.trim().to_owned();
        Ok(Answer { text, ids: generated.ids, ended: generated.ended })
    }
}

impl Count {
    /// Image tokens of each tile of a view, whose features are so many a tile.
    fn of(self, view: &View, given: usize) -> usize {
        match self {
            Self::Fixed(count) => count,
            Self::Patches { patch, more } => {
                let (_, _, height, width) = view.pixels.dim();
                ((height / patch.max(1)) * (width / patch.max(1))).saturating_add_signed(more)
            }
            Self::AsGiven => given,
        }
    }
}
