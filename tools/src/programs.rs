//! Programs of this machine.

/// The first program of this name on PATH.
pub fn on_path(program: &str) -> Option<String> {
    let path = std::env::var_os("PATH")?;
    let name = if cfg!(windows) { format!("{program}.exe") } else { program.to_owned() };
    std::env::split_paths(&path)
        .map(|folder| folder.join(&name))
        .find(|file| file.is_file())
        .map(|f| f.display().to_string())
}
