//! Tensors that go from one run straight into the next, as a decoder's cache does, without a copy in between.

use ndarray::{ArrayD, ArrayViewD};

use super::{Input, ModelError, session::KeptValue};

/// An output of a run, kept for the next one.
#[derive(Debug)]
pub struct Kept(Holder);

#[derive(Debug)]
enum Holder {
    Array(ArrayD<f32>),
    /// Where the runtime put it.
    Value(KeptValue),
}

impl Kept {
    /// A tensor of one's own.
    pub fn of(values: ArrayD<f32>) -> Self {
        Self(Holder::Array(values))
    }

    pub(super) fn value(value: KeptValue) -> Self {
        Self(Holder::Value(value))
    }

    /// As an input of a run.
    pub fn input(&self) -> Input<'_> {
        match &self.0 {
            Holder::Array(values) => Input::F32(values.view()),
            Holder::Value(value) => Input::Kept(value),
        }
    }

    /// Looks at the numbers in place, or at a copy where the runtime holds them as 16-bit ones.
    pub fn read<T>(&self, look: impl FnOnce(ArrayViewD<'_, f32>) -> T) -> Result<T, ModelError> {
        match &self.0 {
            Holder::Array(values) => Ok(look(values.view())),
            Holder::Value(value) => value.read(look),
        }
    }
}
