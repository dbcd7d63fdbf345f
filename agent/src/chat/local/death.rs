//! Why a `llama-server` did not start, or died, in words that help.

use std::{io, path::Path, process::ExitStatus};

use super::{gguf::Gguf, server::failure};
use crate::chat::ChatError;

const ILLEGAL_INSTRUCTION: i32 = 4;
const KILLED: i32 = 9;
const OTHER_SERVER: &str = "put the llama-server of your system on PATH, or name another one: [prefer] llama-server = \"ID\" in argus.toml \
     (`argus models list` shows the ids)";

/// What the system said when the program was to be started.
pub(super) fn not_started(program: &Path, error: &io::Error) -> ChatError {
    // "Exec format error", which a shell calls "cannot execute binary file".
    const ENOEXEC: i32 = 8;
    let program = program.display();
    if cfg!(unix) && error.raw_os_error() == Some(ENOEXEC) {
        return failure(format!("{program} is no program for this machine ({})", std::env::consts::ARCH))
            .with_hint(OTHER_SERVER);
    }
    failure(format!("{program} cannot be started: {error}"))
        .with_hint("on Linux it needs a glibc at least as new as the one it was built for")
}

/// What the end of the program means, from its status, its last lines and the files that it was to run.
pub(super) fn ended(status: ExitStatus, lines: &[String], files: &[&Gguf]) -> ChatError {
    let words = lines.join("\n  ");
    let said = if words.is_empty() { ". It said nothing".to_owned() } else { format!(". Its last lines:\n  {words}") };
    let told = |what: &str| failure(format!("llama-server {what} ({status}){said}"));
    match signal(status) {
        Some(ILLEGAL_INSTRUCTION) => {
            let mut kinds: Vec<&str> = files.iter().flat_map(|file| file.avx_vnni.iter().copied()).collect();
            kinds.sort_unstable();
            kinds.dedup();
            if kinds.is_empty() {
                return told("met an instruction that this CPU does not have").with_hint(OTHER_SERVER);
            }
            return told(&format!(
                "met an instruction that this CPU does not have: the model has tensors of {}, whose kernels in this \
                 build need AVX-VNNI",
                kinds.join(", ")
            ))
            .with_hint(format!(
                "take a K-quant, such as Q4_K_M, which runs on all CPUs (that of a very small model may hold other types); or {OTHER_SERVER}"
            ));
        }
        Some(KILLED) => {
            return told("was killed").with_hint(
                "most often for lack of memory: close other programs, or take a smaller model (`argus doctor` shows \
                 which suits this machine)",
            );
        }
        _ => {}
    }
    let after = |mark: &str| lines.iter().find_map(|line| line.split_once(mark)).map(|(_, rest)| rest.trim());
    if let Some(rest) = after("error while loading shared libraries:").or_else(|| after("Library not loaded:")) {
        let library = rest.split(':').next().unwrap_or(rest).trim();
        return told(&format!("needs the library {library}, which is not on this machine")).with_hint(format!(
            "install the package that has it (on Debian and Ubuntu libgomp1, libssl3 or libvulkan1), or {OTHER_SERVER}"
        ));
    }
    if let Some(line) = lines.iter().find(|line| line.contains("GLIBC") && line.contains("not found")) {
        let version = line.split(['`', '\'']).nth(1).unwrap_or("a newer glibc");
        return told(&format!("was built for a newer system: it needs {version}")).with_hint(OTHER_SERVER);
    }
    if lines.iter().any(|line| line.contains("cannot execute binary file") || line.contains("Exec format error")) {
        return told(&format!("is no program for this machine, {}", std::env::consts::ARCH)).with_hint(OTHER_SERVER);
    }
    told("ended").with_hint(
        "a model file that is damaged or too new for this llama-server, or too little memory, are usual causes",
    )
}

#[cfg(unix)]
fn signal(status: ExitStatus) -> Option<i32> {
    std::os::unix::process::ExitStatusExt::signal(&status)
}

#[cfg(not(unix))]
fn signal(_: ExitStatus) -> Option<i32> {
    None
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::process::ExitStatusExt;

    use super::*;

    fn told(raw: i32, line: &str, files: &[&Gguf]) -> (String, String) {
        let lines: Vec<String> = line.lines().map(str::to_owned).collect();
        let error = ended(ExitStatus::from_raw(raw), &lines, files);
        (error.message, error.hint.unwrap_or_default())
    }

    #[test]
    fn an_illegal_instruction_names_the_quantization() {
        let model = Gguf { avx_vnni: vec!["q8_0", "q4_0"], ..Gguf::default() };
        let (message, hint) = told(ILLEGAL_INSTRUCTION, "main: loading", &[&model, &model]);
        assert!(message.contains("tensors of q4_0, q8_0, whose kernels in this build need AVX-VNNI"), "{message}");
        assert!(message.contains("SIGILL") && message.ends_with("main: loading"), "{message}");
        assert!(hint.contains("K-quant"), "{hint}");
        let (message, hint) = told(ILLEGAL_INSTRUCTION, "", &[&Gguf::default()]);
        assert!(!message.contains("AVX-VNNI") && hint.contains("on PATH"), "{message} {hint}");
    }

    #[test]
    fn the_loader_of_the_system_is_understood() {
        let exit = |code: i32| code << 8;
        for (raw, line, says, advises) in [
            (
                exit(127),
                "llama-server: error while loading shared libraries: libssl.so.3: cannot open shared object file: No such \
                 file or directory",
                "needs the library libssl.so.3,",
                "libssl3",
            ),
            (
                exit(1),
                "llama-server: /lib/x86_64-linux-gnu/libc.so.6: version `GLIBC_2.38' not found (required by llama-server)",
                "it needs GLIBC_2.38",
                "on PATH",
            ),
            (exit(126), "sh: llama-server: cannot execute binary file", "is no program for this machine", "on PATH"),
            (KILLED, "loading", "was killed", "memory"),
            (exit(1), "error: unknown model architecture", "ended", "too new"),
        ] {
            let (message, hint) = told(raw, line, &[]);
            assert!(message.contains(says) && message.contains(line), "{message}");
            assert!(hint.contains(advises), "{hint}");
        }
    }

    #[test]
    fn a_program_of_another_machine_is_told() {
        let error = not_started(Path::new("/opt/llama-server"), &io::Error::from_raw_os_error(8));
        assert!(error.message.starts_with("/opt/llama-server is no program for this machine"), "{error}");
    }
}
