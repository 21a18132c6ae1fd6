//! [EIP-3668](crate::spec::ccip_read): a resolver that sends its client to gateways, and takes back
//! what they answer.

use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use alloy::providers::{
    CcipReadClient, CcipReadConfig, CcipReadGateway, CcipReadGatewayError, CcipReadRequest,
};
use alloy::sol_types::{SolCall, SolError, SolValue};
use alloy_primitives::{Address, Bytes, hex, keccak256};
use url::Url;

use super::super::gateway::{is_denial, is_html};
use super::super::{FetchError, GatewayNote};
use super::Trace;
use crate::chain::{Answer, BlockReader, ChainError, ChainView, OffchainLookup, Revert, calls};
use crate::ens::Name;
use crate::json;
use crate::net::{Body, Http, NetError, Request, excerpt, shown};
use crate::record::{RecordFile, RecordKey};

/// Longer reverts are not read as lookups, in bytes: what they decode to grows with the square.
const MAX_REVERT: usize = 32 << 10;
/// Gateways of one lookup that are asked.
pub(super) const MAX_URLS: usize = 8;
/// Gateways that are asked for all the lookups of one answer, batches included.
const MAX_REQUESTS: usize = 400;
/// The longest address that is asked, in bytes.
const MAX_URL: usize = 64 << 10;

/// What a contract answers when it is asked for a record.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Answered {
    /// The answer itself.
    Value(Bytes),
    /// Where to ask.
    Lookup(Box<OffchainLookup>),
    /// Nothing.
    Reverted(Revert),
    /// A lookup that another contract wants, which clients refuse.
    ForeignLookup(Address),
}

impl Answered {
    /// Recognises a lookup in what `contract` answers.
    pub(super) fn new(contract: Address, answer: Result<Bytes, Revert>) -> Self {
        let revert = match answer {
            Ok(answer) => return Self::Value(answer),
            Err(revert) => revert,
        };
        if revert.0.len() > MAX_REVERT {
            return Self::Reverted(revert);
        }
        match OffchainLookup::abi_decode(&revert.0) {
            Ok(lookup) if lookup.sender == contract => Self::Lookup(Box::new(lookup)),
            Ok(lookup) => Self::ForeignLookup(lookup.sender),
            Err(_) => Self::Reverted(revert),
        }
    }
}

/// What nodes must agree on: all of it, for callback and extra data decide what the contract makes
/// of a gateway's answer.
impl fmt::Display for Answered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Value(value) => write!(f, "a value, {value}"),
            Self::Lookup(lookup) => {
                let OffchainLookup { urls, callData, callbackFunction, extraData, .. } = &**lookup;
                let rest = keccak256((callData.clone(), extraData.clone()).abi_encode_params());
                write!(f, "a lookup at {}", urls.join(", "))?;
                write!(f, ", callback {callbackFunction}, data of hash {rest}")
            }
            Self::Reverted(revert) => revert.fmt(f),
            Self::ForeignLookup(sender) => write!(f, "a lookup of {sender}"),
        }
    }
}

/// Asks a resolver for a record (ENSIP-10): it answers, or where to look.
pub(super) async fn ask_resolver(
    view: &ChainView,
    resolver: Address,
    name: &Name,
    key: &RecordKey,
) -> Result<Answer<Answered>, ChainError> {
    let data = key.resolver_call_of(name).into();
    let data = &calls::resolveCall { name: name.dns().into(), data }.abi_encode();
    let what = &format!("{key} of {name}");
    let ask = |at: BlockReader| async move {
        Ok(Answered::new(resolver, at.read(what, resolver, data.clone()).await?))
    };
    view.agreed(what, ask).await
}

/// The call that hands a gateway's answer to the contract.
pub(super) fn callback(lookup: &OffchainLookup, response: &[u8]) -> Vec<u8> {
    let mut call = lookup.callbackFunction.to_vec();
    let response = Bytes::copy_from_slice(response);
    call.extend((response, lookup.extraData.clone()).abi_encode_params());
    call
}

/// Asks gateways as EIP-3668 says, in the contract's order.
#[derive(Clone)]
pub(super) struct LookupGateways {
    pub(super) http: Http,
    pub(super) max_body: usize,
    pub(super) lenient: bool,
    pub(super) trace: Trace,
    /// Who answered last, or how all failed that were asked for one of its questions.
    outcome: Arc<Mutex<Option<Result<String, FetchError>>>>,
    /// How many were asked so far.
    asked: Arc<AtomicUsize>,
}

impl LookupGateways {
    pub(super) fn new(http: &Http, max_body: usize, lenient: bool, trace: &Trace) -> Self {
        let (outcome, asked) = (Arc::default(), Arc::default());
        Self { http: http.clone(), max_body, lenient, trace: trace.clone(), outcome, asked }
    }

