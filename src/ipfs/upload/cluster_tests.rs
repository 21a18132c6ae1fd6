use std::io::Write;
use std::time::Duration;

use data_encoding::BASE64;

use super::*;
use crate::net::test_server::{Answer, Seen, TestServer, quick_http};

const ROOT: &str = "bafybeibj6lixxzqtsb45ysdjnupvqkufgdvzqbnvmhw2kf7cfkesy7r7d4";
const OTHER: &str = "bafkreiem4twkqzsq2aj4shbycd4yvoj2cx72vezicletlhi7dijjciqpui";

fn quick() -> Patience {
    let wait = Duration::from_millis(1);
    Patience { first: wait, longest: wait, total: Duration::from_millis(3) }
}

fn status(statuses: &[(&str, &str)]) -> String {
    let peers = statuses.iter().enumerate().map(|(number, (status, error))| {
        let info = serde_json::json!({ "peername": "p", "status": status, "error": error });
        (format!("12D3{number}"), info)
    });
    let peers: serde_json::Map<_, _> = peers.collect();
    serde_json::json!({ "cid": ROOT, "name": "", "peer_map": peers }).to_string()
}

fn is_add(seen: &Seen) -> bool {
    seen.line.starts_with("POST /add?")
}

async fn upload(
    answer: impl Fn(usize, &Seen) -> Answer + Send + Sync + 'static,
) -> (Result<(), UploadError>, Vec<Seen>) {
    let server = TestServer::start(answer).await;
    let mut car = tempfile::NamedTempFile::new().unwrap();
    car.write_all(b"the blocks").unwrap();
    let token = Some("me:hunter2".to_owned().into());
    let cluster = Cluster::new(quick_http(), server.url.clone(), token).with_patience(quick());
    let done = cluster.upload(car.path(), &ROOT.parse().unwrap(), None).await;
    (done, server.seen())
}

#[tokio::test]
async fn added_as_car_and_waited_for() {
    for added in [
        format!(r#"[{{"name":"","cid":"{ROOT}","bytes":10,"size":10}}]"#),
        format!(r#"[{{"name":"a","cid":"{OTHER}"}},{{"name":"","cid":{{"/":"{ROOT}"}}}}]"#),
    ] {
        let (done, seen) = upload(move |number, seen| match (is_add(seen), number) {
            (true, _) => Answer::new(200, added.clone()),
            (false, 1) => Answer::new(200, status(&[("remote", ""), ("pinning", "")])),
            (false, _) => Answer::new(200, status(&[("pin_error", "full"), ("pinned", "")])),
        })
        .await;
        done.unwrap();
        assert_eq!(seen[0].line, "POST /add?format=car&stream-channels=false HTTP/1.1");
        assert!(seen[0].body.windows(10).any(|window| window == b"the blocks"));
        assert_eq!(seen[2].line, format!("GET /pins/{ROOT} HTTP/1.1"));
        let basic = format!("authorization: basic {}", BASE64.encode(b"me:hunter2"));
        assert!(seen.iter().all(|seen| seen.headers.contains(&basic.to_ascii_lowercase())));
    }
}

#[tokio::test]
async fn what_goes_wrong_is_said() {
    let added = format!(r#"[{{"cid":"{OTHER}"}}]"#);
    let (done, _) = upload(move |_, _| Answer::new(200, added.clone())).await;
    let error = done.unwrap_err();
    assert!(matches!(&error, UploadError::OtherRoot { got, .. } if got == OTHER), "{error}");

    let (done, seen) = upload(|_, _| Answer::new(500, r#"{"code":500,"message":"no car"}"#)).await;
    let error = done.unwrap_err();
    assert!(matches!(&error, UploadError::Rejected { message, .. } if message == "no car"));
    assert_eq!(seen.len(), 1, "what it says of the file is final");

    let (done, _) = upload(|_, _| Answer::new(401, r#"{"code":401,"message":"no"}"#)).await;
    assert!(matches!(&done, Err(UploadError::Net(e)) if e.status() == Some(401)), "{done:?}");

    for (body, words) in [("[]", "no root"), ("{}", "not a list"), ("null", "not a list")] {
        let (done, _) = upload(move |_, _| Answer::new(200, body)).await;
        assert!(done.unwrap_err().to_string().contains(words), "{body}");
    }
}

#[tokio::test]
async fn peers_that_do_not_pin() {
    let with = |statuses: &'static [(&str, &str)]| {
        upload(move |_, seen| match is_add(seen) {
            true => Answer::new(200, format!(r#"[{{"cid":"{ROOT}"}}]"#)),
            false => Answer::new(200, status(statuses)),
        })
    };
    let (done, _) = with(&[("pin_error", "disk full"), ("remote", "")]).await;
    let error = done.unwrap_err();
    assert!(matches!(&error, UploadError::NotPinned { message, .. } if message == "disk full"));
    let (done, seen) = with(&[("pin_error", "disk full"), ("pin_queued", "")]).await;
    let error = done.unwrap_err();
    let UploadError::Pending { status, .. } = &error else { panic!("{error}") };
    assert_eq!(status, "pin_error, pin_queued");
    assert_eq!(seen.len(), 5, "the addition and four questions");
    let (done, _) = with(&[]).await;
    assert!(matches!(done, Err(UploadError::Pending { .. })));
}

#[tokio::test]
async fn having_it_is_one_question() {
    for (answer, expected) in [
        (status(&[("pinned", "")]), true),
        (status(&[("unpinned", "")]), false),
        (status(&[("pinned", "")]).replace(ROOT, OTHER), false),
        ("<html>".to_owned(), false),
    ] {
        let server = TestServer::start(move |_, _| Answer::new(200, answer.clone())).await;
        let cluster = Cluster::new(quick_http(), server.url.clone(), None);
        assert_eq!(cluster.has(&ROOT.parse().unwrap()).await, expected);
        assert_eq!(server.seen().len(), 1);
    }
}

#[tokio::test]
async fn a_probe_asks_for_the_status_of_a_pin() {
    let probe = async |status, body: String| {
        let server = TestServer::start(move |_, _| Answer::new(status, body.clone())).await;
        let said = Cluster::new(quick_http(), server.url.clone(), None).probe().await;
        assert!(server.seen().iter().all(|seen| seen.line.starts_with("GET /pins/bafy")));
        said.map_err(|error| error.to_string())
    };
    let unpinned = status(&[("unpinned", "")]).replace(ROOT, &super::super::nothing().to_string());
    assert_eq!(probe(200, unpinned).await.unwrap(), "it answers");
    assert!(probe(200, "<html>".into()).await.unwrap_err().contains("not the status of a pin"));
    assert!(probe(401, r#"{"code":401}"#.into()).await.unwrap_err().contains("401"));
}
