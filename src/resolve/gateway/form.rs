//! The forms in which a person names a gateway, and the addresses they give.

use std::fmt;
use std::str::FromStr;

use cid::Cid;
use url::Url;

use crate::ens::Name;
use crate::keys::IpnsName;
use crate::net::{endpoint, shown};
use crate::recordhash::base36;

/// An IPFS gateway: a base address (`https://ipfs.io`, asked for `/ipns/<name>/…` and
/// `/ipfs/<cid>/…`) or a template with a placeholder in its host.
///
/// | placeholder | also written as | what stands there |
/// | --- | --- | --- |
/// | `{ipns}` | `<base36 CID>`, `<base36-CID-v1>` | the IPNS name, `k51…` |
/// | `{ipfs}` | `<base32 CID>`, `<base32-CID-v1>` | the root, `bafy…` |
/// | `{cid}` | `<CID>`, `<CID-v1>` | either of the two |
/// | `{name}` | `domain.eth` as the beginning of the host | the ENS name |
/// | `{name-dashed}` | `domain-eth` as the first label | the ENS name as one label: `-` is `--`, `.` is `-` |
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gateway {
    text: String,
    form: Form,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Form {
    Base(Url),
    Template(String),
}

/// Why a text is not a gateway.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{text:?} is not a gateway: {reason}; write https://ipfs.io or a template such as \
     https://{{ipns}}.ipns.dweb.link"
)]
pub struct GatewayParseError {
    text: String,
    reason: String,
}

/// What is asked of a gateway.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Content {
    Ipns(IpnsName),
    /// An IPNS name of another kind of key.
    IpnsOther(Cid),
    Ipfs(Cid),
}

/// [Seed 001](crate::spec::resolver)'s way of writing the placeholders, longest first.
const LITERALS: [(&str, &str); 6] = [
    ("<base36-CID-v1>", "{ipns}"),
    ("<base36 CID>", "{ipns}"),
    ("<base32-CID-v1>", "{ipfs}"),
    ("<base32 CID>", "{ipfs}"),
    ("<CID-v1>", "{cid}"),
    ("<CID>", "{cid}"),
];
const PLACEHOLDERS: [&str; 5] = ["{ipns}", "{ipfs}", "{cid}", "{name}", "{name-dashed}"];

impl Gateway {
    /// Reads a base address or a template.
    ///
    /// # Errors
    /// When it is no `http://` or `https://` address, has a query or fragment, or an unknown
    /// placeholder.
    pub fn parse(text: &str) -> Result<Self, GatewayParseError> {
        let text = text.trim();
        let wrong = |reason: String| GatewayParseError { text: without_login(text), reason };
        let mut template = text.to_owned();
        for (literal, placeholder) in LITERALS {
            template = template.replace(literal, placeholder);
        }
        if let Some((scheme, rest)) = template.split_once("://") {
            let rest = match rest.strip_prefix("domain-eth.") {
                Some(host) => format!("{{name-dashed}}.{host}"),
                None => match rest.strip_prefix("domain.eth.") {
                    Some(host) => format!("{{name}}.{host}"),
                    None => rest.to_owned(),
                },
            };
            template = format!("{scheme}://{rest}");
        }
        let mut sample = template.clone();
        for placeholder in PLACEHOLDERS {
            sample = sample.replace(placeholder, "x");
        }
        if sample.contains(['{', '}', '<', '>']) {
            let known = PLACEHOLDERS.join(", ");
            return Err(wrong(format!("its placeholder is none of {known}")));
        }
        let url: Url = sample.parse().map_err(|error| wrong(format!("{error}")))?;
        if !matches!(url.scheme(), "http" | "https") || !url.has_host() {
            return Err(wrong("it does not start with http:// or https://".to_owned()));
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err(wrong("paths are appended to it: it cannot have ? or #".to_owned()));
        }
        let is_template = sample != template;
        let has_login = !url.username().is_empty() || url.password().is_some();
        if is_template && has_login {
            return Err(wrong("a template cannot hold a user name or password".to_owned()));
        }
        let text = if has_login { shown(&url) } else { text.to_owned() };
        let form = if !is_template { Form::Base(url) } else { Form::Template(template) };
        Ok(Self { text, form })
    }

