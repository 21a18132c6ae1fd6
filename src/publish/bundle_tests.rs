use std::sync::Mutex;

use async_trait::async_trait;
use url::Url;

use super::*;
use crate::ens::Name;
use crate::index::{parse_index, write_index};
use crate::ipfs::upload::{Upload, UploadError};
use crate::ipfs::{MemoryBlocks, check_complete, pack_well_known};
use crate::keys::Storage;
use crate::net::Progress;
use crate::publish::targets::{Sent, send};
use crate::workspace::Config;

struct Scene {
    folder: tempfile::TempDir,
}

impl Scene {
    /// A workspace with a thousand files.
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let name = Name::parse("nick.eth").unwrap();
        let config = Config::new(name, Storage::Domain, Storage::Domain, 1);
        Workspace::init(&folder.path().join("w"), &config).unwrap();
        let scene = Self { folder };
        (0..1000).for_each(|n| scene.write(&format!("n{n}"), &format!("{n}: {}", "x".repeat(500))));
        scene
    }

    fn write(&self, name: &str, text: &str) {
        let dir = self.folder.path().join("w/.well-known/eth").join(name);
        std::fs::create_dir_all(&dir).unwrap();
        std::fs::write(dir.join("a"), text).unwrap();
    }

    /// As each command opens it.
    fn workspace(&self) -> Workspace {
        let workspace = Workspace::at(&self.folder.path().join("w")).unwrap();
        workspace.indexed(Some(self.folder.path().join("cache")))
    }

    fn pack(&self) -> Bundle {
        let workspace = self.workspace();
        let folder = workspace.temporary_dir().unwrap();
        let bundle = Bundle::pack(&workspace, &OwnKeys::default(), &folder, &mut |_| ()).unwrap();
        workspace.keep_index();
        assert_eq!(*bundle.root(), self.root());
        bundle
    }

    /// The root by packing all.
    fn root(&self) -> Cid {
        let (dir, mut blocks) = (self.folder.path().join("w"), MemoryBlocks::new());
        pack_well_known(&dir, &mut blocks, &mut |_| ()).unwrap().root
    }

    fn keep(&self, bundle: &Bundle) {
        keep(&self.workspace(), bundle.car(), bundle.root(), bundle.part().is_some());
        // What is kept is always whole.
        let kept = CarBlocks::open(&self.folder.path().join("w").join(KEPT_TREE)).unwrap();
        assert_eq!(kept.roots(), [*bundle.root()]);
        check_complete(&kept, bundle.root()).unwrap();
    }

    fn index(&self) -> PathBuf {
        let mut files = std::fs::read_dir(self.folder.path().join("cache/index")).unwrap();
        files.next().unwrap().unwrap().path()
    }
}

fn size(bundle: &Bundle) -> u64 {
    std::fs::metadata(bundle.car()).unwrap().len()
}

#[test]
fn what_is_new_is_packed_and_added_to_what_was_kept() {
    let scene = Scene::new();
    let whole = scene.pack();
    assert!(whole.part().is_none() && size(&whole) > 500_000);
    scene.keep(&whole);
    let mut base = *whole.root();
    for number in 0..5 {
        scene.write("n7", &format!("new {number}"));
        scene.write(&format!("another{number}"), "x");
        let bundle = scene.pack();
        assert_eq!(*bundle.part().unwrap().base, base);
        // Of a folder of a thousand the block is large.
        assert!(size(&bundle) < 100_000, "{}", size(&bundle));
        scene.keep(&bundle);
        base = *bundle.root();
    }
    // Beside `.well-known` too, and folders without files.
    let beside = scene.folder.path().join("w/root/a");
    std::fs::create_dir_all(beside.join("empty")).unwrap();
    std::fs::write(beside.join("b"), "beside").unwrap();
    let bundle = scene.pack();
    assert!(bundle.part().is_some());
    scene.keep(&bundle);
    // Nothing changed: nothing is in it.
    let same = scene.pack();
    assert!(same.part().is_some() && size(&same) < 100);
    // What was kept is damaged, or gone: all is packed.
    let kept = scene.folder.path().join("w").join(KEPT_TREE);
    std::fs::write(&kept, "x").unwrap();
    assert!(scene.pack().part().is_none());
    std::fs::remove_file(&kept).unwrap();
    assert!(scene.pack().part().is_none());
    // A link that a stranger put there is neither read nor written.
    let other = scene.folder.path().join("other");
    std::fs::copy(same.car(), &other).unwrap();
    std::os::unix::fs::symlink(&other, &kept).unwrap();
    assert!(scene.pack().part().is_none());
    let before = std::fs::read(&other).unwrap();
    keep(&scene.workspace(), same.car(), same.root(), true);
    assert_eq!(std::fs::read(&other).unwrap(), before);
}

