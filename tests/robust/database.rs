//! `publish --to database` with a fault at every step it takes: the same command then completes,
//! the gateway has what is signed, and what was known of it is written down.

use std::net::SocketAddr;
use std::path::PathBuf;

use namesys::ens::Name;
use namesys::gateway::{
    Checker, DatabaseUrl, Gateway, GatewayConfig, GatewayLimits, Owners, Store,
};
use namesys::keys::SignerKey;
use namesys::record::{RecordFile, RecordKey, record_path};
use namesys::secret::Secret;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use tokio::runtime::Runtime;

use crate::every_command::runner;
use crate::faults;
use crate::place::{Place, WALLET};

/// Some of the points; other seeds have others.
const FAULTS: usize = 12;
const RECORDS: [&str; 2] = ["text/avatar", "text/url"];

/// A gateway in this process, on a database of its own.
struct Served {
    runtime: Runtime,
    store: Store,
    url: String,
    _folder: tempfile::TempDir,
}

impl Served {
    fn new() -> Self {
        let (runtime, folder) = (Runtime::new().unwrap(), tempfile::tempdir().unwrap());
        let database: DatabaseUrl =
            format!("sqlite:{}", folder.path().join("x.db").display()).parse().unwrap();
        let owner = SignerKey::from_hex(&Secret::new(WALLET.to_owned())).unwrap().address();
        let (store, url) = runtime.block_on(async {
            let store = Store::open(&database).await.unwrap();
            let checker = Checker::new(Owners::Told(owner), 1, Vec::new());
            let listen = SocketAddr::from(([127, 0, 0, 1], 0));
            let limits = GatewayLimits::default();
            let config = GatewayConfig {
                store: store.clone(),
                checker,
                roster: None,
                listen,
                tls: None,
                limits,
            };
            let gateway = Gateway::bind(config).await.unwrap();
            let url = gateway.url();
            tokio::spawn(gateway.run(std::future::pending()));
            (store, url)
        });
        Self { runtime, store, url, _folder: folder }
    }

    fn command(&self) -> Vec<&str> {
        vec!["publish", "--to", "database", "--allow-loopback", "--database-url", &self.url]
    }

    /// Whether it has each record as it is signed in `place`, and that is written down.
    fn assert_complete(&self, place: &Place, because: &str) {
        let name = Name::parse("nick.eth").unwrap();
        for record in RECORDS {
            let key = RecordKey::parse(record).unwrap();
            let held = self.runtime.block_on(self.store.get(name.node(), &key)).unwrap();
            let file: PathBuf = place.path("w").join(record_path(&name, &key));
            let signed = RecordFile::payload(&std::fs::read(file).unwrap()).unwrap();
            assert_eq!(held, Some(signed), "{record} after {because}");
        }
        let base = std::fs::read_to_string(place.path("w/published.toml")).unwrap();
        let last = base.lines().last().unwrap_or_default();
        let is_one = last.starts_with("\"nick.eth\" = { ") && last.matches('"').count() == 10;
        assert!(is_one, "one of each after {because}: {base}");
    }
}

/// `NAMESYS_SEED` gives other faults.
pub fn faults_at_every_step() {
    let beginning = Place::new();
    beginning.done(&["init", "nick.eth"]);
    for record in RECORDS {
        let key = record.trim_start_matches("text/");
        beginning.done(&["set", "text", key, "https://example.com/1"]);
    }
    beginning.done(&["sign"]);
    let (place, served) = (beginning.copy(), Served::new());
    let points =
        faults::points(&place.command(&served.command()), &place.path("log"), &place.path(""));
    let points = points.unwrap();
    served.assert_complete(&place, "no fault");
    assert!(points.len() >= FAULTS, "{points:?}");
    let all = points.len();
    let points = Just(points).prop_shuffle().new_tree(&mut runner()).unwrap().current();
    for point in points.iter().take(FAULTS) {
        let (place, served) = (beginning.copy(), Served::new());
        let command = place.command(&served.command());
        if faults::run_with(&command, point, &place.path("log")).unwrap().is_none() {
            continue;
        }
        place.done(&served.command());
        served.assert_complete(&place, &format!("publish --to database with {point}"));
    }
    eprintln!("publish --to database: {FAULTS} faults of {all}");
}
