use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::*;

#[path = "limits_tests.rs"]
mod limits;

const RECORD: &str = "/.well-known/eth/nick/text/avatar.json";
const LONG: Duration = Duration::from_secs(20);

fn tree() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    let well_known = dir.path().join("ws/.well-known");
    for (name, content) in [
        ("eth/ñick/text/avatar.json", "{\"data\":\"0x\"}"),
        ("eth/nick/text/avatar.json", "{\"data\":\"0x\"}"),
        ("security.txt", "Contact: mailto:nick@example.com\n"),
        ("nostr.json", "{\"names\":{}}"),
        ("apple-app-site-association", "{\"applinks\":{}}"),
        ("acme-challenge/a-Z_0", "token.thumbprint"),
        ("a b/c%d.html", "<p>"),
        ("logo.png", "\u{0}png"),
        ("empty", ""),
    ] {
        let file = well_known.join(name);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(file, content).unwrap();
    }
    std::fs::write(dir.path().join("ws/namesys.toml"), "name").unwrap();
    std::fs::write(dir.path().join("secret"), "secret").unwrap();
    let link = |to: &str, from: &str| {
        std::os::unix::fs::symlink(to, well_known.join(from)).unwrap();
    };
    let lists = dir.path().join("ws/.namesys-files");
    std::fs::create_dir(&lists).unwrap();
    std::fs::write(lists.join("web.eth"), "# root x\n").unwrap();
    std::os::unix::fs::symlink("../../secret", lists.join("out")).unwrap();
    link("../../secret", "out");
    link("..", "up");
    link("nostr.json", "inside.json");
    dir
}

#[test]
fn nothing_but_the_tree_can_be_read() {
    let dir = tree();
    let root = OpenDir::open(&dir.path().join("ws")).unwrap();
    let root = Tree { root, own_keys: OwnKeys::default(), timed: None };
    let name = |path| read(&root, path, Timestamp::now()).map(|found| found.name);
    for (path, file) in [
        ("/.well-known/eth/%C3%B1ick/text/avatar.json", "avatar.json"),
        ("/.well-known/eth/ñick/text/avatar.json", "avatar.json"),
        ("/%2ewell-known/nostr.json", "nostr.json"),
        ("/.well-known/a%20b/c%25d.html", "c%d.html"),
        ("/.well-known/inside.json", "inside.json"),
        ("/.namesys-files/web.eth", "web.eth"),
    ] {
        assert_eq!(name(path).as_deref(), Some(file), "{path}");
    }
    for path in [
        "/namesys.toml",
        "/.namesys-files",
        "/.namesys-files/out",
        "/.namesys-files/../namesys.toml",
        "/.namesys-files/a/web.eth",
        "/.well-known/../namesys.toml",
        "/.well-known/%2e%2e/namesys.toml",
        "/.well-known/%2E./namesys.toml",
        "/.well-known/..%2fnamesys.toml",
        "/.well-known%2fnostr.json",
        "/.well-known/eth%2Fnick/text/avatar.json",
        "/.well-known/..%5cnamesys.toml",
        "/.well-known/..\\namesys.toml",
        "/.well-known/%252e%252e/namesys.toml",
        "/.well-known/./nostr.json",
        "/.well-known/out",
        "/.well-known/up/namesys.toml",
        "/.well-known/up/.well-known/out",
        "/.well-known//nostr.json",
        "/.well-known/eth",
        "/.well-known/eth/",
        "/.well-known/nostr.json/",
        "/.well-known/nostr.json%00.txt",
        "/.well-known/%00",
        "/.well-known/%ff",
        "/.well-known/%c0%ae%c0%ae/namesys.toml",
        "/.WELL-KNOWN/nostr.json",
        "//etc/passwd",
        "/.well-known//etc/passwd",
        "/%2Fetc%2Fpasswd",
        "/",
        "",
        "*",
    ] {
        assert_eq!(name(path), None, "{path}");
    }
}

