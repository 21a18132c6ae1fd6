//! Delegated Routing V1: `GET` and `PUT /routing/v1/ipns/<name>`
//! (<https://specs.ipfs.tech/routing/http-routing-v1/>). A Kubo gateway with
//! `Gateway.ExposeRoutingAPI` speaks it.

use async_trait::async_trait;
use url::Url;

use super::publish::{PublishError, Publisher, RecordSource, explain_refusal, not_taken};
use super::{MAX_RECORD_BYTES, UnverifiedRecord, VerifiedRecord};
use crate::keys::IpnsName;
use crate::net::{Body, Http, NetError, Request, Response, endpoint, shown};

/// The media type of an IPNS record.
pub const RECORD_MEDIA_TYPE: &str = "application/vnd.ipfs.ipns-record";

/// A delegated routing server.
pub struct DelegatedRouting {
    http: Http,
    url: Url,
}

impl DelegatedRouting {
    /// The server at `url`; a path `/routing/v1` at its end may be given or not.
    pub fn new(http: Http, mut url: Url) -> Self {
        let path = url.path().trim_end_matches('/').to_owned();
        url.set_path(path.strip_suffix("/routing/v1").unwrap_or(&path));
        Self { http, url }
    }

    fn name_url(&self, name: &IpnsName) -> Url {
        endpoint(&self.url, ["routing", "v1", "ipns", &name.to_string()])
    }
}

/// 404, or what Kubo answers for a name it cannot find: 500 and a text, or since IPIP-513 200
/// and a text.
fn is_not_found(answer: &Response) -> bool {
    let is_text = answer.media_type != RECORD_MEDIA_TYPE;
    match answer.status {
        404 => true,
        200 | 500 => is_text && says(answer, "not found"),
        _ => false,
    }
}

fn says(answer: &Response, text: &str) -> bool {
    answer.body.windows(text.len()).any(|window| window == text.as_bytes())
}

#[async_trait]
impl RecordSource for DelegatedRouting {
    fn describe(&self) -> String {
        format!("delegated routing at {}", shown(&self.url))
    }

    async fn get(&self, name: &IpnsName) -> Result<Option<VerifiedRecord>, PublishError> {
        let request = Request::get(self.name_url(name))
            .accept(RECORD_MEDIA_TYPE)
            .max_body(MAX_RECORD_BYTES)
            .settled_if(is_not_found);
        let answer = self.http.send(&request).await?;
        if is_not_found(&answer) {
            return Ok(None);
        }
        let (media_type, from) = (answer.media_type.clone(), answer.url.clone());
        let body = answer.success()?;
        // A server may say with 200 and another media type (text) that it has none.
        if media_type != RECORD_MEDIA_TYPE {
            let reason = format!("its media type is {media_type:?}, not {RECORD_MEDIA_TYPE:?}");
            return Err(NetError::BadResponse { url: shown(&from), reason }.into());
        }
        let record = UnverifiedRecord::parse(&body).and_then(|r| r.verify_signature(name));
        let from = self.describe();
        let name = *name;
        record.map(Some).map_err(|reason| PublishError::BadRecord { from, name, reason })
    }
}

#[async_trait]
impl Publisher for DelegatedRouting {
    fn url(&self) -> &Url {
        &self.url
    }

    async fn put(&self, record: &VerifiedRecord) -> Result<(), PublishError> {
        let body = Body::Bytes(record.bytes().to_vec().into());
        let request = Request::put(self.name_url(record.name()), body)
            .content_type(RECORD_MEDIA_TYPE)
            .settled_if(|answer| says(answer, "newer value"));
        let answer = self.http.send(&request).await?;
        let status = answer.status;
        match status {
            200..300 => Ok(()),
            400 | 409 | 500 => {
                let message = String::from_utf8_lossy(&answer.body).chars().take(300).collect();
                let refusal = PublishError::Rejected { to: self.describe(), status, message };
                explain_refusal(self, record, refusal).await
            }
            _ => Err(not_taken(self, &answer)),
        }
    }
}
