//! Runs the transcripts `tests/cli/*.md`: every `$ namesys …` in a `console` block, in order, in
//! one temporary folder for each file, and compares what it prints and its exit code.
//!
//! `? 2` before the output is the exit code; `[..]` stands for anything within a line, `...` for
//! any lines, `[DEVNET]` for the address of the devnet that all of them share, `[OTHER]` for that
//! of a second one, whose address is in `OTHER_DEVNET`, `[SITE]` for that of a web server with the
//! files of `$HOME/site` (in `SITE`; `$HOME/ca.pem` vouches for it), `[DATABASE]` for that of a
//! gateway on a database (in `DATABASE`; the same vouches for it). `$ VAR=value namesys …` sets a variable, `$ sh -c "…"` runs pipes. A folder `<file>.in/` is copied into the
//! temporary folder first; `<file>.out/` asks for that folder.
//! `TRYCMD=overwrite cargo test --test transcripts` writes the outputs anew.

#![allow(clippy::unwrap_used)]

use std::path::{Path, PathBuf};
use std::process::Command;

use namesys::devnet::{DevnetConfig, DevnetHandle};
use namesys::gateway::{
    Checker, DatabaseUrl, Gateway, GatewayConfig, GatewayLimits, Owners, Store,
};
use namesys::serve::{ServeConfig, ServeLimits, Server, TlsFiles};

/// Set in the second process, which has nothing of the developer's environment.
const INSIDE: &str = "NAMESYS_TRANSCRIPTS_HOME";

#[test]
fn transcripts() {
    match std::env::var_os(INSIDE) {
        None => again_without_environment(),
        Some(home) => run(Path::new(&home)),
    }
}

/// trycmd passes its own environment on, so it runs in a process that has none.
fn again_without_environment() {
    let home = tempfile::tempdir().unwrap();
    let mut inside = Command::new(std::env::current_exe().unwrap());
    inside.args(["--exact", "transcripts", "--nocapture", "--test-threads=1"]);
    inside.args(std::env::args().filter(|argument| argument.starts_with("trycmd=")));
    inside.env_clear().env(INSIDE, home.path()).env("PATH", path_with_the_binary());
    for kept in ["TRYCMD", "CARGO_MANIFEST_DIR", "LD_LIBRARY_PATH", "LLVM_PROFILE_FILE"] {
        if let Some(value) = std::env::var_os(kept) {
            inside.env(kept, value);
        }
    }
    assert!(inside.status().unwrap().success(), "a transcript differs: see above");
}

fn run(home: &Path) {
    let cases = trycmd::TestCases::new();
    cases.register_bin("namesys", PathBuf::from(env!("CARGO_BIN_EXE_namesys")));
    cases.register_bin("sh", PathBuf::from("/bin/sh"));
    cases.register_bin("timeout", PathBuf::from("/usr/bin/timeout"));
    cases.env("HOME", home.to_str().unwrap());
    // What a table may have written outside its workspace.
    cases.env("NAMESYS_FOLDERS", home.join("site").to_str().unwrap());
    cases.insert_var("[HOME]", home.to_str().unwrap().to_owned()).unwrap();
    let devnet = DevnetHandle::spawn(DevnetConfig::ephemeral()).unwrap();
    let urls = devnet.urls();
    cases.env("NAMESYS_W3NAME_URL", &urls.w3name).env("NAMESYS_KUBO_URL", &urls.kubo);
    cases.env("NAMESYS_ROUTING_URL", &urls.routing).env("NAMESYS_GATEWAY_URL", &urls.gateway);
    cases.insert_var("[DEVNET]", urls.gateway).unwrap();
    let other = DevnetHandle::spawn(DevnetConfig::ephemeral()).unwrap();
    cases.env("OTHER_DEVNET", other.urls().gateway);
    cases.insert_var("[OTHER]", other.urls().gateway).unwrap();
    let site = web_server(home);
    cases.env("SITE", &site);
    cases.insert_var("[SITE]", site).unwrap();
    let database = database(home);
    cases.env("DATABASE", &database);
    cases.insert_var("[DATABASE]", database).unwrap();
    cases.env("NO_COLOR", "1").env("TZ", "UTC").env("LC_ALL", "C");
    cases.timeout(std::time::Duration::from_secs(60));
    // Without that folder a case runs in the checkout, and leaves its files there.
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cli");
    for case in std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
        let is_case = case.extension().is_some_and(|extension| extension == "md");
        assert!(!is_case || case.with_extension("out").is_dir(), "{}: no .out", case.display());
    }
    cases.case("tests/cli/*.md");
    cases.case(readme(home));
    cases.run();
}

