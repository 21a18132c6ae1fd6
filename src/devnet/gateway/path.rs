//! Content paths: `/ipfs/<cid>/…` and `/ipns/<name>/…`, percent-decoded and cleaned.

use cid::Cid;
use percent_encoding::percent_decode_str;

/// No path is longer, in bytes.
const MAX_PATH: usize = 8 * 1024;
/// No path has more segments.
const MAX_SEGMENTS: usize = 256;

/// What the first segment says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Root {
    /// `/ipfs/<cid>`.
    Ipfs(Cid),
    /// `/ipns/<name>`: not parsed, since a name that cannot be found is another error.
    Ipns(String),
}

/// A path in canonical form: no `.`, `..` or empty segments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ContentPath {
    pub(crate) root: Root,
    /// The root as it was written.
    root_text: String,
    /// Below the root.
    pub(crate) segments: Vec<String>,
    /// Whether it ends with `/`, as the paths of directories do.
    pub(crate) slash: bool,
}

/// Why a text is not a content path.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("invalid path {path:?}: {reason}")]
pub(crate) struct PathError {
    path: String,
    reason: String,
}

impl ContentPath {
    /// From the path of a URL, percent-encoded.
    pub(crate) fn from_url(path: &str) -> Result<Self, PathError> {
        if path.len() > MAX_PATH {
            return Err(wrong(path, format!("it is over {MAX_PATH} bytes long")));
        }
        let decoded = percent_decode_str(path)
            .decode_utf8()
            .map_err(|_| wrong(path, "it is not UTF-8".into()))?;
        Self::parse(&decoded)
    }

    /// From text, such as the value of an IPNS record.
    pub(crate) fn parse(path: &str) -> Result<Self, PathError> {
        let mut segments: Vec<&str> = Vec::new();
        for segment in path.split('/') {
            match segment {
                "" | "." => {}
                ".." if segments.len() <= 2 => {
                    return Err(wrong(path, "it leaves its root".into()));
                }
                ".." => {
                    segments.pop();
                }
                segment => segments.push(segment),
            }
        }
        if segments.len() > MAX_SEGMENTS {
            return Err(wrong(path, format!("it has over {MAX_SEGMENTS} segments")));
        }
        let (namespace, root_text, segments) = match segments.as_slice() {
            _ if !path.starts_with('/') => {
                return Err(wrong(path, "it does not start with /ipfs/ or /ipns/".into()));
            }
            [namespace, root, rest @ ..] => (*namespace, *root, rest),
            _ => return Err(wrong(path, "path does not have enough components".into())),
        };
        let root = match namespace {
            "ipfs" => Root::Ipfs(
                Cid::try_from(root_text)
                    .map_err(|error| wrong(path, format!("invalid cid: {error}")))?,
            ),
            "ipns" => Root::Ipns(root_text.to_owned()),
            other => return Err(wrong(path, format!("unknown namespace: {other:?}"))),
        };
        let segments = segments.iter().map(|&segment| segment.to_owned()).collect();
        Ok(Self { root, root_text: root_text.to_owned(), segments, slash: path.ends_with('/') })
    }

    /// Whether what it points to may change.
    pub(crate) fn mutable(&self) -> bool {
        matches!(self.root, Root::Ipns(_))
    }

    /// The last segment below the root, the name of a file.
    pub(crate) fn file_name(&self) -> Option<&str> {
        self.segments.last().map(String::as_str)
    }

    /// The same path with another root.
    pub(crate) fn with_root(&self, namespace: &str, root: &str) -> String {
        let mut text = format!("/{namespace}/{root}");
        for segment in &self.segments {
            text.push('/');
            text.push_str(segment);
        }
        if self.slash {
            text.push('/');
        }
        text
    }
}

impl std::fmt::Display for ContentPath {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let namespace = if self.mutable() { "ipns" } else { "ipfs" };
        f.write_str(&self.with_root(namespace, &self.root_text))
    }
}

fn wrong(path: &str, reason: String) -> PathError {
    PathError { path: path.chars().take(256).collect(), reason }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CID: &str = "bafkqaaa";

    #[test]
    fn paths_are_decoded_and_cleaned() {
        for (given, canonical) in [
            ("/ipfs/bafkqaaa", "/ipfs/bafkqaaa"),
            ("/ipfs/bafkqaaa/", "/ipfs/bafkqaaa/"),
            ("/ipfs//bafkqaaa/./a//b", "/ipfs/bafkqaaa/a/b"),
            ("/ipfs/bafkqaaa/a%20b/%C3%A4", "/ipfs/bafkqaaa/a b/ä"),
            ("/ipfs/bafkqaaa/a/../b", "/ipfs/bafkqaaa/b"),
            ("/ipfs/bafkqaaa/a%2Fb/%2e%2E/c", "/ipfs/bafkqaaa/a/c"),
            ("/ipns/nick.eth/x", "/ipns/nick.eth/x"),
        ] {
            assert_eq!(ContentPath::from_url(given).unwrap().to_string(), canonical, "{given}");
        }
        let path = ContentPath::from_url("/ipfs/bafkqaaa/a/b.json").unwrap();
        assert_eq!(path.root, Root::Ipfs(CID.parse().unwrap()));
        assert_eq!(path.segments, ["a", "b.json"]);
        assert_eq!(path.file_name(), Some("b.json"));
    }

    #[test]
    fn what_is_no_path_is_refused() {
        let deep = format!("/ipfs/{CID}{}", "/a".repeat(300));
        let long = format!("/ipfs/{CID}/{}", "a".repeat(9000));
        for (given, reason) in [
            ("/ipfs/", "enough components"),
            ("/ipfs/nocid/x", "invalid cid"),
            ("/ipfs/bafkqaaa/..", "leaves its root"),
            ("/ipfs/bafkqaaa/../../etc/passwd", "leaves its root"),
            ("/ipfs/bafkqaaa/%2e%2e/%2e%2e/x", "leaves its root"),
            ("/ipfs/bafkqaaa/%FF", "not UTF-8"),
            ("/ipld/bafkqaaa", "unknown namespace"),
            ("ipfs/bafkqaaa", "does not start"),
            (&deep, "segments"),
            (&long, "bytes long"),
        ] {
            let error = ContentPath::from_url(given).unwrap_err().to_string();
            assert!(error.contains(reason), "{given}: {error}");
        }
    }
}
