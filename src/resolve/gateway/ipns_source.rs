//! A gateway as a source of IPNS records.

use std::time::Duration;

use async_trait::async_trait;
use tokio::time::timeout;

use super::Gateway;
use super::form::Content;
use crate::ens::Name;
use crate::ipns::{
    MAX_RECORD_BYTES, PublishError, RECORD_MEDIA_TYPE, RecordSource, UnverifiedRecord,
    VerifiedRecord,
};
use crate::keys::IpnsName;
use crate::net::{Http, NetError, Request, Response};

const NO_RECORDS: PublishError = PublishError::FilesOnly("it serves no IPNS records");
const BY_NAME: PublishError = PublishError::FilesOnly(
    "it is asked by ENS name, which cannot be checked against the recordhash",
);

/// A gateway as a source of IPNS records.
pub struct GatewayRecords {
    http: Http,
    gateway: Gateway,
    name: Name,
    attempts: u32,
    patience: Option<Duration>,
}

impl GatewayRecords {
    /// `name` is an ENS name that has the IPNS name, for gateways whose address is a template.
    pub fn new(http: Http, gateway: Gateway, name: Name) -> Self {
        Self { http, gateway, name, attempts: u32::MAX, patience: None }
    }

    /// Asks twice at most, where there are others.
    pub fn with_others(self) -> Self {
        Self { attempts: 2, ..self }
    }

    /// Waits so long at most: a gateway that has to search the network takes a minute.
    pub fn with_patience(self, patience: Duration) -> Self {
        Self { patience: Some(patience), ..self }
    }

    async fn ask(&self, key: &IpnsName) -> Result<Option<VerifiedRecord>, PublishError> {
        let record = self.fetch(&Content::Ipns(*key)).await?;
        let record = record.map(|record| record.verify_signature(key));
        record.transpose().map_err(PublishError::NoRecord)
    }

    /// The record it has for a name, its signature not checked.
    pub(super) async fn fetch(
        &self,
        content: &Content,
    ) -> Result<Option<UnverifiedRecord>, PublishError> {
        if self.gateway.is_by_name() {
            return Err(BY_NAME);
        }
        let url = self.gateway.url(content, &self.name, &[]);
        let mut url = url.ok_or(PublishError::NoPlace)?;
        url.set_query(Some("format=ipns-record"));
        let request = Request::get(url)
            .accept(RECORD_MEDIA_TYPE)
            .max_body(MAX_RECORD_BYTES)
            .settled_if(is_unknown_name)
            .attempts(self.attempts);
        let answer = match self.http.send(&request).await {
            // A listing or a page can be larger than any record.
            Err(NetError::TooLarge { .. }) => return Err(NO_RECORDS),
            answer => answer?,
        };
        match answer.status {
            200 if answer.media_type == RECORD_MEDIA_TYPE => {
                UnverifiedRecord::parse(&answer.body).map(Some).map_err(PublishError::NoRecord)
            }
            _ if is_unknown_name(&answer) => Ok(None),
            // Behind a template there may be a server that knows nothing of formats and has
            // nothing at "/".
            404 if self.gateway.is_template() => Err(NO_RECORDS),
            404 => Ok(None),
            200 | 400 | 405 | 406 | 415 | 501 => Err(NO_RECORDS),
            _ => Err(answer.to_error().into()),
        }
    }
}

#[async_trait]
impl RecordSource for GatewayRecords {
    fn describe(&self) -> String {
        self.gateway.to_string()
    }

    async fn get(&self, name: &IpnsName) -> Result<Option<VerifiedRecord>, PublishError> {
        match self.patience {
            None => self.ask(name).await,
            Some(patience) => match timeout(patience, self.ask(name)).await {
                Ok(answer) => answer,
                Err(_) => Err(PublishError::Silent(patience)),
            },
        }
    }
}

/// What Kubo answers for a name it cannot find: 500 and a text.
pub(super) fn is_unknown_name(answer: &Response) -> bool {
    let text = String::from_utf8_lossy(&answer.body);
    answer.status == 500 && (text.contains("not found") || text.contains("could not resolve"))
}
