//! TLS for `serve`: certificate and key.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::ServerConfig;
use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

/// The files `--tls-cert` and `--tls-key` name.
#[derive(Clone, Debug)]
pub struct TlsFiles {
    /// The certificate and those that vouch for it, PEM.
    pub certificates: PathBuf,
    /// Its private key, PEM.
    pub key: PathBuf,
}

/// Why TLS cannot be spoken. What is in the key file is not quoted.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// The file cannot be read or holds no PEM of its kind.
    #[error("{} holds no {what} in PEM: {reason}", .path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Certificate or private key.
        what: &'static str,
        /// Why.
        reason: String,
    },
    /// They do not belong together.
    #[error("the certificate and the key cannot be used: {0}")]
    Pair(rustls::Error),
}

impl TlsFiles {
    /// Reads both.
    ///
    /// # Errors
    /// [`TlsError`].
    pub(crate) fn load(&self) -> Result<Arc<ServerConfig>, TlsError> {
        let failed = |path: &Path, what, reason: String| TlsError::File {
            path: path.to_owned(),
            what,
            reason,
        };
        let certificates = CertificateDer::pem_file_iter(&self.certificates)
            .and_then(Iterator::collect::<Result<Vec<_>, _>>)
            .map_err(|error| failed(&self.certificates, "certificate", error.to_string()))?;
        if certificates.is_empty() {
            let reason = "it has no such section".to_owned();
            return Err(failed(&self.certificates, "certificate", reason));
        }
        let key = PrivateKeyDer::from_pem_file(&self.key)
            .map_err(|error| failed(&self.key, "private key", without_content(&error)))?;
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(TlsError::Pair)?
            .with_no_client_auth()
            .with_single_cert(certificates, key)
            .map_err(TlsError::Pair)?;
        Ok(Arc::new(config))
    }
}

/// Why a key file cannot be read. The reader's own words quote lines of it, which may be the key.
fn without_content(error: &pem::Error) -> String {
    match error {
        pem::Error::Io(error) => error.to_string(),
        pem::Error::NoItemsFound => "it has no such section".to_owned(),
        _ => "it is damaged, or no PEM: each -----BEGIN and -----END stands on a line of its own"
            .to_owned(),
    }
}
