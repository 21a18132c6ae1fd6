//! `[[uploads]]`, `[[publishers]]` and `[[sites]]` of `namesys.toml`.

use toml_edit::{Item, Table};

use super::config::ConfigError;
use super::config_entries::{invalid, string};

/// The list of web hosts.
const SITES: &str = "sites";
/// What a web host can be.
const SITE_KINDS: [&str; 2] = ["folder", "s3"];

/// One of `[[uploads]]`, `[[publishers]]` or `[[sites]]`. Which entries a kind uses is its own matter; every
/// entry known here is a text, but `origins`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Target {
    /// `kubo`, `s3`, `w3name`, …
    pub kind: String,
    /// Where it is: `url`, of a folder `dir`, of a file `file`, of a site's bucket `endpoint`.
    pub place: Option<String>,
    /// The `url` of a site: where it is served.
    pub served: Option<String>,
    /// The environment variable that holds its token, never the token.
    pub token_env: Option<String>,
    /// The file that holds its token.
    pub token_file: Option<String>,
    /// What the upload is called there.
    pub name: Option<String>,
    /// A bucket.
    pub bucket: Option<String>,
    /// What the keys of a site's objects begin with.
    pub prefix: Option<String>,
    /// A bucket's region.
    pub region: Option<String>,
    /// The environment variable with the id of a bucket's access key.
    pub key_env: Option<String>,
    /// The environment variable with the secret of a bucket's access key.
    pub secret_env: Option<String>,
    /// Multiaddrs of who has the blocks.
    pub origins: Vec<String>,
}

impl Target {
    /// A target of which only the place is said.
    pub fn at(kind: &str, place: &str) -> Self {
        Self { kind: kind.to_owned(), place: Some(place.to_owned()), ..Self::default() }
    }

    /// The entry that says where a target of `kind` is.
    fn place_key(list: &str, kind: &str) -> &'static str {
        match kind {
            "folder" => "dir",
            "file" => "file",
            _ if list == SITES => "endpoint",
            _ => "url",
        }
    }

    fn read(list: &str, entry: &Table) -> Result<Self, ConfigError> {
        let wrong = |reason: String| ConfigError::Invalid {
            key: list.to_owned(),
            // The names alone: a value may be a token in the wrong place.
            found: format!(
                "{{ {} }}",
                entry.iter().map(|(name, _)| name).collect::<Vec<_>>().join(", ")
            ),
            reason,
        };
        let needs = |field: &str| wrong(format!("each [[{list}]] needs {field} = \"…\""));
        let kind = string(entry, "kind")?.ok_or_else(|| needs("kind"))?;
        let is_site = list == SITES;
        if is_site && !SITE_KINDS.contains(&kind) {
            let known = SITE_KINDS.join(", ");
            return Err(wrong(format!("{kind:?} is not a kind of site; known: {known}")));
        }
        let place_key = Self::place_key(list, kind);
        let mut target = Self { kind: kind.to_owned(), ..Self::default() };
        for (key, item) in entry.iter() {
            let place = match key {
                "kind" => continue,
                "origins" => {
                    target.origins = texts(list, item)?;
                    continue;
                }
                "token_env" => &mut target.token_env,
                "token_file" => &mut target.token_file,
                "name" => &mut target.name,
                "bucket" => &mut target.bucket,
                "region" => &mut target.region,
                "key_env" => &mut target.key_env,
                "secret_env" => &mut target.secret_env,
                _ if key == place_key => &mut target.place,
                "url" if is_site => &mut target.served,
                "prefix" if is_site => &mut target.prefix,
                _ => return Err(wrong(format!("{key} is not an entry of kind {kind}"))),
            };
            *place = string(entry, key)?.map(str::to_owned);
        }
        // Pinata is one service.
        if target.place.is_none() && kind != "pinata" {
            return Err(needs(place_key));
        }
        Ok(target)
    }
}

pub(super) fn targets(table: &Table, list: &str) -> Result<Vec<Target>, ConfigError> {
    let Some(item) = table.get(list) else { return Ok(Vec::new()) };
    let array = item
        .as_array_of_tables()
        .ok_or_else(|| invalid(list, item, &format!("write each as a table [[{list}]]")))?;
    array.iter().map(|entry| Target::read(list, entry)).collect()
}

fn texts(list: &str, item: &Item) -> Result<Vec<String>, ConfigError> {
    let wrong = || invalid(&format!("{list}.origins"), item, "a list of texts is expected");
    let array = item.as_array().ok_or_else(wrong)?;
    array.iter().map(|entry| entry.as_str().map(str::to_owned).ok_or_else(wrong)).collect()
}

