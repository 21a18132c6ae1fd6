use std::collections::HashSet;

use super::*;
use crate::ipfs::{MemoryBlocks, pack_well_known};
use crate::keys::{SignerKey, Storage};
use crate::request::{Request, VerifyContext};
use crate::secret::Secret;
use crate::wallet::LocalWallet;
use crate::workspace::compare::is_current;
use crate::workspace::{
    Approval, RecordedKeys, Removal, SignRequest, Signer, approval_stands, plan, settled_root, sign,
};

fn key(byte: u8) -> SignerKey {
    SignerKey::from_scalar(&Secret::new([byte; 32])).unwrap()
}

fn name(text: &str) -> Name {
    Name::parse(text).unwrap()
}

struct Scene {
    folder: tempfile::TempDir,
    config: Config,
    records: Records,
}

impl Scene {
    /// Of nick.eth with some texts, signed by the key 2 which the wallet, key 1, approved.
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut config = Config::new(name("nick.eth"), Storage::Domain, Storage::Domain, 1);
        let (wallet, signer) = (Some(key(1).address()), Some(key(2).address()));
        config.record_keys(&RecordedKeys { wallet, signer, ..RecordedKeys::default() }).unwrap();
        let workspace = Workspace::init(&folder.path().join("w"), &config).unwrap();
        let mut records = workspace.records(&config).unwrap();
        for (of, text) in [("nick.eth", "text/a"), ("a.nick.eth", "text/b"), ("nick.eth", "text/c")]
        {
            let key = RecordKey::parse(text).unwrap();
            let value = Value::parse(&key, of).unwrap();
            records.set(&name(of), &key, value).unwrap();
        }
        let mut scene = Self { folder, config, records };
        scene.sign().await;
        scene
    }

    /// As each command opens it.
    fn workspace(&self) -> Workspace {
        let workspace = Workspace::at(&self.folder.path().join("w")).unwrap();
        workspace.indexed(Some(self.folder.path().join("cache")))
    }

    async fn sign(&mut self) {
        let (workspace, signer) = (self.workspace(), key(2));
        let wallet = LocalWallet::new(key(1), "key");
        let request = SignRequest {
            wallet: Some(&wallet),
            removal: Removal::Any,
            ..SignRequest::new(
                &workspace,
                &self.records,
                Signer::Key(&signer),
                ApprovalMode::Wallet,
            )
        };
        sign(&request, &mut self.config, &|_, _| ()).await.unwrap();
        workspace.keep_index();
    }

    fn expected(&self) -> Expected {
        let keys = self.config.keys();
        let owner = self.config.owner().unwrap();
        let (signer, wallet) = (keys.signer, keys.wallet);
        Expected { signer, owner, wallet, mode: ApprovalMode::Wallet, flat: false }
    }

    /// How many records are not signed as they are wanted, found with the index and without.
    fn open(&self, expected: &Expected) -> usize {
        let count = |workspace: Workspace| {
            let changes = plan(&workspace, &self.config, &self.records, expected).unwrap();
            workspace.keep_index();
            changes.iter().filter(|change| change.state != RecordState::Signed).count()
        };
        let with = count(self.workspace());
        assert_eq!(with, count(self.workspace().indexed(None)));
        with
    }

    /// How many files verify, and of how many that was known.
    fn valid(&self, facts: &Facts) -> (usize, usize) {
        let workspace = self.workspace();
        let checked = check_workspace(&workspace, facts, &|| ()).unwrap();
        workspace.keep_index();
        let plain = check_workspace(&workspace.indexed(None), facts, &|| ()).unwrap();
        let shown = |file: &CheckedFile| {
            (
                file.path.clone(),
                file.name.clone(),
                file.key.clone(),
                format!("{:?}", file.verdict.record()),
            )
        };
        assert!(checked.iter().map(shown).eq(plain.iter().map(shown)), "with and without an index");
        let known = |file: &&CheckedFile| matches!(file.verdict, Verdict::Known(_));
        let valid = checked.iter().filter(|file| file.verdict.record().is_some()).count();
        (valid, checked.iter().filter(known).count())
    }

    fn file(&self, path: &str) -> std::path::PathBuf {
        self.folder.path().join("w/.well-known/eth/nick").join(path)
    }
}

#[tokio::test]
async fn what_verified_is_not_verified_again_unless_a_fact_is_another() {
    let scene = Scene::new().await;
    let facts = Facts::of(&scene.config);
    assert_eq!(scene.valid(&facts), (3, 3), "what was signed here is known");
    std::fs::remove_dir_all(scene.folder.path().join("cache")).unwrap();
    assert_eq!(scene.valid(&facts), (3, 0));
    assert_eq!(scene.valid(&facts), (3, 3), "each is known");
    let mut other = facts.clone();
    other.set_owner(key(3).address());
    assert_eq!(scene.valid(&other), (0, 0), "another owner");
    assert_eq!(scene.valid(&facts), (3, 3));
    let mut chain = facts.clone();
    chain.chain_id = 5;
    assert_eq!(scene.valid(&chain), (0, 0), "another chain");
    let mut approved = facts.clone();
    approved.approved = vec![key(4).address()];
    assert_eq!(scene.valid(&approved), (3, 0), "another is approved: it is looked at again");
}

