//! One client for all network blocks.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use reqwest::header::{ACCEPT, CONTENT_TYPE, DATE, RETRY_AFTER};
use tokio::time::{Instant, sleep, timeout, timeout_at};
use url::Url;

use super::body::Activity;
use super::budget::Budget;
use super::clients::Clients;
use super::coding::unread_coding;
use super::error::{NetError, shown, shown_server};
use super::guard::{Guard, is_loopback};
use super::redirect::redirect_target;
use super::request::{Authorization, Request};
use super::response::Response;
use super::retry::{RetryEvent, RetryObserver, RetryPolicy, http_date, is_transient, retry_after};
use super::sink::Sink;
use super::socket::socket_of;
use super::timeouts::Timeouts;
use super::trace;

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
    clients: Arc<Clients>,
    timeouts: Timeouts,
    stall: Option<Duration>,
    retry: RetryPolicy,
    observer: Option<RetryObserver>,
    budget: Option<Budget>,
}

impl Http {
    /// Sets up TLS (ring; the system's roots and `extra_roots`) and the connection pool.
    ///
    /// # Errors
    /// [`NetError::Client`] when `extra_roots` holds no certificate or TLS cannot be set up.
    pub fn new(config: HttpConfig) -> Result<Self, NetError> {
        let HttpConfig { timeouts, stall, retry, observer, budget, extra_roots, guard } = config;
        let clients = Arc::new(Clients::new(extra_roots.as_deref(), timeouts.connect, guard)?);
        Ok(Self { clients, timeouts, stall, retry, observer, budget })
    }

