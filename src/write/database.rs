//! Posting to a database gateway, and understanding what it answers: of several setters in one
//! body, each has an answer of its own.

use alloy::sol_types::{SolError, SolValue};
use alloy_primitives::{Bytes, hex};
use serde::Deserialize;
use url::Url;

use crate::chain::{Revert, calls};
use crate::json;
use crate::net::{Body, Http, NetError, Request, Response, private_literal, shown};

/// Most bytes of an answer that are read.
const MAX_ANSWER: usize = 1 << 20;
/// More of a gateway's own words is not shown, in characters.
const SHOWN: usize = 200;

/// What a gateway said of what was posted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Posted {
    /// It took all of it, by its own word.
    Taken,
    /// Of several setters, what it says of each: nothing, or why it was not kept.
    Each(Vec<Option<String>>),
}

/// Why nothing was taken.
#[derive(Debug, thiserror::Error)]
pub enum PostFailure {
    /// The URL that the resolver names.
    #[error("the resolver names {url:?} as gateway, {reason}")]
    Url {
        /// As the resolver has it.
        url: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// Nobody answered.
    #[error(transparent)]
    Net(#[from] NetError),
    /// The gateway refuses, in its own words.
    #[error("{gateway} refuses it ({status}): {words}")]
    Refused {
        /// Who.
        gateway: String,
        /// The HTTP status.
        status: u16,
        /// What it says.
        words: String,
    },
    /// 200, and an answer that is none.
    #[error("{gateway} answers with something else than it should: {words}")]
    Answer {
        /// Who.
        gateway: String,
        /// Its beginning.
        words: String,
    },
}

/// How far what was posted came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arrival {
    /// It was not sent.
    Unsent,
    /// It came there, and was refused.
    Refused,
    /// It was sent, and nothing that can be understood came back.
    Unknown,
}

impl PostFailure {
    /// How far what was posted to `asked`, in one attempt, came.
    pub fn arrival(&self, asked: &Url) -> Arrival {
        match self {
            Self::Url { .. } => Arrival::Unsent,
            Self::Net(error) if is_unsent(error, asked) => Arrival::Unsent,
            Self::Net(_) | Self::Answer { .. } => Arrival::Unknown,
            Self::Refused { .. } => Arrival::Refused,
        }
    }
}

/// Whether nobody got it: the first server was not reached. One that redirects has seen it.
fn is_unsent(error: &NetError, asked: &Url) -> bool {
    let no_way = error.is_no_connection()
        || matches!(
            error,
            NetError::Address { .. }
                | NetError::Private { .. }
                | NetError::GivenUp { .. }
                | NetError::WaitedOut { .. }
                | NetError::Tls { .. }
        );
    let of_first = error.to_string().starts_with(&shown(asked));
    matches!(error, NetError::Client { .. }) || (no_way && of_first)
}

#[derive(Deserialize)]
struct Answer {
    data: Option<String>,
    error: Option<String>,
    message: Option<String>,
}

/// The URL that a resolver names: https alone, but on this machine where that is allowed.
///
/// # Errors
/// [`PostFailure::Url`].
pub fn gateway_url(text: &str, allow_loopback: bool) -> Result<Url, PostFailure> {
    let wrong = |reason| PostFailure::Url { url: text.chars().take(SHOWN).collect(), reason };
    let url: Url = text.parse().map_err(|_| wrong("which is no URL"))?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err(wrong("which carries a login: none is sent"));
    }
    let here = is_loopback(&url);
    match (url.scheme(), here) {
        (_, true) if !allow_loopback => Err(wrong(
            "which is this machine itself: --allow-loopback or --network devnet allows it",
        )),
        // Of names it is seen when they are looked up.
        ("https" | "http", false) if private_literal(&url).is_some() => {
            Err(wrong("which is an address in a private network"))
        }
        ("https", _) | ("http", true) => Ok(url),
        ("http", false) => Err(wrong("and is asked over https alone")),
        _ => Err(wrong("which is no https:// address")),
    }
}

/// Whether it leads to this machine.
pub fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        Some(url::Host::Domain(host)) => host == "localhost" || host.ends_with(".localhost"),
        None => false,
    }
}

/// Posts `body`, and nothing else: no credential goes along. `setters` is how many the body has.
///
/// # Errors
/// [`PostFailure`]: nothing of it counts as written.
pub async fn post(
    http: &Http,
    url: &Url,
    body: String,
    setters: usize,
) -> Result<Posted, PostFailure> {
    let request = Request::post(url.clone(), Body::Bytes(body.into()))
        .content_type("application/json")
        .max_body(MAX_ANSWER)
        // Once: what a second attempt is told says nothing of the first.
        .attempts(1);
    understood(&http.send(&request).await?, setters)
}

fn understood(answer: &Response, setters: usize) -> Result<Posted, PostFailure> {
    let Response { status, body, .. } = answer;
    let gateway = shown(&answer.url);
    let cut = |text: &str| text.chars().filter(|c| !c.is_control()).take(SHOWN).collect::<String>();
    let start = || cut(&String::from_utf8_lossy(body));
    let read = json::from_slice::<Answer>(body).ok();
    let own = |answer: &Answer| answer.error.clone().or_else(|| answer.message.clone());
    let own = read.as_ref().and_then(own).map(|words| cut(&words));
    if *status != 200 {
        let words = own.unwrap_or_else(start);
        return Err(PostFailure::Refused { gateway, status: *status, words });
    }
    // It says 200, and that it failed.
    if let Some(words) = own {
        return Err(PostFailure::Refused { gateway, status: *status, words });
    }
    let Some(data) = read.and_then(|answer| answer.data) else { return Ok(Posted::Taken) };
    let data = hex::decode(&data)
        .map_err(|_| PostFailure::Answer { gateway: gateway.clone(), words: start() })?;
    if let Ok(error) = calls::Error::abi_decode(&data) {
        return Err(PostFailure::Refused { gateway, status: *status, words: cut(&error.message) });
    }
    if setters < 2 || data.is_empty() {
        return Ok(Posted::Taken);
    }
    let each = Vec::<Bytes>::abi_decode(&data).ok().filter(|each| each.len() == setters);
    let each = each.ok_or_else(|| PostFailure::Answer { gateway, words: start() })?;
    let said = |answer: Bytes| match answer.len() % 32 {
        // Four bytes of an error, and its arguments.
        4 => Some(cut(&Revert(answer).to_string())),
        _ => None,
    };
    Ok(Posted::Each(each.into_iter().map(said).collect()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gateways_are_asked_over_https_or_at_home() {
        for good in ["https://api.namesys.xyz", "https://api.example/r/0x12"] {
            assert!(gateway_url(good, false).is_ok(), "{good}");
        }
        for bad in [
            "http://api.namesys.xyz",
            "ftp://a.example",
            "api.namesys.xyz",
            "https://me:secret@a.example",
            "http://127.0.0.1:1",
            "https://localhost",
            "https://10.0.0.1",
            "https://192.168.0.1:8443/x",
            "https://169.254.169.254",
            "https://[fd00::1]",
            "https://0.0.0.0",
            "data:text/plain,x",
        ] {
            assert!(gateway_url(bad, false).is_err(), "{bad}");
        }
        assert!(gateway_url("http://127.0.0.1:23000", true).is_ok());
        assert!(gateway_url("http://192.168.0.1", true).is_err());
    }
}
