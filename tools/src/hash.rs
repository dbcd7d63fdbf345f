//! sha256 of files and of streams while they are written.

use std::{
    fmt::Write as _,
    io::{self, Read, Write},
    path::Path,
};

use sha2::{Digest, Sha256};

/// Large enough that the hash and not the system calls set the speed.
const BUFFER: usize = 1 << 20;

/// What a file or stream was.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Content {
    /// Its length.
    pub bytes: u64,
    /// Its sha256 as lower-case hexadecimal digits.
    pub sha256: String,
}

/// Hashes a file from its beginning to its end. Blocking.
pub fn hash_file(path: &Path) -> io::Result<Content> {
    let mut hasher = Hasher::default();
    copy(&mut fs_err::File::open(path)?, &mut io::sink(), &mut hasher)?;
    Ok(hasher.finish())
}

/// Copies a stream and hashes what passes. Blocking.
pub(crate) fn copy(from: &mut impl Read, to: &mut impl Write, hasher: &mut Hasher) -> io::Result<()> {
    let mut buffer = vec![0; BUFFER];
    loop {
        let count = match from.read(&mut buffer) {
            Ok(0) => return Ok(()),
            Ok(count) => count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        let chunk = buffer.get(..count).unwrap_or_default();
        hasher.state.update(chunk);
        hasher.bytes += chunk.len() as u64;
        to.write_all(chunk)?;
    }
}

#[derive(Default)]
pub(crate) struct Hasher {
    state: Sha256,
    bytes: u64,
}

impl Hasher {
    pub(crate) fn finish(self) -> Content {
        Content { bytes: self.bytes, sha256: hex(&self.state.finalize()) }
    }
}

/// Lower-case hex of the sha256 of some bytes.
pub fn sha256(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

/// Bytes as lower-case hexadecimal digits.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}
