//! `[[uploads]]`, `[[publishers]]` and `[[sites]]` of `namesys.toml`, and the same by a flag,
//! `KIND=PLACE`: the place is the first field of the kind.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use serde::{Deserialize, Deserializer};
use url::Url;

use crate::ipfs::upload::Pinata;
use crate::net::{parse_api_address, shown};
use crate::toml::from_flag;

/// A service that keeps blocks.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum UploadTarget {
    /// The RPC of a Kubo node; its address may be a multiaddr.
    Kubo {
        /// Where it is.
        #[serde(deserialize_with = "kubo_url")]
        url: Url,
        /// The variable that holds its token.
        token_env: Option<String>,
        /// The file that holds its token.
        token_file: Option<PathBuf>,
    },
    /// The REST API of IPFS Cluster.
    Cluster {
        /// Where it is.
        #[serde(deserialize_with = "http_url")]
        url: Url,
        /// The variable that holds its token.
        token_env: Option<String>,
        /// The file that holds its token.
        token_file: Option<PathBuf>,
    },
    /// A service of the IPFS Pinning Service API, which fetches the blocks itself.
    PinningService {
        /// Where it is.
        #[serde(deserialize_with = "http_url")]
        url: Url,
        /// The variable that holds its token.
        token_env: Option<String>,
        /// The file that holds its token.
        token_file: Option<PathBuf>,
        /// What the upload is called there.
        name: Option<String>,
        /// Multiaddrs of who has the blocks.
        #[serde(default)]
        origins: Vec<String>,
    },
    /// Pinata.
    Pinata {
        /// Where it is; it need not be said.
        #[serde(default = "pinata_url", deserialize_with = "http_url")]
        url: Url,
        /// The variable that holds its token.
        token_env: Option<String>,
        /// The file that holds its token.
        token_file: Option<PathBuf>,
        /// What the upload is called there.
        name: Option<String>,
    },
    /// A bucket that unpacks CAR files, as Filebase's.
    S3 {
        /// The service, or, where no bucket is said, `URL/BUCKET`.
        #[serde(deserialize_with = "http_url")]
        url: Url,
        /// The bucket.
        bucket: Option<String>,
        /// Its region.
        region: Option<String>,
        /// The variable that holds `KEY-ID:SECRET`.
        token_env: Option<String>,
        /// The file that holds `KEY-ID:SECRET`.
        token_file: Option<PathBuf>,
        /// The variable with the id of the access key.
        key_env: Option<String>,
        /// The variable with the secret of the access key.
        secret_env: Option<String>,
    },
    /// A folder that gets the tree unpacked.
    Folder {
        /// The folder.
        dir: PathBuf,
    },
}

/// A service that keeps IPNS records.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum PublisherTarget {
    /// The API of name.web3.storage.
    W3name {
        /// Where it is.
        #[serde(deserialize_with = "http_url")]
        url: Url,
    },
    /// Delegated routing (`/routing/v1/ipns`).
    Routing {
        /// Where it is.
        #[serde(deserialize_with = "http_url")]
        url: Url,
    },
    /// The RPC of a Kubo node; its address may be a multiaddr.
    Kubo {
        /// Where it is.
        #[serde(deserialize_with = "kubo_url")]
        url: Url,
        /// The variable that holds its token.
        token_env: Option<String>,
        /// The file that holds its token.
        token_file: Option<PathBuf>,
    },
    /// The deployed NameSys backend, which keeps no record and is told of it: experimental.
    Namesys {
        /// Where it is.
        #[serde(deserialize_with = "http_url")]
        url: Url,
    },
    /// A file, or a folder that gets `<name>.ipns-record`.
    File {
        /// The file.
        file: PathBuf,
    },
}