#[test]
fn a_lie_in_the_index_gives_no_other_root() {
    let scene = Scene::new();
    scene.keep(&scene.pack());
    scene.write("n7", "new");
    std::thread::sleep(std::time::Duration::from_millis(20));
    drop(scene.pack());
    let workspace = scene.workspace().dir().canonicalize().unwrap();
    let whole = std::fs::read(scene.index()).unwrap();
    let node = |digest| crate::ipfs::Node::of_digest([digest; 32], true, 3);
    // The file's CID alone; and folders as if they were packed with it.
    for with_folders in [false, true] {
        let mut tree = parse_index(&whole, &workspace).unwrap();
        let mut files = tree.files(".well-known");
        let at = files.iter_mut().find(|at| at.path.ends_with("eth/n7/a")).unwrap();
        assert!(at.file.node.is_some());
        // With all that is said of the file, or it would be read again.
        at.file.node = Some(node(9));
        let own = OwnKeys::default().fingerprint();
        at.file.say().keyless = Some(crate::workspace::keyless(&node(9), &own));
        if with_folders {
            tree.forget_folders();
        }
        std::fs::write(scene.index(), write_index(&tree, &workspace)).unwrap();
        let bundle = scene.pack();
        assert!(bundle.part().is_none(), "all is packed");
        let files = std::fs::read_dir(scene.folder.path().join("cache/index")).unwrap();
        assert_eq!(files.count(), 0, "the index is removed");
        let again = scene.pack();
        assert!(again.part().is_some(), "and made anew");
    }
}

/// A service that says what it is told to.
struct Service {
    url: Url,
    takes_parts: bool,
    has: Vec<Cid>,
    /// Whether it has all with what is new.
    takes: bool,
    got: Mutex<Vec<u64>>,
}

#[async_trait]
impl Upload for Service {
    fn describe(&self) -> String {
        "a service".to_owned()
    }

    fn url(&self) -> &Url {
        &self.url
    }

    async fn probe(&self) -> Result<String, UploadError> {
        Ok(String::new())
    }

    async fn has(&self, root: &Cid) -> bool {
        self.has.contains(root)
    }

    fn takes_parts(&self) -> bool {
        self.takes_parts
    }

    async fn upload(&self, car: &Path, root: &Cid, _: Option<Progress>) -> Result<(), UploadError> {
        let blocks = CarBlocks::open(car).unwrap();
        assert_eq!(blocks.roots(), [*root]);
        self.got.lock().unwrap().push(std::fs::metadata(car).unwrap().len());
        if self.takes || check_complete(&blocks, root).is_ok() {
            return Ok(());
        }
        let (to, root, message) = (self.describe(), Box::new(*root), "a block is lost".to_owned());
        Err(UploadError::NotPinned { to, root, message })
    }
}

#[tokio::test]
async fn a_service_gets_what_is_new_only_where_it_has_the_rest() {
    let scene = Scene::new();
    let whole = scene.pack();
    scene.keep(&whole);
    let base = *whole.root();
    scene.write("n7", "new");
    let bundle = scene.pack();
    let part = bundle.part();
    for (takes_parts, has, takes, uploads) in [
        (true, vec![base], true, "new"),
        (true, vec![base], false, "new all"),
        (true, vec![], true, "all"),
        (false, vec![base], true, "all"),
        (true, vec![base, *bundle.root()], true, ""),
    ] {
        let (url, got) = ("http://x.example/".parse().unwrap(), Mutex::default());
        let service = Service { url, takes_parts, has, takes, got };
        let tree =
            Sent { car: bundle.car(), root: bundle.root(), part: part.as_ref(), progress: &None };
        let outcome = send(&service, &tree).await;
        assert!(outcome.ok, "{outcome:?}");
        let got = service.got.into_inner().unwrap();
        let words: Vec<&str> =
            got.iter().map(|b| if *b < 100_000 { "new" } else { "all" }).collect();
        assert_eq!(words.join(" "), uploads);
    }
    // What is signed changed since: nothing else is sent in its place.
    let another = scene.pack();
    scene.write("n8", "later");
    let (url, got) = ("http://x.example/".parse().unwrap(), Mutex::default());
    let service = Service { url, takes_parts: false, has: Vec::new(), takes: true, got };
    let part = another.part();
    let tree =
        Sent { car: another.car(), root: another.root(), part: part.as_ref(), progress: &None };
    let outcome = send(&service, &tree).await;
    assert!(outcome.error.unwrap().contains("changed meanwhile"));
    assert!(service.got.into_inner().unwrap().is_empty());
}