/// A web server over `site` in `home`, whose certificate `ca.pem` vouches for. It ends with the
/// process.
fn web_server(home: &Path) -> String {
    let testdata = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/net/testdata");
    std::fs::copy(testdata.join("ca.pem"), home.join("ca.pem")).unwrap();
    std::fs::create_dir_all(home.join("site")).unwrap();
    let tls =
        TlsFiles { certificates: testdata.join("server.pem"), key: testdata.join("server.key") };
    let listen = std::net::SocketAddr::from(([127, 0, 0, 1], 0));
    let limits = ServeLimits::default();
    let config = ServeConfig {
        dir: home.join("site"),
        listen,
        tls: Some(tls),
        limits,
        own_keys: namesys::keys::OwnKeys::default(),
    };
    let (sender, receiver) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let server = Server::bind(config).await.unwrap();
            sender.send(server.url()).unwrap();
            server.run(std::future::pending()).await;
        });
    });
    receiver.recv().unwrap()
}

/// A gateway for the names of whoever has the wallet of the transcripts, `0x1111…`.
fn database(home: &Path) -> String {
    let testdata = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/net/testdata");
    let tls =
        TlsFiles { certificates: testdata.join("server.pem"), key: testdata.join("server.key") };
    let url: DatabaseUrl = format!("sqlite:{}", home.join("records.db").display()).parse().unwrap();
    let owner = "0x19E7E376E7C213B7E7e7e46cc70A5dD086DAff2A".parse().unwrap();
    let (sender, receiver) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let store = Store::open(&url).await.unwrap();
            let checker = Checker::new(Owners::Told(owner), 1, Vec::new());
            let listen = std::net::SocketAddr::from(([127, 0, 0, 1], 0));
            let (tls, limits) = (Some(tls), GatewayLimits::default());
            let config = GatewayConfig { store, checker, roster: None, listen, tls, limits };
            let gateway = Gateway::bind(config).await.unwrap();
            sender.send(gateway.url()).unwrap();
            gateway.run(std::future::pending()).await;
        });
    });
    receiver.recv().unwrap()
}

/// The README's session, with a folder of its own, a devnet at another address than the usual
/// one, and another clock.
fn readme(home: &Path) -> PathBuf {
    let text = include_str!("../README.md")
        .replace("http://127.0.0.1:5559", "[DEVNET]")
        // Typed at the prompt.
        .replace("$ namesys", "$ NAMESYS_KEY_PASSWORD=correct-horse namesys")
        // What trycmd takes for the end of an output.
        .replace("\n```\n", "\n\n```\n")
        .replace("/home/nick/nick.eth", "[CWD]")
        .replace("~/words", home.join("words").to_str().unwrap());
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    for line in &mut lines {
        if let Some(at) = line.find("valid until ") {
            let end = line[at + 12..].find(')').unwrap() + at + 13;
            line.replace_range(at + 12..end, "[..]");
        }
    }
    let sandbox = home.join("README.in");
    std::fs::create_dir_all(&sandbox).unwrap();
    std::fs::create_dir_all(home.join("README.out")).unwrap();
    let words = "test test test test test test test test test test test junk\n";
    std::fs::write(home.join("words"), words).unwrap();
    let private = std::os::unix::fs::PermissionsExt::from_mode(0o600);
    std::fs::set_permissions(home.join("words"), private).unwrap();
    let path = home.join("README.md");
    std::fs::write(&path, lines.join("\n")).unwrap();
    path
}

/// For `sh -c` alone: nothing but the binary under test and the system's tools.
fn path_with_the_binary() -> std::ffi::OsString {
    let binary = Path::new(env!("CARGO_BIN_EXE_namesys"));
    let folders = [binary.parent().unwrap(), Path::new("/usr/bin"), Path::new("/bin")];
    std::env::join_paths(folders).unwrap()
}