/// A web host that has the tree, for an `https://` recordhash.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[expect(clippy::large_enum_variant, reason = "there are a few, made once")]
pub enum SiteTarget {
    /// A folder that a web server has, or that rsync or git take to one.
    Folder {
        /// The folder.
        dir: PathBuf,
        /// Where it is served.
        url: Option<String>,
    },
    /// An S3-compatible bucket that a web host serves.
    S3 {
        /// The service, or, where no bucket is said, `URL/BUCKET`.
        #[serde(deserialize_with = "http_url")]
        endpoint: Url,
        /// The bucket.
        bucket: Option<String>,
        /// What the keys of the objects begin with.
        prefix: Option<String>,
        /// The bucket's region.
        region: Option<String>,
        /// Where it is served.
        url: Option<String>,
        /// The variable that holds `KEY-ID:SECRET`.
        token_env: Option<String>,
        /// The file that holds `KEY-ID:SECRET`.
        token_file: Option<PathBuf>,
        /// The variable with the id of the access key.
        key_env: Option<String>,
        /// The variable with the secret of the access key.
        secret_env: Option<String>,
    },
}

/// Where a target is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place<'a> {
    /// A service.
    Url(&'a Url),
    /// A file or folder.
    Path(&'a Path),
}

impl fmt::Display for Place<'_> {
    /// Of a URL not more than can be shown.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Url(url) => write!(f, "at {}", shown(url)),
            Self::Path(path) => write!(f, "{}", path.display()),
        }
    }
}

/// Where the user keeps the credentials of a target, as the file would like it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Wish<'a> {
    /// A variable with its token.
    pub token_env: Option<&'a str>,
    /// A file with its token.
    pub token_file: Option<&'a Path>,
    /// A variable with the id of its access key.
    pub key_env: Option<&'a str>,
    /// A variable with the secret of its access key.
    pub secret_env: Option<&'a str>,
}

/// What every target has in common.
pub trait Target: Clone + PartialEq {
    /// The word of the file and the flag.
    fn kind(&self) -> &'static str;

    /// Where it is.
    fn place(&self) -> Place<'_>;

    /// Where its credentials are.
    fn wish(&self) -> Wish<'_>;

    /// The same, its paths relative to `base`.
    #[must_use]
    fn under(self, base: &Path) -> Self;
}

fn token<'a>(token_env: &'a Option<String>, token_file: &'a Option<PathBuf>) -> Wish<'a> {
    let (token_env, token_file) = (token_env.as_deref(), token_file.as_deref());
    Wish { token_env, token_file, ..Wish::default() }
}

fn below(base: &Path, file: Option<PathBuf>) -> Option<PathBuf> {
    file.map(|file| base.join(file))
}

impl Target for UploadTarget {
    fn kind(&self) -> &'static str {
        match self {
            Self::Kubo { .. } => "kubo",
            Self::Cluster { .. } => "cluster",
            Self::PinningService { .. } => "pinning-service",
            Self::Pinata { .. } => "pinata",
            Self::S3 { .. } => "s3",
            Self::Folder { .. } => "folder",
        }
    }

    fn place(&self) -> Place<'_> {
        match self {
            Self::Kubo { url, .. }
            | Self::Cluster { url, .. }
            | Self::PinningService { url, .. }
            | Self::Pinata { url, .. }
            | Self::S3 { url, .. } => Place::Url(url),
            Self::Folder { dir } => Place::Path(dir),
        }
    }

    fn wish(&self) -> Wish<'_> {
        match self {
            Self::Kubo { token_env, token_file, .. }
            | Self::Cluster { token_env, token_file, .. }
            | Self::PinningService { token_env, token_file, .. }
            | Self::Pinata { token_env, token_file, .. } => token(token_env, token_file),
            Self::S3 { token_env, token_file, key_env, secret_env, .. } => {
                let (key_env, secret_env) = (key_env.as_deref(), secret_env.as_deref());
                Wish { key_env, secret_env, ..token(token_env, token_file) }
            }
            Self::Folder { .. } => Wish::default(),
        }
    }

    fn under(mut self, base: &Path) -> Self {
        match &mut self {
            Self::Folder { dir } => *dir = base.join(&*dir),
            Self::Kubo { token_file, .. }
            | Self::Cluster { token_file, .. }
            | Self::PinningService { token_file, .. }
            | Self::Pinata { token_file, .. }
            | Self::S3 { token_file, .. } => *token_file = below(base, token_file.take()),
        }
        self
    }
}

