//! The tokens and access keys of services: what the user bound to their hosts, else the usual
//! variable for a host that is usual or named by the user.

use namesys::report::ErrorKind;
use namesys::secret::SecretString;
use namesys::workspace::{Place, Target, Wish};
use url::Url;

use super::Chosen;
use crate::cli::context::Context;
use crate::cli::env::{self, Var};
use crate::cli::error::{CliError, Exit};
use crate::cli::prompt;
use crate::cli::settings::{Binding, Bound, Decision, Host};

/// What a service is to be shown.
pub struct Access<'a> {
    kind: &'static str,
    /// Where it is; a path takes no credential.
    url: Option<&'a Url>,
    wish: Wish<'a>,
    /// The variable where nothing else says; none for a kind that takes nothing.
    usual: Option<Var>,
    /// Whether that one may be sent there.
    is_usual: bool,
}

impl<'a> Access<'a> {
    /// To a target whose usual token is in `usual`, and whose usual place is `home`.
    pub fn to(chosen: &'a Chosen<impl Target>, usual: Option<Var>, home: Option<&Url>) -> Self {
        let url = match chosen.target.place() {
            Place::Url(url) => Some(url),
            Place::Path(_) => None,
        };
        let at_home = home.zip(url).is_some_and(|(home, url)| home.origin() == url.origin());
        Self {
            kind: chosen.target.kind(),
            url,
            wish: chosen.target.wish(),
            usual,
            is_usual: chosen.by_user || at_home,
        }
    }

    /// The token: what is bound to the host, else the usual one.
    ///
    /// # Errors
    /// Exit 2 for a wish that the user has not granted and for a variable that holds a secret of
    /// ours, 1 when a file cannot be read.
    pub fn token(&self, context: &Context) -> Result<Option<SecretString>, CliError> {
        let bound = self.allowed(context)?;
        let token = self.read(bound.clone(), context)?;
        if let (None, Some(Bound::Variable(name))) = (&token, bound)
            && self.decide(context) != Decision::Usual
        {
            let (kind, host) = (self.kind, self.host());
            context.output.warn(format_args!(
                "the variable {name}, which is to hold the token of {kind} at {host}, is not set: \
                 it is asked without a token"
            ));
        }
        Ok(token)
    }

    /// As [`token`](Self::token), where nothing is asked or said: one that is not allowed yet is
    /// none.
    ///
    /// # Errors
    /// Exit 2 for a variable that holds a secret of ours, 1 when a file cannot be read.
    pub fn known_token(&self, context: &Context) -> Result<Option<SecretString>, CliError> {
        let bound = match self.decide(context) {
            Decision::Send(bound) => Some(bound),
            Decision::Usual => self.usual(),
            Decision::Nothing | Decision::Ask(_) => None,
        };
        self.read(bound, context)
    }

    fn read(
        &self,
        bound: Option<Bound>,
        context: &Context,
    ) -> Result<Option<SecretString>, CliError> {
        match bound {
            None => Ok(None),
            Some(Bound::Variable(name)) => secret_of(&name),
            Some(Bound::File(file)) => context.stdin.read_line("token_file", &file).map(Some),
            Some(pair @ Bound::Pair(..)) => {
                let message = format!("{} takes a token, not {}", self.kind, pair.describe());
                Err(CliError::usage(message).hint("bind one variable or file to its host"))
            }
        }
    }

    /// As [`token`](Self::token), for services that do nothing without.
    ///
    /// # Errors
    /// As [`token`](Self::token), and exit 2 without one.
    pub fn needed_token(&self, context: &Context) -> Result<SecretString, CliError> {
        let token = self.read(self.allowed(context)?, context)?;
        token.ok_or_else(|| self.without("a token", context))
    }

    /// The id and the secret of an access key.
    ///
    /// # Errors
    /// As [`needed_token`](Self::needed_token).
    pub fn key(&self, context: &Context) -> Result<(String, SecretString), CliError> {
        let (key, secret) = match self.allowed(context)? {
            Some(Bound::Pair(key, secret)) => (key, secret),
            bound => {
                let pair = self.read(bound, context)?;
                let pair = pair.ok_or_else(|| self.without("an access key", context))?;
                let (key_id, secret) = pair.expose().split_once(':').ok_or_else(|| {
                    CliError::usage("the token of s3 has the form KEY-ID:SECRET")
                        .hint("or name two variables: key_env and secret_env")
                })?;
                return Ok((key_id.to_owned(), secret.to_owned().into()));
            }
        };
        let get = |name: &str| {
            secret_of(name)?.ok_or_else(|| {
                CliError::usage(format!("s3 needs an access key: the variable {name} is not set"))
                    .hint("key_env and secret_env in namesys.toml name other variables")
            })
        };
        Ok((get(&key)?.expose().clone(), get(&secret)?))
    }

    fn without(&self, what: &str, context: &Context) -> CliError {
        let kind = self.kind;
        let name = match (self.wish.token_env, self.decide(context)) {
            (Some(name), _) => name.to_owned(),
            (None, Decision::Send(Bound::Variable(name))) => name,
            (None, Decision::Nothing) => {
                let host = self.host();
                return CliError::usage(format!(
                    "{kind} needs {what}, and none is bound to {host}"
                ))
                .hint(format!("bind one: --credential {host}=VARIABLE, or {}", lines(context)));
            }
            _ => self.usual.map_or_else(String::new, |usual| usual.0.to_owned()),
        };
        CliError::usage(format!("{kind} needs {what}, and the variable {name} is not set"))
            .hint(format!("set {name}, or name another variable or a file in namesys.toml: token_env, token_file"))
    }

    fn host(&self) -> String {
        self.url.map_or_else(String::new, |url| Host::of(url).to_string())
    }

