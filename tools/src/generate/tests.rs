//! The decoder loop on a toy language whose next token follows from all tokens so far, so that a lost or doubled cache shows.
#![expect(clippy::unwrap_used, reason = "a failed set-up fails the test")]

use ndarray::{Array2, Array3, ArrayD, Axis, CowArray, IxDyn, concatenate};

use super::{Decoder, Encoded, GenerateOptions, Prompt, Strategy, generate};
use crate::onnx::{Dim, ElementType, Input, Model, ModelError, Outputs, RunControl, Signature, TensorInfo};

const WORDS: usize = 11;
const END: i64 = 10;

struct Toy {
    signature: Signature,
    cached: bool,
}

fn info(name: &str, element: ElementType, dims: &[i64]) -> TensorInfo {
    let dim = |size: &i64| usize::try_from(*size).map_or_else(|_| Dim::Free("n".into()), Dim::Fixed);
    TensorInfo { name: name.into(), element, dims: dims.iter().map(dim).collect() }
}

impl Toy {
    fn new(names: &[&str], cached: bool) -> Self {
        let mut inputs: Vec<TensorInfo> = names.iter().map(|name| info(name, ElementType::I64, &[-1, -1])).collect();
        let mut outputs = vec![info("logits", ElementType::F32, &[-1, -1, WORDS as i64])];
        if cached {
            inputs.push(info("past_key_values.0.key", ElementType::F32, &[-1, 1, -1, 1]));
            outputs.push(info("present.0.key", ElementType::F32, &[-1, 1, -1, 1]));
        }
        Self { signature: Signature { inputs, outputs, ..Signature::default() }, cached }
    }
}

