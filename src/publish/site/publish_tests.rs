use super::*;
use crate::ens::Name;
use crate::keys::Storage;
use crate::workspace::Config;

const ROOT: &str = "bafybeibj6lixxzqtsb45ysdjnupvqkufgdvzqbnvmhw2kf7cfkesy7r7d4";

struct Scene {
    workspace: Workspace,
    _dir: tempfile::TempDir,
}

impl Scene {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let name = Name::parse("nick.eth").unwrap();
        let config = Config::new(name, Storage::Domain, Storage::Domain, 1);
        Self { workspace: Workspace::init(dir.path(), &config).unwrap(), _dir: dir }
    }

    fn state(&self, url: &str) -> SiteState {
        SiteState::load(&self.workspace, "folder www", &url.parse().unwrap()).unwrap()
    }

    /// What is asked for, for these files and what was changed and removed; then `missed` of it
    /// are not as they should be. Paths, those that should be gone with a minus.
    fn round(
        &self,
        files: &[(&str, &str)],
        (written, removed): (&[&str], &[&str]),
        missed: &[&str],
    ) -> (Vec<String>, bool) {
        let texts =
            |paths: &[&str]| paths.iter().map(|path| (*path).to_owned()).collect::<Vec<_>>();
        let files: BTreeMap<String, String> =
            files.iter().map(|(path, hash)| ((*path).to_owned(), (*hash).to_owned())).collect();
        let mut state = self.state("https://a.example");
        state.forget(&texts(written), &texts(removed));
        let (wanted, fresh) = unseen(&files, &state);
        let misses: Vec<Miss> =
            missed.iter().map(|path| Miss::of((*path).to_owned(), "no".to_owned())).collect();
        state.update(&wanted, &unsure(&wanted, &misses), &files, ROOT.parse().unwrap());
        state.save(&self.workspace).unwrap();
        let shown = |expected: Expected| match expected.sha256 {
            Some(_) => expected.path,
            None => format!("-{}", expected.path),
        };
        (wanted.into_iter().map(shown).collect(), fresh)
    }
}

#[test]
fn everything_is_asked_for_until_it_was_seen() {
    let scene = Scene::new();
    let asked = |files: &[(&str, &str)], changes: (&[&str], &[&str]), missed: &[&str]| {
        scene.round(files, changes, missed)
    };
    let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
    let all = [("a", "1"), ("b", "1"), ("c", "1")];
    // Nothing is known, also when nothing had to be written: everything.
    assert_eq!(asked(&all, (&[], &[]), &["b"]), (names(&["a", "b", "c"]), true));
    assert_eq!(asked(&all, (&[], &[]), &["b"]), (names(&["b"]), true));
    assert_eq!(asked(&all, (&[], &[]), &[]), (names(&["b"]), true));
    // All was seen: some, to notice when the host is gone.
    assert_eq!(asked(&all, (&[], &[]), &[]), (names(&["a", "b", "c"]), false));
    // Another version of b; c goes, and is asked for until it is gone.
    let fewer = [("a", "1"), ("b", "2")];
    assert_eq!(asked(&fewer, (&["b"], &["c"]), &["c"]), (names(&["b", "-c"]), true));
    // With it some that are there: who refuses everything has not removed it.
    assert_eq!(asked(&fewer, (&[], &[]), &["a", "b"]), (names(&["-c", "a", "b"]), true));
    assert_eq!(asked(&fewer, (&[], &[]), &[]), (names(&["a", "b", "-c"]), true));
    assert_eq!(asked(&fewer, (&[], &[]), &[]), (names(&["a", "b"]), false));
    // The same bytes as before, put back in place of what somebody made of it.
    assert_eq!(asked(&fewer, (&["a"], &[]), &[]), (names(&["a"]), true));
    // What was removed before anybody had seen it.
    assert_eq!(asked(&fewer, (&[], &["x"]), &[]), (names(&["-x", "a", "b"]), true));
}

#[test]
fn another_address_has_seen_nothing() {
    let scene = Scene::new();
    scene.round(&[("a", "1")], (&[], &[]), &[]);
    assert_eq!(scene.state("https://a.example").seen("a").map(String::as_str), Some("1"));
    assert_eq!(scene.state("https://b.example").seen("a"), None);
}

#[test]
fn a_sample_is_from_all_over_the_tree() {
    for (count, expected) in [(0, 0), (1, 1), (16, 16), (17, 9), (1000, 16)] {
        let files: BTreeMap<String, String> =
            (0..count).map(|n| (format!("{n:04}"), String::new())).collect();
        let sample: Vec<_> = sample(&files).map(|(path, _)| path.clone()).collect();
        assert_eq!(sample.len(), expected, "{count}");
        assert!(count < 1000 || sample.last().unwrap().as_str() > "0900", "{sample:?}");
    }
}

#[test]
fn the_history_is_kept_and_bounded() {
    let scene = Scene::new();
    assert!(History::of(&scene.workspace).sites().unwrap().is_empty());
    let entry = |written| SiteEntry {
        to: "folder www".to_owned(),
        url: None,
        root: ROOT.to_owned(),
        written,
        removed: 0,
        made: "2026-01-01T00:00:00Z".to_owned(),
    };
    History::of(&scene.workspace).keep_site(&entry(1)).unwrap();
    let path = scene.workspace.state_dir().join("sites.jsonl");
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, format!("half a li\n{}", text.repeat(1200))).unwrap();
    History::of(&scene.workspace).keep_site(&entry(2)).unwrap();
    let history = History::of(&scene.workspace).sites().unwrap();
    assert_eq!((history.len(), history.last()), (1000, Some(&entry(2))));
}
