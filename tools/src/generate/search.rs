//! One text after another token: greedy and by chance here, several texts side by side in `beam`.

use ndarray::{Array2, Axis};

use super::{
    GenerateOptions, Strategy, beam,
    decoder::{Decoder, New, Prompt, State},
    logits::{apply, log_softmax},
};
use crate::onnx::{ModelError, RunControl};

/// A generated text.
#[derive(Clone, Debug, PartialEq)]
pub struct Generated {
    /// Its new tokens, without the one that ended it.
    pub ids: Vec<i64>,
    /// Whether an end token came, and not the greatest length.
    pub ended: bool,
    /// The sum of the logarithms of the probabilities of its tokens, the one that ended it among them.
    pub log_probability: f32,
}

impl Generated {
    /// How probable its tokens are on average (geometric mean), in 0..=1.
    pub fn confidence(&self) -> f32 {
        let tokens = self.ids.len() + usize::from(self.ended);
        (self.log_probability / tokens.max(1) as f32).exp().clamp(0.0, 1.0)
    }
}

/// Generates a text. `on_token` hears every token as it comes (of a beam search, all at the end) and says whether to continue.
/// Blocking; ends with an error when the control is cancelled.
pub fn generate(
    decoder: &Decoder<'_>,
    prompt: &Prompt,
    options: &GenerateOptions,
    control: &RunControl,
    on_token: &mut dyn FnMut(i64) -> bool,
) -> Result<Generated, ModelError> {
    if let Strategy::Beam { beams, length_penalty, early_stopping } = options.strategy
        && beams > 1
    {
        let found = beam::search(decoder, prompt, options, control, beams, (length_penalty, early_stopping))?;
        found.ids.iter().take_while(|token| on_token(**token)).count();
        return Ok(found);
    }
    let (mut state, mut said, logits) = begin(decoder, prompt, 1, control)?;
    let mut scores = logits.row(0).to_vec();
    let mut chance = match options.strategy {
        Strategy::Sample { seed, .. } => Some(fastrand::Rng::with_seed(seed)),
        _ => None,
    };
    let (mut ids, mut log_probability) = (Vec::new(), 0.0);
    while ids.len() < options.max_new_tokens {
        apply(options, &said, ids.len(), &mut scores);
        let next = match (&mut chance, options.strategy) {
            (Some(chance), Strategy::Sample { temperature, top_k, top_p, .. }) => {
                sample(&scores, temperature, top_k, top_p, chance)
            }
            _ => best(&scores),
        };
        let Some(next) = next else { return Err(ModelError::new("the decoder's logits are no numbers")) };
        log_softmax(&mut scores);
        log_probability += scores[next as usize];
        if options.eos.contains(&next) {
            return Ok(Generated { ids, ended: true, log_probability });
        }
        ids.push(next);
        said.push(next);
        if !on_token(next) || ids.len() == options.max_new_tokens {
            break;
        }
        let new = Array2::from_elem((1, 1), next);
        scores = decoder.step(&mut state, New::Ids(&new), control)?.row(0).to_vec();
    }
    Ok(Generated { ids, ended: false, log_probability })
}

/// Runs over the prompt in so many rows: the state, the tokens so far, the logits `[rows, words]`.
pub(super) fn begin(
    decoder: &Decoder<'_>,
    prompt: &Prompt,
    rows: usize,
    control: &RunControl,
) -> Result<(State, Vec<i64>, Array2<f32>), ModelError> {
    let mut state = decoder.begin(rows)?;
    match prompt {
        Prompt::Ids(ids) if ids.is_empty() => Err(ModelError::new("a text begins with at least one token")),
        Prompt::Ids(ids) => {
            let table = Array2::from_shape_fn((rows, ids.len()), |(_, at)| ids[at]);
            let logits = decoder.step(&mut state, New::Ids(&table), control)?;
            Ok((state, ids.clone(), logits))
        }
        Prompt::Embeds { embeds, .. } if embeds.len_of(Axis(1)) == 0 => {
            Err(ModelError::new("a text begins with at least one embedding"))
        }
        Prompt::Embeds { embeds, ids } => {
            let logits = decoder.step(&mut state, New::Embeds(embeds), control)?;
            Ok((state, ids.clone(), logits))
        }
    }
}

/// The likeliest token, the first of equals.
fn best(scores: &[f32]) -> Option<i64> {
    let mut best: Option<(usize, f32)> = None;
    for (at, score) in scores.iter().enumerate() {
        if !score.is_nan() && best.is_none_or(|(_, most)| *score > most) {
            best = Some((at, *score));
        }
    }
    best.map(|(at, _)| at as i64)
}

fn sample(scores: &[f32], temperature: f32, top_k: usize, top_p: f32, chance: &mut fastrand::Rng) -> Option<i64> {
    let mut order: Vec<usize> = (0..scores.len()).filter(|at| scores[*at].is_finite()).collect();
    order.sort_by(|a, b| scores[*b].total_cmp(&scores[*a]));
    if top_k > 0 {
        order.truncate(top_k);
    }
    let most = order.first().map(|at| scores[*at])?;
    let weights: Vec<f32> = order.iter().map(|at| ((scores[*at] - most) / temperature.max(1e-5)).exp()).collect();
    let all: f32 = weights.iter().sum();
    let (mut kept, mut sum) = (0, 0.0);
    while kept < weights.len() && (kept == 0 || sum < top_p * all) {
        sum += weights[kept];
        kept += 1;
    }
    let mut point = chance.f32() * sum;
    for (at, weight) in order.iter().zip(&weights).take(kept) {
        point -= weight;
        if point <= 0.0 {
            return Some(*at as i64);
        }
    }
    order.first().map(|at| *at as i64)
}
