//! What clients expect of the usual text records (ENSIP-5, ENSIP-12, ENSIP-18): remarks, never a
//! refusal.

use super::{RecordKey, Value, meant_text_key};
use crate::ens::Name;
use crate::multiformats::ContentId;

/// What a person should know who sets `key` of `name` to `value`.
pub fn remarks(name: &Name, key: &RecordKey, value: &Value) -> Vec<String> {
    let mut remarks = Vec::new();
    match (key, value) {
        (RecordKey::Name, _) => remarks.push(
            "this is not a reverse record: wallets show the primary name that is set on chain"
                .to_owned(),
        ),
        (RecordKey::Address(coin), _) if coin.number() == 60 => remarks.push(
            "the file of address/60 holds the form that addr(node) returns; a client that asks \
             addr(node, 60) expects bytes and cannot read it"
                .to_owned(),
        ),
        (RecordKey::Contenthash, Value::Contenthash(contenthash)) => {
            remarks.extend(contenthash.dnslink().map(|domain| {
                format!(
                    "{domain} is a domain: whoever controls its DNS decides what is shown \
                     (DNSLink), and not every client follows it"
                )
            }));
        }
        (RecordKey::Text(key), Value::Text(text)) => {
            let key = key.as_str();
            if let Some(meant) = meant_text_key(key) {
                remarks
                    .push(format!("the usual text key is {meant}; few clients look for {key:?}"));
            }
            if !text.is_empty() {
                remarks.extend(about_text(name, key, text));
            }
        }
        _ => {}
    }
    remarks
}

fn about_text(name: &Name, key: &str, text: &str) -> Option<String> {
    let has_scheme = |schemes: &[&str]| {
        let scheme = text.split_once(':').map(|(scheme, _)| scheme.to_ascii_lowercase());
        scheme.is_some_and(|scheme| schemes.contains(&&*scheme))
    };
    match key {
        "avatar" | "header" => {
            if has_scheme(&["https", "ipfs", "ipns", "ar", "data", "eip155"]) {
                return None;
            }
            if let Ok(content) = text.parse::<ContentId>() {
                let scheme = if matches!(content, ContentId::Ipfs(_)) { "ipfs" } else { "ipns" };
                let bare = text.rsplit('/').next().unwrap_or(text);
                return Some(format!("clients show a URI here: write {scheme}://{bare}"));
            }
            Some(format!(
                "clients show an {key} that is an https://, ipfs:// or data: URI, or a token, \
                 eip155:1/erc721:0x…/ID (ENSIP-12)"
            ))
        }
        "url" if !has_scheme(&["https", "http", "ipfs", "ipns"]) => {
            Some("clients expect a URL here, such as https://example.com".to_owned())
        }
        "email" => {
            let address = text.split_once('@').filter(|(user, host)| {
                !user.is_empty() && host.contains('.') && !host.contains('@')
            });
            let is_one = address.is_some() && !text.contains(char::is_whitespace);
            (!is_one).then(|| "clients expect an address here, such as nick@example.com".to_owned())
        }
        "display" => {
            let shows = Name::parse(text).is_ok_and(|shown| shown == *name);
            (!shows).then(|| {
                format!("clients ignore a display name whose normal form is not {name} (ENSIP-5)")
            })
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn remark(key: &str, value: &str) -> Vec<String> {
        let key = RecordKey::parse(key).unwrap();
        let value = Value::parse(&key, value).unwrap();
        remarks(&Name::parse("nick.eth").unwrap(), &key, &value)
    }

    #[test]
    fn a_near_miss_is_told_the_usual_key() {
        assert!(remark("text/avtar", "x")[0].contains("avatar"));
        assert_eq!(remark("text/com.x", "x"), Vec::<String>::new());
    }

    #[test]
    fn values_that_clients_do_not_show() {
        let cid = "bafybeibj6lixxzqtsb45ysdjnupvqkufgdvzqbnvmhw2kf7cfkesy7r7d4";
        for (key, good) in [
            ("text/avatar", "https://example.com/me.png"),
            ("text/avatar", "eip155:1/erc721:0xabc/1"),
            ("text/avatar", "data:image/png;base64,xx"),
            ("text/avatar", ""),
            ("text/url", "https://example.com"),
            ("text/email", "nick@example.com"),
            ("text/display", "Nick.eth"),
            ("text/anything", "x"),
        ] {
            assert_eq!(remark(key, good), Vec::<String>::new(), "{key} {good}");
        }
        for (key, value, said) in [
            ("text/avatar", "me.png", "https://, ipfs://"),
            ("text/avatar", cid, "write ipfs://bafy"),
            (
                "text/header",
                "/ipfs/bafybeibj6lixxzqtsb45ysdjnupvqkufgdvzqbnvmhw2kf7cfkesy7r7d4",
                "ipfs://bafy",
            ),
            ("text/url", "example.com", "https://example.com"),
            ("text/email", "nick at example", "nick@example.com"),
            ("text/email", "a@b@c.d", "nick@example.com"),
            ("text/display", "Nicholas", "nick.eth"),
            ("contenthash", "ipns://docs.ipfs.tech", "DNSLink"),
        ] {
            let remarks = remark(key, value);
            assert!(remarks.len() == 1 && remarks[0].contains(said), "{key} {value}: {remarks:?}");
        }
    }
}
