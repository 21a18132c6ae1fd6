//! Reading a site back: over https, as the resolver's clients ask, file by file.

use std::collections::HashSet;

use futures_util::StreamExt;
use futures_util::stream;
use jiff::Timestamp;
use url::Url;

use crate::ipfs::fingerprint;
use crate::net::{Http, Request, Response, endpoint};
use crate::publish::Patience;

/// Requests under way at once.
const AT_ONCE: usize = 16;
/// The longest file that is read back, in bytes: what `serve` serves at most.
const MAX_FILE: usize = 64 << 20;
/// Some hosts send CORS headers only to whoever says where it comes from.
const ORIGIN: &str = "https://app.ens.domains";

/// What the address should answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Expected {
    pub(super) path: String,
    /// The sha2-256 of the bytes; none for what should not be there any more.
    pub(super) sha256: Option<String>,
}

/// What was asked, and what was not as it should be.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Seen {
    /// Files that were asked for.
    pub asked: usize,
    /// Those that are not as they should be.
    pub misses: Vec<Miss>,
    /// Whether a file came without leave for web pages of elsewhere to read it (CORS).
    pub no_cors: bool,
}

impl Seen {
    /// In words, the first of what is not as it should be.
    pub fn error(&self) -> Option<String> {
        self.misses.first().map(|miss| format!("{}: {}", miss.path, miss.reason))
    }
}

/// A file that is not as it should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Miss {
    /// Its path under the address.
    pub path: String,
    /// What is answered instead.
    pub reason: String,
    /// Whether asking the others makes no sense: nobody is there.
    unreachable: bool,
}

impl Miss {
    /// Of a file about which somebody answered.
    pub(super) fn of(path: String, reason: String) -> Self {
        Self { path, reason, unreachable: false }
    }
}

/// Asks for every file until all are as they should be, or patience ends. `round` is told what is
/// still missing, after every round but the last.
pub(super) async fn read_back(
    http: &Http,
    base: &Url,
    wanted: &[Expected],
    patience: Patience,
    round: &(dyn Fn(&[Miss]) + Send + Sync),
) -> Seen {
    let mut rounds = patience.rounds();
    let mut seen = Seen { asked: wanted.len(), ..Seen::default() };
    let mut left = wanted.to_vec();
    loop {
        seen.misses = ask_all(http, base, &left, &mut seen.no_cors).await;
        if seen.misses.is_empty() || rounds.is_over() {
            return seen;
        }
        round(&seen.misses);
        rounds.wait().await;
        let missed: HashSet<&String> = seen.misses.iter().map(|miss| &miss.path).collect();
        left.retain(|expected| missed.contains(&expected.path));
    }
}

async fn ask_all(http: &Http, base: &Url, wanted: &[Expected], no_cors: &mut bool) -> Vec<Miss> {
    let asking = wanted.iter().map(|expected| ask(http, base, expected));
    let mut answers = stream::iter(asking).buffered(AT_ONCE);
    let mut misses = Vec::new();
    let mut done = 0;
    while let Some(answer) = answers.next().await {
        done += 1;
        match answer {
            Ok(cors) => *no_cors |= !cors,
            Err(miss) => {
                let reason = miss.unreachable.then(|| miss.reason.clone());
                misses.push(miss);
                if let Some(reason) = reason {
                    misses.extend(wanted[done..].iter().map(|expected| Miss {
                        path: expected.path.clone(),
                        reason: reason.clone(),
                        unreachable: true,
                    }));
                    break;
                }
            }
        }
    }
    misses
}

/// Whether web pages may read it, if it is as it should be.
async fn ask(http: &Http, base: &Url, expected: &Expected) -> Result<bool, Miss> {
    let mut url = endpoint(base, expected.path.split('/'));
    // The minute as the resolver writes it, two bytes, so that a cache takes it for what clients ask.
    let minute = (Timestamp::now().as_second() / 60).rem_euclid(1 << 16);
    url.set_query(Some(&format!("t=0x{minute:04x}")));
    let request = Request::get(url).header("origin", ORIGIN).max_body(MAX_FILE).attempts(1);
    let path = &expected.path;
    let answer = http.send(&request).await.map_err(|error| Miss {
        path: path.clone(),
        reason: error.to_string(),
        unreachable: error.is_no_connection(),
    })?;
    judge(expected, &answer).map_err(|reason| Miss::of(path.clone(), reason))?;
    let is_record = expected.sha256.is_some() && path.ends_with(".json");
    let allowed = answer.header("access-control-allow-origin");
    Ok(!is_record || allowed.is_some_and(|origin| matches!(origin, "*" | ORIGIN)))
}

fn judge(expected: &Expected, answer: &Response) -> Result<(), String> {
    let kept = kept_by_cache(answer);
    match (&expected.sha256, answer.status) {
        // A bucket that nobody may list answers 403 for what it does not have.
        (None, 403 | 404 | 410) => Ok(()),
        (None, 200..300) => Err(format!("it is removed, and something is still served{kept}")),
        (Some(sha256), 200) if fingerprint(&answer.body) == *sha256 => usable(expected, answer),
        (Some(_), 200) if answer.media_type == "text/html" => {
            Err(format!("a web page is served in its place{kept}"))
        }
        (Some(_), 200) => Err(format!("another version of it is served{kept}")),
        (_, status) => Err(format!("the answer is {status}{kept}")),
    }
}

/// Some clients of EIP-3668 (viem) read only what says that it is JSON.
fn usable(expected: &Expected, answer: &Response) -> Result<(), String> {
    let media_type = &answer.media_type;
    if !expected.path.ends_with(".json")
        || media_type == "application/json"
        || media_type.ends_with("+json")
    {
        return Ok(());
    }
    Err(format!(
        "it is served as {media_type:?}, and some clients read it only as application/json: set \
         the host's type for .json"
    ))
}

/// What the answer says of a cache between us and the host.
fn kept_by_cache(answer: &Response) -> String {
    let seconds = |text: Option<&str>| text.and_then(|text| text.trim().parse::<u64>().ok());
    let age = seconds(answer.header("age"));
    let control = answer.header("cache-control").unwrap_or_default().to_ascii_lowercase();
    let directive = |name: &str| {
        let mut all = control.split(',').map(str::trim);
        seconds(all.find_map(|one| one.strip_prefix(name)))
    };
    let most = directive("s-maxage=").or_else(|| directive("max-age="));
    let hit = ["x-cache", "cf-cache-status", "x-vercel-cache"].into_iter().any(|name| {
        answer.header(name).is_some_and(|value| value.to_ascii_lowercase().contains("hit"))
    });
    match (age, most) {
        (Some(age), Some(most)) if hit || age > 0 => format!(
            " (by a cache, which has had it for {age} s and may keep it for {} s more)",
            most.saturating_sub(age)
        ),
        (Some(age), None) if hit || age > 0 => {
            format!(" (by a cache, which has had it for {age} s)")
        }
        (None, Some(most)) if hit => format!(" (by a cache, which may keep it for {most} s)"),
        (None, None) if hit => " (by a cache)".to_owned(),
        _ => String::new(),
    }
}

#[cfg(test)]
#[path = "read_back_tests.rs"]
mod tests;