/// Of a workspace, from the first moment of a phase on that phase, and after the last nothing.
#[test]
fn records_that_change_by_time_are_served_by_the_clock() {
    let dir = tempfile::tempdir().unwrap();
    let write = |path: &str, text: &str| {
        let path = dir.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    };
    let records = |end: &str| {
        format!(
            "[\"nick.eth\"]\n\"text/a\" = [{{ value = \"one\", ends = 2030-01-01T00:00:00Z }}, \
             {{ value = \"two\", starts = 2030-01-01T00:00:00Z, ends = {end} }}]\n\"text/b\" = \"x\"\n"
        )
    };
    write("namesys.toml", "name = \"nick.eth\"\n");
    write("records.toml", &records("2031-01-01T00:00:00Z"));
    write(".well-known/eth/nick/text/a.json", "one");
    write(".well-known/eth/nick/text/b.json", "b");
    write("phases/20300101T000000Z/.well-known/eth/nick/text/a.json", "two");
    let root = OpenDir::open(dir.path()).unwrap();
    let timed = Timed::of(dir.path());
    assert!(timed.is_some());
    let tree = Tree { root, own_keys: OwnKeys::default(), timed };
    let at = |record: &str, time: &str| {
        let path = format!("/.well-known/eth/nick/text/{record}.json");
        let found = read(&tree, &path, time.parse().unwrap())?;
        Some(String::from_utf8(found.start).unwrap())
    };
    assert_eq!(at("a", "2029-12-31T23:59:59Z").as_deref(), Some("one"));
    assert_eq!(at("a", "2030-01-01T00:00:00Z").as_deref(), Some("two"));
    assert_eq!(at("a", "2031-01-01T00:00:00Z"), None);
    assert_eq!(at("b", "2031-01-01T00:00:00Z").as_deref(), Some("b"));
    let aside =
        read(&tree, "/phases/20300101T000000Z/.well-known/eth/nick/text/a.json", Timestamp::now());
    assert!(aside.is_none(), "what is to come is not served as a file");
    // Read again once it is another file; one that is wrong is as it was.
    write("records.toml", &records("2032-01-01T00:00:00Z"));
    assert_eq!(at("a", "2031-01-01T00:00:00Z").as_deref(), Some("two"));
    write("records.toml", "[");
    assert_eq!(at("a", "2032-01-01T00:00:00Z"), None);
}

#[tokio::test]
async fn a_private_key_is_not_served_later_either() {
    let dir = tree();
    let phase = dir.path().join("ws/phases/21000101T000000Z/.well-known/eth/nick");
    std::fs::create_dir_all(&phase).unwrap();
    std::fs::write(phase.join("notes"), "-----BEGIN PRIVATE KEY-----\n").unwrap();
    let config = ServeConfig {
        dir: dir.path().join("ws"),
        listen: SocketAddr::from(([127, 0, 0, 1], 0)),
        tls: None,
        limits: ServeLimits::default(),
        own_keys: OwnKeys::default(),
    };
    let refused = Server::bind(config).await.err().unwrap().to_string();
    assert!(refused.contains("notes holds a private key"), "{refused}");
}

/// A server on loopback over [`tree`].
struct Scene {
    url: String,
    stop: Option<oneshot::Sender<()>>,
    served: JoinHandle<()>,
    dir: tempfile::TempDir,
}

impl Scene {
    async fn new(tls: Option<TlsFiles>, limits: ServeLimits) -> Self {
        let dir = tree();
        let listen = SocketAddr::from(([127, 0, 0, 1], 0));
        let config = ServeConfig {
            dir: dir.path().join("ws"),
            listen,
            tls,
            limits,
            own_keys: OwnKeys::default(),
        };
        let server = Server::bind(config).await.unwrap();
        let url = server.url();
        let (stop, stopped) = oneshot::channel::<()>();
        let served = tokio::spawn(server.run(async { _ = stopped.await }));
        Self { url, stop: Some(stop), served, dir }
    }

