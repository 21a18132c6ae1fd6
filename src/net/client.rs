//! One client for all network blocks.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use bytes::BytesMut;
use jiff::Timestamp;
use reqwest::Method;
use reqwest::header::{ACCEPT, CONTENT_TYPE, DATE, LOCATION, RETRY_AFTER};
use tokio::time::{Instant, sleep, timeout, timeout_at};
use url::Url;

use super::body::Activity;
use super::budget::Budget;
use super::dns::SystemWithLocalhost;
use super::error::{NetError, shown};
use super::guard::{Guard, PublicOnly, is_loopback, private_literal};
use super::request::{Authorization, Request};
use super::response::Response;
use super::retry::{RetryEvent, RetryObserver, RetryPolicy, http_date, is_transient, retry_after};
use super::timeouts::Timeouts;

/// Redirects followed at most.
const MAX_REDIRECTS: usize = 5;

/// What an [`Http`] is made of.
#[derive(Clone, Default)]
pub struct HttpConfig {
    /// How long servers may be silent.
    pub timeouts: Timeouts,
    /// In place of [`Timeouts::idle`], also of requests that ask for more than the client's;
    /// those that ask for less keep to the lesser of both.
    pub stall: Option<Duration>,
    /// When requests are repeated.
    pub retry: RetryPolicy,
    /// Certificates (PEM) trusted beside the system's.
    pub extra_roots: Option<Vec<u8>>,
    /// Told before each wait.
    pub observer: Option<RetryObserver>,
    /// How long servers may fail in all; without it only each request has its end.
    pub budget: Option<Budget>,
    /// Refuses private addresses, but for those it trusts; without it every address is asked.
    pub guard: Option<Guard>,
}

/// The HTTP client. Clones share its connections.
#[derive(Clone)]
pub struct Http {
    client: reqwest::Client,
    /// What is on this machine goes through this one, which takes no proxy; made when needed.
    direct: Arc<(OnceLock<reqwest::Client>, MakeClient)>,
    /// What the guard does not trust goes through this one.
    guarded: Option<(Guard, reqwest::Client)>,
    timeouts: Timeouts,
    stall: Option<Duration>,
    retry: RetryPolicy,
    observer: Option<RetryObserver>,
    budget: Option<Budget>,
}

type MakeClient = Box<dyn Fn() -> Result<reqwest::Client, NetError> + Send + Sync>;

