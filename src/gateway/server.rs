//! All of it over HTTP ([database](crate::spec::database)).
//!
//! | request | what it is |
//! | --- | --- |
//! | `POST /` | a body of seed 004 or ERC-7700: 200, or 4xx with `error` and nothing stored; a body `{sender, data}` is a question (EIP-3668) |
//! | `GET /{sender}/{data}` | a question (EIP-3668), with or without `.json` |
//! | `GET /.well-known/…` | the file of a record, as a tree has it |
//! | `POST /graphql` | the version of a name |
//! | `GET /healthz`, `GET /metrics` | for whoever watches |

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Instant;

use alloy_primitives::B256;
use axum::body::{Body, to_bytes};
use axum::extract::{ConnectInfo, Path, Request, State};
use axum::http::{HeaderMap, Method, StatusCode, Uri, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use bytes::Bytes as Body8;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::json;
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::timeout;

use super::asked::{Asked, of_call, of_path, of_url};
use super::check::{Checked, Checker, Refusal};
use super::config::{GatewayConfig, GatewayError, GatewayLimits};
use super::kept::Taken;
use super::numbers::Numbers;
use super::owners::OwnersError;
use super::refusals::{error, is_too_long, message, out_of_order, slower, unavailable};
use super::roster::{Roster, Said};
use super::store::Store;
use super::version::{GraphQl, refused};
use crate::ens::{Name, WELL_KNOWN};
use crate::record::RecordFile;
use crate::request::RecordsPost;
use crate::serve::TlsFiles;
use crate::web::{self, RateLimiter, cors};

/// A gateway that has its address and does not answer yet.
pub struct Gateway {
    listener: TcpListener,
    addr: SocketAddr,
    tls: Option<Arc<rustls::ServerConfig>>,
    shared: Arc<Shared>,
}

struct Shared {
    store: Store,
    checker: Checker,
    roster: Option<Roster>,
    limits: GatewayLimits,
    by_address: Option<RateLimiter<IpAddr>>,
    /// By the node that is owned: whoever owns a name makes up names below it.
    by_name: Option<RateLimiter<B256>>,
    /// Bytes of bodies that are being read or looked at, in KiB.
    bodies: Semaphore,
    numbers: Numbers,
}

/// All bodies at once, in KiB.
const BODIES: u32 = 64 << 10;
/// A question's body at most.
const MAX_QUESTION: usize = 16 << 10;

impl Gateway {
    /// Reads certificate and key, and listens.
    ///
    /// # Errors
    /// [`GatewayError`].
    pub async fn bind(config: GatewayConfig) -> Result<Self, GatewayError> {
        let GatewayConfig { store, checker, roster, listen, tls, limits } = config;
        if let Some(roster) = &roster {
            roster.read(&checker, Timestamp::now()).await;
        }
        let tls = tls.as_ref().map(TlsFiles::load).transpose()?;
        let failed = |error| GatewayError::Listen { addr: listen, error };
        let listener = TcpListener::bind(listen).await.map_err(failed)?;
        let addr = listener.local_addr().map_err(failed)?;
        let by_address = limits.by_address.map(RateLimiter::new);
        let by_name = limits.by_name.map(RateLimiter::new);
        let numbers = Numbers::new();
        let bodies = Semaphore::new(BODIES as usize);
        let shared =
            Shared { store, checker, roster, limits, by_address, by_name, bodies, numbers };
        Ok(Self { listener, addr, tls, shared: Arc::new(shared) })
    }

    /// The address, without a slash at its end.
    pub fn url(&self) -> String {
        let scheme = if self.tls.is_some() { "https" } else { "http" };
        format!("{scheme}://{}", self.addr)
    }

    /// Answers until `stop` is done, then lets requests under way finish, for
    /// [`ServeLimits::grace`] at most.
    pub async fn run(self, stop: impl Future<Output = ()>) {
        let serve = self.shared.limits.serve;
        let shared = self.shared.clone();
        let follow = async move {
            if let Some(roster) = &shared.roster {
                roster.follow(&shared.checker).await;
            }
        };
        let following = tokio::spawn(follow);
        let app = Router::new()
            .route("/", post(posted))
            .route("/graphql", post(graphql))
            .route("/healthz", get(health))
            .route("/metrics", get(metrics))
            .route("/{sender}/{data}", get(question))
            .fallback(file)
            .layer(middleware::from_fn_with_state(self.shared.clone(), timed))
            .layer(middleware::from_fn(cors))
            .with_state(self.shared);
        web::serve(self.listener, self.tls, app, serve, stop).await;
        following.abort();
    }
}

async fn timed(State(shared): State<Arc<Shared>>, request: Request, next: Next) -> Response {
    let start = Instant::now();
    let response = next.run(request).await;
    shared.numbers.took(start.elapsed().as_secs_f64());
    response
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Question {
    data: alloy_primitives::Bytes,
    #[serde(rename = "sender")]
    _sender: alloy_primitives::Address,
}

async fn posted(
    State(shared): State<Arc<Shared>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let address = shared.client(peer, &headers);
    let now = Instant::now();
    let limited = shared.by_address.as_ref().and_then(|all| all.would_admit(&address, now).err());
    if let Some(wait) = limited {
        shared.numbers.write("limited", 0);
        return slower(wait, "this address");
    }
    let (_room, body) = match shared.body(&headers, body, shared.limits.body).await {
        Ok(body) => body,
        Err(response) => return response,
    };
    if body.len() <= MAX_QUESTION
        && let Ok(Question { data, .. }) = crate::json::from_slice(&body)
    {
        return shared.answer_call(&data).await;
    }
    if let Some(all) = &shared.by_address {
        // It was looked at before; another one may have come meanwhile.
        let _ = all.admit(address, now);
    }
    shared.written(&body).await
}

async fn question(
    State(shared): State<Arc<Shared>>,
    uri: Uri,
    Path((sender, data)): Path<(String, String)>,
) -> Response {
    if sender == WELL_KNOWN {
        return file(State(shared), Method::GET, uri).await;
    }
    match (sender.parse::<alloy_primitives::Address>(), of_url(&data)) {
        (Ok(_), Some(call)) => shared.answer_call(&call).await,
        _ => message(StatusCode::BAD_REQUEST, "this is not /{sender}/{data} in hexadecimal digits"),
    }
}

async fn file(State(shared): State<Arc<Shared>>, method: Method, uri: Uri) -> Response {
    if !matches!(method, Method::GET | Method::HEAD) {
        let allow = [(header::ALLOW, "GET, HEAD, OPTIONS")];
        return (allow, message(StatusCode::METHOD_NOT_ALLOWED, "only GET and HEAD"))
            .into_response();
    }
    let path = percent_encoding::percent_decode_str(uri.path()).decode_utf8();
    let path = path.as_deref().unwrap_or_default().strip_prefix('/').unwrap_or_default();
    for asked in of_path(path) {
        match shared.get(&asked).await {
            Ok(None) => {}
            Ok(Some(payload)) => return shared.found(&payload),
            Err(response) => return response,
        }
    }
    shared.numbers.read("absent");
    message(StatusCode::NOT_FOUND, "no such file")
}

async fn graphql(State(shared): State<Arc<Shared>>, headers: HeaderMap, body: Body) -> Response {
    let (_room, body) = match shared.body(&headers, body, MAX_QUESTION).await {
        Ok(body) => body,
        Err(response) => return response,
    };
    let bad = |why: &str| (StatusCode::BAD_REQUEST, Json(refused(why))).into_response();
    let asked: GraphQl = match crate::json::from_slice(&body) {
        Ok(asked) => asked,
        Err(error) => return bad(&error.to_string()),
    };
    let query = match asked.read() {
        Ok(query) => query,
        // GraphQL's own errors are answers.
        Err(why) => return Json(refused(&why)).into_response(),
    };
    let Ok(name) = Name::parse(&query.name) else {
        return Json(query.answer(None)).into_response();
    };
    match shared.store.changes(name.node()).await {
        Ok(changes) => Json(query.answer(changes)).into_response(),
        Err(failed) => out_of_order(&failed),
    }
}

async fn health(State(shared): State<Arc<Shared>>) -> Response {
    match shared.store.ping().await {
        Ok(()) => Json(json!({ "status": "ok" })).into_response(),
        Err(failed) => out_of_order(&failed),
    }
}

async fn metrics(State(shared): State<Arc<Shared>>) -> Response {
    let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    ([(header::CONTENT_TYPE, kind)], shared.numbers.text()).into_response()
}

impl Shared {
    /// All of a body, and its room among all of them.
    async fn body(
        &self,
        headers: &HeaderMap,
        body: Body,
        most: usize,
    ) -> Result<(SemaphorePermit<'_>, Body8), Response> {
        let too_long = || {
            let told = format!("the body has more than {most} bytes");
            error(StatusCode::PAYLOAD_TOO_LARGE, told)
        };
        let length = headers.get(header::CONTENT_LENGTH).and_then(|text| text.to_str().ok());
        let length = length.and_then(|text| text.parse().ok()).unwrap_or(most);
        if length > most {
            return Err(too_long());
        }
        let room = u32::try_from(length / 1024 + 1).unwrap_or(BODIES);
        let Ok(room) = self.bodies.try_acquire_many(room) else {
            return Err(unavailable("there are too many bodies at once"));
        };
        match timeout(self.limits.body_time, to_bytes(body, most)).await {
            Ok(Ok(body)) => Ok((room, body)),
            Ok(Err(failed)) if is_too_long(&failed) => Err(too_long()),
            Ok(Err(_)) => Err(error(StatusCode::BAD_REQUEST, "the body did not come whole")),
            Err(_) => Err(error(StatusCode::REQUEST_TIMEOUT, "the body did not come in time")),
        }
    }

    /// Who asks.
    fn client(&self, peer: SocketAddr, headers: &HeaderMap) -> IpAddr {
        let forwarded = || {
            let last = headers.get_all("x-forwarded-for").iter().next_back()?.to_str().ok()?;
            let last = last.rsplit(',').next()?.trim();
            let with_port = || Some(last.parse::<SocketAddr>().ok()?.ip());
            let bare = last.trim_start_matches('[').trim_end_matches(']');
            bare.parse().ok().or_else(with_port)
        };
        let address = self.limits.behind_proxy.then(forwarded).flatten().unwrap_or(peer.ip());
        web::network(address)
    }

    async fn written(&self, body: &[u8]) -> Response {
        let post = match RecordsPost::parse(body) {
            Ok(post) => post,
            Err(why) => return self.refuse(&Refusal::Body(Box::new(why))),
        };
        let now = Timestamp::now();
        let seconds = u64::try_from(now.as_second()).unwrap_or_default();
        let Checked { change, owned } = match self.checker.check(post, seconds).await {
            Ok(checked) => checked,
            Err(refusal) => return self.refuse(&refusal),
        };
        if let Some(Err(refusal)) = self.roster.as_ref().map(|roster| roster.check(&change, now)) {
            return self.refuse(&refusal);
        }
        let when = Instant::now();
        let limited = self.by_name.as_ref().map(|all| all.would_admit(&owned.node, when));
        if let Some(Err(wait)) = limited {
            self.numbers.write("limited", 0);
            return slower(wait, "this name");
        }
        match self.store.put(&change).await {
            Ok(Ok(Taken { stored, unchanged })) => {
                // Whoever posts what is public takes nothing of the name's share.
                if let Some(all) = self.by_name.as_ref().filter(|_| stored > 0) {
                    let _ = all.admit(owned.node, when);
                }
                self.numbers.write("stored", stored);
                let taken = json!({ "data": "0x", "stored": stored, "unchanged": unchanged });
                Json(taken).into_response()
            }
            Ok(Err(conflict)) => self.refuse(&conflict.into()),
            Err(failed) => {
                self.numbers.write("failed", 0);
                out_of_order(&failed)
            }
        }
    }

    fn refuse(&self, refusal: &Refusal) -> Response {
        let status = match refusal {
            Refusal::Body(_)
            | Refusal::Long(_)
            | Refusal::LongValue { .. }
            | Refusal::Chain { .. }
            | Refusal::Future { .. } => StatusCode::BAD_REQUEST,
            Refusal::TooMany(_) => StatusCode::PAYLOAD_TOO_LARGE,
            Refusal::Unverified { .. } | Refusal::Freshness(_) => StatusCode::UNAUTHORIZED,
            Refusal::NotServed(_) | Refusal::Owners(OwnersError::Nobody(_)) => {
                StatusCode::FORBIDDEN
            }
            Refusal::Conflict(_) | Refusal::Rostered(_) => StatusCode::CONFLICT,
            Refusal::Owners(OwnersError::Chain(_)) | Refusal::RosterUnknown { .. } => {
                self.numbers.write("unchecked", 0);
                return unavailable(refusal);
            }
        };
        self.numbers.write("refused", 0);
        error(status, refusal)
    }

    async fn get(&self, asked: &Asked) -> Result<Option<Vec<u8>>, Response> {
        let rostered = self.roster.as_ref();
        match rostered.and_then(|all| all.at(asked.node, &asked.key, Timestamp::now())) {
            None => {}
            Some(Said::Payload(payload)) => return Ok(Some(payload)),
            Some(Said::Nothing) => return Ok(None),
            Some(Said::Unknown(why)) => {
                self.numbers.read("failed");
                return Err(unavailable(format!("what holds now is not known: {why}")));
            }
        }
        self.store.get(asked.node, &asked.key).await.map_err(|failed| {
            self.numbers.read("failed");
            out_of_order(&failed)
        })
    }

    async fn answer_call(&self, call: &[u8]) -> Response {
        let asked = match of_call(call) {
            Ok(asked) => asked,
            Err(why) => {
                self.numbers.read("refused");
                return message(StatusCode::BAD_REQUEST, why);
            }
        };
        match self.get(&asked).await {
            Ok(Some(payload)) => self.found(&payload),
            Ok(None) => {
                self.numbers.read("absent");
                message(StatusCode::NOT_FOUND, "there is no such record")
            }
            Err(response) => response,
        }
    }

    fn found(&self, payload: &[u8]) -> Response {
        self.numbers.read("found");
        let fixed = [
            (header::CONTENT_TYPE, "application/json"),
            // What was acknowledged is what is read next.
            (header::CACHE_CONTROL, "no-cache"),
            (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        ];
        (fixed, RecordFile::new(payload).to_json()).into_response()
    }
}
