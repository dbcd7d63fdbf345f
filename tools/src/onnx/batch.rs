//! Many pictures through one model: the next ones are made ready on a thread of their own while the last ones run, and those
//! of one shape run together where the graph takes several.

use std::{sync::mpsc, thread};

use super::{Dim, RunControl, Signature, TensorInfo};
use crate::error::ToolError;

/// Pictures in one run at most.
pub(crate) const MOST: usize = 8;
/// Values fed to one run at most: eight pictures of 640 x 640 in three channels, 39 MB.
const MOST_VALUES: usize = MOST * 3 * 640 * 640;
/// Pictures that are ready and wait, beside those that run, where each runs alone: a bound on memory.
const AHEAD: usize = 2;

/// How many pictures, of so many values each, a graph takes in one run: 1 unless the first dimension of all its inputs and
/// outputs is left free.
pub(crate) fn most_together(signature: &Signature, values: usize) -> usize {
    let free = |tensor: &TensorInfo| matches!(tensor.dims.first(), Some(Dim::Free(_)));
    let batched = signature.inputs.iter().chain(&signature.outputs).all(free);
    if batched { (MOST_VALUES / values.max(1)).clamp(1, MOST) } else { 1 }
}

/// Work on many things, each of which is made ready first.
pub(crate) trait Batched: Sync {
    /// A thing as it comes; what it costs to get it is paid on the thread that makes ready.
    type Item;
    /// What is fed.
    type Fed: Send;
    /// What becomes of it.
    type Answer;

    /// Makes one thing ready, while earlier ones run.
    fn prepare(&self, item: Self::Item) -> Result<Self::Fed, ToolError>;

    /// How many may run together with this one.
    fn most(&self, fed: &Self::Fed) -> usize;

    /// How many are made ready while others run: as many as run together, so that the next batch is there in time.
    fn ahead(&self) -> usize {
        AHEAD
    }

    /// Whether two may run together.
    fn alike(&self, one: &Self::Fed, other: &Self::Fed) -> bool;

    /// Runs one or several that are alike, one answer for each.
    fn run(&self, fed: &[Self::Fed], control: &RunControl) -> Result<Vec<Self::Answer>, ToolError>;
}

/// One answer for each item, in their order. What cannot be made ready, or fails when it is run, fails alone. No more than
/// two batches are held at any time. Blocking.
pub(crate) fn run_all<B: Batched>(
    work: &B,
    items: impl ExactSizeIterator<Item = B::Item> + Send,
    control: &RunControl,
) -> Vec<Result<B::Answer, ToolError>> {
    let mut answers: Vec<Option<Result<B::Answer, ToolError>>> = Vec::new();
    answers.resize_with(items.len(), || None);
    let (sender, receiver) = mpsc::sync_channel(work.ahead().max(AHEAD));
    thread::scope(|scope| {
        scope.spawn(move || {
            for item in items {
                if control.is_cancelled() || sender.send(work.prepare(item)).is_err() {
                    return;
                }
            }
        });
        let mut waiting = Waiting { work, places: Vec::new(), fed: Vec::new(), alone: false };
        for (place, prepared) in receiver.into_iter().enumerate() {
            match prepared {
                Ok(fed) => {
                    if waiting.fed.first().is_some_and(|first| !work.alike(first, &fed)) {
                        waiting.run(&mut answers, control);
                    }
                    let most = work.most(&fed);
                    waiting.places.push(place);
                    waiting.fed.push(fed);
                    if waiting.alone || waiting.fed.len() >= most {
                        waiting.run(&mut answers, control);
                    }
                }
                Err(error) => put(&mut answers, place, Err(error)),
            }
        }
        waiting.run(&mut answers, control);
    });
    // Only a stop leaves some without an answer.
    answers.into_iter().map(|answer| answer.unwrap_or_else(|| Err(ToolError::cancelled()))).collect()
}

/// Those that are ready for the next run.
struct Waiting<'a, B: Batched> {
    work: &'a B,
    places: Vec<usize>,
    fed: Vec<B::Fed>,
    /// A run of several failed: the graph only says that it takes them.
    alone: bool,
}

impl<B: Batched> Waiting<'_, B> {
    fn run(&mut self, answers: &mut [Option<Result<B::Answer, ToolError>>], control: &RunControl) {
        let (places, fed) = (std::mem::take(&mut self.places), std::mem::take(&mut self.fed));
        if fed.len() > 1 && !self.alone {
            match self.work.run(&fed, control) {
                Ok(found) if found.len() == fed.len() => {
                    for (place, answer) in places.into_iter().zip(found) {
                        put(answers, place, Ok(answer));
                    }
                    return;
                }
                _ if control.is_cancelled() => return,
                Ok(found) => tracing::debug!("{} answers to a batch of {}", found.len(), fed.len()),
                Err(error) => tracing::debug!("a batch of {} failed, so each runs alone: {error}", fed.len()),
            }
            self.alone = true;
        }
        for (place, one) in places.into_iter().zip(fed.chunks(1)) {
            let answer = control
                .check()
                .and_then(|()| self.work.run(one, control))
                .and_then(|mut found| found.pop().ok_or_else(|| ToolError::internal("the model gave no answer")));
            put(answers, place, answer);
        }
    }
}

