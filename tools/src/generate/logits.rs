//! The rules over what may come next, in the order of the reference library.

use std::collections::HashSet;

use super::GenerateOptions;

/// Changes the scores of the next token. `said`: all tokens so far, the prompt's too; `new`: how many of them are new.
pub(super) fn apply(options: &GenerateOptions, said: &[i64], new: usize, scores: &mut [f32]) {
    let index = |token: i64| usize::try_from(token).ok();
    let ban = |scores: &mut [f32], token: i64| {
        if let Some(score) = index(token).and_then(|at| scores.get_mut(at)) {
            *score = f32::NEG_INFINITY;
        }
    };
    if (options.repetition_penalty - 1.0).abs() > f32::EPSILON {
        let distinct: HashSet<i64> = said.iter().copied().collect();
        for token in distinct {
            if let Some(score) = index(token).and_then(|at| scores.get_mut(at)) {
                *score = if *score < 0.0 {
                    *score * options.repetition_penalty
                } else {
                    *score / options.repetition_penalty
                };
            }
        }
    }
    let size = options.no_repeat_ngram;
    if size > 0 && said.len() + 1 >= size {
        let last = &said[said.len() + 1 - size..];
        for run in said.windows(size) {
            if let Some((next, before)) = run.split_last()
                && before == last
            {
                ban(scores, *next);
            }
        }
    }
    if new < options.min_new_tokens {
        options.eos.iter().for_each(|token| ban(scores, *token));
    }
    options.suppress.iter().for_each(|token| ban(scores, *token));
    let forced = if new == 0 { options.forced_bos } else { None };
    let forced = forced.or(options.forced_eos.filter(|_| new + 1 >= options.max_new_tokens));
    if let Some(at) = forced.and_then(index).filter(|at| *at < scores.len()) {
        scores.fill(f32::NEG_INFINITY);
        scores[at] = 0.0;
    }
}

/// Logarithms of the probabilities.
pub(super) fn log_softmax(scores: &mut [f32]) {
    let most = scores.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let sum: f32 = scores.iter().map(|score| (score - most).exp()).sum();
    let shift = most + sum.ln();
    for score in scores {
        *score -= shift;
    }
}
