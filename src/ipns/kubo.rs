//! Kubo's RPC: `POST /api/v0/name/put` (0.40 and newer), else `/routing/put`; `/routing/get`,
//! which every version has, to read.
//!
//! Status 200 is no proof: with its usual routers Kubo (seen on 0.44) gives it also to records
//! it does not keep, as invalid and older ones through `routing/put`, and through both without
//! network. Without network (`ipfs daemon --offline`) neither `routing/get` nor `name/get`
//! answer; `name/resolve` does, but it says a value and shows no record.

use std::time::Duration;

use async_trait::async_trait;
use data_encoding::BASE64;
use serde::Deserialize;
use url::Url;

use super::publish::{PublishError, Publisher, explain_refusal};
use super::{UnverifiedRecord, VerifiedRecord};
use crate::keys::IpnsName;
use crate::net::{
    Authorization, Body, FormPart, Http, NetError, Request, Response, Timeouts, endpoint, shown,
};
use crate::secret::SecretString;

/// The node answers when it has asked or told others, which takes a minute and more on the
/// public network.
const TIMEOUTS: Timeouts = Timeouts {
    connect: Duration::from_secs(5),
    idle: Duration::from_secs(180),
    body: Duration::from_secs(180),
};
/// A record of at most 10 KiB in base64, and what events come before it.
const MAX_ANSWER: usize = 256 * 1024;
/// The kind of event that carries a record (`routing.Value` in go-libp2p).
const VALUE_EVENT: u8 = 5;

/// The RPC of a Kubo node that keeps records and tells its network of them.
pub struct KuboPublisher {
    http: Http,
    url: Url,
    authorization: Option<Authorization>,
}

/// One event of `routing/get`.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Event {
    #[serde(rename = "Type")]
    kind: u8,
    #[serde(default)]
    extra: String,
}

/// Kubo's way to say that a command failed, with status 500.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct CommandError {
    message: String,
    #[serde(rename = "Type")]
    kind: String,
}

impl KuboPublisher {
    /// The node at `url`, `http://127.0.0.1:5001` for instance; `token` as
    /// [`Authorization::from_token`] reads it.
    pub fn new(http: Http, url: Url, token: Option<SecretString>) -> Self {
        let authorization = token.as_ref().map(Authorization::from_token);
        Self { http, url, authorization }
    }

    async fn ask(
        &self,
        command: [&str; 2],
        query: &[(&str, &str)],
        body: Body,
    ) -> Result<Response, NetError> {
        let mut url = endpoint(&self.url, ["api", "v0", command[0], command[1]]);
        url.query_pairs_mut().extend_pairs(query);
        let request = Request::post(url, body)
            .authorization(self.authorization.clone())
            .timeouts(TIMEOUTS)
            .max_body(MAX_ANSWER)
            .settled_if(|answer| command_error(answer).is_some());
        self.http.send(&request).await
    }
}

fn command_error(answer: &Response) -> Option<String> {
    if answer.status == 200 {
        return None;
    }
    let error: CommandError = serde_json::from_slice(&answer.body).ok()?;
    (error.kind == "error").then(|| error.message.chars().take(300).collect())
}

#[async_trait]
impl Publisher for KuboPublisher {
    fn describe(&self) -> String {
        format!("kubo at {}", shown(&self.url))
    }

    fn url(&self) -> &Url {
        &self.url
    }

    async fn get(&self, name: &IpnsName) -> Result<Option<VerifiedRecord>, PublishError> {
        let key = format!("/ipns/{name}");
        let answer = self.ask(["routing", "get"], &[("arg", &key)], Body::Empty).await?;
        let status = answer.status;
        let bad = {
            let url = shown(&answer.url);
            move |reason| NetError::BadResponse { url, reason }
        };
        match command_error(&answer) {
            Some(message) if message.contains("not found") => return Ok(None),
            Some(message) if message.contains("online mode") => {
                return Err(PublishError::WithoutNetwork { from: self.describe() });
            }
            Some(message) => {
                return Err(PublishError::Unreadable { from: self.describe(), status, message });
            }
            None => {}
        }
        let body = answer.success()?;
        let mut record = None;
        for event in serde_json::Deserializer::from_slice(&body).into_iter::<Event>() {
            match event {
                Ok(event) if event.kind == VALUE_EVENT => record = Some(event.extra),
                Ok(_) => {}
                Err(error) => {
                    return Err(bad(format!("it is not Kubo's events ({error})")).into());
                }
            }
        }
        let Some(record) = record else {
            return Err(bad("its events hold no record".to_owned()).into());
        };
        let bytes = BASE64
            .decode(record.as_bytes())
            .map_err(|error| bad(format!("the record is not base64 ({error})")))?;
        let record = UnverifiedRecord::parse(&bytes).and_then(|r| r.verify_signature(name));
        let (from, name) = (self.describe(), *name);
        record.map(Some).map_err(|reason| PublishError::BadRecord { from, name, reason })
    }

    async fn put(&self, record: &VerifiedRecord) -> Result<(), PublishError> {
        let body = || Body::Form {
            texts: Vec::new(),
            field: "file",
            part: FormPart::Bytes(record.bytes().to_vec().into()),
        };
        let name = record.name().to_string();
        // A node without network keeps it, one with network tells it as without this.
        let query = |arg| [("arg", arg), ("allow-offline", "true")];
        let mut answer = self.ask(["name", "put"], &query(&name), body()).await?;
        if answer.status == 404 {
            let key = format!("/ipns/{name}");
            answer = self.ask(["routing", "put"], &query(&key), body()).await?;
        }
        let status = answer.status;
        match command_error(&answer) {
            None => Ok(answer.success().map(drop)?),
            Some(message) => {
                let refusal = PublishError::Rejected { to: self.describe(), status, message };
                explain_refusal(self, record, refusal).await
            }
        }
    }
}

#[cfg(test)]
#[path = "kubo_tests.rs"]
mod tests;