#[tokio::test]
async fn a_checkout_costs_reading_and_not_verifying() {
    let scene = Scene::new().await;
    let facts = Facts::of(&scene.config);
    scene.valid(&facts);
    // Every file another one, with the same bytes.
    for path in ["text/a.json", "text/c.json", "a/text/b.json"] {
        let bytes = std::fs::read(scene.file(path)).unwrap();
        std::fs::remove_file(scene.file(path)).unwrap();
        std::fs::write(scene.file(path), bytes).unwrap();
    }
    assert_eq!(scene.valid(&facts), (3, 3));
    // What is said of content is not said of the path: here is another record's.
    std::fs::copy(scene.file("text/a.json"), scene.file("text/c.json")).unwrap();
    assert_eq!(scene.valid(&facts), (2, 2));
}

#[tokio::test]
async fn an_approval_that_is_no_longer_kept_counts_no_more() {
    let mut scene = Scene::new().await;
    let expected = scene.expected();
    assert_eq!(scene.open(&expected), 0);
    assert_eq!(scene.open(&expected), 0, "known");
    let with = scene.config.clone();
    // Removed from namesys.toml.
    let text = with.to_string();
    let kept: Vec<&str> = text.lines().filter(|line| !line.starts_with("\"a.nick.eth\"")).collect();
    scene.config = Config::parse(&kept.join("\n")).unwrap();
    assert_eq!(scene.open(&expected), 1);
    // Another approval of the same signer, by the same wallet.
    scene.config = with.clone();
    let (nick, signer, owner) = (name("nick.eth"), key(2).address(), key(5).address());
    let request = Request::ApproveSigner { name: &nick, chain_id: 1, signer, owner };
    let signature = key(1).sign(&request);
    scene.config.keep_approvals(signer, [(&nick, Approval { owner, signature })]);
    assert_eq!(scene.open(&expected), 2);
    scene.config = with;
    assert_eq!(scene.open(&expected), 0);
    let others = [
        // Whoever signed it, it verifies.
        (Expected { signer: Some(key(3).address()), ..expected }, 0),
        (Expected { signer: Some(key(3).address()), owner: key(4).address(), ..expected }, 0),
        (Expected { signer: None, ..expected }, 3),
        (Expected { mode: ApprovalMode::Owner, ..expected }, 3),
        (Expected { mode: ApprovalMode::OnChain, ..expected }, 3),
    ];
    for (other, open) in others {
        assert_eq!(scene.open(&other), open, "{other:?}");
        assert_eq!(scene.open(&other), open, "known, {other:?}");
    }
    scene.config = Config::parse(&kept.join("\n")).unwrap();
    let of_another =
        Expected { signer: Some(key(3).address()), owner: key(4).address(), ..expected };
    assert_eq!(scene.open(&of_another), 1, "the approval told who the owner is");
    scene.config = Config::parse(&text).unwrap();
    let record = RecordKey::parse("text/a").unwrap();
    let value = Value::parse(&record, "other").unwrap();
    scene.records.set(&name("nick.eth"), &record, value).unwrap();
    assert_eq!(scene.open(&expected), 1, "another value is wanted");
    scene.sign().await;
    assert_eq!(scene.open(&expected), 0);
    // A copy in the flat layout is looked for and compared, whatever is known.
    std::fs::copy(scene.file("text/c.json"), scene.file("a.json")).unwrap();
    assert_eq!(scene.open(&expected), 1);
    scene.records.unset(&name("nick.eth"), &RecordKey::parse("text/c").unwrap());
    assert_eq!(scene.open(&expected), 2, "one is no longer wanted");
}

