//! The wire format of protobuf, as far as reading a file field by field goes. Weights are skipped, never loaded.
//!
//! A small reader of its own: the crates for protobuf bring a code generator and load whole messages, a model's gigabytes of
//! weights included. Source: protobuf.dev, "Encoding".

use std::io::{self, BufReader, Read, Seek};

/// What a field holds.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Wire {
    /// A whole number.
    Number(u64),
    /// A text, bytes or message of so many bytes; it comes next and must be read or skipped.
    Bytes(u64),
    /// Four or eight bytes, skipped already.
    Fixed,
}

/// Why a file cannot be read on.
#[derive(Debug)]
pub(super) enum Fault {
    Io(io::Error),
    /// The file must have this many bytes at least.
    Truncated(u64),
    /// What is wrong, and at which byte.
    Damaged(&'static str, u64),
}

/// A file that is read from its beginning to its end.
pub(super) struct Reader<R> {
    source: BufReader<R>,
    at: u64,
    len: u64,
}

impl<R: Read + Seek> Reader<R> {
    /// A source of `len` bytes.
    pub(super) fn new(source: R, len: u64) -> Self {
        Self { source: BufReader::with_capacity(64 * 1024, source), at: 0, len }
    }

    /// Where the message ends that begins here and has `bytes`.
    pub(super) fn end_of(&self, bytes: u64) -> u64 {
        self.at.saturating_add(bytes)
    }

    pub(super) fn len(&self) -> u64 {
        self.len
    }

    /// The next field of the message that ends at `end`: its number and what it holds. `None` at its end.
    pub(super) fn field(&mut self, end: u64) -> Result<Option<(u64, Wire)>, Fault> {
        if self.at == end {
            return Ok(None);
        }
        let start = self.at;
        let tag = self.number()?;
        if tag >> 3 == 0 {
            return Err(Fault::Damaged("a field has the number 0", start));
        }
        let wire = match tag & 7 {
            0 => Wire::Number(self.number()?),
            1 => self.fixed(8, end)?,
            2 => {
                let bytes = self.number()?;
                self.check(bytes, end)?;
                Wire::Bytes(bytes)
            }
            5 => self.fixed(4, end)?,
            _ => return Err(Fault::Damaged("a field is of no kind that ONNX uses", start)),
        };
        if self.at > end {
            return Err(Fault::Damaged("a field is longer than what holds it", start));
        }
        Ok(Some((tag >> 3, wire)))
    }

    /// A text of so many bytes; what is no UTF-8 in it is replaced. More than `most` bytes are skipped and give `None`.
    pub(super) fn text(&mut self, bytes: u64, most: u64) -> Result<Option<String>, Fault> {
        if bytes > most {
            self.skip(bytes)?;
            return Ok(None);
        }
        let mut buffer = vec![0; bytes as usize];
        self.source.read_exact(&mut buffer).map_err(|error| self.broken(error))?;
        self.at += bytes;
        Ok(Some(String::from_utf8_lossy(&buffer).into_owned()))
    }

    /// Goes past what is of no interest.
    pub(super) fn skip(&mut self, bytes: u64) -> Result<(), Fault> {
        let distance = i64::try_from(bytes).map_err(|_| Fault::Damaged("a field has no possible length", self.at))?;
        self.source.seek_relative(distance).map_err(Fault::Io)?;
        self.at += bytes;
        Ok(())
    }

    fn fixed(&mut self, bytes: u64, end: u64) -> Result<Wire, Fault> {
        self.check(bytes, end)?;
        self.skip(bytes)?;
        Ok(Wire::Fixed)
    }

    fn check(&self, bytes: u64, end: u64) -> Result<(), Fault> {
        let last = self.at.checked_add(bytes).ok_or(Fault::Damaged("a field has no possible length", self.at))?;
        if last > self.len {
            return Err(Fault::Truncated(last));
        }
        if last > end {
            return Err(Fault::Damaged("a field is longer than what holds it", self.at));
        }
        Ok(())
    }

    /// A whole number: seven bits a byte, the lowest first.
    fn number(&mut self) -> Result<u64, Fault> {
        let (start, mut number) = (self.at, 0);
        for shift in (0..70).step_by(7) {
            let mut byte = [0];
            self.source.read_exact(&mut byte).map_err(|error| self.broken(error))?;
            self.at += 1;
            number |= u64::from(byte[0] & 0x7f).checked_shl(shift).unwrap_or(0);
            if byte[0] < 0x80 {
                return Ok(number);
            }
        }
        Err(Fault::Damaged("a number has more than ten bytes", start))
    }

    fn broken(&self, error: io::Error) -> Fault {
        if error.kind() == io::ErrorKind::UnexpectedEof { Fault::Truncated(self.at + 1) } else { Fault::Io(error) }
    }
}
