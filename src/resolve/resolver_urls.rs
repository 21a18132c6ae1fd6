//! The addresses the resolver contract sends a client to ([the resolver](crate::spec::resolver)).

use data_encoding::HEXLOWER;

use crate::recordhash::{Recordhash, Target};

/// The gateways a gateway manager contract lists. All are host names, without scheme.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResolverGateways {
    /// `PrimaryGateway()`; none when empty.
    pub primary: String,
    /// The Web3 gateways to ask, of `listWeb3Gateways()`: the contract picks one or two by block.
    pub web3: Vec<String>,
    /// `listWeb2Gateways()`; the first takes every recordhash, all of them an empty one.
    pub web2: Vec<String>,
}

impl Default for ResolverGateways {
    /// As in the source of the deployed contract.
    fn default() -> Self {
        Self {
            primary: "ipfs2.eth.limo".to_owned(),
            web3: vec!["dweb.link".to_owned(), "ipfs.io".to_owned()],
            web2: vec!["ccip.namesys.xyz".to_owned()],
        }
    }
}

impl ResolverGateways {
    /// The addresses for `path` (`/.well-known/…/<record type>`, without `.json`), in the
    /// contract's order and exactly as it writes them: not percent-encoded, and with `{data}`
    /// where the client puts the request's data. `None` is an empty recordhash.
    pub fn urls(&self, recordhash: Option<&Recordhash>, path: &str) -> Vec<String> {
        let Some(recordhash) = recordhash else {
            let url = |host| format!("https://{host}{path}.json?t={{data}}");
            return self.web2.iter().map(url).collect();
        };
        let stored = match recordhash.target() {
            Target::Https(_) => {
                let base = String::from_utf8_lossy(recordhash.stored());
                return vec![format!("{base}{path}.json?t={{data}}")];
            }
            Target::Ipns(name) if recordhash.stored().len() == 32 => name.contenthash(),
            _ => recordhash.stored().to_vec(),
        };
        let file = match &stored[..] {
            [0xe2, second, ..] => {
                let hex = HEXLOWER.encode(&stored[if *second == 0xe5 { 3 } else { 2 }..]);
                format!("/api/v0/dag/get?arg=f{hex}{path}.json?t={{data}}&format=dag-cbor")
            }
            [0xe5, _, cid @ ..] => format!("/ipns/f{}{path}.json?t={{data}}", HEXLOWER.encode(cid)),
            [0xe3, _, cid @ ..] => format!("/ipfs/f{}{path}.json?t={{data}}", HEXLOWER.encode(cid)),
            text => {
                let space = if text.starts_with(b"k") { "ipns" } else { "ipfs" };
                format!("/{space}/{}{path}.json?t={{data}}", String::from_utf8_lossy(text))
            }
        };
        let mut urls = Vec::new();
        if !self.primary.is_empty() {
            let label = subdomain(&stored);
            urls.push(format!("https://{label}.{}{path}.json?t={{data}}", self.primary));
        }
        let others = self.web3.iter().chain(self.web2.first());
        urls.extend(others.map(|host| format!("https://{host}{file}")));
        urls
    }
}

/// The labels before the primary gateway: text as it is, bytes in hexadecimal, by dots in groups
/// of 16 bytes, the remainder first. Without a remainder the first label is empty, as the
/// contract writes it.
fn subdomain(stored: &[u8]) -> String {
    if stored.starts_with(b"k") || stored.starts_with(b"b") {
        return String::from_utf8_lossy(stored).into_owned();
    }
    let (remainder, groups) = stored.split_at(stored.len() % 16);
    let mut label = HEXLOWER.encode(remainder);
    for group in groups.chunks(16) {
        label.push('.');
        label.push_str(&HEXLOWER.encode(group));
    }
    label
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "99b162d05a2edcec4af30845dfcfba1524370d8ada191cbc563f07a89b852abe";
    const PATH: &str = "/.well-known/eth/nick/text/avatar";

    fn urls(recordhash: &str) -> Vec<String> {
        let recordhash: Recordhash = recordhash.parse().unwrap();
        ResolverGateways::default().urls(Some(&recordhash), PATH)
    }

    #[test]
    fn ipns_in_its_three_forms() {
        let primary = "https://e5010172002408011220.99b162d05a2edcec4af30845dfcfba15.\
             24370d8ada191cbc563f07a89b852abe.ipfs2.eth.limo/.well-known/eth/nick/text/avatar.json\
             ?t={data}";
        let path = format!(
            "/ipns/f0172002408011220{KEY}/.well-known/eth/nick/text/avatar.json?t={{data}}"
        );
        let expected = [
            primary.to_owned(),
            format!("https://dweb.link{path}"),
            format!("https://ipfs.io{path}"),
            format!("https://ccip.namesys.xyz{path}"),
        ];
        assert_eq!(urls(&format!("0xe5010172002408011220{KEY}")), expected);
        assert_eq!(urls(&format!("0x{KEY}")), expected);
        let name = "k51qzi5uqu5dk0hpo9y416u27goyk4jvnsk8comhw5rlkbo3eeoqjvr7rnqzsu";
        assert_eq!(urls(&format!("ipns://{name}")), expected);
        let text = urls(name);
        assert_eq!(text[0], format!("https://{name}.ipfs2.eth.limo{PATH}.json?t={{data}}"));
        assert_eq!(text[2], format!("https://ipfs.io/ipns/{name}{PATH}.json?t={{data}}"));
    }

    #[test]
    fn ipfs_and_ipld() {
        let hash = "0170122029f2d17be6139079dc48696d1f582a8530eb9805b561eda517e22a892c7e3f1f";
        let full = urls(&format!("0xe301{hash}"));
        assert_eq!(
            full[0],
            "https://e30101701220.29f2d17be6139079dc48696d1f582a85.\
             30eb9805b561eda517e22a892c7e3f1f.ipfs2.eth.limo/.well-known/eth/nick/text/avatar.json\
             ?t={data}"
        );
        assert_eq!(full[1], format!("https://dweb.link/ipfs/f{hash}{PATH}.json?t={{data}}"));
        let cid = "bafybeibj6lixxzqtsb45ysdjnupvqkufgdvzqbnvmhw2kf7cfkesy7r7d4";
        assert_eq!(urls(cid)[1], format!("https://dweb.link/ipfs/{cid}{PATH}.json?t={{data}}"));
        for prefix in ["e201", "e2e501"] {
            let url = &urls(&format!("0x{prefix}{hash}"))[3];
            let expected = format!(
                "https://ccip.namesys.xyz/api/v0/dag/get?arg=f{hash}{PATH}.json?t={{data}}\
                 &format=dag-cbor"
            );
            assert_eq!(*url, expected);
        }
    }

    #[test]
    fn https_and_empty() {
        assert_eq!(
            urls("https://namesys.example/records"),
            ["https://namesys.example/records/.well-known/eth/nick/text/avatar.json?t={data}"]
        );
        assert_eq!(
            ResolverGateways::default().urls(None, PATH),
            ["https://ccip.namesys.xyz/.well-known/eth/nick/text/avatar.json?t={data}"]
        );
    }

    #[test]
    fn no_primary_and_an_even_number_of_groups() {
        let gateways =
            ResolverGateways { primary: String::new(), web3: Vec::new(), ..Default::default() };
        let short: Recordhash = format!("0x{KEY}").parse().unwrap();
        assert_eq!(gateways.urls(Some(&short), PATH).len(), 1);
        assert_eq!(subdomain(&[0xab; 16]), ".abababababababababababababababab");
    }
}
