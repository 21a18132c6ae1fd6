use std::io::Write;
use std::sync::{Arc, Mutex};

use super::*;
use crate::net::NetError;
use crate::net::test_server::{Answer, TestServer, quick_http};

const ROOT: &str = "bafybeibj6lixxzqtsb45ysdjnupvqkufgdvzqbnvmhw2kf7cfkesy7r7d4";
const OTHER: &str = "bafkreiem4twkqzsq2aj4shbycd4yvoj2cx72vezicletlhi7dijjciqpui";

fn line(cid: &str, pin_error: &str) -> String {
    format!("{{\"Root\":{{\"Cid\":{{\"/\":\"{cid}\"}},\"PinErrorMsg\":\"{pin_error}\"}}}}\n")
}

async fn import(status: u16, body: impl Into<String>) -> Result<(), UploadError> {
    let body = body.into();
    let server = TestServer::start(move |_, _| Answer::new(status, body.clone())).await;
    let car = tempfile::NamedTempFile::new().unwrap();
    let kubo = Kubo::new(quick_http(), server.url, None);
    kubo.upload(car.path(), &ROOT.parse().unwrap(), None).await
}

#[tokio::test]
async fn a_probe_says_the_version_or_what_is_wrong() {
    let probe = async |status, body: &'static str| {
        let server = TestServer::start(move |_, _| Answer::new(status, body)).await;
        Kubo::new(quick_http(), server.url, None).probe().await.map_err(|error| error.to_string())
    };
    let good = probe(200, r#"{"Version":"0.44.0"}"#).await.unwrap();
    assert_eq!(good, "version 0.44.0, takes CAR files");
    assert!(probe(200, "<html>").await.unwrap_err().contains("version"));
    assert!(probe(403, "no").await.unwrap_err().contains("403"));
}

