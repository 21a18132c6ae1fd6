//! The names in `namesys.toml`, added and removed in place.

use std::cmp::Ordering;

use toml_edit::{Array, Item, Table, value};

use super::Config;
use super::names::{NamesError, check, check_apart};
use crate::ens::Name;
use crate::keys::Compat;

impl Config {
    /// The workspace's first name, which stands for it where one is needed.
    pub fn name(&self) -> &Name {
        &self.names[0]
    }

    /// The workspace's names, in the order of the file; one at least.
    pub fn names(&self) -> &[Name] {
        &self.names
    }

    /// Which of the workspace's names `name` is or lies under.
    pub fn root_of(&self, name: &Name) -> Option<&Name> {
        self.names.iter().find(|root| name.is_or_is_under(root))
    }

    /// Adds a name.
    ///
    /// # Errors
    /// [`NamesError`], nothing being changed.
    pub fn add_name(&mut self, name: Name) -> Result<(), NamesError> {
        let names: Vec<Name> = self.names.iter().cloned().chain([name.clone()]).collect();
        check_apart(&self.names, &name)?;
        check(&names, self.storage, self.signer_storage)?;
        self.put_names(names);
        Ok(())
    }

    /// Takes a name away. Its approvals are kept: its files may stay published.
    ///
    /// # Errors
    /// [`NamesError`], nothing being changed.
    pub fn remove_name(&mut self, name: &Name) -> Result<(), NamesError> {
        if !self.names.contains(name) {
            return Err(NamesError::NotThere(name.clone()));
        }
        if self.names.len() == 1 {
            return Err(NamesError::Last(name.clone()));
        }
        if self.keys().compat == Some(Compat::WebClient) && self.name() == name {
            return Err(NamesError::OriginOfSigner(name.clone()));
        }
        self.put_names(self.names.iter().filter(|other| *other != name).cloned().collect());
        Ok(())
    }

    /// Writes the names as `names`, where `name` or `names` stood, with the comments around it.
    fn put_names(&mut self, names: Vec<Name>) {
        let list: Array = names.iter().map(Name::as_str).collect();
        let table = self.document.as_table_mut();
        match table.get_mut("names").and_then(Item::as_value_mut) {
            Some(old) => {
                let decor = old.decor().clone();
                *old = list.into();
                *old.decor_mut() = decor;
            }
            None => replace(table, "name", "names", list),
        }
        self.names = names;
    }
}

/// Puts an entry in another's place.
fn replace(table: &mut Table, old: &str, new: &str, list: Array) {
    let order: Vec<String> = table.iter().map(|(key, _)| key.to_owned()).collect();
    let place =
        |key: &str| order.iter().position(|other| other == if key == new { old } else { key });
    let above = table.key(old).map(|key| key.leaf_decor().clone());
    let beside = table.get(old).and_then(Item::as_value).map(|value| value.decor().clone());
    table.remove(old);
    let mut item = value(list);
    if let (Some(value), Some(beside)) = (item.as_value_mut(), beside) {
        *value.decor_mut() = beside;
    }
    table.insert(new, item);
    if let (Some(mut key), Some(above)) = (table.key_mut(new), above) {
        *key.leaf_decor_mut() = above;
    }
    table.sort_values_by(|one, _, other, _| match (place(one.get()), place(other.get())) {
        (Some(one), Some(other)) => one.cmp(&other),
        _ => Ordering::Equal,
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> Name {
        Name::parse(text).unwrap()
    }

    fn names(text: &str) -> Result<Vec<String>, String> {
        let config = Config::parse(text).map_err(|error| error.to_string())?;
        Ok(config.names().iter().map(ToString::to_string).collect())
    }

    #[test]
    fn several_names_share_the_keys_of_a_wallet() {
        let several = "names = [\"b.eth\", \"a.eth\"]\n";
        assert_eq!(names(&format!("{several}storage = \"wallet\"")).unwrap(), ["b.eth", "a.eth"]);
        assert_eq!(names("names = [\"b.eth\"]").unwrap(), ["b.eth"]);
        let error = names(several).unwrap_err();
        assert!(
            error.contains("b.eth and a.eth") && error.contains("storage \"domain\""),
            "{error}"
        );
        let mixed = format!("{several}storage = \"wallet\"\nsigner_storage = \"domain\"");
        assert!(names(&mixed).unwrap_err().contains("signer_storage"));
        let wallet = |list: &str| names(&format!("names = [{list}]\nstorage = \"wallet\""));
        assert!(wallet("\"a.eth\", \"a.eth\"").unwrap_err().contains("already"));
        let under = wallet("\"pay.a.eth\", \"a.eth\"").unwrap_err();
        assert!(under.contains("pay.a.eth lies under a.eth"), "{under}");
        assert!(wallet("\"a.eth\", \"pay.a.eth\"").unwrap_err().contains("pay.a.eth lies under"));
    }

    #[test]
    fn names_are_added_and_removed_in_place() {
        let text = "# mine\nname = \"nick.eth\" # the first\n# all names\nstorage = \"wallet\"\n\n[gateways]\nipfs = []\n";
        let mut config = Config::parse(text).unwrap();
        config.add_name(name("other.eth")).unwrap();
        let now = text.replace("name = \"nick.eth\"", "names = [\"nick.eth\", \"other.eth\"]");
        assert_eq!(config.to_string(), now);
        assert_eq!(config.root_of(&name("pay.other.eth")), Some(&name("other.eth")));
        assert_eq!(config.root_of(&name("third.eth")), None);
        let twice = config.add_name(name("other.eth"));
        assert_eq!(twice, Err(NamesError::Twice(name("other.eth"))));
        assert!(matches!(config.add_name(name("a.nick.eth")), Err(NamesError::Under { .. })));
        assert_eq!(config.to_string(), now);
        config.remove_name(&name("nick.eth")).unwrap();
        let left = text.replace("name = \"nick.eth\"", "names = [\"other.eth\"]");
        assert_eq!(config.to_string(), left);
        assert_eq!(
            config.remove_name(&name("other.eth")),
            Err(NamesError::Last(name("other.eth")))
        );
        assert!(matches!(config.remove_name(&name("b.eth")), Err(NamesError::NotThere(_))));
        let mut domain = Config::parse("name = \"nick.eth\"").unwrap();
        assert!(matches!(domain.add_name(name("b.eth")), Err(NamesError::NotOfWallet { .. })));
    }

    /// The web client derives the signer for the name: another first name would give another.
    #[test]
    fn the_name_that_the_signer_was_derived_for_stays() {
        let text = "names = [\"a.eth\", \"b.eth\"]\nstorage = \"wallet\"\ncompat = \"web-client\"";
        let mut config = Config::parse(text).unwrap();
        let refused = config.remove_name(&name("a.eth"));
        assert_eq!(refused, Err(NamesError::OriginOfSigner(name("a.eth"))));
        config.remove_name(&name("b.eth")).unwrap();
    }
}
