//! What a web server must answer, path by path: a file's bytes, also where the tree has a link.

use std::collections::BTreeMap;

use cid::Cid;

use super::SiteError;
use crate::ipfs::{Content, Tree};

/// Links that lead to links.
const MAX_LINKS: usize = 16;

/// A file as a web server answers it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct WebFile {
    pub(super) cid: Cid,
    /// Hexadecimal.
    pub(super) sha256: String,
}

/// Every file of the tree, links followed.
pub(super) fn web_files(tree: &Tree) -> Result<BTreeMap<String, WebFile>, SiteError> {
    let file = |path: &String| {
        let mut at = path.clone();
        for _ in 0..MAX_LINKS {
            let Some(found) = tree.files.get(&at) else { break };
            match &found.content {
                Content::File => {
                    let web = WebFile { cid: found.cid, sha256: found.fingerprint.clone() };
                    return Ok((path.clone(), web));
                }
                Content::Link(target) => at = target_of(&at, target),
            }
        }
        Err(SiteError::Link { path: path.clone() })
    };
    tree.files.keys().map(file).collect()
}

/// The path that a link at `path` leads to. That it stays within the tree was checked.
fn target_of(path: &str, target: &str) -> String {
    let mut parts: Vec<&str> = path.split('/').collect();
    parts.pop();
    for part in target.split('/') {
        match part {
            "" | "." => {}
            ".." => _ = parts.pop(),
            part => parts.push(part),
        }
    }
    parts.join("/")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ipfs::{CarWriter, fingerprint, pack_directory};
    use std::os::unix::fs::symlink;

    fn files(links: &[(&str, &str)]) -> Result<BTreeMap<String, WebFile>, SiteError> {
        let dir = tempfile::tempdir().unwrap();
        let tree = dir.path().join("tree");
        std::fs::create_dir_all(tree.join("d/e")).unwrap();
        std::fs::write(tree.join("d/a.json"), "1").unwrap();
        for (path, target) in links {
            symlink(target, tree.join(path)).unwrap();
        }
        let car = dir.path().join("tree.car");
        let mut writer = CarWriter::create(&car).unwrap();
        let packed = pack_directory(&tree, &mut writer, &mut |_| {}).unwrap();
        writer.finish(&packed.root).unwrap();
        web_files(&Tree::open(&car, &packed.root).ok().unwrap())
    }

    #[test]
    fn links_are_answered_with_what_they_lead_to() {
        let found = files(&[("b", "d/./a.json"), ("d/e/c", "../../b")]).unwrap();
        let hashes: Vec<_> = found.iter().map(|(path, f)| (path.as_str(), &f.sha256)).collect();
        let one = fingerprint(b"1");
        assert_eq!(hashes, [("b", &one), ("d/a.json", &one), ("d/e/c", &one)]);
    }

    #[test]
    fn links_that_lead_to_no_file_are_refused() {
        for links in [[("b", "d")], [("b", "d/none")], [("b", "b")]] {
            let refused = files(&links);
            assert!(matches!(&refused, Err(SiteError::Link { path }) if path == "b"), "{links:?}");
        }
    }
}
