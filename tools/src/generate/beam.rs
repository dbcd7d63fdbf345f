//! Beam search as transformers has it: the best continuations of all texts compete, finished ones are kept by their score
//! over a power of their length.

use ndarray::Array2;

use super::{
    GenerateOptions, Generated,
    decoder::{Decoder, New, Prompt},
    logits::{apply, log_softmax},
    search::begin,
};
use crate::onnx::{ModelError, RunControl};

/// The score of what is out of the running.
const OUT: f32 = -1.0e9;

#[derive(Clone)]
struct Beam {
    ids: Vec<i64>,
    score: f32,
}

struct Candidate {
    row: usize,
    token: i64,
    score: f32,
}

/// The best text. `length`: the exponent of the length, and whether to end at once when enough are finished.
pub(super) fn search(
    decoder: &Decoder<'_>,
    prompt: &Prompt,
    options: &GenerateOptions,
    control: &RunControl,
    beams: usize,
    (penalty, early): (f32, bool),
) -> Result<Generated, ModelError> {
    let (mut state, begun, mut logits) = begin(decoder, prompt, beams, control)?;
    // All rows begin alike: only the first of them counts.
    let mut running: Vec<Beam> =
        (0..beams).map(|row| Beam { ids: Vec::new(), score: if row == 0 { 0.0 } else { OUT } }).collect();
    // With the score by which they compete, and the plain one.
    let mut finished: Vec<(Vec<i64>, f32, f32)> = Vec::new();
    let kept = beams * (1 + options.eos.len()).max(2);
    for length in 1..=options.max_new_tokens {
        let best = candidates(&logits, &running, &begun, options, kept);
        if best.is_empty() {
            return Err(ModelError::new("the decoder's logits are no numbers"));
        }
        let last = length == options.max_new_tokens;
        let norm = (length as f32).powf(penalty);
        let full = early && finished.len() >= beams;
        let (mut next, mut rows) = (Vec::with_capacity(beams), Vec::with_capacity(beams));
        let mut open = false;
        for (rank, candidate) in best.iter().enumerate() {
            let mut ids = running[candidate.row].ids.clone();
            ids.push(candidate.token);
            if last || options.eos.contains(&candidate.token) {
                if rank < beams && !full {
                    finished.push((ids, candidate.score / norm, candidate.score));
                }
            } else {
                open = true;
                if next.len() < beams {
                    next.push(Beam { ids, score: candidate.score });
                    rows.push(candidate.row);
                }
            }
        }
        // Stable: among equals the earlier one stays.
        finished.sort_by(|a, b| b.1.total_cmp(&a.1));
        finished.truncate(beams);
        let enough = finished.len() >= beams;
        let worst = if enough { finished.last().map_or(OUT, |(_, score, _)| *score) } else { OUT };
        let hopeful = next.first().is_some_and(|beam: &Beam| beam.score / norm > worst);
        if !open || !hopeful || (enough && early) {
            break;
        }
        while next.len() < beams {
            let row = rows.first().copied().unwrap_or_default();
            next.push(Beam { ids: next[0].ids.clone(), score: OUT });
            rows.push(row);
        }
        running = next;
        state.reorder(&rows)?;
        let tokens = Array2::from_shape_fn((beams, 1), |(row, _)| running[row].ids.last().copied().unwrap_or_default());
        logits = decoder.step(&mut state, New::Ids(&tokens), control)?;
    }
    let (mut ids, log_probability) = match finished.into_iter().next() {
        Some((ids, _, score)) => (ids, score),
        None => running.into_iter().next().map(|beam| (beam.ids, beam.score)).unwrap_or_default(),
    };
    let ended = ids.last().is_some_and(|last| options.eos.contains(last));
    if ended {
        ids.pop();
    }
    Ok(Generated { ids, ended, log_probability })
}

/// The best continuations of all texts, best first.
fn candidates(
    logits: &Array2<f32>,
    running: &[Beam],
    begun: &[i64],
    options: &GenerateOptions,
    kept: usize,
) -> Vec<Candidate> {
    let mut best: Vec<Candidate> = Vec::new();
    for (row, (beam, scores)) in running.iter().zip(logits.outer_iter()).enumerate() {
        let mut scores = scores.to_vec();
        log_softmax(&mut scores);
        let said = [begun, &beam.ids].concat();
        apply(options, &said, beam.ids.len(), &mut scores);
        let mut order: Vec<usize> = (0..scores.len()).filter(|at| scores[*at].is_finite()).collect();
        let by_score = |a: &usize, b: &usize| scores[*b].total_cmp(&scores[*a]).then(a.cmp(b));
        if order.len() > kept {
            order.select_nth_unstable_by(kept, by_score);
            order.truncate(kept);
        }
        let candidate = |at: usize| Candidate { row, token: at as i64, score: scores[at] + beam.score };
        best.extend(order.into_iter().map(candidate));
    }
    best.sort_by(|a, b| b.score.total_cmp(&a.score).then(a.row.cmp(&b.row)).then(a.token.cmp(&b.token)));
    best.truncate(kept);
    best
}
