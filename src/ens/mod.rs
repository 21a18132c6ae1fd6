//! ENS names: normalisation (ENSIP-15), namehash (EIP-137), DNS wire form (ENSIP-10) and the
//! reverse-DNS directory under `.well-known` (RFC 8615; [records](crate::spec::records)).

mod dns;
mod name;
mod namehash;
mod well_known;

pub use dns::{DnsError, decode as dns_decode, encode as dns_encode};
pub use name::{Name, NameError};
pub use namehash::namehash;
pub use well_known::{WELL_KNOWN, directory as well_known_directory};
