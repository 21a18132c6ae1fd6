use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;

use alloy_primitives::Address;

use super::*;
use crate::ens::Name;
use crate::keys::Storage;
use crate::record::{RecordKey, record_path};
use crate::request::Signature;
use crate::secret::{Secret, SecretString};
use crate::wallet::WalletError;
use crate::workspace::{RecordedKeys, Records, Stop, Verdict, Workspace, check_tree};

/// A wallet whose key is not at hand: a person confirms each signature, at most `patience`.
struct Person {
    key: SignerKey,
    patience: usize,
    asked: AtomicUsize,
    /// Afterwards they say nothing, where others decline.
    is_away: bool,
}

impl Person {
    fn new(patience: usize) -> Self {
        Self { key: key(1), patience, asked: AtomicUsize::new(0), is_away: false }
    }

    fn asked(&self) -> usize {
        self.asked.swap(0, Ordering::Relaxed)
    }
}

#[async_trait]
impl Wallet for Person {
    fn address(&self) -> Address {
        self.key.address()
    }

    async fn sign(&self, request: &Request<'_>) -> Result<Secret<Signature>, WalletError> {
        if self.asked.fetch_add(1, Ordering::Relaxed) < self.patience {
            return Ok(Secret::new(self.key.sign(request)));
        }
        if self.is_away {
            std::future::pending::<()>().await;
        }
        let (wallet, name) = (self.address(), request.name().cloned());
        Err(WalletError::SignatureMissing { wallet, step: request.step(), name })
    }

    fn asks_a_person(&self) -> bool {
        true
    }

    fn describe(&self) -> String {
        "a person".into()
    }
}

fn key(byte: u8) -> SignerKey {
    SignerKey::from_hex(&SecretString::new(format!("{byte:02x}").repeat(32))).unwrap()
}

fn name(text: &str) -> Name {
    Name::parse(text).unwrap()
}

/// A workspace of nick.eth whose wallet is the key 1, with the texts given as `name key value`.
struct Sandbox {
    _folder: tempfile::TempDir,
    workspace: Workspace,
    config: Config,
    records: Records,
}

