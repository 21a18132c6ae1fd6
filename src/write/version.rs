//! The version of a name, as a handler's GraphQL endpoint tells it ([write](crate::spec::write)):
//! the w3name revision of what was published last, or its sequence alone.

use alloy_primitives::hex;
use serde_json::{Value, json};
use url::Url;

use super::PostFailure;
use crate::ens::Name;
use crate::ipns::Revision;
use crate::json;
use crate::keys::IpnsName;
use crate::net::{Body, Http, Request, shown};

/// Most bytes of an answer that are read.
const MAX_ANSWER: usize = 64 << 10;
/// More of an answer is not repeated, in characters.
const SHOWN: usize = 200;
/// What is asked where nobody says otherwise, and where the answer is: one after the other, for no
/// schema has the first.
const USUAL: [(&str, &str); 2] = [
    ("query Version($name: String!) { domain(name: $name) { version } }", "data.domain.version"),
    ("query Sequence($name: String!) { domain(name: $name) { sequence } }", "data.domain.sequence"),
];

/// How the version is asked for, in place of the usual way.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct VersionQuery {
    /// GraphQL; `$name` is the name.
    pub query: Option<String>,
    /// Where the answer is in the document, as `data.domain.version`.
    pub path: Option<String>,
}

impl VersionQuery {
    fn each(&self) -> Vec<(&str, &str)> {
        match (&self.query, &self.path) {
            (None, None) => USUAL.to_vec(),
            (Some(query), path) => vec![(query, path.as_deref().unwrap_or(USUAL[0].1))],
            (None, Some(path)) => vec![(USUAL[0].0, path)],
        }
    }
}

/// The sequence of what was published last of `name` under `ipns`, as the endpoint at `url` tells
/// it; `None` where it knows nothing of the name, or has no such field.
///
/// # Errors
/// [`PostFailure`]: nobody answers, or with something else than a version.
pub async fn ask_version(
    http: &Http,
    url: &Url,
    (name, ipns): (&Name, &IpnsName),
    wanted: &VersionQuery,
) -> Result<Option<u64>, PostFailure> {
    for (query, path) in wanted.each() {
        let body = json!({"query": query, "variables": {"name": name.as_str()}});
        let request = Request::post(url.clone(), Body::Bytes(body.to_string().into()))
            .content_type("application/json")
            .max_body(MAX_ANSWER);
        let answer = http.send(&request).await?;
        let wrong = |what: &str| {
            let text = String::from_utf8_lossy(&answer.body);
            let start: String = text.chars().filter(|c| !c.is_control()).take(SHOWN).collect();
            PostFailure::Answer { gateway: shown(&answer.url), words: format!("{what}: {start}") }
        };
        let document: Value = match json::from_slice(&answer.body) {
            Ok(document) => document,
            Err(_) if answer.status != 200 => return Err(answer.to_error().into()),
            Err(_) => return Err(wrong("no JSON")),
        };
        // GraphQL says 200 or 400 where it has no such field: then the next way is tried.
        let has_errors = document.get("errors").and_then(Value::as_array);
        if has_errors.is_some_and(|errors| !errors.is_empty()) {
            continue;
        }
        if answer.status != 200 {
            return Err(answer.to_error().into());
        }
        return sequence(&document, path, ipns).map_err(|what| wrong(&what));
    }
    Ok(None)
}

/// The sequence at `path` (`data.domain.version`) of an answer about `ipns`; `None` where it knows
/// nothing.
///
/// # Errors
/// What is wrong with it, in words.
pub fn version_told(answer: &[u8], path: &str, ipns: &IpnsName) -> Result<Option<u64>, String> {
    let document: Value = json::from_slice(answer).map_err(|error| error.to_string())?;
    sequence(&document, path, ipns)
}

/// The sequence at `path` of an answer.
fn sequence(document: &Value, path: &str, ipns: &IpnsName) -> Result<Option<u64>, String> {
    let mut found = document;
    for part in path.split('.') {
        found = match found {
            Value::Null => return Ok(None),
            Value::Object(fields) => match fields.get(part) {
                Some(field) => field,
                None => return Err(format!("it has no {path}")),
            },
            _ => return Err(format!("it has no {path}")),
        };
    }
    let text = match found {
        Value::Null => return Ok(None),
        Value::Number(number) => return number.as_u64().map(Some).ok_or("no sequence".to_owned()),
        Value::String(text) => text,
        _ => return Err("no version".to_owned()),
    };
    if text.is_empty() {
        return Ok(None);
    }
    if let Some(digits) = text.strip_prefix("0x") {
        let bytes =
            hex::decode(digits).map_err(|_| "a version that is no hexadecimal".to_owned())?;
        let revision = Revision::decode(&bytes).map_err(|error| error.to_string())?;
        return match revision.name == *ipns {
            true => Ok(Some(revision.sequence)),
            false => Err(format!("the version is of another IPNS name, {}", revision.name)),
        };
    }
    let number = text.parse::<u64>().ok().filter(|number| number.to_string() == *text);
    number.map(Some).ok_or_else(|| "a version that is no sequence".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vectors() -> Value {
        serde_json::from_str(include_str!("../../tests/vectors/write/version.json")).unwrap()
    }

    #[test]
    fn asked_and_answered_as_the_vectors_have_it() {
        let graphql = &vectors()["graphql"];
        let usual = VersionQuery::default();
        let queries: Vec<&str> = usual.each().iter().map(|(query, _)| *query).collect();
        assert_eq!(queries[0], graphql["request_body"]["query"]);
        assert_eq!(queries[1], graphql["request_body_sequence"]["query"]);
        let name = vectors()["revisions"][0]["name"].as_str().unwrap().parse().unwrap();
        let answers = graphql["answers"].as_array().unwrap();
        let read = |at: usize, way: usize| sequence(&answers[at], USUAL[way].1, &name);
        assert_eq!(read(0, 0), Ok(Some(1)));
        assert_eq!((read(1, 0), read(2, 0)), (Ok(None), Ok(None)));
        assert_eq!(read(3, 1), Ok(Some(4)));
        for answer in vectors()["sequence_only_answers"].as_array().unwrap() {
            let document = json!({"data": {"domain": {"sequence": answer}}});
            let wanted = match answer {
                Value::Null => None,
                Value::String(text) => text.parse().ok(),
                number => number.as_u64(),
            };
            assert_eq!(sequence(&document, USUAL[1].1, &name), Ok(wanted), "{answer}");
        }
    }

    #[test]
    fn what_is_no_version_is_no_number() {
        let first = &vectors()["revisions"][0];
        let name: IpnsName = first["name"].as_str().unwrap().parse().unwrap();
        let of_another = &vectors()["seed_004_example"]["version"];
        for odd in [
            json!(-1),
            json!(1.5),
            json!("01"),
            json!("x"),
            json!("0x00"),
            json!("0xzz"),
            json!([1]),
            json!(true),
            of_another.clone(),
        ] {
            let document = json!({"data": {"domain": {"version": odd}}});
            assert!(sequence(&document, USUAL[0].1, &name).is_err(), "{odd}");
        }
        for odd in [json!({}), json!({"data": 4}), json!({"data": {"domain": {}}}), json!([])] {
            assert!(sequence(&odd, USUAL[0].1, &name).is_err(), "{odd}");
        }
    }
}
