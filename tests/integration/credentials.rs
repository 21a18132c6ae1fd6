//! Whose server gets a credential: the one that the user bound it to, and no other, whatever a
//! workspace from somebody else says.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};
use std::thread;

use anyhow::{Context, Result, ensure};

use crate::support::devnet::Devnet;
use crate::support::sandbox::Sandbox;

const WALLET_KEY: &str = "0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80";
/// Of the user's credentials; base64 hides none of it.
const SECRET: &str = "hunter2hunter2hunter2";

/// A server that keeps whatever it is sent.
struct Listener {
    url: String,
    host: String,
    seen: Arc<Mutex<Vec<String>>>,
}

impl Listener {
    fn start() -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let host = listener.local_addr()?.to_string();
        let seen = Arc::new(Mutex::new(Vec::new()));
        let kept = seen.clone();
        // It ends with the process.
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let mut reader = BufReader::new(&stream);
                let mut head = String::new();
                while reader.read_line(&mut head).is_ok_and(|length| length > 2) {}
                let lower = head.to_lowercase();
                let length = lower.lines().find_map(|line| line.strip_prefix("content-length: "));
                let mut body = vec![0; length.and_then(|text| text.parse().ok()).unwrap_or(0)];
                let _ = reader.read_exact(&mut body);
                kept.lock().unwrap().push(head + &String::from_utf8_lossy(&body));
                let answer = "HTTP/1.1 404 no\r\ncontent-length: 2\r\nconnection: close\r\n\r\nno";
                let _ = (&stream).write_all(answer.as_bytes());
            }
        });
        Ok(Self { url: format!("http://{host}"), host, seen })
    }

    /// Whether the secret arrived, as it is or in base64, and forgets what was seen.
    fn has_secret(&self) -> bool {
        let seen: Vec<String> = self.seen.lock().unwrap().drain(..).collect();
        // What a bucket is shown is a signature by the key, which names the key.
        let signs = ["hunter2", "Authorization: Basic", "authorization: basic", "X-Amz-Signature"];
        seen.iter().any(|request| signs.iter().any(|sign| request.contains(sign)))
    }

    fn was_asked(&self) -> bool {
        !self.seen.lock().unwrap().is_empty()
    }
}

/// A signed workspace whose `namesys.toml` ends with `tables`, and an environment with secrets.
fn workspace(tables: &str) -> Result<(Sandbox, Devnet)> {
    let mut sandbox = Sandbox::new()?;
    let devnet = Devnet::start(&mut sandbox)?;
    // The user does not say where a Kubo node is.
    sandbox.set_env("NAMESYS_KUBO_URL", "");
    sandbox.set_env("ETH_PRIVATE_KEY", WALLET_KEY);
    sandbox.set_env("NAMESYS_KEY_PASSWORD", "");
    sandbox.ok(["init", "nick.eth"])?;
    sandbox.ok(["set", "text", "avatar", "https://example.com/1.png"])?;
    sandbox.ok(["sign"])?;
    let config = String::from_utf8(sandbox.read("namesys.toml")?)?;
    sandbox.write("namesys.toml", config + tables)?;
    for variable in [
        "MY_TOKEN",
        "NAMESYS_KUBO_TOKEN",
        "NAMESYS_CLUSTER_TOKEN",
        "NAMESYS_PINNING_TOKEN",
        "PINATA_JWT",
        "AWS_ACCESS_KEY_ID",
        "AWS_SECRET_ACCESS_KEY",
    ] {
        sandbox.set_env(variable, SECRET);
    }
    sandbox.write("keys/token", SECRET)?;
    Ok((sandbox, devnet))
}

