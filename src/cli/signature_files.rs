//! Signatures that were made elsewhere, as files.

use std::path::Path;

use namesys::report::ErrorKind;
use namesys::request::{BroughtError, BroughtSignature, Request, Signature};
use namesys::secret::Secret;
use namesys::wallet::{Address, ExternalWallet};

use super::context::Context;
use super::error::{CliError, Exit};

/// Reads a signature file ([`BroughtSignature`] says in what forms) and checks that it is `wallet`'s of `request`.
///
/// # Errors
/// Exit 2 when it holds none, 3 when it is another one.
pub fn brought(
    context: &Context,
    wallet: Address,
    request: &Request<'_>,
    file: &Path,
) -> Result<Secret<Signature>, CliError> {
    check_brought(wallet, request, read_signature(context, file)?, file)
}

/// Reads a signature file, whosever it is.
///
/// # Errors
/// Exit 2 when it holds none.
pub fn read_signature(context: &Context, file: &Path) -> Result<BroughtSignature, CliError> {
    let read = context.stdin.read_line("the signature", file)?;
    BroughtSignature::parse(read.expose()).map_err(|error| in_file(file, error.into()))
}

/// The signature that `file` holds, where it is `wallet`'s of `request`.
///
/// # Errors
/// Exit 3 when it is another one.
pub fn check_brought(
    wallet: Address,
    request: &Request<'_>,
    brought: BroughtSignature,
    file: &Path,
) -> Result<Secret<Signature>, CliError> {
    let foreign = |message: String| {
        let error = CliError::new(Exit::Unverified, ErrorKind::ForeignSignature, message);
        in_file(file, error)
    };
    if let Some(of) = brought.address.filter(|of| *of != wallet) {
        return Err(foreign(format!("it is said to be of {of}, not of {wallet}")));
    }
    if brought.is_of_another(request) {
        return Err(foreign("it is said to be of another text".to_owned()));
    }
    let signature = brought.signature;
    let mut check = ExternalWallet::new(wallet);
    check.add(request, signature.clone()).map_err(|error| in_file(file, error.into()))?;
    Ok(signature)
}

impl From<BroughtError> for CliError {
    fn from(error: BroughtError) -> Self {
        match error {
            BroughtError::Signature(error) => error.into(),
            BroughtError::Json | BroughtError::Address(_) => {
                Self::new(Exit::Usage, ErrorKind::BadSignature, error.to_string())
            }
        }
    }
}

/// `error`, with the file whose signature it is about.
pub fn in_file(file: &Path, error: CliError) -> CliError {
    let hint = match error.kind {
        ErrorKind::ForeignSignature => Some(
            "sign exactly the text that --requests prints, with personal_sign; the NameSys \
             password is part of it"
                .to_owned(),
        ),
        _ => error.hint,
    };
    let file = file.display();
    CliError { message: format!("{file}: {}", error.message), hint, ..error }
}
