//! The HTTP client every network block shares.
//!
//! | file | what it does |
//! | --- | --- |
//! | `client` | sends: time-outs, redirects, bounded body, repetition |
//! | `clients` | the HTTP library's clients: proxied, direct, guarded, of a socket |
//! | `coding` | compressed answers, byte order marks |
//! | `redirect` | which redirects are followed |
//! | `socket` | servers on a socket of this machine |
//! | `request` | [`Request`]: what is sent, and its bounds |
//! | `response` | [`Response`]: what comes back |
//! | `sink` | where the body of an answer goes: memory, or a file |
//! | `timeouts` | [`Timeouts`]: how long a server may be silent |
//! | `beside` | an error beside its server's name, which is said once |
//! | `body` | request bodies that can be sent again, files streamed from disk |
//! | `bucket` | objects of an S3-compatible bucket, requests signed |
//! | `certificate` | what is wrong with one, in words |
//! | `dns` | host names, `*.localhost` included |
//! | `guard` | [`Guard`]: no private addresses where others chose them |
//! | `kubo` | [`KuboRpc`]: commands of a Kubo node, and why they failed |
//! | `error` | [`NetError`]: what went wrong, at which address, and what to do |
//! | `budget` | [`Budget`]: how long servers may fail a command in all |
//! | `retry` | [`RetryPolicy`], `Retry-After`, back-off with jitter |
//! | `trace` | what the log tells of requests |
//! | `limit` | [`RateLimiter`]: so many requests in so much time |
//!
//! Every request here may be repeated: what `namesys` sends (an IPNS record, a CAR file) has the
//! same effect twice as once.

mod beside;
mod body;
mod bucket;
mod budget;
mod certificate;
mod client;
mod clients;
mod coding;
mod dns;
mod error;
mod guard;
mod kubo;
mod limit;
mod redirect;
mod request;
mod response;
mod retry;
mod sink;
mod socket;
#[cfg(test)]
pub(crate) mod test_server;
mod timeouts;
mod trace;

pub use beside::{beside, names};
pub use body::{Body, FileBody, FormPart, Progress};
pub use bucket::{Bucket, BucketConfig, Listed, tag};
pub use budget::Budget;
pub use client::{Http, HttpConfig, endpoint, has_login, takes_credentials};
pub(crate) use coding::unread_coding;
#[cfg(feature = "serve")]
pub(crate) use dns::is_localhost;
pub(crate) use error::excerpt;
pub use error::{NetError, shown};
pub use guard::Guard;
pub(crate) use guard::private_literal;
pub use kubo::{ApiAddressError, CommandFailed, KuboRpc, parse_api_address, parse_own_api_address};
pub use limit::RateLimiter;
pub use request::{Authorization, Request};
pub use response::Response;
pub use retry::{RetryEvent, RetryObserver, RetryPolicy};
pub use socket::socket_url;
pub use timeouts::Timeouts;
