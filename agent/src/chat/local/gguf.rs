//! The header of a GGUF file: what is needed to know how to run a model. The weights are not read.
//!
//! Format: <https://github.com/ggml-org/ggml/blob/master/docs/gguf.md>.

use std::{
    collections::BTreeSet,
    io::{self, BufReader, Read, Seek},
    path::Path,
};

use super::server::failure;
use crate::chat::ChatError;

/// Tensor types whose kernels need AVX-VNNI in a build that was made for it.
const AVX_VNNI: [(u32, &str); 6] = [(2, "q4_0"), (3, "q4_1"), (6, "q5_0"), (7, "q5_1"), (8, "q8_0"), (23, "iq4_xs")];
/// The longest text that is kept; a longer one is skipped.
const LONGEST: u64 = 64 << 10;
/// Lists in lists at most.
const DEEPEST: u32 = 4;
const TEXT: u32 = 8;
const LIST: u32 = 9;

/// What the header of a model file says.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Gguf {
    /// The family, such as `qwen3`; `clip` for the projector of a model that takes pictures.
    pub architecture: String,
    /// Weights; of a file in several parts by its label (`8B`).
    pub parameters: u64,
    /// Tokens that the model was made to read at most.
    pub context: Option<u32>,
    /// The types of its tensors whose kernels may need AVX-VNNI, by name.
    pub avx_vnni: Vec<&'static str>,
}

impl Gguf {
    /// Reads the header of a file; milliseconds.
    pub fn read(path: &Path) -> Result<Self, ChatError> {
        let wrong = |error: io::Error| {
            let message = match error.kind() {
                io::ErrorKind::InvalidData => format!("{} is no GGUF file: {error}", path.display()),
                io::ErrorKind::UnexpectedEof => format!("{} breaks off: it is no whole GGUF file", path.display()),
                _ => format!("{} cannot be read: {error}", path.display()),
            };
            failure(message).with_hint("llama-server runs models in the GGUF format, such as NAME-Q4_K_M.gguf")
        };
        let file = std::fs::File::open(path).map_err(wrong)?;
        Reader(BufReader::with_capacity(1 << 16, file)).header().map_err(wrong)
    }

    /// Whether the file is no language model but what turns pictures into its tokens.
    pub fn is_projector(&self) -> bool {
        self.architecture == "clip"
    }
}

struct Reader<R>(BufReader<R>);

impl<R: Read + Seek> Reader<R> {
    fn header(&mut self) -> io::Result<Gguf> {
        if self.bytes::<4>()? != *b"GGUF" {
            return Err(invalid("it does not begin with GGUF"));
        }
        let version = self.u32()?;
        if !matches!(version, 2 | 3) {
            return Err(invalid(&format!("its version {version} is unknown")));
        }
        let (tensors, values) = (self.u64()?, self.u64()?);
        let (mut found, mut label) = (Gguf::default(), None);
        for _ in 0..values {
            let key = self.text()?;
            let kind = self.u32()?;
            match key.as_str() {
                "general.architecture" if kind == TEXT => found.architecture = self.text()?,
                "general.size_label" if kind == TEXT => label = size(&self.text()?),
                key if key.ends_with(".context_length") && kind == 4 => found.context = Some(self.u32()?),
                _ => self.skip(kind, DEEPEST)?,
            }
        }
        let mut kinds = BTreeSet::new();
        for _ in 0..tensors {
            self.text()?;
            let mut weights = 1_u64;
            for _ in 0..self.u32()?.min(8) {
                weights = weights.saturating_mul(self.u64()?);
            }
            found.parameters = found.parameters.saturating_add(weights);
            kinds.insert(self.u32()?);
            self.u64()?;
        }
        found.parameters = found.parameters.max(label.unwrap_or(0));
        found.avx_vnni = AVX_VNNI.iter().filter(|(kind, _)| kinds.contains(kind)).map(|(_, name)| *name).collect();
        Ok(found)
    }

    fn bytes<const N: usize>(&mut self) -> io::Result<[u8; N]> {
        let mut bytes = [0; N];
        self.0.read_exact(&mut bytes)?;
        Ok(bytes)
    }

    fn u32(&mut self) -> io::Result<u32> {
        Ok(u32::from_le_bytes(self.bytes()?))
    }

    fn u64(&mut self) -> io::Result<u64> {
        Ok(u64::from_le_bytes(self.bytes()?))
    }

