//! `namesys serve` as a service manager and a person at a terminal use it.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use namesys::report::ErrorKind;
use serde_json::Value;

use crate::support::reports::kind;
use crate::support::sandbox::Sandbox;

const WALLET: &str = "0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80";
const RECORD: &str = "/.well-known/eth/nick/text/avatar.json";

/// A running server.
struct Served {
    child: Child,
    address: String,
}

impl Served {
    fn start(sandbox: &Sandbox) -> Result<Self> {
        let mut command = sandbox.namesys(["--json", "serve", "--listen", "127.0.0.1:0"]);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn()?;
        let mut line = String::new();
        BufReader::new(child.stdout.take().context("piped")?).read_line(&mut line)?;
        let ready: Value = serde_json::from_str(&line).with_context(|| line.clone())?;
        let url = ready["url"].as_str().context("a URL")?;
        let address = url.strip_prefix("http://").context("plain HTTP")?.to_owned();
        Ok(Self { child, address })
    }

    fn connect(&self) -> Result<TcpStream> {
        let stream = TcpStream::connect(&self.address)?;
        stream.set_read_timeout(Some(Duration::from_secs(20)))?;
        Ok(stream)
    }

    /// All that is answered to a request.
    fn ask(&self, request: &str) -> Result<String> {
        let mut stream = self.connect()?;
        stream.write_all(request.as_bytes())?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        Ok(answer)
    }

    fn signal(&self, name: &str) -> Result<()> {
        let pid = self.child.id().to_string();
        ensure!(Command::new("kill").args(["-s", name, &pid]).status()?.success(), "kill");
        Ok(())
    }

    fn exit_code(&mut self) -> Result<Option<i32>> {
        let began = Instant::now();
        while began.elapsed() < Duration::from_secs(20) {
            if let Some(status) = self.child.try_wait()? {
                return Ok(status.code());
            }
            thread::sleep(Duration::from_millis(10));
        }
        bail!("it does not end")
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        _ = self.child.kill();
        _ = self.child.wait();
    }
}

fn signed() -> Result<Sandbox> {
    let mut sandbox = Sandbox::new()?;
    sandbox.set_env("ETH_PRIVATE_KEY", WALLET);
    sandbox.set_env("NAMESYS_KEY_PASSWORD", "");
    sandbox.ok(["init", "nick.eth"])?;
    sandbox.ok(["set", "text", "avatar", "https://example.com/1.png"])?;
    sandbox.ok(["sign"])?;
    Ok(sandbox)
}

fn get(path: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")
}

#[test]
fn both_signals_let_requests_under_way_finish() -> Result<()> {
    let sandbox = signed()?;
    for (signal, code) in [("TERM", 0), ("INT", 130)] {
        let mut served = Served::start(&sandbox)?;
        let mut half = served.connect()?;
        half.write_all(format!("GET {RECORD} HTTP/1.1\r\n").as_bytes())?;
        // Somebody who says nothing is not waited for.
        let _silent = served.connect()?;
        thread::sleep(Duration::from_millis(200));
        served.signal(signal)?;
        thread::sleep(Duration::from_millis(200));
        half.write_all(b"host: x\r\n\r\n")?;
        let mut answer = String::new();
        half.read_to_string(&mut answer)?;
        ensure!(answer.starts_with("HTTP/1.1 200"), "{signal}: {answer:?}");
        ensure!(answer.contains("content-type: application/json"), "{signal}: {answer}");
        let ended = served.exit_code()?;
        ensure!(ended == Some(code), "{signal}: exit {ended:?}");
    }
    Ok(())
}

#[test]
fn a_second_interrupt_ends_it_at_once() -> Result<()> {
    let sandbox = signed()?;
    let mut served = Served::start(&sandbox)?;
    let mut half = served.connect()?;
    half.write_all(b"GET / HTTP/1.1\r\n")?;
    thread::sleep(Duration::from_millis(200));
    served.signal("INT")?;
    thread::sleep(Duration::from_millis(200));
    let began = Instant::now();
    served.signal("INT")?;
    ensure!(served.exit_code()? == Some(130));
    ensure!(began.elapsed() < Duration::from_secs(3), "{:?}", began.elapsed());
    Ok(())
}

