//! `setup` with a fault at every step it takes: the same command then sends the rest, and nothing
//! is sent twice. `write`, of a record that is kept on chain; and `invoice pay`.

use std::path::Path;

use alloy::providers::Provider;
use alloy_primitives::{Address, Bytes, U256, address};
use namesys::devnet::chain::bindings::CCIP2Resolver::recordhashCall;
use namesys::devnet::chain::bindings::Registry::resolverCall;
use namesys::devnet::chain::{
    AnvilSearch, CCIP2_RESOLVER, ChainConfig, ChainDevnet, ChainGateways, Inherited,
    PLAIN_RESOLVER, REGISTRY,
};
use namesys::ens::Name;
use namesys::invoice::{Invoice, PrivateKey, seal};
use namesys::keys::SignerKey;
use namesys::secret::Secret;
use namesys::stealth::{ANNOUNCER, MULTICALL3};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use serde_json::{Value, json};
use tokio::runtime::Runtime;

use crate::every_command::runner;
use crate::faults;
use crate::place::{Place, WALLET, files};

const SETUP: [&str; 3] = ["setup", "--yes", "--approve-signer"];
const WRITE: [&str; 8] = [
    "write",
    "plain.eth",
    "text",
    "url",
    "https://example.com",
    "--yes",
    "--private-key-file",
    "../wallet.key",
];
/// Some of the points; other seeds have others.
const FAULTS: usize = 16;

fn anvil() -> AnvilSearch {
    AnvilSearch {
        program: std::env::var_os("ANVIL").map(Into::into),
        path: std::env::var_os("PATH"),
        cache: Some(Path::new(env!("CARGO_TARGET_TMPDIR")).to_path_buf()),
        inherited: Inherited::of(std::env::vars_os()),
    }
}

/// What to install.
pub fn missing() -> Option<String> {
    let anvil = || anvil().find().err().map(|error| format!("needs anvil: {error}"));
    crate::every_command::missing().or_else(anvil)
}

/// A chain that goes back to where it began.
struct Rewound {
    runtime: Runtime,
    chain: ChainDevnet,
    name: Name,
    snapshot: Value,
}

impl Rewound {
    /// nick.eth is the wallet's and has no resolver; plain.eth has one that keeps records.
    fn new() -> Self {
        let runtime = Runtime::new().unwrap();
        let gateways = ChainGateways::local("127.0.0.1:1".to_owned());
        let config = ChainConfig { anvil: anvil(), port: 0, gateways };
        let owner = SignerKey::from_hex(&Secret::new(WALLET.to_owned())).unwrap().address();
        let name = Name::parse("nick.eth").unwrap();
        let chain = runtime.block_on(async {
            let chain = ChainDevnet::start(config).await.unwrap();
            chain.register(&name, owner, Address::ZERO).await.unwrap();
            let plain = Name::parse("plain.eth").unwrap();
            chain.register(&plain, owner, PLAIN_RESOLVER).await.unwrap();
            chain.fund(owner).await.unwrap();
            chain
        });
        let mut chain = Self { runtime, chain, name, snapshot: Value::Null };
        chain.snapshot = chain.ask("evm_snapshot", json!([]));
        chain
    }

    fn ask(&self, method: &'static str, parameters: Value) -> Value {
        let asked = self.chain.provider().raw_request(method.into(), parameters);
        self.runtime.block_on(async { asked.await.unwrap() })
    }

    fn rewind(&mut self) {
        assert_eq!(self.ask("evm_revert", json!([self.snapshot])), true);
        self.snapshot = self.ask("evm_snapshot", json!([]));
    }

    /// Resolver, recordhash, and how many transactions the wallet has sent.
    fn facts(&self) -> (Address, Bytes, Value) {
        let node = self.name.node();
        let owner = SignerKey::from_hex(&Secret::new(WALLET.to_owned())).unwrap().address();
        let sent = self.ask("eth_getTransactionCount", json!([owner, "latest"]));
        self.runtime.block_on(async {
            let resolver = self.chain.call(REGISTRY, resolverCall { node }).await.unwrap();
            let hash = self.chain.call(CCIP2_RESOLVER, recordhashCall { node }).await.unwrap();
            (resolver, hash, sent)
        })
    }
}

