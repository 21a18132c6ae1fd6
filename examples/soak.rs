//! Load for `namesys serve` and `namesys devnet`, honest and hostile at once, and how much memory
//! they use meanwhile.
//!
//! ```text
//! cargo run --example soak -- target/debug/namesys 300
//! ```

#![allow(clippy::print_stdout, reason = "it reports to whoever runs it")]

use std::error::Error;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use namesys::ipfs::{CarWriter, pack_files};
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};

type Failable<T> = Result<T, Box<dyn Error>>;

const FILE: &str = ".well-known/eth/nick/text/avatar.json";

#[tokio::main]
async fn main() -> Failable<()> {
    let mut arguments = std::env::args().skip(1);
    let usage = "soak PROGRAM [SECONDS]";
    let program = arguments.next().ok_or(usage)?;
    let seconds = arguments.next().map_or(Ok(300), |text| text.parse::<u64>())?;
    let dir = tempfile::tempdir()?;
    let tree = tree(dir.path())?;
    let path = dir.path().to_string_lossy().into_owned();
    let serve = Running::start(&program, &["serve", &path, "--listen", "127.0.0.1:0"], "url")?;
    let devnet = Running::start(&program, &["devnet", "--listen", "127.0.0.1:0"], "gateway")?;
    import(&devnet, &tree).await?;
    let counts = Arc::new(Counts::default());
    let root = tree.root.to_string();
    for (server, file, big) in [
        (&serve, format!("/{FILE}"), "/.well-known/big.bin".to_owned()),
        (&devnet, format!("/ipfs/{root}/{FILE}"), format!("/ipfs/{root}/.well-known/big.bin")),
    ] {
        for _ in 0..4 {
            tokio::spawn(honest(server.addr.clone(), file.clone(), counts.clone()));
        }
        tokio::spawn(crowd(server.addr.clone(), counts.clone()));
        for _ in 0..16 {
            tokio::spawn(slow_reader(server.addr.clone(), big.clone(), counts.clone()));
        }
        tokio::spawn(nonsense(server.addr.clone(), counts.clone()));
    }
    for _ in 0..2 {
        tokio::spawn(bad_upload(devnet.addr.clone(), counts.clone()));
        tokio::spawn(many_paths(devnet.addr.clone(), root.clone(), counts.clone()));
    }
    let began = Instant::now();
    while began.elapsed() < Duration::from_secs(seconds) {
        sleep(Duration::from_secs(10)).await;
        let Counts { good, failed, hostile } = &*counts;
        let [good, failed, hostile] = [good, failed, hostile].map(|n| n.load(Ordering::Relaxed));
        println!(
            "{:4} s  serve {:6} KiB  devnet {:6} KiB  honest {good} good, {failed} failed, \
             hostile {hostile}",
            began.elapsed().as_secs(),
            serve.memory()?,
            devnet.memory()?,
        );
    }
    Ok(())
}

#[derive(Default)]
struct Counts {
    good: AtomicU64,
    failed: AtomicU64,
    hostile: AtomicU64,
}

/// A server; it ends when this is dropped.
struct Running {
    child: Child,
    addr: String,
}

impl Running {
    fn start(program: &str, arguments: &[&str], url: &str) -> Failable<Self> {
        let mut command = Command::new(program);
        command.arg("--json").args(arguments).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn()?;
        let mut line = String::new();
        BufReader::new(child.stdout.take().ok_or("piped")?).read_line(&mut line)?;
        let first: Value = serde_json::from_str(&line)?;
        let addr = first[url].as_str().ok_or("a URL")?.trim_start_matches("http://").to_owned();
        Ok(Self { child, addr })
    }

    /// What it has in memory, in KiB, as Linux says.
    fn memory(&self) -> Failable<u64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).ok_or("VmRSS")?;
        Ok(line.trim().trim_end_matches(" kB").parse()?)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

struct Tree {
    root: cid::Cid,
    car: Vec<u8>,
}

/// A record, a file of 32 MiB, as files and as a CAR.
fn tree(dir: &Path) -> Failable<Tree> {
    let record = b"{\"data\":\"0x2b45eb2b\"}".to_vec();
    let big: Vec<u8> = (0..32_u32 << 20).map(|n| (n ^ (n >> 11)) as u8).collect();
    let files = [(FILE, record), (".well-known/big.bin", big)];
    for (path, bytes) in &files {
        let path = dir.join(path);
        std::fs::create_dir_all(path.parent().ok_or("a folder")?)?;
        std::fs::write(path, bytes)?;
    }
    let mut car = CarWriter::new(std::io::Cursor::new(Vec::new()))?;
    let root = pack_files(files.iter().map(|(path, bytes)| (*path, bytes)), &mut car)?.root;
    Ok(Tree { root, car: car.finish(&root)?.into_inner() })
}

