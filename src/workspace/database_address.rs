//! `[[databases]]` of `namesys.toml`: gateways that signed records are posted to.

use std::fmt;
use std::str::FromStr;

use serde::Deserialize;
use url::{Host, Url};

use crate::toml::Text;

/// The address of a gateway that has signed records in a database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DatabaseAddress(Url);

/// Why a text is none. It is not quoted: there may be a token in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DatabaseAddressError {
    /// No URL, or of another scheme.
    #[error("the gateway of a database has an https:// address (serve --database)")]
    Url,
    /// It says more than where the gateway is.
    #[error("the address of a gateway has no user, password, query or fragment")]
    More,
}

/// An entry.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct DatabaseEntry {
    pub(super) url: Text<DatabaseAddress>,
}

impl FromStr for DatabaseAddress {
    type Err = DatabaseAddressError;

    fn from_str(text: &str) -> Result<Self, DatabaseAddressError> {
        let url: Url = text.parse().map_err(|_| DatabaseAddressError::Url)?;
        if !matches!(url.scheme(), "http" | "https") || !url.has_host() {
            return Err(DatabaseAddressError::Url);
        }
        let has_user = !url.username().is_empty() || url.password().is_some();
        match has_user || url.query().is_some() || url.fragment().is_some() {
            true => Err(DatabaseAddressError::More),
            false => Ok(Self(url)),
        }
    }
}

impl DatabaseAddress {
    /// The address.
    pub fn url(&self) -> &Url {
        &self.0
    }

    /// Whether what goes there can be read and changed on the way.
    pub fn is_plain(&self) -> bool {
        self.0.scheme() == "http"
    }

    /// Whether it is on this machine.
    pub fn is_loopback(&self) -> bool {
        match self.0.host() {
            Some(Host::Ipv4(address)) => address.is_loopback(),
            Some(Host::Ipv6(address)) => address.is_loopback(),
            Some(Host::Domain(host)) => host == "localhost" || host.ends_with(".localhost"),
            None => false,
        }
    }
}

impl fmt::Display for DatabaseAddress {
    /// Without a slash at its end.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.as_str().trim_end_matches('/'))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workspace::Config;

    #[test]
    fn addresses_of_gateways() {
        let read = |text: &str| text.parse::<DatabaseAddress>();
        let of = |text: &str| read(text).map(|one| (one.is_plain(), one.is_loopback()));
        assert_eq!(of("https://db.example/ens/"), Ok((false, false)));
        assert_eq!(of("http://127.0.0.1:8080"), Ok((true, true)));
        assert_eq!(of("https://[::1]:8080"), Ok((false, true)));
        assert_eq!(of("http://db.localhost"), Ok((true, true)));
        assert_eq!(of("http://localhost.example"), Ok((true, false)));
        for none in ["", "db.example", "ftp://db.example", "postgres://db.example/x"] {
            assert_eq!(read(none), Err(DatabaseAddressError::Url), "{none}");
        }
        for more in ["https://a:b@db.example", "https://db.example/?x=1", "https://db.example#x"] {
            assert_eq!(read(more), Err(DatabaseAddressError::More), "{more}");
        }
        let table = "name = \"nick.eth\"\n\n[[databases]]\nurl = \"https://db.example/\"\n";
        let config = Config::parse(table).unwrap();
        assert_eq!(config.databases[0].to_string(), "https://db.example");
        assert!(config.has_only_sites());
        let wrong = table.replace("https", "ftp");
        assert!(Config::parse(&wrong).unwrap_err().to_string().contains("https://"), "{wrong}");
    }
}
