use std::io::Write;

use super::*;
use crate::net::test_server::{Answer, Seen, TestServer, quick_http};

const ROOT: &str = "bafybeibj6lixxzqtsb45ysdjnupvqkufgdvzqbnvmhw2kf7cfkesy7r7d4";
const OTHER: &str = "bafkreiem4twkqzsq2aj4shbycd4yvoj2cx72vezicletlhi7dijjciqpui";

fn bucket(endpoint: Url, bucket: &str) -> Result<S3, UploadError> {
    let config = BucketConfig {
        endpoint,
        bucket: bucket.to_owned(),
        region: "us-east-1".to_owned(),
        key_id: "AKIA".to_owned(),
        secret: "hunter2".to_owned().into(),
    };
    let wait = Duration::from_millis(1);
    let quick = Patience { first: wait, longest: wait, total: Duration::from_millis(2) };
    Ok(S3::new(quick_http(), config)?.with_patience(quick))
}

async fn upload(
    answer: impl Fn(usize, &Seen) -> Answer + Send + Sync + 'static,
) -> (Result<(), UploadError>, Vec<Seen>) {
    let server = TestServer::start(answer).await;
    let mut car = tempfile::NamedTempFile::new().unwrap();
    car.write_all(b"the blocks").unwrap();
    let s3 = bucket(server.url.clone(), "names").unwrap();
    let done = s3.upload(car.path(), &ROOT.parse().unwrap(), None).await;
    (done, server.seen())
}

fn with_root(root: &str) -> Answer {
    Answer::new(200, "").header(format!("X-Amz-Meta-Cid: {root}"))
}

#[tokio::test]
async fn put_signed_with_its_length() {
    let (done, seen) = upload(|number, _| match number {
        0 => Answer::new(503, "<Error><Code>SlowDown</Code></Error>"),
        _ => with_root(ROOT),
    })
    .await;
    done.unwrap();
    assert_eq!(seen.len(), 2, "503, then again");
    let Seen { line, headers, body } = &seen[1];
    assert!(line.starts_with(&format!("PUT /names/{ROOT}.car?X-Amz-Algorithm=AWS4-HMAC-SHA256")));
    assert!(line.contains("X-Amz-SignedHeaders=host%3Bx-amz-meta-import&"), "{line}");
    assert!(line.contains("X-Amz-Credential=AKIA%2F") && !line.contains("hunter2"));
    assert_eq!(body, b"the blocks");
    for header in ["x-amz-meta-import: car", "content-length: 10"] {
        assert!(headers.contains(&header.to_owned()), "{headers:?}");
    }
    assert!(!headers.iter().any(|header| header.starts_with("transfer-encoding")));
}

#[tokio::test]
async fn the_root_is_asked_for_when_it_does_not_come() {
    let (done, seen) = upload(|number, _| match number {
        0 | 1 => Answer::new(200, ""),
        _ => with_root(ROOT),
    })
    .await;
    done.unwrap();
    assert!(seen[2].line.starts_with(&format!("HEAD /names/{ROOT}.car?")), "{}", seen[2].line);
}

#[tokio::test]
async fn what_goes_wrong_is_said() {
    let (done, _) = upload(|_, _| with_root(OTHER)).await;
    let error = done.unwrap_err();
    assert!(matches!(&error, UploadError::OtherRoot { got, .. } if got == OTHER), "{error}");
    let (done, seen) = upload(|_, _| Answer::new(200, "")).await;
    let error = done.unwrap_err();
    assert!(error.to_string().contains("does not unpack"), "{error}");
    assert_eq!(seen.len(), 3, "a PUT and two HEADs");
    let denied = "<Error><Code>SignatureDoesNotMatch</Code></Error>";
    let (done, _) = upload(move |_, _| Answer::new(403, denied)).await;
    let error = done.unwrap_err().to_string();
    assert!(error.contains("SignatureDoesNotMatch") && !error.contains("X-Amz"), "{error}");
    let there: Url = "http://127.0.0.1:1".parse().unwrap();
    for name in ["", "a", "../other", "two/parts", "-x-", "Ünï"] {
        assert!(matches!(bucket(there.clone(), name), Err(UploadError::Settings { .. })), "{name}");
    }
}

#[tokio::test]
async fn having_it_is_one_question() {
    let answers: [(fn() -> Answer, bool); 4] = [
        (|| with_root(ROOT), true),
        (|| with_root(OTHER), false),
        (|| Answer::new(200, ""), false),
        (|| Answer::new(404, ""), false),
    ];
    for (answer, expected) in answers {
        let server = TestServer::start(move |_, _| answer()).await;
        let s3 = bucket(server.url.clone(), "names").unwrap();
        assert_eq!(s3.has(&ROOT.parse().unwrap()).await, expected);
        assert_eq!(server.seen().len(), 1);
    }
}

#[tokio::test]
async fn a_probe_asks_for_the_bucket() {
    let probe = async |status| {
        let server = TestServer::start(move |_, _| Answer::new(status, "")).await;
        let said = bucket(server.url.clone(), "names").unwrap().probe().await;
        let seen = server.seen();
        assert!(seen.iter().all(|seen| seen.line.starts_with("HEAD /names/?X-Amz-")), "{seen:?}");
        said.map_err(|error| error.to_string())
    };
    assert_eq!(probe(200).await.unwrap(), "it answers");
    assert!(probe(404).await.unwrap_err().contains("404"));
    assert!(probe(403).await.unwrap_err().contains("403"));
}
