//! Servers that listen on a socket of this machine's file system.

use std::path::{Path, PathBuf};

use percent_encoding::{NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use url::Url;

/// Of addresses whose host is the path of a socket, percent-encoded. No server can name one: they
/// are followed neither from redirects nor from a workspace.
const SCHEME: &str = "http+unix";

/// The address of what listens on the socket at `path`.
pub fn socket_url(path: &Path) -> Option<Url> {
    let path = path.to_str().filter(|path| path.starts_with('/') && path.len() > 1)?;
    let host = utf8_percent_encode(path, NON_ALPHANUMERIC);
    format!("{SCHEME}://{host}/").parse().ok()
}

/// The socket of such an address.
pub(super) fn socket_of(url: &Url) -> Option<PathBuf> {
    let host = url.host_str().filter(|_| url.scheme() == SCHEME)?;
    let path = percent_decode_str(host).decode_utf8().ok()?;
    path.starts_with('/').then(|| PathBuf::from(path.into_owned()))
}

/// What is asked through the socket.
pub(super) fn through_socket(url: &Url) -> Option<Url> {
    let mut address: Url = "http://localhost/".parse().ok()?;
    address.set_path(url.path());
    address.set_query(url.query());
    Some(address)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_socket_is_an_address_and_back() {
        let path = Path::new("/run/user/1000/ipfs x%.sock");
        let url = socket_url(path).unwrap();
        assert_eq!(socket_of(&url).as_deref(), Some(path));
        let below = super::super::endpoint(&url, ["api", "v0", "id"]);
        assert_eq!(socket_of(&below).as_deref(), Some(path));
        assert_eq!(through_socket(&below).unwrap().as_str(), "http://localhost/api/v0/id");
        assert_eq!(socket_url(Path::new("run/x")), None);
        assert_eq!(socket_of(&"http://localhost".parse().unwrap()), None);
    }
}