fn integers(inputs: &[(&str, Input<'_>)], name: &str) -> Option<ArrayD<i64>> {
    inputs.iter().find_map(|(known, input)| match input {
        Input::I64(view) if *known == name => Some(view.to_owned()),
        _ => None,
    })
}

/// What comes after these tokens.
fn logits(said: &[f32]) -> Vec<f32> {
    let sum: f32 = said.iter().enumerate().map(|(at, token)| (at as f32 + 1.0) * token).sum();
    (0..WORDS).map(|word| ((sum * 0.37 + word as f32 * 1.93).sin()) * 3.0).collect()
}

impl Model for Toy {
    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn run(
        &self,
        inputs: &[(&str, Input<'_>)],
        control: &RunControl,
        read: &mut dyn FnMut(&Outputs<'_>) -> Result<(), ModelError>,
    ) -> Result<(), ModelError> {
        if control.is_cancelled() {
            return Err(ModelError::new("cancelled"));
        }
        let ids = integers(inputs, "input_ids").map(|ids| ids.mapv(|id| id as f32));
        let embeds = inputs.iter().find_map(|(name, input)| match input {
            Input::F32(view) if *name == "inputs_embeds" => Some(view.index_axis(Axis(2), 0).to_owned()),
            _ => None,
        });
        let new: ArrayD<f32> = ids.or(embeds).unwrap();
        let (rows, count) = (new.shape()[0], new.shape()[1]);
        let past = inputs.iter().find_map(|(name, input)| match input {
            Input::F32(view) if name.starts_with("past") => Some(view.to_owned()),
            _ => None,
        });
        assert_eq!(past.is_some(), self.cached);
        let all = match &past {
            Some(past) => {
                let new = new.clone().into_shape_with_order(IxDyn(&[rows, 1, count, 1])).unwrap();
                concatenate(Axis(2), &[past.view(), new.view()]).unwrap()
            }
            None => new.clone().into_shape_with_order(IxDyn(&[rows, 1, count, 1])).unwrap(),
        };
        let before = all.shape()[2] - count;
        if let Some(mask) = integers(inputs, "attention_mask") {
            assert_eq!(mask.shape(), [rows, before + count]);
        }
        if let Some(positions) = integers(inputs, "position_ids") {
            let wanted: Vec<i64> = (before..before + count).map(|at| at as i64 + 1).collect();
            assert_eq!(positions.index_axis(Axis(0), 0).iter().copied().collect::<Vec<_>>(), wanted);
        }
        let mut values = Array3::zeros((rows, count, WORDS));
        for row in 0..rows {
            let said: Vec<f32> = all.index_axis(Axis(0), row).iter().copied().collect();
            for at in 0..count {
                let next = logits(&said[..=before + at]);
                values.slice_mut(ndarray::s![row, at, ..]).assign(&ndarray::Array1::from(next));
            }
        }
        let mut outputs = Outputs::new();
        outputs.push_f32("logits", CowArray::from(values.into_dyn()));
        if self.cached {
            outputs.push_f32("present.0.key", CowArray::from(all));
        }
        read(&outputs)
    }
}

/// Greedy by hand.
fn expected(start: &[i64], new: usize) -> Vec<i64> {
    let mut said: Vec<f32> = start.iter().map(|id| *id as f32).collect();
    let mut ids = Vec::new();
    while ids.len() < new {
        let next = logits(&said);
        let best = (0..WORDS).max_by(|a, b| next[*a].total_cmp(&next[*b])).unwrap();
        if best as i64 == END {
            break;
        }
        ids.push(best as i64);
        said.push(best as f32);
    }
    ids
}

fn options(strategy: Strategy, most: usize) -> GenerateOptions {
    GenerateOptions { max_new_tokens: most, eos: vec![END], strategy, ..GenerateOptions::default() }
}

fn run(decoder: &Decoder<'_>, prompt: &Prompt, options: &GenerateOptions) -> Vec<i64> {
    generate(decoder, prompt, options, &RunControl::new(), &mut |_| true).unwrap().ids
}

#[test]
fn a_cache_changes_nothing_but_the_work() {
    let cached = Toy::new(&["input_ids", "attention_mask", "position_ids"], true);
    let whole = Toy::new(&["input_ids"], false);
    for start in [vec![3], vec![1, 2, 3, 4], vec![7, 7]] {
        let prompt = Prompt::Ids(start.clone());
        let wanted = expected(&start, 12);
        let first = Decoder::of(&cached).unwrap().with_first_position(1);
        assert_eq!(run(&first, &prompt, &options(Strategy::Greedy, 12)), wanted, "{start:?}");
        assert_eq!(run(&Decoder::of(&whole).unwrap(), &prompt, &options(Strategy::Greedy, 12)), wanted);
        let beam = options(Strategy::Beam { beams: 3, length_penalty: 1.0, early_stopping: false }, 12);
        assert_eq!(run(&first, &prompt, &beam), run(&Decoder::of(&whole).unwrap(), &prompt, &beam), "{start:?}");
    }
}

#[test]
fn a_text_knows_how_probable_it_is() {
    let toy = Toy::new(&["input_ids"], true);
    let decoder = Decoder::of(&toy).unwrap();
    for (start, strategy) in [
        (3, Strategy::Greedy),
        (7, Strategy::Greedy),
        (3, Strategy::Beam { beams: 3, length_penalty: 2.0, early_stopping: false }),
    ] {
        let prompt = Prompt::Ids(vec![start]);
        let got = generate(&decoder, &prompt, &options(strategy, 12), &RunControl::new(), &mut |_| true).unwrap();
        let mut said = vec![start as f32];
        let mut sum = 0.0;
        let tokens: Vec<i64> = got.ids.iter().copied().chain(got.ended.then_some(END)).collect();
        for token in &tokens {
            let next = logits(&said);
            let all: f32 = next.iter().map(|value| value.exp()).sum();
            sum += next[*token as usize] - all.ln();
            said.push(*token as f32);
        }
        assert!((got.log_probability - sum).abs() < 1e-3, "{} {sum}", got.log_probability);
        assert!((got.confidence() - (sum / tokens.len() as f32).exp()).abs() < 1e-4);
    }
}

#[test]
fn chance_follows_its_seed() {
    let toy = Toy::new(&["input_ids"], true);
    let decoder = Decoder::of(&toy).unwrap();
    let prompt = Prompt::Ids(vec![2]);
    let sample = |temperature, top_k, top_p, seed| {
        run(&decoder, &prompt, &options(Strategy::Sample { temperature, top_k, top_p, seed }, 12))
    };
    assert_eq!(sample(1.0, 0, 1.0, 5), sample(1.0, 0, 1.0, 5));
    assert_ne!(sample(5.0, 0, 1.0, 5), sample(5.0, 0, 1.0, 6));
    let greedy = expected(&[2], 12);
    assert_eq!(sample(1.0, 1, 1.0, 9), greedy);
    assert_eq!(sample(1.0, 0, 0.0001, 9), greedy);
    assert_eq!(sample(0.0, 0, 1.0, 9), greedy);
}

#[test]
fn the_listener_may_end_it_and_so_may_a_cancellation() {
    let toy = Toy::new(&["input_ids"], true);
    let decoder = Decoder::of(&toy).unwrap();
    let mut heard = Vec::new();
    let options = options(Strategy::Greedy, 12);
    let start = Prompt::Ids(vec![3]);
    let got = generate(&decoder, &start, &options, &RunControl::new(), &mut |token| {
        heard.push(token);
        heard.len() < 2
    });
    assert_eq!(got.unwrap().ids, heard);
    assert_eq!(heard, expected(&[3], 2));
    let control = RunControl::new();
    control.cancel();
    assert!(generate(&decoder, &start, &options, &control, &mut |_| true).is_err());
}

/// Embeds a token as itself.
struct Embedder(Signature);

impl Model for Embedder {
    fn signature(&self) -> &Signature {
        &self.0
    }

    fn run(
        &self,
        inputs: &[(&str, Input<'_>)],
        _: &RunControl,
        read: &mut dyn FnMut(&Outputs<'_>) -> Result<(), ModelError>,
    ) -> Result<(), ModelError> {
        let embeds = integers(inputs, "input_ids").unwrap().mapv(|id| id as f32).insert_axis(Axis(2));
        let mut outputs = Outputs::new();
        outputs.push_f32("inputs_embeds", CowArray::from(embeds));
        read(&outputs)
    }
}

#[test]
fn embeddings_begin_a_text_and_tokens_go_on() {
    let mut toy = Toy::new(&["input_ids"], true);
    toy.signature.inputs[0] = info("inputs_embeds", ElementType::F32, &[-1, -1, 1]);
    let embedder = Embedder(Signature::default());
    let embeds = Array3::from_shape_vec((1, 3, 1), vec![4.0, 1.0, 6.0]).unwrap();
    let prompt = Prompt::Embeds { embeds, ids: vec![] };
    let without = Decoder::of(&toy).unwrap();
    let error = generate(&without, &prompt, &options(Strategy::Greedy, 8), &RunControl::new(), &mut |_| true);
    assert!(error.unwrap_err().to_string().contains("embed_tokens"));
    let decoder = Decoder::of(&toy).unwrap().with_embedder(&embedder);
    assert_eq!(run(&decoder, &prompt, &options(Strategy::Greedy, 8)), expected(&[4, 1, 6], 8));
    let beam = options(Strategy::Beam { beams: 2, length_penalty: 1.0, early_stopping: false }, 8);
    let ids = Toy::new(&["input_ids"], true);
    let same = run(&Decoder::of(&ids).unwrap(), &Prompt::Ids(vec![4, 1, 6]), &beam);
    assert_eq!(run(&decoder, &prompt, &beam), same);
}

#[test]
fn graphs_that_are_no_decoders_are_refused_by_name() {
    let refused = |toy: &Toy| Decoder::of(toy).err().unwrap().to_string();
    assert!(refused(&Toy::new(&["input_ids", "token_type_ids"], true)).contains("token_type_ids is not understood"));
    assert!(refused(&Toy::new(&["attention_mask"], true)).contains("either input_ids or inputs_embeds"));
    let mut toy = Toy::new(&["input_ids"], true);
    toy.signature.outputs.remove(0);
    assert!(refused(&toy).contains("gives logits"));
    let mut toy = Toy::new(&["input_ids"], true);
    toy.signature.inputs[1].dims[1] = Dim::Free("heads".into());
    assert!(refused(&toy).contains("past_key_values.0.key"));
    let first = Toy::new(&["input_ids"], false);
    let later = Toy::new(&["input_ids"], true);
    assert!(Decoder::pair(&first, &later).err().unwrap().to_string().contains("gives no present.0.key"));
    let looks = Toy::new(&["input_ids", "encoder_hidden_states"], true);
    let decoder = Decoder::of(&looks).unwrap();
    let error =
        generate(&decoder, &Prompt::Ids(vec![1]), &options(Strategy::Greedy, 2), &RunControl::new(), &mut |_| true);
    assert!(error.unwrap_err().to_string().contains("encoder_hidden_states"));
    let fed = Encoded { states: Array3::zeros((1, 2, 3)), mask: Array2::ones((1, 2)) };
    assert_eq!(run(&decoder.with_encoded(fed), &Prompt::Ids(vec![1]), &options(Strategy::Greedy, 2)).len(), 2);
}

#[test]
fn an_empty_prompt_and_no_numbers_are_errors() {
    let toy = Toy::new(&["input_ids"], true);
    let decoder = Decoder::of(&toy).unwrap();
    let options = options(Strategy::Greedy, 2);
    let error = generate(&decoder, &Prompt::Ids(vec![]), &options, &RunControl::new(), &mut |_| true);
    assert!(error.unwrap_err().to_string().contains("at least one token"));
}
