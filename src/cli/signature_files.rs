//! Signatures that were made elsewhere, as files.

use std::path::Path;

use namesys::report::ErrorKind;
use namesys::request::{Request, Signature};
use namesys::secret::Secret;
use namesys::wallet::{Address, ExternalWallet};

use super::context::Context;
use super::error::CliError;

/// Reads a signature file (`0x` and 130 digits) and checks that it is `wallet`'s of `request`.
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
pub fn read_signature(context: &Context, file: &Path) -> Result<Secret<Signature>, CliError> {
    let read = context.stdin.read_line("the signature", file)?;
    let signature = Signature::from_wallet(read.expose().trim());
    signature.map(Secret::new).map_err(|error| in_file(file, error.into()))
}

/// The signature that `file` holds, where it is `wallet`'s of `request`.
///
/// # Errors
/// Exit 3 when it is another one.
pub fn check_brought(
    wallet: Address,
    request: &Request<'_>,
    signature: Secret<Signature>,
    file: &Path,
) -> Result<Secret<Signature>, CliError> {
    let mut check = ExternalWallet::new(wallet);
    check.add(request, signature.clone()).map_err(|error| in_file(file, error.into()))?;
    Ok(signature)
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