async fn import(devnet: &Running, tree: &Tree) -> Failable<()> {
    let answer = ask(&devnet.addr, &upload(&tree.car)).await?;
    match answer.starts_with("HTTP/1.1 200") {
        true => Ok(()),
        false => Err(answer.into()),
    }
}

fn upload(car: &[u8]) -> Vec<u8> {
    let head = b"--b\r\ncontent-disposition: form-data; name=\"file\"; filename=\"f\"\r\n\r\n";
    let body = [head, car, b"\r\n--b--\r\n"].concat();
    let request = format!(
        "POST /api/v0/dag/import HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\
         content-type: multipart/form-data; boundary=b\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    [request.as_bytes(), &body].concat()
}

fn get(path: &str, more: &str) -> Vec<u8> {
    format!("GET {path} HTTP/1.1\r\nhost: localhost\r\n{more}\r\n").into_bytes()
}

async fn ask(addr: &str, request: &[u8]) -> std::io::Result<String> {
    let mut stream = TcpStream::connect(addr).await?;
    stream.write_all(request).await?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await?;
    Ok(String::from_utf8_lossy(&answer).into_owned())
}

/// Asks for a record, again and again.
async fn honest(addr: String, file: String, counts: Arc<Counts>) {
    let request = get(&file, "connection: close\r\n");
    loop {
        let answer = timeout(Duration::from_secs(20), ask(&addr, &request)).await;
        match answer {
            Ok(Ok(answer)) if answer.ends_with("0x2b45eb2b\"}") => &counts.good,
            _ => &counts.failed,
        }
        .fetch_add(1, Ordering::Relaxed);
        sleep(Duration::from_millis(20)).await;
    }
}

/// More connections than there may be, half of them in the middle of a request.
async fn crowd(addr: String, counts: Arc<Counts>) {
    loop {
        let mut held = Vec::new();
        for number in 0..520 {
            let Ok(mut stream) = TcpStream::connect(&addr).await else { break };
            if number % 2 == 0 {
                let _ = stream.write_all(b"GET / HTTP/1.1\r\nx: ").await;
            }
            held.push(stream);
            counts.hostile.fetch_add(1, Ordering::Relaxed);
        }
        sleep(Duration::from_secs(2)).await;
    }
}

/// Asks for much and takes it a kilobyte a second.
async fn slow_reader(addr: String, big: String, counts: Arc<Counts>) {
    loop {
        if let Ok(mut stream) = TcpStream::connect(&addr).await {
            let _ = stream.write_all(&get(&big, "range: bytes=1000000-\r\n")).await;
            counts.hostile.fetch_add(1, Ordering::Relaxed);
            let mut some = [0; 1024];
            for _ in 0..30 {
                if !matches!(stream.read(&mut some).await, Ok(read) if read > 0) {
                    break;
                }
                sleep(Duration::from_secs(1)).await;
            }
        }
        sleep(Duration::from_millis(100)).await;
    }
}

/// Requests that are none.
async fn nonsense(addr: String, counts: Arc<Counts>) {
    let long = get(&format!("/{}", "x/".repeat(20_000)), "");
    let many = get("/", &"x: y\r\n".repeat(500));
    let requests = [b"\0\xff\r\n\r\n".to_vec(), long, many, get("/.well-known/%00", "")];
    for request in requests.iter().cycle() {
        let _ = timeout(Duration::from_secs(5), ask(&addr, request)).await;
        counts.hostile.fetch_add(1, Ordering::Relaxed);
        sleep(Duration::from_millis(20)).await;
    }
}

/// Uploads that break off, and blocks that are not their CIDs'.
async fn bad_upload(addr: String, counts: Arc<Counts>) {
    let whole = upload(&[&b"\x3a\xa2eroots\x80gversion\x01"[..], &[0xff; 100_000]].concat());
    loop {
        let _ = timeout(Duration::from_secs(5), ask(&addr, &whole)).await;
        if let Ok(mut stream) = TcpStream::connect(&addr).await {
            let _ = stream.write_all(&whole[..whole.len() / 2]).await;
        }
        counts.hostile.fetch_add(2, Ordering::Relaxed);
        sleep(Duration::from_millis(50)).await;
    }
}

/// CARs that are left in the middle, and paths that lead nowhere.
async fn many_paths(addr: String, root: String, counts: Arc<Counts>) {
    for number in 0_u64.. {
        if let Ok(mut stream) = TcpStream::connect(&addr).await {
            let _ = stream.write_all(&get(&format!("/ipfs/{root}?format=car"), "")).await;
            let mut some = [0; 65_536];
            let _ = timeout(Duration::from_secs(5), stream.read_exact(&mut some)).await;
        }
        let nowhere = get(&format!("/ipfs/{root}/{number}"), "connection: close\r\n");
        let _ = timeout(Duration::from_secs(5), ask(&addr, &nowhere)).await;
        counts.hostile.fetch_add(2, Ordering::Relaxed);
        sleep(Duration::from_millis(20)).await;
    }
}