/// Every kind that takes a credential, with every way to ask for one, and with none: the usual
/// variable then.
fn tables(url: &str, home: &str) -> Vec<String> {
    let file = format!("token_file = \"{home}/keys/token\"");
    let token = ["", "token_env = \"MY_TOKEN\"", &file];
    let key = [token[0], token[1], token[2], "key_env = \"MY_TOKEN\"\nsecret_env = \"MY_TOKEN\""];
    let mut tables = Vec::new();
    for kind in ["kubo", "cluster", "pinning-service", "pinata"] {
        for wish in token {
            tables.push(format!("[[uploads]]\nkind = \"{kind}\"\nurl = \"{url}\"\n{wish}\n"));
        }
    }
    for wish in key {
        let bucket = "bucket = \"names\"";
        tables.push(format!("[[uploads]]\nkind = \"s3\"\nurl = \"{url}\"\n{bucket}\n{wish}\n"));
        tables.push(format!("[[sites]]\nkind = \"s3\"\nendpoint = \"{url}\"\n{bucket}\n{wish}\n"));
    }
    for wish in token {
        tables.push(format!("[[publishers]]\nkind = \"kubo\"\nurl = \"{url}\"\n{wish}\n"));
    }
    tables
}

#[test]
fn a_strangers_workspace_gets_nothing() -> Result<()> {
    let listener = Listener::start()?;
    let (sandbox, _devnet) = workspace("")?;
    let home = sandbox.path("").display().to_string();
    let config = String::from_utf8(sandbox.read("namesys.toml")?)?;
    let mut asked = 0;
    for table in tables(&listener.url, &home) {
        sandbox.write("namesys.toml", format!("{config}\n{table}"))?;
        let mut publish = vec!["publish"];
        if table.contains("[[sites]]") {
            publish.extend(["--to", "https"]);
        } else if table.contains("[[publishers]]") {
            publish.extend(["--upload", "folder=out"]);
        }
        let doctor = match table.contains("[[publishers]]") {
            true => ["doctor", "--upload", "folder=out"],
            false => ["doctor", "--publisher", "file=x"],
        };
        for command in [&["status"][..], &doctor, &publish] {
            let (_, document) = sandbox.json(command)?;
            ensure!(!document.to_string().contains("hunter2"), "{document}");
            asked += u32::from(listener.was_asked());
            ensure!(!listener.has_secret(), "{command:?} sent it: {table}");
        }
    }
    ensure!(asked > 0, "the server is real: without a credential it is asked");
    Ok(())
}

/// What the user bound arrives; the same credential at another port does not.
#[test]
fn what_is_bound_arrives_and_only_there() -> Result<()> {
    let (bound, other) = (Listener::start()?, Listener::start()?);
    let (mut sandbox, _devnet) = workspace("")?;
    let home = sandbox.path("").display().to_string();
    let config = String::from_utf8(sandbox.read("namesys.toml")?)?;
    let host = &bound.host;
    let binding = |entries: &str| format!("[[credentials]]\nhost = \"{host}\"\n{entries}\n");
    let user = [
        binding("token_env = \"MY_TOKEN\""),
        binding(&format!("token_file = \"{home}/keys/token\"")),
        binding("key_env = \"MY_TOKEN\"\nsecret_env = \"MY_TOKEN\""),
    ];
    let user_file = sandbox.write(".config/namesys/config.toml", user.concat())?;
    for listener in [&bound, &other] {
        for table in tables(&listener.url, &home) {
            let wishes = ["token_env", "token_file", "key_env"].iter().any(|w| table.contains(w));
            if !wishes
                || !table.contains("[[uploads]]")
                || table.contains("s3") && !table.contains("key_env")
            {
                continue;
            }
            sandbox.write("namesys.toml", format!("{config}\n{table}"))?;
            sandbox.json(["doctor", "--publisher", "file=x"])?;
            let is_bound = listener.host == bound.host;
            ensure!(listener.has_secret() == is_bound, "{}: {table}", listener.host);
        }
    }
    // By flag and by variable, each naming the variable.
    std::fs::remove_file(user_file)?;
    let table = &tables(&bound.url, &home)[1];
    sandbox.write("namesys.toml", format!("{config}\n{table}"))?;
    let (code, refused) = sandbox.json(["publish"])?;
    ensure!(code == 2 && refused["error"]["kind"] == "unbound-credential", "{refused}");
    let hint = refused["error"]["hint"].as_str().context("a hint")?;
    ensure!(hint.contains(&format!("--credential {host}=MY_TOKEN")), "{hint}");
    ensure!(hint.contains("token_env = \"MY_TOKEN\""), "{hint}");
    ensure!(!bound.has_secret() && !other.has_secret());
    sandbox.json(["doctor", "--credential", &format!("{host}=MY_TOKEN")])?;
    ensure!(bound.has_secret(), "by flag");
    sandbox.set_env("NAMESYS_CREDENTIALS", &format!("a.example=OTHER {host}=MY_TOKEN"));
    sandbox.json(["doctor"])?;
    ensure!(bound.has_secret(), "by variable");
    Ok(())
}

