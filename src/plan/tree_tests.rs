use super::*;
use crate::ens::Name;
use crate::keys::{OwnKeys, SignerKey, Storage};
use crate::plan::Draft;
use crate::publish::{Bundle, KEPT_TREE};
use crate::record::{RecordKey, Value, record_path};
use crate::secret::Secret;
use crate::workspace::{
    ApprovalMode, Config, Expected, RecordedKeys, Records, Removal, SignRequest, Signer, sign,
};

fn name(text: &str) -> Name {
    Name::parse(text).unwrap()
}

/// A workspace whose wallet signs itself; what it published last is kept.
struct Scene {
    folder: tempfile::TempDir,
    config: Config,
    records: Records,
    key: SignerKey,
}

impl Scene {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut config = Config::new(name("nick.eth"), Storage::Domain, Storage::Domain, 1);
        let key = SignerKey::from_scalar(&Secret::new([1; 32])).unwrap();
        let wallet = Some(key.address());
        config.record_keys(&RecordedKeys { wallet, ..RecordedKeys::default() }).unwrap();
        let workspace = Workspace::init(&folder.path().join("w"), &config).unwrap();
        let records = workspace.records(&config).unwrap();
        let mut scene = Self { folder, config, records, key };
        (0..40).for_each(|n| scene.set(&format!("n{n}.nick.eth"), "text/url", &n.to_string()));
        scene.set("nick.eth", "text/avatar", "a");
        scene.write("root/index.html", "<p>");
        scene.sign().await;
        let bundle = Bundle::pack(
            &scene.workspace(),
            &OwnKeys::default(),
            &scene.workspace().temporary_dir().unwrap(),
            &mut |_| (),
        );
        std::fs::copy(bundle.unwrap().car(), scene.path(KEPT_TREE)).unwrap();
        scene
    }

    fn path(&self, path: &str) -> std::path::PathBuf {
        self.folder.path().join("w").join(path)
    }

    fn write(&self, path: &str, text: &str) {
        std::fs::create_dir_all(self.path(path).parent().unwrap()).unwrap();
        std::fs::write(self.path(path), text).unwrap();
    }

    /// As each command opens it.
    fn workspace(&self) -> Workspace {
        let workspace = Workspace::at(&self.folder.path().join("w")).unwrap();
        workspace.indexed(Some(self.folder.path().join("cache")))
    }

    fn set(&mut self, of: &str, key: &str, value: &str) {
        let key = RecordKey::parse(key).unwrap();
        self.records.set(&name(of), &key, Value::parse(&key, value).unwrap()).unwrap();
    }

    fn unset(&mut self, of: &str, key: &str) {
        self.records.unset(&name(of), &RecordKey::parse(key).unwrap()).unwrap();
    }

    async fn sign(&mut self) {
        let (workspace, key) = (self.workspace(), self.key.clone());
        let request = SignRequest {
            removal: Removal::Any,
            ..SignRequest::new(&workspace, &self.records, Signer::Key(&key), ApprovalMode::Owner)
        };
        sign(&request, &mut self.config, &|_, _| ()).await.unwrap();
        workspace.keep_index();
    }

    fn draft(&self, all: bool) -> Draft {
        let owner = self.key.address();
        let (signer, wallet) = (Some(owner), Some(owner));
        let expected = Expected { signer, owner, wallet, mode: ApprovalMode::Owner, flat: false };
        let scratch = [(); 3].map(|()| tempfile::tempfile().unwrap());
        let (workspace, of) = (self.workspace(), (&self.config, &self.records, &expected));
        Draft::of(&workspace, of, scratch, all, &mut |_| ()).unwrap()
    }

    /// What is found by what is known is what is found by packing all: how many blocks are new.
    fn check(&self) -> u64 {
        let (mut known, packed) = (self.draft(false), self.draft(true));
        assert_eq!((packed.base(), packed.sent(true)), (None, packed.sent(false)));
        let roots = [&known, &packed].map(|draft| draft.tree().map(|(root, _)| root));
        assert_eq!(roots[0], roots[1]);
        assert_eq!((known.root(), &known.steps), (packed.root(), &packed.steps));
        assert_eq!(known.sent(false), None, "it is not counted yet");
        assert!(known.measure(&mut |_| ()));
        assert_eq!(known.sent(false), packed.sent(false));
        let steps = |draft: &Draft| draft.steps.clone();
        let steps = steps(&known);
        let of_steps = || steps.iter().map(|step| (&step.name, &step.key));
        assert_eq!(known.rest(of_steps()).unwrap(), packed.rest(of_steps()).unwrap());
        assert_eq!(known.rest([]).unwrap(), packed.rest([]).unwrap());
        assert_eq!(known.beside(&self.records).unwrap(), packed.beside(&self.records).unwrap());
        let new = known.sent(true).unwrap();
        assert!(known.base().is_some() && new.blocks <= packed.sent(true).unwrap().blocks);
        new.blocks
    }
}