impl Target for PublisherTarget {
    fn kind(&self) -> &'static str {
        match self {
            Self::W3name { .. } => "w3name",
            Self::Routing { .. } => "routing",
            Self::Kubo { .. } => "kubo",
            Self::Namesys { .. } => "namesys",
            Self::File { .. } => "file",
        }
    }

    fn place(&self) -> Place<'_> {
        match self {
            Self::W3name { url }
            | Self::Routing { url }
            | Self::Kubo { url, .. }
            | Self::Namesys { url } => Place::Url(url),
            Self::File { file } => Place::Path(file),
        }
    }

    fn wish(&self) -> Wish<'_> {
        match self {
            Self::Kubo { token_env, token_file, .. } => token(token_env, token_file),
            Self::W3name { .. }
            | Self::Routing { .. }
            | Self::Namesys { .. }
            | Self::File { .. } => Wish::default(),
        }
    }

    fn under(mut self, base: &Path) -> Self {
        match &mut self {
            Self::File { file } => *file = base.join(&*file),
            Self::Kubo { token_file, .. } => *token_file = below(base, token_file.take()),
            Self::W3name { .. } | Self::Routing { .. } | Self::Namesys { .. } => {}
        }
        self
    }
}

impl Target for SiteTarget {
    fn kind(&self) -> &'static str {
        match self {
            Self::Folder { .. } => "folder",
            Self::S3 { .. } => "s3",
        }
    }

    fn place(&self) -> Place<'_> {
        match self {
            Self::Folder { dir, .. } => Place::Path(dir),
            Self::S3 { endpoint, .. } => Place::Url(endpoint),
        }
    }

    fn wish(&self) -> Wish<'_> {
        match self {
            Self::Folder { .. } => Wish::default(),
            Self::S3 { token_env, token_file, key_env, secret_env, .. } => {
                let (key_env, secret_env) = (key_env.as_deref(), secret_env.as_deref());
                Wish { key_env, secret_env, ..token(token_env, token_file) }
            }
        }
    }

    fn under(mut self, base: &Path) -> Self {
        match &mut self {
            Self::Folder { dir, .. } => *dir = base.join(&*dir),
            Self::S3 { token_file, .. } => *token_file = below(base, token_file.take()),
        }
        self
    }
}

macro_rules! from_flags {
    ($($target:ty),*) => {$(
        impl FromStr for $target {
            type Err = String;

            fn from_str(text: &str) -> Result<Self, String> {
                from_flag(text)
            }
        }
    )*};
}

from_flags!(UploadTarget, PublisherTarget, SiteTarget);

/// An `http://` or `https://` URL; none otherwise. It is not quoted: it may hold a token.
fn http(text: &str) -> Option<Url> {
    let url: Url = text.parse().ok()?;
    (matches!(url.scheme(), "http" | "https") && url.has_host()).then_some(url)
}

fn http_url<'de, D: Deserializer<'de>>(from: D) -> Result<Url, D::Error> {
    let text = String::deserialize(from)?;
    let wrong = || serde::de::Error::custom("it is not an http:// or https:// URL");
    http(&text).ok_or_else(wrong)
}

fn pinata_url() -> Url {
    Pinata::UPLOADS.parse().expect("the constant is a URL")
}

fn kubo_url<'de, D: Deserializer<'de>>(from: D) -> Result<Url, D::Error> {
    let text = String::deserialize(from)?;
    let wrong = |_| {
        serde::de::Error::custom(
            "it is not the address of a Kubo RPC, such as http://127.0.0.1:5001 or \
             /ip4/127.0.0.1/tcp/5001",
        )
    };
    parse_api_address(&text).map_err(wrong)
}

#[cfg(test)]
#[path = "targets_tests.rs"]
mod tests;
