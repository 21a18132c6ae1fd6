//! Whether a gateway answers at all: for whoever looks for faults.

use cid::Cid;

use super::form::{Content, Gateway};
use crate::ens::Name;
use crate::keys::IpnsName;
use crate::net::{Http, NetError, Request};

/// The empty file, in the CID itself: every gateway has it.
const EMPTY: &str = "bafkqaaa";

/// What a gateway makes of a question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GatewayProbe {
    /// It serves what it was asked for.
    Serves,
    /// It has nothing at the addresses it was given for.
    Nothing,
    /// It answers with something else than the file asked for.
    Else,
    /// Its addresses need a name, or an IPNS name, and none is known.
    Unasked,
}

/// Asks `gateway` for a file that everybody has, where its addresses can name one; else for what
/// `name` and `ipns` have there.
///
/// # Errors
/// When it does not answer, or refuses.
pub async fn probe_gateway(
    http: &Http,
    gateway: &Gateway,
    name: Option<&Name>,
    ipns: Option<&IpnsName>,
) -> Result<GatewayProbe, NetError> {
    let empty = Content::Ipfs(EMPTY.parse::<Cid>().expect("the constant is a CID"));
    let (content, is_known) = match ipns.filter(|_| gateway.is_by_ipns() || gateway.is_by_name()) {
        Some(ipns) => (Content::Ipns(*ipns), false),
        None => (empty, !gateway.is_by_name()),
    };
    let Some(mut url) = gateway.probe_url(&content, name) else {
        return Ok(GatewayProbe::Unasked);
    };
    if is_known {
        url.set_query(Some("format=raw"));
    }
    let answer = http.send(&Request::get(url).max_body(1 << 20).attempts(1)).await?;
    match answer.status {
        200..300 if is_known && !answer.body.is_empty() => Ok(GatewayProbe::Else),
        200..300 => Ok(GatewayProbe::Serves),
        404 if !is_known => Ok(GatewayProbe::Nothing),
        _ => Err(answer.to_error()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::test_server::{Answer, TestServer, quick_http};

    #[tokio::test]
    async fn what_a_gateway_makes_of_the_empty_file() {
        for (status, body, expected) in [
            (200, "", Some(GatewayProbe::Serves)),
            (200, r#"{"a":1}"#, Some(GatewayProbe::Else)),
            (404, "no", None),
            (500, "no", None),
        ] {
            let server = TestServer::start(move |_, _| Answer::new(status, body)).await;
            let gateway: Gateway = server.url.as_str().parse().unwrap();
            let found = probe_gateway(&quick_http(), &gateway, None, None).await;
            assert_eq!(found.ok(), expected);
            assert!(server.seen()[0].line.contains("/ipfs/bafkqaaa?format=raw"));
        }
    }

    #[test]
    fn every_form_is_asked_at_an_address_it_has() {
        let ipns: IpnsName =
            "k51qzi5uqu5dk0hpo9y416u27goyk4jvnsk8comhw5rlkbo3eeoqjvr7rnqzsu".parse().unwrap();
        let name = Name::parse("my-nick.eth").unwrap();
        let empty = Content::Ipfs(EMPTY.parse().unwrap());
        let of = Content::Ipns(ipns);
        for (gateway, content, expected) in [
            ("https://domain.eth.limo", &of, "https://my-nick.eth.limo/"),
            ("https://domain-eth.ipns.example", &of, "https://my--nick-eth.ipns.example/"),
            ("https://<CID>.ipfs.example", &empty, "https://bafkqaaa.ipfs.example/"),
            ("https://ipfs.io", &empty, "https://ipfs.io/ipfs/bafkqaaa"),
        ] {
            let gateway: Gateway = gateway.parse().unwrap();
            let url = gateway.probe_url(content, Some(&name)).unwrap();
            assert_eq!(url.as_str(), expected);
        }
        let by_name: Gateway = "https://domain.eth.limo".parse().unwrap();
        assert_eq!(by_name.probe_url(&of, None), None);
    }
}
