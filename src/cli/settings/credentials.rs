//! Which credential goes to which server: the user says so, by flag, variable or user file; what
//! `namesys.toml` says is a wish.

use std::path::{Path, PathBuf};
use std::str::FromStr;

use namesys::workspace::Wish;
use url::Url;

use super::Host;
use crate::cli::error::CliError;

/// What may be sent to a server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Bound {
    /// A variable: a token, or one half of an access key.
    Variable(String),
    /// A file with a token.
    File(PathBuf),
    /// The variables with the id and the secret of an access key.
    Pair(String, String),
}

/// A credential and its server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Binding {
    /// The server.
    pub host: Host,
    /// What may be sent to it.
    pub bound: Bound,
}

/// All of them, the strongest first.
#[derive(Debug, Default)]
pub struct Bindings(pub Vec<Binding>);

/// What is sent to a server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// This.
    Send(Bound),
    /// The usual variable of its kind, to its usual host or one the user named.
    Usual,
    /// Nothing: nobody said that anything is.
    Nothing,
    /// Not before the user says so.
    Ask(Bound),
}

impl Bound {
    /// As entries of `[[credentials]]`.
    pub fn entries(&self) -> Vec<(&'static str, String)> {
        match self {
            Self::Variable(name) => vec![("token_env", name.clone())],
            Self::File(file) => vec![("token_file", file.display().to_string())],
            Self::Pair(key, secret) => {
                vec![("key_env", key.clone()), ("secret_env", secret.clone())]
            }
        }
    }

    /// The variables it is in.
    pub fn variables(&self) -> Vec<String> {
        match self {
            Self::Variable(name) => vec![name.clone()],
            Self::File(_) => Vec::new(),
            Self::Pair(key, secret) => vec![key.clone(), secret.clone()],
        }
    }

    /// For a person.
    pub fn describe(&self) -> String {
        match self {
            Self::Variable(name) => format!("the variable {name}"),
            Self::File(file) => format!("the file {}", file.display()),
            Self::Pair(key, secret) => format!("the variables {key} and {secret}"),
        }
    }
}

impl Binding {
    /// `HOST=VARIABLE` of the flag or variable `from`.
    ///
    /// # Errors
    /// Exit 2 when it has another form.
    pub fn named(text: &str, from: &str) -> Result<Self, CliError> {
        text.parse().map_err(|reason| CliError::usage(format!("{from}: {reason}")))
    }

    /// The same, its file relative to `folder`.
    pub fn under(self, folder: &Path) -> Self {
        match self.bound {
            Bound::File(file) => Self { bound: Bound::File(folder.join(file)), ..self },
            bound => Self { bound, ..self },
        }
    }
}

impl FromStr for Binding {
    type Err = String;

    /// It is not quoted: some put the token itself there.
    fn from_str(text: &str) -> Result<Self, String> {
        let form = || "it has the form HOST=VARIABLE, the variable's name and not the token";
        let (host, name) = text.split_once('=').ok_or_else(form)?;
        let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
        if name.is_empty() || !name.chars().all(is_name) || name.starts_with(char::is_numeric) {
            return Err(form().to_owned());
        }
        Ok(Self { host: host.parse()?, bound: Bound::Variable(name.to_owned()) })
    }
}

impl Bindings {
    /// What is sent to `url`, where the workspace has this wish. `usual` says whether the host is
    /// the usual one of its kind, or named by the user.
    pub fn decide(&self, url: &Url, wish: &Wish<'_>, pair: (&str, &str), usual: bool) -> Decision {
        let bound: Vec<&Bound> =
            self.0.iter().filter(|one| one.host.is_at(url)).map(|one| &one.bound).collect();
        let variable = |name: &str| bound.contains(&&Bound::Variable(name.to_owned()));
        let wanted = match wish {
            Wish { token_env: Some(name), .. } => Bound::Variable((*name).to_owned()),
            Wish { token_file: Some(file), .. } => Bound::File((*file).to_owned()),
            Wish { key_env: None, secret_env: None, .. } => {
                return match bound.as_slice() {
                    // Each half of an access key by itself, as flags bind them.
                    _ if variable(pair.0) && variable(pair.1) => {
                        Decision::Send(Bound::Pair(pair.0.to_owned(), pair.1.to_owned()))
                    }
                    [one] => Decision::Send((*one).clone()),
                    // Of several none is meant before the usual one.
                    _ if usual => Decision::Usual,
                    [first, ..] => Decision::Send((*first).clone()),
                    [] => Decision::Nothing,
                };
            }
            Wish { .. } => Bound::Pair(pair.0.to_owned(), pair.1.to_owned()),
        };
        // Each half may be bound by itself: a flag names one variable.
        let halves =
            matches!(&wanted, Bound::Pair(key, secret) if variable(key) && variable(secret));
        match halves || bound.contains(&&wanted) {
            true => Decision::Send(wanted),
            false => Decision::Ask(wanted),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn variable(name: &str) -> Bound {
        Bound::Variable(name.to_owned())
    }

    #[test]
    fn a_wish_is_granted_where_its_pair_is_bound() {
        let bindings = Bindings(vec![
            "a.example=A".parse().unwrap(),
            "a.example=K".parse().unwrap(),
            "a.example=S".parse().unwrap(),
            Binding { host: "b.example".parse().unwrap(), bound: Bound::File("/t".into()) },
            Binding {
                host: "c.example".parse().unwrap(),
                bound: Bound::Pair("K".into(), "S".into()),
            },
        ]);
        let pair = || Bound::Pair("K".into(), "S".into());
        let token = |name| Wish { token_env: Some(name), ..Wish::default() };
        let file = |path| Wish { token_file: Some(Path::new(path)), ..Wish::default() };
        let key = || Wish { key_env: Some("K"), secret_env: Some("S"), ..Wish::default() };
        let none = Wish::default();
        for (url, wish, usual, decision) in [
            ("https://a.example/x", token("A"), false, Decision::Send(variable("A"))),
            ("https://a.example", token("B"), true, Decision::Ask(variable("B"))),
            ("https://b.example", token("A"), true, Decision::Ask(variable("A"))),
            ("https://a.example:8443", token("A"), false, Decision::Ask(variable("A"))),
            ("https://b.example", file("/t"), false, Decision::Send(Bound::File("/t".into()))),
            ("https://b.example", file("/u"), true, Decision::Ask(Bound::File("/u".into()))),
            ("https://a.example", key(), false, Decision::Send(pair())),
            ("https://c.example", key(), false, Decision::Send(pair())),
            ("https://b.example", key(), false, Decision::Ask(pair())),
            ("https://a.example", none, false, Decision::Send(pair())),
            ("https://b.example", none, true, Decision::Send(Bound::File("/t".into()))),
            ("https://d.example", none, true, Decision::Usual),
            ("https://d.example", none, false, Decision::Nothing),
        ] {
            let decided = bindings.decide(&url.parse().unwrap(), &wish, ("K", "S"), usual);
            assert_eq!(decided, decision, "{url} {wish:?}");
        }
    }

    #[test]
    fn a_binding_names_a_variable() {
        for bad in ["", "a.example", "a.example=", "=A", "a.example=eyJ.x", "https://a=A", "a=1A"] {
            let error = bad.parse::<Binding>().unwrap_err();
            assert!(!error.contains("eyJ"), "{error}");
        }
    }
}