pub(super) fn gateways(table: &Table) -> Result<Vec<String>, ConfigError> {
    let Some(list) = table.get("gateways").and_then(|gateways| gateways.get("ipfs")) else {
        return Ok(Vec::new());
    };
    let array =
        list.as_array().ok_or_else(|| invalid("gateways.ipfs", list, "a list is expected"))?;
    array
        .iter()
        .map(|entry| {
            entry
                .as_str()
                .map(str::to_owned)
                .ok_or_else(|| invalid("gateways.ipfs", list, "each gateway is a text"))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use toml_edit::DocumentMut;

    fn read(text: &str) -> Result<Vec<Target>, String> {
        let document: DocumentMut = text.parse().unwrap();
        targets(document.as_table(), "uploads").map_err(|error| error.to_string())
    }

    #[test]
    fn every_kind_has_its_entries() {
        let all = read(
            "[[uploads]]\nkind = \"s3\"\nurl = \"https://s3.filebase.com\"\nbucket = \"mine\"\n\
             region = \"us-east-1\"\nkey_env = \"K\"\nsecret_env = \"S\"\n\
             [[uploads]]\nkind = \"folder\"\ndir = \"../pages\"\n\
             [[uploads]]\nkind = \"pinata\"\ntoken_file = \"/run/secrets/pinata\"\n\
             [[uploads]]\nkind = \"pinning-service\"\nurl = \"https://p.example\"\n\
             token_env = \"P\"\nname = \"nick\"\norigins = [\"/ip4/1.2.3.4/tcp/4001/p2p/12D3\"]\n",
        )
        .unwrap();
        assert_eq!(all[0].bucket.as_deref(), Some("mine"));
        assert_eq!(
            (all[0].key_env.as_deref(), all[0].secret_env.as_deref()),
            (Some("K"), Some("S"))
        );
        assert_eq!(all[1], Target::at("folder", "../pages"));
        assert_eq!(all[2].token_file.as_deref(), Some("/run/secrets/pinata"));
        assert_eq!((all[3].name.as_deref(), all[3].origins.len()), (Some("nick"), 1));
    }

    #[test]
    fn sites_say_where_they_are_served() {
        let read = |text: &str| {
            let document: DocumentMut = text.parse().unwrap();
            targets(document.as_table(), "sites").map_err(|error| error.to_string())
        };
        let all = read(
            "[[sites]]\nkind = \"folder\"\ndir = \"www\"\nurl = \"https://a.example\"\n\
             [[sites]]\nkind = \"s3\"\nendpoint = \"https://s3.example\"\nbucket = \"mine\"\n\
             prefix = \"ens/\"\n",
        )
        .unwrap();
        let served = all[0].served.as_deref();
        assert_eq!((all[0].place.as_deref(), served), (Some("www"), Some("https://a.example")));
        assert_eq!(all[1].place.as_deref(), Some("https://s3.example"));
        assert_eq!((all[1].prefix.as_deref(), &all[1].served), (Some("ens/"), &None));
        for (text, words) in [
            ("[[sites]]\nkind = \"ftp\"", "not a kind of site; known: folder, s3"),
            ("[[sites]]\nkind = \"s3\"\nurl = \"https://a\"", "needs endpoint"),
            ("[[sites]]\nkind = \"folder\"\nurl = \"https://a\"", "needs dir"),
        ] {
            let error = read(text).unwrap_err();
            assert!(error.contains(words), "{text}: {error}");
        }
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (text, words) in [
            ("[[uploads]]\nurl = \"x\"", "needs kind"),
            ("[[uploads]]\nkind = \"kubo\"", "needs url"),
            ("[[uploads]]\nkind = \"folder\"\nurl = \"x\"", "url is not an entry of kind folder"),
            ("[[uploads]]\nkind = \"folder\"", "needs dir"),
            (
                "[[uploads]]\nkind = \"kubo\"\nurl = \"x\"\ntoken = \"eyJhunter2\"",
                "token is not an entry",
            ),
            ("[[uploads]]\nkind = \"kubo\"\nurl = 1", "a text is expected"),
            ("[[uploads]]\nkind = \"kubo\"\nurl = \"x\"\norigins = \"y\"", "a list of texts"),
            ("[[uploads]]\nkind = \"s3\"\nprefix = \"x\"", "prefix is not an entry"),
            ("uploads = \"kubo\"", "[[uploads]]"),
        ] {
            let error = read(text).unwrap_err();
            assert!(error.contains(words) && !error.contains("hunter2"), "{text}: {error}");
        }
    }
}
