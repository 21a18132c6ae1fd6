use std::fs::{self, File};
use std::os::unix::fs::symlink;
use std::time::Duration;

use super::*;
use crate::ipfs::{CarWriter, fingerprint, pack_directory};

/// A tree on disk, packed; links are written `path -> target`.
fn car(dir: &Path, files: &[(&str, &str)]) -> (PathBuf, Cid) {
    let tree = tempfile::tempdir_in(dir).unwrap();
    for (path, content) in files {
        let path = tree.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        match content.strip_prefix("-> ") {
            Some(target) => symlink(target, path).unwrap(),
            None => fs::write(path, content).unwrap(),
        }
    }
    let path = dir.join("tree.car");
    let mut writer = CarWriter::create(&path).unwrap();
    let packed = pack_directory(tree.path(), &mut writer, &mut |_| {}).unwrap();
    writer.finish(&packed.root).unwrap();
    (path, packed.root)
}

async fn upload(dir: &Path, folder: &Folder, files: &[(&str, &str)]) -> Result<Cid, UploadError> {
    let (car, root) = car(dir, files);
    folder.upload(&car, &root, None).await?;
    assert!(folder.has(&root).await, "whole once it is written");
    Ok(root)
}

/// Every file and link but ours, sorted.
fn contents(dir: &Path) -> Vec<(String, String)> {
    let mut all = Vec::new();
    let mut left = vec![dir.to_owned()];
    while let Some(folder) = left.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.strip_prefix(dir).unwrap().to_str().unwrap().to_owned();
            if path.is_symlink() {
                all.push((name, format!("-> {}", fs::read_link(&path).unwrap().display())));
            } else if path.is_file() {
                all.push((name, fs::read_to_string(&path).unwrap()));
            } else if name != OURS {
                left.push(path);
            }
        }
    }
    all.retain(|(name, _)| name != ".nojekyll");
    all.sort();
    all
}

fn pairs(files: &[(&str, &str)]) -> Vec<(String, String)> {
    files.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect()
}

#[tokio::test]
async fn the_tree_replaces_what_was_ours_and_nothing_else() {
    let dir = tempfile::tempdir().unwrap();
    let pages = dir.path().join("pages");
    fs::create_dir(&pages).unwrap();
    fs::write(pages.join("index.html"), "mine").unwrap();
    fs::create_dir(pages.join(".well-known")).unwrap();
    fs::write(pages.join(".well-known/security.txt"), "mine too").unwrap();
    let folder = Folder::new(&pages, "nick.eth").unwrap();
    let foreign = [(".well-known/security.txt", "mine too"), ("index.html", "mine")];

    let first = [(".well-known/eth/a.json", "1"), (".well-known/eth/b/c.json", "2"), ("l", "-> x")];
    let root = upload(dir.path(), &folder, &first).await.unwrap();
    let mut expected = pairs(&[&first[..], &foreign[..]].concat());
    expected.sort();
    assert_eq!(contents(&pages), expected);
    assert_eq!(fs::read(pages.join(".nojekyll")).unwrap(), b"");
    let manifest = fs::read_to_string(pages.join(OURS).join("nick.eth")).unwrap();
    assert!(manifest.starts_with(&format!("# root {root}\n")), "{manifest}");
    assert_eq!(fs::read_dir(pages.join(OURS)).unwrap().count(), 1, "nothing temporary is left");

    // A changed, b/c gone with its folder, the link a folder now.
    let second = [(".well-known/eth/a.json", "changed"), ("l/m", "3")];
    upload(dir.path(), &folder, &second).await.unwrap();
    let mut expected = pairs(&[&second[..], &foreign[..]].concat());
    expected.sort();
    assert_eq!(contents(&pages), expected);
    assert!(!pages.join(".well-known/eth/b").exists());
    assert!(!folder.has(&root).await, "another root stands there");

    // And back: the folder gives way to the link.
    upload(dir.path(), &folder, &first).await.unwrap();
    assert_eq!(contents(&pages).len(), 5);
    fs::write(pages.join(".well-known/eth/a.json"), "by hand").unwrap();
    assert!(!folder.has(&root).await, "somebody changed it");
    let error = upload(dir.path(), &folder, &first).await.unwrap_err().to_string();
    assert!(error.contains("a.json\" was changed since namesys wrote it"), "{error}");
    assert_eq!(fs::read(pages.join(".well-known/eth/a.json")).unwrap(), b"by hand");
    fs::remove_file(pages.join(".well-known/eth/a.json")).unwrap();
    upload(dir.path(), &folder, &first).await.unwrap();
    assert_eq!(fs::read(pages.join(".well-known/eth/a.json")).unwrap(), b"1");
}

