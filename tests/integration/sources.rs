//! Where whole trees are read from, and how much of them.

use std::path::PathBuf;
use std::process::Command;

use namesys::devnet::{DevnetConfig, DevnetHandle, DevnetUrls};
use namesys::net::{Http, HttpConfig};
use namesys::pull::{PullError, TreeSource};
use namesys::report::{CloneReport, ErrorKind, KeygenReport, PublishReport, PullReport};
use namesys::resolve::{BlockServers, FetchLimits};

use crate::support::reports::{kind, report};
use crate::workspace::Workspace;

const OWNER: &str = "0x19E7E376E7C213B7E7e7e46cc70A5dD086DAff2A";

/// Nobody listens there.
fn dead() -> String {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    format!("http://{}", listener.local_addr().unwrap())
}

/// Where only the node has blocks.
fn without_gateway(devnet: &DevnetHandle) -> DevnetUrls {
    DevnetUrls { gateway: dead(), ..devnet.urls() }
}

#[test]
fn what_a_node_of_ones_own_has_needs_no_gateway() {
    let folder = tempfile::tempdir().unwrap();
    let devnet = DevnetHandle::spawn(DevnetConfig::ephemeral()).unwrap();
    let here = Workspace::new(folder.path().join("here"), devnet.urls());
    let name = here.report::<KeygenReport>(&["keygen"]).ipns.name;
    here.good(&["publish"]);

    // clone
    let urls = without_gateway(&devnet);
    let clone = |dir: &str, kubo: &str| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_namesys"));
        command.env_clear().env("HOME", folder.path()).current_dir(folder.path());
        command.env("NAMESYS_W3NAME_URL", &urls.w3name).env("NAMESYS_GATEWAY_URL", &urls.gateway);
        command.env("NAMESYS_KUBO_URL", kubo).env("NAMESYS_TIMEOUT", "2s");
        let of = ["--json", "clone", "nick.eth", dir, "--ipns", &name, "--owner", OWNER];
        let output = command.args(of).output().unwrap();
        (output.status.code(), serde_json::from_slice(&output.stdout).unwrap())
    };
    let (code, json) = clone("without", &dead());
    assert_eq!((code, kind(&json)), (Some(1), Some(ErrorKind::UnknownPublished)), "{json}");
    let (code, json) = clone("clone", &urls.kubo);
    assert_eq!(code, Some(0), "{json}");
    assert_eq!(report::<CloneReport>(&json).records.len(), 1);

    // What publish would lose, and pull.
    let there = Workspace::at(folder.path().join("clone"), urls);
    here.change("https://example.com/1");
    let published: PublishReport = here.report(&["publish"]);
    there.good(&["set", "text", "note", "mine"]);
    there.good(&["sign"]);
    let (code, json, _) = there.run(&["publish", "--timeout", "2s"]);
    assert_eq!((code, kind(&json)), (Some(1), Some(ErrorKind::WouldLose)), "{json}");
    let pulled: PullReport = there.report(&["pull", "--timeout", "2s"]);
    assert_eq!((pulled.root, pulled.merged.len()), (published.root, 1));
}

#[test]
fn the_budget_that_is_exceeded_is_named() {
    let (folder, devnet, here) = Workspace::on_devnet();
    here.good(&["set", "text", "note", "one", "--name", "pay"]);
    here.good(&["sign"]);
    let root = here.report::<PublishReport>(&["publish"]).root.parse().unwrap();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let read = |limits: FetchLimits, scratch: Option<PathBuf>| {
        let gateways = vec![devnet.urls().gateway.parse().unwrap()];
        let servers = BlockServers { limits, scratch, ..gateways.into() };
        let http = Http::new(HttpConfig::default()).unwrap();
        let name = "nick.eth".parse().unwrap();
        let source = TreeSource { http, servers, name, disk: Vec::new() };
        runtime.block_on(source.files(root))
    };
    let refused = |limits, is_budget: bool, said: &[&str]| {
        for scratch in [None, Some(folder.path().to_owned())] {
            let error = match read(limits, scratch).unwrap_err() {
                PullError::OverBudget(error) if is_budget => error,
                PullError::Unread(error) if !is_budget => error,
                other => panic!("{other:?}: {said:?}"),
            };
            assert!(said.iter().all(|part| error.contains(part)), "{error}");
        }
    };
    let whole = FetchLimits::WHOLE;
    let in_memory = read(whole, None).unwrap();
    assert_eq!(in_memory.0.len(), 2);
    assert_eq!(read(whole, Some(folder.path().to_owned())).unwrap(), in_memory);
    let tree = |change: fn(&mut FetchLimits)| {
        let mut limits = whole;
        change(&mut limits);
        limits
    };
    let budget = "the budget of clone and pull: ";
    let few_blocks = tree(|limits| limits.tree.blocks = 3);
    refused(few_blocks, true, &["more than 3 blocks would have to be read", budget, "3 blocks, "]);
    let few_folders = tree(|limits| limits.tree.directories = 2);
    refused(few_folders, true, &["more than 2 directories would have to be read", budget]);
    // Without a CAR, block by block: what one gateway is asked for; others may have a CAR.
    let single = tree(|limits| (limits.car, limits.single_blocks) = (10, 2));
    refused(single, false, &["after 2 single blocks, the most that are asked for, "]);
    let received = tree(|limits| (limits.car, limits.received) = (10, 100));
    refused(
        received,
        false,
        &["it has sent more than 100 bytes, the most that is taken of one gateway"],
    );
    assert_eq!(read(tree(|limits| limits.car = 10), None).unwrap(), in_memory, "one by one");
}