    /// Who answered last, or how all failed; `None` when nobody was asked.
    pub(super) fn outcome(&self) -> Option<Result<String, FetchError>> {
        self.outcome.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Tries `urls` in turn.
    ///
    /// # Errors
    /// [`FetchError`]: a 4xx ends the search (429 and 408, which are about the moment, and
    /// lenient clients excepted); else what each gateway did.
    pub(super) async fn fetch(
        &self,
        urls: &[String],
        sender: Address,
        data: &[u8],
    ) -> Result<(Bytes, String), FetchError> {
        let outcome = self.try_all(urls, sender, data).await;
        let kept = outcome.as_ref().map(|(_, gateway)| gateway.clone()).map_err(Clone::clone);
        let mut outcome_of_all = self.outcome.lock().unwrap_or_else(PoisonError::into_inner);
        // Of a batch, who is silent is the reason for what the contract then says.
        if !matches!(*outcome_of_all, Some(Err(_))) {
            *outcome_of_all = Some(kept);
        }
        drop(outcome_of_all);
        outcome
    }

    async fn try_all(
        &self,
        urls: &[String],
        sender: Address,
        data: &[u8],
    ) -> Result<(Bytes, String), FetchError> {
        if urls.is_empty() {
            return Err(FetchError::NoneNamed);
        }
        let (mut notes, mut denied_by) = (Vec::new(), None);
        for template in urls.iter().take(MAX_URLS) {
            if self.asked.fetch_add(1, Ordering::Relaxed) >= MAX_REQUESTS {
                let gateway = template.chars().take(200).collect();
                let reason = format!("not asked: {MAX_REQUESTS} were asked for this answer");
                notes.push(GatewayNote { gateway, reason });
                break;
            }
            let clock = self.trace.clock();
            let outcome = self.ask(template, sender, data).await;
            let (gateway, said) = match &outcome {
                (gateway, Ok(answer)) => (gateway, format!("{} bytes", answer.len())),
                (gateway, Err(error)) => (gateway, error.to_string()),
            };
            self.trace.step(clock, "gateway of the contract", gateway, said);
            let (gateway, error) = match outcome {
                (gateway, Ok(answer)) => return Ok((answer, gateway)),
                (gateway, Err(error)) => (gateway, error),
            };
            match error.status() {
                Some(404) if !self.lenient => {
                    let path = path_of(template);
                    let gateway = with_words(gateway, &error);
                    return Err(FetchError::NotFound { path, gateway, proven: false });
                }
                Some(status) if is_final(status) && !self.lenient => {
                    return Err(FetchError::Refused(error));
                }
                _ => {}
            }
            if is_denial(&error) {
                denied_by.get_or_insert_with(|| with_words(gateway.clone(), &error));
            }
            notes.push(GatewayNote { gateway, reason: error.to_string() });
        }
        if let Some(more) = urls.len().checked_sub(MAX_URLS).filter(|more| *more > 0) {
            let gateway = format!("{more} more");
            let reason = format!("not asked: a lookup is tried at {MAX_URLS} gateways");
            notes.push(GatewayNote { gateway, reason });
        }
        let path = path_of(&urls[0]);
        Err(match denied_by {
            Some(gateway) => FetchError::NotFound { path, gateway, proven: false },
            None => FetchError::Failed { what: path, notes },
        })
    }

    pub(super) async fn ask(
        &self,
        template: &str,
        sender: Address,
        data: &[u8],
    ) -> (String, Result<Bytes, NetError>) {
        let url = match expand(template, sender, data) {
            Ok(url) => url,
            Err(reason) => {
                let url: String = template.chars().take(200).collect();
                return (url.clone(), Err(NetError::Address { url, reason }));
            }
        };
        let gateway = shown(&origin(&url));
        (gateway, self.send(template, url, sender, data).await)
    }

    async fn send(
        &self,
        template: &str,
        url: Url,
        sender: Address,
        data: &[u8],
    ) -> Result<Bytes, NetError> {
        let request = if template.contains("{data}") {
            Request::get(url)
        } else {
            let sender = format!("{sender:#x}");
            let body = serde_json::json!({"sender": sender, "data": hex::encode_prefixed(data)});
            Request::post(url, Body::Bytes(body.to_string().into()))
                .content_type("application/json")
        };
        let answer = self.http.send(&request.max_body(self.max_body)).await?;
        if answer.status != 200 {
            return Err(in_its_words(answer.to_error(), &answer.body));
        }
        let bad = |reason: &str| NetError::BadResponse {
            url: shown(&answer.url),
            reason: reason.to_owned(),
        };
        if answer.media_type == "text/html" || is_html(&answer.body) {
            return Err(bad("it is a web page (HTML), not JSON"));
        }
        // What some gateways answer in place of JSON; other clients differ in whether they take it.
        if let Some(bare) = bare_hex(&answer.body) {
            self.trace.note(format_args!(
                "{} answers with bare hex, not with JSON (EIP-3668): not every client takes it",
                shown(&origin(&answer.url))
            ));
            return Ok(bare);
        }
        // As a record file is read, by whatever way it comes.
        let payload = RecordFile::payload(&answer.body).map(Bytes::from);
        payload.map_err(|error| bad(&error.to_string()))
    }
}

/// The bytes of a body that is `0x` and hexadecimal digits alone.
fn bare_hex(body: &[u8]) -> Option<Bytes> {
    let digits = std::str::from_utf8(body).ok()?.trim().strip_prefix("0x")?;
    (!digits.starts_with("0x")).then(|| hex::decode(digits).ok().map(Bytes::from))?
}

/// What a gateway says of its refusal ([EIP-3668](crate::spec::ccip_read): `{"message": …}`).
#[derive(serde::Deserialize)]
struct Refusal {
    message: String,
}

/// `error` with the gateway's own message in place of the JSON around it.
fn in_its_words(error: NetError, body: &[u8]) -> NetError {
    match (error, json::from_slice::<Refusal>(body)) {
        (NetError::Status { url, status, retry_after, .. }, Ok(Refusal { message })) => {
            NetError::Status { url, status, retry_after, excerpt: excerpt(message.as_bytes()) }
        }
        (error, _) => error,
    }
}

/// `gateway`, and what it says of why there is nothing.
fn with_words(gateway: String, error: &NetError) -> String {
    match error {
        NetError::Status { excerpt, .. } if !excerpt.is_empty() => {
            format!("{gateway} ({excerpt:?})")
        }
        _ => gateway,
    }
}

/// A client of lookups that follows so many, one after the other. Lists of gateways may have any
/// length: [`LookupGateways`] asks the first few.
pub(super) fn client<G: CcipReadGateway>(
    gateways: G,
    max_redirects: usize,
    max_response_size: usize,
) -> CcipReadClient<G> {
    CcipReadClient::new(gateways).with_config(CcipReadConfig {
        max_redirects,
        max_response_size,
        max_gateway_urls: usize::MAX,
        // Those that are asked are counted: a list may name as many as it likes.
        max_total_requests: usize::MAX,
        ..CcipReadConfig::default()
    })
}

/// Not what is about the moment, nor what one gateway refuses by its own list.
fn is_final(status: u16) -> bool {
    (400..500).contains(&status) && !matches!(status, 408 | 410 | 429 | 451)
}

fn expand(template: &str, sender: Address, data: &[u8]) -> Result<Url, String> {
    let (sender, data) = (format!("{sender:#x}"), hex::encode_prefixed(data));
    let grown = template.matches("{data}").count().saturating_mul(data.len())
        + template.matches("{sender}").count().saturating_mul(sender.len());
    if template.len().saturating_add(grown) > MAX_URL {
        return Err(format!("it would have more than {MAX_URL} bytes"));
    }
    let text = template.replace("{sender}", &sender).replace("{data}", &data);
    let url: Url = text.parse().map_err(|error| format!("it is not a URL ({error})"))?;
    match url.scheme() {
        "http" | "https" => Ok(url),
        other => Err(format!("its scheme is {other:?}, not https")),
    }
}

pub(super) fn origin(url: &Url) -> Url {
    let mut origin = url.clone();
    origin.set_path("");
    origin.set_query(None);
    origin.set_fragment(None);
    origin
}

/// What a gateway's template asks for, for messages.
fn path_of(template: &str) -> String {
    let start = template.find("/.well-known/").unwrap_or(0);
    let path = template[start..].split('?').next().unwrap_or_default();
    path.trim_start_matches('/').chars().take(200).collect()
}

#[async_trait::async_trait]
impl CcipReadGateway for LookupGateways {
    async fn request(
        &self,
        request: &CcipReadRequest,
        max_response_size: usize,
    ) -> Result<Bytes, CcipReadGatewayError> {
        let bounded = Self { max_body: self.max_body.min(max_response_size), ..self.clone() };
        match bounded.fetch(&request.urls, request.sender, &request.data).await {
            Ok((answer, _)) => Ok(answer),
            Err(FetchError::Refused(NetError::Status { status, excerpt, .. })) => {
                Err(CcipReadGatewayError::http(status, excerpt))
            }
            Err(error @ FetchError::NotFound { .. }) => {
                Err(CcipReadGatewayError::http(404, error.to_string()))
            }
            Err(error) => Err(CcipReadGatewayError::new(error.to_string())),
        }
    }
}

#[cfg(test)]
#[path = "lookup_tests.rs"]
mod tests;
