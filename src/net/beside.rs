//! Errors beside the name of the server they are about: it is named once.

use url::Url;

/// What `said` says of `server` where that stands before it: neither its name nor an address of it
/// once more. `server` ends with its address (`w3name at http://127.0.0.1:5559/`); in the address
/// of a gateway's template `{…}` stands for anything.
pub fn beside<'a>(server: &str, said: &'a str) -> &'a str {
    let mut left = said;
    if let Some(rest) = after_name(server, left) {
        left = rest.trim_start_matches([':', ' ']);
    }
    match begins_with_address(server, left) {
        true => left.split_once(' ').map_or(left, |(_, rest)| rest),
        false => left,
    }
}

/// Whether `said` begins with an address of `server`, so that it needs no name before it.
pub fn names(server: &str, said: &str) -> bool {
    (!server.is_empty() && after_name(server, said).is_some()) || begins_with_address(server, said)
}

/// What follows the server's name, which ends there: `https://a.example` is not of
/// `https://a.example.org`.
fn after_name<'a>(server: &str, said: &'a str) -> Option<&'a str> {
    let rest = said.strip_prefix(server)?;
    (rest.is_empty() || rest.starts_with([':', ' '])).then_some(rest)
}

fn begins_with_address(server: &str, said: &str) -> bool {
    let of = |text: &str| text.trim_end_matches(':').to_owned();
    let said = of(said.split(' ').next().unwrap_or_default());
    let server = of(server.rsplit(' ').next().unwrap_or_default());
    if server.starts_with("unix:") {
        return said.starts_with(&server);
    }
    let host = |text: &str| {
        let url = text.parse::<Url>().ok().filter(Url::has_host)?;
        matches!(url.scheme(), "http" | "https").then(|| url.origin().ascii_serialization())
    };
    match server.split_once('{').zip(host(&said)) {
        // `https://{cid}.ipfs.example`: what stands before and after it.
        Some(((before, after), said)) if !before.trim_end_matches('/').ends_with(':') => {
            host(before).is_some_and(|of| of == said || after.is_empty())
        }
        Some(((before, after), said)) => {
            let after = after.split_once('}').map_or("", |(_, after)| after);
            let after = after.split(['/', '{']).next().unwrap_or_default();
            !after.is_empty() && said.starts_with(before) && said.ends_with(after)
        }
        None => host(&said).is_some_and(|said| host(&server) == Some(said)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_is_named_once() {
        let of = "w3name at http://a.example/base/";
        for (said, left) in [
            ("http://a.example/ refuses connections", "refuses connections"),
            ("w3name at http://a.example/base/ keeps sequence 6", "keeps sequence 6"),
            ("w3name at http://a.example/base/: http://a.example/ answers 500", "answers 500"),
            ("http://a.example/name/k51: no answer for 3 s", "no answer for 3 s"),
            ("http://b.example/ answers 500", "http://b.example/ answers 500"),
            ("http://a.example.org/ answers 500", "http://a.example.org/ answers 500"),
            ("nothing", "nothing"),
            ("", ""),
        ] {
            assert_eq!(beside(of, said), left);
        }
        let socket = "kubo at unix:/run/ipfs/api.sock";
        assert_eq!(beside(socket, "unix:/run/ipfs/api.sock answers 500"), "answers 500");
    }

    #[test]
    fn templates_stand_for_their_addresses() {
        for (server, said, named) in [
            ("https://a.example/{cid}/", "https://a.example/bafy/x answers 500", true),
            ("https://{cid}.ipfs.example", "https://bafy.ipfs.example/ answers 500", true),
            ("https://{name}.example", "https://bafy.other/ answers 500", false),
            ("https://{name}", "https://bafy.other/ answers 500", false),
            ("https://a.example", "https://a.example/x answers 500", true),
            ("https://a.example", "sends more than a block has", false),
            ("", "sends more", false),
        ] {
            assert_eq!(names(server, said), named, "{server} {said}");
        }
    }
}
