//! Every command with `--json`: its document is the report it says it is, with no field lost.

use std::process::{Command, Output};
use std::time::Duration;

use namesys::report::{DevnetReport, DevnetUrls, KeygenReport, PublishReport, ServeReport};

use crate::support::process::Server;
use crate::support::reports::{self, COMMANDS};
use crate::workspace::Workspace;

const OWNER: &str = "0x19E7E376E7C213B7E7e7e46cc70A5dD086DAff2A";

/// The words of a line; `$NAME` stands for a word that is not known before.
fn words<'a>(line: &'a str, known: &[(&str, &'a str)]) -> Vec<&'a str> {
    let found = |word| known.iter().find(|(name, _)| *name == word).map(|(_, found)| *found);
    let word = |word: &'a str| found(word).unwrap_or(word);
    line.split(' ').map(word).collect()
}

/// The exit code is looked at, so that a line that does something else than it should is seen.
fn run(workspace: &Workspace, known: &[(&str, &str)], lines: &[(&str, i32)]) {
    for (line, expected) in lines {
        let arguments = words(line, known);
        let (code, document, stderr) = workspace.run(&arguments);
        assert_eq!(code, Some(*expected), "{line}: {document} {stderr}");
        assert!(!document.is_null(), "{line}: no document");
    }
}

/// What needs no network. `run` checks each document.
const OFFLINE: &[(&str, i32)] = &[
    ("init nick.eth", 1),
    ("init nick.eth -C other", 0),
    ("init no..body", 2),
    ("init nick.eth other.eth -C several", 2),
    ("init nick.eth other.eth --storage wallet -C several", 0),
    ("name list", 0),
    ("name list -C several", 0),
    ("name add third.eth -C several", 0),
    ("name add third.eth", 2),
    ("name remove third.eth -C several", 0),
    ("set text url x -C several", 2),
    ("keygen", 0),
    ("keygen --requests", 0),
    ("keygen --export keys", 0),
    ("keygen --export keys", 0),
    ("keygen --export taken", 1),
    ("lock", 2),
    ("wallet list", 0),
    ("wallet address", 0),
    ("wallet sign-test", 0),
    ("set text url https://example.com", 0),
    ("set text Avatar https://example.com", 2),
    ("set address eth 0x1", 2),
    ("unset text url", 0),
    ("unset text url", 4),
    ("unset", 2),
    ("unset --name pay", 4),
    ("set text url x --name pay", 0),
    ("unset --name pay", 0),
    ("import records.csv", 0),
    ("import broken.csv", 2),
    ("import records.csv --sync --dry-run", 0),
    ("import --from-chain", 2),
    ("import", 2),
    ("export", 0),
    ("export --format wide", 0),
    ("list", 0),
    ("diff", 0),
    ("diff --exit-code", 10),
    ("list text/note", 0),
    ("get text note --offline", 0),
    ("get --offline", 0),
    ("get text none --offline", 4),
    ("check", 0),
    ("edit", 2),
    ("approve", 0),
    ("approve --requests", 0),
    ("sign --force", 0),
    ("sign --name pay", 0),
    ("verify keys --owner $OWNER", 4),
    ("unset text note", 0),
    ("sign", 0),
    ("verify", 0),
    ("verify --owner 0x0000000000000000000000000000000000000001", 3),
    ("pack", 0),
    ("pack --car tree.car", 0),
    ("key inspect", 0),
    ("key inspect --ipns-key-file keys/ipns.key", 0),
    ("key export --format hex --ipns-key-file keys/ipns.key", 0),
    ("key export --format pem --ipns-key-file keys/ipns.key --out copy.pem", 0),
    ("ipns sign --value /ipfs/bafkqaaa --sequence 1 --out one.ipns-record", 0),
    ("ipns sign --value /ipfs/bafkqaaa --sequence 3 --count 2 --every 30d --out series", 0),
    ("ipns inspect one.ipns-record", 0),
    ("ipns inspect one.ipns-record --name $NAME", 0),
    ("ipns inspect namesys.toml", 3),
    ("completions bash", 0),
    ("man pages", 0),
    ("setup", 2),
    ("resolve nick.eth", 2),
];

/// What needs the devnet.
const ONLINE: &[(&str, i32)] = &[
    ("publish --dry-run written", 0),
    ("status", 4),
    ("publish", 0),
    ("status", 0),
    ("renew --wait=5s", 0),
    ("set text avatar https://example.com/2", 0),
    ("sign", 0),
    ("publish --publisher routing=http://127.0.0.1:1", 1),
    ("publish", 0),
    ("rollback", 0),
    ("rollback 77", 4),
    ("log", 0),
    ("clone nick.eth copy --ipns $NAME --owner $OWNER", 0),
    ("clone nick.eth copy --ipns $NAME --owner $OWNER", 1),
    ("pull", 0),
    ("pull --ours --theirs", 2),
    ("publish --to https --site folder=www --site-url https://127.0.0.1:1", 1),
    ("publish --to https --site folder=www", 0),
    ("log", 0),
    ("ipns get $NAME", 0),
    ("ipns put one.ipns-record", 1),
    ("publish --sign-only elsewhere", 0),
    ("publish --signed elsewhere", 0),
    ("resolve nick.eth --recordhash $HASH --owner $OWNER", 0),
    ("resolve nick.eth text/none --recordhash $HASH --owner $OWNER", 4),
    ("resolve nick.eth --rpc-url http://127.0.0.1:1", 1),
    ("status --rpc-url http://127.0.0.1:1", 1),
    ("doctor", 0),
    // It has a wallet of its own, whatever the variables here say.
    ("demo", 0),
];

#[test]
fn every_command_is_read_back() {
    let (_folder, _devnet, workspace) = Workspace::on_devnet();
    let write = |name: &str, text: &str| std::fs::write(workspace.dir.join(name), text).unwrap();
    write(
        "records.csv",
        "nick.eth,text/note,one\nnick.eth,address/60,0x0000000000000000000000000000000000000001\n",
    );
    std::fs::create_dir(workspace.dir.join("taken")).unwrap();
    write("taken/ipns.key", "another");
    write("broken.csv", "nick.eth,text/note\nnick.eth,nothing,one\n");
    let name = workspace.report::<KeygenReport>(&["keygen"]).ipns.name;
    let hash = format!("ipns://{name}");
    let known = [("$NAME", name.as_str()), ("$HASH", &hash), ("$OWNER", OWNER)];
    run(&workspace, &known, OFFLINE);
    run(&workspace, &known, ONLINE);
    let published: PublishReport = workspace.report(&["publish"]);
    assert_eq!(published.ipns_name, name);
    servers(&workspace);
}

/// They go on running: their first line is read.
fn servers(workspace: &Workspace) {
    let limit = Duration::from_secs(30);
    let start = |arguments: &[&str]| {
        let mut command = workspace.command(env!("CARGO_BIN_EXE_namesys"));
        command.arg("--json").args(arguments).args(["--listen", "127.0.0.1:0"]);
        let (server, line) = Server::start::<serde_json::Value>(&mut command, limit).unwrap();
        drop(server);
        reports::check(arguments, &line).unwrap();
        line
    };
    let ServeReport { url } = reports::report(&start(&["serve"]));
    assert!(url.starts_with("http://127.0.0.1:"), "{url}");
    let DevnetReport { services: DevnetUrls { kubo, .. }, rpc } =
        reports::report(&start(&["devnet"]));
    assert!(kubo.starts_with("http://127.0.0.1:") && rpc.is_none(), "{kubo} {rpc:?}");
}

/// A command that is new has its report here too.
#[test]
fn the_commands_are_those_of_the_help() {
    let help = Command::new(env!("CARGO_BIN_EXE_namesys")).arg("--help").output().unwrap();
    let Output { stdout, .. } = help;
    let help = String::from_utf8(stdout).unwrap();
    let list = help.split("Commands:\n").nth(1).unwrap().split("\n\n").next().unwrap();
    let first = |line: &str| line.strip_prefix("  ")?.split(' ').next().map(str::to_owned);
    let listed: Vec<String> = list.lines().filter_map(first).collect();
    for command in listed.iter().filter(|word| !word.is_empty() && *word != "help") {
        assert!(COMMANDS.contains(&command.as_str()), "{command} has no report in tests/support");
    }
    for command in COMMANDS {
        assert!(listed.iter().any(|word| word == command), "{command} is no command any more");
    }
}
