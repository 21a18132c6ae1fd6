//! A server on loopback that answers with what a test prescribes, faults included.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use url::Url;

use super::{Http, HttpConfig, RetryPolicy, Timeouts};

/// What to answer a request with.
pub(crate) enum Answer {
    /// Status, headers (lines without line ends), body; then the connection is closed.
    Full(u16, Vec<String>, Vec<u8>),
    /// These bytes as they are; then the connection is closed.
    Raw(Vec<u8>),
    /// Nothing for so long; then the connection is closed.
    Silence(Duration),
}

impl Answer {
    pub(crate) fn new(status: u16, body: impl Into<Vec<u8>>) -> Self {
        Self::Full(status, Vec::new(), body.into())
    }

    pub(crate) fn header(mut self, line: impl Into<String>) -> Self {
        if let Self::Full(_, headers, _) = &mut self {
            headers.push(line.into());
        }
        self
    }
}

/// A request as it came.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    /// `GET /path?query HTTP/1.1`
    pub(crate) line: String,
    /// Header lines, lower case.
    pub(crate) headers: Vec<String>,
    pub(crate) body: Vec<u8>,
}

/// A listening server; it ends with the test's runtime.
pub(crate) struct TestServer {
    pub(crate) url: Url,
    seen: Arc<Mutex<Vec<Seen>>>,
}

impl TestServer {
    /// Answers the n-th request (from 0) with `answer(n, request)`.
    pub(crate) async fn start(
        answer: impl Fn(usize, &Seen) -> Answer + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap()).parse().unwrap();
        let seen = Arc::new(Mutex::new(Vec::new()));
        let log = seen.clone();
        let answer = Arc::new(answer);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (answer, log) = (answer.clone(), log.clone());
                tokio::spawn(async move { serve(stream, &*answer, &log).await });
            }
        });
        Self { url, seen }
    }

    /// The requests so far.
    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }
}

async fn serve(
    mut stream: TcpStream,
    answer: &(dyn Fn(usize, &Seen) -> Answer + Send + Sync),
    log: &Mutex<Vec<Seen>>,
) -> Option<()> {
    let mut bytes = Vec::new();
    let head_end = loop {
        if let Some(at) = bytes.windows(4).position(|w| w == b"\r\n\r\n") {
            break at;
        }
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    };
    let head = String::from_utf8_lossy(&bytes[..head_end]).into_owned();
    let mut lines = head.split("\r\n").map(str::to_owned);
    let line = lines.next()?;
    let headers: Vec<String> = lines.map(|line| line.to_ascii_lowercase()).collect();
    let length = headers.iter().find_map(|line| line.strip_prefix("content-length: "));
    let length = length.map_or(0, |length| length.parse::<usize>().unwrap());
    let mut body = bytes.split_off(head_end + 4);
    while body.len() < length {
        if stream.read_buf(&mut body).await.ok()? == 0 {
            return None;
        }
    }
    let seen = Seen { line, headers, body };
    let number = {
        let mut log = log.lock().unwrap();
        log.push(seen.clone());
        log.len() - 1
    };
    match answer(number, &seen) {
        Answer::Full(status, headers, body) => {
            let mut head = format!("HTTP/1.1 {status} X\r\nconnection: close\r\n");
            head.push_str(&format!("content-length: {}\r\n", body.len()));
            for line in headers {
                head.push_str(&format!("{line}\r\n"));
            }
            head.push_str("\r\n");
            stream.write_all(head.as_bytes()).await.ok()?;
            stream.write_all(&body).await.ok()?;
        }
        Answer::Raw(bytes) => stream.write_all(&bytes).await.ok()?,
        Answer::Silence(time) => tokio::time::sleep(time).await,
    }
    stream.shutdown().await.ok()
}

/// Short waits, short patience.
pub(crate) fn quick_config() -> HttpConfig {
    HttpConfig {
        timeouts: Timeouts {
            connect: Duration::from_millis(300),
            idle: Duration::from_millis(300),
            body: Duration::from_millis(600),
        },
        retry: RetryPolicy {
            attempts: 3,
            base: Duration::from_millis(5),
            max_wait: Duration::from_secs(1),
            total: Duration::from_secs(2),
            total_connect: Duration::from_millis(500),
        },
        ..HttpConfig::default()
    }
}

/// A client of [`quick_config`].
pub(crate) fn quick_http() -> Http {
    Http::new(quick_config()).unwrap()
}