impl Http {
    /// Sets up TLS (ring; the system's roots and `extra_roots`) and the connection pool.
    ///
    /// # Errors
    /// [`NetError::Client`] when `extra_roots` holds no certificate or TLS cannot be set up.
    pub fn new(config: HttpConfig) -> Result<Self, NetError> {
        let failed = |reason: String| NetError::Client { reason };
        // An error means that a provider is installed already, which will do.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let roots = match &config.extra_roots {
            None => Vec::new(),
            Some(pem) => match reqwest::Certificate::from_pem_bundle(pem) {
                Ok(roots) if !roots.is_empty() => roots,
                _ => return Err(failed("it holds no certificate in PEM form".to_owned())),
            },
        };
        let connect = config.timeouts.connect;
        let build = move |special: &dyn Fn(reqwest::ClientBuilder) -> reqwest::ClientBuilder| {
            build(&roots, connect, special)
        };
        let client = build(&|builder| builder.dns_resolver(SystemWithLocalhost))?;
        // A proxy would resolve names by itself, where no guard sees the addresses.
        let guarded = match &config.guard {
            Some(guard) => {
                let client = build(&|builder| builder.dns_resolver(PublicOnly).no_proxy())?;
                Some((guard.clone(), client))
            }
            None => None,
        };
        let direct: MakeClient = Box::new(move || {
            build(&|builder| builder.dns_resolver(SystemWithLocalhost).no_proxy())
        });
        let direct = Arc::new((OnceLock::new(), direct));
        let HttpConfig { timeouts, stall, retry, observer, budget, .. } = config;
        Ok(Self { client, direct, guarded, timeouts, stall, retry, observer, budget })
    }

    fn timeouts_of(&self, request: &Request) -> Timeouts {
        let asked = request.timeouts.unwrap_or(self.timeouts);
        let idle = match self.stall {
            None => asked.idle,
            Some(stall) if asked.idle < self.timeouts.idle => stall.min(asked.idle),
            Some(stall) => stall,
        };
        Timeouts { idle, ..asked }
    }

    /// The HTTP library's own client for an address, for libraries that take one. It follows no
    /// redirects. What is on this machine is asked directly, also where there is a proxy.
    pub(crate) fn client_of(&self, url: &Url) -> &reqwest::Client {
        if !is_loopback(url) {
            return &self.client;
        }
        let (made, make) = &*self.direct;
        match made.get() {
            Some(client) => client,
            // It is made as the other one, so it fails only where that did.
            None => make().map_or(&self.client, |client| made.get_or_init(|| client)),
        }
    }

    /// The client that may ask `url`.
    fn client_for(&self, url: &Url) -> Result<&reqwest::Client, NetError> {
        match &self.guarded {
            Some((guard, client)) if !guard.trusts(url) => match private_literal(url) {
                Some(address) => Err(NetError::Private { url: shown(url), address }),
                None => Ok(client),
            },
            _ => Ok(self.client_of(url)),
        }
    }

    /// Sends `request`, again where the policy says so, and reads the answer, of whatever status.
    ///
    /// # Errors
    /// Any [`NetError`] but [`NetError::Status`].
    pub async fn send(&self, request: &Request) -> Result<Response, NetError> {
        let began = Instant::now();
        let attempts = request.attempts.unwrap_or(u32::MAX).min(self.retry.attempts);
        let mut attempt = 1;
        loop {
            let mut since = Instant::now();
            if self.left(request).is_none() {
                return Err(self.given_up(request));
            }
            let outcome = self.attempt(request).await;
            let (reason, asked, total) = match &outcome {
                Ok(answer) if is_transient(answer.status) && !(request.is_settled)(answer) => {
                    (answer.status.to_string(), answer.retry_after, self.retry.total)
                }
                Err(NetError::Broken { reason, .. }) => (reason.clone(), None, self.retry.total),
                Err(error) => match error.no_connection() {
                    Some(reason) => (reason, None, self.retry.total_connect),
                    None => {
                        self.failed(request, since);
                        return outcome;
                    }
                },
                Ok(_) => {
                    self.budget.iter().for_each(|budget| budget.answered(&request.url));
                    return outcome;
                }
            };
            self.failed(request, since);
            attempt += 1;
            let wait = self.retry.wait(attempt, asked);
            let wait = wait.filter(|wait| began.elapsed() + *wait <= total);
            let wait = wait.filter(|wait| self.left(request).is_some_and(|left| *wait < left));
            let Some(wait) = wait.filter(|_| attempt <= attempts) else { return outcome };
            if let Some(observer) = &self.observer {
                let url = shown(&request.url);
                observer(&RetryEvent { url, reason, wait, attempt, attempts });
            }
            since = Instant::now();
            sleep(wait).await;
            self.failed(request, since);
        }
    }

    /// How much longer the server may fail.
    fn left(&self, request: &Request) -> Option<Duration> {
        self.budget.as_ref().map_or(Some(Duration::MAX), |budget| budget.left(&request.url))
    }

    fn failed(&self, request: &Request, since: Instant) {
        let now = Instant::now();
        self.budget.iter().for_each(|budget| budget.failed(&request.url, since, now));
    }

    fn given_up(&self, request: &Request) -> NetError {
        let failing = self.budget.as_ref().map(|budget| budget.failing(&request.url));
        NetError::GivenUp { url: shown(&request.url), after: failing.unwrap_or_default() }
    }

    /// One attempt, redirects followed.
    async fn attempt(&self, request: &Request) -> Result<Response, NetError> {
        let mut url = request.url.clone();
        for _ in 0..=MAX_REDIRECTS {
            let head = self.exchange(request, &url).await?;
            match redirect_target(request, &url, &head)? {
                Some(next) => url = next,
                None => return self.read(request, url, head).await,
            }
        }
        let reason = format!("there are more than {MAX_REDIRECTS} in a row");
        Err(NetError::Redirect { url: shown(&request.url), reason })
    }

    /// Sends the request to `url` and waits for the head of the answer.
    async fn exchange(&self, request: &Request, url: &Url) -> Result<reqwest::Response, NetError> {
        if !matches!(url.scheme(), "http" | "https") {
            let reason = format!("its scheme is {:?}", url.scheme());
            return Err(NetError::Address { url: shown(url), reason });
        }
        let is_origin = url.origin() == request.url.origin();
        let is_shown = request.authorization.is_some() && is_origin;
        if (is_shown || has_login(url)) && !takes_credentials(url) {
            return Err(NetError::Plain { url: shown(url) });
        }
        if let Some(limiter) = &request.limiter {
            limiter.acquire().await;
        }
        let client = self.client_for(url)?;
        let mut builder = client.request(request.method.clone(), url.clone());
        if let Some(accept) = request.accept {
            builder = builder.header(ACCEPT, accept);
        }
        if let Some(content_type) = request.content_type {
            builder = builder.header(CONTENT_TYPE, content_type);
        }
        for (name, value) in &request.headers {
            builder = builder.header(*name, value);
        }
        if is_origin {
            builder = match &request.authorization {
                None => builder,
                Some(Authorization::Bearer(token)) => builder.bearer_auth(token.expose()),
                Some(Authorization::Basic { user, password }) => {
                    builder.basic_auth(user, Some(password.expose()))
                }
            };
        }
        let activity = Activity::default();
        let sending = request.body.attach(builder, &activity).await?.send();
        let idle = self.timeouts_of(request).idle;
        let mut sending = std::pin::pin!(sending);
        let mut taken = activity.count();
        loop {
            match timeout(idle, &mut sending).await {
                Ok(Ok(head)) => return Ok(head),
                Ok(Err(error)) => {
                    return Err(NetError::from_reqwest(url, &error, self.timeouts.connect));
                }
                Err(_) if activity.count() > taken => taken = activity.count(),
                Err(_) => {
                    let what = match activity.is_unfinished() {
                        true => "nothing more of what is sent was taken",
                        false => "no answer",
                    };
                    return Err(NetError::Timeout { url: shown(url), what, after: idle });
                }
            }
        }
    }

    /// Reads the body, within its bounds of size and time.
    async fn read(
        &self,
        request: &Request,
        url: Url,
        mut head: reqwest::Response,
    ) -> Result<Response, NetError> {
        let limit = request.max_body;
        let too_large = || NetError::TooLarge { url: shown(&url), limit };
        if head.content_length().is_some_and(|length| length > limit as u64) {
            return Err(too_large());
        }
        let timeouts = self.timeouts_of(request);
        let end = Instant::now() + timeouts.body;
        let mut body = BytesMut::new();
        loop {
            let next = (Instant::now() + timeouts.idle).min(end);
            match timeout_at(next, head.chunk()).await {
                Ok(Ok(Some(chunk))) if body.len() + chunk.len() > limit => {
                    return Err(too_large());
                }
                Ok(Ok(Some(chunk))) => body.extend_from_slice(&chunk),
                Ok(Ok(None)) => break,
                Ok(Err(error)) => {
                    return Err(NetError::from_reqwest(&url, &error, timeouts.connect));
                }
                Err(_) => {
                    let after = if next == end { timeouts.body } else { timeouts.idle };
                    let what = "the answer does not end, it was waited for";
                    return Err(NetError::Timeout { url: shown(&url), what, after });
                }
            }
        }
        let header = |name| head.headers().get(name).and_then(|value| value.to_str().ok());
        let media_type = header(CONTENT_TYPE).and_then(|value| value.split(';').next());
        Ok(Response {
            status: head.status().as_u16(),
            media_type: media_type.unwrap_or_default().trim().to_ascii_lowercase(),
            retry_after: header(RETRY_AFTER).and_then(|v| retry_after(v, Timestamp::now())),
            date: header(DATE).and_then(http_date),
            body: body.freeze(),
            headers: head.headers().clone(),
            url,
        })
    }
}

