//! A name that is one of the workspace's no more, out of `records.toml`.

use toml_edit::Item;

use super::Records;
use crate::ens::Name;
use crate::file_names::folded;
use crate::record::record_path;

impl Records {
    /// Forgets a name and those under it, with what is written about them; what stands on top of
    /// the file stays there. `true` when that changes anything.
    pub fn forget(&mut self, root: &Name) -> bool {
        let of_root = |name: &str| Name::parse(name).is_ok_and(|name| name.is_or_is_under(root));
        let wanted = self.wanted.keys().filter(|name| name.is_or_is_under(root));
        for name in wanted.cloned().collect::<Vec<_>>() {
            for key in self.wanted.remove(&name).into_iter().flatten().map(|(key, _)| key) {
                self.files.remove(&*folded(&record_path(&name, &key)));
            }
        }
        let first = self.document.iter().next().filter(|(name, _)| of_root(name));
        let first = first.map(|(_, item)| item.clone());
        let before = self.document.len();
        self.document.retain(|name, _| !of_root(name));
        let above = first.as_ref().and_then(Item::as_table).map(|table| table.decor());
        let above = above.and_then(|decor| decor.prefix()?.as_str());
        if let Some(above) = above.filter(|above| above.contains('#')) {
            self.put_on_top(above);
        }
        self.document.len() < before
    }

    /// Writes comments before the first table, or into a file without any.
    fn put_on_top(&mut self, comments: &str) {
        let first = self.document.iter_mut().find_map(|(_, item)| item.as_table_mut());
        match first {
            Some(table) => {
                let own = table.decor().prefix().and_then(|prefix| prefix.as_str());
                let own = own.unwrap_or_default().to_owned();
                table.decor_mut().set_prefix(format!("{comments}{own}"));
            }
            None => {
                let own = self.document.trailing().as_str().unwrap_or_default().to_owned();
                self.document.set_trailing(format!("{comments}{own}"));
            }
        }
    }
}