fn put<T>(answers: &mut [Option<T>], place: usize, answer: T) {
    if let Some(slot) = answers.get_mut(place) {
        *slot = Some(answer);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{
        Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    };

    use super::*;
    use crate::onnx::{ElementType, fake::tensor};

    /// Doubles numbers; 13 cannot be made ready, 99 cannot be run. Even ones and odd ones do not run together.
    struct Doubling {
        most: usize,
        batches: bool,
        runs: Mutex<Vec<usize>>,
        prepared: AtomicUsize,
        done: AtomicUsize,
        widest: AtomicUsize,
    }

    fn doubling(most: usize, batches: bool) -> Doubling {
        let zero = AtomicUsize::default;
        Doubling { most, batches, runs: Mutex::default(), prepared: zero(), done: zero(), widest: zero() }
    }

    impl Batched for Doubling {
        type Item = i32;
        type Fed = i32;
        type Answer = i32;

        fn prepare(&self, item: i32) -> Result<i32, ToolError> {
            let held = self.prepared.fetch_add(1, Ordering::SeqCst) + 1 - self.done.load(Ordering::SeqCst);
            self.widest.fetch_max(held, Ordering::SeqCst);
            if item == 13 { Err(ToolError::invalid_input("13")) } else { Ok(item) }
        }

        fn most(&self, _: &i32) -> usize {
            self.most
        }

        fn alike(&self, one: &i32, other: &i32) -> bool {
            one % 2 == other % 2
        }

        fn run(&self, fed: &[i32], _: &RunControl) -> Result<Vec<i32>, ToolError> {
            self.runs.lock().unwrap_or_else(PoisonError::into_inner).push(fed.len());
            if fed.contains(&99) || (fed.len() > 1 && !self.batches) {
                return Err(ToolError::internal("no"));
            }
            self.done.fetch_add(fed.len(), Ordering::SeqCst);
            Ok(fed.iter().map(|number| number * 2).collect())
        }
    }

    fn answers(work: &Doubling, items: Vec<i32>) -> Vec<Option<i32>> {
        run_all(work, items.into_iter(), &RunControl::new()).into_iter().map(Result::ok).collect()
    }

    fn runs(work: &Doubling) -> Vec<usize> {
        work.runs.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    #[test]
    fn those_alike_run_together_and_a_broken_one_fails_alone() {
        let work = doubling(3, true);
        let all = answers(&work, vec![2, 4, 13, 6, 8, 1, 3, 10]);
        assert_eq!(all, [Some(4), Some(8), None, Some(12), Some(16), Some(2), Some(6), Some(20)]);
        assert_eq!(runs(&work), [3, 1, 2, 1]);
    }

    #[test]
    fn a_batch_that_fails_is_run_one_by_one_from_then_on() {
        let work = doubling(2, false);
        assert_eq!(answers(&work, vec![1, 3, 5, 7]), [2, 6, 10, 14].map(Some));
        assert_eq!(runs(&work), [2, 1, 1, 1, 1]);
        let work = doubling(2, true);
        assert_eq!(answers(&work, vec![1, 99, 5]), [Some(2), None, Some(10)]);
    }

    #[test]
    fn no_more_is_made_ready_than_fits() {
        let work = doubling(1, true);
        assert_eq!(answers(&work, (0..200).map(|number| number * 20).collect()).len(), 200);
        // One runs, two wait, one is being made ready, and one may be between its run and the count.
        assert!(work.widest.load(Ordering::SeqCst) <= AHEAD + 3, "{:?}", work.widest);
    }

    #[test]
    fn a_stop_leaves_the_rest_undone() {
        let control = RunControl::new();
        control.cancel();
        let all = run_all(&doubling(2, true), vec![1, 3, 5].into_iter(), &control);
        assert!(all.len() == 3 && all.iter().all(|answer| answer.as_ref().is_err_and(|e| e.message == "cancelled")));
    }

    #[test]
    fn only_graphs_with_a_free_first_dimension_take_several() {
        let of = |input: &[usize], output: &[usize]| Signature {
            inputs: vec![tensor("images", ElementType::F32, input)],
            outputs: vec![tensor("output0", ElementType::F32, output)],
            ..Signature::default()
        };
        let values = 3 * 640 * 640;
        assert_eq!(most_together(&of(&[0, 3, 640, 640], &[0, 84, 8400]), values), MOST);
        assert_eq!(most_together(&of(&[0, 3, 640, 640], &[0, 84, 8400]), values * 4), 2);
        assert_eq!(most_together(&of(&[0, 3, 640, 640], &[1, 84, 8400]), values), 1);
        assert_eq!(most_together(&of(&[1, 3, 640, 640], &[1, 84, 8400]), values), 1);
    }
}
