//! One decoder in the middle of a text: what was said is in its cache, and a step gives the logits of what comes next.

use ndarray::{Array1, Array2, Array3, ArrayD, Axis, IxDyn, arr0, concatenate, s};

use super::layout::{Layout, Past};
use crate::onnx::{Input, Kept, Model, ModelError, RunControl};

/// What an encoder made of a picture or a text.
#[derive(Clone, Debug)]
pub struct Encoded {
    /// `[1, length, width]`.
    pub states: Array3<f32>,
    /// `[1, length]`, 1 where there is something.
    pub mask: Array2<i64>,
}

impl Encoded {
    /// States of which all count.
    pub fn all(states: Array3<f32>) -> Self {
        let mask = Array2::ones((states.len_of(Axis(0)), states.len_of(Axis(1))));
        Self { states, mask }
    }
}

/// What a text begins with.
#[derive(Clone, Debug)]
pub enum Prompt {
    /// Token ids; for an encoder-decoder the start token alone.
    Ids(Vec<i64>),
    /// Embeddings `[1, length, width]`, such as those of words and a picture; `ids` stand for them where rules look at what
    /// was said.
    Embeds {
        /// The embeddings.
        embeds: Array3<f32>,
        /// The ids that they are of; may be empty.
        ids: Vec<i64>,
    },
}