    async fn plain() -> Self {
        Self::new(None, ServeLimits::default()).await
    }

    async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.url.split_once("://").unwrap().1).await.unwrap()
    }

    /// How long the server takes to end.
    async fn stop(mut self) -> Duration {
        let began = Instant::now();
        self.stop.take().unwrap().send(()).unwrap();
        timeout(LONG, self.served).await.unwrap().unwrap();
        began.elapsed()
    }
}

fn client() -> reqwest::Client {
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::new()
}

/// All that comes, until the server hangs up.
async fn rest(stream: &mut TcpStream) -> String {
    let mut answer = Vec::new();
    // A reset is an end too.
    let _ = timeout(LONG, stream.read_to_end(&mut answer)).await.expect("it hangs up");
    String::from_utf8_lossy(&answer).into_owned()
}

#[tokio::test]
async fn answers_as_a_static_host() {
    let scene = Scene::plain().await;
    let client = client();
    let url = format!("{}{RECORD}?t=123", scene.url);
    let response = client.get(&url).send().await.unwrap();
    assert_eq!(response.status(), 200);
    for (header, value) in [
        ("content-type", "application/json"),
        ("content-length", "13"),
        ("access-control-allow-origin", "*"),
        ("x-content-type-options", "nosniff"),
    ] {
        assert_eq!(response.headers()[header], value, "{header}");
    }
    let etag = response.headers()["etag"].clone();
    assert_eq!(response.text().await.unwrap(), "{\"data\":\"0x\"}");

    let again = client.get(&url).header("if-none-match", &etag).send().await.unwrap();
    assert_eq!((again.status().as_u16(), &again.headers()["etag"]), (304, &etag));
    assert_eq!(again.headers()["access-control-allow-origin"], "*");
    assert_eq!(again.text().await.unwrap(), "");
    let other = client.get(&url).header("if-none-match", "\"other\"").send().await.unwrap();
    assert_eq!(other.status(), 200);

    let head = client.head(&url).send().await.unwrap();
    let length = &head.headers()["content-length"];
    assert_eq!((head.status().as_u16(), length.to_str().unwrap()), (200, "13"));
    assert_eq!(head.headers()["etag"], etag);
    assert_eq!(head.text().await.unwrap(), "");
    scene.stop().await;
}

#[tokio::test]
async fn what_is_not_there_is_json_that_a_page_may_read() {
    let scene = Scene::plain().await;
    let client = client();
    let answer = async |method: Method, path: &str| {
        let url = format!("{}{path}", scene.url);
        let response = client.request(method, url).send().await.unwrap();
        assert_eq!(response.headers()["access-control-allow-origin"], "*");
        let kind = response.headers().get("content-type").cloned();
        let allow = response.headers().get("allow").cloned();
        let (status, text) = (response.status().as_u16(), response.text().await.unwrap());
        let kind = kind.map(|kind| kind.to_str().unwrap().to_owned()).unwrap_or_default();
        (status, kind, allow, text)
    };
    for path in ["/", "/namesys.toml", "/.well-known/x.json", "/.well-known", "/%00", "/a?t=1"] {
        let (status, kind, _, text) = answer(Method::GET, path).await;
        assert_eq!((status, kind.as_str()), (404, "application/json"), "{path}");
        let message: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(message["message"], "no such file", "{path}");
    }
    let (status, _, _, text) = answer(Method::HEAD, "/.well-known/x.json").await;
    assert_eq!((status, text.as_str()), (404, ""));
    for method in [Method::POST, Method::PUT, Method::DELETE, Method::PATCH] {
        let (status, kind, allow, text) = answer(method, RECORD).await;
        assert_eq!((status, kind.as_str()), (405, "application/json"));
        assert_eq!(allow.unwrap(), "GET, HEAD, OPTIONS");
        assert!(text.contains("\"message\""), "{text}");
    }
    scene.stop().await;
}