#[tokio::test]
async fn files_of_others_are_never_replaced() {
    let dir = tempfile::tempdir().unwrap();
    let pages = dir.path().join("pages");
    fs::create_dir_all(pages.join("d")).unwrap();
    fs::write(pages.join("same"), "1").unwrap();
    fs::write(pages.join("other"), "theirs").unwrap();
    fs::write(pages.join("d/x"), "theirs").unwrap();
    symlink(dir.path(), pages.join("out")).unwrap();
    let before = contents(&pages);
    let folder = Folder::new(&pages, "nick.eth").unwrap();
    for bad in ["other", "other/below", "d", "out/escaped"] {
        let error = upload(dir.path(), &folder, &[("new", "1"), (bad, "2")]).await.unwrap_err();
        assert!(error.to_string().contains("is not namesys's"), "{bad}: {error}");
        assert_eq!(contents(&pages), before, "{bad}: nothing is written");
    }
    assert!(!dir.path().join("escaped").exists());
    // The same content needs no writing, and stays somebody else's.
    let root = upload(dir.path(), &folder, &[("same", "1"), ("new", "1")]).await.unwrap();
    let error = upload(dir.path(), &folder, &[("same", "2")]).await.unwrap_err();
    assert!(error.to_string().contains("is not namesys's"), "{error}");
    fs::remove_file(pages.join("same")).unwrap();
    assert!(!folder.has(&root).await, "it was part of the tree");
    fs::write(pages.join("same"), "1").unwrap();
    upload(dir.path(), &folder, &[("new", "2")]).await.unwrap();
    assert_eq!(fs::read(pages.join("same")).unwrap(), b"1");
    // What somebody changed is no longer ours to remove.
    fs::write(pages.join("new"), "changed").unwrap();
    upload(dir.path(), &folder, &[("newer", "1")]).await.unwrap();
    assert_eq!(fs::read(pages.join("new")).unwrap(), b"changed");
}

/// A manifest that somebody committed to the repository of the pages.
async fn with_manifest(pages: &Path, folder: &Folder, lines: &[(String, &str)]) {
    fs::create_dir_all(pages.join(OURS)).unwrap();
    let text: String = lines.iter().map(|(hash, path)| format!("{hash}  {path}\n")).collect();
    fs::write(pages.join(folder.manifest_path()), format!("# unfinished\n{text}")).unwrap();
}

#[tokio::test]
async fn a_strangers_manifest_removes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let pages = dir.path().join("pages");
    let folder = Folder::new(&pages, "nick.eth").unwrap();
    let theirs = [(".git/HEAD", "ref"), ("sub/.Git/HEAD", "ref"), ("index.html", "mine")];
    for (path, text) in theirs {
        fs::create_dir_all(pages.join(path).parent().unwrap()).unwrap();
        fs::write(pages.join(path), text).unwrap();
    }
    // Reserved names with the right fingerprint, and another file with a wrong one.
    let lines = [
        (fingerprint(b"ref"), ".git/HEAD"),
        (fingerprint(b"ref"), "sub/.Git/HEAD"),
        (fingerprint(b""), ".nojekyll"),
        (fingerprint(b"x"), ".namesys-files/other.eth"),
        (fingerprint(b"guessed"), "index.html"),
    ];
    fs::create_dir_all(pages.join(OURS)).unwrap();
    fs::write(pages.join(OURS).join("other.eth"), "x").unwrap();
    with_manifest(&pages, &folder, &lines).await;
    upload(dir.path(), &folder, &[("a", "1")]).await.unwrap();
    let mut expected = pairs(&[&theirs[..], &[("a", "1")]].concat());
    expected.sort();
    assert_eq!(contents(&pages), expected);
    assert!(pages.join(OURS).join("other.eth").exists());
}

