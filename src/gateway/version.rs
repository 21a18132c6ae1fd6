//! The GraphQL query of seed 004 for the version of a name ([database](crate::spec::database)):
//! `{ domain(name: …) { version } }`.
//!
//! The IPNS revision that `version` stands for there is not a database's: it is `null`. `sequence`
//! counts how often records of the name changed.

use serde::Deserialize;
use serde_json::{Map, Value, json};

/// Words and signs of a query at most.
const MAX_TOKENS: usize = 64;

/// A request's body.
#[derive(Deserialize)]
pub(super) struct GraphQl {
    query: String,
    #[serde(default)]
    variables: Option<Map<String, Value>>,
}

/// What is asked.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Query {
    /// The name, as given.
    pub(super) name: String,
    fields: Vec<String>,
}

impl GraphQl {
    /// Reads the query.
    ///
    /// # Errors
    /// In words, as GraphQL's servers say it.
    pub(super) fn read(&self) -> Result<Query, String> {
        let tokens = tokens(&self.query)?;
        let mut rest = Tokens(&tokens);
        // An operation may have a name and variables of its own; which, is of no concern.
        if rest.0.first() == Some(&Token::Word("query".to_owned())) {
            let start = rest.0.iter().position(|token| *token == Token::Sign('{'));
            rest = Tokens(&rest.0[start.ok_or("the query has no selection")?..]);
        }
        rest.sign('{')?;
        rest.word("domain", "Query")?;
        rest.sign('(')?;
        rest.word("name", "domain")?;
        rest.sign(':')?;
        let name = match rest.next() {
            Some(Token::Text(name)) => name.clone(),
            Some(Token::Variable(name)) => {
                match self.variables.as_ref().and_then(|all| all.get(name)) {
                    Some(Value::String(name)) => name.clone(),
                    _ => {
                        return Err(format!(
                            "Variable \"${name}\" of type \"String!\" was not provided."
                        ));
                    }
                }
            }
            _ => return Err("name is a String".to_owned()),
        };
        rest.sign(')')?;
        rest.sign('{')?;
        let mut fields = Vec::new();
        loop {
            match rest.next() {
                Some(Token::Word(field)) if ["version", "sequence", "name"].contains(&&**field) => {
                    fields.push(field.clone());
                }
                Some(Token::Word(field)) => {
                    return Err(format!("Cannot query field \"{field}\" on type \"Domain\"."));
                }
                Some(Token::Sign('}')) if !fields.is_empty() => break,
                _ => return Err("the selection of domain is not a list of fields".to_owned()),
            }
        }
        rest.sign('}')?;
        match rest.next() {
            None => Ok(Query { name, fields }),
            Some(_) => Err("there is more than one query".to_owned()),
        }
    }
}

impl Query {
    /// The answer, of a name whose records changed so often; `None` where it has none here.
    pub(super) fn answer(&self, changes: Option<u64>) -> Value {
        let domain = changes.map(|changes| {
            let value = |field: &str| match field {
                "sequence" => json!(changes.to_string()),
                "name" => json!(self.name),
                _ => Value::Null,
            };
            let fields = self.fields.iter().map(|field| (field.clone(), value(field)));
            Value::Object(fields.collect())
        });
        json!({ "data": { "domain": domain } })
    }
}

/// As GraphQL's servers refuse.
pub(super) fn refused(message: &str) -> Value {
    json!({ "errors": [{ "message": message }] })
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Token {
    Word(String),
    Variable(String),
    Text(String),
    Sign(char),
}

struct Tokens<'a>(&'a [Token]);

impl<'a> Tokens<'a> {
    fn next(&mut self) -> Option<&'a Token> {
        let (first, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(first)
    }

    fn sign(&mut self, sign: char) -> Result<(), String> {
        match self.next() {
            Some(Token::Sign(found)) if *found == sign => Ok(()),
            _ => Err(format!("{sign:?} is missing in the query")),
        }
    }

    fn word(&mut self, word: &str, of: &str) -> Result<(), String> {
        match self.next() {
            Some(Token::Word(found)) if found == word => Ok(()),
            Some(Token::Word(found)) => {
                Err(format!("Cannot query field \"{found}\" on type \"{of}\"."))
            }
            _ => Err(format!("{word} is missing in the query")),
        }
    }
}

fn tokens(query: &str) -> Result<Vec<Token>, String> {
    let mut tokens = Vec::new();
    let mut rest = query;
    loop {
        rest = rest.trim_start_matches([' ', '\t', '\n', '\r', ',', '\u{feff}']);
        let Some(first) = rest.chars().next() else { return Ok(tokens) };
        let after = &rest[first.len_utf8()..];
        let end = |text: &str| {
            let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
            text.find(|c| !is_name(c)).unwrap_or(text.len())
        };
        let (token, left) = match first {
            '{' | '}' | '(' | ')' | ':' | '!' | '[' | ']' => (Token::Sign(first), after),
            '$' => {
                let (name, left) = after.split_at(end(after));
                (Token::Variable(name.to_owned()), left)
            }
            // No name of ENS has an escape.
            '"' => {
                let (text, left) =
                    after.split_once('"').ok_or("a string in the query does not end")?;
                (Token::Text(text.to_owned()), left)
            }
            first if first.is_ascii_alphabetic() || first == '_' => {
                let (name, left) = rest.split_at(end(rest));
                (Token::Word(name.to_owned()), left)
            }
            other => return Err(format!("{other:?} is not expected in the query")),
        };
        if tokens.len() == MAX_TOKENS {
            return Err("the query is longer than any for a version".to_owned());
        }
        tokens.push(token);
        rest = left;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(query: &str) -> Result<Query, String> {
        let mut variables = Map::new();
        variables.insert("name".to_owned(), json!("nick.eth"));
        GraphQl { query: query.to_owned(), variables: Some(variables) }.read()
    }

    #[test]
    fn the_queries_that_are_asked() {
        for query in [
            "query Version($name: String!) { domain(name: $name) { version } }",
            "{domain(name:\"nick.eth\"){version}}",
            "query { domain(name: \"nick.eth\") { version, } }",
        ] {
            let read = read(query).unwrap();
            assert_eq!(read.name, "nick.eth", "{query}");
            assert_eq!(read.answer(Some(3)), json!({"data": {"domain": {"version": null}}}));
            assert_eq!(read.answer(None), json!({"data": {"domain": null}}));
        }
        let both = read("{ domain(name: $name) { sequence name } }").unwrap();
        let domain = json!({"sequence": "3", "name": "nick.eth"});
        assert_eq!(both.answer(Some(3)), json!({"data": {"domain": domain}}));
        for (query, told) in [
            (
                "{ domain(name: $name) { owner } }",
                "Cannot query field \"owner\" on type \"Domain\".",
            ),
            ("{ domains { version } }", "Cannot query field \"domains\""),
            ("{ domain(name: $other) { version } }", "was not provided"),
            ("{ domain(name: 7) { version } }", "'7' is not expected"),
            ("query Version", "no selection"),
            ("{ domain(name: $name) { version } } }", "more than one"),
            ("{ domain(name: $name) { } }", "list of fields"),
            (&"{".repeat(100), "longer than any"),
            ("", "'{' is missing"),
        ] {
            let error = read(query).unwrap_err();
            assert!(error.contains(told), "{query}: {error}");
        }
    }
}
