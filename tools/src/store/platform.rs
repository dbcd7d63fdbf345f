//! Names of machines: `linux-x86_64` and the like, and what pip calls them.

/// This machine as `os-arch`, in Rust's own names: `linux-x86_64`, `macos-aarch64`, `windows-x86_64`.
pub fn current_platform() -> String {
    format!("{}-{}", std::env::consts::OS, std::env::consts::ARCH)
}

/// The glibc versions of wheels in use; pip matches a manylinux tag exactly, so each one is named.
const GLIBC: [&str; 9] = ["2_39", "2_35", "2_34", "2_31", "2_28", "2_27", "2_24", "2_17", "2_12"];

/// pip's `--platform` tags for a machine, none if it is unknown.
pub(crate) fn pip_tags(platform: &str) -> Vec<String> {
    match platform.split_once('-') {
        Some(("linux", arch)) => {
            let mut tags: Vec<_> = GLIBC.iter().map(|glibc| format!("manylinux_{glibc}_{arch}")).collect();
            tags.push(format!("manylinux2014_{arch}"));
            tags
        }
        // pip derives the older macOS versions from each of these.
        Some(("macos", "aarch64")) => vec!["macosx_15_0_arm64".into(), "macosx_14_0_arm64".into()],
        Some(("macos", "x86_64")) => vec!["macosx_15_0_x86_64".into()],
        Some(("windows", "x86_64")) => vec!["win_amd64".into()],
        Some(("windows", "aarch64")) => vec!["win_arm64".into()],
        _ => Vec::new(),
    }
}