/// What is signed while it runs is served; an old tag then does no more.
#[test]
fn serves_the_tree_as_it_is_now() -> Result<()> {
    let sandbox = signed()?;
    let served = Served::start(&sandbox)?;
    let first = served.ask(&get(RECORD))?;
    let etag = first.lines().find_map(|line| line.strip_prefix("etag: ")).context("a tag")?;
    let again = get(RECORD).replace("\r\n\r\n", &format!("\r\nif-none-match: {etag}\r\n\r\n"));
    ensure!(served.ask(&again)?.starts_with("HTTP/1.1 304"));
    sandbox.ok(["set", "text", "avatar", "https://example.com/2.png"])?;
    sandbox.ok(["sign"])?;
    let changed = served.ask(&again)?;
    ensure!(changed.starts_with("HTTP/1.1 200"), "{changed}");
    let file = String::from_utf8(sandbox.read(&RECORD[1..])?)?;
    ensure!(changed.ends_with(&file), "{changed}");
    ensure!(served.ask(&get("/.well-known/%2e%2e/namesys.toml"))?.starts_with("HTTP/1.1 404"));
    Ok(())
}

#[test]
fn many_clients_at_once() -> Result<()> {
    let sandbox = signed()?;
    let served = Served::start(&sandbox)?;
    thread::scope(|scope| {
        let ask = || (0..10).map(|_| served.ask(&get(RECORD))).collect::<Result<Vec<_>>>();
        let threads: Vec<_> = (0..20).map(|_| scope.spawn(ask)).collect();
        for thread in threads {
            for answer in thread.join().expect("no assertion is in it")? {
                ensure!(answer.starts_with("HTTP/1.1 200"), "{answer}");
            }
        }
        Ok(())
    })
}

#[test]
fn a_port_in_use_is_said() -> Result<()> {
    let sandbox = signed()?;
    let served = Served::start(&sandbox)?;
    let (code, refused) = sandbox.json(["serve", "--listen", &served.address])?;
    let message = refused["error"]["message"].as_str().unwrap_or_default();
    ensure!(code == 1 && kind(&refused) == Some(ErrorKind::Listen), "exit {code}: {refused}");
    ensure!(message.contains(&served.address) && message.contains("--listen"), "{message}");
    Ok(())
}

/// Whatever signal ends it, a devnet leaves nothing in the folder for temporary files.
#[test]
fn temporary_folders_go_with_the_process() -> Result<()> {
    let mut sandbox = Sandbox::new()?;
    let folder = tempfile::tempdir()?;
    sandbox.set_env("TMPDIR", folder.path().to_str().context("a path")?);
    for signal in ["TERM", "HUP", "INT"] {
        let devnet = sandbox.namesys(["--json", "devnet", "--listen", "127.0.0.1:0"]);
        // Whoever started the tests by nohup has SIGHUP ignored, and hands that on.
        let mut command = Command::new("env");
        command.arg("--default-signal=HUP").arg(devnet.get_program()).args(devnet.get_args());
        command.env_clear().current_dir(sandbox.path(""));
        command.envs(devnet.get_envs().filter_map(|(name, value)| Some((name, value?))));
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn()?;
        let mut line = String::new();
        BufReader::new(child.stdout.take().context("piped")?).read_line(&mut line)?;
        ensure!(std::fs::read_dir(&folder)?.count() == 1, "{signal}: it keeps its blocks there");
        let mut served = Served { child, address: String::new() };
        served.signal(signal)?;
        let ended = served.exit_code()?;
        ensure!(ended == Some(130), "{signal}: exit {ended:?}");
        ensure!(std::fs::read_dir(&folder)?.count() == 0, "{signal}: it is left");
    }
    Ok(())
}
