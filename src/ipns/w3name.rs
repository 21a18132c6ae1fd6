//! The w3name API: `POST` and `GET /name/<k51…>`, the record in base64.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use data_encoding::BASE64;
use serde::Deserialize;
use url::Url;

use super::publish::{PublishError, Publisher, RecordSource, explain_refusal, not_taken};
use super::{UnverifiedRecord, VerifiedRecord};
use crate::json;
use crate::keys::IpnsName;
use crate::net::{Body, Http, NetError, RateLimiter, Request, Response, endpoint, shown};

/// An answer holds a record of at most 10 KiB in base64 and its value once more.
const MAX_ANSWER: usize = 64 * 1024;
/// The service allows 30 requests per 10 s and address; the margin is for clocks and networks.
const REQUESTS: usize = 30;
const WINDOW: Duration = Duration::from_millis(10_250);

/// A w3name service.
pub struct W3name {
    http: Http,
    url: Url,
    limiter: Arc<RateLimiter>,
}

/// The answer to `GET /name/<name>`.
#[derive(Deserialize)]
struct NameAnswer {
    value: String,
    record: String,
}

/// The body of an answer other than success.
#[derive(Deserialize)]
struct ErrorAnswer {
    message: String,
}

impl W3name {
    /// The service at `url`, `https://name.web3.storage` for instance.
    pub fn new(http: Http, url: Url) -> Self {
        Self { http, url, limiter: Arc::new(RateLimiter::new(REQUESTS, WINDOW)) }
    }

    fn name_url(&self, name: &IpnsName) -> Url {
        endpoint(&self.url, ["name", &name.to_string()])
    }

    async fn ask(&self, request: Request) -> Result<Response, NetError> {
        let request = request.limiter(self.limiter.clone()).window(WINDOW).max_body(MAX_ANSWER);
        self.http.send(&request).await
    }
}

#[async_trait]
impl RecordSource for W3name {
    fn describe(&self) -> String {
        format!("w3name at {}", shown(&self.url))
    }

    async fn get(&self, name: &IpnsName) -> Result<Option<VerifiedRecord>, PublishError> {
        let url = self.name_url(name);
        let answer = self.ask(Request::get(url).accept("application/json")).await?;
        if answer.status == 404 {
            return Ok(None);
        }
        let from = answer.url.clone();
        let body = answer.success()?;
        let bad = |reason: String| NetError::BadResponse { url: shown(&from), reason };
        let answer: NameAnswer = json::from_slice(&body)
            .map_err(|error| bad(format!("it is not the JSON of a w3name answer ({error})")))?;
        let bytes = BASE64
            .decode(answer.record.as_bytes())
            .map_err(|error| bad(format!("the record is not base64 ({error})")))?;
        let record = UnverifiedRecord::parse(&bytes)
            .and_then(|record| record.verify_signature(name))
            .map_err(|reason| PublishError::BadRecord {
                from: self.describe(),
                name: *name,
                reason,
            })?;
        if record.fields().value != answer.value {
            return Err(PublishError::Contradiction {
                from: self.describe(),
                name: *name,
                said: answer.value.chars().take(200).collect(),
                signed: record.fields().value.clone(),
            });
        }
        Ok(Some(record))
    }
}

#[async_trait]
impl Publisher for W3name {
    fn url(&self) -> &Url {
        &self.url
    }

    async fn put(&self, record: &VerifiedRecord) -> Result<(), PublishError> {
        let body = Body::Bytes(BASE64.encode(record.bytes()).into());
        let request = Request::post(self.name_url(record.name()), body).content_type("text/plain");
        let answer = self.ask(request).await?;
        match answer.status {
            200..300 => return Ok(()),
            400 => {}
            _ => return Err(not_taken(self, &answer)),
        }
        let message = match json::from_slice::<ErrorAnswer>(&answer.body) {
            Ok(ErrorAnswer { message }) => message.chars().take(300).collect(),
            Err(_) => answer.to_error().to_string(),
        };
        let refusal =
            PublishError::Rejected { to: self.describe(), status: answer.status, message };
        explain_refusal(self, record, refusal).await
    }
}
