//! What a client wants: `?format=`, which goes first, or the `Accept` header, as boxo reads them
//! (<https://specs.ipfs.tech/http-gateways/trustless-gateway/>, IPIP-412, IPIP-523).

use std::collections::HashMap;

use axum::http::{HeaderMap, header};

use crate::devnet::reply::IPNS_RECORD;

/// Media type of one block.
pub(crate) const RAW: &str = "application/vnd.ipld.raw";
/// Media type of a CAR stream.
pub(crate) const CAR: &str = "application/vnd.ipld.car";

/// Forms an answer can have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    /// Files and directories as a browser wants them.
    Web,
    /// One block.
    Raw,
    /// A CAR stream.
    Car(CarParams),
    /// The signed record of a name.
    IpnsRecord,
}

/// How much of the DAG below the path a CAR holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scope {
    /// The last block alone.
    Block,
    /// The file, or the directory's own blocks.
    Entity,
    /// Everything below.
    All,
}

/// Of a CAR stream; order is depth first, blocks come once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct CarParams {
    pub(crate) scope: Scope,
    /// `entity-bytes=`: of a file, from here to there.
    pub(crate) bytes: Option<EntityBytes>,
}

/// The first byte and the last, counted from the end where they are negative; without a last one
/// to the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct EntityBytes {
    pub(crate) from: i64,
    pub(crate) to: Option<i64>,
}

impl EntityBytes {
    /// `0:1023`, `-1024:*`
    fn parse(text: &str) -> Option<Self> {
        let (from, to) = text.split_once(':')?;
        let number = |text: &str| text.parse::<i64>().ok();
        let to = if to == "*" { None } else { Some(number(to)?) };
        let from = number(from)?;
        // Which of two of one sign is the lesser is known without the length.
        let is_empty = to.is_some_and(|to| (from < 0) == (to < 0) && from > to);
        (!is_empty).then_some(Self { from, to })
    }

    /// The bytes of a file of `size`; none where the range lies outside.
    pub(crate) fn range(self, size: u64) -> std::ops::Range<u64> {
        let place = |number: i64| match u64::try_from(number) {
            Ok(number) => number,
            Err(_) => size.saturating_sub(number.unsigned_abs()),
        };
        let end = self.to.map_or(size, |to| place(to).saturating_add(1)).min(size);
        place(self.from).min(end)..end
    }
}

/// The query of a URL, decoded; the first of equal keys counts.
pub(crate) fn query(text: Option<&str>) -> HashMap<String, String> {
    let mut query = HashMap::new();
    for (key, value) in url::form_urlencoded::parse(text.unwrap_or_default().as_bytes()) {
        query.entry(key.into_owned()).or_insert(value.into_owned());
    }
    query
}

impl Format {
    /// From query and headers.
    ///
    /// # Errors
    /// 400, with this text.
    pub(crate) fn negotiate(
        query: &HashMap<String, String>,
        headers: &HeaderMap,
    ) -> Result<Self, String> {
        let accepted = accepted(headers);
        let asked = query.get("format").map(String::as_str).and_then(|format| match format {
            "raw" => Some(RAW),
            "car" => Some(CAR),
            "ipns-record" => Some(IPNS_RECORD),
            "json" => Some("application/json"),
            "cbor" => Some("application/cbor"),
            "tar" => Some("application/x-tar"),
            "dag-json" => Some("application/vnd.ipld.dag-json"),
            "dag-cbor" => Some("application/vnd.ipld.dag-cbor"),
            _ => None,
        });
        let (kind, params) = match (asked, accepted) {
            (Some(asked), Some((kind, params))) if asked == kind => (kind, params),
            (Some(asked), _) => (asked.to_owned(), HashMap::new()),
            (None, Some(accepted)) => accepted,
            (None, None) => return Ok(Self::Web),
        };
        match kind.as_str() {
            // A file is served as it is under these.
            "application/json" | "application/cbor" => Ok(Self::Web),
            RAW => Ok(Self::Raw),
            IPNS_RECORD => Ok(Self::IpnsRecord),
            CAR => CarParams::new(query, &params).map(Self::Car),
            other => Err(format!(
                "unsupported response format requested: {other}; \
                 the devnet serves raw, car and ipns-record"
            )),
        }
    }

    /// The value of `?format=` that asks for it.
    pub(crate) fn query_value(&self) -> Option<&'static str> {
        match self {
            Self::Web => None,
            Self::Raw => Some("raw"),
            Self::Car(_) => Some("car"),
            Self::IpnsRecord => Some("ipns-record"),
        }
    }
}