#[tokio::test]
async fn a_probe_asks_what_an_upload_will_ask() {
    let probe = async |status, body: &'static str| {
        let server = TestServer::start(move |_, seen| match seen.line.contains("/version") {
            true => Answer::new(200, r#"{"Version":"0.44.0"}"#),
            false => Answer::new(status, body),
        })
        .await;
        Kubo::new(quick_http(), server.url, None).probe().await.map_err(|error| error.to_string())
    };
    let error = probe(403, "403 - Forbidden").await.unwrap_err();
    assert!(error.contains("does not allow dag/import"), "{error}");
    assert!(probe(404, "404 page not found").await.unwrap_err().contains("404"));
    probe(500, r#"{"Message":"no roots","Code":0,"Type":"error"}"#).await.unwrap();
}

#[tokio::test]
async fn the_file_is_streamed_with_token_and_progress() {
    let stats = "{\"Stats\":{\"BlockCount\":2,\"BlockBytesCount\":10}}\n";
    let answer = line(ROOT, "") + stats;
    let server = TestServer::start(move |number, _| match number {
        0 => Answer::new(503, "starting"),
        _ => Answer::new(200, answer.clone()),
    })
    .await;
    let mut car = tempfile::NamedTempFile::new().unwrap();
    let bytes: Vec<u8> = (0..200_000_u32).map(|n| (n % 251) as u8).collect();
    car.write_all(&bytes).unwrap();
    let progress = Arc::new(Mutex::new(Vec::new()));
    let seen = progress.clone();
    let observer: Progress = Arc::new(move |sent, total| seen.lock().unwrap().push((sent, total)));
    let token = Some(SecretString::new("hunter2".into()));
    let kubo = Kubo::new(quick_http(), server.url.clone(), token);
    kubo.upload(car.path(), &ROOT.parse().unwrap(), Some(observer)).await.unwrap();
    assert_eq!(progress.lock().unwrap().last(), Some(&(200_000, 200_000)));
    let requests = server.seen();
    assert_eq!(requests.len(), 2, "503, then again");
    let request = &requests[1];
    assert_eq!(request.line, "POST /api/v0/dag/import?pin-roots=true&stats=true HTTP/1.1");
    assert!(request.headers.contains(&"authorization: bearer hunter2".to_owned()));
    assert!(request.body.windows(bytes.len()).any(|window| window == bytes));
    let head = String::from_utf8_lossy(&request.body[..200]).into_owned();
    assert!(head.contains("name=\"file\""), "{head}");
}

#[tokio::test]
async fn only_a_pin_of_our_root_is_having_it() {
    let pins = |cid: &str| format!(r#"{{"Keys":{{"{cid}":{{"Type":"recursive","Name":""}}}}}}"#);
    let not_pinned =
        format!(r#"{{"Message":"path '{ROOT}' is not pinned","Code":0,"Type":"error"}}"#);
    for (status, body, expected) in [
        (200, pins(ROOT), true),
        (200, pins(OTHER), false),
        (200, r#"{"Keys":{}}"#.to_owned(), false),
        (200, "{}".to_owned(), false),
        (200, "<html>".to_owned(), false),
        (500, not_pinned, false),
        (403, "403 - Forbidden".to_owned(), false),
        (404, pins(ROOT), false),
    ] {
        let answer = body.clone();
        let server = TestServer::start(move |_, _| Answer::new(status, answer.clone())).await;
        let token = Some(SecretString::new("hunter2".into()));
        let kubo = Kubo::new(quick_http(), server.url.clone(), token);
        assert_eq!(kubo.has(&ROOT.parse().unwrap()).await, expected, "{status} {body}");
        let seen = server.seen();
        assert_eq!(seen.len(), 1, "asked once");
        let path = format!("POST /api/v0/pin/ls?arg={ROOT}&type=recursive HTTP/1.1");
        assert_eq!(seen[0].line, path);
        assert!(seen[0].headers.contains(&"authorization: bearer hunter2".to_owned()));
    }
    let kubo = Kubo::new(quick_http(), "http://127.0.0.1:1".parse().unwrap(), None);
    assert!(!kubo.has(&ROOT.parse().unwrap()).await, "nobody there");
}

#[tokio::test]
async fn only_our_root_pinned_is_success() {
    import(200, line(OTHER, "") + &line(ROOT, "")).await.unwrap();
    let error = import(200, line(OTHER, "")).await.unwrap_err();
    assert!(matches!(&error, UploadError::OtherRoot { got, .. } if got == OTHER), "{error}");
    assert!(error.to_string().contains(ROOT) && error.to_string().contains(OTHER));
    let error = import(200, line(ROOT, "disk full")).await.unwrap_err();
    assert!(matches!(&error, UploadError::NotPinned { message, .. } if message == "disk full"));
    for body in ["", "{\"Stats\":{}}", "<html>"] {
        let error = import(200, body).await.unwrap_err();
        assert!(matches!(error, UploadError::NotConfirmed { .. }), "{error}");
    }
}

#[tokio::test]
async fn command_errors_are_quoted_and_final() {
    let body = r#"{"Message":"invalid car version","Code":0,"Type":"error"}"#;
    for status in [500, 200] {
        let error = import(status, body).await.unwrap_err();
        let UploadError::Rejected { message, .. } = &error else { panic!("{error}") };
        assert_eq!(message, "invalid car version");
    }
    let error = import(403, "403 - Forbidden").await.unwrap_err();
    assert!(matches!(&error, UploadError::Net(e) if e.status() == Some(403)), "{error}");
}

#[tokio::test]
async fn a_file_that_is_not_there() {
    let kubo = Kubo::new(quick_http(), "http://127.0.0.1:1".parse().unwrap(), None);
    let root = ROOT.parse().unwrap();
    let error = kubo.upload(Path::new("/nowhere/x.car"), &root, None).await.unwrap_err();
    assert!(matches!(error, UploadError::Net(NetError::File { .. })), "{error}");
}
