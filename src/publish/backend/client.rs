//! The backend as it is asked and written to. It answers 200 with `{"response": …}`, and 407 with
//! nothing where its worker failed.

use std::collections::BTreeMap;

use bytes::Bytes;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value as Json;
use url::Url;

use super::BackendError;
use super::body::BackendPlace;
use super::types::all_types;
use crate::ens::Name;
use crate::ipns::Revision;
use crate::json;
use crate::net::{Body, Http, Request, endpoint};

/// Bytes of an answer at most: it has every value of a name once.
const MAX_ANSWER: usize = 1 << 20;

/// The deployed NameSys backend, wherever one runs.
#[derive(Clone)]
pub struct NamesysBackend {
    url: Url,
    http: Http,
}

/// What it has of a name, as it says: texts, and no signature.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Held {
    /// The value of each type it has.
    pub(super) values: BTreeMap<&'static str, String>,
    /// The revision that was last posted.
    pub(super) revision: Option<Revision>,
}

impl NamesysBackend {
    /// The one at `url`, asked by `http`.
    pub fn new(url: Url, http: Http) -> Self {
        Self { url, http }
    }

    /// Kind and address, for a person.
    pub fn describe(&self) -> String {
        format!("namesys at {}", crate::net::shown(&self.url))
    }

    /// What it says that it has of a name.
    pub(super) async fn held(
        &self,
        place: &BackendPlace,
        name: &Name,
    ) -> Result<Held, BackendError> {
        let answer: BTreeMap<String, Json> = self.post("read", place.read(name)).await?;
        let text = |of: &str| answer.get(of).and_then(Json::as_str).filter(|text| !text.is_empty());
        let values = all_types().filter_map(|of| Some((of, text(of)?.to_owned()))).collect();
        let unread = |reason| BackendError::Unread { path: "read", reason };
        let revision = match answer.get("revision") {
            None | Some(Json::Null) => None,
            Some(Json::String(text)) if text.is_empty() => None,
            // What was posted without a record.
            Some(Json::Object(map)) if map.is_empty() => None,
            Some(said) => {
                let bytes =
                    bytes(said).ok_or_else(|| unread("its revision is no bytes".to_owned()))?;
                Some(Revision::decode(&bytes).map_err(|error| unread(error.to_string()))?)
            }
        };
        Ok(Held { values, revision })
    }

    /// Posts records: when it says each was written. It may answer before they are.
    pub(super) async fn write(&self, body: String) -> Result<BTreeMap<String, u64>, BackendError> {
        #[derive(Deserialize)]
        struct Written {
            timestamp: BTreeMap<String, Json>,
        }
        let written: Written = self.post("write", body).await?;
        let times = written.timestamp.into_iter();
        Ok(times.filter_map(|(of, time)| Some((of, time.as_u64()?))).collect())
    }

    /// Posts a revision.
    pub(super) async fn revise(&self, body: String) -> Result<(), BackendError> {
        #[derive(Deserialize)]
        struct Revised {
            status: bool,
        }
        let Revised { status } = self.post("revision", body).await?;
        match status {
            true => Ok(()),
            false => Err(BackendError::Refused { path: "revision", status: 200 }),
        }
    }

    async fn post<T: DeserializeOwned>(
        &self,
        path: &'static str,
        body: String,
    ) -> Result<T, BackendError> {
        #[derive(Deserialize)]
        struct Answer<T> {
            response: T,
        }
        let request = Request::post(endpoint(&self.url, [path]), Body::Bytes(Bytes::from(body)))
            .content_type("application/json")
            .accept("application/json")
            .max_body(MAX_ANSWER);
        let answer = self.http.send(&request).await?;
        match answer.status {
            200 => {}
            status @ (400 | 407 | 413) => return Err(BackendError::Refused { path, status }),
            _ => return Err(answer.to_error().into()),
        }
        let read: Result<Answer<T>, _> = json::from_slice(&answer.body);
        let unread = |reason: String| BackendError::Unread { path, reason };
        read.map(|answer| answer.response).map_err(|error| unread(error.to_string()))
    }
}

/// Bytes as a JavaScript byte array is written: a map from place to byte, or a list.
fn bytes(said: &Json) -> Option<Vec<u8>> {
    let byte = |byte: &Json| u8::try_from(byte.as_u64()?).ok();
    match said {
        Json::Array(list) => list.iter().map(byte).collect(),
        Json::Object(map) => {
            (0..map.len()).map(|place| byte(map.get(&place.to_string())?)).collect()
        }
        _ => None,
    }
}