impl CarParams {
    fn new(
        query: &HashMap<String, String>,
        accept: &HashMap<String, String>,
    ) -> Result<Self, String> {
        let param = |in_query: &str, in_accept: &str| {
            let query = query.get(in_query).filter(|value| !value.is_empty());
            query.or_else(|| accept.get(in_accept)).map_or("", String::as_str)
        };
        let unsupported = |what: &str, value: &str| {
            Err(format!("unsupported application/vnd.ipld.car {what}: {value:?}"))
        };
        match param("car-version", "version") {
            "" | "1" => {}
            other => return unsupported("version (only 1 is supported)", other),
        }
        match param("car-order", "order") {
            "" | "dfs" | "unk" => {}
            other => return unsupported("order parameter", other),
        }
        match param("car-dups", "dups") {
            // Blocks come once also for "y": a reader that keeps what it has read needs no more.
            "" | "y" | "n" => {}
            other => return unsupported("dups parameter", other),
        }
        let bytes = match query.get("entity-bytes") {
            None => None,
            Some(text) => match EntityBytes::parse(text) {
                None => return unsupported("entity-bytes parameter", text),
                bytes => bytes,
            },
        };
        let scope = match query.get("dag-scope").map(String::as_str) {
            // A range is of an entity.
            None if bytes.is_some() => Scope::Entity,
            None | Some("all") => Scope::All,
            Some("entity") => Scope::Entity,
            Some("block") => Scope::Block,
            Some(other) => return unsupported("scope parameter", other),
        };
        Ok(Self { scope, bytes })
    }
}

/// The first media type in `Accept` that means something to a gateway, with its parameters.
fn accepted(headers: &HeaderMap) -> Option<(String, HashMap<String, String>)> {
    const PREFIXES: [&str; 5] = [
        "application/vnd.ipld",
        "application/vnd.ipfs",
        "application/x-tar",
        "application/json",
        "application/cbor",
    ];
    let values = headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok());
    let first = values
        .flat_map(|value| value.split(','))
        .map(str::trim)
        .find(|value| PREFIXES.iter().any(|prefix| value.starts_with(prefix)))?;
    let mut parts = first.split(';').map(str::trim);
    let kind = parts.next().unwrap_or_default().to_ascii_lowercase();
    let params = parts.filter_map(|part| part.split_once('=')).map(|(key, value)| {
        (key.trim().to_ascii_lowercase(), value.trim().trim_matches('"').to_owned())
    });
    Some((kind, params.collect()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn negotiate(text: &str, accept: &str) -> Result<Format, String> {
        let mut headers = HeaderMap::new();
        if !accept.is_empty() {
            headers.insert(header::ACCEPT, accept.parse().unwrap());
        }
        Format::negotiate(&query(Some(text)), &headers)
    }

    #[test]
    fn query_goes_before_accept() {
        let car = |scope| Ok(Format::Car(CarParams { scope, bytes: None }));
        assert_eq!(negotiate("", ""), Ok(Format::Web));
        assert_eq!(negotiate("format=what", "text/html,*/*"), Ok(Format::Web));
        assert_eq!(negotiate("", "application/json"), Ok(Format::Web));
        assert_eq!(negotiate("", RAW), Ok(Format::Raw));
        assert_eq!(negotiate("format=raw", CAR), Ok(Format::Raw));
        assert_eq!(negotiate("format=ipns-record", ""), Ok(Format::IpnsRecord));
        assert_eq!(negotiate("", IPNS_RECORD), Ok(Format::IpnsRecord));
        assert_eq!(negotiate("format=car", ""), car(Scope::All));
        assert_eq!(negotiate("format=car&dag-scope=entity", ""), car(Scope::Entity));
        assert_eq!(
            negotiate("dag-scope=block", "application/vnd.ipld.car; version=1; order=dfs; dups=n"),
            car(Scope::Block)
        );
    }

    #[test]
    fn ranges_of_entities() {
        let range = |text, size| EntityBytes::parse(text).map(|bytes| bytes.range(size));
        for (text, expected) in [
            ("0:*", 0..10),
            ("2:4", 2..5),
            ("-3:*", 7..10),
            ("-3:-2", 7..9),
            ("0:-1", 0..10),
            ("5:100", 5..10),
            ("100:*", 10..10),
            ("-100:*", 0..10),
        ] {
            assert_eq!(range(text, 10), Some(expected), "{text}");
        }
        for text in ["", "1", "4:2", "-2:-3", "a:b", "*:1"] {
            assert_eq!(range(text, 10), None, "{text}");
        }
        let car = negotiate("format=car&entity-bytes=2:4", "");
        let bytes = EntityBytes::parse("2:4");
        assert_eq!(car, Ok(Format::Car(CarParams { scope: Scope::Entity, bytes })));
    }

    #[test]
    fn what_is_not_served_is_said() {
        for (query, accept, said) in [
            ("format=tar", "", "x-tar"),
            ("", "application/vnd.ipld.dag-json", "dag-json"),
            ("format=car&dag-scope=half", "", "scope"),
            ("format=car&car-version=2", "", "version"),
            ("", "application/vnd.ipld.car;order=bfs", "order"),
            ("format=car&car-dups=maybe", "", "dups"),
            ("format=car&entity-bytes=4:2", "", "entity-bytes"),
        ] {
            let error = negotiate(query, accept).unwrap_err();
            assert!(error.contains(said), "{query} {accept}: {error}");
        }
    }
}
