//! What a gateway refuses is not absent, and others are asked.

use super::*;

async fn refusing(status: u16) -> TestServer {
    TestServer::start(move |_, _| Answer::new(status, "")).await
}

#[tokio::test]
async fn a_refusal_is_no_denial() {
    let site = nick(3);
    let by_hash = format!("ipfs://{}", site.root).parse().unwrap();
    let good = site.start().await;
    for status in [410, 451, 501] {
        for recordhash in [&ipns(), &by_hash] {
            let refusing = refusing(status).await;
            let outcome = match open(&[&refusing], recordhash).await {
                Ok(files) => files.fetch(&name(), AVATAR).await,
                Err(error) => Err(error),
            };
            let error = outcome.unwrap_err();
            assert!(matches!(error, FetchError::Failed { .. }), "{status}: {error}");
            assert!(!error.to_string().contains("later"), "{status}: {error}");
            let files = open(&[&refusing, &good], recordhash).await.unwrap();
            let fetched = files.fetch(&name(), AVATAR).await.unwrap();
            assert_eq!(&fetched.bytes[..], b"{\"data\":\"0x03\"}", "{status}");
        }
    }
}

/// As a bucket does whose objects were stored so: records, CARs and blocks.
#[cfg(feature = "compression")]
#[tokio::test]
async fn gateways_that_always_compress_are_read() {
    for car in [true, false] {
        let site = Site { car, ..nick(3) };
        let by_hash = format!("ipfs://{}", site.root).parse().unwrap();
        let server = TestServer::start(move |_, seen| match site.answer(seen) {
            Answer::Full(200, headers, body) => {
                let mut coded = flate2::write::GzEncoder::new(Vec::new(), Default::default());
                std::io::Write::write_all(&mut coded, &body).unwrap();
                let headers = [headers, vec!["Content-Encoding: gzip".to_owned()]].concat();
                Answer::Full(200, headers, coded.finish().unwrap())
            }
            answer => answer,
        })
        .await;
        for recordhash in [&ipns(), &by_hash] {
            let fetched = fetch(&[&server], recordhash).await.unwrap();
            assert_eq!(&fetched.bytes[..], b"{\"data\":\"0x03\"}", "{car}");
        }
    }
}

#[tokio::test]
async fn a_coding_that_nobody_reads_is_named() {
    let unread =
        TestServer::start(|_, _| Answer::new(200, "x").header("Content-Encoding: x-made-up")).await;
    let by_hash = format!("ipfs://{}", nick(1).root).parse().unwrap();
    let files = open(&[&unread], &by_hash).await.unwrap();
    let error = files.fetch(&name(), AVATAR).await.unwrap_err();
    assert!(matches!(error, FetchError::Failed { .. }), "{error}");
    assert!(error.to_string().contains("coded with x-made-up, which namesys does not"), "{error}");
}