/// The usual variable goes to a host that the user named, by flag or variable.
#[test]
fn the_usual_token_goes_where_the_user_says() -> Result<()> {
    let listener = Listener::start()?;
    let (mut sandbox, _devnet) = workspace("")?;
    for kind in ["kubo", "cluster", "pinning-service", "pinata"] {
        sandbox.json(["doctor", "--upload", &format!("{kind}={}", listener.url)])?;
        ensure!(listener.has_secret(), "{kind}");
    }
    sandbox.json(["doctor", "--upload", &format!("s3={}/names", listener.url)])?;
    ensure!(listener.has_secret(), "s3");
    sandbox.set_env("NAMESYS_KUBO_URL", &listener.url);
    sandbox.json(["doctor"])?;
    ensure!(listener.has_secret(), "the variable of the place");
    Ok(())
}

/// No credential goes over plain http to another machine.
#[test]
fn plain_http_takes_no_credential() -> Result<()> {
    let (sandbox, _devnet) = workspace("")?;
    // TEST-NET-1: nobody is there, and nobody is asked.
    for kind in ["kubo", "cluster", "pinning-service", "pinata"] {
        let flag = format!("{kind}=http://192.0.2.1");
        let (_, document) = sandbox.json(["doctor", "--upload", &flag, "--publisher", "file=x"])?;
        ensure!(document.to_string().contains("no credential is sent"), "{document}");
    }
    let flag = ["doctor", "--upload", "s3=http://192.0.2.1/names", "--publisher", "file=x"];
    let (_, document) = sandbox.json(flag)?;
    ensure!(document.to_string().contains("no credential is sent"), "{document}");
    Ok(())
}

/// A header goes to the node it was given with.
#[test]
fn a_header_goes_to_its_node_alone() -> Result<()> {
    let (mine, other) = (Listener::start()?, Listener::start()?);
    let (mut sandbox, _devnet) = workspace("")?;
    let doctor = |sandbox: &Sandbox, more: &[&str]| {
        sandbox.json([&["doctor", "nick.eth", "--upload", "folder=x"], more].concat())
    };
    let header = format!("X-Key: {SECRET}");
    let two = ["--rpc-url", &mine.url, "--rpc-url", &other.url];
    doctor(&sandbox, &["--rpc-url", &mine.url, "--rpc-header", &header])?;
    ensure!(mine.has_secret(), "one node, one header");
    let (code, refused) = doctor(&sandbox, &[&two[..], &["--rpc-header", &header]].concat())?;
    ensure!(code == 2 && refused.to_string().contains("whose"), "{refused}");
    let whose = format!("{}={header}", mine.host);
    doctor(&sandbox, &[&two[..], &["--rpc-header", &whose]].concat())?;
    ensure!(mine.has_secret() && !other.has_secret(), "of two, the one it names");
    // A header of the environment is for the nodes of the environment.
    sandbox.set_env("ETH_RPC_HEADERS", &header);
    doctor(&sandbox, &["--rpc-url", &other.url])?;
    ensure!(other.was_asked() && !other.has_secret(), "another node by flag");
    sandbox.set_env("ETH_RPC_URL", &mine.url);
    doctor(&sandbox, &[])?;
    ensure!(mine.has_secret(), "its own node");
    let flags = ["--rpc-url", "http://192.0.2.1", "--rpc-header", &header];
    let (code, refused) = doctor(&sandbox, &flags)?;
    ensure!(code == 2 && refused.to_string().contains("plain http"), "{refused}");
    Ok(())
}