#[test]
fn every_fact_is_in_what_a_finding_stands_under() {
    let config = Config::new(name("nick.eth"), Storage::Domain, Storage::Domain, 1);
    let [nick, other] = ["nick.eth", "a.nick.eth"].map(name);
    let record = RecordKey::parse("text/a").unwrap();
    let [one, two] = ["1", "2"].map(|text| Value::parse(&record, text).unwrap());
    let [a, b] = [[1; 32], [2; 32]].map(|digest| Node::of_digest(digest, true, 1));
    let address = |byte| Some(key(byte).address());
    let (signer, owner, wallet) = (address(1), key(2).address(), address(3));
    let expected = Expected { signer, owner, wallet, mode: ApprovalMode::Owner, flat: false };
    let of = |node: &Node, wanted, chain_id, expected: &Expected| {
        let mut config = config.clone();
        config.chain_id = chain_id;
        current(node, wanted, &config, expected)
    };
    let with_approval = |signer, owner| {
        let mut config = config.clone();
        let signature = key(1).sign_text("an approval");
        config.keep_approvals(signer, [(&nick, Approval { owner, signature })]);
        current(&a, (&nick, "p", &one), &config, &expected)
    };
    let all = [
        of(&a, (&nick, "p", &one), 1, &expected),
        of(&b, (&nick, "p", &one), 1, &expected),
        of(&Node::of_digest([1; 32], false, 1), (&nick, "p", &one), 1, &expected),
        of(&a, (&other, "p", &one), 1, &expected),
        of(&a, (&nick, "q", &one), 1, &expected),
        of(&a, (&nick, "p", &two), 1, &expected),
        of(&a, (&nick, "p", &one), 5, &expected),
        of(&a, (&nick, "p", &one), 1, &Expected { signer: address(4), ..expected }),
        of(&a, (&nick, "p", &one), 1, &Expected { owner: key(4).address(), ..expected }),
        of(&a, (&nick, "p", &one), 1, &Expected { wallet: None, ..expected }),
        of(&a, (&nick, "p", &one), 1, &Expected { mode: ApprovalMode::OnChain, ..expected }),
        of(&a, (&nick, "p", &one), 1, &Expected { mode: ApprovalMode::Wallet, ..expected }),
        with_approval(key(2).address(), key(1).address()),
        with_approval(key(3).address(), key(1).address()),
        with_approval(key(2).address(), key(3).address()),
        Some(keyless(&a, &[0; 32])),
        Some(keyless(&b, &[0; 32])),
        Some(keyless(&a, &[1; 32])),
    ];
    let distinct: HashSet<Digest> = all.iter().flatten().copied().collect();
    assert_eq!(distinct.len(), all.len());
    assert_eq!(of(&a, (&nick, "p", &one), 1, &Expected { signer: None, ..expected }), None);
}

/// Whoever asks for it: of what was signed just now nothing is said that a comparison and a
/// verification do not find.
#[test]
fn what_is_said_of_a_file_that_was_just_signed_is_found_of_it() {
    let (nick, record) = (name("nick.eth"), RecordKey::parse("text/a").unwrap());
    let (value, path) = (Value::parse(&record, "1").unwrap(), record_path(&nick, &record));
    let address = |byte| key(byte).address();
    let approval = |by: u8, signer, owner| {
        let request = Request::ApproveSigner { name: &nick, chain_id: 1, signer, owner };
        Approval { owner, signature: key(by).sign(&request) }
    };
    // By the wallet for itself, by the wallet for another owner, by that one.
    let kept = |signer| [(1, 1), (1, 5), (5, 5)].map(|(by, of)| approval(by, signer, address(of)));
    let mut said = [0; 2];
    let wallets = [None, Some(address(1))];
    let owners = [None, Some(address(5)), Some(address(2))];
    let modes = [ApprovalMode::Wallet, ApprovalMode::OnChain, ApprovalMode::Owner];
    for case in 0..2 * 3 * 2 * 2 * 4 * 4 * 3 {
        let mut rest = case;
        let mut of = |count: usize| {
            let one = rest % count;
            rest /= count;
            one
        };
        let (wallet, owner, is_on_chain) = (wallets[of(2)], owners[of(3)], of(2) == 1);
        let by = key([1, 2][of(2)]);
        let (is_kept, in_file, mode) = (of(4), of(4), modes[of(3)]);
        let mut config = Config::new(nick.clone(), Storage::Domain, Storage::Domain, 1);
        let signer = Some(address(2));
        config.record_keys(&RecordedKeys { wallet, signer, ..RecordedKeys::default() }).unwrap();
        owner.into_iter().for_each(|owner| config.record_owner(owner));
        if is_on_chain {
            config.record_approval_mode(ApprovalMode::OnChain);
        }
        let approvals = kept(by.address());
        if let Some(kept) = approvals.get(is_kept) {
            config.keep_approvals(by.address(), [(&nick, kept.clone())]);
        }
        // Another is made anew before anything is signed.
        if is_kept < 3 && !approval_stands(&config, &nick, by.address()) {
            continue;
        }
        let owner = config.owner().unwrap_or_default();
        let expected = Expected { signer: Some(by.address()), owner, wallet, mode, flat: false };
        let approval = approvals.get(in_file).map(|approval| &approval.signature);
        let signed = by.sign_record(&nick, &record, &value, 1, approval);
        let bytes = RecordFile::new(&signed.encode()).to_json();
        let facts = Facts::of(&config);
        let all = (&config, &expected, &facts);
        let claims = signed_now((&nick, &record, &value), &path, (&bytes, &signed), all).unwrap();
        let cache = ApprovalCache::new();
        if claims.current.is_some() {
            said[0] += 1;
            let is = is_current(&bytes, &nick, &record, &value, &config, &expected, &cache);
            assert!(is, "{expected:?}\n{config}\n{in_file}");
        }
        if let Some((_, remembered)) = claims.valid {
            said[1] += 1;
            let (owner, approved_signers) = (facts.owner_of(&nick), &facts.approved[..]);
            let context = VerifyContext { name: &nick, owner, chain_id: 1, approved_signers };
            let found = signed.verify_with(&record, &context, &cache);
            let basis = found.map(|found| basis_number(found.basis())).ok();
            assert_eq!(basis, Some(remembered.basis), "{expected:?}\n{config}\n{in_file}");
        }
    }
    assert!(said.iter().all(|count| *count > 20), "{said:?}");
}

