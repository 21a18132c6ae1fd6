//! What this crate implements, byte for byte: the pages that comments in the code point to.
//!
//! | page | what it says |
//! | --- | --- |
//! | [`sources`] | the seed specifications, the deployed contract, and where they differ |
//! | [`identities`] | wallet, origin, password, CAIP-10 |
//! | [`requests`] | the texts SIGN 1–4 and the redirect |
//! | [`keys`] | from a signature to a key; the IPNS name and its forms |
//! | [`invoice`] | the deployed client's encrypted invoices, and what they protect |
//! | [`records`] | record types, their values, and the files that hold them |
//! | [`phases`] | records that change by time: what is wanted, signed and published when |
//! | [`resolver`] | the deployed resolver: recordhash, gateways, verification, setters |
//! | [`ccip_read`] | EIP-3668, ENSIP-10, ENSIP-21 |
//! | [`ipns`] | IPNS records, w3name and its revisions, delegated routing, Kubo |
//! | [`unixfs`] | the profile that makes equal roots |
//! | [`published`] | whose copy is the truth: the base, what a publication would lose, who decides |
//! | [`index`] | what is known of a workspace's files from before, and when it is believed |
//! | [`database`] | what `serve --database` takes, keeps and answers |
//! | [`deployed_client`] | the web client's trees, and the sibling Dev3 |
//! | [`write`] | resolvers that have records written elsewhere: the errors, profiles and bodies |
//! | [`stealth`] | stealth keys and payments: texts, derivation, what is announced and kept |
//! | [`threats`] | who is trusted, and what follows |

#[doc = include_str!("ccip_read.md")]
pub mod ccip_read {}
#[doc = include_str!("database.md")]
pub mod database {}
#[doc = include_str!("deployed_client.md")]
pub mod deployed_client {}
#[doc = include_str!("identities.md")]
pub mod identities {}
#[doc = include_str!("index.md")]
pub mod index {}
#[doc = include_str!("invoice.md")]
pub mod invoice {}
#[doc = include_str!("ipns.md")]
pub mod ipns {}
#[doc = include_str!("keys.md")]
pub mod keys {}
#[doc = include_str!("phases.md")]
pub mod phases {}
#[doc = include_str!("published.md")]
pub mod published {}
#[doc = include_str!("records.md")]
pub mod records {}
#[doc = include_str!("requests.md")]
pub mod requests {}
#[doc = include_str!("resolver.md")]
pub mod resolver {}
#[doc = include_str!("sources.md")]
pub mod sources {}
#[doc = include_str!("stealth.md")]
pub mod stealth {}
#[doc = include_str!("threats.md")]
pub mod threats {}
#[doc = include_str!("unixfs.md")]
pub mod unixfs {}
#[doc = include_str!("write.md")]
pub mod write {}