/// A client with `special` settings. Without any system root the first form fails, and plain HTTP
/// must still work there.
fn build(
    roots: &[reqwest::Certificate],
    connect: Duration,
    special: &dyn Fn(reqwest::ClientBuilder) -> reqwest::ClientBuilder,
) -> Result<reqwest::Client, NetError> {
    let builder = || {
        reqwest::Client::builder()
            .user_agent(concat!("namesys/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(connect)
            .redirect(reqwest::redirect::Policy::none())
            .referer(false)
    };
    special(builder().tls_certs_merge(roots.to_vec()))
        .build()
        .or_else(|_| special(builder().tls_certs_only(roots.to_vec())).build())
        .map_err(|error| {
            let cause = std::error::Error::source(&error).map(ToString::to_string);
            NetError::Client { reason: cause.unwrap_or_else(|| error.to_string()) }
        })
}

/// Whether a credential may be sent to `url`: over TLS, or without to this machine.
pub fn takes_credentials(url: &Url) -> bool {
    url.scheme() == "https" || is_loopback(url)
}

/// Whether a URL itself holds a user or a password.
pub fn has_login(url: &Url) -> bool {
    !url.username().is_empty() || url.password().is_some()
}

/// `base` with `segments` after its path, each percent-encoded where it must be.
pub fn endpoint<'a>(base: &Url, segments: impl IntoIterator<Item = &'a str>) -> Url {
    let mut url = base.clone();
    url.set_query(None);
    url.set_fragment(None);
    // Fails only for addresses without a host, which `Http` refuses.
    if let Ok(mut path) = url.path_segments_mut() {
        path.pop_if_empty().extend(segments);
    }
    url
}

/// Where the answer redirects to, if it does and may be followed.
fn redirect_target(
    request: &Request,
    from: &Url,
    head: &reqwest::Response,
) -> Result<Option<Url>, NetError> {
    let status = head.status().as_u16();
    if !matches!(status, 301 | 302 | 303 | 307 | 308) {
        return Ok(None);
    }
    let refused = |reason: String| NetError::Redirect { url: shown(from), reason };
    let location = head.headers().get(LOCATION).and_then(|value| value.to_str().ok());
    let Some(location) = location else {
        return Err(refused("it has no Location".to_owned()));
    };
    let target = from.join(location).map_err(|_| refused("its Location is no URL".to_owned()))?;
    if from.scheme() == "https" && target.scheme() != "https" {
        return Err(refused(format!("it leads from https to {}", shown(&target))));
    }
    if request.method != Method::GET && status < 307 {
        let target = shown(&target);
        return Err(refused(format!(
            "{status} to {target} would turn a {} into a GET",
            request.method
        )));
    }
    Ok(Some(target))
}

#[cfg(test)]
#[path = "client_tests.rs"]
mod tests;