    fn text(&mut self) -> io::Result<String> {
        let length = self.u64()?;
        if length > LONGEST {
            self.pass(length)?;
            return Ok(String::new());
        }
        let mut bytes = Vec::new();
        self.0.by_ref().take(length).read_to_end(&mut bytes)?;
        if (bytes.len() as u64) < length {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }

    fn skip(&mut self, kind: u32, deep: u32) -> io::Result<()> {
        match kind {
            TEXT => {
                let length = self.u64()?;
                self.pass(length)
            }
            LIST if deep == 0 => Err(invalid("it holds lists in lists without end")),
            LIST => {
                let (kind, count) = (self.u32()?, self.u64()?);
                match width(kind) {
                    Some(bytes) => self.pass(count.saturating_mul(bytes)),
                    None => (0..count).try_for_each(|_| self.skip(kind, deep - 1)),
                }
            }
            kind => self.pass(width(kind).ok_or_else(|| invalid(&format!("it holds a value of kind {kind}")))?),
        }
    }

    /// Goes on behind so many bytes. Beyond the file's end the next read fails.
    fn pass(&mut self, bytes: u64) -> io::Result<()> {
        self.0.seek_relative(i64::try_from(bytes).map_err(|_| invalid("a length in it is beyond all bounds"))?)
    }
}

fn invalid(why: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, why.to_owned())
}

/// Bytes of a plain value.
fn width(kind: u32) -> Option<u64> {
    match kind {
        0 | 1 | 7 => Some(1),
        2 | 3 => Some(2),
        4..=6 => Some(4),
        10..=12 => Some(8),
        _ => None,
    }
}

/// The weights of a label such as `4B`, `1.5B`, `270M` or `8x7B`.
fn size(label: &str) -> Option<u64> {
    let (number, unit) = label.split_at(label.len().checked_sub(1)?);
    let unit = match unit {
        "B" => 1e9,
        "M" => 1e6,
        _ => return None,
    };
    let factors: Result<Vec<f64>, _> = number.split('x').map(str::parse).collect();
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a count of weights")]
    factors.ok().map(|factors| (factors.iter().product::<f64>() * unit) as u64)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failed set-up fails the test")]
pub(super) mod tests {
    use super::*;

    fn text(text: &str) -> Vec<u8> {
        [&(text.len() as u64).to_le_bytes(), text.as_bytes()].concat()
    }

    /// A header with one tensor of a type, of `rows` times 1000 weights.
    pub(in crate::chat::local) fn gguf(architecture: &str, kind: u32, rows: u64) -> Vec<u8> {
        let words = [text("one"), text("two")].concat();
        [
            b"GGUF".to_vec(),
            3_u32.to_le_bytes().to_vec(),
            1_u64.to_le_bytes().to_vec(),
            4_u64.to_le_bytes().to_vec(),
            [text("general.architecture"), TEXT.to_le_bytes().to_vec(), text(architecture)].concat(),
            [text("tokenizer.ggml.tokens"), LIST.to_le_bytes().to_vec(), TEXT.to_le_bytes().to_vec()].concat(),
            [2_u64.to_le_bytes().to_vec(), words].concat(),
            [text("x.scores"), LIST.to_le_bytes().to_vec(), 6_u32.to_le_bytes().to_vec()].concat(),
            [3_u64.to_le_bytes().to_vec(), vec![0; 12]].concat(),
            [text("x.context_length"), 4_u32.to_le_bytes().to_vec(), 4096_u32.to_le_bytes().to_vec()].concat(),
            [text("output.weight"), 2_u32.to_le_bytes().to_vec(), 1000_u64.to_le_bytes().to_vec()].concat(),
            [rows.to_le_bytes().to_vec(), kind.to_le_bytes().to_vec(), 0_u64.to_le_bytes().to_vec()].concat(),
        ]
        .concat()
    }

    fn read(bytes: &[u8]) -> Result<Gguf, ChatError> {
        let file = tempfile::NamedTempFile::new().unwrap();
        fs_err::write(file.path(), bytes).unwrap();
        Gguf::read(file.path())
    }

    #[test]
    fn the_header_tells_size_context_and_quantization() {
        let found = read(&gguf("qwen3", 8, 4_000_000)).unwrap();
        let expected = Gguf {
            architecture: "qwen3".into(),
            parameters: 4_000_000_000,
            context: Some(4096),
            avx_vnni: vec!["q8_0"],
        };
        assert_eq!(found, expected);
        assert!(!found.is_projector() && read(&gguf("clip", 12, 1)).unwrap().is_projector());
        assert_eq!(read(&gguf("qwen3", 12, 1)).unwrap().avx_vnni, Vec::<&str>::new());
    }

    #[test]
    fn what_is_no_whole_model_is_told() {
        let whole = gguf("qwen3", 8, 1);
        for end in 4..whole.len() {
            let error = read(&whole[..end]).unwrap_err();
            assert!(error.message.contains("breaks off"), "{end}: {error}");
        }
        assert!(read(b"PK\x03\x04 a zip").unwrap_err().message.contains("is no GGUF file"));
        assert!(read(b"GGUF\x09\0\0\0").unwrap_err().message.contains("version 9"));
        let mut endless = whole.clone();
        endless[24..32].copy_from_slice(&u64::MAX.to_le_bytes());
        assert!(read(&endless).is_err());
    }

    #[test]
    fn labels_of_sizes() {
        assert_eq!(
            [size("4B"), size("270M"), size("8x7B")],
            [Some(4_000_000_000), Some(270_000_000), Some(56_000_000_000)]
        );
        assert_eq!([size("large"), size("B"), size("")], [None; 3]);
    }
}
