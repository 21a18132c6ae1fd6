//! The listener of a gateway on a database, and clients that mean it no good; what they write into
//! names and keys is in `support::database::injection`.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use namesys::gateway::{
    Checker, DatabaseUrl, Gateway, GatewayConfig, GatewayLimits, Owners, Store,
};
use namesys::serve::ServeLimits;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use tokio::time::{sleep, timeout};

use crate::support::database::{CHAIN, Person};

const LONG: Duration = Duration::from_secs(20);

/// A gateway in this process, whose limits can be short.
struct Scene {
    address: String,
    person: Person,
    _folder: tempfile::TempDir,
    stop: oneshot::Sender<()>,
    running: tokio::task::JoinHandle<()>,
}

impl Scene {
    async fn new(limits: GatewayLimits) -> Result<Self> {
        let (folder, person) = (tempfile::tempdir()?, Person::new(9)?);
        let database = format!("sqlite:{}", folder.path().join("x.db").display());
        let store = Store::open(&database.parse::<DatabaseUrl>()?).await?;
        let checker = Checker::new(Owners::Told(person.address()), CHAIN, Vec::new());
        let listen = "127.0.0.1:0".parse()?;
        let config = GatewayConfig { store, checker, roster: None, listen, tls: None, limits };
        let gateway = Gateway::bind(config).await?;
        let address = gateway.url().strip_prefix("http://").context("http")?.to_owned();
        let (stop, stopped) = oneshot::channel();
        let running = tokio::spawn(gateway.run(async {
            let _ = stopped.await;
        }));
        Ok(Self { address, person, _folder: folder, stop, running })
    }

    async fn connect(&self) -> Result<TcpStream> {
        Ok(TcpStream::connect(&self.address).await?)
    }

    /// Sends bytes as they are; what comes until the end of the connection.
    async fn raw(&self, request: &[u8]) -> Result<String> {
        let mut stream = self.connect().await?;
        // It may answer, and go, before it has seen all of it.
        let _ = stream.write_all(request).await;
        rest(&mut stream).await
    }

    /// A good body is taken, and soon.
    async fn answers(&self) -> Result<()> {
        let body = self.person.text(&"nick.eth".parse()?, "k", "v", self.person.tick())?;
        let head = format!(
            "POST / HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: {}\r\n\r\n",
            body.len()
        );
        let began = Instant::now();
        let answer = self.raw((head + &body).as_bytes()).await?;
        ensure!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
        ensure!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
        Ok(())
    }

    async fn stop(self) -> Result<()> {
        let _ = self.stop.send(());
        timeout(LONG, self.running).await.context("it does not stop")??;
        Ok(())
    }
}

async fn rest(stream: &mut TcpStream) -> Result<String> {
    let mut answer = Vec::new();
    // Whoever was cut may read an error in place of an end.
    let _ = timeout(LONG, stream.read_to_end(&mut answer)).await.context("it is not cut")?;
    Ok(String::from_utf8_lossy(&answer).into_owned())
}

fn hasty() -> GatewayLimits {
    let serve = ServeLimits {
        connections: 6,
        per_address: 6,
        head: Duration::from_millis(400),
        connection: Duration::from_secs(5),
        grace: Duration::from_millis(400),
    };
    let body_time = Duration::from_millis(400);
    GatewayLimits { serve, body_time, by_address: None, by_name: None, ..GatewayLimits::default() }
}