/// Also not by the place of a file that the tree has: what is there is looked at, not what the
/// manifest says of it.
#[tokio::test]
async fn a_strangers_manifest_overwrites_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let pages = dir.path().join("pages");
    let folder = Folder::new(&pages, "nick.eth").unwrap();
    fs::create_dir_all(pages.join(".well-known")).unwrap();
    fs::write(pages.join(".well-known/security.txt"), "mine").unwrap();
    let tree = [(".well-known/security.txt", "theirs"), (".well-known/a", "1")];
    let former = fingerprint(b"other").replacen("", "# was ", 1);
    for hash in [fingerprint(b"theirs"), fingerprint(b"guessed"), "x".to_owned(), former] {
        let line = (hash.clone(), ".well-known/security.txt");
        with_manifest(&pages, &folder, &[line]).await;
        let error = upload(dir.path(), &folder, &tree).await.unwrap_err().to_string();
        assert!(error.contains("security.txt"), "{hash}: {error}");
        assert_eq!(fs::read(pages.join(".well-known/security.txt")).unwrap(), b"mine", "{hash}");
        assert!(!pages.join(".well-known/a").exists(), "{hash}: nothing is written");
    }
}

/// A manifest, the folder of manifests, or that of what is under way, as a link or a pipe.
#[tokio::test]
async fn what_is_ours_is_no_link() {
    let dir = tempfile::tempdir().unwrap();
    let (pages, home) = (dir.path().join("pages"), dir.path().join("home"));
    let folder = Folder::new(&pages, "nick.eth").unwrap();
    for (link, target) in [
        (".namesys-files", ""),
        (".namesys-files/.writing", ""),
        (".namesys-files/nick.eth", "manifest"),
        (".namesys-files/nick.eth", "none"),
    ] {
        fs::create_dir_all(&home).unwrap();
        fs::write(home.join("write-1"), "mine").unwrap();
        fs::write(home.join("manifest"), format!("{}  a\n", fingerprint(b"mine"))).unwrap();
        fs::create_dir_all(pages.join(link).parent().unwrap()).unwrap();
        fs::write(pages.join("a"), "mine").unwrap();
        symlink(home.join(target), pages.join(link)).unwrap();
        let before = contents(&home);
        let error = upload_error(dir.path(), &folder).await;
        assert!(error.contains("symbolic link"), "{link}: {error}");
        assert_eq!(contents(&home), before, "{link}");
        assert_eq!(fs::read(pages.join("a")).unwrap(), b"mine", "{link}");
        fs::remove_dir_all(&pages).unwrap();
        fs::remove_dir_all(&home).unwrap();
    }
}

async fn upload_error(dir: &Path, folder: &Folder) -> String {
    upload(dir, folder, &[("a", "2")]).await.unwrap_err().to_string()
}

#[tokio::test]
async fn a_strangers_manifest_leads_nowhere_else() {
    let dir = tempfile::tempdir().unwrap();
    let (pages, home) = (dir.path().join("pages"), dir.path().join("home"));
    fs::create_dir_all(&pages).unwrap();
    fs::create_dir_all(&home).unwrap();
    symlink(&home, pages.join("d")).unwrap();
    let folder = Folder::new(&pages, "nick.eth").unwrap();
    with_manifest(&pages, &folder, &[(fingerprint(b"x"), "d")]).await;
    let error = upload(dir.path(), &folder, &[("d/escaped", "1")]).await.unwrap_err();
    assert!(error.to_string().contains("is not namesys's"), "{error}");
    assert_eq!(fs::read_dir(&home).unwrap().count(), 0);
}

