use std::io::Write;

use super::*;
use crate::net::test_server::{Answer, TestServer, quick_http};

const ROOT: &str = "bafybeibj6lixxzqtsb45ysdjnupvqkufgdvzqbnvmhw2kf7cfkesy7r7d4";
const OTHER: &str = "bafkreiem4twkqzsq2aj4shbycd4yvoj2cx72vezicletlhi7dijjciqpui";

fn pinata(url: Url) -> Pinata {
    Pinata::new(quick_http(), url, "jwt".to_owned().into(), "nick.eth")
}

async fn upload(body: String) -> Result<(), UploadError> {
    let server = TestServer::start(move |_, _| Answer::new(200, body.clone())).await;
    let car = tempfile::NamedTempFile::new().unwrap();
    pinata(server.url).upload(car.path(), &ROOT.parse().unwrap(), None).await
}

#[tokio::test]
async fn the_form_is_as_documented() {
    let answer = format!(r#"{{"data":{{"id":"1","cid":"{ROOT}","size":10}}}}"#);
    let server = TestServer::start(move |_, _| Answer::new(200, answer.clone())).await;
    let mut car = tempfile::NamedTempFile::new().unwrap();
    car.write_all(b"the blocks").unwrap();
    pinata(server.url.clone()).upload(car.path(), &ROOT.parse().unwrap(), None).await.unwrap();
    let seen = &server.seen()[0];
    assert_eq!(seen.line, "POST /v3/files HTTP/1.1");
    assert!(seen.headers.contains(&"authorization: bearer jwt".to_owned()));
    let body = String::from_utf8_lossy(&seen.body);
    for part in [
        "name=\"network\"\r\n\r\npublic\r\n",
        "name=\"car\"\r\n\r\ntrue\r\n",
        "name=\"name\"\r\n\r\nnick.eth\r\n",
        "\r\n\r\nthe blocks\r\n",
    ] {
        assert!(body.contains(part), "{part:?} in {body}");
    }
    let positions = ["name=\"car\"", "name=\"file\""].map(|part| body.find(part).unwrap());
    assert!(positions[0] < positions[1], "what to do with the file comes before it");
}

#[tokio::test]
async fn only_our_root_is_success() {
    let error = upload(format!(r#"{{"data":{{"cid":"{OTHER}"}}}}"#)).await.unwrap_err();
    assert!(matches!(&error, UploadError::OtherRoot { got, .. } if got == OTHER), "{error}");
    assert!(error.to_string().contains(ROOT));
    for body in ["{}", "<html>", r#"{"data":{}}"#] {
        let error = upload(body.to_owned()).await.unwrap_err();
        assert!(matches!(error, UploadError::NotConfirmed { .. }), "{error}");
    }
}

#[tokio::test]
async fn too_large_is_said_before_sending() {
    let car = tempfile::NamedTempFile::new().unwrap();
    car.as_file().set_len(MAX_BYTES + 1).unwrap();
    let error = pinata("http://127.0.0.1:1".parse().unwrap())
        .upload(car.path(), &ROOT.parse().unwrap(), None)
        .await
        .unwrap_err();
    assert!(matches!(&error, UploadError::Rejected { .. }), "{error}");
    assert!(error.to_string().contains("100000001 bytes"), "{error}");
}

#[tokio::test]
async fn having_it_is_one_question() {
    let files = |cid: &str| format!(r#"{{"data":{{"files":[{{"cid":"{cid}"}}]}}}}"#);
    for (status, body, expected) in [
        (200, files(ROOT), true),
        (200, files(OTHER), false),
        (200, r#"{"data":{"files":[]}}"#.to_owned(), false),
        (401, files(ROOT), false),
    ] {
        let server = TestServer::start(move |_, _| Answer::new(status, body.clone())).await;
        assert_eq!(pinata(server.url.clone()).has(&ROOT.parse().unwrap()).await, expected);
        let line = format!("GET /v3/files/public?cid={ROOT}&limit=1 HTTP/1.1");
        assert_eq!(server.seen()[0].line, line);
    }
}

#[tokio::test]
async fn a_probe_asks_for_a_list() {
    let probe = async |status, body: &'static str| {
        let server = TestServer::start(move |_, _| Answer::new(status, body)).await;
        let said = pinata(server.url.clone()).probe().await.map_err(|error| error.to_string());
        assert!(server.seen().iter().all(|seen| seen.line.starts_with("GET /v3/files/public?")));
        said
    };
    assert_eq!(probe(200, r#"{"data":{"files":null}}"#).await.unwrap(), "it answers");
    assert!(probe(200, "<html>").await.unwrap_err().contains("not a list of files"));
    assert!(probe(401, "no").await.unwrap_err().contains("401"));
}

/// The token goes to the host it was bound to, and of Pinata's own two to both.
#[test]
fn files_are_listed_where_the_token_is_bound() {
    for (uploads, listed) in [
        ("https://uploads.pinata.cloud/", "https://api.pinata.cloud/"),
        ("https://uploads.example.com/", "https://uploads.example.com/"),
        (
            "https://uploads.pinata.cloud.evil.example/",
            "https://uploads.pinata.cloud.evil.example/",
        ),
        ("https://uploads.pinata.cloud:8443/", "https://uploads.pinata.cloud:8443/"),
        ("http://uploads.pinata.cloud/", "http://uploads.pinata.cloud/"),
        ("http://127.0.0.1:5000/", "http://127.0.0.1:5000/"),
    ] {
        assert_eq!(listing(&uploads.parse().unwrap()).as_str(), listed);
    }
}