    fn pair(&self) -> (&str, &str) {
        let key = self.wish.key_env.unwrap_or(env::AWS_KEY_ID.0);
        (key, self.wish.secret_env.unwrap_or(env::AWS_SECRET.0))
    }

    /// The usual variable, or both of them.
    fn usual(&self) -> Option<Bound> {
        Some(match self.usual? {
            env::AWS_SECRET => Bound::Pair(env::AWS_KEY_ID.0.into(), env::AWS_SECRET.0.into()),
            usual => Bound::Variable(usual.0.to_owned()),
        })
    }

    fn decide(&self, context: &Context) -> Decision {
        let Some(url) = self.url else { return Decision::Nothing };
        match context.settings.decide(url, &self.wish, self.pair(), self.is_usual) {
            // What would be sent without the wish.
            Decision::Ask(wanted) if self.is_usual && self.usual().as_ref() == Some(&wanted) => {
                Decision::Send(wanted)
            }
            decision => decision,
        }
    }

    /// What may be sent.
    fn allowed(&self, context: &Context) -> Result<Option<Bound>, CliError> {
        match self.decide(context) {
            Decision::Send(bound) => Ok(Some(bound)),
            Decision::Usual => Ok(self.usual()),
            Decision::Nothing => {
                self.note_usual(context)?;
                Ok(None)
            }
            Decision::Ask(wanted) => {
                // A variable that holds nothing is nothing to ask about.
                if is_there(&wanted)? {
                    self.ask(&wanted, context)?;
                }
                Ok(Some(wanted))
            }
        }
    }

    /// Says that the usual token stays here.
    fn note_usual(&self, context: &Context) -> Result<(), CliError> {
        let Some(Var(usual)) = self.usual else { return Ok(()) };
        let host = self.host();
        if Var::token(usual)?.is_some() {
            context.output.note(format_args!(
                "{usual} is not sent to {host}, which namesys.toml names; if it shall be: \
                 --credential {host}={usual}, or {}",
                lines(context)
            ));
        }
        Ok(())
    }

    /// Asks the user once, and remembers the yes.
    fn ask(&self, wanted: &Bound, context: &Context) -> Result<(), CliError> {
        let (what, host) = (wanted.describe(), self.host());
        let binding =
            Binding { host: host.parse().map_err(CliError::usage)?, bound: wanted.clone() };
        let question = format!(
            "namesys.toml asks for {what} to be sent to {host}. Send it there, now and later"
        );
        if prompt::has_terminal()
            && let Some(path) = context.settings.user_file()
            && prompt::confirm(&question, "--credential HOST=VARIABLE")?
        {
            context.settings.remember(binding)?;
            context.output.note(format_args!("kept in {}", path.display()));
            return Ok(());
        }
        Err(self.refused(wanted, context))
    }

    /// With the lines to add.
    fn refused(&self, wanted: &Bound, context: &Context) -> CliError {
        let (what, host) = (wanted.describe(), self.host());
        let message = format!(
            "namesys.toml asks for {what} to be sent to {host}, which you have not allowed"
        );
        let flag = match wanted {
            Bound::Variable(name) => format!("--credential {host}={name}, or "),
            Bound::Pair(key, secret) => {
                format!("--credential {host}={key} --credential {host}={secret}, or ")
            }
            Bound::File(_) => String::new(),
        };
        let entries = wanted.entries().into_iter().map(|(key, text)| format!("\n{key} = {text:?}"));
        let entries: String = entries.collect();
        CliError::new(Exit::Usage, ErrorKind::UnboundCredential, message).hint(format!(
            "if you trust that host with it: {flag}{}\nhost = {host:?}{entries}",
            lines(context)
        ))
    }

    /// Where they come from, for a person.
    pub fn describe(&self, context: &Context) -> String {
        match self.decide(context) {
            Decision::Send(bound) | Decision::Ask(bound) => bound.describe(),
            Decision::Usual => self.usual().map_or_else(String::new, |usual| usual.describe()),
            Decision::Nothing if self.url.is_none() => String::new(),
            Decision::Nothing => {
                let host = self.host();
                format!("none is bound to {host} (--credential {host}=VARIABLE)")
            }
        }
    }
}

/// Where lasting bindings stand.
fn lines(context: &Context) -> String {
    match context.settings.user_file() {
        Some(path) => format!("in {}:\n[[credentials]]", path.display()),
        None => "in the user's config.toml:\n[[credentials]]".to_owned(),
    }
}

/// Whether there is anything to send.
fn is_there(wanted: &Bound) -> Result<bool, CliError> {
    Ok(match wanted {
        Bound::Variable(name) => secret_of(name)?.is_some(),
        Bound::Pair(key, secret) => secret_of(key)?.is_some() || secret_of(secret)?.is_some(),
        // Not looked at before it is allowed.
        Bound::File(_) => true,
    })
}

/// The value of a variable that somebody names. Never one of our own secrets: the workspace may
/// come from somebody else.
fn secret_of(name: &str) -> Result<Option<SecretString>, CliError> {
    if env::SECRETS.iter().any(|var| var.0 == name) {
        let message = format!("{name} is a key or password, not a service's token");
        return Err(CliError::usage(message).hint("keep the token in a variable of its own"));
    }
    Var::token(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn our_own_secrets_are_no_tokens() {
        for name in ["ETH_PRIVATE_KEY", "NAMESYS_SIGNER_KEY", "NAMESYS_KEY_PASSWORD"] {
            assert!(secret_of(name).unwrap_err().message.contains("not a service's token"));
        }
        assert!(secret_of("NAMESYS_NO_SUCH_VARIABLE").unwrap().is_none());
    }
}
