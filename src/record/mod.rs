//! Records: types (`text/avatar`), typed values, their text and ABI forms.
//!
//! A [`RecordKey`] says which record; its display is the *record type* that SIGN 4 signs and the
//! end of the record's path ([`record_path`]), where its [`RecordFile`] is. A [`Value`] is what it
//! holds: parsed from text, displayed as text that parses back, encoded as the ABI a resolver
//! returns (the `result` of a payload), and decoded from that strictly.

mod abi_file;
mod address;
mod coin;
mod coin_names;
mod contenthash;
mod diagnose;
mod file;
mod key;
mod legacy;
mod path;
mod prefixed_hex;
mod remarks;
mod resolver_abi;
mod setter_abi;
mod text_key;
mod usual_keys;
mod value;
mod value_abi;

pub use abi_file::{AbiFileError, abi_from_file};
pub use address::AddressError;
pub use coin::{CoinType, CoinTypeError};
pub use contenthash::{Contenthash, ContenthashError};
pub use file::{FileError, FileMetadata, MAX_RECORD_FILE, MAX_VALUE, RecordFile};
pub use key::{KINDS, RecordKey, RecordKeyError};
pub use path::{PathMeaning, flat_path, meaning, record_path};
pub use remarks::remarks;
pub use setter_abi::{coin_setter_call, multicall, setter_call};
pub use text_key::{TextKey, TextKeyError};
pub use usual_keys::{meant_text_key, usual_text_keys};
pub use value::{Value, ValueError};
