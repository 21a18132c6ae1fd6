//! What is wrong with a server's certificate, in words.

/// What is wrong with a certificate; the TLS library's own words for all else.
pub(super) fn in_words(error: &rustls::Error) -> String {
    use rustls::CertificateError as Certificate;
    let rustls::Error::InvalidCertificate(certificate) = error else { return error.to_string() };
    let said = match certificate {
        Certificate::UnknownIssuer => {
            "its certificate is signed by nobody whom this system trusts, as self-signed ones are"
        }
        Certificate::Expired | Certificate::ExpiredContext { .. } => "its certificate has expired",
        Certificate::NotValidYet | Certificate::NotValidYetContext { .. } => {
            "its certificate is not valid yet; is the clock of this machine right?"
        }
        Certificate::NotValidForName | Certificate::NotValidForNameContext { .. } => {
            "its certificate is that of another host"
        }
        Certificate::Revoked => "its certificate was revoked",
        other if format!("{other:?}").contains("CaUsedAsEndEntity") => {
            "its certificate is self-signed, and made as that of an authority"
        }
        _ => return error.to_string(),
    };
    said.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn certificates_in_words() {
        use rustls::CertificateError as Certificate;
        for (error, said) in [
            (Certificate::UnknownIssuer, "self-signed"),
            (Certificate::Expired, "has expired"),
            (Certificate::NotValidForName, "another host"),
        ] {
            let words = in_words(&rustls::Error::InvalidCertificate(error));
            assert!(words.contains(said), "{words}");
        }
    }
}
