use std::os::unix::fs::MetadataExt;
use std::sync::Mutex;

use async_trait::async_trait;
use url::Url;

use super::*;
use crate::ens::Name;
use crate::index::{parse_index, write_index};
use crate::ipfs::upload::{Upload, UploadError};
use crate::ipfs::{MemoryBlocks, check_complete, pack_well_known};
use crate::keys::{SignerKey, Storage};
use crate::net::Progress;
use crate::publish::targets::{Sent, send};
use crate::record::{RecordKey, Value};
use crate::secret::Secret;
use crate::workspace::{
    ApprovalMode, Config, Facts, Phase, Phases, RecordedKeys, Removal, SignRequest, Signer,
    check_workspace, sign,
};

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

/// What is signed for later lies beside the tree, and is nothing of the index.
#[tokio::test]
async fn an_indexed_workspace_signs_a_coming_phase_and_keeps_its_index() {
    let scene = Scene::new();
    let key = SignerKey::from_scalar(&Secret::new([1; 32])).unwrap();
    let mut config = scene.workspace().config().unwrap();
    let wallet = Some(key.address());
    config.record_keys(&RecordedKeys { wallet, ..RecordedKeys::default() }).unwrap();
    let mut records = scene.workspace().records(&config).unwrap();
    let (nick, avatar) = (Name::parse("nick.eth").unwrap(), RecordKey::parse("text/avatar"));
    let (avatar, hour) = (avatar.unwrap(), jiff::SignedDuration::from_hours(1));
    let now = jiff::Timestamp::from_second(scene.workspace().now().as_second()).unwrap();
    let phase = |text: &str, starts, ends| {
        let value = Value::parse(&avatar, text).unwrap();
        Phase { value, starts, ends }
    };
    let phases = vec![phase("a", None, Some(now + hour)), phase("b", Some(now + hour), None)];
    records.set_phases(&nick, &avatar, Phases::new(phases).unwrap()).unwrap();
    scene.workspace().save_records(&records).unwrap();
    // The phases, and as many files as make it worth keeping what is known of them.
    for (time, count) in [(now, 42), (now + hour, 1)] {
        let workspace = scene.workspace().at_time(time);
        let mut records = workspace.records(&config).unwrap();
        for n in 0..40 {
            let key = RecordKey::parse(&format!("text/n{n}")).unwrap();
            records.set(&nick, &key, Value::parse(&key, "x").unwrap()).unwrap();
        }
        let request = SignRequest {
            removal: Removal::Any,
            ..SignRequest::new(&workspace, &records, Signer::Key(&key), ApprovalMode::Owner)
        };
        let signed = sign(&request, &mut config, &|_, _| ()).await.unwrap().signed;
        assert_eq!(signed.len(), count);
        workspace.keep_index();
        assert_eq!(scene.workspace().known_root(), Some(scene.root()));
        let tree = parse_index(
            &std::fs::read(scene.index()).unwrap(),
            &scene.workspace().dir().canonicalize().unwrap(),
        );
        let bundle = scene.pack();
        assert_eq!(bundle.part().is_some(), time > now, "of what was kept, what is new");
        assert!(scene.index().is_file(), "the index is kept");
        let top: Vec<_> = tree.unwrap().top.entries.into_iter().map(|entry| entry.name).collect();
        assert_eq!(top, [".well-known".into()]);
        scene.keep(&bundle);
        assert!(scene.pack().part().is_some());
        assert!(scene.index().is_file());
    }
}

/// It is walked once: what changes after that stays as it was published, unless it is to be sent.
#[test]
fn what_is_published_is_what_was_checked() {
    let scene = Scene::new();
    scene.keep(&scene.pack());
    let facts = Facts::default();
    let checked = || {
        let workspace = scene.workspace();
        check_workspace(&workspace, &facts, &|| ()).unwrap();
        workspace
    };
    let pack = |workspace: &Workspace| {
        let folder = workspace.temporary_dir().unwrap();
        Bundle::pack_checked(workspace, &OwnKeys::default(), &folder, &mut |_| ()).unwrap()
    };
    scene.write("n7", "changed and checked");
    let (workspace, root) = (checked(), scene.root());
    scene.write("n8", "changed since");
    scene.write("new", "too");
    let bundle = pack(&workspace);
    assert_eq!((*bundle.root(), bundle.part().is_some()), (root, true));
    scene.keep(&bundle);
    // The next command sees it.
    workspace.keep_index();
    assert_ne!(*scene.pack().root(), root);
    // What has to be sent is read, and goes as it is then.
    scene.write("n9", "changed and checked");
    let workspace = checked();
    scene.write("n9", "changed since");
    let bundle = pack(&workspace);
    assert_eq!(*bundle.root(), scene.root());
    // Without a check before it, and after another look, it is walked.
    for look in [false, true] {
        let workspace = if look { checked() } else { scene.workspace() };
        scene.write("n10", if look { "1" } else { "2" });
        assert!(!look || workspace.look().is_some());
        assert_eq!(*pack(&workspace).root(), scene.root());
    }
}

#[test]
fn where_the_blocks_of_the_kept_tree_are_the_next_command_knows() {
    let scene = Scene::new();
    let bundle = scene.pack();
    let first = scene.workspace();
    keep(&first, bundle.car(), bundle.root(), false);
    assert!(first.kept_tree().unwrap().has(bundle.root()));
    first.keep_index();
    let tables = scene.folder.path().join("cache/blocks");
    let table = || {
        let mut files = std::fs::read_dir(&tables).unwrap();
        files.next().unwrap().unwrap().metadata().unwrap().ino()
    };
    let (before, second) = (table(), scene.workspace());
    let kept = second.kept_tree().unwrap();
    check_complete(&*kept, bundle.root()).unwrap();
    second.keep_index();
    assert_eq!(table(), before, "it is what the file says, which is not written again");
    // Of another file it says nothing.
    let path = scene.folder.path().join("w").join(KEPT_TREE);
    std::fs::write(&path, std::fs::read(&path).unwrap()).unwrap();
    let third = scene.workspace();
    assert!(third.kept_tree().is_some());
    third.keep_index();
    assert_ne!(table(), before);
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