/// Exported decoder graphs, ready for a text.
pub struct Decoder<'a> {
    first: (&'a dyn Model, Layout),
    /// The graph of all later steps, where it is one of its own.
    later: Option<(&'a dyn Model, Layout)>,
    /// Makes embeddings of ids: `input_ids [b, t]` to `inputs_embeds [b, t, width]`.
    embedder: Option<&'a dyn Model>,
    encoded: Option<Encoded>,
    /// Of the first position; PaliGemma counts from 1.
    first_position: i64,
}

impl<'a> Decoder<'a> {
    /// A merged decoder, or one without a cache.
    pub fn of(graph: &'a dyn Model) -> Result<Self, ModelError> {
        let layout = Layout::of(graph.signature())?;
        Ok(Self { first: (graph, layout), later: None, embedder: None, encoded: None, first_position: 0 })
    }

    /// A pair: `decoder_model` for the first step, `decoder_with_past_model` for the others.
    pub fn pair(first: &'a dyn Model, later: &'a dyn Model) -> Result<Self, ModelError> {
        let later_layout = Layout::of(later.signature())?;
        let decoder = Self::of(first)?;
        let lacks = later_layout.past.iter().find(|past| !decoder.first.1.present.contains(&past.output));
        if let Some(past) = lacks {
            return Err(ModelError::new(format!(
                "the pair does not fit: the second graph wants {}, and the first gives no {}",
                past.input, past.output
            )));
        }
        Ok(Self { later: Some((later, later_layout)), ..decoder })
    }

    /// With the graph that embeds tokens, for decoders that take embeddings.
    #[must_use]
    pub fn with_embedder(self, embedder: &'a dyn Model) -> Self {
        Self { embedder: Some(embedder), ..self }
    }

    /// With what the encoder made, for decoders that look at it.
    #[must_use]
    pub fn with_encoded(self, encoded: Encoded) -> Self {
        Self { encoded: Some(encoded), ..self }
    }

    /// With positions that count from this one.
    #[must_use]
    pub fn with_first_position(self, first_position: i64) -> Self {
        Self { first_position, ..self }
    }

    /// Checks that everything the graph wants is there.
    pub(super) fn begin(&self, rows: usize) -> Result<State, ModelError> {
        let layout = &self.first.1;
        if layout.encoder_states && self.encoded.is_none() {
            return Err(ModelError::new("the decoder wants encoder_hidden_states, and there are none"));
        }
        if layout.embeds && self.embedder.is_none() {
            return Err(ModelError::new("the decoder wants inputs_embeds: a graph embed_tokens is needed beside it"));
        }
        let encoded = self.encoded.as_ref().map(|encoded| Encoded {
            states: repeat(&encoded.states, rows),
            mask: concatenate(Axis(0), &vec![encoded.mask.view(); rows]).unwrap_or_default(),
        });
        let pasts = self.later.as_ref().map_or(&layout.past, |(_, layout)| &layout.past);
        let empty = |past: &Past| Kept::of(ArrayD::zeros(IxDyn(&[rows, past.heads, 0, past.width])));
        let cache = pasts.iter().map(empty).collect();
        Ok(State { rows, cache, encoded, length: 0, said: Vec::new() })
    }

    /// Runs over new tokens, one row a text, and gives the logits `[rows, vocabulary]` after the last one.
    pub(super) fn step(
        &self,
        state: &mut State,
        new: New<'_>,
        control: &RunControl,
    ) -> Result<Array2<f32>, ModelError> {
        let began = state.length > 0;
        let (graph, layout) = match &self.later {
            Some((graph, layout)) if began => (*graph, layout),
            _ => (self.first.0, &self.first.1),
        };
        let wanted = self.later.as_ref().map_or(&layout.past, |(_, layout)| &layout.past);
        let caching = !wanted.is_empty();
        // Without a cache the whole text goes in again.
        let ids = match new {
            New::Ids(ids) if caching => Some(ids.clone()),
            New::Ids(ids) => Some(state.with(ids)?),
            New::Embeds(_) if !caching => {
                return Err(ModelError::new("a decoder that takes embeddings needs a cache (past_key_values.*)"));
            }
            New::Embeds(_) => None,
        };
        let embeds = match (new, &ids) {
            (New::Embeds(embeds), _) => Some(repeat(embeds, state.rows)),
            (New::Ids(_), Some(ids)) if layout.embeds => Some(self.embed(ids, control)?),
            _ => None,
        };
        let given = ids.as_ref().map_or(0, |ids| ids.len_of(Axis(1)));
        let count = embeds.as_ref().map_or(given, |embeds| embeds.len_of(Axis(1)));
        let past = if caching { state.length } else { 0 };
        let mask: Array2<i64> = Array2::ones((state.rows, past + count));
        let positions = Array2::from_shape_fn((state.rows, count), |(_, at)| self.first_position + (past + at) as i64);
        let branch = Array1::from_elem(1, began);
        let keep_scalar = arr0(1_i64).into_dyn();
        let keep_one = Array1::from_elem(1, 1_i64).into_dyn();
        let mut inputs: Vec<(&str, Input<'_>)> = Vec::with_capacity(layout.past.len() + 6);
        match (&embeds, &ids) {
            (Some(embeds), _) => inputs.push(("inputs_embeds", Input::F32(embeds.view().into_dyn()))),
            (None, Some(ids)) => inputs.push(("input_ids", Input::I64(ids.view().into_dyn()))),
            (None, None) => {}
        }
        if layout.attention_mask {
            inputs.push(("attention_mask", Input::I64(mask.view().into_dyn())));
        }
        if layout.position_ids {
            inputs.push(("position_ids", Input::I64(positions.view().into_dyn())));
        }
        if let Some(encoded) = &state.encoded {
            if layout.encoder_states {
                inputs.push(("encoder_hidden_states", Input::F32(encoded.states.view().into_dyn())));
            }
            if layout.encoder_mask {
                inputs.push(("encoder_attention_mask", Input::I64(encoded.mask.view().into_dyn())));
            }
        }
        if layout.use_cache_branch {
            inputs.push(("use_cache_branch", Input::Bool(branch.view().into_dyn())));
        }
        if let Some((name, scalar)) = &layout.logits_to_keep {
            inputs.push((name, Input::I64(if *scalar { keep_scalar.view() } else { keep_one.view() })));
        }
        for (past, values) in layout.past.iter().zip(&state.cache) {
            inputs.push((&past.input, values.input()));
        }
        // What comes of the encoder in later steps is a dummy in some exports, absent in others.
        let fresh = |past: &Past| !(past.of_encoder && began);
        let keep: Vec<&str> = wanted.iter().filter(|past| fresh(past)).map(|past| past.output.as_str()).collect();
        let mut logits = None;
        let kept = graph.run_keeping(&inputs, &keep, control, &mut |outputs| {
            let all = outputs.f32("logits")?;
            let shape = all.shape().to_vec();
            let [rows, positions, words] = shape[..] else {
                return Err(ModelError::new(format!(
                    "logits have the shape {shape:?}, expected [batch, length, words]"
                )));
            };
            if rows != state.rows || positions == 0 {
                return Err(ModelError::new(format!("logits have the shape {shape:?} for {} rows", state.rows)));
            }
            let last = all.slice(s![.., positions - 1, ..]).to_owned();
            logits =
                Some(last.into_shape_with_order((rows, words)).map_err(|error| ModelError::new(error.to_string()))?);
            Ok(())
        })?;
        let slots = state.cache.iter_mut().zip(wanted).filter(|(_, past)| fresh(past)).map(|(slot, _)| slot);
        for (slot, kept) in slots.zip(kept) {
            *slot = kept;
        }
        state.length = past + count;
        logits.ok_or_else(|| ModelError::new("the decoder gave no logits"))
    }

    fn embed(&self, ids: &Array2<i64>, control: &RunControl) -> Result<Array3<f32>, ModelError> {
        let embedder = self.embedder.ok_or_else(|| ModelError::new("a graph embed_tokens is needed"))?;
        embed(embedder, ids, control)
    }
}

/// Embeddings `[rows, length, width]` of ids, by a graph `embed_tokens`.
pub(super) fn embed(embedder: &dyn Model, ids: &Array2<i64>, control: &RunControl) -> Result<Array3<f32>, ModelError> {
    states(embedder, "embed_tokens", ("input_ids", Input::I64(ids.view().into_dyn())), control)
}

/// The first output `[batch, length, width]` of a graph of one input; errors call the graph by `name`.
pub(super) fn states(
    graph: &dyn Model,
    name: &str,
    input: (&str, Input<'_>),
    control: &RunControl,
) -> Result<Array3<f32>, ModelError> {
    let mut states = None;
    graph.run(&[input], control, &mut |outputs| {
        let values = outputs.f32_at(0)?.to_owned();
        let shape = values.shape().to_vec();
        let three = values.into_dimensionality().map_err(|_| {
            ModelError::new(format!("{name} gave the shape {shape:?}, expected [batch, length, width]"))
        })?;
        states = Some(three);
        Ok(())
    })?;
    states.ok_or_else(|| ModelError::new(format!("{name} gave nothing")))
}

/// New tokens of a step.
#[derive(Clone, Copy)]
pub(super) enum New<'a> {
    Ids(&'a Array2<i64>),
    /// Of the prompt, the same for every row.
    Embeds(&'a Array3<f32>),
}

/// Where the texts stand.
pub(super) struct State {
    rows: usize,
    cache: Vec<Kept>,
    encoded: Option<Encoded>,
    /// Tokens that the cache holds.
    length: usize,
    /// All tokens, for graphs without a cache.
    said: Vec<Vec<i64>>,
}

impl State {
    /// The whole text of every row with new tokens.
    fn with(&mut self, new: &Array2<i64>) -> Result<Array2<i64>, ModelError> {
        self.said.resize(self.rows, Vec::new());
        for (said, row) in self.said.iter_mut().zip(new.outer_iter()) {
            said.extend(row.iter());
        }
        let length = self.said.first().map_or(0, Vec::len);
        Array2::from_shape_vec((self.rows, length), self.said.concat())
            .map_err(|error| ModelError::new(error.to_string()))
    }

    /// Row `n` continues with what row `rows[n]` was.
    pub(super) fn reorder(&mut self, rows: &[usize]) -> Result<(), ModelError> {
        self.said = rows.iter().filter_map(|row| self.said.get(*row).cloned()).collect();
        if rows.iter().copied().eq(0..self.rows) {
            return Ok(());
        }
        for values in &mut self.cache {
            *values = Kept::of(values.read(|values| values.select(Axis(0), rows))?);
        }
        Ok(())
    }
}

fn repeat(values: &Array3<f32>, rows: usize) -> Array3<f32> {
    if values.len_of(Axis(0)) == rows {
        return values.clone();
    }
    concatenate(Axis(0), &vec![values.view(); rows]).unwrap_or_else(|_| values.clone())
}
