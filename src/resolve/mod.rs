//! From a name and chain facts to verified values.