#[tokio::test]
async fn an_empty_folder_is_not_in_the_way() {
    let dir = tempfile::tempdir().unwrap();
    let pages = dir.path().join("pages");
    let folder = Folder::new(&pages, "nick.eth").unwrap();
    fs::create_dir_all(pages.join("a/b/c")).unwrap();
    upload(dir.path(), &folder, &[("a", "1")]).await.unwrap();
    assert_eq!(contents(&pages), pairs(&[("a", "1")]));
}

#[tokio::test]
async fn two_names_share_a_folder() {
    let dir = tempfile::tempdir().unwrap();
    let pages = dir.path().join("pages");
    let nick = Folder::new(&pages, "nick.eth").unwrap();
    let vic = Folder::new(&pages, "vic.eth").unwrap();
    upload(dir.path(), &nick, &[("n/1", "1")]).await.unwrap();
    let root = upload(dir.path(), &vic, &[("v/1", "1")]).await.unwrap();
    upload(dir.path(), &nick, &[("n/2", "2")]).await.unwrap();
    assert_eq!(contents(&pages), pairs(&[("n/2", "2"), ("v/1", "1")]));
    assert!(vic.has(&root).await);
    for owner in ["", ".", "a/b", ".hidden"] {
        assert!(matches!(Folder::new(&pages, owner), Err(UploadError::Settings { .. })));
    }
}

#[tokio::test]
async fn an_upload_cut_short_is_completed() {
    let dir = tempfile::tempdir().unwrap();
    let pages = dir.path().join("pages");
    let folder = Folder::new(&pages, "nick.eth").unwrap();
    upload(dir.path(), &folder, &[("a", "1"), ("b", "1")]).await.unwrap();
    // As a process leaves it that was killed after `a`: the manifest says what was meant.
    let temporary = pages.join(OURS).join(TEMPORARY);
    fs::create_dir(&temporary).unwrap();
    fs::write(temporary.join("write-half"), "half").unwrap();
    let files = ["a", "b", "c"].map(|path| (path.to_owned(), fingerprint(b"2")));
    let former = ["a", "b"].map(|path| (path.to_owned(), fingerprint(b"1")));
    let (files, former) = (files.into(), former.into());
    let manifest = Manifest { files, former, ..Manifest::default() };
    fs::write(pages.join(folder.manifest_path()), manifest.to_text()).unwrap();
    fs::write(pages.join("a"), "2").unwrap();
    fs::write(pages.join("c"), "changed by somebody").unwrap();

    upload(dir.path(), &folder, &[("a", "3")]).await.unwrap();
    let left = pairs(&[("a", "3"), ("c", "changed by somebody")]);
    assert_eq!(contents(&pages), left, "b was ours and is gone, c no longer is ours");
    assert!(!temporary.exists());
}

#[tokio::test]
async fn a_publication_that_stops_leaves_what_completes_it() {
    let dir = tempfile::tempdir().unwrap();
    let pages = dir.path().join("pages");
    let folder = Folder::new(&pages, "nick.eth").unwrap();
    upload(dir.path(), &folder, &[("a", "1"), ("b", "1"), ("c", "1")]).await.unwrap();
    // The second file cannot be written: its folder is no folder by then.
    let (path, root) = car(dir.path(), &[("a", "2"), ("n/x", "2")]);
    let way = pages.clone();
    let stop = std::sync::Arc::new(move |_: u64, _: u64| fs::write(way.join("n"), "").unwrap());
    assert!(folder.unpack(&path, &root, Some(stop)).await.is_err());
    fs::remove_file(pages.join("n")).unwrap();
    fs::write(pages.join("c"), "changed by somebody").unwrap();
    let done = folder.unpack(&path, &root, None).await.unwrap();
    assert_eq!((done.written, done.removed), (vec!["n/x".to_owned()], vec!["b".to_owned()]));
    assert_eq!(contents(&pages).len(), 3, "a, n/x, and c, which is no longer ours");
}