#[tokio::test]
async fn requests_that_are_none() -> Result<()> {
    let scene = Scene::new(hasty()).await?;
    let close = "host: x\r\nconnection: close\r\n";
    let requests = [
        "nonsense\r\n\r\n".to_owned(),
        format!("BREW / HTTP/1.1\r\n{close}\r\n"),
        format!("GET / HTTP/9.9\r\n{close}\r\n"),
        format!("GET /%FF HTTP/1.1\r\n{close}\r\n"),
        format!("GET /{} HTTP/1.1\r\n{close}\r\n", "x/".repeat(5000)),
        format!("GET /0x{}/0x{} HTTP/1.1\r\n{close}\r\n", "0".repeat(40), "0".repeat(9000)),
        format!("GET /healthz HTTP/1.1\r\n{close}x: {}\r\n\r\n", "y".repeat(1 << 20)),
        format!("GET /healthz HTTP/1.1\r\n{close}{}\r\n", "x: y\r\n".repeat(2000)),
        format!("POST /healthz HTTP/1.1\r\n{close}content-length: 0\r\n\r\n"),
        format!("POST / HTTP/1.1\r\n{close}content-length: -1\r\n\r\n{{}}"),
        format!("POST / HTTP/1.1\r\n{close}content-length: 2\r\ncontent-length: 3\r\n\r\n{{}}"),
        format!(
            "POST / HTTP/1.1\r\n{close}transfer-encoding: chunked\r\n\r\nFFFFFFFFFFFFFFFFF\r\n"
        ),
        format!(
            "POST / HTTP/1.1\r\n{close}transfer-encoding: chunked\r\n\r\nzz\r\n{{}}\r\n0\r\n\r\n"
        ),
        format!("POST /graphql HTTP/1.1\r\n{close}content-length: 2\r\n\r\n[]"),
        format!("POST / HTTP/1.1\r\n{close}content-length: 4\r\n\r\n\u{0}\u{0}\u{0}\u{0}"),
    ];
    for request in requests {
        let answer = scene.raw(request.as_bytes()).await?;
        let shown = &request[..request.len().min(80)];
        // Refused, or not worth an answer.
        ensure!(answer.is_empty() || answer.starts_with("HTTP/1.1 4"), "{shown}: {answer}");
    }
    // Nested without end, and as long as it may be.
    for deep in ["[", "{\"a\":"] {
        let body = deep.repeat((4 << 20) / deep.len());
        let head = format!("POST / HTTP/1.1\r\n{close}content-length: {}\r\n\r\n", body.len());
        let answer = scene.raw((head + &body).as_bytes()).await?;
        ensure!(answer.starts_with("HTTP/1.1 400 "), "{answer}");
    }
    scene.answers().await?;
    scene.stop().await
}

#[tokio::test]
async fn a_body_without_an_end() -> Result<()> {
    let scene = Scene::new(hasty()).await?;
    // Nothing says how long it is.
    let mut stream = scene.connect().await?;
    stream.write_all(b"POST / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n").await?;
    let chunk = format!("10000\r\n{}\r\n", " ".repeat(0x10000));
    let mut sent = 0;
    while sent < 1600 && stream.write_all(chunk.as_bytes()).await.is_ok() {
        sent += 1;
    }
    ensure!(sent < 1600, "100 MiB are taken");
    scene.answers().await?;
    scene.stop().await
}

#[tokio::test]
async fn slow_clients() -> Result<()> {
    let scene = Scene::new(hasty()).await?;
    let mut silent = [scene.connect().await?, scene.connect().await?];
    // A head and a body that come a byte at a time.
    let began = Instant::now();
    let drip = async |begin: &[u8]| -> Result<(Duration, String)> {
        let mut stream = scene.connect().await?;
        stream.write_all(begin).await?;
        while began.elapsed() < LONG && stream.write_all(b"1").await.is_ok() {
            sleep(Duration::from_millis(50)).await;
            let mut some = [0; 12];
            match timeout(Duration::from_millis(1), stream.read(&mut some)).await {
                Ok(Ok(count)) => {
                    let answer = String::from_utf8_lossy(&some[..count]).into_owned();
                    return Ok((began.elapsed(), answer));
                }
                Ok(Err(_)) => break,
                Err(_) => {}
            }
        }
        Ok((began.elapsed(), String::new()))
    };
    let body = b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 100000\r\n\r\n";
    let (head, body, good) = tokio::join!(drip(b"GET /"), drip(body), scene.answers());
    good?;
    let (took, _) = head?;
    ensure!(took < Duration::from_secs(5), "{took:?}");
    let (took, answer) = body?;
    ensure!(took < Duration::from_secs(5) && answer == "HTTP/1.1 408", "{took:?} {answer}");
    for stream in &mut silent {
        rest(stream).await?;
    }
    scene.stop().await
}