    /// What is trusted when this gateway is: its address, or the part of its host that is the
    /// same for all names.
    pub fn trusted_url(&self) -> Option<Url> {
        match &self.form {
            Form::Base(url) => Some(url.clone()),
            Form::Template(template) => {
                let (scheme, _) = template.split_once("://")?;
                let (_, rest) = template.rsplit_once('}')?;
                format!("{scheme}://{}", rest.trim_start_matches('.')).parse().ok()
            }
        }
    }

    /// The address of `path` (segments) under `content`, or `None` where this gateway cannot
    /// name it. `name` fills `{name}`.
    pub(super) fn url(&self, content: &Content, name: &Name, path: &[&str]) -> Option<Url> {
        let (space, cid) = match content {
            Content::Ipns(key) => ("ipns", key.to_string()),
            Content::IpnsOther(cid) => ("ipns", base36(cid)),
            Content::Ipfs(cid) => ("ipfs", cid.to_string()),
        };
        let template = match &self.form {
            Form::Base(base) => {
                return Some(endpoint(base, [space, &cid].into_iter().chain(path.iter().copied())));
            }
            Form::Template(template) => template,
        };
        let other_space = if space == "ipns" { "{ipfs}" } else { "{ipns}" };
        if template.contains(other_space) {
            return None;
        }
        let filled = template
            .replace("{ipns}", &cid)
            .replace("{ipfs}", &cid)
            .replace("{cid}", &cid)
            .replace("{name}", name.as_str())
            .replace("{name-dashed}", &name.as_str().replace('-', "--").replace('.', "-"));
        let base: Url = filled.parse().ok()?;
        Some(endpoint(&base, path.iter().copied()))
    }

    /// As [`url`](Self::url), also without a name where the addresses need none.
    pub(super) fn probe_url(&self, content: &Content, name: Option<&Name>) -> Option<Url> {
        let needs_name = match &self.form {
            Form::Base(_) => false,
            Form::Template(template) => template.contains("{name"),
        };
        let nobody = || Name::parse("nobody.eth").ok();
        let name = if needs_name { name.cloned() } else { nobody() };
        self.url(content, &name?, &[])
    }

    /// Whether its addresses are of IPNS names alone.
    pub(super) fn is_by_ipns(&self) -> bool {
        matches!(&self.form, Form::Template(template) if template.contains("{ipns}"))
    }

    /// Whether it is a template.
    pub(super) fn is_template(&self) -> bool {
        matches!(self.form, Form::Template(_))
    }

    /// Whether its addresses contain the ENS name alone, so that what it serves is what *it*
    /// finds under that name: nothing there can be checked against a recordhash.
    pub(super) fn is_by_name(&self) -> bool {
        match &self.form {
            Form::Base(_) => false,
            Form::Template(template) => {
                !["{ipns}", "{ipfs}", "{cid}"].iter().any(|cid| template.contains(cid))
            }
        }
    }
}

/// The text for an error: bounded, and without what may be a password before an `@`.
fn without_login(text: &str) -> String {
    let text: String = text.chars().take(200).collect();
    match (text.split_once("://"), text.rsplit_once('@')) {
        (Some((scheme, _)), Some((_, host))) => format!("{scheme}://…@{host}"),
        _ => text,
    }
}

impl FromStr for Gateway {
    type Err = GatewayParseError;

    fn from_str(text: &str) -> Result<Self, GatewayParseError> {
        Self::parse(text)
    }
}

impl fmt::Display for Gateway {
    /// As it was given, without a user name and password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "k51qzi5uqu5dk0hpo9y416u27goyk4jvnsk8comhw5rlkbo3eeoqjvr7rnqzsu";
    const CID: &str = "bafybeibj6lixxzqtsb45ysdjnupvqkufgdvzqbnvmhw2kf7cfkesy7r7d4";