#[tokio::test]
async fn what_is_drafted_by_what_is_known_is_what_is_packed() {
    let mut scene = Scene::new().await;
    assert_eq!(scene.check(), 0, "all is published");
    // A file, its three folders, those of the names, and the root.
    scene.set("n7.nick.eth", "text/url", "new");
    assert_eq!(scene.check(), 7);
    scene.sign().await;
    assert_eq!(scene.check(), 7);
    scene.set("a.b.nick.eth", "text/url", "new");
    scene.set("n7.nick.eth", "address/60", "0xd41c057fd1c78805AAC12B0A94a405c0461A6FBb");
    scene.unset("n8.nick.eth", "text/url");
    scene.write("root/a/b", "new");
    scene.write(".well-known/eth/other/text/a", "somebody else's");
    assert!(scene.check() > 12);
    scene.sign().await;
    std::fs::remove_file(scene.path("root/index.html")).unwrap();
    scene.check();
    // Something else stands where a record belongs.
    let at = record_path(&name("n9.nick.eth"), &RecordKey::parse("text/url").unwrap());
    std::fs::remove_file(scene.path(&at)).unwrap();
    scene.write(&at, "no record");
    scene.write(".well-known/eth/nick/n50", "a file where a folder is wanted");
    scene.set("n50.nick.eth", "text/url", "in its place");
    scene.check();
}

#[tokio::test]
async fn without_what_was_published_last_all_is_packed() {
    let scene = Scene::new().await;
    assert!(scene.draft(false).base().is_some());
    let kept = std::fs::read(scene.path(KEPT_TREE)).unwrap();
    // A block that was damaged is found where all is counted.
    let file = std::fs::read(scene.path(".well-known/eth/nick/n7/text/url.json")).unwrap();
    let at = kept.windows(file.len()).position(|window| window == file).unwrap();
    let mut damaged = kept.clone();
    damaged[at] ^= 1;
    std::fs::write(scene.path(KEPT_TREE), damaged).unwrap();
    let mut draft = scene.draft(false);
    assert!(draft.base().is_some() && !draft.measure(&mut |_| ()));
    for bad in [&kept[..100], b"no CAR"] {
        std::fs::write(scene.path(KEPT_TREE), bad).unwrap();
        let draft = scene.draft(false);
        assert!(draft.base().is_none() && draft.sent(false).is_some());
    }
    std::fs::remove_file(scene.path(KEPT_TREE)).unwrap();
    assert!(scene.draft(false).base().is_none());
}

#[test]
fn files_that_stand_in_the_way_of_new_ones_go() {
    let node = |text: &str| node_of(text.as_bytes()).unwrap();
    let files = ["a/b/c", "a/b/d", "a/e", "root/f", "rootless", "z"];
    let files = files.map(|path| (path.to_owned(), node(path)));
    let some = |text: &str| Some(text.as_bytes().to_vec());
    let edits = [("a/b", some("1")), ("a/e/new", some("2")), ("z", None), ("nothing", None)];
    let edits = edits.map(|(path, content)| (path.to_owned(), content));
    let found = with(files.to_vec(), &edits.into()).unwrap();
    let expected = [("a/b", "1"), ("a/e/new", "2"), ("f", "root/f"), ("rootless", "rootless")];
    let expected = expected.map(|(path, text)| (path.to_owned(), node(text)));
    assert_eq!(found, expected);
    assert!(folders("a/b/c").eq(["a", "a/b"]));
}
