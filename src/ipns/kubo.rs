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

use super::publish::{PublishError, Publisher, RecordSource, explain_refusal, not_taken};
use super::{UnverifiedRecord, VerifiedRecord};
use crate::json;
use crate::keys::IpnsName;
use crate::net::{
    Body, CommandFailed, FormPart, Http, KuboRpc, NetError, Response, Timeouts, shown,
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
pub struct KuboPublisher(KuboRpc);

/// One event of `routing/get`.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Event {
    #[serde(rename = "Type")]
    kind: u8,
    #[serde(default)]
    extra: String,
}

impl KuboPublisher {
    /// The node at `url`, with a token as [`KuboRpc::new`] takes it.
    pub fn new(http: Http, url: Url, token: Option<SecretString>) -> Self {
        Self(KuboRpc::new(http, url, token))
    }

    async fn ask(
        &self,
        command: [&str; 2],
        query: &[(&str, &str)],
        body: Body,
    ) -> Result<Result<Response, CommandFailed>, NetError> {
        let request = self.0.request(&command, query, body);
        self.0.send(&request.timeouts(TIMEOUTS).max_body(MAX_ANSWER)).await
    }
}

#[async_trait]
impl RecordSource for KuboPublisher {
    fn describe(&self) -> String {
        self.0.describe()
    }

    async fn get(&self, name: &IpnsName) -> Result<Option<VerifiedRecord>, PublishError> {
        let key = format!("/ipns/{name}");
        let from = self.describe();
        let answer = match self.ask(["routing", "get"], &[("arg", &key)], Body::Empty).await? {
            Ok(answer) => answer,
            Err(failed) if failed.message.contains("not found") => return Ok(None),
            Err(failed) if failed.message.contains("online mode") => {
                return Err(PublishError::WithoutNetwork { from, taken: false });
            }
            Err(CommandFailed { status, message }) => {
                return Err(PublishError::Unreadable { from, status, message });
            }
        };
        let url = shown(&answer.url);
        let bad = |reason| NetError::BadResponse { url, reason };
        let body = answer.success()?;
        let mut record = None;
        for event in json::stream::<Event>(&body) {
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
        let name = *name;
        record.map(Some).map_err(|reason| PublishError::BadRecord { from, name, reason })
    }
}

#[async_trait]
impl Publisher for KuboPublisher {
    fn url(&self) -> &Url {
        self.0.url()
    }

    /// A call without a record: a token that may make it hears what is missing.
    async fn may_put(&self) -> Result<(), PublishError> {
        let mut missing = None;
        for command in ["name", "routing"] {
            let request = self.0.request(&[command, "put"], &[], Body::Empty).attempts(1);
            let Ok(answer) = self.0.send(&request.timeouts(TIMEOUTS)).await? else { return Ok(()) };
            match answer.status {
                401 | 403 => {
                    let (to, status) = (self.describe(), answer.status);
                    let message = format!("the credential does not allow {command}/put");
                    return Err(PublishError::Rejected { to, status, message });
                }
                404 => missing = Some(answer),
                _ => return Ok(()),
            }
        }
        missing.map_or(Ok(()), |answer| Err(not_taken(self, &answer)))
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
        if matches!(&answer, Ok(answer) if answer.status == 404) {
            let key = format!("/ipns/{name}");
            answer = self.ask(["routing", "put"], &query(&key), body()).await?;
        }
        match answer {
            Ok(answer) if (200..300).contains(&answer.status) => Ok(()),
            Ok(answer) => Err(not_taken(self, &answer)),
            Err(CommandFailed { status, message }) => {
                let refusal = PublishError::Rejected { to: self.describe(), status, message };
                explain_refusal(self, record, refusal).await
            }
        }
    }
}

#[cfg(test)]
#[path = "kubo_tests.rs"]
mod tests;