/// `NAMESYS_SEED` gives other faults.
pub fn faults_at_every_step() {
    let mut chain = Rewound::new();
    let mut beginning = Place::new();
    beginning.ask(chain.chain.rpc_url());
    beginning.done(&["init", "nick.eth", "--chain-id", "31337"]);
    beginning.done(&["keygen"]);
    let copy = |chain: &Rewound| {
        let mut place = beginning.copy();
        place.ask(chain.chain.rpc_url());
        place
    };
    let place = copy(&chain);
    let points = faults::points(&place.command(&SETUP), &place.path("log"), &place.path(""));
    let points = points.unwrap();
    let expected = chain.facts();
    assert!(expected.0 == CCIP2_RESOLVER && !expected.1.is_empty(), "{expected:?}");
    assert!(points.len() >= FAULTS, "{points:?}");
    let all = points.len();
    let points = Just(points).prop_shuffle().new_tree(&mut runner()).unwrap().current();
    for point in points.iter().take(FAULTS) {
        chain.rewind();
        let place = copy(&chain);
        let because = format!("setup with {point}");
        let ended = faults::run_with(&place.command(&SETUP), point, &place.path("log")).unwrap();
        if ended.is_none() {
            continue;
        }
        place.done(&SETUP);
        assert_eq!(chain.facts(), expected, "after {because}");
        let again: Value = serde_json::from_str(&place.done(&SETUP)).unwrap();
        assert_eq!(again["transactions"], json!([]), "after {because}");
        for (path, bytes) in files(&place.path("")) {
            let holds = bytes.windows(WALLET.len()).any(|part| part == WALLET.as_bytes());
            let is_asked_for = path == Path::new("wallet.key");
            assert!(!holds || is_asked_for, "the wallet in {} after {because}", path.display());
        }
    }
    eprintln!("setup: {FAULTS} faults of {all}");
}

mod calls {
    alloy::sol! {
        function text(bytes32 node, string key) view returns (string);
    }
}

/// The same command then writes it, and no secret stays anywhere.
pub fn write_with_faults() {
    let mut chain = Rewound::new();
    let beginning = Place::new();
    let copy = |chain: &Rewound| {
        let mut place = beginning.copy();
        place.ask(chain.chain.rpc_url());
        place
    };
    let said = |chain: &Rewound| {
        let node = Name::parse("plain.eth").unwrap().node();
        let call = calls::textCall { node, key: "url".to_owned() };
        chain.runtime.block_on(async { chain.chain.call(PLAIN_RESOLVER, call).await.unwrap() })
    };
    let place = copy(&chain);
    let points = faults::points(&place.command(&WRITE), &place.path("log"), &place.path(""));
    let points = points.unwrap();
    assert_eq!(said(&chain), "https://example.com");
    let points = Just(points).prop_shuffle().new_tree(&mut runner()).unwrap().current();
    for point in points.iter().take(FAULTS / 2) {
        chain.rewind();
        let place = copy(&chain);
        let ended = faults::run_with(&place.command(&WRITE), point, &place.path("log")).unwrap();
        if ended.is_none() {
            continue;
        }
        place.done(&WRITE);
        assert_eq!(said(&chain), "https://example.com", "after {point}");
        for (path, bytes) in files(&place.path("")) {
            let holds = bytes.windows(WALLET.len()).any(|part| part == WALLET.as_bytes());
            assert!(!holds || path == Path::new("wallet.key"), "{} after {point}", path.display());
        }
    }
}

const PAY: [&str; 10] = [
    "invoice",
    "pay",
    "plain.eth",
    "--yes",
    "--wait=1",
    "--invoice-key-file",
    "../invoice.key",
    "--private-key-file",
    "../wallet.key",
    "--max-cost=0.01",
];
/// Who is paid by it.
const PAYEE: Address = address!("0000000000000000000000000000000000000b0b");
const FINNEY: u64 = 1_000_000_000_000_000;

