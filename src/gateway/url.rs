//! Where the database is.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};

use crate::secret::SecretString;

/// What a file's name must not say to a URL.
const IN_PATH: &AsciiSet = &CONTROLS.add(b'%').add(b'?').add(b'#').add(b' ').add(b'"');

/// `sqlite:FILE`, or `postgres://…`, whose password is never shown.
#[derive(Clone, Debug)]
pub enum DatabaseUrl {
    /// A file, made where there is none.
    Sqlite(PathBuf),
    /// A server.
    Postgres(SecretString),
}

/// Why a text is none. It is not quoted: there may be a password in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DatabaseUrlError {
    /// Another scheme.
    #[error("a database is sqlite:FILE or postgres://HOST/NAME")]
    Scheme,
    /// `sqlite:` and nothing.
    #[error("sqlite: needs the path of a file, such as sqlite:records.db")]
    NoFile,
    /// Not a URL.
    #[error("postgres:// needs a host and the name of a database, postgres://HOST/NAME")]
    Postgres,
}

impl FromStr for DatabaseUrl {
    type Err = DatabaseUrlError;

    fn from_str(text: &str) -> Result<Self, DatabaseUrlError> {
        if let Some(file) = text.strip_prefix("sqlite:") {
            let file = file.strip_prefix("//").unwrap_or(file);
            return match file {
                "" | ":memory:" => Err(DatabaseUrlError::NoFile),
                file => Ok(Self::Sqlite(PathBuf::from(file))),
            };
        }
        if !["postgres:", "postgresql:"].iter().any(|scheme| text.starts_with(scheme)) {
            return Err(DatabaseUrlError::Scheme);
        }
        let url = url::Url::parse(text).map_err(|_| DatabaseUrlError::Postgres)?;
        // A socket stands in the query, where the host is empty.
        match url.cannot_be_a_base() || url.path().trim_matches('/').is_empty() {
            true => Err(DatabaseUrlError::Postgres),
            false => Ok(Self::Postgres(SecretString::new(text.to_owned()))),
        }
    }
}

impl DatabaseUrl {
    /// As the driver takes it.
    /// `is_made` says whether a file is made where there is none.
    pub(super) fn of_driver(&self, is_made: bool) -> SecretString {
        match self {
            Self::Sqlite(file) => {
                let path = file.to_string_lossy();
                let path = utf8_percent_encode(&path, IN_PATH);
                let mode = if is_made { "rwc" } else { "rw" };
                SecretString::new(format!("sqlite:{path}?mode={mode}"))
            }
            Self::Postgres(url) => url.clone(),
        }
    }
}

impl fmt::Display for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(file) => write!(f, "sqlite:{}", file.display()),
            Self::Postgres(url) => {
                let parsed = url::Url::parse(url.expose()).ok();
                let host = parsed.as_ref().and_then(url::Url::host_str).unwrap_or_default();
                let name = parsed.as_ref().map(url::Url::path).unwrap_or_default();
                write!(f, "postgres://{host}{name}")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_one_and_what_is_shown_of_it() {
        let shown = |text: &str| text.parse().map(|url: DatabaseUrl| url.to_string());
        assert_eq!(shown("sqlite:a b.db").unwrap(), "sqlite:a b.db");
        assert_eq!(shown("sqlite:///var/x.db").unwrap(), "sqlite:/var/x.db");
        let secret = "postgres://nick:hunter2@db.example:5433/ens?sslmode=require";
        assert_eq!(shown(secret).unwrap(), "postgres://db.example/ens");
        assert!(!format!("{:?}", secret.parse::<DatabaseUrl>().unwrap()).contains("hunter2"));
        for (text, error) in [
            ("", DatabaseUrlError::Scheme),
            ("mysql://a/b", DatabaseUrlError::Scheme),
            ("sqlite:", DatabaseUrlError::NoFile),
            ("sqlite::memory:", DatabaseUrlError::NoFile),
            ("postgres://db.example", DatabaseUrlError::Postgres),
            ("postgres:", DatabaseUrlError::Postgres),
            ("postgres:nick:hunter2@db.example/ens", DatabaseUrlError::Postgres),
        ] {
            assert_eq!(text.parse::<DatabaseUrl>().unwrap_err(), error, "{text}");
        }
        let odd = "sqlite:50%?a=b#c".parse::<DatabaseUrl>().unwrap().of_driver(true);
        assert_eq!(odd.expose(), "sqlite:50%25%3Fa=b%23c?mode=rwc");
    }
}
