//! A gateway as it is asked and written to ([database](crate::spec::database)).

use bytes::Bytes;
use serde::Deserialize;
use url::Url;

use super::DatabaseError;
use crate::ens::Name;
use crate::json;
use crate::net::{Body, Http, Request, endpoint};
use crate::record::{RecordFile, RecordKey, record_path};

/// Of a gateway's reason, as many characters are told.
const MAX_REASON: usize = 300;

/// A gateway that has signed records in a database.
#[derive(Clone)]
pub struct DatabaseGateway {
    url: Url,
    http: Http,
}

/// What it says to a body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    /// All of it is kept.
    Taken,
    /// It has something as new, or newer: nothing of it is kept.
    Conflict(String),
}

impl DatabaseGateway {
    /// The one at `url`, asked by `http`.
    pub fn new(url: Url, http: Http) -> Self {
        Self { url, http }
    }

    /// Its address, without a slash at its end.
    pub fn shown(&self) -> String {
        self.url.as_str().trim_end_matches('/').to_owned()
    }

    /// Whether it answers a question for a record of `name`, whatever it has of it.
    ///
    /// # Errors
    /// [`DatabaseError`] where it does not, or answers with what is no record.
    pub async fn answers(&self, name: &Name) -> Result<(), DatabaseError> {
        self.held(&record_path(name, &RecordKey::Contenthash)).await.map(|_| ())
    }

    /// The payload of the record at `path`, where it has one.
    pub(super) async fn held(&self, path: &str) -> Result<Option<Vec<u8>>, DatabaseError> {
        // What it has now, not what a cache before it had.
        let request = Request::get(endpoint(&self.url, path.split('/')))
            .accept("application/json")
            .header("cache-control", "no-cache");
        let answer = self.http.send(&request).await?;
        match answer.status {
            200 => {
                let payload = RecordFile::payload(&answer.body).map_err(|error| {
                    DatabaseError::Unread { path: path.to_owned(), reason: error.to_string() }
                })?;
                Ok(Some(payload))
            }
            404 => Ok(None),
            _ => Err(answer.to_error().into()),
        }
    }

    /// Posts a body. The same again changes nothing.
    pub(super) async fn post(&self, body: String) -> Result<Answer, DatabaseError> {
        let request = Request::post(self.url.clone(), Body::Bytes(Bytes::from(body)))
            .content_type("application/json")
            .accept("application/json");
        let answer = self.http.send(&request).await?;
        match answer.status {
            200 => Ok(Answer::Taken),
            409 => Ok(Answer::Conflict(reason(&answer.body))),
            status @ (400 | 401 | 403 | 413) => {
                Err(DatabaseError::Refused { status, reason: reason(&answer.body) })
            }
            _ => Err(answer.to_error().into()),
        }
    }
}

/// Why it refuses, in its own words.
fn reason(body: &[u8]) -> String {
    #[derive(Default, Deserialize)]
    struct Refusal {
        error: Option<String>,
        message: Option<String>,
    }
    let refusal: Refusal = json::from_slice(body).unwrap_or_default();
    let words = refusal.error.or(refusal.message);
    let words = words.unwrap_or_else(|| "it does not say why".to_owned());
    words.chars().filter(|c| !c.is_control()).take(MAX_REASON).collect()
}