    /// The HTTP library's own client for an address, for libraries that take one. It follows no
    /// redirects. What is on this machine is asked directly, also where there is a proxy.
    pub(crate) fn client_of(&self, url: &Url) -> &reqwest::Client {
        self.clients.client_of(url)
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
            let activity = Activity::default();
            let outcome = self.attempt(request, &activity).await;
            // What moved was no waiting.
            since = activity.last().map_or(since, |last| last.max(since));
            let (reason, asked, total) = match &outcome {
                Ok(answer) if is_transient(answer.status) && !(request.is_settled)(answer) => {
                    let window = request.window.filter(|_| answer.status == 429);
                    (answer.status.to_string(), answer.retry_after.or(window), self.retry.total)
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
                    let now = Instant::now();
                    let budget = self.budget.iter();
                    budget.for_each(|budget| budget.answered(&request.url, since, now));
                    return outcome;
                }
            };
            self.failed(request, since);
            attempt += 1;
            let wait = self.retry.wait(attempt, asked);
            let wait = wait.filter(|wait| began.elapsed() + *wait <= total);
            let wait = wait.filter(|wait| self.left(request).is_some_and(|left| *wait < left));
            let Some(wait) = wait.filter(|_| attempt <= attempts) else { return outcome };
            // Nobody there, on this machine: that is no news that a person waits for.
            let nobody =
                matches!(&outcome, Err(NetError::Refused { .. } | NetError::Unreachable { .. }));
            let at_home =
                nobody && (is_loopback(&request.url) || socket_of(&request.url).is_some());
            if let Some(observer) = self.observer.as_ref().filter(|_| !at_home) {
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
        let url = shown_server(&request.url);
        if let Some(after) = self.budget.as_ref().and_then(Budget::is_over) {
            return NetError::WaitedOut { url, after };
        }
        let failing = self.budget.as_ref().map(|budget| budget.failing(&request.url));
        NetError::GivenUp { url, after: failing.unwrap_or_default() }
    }

    /// `most`, or what is left of all waiting.
    fn at_most(&self, most: Duration) -> Duration {
        self.budget.as_ref().map_or(most, |budget| most.min(budget.total_left()))
    }

    /// One attempt, told to the log.
    async fn attempt(&self, request: &Request, activity: &Activity) -> Result<Response, NetError> {
        let since = std::time::Instant::now();
        let outcome = self.attempt_once(request, activity).await;
        trace::attempt(request, since, &outcome);
        outcome
    }

    /// One attempt, redirects followed.
    async fn attempt_once(
        &self,
        request: &Request,
        activity: &Activity,
    ) -> Result<Response, NetError> {
        let mut url = request.url.clone();
        for _ in 0..=MAX_REDIRECTS {
            let head = self.exchange(request, &url, activity).await?;
            match redirect_target(&request.method, &url, &head)? {
                Some(next) => url = next,
                None => return self.read(request, url, head, activity).await,
            }
        }
        let reason = format!("there are more than {MAX_REDIRECTS} in a row");
        Err(NetError::Redirect { url: shown(&request.url), reason })
    }

    /// Sends the request to `url` and waits for the head of the answer.
    async fn exchange(
        &self,
        request: &Request,
        url: &Url,
        activity: &Activity,
    ) -> Result<reqwest::Response, NetError> {
        let (client, address) = self.clients.client_for(url)?;
        let is_origin = url.origin() == request.url.origin();
        let is_shown = request.authorization.is_some() && is_origin;
        if (is_shown || has_login(url)) && !takes_credentials(url) {
            return Err(NetError::Plain { url: shown(url) });
        }
        if let Some(limiter) = &request.limiter {
            limiter.acquire().await;
        }
        let mut builder = client.request(request.method.clone(), address);
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
        let sending = request.body.attach(builder, activity).await?.send();
        let idle = self.at_most(self.timeouts_of(request).idle);
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
        activity: &Activity,
    ) -> Result<Response, NetError> {
        if let Some(coding) = unread_coding(&head) {
            return Err(NetError::Coded { url: shown(&url), coding });
        }
        let kept =
            |error: io::Error| NetError::NotKept { url: shown(&url), reason: error.to_string() };
        let mut sink = match &request.into_file {
            Some(file) if head.status().is_success() => Sink::file(file).map_err(kept)?,
            _ => Sink::memory(),
        };
        let received = self.receive(request, &url, &mut head, &mut sink, activity).await;
        let body = sink.end().await.map_err(kept)?;
        received?;
        let header = |name| head.headers().get(name).and_then(|value| value.to_str().ok());
        let media_type = header(CONTENT_TYPE).and_then(|value| value.split(';').next());
        Ok(Response {
            status: head.status().as_u16(),
            media_type: media_type.unwrap_or_default().trim().to_ascii_lowercase(),
            retry_after: header(RETRY_AFTER).and_then(|v| retry_after(v, Timestamp::now())),
            date: header(DATE).and_then(http_date),
            body,
            headers: head.headers().clone(),
            url,
        })
    }

    /// Takes what comes, until it ends.
    async fn receive(
        &self,
        request: &Request,
        url: &Url,
        head: &mut reqwest::Response,
        sink: &mut Sink,
        activity: &Activity,
    ) -> Result<(), NetError> {
        let limit = request.max_body;
        let too_large = || NetError::TooLarge { url: shown(url), limit };
        if head.content_length().is_some_and(|length| length > limit as u64) {
            return Err(too_large());
        }
        let timeouts = self.timeouts_of(request);
        let longest = self.at_most(timeouts.body);
        let end = Instant::now() + longest;
        loop {
            let next = (Instant::now() + timeouts.idle).min(end);
            match timeout_at(next, head.chunk()).await {
                Ok(Ok(Some(chunk))) if sink.len() + chunk.len() as u64 > limit as u64 => {
                    return Err(too_large());
                }
                Ok(Ok(Some(chunk))) => {
                    activity.moved(Some(Instant::now()));
                    sink.take(&chunk).await.map_err(|error| NetError::NotKept {
                        url: shown(url),
                        reason: error.to_string(),
                    })?;
                }
                Ok(Ok(None)) => return Ok(()),
                Ok(Err(error)) => {
                    return Err(NetError::from_reqwest(url, &error, timeouts.connect));
                }
                Err(_) => {
                    if next == end {
                        // However it trickled, nothing came of it.
                        activity.moved(None);
                    }
                    let after = if next == end { longest } else { timeouts.idle };
                    let what = "the answer does not end, it was waited for";
                    return Err(NetError::Timeout { url: shown(url), what, after });
                }
            }
        }
    }
}

/// Whether a credential may be sent to `url`: over TLS, or to this machine.
pub fn takes_credentials(url: &Url) -> bool {
    url.scheme() == "https" || is_loopback(url) || socket_of(url).is_some()
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

#[cfg(test)]
#[path = "client_tests.rs"]
mod tests;

#[cfg(test)]
#[path = "client_reach_tests.rs"]
mod reach_tests;