/// An invoice of plain.eth to nick.eth, as a record on chain, and the key of it.
fn asked(chain: &mut Rewound) -> Place {
    let mut place = Place::new();
    place.ask(chain.chain.rpc_url());
    place.done(&["init", "nick.eth", "--chain-id", "31337"]);
    place.write("invoice.key", &"07".repeat(32));
    let key = PrivateKey::from_seed(Secret::new([7; 32]));
    let text = format!(r#"{{"payer":"nick.eth","payee":"{PAYEE}","amount":"0.001"}}"#);
    let sealed = seal(&text.parse::<Invoice>().unwrap(), &key.public()).unwrap().to_string();
    let record = ["write", "plain.eth", "text", "stealth", &sealed, "--yes"];
    place.done(&[&record[..], &["--private-key-file", "../wallet.key"]].concat());
    chain.snapshot = chain.ask("evm_snapshot", json!([]));
    place
}

/// The same command never pays a second time: it waits for the payment, or says that it is not
/// known whether there was one.
pub fn pay_with_faults() {
    let mut chain = Rewound::new();
    let beginning = asked(&mut chain);
    let paid = |chain: &Rewound| {
        let provider = chain.chain.provider();
        let balance = chain.runtime.block_on(async { provider.get_balance(PAYEE).await.unwrap() });
        balance / U256::from(FINNEY)
    };
    let copy = |chain: &Rewound| {
        let mut place = beginning.copy();
        place.ask(chain.chain.rpc_url());
        place
    };
    let place = copy(&chain);
    let points = faults::points(&place.command(&PAY), &place.path("log"), &place.path(""));
    let points = points.unwrap();
    assert_eq!(paid(&chain), U256::ONE);
    let points = Just(points).prop_shuffle().new_tree(&mut runner()).unwrap().current();
    for point in points.iter().take(FAULTS / 4) {
        chain.rewind();
        let place = copy(&chain);
        let ended = faults::run_with(&place.command(&PAY), point, &place.path("log")).unwrap();
        if ended.is_none() {
            continue;
        }
        let again = place.run(&PAY);
        let document: Value = serde_json::from_slice(&again.stdout).unwrap();
        let count = paid(&chain);
        match again.status.success() {
            true => assert_eq!(count, U256::ONE, "after {point}: {document}"),
            false => {
                let kind = &document["error"]["kind"];
                assert!(*kind == "paid-before" || *kind == "not-mined", "{point}: {document}");
                assert!(count <= U256::ONE, "paid twice after {point}");
            }
        }
    }
}

const STEALTH_PAY: [&str; 7] = [
    "stealth",
    "pay",
    "st:eth:0x02c6047f9441ed7d6d3045406e95c07cd85c778e4b8cef3ca7abac09b95c709ee5\
     02f9308a019258c31049344f85f89d5229b531c845836f99b08601f113bce036f9",
    "0.5",
    "--yes",
    "--private-key-file",
    "../wallet.key",
];

/// The same command goes on: announced once and paid once.
pub fn stealth_pay_with_faults() {
    let mut chain = Rewound::new();
    for (at, artifact) in [
        (ANNOUNCER, include_str!("../../src/devnet/contracts/artifacts/StealthAnnouncer.json")),
        (MULTICALL3, include_str!("../../src/devnet/contracts/artifacts/Multicall.json")),
    ] {
        let artifact: Value = serde_json::from_str(artifact).unwrap();
        chain.ask("anvil_setCode", json!([at, artifact["deployedBytecode"]]));
    }
    chain.snapshot = chain.ask("evm_snapshot", json!([]));
    let beginning = Place::new();
    beginning.done(&["init", "nick.eth", "--chain-id", "31337"]);
    let copy = |chain: &Rewound| {
        let mut place = beginning.copy();
        place.ask(chain.chain.rpc_url());
        place
    };
    let announced = |chain: &Rewound| {
        let asked = json!([{ "address": ANNOUNCER, "fromBlock": "0x0" }]);
        let sent = chain.facts().2;
        (sent, chain.ask("eth_getLogs", asked).as_array().map(Vec::len))
    };
    let before = announced(&chain).0;
    let place = copy(&chain);
    let points = faults::points(&place.command(&STEALTH_PAY), &place.path("log"), &place.path(""));
    let points = points.unwrap();
    let expected = announced(&chain);
    assert!(expected.0 != before && expected.1 == Some(1), "{expected:?}");
    let points = Just(points).prop_shuffle().new_tree(&mut runner()).unwrap().current();
    for point in points.iter().take(FAULTS / 2) {
        chain.rewind();
        let place = copy(&chain);
        let ended =
            faults::run_with(&place.command(&STEALTH_PAY), point, &place.path("log")).unwrap();
        if ended.is_none() {
            continue;
        }
        // All was done and kept as done: what was lost is the word of it.
        let kept = std::fs::read_to_string(place.path("w/.namesys/stealth/payments.json"));
        let is_done = kept.is_ok_and(|kept| kept.contains("\"payments\": []"));
        if !is_done {
            place.done(&STEALTH_PAY);
        }
        assert_eq!(announced(&chain), expected, "after {point}");
    }
}