    fn url(gateway: &str, content: &Content, path: &[&str]) -> Option<String> {
        let name = Name::parse("my-name.eth").unwrap();
        Gateway::parse(gateway).unwrap().url(content, &name, path).map(String::from)
    }

    #[test]
    fn every_form_of_the_table() {
        let ipns = Content::Ipns(KEY.parse().unwrap());
        let ipfs = Content::Ipfs(CID.parse().unwrap());
        let path = [".well-known", "eth", "name.json"];
        let file = "/.well-known/eth/name.json";
        for (gateway, of_ipns, of_ipfs) in [
            (
                "https://ipfs.io",
                format!("https://ipfs.io/ipns/{KEY}"),
                format!("https://ipfs.io/ipfs/{CID}"),
            ),
            (
                "http://127.0.0.1:8080/gw/",
                format!("http://127.0.0.1:8080/gw/ipns/{KEY}"),
                format!("http://127.0.0.1:8080/gw/ipfs/{CID}"),
            ),
            (
                "https://<base36 CID>.ipns.dweb.link",
                format!("https://{KEY}.ipns.dweb.link"),
                String::new(),
            ),
            (
                "https://{ipns}.ipns.dweb.link",
                format!("https://{KEY}.ipns.dweb.link"),
                String::new(),
            ),
            (
                "https://<base32-CID-v1>.ipfs.dweb.link/",
                String::new(),
                format!("https://{CID}.ipfs.dweb.link"),
            ),
            (
                "https://domain-eth.ipns.dweb.link",
                "https://my--name-eth.ipns.dweb.link".into(),
                "https://my--name-eth.ipns.dweb.link".into(),
            ),
            (
                "https://domain.eth.limo",
                "https://my-name.eth.limo".into(),
                "https://my-name.eth.limo".into(),
            ),
            (
                "https://<CID>.ipfs2.eth.limo",
                format!("https://{KEY}.ipfs2.eth.limo"),
                format!("https://{CID}.ipfs2.eth.limo"),
            ),
        ] {
            let expected = |base: String| (!base.is_empty()).then(|| base + file);
            assert_eq!(url(gateway, &ipns, &path), expected(of_ipns), "{gateway}");
            assert_eq!(url(gateway, &ipfs, &path), expected(of_ipfs), "{gateway}");
        }
    }

    #[test]
    fn paths_are_percent_encoded() {
        let content = Content::Ipfs(CID.parse().unwrap());
        let address = url("https://ipfs.io", &content, &["ñandú", "a?b#c d%2F.json"]).unwrap();
        assert!(address.ends_with("/%C3%B1and%C3%BA/a%3Fb%23c%20d%252F.json"), "{address}");
    }

    #[test]
    fn what_is_no_gateway() {
        for text in [
            "",
            "ipfs.io",
            "ftp://ipfs.io",
            "https://",
            "https://ipfs.io/?a",
            "https://ipfs.io/#a",
            "https://{key}.example",
            "https://<key>.example",
        ] {
            assert!(Gateway::parse(text).is_err(), "{text}");
        }
        let error = Gateway::parse("https://{key}.example").unwrap_err();
        assert!(error.to_string().contains("{name-dashed}"), "{error}");
        let error = Gateway::parse("https://me:hunter2@{ipns}.example").unwrap_err();
        assert!(!error.to_string().contains("hunter2"), "{error}");
    }

    #[test]
    fn gateways_by_name_are_known_as_such() {
        for (text, by_name) in [
            ("https://domain.eth.limo", true),
            ("https://{name-dashed}.ipns.dweb.link", true),
            ("https://{cid}.ipfs2.eth.limo", false),
            ("https://ipfs.io", false),
        ] {
            assert_eq!(Gateway::parse(text).unwrap().is_by_name(), by_name, "{text}");
        }
        let gateway = Gateway::parse("https://me:hunter2@gw.example").unwrap();
        assert_eq!(gateway.to_string(), "https://gw.example/");
        assert_eq!(Gateway::parse("https://ipfs.io").unwrap().to_string(), "https://ipfs.io");
    }
}