impl Sandbox {
    fn new(texts: &[(&str, &str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut config = Config::new(name("nick.eth"), Storage::Domain, Storage::Domain, 1);
        let wallet = Some(key(1).address());
        config.record_keys(&RecordedKeys { wallet, ..RecordedKeys::default() }).unwrap();
        let workspace = Workspace::init(folder.path(), &config).unwrap();
        let records = workspace.records(&config).unwrap();
        let mut sandbox = Self { _folder: folder, workspace, config, records };
        texts.iter().for_each(|(of, key, value)| sandbox.set(of, key, value));
        sandbox
    }

    fn set(&mut self, of: &str, record: &str, value: &str) {
        let key = RecordKey::parse(record).unwrap();
        let value = Value::parse(&key, value).unwrap();
        self.records.set(&name(of), &key, value).unwrap();
    }

    fn unset(&mut self, of: &str, record: &str) {
        self.records.unset(&name(of), &RecordKey::parse(record).unwrap()).unwrap();
    }

    async fn sign(
        &mut self,
        signer: Signer<'_>,
        mode: ApprovalMode,
        wallet: Option<&dyn Wallet>,
    ) -> Result<SignOutcome, SignError> {
        let (workspace, records) = (&self.workspace, &self.records);
        let request = SignRequest {
            wallet,
            removal: Removal::Any,
            ..SignRequest::new(workspace, records, signer, mode)
        };
        sign(&request, &mut self.config, &|_, _| {}).await
    }

    /// The paths of the tree, each with whether it verifies for the owner, the key 1.
    fn tree(&self) -> Vec<(String, bool)> {
        let owner = |_: &Name| key(1).address();
        let files = check_tree(self.workspace.dir(), 1, &owner, &[], &|| {}).unwrap();
        let valid = |verdict| matches!(verdict, Verdict::Valid(_));
        files.into_iter().map(|file| (file.path, valid(file.verdict))).collect()
    }

    fn write(&self, path: &str, bytes: &[u8]) {
        let path = self.workspace.dir().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    }
}

const THREE: [(&str, &str, &str); 3] =
    [("nick.eth", "text/a", "1"), ("nick.eth", "text/b", "2"), ("blog.nick.eth", "text/a", "3")];

#[tokio::test]
async fn an_owner_is_asked_once_for_each_record_that_is_new_or_changed() {
    let mut sandbox = Sandbox::new(&THREE);
    let person = Person::new(99);
    let signer = Signer::Owner(&person);
    let done = sandbox.sign(signer, ApprovalMode::Owner, Some(&person)).await.unwrap();
    assert_eq!((done.signed.len(), done.approvals, person.asked()), (3, 0, 3));
    sandbox.set("nick.eth", "text/b", "other");
    let done = sandbox.sign(signer, ApprovalMode::Owner, Some(&person)).await.unwrap();
    assert_eq!((done.signed.len(), done.unchanged, person.asked()), (1, 2, 1));
    assert!(sandbox.tree().iter().all(|(_, valid)| *valid));
}

#[tokio::test]
async fn what_an_owner_confirmed_before_declining_is_kept() {
    let mut sandbox = Sandbox::new(&THREE);
    let person = Person::new(2);
    let signed = sandbox.sign(Signer::Owner(&person), ApprovalMode::Owner, Some(&person)).await;
    assert!(matches!(signed, Err(SignError::Wallet(_))));
    assert_eq!(sandbox.tree().iter().filter(|(_, valid)| *valid).count(), 2);
    let person = Person::new(1);
    let signed = sandbox.sign(Signer::Owner(&person), ApprovalMode::Owner, Some(&person)).await;
    assert_eq!(signed.unwrap().signed.len(), 1);
}

#[tokio::test]
async fn approvals_cost_one_confirmation_for_each_name_and_are_kept() {
    let mut sandbox = Sandbox::new(&THREE);
    let (signer, person) = (key(2), Person::new(1));
    let mode = ApprovalMode::Wallet;
    let signed = sandbox.sign(Signer::Key(&signer), mode, Some(&person)).await;
    assert!(matches!(signed, Err(SignError::NoApproval { count: 1, .. })), "{signed:?}");
    let blog = ".well-known/eth/nick/blog/text/a.json".to_owned();
    assert_eq!(sandbox.tree(), [(blog, true)], "what was approved is signed");
    let kept = sandbox.workspace.config().unwrap();
    assert!(kept.approval(&name("blog.nick.eth"), signer.address()).is_some());
    assert!(kept.approval(&name("nick.eth"), signer.address()).is_none());

    let person = Person::new(1);
    let done = sandbox.sign(Signer::Key(&signer), mode, Some(&person)).await.unwrap();
    assert_eq!((done.signed.len(), done.approvals, person.asked()), (2, 1, 1));
    let done = sandbox.sign(Signer::Key(&signer), mode, Some(&person)).await.unwrap();
    assert_eq!((done.unchanged, person.asked()), (3, 0));
    assert!(sandbox.tree().iter().all(|(_, valid)| *valid));
}

/// Ctrl-C drops what waits for the second answer.
#[tokio::test]
async fn what_was_confirmed_is_kept_though_the_next_answer_never_comes() {
    let mut sandbox = Sandbox::new(&THREE);
    let (signer, person) = (key(2), Person { is_away: true, ..Person::new(1) });
    let second = async {
        while person.asked.load(Ordering::Relaxed) < 2 {
            tokio::task::yield_now().await;
        }
    };
    tokio::select! {
        _ = sandbox.sign(Signer::Key(&signer), ApprovalMode::Wallet, Some(&person)) => panic!(),
        () = second => {}
    }
    let kept = sandbox.workspace.config().unwrap();
    assert!(kept.approval(&name("blog.nick.eth"), signer.address()).is_some());
}

#[tokio::test]
async fn without_a_wallet_a_missing_approval_is_named() {
    let mut sandbox = Sandbox::new(&THREE);
    let signer = key(2);
    let error = sandbox.sign(Signer::Key(&signer), ApprovalMode::Wallet, None).await.unwrap_err();
    let message = error.to_string();
    assert!(message.starts_with("blog.nick.eth and 1 other name have no approval"), "{message}");
    assert!(sandbox.tree().is_empty());
    let done = sandbox.sign(Signer::Key(&signer), ApprovalMode::OnChain, None).await.unwrap();
    assert_eq!((done.signed.len(), done.approvals), (3, 0));
}

#[tokio::test]
async fn only_the_owner_signs_as_the_owner() {
    let mut sandbox = Sandbox::new(&THREE);
    sandbox.config.record_owner(Address::repeat_byte(9));
    let person = Person::new(99);
    let signed = sandbox.sign(Signer::Owner(&person), ApprovalMode::Owner, Some(&person)).await;
    assert!(matches!(signed, Err(SignError::NotOwner { .. })));
    assert_eq!((person.asked(), sandbox.tree().len()), (0, 0));
}

#[tokio::test]
async fn only_our_files_are_removed() {
    let mut sandbox = Sandbox::new(&THREE);
    let (ours, theirs) = (key(2), key(3));
    let person = Person::new(99);
    let (signer, mode) = (Signer::Key(&ours), ApprovalMode::Wallet);
    sandbox.sign(signer, mode, Some(&person)).await.unwrap();
    let record = RecordKey::parse("text/theirs").unwrap();
    let value = Value::parse(&record, "x").unwrap();
    let file = |of: &str, by: &SignerKey| {
        let payload = by.sign_record(&name(of), &record, &value, 1, None).encode();
        (record_path(&name(of), &record), RecordFile::new(&payload).to_json())
    };
    // Another signer's, another name's, and what is no record at all.
    let others = [
        file("nick.eth", &theirs),
        file("vitalik.eth", &ours),
        (".well-known/eth/nick/text/broken.json".to_owned(), b"{".to_vec()),
        (".well-known/eth/nick/blog/text/readme.txt".to_owned(), b"hello".to_vec()),
        (".well-known/security.txt".to_owned(), b"Contact:".to_vec()),
    ];
    others.iter().for_each(|(path, bytes)| sandbox.write(path, bytes));
    let (path, bytes) = file("old.nick.eth", &ours);
    sandbox.write(&path, &bytes);
    sandbox.unset("blog.nick.eth", "text/a");

    let done = sandbox.sign(signer, mode, Some(&person)).await.unwrap();
    let removed: Vec<String> = done.removed.iter().map(|file| file.name.to_string()).collect();
    assert_eq!(removed, ["blog.nick.eth", "old.nick.eth"]);
    let left: Vec<String> = sandbox.tree().into_iter().map(|(path, _)| path).collect();
    assert_eq!(left.len(), 2 + others.len());
    assert!(others.iter().all(|(path, _)| left.contains(path)), "{left:?}");
    assert!(!sandbox.workspace.dir().join(".well-known/eth/nick/old").exists());
}

#[tokio::test]
async fn a_path_that_two_records_could_have_is_checked_as_both() {
    let mut sandbox = Sandbox::new(&[("text.nick.eth", "name", "nick.eth")]);
    let (signer, person) = (key(2), Person::new(99));
    sandbox.sign(Signer::Key(&signer), ApprovalMode::Wallet, Some(&person)).await.unwrap();
    assert_eq!(sandbox.tree(), [(".well-known/eth/nick/text/name.json".to_owned(), true)]);
}

#[tokio::test]
async fn it_ends_between_two_records_and_goes_on_where_it_was() {
    let mut sandbox = Sandbox::new(&THREE);
    let (signer, wallet) = (key(2), Person::new(99));
    let stop = Stop::default();
    let request = SignRequest {
        wallet: Some(&wallet),
        removal: Removal::Any,
        stop: stop.clone(),
        ..SignRequest::new(
            &sandbox.workspace,
            &sandbox.records,
            Signer::Key(&signer),
            ApprovalMode::Wallet,
        )
    };
    let asked = |done, _| {
        assert!(done >= 1);
        stop.ask();
    };
    let mut done = SignOutcome::default();
    let error = sign_into(&request, &mut sandbox.config, &asked, &mut done).await.unwrap_err();
    assert!(matches!(error, SignError::Stopped), "{error}");
    let signed = sandbox.tree().len();
    assert_eq!((done.signed.len(), done.approvals > 0), (signed, true), "what was done is told");
    assert!((1..3).contains(&signed) || rayon::current_num_threads() > 2, "{signed}");
    assert!(sandbox.tree().iter().all(|(_, valid)| *valid), "each is whole");
    let outcome = sandbox.sign(Signer::Key(&signer), ApprovalMode::Wallet, Some(&wallet)).await;
    assert_eq!(outcome.unwrap().signed.len(), 3 - signed);
}

/// One subname without an approval does not stop the others; its file stays as it was.
#[tokio::test]
async fn what_is_approved_is_signed_though_another_name_is_not() {
    let mut sandbox = Sandbox::new(&THREE);
    let (signer, person) = (key(2), Person::new(99));
    let mode = ApprovalMode::Wallet;
    sandbox.sign(Signer::Key(&signer), mode, Some(&person)).await.unwrap();
    let before = sandbox.tree();
    sandbox.set("new.nick.eth", "text/a", "4");
    sandbox.set("nick.eth", "text/a", "5");
    sandbox.unset("blog.nick.eth", "text/a");
    let request = SignRequest {
        removal: Removal::Any,
        ..SignRequest::new(&sandbox.workspace, &sandbox.records, Signer::Key(&signer), mode)
    };
    let mut done = SignOutcome::default();
    let error = sign_into(&request, &mut sandbox.config, &|_, _| {}, &mut done).await.unwrap_err();
    assert!(error.to_string().starts_with("new.nick.eth has no approval"), "{error}");
    assert_eq!(done.unapproved, [name("new.nick.eth")]);
    assert_eq!((done.signed.len(), done.unchanged, done.removed.len()), (1, 1, 1));
    let after = sandbox.tree();
    assert_eq!(after.len(), before.len() - 1, "{after:?}");
    assert!(after.iter().all(|(_, valid)| *valid));
}

/// Whoever signed it: a file that verifies and says what is wanted is signed. Once it is not wanted
/// it goes, where its signer's approval is kept here.
#[tokio::test]
async fn a_file_that_verifies_counts_as_signed_whoever_signed_it() {
    let mut sandbox = Sandbox::new(&THREE);
    let (former, signer, person) = (key(3), key(2), Person::new(99));
    let mode = ApprovalMode::Wallet;
    sandbox.sign(Signer::Key(&former), mode, Some(&person)).await.unwrap();
    let done = sandbox.sign(Signer::Key(&signer), mode, Some(&person)).await.unwrap();
    assert_eq!((done.signed.len(), done.unchanged, done.approvals), (0, 3, 0));
    sandbox.set("nick.eth", "text/b", "other");
    sandbox.unset("blog.nick.eth", "text/a");
    let done = sandbox.sign(Signer::Key(&signer), mode, Some(&person)).await.unwrap();
    assert_eq!((done.signed.len(), done.unchanged, done.removed.len()), (1, 1, 1));
    // Of somebody who is nobody here it does not verify.
    let (record, value) = (RecordKey::parse("text/a").unwrap(), Value::Text("1".into()));
    let payload = key(4).sign_record(&name("nick.eth"), &record, &value, 1, None).encode();
    let path = record_path(&name("nick.eth"), &record);
    sandbox.write(&path, &RecordFile::new(&payload).to_json());
    let done = sandbox.sign(Signer::Key(&signer), mode, Some(&person)).await.unwrap();
    assert_eq!((done.signed.len(), done.unchanged), (1, 1));
    assert!(sandbox.tree().iter().all(|(_, valid)| *valid));
}