#[tokio::test]
async fn a_page_may_ask_first() {
    let scene = Scene::plain().await;
    let asked = client()
        .request(Method::OPTIONS, format!("{}{RECORD}", scene.url))
        .header("origin", "https://app.ens.domains")
        .header("access-control-request-method", "GET")
        .header("access-control-request-headers", "content-type, x-own")
        .send()
        .await
        .unwrap();
    assert_eq!(asked.status(), 204);
    for (header, value) in [
        ("access-control-allow-origin", "*"),
        ("access-control-allow-methods", "GET, HEAD, OPTIONS"),
        ("access-control-allow-headers", "content-type, x-own"),
    ] {
        assert_eq!(asked.headers()[header], value, "{header}");
    }
    scene.stop().await;
}

#[tokio::test]
async fn every_file_has_its_content_type() {
    let scene = Scene::plain().await;
    let client = client();
    for (path, kind) in [
        ("security.txt", "text/plain; charset=utf-8"),
        ("nostr.json", "application/json"),
        ("apple-app-site-association", "application/json"),
        ("acme-challenge/a-Z_0", "text/plain; charset=utf-8"),
        ("a%20b/c%25d.html", "text/html"),
        ("logo.png", "image/png"),
        ("eth/%C3%B1ick/text/avatar.json", "application/json"),
        ("empty", "text/plain; charset=utf-8"),
    ] {
        let url = format!("{}/.well-known/{path}", scene.url);
        let response = client.get(url).send().await.unwrap();
        assert_eq!(response.status(), 200, "{path}");
        assert_eq!(response.headers()["content-type"], kind, "{path}");
    }
    scene.stop().await;
}

#[tokio::test]
async fn long_files_are_sent_as_they_are_read() {
    let scene = Scene::plain().await;
    let content: Vec<u8> = (0..5_000_000_u32).map(|n| (n % 251) as u8).collect();
    let file = scene.dir.path().join("ws/.well-known/long");
    std::fs::write(&file, &content).unwrap();
    let (client, url) = (client(), format!("{}/.well-known/long", scene.url));
    let response = client.get(&url).send().await.unwrap();
    assert_eq!(response.headers()["content-length"], "5000000");
    assert_eq!(response.headers()["content-type"], "application/octet-stream");
    let etag = response.headers()["etag"].clone();
    assert!(response.bytes().await.unwrap() == content);
    let head = client.head(&url).send().await.unwrap();
    assert_eq!(
        (&head.headers()["content-length"], &head.headers()["etag"]),
        (&"5000000".parse().unwrap(), &etag)
    );
    assert_eq!(head.bytes().await.unwrap().len(), 0);
    let again = async || client.get(&url).header("if-none-match", &etag).send().await.unwrap();
    assert_eq!(again().await.status(), 304);
    std::fs::write(&file, &content[1..]).unwrap();
    assert_eq!(again().await.status(), 200);
    scene.stop().await;
}

/// Paths as no client library would send them.
#[tokio::test]
async fn paths_as_they_come_do_not_leave_the_tree() {
    let scene = Scene::plain().await;
    for (path, status) in [
        ("/.well-known/../../secret", "404"),
        ("/.well-known/..%2f..%2fsecret", "404"),
        ("/.well-known/out", "404"),
        ("http://localhost/.well-known/nostr.json", "200"),
        ("http://localhost/../secret", "404"),
        ("/.well-known/a b/c%25d.html", "400"),
    ] {
        let mut stream = scene.connect().await;
        let request = format!("GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let answer = rest(&mut stream).await;
        assert_eq!(answer.get(9..12), Some(status), "{path}: {answer}");
        assert!(!answer.contains("secret"), "{path}: {answer}");
    }
    scene.stop().await;
}