#[tokio::test]
async fn what_cannot_be_unpacked() {
    let dir = tempfile::tempdir().unwrap();
    let pages = dir.path().join("pages");
    let folder = Folder::new(&pages, "nick.eth").unwrap();
    let (path, root) = car(dir.path(), &[("a", "1")]);
    let other = "bafkreiem4twkqzsq2aj4shbycd4yvoj2cx72vezicletlhi7dijjciqpui".parse().unwrap();
    let error = folder.upload(&path, &other, None).await.unwrap_err();
    let got = root.to_string();
    assert!(matches!(&error, UploadError::OtherRoot { got: g, .. } if *g == got), "{error}");
    let mut bytes = fs::read(&path).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    fs::write(&path, bytes).unwrap();
    let error = folder.upload(&path, &root, None).await.unwrap_err();
    assert!(matches!(error, UploadError::Car { .. }), "{error}");
    for files in [[(".git/config", "x")], [(".nojekyll", "x")], [("a\nb", "x")]] {
        let error = upload(dir.path(), &folder, &files).await.unwrap_err();
        assert!(error.to_string().contains("cannot be the name"), "{error}");
    }
    assert!(!pages.exists(), "nothing was made");
    let nowhere = Folder::new(&dir.path().join("no/such"), "nick.eth").unwrap();
    let error = upload(dir.path(), &nowhere, &[("a", "1")]).await.unwrap_err();
    assert!(matches!(error, UploadError::File { .. }), "{error}");
}

#[tokio::test]
async fn what_has_not_changed_is_not_touched() {
    let dir = tempfile::tempdir().unwrap();
    let pages = dir.path().join("pages");
    let folder = Folder::new(&pages, "nick.eth").unwrap();
    let files = [("a", "1"), ("b", "1"), ("c", "1")];
    let (path, root) = car(dir.path(), &files);
    let first = folder.unpack(&path, &root, None).await.unwrap();
    assert_eq!((first.written.len(), first.unchanged, first.removed.len()), (3, 0, 0));
    // As if long ago: whoever compares times sends only what is new.
    let old = std::time::SystemTime::now() - Duration::from_secs(86_400);
    let manifest = pages.join(OURS).join("nick.eth");
    for path in [&pages.join("a"), &pages.join("b"), &pages.join(".nojekyll"), &manifest] {
        File::options().append(true).open(path).unwrap().set_modified(old).unwrap();
    }
    let time = |path: &Path| fs::metadata(path).unwrap().modified().unwrap();
    let again = folder.unpack(&path, &root, None).await.unwrap();
    assert_eq!(again, Changes { unchanged: 3, ..Changes::default() });
    assert_eq!(time(&manifest), old);

    let (path, root) = car(dir.path(), &[("a", "1"), ("b", "2")]);
    let changed = folder.unpack(&path, &root, None).await.unwrap();
    let paths = |paths: &[&str]| paths.iter().map(|path| (*path).to_owned()).collect();
    let expected = Changes { written: paths(&["b"]), unchanged: 1, removed: paths(&["c"]) };
    assert_eq!(changed, expected);
    assert_eq!((time(&pages.join("a")), time(&pages.join(".nojekyll"))), (old, old));
}

#[tokio::test]
async fn what_is_new_comes_before_what_goes() {
    let dir = tempfile::tempdir().unwrap();
    let pages = dir.path().join("pages");
    let folder = Folder::new(&pages, "nick.eth").unwrap();
    upload(dir.path(), &folder, &[("a/old", "1"), ("b", "1"), ("z", "1")]).await.unwrap();
    let (path, root) = car(dir.path(), &[("a", "2"), ("b/new", "2"), ("c", "2")]);
    let seen = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
    let (log, look) = (seen.clone(), pages.clone());
    let progress = std::sync::Arc::new(move |done: u64, _: u64| {
        log.lock().unwrap().push((done, look.join("z").exists()));
    });
    let changes = folder.unpack(&path, &root, Some(progress)).await.unwrap();
    // Only a/old and b had to go before, for they were in the way.
    assert_eq!(*seen.lock().unwrap(), [(1, true), (2, true), (3, true)]);
    assert_eq!(changes.removed, ["a/old", "b", "z"]);
    assert_eq!(contents(&pages), pairs(&[("a", "2"), ("b/new", "2"), ("c", "2")]));
}