/// That all is signed as it is wanted is believed of these files under these texts, and of no others.
#[tokio::test]
async fn that_all_is_signed_is_known_until_anything_is_another() {
    let mut scene = Scene::new().await;
    scene.workspace().save_records(&scene.records).unwrap();
    let expected = scene.expected();
    let known = |scene: &Scene, expected: &Expected| {
        let found = settled_root(&scene.workspace(), &scene.config, expected).unwrap();
        let workspace = scene.workspace().indexed(None);
        let changes = plan(&workspace, &scene.config, &scene.records, expected).unwrap();
        let is_signed = changes.iter().all(|change| change.state == RecordState::Signed);
        assert!(found.is_none() || is_signed, "it is believed, and is not so");
        let dir = scene.folder.path().join("w");
        let packed = pack_well_known(&dir, &mut MemoryBlocks::new(), &mut |_| ()).unwrap();
        assert!(found.is_none_or(|root| root == packed.root));
        found.is_some()
    };
    // Found once, it is known to the next command, and found again after each change.
    let settle = |scene: &Scene| {
        assert!(!known(scene, &expected));
        std::thread::sleep(std::time::Duration::from_millis(20));
        assert_eq!(scene.open(&expected), 0);
        assert!(known(scene, &expected));
    };
    settle(&scene);
    let other = Expected { mode: ApprovalMode::Owner, ..expected };
    assert!(!known(&scene, &other) && !known(&scene, &Expected { flat: true, ..expected }));
    let path = scene.file("text/a.json");
    let (right, wrong) = (std::fs::read(&path).unwrap(), scene.file("text/c.json"));
    let mut same_length = right.clone();
    *same_length.last_mut().unwrap() ^= 1;
    // At once, in the same tick of the clock: git's racy rule.
    std::fs::write(&path, &same_length).unwrap();
    assert!(!known(&scene, &expected), "in place, of the same length");
    std::fs::write(&path, &right).unwrap();
    settle(&scene);
    std::fs::rename(&wrong, scene.file("text/d.json")).unwrap();
    assert!(!known(&scene, &expected), "another name");
    std::fs::rename(scene.file("text/d.json"), &wrong).unwrap();
    settle(&scene);
    std::fs::copy(&path, scene.file("text/e.json")).unwrap();
    assert!(!known(&scene, &expected), "one more");
    std::fs::remove_file(scene.file("text/e.json")).unwrap();
    settle(&scene);
    // Other texts, in which the same may be wanted.
    let (config, records) = (scene.config.clone(), scene.records.clone());
    let text = config.to_string();
    let fewer: Vec<&str> =
        text.lines().filter(|line| !line.starts_with("\"a.nick.eth\"")).collect();
    scene.config = Config::parse(&fewer.join("\n")).unwrap();
    assert!(!known(&scene, &expected), "an approval less");
    scene.config = config;
    let key = RecordKey::parse("text/a").unwrap();
    let value = Value::parse(&key, "other").unwrap();
    scene.records.set(&name("nick.eth"), &key, value).unwrap();
    scene.workspace().save_records(&scene.records).unwrap();
    assert!(!known(&scene, &expected), "another value is wanted");
    scene.workspace().save_records(&records).unwrap();
    scene.records = records;
    assert!(known(&scene, &expected), "as it was");
    // What ends or begins by itself is looked at each time.
    let now = jiff::Timestamp::from_second(1_800_000_000).unwrap();
    let phase = |text, starts, ends| {
        let value = Value::parse(&key, text).unwrap();
        crate::workspace::Phase { value, starts, ends }
    };
    let phases = vec![phase("nick.eth", None, Some(now))];
    let phases = crate::workspace::Phases::new(phases).unwrap();
    scene.records.set_phases(&name("nick.eth"), &key, phases).unwrap();
    scene.workspace().save_records(&scene.records).unwrap();
    assert_eq!((scene.open(&expected), known(&scene, &expected)), (0, false));
}
