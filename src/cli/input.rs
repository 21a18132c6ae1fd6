//! Files and stdin as flags name them (`FILE|-`): bounded, stdin read by one flag at most.

use std::cell::RefCell;
use std::fs::File;
use std::io::{self, IsTerminal, Read};
use std::path::Path;

use namesys::secret::{SecretBytes, SecretString};
use zeroize::Zeroize;

use super::error::CliError;

/// Most bytes of a password, key, mnemonic or signature file.
pub const MAX_SECRET: u64 = namesys::keys::file::MAX_KEY_FILE;

/// stdin, which one flag at most can read.
#[derive(Debug, Default)]
pub struct Stdin {
    taken_by: RefCell<Option<String>>,
}

impl Stdin {
    /// Reserves stdin for `flag`.
    ///
    /// # Errors
    /// Exit 2 when another flag has it.
    pub fn claim(&self, flag: &str) -> Result<io::StdinLock<'static>, CliError> {
        let mut taken_by = self.taken_by.borrow_mut();
        if let Some(other) = &*taken_by {
            return Err(both_read_stdin(other, flag));
        }
        *taken_by = Some(flag.to_owned());
        Ok(io::stdin().lock())
    }

    /// The bytes of `file`, or of stdin when it is `-`, at most `limit`. `flag` is for errors.
    ///
    /// # Errors
    /// Exit 2 for more than `limit` bytes, 1 when it cannot be read.
    pub fn read(&self, flag: &str, file: &Path, limit: u64) -> Result<SecretBytes, CliError> {
        if file != Path::new("-") {
            let name = file.display().to_string();
            let open = File::open(file);
            let open = open.map_err(|e| CliError::io(format!("{name} cannot be read"), &e))?;
            return read_bounded(open, &name, limit);
        }
        let stdin = self.claim(flag)?;
        if io::stdin().is_terminal() {
            // A person sees a cursor and nothing else otherwise.
            let message = format!("{flag} - reads stdin, and that is a terminal");
            return Err(CliError::usage(message).hint("pipe the contents in, or give a file"));
        }
        read_bounded(stdin, "stdin", limit)
    }

    /// As [`read`](Self::read), as text without the last line end.
    ///
    /// # Errors
    /// As [`read`](Self::read), and exit 2 when it is not UTF-8.
    pub fn read_line(&self, flag: &str, file: &Path) -> Result<SecretString, CliError> {
        let bytes = self.read(flag, file, MAX_SECRET)?;
        let text = std::str::from_utf8(bytes.expose()).map_err(|_| {
            CliError::usage(format!("what {flag} reads from {} is not UTF-8", file.display()))
        })?;
        let line = text.strip_suffix('\n').unwrap_or(text);
        let line = line.strip_suffix('\r').unwrap_or(line);
        Ok(SecretString::new(line.to_owned()))
    }
}

/// Exit 2: there is one stdin.
pub fn both_read_stdin(first: &str, second: &str) -> CliError {
    CliError::usage(format!("{first} and {second} both read stdin"))
        .hint("give one of them as a file")
}

fn read_bounded(from: impl Read, name: &str, limit: u64) -> Result<SecretBytes, CliError> {
    // With its whole size at once, where it is a secret's: no smaller buffer is left behind.
    let mut bytes = Vec::with_capacity(if limit <= MAX_SECRET { limit as usize + 1 } else { 0 });
    let result = from.take(limit + 1).read_to_end(&mut bytes);
    if let Err(error) = result {
        bytes.zeroize();
        return Err(CliError::io(format!("{name} cannot be read"), &error));
    }
    let bytes = SecretBytes::new(bytes);
    if bytes.expose().len() as u64 > limit {
        return Err(CliError::usage(format!("{name} has more than {limit} bytes")));
    }
    Ok(bytes)
}
